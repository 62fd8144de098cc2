"""The executor: device Python, compiled with each program for CUDA and for the CPU.

One warp is one executor; on the CPU a warp has one lane and is an OS thread. A task, from birth to end:

             1 claim            2 take, start                     3 push
    (root) ---------> claimed ---------------> running ------------------------> ready
                                                 |  ^   4 take, resume              |
                                                 |  '-------------------------------'
                                                 |                            5 spill |  ^ 6 fill
                                        7 give   |                                  v  |
    (done) <-------------------------------------'                                 chunk

1 `claim`: a batch of root indices from the injector, one atomic for the batch.  2 `take_frame`, then the program's
`start`.  3 `push` onto the ready deque of the state it suspended in.  4 a group of one state: `pop_newest`, `resume`.
5 a deque that could not take another group spills its oldest as a chunk.  6 and gets it back when no state is full.
7 `give_frame`.

What runs next: the state with most tasks, if it has a full group; else a chunk; else new roots; else the fullest
partial group; nothing left: the warp is done. Every FAIR_TURN-th turn takes the oldest of the states in rotation
instead, and every START_TURN-th lets new roots in, so that a task that waits for others by `reschedule` cannot shut
them out.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    ballot,
    device,
    fetch_add,
    lane_id,
    load_relaxed,
    option,
    popcount,
    reduce_add,
    resume,
    shared_memory,
    shuffle,
    start,
    states,
    warp_hint,
    warp_id,
    warp_in_block,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import i32, i64, u32, u64
from coro2cuda.lowering.abi import (
    COMPLETED,
    FAILED,
    STAT_CHECKED,
    STAT_CHUNK_POPS,
    STAT_FREE_FRAMES,
    STAT_GROUPS,
    STAT_LANES,
    STAT_ROWS,
    STAT_SPILLS,
    STAT_STARTS,
    STAT_STATES,
    STOPPED,
)
from coro2cuda.runtime.frames import give_frame, prepare_frames, refill, take_frame
from coro2cuda.runtime.layout import (
    CHUNKS_PER_WARP,
    ELSEWHERE,
    FREE_COUNT,
    QUEUES,
    ControlPointer,
    LaunchPointer,
    WarpMemory,
)
from coro2cuda.runtime.ready_queue import (
    fullest,
    pop,
    prepare_queues,
    push,
    read_chunk,
    resumes,
    spill,
)
from coro2cuda.runtime.shuffle import any_ready, draw, prepare_luck
from coro2cuda.runtime.unwinding import resume_handlers, unwind_lanes

FAIR_TURN = 32
LOOK_TURN = 64  # how often the stop flag is read and progress reported
START_TURN = 256
KEEP_TURN = 256
FLUSH_TURN = 1 << 20  # how often counts of 32 bits go to the statistics, before they can wrap
MOST_WAITING_CHUNKS = CHUNKS_PER_WARP // 2


@device
def claim(control: ControlPointer) -> u32:
    """The number of a batch of root tasks that nobody else gets. Warp-collective."""
    batch: u32 = 0
    if lane_id() == 0:
        batch = fetch_add(address(control.injector), 1)
    return shuffle(batch, 0)


@device
def stopped(control: ControlPointer) -> bool:
    return ballot(load_relaxed(address(control.stop)) != 0) != 0


@device
def report(control: ControlPointer, completed: u32) -> None:
    """Add to the number of completed root tasks, for the progress bar."""
    if lane_id() == 0 and completed != 0:
        fetch_add(address(control.done), u64(completed))


@device
def count_in(launch: LaunchPointer, index: u32, value: u64) -> None:
    if lane_id() == 0 and value != 0:
        fetch_add(launch.statistics + ((warp_hint() & (STAT_ROWS - 1)) * STAT_STATES + index), value)


@device
def flush_statistics(
    launch: LaunchPointer, warp: WarpMemory, groups: u64, started: u64, spilled: u64, filled: u64
) -> None:
    count_in(launch, STAT_GROUPS, groups)
    count_in(launch, STAT_STARTS, started)
    count_in(launch, STAT_SPILLS, spilled)
    count_in(launch, STAT_CHUNK_POPS, filled)
    if option("CHECKS") != 0:
        count_in(launch, STAT_CHECKED, 1)
        count_in(launch, STAT_FREE_FRAMES, u64(i64(i32(warp[FREE_COUNT] + warp[ELSEWHERE]))))
    flush_resumes(launch, warp)


@device
def flush_resumes(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Add the lanes resumed in each state to the statistics, every FLUSH_TURN turns at least. Warp-collective."""
    lanes: u32 = 0
    state = lane_id()
    while state < states():
        count = resumes(warp)[state]
        if count != 0:
            fetch_add(launch.statistics + (STAT_ROWS * STAT_STATES + state), u64(count))
            resumes(warp)[state] = 0
            lanes += count
        state += warp_size()
    count_in(launch, STAT_LANES, u64(reduce_add(lanes)))


