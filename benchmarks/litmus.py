"""Litmus tests of the primitives by which the executor hands work on, counted on a GPU.

    python benchmarks/litmus.py --rounds 200

Two warps meet at words that are new to both, and each reads what the other may have written:

    message passing     (data = 1; flag = 1)  beside  (f = flag; d = data)      wrong: f = 1 and d = 0
    store buffering     (x = 1; r = y)        beside  (y = 1; s = x)            wrong: r = 0 and s = 0
    coherence           (x = 1; x = 2)        beside  (r = x; s = x)            wrong: r = 2 and s = 1

The fenced forms use what the executor uses: `store_release` and `load_acquire` (publish, steal), `fence` around relaxed
accesses (join), `fence_sc` (pop_chunk, steal). They must show nothing, ever. The weakened forms may show something; which
of them do depends on the GPU. `tests/explorer/test_memory_model.py` runs the same functions in the explorer.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from coro2cuda.frontend.device import (
    device,
    fence,
    fence_sc,
    fetch_add,
    lane_id,
    load_acquire,
    load_relaxed,
    store_relaxed,
    store_release,
    warp_id,
)
from coro2cuda.frontend.dtypes import Pointer, u32, u64

Words = Pointer(u32, "global")
STRIDE = 128  # words of a trial: x, y (or data, flag) on cache lines of their own
SECOND = 64
LANES = 32
TRIALS = 1 << 16  # pairs of lanes in a launch
NAMES = {
    "message passing, release and acquire": ("passing_released", True),
    "message passing, fences": ("passing_fenced", True),
    "message passing, relaxed": ("passing_relaxed", False),
    "store buffering, fence_sc": ("buffering_fenced", True),
    "store buffering, relaxed": ("buffering_relaxed", False),
    "coherence of one word": ("coherent", True),
}


@device
def passing_released(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        store_release(y, 1)
        return 0
    seen = load_acquire(y)
    return u32(2) | seen << 2 | load_relaxed(x) << 4


@device
def passing_fenced(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        fence()
        store_relaxed(y, 1)
        return 0
    seen = load_relaxed(y)
    fence()
    return u32(2) | seen << 2 | load_relaxed(x) << 4


@device
def passing_relaxed(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        store_relaxed(y, 1)
        return 0
    seen = load_relaxed(y)
    return u32(2) | seen << 2 | load_relaxed(x) << 4


@device
def buffering_fenced(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        fence_sc()
        return load_relaxed(y)
    store_relaxed(y, 1)
    fence_sc()
    return load_relaxed(x)


@device
def buffering_relaxed(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        return load_relaxed(y)
    store_relaxed(y, 1)
    return load_relaxed(x)


@device
def coherent(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        store_relaxed(x, 2)
        return 0
    first = load_relaxed(x)
    return u32(2) | first << 2 | load_relaxed(x) << 4


def is_wrong(name: str, writer: int, reader: int) -> bool:
    """Whether what the two roles returned is what the fenced form must never give."""
    if name.startswith("buffering"):
        return writer == 0 and reader == 0
    first, second = reader >> 2 & 3, reader >> 4 & 3
    return first > second if name == "coherent" else first == 1 and second == 0
