"""The main loop of a reading worker: ``python -I -m viewer.parsing.child``.

It imports nothing but the standard library until a frame must be decoded, so it answers some 30 ms
after its start. What it may take of the machine is bounded before the first foreign byte.
"""

import os
import time
from typing import Final

from viewer import limits
from viewer.channel import Channel, ChannelError, child_channel, encode
from viewer.children import lower_priority
from viewer.parsing.digest import pixel_digest
from viewer.parsing.facts import Memory
from viewer.parsing.importing import before_import, import_no_network
from viewer.parsing.scan import scan_file
from viewer.parsing.walk import walk
from viewer.reading.messages import (
    REQUESTS,
    Compare,
    Compared,
    Decode,
    Done,
    Headers,
    Importing,
    Listed,
    LongHeader,
    ReadHeaders,
    Walk,
)
from viewer.study import Instance, Skipped

_FLUSH_S: Final = 0.05
_FLUSH_FILES: Final = 64
_LISTED: Final = 512
_FIRST_LISTED: Final = 8
_LONG_BYTES: Final = limits.MESSAGE_BYTES // 64
_PIECE_CHARS: Final = limits.MESSAGE_BYTES // 8


def main() -> None:
    """Serve requests until the window closes the pipe."""
    channel = child_channel(REQUESTS)
    lower_priority()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy would reserve memory for every core
    bound_memory(limits.WORKER_BYTES)
    import_no_network()
    memory = Memory()
    before_import(lambda: channel.send(Importing()))
    while (request := channel.receive()) is not None:
        try:
            if isinstance(request, Walk):
                _walk(request, channel)
            elif isinstance(request, ReadHeaders):
                _read_headers(request, channel, memory)
            elif isinstance(request, Compare):
                channel.send(Compared(pixel_digest(*request.first), pixel_digest(*request.second)))
            elif isinstance(request, Decode):
                _decode(request, channel)
            channel.send(Done())
        except ChannelError:
            return  # nobody listens any more


def bound_memory(size: int) -> None:
    """Let allocations fail beyond ``size`` bytes and leave no core file; nothing off Linux."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if os.uname().sysname == "Linux":  # elsewhere the limit does not bind
        resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _walk(request: Walk, channel: Channel) -> None:
    files: list[str] = []
    skipped: list[Skipped] = []
    last, enough = time.monotonic(), _FIRST_LISTED  # the first few at once, then many together
    for part in walk(request.paths):
        (skipped if isinstance(part, Skipped) else files).append(part)  # type: ignore[arg-type]
        now = time.monotonic()
        if len(files) + len(skipped) >= enough or now - last > _FLUSH_S:
            channel.send(Listed(tuple(files), tuple(skipped)))
            files, skipped, last, enough = [], [], now, _LISTED
    if files or skipped:
        channel.send(Listed(tuple(files), tuple(skipped)))


def _read_headers(request: ReadHeaders, channel: Channel, memory: Memory) -> None:
    batch = _Batch(channel)
    for path in request.files:
        for part in scan_file(path, memory):
            batch.add(part)
        batch.file_done()
    batch.flush()


class _Batch:
    """Answers gathered until they are many, large or old enough to be sent."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._instances: list[Instance] = []
        self._skipped: list[Skipped] = []
        self._done = 0
        self._last = time.monotonic()

    def add(self, part: Instance | Skipped) -> None:
        """Take one result; a long one is sent at once, in pieces."""
        if isinstance(part, Skipped):
            self._skipped.append(part)
        elif _is_long(part):
            self._send_long(part)
        else:
            self._instances.append(part)
        self._flush_if_due()

    def file_done(self) -> None:
        """Count a finished file."""
        self._done += 1
        self._flush_if_due()

    def flush(self) -> None:
        """Send what was gathered."""
        if self._done or self._instances or self._skipped:
            self._channel.send(Headers(self._done, tuple(self._instances), tuple(self._skipped)))
        self._instances, self._skipped, self._done = [], [], 0
        self._last = time.monotonic()

    def _flush_if_due(self) -> None:
        held = len(self._instances) + len(self._skipped)
        if held >= _FLUSH_FILES or time.monotonic() - self._last > _FLUSH_S:
            self.flush()

    def _send_long(self, instance: Instance) -> None:
        text = encode(instance, bound=limits.HEADER_BYTES).decode("utf-8", "surrogatepass")
        for start in range(0, len(text), _PIECE_CHARS):
            end = start + _PIECE_CHARS
            self._channel.send(LongHeader(text[start:end], last=end >= len(text)))


def _is_long(instance: Instance) -> bool:
    """Whether its JSON could come near a message's limit: many frames, tables or long texts."""
    entries = 40 * len(instance.frames)
    tables = [instance.grey.modality_lut, *instance.grey.voi_luts]
    if instance.palette is not None:
        tables += [instance.palette.red, instance.palette.green, instance.palette.blue]
    entries += sum(len(table.values) for table in tables if table is not None)
    return 8 * entries > _LONG_BYTES


def _decode(request: Decode, channel: Channel) -> None:
    bound_memory(limits.WORKER_BYTES + 4 * request.arena_bytes)
    from viewer.parsing.decode import decode_frames  # the codecs cost 100 ms and 50 MB

    decode_frames(request, channel)


if __name__ == "__main__":
    main()
