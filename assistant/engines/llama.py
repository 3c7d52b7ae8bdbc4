"""llama.cpp and its mtmd, called directly: the only module that imports ``llama_cpp``.

One context, one sequence. Pictures are encoded apart from the prompt, so that what the tower makes
of them can be kept; the prompt is tokenized with placeholders in their places. A ``cancel`` event
is looked at between the nodes of a decode and between the layers of an encode.
"""

import ctypes
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from llama_cpp import __version__ as _bindings_version
from llama_cpp import _ggml
from llama_cpp import llama_cpp as lib
from llama_cpp import mtmd_cpp as mtmd
from numpy.typing import NDArray

from assistant.engines.embeddings import Embedding
from assistant.engines.marks import Marks
from assistant.engines.memory import BATCH_TOKENS
from assistant.engines.protocol import Device, DeviceKind, Part
from viewer.errors import Cancelled, UserError
from viewer.words import _

_WARN: Final = 3  # ggml's log levels; below it are sizes and, at DEBUG, prompt text
_ERROR: Final = 4
_ERROR_LINES: Final = 8
_OUT_OF_CELLS: Final = 1
_ABORTED: Final = 2
_PIECE_BYTES: Final = 512
_SEED: Final = 0
_TOP_K: Final = 64
_TOP_P: Final = 0.95
_LAYER_NAME: Final = b"layer_out"
_KINDS: Final[dict[int, DeviceKind]] = {0: "cpu", 1: "gpu", 2: "gpu"}
_CANDIDATE: Final = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class ContextFull(Exception):  # noqa: N818 - an end like any other
    """No room is left in the context."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to load; ``gpu_layers`` -1 is all."""

    n_ctx: int
    threads: int
    gpu_layers: int
    repack: bool
    flash_attention: bool
    tokens_per_image: int


@dataclass(frozen=True, slots=True)
class ImageSlot:
    """The place of the picture with this index in a tokenized prompt."""

    index: int


Piece = int | ImageSlot
"""A token's id, or a picture's place."""

_Item = tuple[bytes, bool] | tuple[int, int, Any]
"""Text and whether special tokens are parsed in it; or a picture's width, height, and pixels."""


class _Log:
    """llama.cpp's warnings to standard error; the last errors are kept to explain a failure."""

    def __init__(self) -> None:
        self.errors: deque[str] = deque(maxlen=_ERROR_LINES)
        self._callback = lib.llama_log_callback(self._take)

    def install(self) -> None:
        lib.llama_log_set(self._callback, None)
        mtmd.mtmd_helper_log_set(self._callback, None)

    def _take(self, level: int, text: bytes, _data: object) -> None:
        if not _WARN <= level <= _ERROR:
            return
        line = text.decode("utf-8", "replace").rstrip()
        if level == _ERROR:
            self.errors.append(line)
        print(line, file=sys.stderr, flush=True)


_log: Final = _Log()  # C keeps its callback for ever, so it must live as long as the process


def start() -> None:
    """Once, before anything else."""
    _log.install()
    get_name = _ggml.libggml.ggml_get_name
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    lib.llama_backend_init()


def version() -> str:
    """Of the bindings and of the llama.cpp inside."""
    commit = ctypes.CFUNCTYPE(ctypes.c_char_p)(("ggml_commit", _ggml.libggml))
    return f"llama-cpp-python {_bindings_version}, ggml {(commit() or b'').decode()}"


def backend() -> str:
    """The processor's and the devices' features, as llama.cpp names them."""
    text: str = lib.llama_print_system_info().decode("utf-8", "replace")
    return text.strip()


def devices() -> tuple[Device, ...]:
    """Everything llama.cpp found to compute with."""
    ggml = _ggml.libggml
    get, name = ggml.ggml_backend_dev_get, ggml.ggml_backend_dev_name
    description = ggml.ggml_backend_dev_description
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    for text in (name, description):
        text.restype, text.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    found = []
    for i in range(ggml.ggml_backend_dev_count()):
        device = ctypes.c_void_p(get(i))
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        kind = _KINDS.get(ggml.ggml_backend_dev_type(device), "accelerator")
        words = [(call(device) or b"").decode("utf-8", "replace") for call in (name, description)]
        found.append(Device(words[0], words[1], kind, free.value, total.value))
    return tuple(found)


