"""Sleeping tasks: a binary heap of deadlines for each warp. Device Python.

    await sleep(s)   ─▶ park on the own warp's timers       the executor's loop ─▶ those that are due are woken
                        (entry: deadline, frame)                                   in the same warp

A warp's timers are an object like any other, made when its first task sleeps: its lock guards the heap, and a sleeping
frame's OBJECT names it and its PREV the place in the heap, so that it can be taken out from elsewhere. The first
deadline is kept in warp memory, where a look at it costs nothing; nobody looks at the others. A warp with sleeping
tasks is not idle: with nothing else to do it dozes until the first deadline.

    words 0 .. 7    an object's (`abi`): VALUE counts entries, EXTRA is the array's handle, TAIL its capacity
    entry           u64 deadline in nanoseconds, u32 frame, u32 unused
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    compare_and_swap,
    device,
    doze,
    lane_id,
    load_acquire,
    load_relaxed,
    nanoseconds,
    option,
    store_relaxed,
    warp_sync,
)
from coro2cuda.frontend.dtypes import i64, u32, u64
from coro2cuda.lowering import abi
from coro2cuda.lowering.abi import (
    MADE_ON_HOST,
    OBJECT_COUNT,
    OBJECT_EXTRA,
    OBJECT_KIND,
    OBJECT_LOCK,
    OBJECT_SITE,
    OBJECT_TAIL,
    OBJECT_VALUE,
)
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.layout import TIMERS, GlobalLongs, GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.waiting import OBJECT, PARKED, PLACE, PREV, WAKE, frame_at, hand_over, lock, unlock, woken_ring

KIND = abi.OBJECT_KINDS.index("timers") + 1
GRANULES = abi.OBJECT_WORDS * 4 // abi.HEAP_GRANULE
FIRST_CAPACITY = 16
HEAP_FULL = 2  # an error of sleep
FRAME_WORD = 2


@device
def now(launch: LaunchPointer) -> u64:
    """Nanoseconds of the device's clock; or of the virtual one, which stands still while any task can run."""
    if load_relaxed(address(launch.control.is_virtual)) != 0:
        return load_relaxed(address(launch.control.clock))
    return nanoseconds()


# --- the first deadline, in warp memory: two words, the number of sleeping tasks, one unused -------------------------


@device
def due_words(warp: WarpMemory) -> WarpMemory:
    return woken_ring(warp) + option("WOKEN_ROOM")


@device
def first_due(warp: WarpMemory) -> u64:
    words = due_words(warp)
    return u64(words[1]) << 32 | u64(words[0])


@device
def note_due(warp: WarpMemory, count: u32, deadline: u64) -> None:
    """Under the timers' lock."""
    words = due_words(warp)
    words[0] = u32(deadline & 0xFFFFFFFF)
    words[1] = u32(deadline >> 32)
    words[2] = count


@device
def prepare_timers(warp: WarpMemory) -> None:
    if lane_id() == 0:
        warp[TIMERS] = 0
        note_due(warp, 0, 0)


@device
def sleeping(warp: WarpMemory) -> bool:
    """Whether tasks sleep in this warp. Lanes are converged."""
    return due_words(warp)[2] != 0


# --- the heap, under the timers' lock --------------------------------------------------------------------------------


@device
def deadline_at(launch: LaunchPointer, array: u32, entry: u32) -> GlobalLongs:
    return launch.heap_longs + (u64(array) * 2 + u64(entry) * 2)


@device
def frame_of(launch: LaunchPointer, array: u32, entry: u32) -> GlobalWords:
    return launch.heap + (u64(array) * 4 + u64(entry) * 4 + FRAME_WORD)


@device
def put_entry(launch: LaunchPointer, array: u32, entry: u32, deadline: u64, frame: u32) -> None:
    """Write an entry, and its place into its frame."""
    place = deadline_at(launch, array, entry)
    place[0] = deadline
    words = frame_of(launch, array, entry)
    words[0] = frame
    frame_at(launch, frame)[PREV] = entry


@device
def sift_up(launch: LaunchPointer, array: u32, entry: u32, deadline: u64, frame: u32) -> None:
    """Put an entry where it belongs between `entry` and the root."""
    while entry != 0:
        parent = (entry - 1) // 2
        above = deadline_at(launch, array, parent)[0]
        if above <= deadline:
            break
        put_entry(launch, array, entry, above, frame_of(launch, array, parent)[0])
        entry = parent
    put_entry(launch, array, entry, deadline, frame)


