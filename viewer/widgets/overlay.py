"""What is written on the image: letters, corner texts, scale bar, doubts, badges, strip and frame.

Painted over the marks, in this order. Returns where texts stand, so that labels keep off them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Final, TypeAlias

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from viewer.geometry import EdgeLetters
from viewer.measure import ScaleBar, scale_bar
from viewer.state import Role
from viewer.tools.labels import Rect, meets_any
from viewer.tools.letters import frame_letters, plane_letters
from viewer.widgets import ink
from viewer.widgets.beside_lines import MARGIN, letter_places, room_before_lines
from viewer.widgets.corners import (
    Corners,
    Line,
    clean,
    corners_of,
    date_text,
    plane_title,
    series_title,
    time_text,
    window_text,
)
from viewer.widgets.scene import STRIP_BAR_PX, STRIP_PX, Scene, taken_at
from viewer.widgets.theme import TOKENS
from viewer.words import _

LINE_HEIGHT: Final = 18.0
_ROW_GAP: Final = 14.0
_BADGE_GAP: Final = 8.0
_BAR_FROM_RIGHT: Final = 16.0
_BAR_RISE_PX: Final = 24.0
_LEAST_BAR_PX: Final = 24.0
_FRAME_PX: Final = 2.0
_CORNER_PX: Final = 12.0
_NARROW_FOR_BAR: Final = 200.0
_SIGN_PX: Final = 22.0
_JOIN: Final = " · "
_BADGE_FILL: Final = QColor(TOKENS.press)
CornerPlace: TypeAlias = tuple[QPointF, str, ink.Face]


@dataclass(frozen=True, slots=True)
class Notes:
    """All that is written on a tile, worked out before anything is drawn."""

    corners: Corners
    letters: EdgeLetters
    bar: ScaleBar | None
    is_orientation_unknown: bool


def notes_of(scene: Scene) -> Notes:
    """What is to be written on a scene."""
    letters, corners = letters_of(scene), corners_of(scene)
    has_picture = scene.stored is not None
    return Notes(
        corners=corners,
        letters=letters,
        bar=_bar_of(scene, corners),
        is_orientation_unknown=has_picture and letters == EdgeLetters(),
    )


def letters_of(scene: Scene) -> EdgeLetters:
    """The orientation letters of what is on the screen now."""
    if scene.tile.is_plane and scene.plane is not None:
        return plane_letters(scene.transform, scene.plane)
    if scene.stored is None or scene.instance is None:
        return EdgeLetters()
    orientation = scene.instance.study.patient_orientation
    return frame_letters(scene.transform, scene.canvas.aspect, scene.stored.plane, orientation)


def text_rects(scene: Scene, notes: Notes) -> list[Rect]:
    """Where letters and corner texts stand, view px; labels keep off them."""
    rects = _corner_rects(scene, notes.corners)
    for at, text in letter_places(scene, notes.letters):
        width = ink.width_of(text, ink.LETTER)
        rects.append((at.x() - 2, at.y() - 16, at.x() + width + 2, at.y() + 5))
    for at, text in doubt_places(scene, notes.corners):
        width = ink.width_of(text, ink.CORNER_BOLD)
        rects.append((MARGIN, at.y() - 14, at.x() + width + 2, at.y() + 5))
    return rects


def window_text_rect(scene: Scene) -> QRectF:
    """Where the window's text stands: a click there lets the reader type it; empty without one."""
    text = window_text(scene)
    if not text:
        return QRectF()
    for at, line, _face in corner_places(scene):
        if at.y() > scene.area.centre.y and text.startswith(line.removesuffix("…")):
            return QRectF(at.x() - 4, at.y() - 15, ink.width_of(line, ink.CORNER_BOLD) + 8, 20)
    return QRectF()


