"""Synchronisation objects: what generated code calls to make them, wait for them and operate on them. Device Python.

Under an object's lock each is asyncio's code, statement for statement, with one difference that asyncio's own history
asks for: what a waiter waits for is handed to it directly (a lock stays locked, an item goes into its frame), so that
nobody who comes later can take it before the waiter runs.

All are called by single lanes of diverged warps. An operation that waits returns WENT_ON, PARKED, or 2 and more for the
errors of `frontend.objects`; one that does not returns its value, or 0 and 1 and more for its errors.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    device,
    fence,
    fetch_add,
    fetch_sub,
    load_acquire,
    nanosleep,
    option,
    store_relaxed,
    store_release,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering import abi
from coro2cuda.lowering.abi import (
    OBJECT_COUNT,
    OBJECT_EXTRA,
    OBJECT_HEAD,
    OBJECT_VALUE,
    PARKED_THERE,
)
from coro2cuda.runtime.crowd import clear_crowd, dismiss_crowd, joins_crowd, make_crowd, wake_crowd
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.item_queue import QUEUE_GRANULES, clear_queue
from coro2cuda.runtime.item_ring import free_ring
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.lists import TASKS, free_list_of_tasks
from coro2cuda.runtime.objects import clear, kind_of
from coro2cuda.runtime.scopes import clear_scope
from coro2cuda.runtime.spin_lock import FIRST_NAP, LONGEST_NAP, lock, try_lock, unlock, value_of
from coro2cuda.runtime.tasks import forget_task, task_granules
from coro2cuda.runtime.waiting import WENT_ON, append, deliver, first_waiter, hand_over, move, note, park, wake_all

GRANULES = abi.OBJECT_WORDS * 4 // abi.HEAP_GRANULE
EVENT_GRANULES = abi.EVENT_WORDS * 4 // abi.HEAP_GRANULE
EVENT = abi.OBJECT_KINDS.index("event") + 1
LOCK = abi.OBJECT_KINDS.index("lock") + 1
CONDITION = abi.OBJECT_KINDS.index("condition") + 1
BARRIER = abi.OBJECT_KINDS.index("barrier") + 1
QUEUE = abi.OBJECT_KINDS.index("queue") + 1
TASK = abi.OBJECT_KINDS.index("task") + 1
LIST = abi.OBJECT_KINDS.index("list") + 1
GROUP = abi.OBJECT_KINDS.index("group") + 1
TIMEOUT = abi.OBJECT_KINDS.index("timeout") + 1
UNLOCKED = 1  # Lock.release: the lock is not held
NOT_HELD = 2  # Condition.wait: its lock is not held


# --- life ------------------------------------------------------------------------------------------------------------


@device
def make_object(launch: LaunchPointer, warp: WarpMemory, kind: u32, number: u32, site: u32) -> u32:
    """A new object with one reference, or 0. `number` is what it is made with: a value, a size, parties, a lock."""
    if kind == CONDITION:
        return make_condition(launch, number, site)
    granules: u32 = GRANULES
    if kind == QUEUE:
        granules = QUEUE_GRANULES
    elif kind == EVENT:
        granules = EVENT_GRANULES
    is_scope = kind == TASK or kind == GROUP or kind == TIMEOUT
    if is_scope:
        granules = task_granules(number)
        number = granules
    handle = allocate(launch, granules)
    if handle != 0:
        words = object_at(launch, handle)
        clear(words, kind, site)
        if kind != BARRIER and kind != QUEUE and not is_scope:
            words[OBJECT_VALUE] = number
        words[OBJECT_EXTRA] = number
        if kind == QUEUE:
            clear_queue(launch, handle)
        elif kind == EVENT:
            clear_crowd(launch, handle)
        if is_scope and option("CANCELS") != 0:
            clear_scope(words)
    return handle


@device
def make_condition(launch: LaunchPointer, own: u32, site: u32) -> u32:
    """A condition holds its lock; without one it makes its own."""
    handle = allocate(launch, GRANULES)
    if handle == 0:
        return 0
    if own == 0:
        own = allocate(launch, GRANULES)
        if own == 0:
            give_back(launch, handle, GRANULES)
            return 0
        clear(object_at(launch, own), u32(LOCK), site)
    else:
        fetch_add(object_at(launch, own) + OBJECT_COUNT, 1)
    words = object_at(launch, handle)
    clear(words, u32(CONDITION), site)
    words[OBJECT_EXTRA] = own
    return handle


@device
def retain(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> None:
    """Relaxed: whoever retains has a reference already, so the object is there."""
    if handle != 0:
        fetch_add(object_at(launch, handle) + OBJECT_COUNT, 1)


@device
def release(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> None:
    """The fences order what others did with the object before its memory is used anew."""
    if handle != 0:
        words = object_at(launch, handle)
        fence()
        if fetch_sub(words + OBJECT_COUNT, 1) == 1:
            fence()
            free_object(launch, handle)


@device
def free_object(launch: LaunchPointer, handle: u32) -> None:
    words = object_at(launch, handle)
    kind = kind_of(words)
    if kind == CONDITION:
        own = words[OBJECT_EXTRA]
        fence()
        if fetch_sub(object_at(launch, own) + OBJECT_COUNT, 1) == 1:
            fence()
            give_back(launch, own, GRANULES)
    if kind == QUEUE:
        free_ring(launch, handle)
        give_back(launch, handle, QUEUE_GRANULES)
    elif kind == EVENT:
        give_back(launch, handle, EVENT_GRANULES)
    elif kind == LIST or kind == GROUP or kind == TIMEOUT:
        give_back(launch, handle, words[OBJECT_EXTRA])
    elif kind == TASK:
        forget_task(launch, words)
        give_back(launch, handle, words[OBJECT_EXTRA])
    elif kind == TASKS:
        free_list_of_tasks(launch, words)
        give_back(launch, handle, words[OBJECT_EXTRA])
    else:
        give_back(launch, handle, GRANULES)


# --- Event -----------------------------------------------------------------------------------------------------------
# VALUE is 1 once it is set, else twice the number of waiters in its list, where those are counted (`crowd`).


@device
def event_wait(
    launch: LaunchPointer, warp: WarpMemory, event: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Where many want to wait at once there is soon a crowd, or the event is set: then nobody needs the lock."""
    words = object_at(launch, event)
    nap: u32 = FIRST_NAP
    held = False
    while not held:
        if load_acquire(words + OBJECT_VALUE) == 1:
            return WENT_ON
        if option("CANCELS") != 0:
            lock(words)
            held = True
        elif joins_crowd(launch, event, frame, state, place):
            return PARKED_THERE
        else:
            held = try_lock(words)
            if not held:
                nanosleep(nap)
                nap = min(nap * 2, u32(LONGEST_NAP))
    outcome: u32 = WENT_ON
    if words[OBJECT_VALUE] != 1:
        outcome = park_at_event(launch, words, event, frame, state, place)
    unlock(words)
    return outcome


