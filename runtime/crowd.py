"""Waking very many waiters of an event: device Python.

The first waiters of an event are in its list; those that come when the list is long, and not cancelled by anybody, form
a *crowd*: an array of frames that grows by segments, which nobody has to walk.

    event_wait                    event_set                      every warp, now and then and before it is idle
    list long? frame ─▶ slot n    crowd ─▶ the one that is       slice = ticket += lanes ─▶ its frames are ready here
                                  being woken (Control.crowd)    the last to be done frees the crowd

A crowd is a block of the heap: word 0 counts its frames, the others are the handles of its segments, each twice as long
as the one before. One crowd is woken at a time; if another is, `event_set` wakes its own frame by frame.

The ticket is a u64: how many frames there are << 32 | how many have been taken. So whoever draws from it learns with
the same step whether there is anything, of which crowd it is, and that this crowd stays until he is done: a crowd
is only freed when all its frames have been woken. A ticket of no crowd has 0 frames.

Memory order: frames and slots are written before the event's lock is released; who sets the event has taken it, and
publishes the ticket with a release; who draws from it fences. A warp is busy before it draws.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    ballot,
    compare_and_swap,
    count_leading_zeros,
    device,
    fence,
    fetch_add,
    lane_id,
    load_relaxed,
    shuffle,
    store_relaxed,
    store_release,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import HEAP_GRANULE
from coro2cuda.runtime.census import BUSY, stand
from coro2cuda.runtime.frame_words import OBJECT, PLACE, WAKE, frame_at
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.ready_queue import push
from coro2cuda.runtime.waiting import hand_over

FIRST_SEGMENT = 64  # frames
MOST_SEGMENTS = 24
SEGMENTS = 1  # the word of a crowd where the handles of its segments begin
CROWD_GRANULES = (SEGMENTS + MOST_SEGMENTS) * 4 // HEAP_GRANULE + 1
WORDS_A_GRANULE = HEAP_GRANULE // 4


@device
def segment_of(index: u32) -> u32:
    return u32(31) - count_leading_zeros(index // FIRST_SEGMENT + 1)


@device
def place_in(index: u32, segment: u32) -> u32:
    return index - FIRST_SEGMENT * ((u32(1) << segment) - 1)


@device
def segment_granules(segment: u32) -> u32:
    return (FIRST_SEGMENT << segment) // WORDS_A_GRANULE


@device
def slot_of(launch: LaunchPointer, crowd: u32, index: u32) -> GlobalWords:
    segment = segment_of(index)
    return object_at(launch, object_at(launch, crowd)[SEGMENTS + segment]) + place_in(index, segment)


# --- a crowd gathers, under the event's lock -------------------------------------------------------------------------


@device
def make_crowd(launch: LaunchPointer) -> u32:
    """An empty one, or 0."""
    crowd = allocate(launch, CROWD_GRANULES)
    if crowd != 0:
        words = object_at(launch, crowd)
        words[0] = 0
        segment: u32 = 0
        while segment < MOST_SEGMENTS:
            words[SEGMENTS + segment] = 0
            segment += 1
    return crowd


@device
def join_crowd(launch: LaunchPointer, crowd: u32, frame: u32) -> bool:
    """Whether there was room for one more."""
    words = object_at(launch, crowd)
    index = words[0]
    segment = segment_of(index)
    if words[SEGMENTS + segment] == 0:
        words[SEGMENTS + segment] = allocate(launch, segment_granules(segment))
    if words[SEGMENTS + segment] == 0:
        return False
    slot_of(launch, crowd, index)[0] = frame
    words[0] = index + 1
    return True


# --- and is woken ----------------------------------------------------------------------------------------------------


@device
def wake_crowd(launch: LaunchPointer, warp: WarpMemory, crowd: u32) -> None:
    """A crowd that no event has any more: all warps wake it, or, if they are busy with another, this lane."""
    control = launch.control
    count = object_at(launch, crowd)[0]
    if compare_and_swap(address(control.crowd_taken), 0, 1) == 0:
        fence()
        store_relaxed(address(control.crowd_at), crowd)
        store_relaxed(address(control.crowd_woken), 0)
        store_release(address(control.crowd), u64(count) << 32)
    else:
        index: u32 = 0
        while index < count:
            hand_over(launch, warp, slot_of(launch, crowd, index)[0], 0)
            index += 1
        free_crowd(launch, crowd)


@device
def free_crowd(launch: LaunchPointer, crowd: u32) -> None:
    words = object_at(launch, crowd)
    segment: u32 = 0
    while segment < MOST_SEGMENTS:
        if words[SEGMENTS + segment] != 0:
            give_back(launch, words[SEGMENTS + segment], segment_granules(segment))
        segment += 1
    give_back(launch, crowd, u32(CROWD_GRANULES))


@device
def crowd_waits(launch: LaunchPointer) -> bool:
    """Whether there are frames of a crowd to be woken. Warp-collective."""
    ticket = load_relaxed(address(launch.control.crowd))
    return ballot(u32(ticket >> 32) > u32(ticket & 0xFFFFFFFF)) != 0


@device
def leave_crowd(launch: LaunchPointer, frame: u32) -> u32:
    """A frame has got what it waited for; the state to go on in."""
    words = frame_at(launch, frame)
    words[OBJECT] = 0
    words[PLACE] = 0
    return words[WAKE]


@device
def take_crowd(launch: LaunchPointer, warp: WarpMemory, lanes_below: u32) -> bool:
    """Wake a few frames of a crowd, one a lane; whether there were any. The caller has seen to room for a whole warp in
    every deque. Warp-collective."""
    if not crowd_waits(launch):
        return False
    stand(launch, warp, BUSY)
    control = launch.control
    first: u32 = 0
    count: u32 = 0
    if lane_id() == 0:
        ticket = fetch_add(address(control.crowd), u64(warp_size()))
        first = u32(ticket & 0xFFFFFFFF)
        count = u32(ticket >> 32)
    first = shuffle(first, 0)
    count = shuffle(count, 0)
    fence()
    warp_sync()  # what lane 0 has acquired all may read
    if first >= count:
        return False
    taken = min(count - first, warp_size())
    crowd = load_relaxed(address(control.crowd_at))
    active = lane_id() < taken
    frame: u32 = 0
    state: u32 = 0
    if active:
        frame = slot_of(launch, crowd, first + lane_id())[0]
        state = leave_crowd(launch, frame)
    warp_sync()
    push(warp, state, frame, active, lanes_below)
    if lane_id() == 0:
        fence()
        if fetch_add(address(control.crowd_woken), taken) + taken == count:
            fence()
            free_crowd(launch, crowd)
            store_relaxed(address(control.crowd), u64(0))
            store_release(address(control.crowd_taken), 0)
    warp_sync()
    return True
