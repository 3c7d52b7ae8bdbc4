"""The real reading worker, taken over: files with certain names make it misbehave."""

import os
import pickle
import signal
import struct
import sys
import tempfile
import time
from pathlib import Path

from viewer.channel import Channel
from viewer.parsing import child
from viewer.parsing.scan import scan_file

raw = os.dup(1)


class Evil:
    """What a pickle would run in whoever loads it."""

    def __reduce__(self):
        return Path(tempfile.gettempdir(), "second-read-was-here").touch, ()


def misbehave(name):
    """Do what a file's name says; nothing for other names."""
    if name == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif name == "hang":
        time.sleep(60)
    elif name == "exit":
        os._exit(0)
    elif name == "flood":
        os.write(raw, struct.pack("<I", 0xFFFFFFFF) + b"x" * 1000)
    elif name == "garbage":
        os.write(raw, os.urandom(2000))
    elif name == "pickle":
        data = pickle.dumps(Evil())
        os.write(raw, struct.pack("<I", len(data)) + data)
    elif name == "unknown":
        data = b'{"type": "Instance", "path": 7}'
        os.write(raw, struct.pack("<I", len(data)) + data)


def scan(path, memory):
    """Scan a file, unless its name says otherwise."""
    misbehave(Path(path).name)
    return scan_file(path, memory)


def decode(request, channel: Channel):
    """Decode a file, unless its name says otherwise."""
    misbehave(Path(request.path).name)
    real_decode(request, channel)


if __name__ == "__main__":
    sys.path.pop(0)
    real_decode = child._decode
    child.scan_file = scan
    child._decode = decode
    child.main()
