"""Questions of every kind about drawn patients that were never learnt from, as the program asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assistant.engines.protocol import Part
from assistant.prompts import build, to_parts
from assistant.subjects import KINDS
from assistant.tasks import TASKS
from assistant.tasks.volume import which_slice
from demo_model.asked import ASKED, HELD_OUT, REPORT, whether
from demo_model.pool import CHANGES, CLASSES, SOFT_PX, draw_wanted
from demo_model.questions import pair_places, slice_places
from demo_model.volumes import SLICES, STORED_PX, Volumes

FIRST_SEED: Final = 3_000_000
SLICE_MM: Final = 10.5
MIXED: Final = (
    *(f"find {label}" for label in CLASSES),
    *("yes/no", "report", "change", "volume", "unlearnt"),
)
"""The kinds of questions, taken in turn."""

Places = Sequence[dict[str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class MixedItem:
    """A question and its pictures, (n, px, px, 3); ``places`` says what stands beside each."""

    kind: str
    task: str
    words: str
    places: Places
    pictures: NDArray[np.uint8]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The prompt, as the program gives it to its engine."""
        row = TASKS[self.task]
        template = row.template_for(self.words)
        if template is None:
            raise ValueError(f"{self.task} needs words")
        kind = KINDS["CT" if row.looks == "volume" else "DX"].prompt
        values = {"words": row.words(self.words), "kind": kind, "region": "chest"}
        return to_parts(build(template, values, self.places))


def draw_item(number: int, image_px: int) -> MixedItem:
    """The item of this number, always the same, with pictures of ``image_px``."""
    seed = FIRST_SEED + number
    rng = np.random.default_rng((seed, 33))
    kind = MIXED[number % len(MIXED)]
    if kind == "volume":
        pictures = _slices(seed, image_px, rng)
        words = which_slice(ASKED["nodule"][0])
        return MixedItem(kind, "volume", words, slice_places(len(pictures)), pictures)
    pair = _pair(seed, image_px, rng)
    if kind == "change":
        finding = str(rng.choice(CHANGES))
        return MixedItem(kind, "change", ASKED[finding][0], pair_places(rng), pair)
    task, words = _about_one(kind, rng)
    return MixedItem(kind, task, words, [{}], pair[1:])


def _about_one(kind: str, rng: np.random.Generator) -> tuple[str, str]:
    """Task and words of a question about one X-ray."""
    if kind.startswith("find "):
        return "find", str(rng.choice(ASKED[kind.removeprefix("find ")]))
    if kind == "yes/no":
        return "yesno", whether(str(rng.choice(CHANGES)), rng)
    if kind == "report":
        return "describe", str(rng.choice(["", *REPORT]))
    return "describe", str(rng.choice(HELD_OUT))


def _pair(seed: int, image_px: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Prior and current X-ray of a patient."""
    from phantom import samples
    from phantom.xray import blurred

    pair = samples.pair_sample(seed, image_px, draw_wanted(rng))
    soft = [blurred(p.astype(np.float32), SOFT_PX) for p in (pair.prior, pair.current)]
    return np.repeat(np.rint(soft).astype(np.uint8)[..., None], 3, axis=3)


def _slices(seed: int, image_px: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Slices of a patient's CT."""
    from phantom import samples

    drawn = samples.ct_slices_sample(
        seed, STORED_PX, draw_wanted(rng), slices=SLICES, slice_mm=SLICE_MM
    )
    hu = np.round(drawn.hu).astype(np.int16)
    volume = Volumes((hu[None],), np.zeros((1, SLICES, len(CLASSES), 4), np.float32), image_px)
    return np.stack([volume.picture(0, index) for index in range(SLICES)])
