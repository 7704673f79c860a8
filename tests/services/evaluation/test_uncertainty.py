"""The evaluation of maps of doubt: what is asked, how it is judged, what is concluded; on one small painted scan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from db.records import Region
from scripts.quoting import quoted
from scripts.uncertainty_page import BEGIN, END
from services.evaluation import uncertainty_lines, uncertainty_results, uncertainty_tables
from services.evaluation.uncertainty_asking import Networks, looked_at
from services.evaluation.uncertainty_judging import AAC, DICE, EXACT, NCC, OWN_AAC, Looked, Reference, judged, key
from services.evaluation.uncertainty_readings import exact_classes, majority_of, read_by_cohort, references_of
from services.evaluation.uncertainty_ways import Part, Told, Way, pooled, told_of, ways_of
from services.imaging.progress import silent
from services.phantom.simulated_readers import MAIN, Cohort
from services.phantom.structures import Structure
from services.uncertainty.decomposition import Decomposition
from services.uncertainty.names import Measure
from tests.services.evaluation.scans import held_out
from tests.services.segmentation.known_engines import ByIntensity, card_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.held_out import HeldOut, Scan
    from services.segmentation.card import Member, ModelCard

SOFTER = {Part.A: 2.0, Part.B: 1.0, Part.EXACT: 3.0}
"""The logit of each part's members, which grows with their number."""


def answers(rng: np.random.Generator, members: int = 3) -> NDArray[np.float32]:
    power = rng.random((members, 3, 2, 3, 4))
    return (power / power.sum(axis=1, keepdims=True)).astype(np.float32)


def together(samples: NDArray[np.float32]) -> Told:
    sums = Decomposition()
    for one in samples:
        sums.add(one)
    return told_of(sums.result())


def test_two_ensembles_as_one_say_what_all_members_would() -> None:
    rng = np.random.default_rng(1)
    one, other = answers(rng), answers(rng)
    found, expected = pooled(together(one), together(other)), together(np.concatenate([one, other]))
    np.testing.assert_allclose(found.probability, expected.probability, atol=1e-6)
    assert found.maps.keys() == expected.maps.keys()
    for measure, values in expected.maps.items():
        np.testing.assert_allclose(found.maps[measure], values, atol=1e-5)


def test_a_way_needs_its_parts_and_takes_each_term_from_its_own_ensemble() -> None:
    rng = np.random.default_rng(2)
    parts = {Part.A: together(answers(rng)), Part.B: together(answers(rng))}
    found = ways_of(parts)
    assert set(found) == {Way.TWO_ENSEMBLES, Way.ENSEMBLE, Way.SOFT_ALONE}
    ours = found[Way.TWO_ENSEMBLES]
    assert ours.maps[Measure.EPISTEMIC] is parts[Part.A].maps[Measure.EPISTEMIC]
    assert ours.maps[Measure.ALEATORIC] is parts[Part.B].maps[Measure.ALEATORIC]
    np.testing.assert_allclose(
        ours.maps[Measure.TOTAL], ours.maps[Measure.EPISTEMIC] + ours.maps[Measure.ALEATORIC], rtol=1e-6
    )
    assert ours.probability is parts[Part.A].probability


def cube() -> tuple[Looked, dict[str, Reference]]:
    """Of a cube of 4 voxels a side A misses one of four slices; the map of the two ensembles marks just these."""
    exact, drawn = np.zeros((12, 12, 12), np.uint8), np.zeros((8, 8, 8), np.float32)
    exact[4:8, 4:8, 4:8] = 2
    drawn[2:5, 2:6, 2:6] = 0.9
    missed = np.zeros_like(drawn)
    missed[5, 2:6, 2:6] = 0.4
    left = np.zeros_like(drawn)
    probability = np.stack([1 - drawn, left, drawn])
    ours = Told(probability, {Measure.TOTAL: missed}, own=False)
    plain = Told(probability, {Measure.PREDICTIVE: left}, own=False)
    alone = Told(np.stack([1 - drawn - missed * 2, left, drawn + missed * 2]), {Measure.PREDICTIVE: left})
    ways = {Way.TWO_ENSEMBLES: ours, Way.ENSEMBLE: plain, Way.SOFT_ALONE: alone}
    votes = np.stack([exact, exact])
    votes[1, 7] = 0
    return Looked(Region((2, 2, 2), (8, 8, 8)), exact.shape, ways), {EXACT: Reference(exact, votes)}


