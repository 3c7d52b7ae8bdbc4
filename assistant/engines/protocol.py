"""Every message between the window and the engine child: frozen records for ``viewer.channel``.

Requests carry an ``id`` that the window chooses; every answer carries the id of its request. A
request ends with exactly one of its final answers::

    Inspect -> Inspected | Failed
    Load    -> Progress* (Loaded | Failed), then Digests once when both files have been read
    Encode  -> Progress* (Encoded | Failed)
    Ask     -> (Progress | Token)* (Done | Failed)
    Forget  -> Forgotten
    Unload  -> Unloaded

``Stop`` has no answer of its own: the request that it names ends, an ``Ask`` with a ``Done`` whose
``stop`` is "stopped". ``Heartbeat`` belongs to no request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

VERSION: Final = 1
"""Of this protocol; stored in provenance."""

PartKind = Literal["control", "ours", "untrusted", "image"]
Stage = Literal["load", "encode", "read", "write"]
TokenChannel = Literal["thought", "answer"]
StopReason = Literal["end", "answer_limit", "thought_limit", "context_full", "stopped"]
DeviceKind = Literal["cpu", "gpu", "accelerator"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a prompt, in order.

    ``control``: our own constant text in which special tokens are meant (turn marks).
    ``ours``: our own words; ``untrusted``: the question, tags, earlier answers. Neither can make a
    special token. ``image``: the picture with index ``image`` of the request; it has no text.
    """

    kind: PartKind
    text: str = ""
    image: int = -1


@dataclass(frozen=True, slots=True)
class SharedPicture:
    """RGB bytes in an arena: ``height`` rows of ``width`` pixels, 3 bytes each, no padding.

    ``digest`` is the SHA-256 of those bytes in hex; the child checks it. ``patient`` is the key of
    the patient to whom everything that is kept of the picture belongs.
    """

    arena: str
    offset: int
    width: int
    height: int
    digest: str
    patient: str


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is loaded.

    ``gpu_layers``: None puts as many layers on a GPU as fit when llama.cpp finds one, -1 all, 0
    none. ``threads`` 0: physical cores. ``repack``: faster writing for about 60 % more memory on a
    CPU. ``cache_folder`` "": picture embeddings are kept in memory alone. ``free_bytes`` 0: the
    system is asked how much memory is free.
    """

    n_ctx: int = 4096
    threads: int = 0
    gpu_layers: int | None = None
    repack: bool = False
    flash_attention: bool = True
    cache_folder: str = ""
    cache_bytes: int = 2 << 30
    memory_cache_bytes: int = 256 << 20
    prefix_bytes: int = 512 << 20
    free_bytes: int = 0


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the header of one GGUF file says; ``sentence`` tells why it is refused, or is empty.

    ``role`` is "model", "projector" or "" for a refused file. ``width`` is the length of the
    vectors that model and projector exchange. ``metadata`` holds the short ``general.*`` texts.
    ``is_stand_in``: its words mean nothing; ``is_phantom_only``: it knows drawn patients alone.
    """

    path: str
    role: Literal["model", "projector", ""] = ""
    sentence: str = ""
    details: str = ""
    name: str = ""
    architecture: str = ""
    quantization: str = ""
    size_bytes: int = 0
    width: int = 0
    layers: int = 0
    context: int = 0
    image_size: int = 0
    tokens_per_image: int = 0
    is_stand_in: bool = False
    is_phantom_only: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A model and a projector (indices into ``Inspected.files``): do they fit, and what they need.

    ``sentence`` says why they do not fit, or what stays in doubt ("" when nothing does).
    """

    model: int
    projector: int
    fits: bool
    sentence: str
    needed_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Device:
    """Something llama.cpp found to compute with; memory is 0 where it does not say."""

    name: str
    description: str
    kind: DeviceKind
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A loaded pair. Digests are empty until ``Digests`` arrived."""

    model: FileFacts
    projector: FileFacts
    model_sha256: str
    projector_sha256: str
    devices: tuple[Device, ...]
    gpu_layers: int
    n_ctx: int
    threads: int
    needed_bytes: int
    llama_version: str
    backend: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What was computed and what was reused for one answer."""

    images_encoded: int = 0
    images_reused: int = 0
    tokens_reused: int = 0
    tokens_evaluated: int = 0
    answer_tokens: int = 0
    thought_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds. ``first_token`` and ``total`` count from the start of the question."""

    load: float = 0.0
    encode: float = 0.0
    prompt: float = 0.0
    first_token: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Provenance:
    """The engine's part of an answer's record: what ran, on what, with which settings."""

    model_name: str
    projector_name: str
    model_sha256: str
    projector_sha256: str
    model_bytes: int
    quantization: str
    metadata: Mapping[str, str]
    llama_version: str
    backend: str
    prompt_tokens_sha256: str
    picture_digests: tuple[str, ...]
    n_ctx: int
    temperature: float
    grammar: str
    max_tokens: int
    thought_tokens: int
    is_phantom_only: bool = False
    protocol: int = VERSION


