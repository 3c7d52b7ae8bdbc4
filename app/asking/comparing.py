"""A prior beside a current study: which one, and what is doubtful about comparing the two."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.asking.identity import Identity, check_identity
from app.store import Store
from viewer import priors
from viewer.edits import show_side_by_side
from viewer.errors import UserError
from viewer.study import Library, Series, Study
from viewer.words import _


@dataclass(frozen=True, slots=True)
class Pair:
    """A prior and a current series, why this prior, and what is to be said about the two."""

    prior: Series
    prior_study: Study
    current: Series
    current_study: Study
    reason: str
    identity: Identity
    notes: tuple[str, ...] = ()


def propose_prior(library: Library, series_uid: str) -> Pair | None:
    """The prior that compares best with a series, or None where there is none."""
    study, series = library.study_of(series_uid), library.find_series(series_uid)
    if study is None or series is None:
        return None
    proposal = priors.propose(study, series, library)
    if proposal is None:
        return None
    return make_pair(proposal.series, proposal.study, series, study, reason=proposal.reason)


def make_pair(
    prior: Series, prior_study: Study, current: Series, current_study: Study, *, reason: str = ""
) -> Pair:
    """Two series as prior and current, with the check of their patients."""
    identity = check_identity(prior_study.patient, current_study.patient)
    notes = tuple(_doubts(prior, prior_study, current, current_study))
    return Pair(prior, prior_study, current, current_study, reason, identity, notes)


def compare_with_prior(
    pair: Pair | None,
    store: Store,
    *,
    confirm: Callable[[Identity], bool],
    current_left: bool = True,
) -> bool:
    """Put a current image and its prior side by side; whether that was done.

    ``confirm`` asks a person where it is doubtful that both are the same patient. UserError where
    there is no prior, or where the two are different patients.
    """
    if pair is None:
        raise UserError(_("No earlier study of this patient is open that compares with this one."))
    if pair.identity.verdict == "different":
        raise UserError(pair.identity.sentence, "\n".join(pair.identity.lines))
    if pair.identity.verdict == "doubtful" and not confirm(pair.identity):
        return False
    edit = show_side_by_side(pair.current.uid, pair.prior.uid, current_left=current_left)
    store.apply(edit, undo=_("Compare"))
    return True


def _doubts(
    prior: Series, prior_study: Study, current: Series, current_study: Study
) -> Iterator[str]:
    """What makes two images worse to compare."""
    if prior_study.date and current_study.date and prior_study.date >= current_study.date:
        yield _("The prior is not older than the current study.")
    if not prior_study.date or not current_study.date:
        yield _("A date is missing: which one is older is not verified.")
    same = {i.sop_instance_uid for i in prior.instances} & {
        i.sop_instance_uid for i in current.instances
    }
    if same:
        yield _("Both hold the same image.")
    one, other = prior.first.study, current.first.study
    if one.body_part and other.body_part and one.body_part != other.body_part:
        yield _("The body parts differ.")
    if one.view_position and other.view_position and one.view_position != other.view_position:
        yield _("The views differ: {prior} (prior), {current} (current).").format(
            prior=one.view_position, current=other.view_position
        )
    if one.laterality and other.laterality and one.laterality != other.laterality:
        yield _("The sides differ.")
