"""The fork-join benchmarks, small, on the CPU: they run and check their answers; what they print."""

from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of benchmarks/ by name."""
    import importlib

    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def test_every_part_of_fork_join(measured: Any) -> None:
    forkjoin, table = measured("forkjoin"), measured("run").table
    rows = list(forkjoin.measured("cpu", forkjoin.SMALL))
    names = " ".join(row.name for row in rows)
    for part in ("fib(20)", "queens(8)", "cilksort", "mergesort", "UTS T1", "BFS", "fission, T = 20", "quadrature"):
        assert part in names
    assert all(row.ours.best > 0 and row.rate for row in rows)
    assert table(rows).columns[-1].header == "rate"


def test_a_wrong_answer_ends_a_benchmark(measured: Any) -> None:
    forkjoin = measured("forkjoin")
    example = measured("measure").example("fork_join")
    with pytest.raises(SystemExit, match="gives 55, not 56"):
        forkjoin.counted(lambda: example.fib(10), 56, "fib(10)", "cpu")()


def test_rates_are_by_the_best_time(measured: Any) -> None:
    measure = measured("measure")
    row = measure.Row("x", measure.Times(2.0, 3.0), work=(4_000_000, "nodes/s"))
    assert row.rate == "2 G nodes/s"
    assert measure.Row("x", measure.Times(2.0, 3.0)).rate == ""
