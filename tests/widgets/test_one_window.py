"""Screen, model and command line give an image one and the same window."""

from pathlib import Path

import numpy as np
import pytest
from series import make_series
from tiles import tiles_on

from app.rendering import default_of_frame
from viewer import edits
from viewer.pixels.windows import VoiChoice

pytestmark = pytest.mark.gui


@pytest.mark.parametrize("modality", ["MR", "CT"])
@pytest.mark.parametrize("with_window", [True, False])
def test_the_screen_takes_the_window_of_the_command_line(
    qtbot: object, tmp_path: Path, modality: str, with_window: bool
) -> None:
    """Each image has a window of its own: in MR the first one's counts for all of them."""

    def change(dataset: object, index: int) -> None:
        if with_window:
            dataset.WindowCenter, dataset.WindowWidth = 100 + 10 * index, 200 + 10 * index

    values = np.random.default_rng(5).integers(0, 900, (14, 16, 12), dtype=np.int16)
    values += (40 * np.arange(14, dtype=np.int16))[:, None, None]
    make_series(tmp_path, values.shape, values=values, modality=modality, change=change)
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        (series,) = tiles.series
        stack = series.stacks[0]
        told: list[VoiChoice] = []
        for index in range(len(stack.frames)):
            tiles.apply(edits.set_position(0, index))
            told.append(
                tiles.sources.choice(
                    tiles.state.doc.tiles[0], tiles.frames.get(stack.frames[index])
                )
            )
        commanded = [
            default_of_frame(series, stack, tiles.frames, i) for i in range(len(stack.frames))
        ]
        assert told == commanded
        windows = {choice.voi for choice in told}
        assert len(windows) == (14 if modality == "CT" and with_window else 1)
