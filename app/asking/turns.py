"""A turn of a conversation as it is kept on the disk, and back."""

import json
from dataclasses import asdict
from typing import Any

from app.library.history import StoredTurn
from assistant.conversation import SeenPicture, Turn
from assistant.engines.protocol import Counts, Timings
from viewer.words import _

_KEPT = (
    "verdict", "swapped", "identity", "findings", "not_drawn", "notes", "named_nothing", "think_s",
    "model_name", "words", "error", "details", "engine_lost", "warnings",
)  # fmt: skip


def to_stored(turn: Turn, *, ended_utc: str = "") -> StoredTurn:
    """What is kept of a turn; the pictures themselves are made again from the files."""
    details: dict[str, Any] = {name: getattr(turn, name) for name in _KEPT}
    details["counts"] = asdict(turn.counts) if turn.counts else None
    details["timings"] = asdict(turn.timings) if turn.timings else None
    return StoredTurn(
        id=turn.id,
        task=turn.task,
        question=turn.question,
        looks=json.dumps([_seen(one) for one in turn.seen], ensure_ascii=False),
        answer=turn.answer,
        thought=turn.thought,
        state=turn.state,
        provenance_id=turn.provenance_id,
        details=json.dumps(details, ensure_ascii=False),
        created_utc=turn.asked_at,
        ended_utc=ended_utc,
    )


def from_stored(stored: StoredTurn) -> Turn:
    """A turn of an earlier day; one that never ended was cut off with the program."""
    details = _plain(stored.details, dict)
    is_cut = stored.state == "asked"
    error = _("The answer was cut off when the program ended.") if is_cut else ""
    return Turn(
        id=stored.id,
        task=stored.task,
        question=stored.question,
        state="failed" if is_cut else stored.state,
        asked_at=stored.created_utc,
        words=details.get("words", ""),
        warnings=tuple(details.get("warnings", ())),
        seen=tuple(SeenPicture(**one) for one in _plain(stored.looks, list)),
        thought=stored.thought,
        answer=stored.answer,
        verdict=details.get("verdict", ""),
        swapped=details.get("swapped", ""),
        identity=details.get("identity", ""),
        findings=tuple(details.get("findings", ())),
        not_drawn=tuple(details.get("not_drawn", ())),
        notes=tuple(details.get("notes", ())),
        named_nothing=details.get("named_nothing", False),
        counts=Counts(**details["counts"]) if details.get("counts") else None,
        timings=Timings(**details["timings"]) if details.get("timings") else None,
        think_s=details.get("think_s", 0.0),
        provenance_id=stored.provenance_id,
        model_name=details.get("model_name", ""),
        error=error or details.get("error", ""),
        details=details.get("details", ""),
        engine_lost=details.get("engine_lost", False),
    )


def _seen(one: SeenPicture) -> dict[str, Any]:
    return {
        "number": one.number,
        "title": one.title,
        "date": one.date,
        "role": one.role,
        "size_px": one.size_px,
        "digest": one.digest,
    }


def _plain(text: str, kind: type) -> Any:
    """JSON of our own making; empty where it is damaged."""
    try:
        plain = json.loads(text) if text else kind()
    except ValueError:
        return kind()
    return plain if isinstance(plain, kind) else kind()
