"""The texts in the corners of a tile: who, when and what, how shown, where; and what is doubtful.

A value that is missing leaves no empty label.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from viewer.geometry import plane_name
from viewer.spaces import PatientPoint
from viewer.state import TileWindow
from viewer.study import FrameFacts, FrameRef, Instance, StudyFacts, Window
from viewer.tools.planes import normal_of, slice_number
from viewer.tools.stepping import shown_number
from viewer.tools.volume_view import preset_of
from viewer.widgets.scene import Scene, taken_at
from viewer.words import N_, _

MOST_LINES: Final = 4
NARROW_PX: Final = 260.0
MOST_DOUBTS: Final = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line of corner text; ``bold`` and ``big`` ones stay where few are wanted or have room."""

    text: str
    bold: bool = False
    big: bool = False


@dataclass(frozen=True, slots=True)
class Corners:
    """What stands in the four corners, from the edge inwards at the top, downwards at the bottom.

    ``badges`` and ``doubts`` are never hidden with the texts.
    """

    top_left: tuple[Line, ...] = ()
    top_right: tuple[Line, ...] = ()
    bottom_left: tuple[Line, ...] = ()
    bottom_right: tuple[Line, ...] = ()
    badges: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(slots=True)
class _Lines:
    lines: list[Line] = field(default_factory=list)

    def add(self, *parts: str, bold: bool = False, big: bool = False, join: str = " · ") -> None:
        text = join.join(part for part in parts if part)
        if text:
            self.lines.append(Line(text, bold or big, big))

    def most(self) -> tuple[Line, ...]:
        return tuple(self.lines[:MOST_LINES])


def corners_of(scene: Scene) -> Corners:
    """All corner texts of a scene, cut to what the reader wants to see and has room for."""
    if scene.entry is None or scene.instance is None:
        return Corners()
    full = Corners(
        top_left=_who(scene),
        top_right=_when(scene),
        bottom_left=_how(scene),
        bottom_right=_where(scene),
        badges=badges_of(scene),
        doubts=doubts_of(scene),
    )
    wanted = scene.state.nav.overlays
    if wanted == "none":
        return Corners(badges=full.badges, doubts=full.doubts)
    if wanted == "few" or scene.size[0] < NARROW_PX:
        return replace(
            full,
            top_left=_bold(full.top_left),
            top_right=_bold(full.top_right),
            bottom_left=_bold(full.bottom_left),
            bottom_right=_bold(full.bottom_right),
        )
    return full


def window_text(scene: Scene) -> str:
    """The window in use and its name, for example "W 400  L 40 · Soft tissue"."""
    window, choice = scene.window, scene.choice
    is_color = scene.facts is not None and scene.facts.is_color
    if window is None or choice is None or (is_color and not _is_set(scene)):
        return ""
    name = choice.name or window_name(scene.tile.window)
    text = f"W {_plain(window.width)}  L {_plain(window.center)}"
    return f"{text} · {name}" if name else text


def value_kind(scene: Scene) -> str:
    """What the values of a PET or NM image are, for example "Bq/ml" or "SUVbw"; "" elsewhere."""
    if scene.facts is None or scene.instance is None:
        return ""
    if scene.instance.study.modality not in {"PT", "NM"} or scene.facts.is_color:
        return ""
    # The counts of a gamma camera have no attribute that names their unit (PS3.3 C.8.4.8).
    is_camera = scene.instance.study.modality == "NM"
    return clean(scene.facts.grey.unit) or (_("counts") if is_camera else _("unit not recorded"))


def window_name(tile_window: TileWindow) -> str:
    """What a window that names itself not is called."""
    return _("set by you") if tile_window.source == "user" else ""


def patient_name(scene: Scene) -> str:
    """The name as read aloud, or initials when names are hidden."""
    if scene.entry is None:
        return ""
    raw = scene.entry.patient.facts.name.split("=")[0]
    family, _caret, given = raw.partition("^")
    given = given.replace("^", " ").strip()
    if scene.state.nav.names_hidden:
        return "".join(part[0] for part in (family, given) if part)
    return clean(f"{family}, {given}" if given else family)


def clean(text: str) -> str:
    """Foreign text without control and bidi-override characters, cut to a line."""
    kept = "".join(c if c.isprintable() and c not in _BIDI else "·" for c in text)
    return kept.strip()[:80]


