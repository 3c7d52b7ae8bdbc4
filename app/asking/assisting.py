"""The assistant beside the images: questions, panel, engine and the model's choice, connected."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QWidget

from app import looking
from app.asking.asking import Asking, World
from app.asking.comparing import compare_with_prior
from app.asking.identity import Identity
from app.asking.preparing import Preparing
from app.mark_words import words_of
from app.services import Services
from app.settings import (
    CURRENT_LEFT,
    ENCODE_AHEAD,
    GPU_LAYERS,
    INITIALS,
    MODEL,
    PROJECTOR,
    THREADS,
)
from assistant.conversation import Conversation
from assistant.engines.durations import Durations
from assistant.engines.process import Engine
from assistant.engines.protocol import Settings as EngineSettings
from assistant.engines.states import EngineState, Status
from assistant.looks import Picture
from assistant.models.installed import Installed, default_pair
from assistant.offers import Subject
from assistant.panel.actions import Actions
from assistant.panel.panel import Panel
from viewer.edits import swap_tiles
from viewer.state import State
from viewer.words import N_, _

STATE_WORDS: Final = {
    EngineState.ABSENT: N_("not started"),
    EngineState.STARTING: N_("starting"),
    EngineState.LOADING: N_("loading"),
    EngineState.IDLE: N_("idle"),
    EngineState.ENCODING: N_("encoding"),
    EngineState.READING: N_("reading"),
    EngineState.WRITING: N_("writing"),
    EngineState.STOPPING: N_("stopping"),
    EngineState.FAILED: N_("stopped"),
}


class Assisting:
    """Makes the panel and what answers its questions.

    ``hide`` hides the panel; ``on_engine`` gets the engine's state in words.
    """

    def __init__(
        self,
        services: Services,
        window: QWidget,
        *,
        hide: Callable[[], None],
        on_engine: Callable[[str], None],
    ) -> None:
        self._services = services
        self._window = window
        self._on_engine = on_engine
        self._was_loading = False
        self._model = Path()
        durations = Durations(services.paths.cache / "durations.json")
        self.engine = Engine(durations=durations, on_status=self._on_status)
        world = World(
            store=services.store,
            jobs=services.jobs,
            engine=self.engine,
            frames=services.frames,
            history=services.history,
            library=lambda: services.library,
            volume=services.sources.volume,
            durations=durations,
            initials=lambda: services.settings.get(INITIALS),
        )
        self.asking = Asking(
            world,
            on_conversation=self._show_conversation,
            on_subject=self._show_subject,
            on_thumbnail=self._show_thumbnail,
        )
        self.panel = Panel(self._actions(hide))
        self.preparing = Preparing(
            services.jobs,
            self.engine,
            self.asking,
            lambda: services.library,
            volume_of=services.sources.volume,
            is_wanted=lambda: services.settings.get(ENCODE_AHEAD),
        )
        self._choose_engine_files()

    def apply(self, old: State | None, new: State) -> None:
        """Follow the state: subject, findings, what is prepared."""
        self.asking.apply(old, new)
        self.panel.apply(old, new)
        self.preparing.apply(old, new)

    def show_status(self, status: Status) -> None:
        """Show what the engine does; on the window's thread."""
        facts = self.engine.facts
        is_chosen = facts is not None and Path(facts.model.path) == self._model
        self.panel.show_status(status, facts if is_chosen else None)
        self._on_engine(_("Engine: {state}").format(state=_(STATE_WORDS[status.state])))
        if status.state == EngineState.IDLE and self._was_loading:
            self.asking.refresh()  # a model decides how many slices go with a question
            self.preparing.start(self._services.store.state)
        self._was_loading = status.state == EngineState.LOADING

    def compare(self) -> None:
        """Put the proposed prior beside the active image, or swap the two when it is there."""
        services = self._services
        tiles = services.store.state.doc.tiles
        if {t.role for t in tiles} == {"prior", "current"} and len(tiles) == 2:
            services.store.apply(swap_tiles(0, 1), undo=_("swap sides"))
            left = services.store.state.doc.tiles[0]
            services.settings.set(CURRENT_LEFT, left.role == "current")
        else:
            self._put_side_by_side()

    def compare_and_ask(self) -> None:
        """Put the proposed prior beside the active image and ask the model about both."""
        roles = {t.role for t in self._services.store.state.doc.tiles}
        if {"prior", "current"} <= roles or self._put_side_by_side():
            self.asking.ask_active("compare", "")

    def choose_model(self) -> None:
        """Open the dialog that chooses a model."""
        from assistant.panel.model_dialog import ModelActions, ModelDialog

        services = self._services
        actions = ModelActions(
            engine=self.engine,
            jobs=services.jobs,
            folder=services.paths.models,
            accept=services.history.accept_licence,
            has_accepted=services.history.has_accepted,
        )
        dialog = ModelDialog(actions, parent=self._window)
        dialog.chosen.connect(self._choose)
        dialog.open()

    def _on_status(self, status: Status) -> None:
        """The engine's own thread says what it does."""
        self._services.post(lambda: self.show_status(status))

    def _actions(self, hide: Callable[[], None]) -> Actions:
        services = self._services
        return Actions(
            ask=self.asking.ask_active,
            stop=self.asking.stop,
            clear=self.asking.clear,
            select=partial(looking.go_to_mark, services),
            confirm=self.asking.confirm,
            reject=self.asking.reject,
            restart=self.asking.restart,
            allow_boxes=self.asking.allow_boxes,
            choose_model=self.choose_model,
            compare=self.compare_and_ask,
            hide=hide,
            toggle_marks=partial(looking.toggle_ai, services),
            notify=services.desk.show_error,
            words_of=lambda mark: words_of(
                mark,
                services.library,
                services.sources.calibration,
                state=services.store.state,
            ),
        )

    def _show_conversation(self, conversation: Conversation) -> None:
        self.panel.show_conversation(conversation)

    def _show_subject(self, subject: Subject) -> None:
        self.panel.show_subject(subject)

    def _show_thumbnail(self, picture: Picture) -> None:
        self.panel.show_thumbnail(picture)

    def _put_side_by_side(self) -> bool:
        services = self._services
        return compare_with_prior(
            self.asking.proposed(),
            services.store,
            confirm=self._confirm_identity,
            current_left=services.settings.get(CURRENT_LEFT),
        )

    def _confirm_identity(self, identity: Identity) -> bool:
        from assistant.panel.identity_dialog import ask_identity

        return ask_identity(self._window, identity.sentence, identity.lines)

    def _choose(self, model: Path, projector: Path) -> None:
        self._services.settings.set_many({MODEL: str(model), PROJECTOR: str(projector)})
        self._choose_engine_files()

    def _choose_engine_files(self) -> None:
        """Tell the engine which files to load: the chosen ones while they are there."""
        settings = self._services.settings
        model, projector = Path(settings.get(MODEL)), Path(settings.get(PROJECTOR))
        if not (settings.get(MODEL) and model.is_file() and projector.is_file()):
            pair = default_pair()
        else:
            pair = Installed(model, projector)
        self.engine.choose(pair.model, pair.projector, engine_settings(self._services))
        self._model = pair.model.absolute()
        self.panel.show_chosen(
            pair.name, is_stand_in=pair.is_stand_in, is_phantom_only=pair.is_phantom_only
        )


def engine_settings(services: Services) -> EngineSettings:
    """What the engine is to be loaded with."""
    settings = services.settings
    layers = settings.get(GPU_LAYERS)
    return EngineSettings(
        gpu_layers=None if layers < 0 else layers,
        threads=settings.get(THREADS),
        cache_folder=str(services.paths.cache / "embeddings"),
    )
