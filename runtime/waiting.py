"""Parking and waking: lists of waiters, woken frames. Device Python; `docs/waiting.md` draws the whole.

    park    under the object's lock: link the frame into a list; it is nobody's now
    wake    under the object's lock: unlink it, hand it to the own warp; it is this warp's now
    drain   the executor's loop: woken frames to the ready deques

Everything but `drain_woken` is called by single lanes of diverged warps. A lane that holds a lock needs no other lane,
so lanes of one warp that want the same lock get it one after the other.
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, exchange, fetch_add, lane_id, option, warp_size, warp_sync
from coro2cuda.frontend.dtypes import u32
from coro2cuda.lowering.abi import CANCELLED, HOLD_FREE, NO_LIST, OBJECT_HEAD, PARKED_THERE
from coro2cuda.runtime.census import BUSY, others_have_time, stand
from coro2cuda.runtime.fork_join import offer
from coro2cuda.runtime.frame_words import HOLD, LIST, NEXT, OBJECT, PLACE, PREV, WAKE, frame_at
from coro2cuda.runtime.frames import free_list
from coro2cuda.runtime.layout import (
    WOKEN_COUNT,
    WOKEN_FIRST,
    WOKEN_HEAD,
    WOKEN_TAIL,
    GlobalWords,
    LaunchPointer,
    WarpMemory,
)
from coro2cuda.runtime.ready_queue import push
from coro2cuda.runtime.scopes import claim, entrust, outcome_of, register

WENT_ON = 0  # what an operation that waits returns: nothing to wait for
FROM_CONDITION = 1  # in PLACE of a frame in a lock's list: a condition's waiter that was notified


# --- lists of waiters, under the object's lock -----------------------------------------------------------------------


@device
def append(launch: LaunchPointer, ends: GlobalWords, frame: u32) -> None:
    """Link a frame in at the end; `ends` are the list's first and last."""
    words = frame_at(launch, frame)
    last = ends[1]
    words[NEXT] = 0
    words[PREV] = last
    if last == 0:
        ends[0] = frame + 1
    else:
        frame_at(launch, last - 1)[NEXT] = frame + 1
    ends[1] = frame + 1


@device
def unlink(launch: LaunchPointer, ends: GlobalWords, frame: u32) -> None:
    """Take a frame out of the list, wherever it stands."""
    words = frame_at(launch, frame)
    before = words[PREV]
    after = words[NEXT]
    if before == 0:
        ends[0] = after
    else:
        frame_at(launch, before - 1)[NEXT] = after
    if after == 0:
        ends[1] = before
    else:
        frame_at(launch, after - 1)[PREV] = before


@device
def first_waiter(launch: LaunchPointer, ends: GlobalWords) -> u32:
    """Take the first waiter off the list that nobody cancels, for the caller to hand over: frame + 1, or 0."""
    while ends[0] != 0:
        first = ends[0]
        unlink(launch, ends, first - 1)
        if claim(launch, first - 1):
            return first
        frame_at(launch, first - 1)[LIST] = NO_LIST
    return 0


@device
def park(
    launch: LaunchPointer, words: GlobalWords, which: u32, handle: u32, frame: u32, state: u32, place: u32
) -> u32:
    """Park a frame at the end of list `which` of an object, to go on in `state`: PARKED_THERE. Once the lock is free
    the frame must not be touched. CANCELLED if it is to be cancelled instead.

    Once it is registered a canceller may look for what it waits for: that is noted before."""
    note(launch, handle, frame, state, place)
    if option("CANCELS") != 0 and not register(launch, frame, which):
        frame_at(launch, frame)[OBJECT] = 0
        return CANCELLED
    append(launch, words + which, frame)
    return PARKED_THERE


@device
def park_through(launch: LaunchPointer, words: GlobalWords, handle: u32, frame: u32, state: u32) -> u32:
    """The same, but no cancellation wakes it."""
    if option("CANCELS") != 0:
        frame_at(launch, frame)[HOLD] = HOLD_FREE
    note(launch, handle, frame, state, 0)
    append(launch, words + OBJECT_HEAD, frame)
    return PARKED_THERE


@device
def note(launch: LaunchPointer, handle: u32, frame: u32, state: u32, place: u32) -> None:
    """Write into a frame that is parked what it waits for, and how it goes on."""
    own = frame_at(launch, frame)
    own[WAKE] = state
    own[OBJECT] = handle
    own[PLACE] = place


@device
def move(launch: LaunchPointer, ends: GlobalWords, to: GlobalWords, handle: u32) -> bool:
    """Let the first waiter of a condition wait for its lock, whose words are `to`; whether it was not being cancelled.
    Under both locks."""
    frame = ends[0] - 1
    unlink(launch, ends, frame)
    if entrust(launch, frame, handle, OBJECT_HEAD, FROM_CONDITION):
        append(launch, to + OBJECT_HEAD, frame)
        return True
    frame_at(launch, frame)[LIST] = NO_LIST
    return False


