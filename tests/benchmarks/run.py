"""Run every benchmark of this folder and write README's table of figures.

    xvfb-run -a python tests/benchmarks/run.py [--only volume]

Each benchmark prints JSON lines ``{"what": ..., ...}``; ``ROWS`` says which of them are shown.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
MARKS = ("<!-- figures: make bench -->\n", "<!-- end of figures -->")
Line = dict[str, Any]


def main() -> int:
    """Run, keep the lines, write the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", default="", help="part of a benchmark's name")
    arguments.add_argument("--keep", type=Path, default=HERE / "figures.jsonl")
    given = arguments.parse_args()
    kept = read(given.keep)
    for script in sorted(HERE.glob("bench_*.py")):
        if given.only in script.name:
            kept.update(lines_of(script))
    given.keep.write_text("".join(json.dumps(line) + "\n" for line in kept.values()))
    write_table(kept)
    return 0


def read(path: Path) -> dict[str, Line]:
    """Lines of an earlier run, by what they measure."""
    if not path.exists():
        return {}
    lines = (json.loads(text) for text in path.read_text().splitlines())
    return {line["what"]: line for line in lines}


def lines_of(script: Path) -> dict[str, Line]:
    """What one benchmark says."""
    print(script.name, file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=False)
    said = [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
    for line in said:
        print("  ", json.dumps(line), file=sys.stderr, flush=True)
    if done.returncode:
        print(f"   ended with {done.returncode}", file=sys.stderr)
    return {line["what"]: line for line in said if "what" in line}


def write_table(lines: dict[str, Line]) -> None:
    """README's table between its marks."""
    from rows import ROWS

    text = f"{machine()}. Medians; a peer is measured in the same run unless it says otherwise.\n\n"
    text += "| what | Second Read | peer or goal |\n|---|---|---|\n"
    for what, ours, theirs in ROWS:
        if (line := lines.get(what)) is not None:
            text += f"| {what} | {filled(ours, line)} | {filled(theirs, line)} |\n"
    readme = ROOT / "README.md"
    whole = readme.read_text()
    before, rest = whole.split(MARKS[0])
    readme.write_text(before + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1])[1])


def filled(cell: str | Callable[[Line], str], line: Line) -> str:
    """A cell of the table."""
    return cell(line) if callable(cell) else cell.format_map(line)


def machine() -> str:
    """What it was measured on."""
    name = platform.processor() or platform.machine()
    processors = Path("/proc/cpuinfo")
    if processors.exists():
        found = re.search(r"^model name\s*:\s*(.*)$", processors.read_text(), re.MULTILINE)
        name = found[1].strip() if found else name
    return f"{name}, {os.cpu_count()} cores, no GPU, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