class Llama:
    """A loaded model with its projector; one thread at a time may call it.

    ``on_load`` is told how much of the weights is there, 0 to 1. ``read`` takes at most
    ``batch_tokens`` at once.
    """

    def __init__(
        self,
        model: Path,
        projector: Path,
        *,
        options: Options,
        cancel: threading.Event,
        on_load: Callable[[float], None],
    ) -> None:
        self._cancel = cancel
        self._on_layer: Callable[[int], None] = lambda _layer: None
        self._layer = 0
        # C holds these for as long as the model lives.
        self._should_abort = lib.ggml_abort_callback(lambda _data: cancel.is_set())
        self._observe = lib.ggml_backend_sched_eval_callback(self._observed)
        with ExitStack() as undo:
            self._model = _load_model(model, options, cancel, on_load)
            undo.callback(lib.llama_model_free, self._model)
            self._vocabulary = lib.llama_model_get_vocab(self._model)
            self._context = self._make_context(options)
            undo.callback(lib.llama_free, self._context)
            self._tower = self._load_tower(projector, options)
            undo.callback(mtmd.mtmd_free, self._tower)
            self.batch_tokens = max(BATCH_TOKENS, options.tokens_per_image)
            self._text_batch = lib.llama_batch_init(self.batch_tokens, 0, 1)
            undo.callback(lib.llama_batch_free, self._text_batch)
            self.width = int(lib.llama_model_n_embd(self._model))
            self._image_batch = lib.llama_batch_init(self.batch_tokens, self.width, 1)
            undo.callback(lib.llama_batch_free, self._image_batch)
            self._memory = lib.llama_get_memory(self._context)
            self.n_ctx = int(lib.llama_n_ctx(self._context))
            self.n_vocabulary = int(lib.llama_vocab_n_tokens(self._vocabulary))
            self.marks = Marks(self._special_tokens())
            self._undo = undo.pop_all()

    def close(self) -> None:
        """Give everything back, in the reverse order."""
        self._undo.close()

    # Words

    def tokenize(self, parts: Sequence[Part], *, image_px: int) -> list[Piece]:
        """A prompt as tokens and picture places, ``<bos>`` first.

        Special tokens come from ``control`` parts alone; UserError when another part would make
        one all the same.
        """
        slots = iter([part.image for part in parts if part.kind == "image"])
        items: list[_Item] = []
        for part in parts:
            if part.kind == "image":
                items.append((image_px, image_px, None))
            else:
                pieces = self.marks.apart(part.text) if part.kind == "untrusted" else (part.text,)
                items += [
                    (text.encode("utf-8", "replace"), part.kind == "control")
                    for text in pieces
                    if text
                ]
        found: list[Piece] = []
        with self._tokenized(items, add_special=True) as chunks:
            for chunk in chunks:
                if _is_image(chunk):
                    found.append(ImageSlot(next(slots)))
                else:
                    found += _tokens(chunk)
        return found

    def piece(self, token: int) -> bytes:
        """A token's bytes, b"" for a special token; a character may span several tokens."""
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        length = lib.llama_token_to_piece(
            self._vocabulary, token, buffer, _PIECE_BYTES, 0, False
        )  # fmt: skip
        return buffer.raw[: max(0, length)]

    def is_end(self, token: int) -> bool:
        """Whether the answer ends with this token."""
        return bool(lib.llama_vocab_is_eog(self._vocabulary, token))

    # Pictures

    def encode(self, rgb: NDArray[np.uint8], on_layer: Callable[[int], None]) -> Embedding:
        """What the tower makes of a picture (rows, columns, 3); ``on_layer`` counts from 1.

        Raises Cancelled between two layers.
        """
        self._on_layer, self._layer = on_layer, 0
        pixels = np.ascontiguousarray(rgb, np.uint8)
        pointer = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        item = (pixels.shape[1], pixels.shape[0], pointer)
        with self._tokenized([item], add_special=False) as chunks:
            chunk = next(chunk for chunk in chunks if _is_image(chunk))
            code = mtmd.mtmd_encode_chunk(self._tower, chunk)
            if self._cancel.is_set():
                raise Cancelled  # a stopped encode returns 0 all the same
            if code:
                raise UserError(_("The picture could not be encoded."), f"encode: {code}")
            shape = (mtmd.mtmd_input_chunk_get_n_tokens(chunk), self.width)
            return np.ctypeslib.as_array(mtmd.mtmd_get_output_embd(self._tower), shape).copy()

    # Reading and writing

    def clear(self, *, erase: bool) -> None:
        """Start a new prompt; ``erase`` also overwrites what was read before."""
        lib.llama_memory_clear(self._memory, erase)

    def read(self, tokens: Sequence[int], position: int) -> int:
        """Read at most a batch of tokens; the next position. Cancelled or ContextFull."""
        batch = self._text_batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i] = token
            _place(batch, i, position)
        batch.logits[len(tokens) - 1] = 1
        self._decode(batch, position)
        return position + len(tokens)

    def read_image(self, embedding: Embedding, position: int) -> int:
        """Read a picture's embedding; the next position. Cancelled or ContextFull.

        All tokens of a picture see each other: one batch, without the causal mask.
        """
        batch = self._image_batch
        numbers = np.ascontiguousarray(embedding, np.float32)
        batch.n_tokens = numbers.shape[0]
        ctypes.memmove(batch.embd, numbers.ctypes.data, numbers.nbytes)
        for i in range(batch.n_tokens):
            _place(batch, i, position)
        lib.llama_set_causal_attn(self._context, False)
        try:
            self._decode(batch, position)
        finally:
            lib.llama_set_causal_attn(self._context, True)
        return position + int(batch.n_tokens)

    def logits(self) -> NDArray[np.float32]:
        """(vocabulary,) of the last token read; a view that the next read ends."""
        row = lib.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(row, shape=(self.n_vocabulary,))

    def state(self) -> bytes:
        """All that was read so far, to be put back by ``restore``."""
        size = lib.llama_state_seq_get_size(self._context, 0)
        buffer = (ctypes.c_uint8 * size)()
        written = lib.llama_state_seq_get_data(self._context, buffer, size, 0)
        return bytes(memoryview(buffer)[:written])

    def restore(self, state: bytes) -> bool:
        """Put a state back into a cleared context; False when it does not fit."""
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        return bool(lib.llama_state_seq_set_data(self._context, buffer, len(state), 0))

    @contextmanager
    def sampler(self, *, temperature: float, grammar: str) -> Iterator[Callable[[], int]]:
        """A function that chooses the next token from ``logits``.

        Greedy at temperature 0; UserError when the grammar cannot be read.
        """
        with ExitStack() as undo:
            rules = chain = None
            if grammar:
                rules = lib.llama_sampler_init_grammar(self._vocabulary, grammar.encode(), b"root")
                if not rules:
                    raise UserError(_("The answer's form is not understood."), grammar[:2000])
                undo.callback(lib.llama_sampler_free, rules)
            if temperature > 0:
                chain = _sampling_chain(temperature)
                undo.callback(lib.llama_sampler_free, chain)
            yield partial(_choose, self.logits, rules, chain)

    @contextmanager
    def _tokenized(self, items: Sequence[_Item], *, add_special: bool) -> Iterator[list[Any]]:
        """The chunks that mtmd makes of text and pictures, alive inside the block."""
        with ExitStack() as undo:
            parts = _input_parts(items, undo)
            kind = ctypes.POINTER(mtmd.mtmd_input_part)
            pointers = (kind * len(parts))(*(ctypes.pointer(part) for part in parts))
            chunks = mtmd.mtmd_input_chunks_init()
            undo.callback(mtmd.mtmd_input_chunks_free, chunks)
            code = mtmd.mtmd_tokenize_from_parts(
                self._tower, chunks, pointers, len(parts), add_special
            )
            if code:
                raise UserError(_("The question could not be prepared."), f"tokenize: {code}")
            count = mtmd.mtmd_input_chunks_size(chunks)
            yield [mtmd.mtmd_input_chunks_get(chunks, i) for i in range(count)]

    def _special_tokens(self) -> Iterator[tuple[int, str, bool]]:
        special = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        for token in range(self.n_vocabulary):
            attributes = lib.llama_vocab_get_attr(self._vocabulary, token)
            if attributes & special:
                text = lib.llama_vocab_get_text(self._vocabulary, token).decode("utf-8", "replace")
                yield token, text, bool(attributes & lib.LLAMA_TOKEN_ATTR_CONTROL)

    def _decode(self, batch: Any, position: int) -> None:
        if self._cancel.is_set():
            raise Cancelled
        if position + batch.n_tokens > self.n_ctx:
            raise ContextFull
        code = lib.llama_decode(self._context, batch)
        if code == _ABORTED:
            raise Cancelled
        if code == _OUT_OF_CELLS:
            raise ContextFull
        if code:
            raise UserError(_("The model stopped with an error. Ask again."), _errors(code))

    def _observed(self, tensor: int, ask: bool, _data: object) -> bool:
        """Called by the tower's scheduler: wants every layer's end, False there ends the encode."""
        if ask:
            return bool(_ggml.libggml.ggml_get_name(tensor).startswith(_LAYER_NAME))
        self._layer += 1
        self._on_layer(self._layer)
        return not self._cancel.is_set()

    def _make_context(self, options: Options) -> Any:
        parameters = lib.llama_context_default_params()
        batch = max(BATCH_TOKENS, options.tokens_per_image)
        parameters.n_ctx = options.n_ctx
        # An image is decoded in one piece: fewer and llama.cpp ends the process.
        parameters.n_batch = parameters.n_ubatch = batch
        parameters.n_threads = parameters.n_threads_batch = options.threads
        parameters.swa_full = False
        context = lib.llama_init_from_model(self._model, parameters)
        if not context:
            raise UserError(
                _("The model could not be prepared, often because memory ran out."), _errors()
            )
        lib.llama_set_abort_callback(context, self._should_abort, None)
        return context

    def _load_tower(self, projector: Path, options: Options) -> Any:
        parameters = mtmd.mtmd_context_params_default()
        parameters.use_gpu = options.gpu_layers != 0
        parameters.n_threads = options.threads
        parameters.print_timings = False
        parameters.warmup = False  # one more encode at every start
        parameters.flash_attn_type = int(options.flash_attention)
        parameters.cb_eval = self._observe
        tower = mtmd.mtmd_init_from_file(os.fsencode(projector), self._model, parameters)
        if not tower:
            raise UserError(
                _("{name} could not be loaded as a projector.").format(name=projector.name),
                _errors(),
            )
        return tower


