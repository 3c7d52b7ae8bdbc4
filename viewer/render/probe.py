"""The GL probe: a child process that says whether real graphics hardware draws volumes.

VTK without a working GL ends its process, and no `try` catches that; so nothing in the window
touches GL before this child has come back alive. A crash, silence or a software renderer means:
render on the CPU.
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

_TIMEOUT_S: Final = 10.0
_MOST_BYTES: Final = 4096
_SIDE_PX: Final = 300
_FRAMES: Final = 10
_SOFTWARE: Final = (
    "llvmpipe",
    "softpipe",
    "swrast",
    "swiftshader",
    "gdi generic",
    "microsoft basic render",
    "apple software",
)


@dataclass(frozen=True, slots=True)
class GlProbe:
    """What the child found: the driver's name for its renderer, and the median time of a frame.

    `outcome` is "drawn", "crashed", "silent" or "unreadable"; without "drawn" the rest is empty.
    """

    outcome: str
    renderer: str = ""
    frame_ms: float = 0.0

    @property
    def is_hardware(self) -> bool:
        """Tell whether real hardware drew; an unnamed renderer does not count."""
        return self.outcome == "drawn" and is_hardware_name(self.renderer)


def is_hardware_name(renderer: str) -> bool:
    """Tell a graphics card from the known software renderers by the driver's own name."""
    name = renderer.lower()
    return bool(name) and not any(software in name for software in _SOFTWARE)


def probe_gl() -> GlProbe:
    """Start the child and wait for it, at most 10 s; call it from a background job."""
    command = [sys.executable, "-I", "-m", "viewer.render.probe"]
    try:
        finished = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return GlProbe("silent")
    if finished.returncode != 0:
        return GlProbe("crashed")
    return read_answer(finished.stdout)


def read_answer(answer: bytes) -> GlProbe:
    """Read the child's last line; anything but the expected fields is "unreadable"."""
    lines = answer[-_MOST_BYTES:].splitlines()
    try:
        fields: dict[str, Any] = json.loads(lines[-1])
        return GlProbe(
            outcome="drawn",
            renderer=str(fields["renderer"])[:200],
            frame_ms=float(fields["frame_ms"]),
        )
    except (IndexError, KeyError, TypeError, ValueError):
        return GlProbe("unreadable")


def draw_and_time() -> GlProbe:
    """Draw a small volume in this process, ten times if hardware does; only for the child."""
    import numpy as np

    from viewer.render.camera import orbit, standard_camera, volume_corners
    from viewer.render.offscreen import GpuVolume
    from viewer.render.transfer import VOLUME_PRESETS

    distance = np.linalg.norm(np.indices((64, 64, 64)) - 32.0, axis=0)
    voxels = np.where(distance < 24, 800, -1000).astype(np.int16)
    camera = standard_camera("A", volume_corners(np.eye(4), (64, 64, 64)))
    volume = GpuVolume(voxels, np.eye(4))
    volume.set_transfer(VOLUME_PRESETS[0].transfer)
    times_ms: list[float] = []
    while len(times_ms) <= _FRAMES:
        start = time.perf_counter()
        turned = orbit(camera, right_deg=10.0 * len(times_ms), down_deg=0)
        volume.render(turned, (_SIDE_PX, _SIDE_PX))
        times_ms.append((time.perf_counter() - start) * 1e3)
        if not is_hardware_name(volume.renderer_name()):
            break
    answer = GlProbe("drawn", volume.renderer_name(), float(np.median(times_ms[1:] or times_ms)))
    volume.close()
    return answer


def main() -> None:
    """Write one line of JSON to standard output."""
    print(json.dumps(asdict(draw_and_time())), flush=True)


if __name__ == "__main__":
    main()
