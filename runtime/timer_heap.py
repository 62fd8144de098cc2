"""The binary heap of a warp's deadlines, under its timers' lock. Device Python.

A warp's timers are an object like any other: its lock guards the heap, and a sleeping frame's OBJECT names it and its
PREV the place in the heap, so that it can be taken out from elsewhere. `timers` is what uses it.

    words 0 .. 7    an object's (`abi`): HEAD says that entries were taken out, VALUE counts entries, EXTRA is the
                    array's handle, TAIL its capacity
    entry           u64 deadline in nanoseconds, u64 who: a frame, or a scope << 32
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, store_relaxed
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import OBJECT_EXTRA, OBJECT_HEAD, OBJECT_TAIL, OBJECT_VALUE
from coro2cuda.runtime.frame_words import PREV, frame_at
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.layout import GlobalLongs, GlobalWords, LaunchPointer

FIRST_CAPACITY = 32  # one a lane
TIMEOUT_ENTRY = 17  # the word of a timeout that is its place in the heap


@device
def entry_at(launch: LaunchPointer, array: u32, entry: u32) -> GlobalLongs:
    """An entry's two longs."""
    return launch.heap_longs + (u64(array) * 2 + u64(entry) * 2)


@device
def put_entry(launch: LaunchPointer, array: u32, entry: u32, deadline: u64, who: u64) -> None:
    """Write an entry, and its place into its frame or its scope."""
    longs = entry_at(launch, array, entry)
    longs[0] = deadline
    longs[1] = who
    scope = u32(who >> 32)
    if scope != 0:
        object_at(launch, scope)[TIMEOUT_ENTRY] = entry
    else:
        frame_at(launch, u32(who & 0xFFFFFFFF))[PREV] = entry


@device
def sift_up(launch: LaunchPointer, array: u32, entry: u32, deadline: u64, who: u64) -> None:
    """Put an entry where it belongs between `entry` and the root."""
    while entry != 0:
        parent = (entry - 1) // 2
        above = entry_at(launch, array, parent)
        if above[0] <= deadline:
            break
        put_entry(launch, array, entry, above[0], above[1])
        entry = parent
    put_entry(launch, array, entry, deadline, who)


@device
def sift_down(launch: LaunchPointer, array: u32, count: u32, entry: u32, deadline: u64, who: u64) -> None:
    """Put an entry where it belongs at `entry`, which is free, or below; `count` entries with it."""
    while True:
        child = 2 * entry + 1
        if child >= count:
            break
        below = entry_at(launch, array, child)[0]
        if child + 1 < count:
            other = entry_at(launch, array, child + 1)[0]
            if other < below:
                child += 1
                below = other
        if deadline <= below:
            break
        put_entry(launch, array, entry, below, entry_at(launch, array, child)[1])
        entry = child
    put_entry(launch, array, entry, deadline, who)


@device
def see_to_entry(launch: LaunchPointer, words: GlobalWords) -> bool:
    """Room for one more entry; False if the heap is full."""
    capacity = words[OBJECT_TAIL]
    if words[OBJECT_VALUE] < capacity:
        return True
    wider = max(capacity * 2, u32(FIRST_CAPACITY))
    array = allocate(launch, wider)
    if array == 0:
        return False
    old = words[OBJECT_EXTRA]
    word: u32 = 0
    while word < capacity * 4:
        object_at(launch, array)[word] = object_at(launch, old)[word]
        word += 1
    if old != 0:
        give_back(launch, old, capacity)
    words[OBJECT_EXTRA] = array
    words[OBJECT_TAIL] = wider
    return True


@device
def add_entry(launch: LaunchPointer, words: GlobalWords, deadline: u64, who: u64) -> None:
    """There is room for it."""
    count = words[OBJECT_VALUE]
    words[OBJECT_VALUE] = count + 1
    sift_up(launch, words[OBJECT_EXTRA], count, deadline, who)


@device
def remove_entry(launch: LaunchPointer, words: GlobalWords, entry: u32) -> None:
    """The last entry takes its place, or goes up or down from there."""
    array = words[OBJECT_EXTRA]
    count = words[OBJECT_VALUE] - 1
    words[OBJECT_VALUE] = count
    if entry == count:
        return
    last = entry_at(launch, array, count)
    deadline = last[0]
    if entry != 0 and deadline < entry_at(launch, array, (entry - 1) // 2)[0]:
        sift_up(launch, array, entry, deadline, last[1])
    else:
        sift_down(launch, array, count, entry, deadline, last[1])


@device
def take_out(launch: LaunchPointer, words: GlobalWords, entry: u32) -> None:
    """Remove an entry, from whatever warp, and tell the one whose timers they are to look at its first deadline."""
    remove_entry(launch, words, entry)
    store_relaxed(words + OBJECT_HEAD, 1)
