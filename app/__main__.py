"""``python -m app``: the window, or a command."""

import sys

if not sys.flags.safe_path:
    # ``-m`` puts the working directory first: a file named json.py in an opened folder would run.
    del sys.path[0]

from app.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
