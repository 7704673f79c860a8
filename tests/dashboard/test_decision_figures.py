"""The figures of the tab Decision: where things stand, in which colour, and what is said of them."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from dashboard.figures import diameters, growth, palette, surface
from db.measurement_records import Measurement, Scan
from db.vocabulary import Sex
from services.growing import course_of
from services.measurement.decided import INTERVALS, decided
from tests import factories, measured_case
from tests.conftest import ROOT
from tests.services.measurement.test_decided import stored

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from services.growing import Course
    from services.measurement.decided import Decided

READER = {"reader one": factories.measured(53.0, subject="reader one")}


def full(**said: Any) -> Decided:
    return decided(stored([*measured_case.rows(**said), measured_case.by_hand()]))


def traces(figure: go.Figure, row: str) -> list[Any]:
    return [trace for trace in figure.data if set(trace.y or ()) == {row}]


def vertical_lines(figure: go.Figure) -> dict[float, str]:
    return {shape.x0: shape.line.color for shape in figure.layout.shapes}


def test_an_interval_is_a_line_from_its_lower_to_its_upper_end() -> None:
    line, samples = traces(diameters.diameters_figure(full(), READER), "shape sampling")
    assert (line.mode, tuple(line.x), line.line.color) == ("lines", (51.8, 57.0), palette.ACCENT)
    assert tuple(samples.x) == measured_case.SAMPLES


def test_few_samples_are_points_and_many_are_a_strip() -> None:
    figure = diameters.diameters_figure(full(), READER)
    assert traces(figure, "ensemble members")[1].marker.symbol == "circle"
    assert traces(figure, "voxel-wise sampling")[1].marker.symbol == "line-ns-open"


def test_readers_have_their_own_colours_and_names() -> None:
    figure = diameters.diameters_figure(full(), READER)
    mark = traces(figure, "readers")[-1]
    own = traces(figure, "by hand")[0]
    assert (tuple(mark.x), mark.marker.color) == ((53.0,), palette.READERS[0])
    assert (tuple(own.x), own.marker.color, own.text) == ((55.5,), palette.READERS[0], ("Dr. Own",))


def test_a_reader_who_also_outlined_keeps_that_colour_and_an_axial_diameter_stays_out() -> None:
    outlined = {"reader one": READER["reader one"], "Dr. Own": factories.measured(54.0, subject="Dr. Own")}
    axial = factories.measured(70.0, "largest diameter, axial", subject="Dr. Own", reader="Dr. Own")
    found = decided(stored([*measured_case.rows(), measured_case.by_hand(), axial]))
    (own,) = traces(diameters.diameters_figure(found, outlined), "by hand")
    assert (tuple(own.x), own.marker.color) == ((55.5,), palette.READERS[1])


def test_the_threshold_and_the_diameter_are_lines_through_all_rows() -> None:
    lines = vertical_lines(diameters.diameters_figure(full(), READER))
    assert lines == {54.1: palette.ACCENT, 55.0: palette.THRESHOLD}


def test_without_a_sex_both_thresholds_are_there() -> None:
    lines = vertical_lines(diameters.diameters_figure(full(sex=None), READER))
    assert {50.0, 55.0} <= set(lines)


def test_an_undefined_interval_keeps_its_row_with_a_dash_and_its_reason() -> None:
    figure = diameters.diameters_figure(full(), READER)
    (dash,) = [note for note in figure.layout.annotations if note.y == "conformal"]
    assert (dash.text, "no calibration is stored" in dash.hovertext) == ("\N{EN DASH}", True)
    assert list(figure.layout.yaxis.categoryarray) == ["by hand", *INTERVALS[4::-1]]


def test_words_are_large_enough_and_the_unit_is_on_the_axis() -> None:
    figure = diameters.diameters_figure(full(), READER)
    layout = figure.layout
    fonts = [axis.tickfont for axis in (layout.xaxis, layout.yaxis)] + [layout.xaxis.title.font]
    fonts += [note.font for note in layout.annotations]
    fonts += [trace.textfont for trace in figure.data if "text" in trace.mode]
    assert min(font.size for font in fonts) >= 12
    assert "(mm)" in figure.layout.xaxis.title.text


def test_the_figure_in_words_says_the_same() -> None:
    said = diameters.alt_text(full())
    for words in ("54.1 mm", "shape sampling 51.8 to 57.0 mm", "Dr. Own measured 55.5 mm", "Threshold 55 mm"):
        assert words in said
    assert diameters.alt_text(decided([])) == "No diameter."


def test_without_any_value_there_is_nothing_to_draw() -> None:
    assert diameters.has_anything(full(), {})
    assert not diameters.has_anything(decided([]), {})


def two_scans(first: float = 50.0, last: float = 54.1) -> Course:
    days = {"P1-1": (date(2019, 1, 2), first), "P1-2": (date(2021, 1, 1), last)}
    scans = [
        Scan(key, day, Sex.MALE, True, tuple[Measurement, ...](stored(measured_case.rows(value))))
        for key, (day, value) in days.items()
    ]
    return course_of(scans, rapid_mm_per_year=10.0)


def test_every_scan_is_a_point_at_its_date_and_the_open_case_is_filled() -> None:
    points = growth.growth_figure(two_scans(), "P1-2").data[0]
    assert tuple(points.x) == (date(2019, 1, 2), date(2021, 1, 1))
    assert tuple(points.y) == (50.0, 54.1)
    assert tuple(points.marker.symbol) == ("circle-open", "circle")
    assert tuple(points.error_y.array) == pytest.approx((7.0, 2.9))


def test_the_extrapolation_is_dashed_and_ends_at_the_threshold() -> None:
    course = two_scans()
    dashed = growth.growth_figure(course, "P1-2").data[1]
    assert course.crossing is not None
    assert (dashed.line.dash, dashed.x[1], dashed.y[1]) == ("dash", course.crossing.expected, 55.0)


def test_where_nothing_can_be_extrapolated_only_the_scans_are_drawn() -> None:
    assert len(growth.growth_figure(two_scans(50.0, 56.0), "P1-2").data) == 1
    assert "2019-01-02: 50.0 mm" in growth.alt_text(two_scans(50.0, 56.0))


def test_the_surface_is_seen_from_the_front_with_the_head_up() -> None:
    row = measured_case.surface()
    mesh, words = surface.surface_figure(row, surface.colourings(row)[0]).data
    assert (len(mesh.x), len(mesh.i), mesh.colorbar.title.text) == (4, 4, "predictive entropy (nats)")
    assert (mesh.cmin, mesh.cmax) == (0.0, 0.6)
    place = dict(zip(words.text, zip(words.x, words.y, words.z, strict=True), strict=True))
    assert place["left"][0] > 20
    assert place["anterior"][1] < 0
    assert place["head"][2] > 60


def test_a_surface_is_coloured_by_what_is_stored_of_it() -> None:
    assert [one.title for one in surface.colourings(measured_case.surface())] == [
        "predictive entropy (nats)",
        "thrombus thickness (mm)",
    ]
    bare = measured_case.surface(thickness_mm=None, uncertainty=None)
    assert surface.colourings(bare) == ()
    assert surface.surface_figure(bare, None).data[0].color == palette.MUTED
    assert "0 to 0.6 nats" in surface.alt_text(measured_case.surface(), surface.colourings(measured_case.surface())[0])


def test_figures_and_viewer_have_the_same_colours() -> None:
    colours = (ROOT / "dashboard" / "viewer" / "frontend" / "colours.js").read_text()
    for name, expected in (("READERS =", palette.READERS), ("total:", palette.TOTAL)):
        line = next(line for line in colours.splitlines() if name in line)
        assert tuple(re.findall(r"#[0-9A-F]{6}", line)) == expected
