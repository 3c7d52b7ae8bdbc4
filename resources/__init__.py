"""What ships beside the code: icons, the demo study, the small model, licences."""

from pathlib import Path


def path(name: str) -> Path:
    """Absolute path of a shipped file or folder, ``name`` relative to this package."""
    return Path(__file__).parent / name
