"""Contrast by the WCAG formula, icons at device pixels, and a stylesheet that Qt accepts."""

import re

import pytest
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtWidgets import QApplication, QPushButton

import resources
from viewer.widgets import icons, style, theme
from viewer.widgets.stylesheet import stylesheet
from viewer.widgets.theme import SIZES, TOKENS


@pytest.fixture(autouse=True)
def themed(qapp):
    style.install(qapp)


def luminance(hex_color):
    channels = [int(hex_color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", ["window", "panel", "raised", "hover", "press", "sel"])
def test_text_reads_on_every_surface(ground):
    assert contrast(TOKENS.text, getattr(TOKENS, ground)) >= 7
    assert contrast(TOKENS.second, getattr(TOKENS, ground)) >= 4.5


@pytest.mark.parametrize("ground", ["primary", "primary_hover", "primary_press"])
def test_words_read_on_the_primary_button(ground):
    assert contrast(TOKENS.on_primary, getattr(TOKENS, ground)) >= 4.5


@pytest.mark.parametrize("mark", ["accent", "own", "ai", "other", "plane_axial", "plane_sagittal"])
def test_marks_stand_out_on_black(mark):
    assert contrast(getattr(TOKENS, mark), TOKENS.view) >= 4.5


@pytest.mark.parametrize("ground", ["window", "panel", "raised"])
def test_edges_of_controls_can_be_seen(ground):
    assert contrast(TOKENS.ctl, getattr(TOKENS, ground)) >= 3


def test_the_stylesheet_names_no_colour_of_its_own():
    sheet = stylesheet(TOKENS)
    known = {getattr(TOKENS, name) for name in TOKENS.__slots__}
    assert set(re.findall(r"#[0-9A-F]{6}", sheet)) <= known
    assert "$" not in sheet
    assert sheet.count("{") == sheet.count("}")


def test_the_type_grows_as_the_reader_chose(qapp):
    style.install(qapp, 1.5)
    assert theme.type_scale() == pytest.approx(1.5, abs=0.05)
    assert theme.font(12, 600).pixelSize() == 18
    style.install(qapp, 9.0)
    assert theme.type_scale() == pytest.approx(theme.SCALES[1])


def test_digits_share_one_width():
    metrics = QFontMetricsF(theme.font())
    assert metrics.horizontalAdvance("111") == pytest.approx(metrics.horizontalAdvance("000"))


def test_every_shipped_icon_draws_something_in_its_colour():
    names = [p.stem for p in resources.path("icons").rglob("*.svg")]
    assert len(names) == len(set(names)) > 40
    for name in names:
        picture = icons.pixmap(name, "accent").toImage()
        opaque = [
            picture.pixelColor(x, y)
            for x in range(picture.width())
            for y in range(picture.height())
            if picture.pixelColor(x, y).alpha() > 100
        ]
        assert opaque, f"{name} is empty"
        wanted = QColor(TOKENS.accent)
        assert all(abs(c.red() - wanted.red()) < 12 for c in opaque), name


def test_an_icon_is_drawn_at_device_pixels():
    picture = icons.pixmap("box", size_px=20, dpr=1.5)
    assert picture.width() == 30
    assert picture.deviceIndependentSize().width() == pytest.approx(20)


def test_an_unknown_icon_is_a_bug():
    with pytest.raises(KeyError):
        icons.pixmap("no-such-icon")


def test_buttons_have_the_height_of_the_table(qtbot):
    button = QPushButton("Open")
    qtbot.addWidget(button)
    button.ensurePolished()
    assert button.sizeHint().height() == SIZES.button


def test_the_palette_of_disabled_words_is_set(qapp):
    palette = QApplication.palette()
    disabled = palette.color(palette.ColorGroup.Disabled, palette.ColorRole.WindowText)
    assert disabled.name().upper() == TOKENS.dis
