"""A loaded pair in the child: what it knows, what it keeps, and what it is asked."""

import hashlib
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from assistant.engines import llama, memory, pairing, pictures
from assistant.engines.answering import Answering, Encoding, Send
from assistant.engines.embeddings import Embedding, Embeddings, picture_key
from assistant.engines.gguf import Header
from assistant.engines.prefix import Prefixes
from assistant.engines.protocol import (
    Ask,
    Device,
    Digests,
    Done,
    Encode,
    Encoded,
    Load,
    Loaded,
    ModelFacts,
    Progress,
    Provenance,
    Settings,
    SharedPicture,
)
from viewer.children import free_memory_bytes
from viewer.errors import Cancelled, UserError
from viewer.words import _

_PREPROCESSING: Final = "1"  # counts changes of how a picture becomes an embedding
_THOUSANDTHS: Final = 1000
_CHUNK_BYTES: Final = 4 << 20
_SPARED_CORES_FROM: Final = 5


@dataclass(frozen=True, slots=True)
class _Size:
    """What one picture takes."""

    image_px: int
    tokens: int


class Session:
    """A model and its projector, loaded; made by ``load``."""

    def __init__(
        self,
        model: llama.Llama,
        facts: ModelFacts,
        *,
        settings: Settings,
        digests: "FileDigests",
        cancel: threading.Event,
    ) -> None:
        self.facts = facts
        self._llama = model
        self._settings = settings
        self._digests = digests
        self._cancel = cancel
        self._size = _Size(facts.projector.image_size, facts.projector.tokens_per_image)
        self._prefixes = Prefixes(settings.prefix_bytes)
        self._embeddings = Embeddings(
            memory_bytes=settings.memory_cache_bytes,
            folder=Path(settings.cache_folder) if settings.cache_folder else None,
            disk_bytes=settings.cache_bytes,
        )

    def ask(self, ask: Ask, send: Send) -> Done:
        """Answer a question; ``send`` gets progress and tokens as they come."""
        self._check(ask)
        encoding = Encoding(
            embed=lambda index: self._embed(ask.id, ask.pictures, index, send),
            digests=tuple(picture.digest for picture in ask.pictures),
            tokens=self._size.tokens,
            image_px=self._size.image_px,
        )
        ended = Answering(ask, self._llama, self._prefixes, encoding, send).run()
        provenance = self._provenance(ask, ended.units_digest)
        return Done(ask.id, ended.stop, ended.counts, ended.timings, provenance)

    def encode(self, encode: Encode, send: Send) -> Encoded:
        """Encode pictures ahead, until it is told to give way."""
        counts = {True: 0, False: 0}
        try:
            for index in range(len(encode.pictures)):
                _embedding, found = self._embed(encode.id, encode.pictures, index, send)
                counts[found] += 1
        except Cancelled:
            return Encoded(encode.id, counts[False], counts[True], is_complete=False)
        return Encoded(encode.id, counts[False], counts[True], is_complete=True)

    def forget(self, patient: str) -> None:
        """Drop what is kept of a patient; the model's memory is overwritten as well."""
        self._prefixes.forget(patient)
        self._embeddings.forget(patient)
        self._llama.clear(erase=True)

    def close(self) -> None:
        """Give the memory back."""
        self._llama.close()

    def _embed(
        self,
        id: int,  # noqa: A002
        shared: Sequence[SharedPicture],
        index: int,
        send: Send,
    ) -> tuple[Embedding, bool]:
        """A picture's embedding and whether it was kept from before."""
        if self._cancel.is_set():
            raise Cancelled
        picture = shared[index]
        layers = self.facts.projector.layers

        def on_layer(layer: int) -> None:
            send(Progress(id, "encode", layer, layers, index, len(shared)))

        on_layer(0)
        key = picture_key(
            picture.digest,
            self._digests.projector(),
            f"{self._settings.flash_attention} {self.facts.gpu_layers != 0}",
            _PREPROCESSING,
        )
        if (kept := self._embeddings.find(picture.patient, key)) is not None:
            return kept, True
        embedding = self._llama.encode(pictures.read(picture), on_layer)
        self._embeddings.keep(picture.patient, key, embedding)
        return embedding, False

    def _check(self, ask: Ask) -> None:
        """A question may show only pictures that it brings, all of the same patient."""
        shown = [part.image for part in ask.parts if part.kind == "image"]
        if any(not 0 <= index < len(ask.pictures) for index in shown):
            raise UserError(_("The question names a picture that is not there."), repr(shown))
        if any(picture.patient != ask.patient for picture in ask.pictures):
            raise UserError(_("A question can be about one patient only."))

    def _provenance(self, ask: Ask, units_digest: str) -> Provenance:
        facts = self.facts
        model_sha256, projector_sha256 = self._digests.both(wait=not self._cancel.is_set())
        return Provenance(
            model_name=facts.model.name,
            projector_name=facts.projector.name,
            model_sha256=model_sha256,
            projector_sha256=projector_sha256,
            model_bytes=facts.model.size_bytes,
            quantization=facts.model.quantization,
            metadata=facts.model.metadata,
            llama_version=facts.llama_version,
            backend=facts.backend,
            prompt_tokens_sha256=units_digest,
            picture_digests=tuple(picture.digest for picture in ask.pictures),
            n_ctx=facts.n_ctx,
            temperature=ask.temperature,
            grammar=ask.grammar,
            max_tokens=ask.max_tokens,
            thought_tokens=ask.thought_tokens,
            is_phantom_only=facts.model.is_phantom_only,
        )


