"""The n queens problem: in how many ways can n queens stand on a board of n by n, none attacking another?

The upper rows are searched by tasks, one a placement, begun by `gather`; which of them lead anywhere nobody knows
beforehand, so idle warps steal. Below, a task searches on alone: by then it has a few hundred placements to try, more
than a task costs. That search needs no recursion: a row is a set of columns in 16 bits, and those of the rows above are
a stack in two registers. Subtrees differ in size, so after every BURST placements the task offers to be regrouped.

    python examples/nqueens.py 12 16 --repeat 3
"""

import argparse
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from coro2cuda import gather, gpu_async, i32, reschedule, run, u32, u64

KNOWN = {
    1: 1, 2: 0, 3: 0, 4: 2, 5: 10, 6: 4, 7: 40, 8: 92, 9: 352, 10: 724, 11: 2_680, 12: 14_200, 13: 73_712, 14: 365_596,
    15: 2_279_184, 16: 14_772_512,
}  # fmt: skip
MOST_QUEENS = 16  # columns are 16 bits of a u32, and a diagonal moves through the other 16
ALONE_ROWS = 9  # rows that one task can search alone: all but the last of them are on its stack
BURST = 256


@gpu_async
async def queens(free: u32, columns: u32, left: u32, right: u32, rows: i32, alone: i32, board: u32) -> i32:
    """Ways to place queens in this row and those below.

    Args:
        free: the columns of this row still to try.
        columns, left, right: where queens above attack this row: straight down, and along the diagonals. `right` is
            kept 16 bits higher, so that no queen is ever shifted out and placing one can be undone.
        rows: how many rows there are, this one and those below.
        alone: how many rows a task searches alone.
        board: a bit for each column.
    """
    while free != 0:
        queen = free & -free
        if free != queen:
            first, others = await gather(
                queens(queen, columns, left, right, rows, alone, board),
                queens(free ^ queen, columns, left, right, rows, alone, board),
            )
            return first + others
        rows -= 1
        if rows == 0:
            return 1
        columns |= queen
        left = (left | queen) << 1
        right = (right | queen << 16) >> 1
        free = board & ~(columns | left | right >> 16)
        if rows <= alone:
            return await completions(free, columns, left, right, rows, board)
    return 0


@gpu_async
async def completions(free: u32, columns: u32, left: u32, right: u32, rows: i32, board: u32) -> i32:
    """What `queens` counts, without tasks: back and forth through the rows.

    `above` and `higher` hold the columns that the rows above have still to try, the queen that stands there being the
    lowest; 16 bits a row, the nearest row lowest.
    """
    above: u64 = 0
    higher: u64 = 0
    top = rows
    ways: i32 = 0
    tries: i32 = 0
    while True:
        while free == 0:
            if rows == top:
                return ways
            rows += 1
            free = u32(above) & 0xFFFF
            above = above >> 16 | higher << 48
            higher >>= 16
            queen = free & -free
            free ^= queen
            columns ^= queen
            left = left >> 1 ^ queen
            right = right << 1 ^ queen << 16
        queen = free & -free
        beneath = board & ~(columns | queen | (left | queen) << 1 | (right >> 16 | queen) >> 1)
        if rows == 1 or (rows == 2 and beneath != 0):
            ways += 1
        if rows <= 2 or beneath == 0:
            free ^= queen
        else:
            higher = higher << 16 | above >> 48
            above = above << 16 | free
            rows -= 1
            columns |= queen
            left = (left | queen) << 1
            right = (right | queen << 16) >> 1
            free = beneath
        tries += 1
        if tries % BURST == 0:
            await reschedule()


def ways(n: int, alone: int = ALONE_ROWS) -> Any:
    """The call that counts the ways on a board of n by n; a task searches the last `alone` rows alone."""
    board = (1 << n) - 1
    return queens(board, 0, 0, 0, n, min(alone, n - 1), board)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The n queens problem, from one root task.")
    parser.add_argument("boards", type=int, nargs="*", default=[12], metavar="N", help="boards (12)")
    parser.add_argument("--alone", type=int, default=ALONE_ROWS, metavar="R", help="rows without tasks (%(default)s)")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="take the best of R runs")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    if any(not 1 <= n <= MOST_QUEENS for n in options.boards):
        parser.error(f"boards have 1 to {MOST_QUEENS} rows")
    if options.repeat < 1 or not 0 <= options.alone <= ALONE_ROWS:
        parser.error(f"--repeat must be positive, --alone 0 to {ALONE_ROWS}")
    return options


def main(argv: list[str] | None = None) -> int:
    """Count, compare with the known counts, and return 1 if one is wrong."""
    options = arguments(argv)
    console, wrong = Console(), False
    table = Table("board", "ways", "known", "tasks", "ms")
    for n in options.boards:
        runs = [run(ways(n, options.alone), backend=options.backend, stats=True) for _ in range(options.repeat)]
        found, statistics = runs[-1]
        wrong = wrong or found != KNOWN[n]
        milliseconds = min(statistics.milliseconds for _, statistics in runs)
        table.add_row(str(n), f"{found:,}", f"{KNOWN[n]:,}", f"{statistics.spawns:,}", f"{milliseconds:.3f}")
        if options.stats:
            console.print(statistics)
    console.print(table)
    if wrong:
        console.print("[bold red]a count is wrong[/]")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