def paint_notes(painter: QPainter, scene: Scene, notes: Notes) -> None:
    """Write letters, corner texts, the scale bar, doubts and badges."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for at, text in letter_places(scene, notes.letters):
        ink.halo_text(painter, at, text, face=ink.LETTER)
    for at, text, face in corner_places(scene, notes.corners):
        ink.halo_text(painter, at, text, face=face)
    if notes.is_orientation_unknown:
        _paint_unknown_orientation(painter, scene, notes.corners)
    if notes.bar is not None and scene.size[0] >= _NARROW_FOR_BAR:
        _paint_bar(painter, scene, notes, notes.bar)
    _paint_doubts(painter, scene, notes.corners)
    _paint_badges(painter, scene, notes.corners)
    if scene.tile.kind != "stack" and scene.entry is not None:
        _paint_tab(painter, scene)


def paint_message(painter: QPainter, scene: Scene) -> None:
    """The one sentence of a tile without a picture."""
    if not scene.message:
        return
    color = ink.TEXT if scene.message_kind == "error" else ink.SECOND
    room = max(scene.area.width - 4 * MARGIN, 80.0)
    middle = scene.area.centre
    place = QRectF(middle.x - room / 2, middle.y - 60, room, 120)
    painter.setFont(ink.BODY.font())
    painter.setPen(color)
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(place, int(flags), scene.message)
    if scene.message_kind == "error":
        bounds = painter.boundingRect(place, int(flags), scene.message)
        ink.warning_sign(painter, QPointF(middle.x - 8, bounds.top() - 26))


def paint_frame(painter: QPainter, scene: Scene, *, alone: bool) -> None:
    """The active tile's frame and its filled corner; none when it is the only tile."""
    if not scene.is_active or alone:
        return
    width, height = scene.size
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.ACCENT)
    for place in (
        QRectF(0, 0, width, _FRAME_PX),
        QRectF(0, height - _FRAME_PX, width, _FRAME_PX),
        QRectF(0, 0, _FRAME_PX, height),
        QRectF(width - _FRAME_PX, 0, _FRAME_PX, height),
    ):
        painter.drawRect(place)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    corner = [QPointF(0, 0), QPointF(_CORNER_PX, 0), QPointF(0, _CORNER_PX)]
    painter.drawPolygon(QPolygonF(corner))


def paint_flash(painter: QPainter, scene: Scene, *, is_end: bool) -> None:
    """The bar at the edge that says: no further image that way."""
    width, height = scene.size
    top = height - 4 if is_end else scene.area.top
    painter.fillRect(QRectF(0, top, width, 4), ink.ACCENT)


def paint_strip(painter: QPainter, scene: Scene) -> None:
    """Above a tile of a comparison: its role, date, time and interval."""
    role = scene.tile.role
    if not role or scene.entry is None or scene.instance is None:
        return
    width = scene.size[0]
    painter.fillRect(QRectF(0, 0, width, STRIP_PX), QColor(TOKENS.window))
    color = QColor(TOKENS.role_current if role == "current" else TOKENS.role_prior)
    _paint_strip_bar(painter, width, color, role)
    x = _paint_role(painter, role, color)
    when, facts = strip_facts(scene)
    baseline = 24.0
    x = _write(painter, x + 12, baseline, when, ink.STRIP_DATE, ink.TEXT)
    x = _write(painter, x + 10, baseline, facts, ink.STRIP, ink.SECOND)
    title = series_title(scene)
    room = ink.width_of(title, ink.STRIP)
    if x + 24 + room < width - MARGIN:
        _write(painter, width - MARGIN - room, baseline, title, ink.STRIP, ink.SECOND)


def strip_facts(scene: Scene) -> tuple[str, str]:
    """The date in a role strip, and its time with the interval: "08:30 · 12 days earlier"."""
    if scene.instance is None:
        return "", ""
    when, time = taken_at(scene.instance.study)
    facts = " · ".join(part for part in (time_text(time), _interval(scene)) if part)
    return date_text(when), facts


