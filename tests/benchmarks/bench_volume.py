"""Volume rendering: frames a second in motion, full quality after release, ratio to VTK's mapper.

`python tests/benchmarks/bench_volume.py` prints JSON lines: medians, 95th percentiles, ratios of
one run, and whether the mark is met. The chest CT is used where ../shared/data is, else a phantom.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewer.render.camera import orbit, standard_camera
from viewer.render.kernel_cache import load_kernels
from viewer.render.offscreen import GpuVolume
from viewer.render.pacing import PacedVolume
from viewer.render.probe import probe_gl
from viewer.render.transfer import VOLUME_PRESETS
from viewer.render.volume import Quality, VolumeCaster

CHEST = Path(__file__).resolve().parents[3] / "shared" / "data" / "ct" / "ct_chest_cmbcrc_100"
SIZE = (600, 600)
SLICES = 200
TURNS = 90
WARM_UP = 30
PRESETS = {preset.id: preset.transfer for preset in VOLUME_PRESETS}
SAME = Quality("full", step_voxels=1.0, has_jitter=False)
MOVING = Quality("half", 0.5, 1.0, has_jitter=False)
OPAQUE = ("ct_bone", "ct_skin", "ct_muscle")


def volume() -> tuple[str, NDArray[np.int16], NDArray[np.float64]]:
    """512 x 512 x 200 voxels: the chest CT interpolated to 200 slices, or a made body."""
    matrix = np.eye(4)
    matrix[:3, :3] = [[0, 0, 0.9766], [0, 0.9766, 0], [1.627, 0, 0]]
    if CHEST.is_dir():
        return "chest CT", interpolated(chest_slices()), matrix
    return "phantom", phantom(), matrix


def chest_slices() -> NDArray[np.int16]:
    import pydicom

    frames = [pydicom.dcmread(file) for file in CHEST.glob("*.dcm")]
    frames.sort(key=lambda frame: frame.ImagePositionPatient[2])
    return np.stack([frame.pixel_array for frame in frames]).astype(np.int16)


def interpolated(voxels: NDArray[np.int16]) -> NDArray[np.int16]:
    place = np.linspace(0, len(voxels) - 1.001, SLICES)
    lower = place.astype(int)
    part = (place - lower)[:, None, None].astype(np.float32)
    return (voxels[lower] * (1 - part) + voxels[lower + 1] * part).astype(np.int16)


def phantom() -> NDArray[np.int16]:
    """A body with lungs, ribs as rings and noise of 18 HU."""
    rows, columns = np.mgrid[-1:1:512j, -1:1:512j]
    body = np.hypot(rows / 0.6, columns / 0.85)
    frame = np.where(body < 1, 40.0, -1000.0)
    frame[np.hypot(rows / 0.35, (abs(columns) - 0.4) / 0.25) < 1] = -850
    noise = np.random.default_rng(1)
    voxels = np.empty((SLICES, 512, 512), np.int16)
    for index in range(SLICES):
        one = frame + noise.normal(0, 18, frame.shape)
        if index % 16 < 5:
            one[(body > 0.82) & (body < 0.9)] = 700
        voxels[index] = one
    return voxels


def times_ms(work: Callable[[], object], count: int) -> list[float]:
    taken = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1e3)
    return taken


def report(what: str, taken: list[float], **more: object) -> None:
    line = {
        "what": what,
        "median_ms": round(float(np.median(taken)), 2),
        "p95_ms": round(float(np.percentile(taken, 95)), 2),
    }
    print(json.dumps({**line, **more}), flush=True)


def bench_preset(caster: VolumeCaster, preset: str) -> float:
    """Motion and release of one preset; gives the median of a full picture."""
    paced = PacedVolume(caster, PRESETS[preset], preset)
    camera = standard_camera("A", caster.corners_lps_mm)
    angle = iter(range(10_000))

    def turn() -> None:
        paced.move(orbit(camera, right_deg=4.0 * next(angle), down_deg=8), SIZE)

    for _ in range(WARM_UP):
        turn()
    moving = times_ms(turn, TURNS)
    rate = 1000 / float(np.median(moving))
    side = round(paced.pace.side_px)
    report(
        f"rotate {preset}", moving, frames_per_s=round(rate, 1), level=paced.pace.level,
        side_px=side, goal="40 frames/s", met=rate >= 40,
    )  # fmt: skip
    full = times_ms(lambda: caster.render(camera, SIZE), 5)
    first = times_ms(lambda: next(paced.rest(camera, SIZE)), 5)
    mark = full if preset in OPAQUE else first
    met = float(np.median(mark)) <= 200
    report(f"release {preset}, first picture", first, goal="200 ms", met=met)
    report(f"release {preset}, full quality", full)
    return float(np.median(full))


def bench_against_vtk(
    caster: VolumeCaster, voxels: NDArray[np.int16], matrix: NDArray[np.float64]
) -> None:
    """The caster in motion and at rest over VTK's volume mapper, same data, camera and step."""
    peer = GpuVolume(voxels, matrix)
    camera = standard_camera("A", caster.corners_lps_mm)
    for preset in ("ct_bone", "ct_lung"):
        for renderer in (caster, peer):
            renderer.set_transfer(PRESETS[preset])
        peer.render(camera, SIZE, SAME)
        theirs = times_ms(lambda: peer.render(camera, SIZE, SAME), 2)
        ours = times_ms(lambda: caster.render(camera, SIZE, SAME), 3)
        motion = times_ms(lambda: caster.render(camera, SIZE, MOVING), 9)
        report(
            f"VTK GPU mapper {preset}", theirs, renderer=peer.renderer_name(),
            caster_same_quality=round(np.median(theirs) / np.median(ours), 1),
            caster_in_motion=round(np.median(theirs) / np.median(motion), 1),
            goal="40x in motion",
        )  # fmt: skip
    peer.close()


def main() -> None:
    load_kernels()
    name, voxels, matrix = volume()
    print(json.dumps({"data": name, "shape": voxels.shape, "picture": SIZE}))
    start = time.perf_counter()
    with VolumeCaster(voxels, matrix) as caster:
        caster.set_transfer(PRESETS["ct_bone"])
        camera = standard_camera("A", caster.corners_lps_mm)
        for level in ("full", "half", "quarter"):
            caster.render(camera, (8, 8), Quality(level))
        report("levels and bricks", [(time.perf_counter() - start) * 1e3])
        for preset in (*OPAQUE, "ct_lung", "ct_mip"):
            bench_preset(caster, preset)
        change = times_ms(lambda: caster.set_transfer(PRESETS["ct_bone"].moved(shift=5)), 9)
        report("window drag of a preset", change)
        if probe_gl().outcome == "drawn":
            bench_against_vtk(caster, voxels, matrix)


if __name__ == "__main__":
    main()
