"""What `secondlook evaluate --measurement` does: diameters beside those of the formulas. See cli_evaluate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services import terminal

if TYPE_CHECKING:
    from pathlib import Path


def evaluate_measurement(home: Path, persons: int, out: Path | None, real_data: Path | None, *, as_json: bool) -> None:
    """Measure so many generated aortas of each kind that have no figures yet, and the real one; print the tables."""
    from services.evaluation import measurement, measurement_results  # noqa: PLC0415 -- generating loads scipy
    from services.measurement.measure import VERSION  # noqa: PLC0415

    folder = home / "evaluations"
    folder.mkdir(parents=True, exist_ok=True)
    with terminal.progress() as progress:
        lines = measurement.evaluate(persons, folder / f"measurement-{VERSION}.jsonl", progress)
        real = measurement.real_places(real_data) if real_data else None
    published = measurement_results.document(lines, real, f"secondlook evaluate --measurement --persons {persons}")
    measurement_results.write(out or folder / "measurement.json", published)
    shown = [*measurement_results.table(published), "", *measurement_results.real_table(published)]
    terminal.show(published, shown, as_json=as_json)
