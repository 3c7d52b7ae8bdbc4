"""How patients, studies and series are called in lists; foreign text is made plain and short."""

from viewer.study import Patient, Series, Study
from viewer.widgets.corners import age_text, clean, date_text
from viewer.words import _


def patient_title(patient: Patient, *, hidden: bool = False) -> str:
    """The name as read aloud, or initials when names are hidden."""
    name = patient.facts.name.split("=")[0]
    parts = [p for p in name.split("^") if p.strip()]
    if hidden:
        initials = "".join(p.strip()[:1] for p in parts)
        return clean(initials) or _("Patient")
    return clean(", ".join(p.strip() for p in parts)) or _("No name")


def patient_facts(patient: Patient, *, hidden: bool = False) -> str:
    """ID, sex, birth date, as far as they are there."""
    facts = patient.facts
    is_shown = facts.id and not hidden and clean(facts.id) != patient_title(patient)
    known = [_("ID {id}").format(id=clean(facts.id))] if is_shown else []
    known += [clean(facts.sex), age_text(facts.age)]
    if not hidden and facts.birth_date:
        known.append(date_text(facts.birth_date))
    return " · ".join(k for k in known if k)


def study_title(study: Study) -> str:
    """The study's date."""
    return date_text(study.date) if study.date else _("No date")


def series_title(series: Series) -> str:
    """Number and description, or what the series is."""
    words = clean(series.description) or clean(series.first.study.body_part)
    if not words:
        words = _("Series") if series.number is None else _("Series {number}")
        return words.format(number=series.number)
    return words if series.number is None else f"{series.number} · {words}"


def series_facts(series: Series) -> str:
    """Modality, how many images and how far apart."""
    modality = clean(series.modality)
    if not series.stacks:
        return " · ".join(p for p in (modality, _("nothing to draw")) if p)
    count = series.frame_count
    geometry = series.stacks[0].geometry
    if geometry is not None and geometry.shape[0] > 1 and series.stacks[0].volume:
        step = f"{geometry.spacing_mm[0]:.1f}".rstrip("0").rstrip(".")
        images = _("{count} slices, {step} mm").format(count=f"{count:,}", step=step)
    else:
        images = _("1 image") if count == 1 else _("{count} images").format(count=f"{count:,}")
    return f"{modality} · {images}" if modality else images


def search_text(patient: Patient, study: Study, series: Series) -> str:
    """Everything that a search may meet, in lower case."""
    facts = patient.facts
    parts = (
        facts.name.replace("^", " "),
        facts.id,
        study.date,
        date_text(study.date),
        study.description,
        series.description,
        series.modality,
        series.first.study.body_part,
    )
    return " ".join(parts).casefold()
