"""Our viewer against NiiVue and against `st.slider` with `st.image`, in one headless Chromium without GPU flags.

    python -m benchmarks.viewer [--runs 5] [--without-niivue]

A change of window or opacity is timed from the call to a pixel read back from the canvas, for both viewers. A step
to another slice is timed from the browser's input event to the frame that shows it. Every run opens its page anew,
but for NiiVue: loading takes it minutes, so it loads once and its changes are timed one after another.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import _peers
from benchmarks._figures import RUNS, Figure, figure, percentile, report
from benchmarks._scene import MARGIN, SPACING, Scene, make_scene
from tests.browser.viewer_harness import Harness, axial
from tests.conftest import chromium

if TYPE_CHECKING:
    from db.records import Region

SHAPE = (160, 512, 512)
TALL = 400
STEPS = 100
ON_LOAD = "window.finish !== undefined && window.loaded !== undefined"
LOAD_ALL = """() => {
  const load = () => { if (window.viewer?.block) window.viewer.loader.wholeScan(); else setTimeout(load, 20); };
  load();
}"""
TIMED = """([call, count]) => {
  const v = window.viewer, pen = v.views.axial.element.querySelector("canvas.picture").getContext("2d");
  const times = [];
  for (let n = 0; n < count; n += 1) {
    const began = performance.now();
    if (call === "window") v.setWindow(300 + n, 40);
    if (call === "opacity") v.setLayer(v.layers[0], { opacity: 0.2 + 0.6 * (n / count) });
    if (call === "draw") { v.views.axial.step(n % 2 ? -1 : 1); v.views.axial.draw(); }
    else { cancelAnimationFrame(v.pending); v.frame(); }
    pen.getImageData(0, 0, 1, 1);
    times.push(performance.now() - began);
  }
  return times; }"""
WATCH_WHEEL = """() => {
  const v = window.viewer, frame = v.frame.bind(v);
  window.waits = [];
  window.asked = null;
  const note = (event) => { window.asked ??= event.timeStamp; };
  document.addEventListener("wheel", note, { capture: true, passive: true });
  v.frame = () => {
    frame();
    if (window.asked !== null) window.waits.push(performance.now() - window.asked);
    window.asked = null;
  };
}"""
WATCH_SLIDER = """() => {
  window.waits = [];
  window.asked = null;
  document.addEventListener("keydown", (event) => { window.asked = event.timeStamp; }, true);
  const note = () => {
    if (window.asked !== null) window.waits.push(performance.now() - window.asked);
    window.asked = null;
  };
  const seen = (image) => image.decode().then(() => requestAnimationFrame(note)).catch(() => {});
  new MutationObserver((changes) => { for (const { target } of changes) if (target.tagName === "IMG") seen(target); })
    .observe(document.body, { subtree: true, attributes: true, attributeFilter: ["src"] });
}"""


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--without-niivue", action="store_true", help="leave out the part that takes minutes")
    wanted = parser.parse_args()
    scene = make_scene(SHAPE[0])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        facts: dict[str, object] = {"chromium": browser.version, "runs": wanted.runs, "scan": "512x512x160 SYNTHETIC"}
        own = _own(browser, Path(folder), scene, wanted.runs)
        figures = [*_ours(own), *_against_slider(browser, Path(folder), scene, own, wanted.runs)]
        if not wanted.without_niivue:
            figures += _against_niivue(browser, Path(folder), scene, own, wanted.runs)
            facts["niivue"] = _peers.NIIVUE
        browser.close()
    figures.append(_memory())
    report("viewer", figures, facts)


def _own(browser: Browser, folder: Path, scene: Scene, runs: int) -> dict[str, list[float]]:
    """Per run and figure: the p50 or p95 of our viewer."""
    found: dict[str, list[float]] = {}
    with Harness(folder / "blobs") as harness:
        _show(harness, scene, cropped=True)
        for _ in range(runs):
            page = _open(browser, harness)
            found.setdefault("first slice", []).append(page.evaluate("window.firstAt - window.mountedAt") / 1000)
            found.setdefault("window", []).append(statistics.median(page.evaluate(TIMED, ["window", STEPS])))
            found.setdefault("opacity", []).append(statistics.median(page.evaluate(TIMED, ["opacity", STEPS])))
            found.setdefault("draw p95", []).append(percentile(page.evaluate(TIMED, ["draw", STEPS]), 0.95))
            waits = _wheel(page)
            found.setdefault("wheel p50", []).append(statistics.median(waits))
            found.setdefault("wheel p95", []).append(percentile(waits, 0.95))
            page.context.close()
    return found


def _show(harness: Harness, scene: Scene, *, cropped: bool) -> None:
    affine = axial(SPACING)
    layers = [harness.layer(scene.labels, 1, style="fill", opacity=0.4), harness.layer(scene.reader, 2)]
    layers.append(harness.probability(scene.probability, 3, opacity=0.4))
    harness.show(scene.hounsfield, affine, layers=layers)
    if cropped:
        origin, shape = _crop(scene.region, scene.hounsfield.shape)
        box = tuple(slice(first, first + size) for first, size in zip(origin, shape, strict=True))
        digest = harness.put(np.ascontiguousarray(scene.hounsfield[box]), affine)
        harness.data["image"]["crop"] = {"digest": digest, "origin": origin, "shape": shape}


def _crop(region: Region, shape: tuple[int, ...]) -> tuple[list[int], list[int]]:
    first = [max(0, at - margin) for at, margin in zip(region.origin, MARGIN, strict=True)]
    ends = zip(region.origin, region.shape, MARGIN, shape, strict=True)
    last = [min(whole, at + size + margin) for at, size, margin, whole in ends]
    return first, [end - begin for begin, end in zip(first, last, strict=True)]


def _open(browser: Browser, harness: Harness) -> Page:
    """A fresh page with everything loaded, the whole scan too; notes when the first slice was drawn."""
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.add_init_script(
        "window.watch = () => { const v = window.viewer; if (v?.block && v.frames && !v.pending) "
        "window.firstAt ??= performance.now(); else requestAnimationFrame(window.watch); }; window.watch();"
    )
    page.goto(harness.url)
    page.wait_for_selector(".secondlook-viewer[data-ready=all]", timeout=60_000)
    page.evaluate("window.viewer.loader.wholeScan()")
    page.wait_for_selector(".secondlook-viewer[data-full=true]", timeout=60_000)
    return page


def _wheel(page: Page) -> list[float]:
    box = page.locator(".plane[data-plane=axial]").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate(WATCH_WHEEL)
    for _ in range(STEPS // 2):
        page.mouse.wheel(0, 40)
        page.wait_for_timeout(40)
    waits: list[float] = page.evaluate("window.waits")
    return waits


def _ours(own: dict[str, list[float]]) -> list[Figure]:
    return [
        figure("axial draw with three layers, p95", own["draw p95"], "ms", at_most=6, aim=True),
        figure("wheel to frame, p95", own["wheel p95"], "ms", at_most=33, aim=True),
        figure("first slice after the component's mount", own["first slice"], "s", at_most=1, aim=True),
        figure("window change, three planes", own["window"], "ms"),
        figure("opacity change, three planes", own["opacity"], "ms"),
    ]


def _against_slider(
    browser: Browser, folder: Path, scene: Scene, own: dict[str, list[float]], runs: int
) -> list[Figure]:
    found = []
    with _peers.slider(folder, scene) as url:
        for _ in range(runs):
            page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
            page.goto(url)
            page.wait_for_selector("[data-testid=stImage] img", timeout=60_000)
            page.wait_for_timeout(1500)
            page.evaluate(WATCH_SLIDER)
            page.locator("input[type=range]").focus()
            for _ in range(STEPS // 5):
                page.keyboard.press("ArrowRight")
                page.wait_for_timeout(400)
            found.append(statistics.median(page.evaluate("window.waits")))
            page.context.close()
    ratios = [theirs / ours for theirs, ours in zip(found, own["wheel p50"], strict=True)]
    return [
        figure("slice step, ours, p50", own["wheel p50"], "ms"),
        figure("slice step, st.slider + st.image, p50", found, "ms"),
        figure("slice step: times faster than st.slider + st.image", ratios, "x", at_least=5),
    ]


def _against_niivue(
    browser: Browser, folder: Path, scene: Scene, own: dict[str, list[float]], runs: int
) -> list[Figure]:
    with _peers.niivue(folder, scene) as url:
        page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        page.set_default_timeout(600_000)
        page.goto(url)
        page.wait_for_function(ON_LOAD)
        loaded = page.evaluate("window.loaded") / 1000
        found = {
            "window": [page.evaluate(f"window.timeWindow({350 + run})") for run in range(runs)],
            "opacity": [page.evaluate(f"window.timeOpacity({0.5 + run / 20})") for run in range(runs)],
        }
        page.context.close()
    figures = [figure("NiiVue: loading scan and layers", [loaded], "s")]
    for name in ("window", "opacity"):
        ratios = [theirs / ours for theirs, ours in zip(found[name], own[name], strict=True)]
        figures += [
            figure(f"{name} change, NiiVue", found[name], "ms"),
            figure(f"{name} change: times faster than NiiVue", ratios, "x", at_least=10),
        ]
    return figures


def _memory() -> Figure:
    """Largest memory of the tab while a scan of 512x512x400 and three layers of that size are loaded and shown."""
    scene = make_scene(TALL)
    with tempfile.TemporaryDirectory() as folder, Harness(Path(folder)) as harness, sync_playwright() as playwright:
        _show(harness, scene, cropped=True)
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        session = browser.new_browser_cdp_session()
        page.goto(harness.url)
        page.evaluate(LOAD_ALL)
        peak = 0.0
        for _ in range(150):
            page.wait_for_timeout(100)
            processes: list[dict[str, Any]] = session.send("SystemInfo.getProcessInfo")["processInfo"]
            peak = max(peak, sum(_pss(one["id"]) for one in processes if one["type"] == "renderer"))
        assert page.locator(".secondlook-viewer[data-full=true][data-ready=all]").count() == 1
        browser.close()
    return figure("largest memory of the tab at 512x512x400 with three layers", [peak], "GB", at_most=1.2)


def _pss(process: int) -> float:
    """Proportional set size in GB: shared pages count by their share."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e6


if __name__ == "__main__":
    main()
