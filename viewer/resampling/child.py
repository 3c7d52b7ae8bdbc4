"""The main loop of a resampling child: ``python -I -m viewer.resampling.child``.

SimpleITK interpolates linearly on arrays in shared memory; it opens no files here.
"""

from typing import Any, Final

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from viewer.arena import Arena
from viewer.channel import Channel, ChannelError, child_channel
from viewer.children import lower_priority
from viewer.resampling.messages import REQUESTS, Cut, Resample, Resampled

_STRAIGHT: Final = (1, 0, 0, 0, 1, 0, 0, 0, 1)


def main() -> None:
    """Serve requests until the window closes the pipe."""
    channel = child_channel(REQUESTS)
    lower_priority()
    while (request := channel.receive()) is not None:
        try:
            resample(request, channel)
        except ChannelError:
            return  # nobody listens any more


def resample(request: Resample, channel: Channel) -> None:
    """Make all cuts of a request, and say after each how many are done."""
    rows, columns = request.size
    with Arena.attach(request.arena) as arena:
        dtype = np.dtype(request.dtype)
        voxels = arena.array(dtype, request.shape)
        cuts = arena.array(dtype, (len(request.cuts), rows, columns), request.offset)
        for index, cut in enumerate(request.cuts):
            values = cut_slice(voxels, cut, request.size, request.fill)
            cuts[index] = values if dtype.kind == "f" else np.rint(values)
            channel.send(Resampled(index + 1))
        del voxels, cuts  # the arena cannot close while they look at it


def cut_slice(
    voxels: NDArray[Any], cut: Cut, size: tuple[int, int], fill: float
) -> NDArray[np.float32]:
    """One slice, (rows, columns) float32, between two of (slices, rows, columns) voxels."""
    between = voxels[cut.below : cut.below + 2].astype(np.float32)
    moved = SimpleITK.Resample(
        SimpleITK.GetImageFromArray(between),
        (size[1], size[0], 1),
        SimpleITK.TranslationTransform(3, (-cut.across, -cut.down, cut.share)),
        SimpleITK.sitkLinear,
        (0, 0, 0),
        (1, 1, 1),
        _STRAIGHT,
        fill,
        SimpleITK.sitkFloat32,
    )
    values: NDArray[np.float32] = SimpleITK.GetArrayFromImage(moved)[0]
    return values


if __name__ == "__main__":
    main()