def days_between(first: str, second: str) -> int | None:
    """Days from one DICOM date to another, or None when one is no date."""
    try:
        days = [date(int(d[:4]), int(d[4:6]), int(d[6:8])) for d in (first, second)]
    except ValueError:
        return None
    return (days[1] - days[0]).days


def interval_text(days: int) -> str:
    """How far apart, in the unit a reader thinks in: days, weeks, months, years."""
    size = abs(days)
    word = _("earlier") if days < 0 else _("later")
    if size == 0:
        return _("same day")
    if size < 60:
        return (
            _("{count} days {word}").format(count=size, word=word)
            if size > 1
            else _("1 day {word}").format(word=word)
        )
    if size < 730:
        return _("{count} months {word}").format(count=round(size / 30.44), word=word)
    return _("{count} years {word}").format(count=round(size / 365.25), word=word)


def _interval(scene: Scene) -> str:
    """The prior's distance from the current study on the screen."""
    if scene.tile.role != "prior" or scene.instance is None:
        return ""
    if scene.other_date is None:
        return ""
    days = days_between(scene.other_date, taken_at(scene.instance.study)[0])
    return "" if days is None else interval_text(days)


def corner_places(scene: Scene, corners: Corners | None = None) -> list[CornerPlace]:
    """Baseline, text and face of all corner lines, each cut to the room that it has."""
    found = corners_of(scene) if corners is None else corners
    height = scene.size[1]
    top, bottom = scene.area.top + MARGIN + 11, height - MARGIN - 4
    # On a plane the first row is its tab's.
    top_left = found.top_left if scene.tile.kind == "stack" else (None, *found.top_left)
    rows = [
        (top + row * LINE_HEIGHT, left, right)
        for row, (left, right) in enumerate(zip_longest(top_left, found.top_right))
    ]
    rows += [
        (bottom - row * LINE_HEIGHT, left, right)
        for row, (left, right) in enumerate(
            zip_longest(reversed(found.bottom_left), reversed(found.bottom_right))
        )
    ]
    edges = (top, bottom)
    return [p for y, *row in rows for p in _row_places(scene, y, row, by_letter=y in edges)]


def _row_places(
    scene: Scene, y: float, row: Sequence[Line | None], *, by_letter: bool
) -> list[CornerPlace]:
    """The two lines of a row: each has half of it, and what the other one does not need.

    Beside a side's letter (``by_letter``) each has its half alone.
    """
    width = scene.size[0]
    half = width * 0.5 - MARGIN - _ROW_GAP
    faces = [ink.CORNER if line is None else _face_of(line) for line in row]
    texts = ["" if line is None else line.text for line in row]
    needs = [ink.width_of(t, f) for t, f in zip(texts, faces, strict=True)]
    places: list[CornerPlace] = []
    for side, (text, face) in enumerate(zip(texts, faces, strict=True)):
        room = half if by_letter else max(half, 2 * half - needs[1 - side])
        shown = _fitting(text, face, room)
        x = MARGIN if side == 0 else width - MARGIN - ink.width_of(shown, face)
        if shown:
            places.append((QPointF(x, y), shown, face))
    return places


def _face_of(line: Line) -> ink.Face:
    if line.big:
        return ink.LETTER
    return ink.CORNER_BOLD if line.bold else ink.CORNER


def _corner_rects(scene: Scene, corners: Corners) -> list[Rect]:
    rects: list[Rect] = []
    for at, text, face in corner_places(scene, corners):
        width = ink.width_of(text, face)
        rects.append((at.x() - 2, at.y() - 14, at.x() + width + 2, at.y() + 5))
    return rects


def _fitting(text: str, face: ink.Face, room: float) -> str:
    """The text cut to its room: parts at its end go first, then words, then letters."""
    parts = text.split(_JOIN)
    for count in range(len(parts), 0, -1):
        if ink.width_of(kept := _JOIN.join(parts[:count]), face) <= room:
            return kept
    words = parts[0].split()
    for count in range(len(words) - 1, 0, -1):
        if ink.width_of(kept := " ".join(words[:count]) + "…", face) <= room:
            return kept
    return ink.metrics(face).elidedText(text, Qt.TextElideMode.ElideRight, max(room, 20.0))


