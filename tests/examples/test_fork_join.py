"""The examples that fork and join, small, against known answers and against asyncio."""

import hashlib
import math
import struct
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from coro2cuda import gpu_async, run, u32

Load = Callable[[str], ModuleType]
ON_GPU = pytest.param("cuda", marks=pytest.mark.gpu)
BACKENDS = ["cpu", ON_GPU]


# --- fib


@pytest.mark.parametrize("backend", BACKENDS)
def test_fib_and_queens(backend: str, example: Load) -> None:
    assert example("fork_join").main(["--fib", "2", "20", "--queens", "6", "8", "--backend", backend]) == 0


# --- n queens


@pytest.mark.parametrize("backend", ["asyncio", *BACKENDS])
def test_queens_on_small_boards(backend: str, example: Load) -> None:
    nqueens = example("nqueens")
    for n in range(1, 7):
        for alone in (0, 2, 9):
            assert run(nqueens.ways(n, alone), backend=backend) == nqueens.KNOWN[n], (n, alone)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n, alone", [(8, 9), (11, 9), (12, 5), (12, 9)])
def test_queens(backend: str, n: int, alone: int, example: Load) -> None:
    nqueens = example("nqueens")
    assert run(nqueens.ways(n, alone), backend=backend) == nqueens.KNOWN[n]


@pytest.mark.gpu
def test_sixteen_queens(example: Load) -> None:
    nqueens = example("nqueens")
    assert run(nqueens.ways(16), backend="cuda") == 14_772_512


# --- sorting


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["cilksort", "mergesort"])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 255, 257, 1000, 20_011, 300_000])
def test_sorts(backend: str, name: str, count: int, example: Load) -> None:
    assert is_sorted_by(example("sorting"), backend, name, count)


def is_sorted_by(sorting: ModuleType, backend: str, name: str, count: int) -> bool:
    """Whether an example's coroutine leaves so many random keys as NumPy sorts them."""
    keys = sorting.random_keys(count)
    expected = np.sort(keys[0])
    assert count < 2 or not np.array_equal(keys[0], expected)
    run(sorting.sort_call(name, keys), backend=backend)
    return np.array_equal(keys[0], expected)


@pytest.mark.parametrize("name", ["cilksort", "mergesort"])
@pytest.mark.parametrize("pattern", ["equal", "sorted", "reversed", "few"])
def test_sorts_of_keys_with_a_pattern(name: str, pattern: str, example: Load) -> None:
    sorting = example("sorting")
    rising = np.arange(5000)
    keys = np.zeros((2, 5000), np.int32)
    keys[0] = {"equal": 0 * rising, "sorted": rising, "reversed": -rising, "few": 7 * rising % 3}[pattern]
    expected = np.sort(keys[0])
    run(sorting.sort_call(name, keys), backend="cpu")
    assert np.array_equal(keys[0], expected)


def test_sorts_under_asyncio(example: Load) -> None:
    assert is_sorted_by(example("sorting"), "asyncio", "cilksort", 600)


@pytest.mark.gpu
@pytest.mark.parametrize("name, count", [("cilksort", 10_000_000), ("mergesort", 1_000_000)])
def test_many_keys(name: str, count: int, example: Load) -> None:
    assert is_sorted_by(example("sorting"), "cuda", name, count)


# --- Unbalanced Tree Search


@pytest.mark.parametrize("backend", ["asyncio", *BACKENDS])
def test_a_child_is_the_digest_of_its_parent_and_its_number(backend: str, example: Load) -> None:
    child_node, root_node = example("tree_search").child_node, example("tree_search").root_node

    @gpu_async
    async def child(a: u32, b: u32, c: u32, d: u32, e: u32, number: u32) -> tuple[u32, u32, u32, u32, u32]:
        return child_node((a, b, c, d, e), number)

    @gpu_async
    async def root(seed: u32) -> tuple[u32, u32, u32, u32, u32]:
        return root_node(seed)

    words = (1, 2, 3, 0xFFFFFFFF, 5, 7)
    found = run(child(*words), backend=backend), run(root(19), backend=backend)
    for node, message in zip(found, (words, (0, 0, 0, 0, 19)), strict=True):
        digest = hashlib.sha1(struct.pack(f">{len(message)}I", *message)).digest()
        assert struct.pack(">5I", *map(int, node)) == digest


def nodes_by_hashlib(tree, node: bytes, depth: int) -> int:
    """The same tree by recursion on the host."""
    drawn = (struct.unpack(">I", node[16:])[0] & 0x7FFFFFFF) / 2**31
    if not tree.depth:
        children = tree.root_children if depth == 0 else tree.children if drawn < tree.chance else 0
    elif depth >= tree.depth:
        children = 0
    else:
        children = min(100, math.floor(math.log(1 - drawn) / math.log(1 - 1 / (1 + tree.root_children))))
    digests = (hashlib.sha1(node + struct.pack(">I", number)).digest() for number in range(children))
    return 1 + sum(nodes_by_hashlib(tree, child, depth + 1) for child in digests)


@pytest.mark.parametrize("backend", ["asyncio", *BACKENDS])
@pytest.mark.parametrize("name, changes", [("T1", {"depth": 2}), ("T3", {"root_children": 6})])
def test_small_trees(backend: str, name: str, changes: dict[str, int], example: Load) -> None:
    search = example("tree_search")
    tree = replace(search.TREES[name], **changes)
    root = hashlib.sha1(struct.pack(">5I", 0, 0, 0, 0, tree.seed)).digest()
    assert run(search.search(tree), backend=backend) == nodes_by_hashlib(tree, root, 0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tree_of_four_million_nodes(backend: str, example: Load) -> None:
    assert example("tree_search").main(["T1", "--backend", backend]) == 0


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["T3", "T1L", "T3L"])
def test_large_trees(name: str, example: Load) -> None:
    assert example("tree_search").main([name, "--backend", "cuda"]) == 0


