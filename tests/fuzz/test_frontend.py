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
    for number, sample in enumerate(choose.sample(found, min(FUNCTIONS, len(found)))):
        fuzz_frontend.examine(sample, tmp_path / f"sample_{number}.py", choose, trials=2)


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
