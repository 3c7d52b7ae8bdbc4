"""A patient who does not exist: anatomy from a seed, pictures of it, and the truth about them.

For a trainer: `xray_sample`, `pair_sample`, `ct_slices_sample`. For files: `make_phantom.py`.
"""

from phantom.anatomy import Findings, Nodule, Wanted, draw_anatomy
from phantom.findings import draw_findings
from phantom.samples import Pair, Slices, ct_slices_sample, labels_of, pair_sample, xray_sample

__all__ = [
    "Findings",
    "Nodule",
    "Pair",
    "Slices",
    "Wanted",
    "ct_slices_sample",
    "draw_anatomy",
    "draw_findings",
    "labels_of",
    "pair_sample",
    "xray_sample",
]
