"""Rows of README's table of figures: what a benchmark calls it, our cell, the peer's or goal's."""

from collections.abc import Callable
from typing import Any, Final

Cell = str | Callable[[dict[str, Any]], str]


def times_vtk(field: str) -> Cell:
    """How many times the speed of VTK's mapper in the same run."""
    return lambda line: f"{line[field]} times as fast"


ROWS: Final[tuple[tuple[str, Cell, Cell], ...]] = (
    ("start to usable window", "{median_s} s", "InVesalius 3.1: {invesalius_s} s (stated)"),
    ("start to CT in three planes", "{median_s} s", "InVesalius 3.1: {invesalius_s} s (stated)"),
    ("peak memory, CT in three planes", "{mb} MB", "InVesalius 3.1: {invesalius_mb} MB (stated)"),
    ("folder to first image", "{ms} ms", ""),
    ("folder of 100 CT slices to volume", "{ms} ms", "SimpleITK: {simpleitk_ms} ms, ratio {ratio}"),
    ("memory over pixels", "{ratio}", "goal 1.0"),
    (
        "headers of ct/ct_chest_cmbcrc_100",
        "{own_us} µs a file",
        "pydicom with values: {pydicom_with_values_us} µs, ratio {times_faster_like_for_like}",
    ),
    ("10000 files, first", "{scan_s} s, first after {first_ms} ms", "goal {goal_s} s"),
    ("cancel a scan", "{worst_ms} ms at worst", "goal {goal_ms} ms"),
    ("512x512: next cached image", "{median_ms} ms, p95 {p95_ms}", "goal 10 ms"),
    ("512x512: window drag", "{median_ms} ms, p95 {p95_ms}", "goal 10 ms"),
    ("3000x3000: next cached image", "{median_ms} ms, p95 {p95_ms}", "goal 10 ms"),
    ("3000x3000: window drag", "{median_ms} ms, p95 {p95_ms}", "goal 10 ms"),
    ("512x512x200: crosshair move, three planes", "{median_ms} ms, p95 {p95_ms}", "goal 10 ms"),
    ("3D turning, ct_bone", "{frames_per_s} frames/s", "goal 40 frames/s"),
    ("3D turning, ct_skin", "{frames_per_s} frames/s", "goal 40 frames/s"),
    ("3D turning, ct_muscle", "{frames_per_s} frames/s", "goal 40 frames/s"),
    ("3D turning, ct_lung", "{frames_per_s} frames/s", "goal 40 frames/s"),
    (
        "3D full after release, ct_bone",
        "{full_ms} ms, first picture {first_ms} ms",
        "goal 200 ms",
    ),
    (
        "3D full after release, ct_skin",
        "{full_ms} ms, first picture {first_ms} ms",
        "goal 200 ms",
    ),
    (
        "3D full after release, ct_muscle",
        "{full_ms} ms, first picture {first_ms} ms",
        "goal 200 ms",
    ),
    (
        "3D full after release, ct_lung",
        "{full_ms} ms, first picture {first_ms} ms",
        "goal 200 ms",
    ),
    (
        "VTK GPU mapper ct_bone",
        times_vtk("caster_in_motion"),
        "{median_ms} ms a picture (llvmpipe)",
    ),
    (
        "VTK GPU mapper ct_lung",
        times_vtk("caster_in_motion"),
        "{median_ms} ms a picture (llvmpipe)",
    ),
    ("first question", "{engine_first_token_s} s", "MTMDChatHandler: {handler_first_token_s} s"),
    (
        "second question",
        "{engine_first_token_s} s, {images_encoded} images encoded",
        "MTMDChatHandler: {handler_first_token_s} s, ratio {ratio}",
    ),
)
