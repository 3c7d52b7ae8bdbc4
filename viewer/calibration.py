"""Where the millimetres of a frame come from, and the words that say so (PS3.3 10.7.1, C.8.5.5).

One table of cases, the first that fits; a spacing that cannot be trusted is no spacing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from viewer.annotations import PlaneRef
from viewer.spaces import FramePoint
from viewer.study import Instance, Spacing, UltrasoundRegion
from viewer.words import N_, _

Source = Literal["user", "pixel_spacing", "imager", "region", "none"]
Pair = tuple[float, float]

TOMOGRAPHIC: Final = frozenset({"CT", "MR", "PT", "OPT", "RTDOSE"})
PROJECTION: Final = frozenset({"CR", "DX", "MG", "IO", "PX", "XA", "RF", "RG"})
ULTRASOUND: Final = frozenset({"US", "IVUS"})
ENHANCED: Final = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{suffix}"
    for suffix in ("2.1", "2.2", "4.1", "4.3", "4.4", "6.2", "128.1", "130", "13.1.1", "13.1.2")
) | {"1.2.840.10008.5.1.4.1.1.13.1.3"}
WHOLE_SLIDE: Final = "1.2.840.10008.5.1.4.1.1.77.1.6"
SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
CENTIMETRES: Final = 3
SAME: Final = 1e-3
"""Spacings that differ by less than this part are the same number, written twice."""

AT_DETECTOR: Final = N_("at detector")
BY_USER: Final = N_("(calibrated by you)")
ON_OBJECT: Final = N_("(calibrated on an object)")
CORRECTED: Final = N_("(magnification corrected)")
UNKNOWN_METHOD: Final = N_("(calibrated, method not recorded)")
NOT_RECORDED: Final = N_("(calibration not recorded)")
ON_FILM: Final = N_("on film")
CAPTURE: Final = N_("(secondary capture)")
PROJECTED: Final = N_("in projection")


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a pixel of a frame measures.

    ``spacing_mm`` is (between rows, between columns), None where there are no millimetres; then
    ``aspect`` still is the height of a pixel over its width. ``basis`` are the words after the
    unit. ``region`` is the ultrasound region where its axes are no lengths. ``is_doubtful``: the
    file gives values that contradict or are no spacings, so none is used.
    """

    source: Source
    spacing_mm: Pair | None = None
    basis: str = ""
    aspect: float = 1.0
    is_doubtful: bool = False
    is_microscopic: bool = False
    region: UltrasoundRegion | None = None


def calibration_of(
    instance: Instance,
    frame_number: int = 1,
    *,
    points: Sequence[FramePoint] = (),
    by_user: Pair | None = None,
) -> Calibration:
    """How a frame is calibrated where ``points`` lie, which matters in ultrasound alone.

    ``by_user`` is the reader's own (row, column) spacing, mm, and wins over everything.
    """
    if by_user is not None:
        return Calibration("user", by_user, _(BY_USER), _aspect(by_user))
    spacing = _frame_spacing(instance, frame_number)
    if _is_contradicting(instance, spacing):
        return Calibration("none", aspect=_without(spacing).aspect, is_doubtful=True)
    found = _by_kind(instance, spacing, frame_number=frame_number, points=points)
    return found or _without(spacing)


def calibration_of_plane(plane: PlaneRef, *, is_projection: bool = False) -> Calibration:
    """A cut through a volume has the volume's millimetres; a slab says that it is projected."""
    basis = _(PROJECTED) if is_projection else ""
    return Calibration("pixel_spacing", (plane.mm_per_px, plane.mm_per_px), basis)


