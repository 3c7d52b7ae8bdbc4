"""The compile child, `python -I -m viewer.render.compile_kernels`: fills the cache and ends."""

import os

from viewer.render.kernel_cache import compile_here


def main() -> None:
    """Compile every kernel at low priority, so that the window stays fluid meanwhile."""
    if hasattr(os, "nice"):
        os.nice(10)
    compile_here()


if __name__ == "__main__":
    main()
