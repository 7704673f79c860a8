"""Learning on formulas, then on something else: a very small trial, done whole and gone on with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from services.imaging.progress import silent
from services.phantom import fdif
from services.phantom.painted.cohort import EXTERNAL_SEED, external_cases
from services.segmentation import transfer_trial
from services.segmentation.card import Layout
from services.segmentation.networks import build
from services.segmentation.painted_crops import Cube, painted_crops
from services.segmentation.pretraining import Example, Schedule, dice, learn, predicted, transfer, window
from services.segmentation.training_set import TRAINING_SEED
from services.segmentation.transfer_results import document, gain_of_gains, gains, runs_of, whole_seeds
from services.segmentation.transfer_tables import BEGIN, END, written
from services.segmentation.transfer_trial import FEW_SEED, FORMULA_SEED, TEST_SEED, Run, Trial

ROOT = Path(__file__).parents[3]
LAYOUT = Layout((4, 8), (2,), 1)
CUBE = Cube(side=16, spacing_mm=8.0)
TINY = Trial(
    1, (1, 2), (1,), volumes=3, pool=2, tests=2, pretraining=2, fine_tuning=2, side=8, cube=CUBE, layout=LAYOUT
)


def network(classes: int, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return build(LAYOUT, classes)


def halves() -> Example:
    """Bright above, dark below."""
    labels = np.repeat(np.array([1, 0], np.uint8), 8)[:, None, None] * np.ones((1, 16, 16), np.uint8)
    return Example(labels.astype(np.float32), labels)


def run_of(seed: int, arm: str, size: int, values: list[float]) -> Run:
    return Run(arm, size, seed, 0.1, dict.fromkeys(("lumen", "thrombus", "outer wall", transfer_trial.MEAN), values))


@pytest.fixture(scope="module")
def trial_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trial")
    transfer_trial.run(folder, TINY, progress=silent)
    return folder


def test_all_but_the_head_is_transferred() -> None:
    learned, fresh = network(13), network(3, seed=1)
    new = transfer(learned, fresh)
    assert {name.rsplit(".conv.", 1)[0] for name in new} == {"model.2.0", "model.2.1.conv.unit0"}
    theirs, ours = learned.state_dict(), fresh.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name not in new)


def test_a_network_learns_what_is_bright() -> None:
    learner = network(2)
    learn(learner, [halves()], Schedule(30, side=16, rate=0.02))
    assert dice(predicted(learner, halves().image) == 1, halves().labels == 1) > 0.95


def test_equal_schedules_give_equal_weights() -> None:
    first, second = network(2), network(2)
    losses = [learn(one, [halves()], Schedule(3, side=8)) for one in (first, second)]
    assert losses[0] == losses[1]
    assert all(torch.equal(one, other) for one, other in zip(first.parameters(), second.parameters(), strict=True))


def test_a_window_leaves_its_example_as_it_was() -> None:
    example, before = halves(), halves()
    drawn = window(example, 8, np.random.default_rng(0))
    assert drawn.image.shape == drawn.labels.shape == (8, 8, 8)
    assert (example.image == before.image).all()


def test_dice_is_undefined_where_there_is_nothing() -> None:
    none, some = np.array([False, False, False]), np.array([True, True, False])
    assert np.isnan(dice(none, none))
    assert dice(some, np.array([False, True, False])) == pytest.approx(2 / 3)


def test_a_painted_cube_holds_lumen_and_thrombus_in_its_middle() -> None:
    image, labels = painted_crops(TEST_SEED, 1, CUBE, progress=silent)[0]
    assert image.shape == labels.shape == (16, 16, 16)
    assert set(np.unique(labels)) == {0, 1, 2}
    middle = np.argwhere(labels > 0).mean(axis=0)
    assert np.abs(middle[1:] - 7.5).max() < 3
    assert image.min() == 0 < image[labels == 1].mean() <= 1


def test_no_other_cohort_has_the_seeds_of_the_trial() -> None:
    trial = Trial()
    ours = {FORMULA_SEED + n for n in range(trial.volumes)} | {FEW_SEED + n for n in range(trial.pool)}
    tests = {TEST_SEED + n for n in range(trial.tests)}
    assert not ours & tests
    assert {EXTERNAL_SEED + n for n in range(999)}.isdisjoint(ours | tests)
    assert max(ours | tests) < TRAINING_SEED


def test_cases_from_another_seed_are_other_cases() -> None:
    usual, others = external_cases(2), external_cases(2, TEST_SEED)
    assert [case.plan.factors for case in usual] == [case.plan.factors for case in others]
    assert {case.plan.seed for case in others} == {TEST_SEED, TEST_SEED + 1}
    assert usual[0].plan.aorta != others[0].plan.aorta


def test_a_small_trial_runs_every_arm(trial_folder: Path) -> None:
    runs = transfer_trial.kept_runs(trial_folder)
    assert [(one.seed, one.arm, one.size) for one in runs] == TINY.wanted
    assert len(runs) == 6
    assert {len(values) for one in runs for values in one.dice.values()} == {TINY.tests}
    assert len(transfer_trial.kept_pretraining(trial_folder)) == 3


def test_a_trial_goes_on_where_it_was_stopped_and_gives_the_same(trial_folder: Path) -> None:
    path, before = trial_folder / "runs.jsonl", transfer_trial.kept_runs(trial_folder)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    path.with_suffix(".unfinished").write_text(lines[-1][:20])
    assert transfer_trial.run(trial_folder, TINY, progress=silent) == before
    assert transfer_trial.kept_runs(trial_folder) == before


def test_only_seeds_whose_every_run_is_done_are_published(trial_folder: Path) -> None:
    runs = transfer_trial.kept_runs(trial_folder)
    assert whole_seeds(TINY, runs) == runs
    assert whole_seeds(TINY, runs[:-1]) == []


def test_gains_are_compared_on_equal_seeds_and_cases() -> None:
    arms = {("scratch", 2): [0.1, 0.2], ("FDIF", 2): [0.5, 0.6], ("scratch", 8): [0.7, 0.7], ("FDIF", 8): [0.8, 0.8]}
    runs = [run_of(seed, arm, size, values) for seed in (0, 1) for (arm, size), values in arms.items()]
    assert {size: round(one.mean, 6) for size, one in gains(runs, "FDIF", "scratch").items()} == {2: 0.4, 8: 0.1}
    largest = gain_of_gains(runs, "FDIF", "scratch")
    assert largest is not None
    assert largest.mean == pytest.approx(0.3)


def test_a_page_gets_its_tables_between_the_marks(trial_folder: Path) -> None:
    runs, learned = transfer_trial.kept_runs(trial_folder), transfer_trial.kept_pretraining(trial_folder)
    published = json.loads(json.dumps(document(TINY, runs, learned, "here")))
    page = written(f"# Before\n{BEGIN}\nold\n{END}\nafter\n", published)
    assert runs_of(published) == runs
    assert page.startswith(f"# Before\n{BEGIN}\n\n{published['measured']}, SYNTHETIC. All 1 of 1 seeds")
    assert page.endswith(f"\n\n{END}\nafter\n")
    assert "old" not in page
    with pytest.raises(ValueError, match="must hold"):
        written("# No marks\n", published)


def test_an_arm_without_formulas_is_the_only_one_that_learns_nothing_before() -> None:
    recipes = {arm: recipe for arm, recipe in transfer_trial.ARMS.items() if recipe is not None}
    assert set(transfer_trial.ARMS) - set(recipes) == {"scratch"}
    assert len(set(recipes.values())) == 3
    assert fdif.Recipe() in recipes.values()


def test_the_claims_are_true_to_the_published_runs() -> None:
    published = json.loads((ROOT / "docs" / "results" / "fdif.json").read_text())
    page = (ROOT / "docs" / "claims.md").read_text()
    assert written(page, published) == page
    assert {len(one.dice[transfer_trial.MEAN]) for one in runs_of(published)} <= {Trial().tests}