def _load_model(
    path: Path, options: Options, cancel: threading.Event, on_load: Callable[[float], None]
) -> Any:
    def progressed(share: float, _data: object) -> bool:
        on_load(share)
        return not cancel.is_set()

    parameters = lib.llama_model_default_params()
    callback = lib.llama_progress_callback(progressed)
    parameters.progress_callback = callback
    parameters.n_gpu_layers = options.gpu_layers
    parameters.use_extra_bufts = options.repack
    _log.errors.clear()
    model = lib.llama_model_load_from_file(os.fsencode(path), parameters)
    if model:
        return model
    if cancel.is_set():
        raise Cancelled
    raise UserError(_("{name} could not be loaded.").format(name=path.name), _errors())


def _errors(code: int = 0) -> str:
    return "\n".join([f"code {code}", *_log.errors])


def _place(batch: Any, i: int, position: int) -> None:
    batch.pos[i] = position + i
    batch.n_seq_id[i] = 1
    batch.seq_id[i][0] = 0
    batch.logits[i] = 0


def _input_parts(items: Sequence[_Item], undo: ExitStack) -> list[Any]:
    """Parts for mtmd; ctypes keeps nothing alive by itself, so ``undo`` holds all of it."""
    parts = []
    for item in items:
        part = mtmd.mtmd_input_part()
        if len(item) == 2:
            words = mtmd.mtmd_input_text(
                text=item[0], text_len=len(item[0]), add_special=False, parse_special=item[1]
            )
            undo.callback(lambda _item, _words: None, item, words)
            part.text = ctypes.pointer(words)
        else:
            part.bitmap = mtmd.mtmd_bitmap_init(*item)
            undo.callback(mtmd.mtmd_bitmap_free, part.bitmap)
        parts.append(part)
    return parts