_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def date_text(date: str) -> str:
    """20200303, and 2020.03.03 of old files, as 2020-03-03; zeros are none, the rest as it is."""
    digits = date.replace(".", "") if _OLD_DATE.fullmatch(date) else date
    if digits and not digits.strip("0"):
        return ""
    if len(digits) == 8 and digits.isdecimal():
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return clean(date)


_OLD_DATE: Final = re.compile(r"\d{4}\.\d{2}\.\d{2}")


def age_text(age: str) -> str:
    """069Y as "69 y", 003M as "3 mo"; anything else as it is (PS3.5, value representation AS)."""
    units = {"Y": _("{count} y"), "M": _("{count} mo"), "W": _("{count} wk"), "D": _("{count} d")}
    count, unit = age[:-1], age[-1:].upper()
    if count.isdecimal() and unit in units:
        return units[unit].format(count=int(count))
    return clean(age)


def time_text(time: str) -> str:
    """093012.5 as 09:30; "" when there is none."""
    return f"{time[:2]}:{time[2:4]}" if len(time) >= 4 and time[:4].isdecimal() else ""


def series_title(scene: Scene) -> str:
    """What the series is called, for the role strip and screen readers."""
    if scene.entry is None:
        return ""
    series = scene.entry.series
    facts = series.first.study
    spoken = " ".join(p for p in (facts.body_part.capitalize(), facts.view_position) if p)
    return clean(series.description) or clean(spoken) or series.modality


def badges_of(scene: Scene) -> tuple[str, ...]:
    """Short facts that a reader must not miss."""
    instance = scene.instance
    if instance is None or scene.entry is None:
        return ()
    facts = instance.study
    badges = []
    if facts.lossy:
        badges.append(_lossy_badge(facts.lossy_ratio))
    if facts.presentation_intent.upper() == "FOR PROCESSING":
        badges.append(_("FOR PROCESSING"))
    image_type = [part.upper() for part in facts.image_type]
    if "DERIVED" in image_type[:1] and facts.modality not in {"SEG", "US"}:
        badges.append(_("DERIVED"))
    if "LOCALIZER" in image_type:
        badges.append(_("LOCALIZER"))
    if scene.tile.view.mirrored and scene.tile.kind != "volume":
        badges.append(_("MIRRORED"))
    if scene.tile.invert:
        badges.append(_("INVERTED"))
    return tuple(badges)


def doubts_of(scene: Scene) -> tuple[str, ...]:
    """Sentences about what may be wrong, most important first."""
    if scene.entry is None or scene.instance is None or scene.tile.kind == "volume":
        return ()
    doubts = []
    if scene.choice is not None and scene.choice.note:
        doubts.append(scene.choice.note)
    calibration = scene.calibration
    if scene.tile.role and (calibration is None or calibration.spacing_mm is None):
        doubts.append(_("Scales may differ: no pixel spacing recorded"))
    elif not scene.is_same_scale:
        doubts.append(_("Not the same scale: the two spacings have another basis"))
    elif calibration is not None and calibration.is_doubtful:
        doubts.append(_("CALIBRATION DOUBTFUL: lengths are in pixels"))
    if scene.stack is not None:
        doubts.extend(scene.stack.notes)
    if scene.volume is not None:
        doubts.extend(n for n in scene.volume.notes if n not in doubts)
    if scene.stored is not None:
        doubts.extend(scene.stored.notes)
    doubts.extend(n for n in scene.instance.notes if n not in doubts)
    shown = [clean_sentence(d) for d in dict.fromkeys(doubts)]
    if len(shown) > MOST_DOUBTS:
        rest = len(shown) - MOST_DOUBTS
        return (*shown[:MOST_DOUBTS], _("+ {count} more notes").format(count=rest))
    return tuple(shown)


def clean_sentence(text: str) -> str:
    """A sentence without control characters; longer than a corner line may be."""
    return "".join(c if c.isprintable() and c not in _BIDI else "·" for c in text).strip()[:160]


def _who(scene: Scene) -> tuple[Line, ...]:
    lines = _Lines()
    if scene.entry is None:
        return ()
    facts = scene.entry.patient.facts
    lines.add(patient_name(scene), bold=True)
    if scene.tile.kind != "stack":
        return lines.most()
    hidden = scene.state.nav.names_hidden
    identity = "" if hidden or not facts.id else f"ID {clean(facts.id)}"
    born = "" if hidden else date_text(facts.birth_date)
    lines.add(identity, born, facts.sex, age_text(facts.age))
    return lines.most()


