"""Give the application its look: style, palette, font and the one stylesheet, set once."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPainter, QPalette, QPen
from PySide6.QtWidgets import QApplication, QProxyStyle, QStyle, QStyleOption, QWidget

from viewer.widgets.stylesheet import stylesheet
from viewer.widgets.theme import BODY_PX, SCALES, SIZES, TOKENS, color


def install(application: QApplication, scale: float = 1.0) -> None:
    """Give the application its style, palette, font and the one stylesheet, in that order."""
    scale = min(max(scale, SCALES[0]), SCALES[1])
    application.setStyle(_Style("Fusion"))
    application.styleHints().setColorScheme(Qt.ColorScheme.Dark)
    application.setPalette(_palette())
    application.setFont(_application_font(scale))
    application.setStyleSheet(stylesheet(TOKENS, scale))


def _application_font(scale: float) -> QFont:
    made = QFont(QApplication.font())
    if QFontDatabase.hasFamily("Inter"):
        made.setFamily("Inter")
    made.setPixelSize(round(BODY_PX * scale))
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if hasattr(QFont, "Tag"):  # Qt 6.7: digits of one width, so that numbers do not jitter
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


def _palette() -> QPalette:
    role = QPalette.ColorRole
    colors = {
        role.Window: TOKENS.panel,
        role.WindowText: TOKENS.text,
        role.Base: TOKENS.window,
        role.AlternateBase: TOKENS.panel,
        role.Text: TOKENS.text,
        role.Button: TOKENS.raised,
        role.ButtonText: TOKENS.text,
        role.BrightText: TOKENS.err,
        role.Highlight: TOKENS.sel,
        role.HighlightedText: TOKENS.text,
        role.ToolTipBase: TOKENS.raised,
        role.ToolTipText: TOKENS.text,
        role.PlaceholderText: TOKENS.second,
        role.Link: TOKENS.accent,
        role.LinkVisited: TOKENS.accent,
        role.Accent: TOKENS.accent,
        role.Light: TOKENS.hover,
        role.Midlight: TOKENS.raised,
        role.Mid: TOKENS.line,
        role.Dark: TOKENS.window,
        role.Shadow: TOKENS.view,
    }
    palette = QPalette()
    for each, value in colors.items():
        palette.setColor(each, QColor(value))
    for each in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(TOKENS.dis))
    return palette


class _Style(QProxyStyle):
    """Fusion with our focus ring, check mark and radio dot, which a stylesheet cannot draw."""

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw our own primitives; leave the rest to Fusion."""
        primitive = QStyle.PrimitiveElement
        if element == primitive.PE_FrameFocusRect:
            _draw_focus_ring(painter, QRectF(option.rect))
        elif element == primitive.PE_IndicatorCheckBox:
            _draw_check(painter, option)
        elif element == primitive.PE_IndicatorRadioButton:
            _draw_radio(painter, option)
        else:
            super().drawPrimitive(element, option, painter, widget)

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        """Answer 16 px for small icons and for check and radio marks."""
        if metric in _METRICS:
            return SIZES.icon_small
        return super().pixelMetric(metric, option, widget)


_METRICS: Final = frozenset(
    {
        QStyle.PixelMetric.PM_SmallIconSize,
        QStyle.PixelMetric.PM_IndicatorWidth,
        QStyle.PixelMetric.PM_IndicatorHeight,
        QStyle.PixelMetric.PM_ExclusiveIndicatorWidth,
        QStyle.PixelMetric.PM_ExclusiveIndicatorHeight,
    }
)


def _draw_focus_ring(painter: QPainter, rect: QRectF) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color("accent"), SIZES.focus_ring))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), SIZES.radius_badge, SIZES.radius_badge)
    painter.restore()


def _draw_check(painter: QPainter, option: QStyleOption) -> None:
    rect, on = _begin_mark(painter, option)
    painter.drawRoundedRect(rect, 3, 3)
    if on:
        painter.setPen(QPen(color("on_primary"), 1.75, c=Qt.PenCapStyle.RoundCap))
        corner = rect.topLeft() + QPointF(6.2, 10.6)
        painter.drawLine(rect.topLeft() + QPointF(3.5, 7.8), corner)
        painter.drawLine(corner, rect.topLeft() + QPointF(11.5, 4.4))
    painter.restore()


def _draw_radio(painter: QPainter, option: QStyleOption) -> None:
    rect, on = _begin_mark(painter, option)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(rect)
    if on:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("accent"))
        painter.drawEllipse(rect.adjusted(4, 4, -4, -4))
    painter.restore()


def _begin_mark(painter: QPainter, option: QStyleOption) -> tuple[QRectF, bool]:
    """Edge and fill of a check or radio mark; whether it is on."""
    state = option.state
    on = bool(state & QStyle.StateFlag.State_On)
    enabled = bool(state & QStyle.StateFlag.State_Enabled)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    edge = "ctl" if not enabled else ("accent" if on else "ctl")
    painter.setPen(QPen(color(edge), 1))
    painter.setBrush(color("primary") if on and enabled else Qt.BrushStyle.NoBrush)
    return QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), on
