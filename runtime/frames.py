"""The frames of a warp: device Python.

Frames are fixed-size records in one pool in global memory; an id is an index into it. Every warp owns a run of
`option("OWNED")` ids from the start, kept in its free list, a stack in warp memory with room for `FREE_CAPACITY`:

    warp[FREE_COUNT]      how many ids are on the stack
    free(warp)[0..]       the ids

Programs with recursive coroutines need more: `allocate_frame` and `refill` then take fresh ids from the pool's common
counter, and a full stack overflows into a chain through the free frames themselves (word 0 of a frame is the next id).
A frame never leaves the warp that runs it, so nothing here needs a fence: lanes of a warp see each other's writes after
`warp_sync`.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    ballot,
    device,
    fetch_add,
    fetch_sub,
    frame_size,
    lane_id,
    option,
    popcount,
    shuffle,
    states,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import i32, u32, u64
from coro2cuda.runtime.layout import (
    CHAIN_HEAD,
    ELSEWHERE,
    END_OF_CHAIN,
    FREE_COUNT,
    QUEUES,
    WORDS_PER_STATE,
    LaunchPointer,
    WarpMemory,
)


@device
def free_list(warp: WarpMemory) -> WarpMemory:
    return warp + (QUEUES + states() * (WORDS_PER_STATE + option("CAPACITY")))


@device
def prepare_frames(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    """Fill the free list with this warp's own run of ids."""
    free = free_list(warp)
    position = lane_id()
    while position < option("OWNED"):
        free[position] = me * option("OWNED") + position
        position += warp_size()
    if lane_id() == 0:
        warp[FREE_COUNT] = option("OWNED")
        warp[ELSEWHERE] = 0
        warp[CHAIN_HEAD] = END_OF_CHAIN


@device
def take_frame(warp: WarpMemory, wanted: bool, lanes_below: u32) -> u32:
    """A frame for each lane that wants one; the caller has seen that there are enough. Warp-collective."""
    if states() == 0:
        return 0  # nothing ever suspends: no frame is touched
    mask = ballot(wanted)
    count = warp[FREE_COUNT]
    frame: u32 = 0
    if wanted:
        frame = free_list(warp)[count - 1 - popcount(mask & lanes_below)]
    warp_sync()
    if lane_id() == 0:
        warp[FREE_COUNT] = count - popcount(mask)
    warp_sync()
    return frame


@device
def give_frame(launch: LaunchPointer, warp: WarpMemory, frame: u32, given: bool, lanes_below: u32) -> None:
    """Take back the frames of the lanes that give one. Warp-collective."""
    if states() == 0:
        return
    if option("RECURSIVE") == 1 and warp[FREE_COUNT] + warp_size() > option("FREE_CAPACITY"):
        overflow(launch, warp)
    mask = ballot(given)
    count = warp[FREE_COUNT]
    if given:
        free_list(warp)[count + popcount(mask & lanes_below)] = frame
    warp_sync()
    if lane_id() == 0:
        warp[FREE_COUNT] = count + popcount(mask)
    warp_sync()


@device
def overflow(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Move a warp's worth of ids from the stack to the chain, so that as many fit again. Warp-collective."""
    count = warp[FREE_COUNT] - warp_size()
    frame = free_list(warp)[count + lane_id()]
    following = shuffle(frame, (lane_id() + 1) % warp_size())
    if lane_id() == warp_size() - 1:
        following = warp[CHAIN_HEAD]
    launch.frames[u64(frame) * (frame_size() // 4)] = following
    warp_sync()
    if lane_id() == 0:
        warp[CHAIN_HEAD] = frame
        warp[FREE_COUNT] = count
        warp[ELSEWHERE] += warp_size()
    warp_sync()


@device
def refill(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Before a group runs in a program with recursion: see to two frames for each lane, if the pool has them: a new
    root task takes one and may call with another. From the chain first, then from the pool's counter. Warp-collective.
    """
    count = warp[FREE_COUNT]
    warp_sync()
    if count < 2 * warp_size():
        if lane_id() == 0:
            free = free_list(warp)
            head = warp[CHAIN_HEAD]
            while head != END_OF_CHAIN and count < 2 * warp_size():
                free[count] = head
                count += 1
                head = launch.frames[u64(head) * (frame_size() // 4)]
            warp[ELSEWHERE] -= count - warp[FREE_COUNT]
            warp[CHAIN_HEAD] = head
            if count < 2 * warp_size():
                count = from_pool(launch, free, count)
            warp[FREE_COUNT] = count
        warp_sync()


@device
def from_pool(launch: LaunchPointer, free: WarpMemory, count: u32) -> u32:
    """Put fresh ids on the stack, as many as a warp has lanes; the number on it afterwards. One lane."""
    own = launch.warp_count * option("OWNED")
    first = own + fetch_add(address(launch.control.frames), warp_size())
    given: u32 = 0
    while given < warp_size() and first + given < launch.frame_count and first + given >= first:
        free[count + given] = first + given
        given += 1
    if given < warp_size():
        fetch_sub(address(launch.control.frames), warp_size() - given)
    return count + given


@device
def allocate_frame(launch: LaunchPointer, warp: WarpMemory) -> u32:
    """A frame for one lane of a diverged warp, or 0xFFFFFFFF. Called by generated code.

    Lanes race for the stack by decrementing its count; the count never exceeds the number of ids still there, and ids
    are only put back by converged code, so two lanes never get the same id."""
    count = i32(fetch_sub(warp + FREE_COUNT, 1))
    if count > 0:
        return free_list(warp)[u32(count) - 1]
    fetch_add(warp + FREE_COUNT, 1)
    return 0xFFFFFFFF
