"""Maps of scans to fit the shipped meta-aggregator on, and the fit itself.

python -m scripts.meta_fit FOLDER --scans 200    (half a minute a scan; goes on where it stopped)
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- typer reads it
from typing import Annotated

import typer

from services.aggregation.fitted_scans import kept_map
from services.segmentation import installed
from services.segmentation.engine import KeptNetworks
from services.segmentation.inference import predict


def main(folder: Path, scans: Annotated[int, typer.Option(min=1)] = 200) -> None:
    """Ask the shipped ensemble about as many scans as are not yet in FOLDER."""
    card = installed.shipped(installed.AORTA)
    if card is None:
        raise SystemExit("The shipped ensemble must be installed. Found: none. Install Second Look whole.")
    locator, engines = installed.locator_of(card), KeptNetworks()
    for number in range(scans):
        kept_map(number, folder, lambda scan, affine: predict(scan, affine, card, locator=locator, engines=engines))
        print(f"{number + 1} of {scans}", flush=True)


if __name__ == "__main__":
    typer.run(main)
