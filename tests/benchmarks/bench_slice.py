"""Frames and planes to device pixels, beside VTK's own filters in the same run.

`python tests/benchmarks/bench_slice.py` prints JSON lines: medians, 95th percentiles, ratios.
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkImagingCore import vtkImageResize

from viewer.render import planes
from viewer.render import slice as frame_slice
from viewer.render.kernel_cache import load_kernels
from viewer.render.planes import Plane, Slicer, centred_plane, standard_plane
from viewer.render.slice import resample_frame
from viewer.spaces import PatientPoint

DEVICE = (1000, 900)
PLANE = (512, 512)
ROUNDS = 25


def times_ms(work: Callable[[], object], count: int = ROUNDS) -> list[float]:
    work()
    taken = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1e3)
    return taken


def report(what: str, taken: list[float], *, goal_ms: float | None = None, **more: object) -> None:
    median = float(np.median(taken))
    line: dict[str, object] = {
        "what": what,
        "median_ms": round(median, 2),
        "p95_ms": round(float(np.percentile(taken, 95)), 2),
    }
    if goal_ms is not None:
        line |= {"goal_ms": goal_ms, "met": median <= goal_ms}
    print(json.dumps({**line, **more}), flush=True)


def fitted(side: int, angle_deg: float) -> NDArray[np.float64]:
    """A frame of `side` pixels fitted to the device's height and turned about its middle."""
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).round(12)
    linear = turn * DEVICE[1] / side
    middle = np.array(DEVICE) / 2 - linear @ np.array([side / 2, side / 2])
    return np.column_stack([linear, middle])


def vtk_resized(frame: NDArray[np.int16]) -> None:
    image = vtkImageData()
    image.SetDimensions(frame.shape[1], frame.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(frame.reshape(-1), deep=0))
    resize = vtkImageResize()
    resize.SetInputData(image)
    resize.SetOutputDimensions(DEVICE[1], DEVICE[1], 1)
    resize.Update()


def bench_frames() -> None:
    """Stored values to a tile at 1000 x 900 device pixels."""
    for side in (512, 3000):
        frame = np.random.default_rng(0).integers(-1000, 3000, (side, side)).astype(np.int16)
        peer = times_ms(lambda frame=frame: vtk_resized(frame), 5)
        report(f"frame {side}, vtkImageResize", peer)
        for name, angle in (("upright", 0.0), ("quarter turn", 90.0), ("17 degrees", 17.0)):
            view = fitted(side, angle)
            taken = times_ms(lambda frame=frame, view=view: resample_frame(frame, view, DEVICE))
            ratio = round(float(np.median(taken) / np.median(peer)), 2)
            goal = 10.0 if angle in {0.0, 90.0} else None
            report(f"frame {side}, {name}", taken, goal_ms=goal, over_vtk=ratio)
        view, kernels = fitted(side, 0.0), frame_slice.loaded
        frame_slice.loaded = lambda _name: None
        report(
            f"frame {side}, numpy before kernels",
            times_ms(lambda frame=frame, view=view: resample_frame(frame, view, DEVICE), 5),
        )
        frame_slice.loaded = kernels


def three_planes(angle_deg: float) -> list[Plane]:
    middle = PatientPoint(0, 0, 100)
    if angle_deg == 0:
        names = ("axial", "coronal", "sagittal")
        return [standard_plane(name, middle, PLANE, 0.98) for name in names]
    a = np.radians(angle_deg)
    x = np.array([np.cos(a), np.sin(a), np.sin(a) / 2])
    x /= np.linalg.norm(x)
    y = np.cross([0, 0, 1], x)
    y /= np.linalg.norm(y)
    z = np.cross(x, y)
    return [
        centred_plane(tuple(right), tuple(down), middle, PLANE, 0.98)
        for right, down in ((x, y), (x, -z), (y, -z))
    ]


def bench_planes() -> None:
    """Three planes of 512 x 512 from 512 x 512 x 200, two threads."""
    voxels = np.random.default_rng(0).integers(-1000, 1000, (200, 512, 512)).astype(np.int16)
    matrix = np.eye(4)
    matrix[:3, :3] = [[0, 0, 0.98], [0, 0.98, 0], [1, 0, 0]]
    matrix[:3, 3] = (-250, -250, 0)
    slicer = Slicer(voxels, matrix)
    with ThreadPoolExecutor(2) as threads:

        def cut(angle_deg: float, slab_mm: float) -> None:
            work = [
                threads.submit(
                    slicer.slice_plane, plane, PLANE, 0.98, slab_mm=slab_mm, projection="max"
                )
                for plane in three_planes(angle_deg)
            ]
            for one in work:
                one.result()

        report("three planes, upright", times_ms(lambda: cut(0, 0)), goal_ms=15)
        report("three planes, oblique", times_ms(lambda: cut(20, 0)), goal_ms=15)
        report("three planes, upright, 10 mm maximum", times_ms(lambda: cut(0, 10)), goal_ms=25)
        ours = times_ms(lambda: cut(20, 10), 7)
        planes.loaded = lambda _name: None
        peer = times_ms(lambda: cut(20, 10), 5)
        ratio = round(float(np.median(ours) / np.median(peer)), 2)
        report("three planes, oblique, 10 mm maximum", ours, over_vtk=ratio)


def main() -> None:
    load_kernels()
    bench_frames()
    bench_planes()


if __name__ == "__main__":
    main()
