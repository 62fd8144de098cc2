"""Unbalanced Tree Search: count the nodes of a tree whose shape nobody knows before it is searched.

The benchmark of Olivier et al. (2006). A node is 20 bytes; its child number i is the SHA-1 digest of those bytes and of
i, and how many children it has is drawn from its last 31 bits. Some subtrees are a single node, others most of the
tree: what is measured is how well idle warps find work. Every node is a task, the search begins at one root.

    T1, T1L   geometric: 4 children on average, down to a fixed depth; shallow
    T3, T3L   binomial: m children with probability q, else none; up to 17,844 deep

SHA-1 is written in the language itself, in registers: the message is one block, and all is inlined and unrolled.

    python examples/tree_search.py T1 T3 --repeat 3
"""

import argparse
import math
import sys
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from coro2cuda import f64, gather, gpu_async, i32, run, u32

Digest = tuple[u32, u32, u32, u32, u32]
Words = tuple[u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32]

MOST_CHILDREN = 100  # the benchmark's limit, except for the root of a binomial tree


@dataclass(frozen=True)
class Tree:
    """One of the benchmark's trees, and how many nodes it has.

    Attributes:
        root_children: of a binomial root; of a geometric tree the mean number of children.
        depth: of a geometric tree, where nodes have no children; 0 for a binomial one.
        chance, children: of a binomial tree, how probable it is that a node has `children` children.
    """

    nodes: int
    seed: int
    root_children: int
    depth: int = 0
    chance: float = 0.0
    children: int = 0


TREES = {
    "T1": Tree(4_130_071, seed=19, root_children=4, depth=10),
    "T1L": Tree(102_181_082, seed=29, root_children=4, depth=13),
    "T3": Tree(4_112_897, seed=42, root_children=2000, chance=0.124875, children=8),
    "T3L": Tree(111_345_631, seed=7, root_children=2000, chance=0.200014, children=5),
}


# --- SHA-1 (FIPS 180-4)


def rotated(x: u32, by: u32) -> u32:
    return x << by | x >> (32 - by)


def mixed(phase: u32, b: u32, c: u32, d: u32) -> u32:
    """The function of the phase (one in four), and its constant."""
    if phase == 0:
        return (d ^ (b & (c ^ d))) + 0x5A827999
    if phase == 1:
        return (b ^ c ^ d) + 0x6ED9EBA1
    if phase == 2:
        return (b & c | d & (b | c)) + 0x8F1BBCDC
    return (b ^ c ^ d) + 0xCA62C1D6


def rounds(phase: u32, digest: Digest, v: u32, w: u32, x: u32, y: u32, z: u32) -> Digest:
    """Five of the 80 rounds, with their words. After five, each variable is back in its place."""
    a, b, c, d, e = digest
    e += rotated(a, 5) + mixed(phase, b, c, d) + v
    b = rotated(b, 30)
    d += rotated(e, 5) + mixed(phase, a, b, c) + w
    a = rotated(a, 30)
    c += rotated(d, 5) + mixed(phase, e, a, b) + x
    e = rotated(e, 30)
    b += rotated(c, 5) + mixed(phase, d, e, a) + y
    d = rotated(d, 30)
    a += rotated(b, 5) + mixed(phase, c, d, e) + z
    c = rotated(c, 30)
    return a, b, c, d, e


def following(w: Words) -> Words:
    """The next sixteen words of the schedule: each is made of those 3, 8, 14 and 16 places before it."""
    a = rotated(w[13] ^ w[8] ^ w[2] ^ w[0], 1)
    b = rotated(w[14] ^ w[9] ^ w[3] ^ w[1], 1)
    c = rotated(w[15] ^ w[10] ^ w[4] ^ w[2], 1)
    d = rotated(a ^ w[11] ^ w[5] ^ w[3], 1)
    e = rotated(b ^ w[12] ^ w[6] ^ w[4], 1)
    f = rotated(c ^ w[13] ^ w[7] ^ w[5], 1)
    g = rotated(d ^ w[14] ^ w[8] ^ w[6], 1)
    h = rotated(e ^ w[15] ^ w[9] ^ w[7], 1)
    i = rotated(f ^ a ^ w[10] ^ w[8], 1)
    j = rotated(g ^ b ^ w[11] ^ w[9], 1)
    k = rotated(h ^ c ^ w[12] ^ w[10], 1)
    l = rotated(i ^ d ^ w[13] ^ w[11], 1)  # noqa: E741
    m = rotated(j ^ e ^ w[14] ^ w[12], 1)
    n = rotated(k ^ f ^ w[15] ^ w[13], 1)
    o = rotated(l ^ g ^ a ^ w[14], 1)
    p = rotated(m ^ h ^ b ^ w[15], 1)
    return a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p


