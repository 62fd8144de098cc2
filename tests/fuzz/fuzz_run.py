"""Runs a random program on everything there is and compares (`differential`)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import differential
from fuzz_programs import Program

EVERYTHING = ("lowering", "cpu", "cuda")


def load(path: Path) -> ModuleType:
    """Import a program from its file, so that its source can be read."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(program: Program, path: Path, ways: tuple[str, ...] = EVERYTHING) -> list[differential.Outcome]:
    """Raise `differential.Difference` unless all agree; else what the oracle saw.

    Args:
        program: to be run.
        path: where to write it; a new file each time, for Python keeps the lines of old ones. It is left there if the
            program fails, and deleted if not.
        ways: which of the interpreters ("lowering") and backends.
    """
    path.write_text(program.text)
    module = load(path)
    seen = []
    for case in range(len(program.arguments)):
        if "lowering" in ways:
            seen.append(differential.check_lowering(
                module.main, program.main_arguments(case), forks=program.forks, exact=program.exact,
                seeds=2 if program.forks else 1,
            ))  # fmt: skip
        if "cpu" in ways or "cuda" in ways:
            seen.append(differential.check_map(
                module.wide, program.wide_arguments(case), forks=program.forks, seed=program.seed, on=ways
            ))  # fmt: skip
    path.unlink()
    return seen
