"""The viewers that ours is compared with: NiiVue, and `st.slider` with `st.image`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np

from tests.running import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmarks._scene import Scene

NIIVUE = "@niivue/niivue@0.69.0"
NIIVUE_PAGE = """<!doctype html><canvas id="gl" width="1240" height="640"></canvas><script type="module">
import { Niivue } from "./node_modules/@niivue/niivue/dist/index.js";
const nv = new Niivue({ isResizeCanvas: false });
await nv.attachToCanvas(document.getElementById("gl"));
const began = performance.now();
await nv.loadVolumes([
  { url: "./ct.nii.gz", cal_min: -160, cal_max: 240 },
  { url: "./layer0.nii.gz", colormap: "red", opacity: 0.4 },
  { url: "./layer1.nii.gz", colormap: "blue", opacity: 0.4 },
  { url: "./layer2.nii.gz", colormap: "green", opacity: 0.4 },
]);
const pixel = new Uint8Array(4);
window.finish = () => nv.gl.readPixels(0, 0, 1, 1, nv.gl.RGBA, nv.gl.UNSIGNED_BYTE, pixel);
nv.setSliceType(nv.sliceTypeMultiplanar);
window.finish();
window.loaded = performance.now() - began;
window.timeWindow = (width) => { const t = performance.now(); const v = nv.volumes[0]; v.cal_min = 40 - width / 2;
  v.cal_max = 40 + width / 2; nv.updateGLVolume(); window.finish(); return performance.now() - t; };
window.timeOpacity = (opacity) => { const t = performance.now(); nv.setOpacity(1, opacity); window.finish();
  return performance.now() - t; };
</script>"""
SLIDER_PAGE = """
import sys
from pathlib import Path
import numpy as np
import streamlit as st

folder = Path(sys.argv[1])

@st.cache_resource
def load():
    return np.load(folder / "ct.npy"), [np.load(folder / f"layer{n}.npy") for n in range(3)]

ct, layers = load()
k = st.slider("slice", 0, len(ct) - 1, len(ct) // 2)
grey = np.clip((ct[k] + 160.0) / 400, 0, 1)
picture = np.repeat(grey[..., None], 3, axis=2)
for channel, layer in enumerate(layers):
    alpha = 0.4 * (layer[k] > 0)
    picture[..., channel] = picture[..., channel] * (1 - alpha) + alpha
st.image((picture * 255).astype(np.uint8), width=512)
"""


@contextmanager
def niivue(folder: Path, scene: Scene) -> Iterator[str]:
    """The address of a page with NiiVue, the same scan and the same three layers. Fetches NiiVue with npm."""
    if shutil.which("npm") is None:
        raise SystemExit(
            "NiiVue is fetched with npm, which is not here: sudo apt-get install -y npm, or --without-niivue."
        )
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", NIIVUE], cwd=folder, check=True)
    for name, array in (("ct", scene.hounsfield), *((f"layer{n}", layer) for n, layer in enumerate(scene.layers))):
        _save(folder / f"{name}.nii.gz", array)
    (folder / "index.html").write_text(NIIVUE_PAGE)
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    with _serving(command, f"http://127.0.0.1:{port}/") as url:
        yield url


@contextmanager
def slider(folder: Path, scene: Scene) -> Iterator[str]:
    """The address of a page with `st.slider` and `st.image`."""
    np.save(folder / "ct.npy", scene.hounsfield)
    for number, layer in enumerate(scene.layers):
        np.save(folder / f"layer{number}.npy", layer)
    script = folder / "page.py"
    script.write_text(SLIDER_PAGE)
    port = free_port()
    options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options, "--browser.gatherUsageStats", "false"]
    with _serving([*command, "--", str(folder)], f"http://127.0.0.1:{port}/") as url:
        yield url


@contextmanager
def _serving(command: list[str], url: str) -> Iterator[str]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(url, timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def _save(path: Path, array: NDArray[np.generic]) -> None:
    nib.save(nib.Nifti1Image(array.transpose(2, 1, 0), np.diag([0.8, 0.8, 1.5, 1.0])), path)
