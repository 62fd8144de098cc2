"""Tasks that begin tasks: spawn, join, sharing and stealing, idleness and the end. Device Python.

A task begins children by `enqueue` (straight into the ready deque of the warp that runs it) and is then parked: it is
in no queue, and the last child to `join` makes it ready again, in the last child's warp.

    (parent) --fork--> parked --------------------------------- join by the last child --> ready
    (child)            ready --run--> ... --result, join--> done

A warp works depth-first on its newest full group. When its chunk deque is empty it publishes its oldest tasks there, a
group to a chunk (`publish`); a warp without work steals the oldest chunk of another (`steal`).

The chunk deque is Chase and Lev's ("Dynamic circular work-stealing deque", 2005) with the fences of Lê, Pop, Cohen and
Zappa Nardelli ("Correct and efficient work-stealing for weak memory models", 2013): the owner pushes and pops at
`bottom`, thieves take at `top`, and only the last chunk is decided by a compare-and-swap.

What makes frames safe to hand on: everything a warp wrote to the frames of a chunk is written before the fence in
`publish`, and the thief reads none of it before the fence after its compare-and-swap. A parent is handed to the last
child the same way, through `join`: each child fences between storing its result and counting itself off, and the last
one fences after, so it reads what all have stored. Until a frame is enqueued it has one owner; after that nobody
touches it but who takes it from the queue.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    ballot,
    compare_and_swap,
    device,
    fence,
    fence_sc,
    fetch_add,
    fetch_sub,
    find_first,
    frame_size,
    lane_id,
    load_acquire,
    load_relaxed,
    nanosleep,
    option,
    reduce_add,
    reduce_max,
    shuffle,
    states,
    store_relaxed,
    store_release,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import i32, u32, u64
from coro2cuda.lowering.abi import FRAME_PENDING
from coro2cuda.runtime.frames import free_list
from coro2cuda.runtime.layout import (
    CHAIN_LENGTH,
    CHUNK_IDS,
    CHUNK_WORDS,
    DEQUE_BOTTOM,
    DEQUE_WORDS,
    FREE_COUNT,
    QUEUES,
    SLOT_WORDS,
    ControlPointer,
    GlobalWords,
    LaunchPointer,
    WarpMemory,
)
from coro2cuda.runtime.ready_queue import bottoms, deque, pop

NO_CHAIN = 0xFFFFFFFF
LONGEST_NAP = 8192  # nanoseconds


@device
def enqueue(launch: LaunchPointer, warp: WarpMemory, state: i32, frame: u32) -> None:
    """Make a frame ready. Called by generated code in a diverged warp: lanes take places by an atomic on the count;
    the executor has seen to room before it ran the group."""
    place = bottoms(warp)[u32(state)] + fetch_add(warp + (QUEUES + u32(state)), 1)
    deque(warp, u32(state))[place & (option("CAPACITY") - 1)] = frame


@device
def has_room(launch: LaunchPointer, warp: WarpMemory, state: i32) -> bool:
    """Whether every lane may begin one more task in the state, and the group's last suspension its children after that.
    Called by generated code in a diverged warp, where other lanes take: between the answer and the next question a lane
    begins one task."""
    frames = load_relaxed(warp + FREE_COUNT) >= option("ROOM") + warp_size()
    return frames and load_relaxed(warp + (QUEUES + u32(state))) + option("ROOM") + warp_size() <= option("CAPACITY")


@device
def join(launch: LaunchPointer, warp: WarpMemory, parent: u32) -> bool:
    """Count a child of the frame off; whether it was the last. Called by generated code in a diverged warp."""
    pending = launch.frames + (u64(parent) * (frame_size() // 4) + FRAME_PENDING // 4)
    fence()
    last = fetch_sub(pending, 1) == 1
    fence()
    return last


# --- the chunk deque -------------------------------------------------------------------------------------------------


@device
def deque_of(launch: LaunchPointer, owner: u32) -> GlobalWords:
    return launch.deques + u64(owner) * DEQUE_WORDS


@device
def chunk_of(launch: LaunchPointer, owner: u32, position: u32) -> GlobalWords:
    index = u64(owner) * option("CHUNKS") + (position & (option("CHUNKS") - 1))
    return launch.chunks + index * CHUNK_WORDS


@device
def see_top(launch: LaunchPointer, me: u32) -> u32:
    """How far thieves have got. Warp-collective."""
    top: u32 = 0
    if lane_id() == 0:
        top = load_relaxed(deque_of(launch, me))
    return shuffle(top, 0)


@device
def publish(launch: LaunchPointer, warp: WarpMemory, me: u32, bottom: u32, state: u32, count: u32) -> None:
    """Move the oldest tasks of a state, up to a group, to the bottom of the own chunk deque. Warp-collective."""
    taken = min(count, warp_size())
    frame = pop(warp, state, count, taken, True)
    words = chunk_of(launch, me, bottom)
    words[CHUNK_IDS + lane_id()] = frame
    if lane_id() == 0:
        words[0] = state
        words[1] = taken
    fence()
    warp_sync()
    if lane_id() == 0:
        store_release(deque_of(launch, me) + DEQUE_BOTTOM, bottom + 1)
    warp_sync()


@device
def pop_chunk(launch: LaunchPointer, me: u32, bottom: u32) -> tuple[u32, u32, u32, u32, u32]:
    """Take the newest own chunk: (new bottom, top, state, tasks, one for each lane); no tasks if thieves were faster.
    Warp-collective."""
    own = deque_of(launch, me)
    newest = bottom - 1
    won: u32 = 0
    top: u32 = 0
    if lane_id() == 0:
        store_relaxed(own + DEQUE_BOTTOM, newest)
        fence_sc()
        top = load_relaxed(own)
        left = i32(newest - top)
        if left > 0:
            won = 1
        else:
            if left == 0:
                if compare_and_swap(own, top, top + 1) == top:
                    won = 1
                top += 1
            store_relaxed(own + DEQUE_BOTTOM, bottom)
    won = shuffle(won, 0)
    top = shuffle(top, 0)
    warp_sync()  # all lanes have looked at the ready deques before one of them, with its task, begins to fill them
    if won == 0:
        return bottom, top, 0, 0, 0
    words = chunk_of(launch, me, newest)
    following = newest if i32(newest - top) >= 0 else bottom
    return following, top, words[0], words[1], words[CHUNK_IDS + lane_id()]


@device
def steal(launch: LaunchPointer, me: u32, victim: u32, idle: bool) -> tuple[u32, u32, u32, bool, bool]:
    """Probe one victim a lane and take the oldest chunk of one that has any: (state, tasks, one for each lane, whether
    a victim had work, whether this warp is still idle). A warp stops being idle before it takes. Warp-collective."""
    theirs = deque_of(launch, victim)
    top = load_acquire(theirs)
    bottom = load_acquire(theirs + DEQUE_BOTTOM)
    found = ballot(i32(bottom - top) > 0 and victim != me)
    if found != 0:
        # The owner moves `bottom`, fences and reads `top`; a thief must read them in the other order with such a fence
        # between, else it may see a chunk below an old `bottom` that the owner has popped. Dear: only if need be.
        fence_sc()
        bottom = load_acquire(theirs + DEQUE_BOTTOM)
        found = ballot(i32(bottom - top) > 0 and victim != me)
    if found == 0:
        return 0, 0, 0, False, idle
    if idle:
        if lane_id() == 0:
            fetch_add(address(launch.control.busy), 1)
        warp_sync()
    chosen = find_first(found)
    owner = shuffle(victim, chosen)
    oldest = shuffle(top, chosen)
    warp_sync()  # what the chosen lane has acquired all may read
    words = chunk_of(launch, owner, oldest)
    state = words[0]
    taken = words[1]
    frame = words[CHUNK_IDS + lane_id()]
    warp_sync()
    won: u32 = 0
    if lane_id() == 0:
        fence()
        if compare_and_swap(deque_of(launch, owner), oldest, oldest + 1) == oldest:
            won = 1
    won = shuffle(won, 0)
    fence()
    if won == 0:
        return 0, 0, 0, True, False
    return state, taken, frame, True, False


@device
def total_ready(warp: WarpMemory) -> u32:
    total: u32 = 0
    first: u32 = 0
    while first < states():
        if first + lane_id() < states():
            total += warp[QUEUES + first + lane_id()]
        first += warp_size()
    return reduce_add(total)


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
                key = u32(1) << 31 | state << 16 | count
            best = max(best, key)
        first += warp_size()
    best = reduce_max(best)
    if best >> 31 != 0:
        return best >> 16 & 0x7FFF, best & 0xFFFF
    return best & 0xFFFF, best >> 16


@device
def rest(spins: u32) -> None:
    """Wait a little, longer each time."""
    nap = u32(128) << min(spins, u32(6))
    nanosleep(min(nap, u32(LONGEST_NAP)))


@device
def all_idle(control: ControlPointer) -> bool:
    """Whether every warp that has begun is idle. A warp whose block is not resident yet has not begun: nobody waits for
    it, and when it begins it finds nothing to do. Warp-collective."""
    busy: u32 = 0
    if lane_id() == 0:
        busy = load_acquire(address(control.busy))
    return shuffle(busy, 0) == 0


# --- frames between warps --------------------------------------------------------------------------------------------


@device
def returned_slot(launch: LaunchPointer, position: u32) -> GlobalWords:
    """The ring of returned frames lies after the deques."""
    ring = launch.deques + u64(launch.warp_count) * DEQUE_WORDS
    return ring + u64(position & (option("RETURNED") - 1)) * SLOT_WORDS


@device
def return_chain(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Give the newest CHAIN_LENGTH free frames to everybody, chained through their first words. Warp-collective."""
    count = warp[FREE_COUNT] - CHAIN_LENGTH
    free = free_list(warp)
    lane = lane_id()
    while lane < CHAIN_LENGTH:
        following: u32 = NO_CHAIN
        if lane + 1 < CHAIN_LENGTH:
            following = free[count + lane + 1]
        launch.frames[u64(free[count + lane]) * (frame_size() // 4)] = following
        lane += warp_size()
    fence()
    warp_sync()
    if lane_id() == 0:
        position = fetch_add(address(launch.control.returned_tail), 1)
        slot = returned_slot(launch, position)
        round = position // option("RETURNED") * 2
        while load_acquire(slot) != round:
            nanosleep(100)
        slot[1] = free[count]
        store_release(slot, round + 1)
        warp[FREE_COUNT] = count
    warp_sync()


@device
def take_chain(launch: LaunchPointer) -> u32:
    """The first frame of a returned chain, or NO_CHAIN. One lane."""
    control = launch.control
    while True:
        position = load_relaxed(address(control.returned_head))
        slot = returned_slot(launch, position)
        round = position // option("RETURNED") * 2
        sequence = load_acquire(slot)
        if sequence == round + 1:
            if compare_and_swap(address(control.returned_head), position, position + 1) == position:
                first = slot[1]
                store_release(slot, round + 2)
                return first
        elif sequence == round:
            return NO_CHAIN


@device
def stock_up(launch: LaunchPointer, warp: WarpMemory) -> None:
    """See to ROOM free frames before a group runs, if there are any: returned ones, then fresh ones of the pool.
    Warp-collective."""
    count = warp[FREE_COUNT]
    warp_sync()
    if count < option("ROOM"):
        if lane_id() == 0:
            free = free_list(warp)
            while count < option("ROOM"):
                frame = take_chain(launch)
                if frame == NO_CHAIN:
                    break
                while frame != NO_CHAIN:
                    free[count] = frame
                    count += 1
                    frame = launch.frames[u64(frame) * (frame_size() // 4)]
            while count < option("ROOM"):
                more = fresh_frames(launch, free, count)
                if more == count:
                    break
                count = more
            warp[FREE_COUNT] = count
        warp_sync()


@device
def fresh_frames(launch: LaunchPointer, free: WarpMemory, count: u32) -> u32:
    """Put CHAIN_LENGTH fresh ids on the stack; the number on it afterwards. One lane."""
    used = launch.warp_count * option("OWNED")
    if load_relaxed(address(launch.control.frames)) + used + CHAIN_LENGTH > launch.frame_count:
        return count
    first = used + fetch_add(address(launch.control.frames), CHAIN_LENGTH)
    if first + CHAIN_LENGTH > launch.frame_count:
        return count
    given: u32 = 0
    while given < CHAIN_LENGTH:
        free[count + given] = first + given
        given += 1
    return count + CHAIN_LENGTH
