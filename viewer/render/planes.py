"""Planes through a volume at any angle, thin or as slabs, by VTK's reslicer on the CPU (no GL).

Several planes may be cut at once, one thread each: the reslicer gives up the GIL. Slabs at an angle
to the grid are cut by an own kernel where that is loaded: 31 against 77 ms for ten layers of
512 x 512 (tests/benchmarks/bench_slice.py); for single planes it gained nothing.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.render.kernel_cache import FRAME_KERNELS, loaded
from viewer.spaces import PatientPoint

Vector: TypeAlias = tuple[float, float, float]
SlabProjection: TypeAlias = Literal["max", "min", "mean"]
PlaneName: TypeAlias = Literal["axial", "coronal", "sagittal"]

# Radiological: patient's right on the left of the screen, anterior up or left, head up.
_DIRECTIONS: Final[dict[PlaneName, tuple[Vector, Vector]]] = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}
_KINDS: Final[dict[SlabProjection, int]] = {"mean": 0, "max": 1, "min": -1}
_ALONG_AXIS: Final = 1 - 1e-6


@dataclass(frozen=True, slots=True)
class Plane:
    """A picture's place in the patient, LPS.

    `origin_lps_mm` is the centre of its top left pixel; `right` and `down` are unit vectors along
    its rows and columns, at right angles.
    """

    origin_lps_mm: Vector
    right: Vector
    down: Vector

    @property
    def normal(self) -> Vector:
        """Cross product of right and down: away from the viewer in all three standard planes."""
        x, y, z = np.cross(self.right, self.down)
        return float(x), float(y), float(z)

    def shifted(
        self, *, right_mm: float = 0.0, down_mm: float = 0.0, deeper_mm: float = 0.0
    ) -> Self:
        """The same plane moved along its own axes."""
        axes = np.array([self.right, self.down, self.normal])
        x, y, z = np.asarray(self.origin_lps_mm) + np.array([right_mm, down_mm, deeper_mm]) @ axes
        return replace(self, origin_lps_mm=(float(x), float(y), float(z)))

    def point_at(self, x_mm: float, y_mm: float) -> PatientPoint:
        """The patient point so far to the right of and below the origin."""
        return PatientPoint(*self.shifted(right_mm=x_mm, down_mm=y_mm).origin_lps_mm)


def standard_plane(
    name: PlaneName, through: PatientPoint, size_px: tuple[int, int], mm_per_px: float
) -> Plane:
    """The radiological plane of that name with `through` in the middle of (width, height)."""
    right, down = _DIRECTIONS[name]
    return centred_plane(right, down, through, size_px, mm_per_px)


def centred_plane(
    right: Vector, down: Vector, through: PatientPoint, size_px: tuple[int, int], mm_per_px: float
) -> Plane:
    """A plane with `through` in the middle of a picture of (width, height) pixels."""
    half_width, half_height = (size_px[0] - 1) / 2, (size_px[1] - 1) / 2
    plane = Plane((through.x, through.y, through.z), right, down)
    return plane.shifted(right_mm=-half_width * mm_per_px, down_mm=-half_height * mm_per_px)


@dataclass(frozen=True, slots=True)
class PlanePicture:
    """Values (height, width) of the volume's kind on a plane; where not `inside`, they are none."""

    values: NDArray[Any]
    inside: NDArray[np.bool_]


