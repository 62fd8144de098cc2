"""Which tasks are alive where a full frame pool ends a run: device Python.

Nothing runs any more: all warps have starved or are idle. Each counts, by state, the ready tasks it has, and climbs
from each to the tasks that wait for it. A task with several children is counted by the first that comes: who comes puts
COUNTED where the task counts its children.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    device,
    exchange,
    fetch_add,
    lane_id,
    option,
    states,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import (
    FRAME_PARENT,
    FRAME_PENDING,
    FRAME_RETURN,
    JOIN,
    NO_FRAME,
    STAT_ROWS,
    STAT_STATES,
    STATE_MASK,
)
from coro2cuda.runtime.layout import BEGINNERS, CHUNK_IDS, CHUNK_NEXT, ENDERS, QUEUES, LaunchPointer, WarpMemory
from coro2cuda.runtime.overflow import overflow_chunk
from coro2cuda.runtime.ready_queue import bottoms, deque
from coro2cuda.runtime.shared_frames import words_of

COUNTED = 0xFFFFFFFF


@device
def count_alive(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Count the tasks of this warp and those that wait for them. Warp-collective."""
    warp_sync()
    state: u32 = 0
    while state < states():
        place = lane_id()
        while place < warp[QUEUES + state]:
            position = bottoms(warp)[state] + place
            climb(launch, state, deque(warp, state)[position & (option("CAPACITY") - 1)])
            place += warp_size()
        state += 1
    count_stack(launch, warp[ENDERS])
    count_stack(launch, warp[BEGINNERS])
    warp_sync()


@device
def count_stack(launch: LaunchPointer, newest: u32) -> None:
    while newest != 0:
        words = overflow_chunk(launch, newest - 1)
        climb(launch, words[0], words[CHUNK_IDS + lane_id()])
        newest = words[CHUNK_NEXT]


@device
def climb(launch: LaunchPointer, state: u32, frame: u32) -> None:
    """Count a task and all above it that are not counted yet. One lane."""
    alive = launch.statistics + (STAT_ROWS * STAT_STATES + states())
    fetch_add(alive + state, u64(1))
    parent = words_of(launch, frame)[FRAME_PARENT // 4]
    while parent != NO_FRAME:
        back = words_of(launch, frame)[FRAME_RETURN // 4]
        if back & JOIN != 0 and exchange(words_of(launch, parent) + FRAME_PENDING // 4, u32(COUNTED)) == COUNTED:
            return
        fetch_add(alive + (back & STATE_MASK), u64(1))
        frame = parent
        parent = words_of(launch, frame)[FRAME_PARENT // 4]
