"""The ring in which a queue keeps its items. Device Python, called by single lanes of diverged warps.

    long 10     RING            the ring's handle << 32 | LOG; 0 before the first item
    word 13     RING_GRANULES   the granules of the ring's block
    slot        item's words, each with the item's number beside it: number + 1 << 32 | word

There is room for 1 << LOG items; item `number` lies in slot number modulo that. A ring is only ever followed by a
larger one, so LOG tells one from another. A slot's words carry the number of the item they are of, so a getter sees by
itself whether the item is there, and no store has to be waited for before the item is counted. (Words that tell by
themselves that they are new are how NCCL's LL protocol moves data.)
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, fence, load_relaxed, nanosleep, store_relaxed
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import HEAP_GRANULE
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.layout import GlobalLongs, LaunchPointer, WarpMemory
from coro2cuda.runtime.spin_lock import FIRST_NAP

RING_GRANULES = 13
RING = 10  # a long
LOG_MASK = 31
FIRST_LOG = 3
MOST_GRANULES = 1 << 27  # of a ring: 2 GiB
LONGS_A_GRANULE = HEAP_GRANULE // 8


@device
def longs_at(launch: LaunchPointer, handle: u32) -> GlobalLongs:
    """A block seen as u64."""
    return launch.heap_longs + u64(handle) * LONGS_A_GRANULE


@device
def slot_words(size: u32) -> u32:
    """An item of no size, None, has a word too: its number says that it is there."""
    return max(size, u32(1))


@device
def slot_at(launch: LaunchPointer, ring: u64, number: u32, size: u32) -> GlobalLongs:
    """Where the ring keeps an item."""
    place = number & ((u32(1) << (u32(ring) & LOG_MASK)) - 1)
    return longs_at(launch, u32(ring >> 32)) + u64(place) * slot_words(size)


@device
def fill_slot(slot: GlobalLongs, number: u32, item: WarpMemory, size: u32) -> None:
    mark = u64(number + 1) << 32
    word: u32 = 0
    while word < slot_words(size):
        value: u32 = 0
        if word < size:
            value = item[word]
        store_relaxed(slot + word, mark | u64(value))
        word += 1


@device
def read_slot(slot: GlobalLongs, number: u32, item: WarpMemory, size: u32) -> bool:
    """Whether the item of this number is in the slot. All words are read before any is looked at."""
    others: u32 = 0
    word: u32 = 0
    while word < slot_words(size):
        found = load_relaxed(slot + word)
        if word < size:
            item[word] = u32(found)
        others |= u32(found >> 32) ^ (number + 1)
        word += 1
    return others == 0


@device
def await_item(launch: LaunchPointer, ring: u64, number: u32, item: WarpMemory, size: u32) -> None:
    """Copy an item that has been counted: its words are there, or on their way."""
    while not read_slot(slot_at(launch, ring, number, size), number, item, size):
        nanosleep(FIRST_NAP)
    fence()


@device
def see_to_room(launch: LaunchPointer, queue: u32, put: u32, got: u32, size: u32) -> bool:
    """A ring with room for one more item, twice as large as the last if that has none. False if the heap is full.

    Free slots are marked with a number that none of the items has which they are for next."""
    words = object_at(launch, queue)
    old = load_relaxed(longs_at(launch, queue) + RING)
    if old != 0 and put - got < u32(1) << u32(old):
        return True
    log = max(u32(old) + 1, u32(FIRST_LOG))
    longs_of_ring = u64(slot_words(size)) << u64(log)
    granules = longs_of_ring // LONGS_A_GRANULE
    if granules > MOST_GRANULES:
        return False
    handle = allocate(launch, u32(granules))
    if handle == 0:
        return False
    block = longs_at(launch, handle)
    ring = u64(handle) << 32 | log
    place: u64 = 0
    while place < longs_of_ring:
        block[place] = u64(put) << 32
        place += 1
    number = got
    while number != put:
        move_item(slot_at(launch, old, number, size), slot_at(launch, ring, number, size), number, size)
        number += 1
    free_ring(launch, queue)
    words[RING_GRANULES] = u32(granules)
    store_relaxed(longs_at(launch, queue) + RING, ring)
    return True


@device
def move_item(source: GlobalLongs, to: GlobalLongs, number: u32, size: u32) -> None:
    """Copy an item to a slot of a larger ring."""
    word: u32 = 0
    while word < slot_words(size):
        found = load_relaxed(source + word)
        while u32(found >> 32) != number + 1:
            nanosleep(FIRST_NAP)
            found = load_relaxed(source + word)
        to[word] = found
        word += 1


@device
def free_ring(launch: LaunchPointer, queue: u32) -> None:
    ring = load_relaxed(longs_at(launch, queue) + RING)
    if ring != 0:
        give_back(launch, u32(ring >> 32), object_at(launch, queue)[RING_GRANULES])
