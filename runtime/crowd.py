"""Waking very many waiters of an event: device Python.

The first waiters of an event are in its list; those that come when the list is long, and not cancelled by anybody, form
a *crowd*: an array of frames that grows by segments, which nobody has to walk.

    event_wait                    event_set                      every warp, now and then and before it is idle
    place = event's crowd += 1    takes the crowd from the       slice = ticket += lanes ─▶ its frames are ready here
    frame ─▶ its place            event; all places written?     the last to be done frees the crowd
    written += 1                  it is woken (Control.crowd)

Who joins takes no lock: it draws from one word that has the crowd's handle and the number of places drawn, so the place
is good, or there was no crowd. Who draws a segment's first place makes the segment. Whoever sets the event takes that
word, waits for the places drawn to be written, and has the crowd to itself.

A crowd is a block of the heap: word 0 counts the places written, the others are the handles of its segments, each twice
as long as the one before; NO_SEGMENT where the heap was full, whose waiters are in the event's list instead. One crowd
is woken at a time; if another is, `event_set` wakes its own frame by frame.

The ticket is a u64: how many places there are << 32 | how many have been taken. So whoever draws from it learns with
the same step whether there is anything, of which crowd it is, and that this crowd stays until he is done: a crowd
is only freed when all its frames have been woken. A ticket of no crowd has 0 places.

Memory order: the crowd is published in the event's word by a release, and who draws fences; the place is written,
then a fence, then counted, and who sets the event acquires the count. It publishes the ticket with a release; who
draws from it fences. A warp is busy before it draws.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    ballot,
    compare_and_swap,
    count_leading_zeros,
    device,
    exchange,
    fence,
    fetch_add,
    lane_id,
    load_acquire,
    load_relaxed,
    nanosleep,
    shuffle,
    store_relaxed,
    store_release,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import EVENT_CROWD, HEAP_GRANULE
from coro2cuda.runtime.census import BUSY, stand
from coro2cuda.runtime.frame_words import OBJECT, PLACE, WAKE, frame_at
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.layout import GlobalLongs, GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.ready_queue import push
from coro2cuda.runtime.spin_lock import FIRST_NAP
from coro2cuda.runtime.waiting import hand_over, note

FIRST_SEGMENT = 64  # frames
MOST_SEGMENTS = 24
WRITTEN = 0
SEGMENTS = 1  # the word of a crowd where the handles of its segments begin
NO_SEGMENT = 0xFFFFFFFF
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
def waiter_in(launch: LaunchPointer, crowd: u32, index: u32) -> u32:
    """1 + the frame in a place, 0 where there is no segment."""
    segment = segment_of(index)
    handle = object_at(launch, crowd)[SEGMENTS + segment]
    if handle == NO_SEGMENT:
        return 0
    return (object_at(launch, handle) + place_in(index, segment))[0] + 1


# --- a crowd gathers -------------------------------------------------------------------------------------------------


@device
def crowd_word(launch: LaunchPointer, event: u32) -> GlobalLongs:
    return launch.heap_longs + (u64(event) * (HEAP_GRANULE // 8) + EVENT_CROWD // 2)


@device
def clear_crowd(launch: LaunchPointer, event: u32) -> None:
    store_relaxed(crowd_word(launch, event), u64(0))


@device
def make_crowd(launch: LaunchPointer, event: u32) -> None:
    """An empty one, unless there is one already or the heap is full. Under the event's lock."""
    if load_relaxed(crowd_word(launch, event)) >> 32 == 0:
        crowd = allocate(launch, CROWD_GRANULES)
        if crowd != 0:
            words = object_at(launch, crowd)
            words[WRITTEN] = 0
            segment: u32 = 0
            while segment < MOST_SEGMENTS:
                words[SEGMENTS + segment] = 0
                segment += 1
            store_release(crowd_word(launch, event), u64(crowd) << 32)


@device
def joins_crowd(launch: LaunchPointer, event: u32, frame: u32, state: u32, place: u32) -> bool:
    """Whether the frame is in the event's crowd now, and so nobody's: there is a crowd, and room in it."""
    word = crowd_word(launch, event)
    if load_relaxed(word) >> 32 == 0:
        return False
    drawn = fetch_add(word, u64(1))
    fence()
    crowd = u32(drawn >> 32)
    if crowd == 0:
        return False
    words = object_at(launch, crowd)
    index = u32(drawn & 0xFFFFFFFF)
    segment = segment_of(index)
    handle = see_to_segment(launch, words + SEGMENTS + segment, segment, place_in(index, segment) == 0)
    if handle != NO_SEGMENT:
        note(launch, event, frame, state, place)
        (object_at(launch, handle) + place_in(index, segment))[0] = frame
    fence()
    fetch_add(words + WRITTEN, 1)
    return handle != NO_SEGMENT


@device
def see_to_segment(launch: LaunchPointer, word: GlobalWords, segment: u32, is_first: bool) -> u32:
    """The segment's handle or NO_SEGMENT, when whoever drew its first place has made it."""
    if is_first:
        made = allocate(launch, segment_granules(segment))
        store_release(word, u32(NO_SEGMENT) if made == 0 else made)
    handle = load_acquire(word)
    while handle == 0:
        nanosleep(u32(FIRST_NAP))
        handle = load_acquire(word)
    return handle


@device
def dismiss_crowd(launch: LaunchPointer, event: u32) -> u64:
    """Take the crowd from an event that is set: its handle, or 0 << 32 | the places drawn. Under the event's lock."""
    drawn = exchange(crowd_word(launch, event), u64(0))
    fence()
    return drawn


# --- and is woken ----------------------------------------------------------------------------------------------------


@device
def wake_crowd(launch: LaunchPointer, warp: WarpMemory, crowd: u32, count: u32) -> None:
    """A crowd that no event has any more: all warps wake it, or, if they are busy with another, this lane."""
    control = launch.control
    words = object_at(launch, crowd)
    while load_acquire(words + WRITTEN) != count:
        nanosleep(u32(FIRST_NAP))
    if compare_and_swap(address(control.crowd_taken), 0, 1) == 0:
        fence()
        store_relaxed(address(control.crowd_at), crowd)
        store_relaxed(address(control.crowd_woken), 0)
        store_release(address(control.crowd), u64(count) << 32)
    else:
        index: u32 = 0
        while index < count:
            waiter = waiter_in(launch, crowd, index)
            if waiter != 0:
                hand_over(launch, warp, waiter - 1, 0)
            index += 1
        free_crowd(launch, crowd)


@device
def free_crowd(launch: LaunchPointer, crowd: u32) -> None:
    words = object_at(launch, crowd)
    segment: u32 = 0
    while segment < MOST_SEGMENTS:
        handle = words[SEGMENTS + segment]
        if handle != 0 and handle != NO_SEGMENT:
            give_back(launch, handle, segment_granules(segment))
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
    waiter: u32 = 0
    if lane_id() < taken:
        waiter = waiter_in(launch, crowd, first + lane_id())
    active = waiter != 0
    frame = waiter - 1
    state: u32 = 0
    if active:
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
