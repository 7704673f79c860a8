"""The components' own files: where they lie, which version they are, and the line that loads them.

They come from a route of ours and not from Streamlit's component manifest, so that a wheel and an editable install
work alike.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
COMPONENTS = ("viewer", "table", "intake", "analysis")


@cache
def version() -> str:
    """The first 12 hexadecimal digits of SHA-256 over every file that a browser may load from us."""
    digest = hashlib.sha256()
    for path in sorted(path for name in COMPONENTS for path in _folder(name).glob("*.*")):
        digest.update(path.relative_to(HERE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def find(component: str, name: str) -> Path | None:
    """The file of a component, or None: only names that lie in the component's folder are ever served."""
    if component not in COMPONENTS:
        return None
    return next((path for path in _folder(component).glob("*.*") if path.name == name), None)


def loader_js(component: str) -> str:
    """A module for Streamlit that loads /assets/<version>/<component>/main.js and cleans up after it."""
    return f"""
export default function (args) {{
  const url = new URL("/assets/{version()}/{component}/main.js", window.location.origin);
  let cleanup = null, gone = false;
  import(url).then((module) => {{
    if (gone) return;
    cleanup = module.default(args);
  }}).catch(() => {{
    args.parentElement.textContent = "This part of the page did not load. Reload the page; if it stays, sign in again.";
  }});
  return () => {{ gone = true; if (cleanup) cleanup(); }};
}}
"""


def _folder(component: str) -> Path:
    return HERE / component / "frontend"
