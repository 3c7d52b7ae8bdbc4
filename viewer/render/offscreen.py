"""VTK's GPU volume mapper behind the interface of the CPU caster; no window on the screen.

Used in the product only after `probe` has found real graphics hardware in a child process: without
a working GL, VTK ends the whole process. Under a software GL it serves tests and benchmarks as the
independent peer of the caster.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.render.camera import Camera
from viewer.render.transfer import TransferFunction
from viewer.render.volume import FULL, Cancel, CropBox, Picture, Quality

_SPECULAR_POWER: Final = 10.0


class GpuVolume:
    """Renders one volume, (slices, rows, columns) of any scalar type, by VTK and OpenGL.

    `voxel_to_patient` (4, 4) maps (slice, row, column, 1) to LPS mm. The volume lies in VTK's index
    space with an identity direction, and the actor carries the rotation: the mapper shows nothing
    at all for a left-handed one, so those are turned by reversing the slices.
    """

    def __init__(
        self,
        voxels: NDArray[np.generic],
        voxel_to_patient: NDArray[np.float64],
        *,
        slope: float = 1.0,
        intercept: float = 0.0,
    ) -> None:
        self._slope, self._intercept = slope, intercept
        matrix = np.asarray(voxel_to_patient, np.float64)
        self._is_reversed = bool(np.linalg.det(matrix[:3, 2::-1]) < 0)
        self._slices = voxels.shape[0]
        if self._is_reversed:
            matrix = matrix @ _reversal(self._slices)
            voxels = voxels[::-1]
        self._voxels = np.ascontiguousarray(voxels)
        self._spacing_mm = np.linalg.norm(matrix[:3, :3], axis=0)
        self._build(matrix)

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Use another transfer function from the next picture on."""
        self._transfer = transfer
        if transfer.projection == "max":
            self._mapper.SetBlendModeToMaximumIntensity()
        elif transfer.projection == "min":
            self._mapper.SetBlendModeToMinimumIntensity()
        else:
            self._mapper.SetBlendModeToComposite()
        self._fill_tables(transfer)
        properties = self._properties
        properties.SetShade(transfer.projection == "shaded")
        properties.SetAmbient(transfer.ambient)
        properties.SetDiffuse(transfer.diffuse)
        properties.SetSpecular(transfer.specular)
        properties.SetSpecularPower(_SPECULAR_POWER)

    def render(
        self,
        camera: Camera,
        size_px: tuple[int, int],
        quality: Quality = FULL,
        *,
        crop: CropBox | None = None,
        cancel: Cancel | None = None,
    ) -> Picture:
        """Make an opaque RGBA picture, (height, width, 4); the level plays no part here."""
        if cancel is not None:
            cancel.check()
        width, height = quality.picture_size(size_px)
        self._window.SetSize(width, height)
        self._mapper.SetSampleDistance(quality.step_voxels * float(self._spacing_mm.min()))
        self._mapper.SetUseJittering(quality.has_jitter)
        self._set_crop(crop)
        _place(self._scene.GetActiveCamera(), camera)
        self._scene.ResetCameraClippingRange()
        self._window.Render()
        return self._read_back(width, height)

    def render_over(
        self,
        picture: Picture,
        camera: Camera,
        quality: Quality = FULL,
        *,
        crop: CropBox | None = None,
        cancel: Cancel | None = None,
    ) -> Iterator[Picture]:
        """Replace a picture as a whole: a GPU has no parts worth showing."""
        size_px = (picture.shape[1], picture.shape[0])
        picture[:] = self.render(camera, size_px, quality, crop=crop, cancel=cancel)
        yield picture.copy()

    def close(self) -> None:
        """Free the graphics memory."""
        self._mapper.ReleaseGraphicsResources(self._window)
        self._window.Finalize()

    def renderer_name(self) -> str:
        """Name of the driver's renderer after the first picture, "" when it gives none."""
        for line in self._window.ReportCapabilities().splitlines():
            if line.lower().startswith("opengl renderer string"):
                return str(line.partition(":")[2].strip())
        return ""

    def _build(self, matrix: NDArray[np.float64]) -> None:
        import vtkmodules.vtkRenderingOpenGL2
        import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401 - both register factories
        from vtkmodules.vtkRenderingCore import (
            vtkRenderer,
            vtkRenderWindow,
            vtkVolume,
            vtkVolumeProperty,
        )
        from vtkmodules.vtkRenderingVolumeOpenGL2 import vtkOpenGLGPUVolumeRayCastMapper

        self._mapper: Any = vtkOpenGLGPUVolumeRayCastMapper()
        self._mapper.SetInputData(_image(self._voxels, self._spacing_mm))
        self._mapper.SetAutoAdjustSampleDistances(0)
        self._mapper.SetLockSampleDistanceToInputSpacing(0)
        self._properties: Any = vtkVolumeProperty()
        self._properties.SetInterpolationTypeToLinear()
        volume = vtkVolume()
        volume.SetMapper(self._mapper)
        volume.SetProperty(self._properties)
        volume.SetUserMatrix(_user_matrix(matrix))
        self._scene: Any = vtkRenderer()
        self._scene.AddVolume(volume)
        self._scene.SetBackground(0.0, 0.0, 0.0)
        self._window: Any = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.AddRenderer(self._scene)

    def _fill_tables(self, transfer: TransferFunction) -> None:
        from vtkmodules.vtkCommonDataModel import vtkPiecewiseFunction
        from vtkmodules.vtkRenderingCore import vtkColorTransferFunction

        opacity, colour = vtkPiecewiseFunction(), vtkColorTransferFunction()
        for value, alpha in transfer.opacity or ((0.0, 1.0),):
            opacity.AddPoint((value - self._intercept) / self._slope, min(alpha, 0.999))
        for value, red, green, blue in transfer.colour:
            colour.AddRGBPoint((value - self._intercept) / self._slope, red, green, blue)
        self._properties.SetScalarOpacity(opacity)
        self._properties.SetColor(colour)
        self._properties.SetScalarOpacityUnitDistance(1.0)

    def _set_crop(self, crop: CropBox | None) -> None:
        self._mapper.SetCropping(crop is not None)
        if crop is None:
            return
        low, high = list(crop.low), list(crop.high)
        if self._is_reversed:
            low[0], high[0] = self._slices - 1 - high[0], self._slices - 1 - low[0]
        planes = [
            (low[axis] * mm, high[axis] * mm)
            for axis, mm in zip((2, 1, 0), self._spacing_mm[::-1], strict=True)
        ]
        self._mapper.SetCroppingRegionPlanes([edge for pair in planes for edge in pair])
        self._mapper.SetCroppingRegionFlagsToSubVolume()

    def _read_back(self, width: int, height: int) -> Picture:
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

        bytes_read = vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 1, bytes_read)
        rows_from_below = vtk_to_numpy(bytes_read).reshape(height, width, 4)
        picture = np.ascontiguousarray(rows_from_below[::-1])
        picture[:, :, 3] = 255
        return picture


