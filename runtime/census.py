"""Which warps are at work, and when the program is over: device Python.

                     takes work                     has no work
    IDLE, HOARDING ----------------> BUSY --------------------------> HOARDING --- gives its frames ---> IDLE
                                     |  ^
           has tasks, but no frames  |  |  frames are free again, or it gets the reserve
                                     v  |
                                    STARVED

A warp that hoards is idle and has free frames. All counts are in one word, so that one load sees all of them as they
were at one time; a warp whose block is not resident yet is in none, and nobody waits for it. A warp becomes busy before
it takes anything (a root task, another's chunk, a frame), and stops being busy when it has nothing that others could
take: so where nobody is busy nothing is on its way, and nobody can become busy but by what is said below.

* Nobody busy, nobody starved, no root tasks left: the program is over. Tasks that are not complete then wait for each
  other for ever (`deadlock`): only a busy warp wakes any, and one whose tasks sleep stays busy until they are due.
* Nobody busy or hoarding, some starved, no frame free: nothing can go on without more frames. One starved warp gets the
  reserve of the pool and works alone (`shared_frames`). If that one starves too, the pool is exhausted.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    ballot,
    compare_and_swap,
    device,
    fence,
    fetch_add,
    lane_id,
    load_acquire,
    load_relaxed,
    nanosleep,
    shuffle,
    store_relaxed,
    warp_sync,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import ERROR_FRAME_POOL
from coro2cuda.runtime.executor import batches
from coro2cuda.runtime.layout import FREE_COUNT, STANDING, ControlPointer, LaunchPointer, WarpMemory
from coro2cuda.runtime.shared_frames import begin_rescue, return_all, some_are_free

IDLE, BUSY, HOARDING, STARVED = 0, 1, 2, 3  # the standings; IDLE is counted nowhere
COUNT_BITS = 20  # of each count in the census: launch.MOST_WARPS keeps to it
FEW = 16  # if no more than one warp in so many is not busy, all have work enough
SHORT_NAPS = 32  # so many first: a small job ends soon, and a large one gets its warps soon
SHORT_NAP, LONG_NAP = 1024, 8192  # nanoseconds

GO_ON, END, LOOK_FOR_FRAMES, RESCUE = 0, 1, 2, 3  # what a look at the census says


@device
def counted(standing: u32) -> u64:
    """What one warp of this standing adds to the census."""
    if standing == IDLE:
        return u64(0)
    return u64(1) << u64(COUNT_BITS * (standing - 1))


@device
def number_of(census: u64, standing: u32) -> u32:
    return u32(census >> u64(COUNT_BITS * (standing - 1))) & ((1 << COUNT_BITS) - 1)


@device
def stand(launch: LaunchPointer, warp: WarpMemory, standing: u32) -> None:
    """Be counted as this from now on. Warp-collective.

    The fences put the change after all that this warp has seen and done before, and before all that it does next: who
    sees a warp no longer busy sees what it has passed on, and who sees what it took sees it busy."""
    before = warp[STANDING]
    warp_sync()
    if before != standing:
        if lane_id() == 0:
            fence()
            fetch_add(address(launch.control.census), counted(standing) - counted(before))
            fence()
            warp[STANDING] = standing
        warp_sync()


@device
def others_have_time(launch: LaunchPointer) -> bool:
    """Whether many warps have nothing to do. One lane."""
    busy = number_of(load_relaxed(address(launch.control.census)), BUSY)
    return busy < launch.warp_count - launch.warp_count // FEW


@device
def stop(control: ControlPointer, error: u32) -> None:
    """End the run with an error, unless there is one already. One lane."""
    compare_and_swap(address(control.error), u32(0), error)
    store_relaxed(address(control.stop), u32(1))


@device
def over_already(launch: LaunchPointer) -> bool:
    """Whether the program was over before this warp began: with many warps for a small job most begin so late. No root
    task was left, and then nobody was busy or starved; who takes the last root is busy before. Warp-collective."""
    over = False
    if lane_id() == 0 and load_acquire(address(launch.control.injector)) >= batches(launch):
        census = load_acquire(address(launch.control.census))
        over = number_of(census, BUSY) == 0 and number_of(census, STARVED) == 0
    return ballot(over) != 0


@device
def wait_for_work(launch: LaunchPointer, warp: WarpMemory, spins: u32) -> bool:
    """Be idle for a moment; whether the program is over. The warp has looked for work everywhere. Warp-collective."""
    standing = warp[STANDING]
    warp_sync()
    if standing == BUSY:
        stand(launch, warp, u32(HOARDING if warp[FREE_COUNT] != 0 else IDLE))
    says: u32 = GO_ON
    if lane_id() == 0:
        census = load_relaxed(address(launch.control.census))
        if number_of(census, STARVED) != 0:
            says = LOOK_FOR_FRAMES
        elif number_of(census, BUSY) == 0:
            says = END
        if says != GO_ON:
            fence()
    says = shuffle(says, 0)
    if says == LOOK_FOR_FRAMES and warp[STANDING] == HOARDING:
        return_all(launch, warp)
        stand(launch, warp, IDLE)
    rest(spins)
    return says == END


@device
def wait_for_frames(launch: LaunchPointer, warp: WarpMemory, spins: u32) -> bool:
    """Be starved for a moment; whether the pool is exhausted, which ends the run. Warp-collective."""
    stand(launch, warp, STARVED)
    says: u32 = GO_ON
    if lane_id() == 0:
        says = look_for_frames(launch)
        if says == END:
            stop(launch.control, ERROR_FRAME_POOL)
    says = shuffle(says, 0)
    if says >= LOOK_FOR_FRAMES:
        stand(launch, warp, BUSY)
        if says == RESCUE:
            begin_rescue(launch, warp)
    else:
        rest(spins)
    return says == END


@device
def look_for_frames(launch: LaunchPointer) -> u32:
    """What a starved warp can do. One lane.

    The stack of returned frames and the rescue have a number that grows with every change. They are read before and
    after the census: if they are the same, no frame was free and the rescuer was this one when the census was read."""
    control = launch.control
    rescue = load_acquire(address(control.rescue))
    returned = load_acquire(address(control.returned))
    if some_are_free(launch, returned):
        return LOOK_FOR_FRAMES
    census = load_acquire(address(control.census))
    if number_of(census, BUSY) != 0 or number_of(census, HOARDING) != 0:
        return GO_ON
    if load_acquire(address(control.returned)) != returned or load_acquire(address(control.rescue)) != rescue:
        return GO_ON
    return RESCUE if rescue % 2 == 0 else END


@device
def rest(spins: u32) -> None:
    """Wait a little, longer each time."""
    nap = u32(128) << min(spins, u32(6))
    nanosleep(min(nap, u32(SHORT_NAP if spins < SHORT_NAPS else LONG_NAP)))
