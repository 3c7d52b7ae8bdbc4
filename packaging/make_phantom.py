"""Draw a phantom patient from a seed: X-rays, CT and MR as DICOM, and truth.json beside them.

python packaging/make_phantom.py --seed 7 --out study --ct --xray --prior --nodules 1 --effusion
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from phantom.anatomy import Wanted
from phantom.study import Order, write

SERIES = ("ct", "mr", "xray", "lateral", "prior")
FINDINGS = ("effusion", "pneumothorax", "consolidation", "cardiomegaly", "fracture")


def main() -> int:
    """Write what the arguments ask for and print the path of truth.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    for name in (*SERIES, *FINDINGS):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--nodules", type=int, default=0, help="how many, up to 4")
    parser.add_argument("--nodule-mm", type=float, default=None, help="diameter of every nodule")
    parser.add_argument("--xray-px", type=int, default=1024)
    parser.add_argument("--ct-px", type=int, default=256)
    parser.add_argument("--ct-slices", type=int, default=96)
    parser.add_argument("--ct-slice-mm", type=float, default=3.2)
    given = vars(parser.parse_args())
    wanted = Wanted(
        nodules=given["nodules"], nodule_mm=given["nodule_mm"],
        **{name: given[name] for name in FINDINGS},
    )  # fmt: skip
    order = Order(
        seed=given["seed"], wanted=wanted, **{name: given[name] for name in SERIES},
        **{name: given[name] for name in ("xray_px", "ct_px", "ct_slices", "ct_slice_mm")},
    )  # fmt: skip
    given["out"].mkdir(parents=True, exist_ok=True)
    print(write(order, given["out"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
