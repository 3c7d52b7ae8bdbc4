import numpy as np

from viewer.render.crop import patient_box


def scan() -> np.ndarray:
    """A round body above a table, in air."""
    rows, columns = np.mgrid[:200, :240]
    frame = np.where(np.hypot(rows - 80, columns - 120) < 60, 40, -1000)
    frame[170:178, 20:220] = 300
    return np.repeat(frame[None], 12, axis=0).astype(np.int16)


def test_the_table_is_left_out_and_the_body_kept() -> None:
    box = patient_box(scan(), denser_than=-300)
    assert box is not None
    assert box.low[0] == 0
    assert box.high[0] == 11
    assert 12 <= box.low[1] <= 20
    assert 140 <= box.high[1] < 170
    assert 50 <= box.low[2] <= 60
    assert 180 <= box.high[2] <= 190


def test_a_few_bright_specks_do_not_widen_the_box() -> None:
    voxels = scan()
    clean = patient_box(voxels, denser_than=-300)
    voxels[0, 4:8, 4:8] = 3000
    assert patient_box(voxels, denser_than=-300) == clean


def test_air_has_no_box() -> None:
    assert patient_box(np.full((5, 40, 40), -1000, np.int16), denser_than=-300) is None
