"""One question from its parts to its last token: encode, read, write.

The prompt is always read in the same pieces, whether its beginning comes from a snapshot or not, so
that a cached answer is the same to the bit as a cold one. Its beginning ends after the last picture
and again before the first untrusted word behind it.
"""

import codecs
import hashlib
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from assistant.engines import marks
from assistant.engines.embeddings import Embedding
from assistant.engines.llama import ContextFull, ImageSlot, Llama
from assistant.engines.prefix import Prefixes, Unit
from assistant.engines.protocol import (
    Ask,
    Counts,
    Part,
    Progress,
    StopReason,
    Timings,
    Token,
    TokenChannel,
)
from viewer import limits
from viewer.errors import Cancelled, UserError
from viewer.words import _

_SHORTEST_STEP: Final = 32  # fewer tokens than this are read again sooner than kept

Send = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class Encoding:
    """Pictures of a question as embeddings, made or found by ``embed(index) -> (values, found)``.

    ``tokens`` is how many positions each takes; ``digests`` are theirs in order of index.
    """

    embed: Callable[[int], tuple[Embedding, bool]]
    digests: tuple[str, ...]
    tokens: int
    image_px: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How an answer ended; ``units_digest`` is the SHA-256 of the prompt's tokens and pictures."""

    stop: StopReason
    counts: Counts
    timings: Timings
    units_digest: str


@dataclass(slots=True)
class Answering:
    """One ``Ask`` under way."""

    ask: Ask
    llama: Llama
    prefixes: Prefixes
    encoding: Encoding
    send: Send
    _counts: Counts = field(default_factory=Counts)
    _timings: Timings = field(default_factory=Timings)
    _units: list[Unit] = field(default_factory=list)
    _images: list[int] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    def run(self) -> Ended:
        """Answer; UserError when the prompt is too long or something in it is wrong."""
        try:
            self._tokenize()
            stop = self._write(self._read())
        except Cancelled:
            stop = "stopped"
        except ContextFull:
            stop = "context_full"
        total = time.monotonic() - self._started
        digest = hashlib.sha256(repr(self._units).encode()).hexdigest()
        return Ended(stop, self._counts, replace(self._timings, total=total), digest)

    def _tokenize(self) -> None:
        self._units, self._images = self._as_units(self.ask.parts)
        needed = self._positions(self._units)
        if needed >= self.llama.n_ctx:
            raise UserError(
                _(
                    "The question with its pictures needs {needed} tokens and the model was loaded"
                    " for {room}. Ask about fewer pictures, or raise the context length."
                ).format(needed=needed, room=self.llama.n_ctx)
            )

    def _as_units(self, parts: Sequence[Part]) -> tuple[list[Unit], list[int]]:
        """Tokens and picture digests, and the pictures' indices, both in order."""
        units: list[Unit] = []
        images: list[int] = []
        for piece in self.llama.tokenize(parts, image_px=self.encoding.image_px):
            if isinstance(piece, ImageSlot):
                images.append(piece.index)
                units.append(self.encoding.digests[piece.index])
            else:
                units.append(piece)
        return units, images

    def _positions(self, units: Sequence[Unit]) -> int:
        return sum(self.encoding.tokens if isinstance(u, str) else 1 for u in units)

    def _steps(self) -> list[int]:
        """Where snapshots may stand, as counts of units, ascending; the end is never one."""
        last = max((i for i, unit in enumerate(self._units) if isinstance(unit, str)), default=-1)
        steps = [last + 1] if last >= 0 else []
        kinds = [part.kind for part in self.ask.parts]
        after = len(kinds) - kinds[::-1].index("image") if "image" in kinds else 0
        if "untrusted" in kinds[after:]:
            first = kinds.index("untrusted", after)
            stable, _images = self._as_units(self.ask.parts[:first])
            is_beginning = self._units[: len(stable)] == stable
            if is_beginning and len(stable) >= last + 1 + _SHORTEST_STEP:
                steps.append(len(stable))
        return [step for step in steps if step < len(self._units)]

    def _read(self) -> int:
        """Read the prompt, from a snapshot on where there is one; the next position."""
        steps = self._steps()
        begin, position = self._restore(steps)
        embeddings = self._encode(begin)
        started = time.monotonic()
        ends = [*[step for step in steps if step > begin], len(self._units)]
        done = position
        total = self._positions(self._units)
        for end in ends:
            for run in self._runs(begin, end):
                self.send(Progress(self.ask.id, "read", done, total))
                if isinstance(run, str):
                    position = self.llama.read_image(embeddings[run], position)
                else:
                    position = self.llama.read(run, position)
                done = position
            if end in steps:
                state = self.llama.state()
                kept = self._units[:end]
                self.prefixes.keep(self.ask.patient, kept, positions=position, state=state)
            begin = end
        self._timings = replace(self._timings, prompt=time.monotonic() - started)
        return position

    def _restore(self, steps: Sequence[int]) -> tuple[int, int]:
        """Put the longest kept beginning back: how many units and positions of it."""
        for step in reversed(steps):
            found = self.prefixes.find(self.ask.patient, self._units[:step])
            self.llama.clear(erase=False)
            if found is not None and self.llama.restore(found.state):
                reused = sum(isinstance(unit, str) for unit in self._units[:step])
                self._count(tokens_reused=found.positions, images_reused=reused)
                return step, found.positions
        self.llama.clear(erase=True)
        return 0, 0

    def _encode(self, begin: int) -> dict[str, Embedding]:
        """Embeddings of the pictures that are still to be read, by digest."""
        started = time.monotonic()
        read = sum(isinstance(unit, str) for unit in self._units[:begin])
        embeddings: dict[str, Embedding] = {}
        for index in self._images[read:]:
            digest = self.encoding.digests[index]
            if digest not in embeddings:
                embeddings[digest], found = self.encoding.embed(index)
                self._count(images_encoded=int(not found), images_reused=int(found))
        self._timings = replace(self._timings, encode=time.monotonic() - started)
        return embeddings

    def _runs(self, begin: int, end: int) -> list[str | list[int]]:
        """Units as a picture's digest alone or tokens of at most a batch."""
        runs: list[str | list[int]] = []
        for is_image, group in itertools.groupby(
            self._units[begin:end], lambda unit: isinstance(unit, str)
        ):
            units = list(group)
            if is_image:
                runs += [unit for unit in units if isinstance(unit, str)]
                continue
            tokens = [unit for unit in units if isinstance(unit, int)]
            size = self.llama.batch_tokens
            runs += [tokens[i : i + size] for i in range(0, len(tokens), size)]
        self._count(tokens_evaluated=self._positions(self._units[begin:end]))
        return runs

    def _write(self, position: int) -> StopReason:
        """Write tokens until the answer ends or a limit is reached."""
        ask, llama = self.ask, self.llama
        writer = _Writer(ask, llama, self.send)
        self.send(Progress(ask.id, "write", 0, ask.max_tokens))
        try:
            with llama.sampler(temperature=ask.temperature, grammar=ask.grammar) as choose:
                for written in itertools.count():
                    token = choose()
                    if not written:
                        first = time.monotonic() - self._started
                        self._timings = replace(self._timings, first_token=first)
                    if stop := writer.take(token):
                        return stop
                    position = llama.read([token], position)
        finally:
            writer.finish()
            self._count(answer_tokens=writer.answer, thought_tokens=writer.thought)
        raise AssertionError("a count never ends")

    def _count(self, **more: int) -> None:
        changed = {name: getattr(self._counts, name) + value for name, value in more.items()}
        self._counts = replace(self._counts, **changed)


