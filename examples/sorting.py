"""Sorting by fork and join: cilksort, and the mergesort of the textbook.

`cilksort` is the parallel mergesort of the Cilk papers: four quarters are sorted at the same time, merged in pairs, and
the pairs merged. A merge is parallel too: a task that is to write keys `begin` to `end` of the result finds by binary
search where these begin in the two runs, so any part of a merge can be done by any task. `mergesort` sorts halves and
merges alone; its last merge is one task, and bounds it.

The keys are row 0 of an array, row 1 is as much space to merge into. A task sorts its last keys alone: eights in
registers, by a network of minima and maxima that has no branches for lanes to disagree about, then by merging.

    python examples/sorting.py --keys 10_000_000 --repeat 3
"""

import argparse
import sys
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from coro2cuda import gather, gpu_async, i32, run

ALONE = 256  # keys that one task sorts
MERGE_ALONE = 256  # keys that one task merges

Eight = tuple[i32, i32, i32, i32, i32, i32, i32, i32]


@gpu_async(boundscheck=False)
async def cilksort(keys: i32[:, :], first: i32, end: i32) -> None:
    """Sort keys[0, first:end]."""
    if end - first <= ALONE:
        sort_alone(keys, 0, first, end)
        return
    middle = (first + end) // 2
    left, right = (first + middle) // 2, (middle + end) // 2
    await gather(
        cilksort(keys, first, left), cilksort(keys, left, middle),
        cilksort(keys, middle, right), cilksort(keys, right, end),
    )  # fmt: skip
    await gather(
        merge(keys, 1, first, left, middle, first, middle), merge(keys, 1, middle, right, end, middle, end)
    )
    await merge(keys, 0, first, middle, end, first, end)


@gpu_async(boundscheck=False)
async def merge(keys: i32[:, :], row: i32, first: i32, middle: i32, last: i32, begin: i32, end: i32) -> None:
    """Merge the runs first:middle and middle:last of the other row into this row; of the result, only begin:end."""
    if end - begin <= MERGE_ALONE:
        merge_alone(keys, row, first, middle, last, begin, end)
        return
    half = (begin + end) // 2
    await gather(
        merge(keys, row, first, middle, last, begin, half), merge(keys, row, first, middle, last, half, end)
    )


@gpu_async(boundscheck=False)
async def mergesort(keys: i32[:, :], row: i32, first: i32, end: i32) -> None:
    """Sort keys[0, first:end] into keys[row, first:end]."""
    if end - first <= ALONE:
        sort_alone(keys, row, first, end)
        return
    middle = (first + end) // 2
    await gather(mergesort(keys, 1 - row, first, middle), mergesort(keys, 1 - row, middle, end))
    merge_alone(keys, row, first, middle, end, first, end)


# --- what a task does alone


def merge_alone(keys: i32[:, :], row: i32, first: i32, middle: i32, last: i32, begin: i32, end: i32) -> None:
    """What `merge` does, by one task. Both heads are in registers: each step is a comparison, a store and a load."""
    source, target = keys[1 - row], keys[row]
    i = first + share_of_left(source, first, middle, last, begin - first)
    j = middle + begin - i
    x = source[min(i, middle - 1)]
    y = source[min(j, last - 1)]
    for k in range(begin, end):
        takes_left = j >= last or (i < middle and x <= y)
        target[k] = x if takes_left else y
        if takes_left:
            i += 1
        else:
            j += 1
        head = source[min(i, middle - 1) if takes_left else min(j, last - 1)]
        x = head if takes_left else x
        y = y if takes_left else head


def share_of_left(source: i32[:], first: i32, middle: i32, last: i32, count: i32) -> i32:
    """Of the `count` least keys of both runs, how many are in the left one (equal keys: the left ones come first)."""
    low, high = max(0, count - (last - middle)), min(count, middle - first)
    while low < high:
        half = (low + high) // 2
        if source[first + half] <= source[middle + count - 1 - half]:
            low = half + 1
        else:
            high = half
    return low


