"""Which model files are on this computer; their contents are read by the engine alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import resources
from viewer.words import N_, _

DEMO_FOLDER: Final = "demo_model"
STAND_IN_FOLDER: Final = "tiny_model"
_SHIPPED_NAMES: Final = {
    DEMO_FOLDER: N_("Phantom demo model"),
    STAND_IN_FOLDER: N_("Tiny stand-in model"),
}
_PROJECTOR_MARK: Final = "mmproj"


@dataclass(frozen=True, slots=True)
class Installed:
    """A model file with the projector that lies beside it."""

    model: Path
    projector: Path

    @property
    def size_bytes(self) -> int:
        """Of both files."""
        return self.model.stat().st_size + self.projector.stat().st_size

    @property
    def name(self) -> str:
        """What it is called until the engine has read its metadata."""
        for folder, name in _SHIPPED_NAMES.items():
            if self.model.parent == resources.path(folder):
                return _(name)
        return self.model.stem

    @property
    def is_stand_in(self) -> bool:
        """Whether it is the shipped model whose words mean nothing."""
        return self.model.parent == resources.path(STAND_IN_FOLDER)

    @property
    def is_phantom_only(self) -> bool:
        """Whether it is the shipped model that knows drawn patients alone."""
        return self.model.parent == resources.path(DEMO_FOLDER)


def default_pair() -> Installed:
    """The model that ships: the demo model where it is there, else the stand-in."""
    for name in (DEMO_FOLDER, STAND_IN_FOLDER):
        pair = next(pairs_in(resources.path(name)), None)
        if pair is not None:
            return pair
    raise FileNotFoundError(STAND_IN_FOLDER)


def installed(folder: Path) -> tuple[Installed, ...]:
    """The pairs below the folder of downloaded models, each in a folder of its own."""
    if not folder.is_dir():
        return ()
    places = [folder, *sorted(p for p in folder.iterdir() if p.is_dir())]
    return tuple(pair for place in places for pair in pairs_in(place))


def pairs_in(folder: Path) -> Iterator[Installed]:
    """Every model of a folder with its projector; by name only, the engine checks whether it fits.

    A folder without a projector has no pairs.
    """
    files = sorted(folder.glob("*.gguf")) if folder.is_dir() else []
    projectors = [f for f in files if _PROJECTOR_MARK in f.name.lower()]
    for model in files:
        if projectors and model not in projectors:
            yield Installed(model, projectors[0])
