"""Pictures of an item for the report: what the model saw, with true and said boxes on it."""

import base64
import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from assistant.evaluation.dataset import Item
from assistant.evaluation.kept import Answer
from assistant.evaluation.reading import Reading
from assistant.looks import Displayed, Look
from viewer.spaces import FrameBox
from viewer.words import _

LONGEST_PX: Final = 420
JPEG_QUALITY: Final = 82


@dataclass(frozen=True, slots=True)
class PictureView:
    """A reduced picture as a data URI; ``width`` and ``height`` are those of the frame, px.

    Boxes are in pixel edges of the frame; ``caption`` says which image it is.
    """

    uri: str
    width: int
    height: int
    caption: str
    aspect: float = 1.0
    true: tuple[FrameBox, ...] = ()
    said: tuple[FrameBox, ...] = ()


def pictures_of(item: Item, answer: Answer, reading: Reading) -> tuple[PictureView, ...]:
    """The images of an item; of a volume the true and the said slice.

    UserError when one cannot be shown.
    """
    if item.task == "volume":
        return _slices(item, answer, reading)
    looks = reading.shown(item, slices=1).looks
    views = []
    for look in looks:
        caption = look.title if not look.role else f"{look.role}: {look.title}"
        views.append(_view(look, reading, caption, item.truth.boxes, answer.boxes))
    return tuple(views)


def _slices(item: Item, answer: Answer, reading: Reading) -> tuple[PictureView, ...]:
    wanted = {_("true"): item.truth.slice_index, _("said"): answer.slice_index}
    views = []
    for name, index in wanted.items():
        if index is not None:
            caption = _("{name}: slice {index}").format(name=name, index=index)
            views.append(_view(reading.look_at(item, index), reading, caption))
    return tuple(views)


def _view(
    look: Look,
    reading: Reading,
    caption: str,
    true: tuple[FrameBox, ...] = (),
    said: tuple[FrameBox, ...] = (),
) -> PictureView:
    displayed = reading.source.display(look)
    rows, columns = displayed.levels.shape[:2]
    uri = _data_uri(displayed)
    return PictureView(uri, columns, rows, caption, displayed.aspect, true, said)


def _data_uri(displayed: Displayed) -> str:
    """The levels as a small JPEG in a URI, so that the report needs no other file."""
    image = Image.fromarray(np.ascontiguousarray(displayed.levels))
    image.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
