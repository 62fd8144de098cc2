"""Explore the executor for longer than the tests do, and show what a failure is made of.

    python tests/explorer/explore.py --schedules 20000                 # every scenario
    python tests/explorer/explore.py --scenario tree --exhaustive 2    # all schedules with two deviations
    python tests/explorer/explore.py --mutant 'pop without its fence'  # what the explorer says of a mistake

A failure is shrunk to the fewest decisions that still fail, and its trace names the lines of the executor. The seed
that is printed replays it: `--scenario NAME --seed SEED --schedules 1`.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterable

from mutants import CASES
from scenario import Explorable, Outcome
from scenarios import SCENARIOS
from schedules import Recorded, exhaustive, sampled, shrunk


def first_failure(made: Explorable, schedules: Iterable[tuple[int, Recorded]]) -> tuple[int, int, list[int] | None]:
    """How many schedules were run, the seed of the last, and the record of the first that failed."""
    count, seed = 0, 0
    for seed, strategy in schedules:
        count += 1
        if made.run(strategy).violation is not None:
            return count, seed, strategy.record
    return count, seed, None


def smallest(made: Explorable, record: list[int]) -> Outcome:
    """The shortest run found that breaks the same rule, with its trace."""
    found = made.run(Recorded(record)).violation
    assert found is not None, "a record replays its run"

    def fails(trial: list[int]) -> bool:
        again = made.run(Recorded(trial)).violation
        return again is not None and again.kind == found.kind

    return made.run(Recorded(shrunk(record, fails)), trace=True)


def report(made: Explorable, seed: int, record: list[int], lines: int) -> None:
    outcome = smallest(made, record)
    print(f"  seed {seed}: {outcome.violation}")
    if len(outcome.trace) > lines:
        print(f"  ... {len(outcome.trace) - lines} steps before")
    for event in outcome.trace[-lines:]:
        print(f"  {event}")


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the executor's own IR under many schedules and weak memory.")
    parser.add_argument("--schedules", type=int, default=2000, metavar="N", help="a scenario (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first schedule (%(default)s)")
    parser.add_argument("--scenario", choices=SCENARIOS, action="append", help="only this one; may be repeated")
    parser.add_argument("--exhaustive", type=int, metavar="D", help="all schedules with at most D deviations instead")
    parser.add_argument("--mutant", choices=[case.name for case in CASES], help="with this mistake put in")
    parser.add_argument("--lines", type=int, default=60, help="of a failure's trace (%(default)s)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Explore; 1 if a rule was broken."""
    options = arguments(argv)
    case = next((case for case in CASES if case.name == options.mutant), None)
    names = options.scenario or ([case.scenario] if case else list(SCENARIOS))
    failed = False
    for name in names:
        made = Explorable(SCENARIOS[name], case.mutants if case else ())
        if options.exhaustive is None:
            schedules = itertools.islice(sampled(made.lanes, options.seed), options.schedules)
        else:
            schedules = ((0, run) for run in exhaustive(options.exhaustive))
        started = time.perf_counter()
        count, seed, record = first_failure(made, schedules)
        seconds = time.perf_counter() - started
        verdict = "ok" if record is None else "FAILED"
        print(f"{name:20} {count:>8,} schedules  {1e3 * seconds / count:6.1f} ms each  {verdict}", flush=True)
        if record is not None:
            failed = True
            report(made, seed, record, options.lines)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
