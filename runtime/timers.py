"""Sleeping tasks and timeouts: a heap of deadlines for each warp (`timer_heap`). Device Python.

    await sleep(s)   ─▶ park on the own warp's timers       the executor's loop ─▶ those that are due are woken
                        (entry: deadline, frame)                                   in the same warp
    timeout(s)       ─▶ arm: deadline, scope                                    ─▶ the scope is cancelled
                        disarm, from any warp

A warp's timers are made when its first task sleeps. The first deadline is kept in warp memory, where a look at it costs
nothing; nobody looks at the others. A warp with deadlines is not idle: with nothing else to do it dozes until the first
one. Who takes an entry out from elsewhere leaves word in the timers' HEAD, and the warp looks at its deadlines anew.

A timeout is a scope; words 16: the timers it is armed in, 17: its place in their heap, NO_ENTRY once it is out of it,
18: whether the deadline has passed. Its entry holds a reference to it.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    compare_and_swap,
    device,
    doze,
    exchange,
    fence,
    fetch_add,
    fetch_sub,
    lane_id,
    load_acquire,
    load_relaxed,
    nanoseconds,
    nanosleep,
    option,
    store_relaxed,
    store_release,
    warp_sync,
)
from coro2cuda.frontend.dtypes import i64, u32, u64
from coro2cuda.lowering import abi
from coro2cuda.lowering.abi import (
    CANCELLED,
    MADE_ON_HOST,
    NO_LIST,
    OBJECT_COUNT,
    OBJECT_EXTRA,
    OBJECT_HEAD,
    OBJECT_VALUE,
    PARKED_THERE,
    SCOPE_INHERITED,
    SCOPE_WORDS,
)
from coro2cuda.runtime.cancelling import cancel
from coro2cuda.runtime.frame_words import LIST, OBJECT, SEEN, frame_at
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.layout import TIMERS, GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.objects import clear
from coro2cuda.runtime.scopes import claim, enter_scope, leave_scope, register
from coro2cuda.runtime.spin_lock import FIRST_NAP, lock, unlock
from coro2cuda.runtime.timer_heap import (
    TIMEOUT_ENTRY,
    add_entry,
    entry_at,
    remove_entry,
    see_to_entry,
    take_out,
)
from coro2cuda.runtime.waiting import hand_over, note, woken_ring

KIND = abi.OBJECT_KINDS.index("timers") + 1
GRANULES = abi.OBJECT_WORDS * 4 // abi.HEAP_GRANULE
TIMEOUT_GRANULES = SCOPE_WORDS * 4 // abi.HEAP_GRANULE
HEAP_FULL = 2  # an error of sleep
ARM_HEAP_FULL = 1  # an error of timeout_arm
TIMEOUT_TIMERS = 16
TIMEOUT_EXPIRED = 18
NO_ENTRY = 0xFFFFFFFF
BEING_MADE = 0xFFFFFFFF  # in warp memory, while a lane makes the timers


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
    """Under the timers' lock. By atomics, though the lock orders the lanes that write: racecheck knows no locks."""
    words = due_words(warp)
    exchange(words, u32(deadline & 0xFFFFFFFF))
    exchange(words + 1, u32(deadline >> 32))
    exchange(words + 2, count)


@device
def prepare_timers(warp: WarpMemory) -> None:
    if lane_id() == 0:
        warp[TIMERS] = 0
        for word in (0, 1, 2):
            due_words(warp)[word] = 0


@device
def sleeping(warp: WarpMemory) -> bool:
    """Whether tasks sleep in this warp. Lanes are converged."""
    return due_words(warp)[2] != 0


# --- sleep and wake --------------------------------------------------------------------------------------------------


@device
def timers_of(launch: LaunchPointer, warp: WarpMemory) -> u32:
    """The warp's timers, made now if it has none; 0 if the heap is full. Of lanes that want them at once one makes
    them: if each did, thousands would give theirs back to one stack of the heap."""
    while True:
        found = load_acquire(warp + TIMERS)
        if found == 0:
            found = compare_and_swap(warp + TIMERS, 0, BEING_MADE)
            if found == 0:
                made = allocate(launch, GRANULES)
                if made != 0:
                    clear(object_at(launch, made), u32(KIND), u32(MADE_ON_HOST))
                store_release(warp + TIMERS, made)
                return made
        if found != BEING_MADE:
            return found
        nanosleep(u32(FIRST_NAP))


@device
def note_first(launch: LaunchPointer, warp: WarpMemory, words: GlobalWords) -> None:
    """Under the timers' lock, in their own warp."""
    count = words[OBJECT_VALUE]
    due: u64 = 0
    if count != 0:
        due = entry_at(launch, words[OBJECT_EXTRA], 0)[0]
    note_due(warp, count, due)


@device
def after(launch: LaunchPointer, duration: i64) -> u64:
    return now(launch) + u64(max(duration, i64(0)))


