"""Transfer syntaxes by UID (PS3.5 section 10, PS3.6 annex A): name, and why some are refused.

pydicom 3.0.2 has no names for the newest ones, so they all stand here.
"""

from dataclasses import dataclass
from typing import Final, Literal

from viewer.parsing.elements import BIG_ENDIAN, EXPLICIT, IMPLICIT, Encoding
from viewer.words import N_

Codec = Literal["native", "deflate", "rle", "jpeg", "jpegls", "jpeg2000", "jpegxl", "refused"]
_BASE: Final = "1.2.840.10008.1.2"
IMPLICIT_UID: Final = _BASE
EXPLICIT_UID: Final = f"{_BASE}.1"
BIG_ENDIAN_UID: Final = f"{_BASE}.2"
DEFLATED_UID: Final = f"{_BASE}.1.99"


@dataclass(frozen=True, slots=True)
class Syntax:
    """A transfer syntax: how its data set is written and what decodes its frames.

    ``why`` is the reason of a refusal. ``lossy`` means that it cannot be lossless.
    """

    uid: str
    name: str
    codec: Codec
    encapsulated: bool = True
    lossy: bool = False
    why: str = ""

    @property
    def encoding(self) -> Encoding:
        """Byte order and VR of the data set."""
        if self.uid == IMPLICIT_UID:
            return IMPLICIT
        return BIG_ENDIAN if self.uid == BIG_ENDIAN_UID else EXPLICIT


_RETIRED: Final = N_("its pixels are in a retired JPEG variant")
_VIDEO: Final = N_("its pixels are a video")
_SERVER: Final = N_("its pixels are on a server")
_OTHER: Final = N_("its pixels are in a format that is not read here")


def _table(*rows: Syntax) -> dict[str, Syntax]:
    return {row.uid: row for row in rows}


def _jpeg(number: int, name: str, *, lossy: bool = True) -> Syntax:
    return Syntax(f"{_BASE}.4.{number}", name, "jpeg", lossy=lossy)


def _refused(number: str, name: str, why: str) -> Syntax:
    return Syntax(f"{_BASE}.{number}", name, "refused", why=why)


