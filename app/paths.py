"""Where the program keeps its own files: private folders of the system's own kind."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from viewer.errors import UserError
from viewer.words import _

NAME: Final = "second-read"
_CACHE_TAG: Final = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# What lies here can be made again; backups may leave it out.\n"
)


@dataclass(frozen=True, slots=True)
class Paths:
    """The program's folders; nothing is ever written anywhere else unless a person says where."""

    data: Path
    cache: Path
    config: Path
    logs: Path

    @property
    def work(self) -> Path:
        """What a person made."""
        return self.data / "work.db"

    @property
    def models(self) -> Path:
        """Model files that were downloaded."""
        return self.data / "models"

    @property
    def settings(self) -> Path:
        """Preferences, the window's place and the recent list."""
        return self.config / "settings.json"

    @property
    def reports(self) -> Path:
        """What a crash leaves, without patient data."""
        return self.logs / "reports"


def make_paths() -> Paths:
    """The folders for this user, made when missing, readable by nobody else.

    Raises UserError where one cannot be made.
    """
    paths = Paths(
        data=Path(platformdirs.user_data_dir(NAME, appauthor=False)),
        cache=Path(platformdirs.user_cache_dir(NAME, appauthor=False)),
        config=Path(platformdirs.user_config_dir(NAME, appauthor=False)),
        logs=Path(platformdirs.user_log_dir(NAME, appauthor=False)),
    )
    for folder in (paths.data, paths.cache, paths.config, paths.logs):
        try:
            make_private_folder(folder)
        except OSError as error:
            raise _unmade(folder, error) from None
    _tag_cache(paths.cache)
    return paths


def make_private_folder(folder: Path) -> None:
    """Make a folder with mode 0700, or give an existing one that mode."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def write_private_file(path: Path, text: str) -> None:
    """Replace a file whole, mode 0600: after a crash it is the old one or the new one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _unmade(folder: Path, error: OSError) -> UserError:
    """The sentence for a folder of our own that cannot be made."""
    sentence = _("The program's own folder {path} cannot be made: {reason}.")
    reason = (error.strerror or type(error).__name__).lower()
    return UserError(sentence.format(path=folder, reason=reason), str(error))


def _tag_cache(cache: Path) -> None:
    tag = cache / "CACHEDIR.TAG"
    if not tag.exists():
        write_private_file(tag, _CACHE_TAG)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # Windows cannot open a folder to flush it
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
