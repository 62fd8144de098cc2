"""What a warp of a forking program does next: device Python.

With frames for any group (`choose`): its highest full group, for continuations have higher states than entries, so
that what was begun goes on first; else the newest of its own chunks; else what overflowed; else new root tasks; else,
with few tasks left, a stolen chunk; else a partial group. So it finishes what it has before it starts more.

With fewer (`choose_frugally`) what can go on without a frame comes first, wherever it is: it may end and free some.
Then as many lanes of the highest state as there are frames for, the newest tasks, which leads deep rather than wide.
What only lacks frames is STARVED.

Both would always pick the same tasks if these only wait for others by `reschedule`. So every FAIR_TURN-th turn belongs
to the oldest tasks of the states in rotation (`choose_fairly`); some of these turns are for the oldest own chunk, the
oldest that overflowed, and new root tasks.

Where frames are short a task that begins others gets such a turn only once nothing but others have run for long: to
begin tasks out of turn leads wide, and a program that does not poll soon has nothing else to run. A warp that has been
this `hungry` and has no frames at all tries to get the reserve, though other warps are busy; they may poll for what its
tasks would do. If it has the reserve and begins nothing with it, it passes it on (`exchange_reserve`).
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    ballot,
    children,
    compare_and_swap,
    device,
    fence,
    fetch_add,
    lane_id,
    load_acquire,
    option,
    reduce_max,
    reduce_min,
    shuffle,
    states,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.runtime.census import BUSY, stand
from coro2cuda.runtime.executor import START_TURN, batch_size, batches
from coro2cuda.runtime.fork_join import chunk_of, chunks_left, deque_of, pop_chunk, see_top, steal
from coro2cuda.runtime.layout import (
    BEGINNERS,
    CHUNK_IDS,
    END_ROOT,
    ENDERS,
    FREE_COUNT,
    HUNGER,
    NEXT_ROOT,
    NO_MORE_ROOTS,
    QUEUES,
    RESCUES,
    STANDING,
    TOP,
    LaunchPointer,
    WarpMemory,
)
from coro2cuda.runtime.overflow import bring_back, bring_back_oldest
from coro2cuda.runtime.ready_queue import pop, push_oldest, total_ready
from coro2cuda.runtime.shared_frames import begin_rescue, end_rescue
from coro2cuda.runtime.shuffle import any_ready, draw

RESUME, START, AGAIN, NOTHING, OUT_OF_FRAMES = 0, 1, 2, 3, 4
FULL = 1 << 31  # in a key that orders states: above all others
FAIR_TURN = 64
OVERFLOW_TURN = 1 << 10
CHUNK_TURN = 1 << 14  # few, for the oldest chunk is where a tree is widest
HUNGRY = 256  # fair turns
SOON = 8  # fair turns
LONG = 16  # times that, where only root tasks could begin: the others more likely need the frames
ROTATION = 0x9E3779B1  # 2^32 by the golden ratio: its multiples are spread evenly, also every n-th of them


@device
def choose(launch: LaunchPointer, warp: WarpMemory, me: u32) -> tuple[u32, u32, u32, u32]:
    """What to do (one of the names above), a state, how many lanes, and a task for each. Warp-collective.

    A warp that is not busy has no frames, or others may wait for them: it only finds work here, and runs it when it has
    stocked up."""
    idle = warp[STANDING] != BUSY
    state, count = most_urgent(warp)
    luck: u32 = 0
    if option("SHUFFLE") != 0:
        luck = draw(warp)
        state, count = any_ready(warp, luck)
    if count < warp_size() or luck >> 8 & 1 != 0:
        if chunks_left(warp) > 0:
            other, taken, frame = pop_chunk(launch, warp, me)
            if taken != 0:
                return RESUME, other, taken, frame
        if warp[ENDERS] != 0 or warp[BEGINNERS] != 0:
            other, frame = bring_back(launch, warp, u32(ENDERS if warp[ENDERS] != 0 else BEGINNERS))
            return RESUME, other, warp_size(), frame
        if find_roots(launch, warp):
            does = AGAIN if idle else START
            return u32(does), 0, min(warp[END_ROOT] - warp[NEXT_ROOT], warp_size()), 0
        # What a waiting program's warps offer may run for long, and nobody else can have what is ready here.
        below = u32(1) if option("WAITS") != 0 else option("STEAL_BELOW")
        if count < below or luck >> 9 & 1 != 0:
            other, taken, frame, found = steal(launch, warp, me)
            if taken != 0 and not idle:
                return RESUME, other, taken, frame
            push_oldest(warp, other, taken, frame)
            if found:
                return AGAIN, 0, 0, 0
        if count == 0:
            return NOTHING, 0, 0, 0
    taken = min(count, warp_size())
    frame = pop(warp, state, count, taken, luck >> 10 & 1 != 0)
    return RESUME, state, taken, frame


@device
def choose_frugally(launch: LaunchPointer, warp: WarpMemory, me: u32) -> tuple[u32, u32, u32, u32]:
    """The same, where the free list has too few frames for a group that may begin tasks. Warp-collective."""
    frames = warp[FREE_COUNT]
    state, count, begins = most_frugal(warp, frames, False)
    if count == 0 or begins != 0:
        if warp[ENDERS] != 0:
            other, frame = bring_back(launch, warp, ENDERS)
            return RESUME, other, warp_size(), frame
        if chunks_left(warp) > 0:
            other, taken, frame = pop_chunk(launch, warp, me)
            push_oldest(warp, other, taken, frame)
            return AGAIN, 0, 0, 0
    if count != 0:
        taken = min(count, warp_size())
        if begins != 0:
            taken = min(taken, frames // begins)
            feed(warp, u32(0))
        frame = pop(warp, state, count, taken, False)
        return RESUME, state, taken, frame
    if total_ready(warp) != 0:
        return OUT_OF_FRAMES, 0, 0, 0
    if warp[BEGINNERS] != 0:
        other, frame = bring_back(launch, warp, BEGINNERS)
        push_oldest(warp, other, warp_size(), frame)
        return AGAIN, 0, 0, 0
    if find_roots(launch, warp):
        taken = min(warp[END_ROOT] - warp[NEXT_ROOT], min(warp_size(), frames // (option("CHILDREN") + 1)))
        if taken != 0:
            feed(warp, u32(0))
            return START, 0, taken, 0
        return OUT_OF_FRAMES, 0, 0, 0
    other, taken, frame, found = steal(launch, warp, me)
    push_oldest(warp, other, taken, frame)
    if found:
        return AGAIN, 0, 0, 0
    return NOTHING, 0, 0, 0


@device
def choose_fairly(
    launch: LaunchPointer, warp: WarpMemory, me: u32, turn: u32, plenty: bool
) -> tuple[u32, u32, u32, u32]:
    """The oldest tasks of the first state that has some, from the one whose turn it is; on every CHUNK_TURN-th turn the
    oldest own chunk, or of those that overflowed and begin others, on every OVERFLOW_TURN-th of those that begin none,
    on every START_TURN-th new root tasks. Most turns of a hungry warp are for what begins others. Warp-collective."""
    hunger = count_hunger(warp, plenty)
    busy = warp[STANDING] == BUSY
    hungry = busy and hunger >= HUNGRY
    place = turn // FAIR_TURN * ROTATION
    if hungry and place >> 29 != 0:
        other, lanes, task = begin_newest(launch, warp, hunger)
        if lanes != 0:
            return RESUME, other, lanes, task
    frames = warp[FREE_COUNT] if busy and (plenty or hungry) else u32(0)
    most = warp_size() * option("CHILDREN")
    if turn % CHUNK_TURN == 0:
        if turn // CHUNK_TURN % 2 == 0 and warp[BEGINNERS] != 0 and most <= frames:
            other, task = bring_back_oldest(launch, warp, BEGINNERS)
            return RESUME, other, warp_size(), task
        other, lanes, task = take_oldest(launch, warp, me)
        if lanes != 0:
            if children(other) == 0 or most <= frames:
                return RESUME, other, lanes, task
            push_oldest(warp, other, lanes, task)
            return AGAIN, 0, 0, 0
    if turn % OVERFLOW_TURN == 0:
        if hungry and warp[BEGINNERS] != 0 and not is_beginner_ready(warp):
            other, task = bring_back_oldest(launch, warp, BEGINNERS)
            push_oldest(warp, other, warp_size(), task)
            return AGAIN, 0, 0, 0
        if warp[ENDERS] != 0:
            other, task = bring_back_oldest(launch, warp, ENDERS)
            return RESUME, other, warp_size(), task
    roots = min(frames // (option("CHILDREN") + 1), warp_size())
    if turn % START_TURN == 0 and roots != 0 and (plenty or hunger >= LONG * HUNGRY) and find_roots(launch, warp):
        feed(warp, u32(0))
        return START, 0, min(warp[END_ROOT] - warp[NEXT_ROOT], roots), 0
    turns_state = u32(u64(place) * u64(states()) >> u64(32))
    nearest = states()
    first: u32 = 0
    while first < states():
        state = first + lane_id()
        if state < states() and warp[QUEUES + state] != 0 and children(state) <= frames:
            nearest = min(nearest, (state + states() - turns_state) % states())
        first += warp_size()
    nearest = reduce_min(nearest)
    if nearest == states():
        return NOTHING, 0, 0, 0
    chosen = (turns_state + nearest) % states()
    count = warp[QUEUES + chosen]
    taken = min(count, warp_size())
    begins = children(chosen)
    if begins != 0:
        taken = min(taken, frames // begins)
        feed(warp, hunger)
    frame = pop(warp, chosen, count, taken, True)
    return RESUME, chosen, taken, frame


@device
def begin_newest(launch: LaunchPointer, warp: WarpMemory, hunger: u32) -> tuple[u32, u32, u32]:
    """What a hungry warp does: the newest tasks of the highest state that begins others; if there are no frames for
    them, now and then it exchanges the reserve. A state, how many lanes, and their tasks. Warp-collective."""
    frames = warp[FREE_COUNT]
    state, count, begins = most_frugal(warp, frames, True)
    if count == 0:
        if hunger % HUNGRY == 0:
            exchange_reserve(launch, warp, hunger >= LONG * HUNGRY)
        return 0, 0, 0
    feed(warp, hunger)
    taken = min(count, warp_size(), frames // begins)
    return state, taken, pop(warp, state, count, taken, False)


@device
def count_hunger(warp: WarpMemory, plenty: bool) -> u32:
    """How hungry this warp is now, at a fair turn. Warp-collective."""
    hunger = u32(0) if plenty else warp[HUNGER] + 1
    warp_sync()
    if lane_id() == 0:
        warp[HUNGER] = hunger
    warp_sync()
    return hunger


@device
def feed(warp: WarpMemory, hunger: u32) -> None:
    """Tasks of this warp begin others. One that has been hungry is so again soon. Warp-collective."""
    if lane_id() == 0:
        warp[HUNGER] = HUNGRY - SOON if hunger >= HUNGRY else u32(0)
    warp_sync()


@device
def exchange_reserve(launch: LaunchPointer, warp: WarpMemory, long: bool) -> None:
    """Of a hungry warp: try to get the reserve, if it has tasks that begin others, or has been hungry for long and
    could begin new root tasks. If it has it and could begin nothing with it, let others have it. Warp-collective."""
    rescues = warp[RESCUES]
    warp_sync()
    wants = is_beginner_ready(warp) or warp[BEGINNERS] != 0 or (long and find_roots(launch, warp))
    if wants and rescues == 0:
        begin_rescue(launch, warp)
    else:
        end_rescue(launch, warp)


@device
def is_beginner_ready(warp: WarpMemory) -> bool:
    """Whether a task that begins others is in a ready deque. Warp-collective."""
    begins = False
    first: u32 = 0
    while first < states():
        state = first + lane_id()
        if state < states() and warp[QUEUES + state] != 0 and children(state) != 0:
            begins = True
        first += warp_size()
    return ballot(begins) != 0


@device
def take_oldest(launch: LaunchPointer, warp: WarpMemory, me: u32) -> tuple[u32, u32, u32]:
    """Take the oldest own chunk, as a thief would (`fork_join.steal`): (state, tasks, one for each lane); no tasks if
    there is none, or thieves were faster. Warp-collective."""
    see_top(launch, warp, me)
    oldest = warp[TOP]
    if chunks_left(warp) <= 0:
        return 0, 0, 0
    words = chunk_of(launch, me, oldest)
    state, taken, frame = words[0], words[1], words[CHUNK_IDS + lane_id()]
    warp_sync()
    won: u32 = 0
    if lane_id() == 0:
        if compare_and_swap(deque_of(launch, me), oldest, oldest + 1) == oldest:
            won = 1
        warp[TOP] = oldest + 1  # whoever took it
    won = shuffle(won, 0)
    warp_sync()
    fence()
    if won == 0:
        return 0, 0, 0
    return state, taken, frame


@device
def find_roots(launch: LaunchPointer, warp: WarpMemory) -> bool:
    """Whether there are root tasks left for this warp; it takes a batch if it has none in hand. Warp-collective.

    It looks before it takes, so that warps which come late disturb nobody."""
    if warp[NEXT_ROOT] != warp[END_ROOT]:
        return True
    if warp[NO_MORE_ROOTS] != 0:
        return False
    injector = address(launch.control.injector)
    batch: u32 = 0
    if lane_id() == 0:
        batch = load_acquire(injector)
    batch = shuffle(batch, 0)
    if batch < batches(launch):
        stand(launch, warp, BUSY)
        if lane_id() == 0:
            batch = fetch_add(injector, 1)
        batch = shuffle(batch, 0)
    found = batch < batches(launch)
    warp_sync()  # all have read the words that lane 0 now writes
    if lane_id() == 0:
        warp[NO_MORE_ROOTS] = u32(not found)
        if found:
            warp[NEXT_ROOT] = batch * batch_size(launch)
            warp[END_ROOT] = min((batch + 1) * batch_size(launch), u32(launch.roots))
    warp_sync()
    return found


@device
def most_urgent(warp: WarpMemory) -> tuple[u32, u32]:
    """The state to run and its count: the highest with a full group, else the fullest. Warp-collective."""
    best: u32 = 0
    first: u32 = 0
    while first < states():
        state = first + lane_id()
        if state < states():
            count = warp[QUEUES + state]
            key = count << 16 | state
            if count >= warp_size():
                key = u32(FULL) | state << 16 | count
            best = max(best, key)
        first += warp_size()
    best = reduce_max(best)
    if best >> 31 != 0:
        return best >> 16 & 0x7FFF, best & 0xFFFF
    return best & 0xFFFF, best >> 16


@device
def most_frugal(warp: WarpMemory, frames: u32, begins_others: bool) -> tuple[u32, u32, u32]:
    """The highest state that begins nothing, unless only those are wanted that begin others; else the highest of those
    for one lane of which there are frames: the state, its count, and what a lane may begin. A count of 0: there is
    none. Warp-collective."""
    best: u32 = 0
    first: u32 = 0
    while first < states():
        state = first + lane_id()
        if state < states() and warp[QUEUES + state] != 0:
            begins = children(state)
            if begins == 0:
                if not begins_others:
                    best = max(best, u32(FULL) | (state + 1))
            elif begins <= frames:
                best = max(best, state + 1)
        first += warp_size()
    best = reduce_max(best) & 0xFFFF
    if best == 0:
        return 0, 0, 0
    return best - 1, warp[QUEUES + best - 1], children(best - 1)