def _reversal(slices: int) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[0, 0], matrix[0, 3] = -1, slices - 1
    return matrix


def _image(voxels: NDArray[np.generic], spacing_mm: NDArray[np.float64]) -> Any:
    """Wrap an array as VTK's image without a copy; x runs fastest there as columns do here.

    The spacing belongs to the image, not to the actor's matrix, which shading does not see.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData

    image = vtkImageData()
    image.SetDimensions(voxels.shape[2], voxels.shape[1], voxels.shape[0])
    image.SetSpacing(spacing_mm[2], spacing_mm[1], spacing_mm[0])
    image.GetPointData().SetScalars(numpy_to_vtk(voxels.reshape(-1), deep=0))
    return image


def _user_matrix(voxel_to_patient: NDArray[np.float64]) -> Any:
    """VTK's (column, row, slice) order in mm along each axis to LPS."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    unit = voxel_to_patient.copy()
    unit[:3, :3] /= np.linalg.norm(unit[:3, :3], axis=0)
    ordered = unit[:, [2, 1, 0, 3]]
    matrix = vtkMatrix4x4()
    matrix.DeepCopy([float(value) for value in ordered.ravel()])
    return matrix


def _place(vtk_camera: Any, camera: Camera) -> None:
    focus, distance = np.asarray(camera.focal_point_lps_mm), camera.eye_distance_mm
    eye = focus - np.asarray(camera.direction) * distance
    vtk_camera.SetFocalPoint(*focus)
    vtk_camera.SetPosition(*eye)
    vtk_camera.SetViewUp(*camera.up)
    vtk_camera.SetParallelProjection(camera.perspective_angle_deg <= 0)
    vtk_camera.SetParallelScale(camera.parallel_scale_mm)
    if camera.perspective_angle_deg > 0:
        vtk_camera.SetViewAngle(camera.perspective_angle_deg)
