"""The explorer finds what it is there to find: executors with one mistake each, within a number of schedules."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from device_ir import Mutant, device_ir
from explore import first_failure, smallest
from mutants import CASES, Case
from scenario import Explorable
from scenarios import SCENARIOS
from schedules import Recorded, sampled

from coro2cuda.runtime import compiler


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_found_and_replayed(case: Case) -> None:
    made = Explorable(SCENARIOS[case.scenario], case.mutants)
    _, _, record = first_failure(made, itertools.islice(sampled(made.lanes), case.within))
    assert record is not None, f"not found in {case.within} schedules"
    assert made.run(Recorded(record)).violation is not None


def test_there_are_fifteen_mistakes_or_more() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 15


def test_a_failure_shrinks_to_a_trace_that_names_lines_of_the_executor() -> None:
    case = next(case for case in CASES if case.name == "pop without its fence")
    made = Explorable(SCENARIOS[case.scenario], case.mutants)
    _, _, record = first_failure(made, itertools.islice(sampled(made.lanes), case.within))
    assert record is not None
    outcome = smallest(made, record)
    named = {(Path(event.place.file).name, event.place.function) for event in outcome.trace}
    assert {("fork_join.py", "pop_chunk"), ("fork_join.py", "steal")} <= named
    assert outcome.violation is not None and outcome.violation.kind == "wrong frame"


def test_a_trace_line_is_the_statement_in_the_file(explorable: Callable[[str], Any]) -> None:
    outcome = explorable("pair").run(Recorded(), trace=True)
    claims = {event.place for event in outcome.trace
              if event.place.function == "find_roots" and "fetch_add" in event.text}  # fmt: skip
    (claim,) = claims
    assert "fetch_add(injector, 1)" in Path(claim.file).read_text(encoding="utf-8").splitlines()[claim.line - 1]


def test_a_mutant_that_is_not_in_the_executor_any_more_is_an_error() -> None:
    with pytest.raises(LookupError, match="'gone': join has 0 places"):
        device_ir(compiler.device_functions("c2c_forking_thread"), mutants=[Mutant("gone", "join", "last = 7", "")])