def _paint_unknown_orientation(painter: QPainter, scene: Scene, corners: Corners) -> None:
    """Below the middle, or above the corner texts where these leave no room."""
    text = _("orientation not recorded")
    width = ink.width_of(text, ink.CORNER)
    x = scene.area.centre.x - width / 2
    rows = max(len(corners.bottom_left), len(corners.bottom_right))
    for row in (0, rows):
        y = scene.size[1] - MARGIN - 4 - row * LINE_HEIGHT
        place = (x - 4, y - 14, x + width + 4, y + 5)
        if row == rows or not meets_any(place, _corner_rects(scene, corners)):
            ink.halo_text(painter, QPointF(x, y), text)
            return


def _bar_of(scene: Scene, corners: Corners) -> ScaleBar | None:
    """The scale bar that has room between the side's letter and the corner's texts, if any."""
    calibration = scene.calibration
    if calibration is None or calibration.spacing_mm is None or scene.tile.kind == "volume":
        return None
    if scene.stored is None and scene.plane is None:
        return None
    mm_per_px = calibration.spacing_mm[1] / scene.transform.view_px_per_column
    top, bottom = _bar_room(scene, corners)
    extent = scene.area.height
    while bottom - top >= _LEAST_BAR_PX:
        bar = scale_bar(
            extent,
            mm_per_px,
            basis=calibration.basis,
            is_microscopic=calibration.is_microscopic,
        )
        if bar is None or bar.length_px <= bottom - top:
            return bar if bar is None or bar.length_px >= _LEAST_BAR_PX else None
        extent *= 0.7
    return None


def _bar_room(scene: Scene, corners: Corners) -> tuple[float, float]:
    """From where to where a scale bar may stand, view px."""
    rows = max(len(corners.bottom_right), 2)
    return scene.area.centre.y + 24, scene.size[1] - MARGIN - rows * LINE_HEIGHT - 10


def _paint_bar(painter: QPainter, scene: Scene, notes: Notes, bar: ScaleBar) -> None:
    """A vertical bar below the right side's letter: its length at the top end, then its basis."""
    x = round(scene.size[0] - _BAR_FROM_RIGHT)
    first, last = _bar_room(scene, notes.corners)
    top = round(max(last - bar.length_px - _BAR_RISE_PX, first))
    lines = [QRectF(x, top, 1, bar.length_px + 1)]
    for tick in range(11):
        length = 8 if tick in {0, 5, 10} else 4
        lines.append(QRectF(x - length, round(top + bar.length_px * tick / 10), length, 1))
    # Rectangles, for a stroked path of this shape costs as much as the whole picture.
    for line in lines:
        painter.fillRect(line.adjusted(-1, -1, 1, 1), ink.LINE_HALO)
    for line in lines:
        painter.fillRect(line, ink.TEXT)
    for row, text in enumerate(part for part in (bar.label, bar.basis) if part):
        at = QPointF(x - 14 - ink.width_of(text, ink.CORNER_BOLD), top + 5 + row * 16)
        ink.halo_text(painter, at, text, face=ink.CORNER_BOLD)


def doubt_places(scene: Scene, corners: Corners) -> list[tuple[QPointF, str]]:
    """Baselines of the doubts' lines: below who it is, and clear of what stands at the right."""
    has_tab = scene.tile.kind != "stack"
    first = scene.area.top + MARGIN + 12 + (26 if has_tab else 0)
    rows = len(corners.top_left)
    x = MARGIN + _SIGN_PX
    right = room_before_lines(scene, x, first)
    wanted = max((ink.width_of(text, ink.CORNER_BOLD) for text in corners.doubts), default=0.0)
    if min(x + wanted, right) > scene.size[0] - MARGIN - _width_at_right(corners):
        rows = max(rows, len(corners.top_right))
    places = []
    for text in corners.doubts:
        for line in _wrapped(text, ink.CORNER_BOLD, right - x):
            places.append((QPointF(x, first + rows * LINE_HEIGHT), line))
            rows += 1
    return places


