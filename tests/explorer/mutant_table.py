"""Print the table of mutants of docs/correctness.md: in which schedule each is found, and as what.

    python tests/explorer/mutant_table.py > table.md
"""

from __future__ import annotations

import itertools
import sys
from multiprocessing import Pool
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lowering")]

from explore import first_failure  # noqa: E402
from mutants import CASES, Case  # noqa: E402
from scenario import Explorable  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402
from schedules import Recorded, sampled  # noqa: E402


def row(case: Case) -> str:
    made = Explorable(SCENARIOS[case.scenario], case.mutants)
    number, _, record = first_failure(made, itertools.islice(sampled(made.lanes), case.within))
    if record is None:
        return f"| {case.name} | {case.scenario} | not found | {case.within} | |"
    violation = made.run(Recorded(record)).violation
    assert violation is not None
    return f"| {case.name} | {case.scenario} | {number} | {case.within} | {violation.kind} |"


if __name__ == "__main__":
    print("| mutant | scenario | found in schedule | allowed | as |\n|---|---|---|---|---|")
    with Pool() as pool:
        for line in pool.imap(row, CASES):
            print(line, flush=True)
