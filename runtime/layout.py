"""Memory that the host and the executor share: structs of `abi` for device Python, and the words of warp memory.

Warp memory (shared memory on CUDA, a block of the heap on the CPU) is u32 words; S states, C = CAPACITY:

    0            FREE_COUNT        frames on the free list
    1            CHAIN_HEAD        first frame of the free list's overflow
    2 .. 7       unused
    8            counts[S]         tasks in each ready deque
    8 + S        bottoms[S]        position of its oldest task, modulo C
    8 + 2 S      resumes[S]        lanes resumed in each state (statistics)
    8 + 3 S      deques[S][C]      ids of the frames that are ready, by state
    ...          free[FREE_CAPACITY]
"""

from __future__ import annotations

from coro2cuda.frontend.dtypes import Field, Pointer, Struct, i64, u32, u64
from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Shape

FREE_COUNT = 0
CHAIN_HEAD = 1
QUEUES = 8
WORDS_PER_STATE = 3
END_OF_CHAIN = 0xFFFFFFFF
CHUNK_WORDS = 36  # a chunk: its state, how many ids, two words unused, then 32 ids
CHUNK_IDS = 4
CHUNKS_PER_WARP = 128
DEQUE_WORDS = 64  # a chunk deque: `top` and, on a cache line of its own, `bottom`
DEQUE_BOTTOM = 32
SLOT_WORDS = 2  # of the ring of returned frames: a sequence number and the first frame of a chain
CHAIN_LENGTH = 32
RETURNED_SLOTS = 1 << 20  # of the ring: more than any pool has chains on their way at once

Control = Struct(
    "Control",
    (
        Field("stop", u32, abi.CONTROL_STOP),
        Field("error", u32, abi.CONTROL_ERROR),
        Field("error_cursor", u32, abi.CONTROL_ERROR_CURSOR),
        Field("injector", u32, abi.CONTROL_INJECTOR),
        Field("busy", u32, abi.CONTROL_BUSY),
        Field("frames", u32, abi.CONTROL_FRAMES),
        Field("print_head", u64, abi.CONTROL_PRINT_HEAD),
        Field("done", u64, abi.CONTROL_DONE),
        Field("returned_head", u32, abi.CONTROL_RETURNED_HEAD),
        Field("returned_tail", u32, abi.CONTROL_RETURNED_TAIL),
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
    ),
    abi.LAUNCH_SIZE,
    8,
)

LaunchPointer = Pointer(Launch, "global")
ControlPointer = Pointer(Control, "global")
WarpMemory = Pointer(u32, "generic")
GlobalWords = Pointer(u32, "global")


def capacity(shape: Shape, lanes: int) -> int:
    """Tasks a ready deque holds before the oldest are spilled as a chunk: two groups, and what one group can add at
    once; a power of two."""
    if not shape.forks:
        return 128 if shape.states <= 12 else 64
    return 1 << (2 * lanes + room(shape, lanes)).bit_length()


def room(shape: Shape, lanes: int) -> int:
    """Tasks that one group can add to one deque, and frames that it can ask for."""
    return lanes * (shape.children + 1)


def free_capacity(shape: Shape, lanes: int) -> int:
    """Frames a warp's free list holds.

    Without recursion it never needs more: it takes new roots only while no state has a full group, and then its
    tasks are fewer than `lanes` a state, plus the group it takes, plus what a fair turn takes out of turn. More than
    that serves fairness only.
    """
    if shape.children:
        return max(1024 if shape.forks else 512, 4 * room(shape, lanes))
    if lanes == 1:
        return 128
    return (max(shape.states, 1) + 3) * lanes


def owned_frames(shape: Shape, lanes: int) -> int:
    """Frames a warp owns from the start. Where tasks are stolen it may soon free more than it had."""
    return free_capacity(shape, lanes) // (2 if shape.forks else 1)


def chunks_per_warp(shape: Shape) -> int:
    """Chunks in a warp's ring, a power of two. Depth-first order keeps those of a forking program few."""
    return 1024 if shape.forks else CHUNKS_PER_WARP


def warp_memory_size(shape: Shape, lanes: int) -> int:
    """Bytes of warp memory, a multiple of 16."""
    words = QUEUES + shape.states * (WORDS_PER_STATE + capacity(shape, lanes)) + free_capacity(shape, lanes)
    return -(-words * 4 // 16) * 16
