"""An answer's text on the screen: our Markdown subset as a document, drawn on only at its end."""

from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import (
    QFont,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
    QTextLength,
    QTextTableFormat,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QTextEdit

from assistant.panel.markdown import Block, Span, parse
from viewer.widgets import theme
from viewer.widgets.theme import LINE_HEIGHT_PX

_GAP_PX: Final = 8
_INDENT_PX: Final = 16
_CELL_PX: Final = 4


class _Document(QTextDocument):
    """A document that never asks for anything outside itself."""

    def loadResource(self, _type: int, _name: object) -> None:
        """Nothing is ever loaded."""


class AnswerView(QTextEdit):
    """Read-only text as high as it needs to be; it can be selected and copied."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: tuple[Block, ...] = ()
        self._starts: list[int] = []
        self._text = ""
        document = _Document(self)
        document.setDocumentMargin(0)
        document.setUndoRedoEnabled(False)
        self.setDocument(document)
        self.setProperty("bare", True)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFrameShape(QTextEdit.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)

    def set_text(self, text: str) -> None:
        """Show a model's text; what stands there already is left as it is."""
        if text == self._text:
            return
        self._text = text
        blocks = parse(text)
        same = 0
        while same < min(len(blocks), len(self._blocks)) and blocks[same] == self._blocks[same]:
            same += 1
        self._cut(same)
        for block in blocks[same:]:
            self._append(block)
        self._blocks = blocks
        self._fit()

    def plain_text(self) -> str:
        """What a reader sees."""
        return self.toPlainText()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width is another height."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The conversation scrolls, not the text in it."""
        event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        """A larger type needs more room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def sizeHint(self) -> QSize:
        """As high as the text."""
        return QSize(200, self.height())

    def _fit(self) -> None:
        self.document().setTextWidth(max(self.viewport().width(), 40))
        self.setFixedHeight(max(int(self.document().size().height() + 0.5), 1))

    def _cut(self, keep: int) -> None:
        """Take away all blocks from an index on."""
        if keep >= len(self._starts):
            return
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._starts[keep])
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        del self._starts[keep:]

    def _append(self, block: Block) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        self._starts.append(cursor.position())
        if block.kind == "table":
            _insert_table(cursor, block)
            return
        is_first = len(self._starts) == 1
        if not is_first:
            cursor.insertBlock()
        cursor.setBlockFormat(_block_format(block, is_first=is_first))
        if block.kind == "bullet":
            cursor.insertText("•\u2002", _look(Span("")))
        elif block.kind == "numbered":
            cursor.insertText(f"{block.number}.\u2002", _look(Span("")))
        if block.kind == "code":
            cursor.insertText(_soft(block.text), _look(Span("", is_code=True)))
        for span in block.spans:
            cursor.insertText(_soft(span.text), _look(span, is_heading=block.kind == "heading"))


def _block_format(block: Block, *, is_first: bool) -> QTextBlockFormat:
    made = QTextBlockFormat()
    scaled = LINE_HEIGHT_PX * theme.type_scale()
    made.setLineHeight(scaled, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
    is_item = block.kind in {"bullet", "numbered"}
    made.setTopMargin(0 if is_first else 2 if is_item else _GAP_PX)
    if is_item:
        made.setLeftMargin(_INDENT_PX)
        made.setTextIndent(-_INDENT_PX + 4)
    if block.kind == "code":
        made.setBackground(theme.color("window"))
    return made


def _look(span: Span, *, is_heading: bool = False) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(theme.color("text"))
    made.setFontWeight(QFont.Weight.DemiBold if span.is_bold or is_heading else QFont.Weight.Normal)
    if span.is_code:
        made.setFontFamilies(["monospace"])
        made.setForeground(theme.color("second"))
    return made


def _insert_table(cursor: QTextCursor, block: Block) -> None:
    look = QTextTableFormat()
    look.setBorder(1)
    look.setBorderBrush(theme.color("line"))
    look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    look.setBorderCollapse(True)
    look.setCellPadding(_CELL_PX)
    look.setTopMargin(_GAP_PX)
    look.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    table = cursor.insertTable(len(block.rows), len(block.rows[0]), look)
    for row, cells in enumerate(block.rows):
        for column, cell in enumerate(cells):
            at = table.cellAt(row, column).firstCursorPosition()
            at.insertText(cell, _look(Span("", is_bold=row == 0)))


def _soft(text: str) -> str:
    """Line ends that stay within a block."""
    return text.replace("\n", "\u2028")
