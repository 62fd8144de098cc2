"""The ready deques of a warp: device Python.

One ring of frame ids for each state, in warp memory (words: see `layout`). All operations are warp-collective and there
are no locks: only this warp reads or writes them, and `warp_sync` orders its lanes. A deque that is nearly full
spills its oldest group as a chunk into the warp's own ring of chunks in global memory. (Thieves will take chunks
from there; it is the seam for work stealing.)
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    ballot,
    device,
    lane_id,
    match_any,
    option,
    popcount,
    reduce_add,
    reduce_max,
    states,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.runtime.layout import (
    CHUNK_IDS,
    CHUNKS_PER_WARP,
    QUEUES,
    WORDS_PER_STATE,
    LaunchPointer,
    WarpMemory,
)


@device
def bottoms(warp: WarpMemory) -> WarpMemory:
    return warp + (QUEUES + states())


@device
def resumes(warp: WarpMemory) -> WarpMemory:
    return warp + (QUEUES + 2 * states())


@device
def deque(warp: WarpMemory, state: u32) -> WarpMemory:
    return warp + (QUEUES + WORDS_PER_STATE * states() + state * option("CAPACITY"))


@device
def prepare_queues(warp: WarpMemory) -> None:
    """Empty deques and zero counters."""
    position = lane_id()
    while position < WORDS_PER_STATE * states():
        warp[QUEUES + position] = 0
        position += warp_size()


@device
def fullest(warp: WarpMemory) -> u32:
    """`count << 16 | state` of the state with most tasks ready (the highest of equals); 0 where nothing is ready."""
    best: u32 = 0
    first: u32 = 0
    while first < states():
        state = first + lane_id()
        if state < states():
            best = max(best, warp[QUEUES + state] << 16 | state)
        first += warp_size()
    return reduce_max(best)


@device
def total_ready(warp: WarpMemory) -> u32:
    """Tasks in all deques. Warp-collective."""
    total: u32 = 0
    first: u32 = 0
    while first < states():
        if first + lane_id() < states():
            total += warp[QUEUES + first + lane_id()]
        first += warp_size()
    return reduce_add(total)


@device
def push(warp: WarpMemory, state: u32, frame: u32, pushing: bool, lanes_below: u32) -> None:
    """Each lane that is `pushing` appends its frame to the deque of its state.

    Lanes of one state find each other (`match_any`) and take consecutive places; the first of them moves the count. The
    caller has seen to room for a whole warp in every deque."""
    mask = ballot(pushing)
    if mask != 0:
        peers: u32 = 0
        if pushing:
            peers = match_any(mask, state)
            place = bottoms(warp)[state] + warp[QUEUES + state] + popcount(peers & lanes_below)
            deque(warp, state)[place & (option("CAPACITY") - 1)] = frame
        warp_sync()
        if pushing and peers & lanes_below == 0:
            warp[QUEUES + state] += popcount(peers)
        warp_sync()


@device
def pop(warp: WarpMemory, state: u32, count: u32, taken: u32, oldest: bool) -> u32:
    """Take `taken` of the `count` tasks of a state, the newest or the oldest, one a lane; lanes beyond get 0."""
    bottom = bottoms(warp)[state]
    first = bottom if oldest else bottom + count - taken
    frame: u32 = 0
    if lane_id() < taken:
        frame = deque(warp, state)[(first + lane_id()) & (option("CAPACITY") - 1)]
    warp_sync()
    if lane_id() == 0:
        warp[QUEUES + state] = count - taken
        if oldest:
            bottoms(warp)[state] = (bottom + taken) & (option("CAPACITY") - 1)
    warp_sync()
    return frame


@device
def push_oldest(warp: WarpMemory, state: u32, taken: u32, frame: u32) -> None:
    """Put the first `taken` lanes' frames below all others of a state, as its oldest."""
    bottom = bottoms(warp)[state] - taken
    count = warp[QUEUES + state]
    if lane_id() < taken:
        deque(warp, state)[(bottom + lane_id()) & (option("CAPACITY") - 1)] = frame
    warp_sync()
    if lane_id() == 0 and taken != 0:
        warp[QUEUES + state] = count + taken
        bottoms(warp)[state] = bottom & (option("CAPACITY") - 1)
    warp_sync()


@device
def chunk(launch: LaunchPointer, me: u32, position: u32) -> WarpMemory:
    index = u64(me) * CHUNKS_PER_WARP + (position & (CHUNKS_PER_WARP - 1))
    return launch.chunks + index * option("CHUNK_WORDS")


@device
def spill(launch: LaunchPointer, warp: WarpMemory, me: u32, position: u32, best: u32) -> None:
    """Move the oldest group of the fullest state (`best` as `fullest` gives it) to a chunk."""
    state = best & 0xFFFF
    frame = pop(warp, state, best >> 16, warp_size(), True)
    words = chunk(launch, me, position)
    if lane_id() == 0:
        words[0] = state
        words[1] = warp_size()
    words[CHUNK_IDS + lane_id()] = frame
    warp_sync()


@device
def read_chunk(launch: LaunchPointer, me: u32, position: u32) -> tuple[u32, u32, u32]:
    """A chunk's state, its number of tasks, and one task for each lane."""
    words = chunk(launch, me, position)
    taken = words[1]
    frame: u32 = 0
    if lane_id() < taken:
        frame = words[CHUNK_IDS + lane_id()]
    state = words[0]
    warp_sync()
    return state, taken, frame