def _when(scene: Scene) -> tuple[Line, ...]:
    lines = _Lines()
    if scene.instance is None or scene.entry is None:
        return ()
    facts = scene.instance.study
    date, time = taken_at(facts)
    if not scene.tile.role:
        lines.add(date_text(date), time_text(time), bold=True, join="  ")
    if scene.tile.kind == "volume":
        return lines.most()
    lines.add(clean(facts.study_description))
    if scene.tile.kind == "stack":
        extra = dict(facts.extra)
        lines.add(clean(extra.get("ContrastBolusAgent", "")) if facts.modality == "CT" else "")
        lines.add(clean(extra.get("Radiopharmaceutical", "")))
        lines.add(
            _("Accession {number}").format(number=clean(facts.accession)) if facts.accession else ""
        )
        lines.add(clean(facts.institution))
    return lines.most()


def _how(scene: Scene) -> tuple[Line, ...]:
    lines = _Lines()
    if scene.tile.kind == "volume":
        return ()
    turned = scene.tile.view.rotation_deg % 360
    linked = scene.index in scene.state.doc.linked
    lines.add(window_text(scene), bold=True)
    lines.add(value_kind(scene), bold=True)
    lines.add(
        _zoom_text(scene) if scene.where is not None else "",
        _("turned {angle}°").format(angle=f"{turned:g}") if turned else "",
        _link_text(scene) if linked else "",
    )
    return lines.most()


def _where(scene: Scene) -> tuple[Line, ...]:
    if scene.instance is None or scene.entry is None or scene.stack is None:
        return ()
    if scene.tile.kind == "volume":
        return ()
    lines = _Lines()
    if scene.tile.is_plane:
        _plane_lines(scene, lines)
    else:
        _frame_lines(scene, lines)
    return lines.most()


def _frame_lines(scene: Scene, lines: _Lines) -> None:
    if scene.instance is None or scene.entry is None or scene.stack is None:
        return
    facts = scene.instance.study
    count = len(scene.stack.frames)
    place = shown_number(scene.position, length=count, is_reversed=scene.is_reversed)
    series = scene.entry.series.number
    first = _("Series {number}").format(number=series) if series is not None else ""
    image = _("image {number} / {count}").format(number=place, count=count)
    lines.add(first, image if first else image.capitalize(), bold=True)
    side = clean(facts.laterality) if facts.laterality != "U" else ""
    if facts.modality == "MG":
        lines.add(side, clean(facts.view_position), big=True, join=" ")
    else:
        view = facts.view_position and _("View {view}").format(view=facts.view_position)
        lines.add(clean(view), side, bold=True)
    lines.add(clean(scene.entry.series.description), scene.stack.label)
    lines.add(_slice_text(scene.instance, scene.where), *_extras(facts))


def _plane_lines(scene: Scene, lines: _Lines) -> None:
    if scene.grid is None or scene.crosshair is None:
        return
    turn, kind = scene.state.doc.turn, scene.tile.kind
    place, count = slice_number(scene.grid, kind, turn, scene.crosshair)
    lines.add(_("Slice {number} / {count}").format(number=place, count=count), bold=True)
    normal = normal_of(kind, turn)
    step = f"{scene.grid.step_mm(normal):.2f} mm"
    lines.add(step, plane_place(scene.crosshair, normal))


def plane_place(point: PatientPoint, normal: tuple[float, float, float]) -> str:
    """Where a plane lies along its normal: "F 101.8 mm"."""
    axis = max(range(3), key=lambda i: abs(normal[i]))
    return f"{_coordinate(axis, point[axis])} mm"


def patient_place(point: PatientPoint) -> str:
    """A place in the patient in letters: "R 12.3  A 40.1  H 5.0 mm"."""
    return "  ".join(_coordinate(axis, value) for axis, value in enumerate(point)) + " mm"


