"""What can be asked about the screen as it is: the panel's chips, cards and warnings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.asking.comparing import Pair
from app.asking.inquiries import NO_3D, PLANES, Shown, pair_in, shown_in
from assistant.drawn import is_drawn
from assistant.offers import NOTHING, Attached, Offer, Subject
from assistant.subjects import BETWEEN_SLICES, kind_of, title_of, warnings_of
from assistant.tasks import TASKS
from assistant.tasks.volume import USUAL_SLICES
from viewer.state import State
from viewer.study import Library
from viewer.tools.stepping import instances_of, is_reversed, shown_number
from viewer.words import N_, _

ExpectedS = Callable[[int], float | None]
"""Number of pictures to seconds on this machine, None where that is not known."""

SLICES: Final = frozenset({"CT", "MR", "PT"})
BOXES_OFF: Final = N_("This model was not made for boxes on such images.")
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else decides about the offers.

    ``proposed`` is the prior that was found for the active series; ``boxes_allowed`` the studies
    for which the reader turned boxes on; ``slices`` how many of a volume go with a question.
    """

    expected_s: ExpectedS
    proposed: Pair | None = None
    boxes_allowed: frozenset[str] = frozenset()
    slices: int = USUAL_SLICES


def make_subject(state: State, library: Library, around: Circumstances) -> Subject:
    """What a question would be about now."""
    shown = shown_in(state, library, state.nav.active)
    if shown is None:
        return NOTHING
    kind = kind_of(shown.series)
    heading = _("Ask about this {kind}").format(kind=_(kind.name))
    if shown.tile.kind == "volume":
        return Subject(heading=heading, blocked=_(NO_3D))
    pair = pair_in(state, library)
    is_off = not kind.is_in_card and shown.study.uid not in around.boxes_allowed
    offers = _of_pair(pair[0], around) if pair is not None else _of_image(shown, around)
    hint = _("Ask about both images") if pair is not None else _hint(shown)
    return Subject(
        heading=_("Ask about both images") if pair is not None else heading,
        hint=hint,
        attached=_attached(shown, is_pair=pair is not None),
        offers=tuple(_without_boxes(o) if is_off and o.task_id == "find" else o for o in offers),
        warnings=warnings_of(shown.series),
        note=_note(offers, shown, around.slices),
        may_allow_boxes=is_off,
        is_drawn=all(is_drawn(one.series) for one in (shown, *(pair or ()))),
        series_uids=_series_uids(shown, pair),
    )


def _series_uids(shown: Shown, pair: tuple[Shown, Shown] | None) -> frozenset[str]:
    """The series of the study on the screen, of both studies where two are compared."""
    studies = [shown.study, *(one.study for one in pair or ())]
    return frozenset(series.uid for study in studies for series in study.series)


def wait_words(seconds: float | None) -> str:
    """A wait as a reader says it, or ""."""
    if seconds is None:
        return ""
    if seconds < _MINUTE_S:
        return _("about {count} s").format(count=max(1, round(seconds)))
    return _("about {count} min").format(count=round(seconds / _MINUTE_S))


def _of_image(shown: Shown, around: Circumstances) -> list[Offer]:
    """Describe, the volume where there is one, where is, and the prior that was found."""
    what = _what(shown)
    is_plain = shown.tile.kind == "stack" and not _is_slice(shown)
    name = _("image") if is_plain else _("slice") if shown.tile.kind == "stack" else _("plane")
    offers = [
        Offer(
            "describe",
            _("Describe"),
            _("Describe this {name}").format(name=name),
            _detail(_("Sees {what} as shown").format(what=what), around, 1),
        )
    ]
    if _is_many(shown) and shown.series.modality in {"CT", "MR"}:
        offers.append(_of_volume(shown, around))
    draws = _("Draws boxes on {what}").format(what=what)
    offers.append(
        Offer(
            "find", _("Where is …"), _("Where is …"), _detail(draws, around, 1),
            icon="ai-box", needs_words=True,
        )
    )  # fmt: skip
    if around.proposed is not None:
        offers.append(_of_prior(around.proposed, around))
    return offers


