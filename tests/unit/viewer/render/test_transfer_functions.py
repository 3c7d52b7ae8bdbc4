import numpy as np
import pytest

from viewer.render.transfer import (
    ENTRIES,
    VOLUME_PRESETS,
    TransferFunction,
    VolumePreset,
    volume_presets,
)

RAMP = TransferFunction(
    "shaded", opacity=((100, 0.0), (300, 1.0)), colour=((0, 0, 0, 0), (400, 1, 1, 1))
)


def test_tables_run_from_the_lowest_to_the_highest_point() -> None:
    assert RAMP.span == (0, 400)
    steps = np.linspace(0, 400, ENTRIES)
    assert RAMP.opacity_table() == pytest.approx(np.clip((steps - 100) / 200, 0, 1), abs=1e-6)
    assert RAMP.colour_table()[:, 2] == pytest.approx(steps / 400, abs=1e-6)


def test_a_window_drag_shifts_and_stretches_about_the_middle() -> None:
    assert RAMP.moved(shift=50).span == (50, 450)
    assert RAMP.moved(stretch=2).span == (-200, 600)
    assert RAMP.moved(shift=50, stretch=0.5).opacity[0] == (200, 0.0)


def test_relative_presets_are_fitted_to_the_data() -> None:
    mip = next(p for p in VOLUME_PRESETS if p.id == "mr_mip")
    assert mip.for_range(200, 1200).span == (200, 1200)
    bone = next(p for p in VOLUME_PRESETS if p.id == "ct_bone")
    assert bone.for_range(200, 1200) == bone.transfer


def test_every_modality_has_presets_with_its_own_first() -> None:
    assert volume_presets("CT")[0].id == "ct_bone"
    assert all(p.modality == "MR" for p in volume_presets("PT"))


def test_ids_are_unique() -> None:
    assert len({preset.id for preset in VOLUME_PRESETS}) == len(VOLUME_PRESETS)


@pytest.mark.parametrize("preset", VOLUME_PRESETS, ids=lambda preset: preset.id)
def test_a_preset_is_well_formed(preset: VolumePreset) -> None:
    transfer = preset.transfer
    assert preset.name
    for points in (transfer.opacity, transfer.colour):
        values = [point[0] for point in points]
        assert values == sorted(values)
        assert all(0 <= number <= 1 for point in points for number in point[1:])
    assert (len(transfer.opacity) > 1) == (transfer.projection == "shaded")