def _paint_doubts(painter: QPainter, scene: Scene, corners: Corners) -> None:
    begun: set[str] = set()
    for at, line in doubt_places(scene, corners):
        whole = next((text for text in corners.doubts if text.startswith(line)), "")
        if whole and whole not in begun:
            ink.warning_sign(painter, QPointF(MARGIN, at.y() - 12))
            begun.add(whole)
        ink.halo_text(painter, at, line, face=ink.CORNER_BOLD, color=ink.WARN)


def _width_at_right(corners: Corners) -> float:
    return max((ink.width_of(line.text, ink.CORNER_BOLD) for line in corners.top_right), default=0)


def _wrapped(text: str, face: ink.Face, room: float) -> list[str]:
    """A sentence in as many lines as it needs; a single word is never cut."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and ink.width_of(longer, face) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _paint_badges(painter: QPainter, scene: Scene, corners: Corners) -> None:
    bottom = scene.size[1] - MARGIN - len(corners.bottom_left) * LINE_HEIGHT - _BADGE_GAP
    x = MARGIN
    for text in corners.badges:
        parts = ((clean(text), ink.TEXT, ink.CORNER_BOLD),)
        width = ink.pill_width(parts)
        if x + width > scene.size[0] - MARGIN:
            x, bottom = MARGIN, bottom - ink.PILL_HEIGHT - 4
        place = QRectF(x, bottom - ink.PILL_HEIGHT, width, ink.PILL_HEIGHT)
        ink.pill(painter, place, parts, fill=_BADGE_FILL)
        x += width + 6


def _paint_tab(painter: QPainter, scene: Scene) -> None:
    """The name of a plane, with a bar in its colour."""
    name, facts = plane_title(scene)
    parts = [(name, ink.TEXT, ink.CORNER_BOLD)]
    if facts:
        parts.append((facts, ink.SECOND, ink.CORNER))
    place = QRectF(MARGIN, scene.area.top + 10, ink.pill_width(tuple(parts)), ink.PILL_HEIGHT)
    ink.pill(painter, place, tuple(parts))
    color = ink.PLANES.get(scene.tile.kind, ink.SECOND)
    painter.fillRect(QRectF(MARGIN - 1, scene.area.top + 10, 3, ink.PILL_HEIGHT), color)


def _paint_strip_bar(painter: QPainter, width: float, color: QColor, role: Role) -> None:
    if role == "current":
        painter.fillRect(QRectF(0, STRIP_PX, width, STRIP_BAR_PX), color)
        return
    painter.fillRect(QRectF(0, STRIP_PX, width, STRIP_BAR_PX), ink.BLACK)
    x = 0.0
    while x < width:
        painter.fillRect(QRectF(x, STRIP_PX, 8, STRIP_BAR_PX), color)
        x += 12


def _paint_role(painter: QPainter, role: Role, color: QColor) -> float:
    """The pill of a role: filled for the current study, outlined for the prior; its right end."""
    is_current = role == "current"
    text = _("CURRENT") if is_current else _("PRIOR")
    written = QColor(TOKENS.on_role_current) if is_current else color
    parts = ((text, written, ink.CORNER_BOLD),)
    place = QRectF(MARGIN + 3.5, 8.5, ink.pill_width(parts), ink.PILL_HEIGHT - 1)
    fill = color if is_current else QColor(TOKENS.window)
    ink.pill(painter, place, parts, fill=fill, edge=None if is_current else color)
    return place.right()


def _write(
    painter: QPainter, x: float, baseline: float, text: str, face: ink.Face, color: QColor
) -> float:
    """Write a text; gives its right end."""
    painter.setFont(face.font())
    painter.setPen(color)
    painter.drawText(QPointF(x, baseline), text)
    return x + ink.width_of(text, face)
