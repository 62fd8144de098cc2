"""The least that items through a thousand queues can take: the protocol of runtime/item_queue.py, written by hand.

    python benchmarks/queues_by_hand.py

Compare with `python benchmarks/run.py sync`. A row is where the two sides run, a column what is fenced.
"""

from typing import Any

import numpy as np
from measure import Skip, baseline, cupy, kernel_ms, require
from rich.console import Console
from rich.table import Table

QUEUES, ITEMS, SLOTS, LOG = 1000, 10_000, 64, 6
QUEUE = np.dtype([("put", "u8"), ("got", "u8"), ("ring", "u8"), ("bound", "u4"), ("unused", "u4", 25),
                  ("slots", "u8", SLOTS)])  # fmt: skip
FENCES = {0: "nothing", 1: "put to get", 3: "put to get, get to put"}
WHERE = {"by_turns": "by turns in one lane", "apart": "in two warps"}


def main() -> None:
    console = Console()
    try:
        module = baseline("queues")
    except Skip as reason:
        console.print(f"skipped: {reason}")
        return
    table = Table(f"{QUEUES * ITEMS:,} items, ms", *FENCES.values())
    for where, title in WHERE.items():
        blocks = QUEUES if where == "by_turns" else 2 * QUEUES
        times = (min(_once(module.get_function(f"{where}_{fences}"), blocks) for _ in range(5)) for fences in FENCES)
        table.add_row(title, *(f"{time:.2f} ({QUEUES * ITEMS / time / 1e6:.2f} G/s)" for time in times))
    console.print(table)


def _once(kernel: Any, blocks: int) -> float:
    """Milliseconds of one launch on fresh queues."""
    made = np.zeros(QUEUES, QUEUE)
    made["ring"], made["bound"], made["put"], made["got"] = 1 << 32 | LOG, SLOTS, LOG << 2, LOG << 2
    queues, sums = cupy().asarray(made.view("u1")), cupy().zeros(QUEUES, "u8")
    milliseconds = kernel_ms(lambda: kernel((blocks,), (32,), (queues, np.uint32(ITEMS), sums)))
    require(bool((sums == ITEMS * (ITEMS - 1) // 2).all()), "queues by hand: items were lost")
    return milliseconds


if __name__ == "__main__":
    main()
