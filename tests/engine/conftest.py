"""The tiny model, pictures for it, and engines that end with their test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import make_tiny_model
import numpy as np
import pytest

from assistant.engines.process import Engine, Question
from assistant.engines.protocol import Done, Part, Settings, Token

TURN = Part("control", "<start_of_turn>user\n\n\n")
ANSWER = Part("control", "<end_of_turn>\n<start_of_turn>model\n")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model that writes until it is stopped, in the stand-in's shape, and its projector."""
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny_model.write_tiny(folder, speaking=False)
    return folder / "tiny.gguf", folder / "tiny-mmproj.gguf"


@pytest.fixture
def start(tiny: tuple[Path, Path]) -> Iterator[Callable[..., Engine]]:
    """A function that makes an engine with the tiny model chosen."""
    made: list[Engine] = []

    def make(**settings) -> Engine:
        engine = Engine(on_status=settings.pop("on_status", None))
        made.append(engine)
        # One thread: other tests may use the other core.
        engine.choose(*tiny, Settings(threads=1, **settings))
        return engine

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def picture() -> Callable[[int], np.ndarray]:
    """A function from a seed to an RGB picture of the tiny projector's size."""
    return lambda seed: np.random.default_rng(seed).integers(0, 256, (224, 224, 3), np.uint8)


@pytest.fixture
def question() -> Callable[..., Question]:
    """A function that makes a question about pictures, instruction first, untrusted words last."""

    def make(text, *pictures, patient="A", intro="", ours="\n\nDescribe this X-ray. ", **limits):
        images = [Part("image", image=i) for i in range(len(pictures))]
        start = [Part("ours", intro)] if intro else []
        parts = (TURN, *start, *images, Part("ours", ours), Part("untrusted", text), ANSWER)
        return Question(patient, parts, tuple(pictures), **{"max_tokens": 8, **limits})

    return make


@pytest.fixture
def finish() -> Callable[[Engine, Question], tuple[str, Done]]:
    """A function that asks and waits: the text and how it ended."""

    def run(engine, asked):
        events = list(engine.ask(asked))
        return "".join(e.text for e in events if isinstance(e, Token)), events[-1]

    return run
