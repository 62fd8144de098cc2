"""How an error gets from a frame to its parent's: device Python.

Generated code unwinds as far as a frame goes. A coroutine with a frame of its own that fails leaves with FAILED, and
its error in `failures`; then this is what happens, lane by lane, until each has an ordinary action again:

    FAILED, frame                 free the frame; its parent is to land
      ... one of several          count it off; the parent keeps the first error, and lands when the last child is done
    UNWIND - state, parent        the last child was fine, but another had failed: land
    land                          `unwind(state, parent, error)`: the parent's landing, which may fail in turn

In a program that handles no error the first one ends the run, so nobody waits for siblings, and no frame is freed: the
landings only add their places to the traceback, up to the root.

Room: a lane whose function failed has begun no child and is in no queue, so its landing finds the frames and the places
in deques that were kept for it.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    ballot,
    cold,
    device,
    fence,
    fetch_or,
    fetch_sub,
    frame_size,
    option,
    popcount,
    unwind,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import i32, u32, u64
from coro2cuda.lowering.abi import (
    CHILD_FAILED,
    COMPLETED,
    FAILED,
    FRAME_PARENT,
    FRAME_PENDING,
    FRAME_RETURN,
    FRAME_SEEN,
    JOIN,
    PARKED,
    STATE_MASK,
    STOPPED,
    UNWIND,
)
from coro2cuda.runtime.exceptions import forget_error, has_record
from coro2cuda.runtime.frames import give_frame
from coro2cuda.runtime.layout import CHAIN_LENGTH, FREE_COUNT, GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.ready_queue import push
from coro2cuda.runtime.shared_frames import return_frames


@device
def header_of(launch: LaunchPointer, frame: u32) -> GlobalWords:
    return launch.frames + u64(frame) * (frame_size() // 4)


@device
def settle(launch: LaunchPointer, parent: u32, child: u32) -> bool:
    """Count a child that failed off; whether it was the last. The parent keeps the first error of its children: who
    finds CHILD_FAILED clear writes it, and the fences of a join order that before what the last child reads."""
    pending = header_of(launch, parent) + FRAME_PENDING // 4
    if fetch_or(pending, CHILD_FAILED) & CHILD_FAILED == 0:
        pass_on(launch, parent, child)
    else:
        forget_error(launch, launch.failures[child])
    fence()
    last = fetch_sub(pending, 1) == CHILD_FAILED + 1
    fence()
    return last


@device
def pass_on(launch: LaunchPointer, parent: u32, child: u32) -> None:
    """A child's error becomes its parent's, with it the requests to cancel that the child has answered."""
    launch.failures[parent] = launch.failures[child]
    if option("CANCELS") != 0:
        header_of(launch, parent)[FRAME_SEEN // 4] = header_of(launch, child)[FRAME_SEEN // 4]


@device
def reclaim(launch: LaunchPointer, warp: WarpMemory, frame: u32, given: bool, lanes_below: u32) -> None:
    if option("RECURSIVE") == 2 and warp[FREE_COUNT] + warp_size() > option("FREE_CAPACITY"):
        return_frames(launch, warp, CHAIN_LENGTH)
    give_frame(launch, warp, frame, given, lanes_below)


@cold
def unwind_lanes(
    launch: LaunchPointer, warp: WarpMemory, state: i32, target: u32, released: u32, frame: u32, active: bool,
    lanes_below: u32,
) -> tuple[i32, u32, u32, u32]:  # fmt: skip
    """The action of each lane once nobody fails any more, and the frame it ran on last. Warp-collective."""
    while ballot(active and state <= FAILED) != 0:
        lands = active and state <= UNWIND
        fails = active and state == FAILED
        landing = UNWIND - state
        parent = target
        child = target
        if fails:
            header = header_of(launch, child)
            parent = header[FRAME_PARENT // 4]
            back = header[FRAME_RETURN // 4]
            landing = i32(back & STATE_MASK)
            lands = True
            state = PARKED
            if not has_record(launch, launch.failures[child]):
                lands = False
                state = STOPPED
            elif option("CATCHES") != 0 and back & JOIN != 0:
                lands = settle(launch, parent, child)
            else:
                pass_on(launch, parent, child)
        warp_sync()
        if option("CATCHES") != 0:
            reclaim(launch, warp, child, fails, lanes_below)
        if lands:
            frame = parent
            state, target, released = unwind(launch, warp, landing, parent, launch.failures[parent])
        elif fails:
            released = 0
        warp_sync()
        if option("CATCHES") != 0:
            # A landing that handled its error may be done, as the last child of one that lands next.
            reclaim(launch, warp, frame, lands and released != 0 and state <= UNWIND, lanes_below)
    return state, target, released, frame


@device
def resume_handlers(
    launch: LaunchPointer, warp: WarpMemory, state: i32, target: u32, released: u32, frame: u32, active: bool,
    lanes_below: u32,
) -> tuple[i32, u32]:  # fmt: skip
    """Unwind the lanes that failed and deal with what they do then; the states of all lanes, and how many root tasks
    were completed. Warp-collective."""
    failed = active and state <= FAILED
    state, target, released, frame = unwind_lanes(launch, warp, state, target, released, frame, failed, lanes_below)
    push(warp, u32(state), target, failed and state >= 0, lanes_below)
    reclaim(launch, warp, frame, failed and released != 0, lanes_below)
    return state, popcount(ballot(failed and released != 0 and state == COMPLETED))
