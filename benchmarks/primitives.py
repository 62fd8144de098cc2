"""What bounds synchronisation: the time of a lock, an atomic, a load and a fence on memory that lies in the L2 cache.

    python benchmarks/primitives.py

One lane, or as many as the columns say, does each a few hundred times in a row on memory of its own. µs a turn.
"""

import numpy as np
from measure import Skip, baseline, cupy, kernel_ms
from rich.console import Console
from rich.table import Table

TURNS = 300
SETTINGS = ((1, 1), (16, 1), (16, 2), (16, 32))  # warps a multiprocessor, lanes of each
WORDS_A_LANE = 32
WHAT = {
    "locked": "swap to lock, load, store, release: an operation under a lock",
    "swap": "compare and swap, an acquire",
    "look": "load, relaxed",
    "acquired_look": "load, an acquire",
    "cached_look": "load, from the L1 cache",
    "released": "store, then a store that releases",
    "fenced": "store, then a fence",
    "fence_alone": "fence with nothing to wait for",
}


def main() -> None:
    console = Console()
    try:
        gpu, module = cupy(), baseline("primitives")
    except Skip as reason:
        console.print(f"skipped: {reason}")
        return
    multiprocessors = gpu.cuda.Device().attributes["MultiProcessorCount"]
    most = multiprocessors * 16 * 32
    memory, results = gpu.zeros(most * WORDS_A_LANE, "u4"), gpu.zeros(most, "u4")
    table = Table("µs a turn", *(f"{warps} warps, {lanes} lanes" for warps, lanes in SETTINGS))
    for name, what in WHAT.items():
        kernel, cells = module.get_function(name), []
        for warps, lanes in SETTINGS:
            memory.fill(0)
            arguments = (memory, np.int32(TURNS), np.int32(lanes), results)
            grid = (multiprocessors * warps,)
            best = min(kernel_ms(lambda: kernel(grid, (32,), arguments)) for _ in range(5))  # noqa: B023
            cells.append(f"{best * 1e3 / TURNS:.3f}")
        table.add_row(what, *cells)
    console.print(table)


if __name__ == "__main__":
    main()
