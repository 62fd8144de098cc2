"""Fork and join on a GPU: the examples at full size, from one root task, every answer checked.

fib against the hand-written executor (`baselines/fib.cu`), the sort against cupy's (CUB's radix sort, which is no
fork and join). What others' fork-join systems take for the same is shown beside, as measured by us on an H200: GTaP
(work stealing, CUDA C++) and Harmonize (grouping by function, CUDA C++).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fib_by_hand import FibByHand
from measure import Row, Times, cupy, example, interleave, kernel_ms, require

from coro2cuda import run

ROUNDS = 5
MOST_LARGE_ROUNDS = 3  # of what takes long to prepare or to run
FIB_TASKS = {2: 3, 20: 21_891, 30: 2_692_537, 35: 29_860_703, 40: 331_160_281}


@dataclass(frozen=True)
class Sizes:
    """What is run, with the most milliseconds wanted (None: shown only)."""

    fib: dict[int, float | None]
    queens: dict[int, float | None]
    sorts: dict[tuple[str, int], float | None]
    trees: tuple[str, ...]
    scale: int
    sources: int
    slab: tuple[float | None, ...]
    quadrature: tuple[float, float]
    elsewhere: dict[str, str] = field(default_factory=dict)


FULL = Sizes(
    fib={2: 0.02, 30: 0.6, 35: 2.1, 40: 18.0},
    queens={16: 70.0},
    sorts={("cilksort", 10_000_000): 7.0, ("mergesort", 1_000_000): None},
    trees=("T1", "T3", "T1L", "T3L"),
    scale=20,
    sources=1_000_000,
    slab=(0.6, 1.1, None, 2.1),
    quadrature=(1e-4, 1e-12),
    elsewhere={
        "fib(2)": "GTaP 0.025", "fib(30)": "GTaP 0.81", "fib(35)": "GTaP 7.1", "fib(40)": "GTaP 77.5",
        "queens(16)": "GTaP 104.5", "cilksort, 10,000,000 keys": "GTaP 8.7", "mergesort, 1,000,000 keys": "GTaP 274",
        "fission, T = 2": "Harmonize 0.64", "fission, T = 6": "Harmonize 1.16",
        "fission, T = 6, none": "Harmonize 0.30", "fission, T = 20": "Harmonize 2.21",
    },
)  # fmt: skip
SMALL = Sizes(
    fib={2: None, 20: None},
    queens={8: None},
    sorts={("cilksort", 5000): None, ("mergesort", 5000): None},
    trees=("T1",),
    scale=8,
    sources=2000,
    slab=(None, None, None, None),
    quadrature=(1e-2, 1e-6),
)


def rows() -> Iterator[Row]:
    """All of it on the GPU."""
    cupy()
    yield from measured("cuda", FULL)


def measured(backend: str, sizes: Sizes) -> Iterator[Row]:
    """All of it; on the CPU without anything to compare with."""
    for part in (fib_rows, queens_rows, sort_rows, tree_rows, search_rows, fission_rows, quadrature_rows):
        yield from part(backend, sizes)


def counted(call: Callable[[], Any], expected: int, name: str, backend: str) -> Callable[[], float]:
    """A contender: one run of a call whose result is known."""

    def once() -> float:
        result, statistics = run(call(), backend=backend, stats=True)
        require(result == expected, f"{name} gives {result:,}, not {expected:,}")
        return float(statistics.milliseconds)

    return once


def fib_rows(backend: str, sizes: Sizes) -> Iterator[Row]:
    examples = example("fork_join")
    by_hand = FibByHand() if backend == "cuda" else None
    for n, limit in sizes.fib.items():
        name, known = f"fib({n})", examples.FIB[n]
        contenders = {"ours": counted(lambda n=n: examples.fib(n), known, name, backend)}
        if by_hand is not None:
            contenders |= {
                "every call a task": lambda n=n, known=known: by_hand.run(n, False, known),
                "leaves in the parent": lambda n=n, known=known: by_hand.run(n, True, known),
            }
        times = interleave(contenders, ROUNDS)
        ours = times.pop("ours")
        work, elsewhere = (FIB_TASKS[n], "calls/s"), sizes.elsewhere.get(name, "")
        yield Row(name, ours, limit_ms=limit, work=work, elsewhere=elsewhere)
        for other, theirs in times.items():
            yield Row(name, ours, f"by hand, {other}", theirs)


def queens_rows(backend: str, sizes: Sizes) -> Iterator[Row]:
    nqueens = example("nqueens")
    for n, limit in sizes.queens.items():
        name, known = f"queens({n})", nqueens.KNOWN[n]
        depths = [alone for alone in (nqueens.ALONE_ROWS, 8, 7, 6) if alone < n]
        contenders = {
            f"tasks to row {n - alone}": counted(lambda n=n, a=alone: nqueens.ways(n, a), known, name, backend)
            for alone in depths
        }
        for depth, ours in interleave(contenders, MOST_LARGE_ROUNDS).items():
            elsewhere = sizes.elsewhere.get(name, "")
            yield Row(f"{name}, {depth}", ours, limit_ms=limit, work=(known, "ways/s"), elsewhere=elsewhere)


def sort_rows(backend: str, sizes: Sizes) -> Iterator[Row]:
    sorting = example("sorting")
    for (sort, count), limit in sizes.sorts.items():
        name = f"{sort}, {count:,} keys"
        keys = sorting.random_keys(count)
        expected, given = np.sort(keys[0]), on_device(keys, backend)

        def ours(sort: str = sort, given: Any = given, expected: Any = expected) -> float:
            working = given.copy()
            _, statistics = run(sorting.sort_call(sort, working), backend=backend, stats=True)
            require(np.array_equal(on_host(working[0]), expected), f"{sort} does not sort")
            return float(statistics.milliseconds)

        contenders = {"ours": ours}
        if backend == "cuda":
            contenders["cupy"] = lambda given=given: kernel_ms(given[0].copy().sort)
        times = interleave(contenders, MOST_LARGE_ROUNDS)
        work, elsewhere = (count, "keys/s"), sizes.elsewhere.get(name, "")
        yield Row(name, times["ours"], limit_ms=limit, work=work, elsewhere=elsewhere)
        if "cupy" in times:
            yield Row(name, times["ours"], "cupy's radix sort", times["cupy"])


def tree_rows(backend: str, sizes: Sizes) -> Iterator[Row]:
    search = example("tree_search")
    for name in sizes.trees:
        tree = search.TREES[name]
        once = counted(lambda tree=tree: search.search(tree), tree.nodes, name, backend)
        times = interleave({"ours": once}, MOST_LARGE_ROUNDS)["ours"]
        yield Row(f"UTS {name}", times, work=(tree.nodes, "nodes/s"))


def search_rows(backend: str, sizes: Sizes) -> Iterator[Row]:
    """Searches from several roots of one graph; best and median are over the roots."""
    bfs = example("breadth_first")
    graph = bfs.kronecker(sizes.scale)
    searcher = bfs.Searcher(graph, backend)
    samples, traversed = [], 0
    for turn, root in enumerate(map(int, bfs.some_roots(graph, 1 + ROUNDS))):
        outcome = searcher.search(root)
        levels = bfs.tree_levels(graph, root, outcome.parents)
        require(levels.max() + 1 == outcome.levels, f"breadth-first search: {outcome.levels} levels")
        # The first one warms up, and a root outside the large component has nothing to search.
        if turn > 0 and 2 * (levels >= 0).sum() > (np.diff(graph.offsets) > 0).sum():
            samples.append(outcome.statistics.milliseconds)
            traversed = searcher.traversed(outcome.parents)
    require(bool(samples), "breadth-first search: no root reaches half of the graph")
    yield Row(f"BFS, 2^{sizes.scale} vertices", Times.of(samples), work=(traversed, "edges/s"))


def fission_rows(backend: str, sizes: Sizes) -> Iterator[Row]:
    slab = example("fission")
    for setting, limit in zip(slab.SETTINGS, sizes.slab, strict=True):
        name = f"fission, T = {setting.time:g}{'' if setting.fission else ', none'}"
        expected, deviation = slab.analytic(sizes.sources, setting)

        def once(setting: Any = setting, expected: float = expected, margin: float = 4 * deviation) -> float:
            census, statistics = slab.simulate(sizes.sources, setting, backend)
            require(abs(census - expected) < margin, f"fission: a census of {census:,} where {expected:,} is expected")
            if sizes.sources == 1_000_000:
                require(abs(census / setting.census - 1) < 0.005, f"fission: {census:,}, not {setting.census:,}")
            return float(statistics.milliseconds)

        times = interleave({"ours": once}, ROUNDS)["ours"]
        elsewhere = sizes.elsewhere.get(name, "")
        yield Row(name, times, limit_ms=limit, work=(sizes.sources, "sources/s"), elsewhere=elsewhere)


def quadrature_rows(backend: str, sizes: Sizes) -> Iterator[Row]:
    quadrature = example("quadrature")
    low, tolerance = sizes.quadrature
    exact = quadrature.antiderivative(1.0) - quadrature.antiderivative(low)
    intervals = 0

    def once() -> float:
        nonlocal intervals
        result, statistics = run(quadrature.integrate(low, 1.0, tolerance), backend=backend, stats=True)
        require(abs(result - exact) <= tolerance, f"quadrature: {result}, not {exact}")
        intervals = statistics.spawns
        return float(statistics.milliseconds)

    times = interleave({"ours": once}, ROUNDS)["ours"]
    yield Row(f"quadrature, tolerance {tolerance:g}", times, work=(intervals, "intervals/s"))


def on_device(array: Any, backend: str) -> Any:
    return cupy().asarray(array) if backend == "cuda" else array


def on_host(array: Any) -> Any:
    return array if isinstance(array, np.ndarray) else array.get()
