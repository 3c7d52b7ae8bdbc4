"""Preferences: a table of what can be set, and one JSON file that holds what was.

A value that is missing, of another type or out of range is its default; the file is replaced
whole, so that a crash leaves the old one or the new one.
"""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from app.paths import write_private_file
from viewer.words import N_

T = TypeVar("T", bool, int, float, str, tuple[str, ...], tuple[int, ...])
_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One thing that can be set.

    ``title`` and ``hint`` are words for the settings dialog; a setting without a title is kept by
    the program itself and not shown. ``span`` bounds numbers, ``choices`` texts (value, words).
    """

    key: str
    default: T
    title: str = ""
    hint: str = ""
    span: tuple[float, float] = (0.0, 0.0)
    choices: tuple[tuple[str, str], ...] = ()

    def accepts(self, value: object) -> bool:
        """Whether a value has the type of the default and lies in its range."""
        if isinstance(self.default, tuple):
            kind = type(self.default[0]) if self.default else str
            return isinstance(value, tuple) and all(type(v) is kind for v in value)
        if type(value) is not type(self.default):
            return False
        if self.choices:
            return value in {choice for choice, _words in self.choices}
        low, high = self.span
        return low >= high or low <= float(str(value)) <= high


TYPE_SCALE: Final = Setting(
    "type_scale",
    1.0,
    N_("Size of words"),
    N_("From 0.8 to 2.0; shown from the next start"),
    (0.8, 2.0),
)
CORNER_TEXTS: Final = Setting(
    "corner_texts",
    "all",
    N_("Corner texts at start"),
    choices=(("all", N_("All")), ("few", N_("Few")), ("none", N_("None"))),
)
FIRST_TOOL: Final = Setting(
    "first_tool",
    "window",
    N_("Left button at start"),
    choices=(
        ("window", N_("Window")),
        ("zoom", N_("Zoom")),
        ("pan", N_("Pan")),
        ("scroll", N_("Scroll")),
    ),
)
CURRENT_LEFT: Final = Setting(
    "current_left", True, N_("Current study on the left, prior on the right")
)
MEMORY_MB: Final = Setting(
    "frames_mb", 512, N_("Memory for images, MB"), N_("Used from the next start"), (128, 65_536)
)
INITIALS: Final = Setting(
    "initials", "", N_("Your initials"), N_("They stand beside what you confirm")
)
RESTORE_VIEWS: Final = Setting("restore_views", True, N_("Open a study again as you left it"))
MODEL: Final = Setting("model", "")
PROJECTOR: Final = Setting("projector", "")
GPU_LAYERS: Final = Setting(
    "gpu_layers",
    -1,
    N_("Layers on the GPU"),
    N_("−1 chooses by itself, 0 uses the CPU alone"),
    (-1, 999),
)
THREADS: Final = Setting(
    "threads", 0, N_("Threads of the engine"), N_("0 chooses by itself"), (0, 256)
)
ENCODE_AHEAD: Final = Setting(
    "encode_ahead", True, N_("Prepare the image on the screen for the model while it is idle")
)
NOTICE: Final = Setting("notice_accepted", "")
RECENT: Final = Setting("recent", ())
GEOMETRY: Final = Setting("window_geometry", "")
PANES: Final = Setting("panes", (240, 1000, 360))
BROWSER_SHOWN: Final = Setting("browser_shown", True)
ASSISTANT_SHOWN: Final = Setting("assistant_shown", True)

SETTINGS: Final[tuple[Setting[Any], ...]] = (
    TYPE_SCALE,
    CORNER_TEXTS,
    FIRST_TOOL,
    CURRENT_LEFT,
    RESTORE_VIEWS,
    INITIALS,
    MEMORY_MB,
    GPU_LAYERS,
    THREADS,
    ENCODE_AHEAD,
    MODEL,
    PROJECTOR,
    NOTICE,
    RECENT,
    GEOMETRY,
    PANES,
    BROWSER_SHOWN,
    ASSISTANT_SHOWN,
)

MOST_RECENT: Final = 8


class Settings:
    """Reads the file once, writes it at each change; a file that cannot be written is no matter."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, Any] = _read(path)

    def get(self, setting: Setting[T]) -> T:
        """What is set, or the default."""
        value: T = self._values.get(setting.key, setting.default)
        return value

    def set(self, setting: Setting[T], value: T) -> None:
        """Set and keep; ValueError when the value is out of range."""
        self.set_many({setting: value})

    def set_many(self, values: dict[Setting[Any], Any]) -> None:
        """Set several at once, with one write; ValueError when one is out of range."""
        for setting, value in values.items():
            if not setting.accepts(value):
                raise ValueError(setting.key)
        changed = {s.key: v for s, v in values.items()}
        if any(self._values.get(key) != value for key, value in changed.items()):
            self._values |= changed
            with contextlib.suppress(OSError):  # a full disk must not stop the work
                write_private_file(self._path, json.dumps(self._values, indent=1))

    def add_recent(self, path: str) -> None:
        """Put a path on top of the recent list."""
        others = tuple(p for p in self.get(RECENT) if p != path)
        self.set(RECENT, (path, *others)[:MOST_RECENT])


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= _BYTES else ""
        plain = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(plain, dict):
        return {}
    values = {}
    for setting in SETTINGS:
        value = plain.get(setting.key)
        if isinstance(value, list):
            value = tuple(value)
        if isinstance(setting.default, float) and type(value) is int:
            value = float(value)
        if value is not None and setting.accepts(value):
            values[setting.key] = value
    return values
