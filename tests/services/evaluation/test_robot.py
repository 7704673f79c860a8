"""A robot that clicks: what it counts on slices with known answers, which slices, and the figures that follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.evaluation import robot_results, robot_tables
from services.evaluation.real_scan import RealScan
from services.evaluation.robot import ARMS, ENOUGH, MOST_CLICKS, OURS, Clicked, Slice, click_through
from services.evaluation.robot_results import Line
from services.evaluation.robot_slices import REAL, SLICES_OF_REAL, Source, Start, Volume, sources, tasks, wrong_start
from services.segmentation.promptable.click_network import load_click_model
from services.segmentation.promptable.correcting import DISC_MM, GLOBAL_CLICKS
from tests.services.segmentation.click_models import Anything, Growing, Stubborn, disc, vessel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.evaluation.robot_results import Document
    from tests.services.conftest import Run

ROOT = Path(__file__).parents[3]
AFFINE = np.diag([4.0, 1.0, 1.0, 1.0])
NOWHERE = np.zeros((80, 80), dtype=bool)


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def one() -> Slice:
    hounsfield, wanted = vessel()
    return Slice("scan", 7, 3, hounsfield, (1.0, 1.0), wanted)


def volume() -> Volume:
    """A vessel on ten slices of twelve, a little further right on each."""
    hounsfield, wanted = vessel()
    masks = np.stack([np.roll(wanted, k, axis=1) for k in range(12)])
    masks[[0, 11]] = False
    return Volume(np.stack([np.roll(hounsfield, k, axis=1) for k in range(12)]), AFFINE, masks)


def source(name: str = "a", person: int = 1) -> Source:
    return Source("same generator", name, person, 4, volume)


def test_a_network_that_knows_needs_one_click_and_the_robot_is_content() -> None:
    found = click_through(one(), NOWHERE, OURS, Growing())
    assert (found.clicks_to(0.9), found.fails(0.9), found.dice[0]) == (1, False, 0)
    assert found.dice[-1] >= ENOUGH > found.dice[-2]
    assert found.after(MOST_CLICKS) == found.dice[-1]


def test_a_network_that_never_follows_leaves_discs_and_counts_as_failed_with_all_clicks() -> None:
    found = click_through(one(), NOWHERE, OURS, Stubborn())
    assert (found.clicks_to(0.9), found.fails(0.9), len(found.changed)) == (MOST_CLICKS, True, MOST_CLICKS)
    assert max(found.changed[GLOBAL_CLICKS:]) <= disc((9, 9), (4, 4), DISC_MM).sum()


def test_what_needs_no_click_gets_none() -> None:
    found = click_through(one(), one().wanted, OURS, Stubborn())
    assert (found.dice, found.changed, found.clicks_to(0.85)) == ((1.0,), (), 0)


def test_later_clicks_of_ours_alter_nothing_beside_the_piece_that_holds_them_and_those_of_others_do() -> None:
    collateral = {}
    for arm in ARMS:
        found = click_through(one(), NOWHERE, arm, Anything())
        collateral[arm.name] = sum(found.collateral[arm.global_clicks :])
    assert all(collateral[arm.name] == 0 for arm in ARMS if not arm.whole_box)
    assert collateral["box merge"] > 0


def test_the_same_seed_gives_the_same_clicks() -> None:
    first, second = (click_through(one(), NOWHERE, OURS, Anything()) for _ in range(2))
    assert (first.dice, first.changed, first.spoilt) == (second.dice, second.changed, second.spoilt)


def test_each_slice_is_corrected_from_nothing_and_from_a_mask_that_is_wrong_but_about_it() -> None:
    found = list(tasks(source()))
    assert [task.start for task in found] == [Start.EMPTY, Start.WRONG] * 4
    assert [task.on.slice_index for task in found[::2]] == [2, 4, 7, 9]
    assert all(task.on.wanted.any() for task in found)
    assert not any(task.mask.any() for task in found[::2])
    assert all(0.3 < Clicked((_dice(task.mask, task.on.wanted),), (), (), (), ()).after(0) < 1 for task in found[1::2])


def _dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def test_a_wrong_mask_at_the_end_of_the_vessel_comes_of_the_slice_itself() -> None:
    wanted = np.zeros((3, 80, 80), dtype=bool)
    wanted[1] = disc((80, 80), (40, 36), 14)
    mask = wrong_start(wanted, 1, 4.0, (1.0, 1.0), np.random.default_rng(0))
    assert 0.3 < _dice(mask, wanted[1]) < 1


def test_the_scans_are_of_both_generators_and_the_real_one_comes_last_where_it_is() -> None:
    hounsfield, affine, wanted = volume()
    groups = [chosen.group for chosen in sources(1, RealScan(hounsfield, affine, wanted, wanted))]
    assert groups == ["other generator"] * 11 + ["same generator"] * 11 + [REAL]
    assert {chosen.group for chosen in sources(1, None)} == {"other generator", "same generator"}
    *_, real = sources(1, RealScan(hounsfield, affine, wanted, wanted))
    assert len(list(tasks(real))) == 2 * 10 <= 2 * SLICES_OF_REAL


def test_a_measurement_that_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    kept, chosen = tmp_path / "kept.jsonl", [source("a", 1), source("b", 2)]
    first = robot_results.measure(chosen[:1], Growing(), kept, silent)
    kept.write_text(kept.read_text() + "[[cut off")
    both = robot_results.measure(chosen, Growing(), kept, silent)
    assert both[: len(first)] == first
    assert robot_results.measure(chosen, Stubborn(), kept, silent) == both
    assert len(both) == 2 * len(first) == 2 * 8 * len(ARMS)


def line(person: int, arm: str, *scores: float, collateral: int = 0) -> Line:
    """A correction from nothing with these Dice after its clicks."""
    changed = (50,) * len(scores)
    clicked = Clicked((0.0, *scores), changed, (collateral,) * len(scores), (1,) * len(scores), (9.0,) * len(scores))
    return Line("same generator", f"scan {person}", person, 3, Start.EMPTY, arm, clicked)


def lines() -> list[Line]:
    """Three persons: ours needs 1, 2 and 3 clicks to 0.85, the others two more each; nobody reaches 0.9."""
    found = []
    for person in (1, 2, 3):
        late = (0.5,) * (person + 1) + (0.86,) + (0.87,) * 6
        found += [line(person, arm.name, *late, collateral=9) for arm in ARMS if arm is not OURS]
        found.append(line(person, OURS.name, *late[2:]))
    return found


def row(published: Document, arm: str) -> Document:
    return next(one for one in published["rows"] if (one["arm"], one["start"]) == (arm, Start.EMPTY))


def test_the_figures_count_clicks_failures_and_what_others_need_more() -> None:
    published = robot_results.document(lines(), {"model": "x@1"}, "secondlook evaluate --clicks")
    ours, other = row(published, OURS.name), row(published, "box merge")
    assert (ours["slices"], ours["NoF@85"], ours["NoF@90"]) == (3, 0, 3)
    assert ours["NoC@85"] | {"lower": 0, "upper": 0} == _estimate(2.0)
    assert ours["NoC@90"] | {"lower": 0, "upper": 0} == _estimate(20.0)
    more = other["NoC@85 more than ours"]
    assert (more["value"], more["lower"], more["upper"]) == (2, 2, 2)
    assert (ours["collateral a later click"]["value"], other["collateral a later click"]["value"]) == (0, 9)
    assert ours["dice"]["20"]["value"] == pytest.approx(0.87)
    assert ours["ms a click"] == {"median": 9, "p95": 9}


def _estimate(value: float) -> Document:
    return {"value": value, "lower": 0, "upper": 0, "cases": 3, "patients": 3, "undefined": 0, "reason": ""}


def test_the_document_is_json_and_says_how_it_was_made() -> None:
    published = json.loads(
        json.dumps(robot_results.document(lines(), {"model": "x@1"}, "the command"), allow_nan=False)
    )
    assert (published["command"], published["model"], published["claim"]) == (
        "the command",
        {"model": "x@1"},
        "arXiv:2603.27625",
    )
    assert {"measured", "machine", "packages", "method", "robot", "interval"} <= set(published)


def test_the_tables_show_every_arm_and_a_dash_where_nothing_is_known() -> None:
    published = robot_results.document(lines(), {"model": "x@1"}, "the command")
    shown = robot_tables.table(published)
    assert len(shown) == 2 + len(ARMS)
    assert "| box merge | 4.0 (3.0 to 5.0) | 20.0 (20.0 to 20.0) | 20.0 (20.0 to 20.0) | 0 of 3 | 3 of 3 |" in shown[3]
    assert robot_tables.table(robot_results.document([line(1, arm.name) for arm in ARMS], {}, ""))[2].endswith(
        "| \N{EN DASH} | \N{EN DASH} | \N{EN DASH} | \N{EN DASH} |"
    )
    assert robot_tables.differences(published)[2].endswith(
        "+2.0 (+2.0 to +2.0) | +0.0 (+0.0 to +0.0) | +0.0 (+0.0 to +0.0) |"
    )


def test_the_command_prints_the_table_and_keeps_the_figures_in_the_home(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every scan is clicked through already: clicking takes half an hour and is no test."""
    monkeypatch.delenv("SECONDLOOK_REAL_DATA", raising=False)
    kept = home / "evaluations" / f"clicks-{robot_results.fingerprint_of(load_click_model().identity, 1)}.jsonl"
    for there in sources(1, None):
        found = [line(there.person, arm.name, 0.9) for arm in ARMS]
        robot_results.append(kept, [one._replace(group=there.group, scan=there.name) for one in found])
    code, out, _ = run("evaluate", "--clicks", "--persons", "1")
    assert code == 0
    assert "other generator | empty | piece merge | 1.0 (1.0 to 1.0)" in " ".join(out.split())
    published = json.loads((home / "evaluations" / "clicks.json").read_text())
    assert published["command"] == "secondlook evaluate --clicks --persons 1"
    assert {one["slices"] for one in published["rows"]} == {11}


