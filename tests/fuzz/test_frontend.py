"""Arbitrary valid Python is compiled or refused with CompileError: nothing else is raised, and nothing hangs.

`make fuzz-frontend` takes every function of the standard library; here is a random sample.
"""

from __future__ import annotations

import random
from pathlib import Path

import fuzz_frontend
import pytest

FILES, FUNCTIONS = 20, 120


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_functions_of_the_standard_library(tmp_path: Path) -> None:
    choose = random.Random(random.getrandbits(32))
    files = choose.sample(fuzz_frontend.library(), FILES)
    found = [sample for path in files for sample in fuzz_frontend.samples(path)]
    chosen = choose.sample(found, min(FUNCTIONS, len(found)))
    for number, sample in enumerate(chosen):
        fuzz_frontend.examine(sample, tmp_path / f"sample_{number}.py", choose, trials=2)
    assert sum(fuzz_frontend.define(sample, tmp_path / "defined.py", choose) is not None for sample in chosen) > 20


SAMPLE = fuzz_frontend.Sample("here.py:1", "f", "async def f(x):\n    return x + 1\n")


def test_what_escapes_the_compiler_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x")

    assert fuzz_frontend.examine(SAMPLE, tmp_path / "f.py", random.Random(0), trials=1) == 1
    monkeypatch.setattr(fuzz_frontend.compiler, "compile_program", fail)
    with pytest.raises(fuzz_frontend.Escaped, match=r"here\.py:1 \(x: i64\)[\s\S]*KeyError"):
        fuzz_frontend.examine(SAMPLE, tmp_path / "f.py", random.Random(0))


def test_what_takes_too_long_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_frontend, "LONGEST", 0.0)
    with pytest.raises(fuzz_frontend.Escaped, match="more than"):
        fuzz_frontend.examine(SAMPLE, tmp_path / "f.py", random.Random(0))


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_a_tenth_of_the_tamed_functions_compile(tmp_path: Path) -> None:
    """Else the samples would only ever meet the table of refusals."""
    choose = random.Random(0)
    found = [sample for path in fuzz_frontend.library()[:20] for sample in fuzz_frontend.samples(path) if sample.tamed]
    chosen = choose.sample(found, 40)
    accepted = sum(
        fuzz_frontend.examine(sample, tmp_path / f"tamed_{number}.py", choose) > 0
        for number, sample in enumerate(chosen)
    )
    assert accepted >= 4