@device
def claim_batch(launch: LaunchPointer) -> tuple[u32, u32, bool]:
    """The first root task of a batch, the end of the batch, and whether there was one left. Warp-collective."""
    batch = claim(launch.control)
    size = batch_size(launch)
    return batch * size, min((batch + 1) * size, u32(launch.roots)), batch < batches(launch)


@device
def batch_size(launch: LaunchPointer) -> u32:
    """Root tasks that a warp claims at once: as many as it has lanes; of few its share. A task that waits for memory is
    no faster in company, and four schedulers of a multiprocessor without a warp do nothing."""
    warps = launch.warp_count
    share = (u32(launch.roots) + warps - 1) // warps
    return max(u32(1), min(share, u32(option("BATCH"))))


@device
def batches(launch: LaunchPointer) -> u32:
    size = batch_size(launch)
    return (u32(launch.roots) + size - 1) // size


@device
def choose_ready(warp: WarpMemory, best: u32, turn: u32) -> tuple[u32, u32, bool]:
    """The state to run, its number of tasks, and whether to take its oldest: the fullest state, or on a fair turn the
    next in rotation that has any."""
    if turn % FAIR_TURN == 0:
        state = (turn // FAIR_TURN) % max(states(), u32(1))
        count = warp[QUEUES + state]
        if count != 0:
            return state, count, True
    return best & 0xFFFF, best >> 16, False


@device
def run_warp(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    """Run root tasks until there are none left, regrouping tasks by state at every suspension.

    A warp of one lane has nobody to regroup with: it `keeps` the task it has just run for up to KEEP_TURN turns."""
    control = launch.control
    lanes_below = (u32(1) << lane_id()) - 1
    next_root: u32 = 0
    end_root: u32 = 0
    more = True
    turn: u32 = 0
    chunk_head: u32 = 0
    chunk_tail: u32 = 0
    completed: u32 = 0
    groups: u64 = 0
    started: u64 = 0
    state: u32 = 0
    frame: u32 = 0
    taken: u32 = 0
    keeps = False
    starting = False
    prepare_queues(warp)
    prepare_frames(launch, warp, me)
    prepare_luck(warp, me)
    warp_sync()
    while True:
        turn += 1
        if turn % LOOK_TURN == 0:
            report(control, completed)
            completed = 0
            if turn % FLUSH_TURN == 0:
                flush_resumes(launch, warp)
            if stopped(control):
                break
        if option("RECURSIVE") != 0:
            refill(launch, warp)
        if not keeps:
            best = fullest(warp)
            state, count, oldest = choose_ready(warp, best, turn)
            luck: u32 = 0
            if option("SHUFFLE") != 0:
                luck = draw(warp)
                state, count = any_ready(warp, luck)
                oldest = luck >> 8 & 1 != 0
            if best >> 16 > option("CAPACITY") - warp_size():
                spill(launch, warp, me, chunk_tail, best)
                chunk_tail += 1
                continue
            starting = False
            scarce = (count < warp_size() and not oldest) or luck >> 9 & 1 != 0
            if scarce and chunk_head != chunk_tail:
                state, taken, frame = read_chunk(launch, me, chunk_head)
                chunk_head += 1
            else:
                if more and (scarce or turn % START_TURN == 0):
                    if next_root >= end_root:
                        next_root, end_root, more = claim_batch(launch)
                    waiting = chunk_tail - chunk_head
                    enough = warp[FREE_COUNT] >= (1 + option("RECURSIVE")) * warp_size()
                    starting = more and enough and waiting < MOST_WAITING_CHUNKS
                if starting:
                    taken = min(end_root - next_root, warp_size())
                elif count != 0:
                    taken = min(count, warp_size())
                    frame = pop(warp, state, count, taken, oldest)
                elif more:
                    continue
                else:
                    break
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
            starting = False
        else:
            groups += 1
            if lane_id() == 0:
                resumes(warp)[state] += taken
            if active:
                next_state, target, released = resume(launch, warp, i32(state), frame)
        warp_sync()
        keeps = warp_size() == 1 and next_state >= 0 and released == 0 and turn % KEEP_TURN != 0
        if option("SHUFFLE") != 0:
            keeps = keeps and draw(warp) >> 10 & 3 == 0
        if keeps:
            state = u32(next_state)
            frame = target
            continue
        push(warp, u32(next_state), target, active and next_state >= 0, lanes_below)
        if ballot(active and released != 0) != 0:
            completed += popcount(ballot(active and next_state == COMPLETED))
            give_frame(launch, warp, frame, active and released != 0, lanes_below)
        if ballot(active and next_state <= STOPPED) != 0:
            if option("FAILS") == 0:
                break
            next_state, more_done = resume_handlers(
                launch, warp, next_state, target, released, frame, active, lanes_below
            )
            completed += more_done
            if ballot(active and next_state == STOPPED) != 0:
                break
    report(control, completed)
    flush_statistics(launch, warp, groups, started, u64(chunk_tail), u64(chunk_head))


@device
def run_ungrouped_warp(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    """Run root tasks one a lane, each to its end, with no regrouping: what a plain kernel does with a coroutine."""
    control = launch.control
    lanes_below = (u32(1) << lane_id()) - 1
    roots = u32(launch.roots)
    size = batch_size(launch)
    completed: u32 = 0
    groups: u64 = 0
    lanes: u64 = 0
    started: u64 = 0
    running = True
    prepare_queues(warp)
    prepare_frames(launch, warp, me)
    warp_sync()
    while running:
        batch = claim(control)
        if batch >= batches(launch) or stopped(control):
            break
        root = batch * size + lane_id()
        end = min((batch + 1) * size, roots)
        while ballot(root < end) != 0 and running:
            active = root < end
            own = take_frame(warp, active, lanes_below)
            frame = own
            state: i32 = COMPLETED
            target: u32 = 0
            released: u32 = 0
            started += u64(popcount(ballot(active)))
            if active:
                state, target, released = start(launch, warp, frame, i64(root))
            warp_sync()
            while ballot(active and state >= 0) != 0:
                give_frame(launch, warp, frame, active and released != 0, lanes_below)
                if option("RECURSIVE") != 0:
                    refill(launch, warp)
                active = active and state >= 0
                groups += 1
                if groups % LOOK_TURN == 0 and stopped(control):
                    state = STOPPED
                    break
                lanes += u64(popcount(ballot(active)))
                if active:
                    frame = target
                    state, target, released = resume(launch, warp, state, frame)
                warp_sync()
                if option("FAILS") != 0 and ballot(active and state <= FAILED) != 0:
                    failed = active and state <= FAILED
                    state, target, released, frame = unwind_lanes(
                        launch, warp, state, target, released, frame, failed, lanes_below
                    )
            give_frame(launch, warp, frame, active and released != 0, lanes_below)
            running = ballot(root < end and state != COMPLETED) == 0
            completed += popcount(ballot(root < end))
            root += warp_size()
        report(control, completed)
        completed = 0
    count_in(launch, STAT_LANES, lanes)
    flush_statistics(launch, warp, groups, started, 0, 0)


@device
def own_memory(launch: LaunchPointer) -> WarpMemory:
    """A CUDA warp's part of its block's shared memory, or of global memory where it needs more than there is. All
    synchronisation in it is by `warp_sync` and atomics, which hold in either."""
    if option("SHARED") != 0:
        return shared_memory() + warp_in_block() * option("WARP_WORDS")
    return launch.warp_memory + u64(warp_id()) * option("WARP_WORDS")


@device
def grouped(launch: LaunchPointer) -> None:
    """The CUDA kernel: any number of warps a block."""
    run_warp(launch, own_memory(launch), warp_id())


@device
def ungrouped(launch: LaunchPointer) -> None:
    run_ungrouped_warp(launch, own_memory(launch), warp_id())


@device
def grouped_thread(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    """The CPU's entry: one call a thread."""
    run_warp(launch, warp, me)


@device
def ungrouped_thread(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    run_ungrouped_warp(launch, warp, me)
