"""Our own pictures as PNG files (ISO/IEC 15948), written whole or not at all."""

import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UserError
from viewer.words import _

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
GREY: Final = 0
RGB: Final = 2
NO_FILTER: Final = 0
LEVEL: Final = 6
COMMENT: Final = b"Comment\x00Not for diagnosis"


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode grey (rows, columns) or RGB (rows, columns, 3), 8 bits a sample, without loss."""
    rows, columns = pixels.shape[:2]
    kind = GREY if pixels.ndim == 2 else RGB
    lines = np.full((rows, 1 + pixels[0].size), NO_FILTER, np.uint8)
    lines[:, 1:] = pixels.reshape(rows, -1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, kind, 0, 0, 0)
    data = zlib.compress(lines.tobytes(), LEVEL)
    chunks = ((b"IHDR", header), (b"tEXt", COMMENT), (b"IDAT", data), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, body) for name, body in chunks)


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture; the name stands for the whole file or for what it stood for before.

    Raises UserError when the folder is missing, the file cannot be written, or the name is a
    folder or a device.
    """
    if path.exists() and not path.is_file():
        # Renaming over a device would take the device's place.
        raise UserError(_("{path} is no file that a picture can replace.").format(path=path))
    data = encode_png(pixels)
    try:
        descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(made).replace(path)
    except OSError as error:
        Path(made).unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def _chunk(name: bytes, body: bytes) -> bytes:
    """Length, name, body and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _unwritable(path: Path, error: OSError) -> UserError:
    """The sentence for a picture that could not be written."""
    sentence = _("The picture cannot be written to {path}: {reason}.")
    reason = error.strerror or type(error).__name__
    return UserError(sentence.format(path=path, reason=reason.lower()), str(error))
