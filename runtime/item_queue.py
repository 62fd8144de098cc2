"""asyncio.Queue: a ring of items, and three lists of waiters. Device Python, called by single lanes of diverged warps.

    word 4, 5   HEAD, TAIL      those who `get`
         6      VALUE           items in the ring
         7      EXTRA           maxsize; 0: any number
         8, 9   PUTTERS         those who `put`
        10, 11  JOINERS         those who `join`
        12      UNFINISHED      items that `task_done` has not been said of
        13      RING            the ring's handle; 0 before the first item
        14      CAPACITY        how many items the ring has room for
        15      FIRST           where in the ring the oldest item lies
        16      RING_GRANULES   the granules of the ring's block

Items are copied word by word. Who gets while the queue is empty is parked with the place in its frame where the next
put delivers; who puts while it is full is parked with its item in its frame, from where the next get takes it. So a
queue with an item has no getters waiting, one with room has no putters, and nobody is overtaken.
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, load_relaxed
from coro2cuda.frontend.dtypes import u32
from coro2cuda.lowering.abi import HEAP_GRANULE, OBJECT_EXTRA, OBJECT_HEAD, OBJECT_VALUE, QUEUE_WORDS
from coro2cuda.runtime.frame_words import PLACE, frame_at
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.spin_lock import lock, unlock, value_of
from coro2cuda.runtime.waiting import WENT_ON, first_waiter, hand_over, park, wake_all

QUEUE_GRANULES = QUEUE_WORDS * 4 // HEAP_GRANULE
PUTTERS = 8
JOINERS = 10
UNFINISHED = 12
RING = 13
CAPACITY = 14
FIRST = 15
RING_GRANULES = 16
FIRST_CAPACITY = 8
FULL = 1  # errors of put_nowait
HEAP_FULL = 2
PUT_HEAP_FULL = 2  # error of put
EMPTY = 1  # error of get_nowait
WORDS_A_GRANULE = HEAP_GRANULE // 4


@device
def clear_queue(words: GlobalWords) -> None:
    word: u32 = PUTTERS
    while word <= RING_GRANULES:
        words[word] = 0
        word += 1


@device
def copy_words(to: WarpMemory, source: WarpMemory, size: u32) -> None:
    word: u32 = 0
    while word < size:
        to[word] = source[word]
        word += 1


# --- the ring, under the queue's lock --------------------------------------------------------------------------------


@device
def ring_granules(capacity: u32, size: u32) -> u32:
    return max((capacity * size + WORDS_A_GRANULE - 1) // WORDS_A_GRANULE, u32(1))


@device
def item_at(launch: LaunchPointer, words: GlobalWords, number: u32, size: u32) -> GlobalWords:
    """Item `number` counted from the oldest."""
    place = words[FIRST] + number
    if place >= words[CAPACITY]:
        place -= words[CAPACITY]
    return object_at(launch, words[RING]) + place * size


@device
def see_to_room(launch: LaunchPointer, words: GlobalWords, size: u32) -> bool:
    """A ring with room for one more item: as large as the queue's bound if it is small, else twice what there was.
    False if the heap is full."""
    old = words[CAPACITY]
    count = words[OBJECT_VALUE]
    if count < old:
        return True
    capacity = max(old * 2, u32(FIRST_CAPACITY))
    if words[OBJECT_EXTRA] != 0:
        capacity = min(capacity, words[OBJECT_EXTRA])
    granules = ring_granules(capacity, size)
    ring = allocate(launch, granules)
    if ring == 0:
        return False
    number: u32 = 0
    while number < count:
        copy_words(object_at(launch, ring) + number * size, item_at(launch, words, number, size), size)
        number += 1
    free_ring(launch, words)
    words[RING] = ring
    words[RING_GRANULES] = granules
    words[CAPACITY] = capacity
    words[FIRST] = 0
    return True


@device
def free_ring(launch: LaunchPointer, words: GlobalWords) -> None:
    if words[RING] != 0:
        give_back(launch, words[RING], words[RING_GRANULES])


# --- items -----------------------------------------------------------------------------------------------------------
#
# Nearly always there is room, or an item, and nobody waits. Then all words are read at once, before any is needed:
# after a lock is taken nothing is in a cache, and of reads that wait for each other each takes as long as the lock.


@device
def put_in_ring(launch: LaunchPointer, words: GlobalWords, item: WarpMemory, size: u32) -> bool:
    """Whether there is room in the ring and nobody waits for an item: then it lies there. A ring is never larger than
    the queue's bound. Under the lock."""
    getter = load_relaxed(words + OBJECT_HEAD)
    count = load_relaxed(words + OBJECT_VALUE)
    unfinished = load_relaxed(words + UNFINISHED)
    ring = load_relaxed(words + RING)
    capacity = load_relaxed(words + CAPACITY)
    place = load_relaxed(words + FIRST) + count
    first: u32 = 0
    if size != 0:
        first = load_relaxed(item)
    if getter != 0 or count >= capacity:
        return False
    if place >= capacity:
        place -= capacity
    to = object_at(launch, ring) + place * size
    if size != 0:
        to[0] = first
        copy_words(to + 1, item + 1, size - 1)
    words[OBJECT_VALUE] = count + 1
    words[UNFINISHED] = unfinished + 1
    return True