def test_a_scan_is_judged_in_one_region_on_the_errors_of_one_mask() -> None:
    """16 voxels are wrong. The map that marks them all comes to the optimum, an empty one to the error."""
    looked, references = cube()
    found = judged(looked, references, (3.0, 3.0, 3.0)).figures
    error = found[key(Way.ENSEMBLE, EXACT, "error")]
    assert error is not None
    voxels = 16 / error
    assert voxels == pytest.approx(round(voxels))
    assert found[key(Way.ENSEMBLE, Measure.PREDICTIVE, EXACT, AAC)] == pytest.approx(error)
    best = error + (1 - error) * np.log(1 - error)
    assert found[key(Way.TWO_ENSEMBLES, Measure.TOTAL, EXACT, AAC)] == pytest.approx(best)
    assert found[key(Way.TWO_ENSEMBLES, Measure.TOTAL, EXACT, NCC)] == pytest.approx(1 - 1 / voxels)
    assert found[key(Way.ENSEMBLE, EXACT, DICE)] == pytest.approx(2 * 48 / (48 + 64))


def test_a_mask_of_its_own_is_judged_beside_that_of_the_ensemble() -> None:
    """The mask of B alone misses nothing: its own errors have no area, those of A's mask do."""
    looked, references = cube()
    found = judged(looked, references, (3.0, 3.0, 3.0)).figures
    assert found[key(Way.SOFT_ALONE, Measure.PREDICTIVE, EXACT, OWN_AAC)] == 0
    assert found[key(Way.SOFT_ALONE, Measure.PREDICTIVE, EXACT, AAC)] == found[key(Way.ENSEMBLE, EXACT, "error")]
    assert key(Way.TWO_ENSEMBLES, Measure.TOTAL, EXACT, OWN_AAC) not in found


def test_what_is_left_out_of_a_reference_does_not_count() -> None:
    """Without the slice that A misses nothing is wrong."""
    looked, references = cube()
    slice_missed = np.zeros(looked.shape, bool)
    slice_missed[7] = True
    found = judged(looked, {EXACT: references[EXACT]._replace(left_out=slice_missed)}, (3.0, 3.0, 3.0)).figures
    assert found[key(Way.ENSEMBLE, EXACT, "error")] == 0
    assert found[key(Way.ENSEMBLE, Measure.PREDICTIVE, EXACT, AAC)] == 0


def test_beyond_the_box_that_was_looked_at_nothing_was_doubted() -> None:
    looked, _ = cube()
    places = np.array([[0, 4], [0, 4], [0, 4]])
    np.testing.assert_allclose(looked.probability(Way.ENSEMBLE, places), [[1, 0.1], [0, 0], [0, 0.9]], atol=1e-6)


