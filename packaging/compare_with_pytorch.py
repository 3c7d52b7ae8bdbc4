"""Ask the demo model the same questions in llama.cpp and in PyTorch, and compare token by token.

    python packaging/compare_with_pytorch.py [--model GGUF --projector GGUF] [--items 50] [-o FILE]

Needs PyTorch beside the project's own environment (``pip install torch``). Both get the same
pictures of patients never learnt from and the same prompts. llama.cpp answers through the program's
own engine: as the program runs it, and in two ways that come closer to PyTorch's arithmetic. Exit
code 1 when a prompt or an answer differs.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from threading import Event
from typing import Any
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

from demo_model.decoder_training import IMAGE, answer, place_images, sheet_mask  # noqa: E402
from demo_model.imported import read_model, read_projector  # noqa: E402
from demo_model.mixed_items import MixedItem, draw_item  # noqa: E402
from demo_model.network import Decoder, Tower  # noqa: E402
from demo_model.questions import School  # noqa: E402
from demo_model.tower_training import channels_first  # noqa: E402
from demo_model.vocabulary import Tokenizer  # noqa: E402
from gguf_files import END_OF_TURN  # noqa: E402

from assistant.engines import llama  # noqa: E402
from assistant.engines.answering import Answering, Encoding  # noqa: E402
from assistant.engines.prefix import Prefixes  # noqa: E402
from assistant.engines.protocol import Ask, Settings  # noqa: E402

SHIPPED = ROOT / "resources" / "demo_model"
OFF, F32 = 0, 0
"""llama.cpp's numbers for flash attention that is off, and for the type of keys and values."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run llama.cpp: the tower's flash attention, and what else its context is told."""

    name: str
    flash_attention: bool
    context: dict[str, int]


WAYS = (
    Way("as the program runs it", Settings().flash_attention, {}),
    Way("without flash attention", False, {"flash_attn_type": OFF}),
    Way("and F32 keys and values", False, {"flash_attn_type": OFF, "type_k": F32, "type_v": F32}),
)


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """An answer: tokens, the logits that chose each, the prompt's ids and the pictures' tokens."""

    tokens: list[int]
    logits: NDArray[np.float32]
    prompt: list[int]
    embeddings: NDArray[np.float32]


class Recorded(llama.Llama):
    """The program's llama.cpp, which remembers what it chose and from what."""

    def __init__(self, *paths: Path, options: llama.Options) -> None:
        super().__init__(*paths, options=options, cancel=Event(), on_load=lambda _share: None)
        self.chosen: list[tuple[int, NDArray[np.float32]]] = []

    @contextmanager
    def sampler(self, *, temperature: float, grammar: str) -> Iterator[Callable[[], int]]:
        """The program's choice, remembered; what an earlier answer chose is forgotten."""
        self.chosen = []

        def choose_and_remember() -> int:
            token = choose()
            self.chosen.append((token, self.logits().copy()))
            return token

        with super().sampler(temperature=temperature, grammar=grammar) as choose:
            yield choose_and_remember


class InPyTorch:
    """The pair of files as the network that was trained."""

    def __init__(self, model: Path, projector: Path) -> None:
        self.tower: Tower = read_projector(projector)
        self.decoder: Decoder
        self.decoder, vocabulary = read_model(model)
        self.tokenizer = Tokenizer(vocabulary)
        self._school = School(self.tokenizer, self.tower.shape.tokens)

    @torch.no_grad()
    def answer(self, item: MixedItem, at_most: int) -> Said:
        """The greedy answer; its logits are those of reading it once more in one piece."""
        prompt = self._school.prompt(item.task, item.words, item.places)
        embeddings, _patches = self.tower(channels_first(item.pictures))
        images = embeddings.flatten(0, 1)[None]
        (tokens,) = answer(
            self.decoder, prompt.beginning, images, prompt.question, END_OF_TURN, at_most
        )
        ids = torch.tensor([*prompt.beginning, *prompt.question, *tokens[:-1]])
        rows = place_images(self.decoder.rows(ids.clamp(min=0))[None], ids == IMAGE, images)
        hidden, _past = self.decoder(rows, sheet_mask(ids, 1, 0), torch.arange(len(ids)))
        logits = self.decoder.logits(hidden[0, -len(tokens) :]).numpy()
        return Said(tokens, logits, [*prompt.beginning, *prompt.question], embeddings.numpy())


class InLlama:
    """The pair of files in the program's engine."""

    def __init__(self, model: Path, projector: Path, tower: Tower, way: Way, threads: int) -> None:
        settings = Settings()
        self._tokens, self._image_px = tower.shape.tokens, tower.shape.image
        options = llama.Options(
            n_ctx=settings.n_ctx,
            threads=threads,
            gpu_layers=0,
            repack=settings.repack,
            flash_attention=way.flash_attention,
            tokens_per_image=self._tokens,
        )
        with _context_told(way.context):
            self.llama = Recorded(model, projector, options=options)
        self._prefixes = Prefixes(settings.prefix_bytes)

    def answer(self, item: MixedItem, at_most: int) -> Said:
        """The greedy answer as the program's engine gives it."""
        embeddings: dict[int, NDArray[np.float32]] = {}

        def embed(index: int) -> tuple[NDArray[np.float32], bool]:
            embeddings[index] = self.llama.encode(item.pictures[index], lambda _layer: None)
            return embeddings[index], False

        digests = tuple(hashlib.sha256(p.tobytes()).hexdigest() for p in item.pictures)
        ask = Ask(1, patient=digests[0], parts=item.parts, pictures=(), max_tokens=at_most)
        encoding = Encoding(embed, digests, self._tokens, self._image_px)
        Answering(ask, self.llama, self._prefixes, encoding, lambda _message: None).run()
        chosen = self.llama.chosen[:at_most]
        return Said(
            tokens=[token for token, _logits in chosen],
            logits=np.stack([logits for _token, logits in chosen]),
            prompt=self._prompt(item),
            embeddings=np.stack([embeddings[index] for index in range(len(item.pictures))]),
        )

    def _prompt(self, item: MixedItem) -> list[int]:
        pieces = self.llama.tokenize(item.parts, image_px=self._image_px)
        image = [IMAGE] * self._tokens
        return [i for p in pieces for i in (image if isinstance(p, llama.ImageSlot) else [p])]