def digest(v: Words) -> Digest:
    """The SHA-1 digest of a message of one block, padding and length included."""
    start: Digest = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
    w = following(v)
    x = following(w)
    y = following(x)
    z = following(y)
    h = rounds(0, start, v[0], v[1], v[2], v[3], v[4])
    h = rounds(0, h, v[5], v[6], v[7], v[8], v[9])
    h = rounds(0, h, v[10], v[11], v[12], v[13], v[14])
    h = rounds(0, h, v[15], w[0], w[1], w[2], w[3])
    h = rounds(1, h, w[4], w[5], w[6], w[7], w[8])
    h = rounds(1, h, w[9], w[10], w[11], w[12], w[13])
    h = rounds(1, h, w[14], w[15], x[0], x[1], x[2])
    h = rounds(1, h, x[3], x[4], x[5], x[6], x[7])
    h = rounds(2, h, x[8], x[9], x[10], x[11], x[12])
    h = rounds(2, h, x[13], x[14], x[15], y[0], y[1])
    h = rounds(2, h, y[2], y[3], y[4], y[5], y[6])
    h = rounds(2, h, y[7], y[8], y[9], y[10], y[11])
    h = rounds(3, h, y[12], y[13], y[14], y[15], z[0])
    h = rounds(3, h, z[1], z[2], z[3], z[4], z[5])
    h = rounds(3, h, z[6], z[7], z[8], z[9], z[10])
    h = rounds(3, h, z[11], z[12], z[13], z[14], z[15])
    return h[0] + start[0], h[1] + start[1], h[2] + start[2], h[3] + start[3], h[4] + start[4]


def root_node(seed: u32) -> Digest:
    return digest((0, 0, 0, 0, seed, 0x80000000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 160))


def child_node(node: Digest, number: u32) -> Digest:
    a, b, c, d, e = node
    return digest((a, b, c, d, e, number, 0x80000000, 0, 0, 0, 0, 0, 0, 0, 0, 192))


# --- the search


def drawn(node: Digest) -> f64:
    """The node's random number, in [0, 1)."""
    return (node[4] & 0x7FFFFFFF) / 2147483648


@gpu_async
async def geometric(parent: Digest, number: i32, depth: i32, most_depth: i32, log_more: f64) -> i32:
    """Nodes in the subtree of child `number`, which lies at `depth`; `log_more` is the logarithm of the probability of
    one more child."""
    node = child_node(parent, u32(number))
    children: i32 = 0
    if depth < most_depth:
        children = min(i32(math.log(1 - drawn(node)) / log_more), MOST_CHILDREN)
    if children == 0:
        return 1
    return 1 + sum(
        await gather(*[geometric(node, i, depth + 1, most_depth, log_more) for i in range(children)])
    )


@gpu_async
async def geometric_root(seed: u32, most_depth: i32, log_more: f64) -> i32:
    root = root_node(seed)
    children = min(i32(math.log(1 - drawn(root)) / log_more), MOST_CHILDREN)
    return 1 + sum(await gather(*[geometric(root, i, 1, most_depth, log_more) for i in range(children)]))


@gpu_async
async def binomial(parent: Digest, number: i32, children: i32, chance: f64) -> i32:
    """Nodes in the subtree of child `number`."""
    node = child_node(parent, u32(number))
    if drawn(node) >= chance:
        return 1
    return 1 + sum(await gather(*[binomial(node, i, children, chance) for i in range(children)]))


@gpu_async
async def binomial_root(seed: u32, root_children: i32, children: i32, chance: f64) -> i32:
    root = root_node(seed)
    return 1 + sum(await gather(*[binomial(root, i, children, chance) for i in range(root_children)]))


def search(tree: Tree) -> Any:
    """The call that counts the nodes of a tree."""
    if tree.depth:
        return geometric_root(tree.seed, tree.depth, math.log(1 - 1 / (1 + tree.root_children)))
    return binomial_root(tree.seed, tree.root_children, tree.children, tree.chance)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Unbalanced Tree Search: a task a node, from one root.")
    parser.add_argument("trees", nargs="*", default=["T1"], metavar="TREE", help=f"{', '.join(TREES)} (T1)")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="take the best of R runs")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    if options.repeat < 1 or set(options.trees) - set(TREES):
        parser.error(f"--repeat must be positive, and the trees are {', '.join(TREES)}")
    return options


def main(argv: list[str] | None = None) -> int:
    """Search, compare with the known counts, and return 1 if one is wrong."""
    options = arguments(argv)
    console, wrong = Console(), False
    table = Table("tree", "nodes", "known", "ms", "million nodes/s")
    for name in options.trees:
        tree = TREES[name]
        runs = [run(search(tree), backend=options.backend, stats=True) for _ in range(options.repeat)]
        nodes, statistics = runs[-1]
        milliseconds = min(statistics.milliseconds for _, statistics in runs)
        wrong = wrong or nodes != tree.nodes
        rate = nodes / milliseconds / 1e3
        table.add_row(name, f"{nodes:,}", f"{tree.nodes:,}", f"{milliseconds:.3f}", f"{rate:,.1f}")
        if options.stats:
            console.print(statistics)
    console.print(table)
    if wrong:
        console.print("[bold red]a count is wrong[/]")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