def _by_kind(
    instance: Instance, spacing: Spacing, *, frame_number: int, points: Sequence[FramePoint]
) -> Calibration | None:
    """The rows of the table that belong to this kind of image; None where no spacing is given."""
    modality = instance.study.modality
    if _is_secondary_capture(instance):
        return _by_pixel_spacing(spacing, CAPTURE) or _on_film(spacing)
    if instance.sop_class_uid in ENHANCED or modality in TOMOGRAPHIC:
        return _by_pixel_spacing(spacing, "")
    if modality in PROJECTION:
        return _projection(spacing)
    if modality in ULTRASOUND:
        return _ultrasound(instance.regions, points)
    if spacing.pixel is None:
        return _on_film(spacing)
    return _other(instance, spacing.pixel, frame_number)


def _projection(spacing: Spacing) -> Calibration | None:
    """The rows of the table for projections, in its order."""
    pixel, kind = spacing.pixel, spacing.calibration_type.strip().upper()
    if pixel is not None and kind in {"FIDUCIAL", "GEOMETRY"}:
        return _in_mm("pixel_spacing", pixel, ON_OBJECT if kind == "FIDUCIAL" else CORRECTED)
    if pixel is not None and spacing.imager is not None:
        if _is_same(pixel, spacing.imager):
            return _in_mm("imager", pixel, AT_DETECTOR)
        return _in_mm("pixel_spacing", pixel, UNKNOWN_METHOD)
    if pixel is not None and spacing.nominal is not None:
        is_same = _is_same(pixel, spacing.nominal)
        return _in_mm("pixel_spacing", pixel, ON_FILM if is_same else UNKNOWN_METHOD)
    if spacing.imager is not None:
        return _imager_alone(spacing.imager, spacing.magnification)
    return _by_pixel_spacing(spacing, NOT_RECORDED) or _on_film(spacing)


def _imager_alone(imager: Pair, magnification: float | None) -> Calibration:
    """At the detector, or brought to the patient by the magnification that the file estimates."""
    if magnification is None or not math.isfinite(magnification) or magnification <= 1.0:
        return _in_mm("imager", imager, AT_DETECTOR)
    estimated = (imager[0] / magnification, imager[1] / magnification)
    basis = _("(estimated, magnification {factor})").format(factor=f"{magnification:.2f}")
    return Calibration("imager", estimated, basis, _aspect(estimated))


def _other(instance: Instance, pixel: Pair, frame_number: int) -> Calibration:
    """Slides, and what has a place in the patient; anything else does not say what it measures."""
    if instance.study.modality == "SM" or instance.sop_class_uid == WHOLE_SLIDE:
        return Calibration("pixel_spacing", pixel, "", _aspect(pixel), is_microscopic=True)
    planes = [instance.plane, *(f.plane for f in instance.frames[frame_number - 1 : frame_number])]
    has_position = any(plane.position is not None for plane in planes)
    has_orientation = any(plane.orientation is not None for plane in planes)
    is_tomography = "RECON TOMO" in instance.study.image_type
    is_in_patient = is_tomography or (has_position and has_orientation)
    return _in_mm("pixel_spacing", pixel, "" if is_in_patient else NOT_RECORDED)


def _ultrasound(
    regions: Iterable[UltrasoundRegion], points: Sequence[FramePoint]
) -> Calibration | None:
    """The smallest region that holds all points; without points the one scale all 2D ones share."""
    if not points:
        return _shared_scale([r for r in regions if _is_in_centimetres(r)])
    around = [r for r in regions if all(_holds(r, p) for p in points)]
    if not around:
        return None
    region = min(around, key=lambda r: (r.right - r.left) * (r.bottom - r.top))
    if _is_in_centimetres(region):
        scale = _scale_of(region)
        return Calibration("region", scale, "", _aspect(scale))
    return Calibration("region", None, region=region)


def _shared_scale(regions: Sequence[UltrasoundRegion]) -> Calibration | None:
    """The spacing of the regions when it is one and the same."""
    scales = [_scale_of(r) for r in regions]
    if not scales or not all(_is_same(scales[0], s) for s in scales):
        return None
    return Calibration("region", scales[0], "", _aspect(scales[0]))