# Requests: window -> child


@dataclass(frozen=True, slots=True)
class Inspect:
    """Read the headers of these files and say which model and projector belong together."""

    id: int
    paths: tuple[str, ...]
    settings: Settings = Settings()


@dataclass(frozen=True, slots=True)
class Load:
    """Load a model with its projector; what was loaded before is unloaded first."""

    id: int
    model: str
    projector: str
    settings: Settings = Settings()


@dataclass(frozen=True, slots=True)
class Encode:
    """Encode pictures ahead of a question; gives way at once to any request that follows."""

    id: int
    pictures: tuple[SharedPicture, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer a prompt. Temperature 0 is greedy; ``grammar`` is GBNF for the answer, or empty."""

    id: int
    patient: str
    parts: tuple[Part, ...]
    pictures: tuple[SharedPicture, ...]
    max_tokens: int = 1000
    thought_tokens: int = 500
    temperature: float = 0.0
    grammar: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the request with this id as soon as possible."""

    id: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Drop all that is kept of a patient, in memory and on disk."""

    id: int
    patient: str


@dataclass(frozen=True, slots=True)
class Unload:
    """Give the memory back."""

    id: int


# Answers: child -> window


@dataclass(frozen=True, slots=True)
class Inspected:
    """The files in the order they were named, and every model with every projector."""

    id: int
    files: tuple[FileFacts, ...]
    pairs: tuple[Pairing, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready."""

    id: int
    facts: ModelFacts
    seconds: float


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 of both files, in hex; computed after loading, beside the work."""

    id: int
    model_sha256: str
    projector_sha256: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoding ahead ended; ``is_complete`` is False when it gave way or was stopped."""

    id: int
    images_encoded: int
    images_reused: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is.

    Units: "load" thousandths, "encode" layers of the image with index ``image`` of ``images``,
    "read" prompt tokens, "write" tokens of at most ``total``.
    """

    id: int
    stage: Stage
    done: int
    total: int
    image: int = 0
    images: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """Text as it is written; whole characters only."""

    id: int
    text: str
    channel: TokenChannel


@dataclass(frozen=True, slots=True)
class Done:
    """The answer ended."""

    id: int
    stop: StopReason
    counts: Counts
    timings: Timings
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Failed:
    """The request failed; the sentence is for the reader, the details for a report."""

    id: int
    sentence: str
    details: str = ""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Nothing of the patient is left."""

    id: int


@dataclass(frozen=True, slots=True)
class Unloaded:
    """The model's memory is free."""

    id: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The child lives; ``busy_s`` seconds since its present request began, 0 when idle."""

    busy_s: float


REQUESTS: Final = (Inspect, Load, Encode, Ask, Stop, Forget, Unload)
ANSWERS: Final = (
    Inspected, Loaded, Digests, Encoded, Progress, Token, Done, Failed, Forgotten, Unloaded,
    Heartbeat,
)  # fmt: skip
