"""What a GGUF file is, and which projector belongs to which model, from their headers alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from assistant.engines import memory
from assistant.engines.gguf import Header, read_header
from assistant.engines.protocol import FileFacts, Inspected, Pairing, Settings
from viewer.errors import UserError
from viewer.words import _

_MODEL: Final = "gemma3"
_PROJECTOR: Final = "clip"
_MARKS: Final = ("<start_of_image>", "<end_of_image>", "<start_of_turn>", "<end_of_turn>")
_TEXT_CHARS: Final = 200
_DEFAULT_POOL: Final = 4

_QUANTIZATIONS: Final = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip

_BOUNDS: Final = {
    "gemma3.block_count": 256,
    "gemma3.embedding_length": 1 << 15,
    "gemma3.feed_forward_length": 1 << 18,
    "gemma3.attention.head_count": 512,
    "gemma3.context_length": 1 << 24,
    "clip.vision.image_size": 4096,
    "clip.vision.patch_size": 256,
    "clip.vision.projection_dim": 1 << 15,
    "clip.vision.embedding_length": 1 << 15,
    "clip.vision.block_count": 256,
    "clip.vision.attention.head_count": 512,
}
"""Whole numbers that must be there, from 1 to this."""


def inspect(id: int, paths: Sequence[str], settings: Settings, free_bytes: int) -> Inspected:  # noqa: A002
    """Read headers; every model is paired with every projector. Refused files say why."""
    headers = [_try_read(Path(path)) for path in paths]
    facts = tuple(found if isinstance(found, FileFacts) else describe(found) for found in headers)
    pairs = []
    for m, model in enumerate(headers):
        for p, projector in enumerate(headers):
            if facts[m].role != "model" or facts[p].role != "projector":
                continue
            if isinstance(model, Header) and isinstance(projector, Header):
                need = memory.predict(model, projector, settings).total
                fits, sentence = judge(facts[m], facts[p])
                pairs.append(Pairing(m, p, fits, sentence, need, free_bytes))
    return Inspected(id, facts, tuple(pairs))


def read_pair(model: Path, projector: Path) -> tuple[Header, Header]:
    """Both headers, checked to be a model and a projector that fit; UserError says why not."""
    headers = read_header(model), read_header(projector)
    facts = describe(headers[0]), describe(headers[1])
    for found, role in zip(facts, ("model", "projector"), strict=True):
        if found.sentence:
            raise UserError(found.sentence, found.details)
        if found.role != role:
            raise UserError(_wrong_role(Path(found.path).name, role))
    fits, sentence = judge(*facts)
    if not fits:
        raise UserError(sentence, f"projector width {facts[1].width}, model width {facts[0].width}")
    return headers


def describe(header: Header) -> FileFacts:
    """What the file is; ``sentence`` tells why it cannot be used."""
    architecture = header.text("general.architecture")
    facts = FileFacts(
        path=str(header.path),
        name=_shown(header.text("general.name")) or header.path.stem,
        architecture=_shown(architecture),
        quantization=_QUANTIZATIONS.get(header.number("general.file_type", -1), ""),
        size_bytes=header.size_bytes,
        is_stand_in=header.values.get("second_read.stand_in") is True,
        is_phantom_only=header.values.get("second_read.phantom_only") is True,
        metadata={
            key: _shown(value)
            for key, value in header.values.items()
            if key.startswith("general.") and isinstance(value, str)
        },
    )
    if architecture == _MODEL:
        return _describe_model(header, facts)
    if architecture == _PROJECTOR:
        return _describe_projector(header, facts)
    return replace(
        facts,
        sentence=_(
            "{name} holds a model of another kind ({kind}). Choose a MedGemma or Gemma 3 file."
        ).format(name=header.path.name, kind=facts.architecture or _("unnamed")),
    )


def judge(model: FileFacts, projector: FileFacts) -> tuple[bool, str]:
    """Whether they fit, and why not or what stays in doubt."""
    if model.width != projector.width:
        return False, _(
            "{projector} belongs to another model. Choose the projector that came with {model}."
        ).format(projector=Path(projector.path).name, model=Path(model.path).name)
    if _are_related(model, projector):
        return True, ""
    return True, _(
        "{projector} fits {model}, but does not say that it was made for it. Try it on an image"
        " that you know."
    ).format(projector=Path(projector.path).name, model=Path(model.path).name)


def _describe_model(header: Header, facts: FileFacts) -> FileFacts:
    if wrong := _out_of_bounds(header, "gemma3."):
        return replace(facts, sentence=_damaged(header), details=wrong)
    if missing := [mark for mark in _MARKS if mark not in header.marks]:
        return replace(
            facts,
            sentence=_("{name} cannot read images. Choose a model of 4B or larger.").format(
                name=header.path.name
            ),
            details=" ".join(missing),
        )
    return replace(
        facts,
        role="model",
        width=header.number("gemma3.embedding_length"),
        layers=header.number("gemma3.block_count"),
        context=header.number("gemma3.context_length"),
    )


def _describe_projector(header: Header, facts: FileFacts) -> FileFacts:
    kind = header.text("clip.projector_type") or header.text("clip.vision.projector_type")
    if kind != _MODEL or header.values.get("clip.has_vision_encoder") is not True:
        return replace(
            facts,
            sentence=_(
                "{name} is a projector for another kind of model ({kind}). Choose the one that"
                " came with your model."
            ).format(name=header.path.name, kind=_shown(kind) or _("unnamed")),
        )
    if wrong := _out_of_bounds(header, "clip."):
        return replace(facts, sentence=_damaged(header), details=wrong)
    size = header.number("clip.vision.image_size")
    patch = header.number("clip.vision.patch_size")
    pool = header.number("clip.vision.projector.scale_factor", _DEFAULT_POOL)
    if size % patch or pool < 1 or (size // patch) % pool:
        return replace(facts, sentence=_damaged(header), details=f"{size} / {patch} / {pool}")
    return replace(
        facts,
        role="projector",
        width=header.number("clip.vision.projection_dim"),
        layers=header.number("clip.vision.block_count"),
        image_size=size,
        tokens_per_image=(size // patch // pool) ** 2,
    )


def _try_read(path: Path) -> Header | FileFacts:
    try:
        return read_header(path)
    except UserError as error:
        return FileFacts(path=str(path), sentence=error.sentence, details=error.details)


def _out_of_bounds(header: Header, prefix: str) -> str:
    for key, most in _BOUNDS.items():
        if key.startswith(prefix) and not 1 <= header.number(key) <= most:
            return f"{key} = {header.number(key)}"
    return ""


def _are_related(model: FileFacts, projector: FileFacts) -> bool:
    """Whether a name of one begins with a name of the other."""
    ours, theirs = _names(model), _names(projector)
    return any(a.startswith(b) or b.startswith(a) for a in ours for b in theirs)


def _names(facts: FileFacts) -> list[str]:
    keys = ("general.name", "general.basename", "general.base_model.0.name")
    return [facts.metadata[key].casefold() for key in keys if facts.metadata.get(key)]


def _wrong_role(name: str, role: str) -> str:
    if role == "model":
        return _("{name} is a projector. Choose a model file here.").format(name=name)
    return _("{name} is a model. Choose its projector (mmproj) here.").format(name=name)


def _damaged(header: Header) -> str:
    return _("{name} is damaged or not a model. Copy or download it again.").format(
        name=header.path.name
    )


def _shown(text: str) -> str:
    """Foreign text, cut and with control characters made visible."""
    return "".join(c if c.isprintable() else "�" for c in text[:_TEXT_CHARS])
