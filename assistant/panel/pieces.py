"""Small widgets that the panel is put together from."""

import html

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QToolButton, QWidget

from viewer.widgets import icons, theme
from viewer.widgets.theme import SIZES


def label(text: str = "", *, role: str = "", tone: str = "", wrap: bool = False) -> QLabel:
    """A label for any text, foreign text too: never rich."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    if tone:
        made.setProperty("tone", tone)
    made.setWordWrap(wrap)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return made


def plain_tip(text: str) -> str:
    """Foreign text for a tooltip, where Qt would guess at markup."""
    return html.escape(text) if "<" in text else text


def on_button(text: str) -> str:
    """Foreign text for a button, where an ampersand would mark a key."""
    return text.replace("&", "&&")


def tool_button(icon: str, words: str, *, size_px: int = SIZES.icon_small) -> QToolButton:
    """A button that is an icon; its words are tooltip and name."""
    made = QToolButton()
    made.setProperty("kind", "tool")
    made.setIcon(icons.icon(icon, size_px))
    made.setIconSize(QSize(size_px, size_px))
    made.setToolTip(words)
    made.setAccessibleName(words)
    return made


def icon_label(name: str, tone: str = "second", size_px: int = SIZES.icon_small) -> QLabel:
    """A picture beside words."""
    made = QLabel()
    made.setPixmap(icons.pixmap(name, tone, size_px, made.devicePixelRatioF()))
    made.setAlignment(Qt.AlignmentFlag.AlignTop)
    made.setContentsMargins(0, 1, 0, 0)
    return made


def rule() -> QFrame:
    """A hairline."""
    made = QFrame()
    made.setProperty("rule", True)
    made.setFixedHeight(1)
    return made


def scrolling(inside: QWidget) -> QScrollArea:
    """A widget that scrolls up and down where there is too little room for it."""
    made = QScrollArea()
    made.setWidgetResizable(True)
    made.setFrameShape(QFrame.Shape.NoFrame)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setWidget(inside)
    return made


def to_pixmap(pixels: NDArray[np.uint8], side_px: int, dpr: float = 1.0) -> QPixmap:
    """RGB bytes (rows, columns, 3) of our own as a picture, ``side_px`` logical pixels wide."""
    rows, columns = pixels.shape[:2]
    data = np.ascontiguousarray(pixels)
    image = QImage(data.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    side = round(side_px * dpr)
    made = QPixmap.fromImage(image.copy()).scaled(
        side,
        side,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    made.setDevicePixelRatio(dpr)
    return made


class Thumbnail(QWidget):
    """A square picture, kept small; black with a hairline before there is one."""

    def __init__(self, side_px: int, pixels: NDArray[np.uint8] | None = None) -> None:
        super().__init__()
        self._pixmap: QPixmap | None = None
        self.setFixedSize(side_px, side_px)
        self.set_pixels(pixels)

    def set_pixels(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show another picture; nothing of it is kept but what is drawn."""
        dpr = self.devicePixelRatioF()
        self._pixmap = None if pixels is None else to_pixmap(pixels, self.width(), dpr)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("view"))
        if self._pixmap is not None:
            painter.drawPixmap(0, 0, self._pixmap)
        painter.setPen(theme.color("line"))
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()


class Pressable(QFrame):
    """A card that is a button: by mouse, by Enter and by Space."""

    pressed = Signal()

    def __init__(self, words: str) -> None:
        super().__init__()
        self.setAccessibleName(words)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._is_hovered = False

    def enterEvent(self, _event: object) -> None:
        """Show that it can be pressed."""
        self._is_hovered = True
        self.update()

    def leaveEvent(self, _event: object) -> None:
        """Back to rest."""
        self._is_hovered = False
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press ends on it."""
        is_left = event.button() is Qt.MouseButton.LeftButton
        if is_left and self.isEnabled() and self.rect().contains(event.position().toPoint()):
            self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space press it."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.pressed.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A card: fill on hover, hairline at rest, ring with the focus."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_lit = self._is_hovered and self.isEnabled()
        painter.setBrush(theme.color("raised" if is_lit else "panel"))
        pen = painter.pen()
        pen.setColor(theme.color("accent" if self.hasFocus() else "line"))
        pen.setWidthF(SIZES.focus_ring if self.hasFocus() else 1.0)
        painter.setPen(pen)
        inset = pen.widthF() / 2
        rect = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(rect, SIZES.radius_card, SIZES.radius_card)
        painter.end()
