"""Frames between the warps of a forking program: device Python.

    pool     fresh: handed out by a counter                                    | reserve: the last frames
    stack    chain --> chain --> ...    what warps had too many of             |
    warp     free list                                                         | one warp may borrow

A warp keeps the ids it uses in its free list and exchanges them in chains of CHAIN_LENGTH. A chain is a binary tree, so
that the lanes of a warp walk it level by level: frame i of it holds the ids of its frames 2 i + 1 and 2 i + 2, the
first one also their number and, in word NEXT_CHAIN, the next chain of the stack. The stack's head carries a number that
grows with every change, so that a compare-and-swap takes no chain that has been away. An exchange is dear, since all
warps use one head: free lists are long so that there are few (fib(40) took 47 ms with 1,024 places, 22 with 2,048).

The reserve is for a warp that works alone when all are out of frames (`census`). It works depth-first on few lanes, so
that it needs few frames; when what it began is done it has given all of them back, and the frames of the tasks that
ended are free for everybody.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    compare_and_swap,
    device,
    fence,
    fetch_add,
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
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.runtime.frames import free_list
from coro2cuda.runtime.layout import (
    CHAIN_LENGTH,
    ELSEWHERE,
    FREE_COUNT,
    MOST_RESERVED,
    NEXT_CHAIN,
    RESCUES,
    RESERVE_PART,
    GlobalWords,
    LaunchPointer,
    WarpMemory,
)

NO_CHAIN = 0xFFFFFFFF
CHAIN_NUMBER = 0  # words of a free frame
CHAIN_LINKS = 2
LEVELS = 256  # a rescuer takes so many lanes that it can go so many calls deeper with them


@device
def words_of(launch: LaunchPointer, frame: u32) -> GlobalWords:
    return launch.frames + u64(frame) * (frame_size() // 4)


@device
def reserve(launch: LaunchPointer) -> u32:
    """How many frames it has: the last ones."""
    return min(launch.frame_count // RESERVE_PART, u32(MOST_RESERVED))


@device
def some_are_free(launch: LaunchPointer, returned: u64) -> bool:
    """Whether a warp could get frames now, with what the stack's head was. One lane."""
    fresh = load_relaxed(address(launch.control.frames))
    return u32(returned) != 0 or fresh < launch.frame_count - reserve(launch)


