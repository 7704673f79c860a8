"""The views along the centreline, in a headless Chromium without GPU flags: first frame, and one millimetre further.

    python -m benchmarks.along_vessel [--runs 5]

A frame is drawn with everything beside it: three views with a fill, an outline and a probability map, up to a pixel
read back from the canvas. The first frame is the first after the page was loaded, as a reader meets it: nothing is
compiled yet. What is measured is the processor time of the page's one thread, which other work on the machine does not
change; on an idle machine it is the time that passes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks._figures import RUNS, Figure, figure, report
from benchmarks._scene import SPACING, Scene, make_scene
from benchmarks.viewer import SHAPE
from tests.browser.viewer_harness import Harness, axial
from tests.conftest import chromium

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 20
BATCHES = 6
DRAW = """([view, action, count]) => {
  const v = window.viewer, pen = v.views[view].context;
  const actions = {
    open: () => v.vessel.show(view, true),
    step: () => v.vessel.moveTo(v.vessel.along + 1),
    window: (n) => v.setWindow(300 + n, 40),
  };
  for (let n = 0; n < count; n += 1) {
    actions[action](n);
    cancelAnimationFrame(v.pending);
    v.frame();
    pen.getImageData(0, 0, 1, 1);
  } }"""


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Harness(Path(folder)) as harness, sync_playwright() as playwright:
        _show(harness, make_scene(SHAPE[0]))
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        facts: dict[str, object] = {"chromium": browser.version, "runs": wanted.runs, "scan": "512x512x160 SYNTHETIC"}
        found = [_one_run(browser, harness) for _ in range(wanted.runs)]
        browser.close()
    report("along_vessel", _figures({name: [run[name] for run in found] for name in found[0]}), facts)


def _show(harness: Harness, scene: Scene) -> None:
    """The layers cropped to their region, as they are stored, and the centreline of the scene's formula."""
    affine = axial(SPACING)
    region = scene.region
    box = tuple(slice(first, first + size) for first, size in zip(region.origin, region.shape, strict=True))
    place: dict[str, Any] = {"origin": list(region.origin)}

    def cut(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(array[box])

    layers = [
        harness.layer(cut(scene.labels), 1, style="fill", opacity=0.4, **place),
        harness.layer(cut(scene.reader), 2, style="outline", **place),
        harness.probability(cut(scene.probability), 3, opacity=0.4, **place),
    ]
    k = np.arange(SHAPE[0])[::-1]
    index = np.stack([k, SHAPE[1] / 2 + 20 * np.sin(k / 40), SHAPE[2] / 2 + 14 * np.cos(k / 55)], axis=1)
    curve = {"name": "centreline", "subject": "formula", "points": (index @ affine[:3, :3].T).tolist()}
    measurements = {"curves": [curve], "diameters": [], "reason": ""}
    harness.show(scene.hounsfield, affine, layers=layers, measurements=measurements)


def _one_run(browser: Browser, harness: Harness) -> dict[str, float]:
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(harness.url)
    page.wait_for_selector(".secondlook-viewer[data-ready=all]", timeout=60_000)
    page.wait_for_function("window.viewer.frames > 0 && !window.viewer.pending")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    found = {view: _busy_ms(page, session, view, "open", 1) for view in ("perpendicular", "straight")}
    steps = [_busy_ms(page, session, "perpendicular", "step", STEPS) for _ in range(BATCHES)]
    found |= {"step": statistics.median(steps), "slowest steps": max(steps)}
    found["window"] = _busy_ms(page, session, "perpendicular", "window", STEPS)
    page.context.close()
    return found


def _busy_ms(page: Page, session: CDPSession, view: str, action: str, count: int) -> float:
    """Processor time of the page's thread for one of `count` frames."""
    before = _busy(session)
    page.evaluate(DRAW, [view, action, count])
    return 1000 * (_busy(session) - before) / count


def _busy(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    seconds: float = next(one["value"] for one in metrics if one["name"] == "TaskDuration")
    return seconds


def _figures(runs: dict[str, list[float]]) -> list[Figure]:
    return [
        figure("perpendicular plane, first frame", runs["perpendicular"], "ms", at_most=50, aim=True),
        figure("straightened view, first frame", runs["straight"], "ms", at_most=50, aim=True),
        figure("a millimetre along the vessel, all views", runs["step"], "ms", at_most=16, aim=True),
        figure("the same, slowest twenty in a row", runs["slowest steps"], "ms", at_most=16, aim=True),
        figure("window change with both views", runs["window"], "ms"),
    ]


if __name__ == "__main__":
    main()