class _Writer:
    """Tokens to text in two channels, split by the ids of the thought's marks."""

    def __init__(self, ask: Ask, llama: Llama, send: Send) -> None:
        self.answer = 0
        self.thought = 0
        self._ask = ask
        self._llama = llama
        self._send = send
        self._channel: TokenChannel = "answer"
        self._bytes = 0
        self._begins = llama.marks.id(marks.THOUGHT_BEGINS)
        self._ends = llama.marks.id(marks.THOUGHT_ENDS)
        # A character may span tokens: whole characters only.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._most = min(ask.max_tokens, limits.ANSWER_TOKENS)

    def take(self, token: int) -> StopReason | None:
        """Send a token's text; why writing ends, or None."""
        if self._llama.is_end(token):
            return "end"
        if token in {self._begins, self._ends}:
            self.finish()
            self._channel = "thought" if token == self._begins else "answer"
            return None
        piece = self._llama.piece(token)
        self._bytes += len(piece)
        self._emit(self._decoder.decode(piece))
        if self._channel == "thought":
            self.thought += 1
            return "thought_limit" if self.thought >= self._ask.thought_tokens else None
        self.answer += 1
        is_full = self.answer >= self._most or self._bytes >= limits.ANSWER_BYTES
        return "answer_limit" if is_full else None

    def finish(self) -> None:
        """Send what is left of an unfinished character."""
        self._emit(self._decoder.decode(b"", final=True))
        self._decoder.reset()

    def _emit(self, text: str) -> None:
        if text:
            self._send(Token(self._ask.id, text, self._channel))
