"""Fork and join on the device: tasks that begin tasks and wait for them.

`fib` is the classic: every call begins two more. `queens` counts the ways to place n queens: a task tries half of the
columns of a row in one child and half in the other, so the tree is as uneven as the board says. Both run from one root
task; the executor's warps steal work from each other.

    python examples/fork_join.py --fib 30 --queens 10
"""

import argparse
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from coro2cuda import gather, gpu_async, i32, run

FIB = {0: 0, 1: 1, 2: 1, 10: 55, 20: 6765, 30: 832_040, 35: 9_227_465, 40: 102_334_155}
QUEENS = {1: 1, 4: 2, 5: 10, 6: 4, 8: 92, 10: 724, 12: 14_200, 14: 365_596}


@gpu_async
async def fib(n: i32) -> i32:
    """The n-th Fibonacci number, by the definition."""
    if n < 2:
        return n
    a, b = await gather(fib(n - 1), fib(n - 2))
    return a + b


@gpu_async
async def queens(free: i32, columns: i32, left: i32, right: i32, board: i32) -> i32:
    """Ways to complete a board. `free` are the columns of this row still to try, `columns`, `left` and `right` those
    taken straight and along the diagonals in the rows above; all are bit sets, `board` has a bit for each column."""
    if free == 0:
        return 0
    last = free & -free
    if free != last:
        a, b = await gather(
            queens(last, columns, left, right, board), queens(free ^ last, columns, left, right, board)
        )
        return a + b
    columns = columns | last
    if columns == board:
        return 1
    left = (left | last) << 1
    right = (right | last) >> 1
    return await queens(board & ~(columns | left | right), columns, left, right, board)


def measured(call: Any, repeat: int, backend: str | None) -> tuple[int, Any, float]:
    """The result, the last run's statistics, and the best time in ms: the kernel's on a GPU, else the whole run's."""
    best = float("inf")
    for _ in range(repeat):
        started = time.perf_counter()
        result, statistics = run(call(), backend=backend, stats=True)
        elapsed = 1e3 * (time.perf_counter() - started)
        best = min(best, getattr(statistics, "kernel_ms", None) or elapsed)
    return int(result), statistics, best


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fork and join: Fibonacci numbers and queens, from one root task.")
    parser.add_argument("--fib", type=int, nargs="*", default=[30], metavar="N", help="which (%(default)s)")
    parser.add_argument("--queens", type=int, nargs="*", default=[10], metavar="N", help="boards (%(default)s)")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="take the best of R runs")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    if options.repeat < 1 or any(n < 0 for n in options.fib) or any(not 1 <= n <= 15 for n in options.queens):
        parser.error("--repeat must be positive, --fib not negative, --queens 1 to 15")
    return options


def main(argv: list[str] | None = None) -> int:
    """Run, compare with the known counts, and return 1 if one is wrong."""
    options = arguments(argv)
    console, wrong = Console(), False
    table = Table("program", "result", "known", "ms")
    programs = [(f"fib({n})", lambda n=n: fib(n), FIB.get(n)) for n in options.fib]
    programs += [
        (f"queens({n})", lambda n=n: queens((1 << n) - 1, 0, 0, 0, (1 << n) - 1), QUEENS.get(n)) for n in options.queens
    ]
    for name, call, known in programs:
        result, statistics, milliseconds = measured(call, options.repeat, options.backend)
        wrong = wrong or (known is not None and result != known)
        table.add_row(name, f"{result:,}", "" if known is None else f"{known:,}", f"{milliseconds:.3f}")
        if options.stats:
            console.print(statistics)
    console.print(table)
    if wrong:
        console.print("[bold red]a count is wrong[/]")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
