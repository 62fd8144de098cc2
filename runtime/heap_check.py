"""What is left on the heap of synchronisation objects when all tasks are done: nothing (`trials`).

    bump  ──  host's objects  ──  blocks on the free stacks  =  blocks that nobody gave back

Counted where a program has no objects of the host's (their rings grow, and they live until the end) and none of its
tasks has slept (a warp keeps its timers).
"""

from __future__ import annotations

from typing import Any

from coro2cuda.lowering import abi

_STACK_WORDS = 8  # from one size's free stack to the next


def granules_left(heap: Any) -> int:
    """Granules in blocks that were handed out and not given back; less than 0 where one was given back twice.

    Args:
        heap: as the device left it, an array of u32 words.
    """
    bump = int(heap[abi.HEAP_BUMP // 4]) | int(heap[abi.HEAP_BUMP // 4 + 1]) << 32
    free = sum(_depth(heap, kind, bump) << kind for kind in range(abi.HEAP_CLASSES))
    return bump - abi.HEAP_HEADER // abi.HEAP_GRANULE - free


def _depth(heap: Any, kind: int, most: int) -> int:
    """How many blocks are on the free stack of a size, `most` if it has no end; each one's first word is the handle of
    the next."""
    handle, depth = int(heap[abi.HEAP_FREE // 4 + kind * _STACK_WORDS]), 0
    while handle and depth < most:
        handle, depth = int(heap[handle * abi.HEAP_GRANULE // 4]), depth + 1
    return depth
