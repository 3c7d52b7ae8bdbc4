"""The caster against VTK's own volume mapper: an independent truth for the whole picture."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from viewer.render import brick_kernels, volume_kernels  # noqa: F401 - from the real cache
from viewer.render.camera import Camera, orbit, standard_camera, zoom
from viewer.render.offscreen import GpuVolume
from viewer.render.probe import probe_gl
from viewer.render.transfer import VOLUME_PRESETS
from viewer.render.volume import CropBox, Quality, VolumeCaster

SIZE = (160, 160)
PLAIN = Quality("full", step_voxels=1.0, has_jitter=False)
PRESETS = {preset.id: preset.transfer for preset in VOLUME_PRESETS}


@pytest.fixture(scope="module")
def gl() -> None:
    """A GL that draws, be it in software."""
    if probe_gl().outcome != "drawn":
        pytest.skip("VTK cannot draw here")


@pytest.fixture(scope="module")
def chest(shared_data: Path) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """The chest CT, head first as its files are numbered: a left-handed stack."""
    files = sorted((shared_data / "ct" / "ct_chest_cmbcrc_100").glob("*.dcm"))
    frames = [pydicom.dcmread(file) for file in files]
    voxels = np.stack([frame.pixel_array for frame in frames]).astype(np.int16)
    first, last = (np.array(f.ImagePositionPatient, float) for f in (frames[0], frames[-1]))
    orientation = np.array(frames[0].ImageOrientationPatient, float)
    matrix = np.eye(4)
    matrix[:3, 0] = (last - first) / (len(frames) - 1)
    matrix[:3, 1] = orientation[3:] * frames[0].PixelSpacing[0]
    matrix[:3, 2] = orientation[:3] * frames[0].PixelSpacing[1]
    matrix[:3, 3] = first
    return voxels, matrix


@pytest.fixture(scope="module")
def renderers(gl, chest) -> Iterator[tuple[VolumeCaster, GpuVolume]]:
    caster, peer = VolumeCaster(*chest), GpuVolume(*chest)
    yield caster, peer
    caster.close()
    peer.close()


def block_means(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return picture[:, :, :3].astype(float).reshape(20, 8, 20, 8, 3).mean(axis=(1, 3))


def from_the_front(caster: VolumeCaster, angle_deg: float) -> Camera:
    camera = standard_camera("A", caster.corners_lps_mm, perspective_angle_deg=angle_deg)
    return zoom(orbit(camera, right_deg=30, down_deg=10), 1.6)


@pytest.mark.parametrize(
    ("preset", "angle_deg"),
    [("ct_bone", 30.0), ("ct_bone", 0.0), ("ct_skin", 30.0), ("ct_lung", 30.0), ("ct_mip", 30.0)],
)
def test_the_caster_draws_what_vtk_draws(renderers, preset: str, angle_deg: float) -> None:
    caster, peer = renderers
    pictures = []
    for renderer in (caster, peer):
        renderer.set_transfer(PRESETS[preset])
        pictures.append(renderer.render(from_the_front(caster, angle_deg), SIZE, PLAIN))
    ours, theirs = map(block_means, pictures)
    assert np.abs(ours - theirs).mean() < 6
    assert np.abs(ours[:, ::-1] - theirs).mean() > 15


def test_crop_cuts_where_vtk_cuts(renderers) -> None:
    caster, peer = renderers
    crop = CropBox(low=(20, 150, 100), high=(70, 400, 300))
    pictures = []
    for renderer in (caster, peer):
        renderer.set_transfer(PRESETS["ct_bone"])
        camera = from_the_front(caster, 30.0)
        pictures.append(renderer.render(camera, SIZE, PLAIN, crop=crop))
    ours, theirs = map(block_means, pictures)
    assert ours.max() > 50
    assert np.abs(ours - theirs).mean() < 6


@pytest.mark.parametrize(
    ("low", "high", "fuller"),
    [((76, 120, 120), (81, 330, 392), "right"), ((93, 120, 90), (99, 330, 422), "left")],
    ids=["heart", "liver"],
)
def test_heart_and_liver_lie_on_their_sides_seen_from_the_feet(chest, low, high, fuller) -> None:
    with VolumeCaster(*chest) as caster:
        caster.set_transfer(PRESETS["ct_mip"])
        camera = standard_camera("F", caster.corners_lps_mm, perspective_angle_deg=0)
        picture = caster.render(camera, (300, 300), PLAIN, crop=CropBox(low, high))
    soft_tissue = (picture[:, :, 0] > 2) & (picture[:, :, 0] < 50)
    left, right = soft_tissue[:, :141].sum(), soft_tissue[:, 159:].sum()
    assert (right > 1.3 * left) if fuller == "right" else (left > 1.3 * right)