class Slicer:
    """Cuts planes out of one volume (slices, rows, columns) of stored or modality values.

    `voxel_to_patient` (4, 4) maps (slice, row, column, 1) to LPS mm. `background` stands for
    "no value here" and must not occur in the volume; by default a free one is found, which reads
    all voxels once. Without a free value the volume is copied to a wider type. `step_mm` is the
    finest distance of voxels.
    """

    def __init__(
        self,
        voxels: NDArray[Any],
        voxel_to_patient: NDArray[np.float64],
        background: float | None = None,
    ) -> None:
        self._voxels = np.ascontiguousarray(voxels)
        if background is None:
            self._voxels, background = _with_background(self._voxels)
        self.background = background
        self._patient_to_voxel = np.linalg.inv(np.asarray(voxel_to_patient, np.float64))
        self.step_mm = float(np.linalg.norm(voxel_to_patient[:3, :3], axis=0).min())

    def is_on_grid(self, plane: Plane) -> bool:
        """Whether a plane's axes run along the volume's; slabs at an angle take far longer."""
        return _is_on_grid(self._patient_to_voxel @ _plane_to_patient(plane))

    def slice_plane(
        self,
        plane: Plane,
        size_px: tuple[int, int],
        mm_per_px: float,
        *,
        slab_mm: float = 0.0,
        projection: SlabProjection = "mean",
    ) -> PlanePicture:
        """Cut (width, height) pixels, interpolated linearly; `slab_mm` thick, about the plane.

        A slab is sampled at the finest voxel spacing. Parts of it beside the volume do not count.
        May be called from several threads.
        """
        layers = max(1, round(slab_mm / self.step_mm))
        step_mm = slab_mm / layers if layers > 1 else self.step_mm
        to_voxel = self._patient_to_voxel @ _plane_to_patient(plane)
        kernels = loaded(FRAME_KERNELS)
        is_ours = layers > 1 and self._voxels.dtype == np.int16 and not _is_on_grid(to_voxel)
        if kernels is not None and is_ours:
            scaled = to_voxel @ np.diag([mm_per_px, mm_per_px, step_mm, 1.0])
            return self._cut_by_kernel(kernels, scaled, size_px, layers, projection)
        spacing = (mm_per_px, mm_per_px, step_mm)
        return self._cut_by_vtk(to_voxel, size_px, spacing, layers, projection)

    def _cut_by_kernel(
        self,
        kernels: Any,
        pixel_to_voxel: NDArray[np.float64],
        size_px: tuple[int, int],
        layers: int,
        projection: SlabProjection,
    ) -> PlanePicture:
        right, down, through, corner = np.ascontiguousarray(pixel_to_voxel[:3].T)
        corner = corner - through * (layers - 1) / 2
        values = np.empty((size_px[1], size_px[0]), np.int16)
        inside = np.empty(values.shape, np.bool_)
        kernels.slab(
            self._voxels, corner, right, down, through, layers, _KINDS[projection],
            int(self.background), values, inside,
        )  # fmt: skip
        return PlanePicture(values, inside)

    def _cut_by_vtk(
        self,
        to_voxel: NDArray[np.float64],
        size_px: tuple[int, int],
        spacing_mm: tuple[float, float, float],
        layers: int,
        projection: SlabProjection,
    ) -> PlanePicture:
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkImagingCore import vtkImageReslice

        reslice = vtkImageReslice()
        reslice.SetInputData(_index_image(self._voxels))
        reslice.SetResliceAxes(_vtk_matrix(to_voxel))
        reslice.SetOutputExtent(0, size_px[0] - 1, 0, size_px[1] - 1, 0, 0)
        # The reslicer's path along the grid begins a slab half a layer too early.
        is_early = layers > 1 and _is_on_grid(to_voxel)
        reslice.SetOutputOrigin(0.0, 0.0, spacing_mm[2] / 2 if is_early else 0.0)
        reslice.SetOutputSpacing(*spacing_mm)
        reslice.SetInterpolationModeToLinear()
        reslice.SetBackgroundLevel(self.background)
        reslice.SetNumberOfThreads(1)
        if layers > 1:
            reslice.SetSlabNumberOfSlices(layers)
            reslice.SetSlabSliceSpacingFraction(1.0)
            modes = {"max": "Max", "min": "Min", "mean": "Mean"}
            getattr(reslice, f"SetSlabModeTo{modes[projection]}")()
        reslice.Update()
        scalars = reslice.GetOutput().GetPointData().GetScalars()
        values = vtk_to_numpy(scalars).reshape(size_px[1], size_px[0]).copy()
        return PlanePicture(values, values != values.dtype.type(self.background))


def _with_background(voxels: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """Find a value that no voxel has; a full integer type is widened for it."""
    if voxels.dtype.kind == "f":
        return voxels, float(np.finfo(voxels.dtype).min)
    limits = np.iinfo(voxels.dtype)
    if voxels.min() > limits.min:
        return voxels, limits.min
    if voxels.max() < limits.max:
        return voxels, limits.max
    return voxels.astype(np.int32), np.iinfo(np.int32).min


def _plane_to_patient(plane: Plane) -> NDArray[np.float64]:
    """(x, y, depth, 1) in mm on the plane to LPS: (4, 4)."""
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = plane.right, plane.down
    matrix[:3, 2], matrix[:3, 3] = plane.normal, plane.origin_lps_mm
    return matrix


def _is_on_grid(to_voxel: NDArray[np.float64]) -> bool:
    """Tell whether the plane's axes run along the volume's: VTK's fast case."""
    directions = to_voxel[:3, :3] / np.linalg.norm(to_voxel[:3, :3], axis=0)
    return bool((np.abs(directions).max(axis=0) > _ALONG_AXIS).all())


def _index_image(voxels: NDArray[Any]) -> Any:
    """Wrap the array, without a copy, as an image in index space: x is the column."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData

    image = vtkImageData()
    image.SetDimensions(voxels.shape[2], voxels.shape[1], voxels.shape[0])
    image.GetPointData().SetScalars(numpy_to_vtk(voxels.reshape(-1), deep=0))
    return image


def _vtk_matrix(to_voxel: NDArray[np.float64]) -> Any:
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    matrix.DeepCopy([float(value) for value in to_voxel[[2, 1, 0, 3]].ravel()])
    return matrix
