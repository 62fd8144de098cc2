"""The executor for programs whose tasks begin tasks: device Python. `executor` is the one for those that do not.

    loop:  take in tasks that were woken or have slept enough           `waiting`, `timers`
           share work, make room in the deques, stock up on frames      `ready_queue`, `fork_join`, `shared_frames`
           choose a group                                               `choice`
           run it                                                       generated code
           push its tasks, take back the frames of those that ended
    no group: wait, for work or for frames, until the program is over   `census`
              or, if tasks of this warp sleep, until the first is due   `timers`

What a warp needs in every turn is in variables here, everything else in words of warp memory (`layout`).
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    ballot,
    clock,
    device,
    lane_id,
    load_relaxed,
    option,
    popcount,
    resume,
    start,
    warp_id,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import i32, i64, u32, u64
from coro2cuda.lowering.abi import (
    COMPLETED,
    ERROR_FRAME_POOL,
    ERROR_INTERNAL,
    FRAME_PARENT,
    FRAME_SCOPE,
    FRAME_SEEN,
    NO_FRAME,
    STAT_GROUPS,
    STAT_IDLE_LOOPS,
    STAT_IDLE_TICKS,
    STAT_PROBES,
    STAT_STEALS,
    STAT_TICKS,
    STOPPED,
)
from coro2cuda.runtime.alive import count_alive
from coro2cuda.runtime.census import (
    BUSY,
    IDLE,
    STARVED,
    number_of,
    over_already,
    stand,
    stop,
    wait_for_frames,
    wait_for_work,
)
from coro2cuda.runtime.choice import (
    AGAIN,
    FAIR_TURN,
    NOTHING,
    OUT_OF_FRAMES,
    RESUME,
    START,
    choose,
    choose_fairly,
    choose_frugally,
)
from coro2cuda.runtime.crowd import crowd_waits, take_crowd
from coro2cuda.runtime.executor import (
    FLUSH_TURN,
    KEEP_TURN,
    LOOK_TURN,
    count_in,
    flush_resumes,
    flush_statistics,
    own_memory,
    report,
    stopped,
)
from coro2cuda.runtime.fork_join import adopt_deque, chunks_left, publish, see_top
from coro2cuda.runtime.frames import give_frame, take_frame
from coro2cuda.runtime.layout import (
    BEGINNERS,
    BOTTOM,
    CHAIN_LENGTH,
    ELSEWHERE,
    END_ROOT,
    ENDERS,
    FREE_COUNT,
    HUNGER,
    ME,
    NEXT_ROOT,
    NO_MORE_ROOTS,
    OFFERING,
    PRESSED,
    PROBES,
    RESCUES,
    RESTS,
    STANDING,
    STEALS,
    LaunchPointer,
    WarpMemory,
)
from coro2cuda.runtime.overflow import put_aside
from coro2cuda.runtime.ready_queue import fullest, prepare_queues, push, resumes, total_ready
from coro2cuda.runtime.shared_frames import borrow, end_rescue, return_all, return_frames, stock_up, words_of
from coro2cuda.runtime.shuffle import draw, prepare_luck
from coro2cuda.runtime.timers import prepare_timers, rest_until_due, sleeping, wake_sleepers
from coro2cuda.runtime.unwinding import resume_handlers
from coro2cuda.runtime.waiting import drain_woken, prepare_woken

TIMER_TURN = 16  # how often the clock is read while there is something else to do
TOP_TURN = 16  # how often the own deque's top is read
PATIENT = 64  # looks at others that are starved, before a warp gives them all its frames
ABSTINENT = 16  # looks, afterwards


@device
def run_forking_warp(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    lanes_below = (u32(1) << lane_id()) - 1
    began = clock()
    waited: u64 = 0
    keeps = False
    crowded = False
    turn: u32 = 0
    spins: u32 = 0
    completed: u32 = 0
    groups: u32 = 0
    started: u64 = 0
    does: u32 = RESUME
    state: u32 = 0
    frame: u32 = 0
    taken: u32 = 1
    prepare(launch, warp, me)
    first_bottom = warp[BOTTOM]
    while True:
        turn += 1
        if turn % LOOK_TURN == 0:
            report(launch.control, completed)
            completed = 0
            lend(launch, warp)
            count_in(launch, STAT_GROUPS, u64(groups))
            groups = 0
            if turn % FLUSH_TURN == 0:
                flush_resumes(launch, warp)
            if stopped(launch.control):
                break
        if option("WAITS") != 0:
            if turn % TIMER_TURN == 0:
                wake_sleepers(launch, warp)
            if not crowded:
                looks = option("CANCELS") == 0 and (spins != 0 or turn % TIMER_TURN == 0)
                if not (looks and take_crowd(launch, warp, lanes_below)):
                    drain_woken(launch, warp, lanes_below)
        plenty = warp[STANDING] != STARVED
        if warp[STANDING] != BUSY:
            pass  # nobody would know of what it took
        elif warp[RESCUES] != 0:
            plenty = borrow(launch, warp)
        else:
            wanted = u32(0) if abstains(warp) else option("ROOM") + warp_size()
            plenty = stock_up(launch, warp, wanted) >= option("ROOM")
        crowded = make_room(launch, warp, me, turn, plenty)
        if crowded:
            continue
        if keeps and (not plenty or turn % FAIR_TURN == 0):
            push(warp, state, frame, True, lanes_below)
            keeps = False
        if not keeps:
            does = NOTHING
            if turn % FAIR_TURN == 0:
                does, state, taken, frame = choose_fairly(launch, warp, me, turn, plenty)
            if does == NOTHING:
                if plenty:
                    does, state, taken, frame = choose(launch, warp, me)
                else:
                    does, state, taken, frame = choose_frugally(launch, warp, me)
            if does == AGAIN:
                continue
            if does == NOTHING or does == OUT_OF_FRAMES:
                paused = clock()
                over = wait(launch, warp, does, spins)
                waited += clock() - paused
                spins += 1
                if over or stopped(launch.control):
                    break
                continue
            spins = 0
        active = lane_id() < taken
        next_state: i32 = COMPLETED
        target: u32 = 0
        released: u32 = 0
        if does == START:
            started += u64(taken)
            frame = take_frame(warp, active, lanes_below)
            root = warp[NEXT_ROOT]
            warp_sync()
            if active:
                begin_root(launch, frame)
                next_state, target, released = start(launch, warp, frame, i64(root + lane_id()))
            warp_sync()
            if lane_id() == 0:
                warp[NEXT_ROOT] = root + taken
        else:
            groups += 1
            if lane_id() == 0:
                resumes(warp)[state] += taken
            if active:
                next_state, target, released = resume(launch, warp, i32(state), frame)
        warp_sync()
        if ballot(active and released != 0) != 0:
            completed += popcount(ballot(active and next_state == COMPLETED))
            if warp[FREE_COUNT] + warp_size() > option("FREE_CAPACITY"):
                return_frames(launch, warp, CHAIN_LENGTH)
            give_frame(launch, warp, frame, active and released != 0, lanes_below)
        keeps = warp_size() == 1 and next_state >= 0 and (option("WAITS") == 0 or turn % KEEP_TURN != 0)
        if option("SHUFFLE") != 0:
            keeps = keeps and draw(warp) >> 10 & 3 == 0
        does = RESUME
        if keeps:
            state = u32(next_state)
            frame = target
            continue
        push(warp, u32(next_state), target, active and next_state >= 0, lanes_below)
        if ballot(active and next_state <= STOPPED) != 0:
            if option("FAILS") == 0:
                break
            next_state, more_done = resume_handlers(
                launch, warp, next_state, target, released, frame, active, lanes_below
            )
            completed += more_done
            if ballot(active and next_state == STOPPED) != 0:
                break
    if load_relaxed(address(launch.control.error)) == ERROR_FRAME_POOL:
        count_alive(launch, warp)
    report(launch.control, completed)
    flush_statistics(launch, warp, u64(groups), started, u64(warp[BOTTOM] - first_bottom), 0)
    count_in(launch, STAT_STEALS, u64(warp[STEALS]))
    count_in(launch, STAT_PROBES, u64(warp[PROBES]))
    count_in(launch, STAT_IDLE_LOOPS, u64(warp[RESTS]))
    count_in(launch, STAT_TICKS, clock() - began)
    count_in(launch, STAT_IDLE_TICKS, waited)


@device
def begin_root(launch: LaunchPointer, frame: u32) -> None:
    """A root task has no parent, and is in no scope."""
    words = words_of(launch, frame)
    words[FRAME_PARENT // 4] = NO_FRAME
    if option("CANCELS") != 0:
        words[FRAME_SCOPE // 4] = 0
        words[FRAME_SEEN // 4] = 0


@device
def prepare(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    """A warp begins idle, with nothing. Warp-collective."""
    prepare_queues(warp)
    if lane_id() == 0:
        adopt_deque(launch, warp, me)
        for word in (FREE_COUNT, BEGINNERS, ENDERS, RESCUES, NEXT_ROOT, END_ROOT, NO_MORE_ROOTS, PROBES, STEALS, RESTS,
                     HUNGER, PRESSED, ELSEWHERE):  # fmt: skip
            warp[word] = 0
        warp[STANDING] = IDLE
        warp[ME] = me
        warp[OFFERING] = 0
    if option("WAITS") != 0:
        prepare_woken(warp)
        prepare_timers(warp)
    prepare_luck(warp, me)
    warp_sync()


@device
def make_room(launch: LaunchPointer, warp: WarpMemory, me: u32, turn: u32, shares: bool) -> bool:
    """Before a group runs: see to it that no deque is so full that what the group adds could overwrite a task, and
    that thieves find work. Whether there is more to do first. Warp-collective.

    A group adds at most ROOM tasks to a deque, and one with CAPACITY - ROOM has a whole group to give away. The
    overflow stacks have a place for every task that has a frame, so at the end no deque has more than CAPACITY - ROOM.
    One with more than CAPACITY has overwritten some: that cannot be, and ends the run."""
    best = fullest(warp)
    state, count = best & 0xFFFF, best >> 16
    crowded = count > option("CAPACITY") - option("ROOM")
    if count > option("CAPACITY"):
        if lane_id() == 0:
            stop(launch.control, ERROR_INTERNAL)
        return False
    if turn % TOP_TURN == 0 or (crowded and chunks_left(warp) >= i32(option("CHUNKS") - 2)):
        see_top(launch, warp, me)
    if crowded:
        if shares and chunks_left(warp) < i32(option("CHUNKS") - 2):
            publish(launch, warp, me, state, count)
        else:
            put_aside(launch, warp, state, count)
        return True
    if shares and turn > 1 and chunks_left(warp) <= 0 and total_ready(warp) >= 2 * warp_size():
        publish(launch, warp, me, state, count)
    return False


@device
def lend(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Give away what this warp does not need now, if others are starved; if they have been so for long, all it has, for
    its own tasks may only poll for what theirs would do. Warp-collective."""
    starved = number_of(load_relaxed(address(launch.control.census)), STARVED)
    pressed = warp[PRESSED] + 1 if ballot(starved != 0) != 0 and warp[RESCUES] == 0 else u32(0)
    warp_sync()
    if lane_id() == 0:
        warp[PRESSED] = pressed
    warp_sync()
    if pressed != 0 and pressed % PATIENT == 0:
        return_all(launch, warp)
    elif pressed != 0 and warp[FREE_COUNT] >= option("ROOM") + CHAIN_LENGTH + warp_size():
        return_frames(launch, warp, CHAIN_LENGTH)


