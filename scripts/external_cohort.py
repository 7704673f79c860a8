"""The external test cohort of the second phantom generator: `python scripts/external_cohort.py FOLDER --cases 22`."""

from __future__ import annotations

import argparse
from pathlib import Path

from services import terminal
from services.phantom.painted.cohort import external_cases, write_external


def main() -> None:
    """Ask for a folder, and write the cases there with a progress bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=22)
    said = parser.parse_args()
    with terminal.progress() as progress:
        write_external(said.folder.expanduser(), external_cases(said.cases), progress=progress)


if __name__ == "__main__":
    main()
