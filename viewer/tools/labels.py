"""Where the labels of marks go: outside the box, inside the tile, on nothing else.

All rectangles are (left, top, right, bottom) in view px.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from viewer.annotations import Annotation
from viewer.spaces import ViewPoint
from viewer.state import State

Rect = tuple[float, float, float, float]

GAP_PX: Final = 4.0
STEP_PX: Final = 24.0
MOST_LABELS: Final = 12
_STEPS: Final = 8
_LEADER_FROM: Final = 30.0


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label stands; ``leader_to`` is where a thin line leads when it had to move."""

    rect: Rect
    leader_to: ViewPoint | None = None


def place_label(
    box: Rect,
    size: tuple[float, float],
    tile: Rect,
    taken: Sequence[Rect],
    *,
    below_first: bool = False,
) -> Label:
    """Place a label of (width, height) by the rules: above left, below, right-aligned, stepped."""
    width, height = size
    wanted = _candidates(box, width, height)
    if below_first:
        wanted = [wanted[1], wanted[0], wanted[3], wanted[2]]
    inside = [_within(rect, tile) for rect in wanted]
    # What fits without being pushed comes before what the tile's edge pushes aside.
    for rect in [*(r for r in wanted if _within(r, tile) == r), *inside]:
        if not meets_any(rect, [*taken, box]):
            return Label(rect)
    for step in range(1, _STEPS + 1):
        for rect in inside:
            for way in (-1.0, 1.0):
                moved = _within(_shifted(rect, way * step * STEP_PX), tile)
                if not meets_any(moved, [*taken, box]):
                    return Label(moved, _leader(moved, box))
    return Label(inside[0])


def meets_any(rect: Rect, others: Iterable[Rect]) -> bool:
    """Whether a rectangle lies on one of the others."""
    return any(
        rect[0] < o[2] and o[0] < rect[2] and rect[1] < o[3] and o[1] < rect[3] for o in others
    )


def labelled(marks: Iterable[Annotation], selected: str) -> tuple[tuple[Annotation, ...], int]:
    """The findings that get a label, the selected one first, and how many do not."""
    findings = [mark for mark in marks if mark.by_model]
    findings.sort(key=lambda mark: mark.id != selected)
    return tuple(findings[:MOST_LABELS]), max(0, len(findings) - MOST_LABELS)


def finding_numbers(state: State) -> dict[str, int]:
    """The number of each finding on the screen, by id: its row in the list, from 1.

    The n-th box with one label has the same number on every image, so that a comparison's boxes
    belong to one row.
    """
    shown = {tile.series_uid for tile in state.doc.tiles}
    rows: dict[tuple[str, int], int] = {}
    seen: dict[tuple[str, object], int] = {}
    numbers: dict[str, int] = {}
    for mark in state.doc.annotations:
        if not mark.by_model or mark.series_uid not in shown:
            continue
        times = seen[mark.label, mark.where] = seen.get((mark.label, mark.where), 0) + 1
        numbers[mark.id] = rows.setdefault((mark.label, times), len(rows) + 1)
    return numbers


def _candidates(box: Rect, width: float, height: float) -> list[Rect]:
    left, top, right, bottom = box
    above, below = top - GAP_PX - height, bottom + GAP_PX
    return [
        (left, above, left + width, above + height),
        (left, below, left + width, below + height),
        (right - width, above, right, above + height),
        (right - width, below, right, below + height),
    ]


def _within(rect: Rect, tile: Rect) -> Rect:
    across = max(tile[0] - rect[0], 0.0) or min(tile[2] - rect[2], 0.0)
    down = max(tile[1] - rect[1], 0.0) or min(tile[3] - rect[3], 0.0)
    return rect[0] + across, rect[1] + down, rect[2] + across, rect[3] + down


def _shifted(rect: Rect, down: float) -> Rect:
    return rect[0], rect[1] + down, rect[2], rect[3] + down


def _leader(rect: Rect, box: Rect) -> ViewPoint | None:
    """The place of the box nearest to the label's middle, when that is far."""
    x, y = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
    near = ViewPoint(min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3]))
    return near if abs(near.x - x) + abs(near.y - y) > _LEADER_FROM else None
