"""Parking and waking: spin locks, lists of waiters, woken frames. Device Python; `docs/waiting.md` draws the whole.

    park    under the object's lock: link the frame into a list; it is nobody's now
    wake    under the object's lock: unlink it, hand it to the own warp; it is this warp's now
    drain   the executor's loop: woken frames to the ready deques

Everything but `drain_woken` is called by single lanes of diverged warps. A lane that holds a lock needs no other lane,
so lanes of one warp that want the same lock get it one after the other.

Links are a frame id + 1; 0 ends a list. Links, WAKE, OBJECT and PLACE of a frame are read and written under the lock of
the object it is parked on, or by the only warp that has it.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    compare_and_swap,
    device,
    exchange,
    fetch_add,
    frame_size,
    lane_id,
    nanosleep,
    option,
    store_release,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import (
    FRAME_NEXT,
    FRAME_OBJECT,
    FRAME_PLACE,
    FRAME_PREV,
    FRAME_WAKE,
    OBJECT_HEAD,
    OBJECT_LOCK,
    OBJECT_VALUE,
)
from coro2cuda.runtime.census import BUSY, stand
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

NEXT = FRAME_NEXT // 4
PREV = FRAME_PREV // 4
WAKE = FRAME_WAKE // 4
OBJECT = FRAME_OBJECT // 4
PLACE = FRAME_PLACE // 4
WENT_ON = 0  # what an operation that waits returns: nothing to wait for
PARKED = 1
FIRST_NAP = 32  # nanoseconds
LONGEST_NAP = 1024


@device
def frame_at(launch: LaunchPointer, frame: u32) -> GlobalWords:
    """The words of a frame."""
    return launch.frames + u64(frame) * (frame_size() // 4)


# --- locks -----------------------------------------------------------------------------------------------------------


@device
def lock(words: GlobalWords) -> None:
    """Take an object's spin lock: an acquire."""
    nap: u32 = FIRST_NAP
    while compare_and_swap(words + OBJECT_LOCK, 0, 1) != 0:
        nanosleep(nap)
        nap = min(nap * 2, u32(LONGEST_NAP))


@device
def unlock(words: GlobalWords) -> None:
    store_release(words + OBJECT_LOCK, 0)


@device
def value_of(words: GlobalWords) -> u32:
    """An object's value. Under its lock: whoever has waited for a value sees what was written before it was set."""
    lock(words)
    value = words[OBJECT_VALUE]
    unlock(words)
    return value


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
def park(
    launch: LaunchPointer, ends: GlobalWords, handle: u32, frame: u32, state: u32, place: u32
) -> u32:
    """Park a frame at the end of an object's list, to go on in `state`; PARKED. Once the lock is released the frame
    must not be touched."""
    words = frame_at(launch, frame)
    words[WAKE] = state
    words[OBJECT] = handle
    words[PLACE] = place
    append(launch, ends, frame)
    return PARKED


@device
def move(launch: LaunchPointer, ends: GlobalWords, to: GlobalWords, handle: u32, frame: u32) -> None:
    """Let a waiter of one object wait for another, whose words are `to`. Under both locks."""
    unlink(launch, ends, frame)
    frame_at(launch, frame)[OBJECT] = handle
    append(launch, to + OBJECT_HEAD, frame)


@device
def deliver(launch: LaunchPointer, frame: u32, place: u32, value: u32) -> None:
    """Put a word where a frame waits for it."""
    frame_at(launch, frame)[place // 4] = value


# --- waking ----------------------------------------------------------------------------------------------------------


@device
def wake(launch: LaunchPointer, warp: WarpMemory, ends: GlobalWords, frame: u32) -> None:
    """Take a waiter off the list and hand it to this warp. Under the object's lock."""
    unlink(launch, ends, frame)
    hand_over(launch, warp, frame)


@device
def wake_all(launch: LaunchPointer, warp: WarpMemory, ends: GlobalWords) -> None:
    """Wake all waiters of a list, in order. Under the object's lock."""
    following = ends[0]
    ends[0] = 0
    ends[1] = 0
    while following != 0:
        frame = following - 1
        following = frame_at(launch, frame)[NEXT]
        hand_over(launch, warp, frame)


@device
def woken_ring(warp: WarpMemory) -> WarpMemory:
    return free_list(warp) + option("FREE_CAPACITY")


@device
def hand_over(launch: LaunchPointer, warp: WarpMemory, frame: u32) -> None:
    """Give a frame that is in no list to this warp. Lanes take places of the ring by an atomic; those that find it full
    append to a chain by swapping its end. The chain is only read by converged code, when every link is written."""
    words = frame_at(launch, frame)
    words[OBJECT] = 0
    ticket = fetch_add(warp + WOKEN_COUNT, 1)
    if ticket < option("WOKEN_ROOM"):
        woken_ring(warp)[(warp[WOKEN_FIRST] + ticket) & (option("WOKEN_ROOM") - 1)] = frame
    else:
        words[NEXT] = 0
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
