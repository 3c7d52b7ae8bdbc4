"""One record per answer: what ran, on what, with which settings, and what came of it.

Findings, copies and exports carry its id. It is plain JSON and never changes once an answer ended.
"""

import hashlib
import json
import platform
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from assistant.boxes import PARSER_VERSION, ModelBox, Rejected
from assistant.engines.protocol import Done, Provenance
from assistant.looks import Displayed, Look, Picture, Placement
from viewer.annotations import PlaneRef
from viewer.spaces import FrameBox
from viewer.study import FrameRef

GREEDY: Final[Mapping[str, Any]] = {
    "top_k": 1, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0, "seed": None,
}  # fmt: skip
"""The engine takes the likeliest token; these say so in the words that others use."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenLook:
    """One picture that was sent, with what it was made from and the way back."""

    look: Look
    picture: Picture
    placement: Placement
    displayed: Displayed


@dataclass(frozen=True, slots=True)
class KeptBox:
    """A box that is drawn: as the model wrote it, on which look, and where on its frame."""

    said: ModelBox
    look_index: int
    box: FrameBox
    is_asked: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose images these were, and what the check of two studies found."""

    patient_key: str
    study_uids: tuple[str, ...]
    check: str = ""
    overridden_by: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The question's part of the record; ``left_out`` names what was not shown."""

    task: str
    words: str
    template_sha256: str
    left_out: str = ""
    language: str = "en"


def new_id() -> str:
    """A name for a record or a turn that no other one has."""
    return uuid.uuid4().hex


def now_utc() -> str:
    """The time with its offset, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def make_record(
    record_id: str,
    *,
    started_utc: str,
    asked: Asked,
    identity: Identity,
    seen: Sequence[SeenLook],
    done: Done,
    answer: str,
    kept: Sequence[KeptBox],
    rejected: Sequence[Rejected],
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """The record of an answer, as plain values for JSON; ``warnings`` stood before the answer."""
    from importlib.metadata import version  # late: 20 ms that the window's start does not need

    made = done.provenance
    return {
        "id": record_id,
        "model": _model(made),
        "program": {
            "version": version("second-read"),
            "llama_cpp": made.llama_version,
            "backend": made.backend,
            "protocol": made.protocol,
            "system": platform.platform(),
        },
        "prompt": {
            **asdict(asked),
            "tokens_sha256": made.prompt_tokens_sha256,
            "n_ctx": made.n_ctx,
        },
        "settings": {
            "temperature": made.temperature,
            **GREEDY,
            "max_tokens": made.max_tokens,
            "thought_tokens": made.thought_tokens,
            "grammar": made.grammar,
            "stop": done.stop,
        },
        "warnings": list(warnings),
        "seen": [_seen(order, one) for order, one in enumerate(seen, 1)],
        "identity": asdict(identity),
        "time": {"started": started_utc, "ended": now_utc(), **asdict(done.timings)},
        "counts": asdict(done.counts),
        "outcome": {
            "answer_sha256": hashlib.sha256(answer.encode("utf-8", "replace")).hexdigest(),
            "parser_version": PARSER_VERSION,
            "kept": [asdict(box) for box in kept],
            "rejected": [asdict(one) for one in rejected],
        },
    }


def to_json(record: Mapping[str, Any]) -> str:
    """The record as it is stored."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True)


def _model(made: Provenance) -> dict[str, Any]:
    return {
        "name": made.model_name,
        "sha256": made.model_sha256,
        "projector": made.projector_name,
        "projector_sha256": made.projector_sha256,
        "size_bytes": made.model_bytes,
        "quantization": made.quantization,
        "metadata": dict(made.metadata),
        "is_phantom_only": made.is_phantom_only,
    }


def _seen(order: int, one: SeenLook) -> dict[str, Any]:
    look, placement, displayed = one.look, one.placement, one.displayed
    return {
        "order": order,
        "role": look.role,
        **_place(look.where),
        "series_uid": look.series_uid,
        "study_uid": look.study_uid,
        "rgb_sha256": one.picture.digest,
        "source_sha256": displayed.source_digest,
        "size_px": one.picture.size_px,
        "crop": asdict(placement.crop),
        "square_px": [placement.width, placement.height],
        "padding_px": [placement.pad_x, placement.pad_y],
        "window": asdict(displayed.window) if displayed.window else None,
        "window_name": displayed.window_name,
        "levels": look.levels,
        "inverted": look.invert,
        "photometric": displayed.photometric,
        "patient_left": displayed.patient_left,
        "overlays": "none",
    }


def _place(where: FrameRef | PlaneRef) -> dict[str, Any]:
    if isinstance(where, PlaneRef):
        return {"plane": asdict(where)}
    return {"sop_instance_uid": where.sop_instance_uid, "frame_number": where.frame_number}
