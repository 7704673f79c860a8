"""Two uncertainties of one case: by two ensembles, by one network with two heads, and by test-time augmentation.

    python -m benchmarks.two_uncertainties [--runs 5] [--without-memory]

One generated scan (SYNTHETIC), the same region of it, all in one run, one way after the other. Timed is the way from
the scan to all maps on its voxels: finding the aorta, making each engine, the windows, bringing maps back. Loading
weights is not timed. The weights are the shipped ones where there are some, else random ones of that layout; the time
is the same. Memory: the high-water mark of a process of its own that does this once, with the scan in memory already
and no network loaded yet.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._figures import RUNS, Figure, figure, report
from services.evaluation.held_out import Generator, held_out
from services.imaging.progress import silent
from services.segmentation import installed
from services.segmentation.card import Format
from services.segmentation.engine import KeptNetworks
from services.segmentation.ensemble import Sight
from services.segmentation.inference import Standing, predict
from services.segmentation.locating import locate
from services.uncertainty.baselines import augmentation, maps_of
from services.uncertainty.names import VARIANCES
from tests.services.segmentation.random_models import SHIPPED, random_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.evaluation.held_out import Scan
    from services.segmentation.card import ModelCard

TWO, LIGHT, AUGMENTED = "two ensembles, 10 networks", "one network, two heads", "one network, 16-pass augmentation"
SHARE = 20
"""Percent of the two ensembles' time that the one network may take."""
PATCH, MEMBERS = 96, 5


@dataclass(frozen=True)
class Networks:
    """Who is asked, and the networks that were loaded once."""

    ensemble: ModelCard
    companion: ModelCard
    light: ModelCard
    locator: ModelCard
    engines: KeptNetworks

    @property
    def names(self) -> dict[str, str]:
        """Of each card; random ones have another name than shipped ones."""
        return {name: getattr(self, name).key for name in ("ensemble", "companion", "light", "locator")}


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--without-memory", action="store_true")
    parser.add_argument("--memory-of", choices=[TWO, LIGHT, AUGMENTED], help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    scan = case()
    with tempfile.TemporaryDirectory() as name:
        networks = networks_of(Path(name))
        ways = ways_of(scan, networks)
        if wanted.memory_of:
            Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins here
            ways[wanted.memory_of]()
            print(_high_water_gb())
            return
        figures = seconds_of(ways, wanted.runs)
    if not wanted.without_memory:
        figures += [figure(f"largest memory: {way}", [_memory_of(way)], "GB") for way in ways]
    report("two_uncertainties", figures, {"runs": wanted.runs, "scan": list(scan.hounsfield.shape), **networks.names})


def case() -> Scan:
    """The first held-out scan of the generator that drew the training scans."""
    return next(one for one in held_out(1, pairs=False) if one.generator is Generator.SAME).generate()


def networks_of(folder: Path) -> Networks:
    """The shipped networks, or random ones in their place."""
    ensemble = installed.shipped(installed.AORTA) or random_model(
        folder / "a", layout=SHIPPED, members=MEMBERS, patch=PATCH
    )
    companion = installed.companion_of(ensemble) or random_model(
        folder / "b", layout=SHIPPED, members=MEMBERS, patch=PATCH
    )
    light = installed.shipped(installed.LIGHT) or random_model(
        folder / "light", layout=replace(SHIPPED, dropout=0.1), members=1, patch=PATCH, kind=Format.TWO_HEADS
    )
    locator = installed.shipped(installed.LOCATOR) or random_model(
        folder / "locator", patch=64, spacing=4.0, members=1, classes=("aorta",)
    )
    return Networks(ensemble, companion, light, locator, KeptNetworks())


def ways_of(scan: Scan, networks: Networks) -> dict[str, Callable[[], object]]:
    """From the scan to all maps, each way."""
    image, affine, locator, engines = scan.hounsfield, scan.affine, networks.locator, networks.engines

    def by_two() -> object:
        companion = networks.companion
        return predict(image, affine, networks.ensemble, locator=locator, companion=companion, engines=engines)

    def by_light() -> object:
        return predict(image, affine, networks.light, locator=locator, engines=engines)

    def by_augmentation() -> object:
        card, standing = networks.ensemble, Standing.of(image, affine)
        region = locate(standing.scan, card, locator, engines=engines, tell=silent).region
        sight = Sight.of(standing.scan, card, region)
        found = augmentation(sight, card, engines, lambda: None, seed=1)
        place = sight.grid, sight.windows.box, region
        maps = {measure: standing.on_scan(values, *place) for measure, values in maps_of(found).items()}
        return standing.classes_on_scan(found.mean, *place), {measure: maps[measure] for measure in VARIANCES}

    return {TWO: by_two, LIGHT: by_light, AUGMENTED: by_augmentation}


def seconds_of(ways: dict[str, Callable[[], object]], runs: int) -> list[Figure]:
    """The ways in turn, so often; and the share of the first one's time that the others take, run by run."""
    for work in ways.values():
        work()  # every module, memory and cache is warm
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(runs):
        for way, work in ways.items():
            began = time.perf_counter()
            work()
            seconds[way].append(time.perf_counter() - began)
    figures = [figure(way, taken, "s") for way, taken in seconds.items()]
    for way in (LIGHT, AUGMENTED):
        shares = [100 * one / whole for one, whole in zip(seconds[way], seconds[TWO], strict=True)]
        at_most = SHARE if way == LIGHT else None
        figures.append(figure(f"{way}: share of the two ensembles' time", shares, "%", at_most=at_most))
    return figures


def _memory_of(way: str) -> float:
    command = [sys.executable, "-m", "benchmarks.two_uncertainties", "--memory-of", way]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def _high_water_gb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1e6


if __name__ == "__main__":
    main()