SYNTAXES: Final = _table(
    Syntax(IMPLICIT_UID, "Implicit VR Little Endian", "native", encapsulated=False),
    Syntax(EXPLICIT_UID, "Explicit VR Little Endian", "native", encapsulated=False),
    Syntax(BIG_ENDIAN_UID, "Explicit VR Big Endian", "native", encapsulated=False),
    Syntax(DEFLATED_UID, "Deflated Explicit VR Little Endian", "native", encapsulated=False),
    Syntax(f"{_BASE}.1.98", "Encapsulated Uncompressed", "native"),
    Syntax(f"{_BASE}.8.1", "Deflated Image Frame", "deflate"),
    Syntax(f"{_BASE}.5", "RLE Lossless", "rle"),
    _jpeg(50, "JPEG Baseline (Process 1)"),
    _jpeg(51, "JPEG Extended (Process 2 and 4)"),
    _jpeg(53, "JPEG Spectral Selection (Process 6 and 8)"),
    _jpeg(55, "JPEG Full Progression (Process 10 and 12)"),
    _jpeg(57, "JPEG Lossless (Process 14)", lossy=False),
    _jpeg(70, "JPEG Lossless (Process 14, SV1)", lossy=False),
    Syntax(f"{_BASE}.4.80", "JPEG-LS Lossless", "jpegls"),
    Syntax(f"{_BASE}.4.81", "JPEG-LS Near-Lossless", "jpegls", lossy=True),
    Syntax(f"{_BASE}.4.90", "JPEG 2000 Lossless", "jpeg2000"),
    Syntax(f"{_BASE}.4.91", "JPEG 2000", "jpeg2000"),
    Syntax(f"{_BASE}.4.110", "JPEG XL Lossless", "jpegxl"),
    Syntax(f"{_BASE}.4.111", "JPEG XL JPEG Recompression", "jpegxl", lossy=True),
    Syntax(f"{_BASE}.4.112", "JPEG XL", "jpegxl"),
    Syntax(f"{_BASE}.4.201", "High-Throughput JPEG 2000 Lossless", "jpeg2000"),
    Syntax(f"{_BASE}.4.202", "High-Throughput JPEG 2000 RPCL Lossless", "jpeg2000"),
    Syntax(f"{_BASE}.4.203", "High-Throughput JPEG 2000", "jpeg2000"),
    _refused("4.52", "JPEG Extended (Process 3 and 5)", _RETIRED),
    _refused("4.54", "JPEG Spectral Selection (Process 7 and 9)", _RETIRED),
    _refused("4.56", "JPEG Full Progression (Process 11 and 13)", _RETIRED),
    _refused("4.58", "JPEG Lossless (Process 15)", _RETIRED),
    _refused("4.59", "JPEG Extended, Hierarchical (Process 16 and 18)", _RETIRED),
    _refused("4.60", "JPEG Extended, Hierarchical (Process 17 and 19)", _RETIRED),
    _refused("4.61", "JPEG Spectral Selection, Hierarchical (Process 20 and 22)", _RETIRED),
    _refused("4.62", "JPEG Spectral Selection, Hierarchical (Process 21 and 23)", _RETIRED),
    _refused("4.63", "JPEG Full Progression, Hierarchical (Process 24 and 26)", _RETIRED),
    _refused("4.64", "JPEG Full Progression, Hierarchical (Process 25 and 27)", _RETIRED),
    _refused("4.65", "JPEG Lossless, Hierarchical (Process 28)", _RETIRED),
    _refused("4.66", "JPEG Lossless, Hierarchical (Process 29)", _RETIRED),
    _refused("4.92", "JPEG 2000 Part 2 Lossless", _OTHER),
    _refused("4.93", "JPEG 2000 Part 2", _OTHER),
    _refused("4.94", "JPIP Referenced", _SERVER),
    _refused("4.95", "JPIP Referenced Deflate", _SERVER),
    _refused("4.204", "JPIP HTJ2K Referenced", _SERVER),
    _refused("4.205", "JPIP HTJ2K Referenced Deflate", _SERVER),
    _refused("4.100", "MPEG2 Main Profile / Main Level", _VIDEO),
    _refused("4.100.1", "Fragmentable MPEG2 Main Profile / Main Level", _VIDEO),
    _refused("4.101", "MPEG2 Main Profile / High Level", _VIDEO),
    _refused("4.101.1", "Fragmentable MPEG2 Main Profile / High Level", _VIDEO),
    _refused("4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", _VIDEO),
    _refused("4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1", _VIDEO),
    _refused("4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", _VIDEO),
    _refused("4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible / Level 4.1", _VIDEO),
    _refused("4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", _VIDEO),
    _refused("4.104.1", "Fragmentable MPEG-4 AVC/H.264 / Level 4.2 For 2D Video", _VIDEO),
    _refused("4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", _VIDEO),
    _refused("4.105.1", "Fragmentable MPEG-4 AVC/H.264 / Level 4.2 For 3D Video", _VIDEO),
    _refused("4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", _VIDEO),
    _refused("4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo / Level 4.2", _VIDEO),
    _refused("4.107", "HEVC/H.265 Main Profile / Level 5.1", _VIDEO),
    _refused("4.108", "HEVC/H.265 Main 10 Profile / Level 5.1", _VIDEO),
    _refused("6.1", "RFC 2557 MIME encapsulation", _OTHER),
    _refused("6.2", "XML Encoding", _OTHER),
    _refused("7.1", "SMPTE ST 2110-20 Uncompressed Progressive Video", _VIDEO),
    _refused("7.2", "SMPTE ST 2110-20 Uncompressed Interlaced Video", _VIDEO),
    _refused("7.3", "SMPTE ST 2110-30 PCM Digital Audio", _OTHER),
    Syntax("1.2.840.10008.1.20", "Papyrus 3 Implicit VR Little Endian", "refused", why=_OTHER),
)
