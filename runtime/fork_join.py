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
child the same way, through `join`: each child stores its result and then counts itself off, which is a release, and the
last one acquires with that what all have stored. Until a frame is enqueued it has one owner; after that nobody
touches it but who takes it from the queue.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    ballot,
    compare_and_swap,
    compare_and_swap_acquire,
    device,
    fence,
    fence_sc,
    fetch_add,
    fetch_sub_ordered,
    find_first,
    frame_size,
    lane_id,
    load_acquire,
    load_relaxed,
    option,
    shuffle,
    store_relaxed,
    store_release,
    warp_size,
    warp_sync,
)
from coro2cuda.frontend.dtypes import i32, u32, u64
from coro2cuda.lowering.abi import FRAME_PENDING
from coro2cuda.runtime.census import BUSY, stand
from coro2cuda.runtime.layout import (
    BOTTOM,
    CHUNK_IDS,
    DEQUE_BOTTOM,
    DEQUE_WORDS,
    FREE_COUNT,
    ME,
    OFFERING,
    PROBES,
    QUEUES,
    STEALS,
    TOP,
    GlobalWords,
    LaunchPointer,
    WarpMemory,
)
from coro2cuda.runtime.ready_queue import bottoms, deque, pop

SPREAD = 2654435761  # keeps the warps' sequences of victims apart