@device
def park_at_event(launch: LaunchPointer, words: GlobalWords, event: u32, frame: u32, state: u32, place: u32) -> u32:
    """In the event's list or, beyond a certain number, in its crowd; what can be cancelled must be in a list."""
    if option("CANCELS") != 0:
        return park(launch, words, OBJECT_HEAD, event, frame, state, place)
    if words[OBJECT_VALUE] >= 2 * option("CROWD_FROM"):
        make_crowd(launch, event)
    if not joins_crowd(launch, event, frame, state, place):
        note(launch, event, frame, state, place)
        store_relaxed(words + OBJECT_VALUE, words[OBJECT_VALUE] + 2)
        append(launch, words + OBJECT_HEAD, frame)
    return PARKED_THERE


@device
def event_set(launch: LaunchPointer, warp: WarpMemory, event: u32) -> u32:
    words = object_at(launch, event)
    crowd: u64 = 0
    lock(words)
    store_release(words + OBJECT_VALUE, 1)  # others read it without the lock, and go on
    if option("CANCELS") == 0:
        crowd = dismiss_crowd(launch, event)
    wake_all(launch, warp, words + OBJECT_HEAD, 0)
    unlock(words)
    if crowd >> 32 != 0:
        wake_crowd(launch, warp, u32(crowd >> 32), u32(crowd & 0xFFFFFFFF))
    return 0


@device
def event_clear(launch: LaunchPointer, warp: WarpMemory, event: u32) -> u32:
    words = object_at(launch, event)
    lock(words)
    if words[OBJECT_VALUE] == 1:
        store_release(words + OBJECT_VALUE, 0)
    unlock(words)
    return 0


@device
def event_is_set(launch: LaunchPointer, warp: WarpMemory, event: u32) -> u32:
    return load_acquire(object_at(launch, event) + OBJECT_VALUE) & 1


# --- Lock ------------------------------------------------------------------------------------------------------------


