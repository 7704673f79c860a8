"""What is said about an error that nobody foresaw, and about what stands in files: nothing of it."""

from __future__ import annotations

import subprocess
import sys

FIRST = "from services import logs; logs.keep_contents_out(); logs.set_level('DEBUG'); "
"""What every process that we start begins with."""


def stderr_of(code: str) -> str:
    outcome = subprocess.run([sys.executable, "-c", FIRST + code], capture_output=True, text=True, check=False)
    return outcome.stderr


def test_an_unforeseen_error_says_its_kind_and_where_and_not_what_it_quotes() -> None:
    said = stderr_of("int('Meier^Anna')")
    assert "ValueError" in said
    assert 'File "<string>", line 1' in said
    assert "Meier" not in said


def test_nor_does_the_error_that_caused_it_or_one_in_a_thread() -> None:
    caused = stderr_of('exec(\'try:\\n int("Meier")\\nexcept ValueError as e:\\n raise KeyError("Anna") from e\')')
    threaded = stderr_of("import threading; threading.Thread(target=int, args=('Meier',)).start()")
    assert "ValueError" in caused
    assert "KeyError" in caused
    assert "ValueError" in threaded
    assert not any(name in caused + threaded for name in ("Meier", "Anna"))


def test_pydicom_is_silent_although_it_is_imported_later_and_sets_its_own_level() -> None:
    warned = "import pydicom, warnings; d = pydicom.Dataset(); d.SOPInstanceUID = 'Meier'; d.to_json()"
    assert "Meier" not in stderr_of(warned)
    loud = subprocess.run([sys.executable, "-c", warned], capture_output=True, text=True, check=False)
    assert "Meier" in loud.stderr


def test_other_logs_are_written() -> None:
    assert "INFO:services:all is well" in stderr_of("import logging; logging.getLogger('services').info('all is well')")