@device
def deliver(launch: LaunchPointer, frame: u32, place: u32, value: u32) -> None:
    """Put a word where a frame waits for it."""
    frame_at(launch, frame)[place // 4] = value


# --- waking ----------------------------------------------------------------------------------------------------------


@device
def wake_all(launch: LaunchPointer, warp: WarpMemory, ends: GlobalWords, outcome: u32) -> None:
    """Wake all waiters of a list, in order, and tell them what came of it. Under the object's lock."""
    following = ends[0]
    ends[0] = 0
    ends[1] = 0
    while following != 0:
        frame = following - 1
        following = frame_at(launch, frame)[NEXT]
        if claim(launch, frame):
            hand_over(launch, warp, frame, outcome)
        else:
            frame_at(launch, frame)[LIST] = NO_LIST


@device
def woken_ring(warp: WarpMemory) -> WarpMemory:
    return free_list(warp) + option("FREE_CAPACITY")


@device
def hand_over(launch: LaunchPointer, warp: WarpMemory, frame: u32, outcome: u32) -> None:
    """Give a frame that is in no list to this warp, and tell it what came of its waiting."""
    tell(launch, frame, outcome)
    keep(launch, warp, frame)


@device
def hand_out(launch: LaunchPointer, warp: WarpMemory, frame: u32, outcome: u32) -> bool:
    """The same, where who wakes it goes on, and may for long: if other warps have nothing to do one of them gets it.
    Whether it may."""
    tell(launch, frame, outcome)
    if others_have_time(launch) and offer(launch, warp, frame_at(launch, frame)[WAKE], frame):
        return True
    keep(launch, warp, frame)
    return False


@device
def tell(launch: LaunchPointer, frame: u32, outcome: u32) -> None:
    words = frame_at(launch, frame)
    words[OBJECT] = 0
    words[PLACE] = outcome_of(launch, frame, outcome)


@device
def keep(launch: LaunchPointer, warp: WarpMemory, frame: u32) -> None:
    """Lanes take places of the ring by an atomic; those that find it full append to a chain by swapping its end. The
    chain is only read by converged code, when every link is written."""
    ticket = fetch_add(warp + WOKEN_COUNT, 1)
    if ticket < option("WOKEN_ROOM"):
        woken_ring(warp)[(warp[WOKEN_FIRST] + ticket) & (option("WOKEN_ROOM") - 1)] = frame
    else:
        frame_at(launch, frame)[NEXT] = 0
        last = exchange(warp + WOKEN_TAIL, frame + 1)
        if last == 0:
            warp[WOKEN_HEAD] = frame + 1
        else:
            frame_at(launch, last - 1)[NEXT] = frame + 1


@device
def prepare_woken(warp: WarpMemory) -> None:
    if lane_id() == 0:
        warp[WOKEN_COUNT] = 0
        warp[WOKEN_FIRST] = 0
        warp[WOKEN_HEAD] = 0
        warp[WOKEN_TAIL] = 0


@device
def drain_woken(launch: LaunchPointer, warp: WarpMemory, lanes_below: u32) -> None:
    """Move woken frames to the ready deques, up to one a lane, the oldest first. The caller has seen to room for a
    whole warp in every deque. A warp is busy before it takes any. Warp-collective."""
    count = min(warp[WOKEN_COUNT], option("WOKEN_ROOM"))
    if count != 0:
        stand(launch, warp, BUSY)
        first = warp[WOKEN_FIRST]
        taken = min(count, warp_size())
        active = lane_id() < taken
        frame: u32 = 0
        state: u32 = 0
        if active:
            frame = woken_ring(warp)[(first + lane_id()) & (option("WOKEN_ROOM") - 1)]
            state = frame_at(launch, frame)[WAKE]
        warp_sync()
        if lane_id() == 0:
            first = (first + taken) & (option("WOKEN_ROOM") - 1)
            warp[WOKEN_FIRST] = first
            warp[WOKEN_COUNT] = refill_ring(launch, warp, first, count - taken)
        warp_sync()
        push(warp, state, frame, active, lanes_below)


@device
def refill_ring(launch: LaunchPointer, warp: WarpMemory, first: u32, count: u32) -> u32:
    """Move the chain's first frames to the ring, as many as fit; how many the ring has then. It is full as long as the
    chain has any, so that frames woken later come after those in the chain. One lane."""
    following = warp[WOKEN_HEAD]
    while following != 0 and count < option("WOKEN_ROOM"):
        woken_ring(warp)[(first + count) & (option("WOKEN_ROOM") - 1)] = following - 1
        count += 1
        following = frame_at(launch, following - 1)[NEXT]
    warp[WOKEN_HEAD] = following
    if following == 0:
        warp[WOKEN_TAIL] = 0
    return count
