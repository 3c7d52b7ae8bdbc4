"""Figures that the model's makers published, to stand beside measured ones.

From the MedGemma 1.5 model card (report arXiv 2604.05081; version 1: arXiv 2507.05201), in percent.
They were measured on data sets that are not here: they say what to expect, not what to reach.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from assistant.evaluation.dataset import EvaluationTask
from assistant.evaluation.measures import FigureId
from viewer.words import N_

MODELS: Final = ("Gemma 3 4B", "MedGemma 1 4B", "MedGemma 1.5 4B", "MedGemma 1 27B")
NOTE: Final = N_(
    "Published by the maker, on other images than these; the figures are not comparable unless the "
    "data set is the same."
)


@dataclass(frozen=True, slots=True)
class Published:
    """A row of the card: data set, what was measured, percent by the models of ``MODELS``.

    ``figure`` is our own figure of the same meaning, None where we measure nothing like it.
    """

    data_set: str
    measure: str
    figure: FigureId | None
    percent: tuple[float | None, ...]


PUBLISHED: Final[Mapping[EvaluationTask, tuple[Published, ...]]] = {
    "boxes": (Published("Chest ImaGenome", N_("mean IoU"), "mean_iou", (5.7, 3.1, 38.0, 16.0)),),
    "change": (
        Published("MS-CXR-T", N_("macro accuracy"), "macro_accuracy", (59.0, 61.1, 65.7, 50.1)),
    ),
    "yesno": (
        Published("MIMIC-CXR (5)", N_("macro F1"), "macro_f1", (81.2, 88.9, 89.5, 90.0)),
        Published("CheXpert (5)", N_("macro F1"), "macro_f1", (32.6, 48.1, 48.2, 49.9)),
        Published("CXR14 (3)", N_("macro F1"), "macro_f1", (32.0, 50.1, 48.4, 45.3)),
        Published("SLAKE", N_("closed accuracy"), "accuracy", (62.0, 87.6, 82.8, 85.9)),
        Published("VQA-RAD", N_("closed accuracy"), "accuracy", (42.1, 69.1, 70.2, 67.1)),
    ),
    "report": (
        Published("SLAKE", N_("token F1"), "token_f1", (40.2, 72.3, 59.7, 70.3)),
        Published("VQA-RAD", N_("token F1"), "token_f1", (33.6, 49.9, 48.1, 46.7)),
        Published("MIMIC-CXR", N_("RadGraph F1"), None, (None, 30.3, 27.2, 27.0)),
    ),
    "volume": (
        Published("CT data set 1 (7)", N_("macro accuracy"), None, (54.5, 58.2, 61.1, 57.8)),
        Published("CT-RATE (18)", N_("macro F1"), None, (None, 23.5, 27.0, None)),
        Published("MRI data set 1 (10)", N_("macro accuracy"), None, (51.1, 51.3, 64.7, 57.4)),
    ),
}
"""What the card says that comes nearest to each task."""