def plane_title(scene: Scene) -> tuple[str, str]:
    """The tab of a plane: its name, and its slab, for example ("CORONAL", "mean 20 mm")."""
    if scene.tile.kind == "volume":
        return _("3D"), _preset_name(scene)
    name = plane_name(normal_of(scene.tile.kind, scene.state.doc.turn))
    off = (
        f" {name.off_deg:.0f}° {_('off')}" if name.off_deg >= 10 and name.name != "oblique" else ""
    )
    slab = scene.tile.slab
    thick = f"{_(_PROJECTIONS[slab.projection])} {slab.thickness_mm:.0f} mm"
    return _(_PLANES[name.name]) + off, thick if slab.thickness_mm > 0 else ""


_PLANES: Final = {
    "axial": N_("AXIAL"),
    "coronal": N_("CORONAL"),
    "sagittal": N_("SAGITTAL"),
    "oblique": N_("OBLIQUE"),
}
_PROJECTIONS: Final = {"max": N_("max"), "min": N_("min"), "mean": N_("mean")}


def _preset_name(scene: Scene) -> str:
    if scene.entry is None:
        return ""
    return _(preset_of(scene.tile.volume, scene.entry.series.modality).name)


def _extras(facts: StudyFacts) -> tuple[str, ...]:
    """Technique, in the words of the modality."""
    extra = dict(facts.extra)
    wanted = _EXTRAS.get(facts.modality, ())
    return tuple(
        template.format(clean(extra[keyword])) for keyword, template in wanted if extra.get(keyword)
    )


_XRAY: Final = (("KVP", "{} kV"), ("Exposure", "{} mAs"))
_EXTRAS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "CT": (*_XRAY, ("ConvolutionKernel", "{}")),
    "MR": (
        ("RepetitionTime", "TR {}"),
        ("EchoTime", "TE {}"),
        ("InversionTime", "TI {}"),
        ("FlipAngle", "{}°"),
        ("MagneticFieldStrength", "{} T"),
    ),
    "DX": _XRAY,
    "CR": _XRAY,
    "MG": _XRAY,
    "XA": _XRAY,
    "RF": _XRAY,
}


def _slice_text(instance: Instance, where: object) -> str:
    """Thickness and place of a slice."""
    thickness = instance.slice_thickness_mm
    plane = instance.plane
    if isinstance(where, FrameRef) and where.frame_index < len(instance.frames):
        facts: FrameFacts = instance.frames[where.frame_index]
        plane = facts.plane if facts.plane.position is not None else plane
    parts = [f"{thickness:.2f} mm" if thickness else ""]
    if plane.position is not None and plane.orientation is not None:
        row, column = plane.orientation[:3], plane.orientation[3:]
        normal = (
            row[1] * column[2] - row[2] * column[1],
            row[2] * column[0] - row[0] * column[2],
            row[0] * column[1] - row[1] * column[0],
        )
        if max(map(abs, normal)) > 0:
            parts.append(plane_place(PatientPoint(*plane.position), normal))
    return " · ".join(part for part in parts if part)


def _zoom_text(scene: Scene) -> str:
    percent = scene.transform.view_px_per_column * scene.device_ratio * 100
    return _("Zoom {percent} %").format(percent=f"{percent:.0f}")


def _link_text(scene: Scene) -> str:
    offsets = scene.state.nav.offsets
    offset = offsets[scene.index] if scene.index < len(offsets) else 0.0
    return _("linked {offset} mm").format(offset=f"{offset:+.1f}") if offset else _("linked")


def _lossy_badge(ratio: str) -> str:
    first = ratio.replace("\\", "|").split("|")[0].strip()
    try:
        value = float(first)
    except ValueError:
        return _("LOSSY")
    return _("LOSSY {ratio}:1").format(ratio=f"{value:.0f}") if value > 1 else _("LOSSY")


def _is_set(scene: Scene) -> bool:
    return scene.tile.window.window is not None


def _bold(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.bold)


def _coordinate(axis: int, value: float) -> str:
    letter = (("L", "R"), ("P", "A"), ("H", "F"))[axis][value < 0]
    return f"{letter} {abs(value):.1f}"


def _plain(value: float) -> str:
    """A window's number: whole where it is, else three places."""
    text = f"{value:.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.3g}"
    return text.replace("-", "−")


def window_of_text(width: str, center: str) -> Window | None:
    """What a reader typed as a window; None when it is none."""
    try:
        numbers = [float(t.strip().replace("−", "-").replace(",", ".")) for t in (width, center)]
    except ValueError:
        return None
    if not all(abs(n) < 1e9 for n in numbers) or numbers[0] <= 0:
        return None
    return Window(numbers[1], numbers[0])
