"""What the engine does and how long it takes, in words with numbers; no Qt."""

from dataclasses import dataclass
from typing import Final, Literal

from assistant.conversation import Turn
from assistant.engines.protocol import ModelFacts
from assistant.engines.states import EngineState, Status
from viewer.words import N_, _

Tone = Literal["calm", "busy", "warn", "err"]

STAGES: Final = (
    EngineState.LOADING,
    EngineState.ENCODING,
    EngineState.READING,
    EngineState.WRITING,
)
STAGE_WEIGHTS: Final = (1.0, 2.0, 1.0, 3.0)
"""How wide each stage is drawn; encoding and writing are what one waits for."""

_WORDS: Final = {
    EngineState.STARTING: N_("Starting"),
    EngineState.LOADING: N_("Loading"),
    EngineState.IDLE: N_("Idle"),
    EngineState.READING: N_("Reading"),
    EngineState.WRITING: N_("Writing"),
    EngineState.STOPPING: N_("Stopping"),
    EngineState.FAILED: N_("Stopped"),
}
_RESTING: Final = (EngineState.ABSENT, EngineState.IDLE)
_MINUTE_S: Final = 90.0
_SURE_SHARE: Final = 0.2
_GIGABYTE: Final = 1e9


@dataclass(frozen=True, slots=True)
class Shown:
    """The head of the panel: the state's word, its colour's name, a line, the stages' fill."""

    word: str
    tone: Tone
    line: str
    fills: tuple[float, ...] | None = None


def show(status: Status, facts: ModelFacts | None, last: Turn | None, now_s: float) -> Shown:
    """What the head says at ``now_s`` (monotonic)."""
    state = status.state
    if state is EngineState.FAILED:
        return Shown(_(_WORDS[state]), "err", status.sentence)
    if state in _RESTING and last is not None and last.is_running:
        return Shown(_("Waiting"), "busy", _("Your question is on its way to the model."))
    if state is EngineState.ABSENT:
        return Shown(_("Not loaded"), "calm", _("It loads with your first question."))
    if state is EngineState.IDLE:
        return Shown(_(_WORDS[state]), "calm", _idle_line(facts, last))
    word = _encoding_word(status) if state is EngineState.ENCODING else _(_WORDS[state])
    line = " · ".join([*_doing(status), *_times(status, now_s)])
    return Shown(word, "busy", line, fills(status))


def fills(status: Status) -> tuple[float, ...] | None:
    """How far each stage is, 0 to 1; None where there is no stage."""
    if status.state not in STAGES:
        return None
    at = STAGES.index(status.state)
    return tuple(1.0 if i < at else 0.0 if i > at else _share(status) for i in range(len(STAGES)))


def done_line(turn: Turn) -> str:
    """What an answer took, in numbers."""
    if turn.counts is None or turn.timings is None:
        return ""
    counts = turn.counts
    parts = [_("{time} in all").format(time=seconds_words(turn.timings.total))]
    if counts.images_reused:
        parts.append(_("image reused") if counts.images_reused == 1 else _("images reused"))
        parts.append(_("{count} encoded").format(count=counts.images_encoded))
    else:
        one = counts.images_encoded == 1
        words = _("1 image encoded") if one else _("{count} images encoded")
        parts.append(words.format(count=counts.images_encoded))
    if counts.tokens_reused:
        parts.append(_("{count} tokens reused").format(count=counts.tokens_reused))
    one = counts.answer_tokens == 1
    words = _("1 token written") if one else _("{count} tokens written")
    parts.append(words.format(count=counts.answer_tokens))
    return " · ".join(parts)


def seconds_words(seconds: float) -> str:
    """A duration as one reads it."""
    if seconds < _MINUTE_S:
        return _("{count} s").format(count=max(1, round(seconds)))
    return _("{count} min").format(count=round(seconds / 60))


def _encoding_word(status: Status) -> str:
    if status.images < 2:
        return _("Encoding")
    return _("Encoding {image} of {images}").format(image=status.image + 1, images=status.images)


def _doing(status: Status) -> list[str]:
    """The step in words, where its word alone does not say it."""
    if status.state is EngineState.ENCODING and status.images:
        sentence = _("Encoding image {image} of {images}")
        return [sentence.format(image=status.image + 1, images=status.images)]
    if status.state is EngineState.LOADING:
        return [_("Loading the model")]
    return []


def _times(status: Status, now_s: float) -> list[str]:
    """How long it has lasted, and how much longer where that is known."""
    elapsed = max(now_s - status.since_s, 0.0)
    so_far = _("{time} so far").format(time=seconds_words(elapsed))
    if status.state is EngineState.STOPPING:
        return [so_far]
    left = _left(status, elapsed)
    if left is None:
        return [so_far]
    if left <= 0:
        return [so_far, _("longer than usual")]
    return [so_far, _("about {time} left").format(time=seconds_words(left))]


def _left(status: Status, elapsed: float) -> float | None:
    """From this machine's history, else from how far it is; None while that says nothing."""
    if status.expected_s is not None:
        return status.expected_s - elapsed
    share = _share(status)
    if share < _SURE_SHARE or status.state is EngineState.WRITING:
        return None
    return elapsed * (1 - share) / share


def _share(status: Status) -> float:
    """How much of the stage is done, 0 to 1."""
    if not status.total:
        return 0.0
    part = min(status.done / status.total, 1.0)
    if status.state is EngineState.ENCODING and status.images:
        return (status.image + part) / status.images
    return part


def _idle_line(facts: ModelFacts | None, last: Turn | None) -> str:
    if last is not None and (line := done_line(last)):
        return line
    if facts is None:
        return _("Ready")
    is_gpu = facts.gpu_layers != 0 and any(d.kind == "gpu" for d in facts.devices)
    where = _("Ready on the GPU") if is_gpu else _("Ready on the CPU")
    return f"{where} · {facts.needed_bytes / _GIGABYTE:.1f} GB"
