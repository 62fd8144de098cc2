"""Ready tasks that fit nowhere else: device Python.

    deque of a state --full--> ring of chunks (`fork_join`) --full--> overflow stacks

An overflow chunk holds a whole group, one ready task a lane, and every task has a frame, so the chunks of a launch
(`layout.overflow_chunks`) cannot run out. A warp has two stacks of them: BEGINNERS, whose tasks may begin others, and
ENDERS, whose tasks need no frame to go on. Nobody steals from a stack; its chunks are linked both ways, for the oldest
has its fair turn. Chunks that are free again are shared by all warps, on a stack like that of `shared_frames`.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    children,
    compare_and_swap,
    device,
    fetch_add,
    lane_id,
    load_acquire,
    load_relaxed,
    option,
    shuffle,
    store_relaxed,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import ERROR_INTERNAL
from coro2cuda.runtime.census import stop
from coro2cuda.runtime.layout import (
    BEGINNERS,
    CHUNK_IDS,
    CHUNK_NEWER,
    CHUNK_NEXT,
    ENDERS,
    OLDEST,
    GlobalWords,
    LaunchPointer,
    WarpMemory,
)
from coro2cuda.runtime.ready_queue import pop


@device
def overflow_chunk(launch: LaunchPointer, index: u32) -> GlobalWords:
    """They lie after all rings."""
    position = u64(launch.warp_count) * option("CHUNKS") + index
    return launch.chunks + position * option("CHUNK_WORDS")


@device
def oldest_of(stack: u32) -> u32:
    """Which word of warp memory has the other end of a stack."""
    return OLDEST + (stack - BEGINNERS)


@device
def put_aside(launch: LaunchPointer, warp: WarpMemory, state: u32, count: u32) -> None:
    """Move the oldest group of a state from its deque of `count`, a whole group at least, to an overflow stack.
    Warp-collective."""
    frame = pop(warp, state, count, warp_size(), True)
    stack = u32(ENDERS if children(state) == 0 else BEGINNERS)
    index: u32 = 0
    if lane_id() == 0:
        index = free_chunk(launch)
    index = shuffle(index, 0)
    warp_sync()  # what lane 0 has acquired all may write over
    words = overflow_chunk(launch, index)
    words[CHUNK_IDS + lane_id()] = frame
    if lane_id() == 0:
        words[0] = state
        words[CHUNK_NEXT] = warp[stack]
        if warp[stack] == 0:
            warp[oldest_of(stack)] = index + 1
        else:
            overflow_chunk(launch, warp[stack] - 1)[CHUNK_NEWER] = index + 1
        warp[stack] = index + 1
    warp_sync()


@device
def bring_back(launch: LaunchPointer, warp: WarpMemory, stack: u32) -> tuple[u32, u32]:
    """Take the newest group of a stack that has any: its state, and a task for each lane. Warp-collective."""
    index = warp[stack] - 1
    words = overflow_chunk(launch, index)
    state, frame, older = words[0], words[CHUNK_IDS + lane_id()], words[CHUNK_NEXT]
    warp_sync()
    if lane_id() == 0:
        warp[stack] = older
        give_chunk(launch, index)
    warp_sync()
    return state, frame


@device
def bring_back_oldest(launch: LaunchPointer, warp: WarpMemory, stack: u32) -> tuple[u32, u32]:
    """The same of the oldest group."""
    index = warp[oldest_of(stack)] - 1
    words = overflow_chunk(launch, index)
    state, frame = words[0], words[CHUNK_IDS + lane_id()]
    warp_sync()
    if lane_id() == 0:
        if warp[stack] == index + 1:
            warp[stack] = 0
        else:
            newer = words[CHUNK_NEWER]
            warp[oldest_of(stack)] = newer
            overflow_chunk(launch, newer - 1)[CHUNK_NEXT] = 0
        give_chunk(launch, index)
    warp_sync()
    return state, frame


@device
def free_chunk(launch: LaunchPointer) -> u32:
    """One that was given back, else the next. One lane. See `shared_frames.take_chain` for why this is right."""
    place = address(launch.control.spare)
    head = load_acquire(place)
    while u32(head) != 0:
        index = u32(head) - 1
        following = load_relaxed(overflow_chunk(launch, index) + CHUNK_NEXT)
        changed = ((head >> u64(32)) + u64(1)) << u64(32) | u64(following)
        seen = compare_and_swap(place, head, changed)
        if seen == head:
            return index
        head = seen
    index = fetch_add(address(launch.control.overflow), 1)
    if index >= launch.frame_count // warp_size():
        stop(launch.control, ERROR_INTERNAL)
        return 0
    return index


@device
def give_chunk(launch: LaunchPointer, index: u32) -> None:
    place = address(launch.control.spare)
    head = load_relaxed(place)
    while True:
        store_relaxed(overflow_chunk(launch, index) + CHUNK_NEXT, u32(head))
        changed = ((head >> u64(32)) + u64(1)) << u64(32) | u64(index + 1)
        seen = compare_and_swap(place, head, changed)
        if seen == head:
            return
        head = seen
