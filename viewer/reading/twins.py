"""Files that bear one SOP Instance UID: copies of one image, or images that differ."""

import threading
from dataclasses import replace
from typing import Final

from viewer.reading.messages import Compare, Compared
from viewer.reading.worker import Worker
from viewer.study import Instance

_PATIENCE_S: Final = 60.0  # for two of the largest files

_Place = tuple[str, str]


class Twins:
    """Which file each UID was found in first; safe to use from any thread."""

    def __init__(self) -> None:
        self._first: dict[str, _Place] = {}
        self._lock = threading.Lock()

    def is_first(self, instance: Instance) -> bool:
        """Whether no other file bore the UID of this one."""
        place = (instance.path, instance.member)
        with self._lock:
            return self._first.setdefault(instance.sop_instance_uid, place) == place

    def compared(self, instance: Instance, worker: Worker) -> Instance:
        """The instance, with its ``pixel_digest`` if the first file of that UID has other pixels.

        A first file that is gone is replaced by this one. ``WorkerLost`` as for any request.
        """
        place, uid = (instance.path, instance.member), instance.sop_instance_uid
        first = self._first[uid]
        told: Compared | None = None
        for answer in worker.ask(Compare(first, place), silence_s=_PATIENCE_S):
            told = answer if isinstance(answer, Compared) else told
        if told is None or told.first == told.second:
            return instance
        if not told.first:
            with self._lock:
                self._first[uid] = place
            return instance
        return replace(instance, pixel_digest=told.second)