def test_other_weights_or_more_scans_have_another_fingerprint() -> None:
    given = (({"model": "a"}, 1), ({"model": "b"}, 1), ({"model": "a"}, 2))
    assert len({robot_results.fingerprint_of(*each) for each in given}) == len(given)


def test_a_claim_holds_where_every_interval_lies_above_nothing_and_the_page_gets_it_between_its_marks() -> None:
    published = robot_results.document(lines(), {"model": "x@1"}, "the command")
    held = [one.rsplit("| ", 1)[1] for one in robot_tables.claims(published)[2:]]
    assert held == ["**not reproduced** |", "**not reproduced** |", "**reproduced** |"]
    published["rows"][0]["NoC@90 more than ours"] |= {"value": 2.0, "lower": 1.0, "upper": 3.0}
    assert "+2.0 (+1.0 to +3.0) | **reproduced** |" in robot_tables.claims(published)[2]
    page = robot_tables.written(f"before\n\n{robot_tables.BEGIN}old{robot_tables.END}\nafter", published)
    assert page.startswith("before\n\n<!-- from docs/results/clicks.json")
    assert page.endswith("<!-- end of the clicks -->\nafter")
    assert "old" not in page
    with pytest.raises(ValueError, match="must hold"):
        robot_tables.written("no marks", published)


def test_with_too_few_persons_for_an_interval_a_claim_is_not_tested() -> None:
    published = robot_results.document([line(1, arm.name, 0.9) for arm in ARMS], {"model": "x@1"}, "the command")
    assert robot_tables.claims(published)[2].endswith("| \N{EN DASH} | **not tested** |")


def test_the_claims_about_clicks_are_true_to_the_published_figures() -> None:
    published = json.loads((ROOT / "docs" / "results" / "clicks.json").read_text())
    page = (ROOT / "docs" / "claims.md").read_text()
    assert robot_tables.written(page, published) == page
