"""A child for tests: answers each message with itself, or ends as it is told."""

import os
import signal
import sys
from pathlib import Path

from viewer.channel import child_channel
from viewer.study import FrameRef

if __name__ == "__main__":
    channel = child_channel((FrameRef,))
    print("noise on standard output")
    while (message := channel.receive()) is not None:
        if message.sop_instance_uid == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if message.sop_instance_uid == "exit":
            sys.exit(message.frame_number)
        if message.sop_instance_uid == "cwd":
            channel.send(FrameRef(str(Path.cwd()), len(os.environ)))
            continue
        channel.send(message)
