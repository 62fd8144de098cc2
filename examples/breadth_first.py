"""Breadth-first search of a graph, level by level: how far is every vertex from the root, and by which neighbour?

The graph is Graph500's: 2^SCALE vertices, 16 edges a vertex, whose Kronecker generator makes a few vertices with very
many neighbours and many with few or none. So a level is as many tasks as there are vertices in it, and a vertex with
many neighbours is as many tasks as they need. A vertex belongs to whoever is first to write itself as its parent.

    python examples/breadth_first.py --scale 20 --roots 8
"""

import argparse
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from coro2cuda import atomic_add, atomic_compare_and_swap, gather, gpu_async, i32, run

EDGES_A_VERTEX = 16
CHANCES = (0.57, 0.19, 0.19)  # of Graph500: that an edge falls into the first, second and third quarter of the matrix
STRETCH = 64  # neighbours that one task looks at
BLOCK = 1 << 18  # edges generated at once, so that they stay in a cache

Ints = np.ndarray[Any, np.dtype[np.int32]]


@gpu_async(boundscheck=False)
async def search(
    root: i32, offsets: i32[:], neighbours: i32[:], parents: i32[:], frontier: i32[:, :], found: i32[:]
) -> i32:
    """Fill `parents`, which is -1 everywhere, and return the number of levels.

    The vertices of a level are a row of `frontier`, those found for the next one go into the other row; `found` counts
    them."""
    parents[root] = root
    frontier[0, 0] = root
    count: i32 = 1
    levels: i32 = 0
    row: i32 = 0
    while count != 0:
        found[0] = 0
        await gather(*[visit(row, i, offsets, neighbours, parents, frontier, found) for i in range(count)])
        count = found[0]
        row = 1 - row
        levels += 1
    return levels


@gpu_async(boundscheck=False)
async def visit(
    row: i32, index: i32, offsets: i32[:], neighbours: i32[:], parents: i32[:], frontier: i32[:, :], found: i32[:]
) -> None:
    """Look at the neighbours of one vertex of the frontier."""
    vertex = frontier[row, index]
    first, end = offsets[vertex], offsets[vertex + 1]
    if end - first <= STRETCH:
        look(1 - row, vertex, first, end, neighbours, parents, frontier, found)
    else:
        await gather(*[
            visit_some(1 - row, vertex, begin, end, neighbours, parents, frontier, found)
            for begin in range(first, end, STRETCH)
        ])  # fmt: skip


@gpu_async(boundscheck=False)
async def visit_some(
    row: i32, vertex: i32, first: i32, end: i32, neighbours: i32[:], parents: i32[:], frontier: i32[:, :],
    found: i32[:],
) -> None:  # fmt: skip
    """Look at the first STRETCH of the neighbours first:end."""
    look(row, vertex, first, min(first + STRETCH, end), neighbours, parents, frontier, found)


def look(
    row: i32, vertex: i32, first: i32, end: i32, neighbours: i32[:], parents: i32[:], frontier: i32[:, :],
    found: i32[:],
) -> None:  # fmt: skip
    for place in range(first, end):
        neighbour = neighbours[place]
        if parents[neighbour] < 0 and atomic_compare_and_swap(parents, neighbour, -1, vertex) < 0:
            frontier[row, atomic_add(found, 0, 1)] = neighbour


# --- the graph