def readers(case: HeldOut, scan: Scan, cohort: Cohort) -> NDArray[np.uint8]:
    """Four of one mind in every cohort but the main one, where the fourth leaves the upper half out."""
    drawn = np.stack([exact_classes(scan.labels)] * 4)
    if cohort is MAIN:
        drawn[3, drawn.shape[1] // 2 :] = 0
    return drawn


def engine_of(card: ModelCard, member: Member) -> ByIntensity:
    """The members of a card differ in how sure they are."""
    return ByIntensity(SOFTER[Part(card.name)] * (1 + member.seed))


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Networks:
    folder = tmp_path_factory.mktemp("cards")
    cards = {}
    for number, part in enumerate(SOFTER):
        card = card_of(folder, 2, spacing=9.0)
        members = tuple(type(one)(one.file, f"{part} {number}", one.seed) for one in card.members)
        cards[part] = type(card)(**vars(card) | {"name": part.value, "members": members})
    return Networks(cards, None, engine_of)


@pytest.fixture(scope="module")
def lines(networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> list[uncertainty_lines.ScanFigures]:
    folder = tmp_path_factory.mktemp("uncertainty")
    first = uncertainty_lines.evaluate([held_out(1), held_out(2)], networks, folder, (1, 2), silent, readers)
    assert [line.seed for line in first] == [1]
    found = uncertainty_lines.evaluate([held_out(1), held_out(2)], networks, folder, (2, 2), silent, readers)
    nobody = Networks(networks.cards, None, lambda card, member: pytest.fail("what was asked is kept"))
    assert uncertainty_lines.evaluate([held_out(1), held_out(2)], nobody, folder, (1, 1), silent, readers) == found
    return found


def test_scans_are_measured_by_turns_and_once(lines: list[uncertainty_lines.ScanFigures]) -> None:
    assert [line.seed for line in lines] == [1, 2]
    names = {name.split("|")[0] for name in lines[0].figures}
    assert names == {"two ensembles", "ensemble", "B alone", "ten members, exact labels", Way.LONGER, Way.TWICE}


def test_readers_of_every_cohort_are_a_reference(lines: list[uncertainty_lines.ScanFigures]) -> None:
    name = key(Way.TWO_ENSEMBLES, Measure.ALEATORIC, majority_of("low agreement"), NCC)
    assert lines[0].figures[name] is None
    assert lines[0].reasons[name] == "the readers agree everywhere"
    assert lines[0].figures[key(Way.TWO_ENSEMBLES, Measure.ALEATORIC, majority_of(MAIN.name), NCC)] is not None


def test_a_line_that_was_cut_off_is_measured_again(lines: list[uncertainty_lines.ScanFigures], tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    for line in lines:
        uncertainty_lines.append(path, line)
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    assert uncertainty_lines.kept(path, mend=True) == lines[:1]
    uncertainty_lines.append(path, lines[1])
    assert uncertainty_lines.kept(path) == lines


def test_readings_come_back_from_the_disk_as_they_were(tmp_path: Path) -> None:
    case = held_out(3)
    scan = case.generate()
    first = references_of(case, scan, tmp_path / "votes.npz", readers)
    again = references_of(case, scan, tmp_path / "votes.npz", lambda *_: pytest.fail("read twice"))
    assert first.keys() == again.keys()
    for name, reference in first.items():
        np.testing.assert_array_equal(reference.labels, again[name].labels)
    left_out = first[majority_of(MAIN.name, iliacs=False)].left_out
    assert left_out is not None
    assert left_out[scan.labels == Structure.ILIAC_ARTERIES].all()
    assert first[majority_of(MAIN.name)].left_out is None
    np.testing.assert_array_equal(first[EXACT].labels > 0, np.isin(scan.labels, (1, 2, 3, Structure.ENDOGRAFT)))


def test_a_way_says_the_same_whether_it_is_asked_or_remembered(networks: Networks, tmp_path: Path) -> None:
    scan = held_out(4).generate()
    first, again = (looked_at("scan", scan, networks, tmp_path) for _ in range(2))
    for way, told in first.ways.items():
        np.testing.assert_array_equal(told.probability, again.ways[way].probability)


def test_what_is_published_holds_every_table(lines: list[uncertainty_lines.ScanFigures], networks: Networks) -> None:
    published = json.loads(json.dumps(uncertainty_results.document(lines, networks, "command"), allow_nan=False))
    page = "\n".join(uncertainty_tables.page(published))
    assert "SYNTHETIC" in page
    assert "| two ensembles, total | " in page
    assert "Aimed at: an AAC 9% lower" in page
    assert all("**not tested**" in row for row in uncertainty_tables.claims(published)[2:])
    assert len(uncertainty_tables.brief(published)) > 4


def test_a_page_is_changed_between_its_marks_alone() -> None:
    assert quoted(f"a\n{BEGIN}\nold\n{END}\nb", ["new"], BEGIN, END) == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"
    assert quoted("no marks", ["new"], BEGIN, END) == "no marks"


def test_simulated_readers_read_a_painted_scan_the_same_each_time() -> None:
    case = held_out(5)
    scan = case.generate()
    first, again = (read_by_cohort(case, scan, MAIN) for _ in range(2))
    assert first.shape == (4, *scan.labels.shape)
    assert set(np.unique(first)) <= {0, 1, 2}
    np.testing.assert_array_equal(first, again)
