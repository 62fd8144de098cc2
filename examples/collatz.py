"""The Collatz chains of all numbers below a limit: n/2 if n is even, 3n+1 if it is odd, until 1.

The simplest job that has both kinds of loop: without a suspend point each task runs to its end where it started; with
`--suspend` it offers to be rescheduled at every step. A step is two or three instructions, so here regrouping costs
more than it gains, and the difference shows the price of a suspend point.

    python examples/collatz.py --limit 1048576 --suspend
"""

import argparse
import sys
from typing import Any

import numpy as np
from rich.console import Console

from coro2cuda import gpu_async, i32, reschedule


@gpu_async
async def chain(n: int) -> i32:
    """Steps from n to 1. Below 2**20 the greatest number on the way takes 37 bits, so `n` is a 64-bit int."""
    steps: i32 = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@gpu_async
async def suspending_chain(n: int) -> i32:
    """The same, suspending at every step."""
    steps: i32 = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        await reschedule()
    return steps


def chains(limit: int, suspend: bool = False, backend: str | None = None) -> tuple[np.ndarray[Any, Any], Any]:
    """The length of the chain of each number below `limit`, and what the executor did."""
    coroutine = suspending_chain if suspend else chain
    steps, statistics = coroutine.map(range(limit), backend=backend, stats=True)
    return steps, statistics


def main(argv: list[str] | None = None) -> int:
    """Compute all chains and name the longest."""
    parser = argparse.ArgumentParser(description="Collatz chains, one coroutine a number.")
    parser.add_argument("--limit", type=int, default=1 << 20, metavar="N", help="numbers 0 to N-1 (%(default)s)")
    parser.add_argument("--suspend", action="store_true", help="suspend at every step")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    if options.limit < 1:
        parser.error("--limit must be positive")

    steps, statistics = chains(options.limit, options.suspend, options.backend)
    longest = int(steps.argmax())
    console = Console()
    console.print(f"{int(steps.sum(dtype=np.int64)):,} steps in all")
    console.print(f"the longest chain starts from {longest:,} and has {steps[longest]}")
    if options.stats:
        console.print(statistics)
    return 0


if __name__ == "__main__":
    sys.exit(main())