@device
def stock_up(launch: LaunchPointer, warp: WarpMemory, wanted: u32) -> u32:
    """See to so many free frames, if there are any: returned ones, then fresh ones. How many there are now.
    Warp-collective."""
    count = warp[FREE_COUNT]
    warp_sync()
    if count < wanted:
        count = from_chains(launch, warp, count, wanted)
        if lane_id() == 0:
            warp[ELSEWHERE] -= count - warp[FREE_COUNT]
        given: u32 = 1
        while count < wanted and given != 0:
            first, given = take_fresh(launch, (wanted - count + CHAIN_LENGTH - 1) // CHAIN_LENGTH * CHAIN_LENGTH)
            position = lane_id()
            while position < given:
                free_list(warp)[count + position] = first + position
                position += warp_size()
            clear(launch, first, given, lane_id(), warp_size())
            count += given
        warp_sync()
        if lane_id() == 0:
            warp[FREE_COUNT] = count
        warp_sync()
    return count


@device
def clear(launch: LaunchPointer, first: u32, number: u32, word: u32, step: u32) -> None:
    """Write zeros into frames that nobody has had, from a word in steps. The host reads the headers of all frames where
    tasks are left at the end, and these wait for nothing; and a reload reads what lies beside its slot, as the result
    that a failed child has not given (`llvm_reload`)."""
    if option("WAITS") != 0:
        words, end = words_of(launch, first), number * (frame_size() // 4)
        while word < end:
            words[word] = 0
            word += step


@device
def from_chains(launch: LaunchPointer, warp: WarpMemory, count: u32, wanted: u32) -> u32:
    """Put frames of returned chains on the free list; how many are on it then. Warp-collective."""
    while count < wanted:
        first: u32 = 0
        if lane_id() == 0:
            first = take_chain(launch)
        first = shuffle(first, 0)
        if first == NO_CHAIN:
            break
        warp_sync()  # what lane 0 has acquired all may read
        count += unlink(launch, free_list(warp) + count, first)
    return count


@device
def unlink(launch: LaunchPointer, ids: WarpMemory, first: u32) -> u32:
    """Write the ids of a chain's frames down, a level of the tree at a time; how many. Warp-collective."""
    number = words_of(launch, first)[CHAIN_NUMBER]
    if lane_id() == 0:
        ids[0] = first
    warp_sync()
    level: u32 = 1
    while level < number:
        place = level + lane_id()
        following = min(2 * level + 1, number)
        while place < following:
            ids[place] = words_of(launch, ids[(place - 1) // 2])[CHAIN_LINKS + (place - 1) % 2]
            place += warp_size()
        warp_sync()
        level = following
    return number


@device
def take_fresh(launch: LaunchPointer, number: u32) -> tuple[u32, u32]:
    """The first of some ids that nobody has had, and how many there are, up to a number. Warp-collective."""
    first: u32 = 0
    given: u32 = 0
    end = launch.frame_count - reserve(launch)
    if lane_id() == 0 and load_relaxed(address(launch.control.frames)) < end:
        first = fetch_add(address(launch.control.frames), number)
        if first < end:
            given = min(end - first, number)
    return shuffle(first, 0), shuffle(given, 0)


@device
def return_frames(launch: LaunchPointer, warp: WarpMemory, number: u32) -> None:
    """Give the newest so many of the free list to everybody, as one chain. Warp-collective."""
    count = warp[FREE_COUNT] - number
    ids = free_list(warp) + count
    place = lane_id()
    while place < number:
        if place == 0:
            words_of(launch, ids[0])[CHAIN_NUMBER] = number
        else:
            words_of(launch, ids[(place - 1) // 2])[CHAIN_LINKS + (place - 1) % 2] = ids[place]
        place += warp_size()
    fence()
    warp_sync()
    if lane_id() == 0:
        put_chain(launch, ids[0])
        warp[FREE_COUNT] = count
        warp[ELSEWHERE] += number
    warp_sync()


@device
def return_all(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Give everybody what this warp has. Warp-collective."""
    while warp[FREE_COUNT] != 0:
        return_frames(launch, warp, min(warp[FREE_COUNT], u32(CHAIN_LENGTH)))


@device
def put_chain(launch: LaunchPointer, first: u32) -> None:
    """Push a chain; its words are written and fenced. One lane."""
    place = address(launch.control.returned)
    head = load_relaxed(place)
    while True:
        store_relaxed(words_of(launch, first) + NEXT_CHAIN, u32(head))
        changed = ((head >> u64(32)) + u64(1)) << u64(32) | u64(first + 1)
        seen = compare_and_swap(place, head, changed)
        if seen == head:
            return
        head = seen


@device
def take_chain(launch: LaunchPointer) -> u32:
    """The first frame of a returned chain, or NO_CHAIN. One lane.

    The next chain is read before the compare-and-swap has decided that the newest is ours: if it was not, the frame may
    be in use by now and the word anything, but then the head has changed and its number with it."""
    place = address(launch.control.returned)
    head = load_acquire(place)
    while u32(head) != 0:
        first = u32(head) - 1
        following = load_relaxed(words_of(launch, first) + NEXT_CHAIN)
        changed = ((head >> u64(32)) + u64(1)) << u64(32) | u64(following)
        seen = compare_and_swap(place, head, changed)
        if seen == head:
            return first
        head = seen
    return NO_CHAIN


# --- the reserve -----------------------------------------------------------------------------------------------------


@device
def begin_rescue(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Get the reserve, if no other warp has it. Warp-collective; this warp is busy, so that others wait."""
    if lane_id() == 0:
        place = address(launch.control.rescue)
        now = load_acquire(place)
        if now % 2 == 0 and compare_and_swap(place, now, now + 1) == now:
            warp[RESCUES] = 1
    warp_sync()


@device
def end_rescue(launch: LaunchPointer, warp: WarpMemory) -> None:
    """Let another warp have the reserve, with what this one has left of it. Warp-collective."""
    if lane_id() == 0 and warp[RESCUES] != 0:
        repay(launch, warp, u32(0))
        place = address(launch.control.rescue)
        store_release(place, load_relaxed(place) + 1)
        warp[RESCUES] = 0
    warp_sync()


@device
def borrow(launch: LaunchPointer, warp: WarpMemory) -> bool:
    """Balance the free list of the rescuer with the reserve: what the lanes it may use now can need. With enough of its
    own to need none, it ends the rescue; whether it did. What others have returned is taken first. Warp-collective."""
    stock_up(launch, warp, option("CHILDREN") + 1)
    if lane_id() == 0:
        control = launch.control
        free, count = free_list(warp), warp[FREE_COUNT]
        lent, all = control.reserve_lent, reserve(launch)
        # Half of the reserve is for a single lane, which goes deepest with it.
        lanes = (all - lent) // (LEVELS * (option("CHILDREN") + 1)) if lent < all // 2 else u32(1)
        wanted = min(max(lanes, u32(1)), warp_size()) * (option("CHILDREN") + 1)
        while count < wanted and lent < all:
            frame = control.reserve_head
            if frame != 0:
                frame -= 1
                control.reserve_head = words_of(launch, frame)[0]
            else:
                frame = launch.frame_count - all + control.reserve_used
                control.reserve_used += 1
                clear(launch, frame, u32(1), u32(0), u32(1))
            free[count] = frame
            count += 1
            lent += 1
        control.reserve_lent = lent
        warp[FREE_COUNT] = count
        repay(launch, warp, wanted)
    warp_sync()
    recovered = warp[FREE_COUNT] >= option("ROOM") and launch.control.reserve_lent == 0
    warp_sync()  # all have read what lane 0, or the next rescuer, may change now
    if recovered:
        end_rescue(launch, warp)
    return recovered


@device
def repay(launch: LaunchPointer, warp: WarpMemory, kept: u32) -> None:
    """Give the reserve back what it has lent, but for so many free frames. One lane."""
    control = launch.control
    free, count, lent = free_list(warp), warp[FREE_COUNT], control.reserve_lent
    while count > kept and lent > 0:
        count -= 1
        lent -= 1
        words_of(launch, free[count])[0] = control.reserve_head
        control.reserve_head = free[count] + 1
    control.reserve_lent = lent
    warp[FREE_COUNT] = count
