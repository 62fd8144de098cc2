"""What `sanitize.py` makes of the output of pytest under compute-sanitizer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
import sanitize

A, B = "tests/api/test_a.py::test_a[x-cuda]", "tests/api/test_a.py::test_a[x-cuda 500]"
C = "tests/api/test_b.py::test_b"
OUTPUT = f"""\
========= COMPUTE-SANITIZER
{A} PASSED [ 33%]
{B} ========= Uninitialized __global__ memory read of size 16 bytes
=========     at c2c_forking+0x1a0
========= Uninitialized __global__ memory read of size 4 bytes
PASSED [ 66%]
{C} ========= Warning: Race reported between Read access at f+0x10
FAILED [100%]
========= RACECHECK SUMMARY: 1 hazard displayed (0 errors, 1 warning)
"""


def test_reports_belong_to_the_test_that_ran() -> None:
    seen = sanitize.parsed(OUTPUT, [A, B, C])
    assert seen.outcomes == {A: "PASSED", B: "PASSED", C: "FAILED"}
    assert [len(seen.reports.get(test, ())) for test in (A, B, C)] == [0, 2, 1]
    assert len(sanitize.errors(seen, B)) == 2 and not sanitize.errors(seen, C)


def test_what_was_cut_off_is_not_done() -> None:
    seen = sanitize.parsed(OUTPUT.partition("FAILED")[0], [A, B, C])
    assert C not in seen.outcomes


STOPPED = """Fatal Python error: Aborted

Current thread 0x00007f1 (most recent call first):
  File "/some/where/coro2cuda/runtime/cuda.py", line 377 in start
  File "/some/where/coro2cuda/runtime/cuda.py", line 188 in run
"""


@pytest.mark.parametrize(("before", "test"), [(OUTPUT.partition("FAILED")[0], C), ("========= COMPUTE-SANITIZER\n", A)])
def test_who_is_stopped_says_where_it_was(before: str, test: str) -> None:
    """As `faulthandler` writes it, after the name of the test that ran, or before the first."""
    seen = sanitize.parsed(before + STOPPED, [A, B, C])
    assert test not in seen.outcomes and seen.reasons == {test: "was in cuda.py:377 start < cuda.py:188 run"}


def test_what_is_too_slow_is_stopped_and_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tool that runs a test of its own, which sleeps."""
    test = tmp_path / "test_slow.py"
    test.write_text("import time\n\ndef test_slow():\n    time.sleep(60)\n")
    tool = tmp_path / "compute-sanitizer"
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    tool.write_text(f"#!/bin/sh\ncd {tmp_path}; exec {sys.executable} -P -m pytest -v -p no:cacheprovider {test}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    began = time.monotonic()
    seen = sanitize.sanitized("memcheck", ["test_slow.py::test_slow"], began + 5, str(tmp_path), "0", 1)
    assert time.monotonic() - began < 30
    assert seen.outcomes == {}
    assert "test_slow.py:4 test_slow" in seen.reasons["test_slow.py::test_slow"]


def test_the_summary_says_what_is_left() -> None:
    text = sanitize.summary("initcheck", [A, B, C], sanitize.parsed(OUTPUT, [A, B, C]), {A})
    assert "1 failed, 2 passed" in text and "1 of 3 GPU tests" in text
    assert "2 x Uninitialized __global__ memory read of size N bytes" in text and f"{C}: failed" in text


def test_batches_are_of_one_file() -> None:
    assert list(sanitize.in_batches([A, C, B], 2)) == [[A, B], [C]]
    assert list(sanitize.in_batches([A, B], 1)) == [[A], [B]]


def test_a_call_goes_on_where_the_last_one_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tool that runs what it is given, and tests that say they pass."""
    tool = tmp_path / "compute-sanitizer"
    tool.write_text('#!/bin/sh\nfor test; do case $test in *::*) echo "$test PASSED [ 1%]";; esac; done\n')
    tool.chmod(0o755)
    record = tmp_path / "record.json"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    command = [sys.executable, str(Path(sanitize.__file__)), "synccheck", "--record", str(record), "--workers", "2"]
    file = "tests/api/test_crowds.py"
    first = subprocess.run([*command, file], capture_output=True, text=True)
    assert first.returncode == 0 and "passed" in first.stdout, first.stdout + first.stderr
    assert len(json.loads(record.read_text())["synccheck"]) > 5
    again = subprocess.run([*command, file], capture_output=True, text=True)
    assert again.returncode == 0 and " passed\n" not in again.stdout, "nothing was left to do"