@device
def lock_acquire(
    launch: LaunchPointer, warp: WarpMemory, handle: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """A released lock with waiters stays locked for the first of them, so a free lock has none."""
    words = object_at(launch, handle)
    lock(words)
    outcome: u32 = WENT_ON
    if words[OBJECT_VALUE] == 0:
        words[OBJECT_VALUE] = 1
    else:
        outcome = park(launch, words, OBJECT_HEAD, handle, frame, state, place)
    unlock(words)
    return outcome


@device
def lock_release(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    words = object_at(launch, handle)
    lock(words)
    outcome: u32 = 0
    if words[OBJECT_VALUE] == 0:
        outcome = UNLOCKED
    else:
        hand_on(launch, warp, words)
    unlock(words)
    return outcome


@device
def hand_on(launch: LaunchPointer, warp: WarpMemory, words: GlobalWords) -> None:
    """A lock that is held goes to the first waiter, or is free."""
    first = first_waiter(launch, words + OBJECT_HEAD)
    if first == 0:
        words[OBJECT_VALUE] = 0
    else:
        hand_over(launch, warp, first - 1, 0)


@device
def lock_locked(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    return value_of(object_at(launch, handle))


# --- Semaphore -------------------------------------------------------------------------------------------------------


@device
def semaphore_acquire(
    launch: LaunchPointer, warp: WarpMemory, handle: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    words = object_at(launch, handle)
    lock(words)
    outcome: u32 = WENT_ON
    if words[OBJECT_VALUE] != 0:
        words[OBJECT_VALUE] -= 1
    else:
        outcome = park(launch, words, OBJECT_HEAD, handle, frame, state, place)
    unlock(words)
    return outcome


@device
def semaphore_release(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    words = object_at(launch, handle)
    lock(words)
    give_unit(launch, warp, words)
    unlock(words)
    return 0


@device
def give_unit(launch: LaunchPointer, warp: WarpMemory, words: GlobalWords) -> None:
    """To the first waiter, else to the semaphore. A semaphore with a value has no waiters."""
    first = first_waiter(launch, words + OBJECT_HEAD)
    if first == 0:
        words[OBJECT_VALUE] += 1
    else:
        hand_over(launch, warp, first - 1, 0)


@device
def bounded_semaphore_release(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    words = object_at(launch, handle)
    lock(words)
    outcome: u32 = 0
    if words[OBJECT_VALUE] >= words[OBJECT_EXTRA]:
        outcome = 1
    else:
        give_unit(launch, warp, words)
    unlock(words)
    return outcome


@device
def semaphore_locked(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    return 1 if value_of(object_at(launch, handle)) == 0 else 0


# --- Condition -------------------------------------------------------------------------------------------------------


@device
def condition_acquire(
    launch: LaunchPointer, warp: WarpMemory, handle: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    return lock_acquire(launch, warp, object_at(launch, handle)[OBJECT_EXTRA], frame, state, place, size)


@device
def condition_release(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    return lock_release(launch, warp, object_at(launch, handle)[OBJECT_EXTRA])


@device
def condition_locked(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    return lock_locked(launch, warp, object_at(launch, handle)[OBJECT_EXTRA])


@device
def condition_wait(
    launch: LaunchPointer, warp: WarpMemory, handle: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Park, and let the lock go: a notifier, which holds the lock, finds the frame in the list."""
    words = object_at(launch, handle)
    held = object_at(launch, words[OBJECT_EXTRA])
    lock(words)
    lock(held)
    outcome: u32 = NOT_HELD
    if held[OBJECT_VALUE] != 0:
        outcome = park(launch, words, OBJECT_HEAD, handle, frame, state, place)
        if outcome == PARKED_THERE:
            hand_on(launch, warp, held)
    unlock(held)
    unlock(words)
    return outcome


@device
def condition_notify(launch: LaunchPointer, warp: WarpMemory, handle: u32, count: u32) -> u32:
    """Move up to `count` waiters to the lock's list: they run when they have got the lock, in their order. The notifier
    holds the lock, so it is not free."""
    words = object_at(launch, handle)
    own = words[OBJECT_EXTRA]
    held = object_at(launch, own)
    lock(words)
    lock(held)
    outcome: u32 = 1
    if held[OBJECT_VALUE] != 0:
        outcome = 0
        while words[OBJECT_HEAD] != 0 and count != 0:
            if move(launch, words + OBJECT_HEAD, held, own):
                count -= 1
    unlock(held)
    unlock(words)
    return outcome


@device
def condition_notify_all(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    return condition_notify(launch, warp, handle, 0xFFFFFFFF)


# --- Barrier ---------------------------------------------------------------------------------------------------------


@device
def barrier_wait(
    launch: LaunchPointer, warp: WarpMemory, handle: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Deliver the number of those that came before; the last wakes all."""
    words = object_at(launch, handle)
    lock(words)
    before = words[OBJECT_VALUE]
    outcome: u32 = WENT_ON
    deliver(launch, frame, place, before)
    if before + 1 < words[OBJECT_EXTRA]:
        outcome = park(launch, words, OBJECT_HEAD, handle, frame, state, place)
        if outcome == PARKED_THERE:
            words[OBJECT_VALUE] = before + 1
    else:
        words[OBJECT_VALUE] = 0
        wake_all(launch, warp, words + OBJECT_HEAD, 0)
    unlock(words)
    return outcome


@device
def barrier_parties(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    return object_at(launch, handle)[OBJECT_EXTRA]


@device
def barrier_n_waiting(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    return value_of(object_at(launch, handle))
