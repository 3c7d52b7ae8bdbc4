"""Names as PS3.5 annexes H, I and J spell them, byte for byte."""

import subprocess
import sys

import pydicom
import pytest

from viewer.parsing.charsets import codecs_of, decode_text


@pytest.mark.parametrize(
    ("declared", "raw", "name"),
    [
        # PS3.5 H.3.1
        (
            b"\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        # PS3.5 H.3.2
        (
            b"ISO 2022 IR 13\\ISO 2022 IR 87",
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=%s"
            % b"\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        ),
        # PS3.5 I.2
        (
            b"\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=%s"
            % b"\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        # PS3.5 J.3
        (b"ISO_IR 192", "Wang^XiaoDong=王^小東=".encode(), "Wang^XiaoDong=王^小東="),
        (b"GB18030", "Wang^XiaoDong=王^小东=".encode("gb18030"), "Wang^XiaoDong=王^小东="),
        (b"ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
        (b"ISO_IR 144", "Люкceмбypг".encode("iso8859-5"), "Люкceмбypг"),
        (b"", b"Doe^Jane", "Doe^Jane"),
    ],
)
def test_names_of_the_standard(declared, raw, name):
    assert decode_text(raw, codecs_of(declared), is_name=True) == name


@pytest.mark.parametrize(
    "spelling", [b"ISO IR 100", b"ISO-IR 100", b"iso_ir 100", b"ISO 2022 IR 100"]
)
def test_misspelt_sets_are_understood(spelling):
    assert decode_text(b"Gr\xfcn", codecs_of(spelling)) == "Grün"


def test_undecodable_bytes_are_shown_escaped():
    assert decode_text(b"\xff\xfe", ("utf-8",)) == "\\xff\\xfe"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"A\x1b[2JB", "A\x1b[2JB"),  # no escape sequence of the standard
        (b"\x1b$B;\xff", "\x1b$B;\\xff"),
    ],
)
def test_escape_sequences_that_are_none_stay_as_they_are(raw, text):
    assert decode_text(raw, codecs_of(b"ISO_IR 192")) == text
    assert pydicom.config.settings.reading_validation_mode == pydicom.config.WARN


@pytest.mark.parametrize("declared", [b"", b"ISO_IR 6", b"ISO_IR 100", b"ISO_IR 192"])
def test_common_sets_need_no_library(declared):
    code = f"""import sys; from viewer.parsing.charsets import codecs_of, decode_text
decode_text(b"Doe^Jane", codecs_of({declared!r}), is_name=True)
sys.exit("pydicom" in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_utf8_that_nobody_declared_is_read():
    assert decode_text("Grün".encode(), ("latin-1",)) in {"GrÃ¼n", "Grün"}