@device
def enqueue(launch: LaunchPointer, warp: WarpMemory, state: i32, frame: u32) -> None:
    """Make a frame ready. Called by generated code in a diverged warp: lanes take places by an atomic on the count.

    Nothing is overwritten: before it runs a group the executor sees to it that no deque has more than CAPACITY - ROOM
    tasks, and a group adds at most ROOM (`forking_executor.make_room`)."""
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
def join(launch: LaunchPointer, warp: WarpMemory, parent: u32) -> u32:
    """Count a child of the frame off; what the count was. Called by generated code in a diverged warp."""
    return fetch_sub_ordered(launch.frames + (u64(parent) * (frame_size() // 4) + FRAME_PENDING // 4), 1)


# --- the chunk deque -------------------------------------------------------------------------------------------------


@device
def deque_of(launch: LaunchPointer, owner: u32) -> GlobalWords:
    return launch.deques + u64(owner) * DEQUE_WORDS


@device
def chunk_of(launch: LaunchPointer, owner: u32, position: u32) -> GlobalWords:
    index = u64(owner) * option("CHUNKS") + (position & (option("CHUNKS") - 1))
    return launch.chunks + index * option("CHUNK_WORDS")


@device
def adopt_deque(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    """Go on where the last run left the own deque, empty: thieves may be looking at it already. One lane."""
    bottom = load_relaxed(deque_of(launch, me) + DEQUE_BOTTOM)
    warp[BOTTOM] = bottom
    warp[TOP] = bottom


@device
def see_top(launch: LaunchPointer, warp: WarpMemory, me: u32) -> None:
    """How far thieves have got. Warp-collective."""
    warp_sync()  # all have used what they knew of it
    if lane_id() == 0:
        warp[TOP] = load_relaxed(deque_of(launch, me))
    warp_sync()


@device
def chunks_left(warp: WarpMemory) -> i32:
    """How many chunks the own deque holds, or held when `top` was last seen."""
    return i32(warp[BOTTOM] - warp[TOP])


@device
def publish(launch: LaunchPointer, warp: WarpMemory, me: u32, state: u32, count: u32) -> None:
    """Move the oldest tasks of a state, up to a group, to the bottom of the own chunk deque. Warp-collective."""
    taken = min(count, warp_size())
    frame = pop(warp, state, count, taken, True)
    bottom = warp[BOTTOM]
    words = chunk_of(launch, me, bottom)
    words[CHUNK_IDS + lane_id()] = frame
    if lane_id() == 0:
        words[0] = state
        words[1] = taken
    fence()
    warp_sync()
    if lane_id() == 0:
        store_release(deque_of(launch, me) + DEQUE_BOTTOM, bottom + 1)
        warp[BOTTOM] = bottom + 1
    warp_sync()


@device
def offer(launch: LaunchPointer, warp: WarpMemory, state: u32, frame: u32) -> bool:
    """Whether there is nothing in the own chunk deque: then a task is, for thieves. One lane of a diverged warp, which
    runs on while they come."""
    if compare_and_swap_acquire(warp + OFFERING, 0, 1) != 0:
        return False
    own = deque_of(launch, warp[ME])
    bottom = warp[BOTTOM]
    offers = bottom == load_relaxed(own)
    if offers:
        words = chunk_of(launch, warp[ME], bottom)
        words[0] = state
        words[1] = 1
        place: u32 = 1
        words[CHUNK_IDS] = frame
        while place < warp_size():
            words[CHUNK_IDS + place] = 0
            place += 1
        store_release(own + DEQUE_BOTTOM, bottom + 1)
        warp[BOTTOM] = bottom + 1
    store_release(warp + OFFERING, 0)
    return offers


@device
def pop_chunk(launch: LaunchPointer, warp: WarpMemory, me: u32) -> tuple[u32, u32, u32]:
    """Take the newest own chunk: (state, tasks, one for each lane); no tasks if thieves were faster.
    Warp-collective."""
    own = deque_of(launch, me)
    newest = warp[BOTTOM] - 1
    warp_sync()
    won: u32 = 0
    if lane_id() == 0:
        store_relaxed(own + DEQUE_BOTTOM, newest)
        fence_sc()
        top = load_relaxed(own)
        left = i32(newest - top)
        if left > 0:
            won = 1
            warp[BOTTOM] = newest
        else:
            if left == 0:
                if compare_and_swap(own, top, top + 1) == top:
                    won = 1
                top += 1
            store_relaxed(own + DEQUE_BOTTOM, newest + 1)
        warp[TOP] = top
    won = shuffle(won, 0)
    warp_sync()  # all lanes have looked at the ready deques before one of them, with its task, begins to fill them
    if won == 0:
        return 0, 0, 0
    words = chunk_of(launch, me, newest)
    return words[0], words[1], words[CHUNK_IDS + lane_id()]


@device
def steal(launch: LaunchPointer, warp: WarpMemory, me: u32) -> tuple[u32, u32, u32, bool]:
    """Probe one victim a lane and take the oldest chunk of one that has any: (state, tasks, one for each lane, whether
    a victim had work). A warp is busy before it takes. Warp-collective."""
    probe = warp[PROBES]
    victim = scatter(probe * warp_size() + lane_id() + me * SPREAD) % launch.warp_count
    theirs = deque_of(launch, victim)
    top = load_relaxed(theirs)
    bottom = load_relaxed(theirs + DEQUE_BOTTOM)
    found = ballot(i32(bottom - top) > 0 and victim != me)
    warp_sync()  # all have read the number that lane 0 now changes
    if lane_id() == 0:
        warp[PROBES] = probe + 1
    warp_sync()
    if found != 0:
        # The owner moves `bottom`, fences and reads `top`; a thief must read them in the other order with such a fence
        # between, else it may see a chunk below an old `bottom` that the owner has popped. Dear, as is any acquire,
        # which empties the multiprocessor's cache: only if need be.
        fence_sc()
        bottom = load_acquire(theirs + DEQUE_BOTTOM)
        found = ballot(i32(bottom - top) > 0 and victim != me)
    if found == 0:
        return 0, 0, 0, False
    stand(launch, warp, BUSY)
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
            warp[STEALS] += 1
    won = shuffle(won, 0)
    fence()
    if won == 0:
        return 0, 0, 0, True
    return state, taken, frame, True


@device
def scatter(key: u32) -> u32:
    """A number that looks random: the finaliser of MurmurHash3."""
    key = (key ^ key >> 16) * 0x85EBCA6B
    key = (key ^ key >> 13) * 0xC2B2AE35
    return key ^ key >> 16