class FileDigests:
    """SHA-256 of projector and model, in this order, computed on a thread beside the work."""

    def __init__(self, model: Path, projector: Path) -> None:
        self._model = ""
        self._projector = ""
        self._has_projector = threading.Event()
        self._has_both = threading.Event()
        paths = (projector, model)
        threading.Thread(target=self._read, args=(paths,), name="digests", daemon=True).start()

    def projector(self) -> str:
        """Of the projector; waits for it."""
        self._has_projector.wait()
        return self._projector

    def both(self, *, wait: bool) -> tuple[str, str]:
        """Of model and projector; "" for what is not known yet when not waiting."""
        if wait:
            self._has_both.wait()
        return self._model, self._projector

    def _read(self, paths: tuple[Path, Path]) -> None:
        try:
            self._projector = _file_digest(paths[0])
            self._has_projector.set()
            self._model = _file_digest(paths[1])
        except OSError as error:
            print(f"digests: {error}", file=sys.stderr)
        finally:
            self._has_projector.set()
            self._has_both.set()


def load(load: Load, send: Send, cancel: threading.Event) -> Session:
    """Load a pair after its headers and the memory were checked; Cancelled or UserError."""
    started = time.monotonic()
    model_path, projector_path = Path(load.model), Path(load.projector)
    model, projector = pairing.read_pair(model_path, projector_path)
    facts = pairing.describe(model), pairing.describe(projector)
    settings = replace(load.settings, n_ctx=min(load.settings.n_ctx, facts[0].context))
    need = memory.predict(model, projector, settings)
    devices = llama.devices()
    layers = _gpu_layers(need, model, settings, devices)
    if layers == 0:
        free = settings.free_bytes or free_memory_bytes()
        memory.check(need, free, name=facts[0].name)
    digests = FileDigests(model_path, projector_path)
    options = llama.Options(
        n_ctx=settings.n_ctx,
        threads=settings.threads or _default_threads(),
        gpu_layers=layers,
        repack=settings.repack,
        flash_attention=settings.flash_attention,
        tokens_per_image=facts[1].tokens_per_image,
    )

    told = -1

    def on_load(share: float) -> None:
        nonlocal told
        if (done := round(share * _THOUSANDTHS)) > told:
            told = done
            send(Progress(load.id, "load", done, _THOUSANDTHS))

    loaded = llama.Llama(
        model_path, projector_path, options=options, cancel=cancel, on_load=on_load
    )
    known = ModelFacts(
        model=facts[0],
        projector=facts[1],
        model_sha256="",
        projector_sha256="",
        devices=devices,
        gpu_layers=layers,
        n_ctx=loaded.n_ctx,
        threads=options.threads,
        needed_bytes=need.total,
        llama_version=llama.version(),
        backend=llama.backend(),
    )
    session = Session(loaded, known, settings=settings, digests=digests, cancel=cancel)
    send(Loaded(load.id, known, time.monotonic() - started))
    _tell_digests(load.id, digests, send)
    return session


def _tell_digests(id: int, digests: FileDigests, send: Send) -> None:  # noqa: A002
    def wait_and_tell() -> None:
        send(Digests(id, *digests.both(wait=True)))

    threading.Thread(target=wait_and_tell, name="tell digests", daemon=True).start()


def _gpu_layers(
    need: memory.Need, model: Header, settings: Settings, devices: Sequence[Device]
) -> int:
    """Layers on a GPU: what the settings say, else as many as fit; 0 without a GPU."""
    gpus = [device for device in devices if device.kind == "gpu"]
    if not gpus:
        return 0
    if settings.gpu_layers is not None:
        return settings.gpu_layers
    return memory.layers_that_fit(
        need,
        layers=model.number("gemma3.block_count"),
        gpu_free_bytes=max(gpu.free_bytes for gpu in gpus),
    )


def _default_threads() -> int:
    """Physical cores; on machines with more than four, one is left to the window."""
    has_affinity = hasattr(os, "sched_getaffinity")
    logical = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    cores = min(logical, _physical_cores() or logical)
    return cores - 1 if cores >= _SPARED_CORES_FROM else cores


def _physical_cores() -> int:
    """From the system's own list, 0 where it has none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    cores, package = set(), ""
    for line in text.splitlines():
        name, _colon, value = line.partition(":")
        if name.strip() == "physical id":
            package = value
        elif name.strip() == "core id":
            cores.add((package, value))
    return len(cores)


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK_BYTES):
            digest.update(part)
    return digest.hexdigest()
