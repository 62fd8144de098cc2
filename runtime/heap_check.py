"""What is left on the heap of synchronisation objects when all tasks are done: nothing (`trials`).

    bump  ──  host's objects  ──  blocks on the free stacks  =  blocks that nobody gave back

Counted where a program has no objects of the host's (their rings grow, and they live until the end) and none of its
tasks has slept (a warp keeps its timers).
"""

from __future__ import annotations

from typing import Any

from coro2cuda.lowering import abi
from coro2cuda.runtime.layout import SMALL_CLASSES


def granules_left(heap: Any, stacks: Any) -> int:
    """Granules in blocks that were handed out and not given back; less than 0 where one was given back twice.

    Args:
        heap: as the device left it, an array of u32 words.
        stacks: of free blocks, an array of u64.
    """
    bump = int(heap[abi.HEAP_BUMP // 4]) | int(heap[abi.HEAP_BUMP // 4 + 1]) << 32
    heads = [(int(stacks[place]), _size_class(place, len(stacks))) for place in stacks.nonzero()[0]]
    free = sum(_depth(heap, head & 0xFFFFFFFF, bump) << kind for head, kind in heads)
    return bump - abi.HEAP_HEADER // abi.HEAP_GRANULE - free


def _size_class(place: int, stacks: int) -> int:
    """Of the blocks on a stack: the small sizes of each shard come first, then the large sizes."""
    large = place - (stacks - (abi.HEAP_CLASSES - SMALL_CLASSES))
    return place % SMALL_CLASSES if large < 0 else SMALL_CLASSES + large


def _depth(heap: Any, handle: int, most: int) -> int:
    """How many blocks are on a stack that begins with one, `most` if it has no end; each one's first word is the handle
    of the next."""
    depth = 0
    while handle and depth < most:
        handle, depth = int(heap[handle * abi.HEAP_GRANULE // 4]), depth + 1
    return depth
