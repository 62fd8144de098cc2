"""The executor for programs whose tasks begin tasks: device Python. `executor` is the one for those that do not.

What a warp does next: its highest full group (continuations come after entries in the numbering of states, so what was
begun goes on first); else new root tasks; else its newest own chunk; else, with few tasks left, a stolen one; else a
partial group; else it is idle. When all warps that have begun are idle nothing can run: the program is done.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    ballot,
    device,
    fetch_add,
    fetch_sub,
    lane_id,
    option,
    popcount,
    resume,
    shared_memory,
    start,
    warp_id,
    warp_in_block,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import i32, i64, u32, u64
from coro2cuda.lowering.abi import COMPLETED, FAILED, STAT_IDLE_LOOPS, STAT_PROBES, STAT_STEALS, STOPPED
from coro2cuda.runtime.executor import LOOK_TURN, claim_batch, count_in, flush_statistics, report, stopped
from coro2cuda.runtime.fork_join import (
    all_idle,
    most_urgent,
    pop_chunk,
    publish,
    rest,
    return_chain,
    see_top,
    steal,
    stock_up,
    total_ready,
)
from coro2cuda.runtime.frames import give_frame, prepare_frames, take_frame
from coro2cuda.runtime.layout import FREE_COUNT, LaunchPointer, WarpMemory
from coro2cuda.runtime.ready_queue import fullest, pop, prepare_queues, push, resumes

TOP_TURN = 16  # how often the own deque's top is read
LEHMER = 1664525  # Numerical Recipes' linear congruential generator
INCREMENT = 1013904223


@device
def run_forking_warp(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    control = launch.control
    lanes_below = (u32(1) << lane_id()) - 1
    roots = u32(launch.roots)
    limit = option("CAPACITY") - option("ROOM")
    next_root: u32 = 0
    end_root: u32 = 0
    more = True
    idle = False
    keeps = False
    turn: u32 = 0
    bottom: u32 = 0
    top: u32 = 0
    spins: u32 = 0
    completed: u32 = 0
    groups: u64 = 0
    lanes: u64 = 0
    started: u64 = 0
    stolen: u64 = 0
    probes: u64 = 0
    rests: u64 = 0
    state: u32 = 0
    frame: u32 = 0
    taken: u32 = 0
    random = me * 2654435761 + lane_id() * 40503 + 1
    if lane_id() == 0:
        fetch_add(address(control.busy), 1)
    prepare_queues(warp)
    prepare_frames(launch, warp, me)
    warp_sync()
    while True:
        turn += 1
        if turn % LOOK_TURN == 0:
            report(control, completed)
            completed = 0
            if stopped(control):
                break
        stock_up(launch, warp)
        starting = False
        if turn % TOP_TURN == 0:
            top = see_top(launch, me)
        best = fullest(warp)
        scarce = i32(bottom - top) <= 0 and total_ready(warp) >= 2 * warp_size()
        if best >> 16 > limit or (scarce and turn > 1):
            if bottom - top >= option("CHUNKS") - 2:
                top = see_top(launch, me)
            if bottom - top < option("CHUNKS") - 2:
                publish(launch, warp, me, bottom, best & 0xFFFF, best >> 16)
                bottom += 1
                if best >> 16 > limit:
                    continue
        crowded = best >> 16 > limit
        if crowded and keeps:
            push(warp, state, frame, True, lanes_below)
            keeps = False
            best = fullest(warp)
        if not keeps:
            state, count = most_urgent(warp)
            if crowded:
                # No chunk is free either: run what there is most of before anything begins more of it.
                state = best & 0xFFFF
                count = best >> 16
            taken = 0
            if count < warp_size():
                if more:
                    if next_root >= end_root:
                        next_root, end_root, more = claim_batch(control, roots)
                    starting = more and warp[FREE_COUNT] >= warp_size()
                if not starting and i32(bottom - top) > 0:
                    bottom, top, state, taken, frame = pop_chunk(launch, me, bottom)
                if not starting and taken == 0 and count < option("STEAL_BELOW"):
                    random = random * LEHMER + INCREMENT
                    probes += 1
                    found = False
                    state, taken, frame, found, idle = steal(launch, me, (random >> 8) % launch.warp_count, idle)
                    if taken != 0:
                        stolen += 1
                    elif found:
                        continue
            if starting:
                taken = min(end_root - next_root, warp_size())
            elif taken == 0 and count != 0:
                if not crowded:
                    state, count = most_urgent(warp)
                taken = min(count, warp_size())
                frame = pop(warp, state, count, taken, False)
            elif taken == 0:
                if more:
                    continue
                if not idle:
                    idle = True
                    if lane_id() == 0:
                        fetch_sub(address(control.busy), 1)
                    warp_sync()
                if all_idle(control) or stopped(control):
                    break
                rest(spins)
                spins += 1
                rests += 1
                continue
            spins = 0
        active = lane_id() < taken
        next_state: i32 = COMPLETED
        target: u32 = 0
        released: u32 = 0
        if starting:
            started += u64(taken)
            frame = take_frame(warp, active, lanes_below)
            if active:
                next_state, target, released = start(launch, warp, frame, i64(next_root + lane_id()))
            next_root += taken
        else:
            groups += 1
            lanes += u64(taken)
            if lane_id() == 0:
                resumes(warp)[state] += taken
            if active:
                next_state, target, released = resume(launch, warp, i32(state), frame)
        warp_sync()
        if ballot(active and released != 0) != 0:
            completed += popcount(ballot(active and next_state == COMPLETED))
            if warp[FREE_COUNT] + warp_size() > option("FREE_CAPACITY"):
                return_chain(launch, warp)
            give_frame(launch, warp, frame, active and released != 0, lanes_below)
        keeps = warp_size() == 1 and next_state >= 0
        if keeps:
            state = u32(next_state)
            frame = target
            continue
        push(warp, u32(next_state), target, active and next_state >= 0, lanes_below)
        if ballot(active and (next_state == FAILED or next_state == STOPPED)) != 0:
            break
    report(control, completed)
    flush_statistics(launch, warp, groups, lanes, started, u64(bottom), 0)
    count_in(launch, STAT_STEALS, stolen)
    count_in(launch, STAT_PROBES, probes)
    count_in(launch, STAT_IDLE_LOOPS, rests)


@device
def forking(launch: LaunchPointer) -> None:
    """The CUDA kernel."""
    run_forking_warp(launch, shared_memory() + warp_in_block() * option("WARP_WORDS"), warp_id())


@device
def forking_thread(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    """The CPU's entry: one call a thread."""
    run_forking_warp(launch, warp, me)
