"""The first crop of a 3D tile: the patient without the table, once for each volume shown.

It is an edit like any other: undo shows all, so does a reset, and the picture says CROPPED.
"""

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, QTimer

from viewer.render.crop import patient_box
from viewer.state import Edit, State, Tile
from viewer.tools.crop_box import is_cropped
from viewer.widgets.gestures import Apply
from viewer.widgets.scene import Scene
from viewer.words import _

_BETWEEN_AIR_AND_TISSUE_HU: Final = -300.0


class FirstCrop:
    """Crops a volume when a tile begins to show it in 3D."""

    def __init__(self, parent: QObject, apply: Apply) -> None:
        self._apply = apply
        self._seen: tuple[str, int] | None = None
        self._edit: Edit | None = None
        # The state cannot be changed while a change of it is being told.
        self._timer = QTimer(parent, singleShot=True, interval=0)
        self._timer.timeout.connect(self._crop)

    def look(self, scene: Scene) -> None:
        """Crop what was not in 3D in this tile before, once it is read.

        Looks at a part of the voxels: 20 to 60 ms for 100 to 600 slices of 512 x 512.
        """
        tile = scene.tile
        if tile.kind != "volume":
            self._seen = None
            return
        key = (tile.series_uid, tile.stack_index)
        if scene.volume is None or key == self._seen:
            return
        self._seen = key
        self._edit = None if is_cropped(tile.volume) else _crop_of(scene)
        if self._edit is not None:
            self._timer.start()

    def stop(self) -> None:
        """Crop nothing more; the widget is not shown any more."""
        self._timer.stop()

    def _crop(self) -> None:
        if self._edit is not None:
            self._apply(self._edit, undo=_("crop to the patient"))
            self._edit = None


def _crop_of(scene: Scene) -> Edit | None:
    """Crop a CT whose values are Hounsfield units to the patient."""
    volume, facts, entry = scene.volume, scene.facts, scene.entry
    if volume is None or facts is None or entry is None or volume.slope <= 0:
        return None
    if entry.series.modality != "CT" or not facts.is_hu:
        return None
    limit = (_BETWEEN_AIR_AND_TISSUE_HU - volume.intercept) / volume.slope
    box = patient_box(volume.voxels, denser_than=limit)
    if box is None:
        return None
    lasts = [max(count - 1, 1) for count in volume.voxels.shape]
    low, high = (
        tuple(value / last for value, last in zip(end, lasts, strict=True))
        for end in (box.low, box.high)
    )
    crop = (low[0], high[0]), (low[1], high[1]), (low[2], high[2])
    if crop == ((0.0, 1.0),) * 3:
        return None
    index, series_uid = scene.index, scene.tile.series_uid

    def cropped(place: int, old: Tile) -> Tile:
        is_it = place == index and old.kind == "volume" and old.series_uid == series_uid
        if not is_it or is_cropped(old.volume):
            return old
        return replace(old, volume=replace(old.volume, crop=crop))

    def edit(state: State) -> State:
        return state.with_tiles(cropped)

    return edit