# --- breadth-first search


@pytest.fixture(scope="module")
def graph(example: Load):
    return example("breadth_first").kronecker(10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_trees_of_shortest_paths(backend: str, example: Load, graph) -> None:
    bfs = example("breadth_first")
    searcher = bfs.Searcher(graph, backend)
    for root in map(int, bfs.some_roots(graph, 5)):
        outcome = searcher.search(root)
        levels = bfs.tree_levels(graph, root, outcome.parents)
        assert outcome.levels == levels.max() + 1
        assert searcher.traversed(outcome.parents) <= len(graph.neighbours) // 2


def test_the_graph_has_every_edge_both_ways_once(graph) -> None:
    edges = graph.edges()
    assert np.array_equal(np.sort((edges & 0xFFFFFFFF) << 32 | edges >> 32), edges)
    assert (np.diff(edges) > 0).all() and (edges >> 32 != edges & 0xFFFFFFFF).all()
    assert len(edges) > 16_000 and np.diff(graph.offsets).max() > 200


def test_what_is_no_tree_of_shortest_paths_is_found_out(example: Load) -> None:
    bfs = example("breadth_first")
    square = bfs.Graph(np.array([0, 2, 4, 6, 8, 8], np.int32), np.array([1, 3, 0, 2, 1, 3, 0, 2], np.int32))
    assert bfs.tree_levels(square, 0, np.array([0, 0, 1, 0, -1], np.int32)).tolist() == [0, 1, 2, 1, -1]
    for parents, fault in (
        ([0, 0, 3, 2, -1], "circle"),
        ([0, 0, 1, 2, -1], "shorter"),
        ([0, 0, 0, 0, -1], "no neighbours"),
        ([0, 0, -1, 0, -1], "not"),
        ([1, 0, 1, 0, -1], "no neighbours"),
    ):
        with pytest.raises(ValueError, match=fault):
            bfs.tree_levels(square, 0, np.array(parents, np.int32))


@pytest.mark.gpu
def test_a_million_vertices(example: Load) -> None:
    assert example("breadth_first").main(["--scale", "20", "--roots", "3", "--backend", "cuda"]) == 0


# --- the slab with fission: particles and census are those of a C program with the same arithmetic


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("number", range(4))
def test_neutrons_that_multiply(backend: str, number: int, example: Load) -> None:
    slab = example("fission")
    setting = slab.SETTINGS[number]
    census, statistics = slab.simulate(10_000, setting, backend)
    expected, deviation = slab.analytic(10_000, setting)
    assert abs(census - expected) < 4 * deviation
    assert statistics.spawns > 10_000 or not setting.fission


@pytest.mark.gpu
@pytest.mark.parametrize("number, particles", [(0, 2_328_752), (1, 5_938_754), (2, 1_000_000), (3, 5_001_710)])
def test_a_million_sources(number: int, particles: int, example: Load) -> None:
    slab = example("fission")
    census, statistics = slab.simulate(1_000_000, slab.SETTINGS[number], "cuda")
    assert census == pytest.approx(slab.SETTINGS[number].census, rel=0.005)
    assert statistics.spawns == pytest.approx(particles, rel=0.005)


def test_children_are_the_same_under_asyncio(example: Load) -> None:
    slab = example("fission")
    compiled, interpreted = (slab.simulate(60, slab.SETTINGS[0], backend)[0] for backend in ("cpu", "asyncio"))
    assert compiled > 0 and abs(compiled - interpreted) <= 2  # the last bit of a position is in a child's seed


# --- adaptive quadrature


@pytest.mark.parametrize("backend", ["asyncio", *BACKENDS])
@pytest.mark.parametrize("low, tolerance", [(0.1, 1e-6), (0.01, 1e-6)])
def test_integrals(backend: str, low: float, tolerance: float, example: Load) -> None:
    arguments = ["--low", str(low), "--tolerance", str(tolerance), "--backend", backend]
    assert example("quadrature").main(arguments) == 0


# --- the programs


@pytest.mark.parametrize(
    "name, arguments, printed",
    [
        ("nqueens", ["8", "--stats"], "92"),
        ("sorting", ["cilksort", "mergesort", "--keys", "3000", "--stats"], "mergesort"),
        ("breadth_first", ["--scale", "6", "--roots", "2", "--stats"], "64 vertices"),
        ("fission", ["--sources", "2000", "--stats"], "standard deviations"),
        ("quadrature", ["--repeat", "2"], "exact"),
    ],
)
def test_programs(
    name: str, arguments: list[str], printed: str, example: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    assert example(name).main([*arguments, "--backend", "cpu"]) == 0
    assert printed in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("nqueens", ["17"]), ("nqueens", ["--alone", "10"]), ("sorting", ["quicksort"]), ("sorting", ["--keys", "0"]),
        ("tree_search", ["T2"]), ("breadth_first", ["--scale", "3"]), ("fission", ["--time", "0"]),
        ("fission", ["--capture", "0", "--fission", "0", "--scatter", "0"]), ("quadrature", ["--low", "0"]),
    ],
)  # fmt: skip
def test_bad_options_are_refused(name: str, arguments: list[str], example: Load) -> None:
    with pytest.raises(SystemExit) as exit:
        example(name).main(arguments)
    assert exit.value.code == 2


def test_a_wrong_count_fails(example: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    nqueens = example("nqueens")
    monkeypatch.setitem(nqueens.KNOWN, 5, 11)
    assert nqueens.main(["5", "--backend", "cpu"]) == 1
