"""Headers against pydicom, and a folder of 10,000 files: listed, cancelled.

`python tests/benchmarks/bench_headers.py` prints JSON lines. It needs ../shared/data.
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pydicom

from viewer.parsing.facts import Memory
from viewer.parsing.files import open_source
from viewer.parsing.headers import read_header
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = 10_000
ROUNDS = 9
# What an Instance holds, as pydicom spells it.
KEYWORDS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyDescription", "AccessionNumber",
    "InstitutionName", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "SeriesDate",
    "SeriesTime", "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime",
    "Modality", "BodyPartExamined", "Laterality", "ViewPosition", "PatientOrientation",
    "FrameOfReferenceUID", "ImageType", "BurnedInAnnotation", "LossyImageCompression",
    "SOPInstanceUID", "SOPClassUID", "InstanceNumber", "AcquisitionNumber", "Rows", "Columns",
    "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "PhotometricInterpretation", "ImagePositionPatient", "ImageOrientationPatient",
    "PixelSpacing", "SliceThickness", "RescaleSlope", "RescaleIntercept", "RescaleType",
    "WindowCenter", "WindowWidth", "PixelPaddingValue", "KVP", "ConvolutionKernel",
    "Manufacturer",
)  # fmt: skip


def per_file_us(read: Callable[[str], object], paths: list[str]) -> float:
    """Microseconds of processor time a file, the best of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for path in paths:
            read(path)
        best = min(best, time.process_time() - start)
    return best / len(paths) * 1e6


def own(memory: Memory) -> Callable[[str], object]:
    def read(path: str) -> object:
        with open_source(path) as source:
            return read_header(source, path, "", memory)

    return read


def with_pydicom(path: str) -> object:
    return pydicom.dcmread(path, stop_before_pixels=True)


def values_with_pydicom(path: str) -> object:
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    return [dataset.get(keyword) for keyword in KEYWORDS]


def compare_headers(name: str) -> None:
    paths = sorted(str(p) for p in (DATA / name).iterdir())
    ours = per_file_us(own(Memory()), paths)
    bare = per_file_us(with_pydicom, paths)
    values = per_file_us(values_with_pydicom, paths)
    report(
        f"headers of {name}",
        own_us=round(ours),
        pydicom_us=round(bare),
        pydicom_with_values_us=round(values),
        times_faster=round(bare / ours, 1),
        times_faster_like_for_like=round(values / ours, 1),
    )


def make_files(folder: Path, count: int) -> None:
    """Copies of one small real slice, each with a UID and a place of its own."""
    original = min((DATA / "mr" / "mr_philips_scaling_epi").iterdir()).read_bytes()
    uid = re.search(rb"\x08\x00\x18\x00UI..([0-9.]+)", original, re.DOTALL)
    series = re.search(rb"\x20\x00\x0e\x00UI..([0-9.]+)", original, re.DOTALL)
    if uid is None or series is None:
        raise SystemExit("the sample file has no UIDs")
    for index in range(count):
        changed = original.replace(uid[1], uid[1][:-6] + b"%06d" % index)
        changed = changed.replace(series[1], series[1][:-4] + b"%04d" % (1000 + index // 100))
        sub = folder / f"{index // 500:03d}"
        sub.mkdir(exist_ok=True)
        (sub / f"IM{index:06d}").write_bytes(changed)


def scan_many(folder: Path) -> None:
    workers = Workers(2)
    workers.warm()
    time.sleep(1)
    for label in ("first", "again"):
        start = time.perf_counter()
        instances, first = [], 0.0
        for part in workers.scan([str(folder)]):
            if isinstance(part, Found):
                first = first or time.perf_counter() - start
                instances.append(part.instance)
        scanned = time.perf_counter() - start
        group(instances)
        report(
            f"{FILES} files, {label}",
            found=len(instances),
            first_ms=round(first * 1e3, 1),
            scan_s=round(scanned, 2),
            group_ms=round((time.perf_counter() - start - scanned) * 1e3),
            goal_s=5,
        )
    taken = [cancel_s(workers, folder, after) for after in (1, 500, 4000)]
    report("cancel a scan", worst_ms=round(max(taken) * 1e3), goal_ms=200)
    workers.close()


def cancel_s(workers: Workers, folder: Path, after: int) -> float:
    scan = workers.scan([str(folder)])
    found = 0
    for part in scan:
        found += isinstance(part, Found)
        if found >= after:
            break
    start = time.perf_counter()
    scan.close()  # type: ignore[attr-defined]
    return time.perf_counter() - start


def report(what: str, **figures: object) -> None:
    print(json.dumps({"what": what, **figures}), flush=True)


def main() -> None:
    if not DATA.is_dir():
        sys.exit("../shared/data is not here")
    compare_headers("ct/ct_chest_cmbcrc_100")
    compare_headers("mr/mr_dwi_multib_philips")
    compare_headers("nm_pt/pet_ac_acrin_50")
    with tempfile.TemporaryDirectory() as folder:
        make_files(Path(folder), FILES)
        scan_many(Path(folder))


if __name__ == "__main__":
    main()