def _is_in_centimetres(region: UltrasoundRegion) -> bool:
    """Whether both axes are lengths."""
    is_length = region.unit_x == CENTIMETRES and region.unit_y == CENTIMETRES
    return is_length and _is_positive(_scale_of(region))


def _scale_of(region: UltrasoundRegion) -> Pair:
    """Row and column spacing of a region in centimetres, as mm."""
    return abs(region.delta_y) * 10.0, abs(region.delta_x) * 10.0


def _holds(region: UltrasoundRegion, point: FramePoint) -> bool:
    """Whether a place lies in a region, its edges included."""
    in_columns = region.left <= point.column <= region.right
    return in_columns and region.top <= point.row <= region.bottom


def _frame_spacing(instance: Instance, frame_number: int) -> Spacing:
    """The instance's spacings with the frame's own Pixel Measures in place of Pixel Spacing."""
    common = instance.spacing
    if not 0 < frame_number <= len(instance.frames):
        return common
    own = instance.frames[frame_number - 1].pixel_spacing
    if own is None:
        return common
    return Spacing(
        own,
        common.imager,
        common.nominal,
        None,
        common.calibration_type,
        common.magnification,
        common.distance_source_detector_mm,
        common.distance_source_patient_mm,
    )


def _is_contradicting(instance: Instance, spacing: Spacing) -> bool:
    """Whether a spacing is no spacing, denies the aspect, or changes between frames of a film."""
    pairs = [p for p in (spacing.pixel, spacing.imager, spacing.nominal) if p is not None]
    if spacing.is_invalid or not all(_is_positive(p) for p in pairs):
        return True
    if spacing.pixel is not None and spacing.aspect is not None and _is_positive(spacing.aspect):
        shapes = _aspect(spacing.aspect), _aspect(spacing.pixel)
        if not math.isclose(*shapes, rel_tol=0.01):
            return True
    own = {f.pixel_spacing for f in instance.frames if f.pixel_spacing is not None}
    return instance.study.modality in PROJECTION and any(
        not _is_same(a, b) for a in own for b in own
    )


def _is_secondary_capture(instance: Instance) -> bool:
    """Whether the SOP class is one of the Secondary Capture classes."""
    return f"{instance.sop_class_uid}.".startswith(f"{SECONDARY_CAPTURE}.")


def _by_pixel_spacing(spacing: Spacing, basis: str) -> Calibration | None:
    """Pixel Spacing, where it is there."""
    return _in_mm("pixel_spacing", spacing.pixel, basis) if spacing.pixel is not None else None


def _on_film(spacing: Spacing) -> Calibration | None:
    """Nominal Scanned Pixel Spacing of a film digitizer, where it is there."""
    return _in_mm("imager", spacing.nominal, ON_FILM) if spacing.nominal is not None else None


def _without(spacing: Spacing) -> Calibration:
    """No millimetres; the first shape that the file gives still holds for the picture."""
    shapes = (spacing.pixel, spacing.imager, spacing.nominal, spacing.aspect)
    shape = next((p for p in shapes if p is not None and _is_positive(p)), (1.0, 1.0))
    return Calibration("none", aspect=_aspect(shape))


def _in_mm(source: Source, spacing: Pair, basis: str) -> Calibration:
    """A calibration with one of the fixed words of the table."""
    return Calibration(source, spacing, _(basis) if basis else "", _aspect(spacing))


def _is_positive(pair: Pair) -> bool:
    """Whether both numbers can be a spacing."""
    return all(math.isfinite(v) and v > 0 for v in pair)


def _is_same(a: Pair, b: Pair) -> bool:
    """Whether two spacings agree by value; files round them differently."""
    return all(math.isclose(x, y, rel_tol=SAME) for x, y in zip(a, b, strict=True))


def _aspect(pair: Pair) -> float:
    """Height of a pixel over its width."""
    return pair[0] / pair[1]