@device
def abstains(warp: WarpMemory) -> bool:
    """Whether this warp has given all its frames and takes none for a while, so that the starved ones get them."""
    return warp[PRESSED] >= PATIENT and warp[PRESSED] % PATIENT < ABSTINENT


@device
def wait(launch: LaunchPointer, warp: WarpMemory, lacks: u32, spins: u32) -> bool:
    """Wait a moment for what this warp lacks; whether the run is over. Warp-collective."""
    if lane_id() == 0:
        warp[RESTS] += 1
    if option("WAITS") != 0 and option("CANCELS") == 0 and crowd_waits(launch):
        return False
    if option("WAITS") != 0 and sleeping(warp):
        wait_for_time(launch, warp)
        return False
    if lacks == OUT_OF_FRAMES:
        if lane_id() == 0:
            warp[PRESSED] = 0
        return wait_for_frames(launch, warp, spins)
    end_rescue(launch, warp)
    return wait_for_work(launch, warp, spins)


@device
def wait_for_time(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Nothing to do until a task of this warp has slept enough: doze, not longer than until then. The warp stays busy,
    so that the program is not over, but what is starved gets its frames. Warp-collective."""
    stand(launch, warp, BUSY)
    starved = number_of(load_relaxed(address(launch.control.census)), STARVED)
    if ballot(starved != 0) != 0 and warp[RESCUES] == 0:
        return_all(launch, warp)
    rest_until_due(launch, warp)
    wake_sleepers(launch, warp)


@device
def forking(launch: LaunchPointer) -> None:
    """The CUDA kernel."""
    if not over_already(launch):
        run_forking_warp(launch, own_memory(launch), warp_id())


@device
def forking_thread(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    """The CPU's entry: one call a thread."""
    run_forking_warp(launch, warp, me)