@dataclass(frozen=True)
class Graph:
    """Row v of the adjacency matrix is neighbours[offsets[v]:offsets[v + 1]], sorted; every edge is there both ways."""

    offsets: Ints
    neighbours: Ints

    @property
    def vertices(self) -> int:
        return len(self.offsets) - 1

    def edges(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Both ends of each edge in one number, sorted: source << 32 | neighbour."""
        sources = np.repeat(np.arange(self.vertices, dtype=np.int64), np.diff(self.offsets))
        return sources << 32 | self.neighbours


def kronecker(scale: int, seed: int = 1) -> Graph:
    """Graph500's graph, without loops and repeated edges."""
    random = np.random.default_rng(seed)
    count = EDGES_A_VERTEX << scale
    ends = np.concatenate([
        _kronecker_edges(random, scale, min(BLOCK, count - done)) for done in range(0, count, BLOCK)
    ], axis=1)  # fmt: skip
    source, target = random.permutation(1 << scale)[ends]
    keys = np.concatenate([source << 32 | target, target << 32 | source])[np.tile(source != target, 2)]
    keys.sort()
    keys = keys[np.diff(keys, prepend=-1) != 0]
    offsets = np.searchsorted(keys, np.arange((1 << scale) + 1, dtype=np.int64) << 32).astype(np.int32)
    return Graph(offsets, (keys & 0xFFFFFFFF).astype(np.int32))


def _kronecker_edges(random: np.random.Generator, scale: int, count: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Sources and targets: each bit of both says into which quarter of what is left of the matrix the edge falls."""
    a, b, c = CHANCES
    ends = np.zeros((2, count), np.int32)
    for bit in range(scale):
        lower = random.random(count, np.float32) > a + b
        right = random.random(count, np.float32) > np.where(lower, c / (1 - a - b), a / (a + b)).astype(np.float32)
        ends |= np.stack([lower, right]).astype(np.int32) << bit
    return ends


def tree_levels(graph: Graph, root: int, parents: Ints) -> Ints:
    """How far each vertex is from the root by its parents, -1 for those without; checked as Graph500 demands.

    Raises:
        ValueError: it is no tree of shortest paths, of edges of the graph, of all that the root can reach.
    """
    reached = np.flatnonzero(parents >= 0)
    levels = np.full(len(parents), -1, np.int32)
    levels[root] = 0
    waiting = reached[reached != root]
    while len(waiting):
        above = levels[parents[waiting]]
        levels[waiting[above >= 0]] = above[above >= 0] + 1
        if (above < 0).all():
            raise ValueError("the parents go in a circle")
        waiting = waiting[above < 0]
    edges = graph.edges()
    tree = parents[reached].astype(np.int64) << 32 | reached
    tree = tree[reached != root]
    if parents[root] != root or (edges[np.searchsorted(edges, tree).clip(max=len(edges) - 1)] != tree).any():
        raise ValueError("a vertex and its parent are no neighbours")
    source, target = levels[edges >> 32], levels[edges & 0xFFFFFFFF]
    if ((source < 0) != (target < 0)).any():
        raise ValueError("a vertex that can be reached was not")
    if (np.abs(source - target) > 1).any():
        raise ValueError("there is a shorter path")
    return levels


@dataclass(frozen=True)
class Outcome:
    """One search: the parents, how many levels there were, and what the executor did."""

    parents: Ints
    levels: int
    statistics: Any


class Searcher:
    """A graph where the backend has it, with the memory that a search needs."""

    def __init__(self, graph: Graph, backend: str | None = None) -> None:
        self.graph, self.backend = graph, backend
        self.place = self._device_array if backend == "cuda" else np.ascontiguousarray
        arrays = (graph.offsets, graph.neighbours, np.zeros((2, graph.vertices), np.int32), np.zeros(1, np.int32))
        self.offsets, self.neighbours, self.frontier, self.found = map(self.place, arrays)

    @staticmethod
    def _device_array(array: Ints) -> Any:
        import cupy

        return cupy.asarray(array)

    def search(self, root: int) -> Outcome:
        parents = self.place(np.full(self.graph.vertices, -1, np.int32))
        call = search(root, self.offsets, self.neighbours, parents, self.frontier, self.found)
        levels, statistics = run(call, backend=self.backend, stats=True)
        return Outcome(parents if isinstance(parents, np.ndarray) else parents.get(), int(levels), statistics)

    def traversed(self, parents: Ints) -> int:
        """The edges that a search has seen: Graph500 rates it by these."""
        return int(np.diff(self.graph.offsets)[parents >= 0].sum()) // 2


def some_roots(graph: Graph, count: int) -> Ints:
    """Vertices with neighbours, all over the graph."""
    candidates = np.flatnonzero(np.diff(graph.offsets)).astype(np.int32)
    return candidates[np.linspace(0, len(candidates) - 1, count).astype(int)]


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Breadth-first search of Graph500's graph.")
    parser.add_argument("--scale", type=int, default=16, metavar="S", help="2^S vertices (%(default)s)")
    parser.add_argument("--roots", type=int, default=4, metavar="R", help="search from R vertices (%(default)s)")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    if not 4 <= options.scale <= 24 or options.roots < 1:
        parser.error("--scale must be 4 to 24, --roots positive")
    return options


def main(argv: list[str] | None = None) -> int:
    """Search from some roots and validate each tree; return 1 if one is none of shortest paths."""
    options = arguments(argv)
    graph = kronecker(options.scale)
    searcher = Searcher(graph, options.backend)
    console, wrong = Console(), False
    title = f"{graph.vertices:,} vertices, {len(graph.neighbours) // 2:,} edges"
    table = Table("root", "reached", "levels", "ms", "million edges/s", title=title)
    for root in some_roots(graph, options.roots):
        outcome = searcher.search(int(root))
        try:
            tree_levels(graph, int(root), outcome.parents)
        except ValueError as error:
            console.print(f"[bold red]root {root}: {error}[/]")
            wrong = True
        rate = searcher.traversed(outcome.parents) / outcome.statistics.milliseconds / 1e3
        reached = int((outcome.parents >= 0).sum())
        table.add_row(str(root), f"{reached:,}", str(outcome.levels), f"{outcome.statistics.milliseconds:.3f}",
                      f"{rate:,.1f}")  # fmt: skip
        if options.stats:
            console.print(outcome.statistics)
    console.print(table)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
