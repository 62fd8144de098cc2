"""The heap of synchronisation objects: device Python.

    block      16, 32, 64, ... bytes
    handle     a block's first granule, of 16 bytes; 0: none
    bump       granules handed out so far, in the heap's first granule
    stack      tag << 32 | handle of the first free block; word 0 of each block is the handle of the next

    free_blocks    | shard 0: 16 bytes, 32, ... 2 KiB | shard 1 ... | ... | 4 KiB | 8 KiB | ... |

The small sizes have a stack in each shard, and a warp has a shard, which with very many warps others have too: one
stack for all would take one swap after the other. A block comes from the own stack, else from the bump pointer, and
when that is at the end from any other shard; it goes back to the stack of the warp that gives it back. So the heap is
full only when nobody has a block of that size. All of it is called by single lanes of diverged warps and is lock-free.

Why the stack is right: a pop reads the head, then the first block's link, then swaps the head. The block may have been
popped by another meanwhile, used (so that the link read is any word) and pushed again: the head's handle is then the
same but its tag is not, since each swap counts it up, and the swap fails. 2^32 swaps between the two reads do not
happen.

Memory order: who pops a block sees what its last owner did with it as done: the push is a release (the fence before its
swap), the pop an acquire (the head is loaded so, and the swap is one).
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    cold,
    compare_and_swap,
    count_leading_zeros,
    device,
    fence,
    fetch_add,
    fetch_sub,
    load_acquire,
    load_relaxed,
    option,
    store_relaxed,
    warp_hint,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import HEAP_CLASSES
from coro2cuda.runtime.layout import SMALL_CLASSES, GlobalLongs, GlobalWords, LaunchPointer


@device
def object_at(launch: LaunchPointer, handle: u32) -> GlobalWords:
    """The words of a block."""
    return launch.heap + u64(handle) * 4


@device
def size_class(granules: u32) -> u32:
    """The least c with 1 << c granules enough."""
    return u32(32) - count_leading_zeros(granules - 1)


@device
def own_shard() -> u32:
    return warp_hint() & (option("HEAP_SHARDS") - 1)


@device
def free_stack(launch: LaunchPointer, kind: u32, shard: u32) -> GlobalLongs:
    place = shard * SMALL_CLASSES + kind
    if kind >= SMALL_CLASSES:
        place = (option("HEAP_SHARDS") - 1) * SMALL_CLASSES + kind
    return launch.free_blocks + place


@device
def allocate(launch: LaunchPointer, granules: u32) -> u32:
    """The handle of a block of at least so many granules, its words undefined; 0 if the heap is full, or such a block
    is larger than any (2 GiB). One lane."""
    kind = size_class(granules)
    if kind >= HEAP_CLASSES:
        return 0
    handle = pop_block(launch, free_stack(launch, kind, own_shard()))
    if handle == 0:
        handle = allocate_fresh(launch, u32(1) << kind)
    if handle == 0 and kind < SMALL_CLASSES:
        handle = search(launch, kind)
    return handle


@device
def pop_block(launch: LaunchPointer, stack: GlobalLongs) -> u32:
    """The first block of a stack, 0 if it is empty."""
    while True:
        head = load_acquire(stack)
        handle = u32(head & 0xFFFFFFFF)
        if handle == 0:
            return 0
        following = load_relaxed(object_at(launch, handle))
        if compare_and_swap(stack, head, ((head >> 32) + 1) << 32 | u64(following)) == head:
            return handle


@device
def allocate_fresh(launch: LaunchPointer, granules: u32) -> u32:
    """A block that nobody had before. It looks before it takes: a heap that is used up stays so."""
    bump = launch.heap_longs
    if load_relaxed(bump) + u64(granules) > u64(launch.heap_size):
        return 0
    first = fetch_add(bump, u64(granules))
    if first + u64(granules) > u64(launch.heap_size):
        fetch_sub(bump, u64(granules))
        return 0
    return u32(first)


@cold
def search(launch: LaunchPointer, kind: u32) -> u32:
    """A block of another shard."""
    further: u32 = 1
    while further < option("HEAP_SHARDS"):
        stack = free_stack(launch, kind, (own_shard() + further) & (option("HEAP_SHARDS") - 1))
        if load_relaxed(stack) & 0xFFFFFFFF != 0:
            handle = pop_block(launch, stack)
            if handle != 0:
                return handle
        further += 1
    return 0


@device
def give_back(launch: LaunchPointer, handle: u32, granules: u32) -> None:
    """A block goes back to its size's stack. One lane; nobody else may touch the block."""
    kind = size_class(granules)
    stack = free_stack(launch, kind, own_shard())
    fence()
    head = load_relaxed(stack)
    while True:
        store_relaxed(object_at(launch, handle), u32(head & 0xFFFFFFFF))
        seen = compare_and_swap(stack, head, ((head >> 32) + 1) << 32 | u64(handle))
        if seen == head:
            break
        head = seen
