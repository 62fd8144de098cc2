"""A program of every kind, once each and small: what `make sanitize` runs under each tool of compute-sanitizer.

    fork and join, a dynamic gather, queues, plain suspending tasks, events and locks, exceptions that are handled and
    kept, and cancellation of tasks that wait for each kind of object, in groups and under time limits

It prints the results; who is in doubt compares them with those of `--backend asyncio`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
import cancellation_programs  # noqa: E402
import soak  # noqa: E402

from coro2cuda import Event, run  # noqa: E402

CANCELLED = (
    "event", "condition", "get", "barrier", "siblings_are_cancelled", "waits_for_a_task", "group_with_a_timeout",
)  # fmt: skip
LONGEST = 300.0  # seconds, of one run: a sanitizer takes its time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="cuda")
    how: dict[str, Any] = {"backend": parser.parse_args().backend, "timeout": LONGEST}

    print("fib", soak.fib.map(np.array([0, 5, 10], np.int32), **how))
    print("spread", run(soak.spread(300), **how))
    print("pipeline", soak.pipeline.map(np.full(8, 2), 20, **how))
    print("steps", soak.steps.map(range(1, 40), **how).sum())
    print("waits", soak.waits.map(Event(), np.zeros(1, np.int64), np.full(200, 200), **how).sum())
    for name in CANCELLED:
        print(name, getattr(cancellation_programs, name).map(np.full(6, 1), **how))
    results, _ = soak.item.map(range(990, 1010), return_exceptions=True, **how)
    print("errors", results.sum(), flush=True)


if __name__ == "__main__":
    main()