def _is_image(chunk: Any) -> bool:
    return bool(mtmd.mtmd_input_chunk_get_type(chunk) == mtmd.MTMD_INPUT_CHUNK_TYPE_IMAGE)


def _tokens(chunk: Any) -> list[int]:
    count = ctypes.c_size_t()
    tokens = mtmd.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
    return [int(tokens[i]) for i in range(count.value)]


def _sampling_chain(temperature: float) -> Any:
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    top_k, top_p = lib.llama_sampler_init_top_k(_TOP_K), lib.llama_sampler_init_top_p(_TOP_P, 1)
    heat, dice = lib.llama_sampler_init_temp(temperature), lib.llama_sampler_init_dist(_SEED)
    for sampler in (top_k, top_p, heat, dice):
        lib.llama_sampler_chain_add(chain, sampler)
    return chain


def _choose(logits: Callable[[], NDArray[np.float32]], rules: Any, chain: Any) -> int:
    """The next token: the best one where the grammar allows it, else the best that it allows."""
    row = logits()
    best = int(row.argmax())
    if rules is None and chain is None:
        return best
    is_allowed = chain is None and _allowed(rules, row, best)
    token = best if is_allowed else _chosen(rules, chain, row)
    if rules is not None:
        lib.llama_sampler_accept(rules, token)
    return token


def _allowed(rules: Any, row: NDArray[np.float32], token: int) -> bool:
    candidates = np.array([(token, row[token], 0.0)], _CANDIDATE)
    lib.llama_sampler_apply(rules, ctypes.byref(_candidate_array(candidates)))
    return bool(np.isfinite(candidates["logit"][0]))


def _chosen(rules: Any, chain: Any, row: NDArray[np.float32]) -> int:
    candidates = np.zeros(row.size, _CANDIDATE)
    candidates["id"], candidates["logit"] = np.arange(row.size), row
    array = _candidate_array(candidates)
    if rules is not None:
        lib.llama_sampler_apply(rules, ctypes.byref(array))
    if chain is None:
        return int(candidates["logit"].argmax())
    lib.llama_sampler_apply(chain, ctypes.byref(array))
    return int(array.data[array.selected].id)


def _candidate_array(candidates: NDArray[Any]) -> Any:
    data = candidates.ctypes.data_as(lib.llama_token_data_p)
    return lib.llama_token_data_array(data=data, size=candidates.size, selected=-1, sorted=False)