@device
def take_from_ring(launch: LaunchPointer, words: GlobalWords, item: WarpMemory, size: u32) -> bool:
    """Whether there is an item in the ring and nobody waits for room: then it is taken. Under the lock."""
    putter = load_relaxed(words + PUTTERS)
    count = load_relaxed(words + OBJECT_VALUE)
    ring = load_relaxed(words + RING)
    capacity = load_relaxed(words + CAPACITY)
    place = load_relaxed(words + FIRST)
    if putter != 0 or count == 0:
        return False
    copy_words(item, object_at(launch, ring) + place * size, size)
    words[FIRST] = 0 if place + 1 == capacity else place + 1
    words[OBJECT_VALUE] = count - 1
    return True


@device
def frame_place(launch: LaunchPointer, frame: u32, place: u32) -> GlobalWords:
    return frame_at(launch, frame) + place // 4


@device
def put_now(launch: LaunchPointer, warp: WarpMemory, words: GlobalWords, item: WarpMemory, size: u32) -> bool:
    """Give an item to the first getter, else to the ring, which is not full. False if the heap is. Under the lock."""
    first = first_waiter(launch, words + OBJECT_HEAD)
    if first != 0:
        getter = first - 1
        copy_words(frame_place(launch, getter, frame_at(launch, getter)[PLACE]), item, size)
        hand_over(launch, warp, getter, 0)
    else:
        if not see_to_room(launch, words, size):
            return False
        copy_words(item_at(launch, words, words[OBJECT_VALUE], size), item, size)
        words[OBJECT_VALUE] += 1
    words[UNFINISHED] += 1
    return True


@device
def get_now(launch: LaunchPointer, warp: WarpMemory, words: GlobalWords, item: WarpMemory, size: u32) -> None:
    """Take the oldest item of a queue that has one; the first putter's item takes its room. Under the lock."""
    copy_words(item, item_at(launch, words, 0, size), size)
    first = words[FIRST] + 1
    words[FIRST] = 0 if first == words[CAPACITY] else first
    words[OBJECT_VALUE] -= 1
    waiting = first_waiter(launch, words + PUTTERS)
    if waiting != 0:
        putter = waiting - 1
        place = frame_place(launch, putter, frame_at(launch, putter)[PLACE])
        copy_words(item_at(launch, words, words[OBJECT_VALUE], size), place, size)
        words[OBJECT_VALUE] += 1
        words[UNFINISHED] += 1
        hand_over(launch, warp, putter, 0)


@device
def is_full(words: GlobalWords) -> bool:
    return words[OBJECT_EXTRA] != 0 and words[OBJECT_VALUE] >= words[OBJECT_EXTRA]


@device
def queue_put(
    launch: LaunchPointer, warp: WarpMemory, queue: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """The item lies in the frame at `place`."""
    words = object_at(launch, queue)
    item = frame_place(launch, frame, place)
    lock(words)
    outcome: u32 = WENT_ON
    if not put_in_ring(launch, words, item, size):
        if is_full(words):
            outcome = park(launch, words, PUTTERS, queue, frame, state, place)
        elif not put_now(launch, warp, words, item, size):
            outcome = PUT_HEAP_FULL
    unlock(words)
    return outcome


@device
def queue_get(
    launch: LaunchPointer, warp: WarpMemory, queue: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """The item comes to lie in the frame at `place`."""
    words = object_at(launch, queue)
    item = frame_place(launch, frame, place)
    lock(words)
    outcome: u32 = WENT_ON
    if not take_from_ring(launch, words, item, size):
        if words[OBJECT_VALUE] == 0:
            outcome = park(launch, words, OBJECT_HEAD, queue, frame, state, place)
        else:
            get_now(launch, warp, words, item, size)
    unlock(words)
    return outcome


@device
def queue_put_nowait(launch: LaunchPointer, warp: WarpMemory, queue: u32, item: WarpMemory, size: u32) -> u32:
    words = object_at(launch, queue)
    lock(words)
    outcome: u32 = 0
    if is_full(words):
        outcome = FULL
    elif not put_now(launch, warp, words, item, size):
        outcome = HEAP_FULL
    unlock(words)
    return outcome


@device
def queue_get_nowait(launch: LaunchPointer, warp: WarpMemory, queue: u32, item: WarpMemory, size: u32) -> u32:
    words = object_at(launch, queue)
    lock(words)
    outcome: u32 = 0
    if words[OBJECT_VALUE] == 0:
        outcome = EMPTY
    else:
        get_now(launch, warp, words, item, size)
    unlock(words)
    return outcome


@device
def queue_qsize(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    return value_of(object_at(launch, queue))


@device
def queue_empty(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    return 1 if value_of(object_at(launch, queue)) == 0 else 0


@device
def queue_full(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    words = object_at(launch, queue)
    most = words[OBJECT_EXTRA]
    return 1 if most != 0 and value_of(words) >= most else 0


@device
def queue_maxsize(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    return object_at(launch, queue)[OBJECT_EXTRA]


# --- join ------------------------------------------------------------------------------------------------------------


@device
def queue_join(
    launch: LaunchPointer, warp: WarpMemory, queue: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    words = object_at(launch, queue)
    lock(words)
    outcome: u32 = WENT_ON
    if words[UNFINISHED] != 0:
        outcome = park(launch, words, JOINERS, queue, frame, state, place)
    unlock(words)
    return outcome


@device
def queue_task_done(launch: LaunchPointer, warp: WarpMemory, queue: u32) -> u32:
    words = object_at(launch, queue)
    lock(words)
    outcome: u32 = 0
    if words[UNFINISHED] == 0:
        outcome = 1
    else:
        words[UNFINISHED] -= 1
        if words[UNFINISHED] == 0:
            wake_all(launch, warp, words + JOINERS, 0)
    unlock(words)
    return outcome
