"""One state, one way to change it, undo and redo."""

from collections.abc import Callable
from dataclasses import dataclass

from viewer.state import Doc, Edit, State

Listener = Callable[[State, State], None]
_UNDO_STEPS = 200


@dataclass(frozen=True, slots=True)
class _Step:
    """What undo goes back to, and the words for it."""

    name: str
    gesture: str
    doc: Doc


class Store:
    """Holds the state; listeners get (old, new) once per change."""

    def __init__(self, state: State | None = None) -> None:
        self._state = state or State()
        self._listeners: list[Listener] = []
        self._undo: list[_Step] = []
        self._redo: list[_Step] = []
        self._telling = False

    @property
    def state(self) -> State:
        """What is on the screen now."""
        return self._state

    @property
    def undo_name(self) -> str:
        """What undo would take back, or ""."""
        return self._undo[-1].name if self._undo else ""

    @property
    def redo_name(self) -> str:
        """What redo would bring back, or ""."""
        return self._redo[-1].name if self._redo else ""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(old, new)`` after each change; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def apply(self, edit: Edit, undo: str = "", gesture: str = "") -> State:
        """Change the state.

        ``undo`` names the step for the menu; without it the change cannot be undone by itself.
        Edits of one ``gesture`` make one step. RuntimeError from inside a listener.
        """
        if self._telling:
            raise RuntimeError("apply() from inside a listener")
        old, new = self._state, edit(self._state)
        if new is old or new == old:
            return old
        if undo and new.doc != old.doc:
            self._keep(_Step(undo, gesture, old.doc))
        self._tell(old, new)
        return new

    def undo(self) -> None:
        """Take the last step back; where the reader is stays."""
        if self._undo:
            step = self._undo.pop()
            self._redo.append(_Step(step.name, "", self._state.doc))
            self._restore(step.doc)

    def redo(self) -> None:
        """Bring back what was undone last."""
        if self._redo:
            step = self._redo.pop()
            self._undo.append(_Step(step.name, "", self._state.doc))
            self._restore(step.doc)

    def forget_undo(self) -> None:
        """Drop all steps, when other studies are opened."""
        self._undo.clear()
        self._redo.clear()

    def _keep(self, step: _Step) -> None:
        self._redo.clear()
        if step.gesture and self._undo and self._undo[-1].gesture == step.gesture:
            return
        self._undo.append(step)
        del self._undo[:-_UNDO_STEPS]

    def _restore(self, doc: Doc) -> None:
        old = self._state
        count = len(doc.tiles)
        positions = (*old.nav.positions, *(0,) * count)[:count]
        active = min(old.nav.active, count - 1)
        self._tell(old, State(doc, old.nav).with_nav(positions=positions, active=active))

    def _tell(self, old: State, new: State) -> None:
        self._state = new
        self._telling = True
        try:
            for listener in tuple(self._listeners):
                listener(old, new)
        finally:
            self._telling = False
