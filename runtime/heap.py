"""The heap of synchronisation objects: device Python.

    block      16, 32, 64, ... bytes
    handle     a block's first granule, of 16 bytes; 0: none
    bump       granules handed out so far
    free[c]    tag << 32 | handle of the first free block of 16 << c bytes; word 0 of each is the handle of the next

The last two lie in the heap's first granules (`abi`).

A block comes from its size's stack, else from the bump pointer; it goes back to its stack. All of it is called by
single lanes of diverged warps and is lock-free.

Why the stack is right: a pop reads the head, then the first block's link, then swaps the head. The block may have been
popped by another meanwhile, used (so that the link read is any word) and pushed again: the head's handle is then the
same but its tag is not, since each swap counts it up, and the swap fails. 2^32 swaps between the two reads do not
happen.

Memory order: who pops a block sees what its last owner did with it as done: the push is a release (the fence before its
swap), the pop an acquire (the head is loaded so, and the swap is one).
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    compare_and_swap,
    count_leading_zeros,
    device,
    fence,
    fetch_add,
    fetch_sub,
    load_acquire,
    load_relaxed,
    store_relaxed,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import HEAP_CLASSES, HEAP_FREE
from coro2cuda.runtime.layout import GlobalLongs, GlobalWords, LaunchPointer

LINK_LONGS = 4  # from one size's stack to the next


@device
def object_at(launch: LaunchPointer, handle: u32) -> GlobalWords:
    """The words of a block."""
    return launch.heap + u64(handle) * 4


@device
def size_class(granules: u32) -> u32:
    """The least c with 1 << c granules enough."""
    return u32(32) - count_leading_zeros(granules - 1)


@device
def free_stack(launch: LaunchPointer, kind: u32) -> GlobalLongs:
    return launch.heap_longs + (HEAP_FREE // 8 + kind * LINK_LONGS)


@device
def allocate(launch: LaunchPointer, granules: u32) -> u32:
    """The handle of a block of at least so many granules, its words undefined; 0 if the heap is full, or such a block
    is larger than any (2 GiB). One lane."""
    kind = size_class(granules)
    if kind >= HEAP_CLASSES:
        return 0
    stack = free_stack(launch, kind)
    while True:
        head = load_acquire(stack)
        handle = u32(head & 0xFFFFFFFF)
        if handle == 0:
            return allocate_fresh(launch, u32(1) << kind)
        following = load_relaxed(object_at(launch, handle))
        if compare_and_swap(stack, head, ((head >> 32) + 1) << 32 | u64(following)) == head:
            return handle


@device
def allocate_fresh(launch: LaunchPointer, granules: u32) -> u32:
    """A block that nobody had before."""
    bump = launch.heap_longs
    first = fetch_add(bump, u64(granules))
    if first + u64(granules) > u64(launch.heap_size):
        fetch_sub(bump, u64(granules))
        return 0
    return u32(first)


@device
def give_back(launch: LaunchPointer, handle: u32, granules: u32) -> None:
    """A block goes back to its size's stack. One lane; nobody else may touch the block."""
    kind = size_class(granules)
    stack = free_stack(launch, kind)
    fence()
    head = load_relaxed(stack)
    while True:
        store_relaxed(object_at(launch, handle), u32(head & 0xFFFFFFFF))
        seen = compare_and_swap(stack, head, ((head >> 32) + 1) << 32 | u64(handle))
        if seen == head:
            break
        head = seen
