"""Phantoms turned: X-rays mirrored, prior and current exchanged, each with the truth that follows.

Both are data sets of ``second-read evaluate`` as they are. A turned phantom has the name of the one
it was made from, so that both answers about it find each other.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from phantom.truth import Box

from assistant.evaluation.phantoms import TRUTH_NAME
from assistant.tasks.compare import SWAPPED

FRONTAL: Final = "pa.dcm"
"""The file of a frontal X-ray in its series' folder."""
ROLES: Final = {"prior": "current", "current": "prior"}
LUNGS: Final = {"right lung": "left lung", "left lung": "right lung"}
"""The right lung is the one at the picture's left, so a mirrored picture exchanges the names."""

Turn = Callable[[Path, Path], None]
"""Makes one turned phantom: the folder of the phantom, and the one to write."""


def turn_all(phantoms: Path, out: Path, turn: Turn) -> None:
    """Turn every phantom of a folder; those that are there already are kept."""
    for told in sorted(phantoms.glob(f"*/{TRUTH_NAME}")):
        folder = out / told.parent.name
        if not (folder / TRUTH_NAME).exists():
            folder.mkdir(parents=True, exist_ok=True)
            turn(told.parent, folder)


def write_mirrored(phantom: Path, out: Path) -> None:
    """The current frontal X-ray with its columns reversed, and its boxes; all else is left out.

    Nothing but the pixels changes: the tags still say that the patient's left is at the right.
    """
    told = _read(phantom)
    ((uid, series),) = ((u, s) for u, s in _frontals(told) if s["role"] == "current")
    (sop,) = series["instances"]
    columns = _mirror(phantom / series["folder"] / FRONTAL, out / series["folder"])
    boxes = mirrored_boxes(told["boxes"][sop], columns)
    _write(out, told, series={uid: series}, boxes={sop: boxes}, changes={}, columns=columns)


def write_swapped(phantom: Path, out: Path) -> None:
    """The same frontal X-rays, the prior told to be the current one and the other way round.

    What improved has worsened. The files are the same ones, with their dates.
    """
    told = _read(phantom)
    series = {uid: {**s, "role": ROLES[s["role"]]} for uid, s in _frontals(told)}
    for one in series.values():
        _link(phantom / one["folder"] / FRONTAL, out / one["folder"])
    boxes = {sop: told["boxes"][sop] for s in series.values() for sop in s["instances"]}
    changes = {name: SWAPPED[word] for name, word in told["changes"].items()}
    _write(out, told, series=series, boxes=boxes, changes=changes)


def mirrored_boxes(boxes: list[Box], columns: int) -> list[Box]:
    """Boxes in a mirrored picture of so many columns; the two lungs exchange their names."""
    return [
        {
            **box,
            "label": LUNGS.get(str(box["label"]), box["label"]),
            "left": columns - float(box["right"]),
            "right": columns - float(box["left"]),
        }
        for box in boxes
    ]


def _mirror(file: Path, folder: Path) -> int:
    """Write the X-ray of a file mirrored into a folder; how many columns it has."""
    ds = pydicom.dcmread(file)
    ds.PixelData = np.ascontiguousarray(ds.pixel_array[:, ::-1]).tobytes()
    folder.mkdir(exist_ok=True)
    ds.save_as(folder / file.name, enforce_file_format=True)
    return int(ds.Columns)


def _link(file: Path, folder: Path) -> None:
    """The same file in another folder, and a copy of it where file systems differ."""
    folder.mkdir(exist_ok=True)
    target = folder / file.name
    target.unlink(missing_ok=True)
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _read(phantom: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((phantom / TRUTH_NAME).read_text())
    return told


def _write(out: Path, told: dict[str, Any], **turned: Any) -> None:
    """The truth, which comes last and says that the phantom is whole.

    What ``turned`` does not name is left out, because it does not hold any more.
    """
    text = json.dumps({"seed": told["seed"], **turned}, indent=1, sort_keys=True)
    (out / TRUTH_NAME).write_text(text + "\n")


def _frontals(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """UID and facts of each series of a frontal X-ray."""
    for uid, series in told["series"].items():
        if series["modality"] == "DX" and series["view"] == "PA":
            yield uid, series