@device
def sift_down(launch: LaunchPointer, array: u32, count: u32, deadline: u64, frame: u32) -> None:
    """Put an entry where it belongs below the root, which is free; `count` entries with it."""
    entry: u32 = 0
    while True:
        child = 2 * entry + 1
        if child >= count:
            break
        below = deadline_at(launch, array, child)[0]
        if child + 1 < count:
            other = deadline_at(launch, array, child + 1)[0]
            if other < below:
                child += 1
                below = other
        if deadline <= below:
            break
        put_entry(launch, array, entry, below, frame_of(launch, array, child)[0])
        entry = child
    put_entry(launch, array, entry, deadline, frame)


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


# --- sleep and wake --------------------------------------------------------------------------------------------------


@device
def timers_of(launch: LaunchPointer, warp: WarpMemory) -> u32:
    """The warp's timers, made now if it has none; 0 if the heap is full. Of lanes that make them at once, one wins."""
    found = load_acquire(warp + TIMERS)
    if found == 0:
        made = allocate(launch, GRANULES)
        if made == 0:
            return 0
        words = object_at(launch, made)
        words[OBJECT_LOCK] = 0
        words[OBJECT_COUNT] = 1
        words[OBJECT_KIND] = KIND
        words[OBJECT_SITE] = MADE_ON_HOST
        words[OBJECT_TAIL] = 0
        words[OBJECT_VALUE] = 0
        words[OBJECT_EXTRA] = 0
        found = compare_and_swap(warp + TIMERS, 0, made)
        if found == 0:
            return made
        give_back(launch, made, GRANULES)
    return found


@device
def sleep(
    launch: LaunchPointer, warp: WarpMemory, duration: i64, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Park until `duration` nanoseconds from now. Called by generated code in a diverged warp."""
    handle = timers_of(launch, warp)
    if handle == 0:
        return HEAP_FULL
    deadline = now(launch) + u64(max(duration, i64(0)))
    words = object_at(launch, handle)
    lock(words)
    if not see_to_entry(launch, words):
        unlock(words)
        return HEAP_FULL
    own = frame_at(launch, frame)
    own[WAKE] = state
    own[OBJECT] = handle
    own[PLACE] = place
    count = words[OBJECT_VALUE]
    words[OBJECT_VALUE] = count + 1
    sift_up(launch, words[OBJECT_EXTRA], count, deadline, frame)
    note_due(warp, count + 1, deadline_at(launch, words[OBJECT_EXTRA], 0)[0])
    unlock(words)
    return PARKED


@device
def wake_sleepers(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Wake the tasks whose time has come. Warp-collective."""
    some_sleep = sleeping(warp)
    warp_sync()  # all lanes have looked before lane 0 changes it
    if some_sleep:
        if lane_id() == 0:
            time = now(launch)
            if first_due(warp) <= time:
                fire(launch, warp, time)
        warp_sync()


@device
def fire(launch: LaunchPointer, warp: WarpMemory, time: u64) -> None:
    """Take all entries up to a time off the heap, the earliest first. One lane."""
    words = object_at(launch, load_relaxed(warp + TIMERS))
    lock(words)
    array = words[OBJECT_EXTRA]
    count = words[OBJECT_VALUE]
    due = deadline_at(launch, array, 0)[0]
    while count != 0 and due <= time:
        frame = frame_of(launch, array, 0)[0]
        count -= 1
        if count != 0:
            last = deadline_at(launch, array, count)[0]
            sift_down(launch, array, count, last, frame_of(launch, array, count)[0])
            due = deadline_at(launch, array, 0)[0]
        hand_over(launch, warp, frame)
    words[OBJECT_VALUE] = count
    note_due(warp, count, due)
    unlock(words)


@device
def rest_until_due(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Nothing to do before the first deadline: doze; on the virtual clock it comes at once. Warp-collective."""
    due = first_due(warp)
    if load_relaxed(address(launch.control.is_virtual)) != 0:
        if lane_id() == 0:
            store_relaxed(address(launch.control.clock), due)
    else:
        time = now(launch)
        if due > time:
            doze(u32(min(due - time, u64(option("LONGEST_DOZE")))))
    warp_sync()
