"""Files of other formats, known by their first bytes, so that the reader is told what they are."""

import zlib
from typing import Final

from viewer.words import N_

_GZIP: Final = b"\x1f\x8b\x08"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_NIFTI_HEAD: Final = 544
"""Bytes of a NIfTI-2 header with its extension mark; a NIfTI-1 header is shorter."""
_NIFTI: Final = N_("a NIfTI file")
_META_KEYS: Final = (b"ObjectType", b"NDims", b"Comment")
_BEGINNINGS: Final = (
    (b"NRRD000", N_("an NRRD file")),
    (b"\x89PNG\r\n\x1a\n", N_("a PNG picture")),
    (b"\xff\xd8\xff", N_("a JPEG picture")),
    (b"II*\x00", N_("a TIFF picture")),
    (b"MM\x00*", N_("a TIFF picture")),
    (b"II+\x00", N_("a TIFF picture")),
    (b"MM\x00+", N_("a TIFF picture")),
    (b"%PDF-", N_("a PDF document")),
)


def foreign_kind(head: bytes) -> str:
    """What a file is by its first bytes, with its article, not translated; "" when unknown."""
    if head.startswith(_GZIP):
        return _NIFTI if _is_nifti(_inflated(head)) else ""
    if _is_nifti(head):
        return _NIFTI
    if _is_meta_image(head):
        return N_("a MetaImage file (MHA)")
    return next((kind for begin, kind in _BEGINNINGS if head.startswith(begin)), "")


def _is_nifti(head: bytes) -> bool:
    """Whether the magic stands where NIfTI-1 or NIfTI-2 has it."""
    return head[344:348] in {b"n+1\0", b"ni1\0"} or head[4:8] in {b"n+2\0", b"ni2\0"}


def _is_meta_image(head: bytes) -> bool:
    """Whether a text header of MetaImage begins here, "key = value" by lines."""
    first, _newline, _rest = head[:256].partition(b"\n")
    key, equals, _value = first.partition(b"=")
    return bool(equals) and key.strip() in _META_KEYS and b"NDims" in head[:1024]


def _inflated(head: bytes) -> bytes:
    """The beginning of what is compressed; empty when that is broken."""
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(head, _NIFTI_HEAD)
    except zlib.error:
        return b""
