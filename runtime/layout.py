"""Memory that the host and the executor share: structs of `abi` for device Python, and the words of warp memory.

Warp memory (shared memory on CUDA, or global memory where that has no room for it; a block of the heap on the CPU) is
u32 words; S states, C = CAPACITY:

    0            FREE_COUNT        frames on the free list
    1            CHAIN_HEAD        first frame of the free list's overflow (programs that recurse and do not fork)
    2 .. 13                        what a warp of a forking program remembers between groups, see below
    14 .. 17     WOKEN_...         frames that this warp has woken, in a program that waits
    18           TIMERS            this warp's sleeping tasks, in a program that waits
    19, 20                         what tests ask for (`trials`)
    21, 22       ME, OFFERING      for lanes of a program that waits (`fork_join.offer`)
    23 .. 26     OLDEST, HUNGER, PRESSED   more of what a warp of a forking program remembers
    27           counts[S]         tasks in each ready deque
    27 + S       bottoms[S]        position of its oldest task, modulo C
    27 + 2 S     resumes[S]        lanes resumed in each state (statistics)
    27 + 3 S     deques[S][C]      ids of the frames that are ready, by state
    ...          free[FREE_CAPACITY]
    ...          woken[WOKEN_ROOM]  frames this warp has woken, in a program that waits (words 14 to 17, see `waiting`)
    ...          due[DUE_WORDS]    its first deadline, and how many of its tasks sleep (`timers`)
"""

from __future__ import annotations

from coro2cuda.frontend.dtypes import Field, Pointer, Struct, i64, u32, u64
from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Shape

FREE_COUNT = 0
CHAIN_HEAD = 1
BOTTOM, TOP = 2, 3  # of the own chunk deque: where it grows, and how far thieves had got when last seen
BEGINNERS, ENDERS = 4, 5  # stacks of overflow chunks, by whether their tasks may begin others: 1 + the newest's index
STANDING = 6  # this warp's place in the census
RESCUES = 7  # whether this warp holds the reserve of the frame pool
NEXT_ROOT, END_ROOT, NO_MORE_ROOTS = 8, 9, 10  # the batch of root tasks in hand, and whether the injector is empty
PROBES, STEALS, RESTS = 11, 12, 13  # statistics
WOKEN_COUNT = 14  # tickets drawn for places in the ring of woken frames; more than its room: the rest is in the chain
WOKEN_FIRST = 15  # where the ring's oldest is
WOKEN_HEAD = 16  # the chain's first frame + 1, or 0
WOKEN_TAIL = 17  # and its last
TIMERS = 18  # the handle of this warp's timers, 0 before its first task sleeps
DUE_WORDS = 4  # after the ring of woken frames: the first deadline, how many sleep
ELSEWHERE = 19  # with CHECKS: free frames this warp has put elsewhere, less those it has taken from there
LUCK = 20  # with SHUFFLE: the state of the random numbers
ME = 21  # this warp's index
OFFERING = 22  # 1 while a lane puts a task on the own chunk deque
OLDEST = 23  # two words: the other ends of BEGINNERS and ENDERS
HUNGER = 25  # fair turns in a row that were short of frames and in which no task that begins others has had a turn
PRESSED = 26  # looks at the census in a row that found others starved
QUEUES = 27
WORDS_PER_STATE = 3
END_OF_CHAIN = 0xFFFFFFFF
# A chunk: its state, how many ids, and on the overflow stacks 1 + the index of the next older and of the next newer
# chunk; then the ids.
CHUNK_NEXT, CHUNK_NEWER = 2, 3
CHUNK_IDS = 4
CHUNKS_PER_WARP = 128
MOST_WORDS = 3456  # of warp memory: a multiprocessor then has room for the 16 warps that a forking program likes
MOST_SHARED = 96 << 10  # bytes of warp memory in shared memory: what every GPU since sm_80 has for a block
HEAP_SHARDS = 1024  # on CUDA: stacks of free blocks of each small size of the heap (`heap`)
SMALL_CLASSES = 8  # the small sizes: 16 bytes to 2 KiB
DEQUE_WORDS = 64  # a chunk deque: `top` and, on a cache line of its own, `bottom`
DEQUE_BOTTOM = 32
CHAIN_LENGTH = 32  # frames that warps exchange at once
NEXT_CHAIN = 1  # the word of a chain's first frame that says 1 + the first frame of the next chain
RESERVE_PART = 2  # of the frame pool of a forking program, one is reserved, at most MOST_RESERVED frames
MOST_RESERVED = 1 << 20

Control = Struct(
    "Control",
    (
        Field("stop", u32, abi.CONTROL_STOP),
        Field("error", u32, abi.CONTROL_ERROR),
        Field("error_cursor", u32, abi.CONTROL_ERROR_CURSOR),
        Field("injector", u32, abi.CONTROL_INJECTOR),
        Field("census", u64, abi.CONTROL_CENSUS),
        Field("frames", u32, abi.CONTROL_FRAMES),
        Field("print_head", u64, abi.CONTROL_PRINT_HEAD),
        Field("done", u64, abi.CONTROL_DONE),
        Field("returned", u64, abi.CONTROL_RETURNED),
        Field("is_virtual", u32, abi.CONTROL_IS_VIRTUAL),
        Field("clock", u64, abi.CONTROL_CLOCK),
        Field("spare", u64, abi.CONTROL_SPARE),
        Field("overflow", u32, abi.CONTROL_OVERFLOW),
        Field("rescue", u32, abi.CONTROL_RESCUE),
        Field("reserve_used", u32, abi.CONTROL_RESERVE_USED),
        Field("reserve_head", u32, abi.CONTROL_RESERVE_HEAD),
        Field("reserve_lent", u32, abi.CONTROL_RESERVE_LENT),
        Field("crowd", u64, abi.CONTROL_CROWD),
        Field("crowd_at", u32, abi.CONTROL_CROWD_AT),
        Field("crowd_taken", u32, abi.CONTROL_CROWD_TAKEN),
        Field("crowd_woken", u32, abi.CONTROL_CROWD_WOKEN),
    ),
    abi.CONTROL_SIZE,
    8,
)

