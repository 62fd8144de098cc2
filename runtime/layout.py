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

FREE_COUNT = 0
CHAIN_HEAD = 1
QUEUES = 8
WORDS_PER_STATE = 3
END_OF_CHAIN = 0xFFFFFFFF
CHUNK_WORDS = 36  # a chunk: its state, how many ids, two words unused, then 32 ids
CHUNK_IDS = 4
CHUNKS_PER_WARP = 128

Control = Struct(
    "Control",
    (
        Field("stop", u32, abi.CONTROL_STOP),
        Field("error", u32, abi.CONTROL_ERROR),
        Field("injector", u32, abi.CONTROL_INJECTOR),
        Field("idle", u32, abi.CONTROL_IDLE),
        Field("frames", u32, abi.CONTROL_FRAMES),
        Field("print_head", u64, abi.CONTROL_PRINT_HEAD),
        Field("done", u64, abi.CONTROL_DONE),
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
    ),
    abi.LAUNCH_SIZE,
    8,
)

LaunchPointer = Pointer(Launch, "global")
ControlPointer = Pointer(Control, "global")
WarpMemory = Pointer(u32, "generic")


def capacity(states: int) -> int:
    """Tasks a ready deque holds before the oldest are spilled as a chunk; at least two groups, a power of two."""
    return 128 if states <= 12 else 64


def free_capacity(states: int, recursive: bool, lanes: int) -> int:
    """Frames a warp owns from the start.

    Without recursion it never needs more: it takes new roots only while no state has a full group, and then its
    tasks are fewer than `lanes` a state, plus the group it takes, plus what a fair turn takes out of turn. More than
    that serves fairness only.
    """
    if recursive:
        return 512
    if lanes == 1:
        return 128
    return (max(states, 1) + 3) * lanes


def warp_memory_size(states: int, recursive: bool, lanes: int) -> int:
    """Bytes of warp memory, a multiple of 16."""
    words = QUEUES + states * (WORDS_PER_STATE + capacity(states)) + free_capacity(states, recursive, lanes)
    return -(-words * 4 // 16) * 16
