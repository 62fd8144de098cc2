"""asyncio.Queue: items in a ring (`item_ring`), and three lists of waiters. Device Python for single lanes.

    word 4, 5   HEAD, TAIL      those who `get`
         7      EXTRA           maxsize; 0: any number
         8, 9   PUTTERS         those who `put`
        10, 11  JOINERS         those who `join`
        12      DONE            items that `task_done` has been said of, less those that were never in the ring
        13      RING_GRANULES   the granules of the ring's block
        14      APART           1: one warp may put while another gets
    long  8     PUT             items put into the ring << 32, and below them LOG, SLOW and LOCK
          9     GOT             items taken from it << 32, likewise
         10     RING            the ring's handle << 32 | LOG; 0 before the first item

    PUT, GOT    | how many, 32 bits | ... | LOG 5 bits | SLOW | LOCK |      LOG: the ring has room for 1 << LOG items

*Fast*, where nobody waits and there is an item, or room (`queue_try_put`, `queue_try_get`): one atomic on PUT, or GOT,
sets LOCK and gives the number; the item is copied; one more, whose outcome nobody waits for, counts it and unlocks.
Who puts and who gets do not disturb each other: a getter sees by the slot whether the item is there. The ring is read
before the lock is taken, for both take as long; LOG tells whether it was that ring.

*Slow*, in all other cases: the object's lock, then PUT's and GOT's (`begin`). Those who find nothing to get or no room
are parked, with the place in their frame where the next put delivers, or from where the next get takes their item; so
a queue with an item has no getters waiting, one with room has no putters, and nobody is overtaken. While anybody waits
PUT and GOT have SLOW set, and nobody is fast; LOCK then means nothing, and the object's lock is all that is needed.

What was written before a put is seen after its get, and what was before a get after the put that takes its room: each
fences between its lock and its count, where there is anything to order (`ORDERS`, lowering/sharing.py).
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    device,
    fence,
    fetch_add,
    fetch_or_acquire,
    fetch_sub,
    load_acquire,
    load_relaxed,
    nanosleep,
    option,
    store_relaxed,
)
from coro2cuda.frontend.dtypes import i32, u32, u64
from coro2cuda.lowering.abi import HEAP_GRANULE, OBJECT_EXTRA, OBJECT_HEAD, QUEUE_WORDS
from coro2cuda.runtime.frame_words import PLACE, frame_at
from coro2cuda.runtime.heap import object_at
from coro2cuda.runtime.item_ring import (
    LOG_MASK,
    RING,
    await_item,
    fill_slot,
    longs_at,
    read_slot,
    see_to_room,
    slot_at,
)
from coro2cuda.runtime.layout import GlobalLongs, GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.spin_lock import FIRST_NAP, lock, unlock
from coro2cuda.runtime.waiting import WENT_ON, first_waiter, hand_out, park, wake_all

QUEUE_GRANULES = QUEUE_WORDS * 4 // HEAP_GRANULE
PUTTERS = 8
JOINERS = 10
DONE = 12
APART = 14
PUT = 8  # longs
GOT = 9
LOCK = 1
SLOW = 2
LOG = 2  # the place of its lowest bit
ONE = 1 << 32
PATIENCE = 16  # looks, of a load each
FULL = 1  # errors of put_nowait
HEAP_FULL = 2
PUT_HEAP_FULL = 2  # error of put
EMPTY = 1  # error of get_nowait


@device
def clear_queue(launch: LaunchPointer, queue: u32) -> None:
    words = object_at(launch, queue)
    word: u32 = PUTTERS
    while word <= APART:
        words[word] = 0
        word += 1
    longs = longs_at(launch, queue)
    longs[PUT] = u64(0)
    longs[GOT] = u64(0)
    longs[RING] = u64(0)


@device
def copy_words(to: WarpMemory, source: WarpMemory, size: u32) -> None:
    word: u32 = 0
    while word < size:
        to[word] = source[word]
        word += 1


@device
def count_of(word: u64) -> u32:
    """Of PUT or GOT."""
    return u32(word >> 32)


@device
def log_of(word: u64) -> u32:
    return u32(word) >> LOG & LOG_MASK


# --- fast ------------------------------------------------------------------------------------------------------------


@device
def queue_try_put(launch: LaunchPointer, warp: WarpMemory, queue: u32, item: WarpMemory, size: u32) -> u32:
    """1 if the item is in the ring now; 0: it must be put slowly. Who reads GOT early sees less room, never more."""
    longs = longs_at(launch, queue)
    ring = load_relaxed(longs + RING)
    got = load_relaxed(longs + GOT)
    most = load_relaxed(object_at(launch, queue) + OBJECT_EXTRA)
    put = fetch_or_acquire(longs + PUT, u64(LOCK))
    if put & (LOCK | SLOW) != 0:
        return 0
    number = count_of(put)
    count = number - count_of(got)
    there = ring != 0 and u32(ring) == log_of(put) and count < u32(1) << log_of(put)
    if not there or (most != 0 and count >= most):
        fetch_sub(longs + PUT, u64(LOCK))
        return 0
    if option("ORDERS") != 0:
        fence()
    fill_slot(slot_at(launch, ring, number, size), number, item, size)
    fetch_add(longs + PUT, u64(ONE - LOCK))
    return 1


@device
def queue_try_get(launch: LaunchPointer, warp: WarpMemory, queue: u32, item: WarpMemory, size: u32) -> u32:
    """1 if the oldest item is taken; 0: it must be got slowly, if there is one."""
    longs = longs_at(launch, queue)
    ring = load_relaxed(longs + RING)
    got = fetch_or_acquire(longs + GOT, u64(LOCK))
    if got & (LOCK | SLOW) != 0:
        return 0
    number = count_of(got)
    if ring == 0 or u32(ring) != log_of(got) or not read_slot(slot_at(launch, ring, number, size), number, item, size):
        fetch_sub(longs + GOT, u64(LOCK))
        return 0
    if option("ORDERS") != 0:
        fence()
    fetch_add(longs + GOT, u64(ONE - LOCK))
    return 1


# --- a moment's patience ------------------------------------------------------------------------------------------
#
# Where one warp puts and another gets, who has to wait waits for less than it takes to park a task and wake it. APART
# says that it may be so: somebody who waited was handed to another warp, and since then nobody has waited in vain.


@device
def room_comes(launch: LaunchPointer, queue: u32) -> bool:
    """Whether a full queue has room soon."""
    words = object_at(launch, queue)
    longs = longs_at(launch, queue)
    most = words[OBJECT_EXTRA]
    looks: u32 = 0
    while load_relaxed(words + APART) != 0:
        put = load_relaxed(longs + PUT)
        if most == 0 or count_of(put) - count_of(load_relaxed(longs + GOT)) < most:
            return True
        looks += 1
        if looks == PATIENCE or put & SLOW != 0:
            store_relaxed(words + APART, 0)
    return False


@device
def item_comes(launch: LaunchPointer, queue: u32) -> bool:
    """Whether an empty queue has an item soon."""
    words = object_at(launch, queue)
    longs = longs_at(launch, queue)
    looks: u32 = 0
    while load_relaxed(words + APART) != 0:
        got = load_relaxed(longs + GOT)
        if count_of(got) != count_of(load_relaxed(longs + PUT)):
            return True
        looks += 1
        if looks == PATIENCE or got & SLOW != 0:
            store_relaxed(words + APART, 0)
    return False


# --- slow, under the object's lock -----------------------------------------------------------------------------------


@device
def seize(word: GlobalLongs) -> u32:
    """Keep everybody from being fast; how many were put, or got. Those that are will be done in a moment."""
    held = fetch_or_acquire(word, u64(LOCK))
    while held & (LOCK | SLOW) == LOCK:
        nanosleep(FIRST_NAP)
        held = fetch_or_acquire(word, u64(LOCK))
    return count_of(held)


@device
def begin(launch: LaunchPointer, queue: u32) -> tuple[u32, u32]:
    """Take the locks: how many were put, and how many got."""
    longs = longs_at(launch, queue)
    lock(object_at(launch, queue))
    put = seize(longs + PUT)
    return put, seize(longs + GOT)


@device
def end(launch: LaunchPointer, queue: u32, put: u32, got: u32) -> None:
    """Let go of the locks, with these counts."""
    words = object_at(launch, queue)
    longs = longs_at(launch, queue)
    below = (load_relaxed(longs + RING) & LOG_MASK) << LOG
    if words[OBJECT_HEAD] != 0 or words[PUTTERS] != 0:
        below |= SLOW
    fence()
    store_relaxed(longs + PUT, u64(put) << 32 | below)
    store_relaxed(longs + GOT, u64(got) << 32 | below)
    unlock(words)


@device
def frame_place(launch: LaunchPointer, frame: u32, place: u32) -> GlobalWords:
    return frame_at(launch, frame) + place // 4


@device
def put_now(
    launch: LaunchPointer, warp: WarpMemory, queue: u32, put: u32, got: u32, item: WarpMemory, size: u32
) -> tuple[bool, u32]:
    """Give an item to the first getter, else to the ring, which has not reached its bound: whether there was room on
    the heap, and how many were put into the ring then."""
    words = object_at(launch, queue)
    first = first_waiter(launch, words + OBJECT_HEAD)
    if first != 0:
        getter = first - 1
        copy_words(frame_place(launch, getter, frame_at(launch, getter)[PLACE]), item, size)
        if hand_out(launch, warp, getter, 0):
            store_relaxed(words + APART, 1)
        words[DONE] -= 1
        return True, put
    if not see_to_room(launch, queue, put, got, size):
        return False, put
    fill_slot(slot_at(launch, load_relaxed(longs_at(launch, queue) + RING), put, size), put, item, size)
    return True, put + 1


@device
def get_now(
    launch: LaunchPointer, warp: WarpMemory, queue: u32, put: u32, got: u32, item: WarpMemory, size: u32
) -> u32:
    """Take the oldest item of a queue that has one; the first putter's item takes its room. How many were put then."""
    words = object_at(launch, queue)
    ring = load_relaxed(longs_at(launch, queue) + RING)
    await_item(launch, ring, got, item, size)
    waiting = first_waiter(launch, words + PUTTERS)
    if waiting == 0:
        return put
    putter = waiting - 1
    fill_slot(
        slot_at(launch, ring, put, size), put, frame_place(launch, putter, frame_at(launch, putter)[PLACE]), size
    )
    if hand_out(launch, warp, putter, 0):
        store_relaxed(words + APART, 1)
    return put + 1


