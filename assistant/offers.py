"""What the panel offers for the image in the active tile: records that it only has to show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.state import Role


@dataclass(frozen=True, slots=True)
class Offer:
    """One task as a chip or card.

    ``needs_words`` puts the reader into the question box instead of asking at once. ``reason`` says
    why it cannot be used now, or is empty. ``detail`` is what it sees and how long it takes.
    ``is_proposal`` when it first has to bring a prior to the screen.
    """

    task_id: str
    title: str
    card_title: str
    detail: str = ""
    icon: str = "image"
    needs_words: bool = False
    reason: str = ""
    is_proposal: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Attached:
    """What a question goes with: its words, and a small picture once it is made."""

    words: str
    thumbnail: NDArray[np.uint8] | None = None
    role: Role = ""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What a question would be about now.

    ``blocked`` says why nothing can be asked, or is empty. ``warnings`` are amber, ``note`` is a
    plain hint under the cards. ``may_allow_boxes`` when boxes are off for this kind of image until
    the reader turns them on for the study. ``series_uids`` are those whose findings are listed.
    ``is_drawn`` when every image of it is surely a phantom's.
    """

    heading: str = ""
    hint: str = ""
    attached: Attached | None = None
    offers: tuple[Offer, ...] = ()
    warnings: tuple[str, ...] = ()
    note: str = ""
    blocked: str = ""
    may_allow_boxes: bool = False
    is_drawn: bool = False
    series_uids: frozenset[str] = frozenset()


NOTHING = Subject()