@device
def sleep(
    launch: LaunchPointer, warp: WarpMemory, duration: i64, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Park until `duration` nanoseconds from now. Called by generated code in a diverged warp."""
    handle = timers_of(launch, warp)
    if handle == 0:
        return HEAP_FULL
    deadline = after(launch, duration)
    words = object_at(launch, handle)
    lock(words)
    outcome: u32 = PARKED_THERE
    if not see_to_entry(launch, words):
        outcome = HEAP_FULL
    else:
        note(launch, handle, frame, state, place)
        if option("CANCELS") != 0 and not register(launch, frame, OBJECT_HEAD):
            frame_at(launch, frame)[OBJECT] = 0
            outcome = CANCELLED
        else:
            add_entry(launch, words, deadline, u64(frame))
            note_first(launch, warp, words)
    unlock(words)
    return outcome


@device
def see_changes(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Entries may have been taken out from elsewhere. One lane, of the timers' warp, which has some."""
    if option("CANCELS") != 0:
        words = object_at(launch, load_relaxed(warp + TIMERS))
        if load_relaxed(words + OBJECT_HEAD) != 0:
            lock(words)
            store_relaxed(words + OBJECT_HEAD, 0)
            note_first(launch, warp, words)
            unlock(words)


@device
def wake_sleepers(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Wake the tasks whose time has come. Warp-collective."""
    some_sleep = sleeping(warp)
    warp_sync()  # all lanes have looked before lane 0 changes it
    if some_sleep:
        if lane_id() == 0:
            see_changes(launch, warp)
            time = now(launch)
            if sleeping(warp) and first_due(warp) <= time:
                fire(launch, warp, time)
        warp_sync()


@device
def fire(launch: LaunchPointer, warp: WarpMemory, time: u64) -> None:
    """Take all entries up to a time off the heap, the earliest first. One lane."""
    words = object_at(launch, load_relaxed(warp + TIMERS))
    lock(words)
    while words[OBJECT_VALUE] != 0 and entry_at(launch, words[OBJECT_EXTRA], 0)[0] <= time:
        who = entry_at(launch, words[OBJECT_EXTRA], 0)[1]
        remove_entry(launch, words, 0)
        scope = u32(who >> 32)
        frame = u32(who & 0xFFFFFFFF)
        if option("CANCELS") != 0 and scope != 0:
            expired = object_at(launch, scope)
            expired[TIMEOUT_ENTRY] = NO_ENTRY
            store_relaxed(expired + TIMEOUT_EXPIRED, 1)
            unlock(words)
            cancel(launch, warp, scope)
            let_go(launch, scope)
            lock(words)
        elif claim(launch, frame):
            hand_over(launch, warp, frame, 0)
        else:
            frame_at(launch, frame)[LIST] = NO_LIST
    note_first(launch, warp, words)
    unlock(words)


@device
def rest_until_due(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Nothing to do before the first deadline: doze; on the virtual clock it comes at once. Warp-collective."""
    if lane_id() == 0:
        see_changes(launch, warp)
    warp_sync()
    if sleeping(warp):
        due = first_due(warp)
        if load_relaxed(address(launch.control.is_virtual)) != 0:
            if lane_id() == 0:
                store_relaxed(address(launch.control.clock), due)
        else:
            time = now(launch)
            if due > time:
                doze(u32(min(due - time, u64(option("LONGEST_DOZE")))))
    warp_sync()


# --- timeouts --------------------------------------------------------------------------------------------------------


@device
def timeout_arm(launch: LaunchPointer, warp: WarpMemory, timeout: u32, duration: i64) -> u32:
    """Its scope is to be cancelled `duration` nanoseconds from now. Called by generated code in a diverged warp, before
    the scope is entered."""
    handle = timers_of(launch, warp)
    if handle == 0:
        return ARM_HEAP_FULL
    words = object_at(launch, handle)
    own = object_at(launch, timeout)
    deadline = after(launch, duration)
    lock(words)
    has_room = see_to_entry(launch, words)
    if has_room:
        own[TIMEOUT_TIMERS] = handle
        fetch_add(own + OBJECT_COUNT, 1)
        add_entry(launch, words, deadline, u64(timeout) << 32)
        note_first(launch, warp, words)
    unlock(words)
    return 0 if has_room else ARM_HEAP_FULL


@device
def timeout_open(launch: LaunchPointer, warp: WarpMemory, timeout: u32, frame: u32) -> u32:
    """The body begins."""
    enter_scope(launch, timeout, frame)
    return 0


@device
def timeout_close(launch: LaunchPointer, warp: WarpMemory, timeout: u32, cancelled: u32, frame: u32) -> u32:
    """The body is done, or ended in CancelledError: whether that is a TimeoutError, since the time is over and no
    request came from outside. If one did, the CancelledError answers it."""
    own = object_at(launch, timeout)
    words = object_at(launch, own[TIMEOUT_TIMERS])
    lock(words)
    entry = own[TIMEOUT_ENTRY]
    if entry != NO_ENTRY:
        take_out(launch, words, entry)
        fetch_sub(own + OBJECT_COUNT, 1)
    unlock(words)
    if cancelled != 0:
        frame_at(launch, frame)[SEEN] = 0xFFFFFFFF
    leave_scope(launch, timeout, frame)
    return 1 if load_acquire(own + TIMEOUT_EXPIRED) != 0 and own[SCOPE_INHERITED] == 0 else 0


@device
def let_go(launch: LaunchPointer, timeout: u32) -> None:
    """One reference less."""
    words = object_at(launch, timeout)
    fence()
    if fetch_sub(words + OBJECT_COUNT, 1) == 1:
        fence()
        give_back(launch, timeout, TIMEOUT_GRANULES)
