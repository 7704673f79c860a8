"""A contact sheet of phantoms of both generators, with a real CT angiogram below: `python scripts/phantom_sheet.py`.

The real one is read from SECONDLOOK_REAL_DATA (by default ../shared/data) and left out where it is absent.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import nibabel as nib
import numpy as np
from PIL import Image, ImageDraw

from services.phantom.anatomy import generate
from services.phantom.cohort import demo_cases
from services.phantom.painted.anatomy import generate_painted
from services.phantom.painted.cohort import external_cases
from services.phantom.structures import INSIDE_THE_WALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
WINDOW = (-160.0, 240.0)
TILE = (300, 232)
"""Width and height of a picture in pixels."""
SHOWN = (1, 6, 13, 10)
"""Numbers of the demonstration's cases: fusiform, saccular, endograft, metal."""
PAINTED = (10, 1, 5, 9)


class Row(NamedTuple):
    """One scan [k, j, i] with its voxel size, and where to cut it."""

    title: str
    image: NDArray[np.int16]
    spacing: tuple[float, float, float]
    place: tuple[int, int, int]


def main() -> None:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screens" / "phantoms.png")
    said = parser.parse_args()
    sheet(list(rows())).save(said.out, optimize=True)


def rows() -> Iterator[Row]:
    """Four phantoms of each generator, then the real scan."""
    for number in SHOWN:
        case = demo_cases()[number]
        phantom = generate(case.plan)
        what = ", ".join(factor.value for factor in case.plan.factors) or case.plan.sac.kind.value
        yield _row(f"SYNTHETIC, implicit: {what}", phantom.hounsfield, phantom.labels, case.plan.grid.spacing)
    for number in PAINTED:
        plan = external_cases(PAINTED[0] + 1)[number].plan
        painted = generate_painted(plan)
        what = ", ".join(factor.value for factor in plan.factors) or "plain"
        yield _row(f"SYNTHETIC, painted: {what}", painted.hounsfield, painted.labels, plan.grid.spacing)
    folder = Path(os.environ.get("SECONDLOOK_REAL_DATA") or ROOT.parent / "shared" / "data") / "cta_dissection"
    if folder.exists():
        image = np.asarray(nib.load(folder / "ct_cropped.nii.gz").dataobj).transpose(2, 1, 0)
        yield Row("real, cropped (TotalSegmentator, Apache-2.0)", image, (1.5, 1.5, 1.5), (12, 78, 46))


def _row(title: str, image: NDArray[np.int16], labels: NDArray[np.uint8], spacing: tuple[float, float, float]) -> Row:
    """A phantom cut to its body with a little air, at the middle of its sac."""
    rows, columns = (np.flatnonzero(labels.any(axis=axis)) for axis in ((0, 2), (0, 1)))
    top, left = max(0, int(rows[0]) - 5), max(0, int(columns[0]) - 5)
    k, j, i = _widest(labels)
    body = image[:, top : rows[-1] + 14, left : columns[-1] + 6]
    return Row(title, body, spacing, (k, j - top, i - left))


def _widest(labels: NDArray[np.uint8]) -> tuple[int, int, int]:
    """The middle of the aorta on the slice where it is largest."""
    inside = np.isin(labels, INSIDE_THE_WALL)
    k = int(np.argmax(inside.sum(axis=(1, 2))))
    j, i = (int(index.mean()) for index in np.nonzero(inside[k]))
    return k, j, i


def sheet(found: list[Row]) -> Image.Image:
    """Two scans a line: axial, coronal, sagittal of each."""
    width, height = TILE
    lines = (len(found) + 1) // 2
    canvas = Image.new("L", (6 * width + 8, lines * (height + 16)))
    for number, row in enumerate(found):
        x, y = (number % 2) * (3 * width + 8), (number // 2) * (height + 16)
        ImageDraw.Draw(canvas).text((x + 4, y + 2), row.title, fill=220)
        for column, picture in enumerate(_pictures(row)):
            canvas.paste(picture, (x + column * width, y + 14))
    return canvas


def _pictures(row: Row) -> Iterator[Image.Image]:
    k, j, i = row.place
    dz, dy, dx = row.spacing
    for plane, down, across in (
        (row.image[k], dy, dx),
        (row.image[::-1, j], dz, dx),
        (row.image[::-1, :, i], dz, dy),
    ):
        low, high = WINDOW
        grey = (np.clip((plane - low) / (high - low), 0, 1) * 255).astype(np.uint8)
        yield _fitted(Image.fromarray(grey), plane.shape[1] * across, plane.shape[0] * down)


def _fitted(picture: Image.Image, width: float, height: float) -> Image.Image:
    """As large as fits into a tile, in true proportions."""
    scale = min(TILE[0] / width, TILE[1] / height)
    tile = Image.new("L", TILE)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    tile.paste(picture.resize(size, Image.Resampling.BICUBIC), ((TILE[0] - size[0]) // 2, (TILE[1] - size[1]) // 2))
    return tile


if __name__ == "__main__":
    main()