def sort_alone(keys: i32[:, :], row: i32, first: i32, end: i32) -> None:
    """Sort keys[0, first:end] into keys[row, first:end]: runs of eight, then merges from row to row."""
    width: i32 = 8
    while width < end - first:
        width *= 2
        row = 1 - row
    sort_eights(keys[0], keys[row], first, end)
    width = 8
    while width < end - first:
        row = 1 - row
        for begin in range(first, end, 2 * width):
            middle, last = min(begin + width, end), min(begin + 2 * width, end)
            merge_alone(keys, row, begin, middle, last, begin, last)
        width *= 2


def sort_eights(source: i32[:], target: i32[:], first: i32, end: i32) -> None:
    """Runs of eight sorted keys each; the last one may be shorter."""
    whole = end - (end - first) % 8
    for k in range(first, whole, 8):
        a, b, c, d, e, f, g, h = sorted_eight((
            source[k], source[k + 1], source[k + 2], source[k + 3],
            source[k + 4], source[k + 5], source[k + 6], source[k + 7],
        ))  # fmt: skip
        target[k] = a
        target[k + 1] = b
        target[k + 2] = c
        target[k + 3] = d
        target[k + 4] = e
        target[k + 5] = f
        target[k + 6] = g
        target[k + 7] = h
    for k in range(whole, end):
        key, place = source[k], k
        while place > whole and target[place - 1] > key:
            target[place] = target[place - 1]
            place -= 1
        target[place] = key


def sorted_eight(keys: Eight) -> Eight:
    """Batcher's odd-even merge sort: 19 comparators."""
    a, b, c, d, e, f, g, h = keys
    a, b, c, d, e, f, g, h = min(a, b), max(a, b), min(c, d), max(c, d), min(e, f), max(e, f), min(g, h), max(g, h)
    a, c, b, d, e, g, f, h = min(a, c), max(a, c), min(b, d), max(b, d), min(e, g), max(e, g), min(f, h), max(f, h)
    b, c, f, g, a, e, d, h = min(b, c), max(b, c), min(f, g), max(f, g), min(a, e), max(a, e), min(d, h), max(d, h)
    b, f, c, g = min(b, f), max(b, f), min(c, g), max(c, g)
    b, e, d, g = min(b, e), max(b, e), min(d, g), max(d, g)
    c, e, d, f = min(c, e), max(c, e), min(d, f), max(d, f)
    d, e = min(d, e), max(d, e)
    return a, b, c, d, e, f, g, h


# --- the program

SORTS = ("cilksort", "mergesort")


def random_keys(count: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Keys in row 0."""
    keys = np.zeros((2, count), np.int32)
    keys[0] = np.random.default_rng(count).integers(-(2**31), 2**31, count)
    return keys


def sort_call(name: str, keys: Any) -> Any:
    """The call that sorts row 0."""
    count = keys.shape[1]
    return cilksort(keys, 0, count) if name == "cilksort" else mergesort(keys, 0, 0, count)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Sorting by fork and join, from one root task.")
    parser.add_argument("sorts", nargs="*", default=["cilksort"], metavar="SORT", help=f"{', '.join(SORTS)} (cilksort)")
    parser.add_argument("--keys", type=int, default=1_000_000, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="take the best of R runs")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    if set(options.sorts) - set(SORTS) or options.repeat < 1 or not 1 <= options.keys < 2**30:
        parser.error(f"the sorts are {', '.join(SORTS)}; --repeat and --keys must be positive, and keys below 2^30")
    return options


def main(argv: list[str] | None = None) -> int:
    """Sort random keys, compare with NumPy, and return 1 if they are not sorted."""
    options = arguments(argv)
    console, wrong = Console(), False
    table = Table("sort", "keys", "tasks", "ms")
    for name in options.sorts:
        milliseconds = []
        for _ in range(options.repeat):
            keys = random_keys(options.keys)
            expected = np.sort(keys[0])
            _, statistics = run(sort_call(name, keys), backend=options.backend, stats=True)
            wrong = wrong or not np.array_equal(keys[0], expected)
            milliseconds.append(statistics.milliseconds)
        table.add_row(name, f"{options.keys:,}", f"{statistics.spawns:,}", f"{min(milliseconds):.3f}")
        if options.stats:
            console.print(statistics)
    console.print(table)
    if wrong:
        console.print("[bold red]the keys are not sorted[/]")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