Launch = Struct(
    "Launch",
    (
        Field("frames", Pointer(u32, "global"), abi.LAUNCH_FRAMES),
        Field("uniforms", Pointer(u32, "global"), abi.LAUNCH_UNIFORMS),
        Field("control", Pointer(Control, "global"), abi.LAUNCH_CONTROL),
        Field("deques", Pointer(u32, "global"), abi.LAUNCH_DEQUES),
        Field("chunks", Pointer(u32, "global"), abi.LAUNCH_CHUNKS),
        Field("statistics", Pointer(u64, "global"), abi.LAUNCH_STATISTICS),
        Field("prints", Pointer(u32, "global"), abi.LAUNCH_PRINTS),
        Field("print_capacity", u64, abi.LAUNCH_PRINT_CAPACITY),
        Field("roots", i64, abi.LAUNCH_ROOTS),
        Field("frame_count", u32, abi.LAUNCH_FRAME_COUNT),
        Field("warp_count", u32, abi.LAUNCH_WARP_COUNT),
        Field("errors", Pointer(u32, "global"), abi.LAUNCH_ERRORS),
        Field("failures", Pointer(u32, "global"), abi.LAUNCH_FAILURES),
        Field("error_count", u32, abi.LAUNCH_ERROR_COUNT),
        Field("heap", Pointer(u32, "global"), abi.LAUNCH_HEAP),
        Field("heap_longs", Pointer(u64, "global"), abi.LAUNCH_HEAP_LONGS),
        Field("heap_size", u32, abi.LAUNCH_HEAP_SIZE),
        Field("warp_memory", Pointer(u32, "global"), abi.LAUNCH_WARP_MEMORY),
        Field("free_blocks", Pointer(u64, "global"), abi.LAUNCH_FREE_BLOCKS),
    ),
    abi.LAUNCH_SIZE,
    8,
)

LaunchPointer = Pointer(Launch, "global")
ControlPointer = Pointer(Control, "global")
WarpMemory = Pointer(u32, "generic")
GlobalWords = Pointer(u32, "global")
GlobalLongs = Pointer(u64, "global")


def capacity(shape: Shape, lanes: int) -> int:
    """Tasks a ready deque holds before the oldest are spilled as a chunk: two groups, and what one group can add at
    once; a power of two."""
    if not shape.forks:
        return 128 if shape.states <= 12 else 64
    return 1 << (2 * lanes + room(shape, lanes)).bit_length()


def room(shape: Shape, lanes: int) -> int:
    """Tasks that one turn can add to one deque (its group, and in a program that waits as many woken ones), and frames
    that it can ask for."""
    return lanes * (shape.children + 1 + int(shape.waits))


def woken_room(shape: Shape, lanes: int) -> int:
    """Woken frames that a warp holds before it chains them; a power of two."""
    return max(16, 2 * lanes) if shape.waits else 0


def free_capacity(shape: Shape, lanes: int) -> int:
    """Frames a warp's free list holds.

    Without recursion it never needs more: it takes new roots only while no state has a full group, and then its
    tasks are fewer than `lanes` a state, plus the group it takes, plus what a fair turn takes out of turn. More than
    that serves fairness only.
    """
    if shape.forks:
        deques = shape.states * (WORDS_PER_STATE + capacity(shape, lanes))
        return max(2048 if deques <= MOST_WORDS - 2048 else 1024, 4 * room(shape, lanes))
    if shape.children:
        return max(512, 4 * room(shape, lanes))
    if lanes == 1:
        return 128
    return (max(shape.states, 1) + 3) * lanes


def owned_frames(shape: Shape, lanes: int) -> int:
    """Frames that each warp owns from the start. Where tasks are stolen frames move with them: all are shared."""
    return 0 if shape.forks else free_capacity(shape, lanes)


def chunk_words(lanes: int) -> int:
    return CHUNK_IDS + lanes


def chunks_per_warp(shape: Shape) -> int:
    """Chunks in a warp's ring, a power of two; what a forking program cannot put there overflows."""
    return 256 if shape.forks else CHUNKS_PER_WARP


def overflow_chunks(shape: Shape, lanes: int, frame_count: int) -> int:
    """Each holds as many ready tasks as a warp has lanes, each task has a frame: so many are enough."""
    return frame_count // lanes if shape.forks else 0


def warp_memory_size(shape: Shape, lanes: int) -> int:
    """Bytes of warp memory, a multiple of 16."""
    words = QUEUES + shape.states * (WORDS_PER_STATE + capacity(shape, lanes)) + free_capacity(shape, lanes)
    if shape.waits:
        words += woken_room(shape, lanes) + DUE_WORDS
    return -(-words * 4 // 16) * 16


def in_shared_memory(size: int) -> bool:
    """Whether so many bytes of warp memory are in a CUDA block's shared memory."""
    return size <= MOST_SHARED


def heap_shards(lanes: int) -> int:
    """Stacks of free blocks for each small size; a power of two. The few threads of a CPU share one."""
    return 1 if lanes == 1 else HEAP_SHARDS


def free_stacks(lanes: int) -> int:
    """How many stacks of free blocks there are in all."""
    return heap_shards(lanes) * SMALL_CLASSES + abi.HEAP_CLASSES - SMALL_CLASSES