@device
def is_full(launch: LaunchPointer, queue: u32, count: u32) -> bool:
    most = object_at(launch, queue)[OBJECT_EXTRA]
    return most != 0 and count >= most


@device
def queue_put(
    launch: LaunchPointer, warp: WarpMemory, queue: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """The item lies in the frame at `place`."""
    item = frame_place(launch, frame, place)
    if room_comes(launch, queue) and queue_try_put(launch, warp, queue, item, size) != 0:
        return WENT_ON
    put, got = begin(launch, queue)
    outcome: u32 = WENT_ON
    if is_full(launch, queue, put - got):
        outcome = park(launch, object_at(launch, queue), PUTTERS, queue, frame, state, place)
    else:
        done, put = put_now(launch, warp, queue, put, got, item, size)
        if not done:
            outcome = PUT_HEAP_FULL
    end(launch, queue, put, got)
    return outcome


@device
def queue_get(
    launch: LaunchPointer, warp: WarpMemory, queue: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """The item comes to lie in the frame at `place`."""
    item = frame_place(launch, frame, place)
    if item_comes(launch, queue) and queue_try_get(launch, warp, queue, item, size) != 0:
        return WENT_ON
    put, got = begin(launch, queue)
    outcome: u32 = WENT_ON
    if put == got:
        outcome = park(launch, object_at(launch, queue), OBJECT_HEAD, queue, frame, state, place)
    else:
        put = get_now(launch, warp, queue, put, got, item, size)
        got += 1
    end(launch, queue, put, got)
    return outcome


@device
def queue_put_nowait(launch: LaunchPointer, warp: WarpMemory, queue: u32, item: WarpMemory, size: u32) -> u32:
    if queue_try_put(launch, warp, queue, item, size) != 0:
        return 0
    put, got = begin(launch, queue)
    outcome: u32 = 0
    if is_full(launch, queue, put - got):
        outcome = FULL
    else:
        done, put = put_now(launch, warp, queue, put, got, item, size)
        if not done:
            outcome = HEAP_FULL
    end(launch, queue, put, got)
    return outcome


@device
def queue_get_nowait(launch: LaunchPointer, warp: WarpMemory, queue: u32, item: WarpMemory, size: u32) -> u32:
    if queue_try_get(launch, warp, queue, item, size) != 0:
        return 0
    put, got = begin(launch, queue)
    outcome: u32 = EMPTY
    if put != got:
        outcome = 0
        put = get_now(launch, warp, queue, put, got, item, size)
        got += 1
    end(launch, queue, put, got)
    return outcome


@device
def queue_qsize(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    """How many items there were at one time: that at which PUT was read, for GOT was then what it still is. An item
    may be got before it is counted as put."""
    longs = longs_at(launch, queue)
    got = count_of(load_acquire(longs + GOT))
    while True:
        put = count_of(load_acquire(longs + PUT))
        again = count_of(load_acquire(longs + GOT))
        if again == got:
            return u32(max(i32(put - got), 0))
        got = again


@device
def queue_empty(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    return 1 if queue_qsize(launch, warp, queue) == 0 else 0


@device
def queue_full(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    return 1 if is_full(launch, queue, queue_qsize(launch, warp, queue)) else 0


@device
def queue_maxsize(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    return object_at(launch, queue)[OBJECT_EXTRA]


# --- join ------------------------------------------------------------------------------------------------------------


@device
def number_put(launch: LaunchPointer, queue: u32) -> u32:
    """How many items were put. Under the object's lock; who has got one finds it counted."""
    put = longs_at(launch, queue) + PUT
    held = fetch_or_acquire(put, u64(0))
    while held & (LOCK | SLOW) == LOCK:
        nanosleep(FIRST_NAP)
        held = fetch_or_acquire(put, u64(0))
    return count_of(held)


@device
def queue_join(
    launch: LaunchPointer, warp: WarpMemory, queue: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    words = object_at(launch, queue)
    lock(words)
    outcome: u32 = WENT_ON
    if number_put(launch, queue) != words[DONE]:
        outcome = park(launch, words, JOINERS, queue, frame, state, place)
    unlock(words)
    return outcome


@device
def queue_task_done(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    words = object_at(launch, queue)
    lock(words)
    put = number_put(launch, queue)
    outcome: u32 = 0
    if words[DONE] == put:
        outcome = 1
    else:
        words[DONE] += 1
        if words[DONE] == put:
            wake_all(launch, warp, words + JOINERS, 0)
    unlock(words)
    return outcome