def _of_volume(shown: Shown, around: Circumstances) -> Offer:
    total = len(shown.series.stacks[shown.tile.stack_index].frames)
    count = min(total, around.slices)
    sees = _("Sees {count} of {total} slices").format(count=count, total=total)
    title = _(TASKS["volume"].chip)
    return Offer("volume", title, title, _detail(sees, around, count), icon="layers")


def _of_prior(pair: Pair, around: Circumstances) -> Offer:
    date = dashed(pair.prior_study.date)
    title = _("Compare {date}").format(date=date or _("with the prior"))
    return Offer(
        "compare",
        title,
        title,
        _detail(_("Sees the prior, then this image"), around, 2),
        icon="columns-2",
        reason=pair.identity.sentence if pair.identity.verdict == "different" else "",
        is_proposal=True,
    )


def _of_pair(prior: Shown, around: Circumstances) -> list[Offer]:
    sees = _("Sees the prior, then the current image")
    compare = _detail(sees, around, 2)
    date = dashed(prior.study.date) or _("the prior")
    with_prior = _("Compare with {date}").format(date=date)
    return [
        Offer("compare", _("Compare"), with_prior, compare, icon="columns-2"),
        Offer("change", _("Changed …"), _("What became of …"),
              _detail(sees, around, 2), icon="trending-up", needs_words=True),
        Offer("describe", _("Describe"), _("Describe the active one"),
              _detail(_("Sees the active image"), around, 1)),
        Offer("find", _("Where is …"), _("Where is …"),
              _detail(_("Draws boxes on the active image"), around, 1),
              icon="ai-box", needs_words=True),
    ]  # fmt: skip


def _without_boxes(offer: Offer) -> Offer:
    return Offer(
        offer.task_id, offer.title, offer.card_title, offer.detail, offer.icon,
        offer.needs_words, _(BOXES_OFF),
    )  # fmt: skip


def _detail(words: str, around: Circumstances, images: int) -> str:
    wait = wait_words(around.expected_s(images))
    return f"{words} · {wait}" if wait else words


def _note(offers: list[Offer], shown: Shown, slices: int) -> str:
    if not any(o.task_id == "volume" for o in offers):
        return ""
    if len(shown.series.stacks[shown.tile.stack_index].frames) <= slices:
        return ""
    return _(BETWEEN_SLICES).format(count=slices)


def _hint(shown: Shown) -> str:
    if shown.tile.is_plane:
        return _("Ask about this plane")
    return _("Ask about this slice") if _is_slice(shown) else _("Ask about this image")


def _attached(shown: Shown, *, is_pair: bool) -> Attached:
    number = shown.index + 1
    if is_pair:
        return Attached(_("Tiles 1, 2 · prior and current"), role=shown.tile.role)
    what = _what(shown, with_date=not _is_many(shown))
    return Attached(_("Tile {number} · {what}").format(number=number, what=what))


def _what(shown: Shown, *, with_date: bool = False) -> str:
    """The image in words: "Chest AP, 2020-03-03" or "slice 56" or "axial plane"."""
    if shown.tile.is_plane:
        return _(PLANES[shown.tile.kind])
    title = title_of(shown.series, shown.position, shown.tile.stack_index)
    if _is_many(shown):
        return _short(shown)
    date = dashed(shown.study.date)
    return f"{title}, {date}" if with_date and date else title


def _short(shown: Shown) -> str:
    """The image by its number alone, as the window counts."""
    stack = shown.series.stacks[shown.tile.stack_index]
    is_turned = is_reversed(stack, instances_of(shown.series))
    number = shown_number(shown.position, length=len(stack.frames), is_reversed=is_turned)
    is_slice = shown.series.modality in SLICES
    words = _("slice {number}") if is_slice else _("image {number}")
    return words.format(number=number)


def _is_slice(shown: Shown) -> bool:
    return _is_many(shown) and shown.series.modality in SLICES


def _is_many(shown: Shown) -> bool:
    stacks = shown.series.stacks
    index = shown.tile.stack_index
    return index < len(stacks) and len(stacks[index].frames) > 1


def dashed(date: str) -> str:
    """A DICOM date with dashes; anything else as it stands."""
    is_date = len(date) == 8 and date.isdecimal()
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if is_date else date