@contextmanager
def _context_told(told: dict[str, int]) -> Iterator[None]:
    """Contexts that are made meanwhile differ in these parameters from what the program tells."""
    usual = llama.lib.llama_context_default_params

    def changed() -> Any:
        parameters = usual()
        for name, value in told.items():
            setattr(parameters, name, value)
        return parameters

    with mock.patch.object(llama.lib, "llama_context_default_params", changed):
        yield


@dataclass(frozen=True, slots=True)
class Compared:
    """Two answers to a question, the first by PyTorch.

    ``place`` is where they differ first, None when they do not. ``gap`` is the smallest distance
    between the best two logits in PyTorch, ``gap_there`` that at ``place``; ``logits`` and
    ``embeddings`` are the largest differences as far as both have read the same.
    """

    has_same_prompt: bool
    place: int | None
    length: int
    gap: float
    gap_there: float
    logits: float
    embeddings: float

    @property
    def is_equal(self) -> bool:
        """Whether prompt and answer are the same tokens."""
        return self.has_same_prompt and self.place is None


def compare(one: Said, other: Said) -> Compared:
    """Hold an answer against PyTorch's."""
    pairs = zip(one.tokens, other.tokens, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    is_equal = same == len(one.tokens) == len(other.tokens)
    best = np.sort(one.logits, axis=1)[:, -2:]
    gaps = best[:, 1] - best[:, 0]
    read = min(same + 1, len(one.tokens), len(other.tokens))
    return Compared(
        has_same_prompt=one.prompt == other.prompt,
        place=None if is_equal else same,
        length=len(one.tokens),
        gap=float(gaps.min()),
        gap_there=float(gaps[min(same, len(gaps) - 1)]),
        logits=float(np.abs(one.logits[:read] - other.logits[:read]).max()),
        embeddings=float(np.abs(one.embeddings - other.embeddings).max()),
    )


def main() -> int:
    """Ask, compare, tell; the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", type=Path, default=SHIPPED / "demo.gguf")
    arguments.add_argument("--projector", type=Path, default=SHIPPED / "demo-mmproj.gguf")
    arguments.add_argument("--items", type=int, default=50)
    arguments.add_argument("--at-most", type=int, default=120, help="tokens of an answer")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("-o", "--out", type=Path, help="write the table to this file as well")
    given = arguments.parse_args()
    torch.set_num_threads(given.threads)
    trained = InPyTorch(given.model, given.projector)
    llama.start()
    engines = [
        InLlama(given.model, given.projector, trained.tower, way, given.threads) for way in WAYS
    ]
    found: list[tuple[str, list[Compared]]] = []
    for number in range(given.items):
        item = draw_item(number, trained.tower.shape.image)
        one = trained.answer(item, given.at_most)
        others = [engine.answer(item, given.at_most) for engine in engines]
        found.append((item.kind, [compare(one, other) for other in others]))
        print(f"{number + 1} of {given.items}: {item.kind}", file=sys.stderr, flush=True)
    text = table(found)
    print(text)
    if given.out:
        given.out.write_text(text)
    return int(not all(c.is_equal for _kind, ways in found for c in ways))


def table(found: Sequence[tuple[str, list[Compared]]]) -> str:
    """A row for each question, and what all of them come to.

    The difference of logits is that of the first way; a gap of more than twice it cannot turn.
    """
    names = " | ".join(way.name for way in WAYS)
    head = f"| | question | tokens | {names} | smallest gap | logits differ |"
    lines = [head, "|---" * (len(WAYS) + 5) + "|"]
    for number, (kind, ways) in enumerate(found, 1):
        cells = " | ".join(_cell(compared) for compared in ways)
        usual = ways[0]
        lines.append(
            f"| {number} | {kind} | {usual.length} | {cells} | {usual.gap:.4f} |"
            f" {usual.logits:.4f} |"
        )
    lines.append("")
    for index, way in enumerate(WAYS):
        own = [ways[index] for _kind, ways in found]
        lines.append(
            f"{way.name}: {sum(c.is_equal for c in own)} of {len(own)} answers are the same tokens;"
            f" largest difference of logits {max(c.logits for c in own):.4f},"
            f" of embeddings {max(c.embeddings for c in own):.6f}\n"
        )
    return "\n".join(lines)


def _cell(compared: Compared) -> str:
    if not compared.has_same_prompt:
        return "another prompt"
    if compared.place is None:
        return "equal"
    return f"differs at token {compared.place + 1}, gap {compared.gap_there:.4f}"


if __name__ == "__main__":
    sys.exit(main())
