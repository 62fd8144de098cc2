"""What a run needs in memory besides the argument block: how much, how it is packed, and what is read back.

struct Launch ─┬─▶ frames       frame_count x frame_size
               ├─▶ uniforms     the argument block (`program.lay_out_uniforms`, written by `buffers`)
               ├─▶ control      zeroed: stop flag, error, counters
               ├─▶ deques       DEQUE_SIZE a warp, empty at the start and after a run that came to its end
               ├─▶ chunks       a ring of `chunks_per_warp` a warp, then what overflows of all of them
               ├─▶ statistics   u64 counters, zeroed, or null
               ├─▶ prints       the print buffer
               ├─▶ errors       a word an error, zeroed, then its records (`abi`)
               ├─▶ failures     a word a frame, where tasks have several
               ├─▶ heap         synchronisation objects, in a program that waits: header and host objects written
               ├─▶ free_blocks  zeroed: the heap's stacks of free blocks
               └─▶ warp_memory  on CUDA, where shared memory has no room for it
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Program
from coro2cuda.runtime.layout import (
    MOST_RESERVED,
    RESERVE_PART,
    chunk_words,
    chunks_per_warp,
    free_stacks,
    in_shared_memory,
    overflow_chunks,
    owned_frames,
)

DEQUE_SIZE: Final = 256  # bytes: owner's and thieves' words on cache lines of their own
PRINT_CAPACITY: Final = 1 << 20
MAX_FRAMES: Final = 1 << 26
MAX_HEAP: Final = (1 << 32) * abi.HEAP_GRANULE - abi.HEAP_GRANULE
MOST_FRAMES: Final = (1 << 31) - 1  # ids stay so far below 2^32 that a counter all warps add to cannot wrap
RECORD_ALIGNMENT: Final = 16
LEAST_ERRORS: Final = 4096


@dataclass(frozen=True, slots=True)
class LaunchLayout:
    """The bytes of each part of a launch."""

    warps: int
    frame_count: int
    frames: int
    deques: int
    chunks: int
    statistics: int
    prints: int
    error_count: int
    error_flags: int
    error_record: int
    failures: int
    heap: int = 0
    free_blocks: int = 0
    warp_memory: int = 0

    @property
    def errors(self) -> int:
        """Flags and records; one more record takes what is written to errors that found none."""
        return self.error_flags + (self.error_count + 1) * self.error_record

    def record_at(self, error: int) -> int:
        """Where the record of an error starts."""
        return self.error_flags + (error - 1) * self.error_record

    @property
    def total(self) -> int:
        parts = self.frames + self.deques + self.chunks + self.statistics + self.prints + abi.CONTROL_SIZE
        return parts + self.errors + self.failures + self.heap + self.free_blocks + self.warp_memory


def lay_out(
    program: Program, warps: int, frame_count: int, lanes: int, roots: int = 0, max_errors: int | None = None,
    heap: int = 0,
) -> LaunchLayout:  # fmt: skip
    """The layout for so many warps of so many lanes, frames, and bytes of heap at most."""
    if not 0 < frame_count <= MOST_FRAMES:
        raise ValueError(f"a launch has 1 to {MOST_FRAMES} frames, not {frame_count}")
    shape = program.shape
    chunks = warps * chunks_per_warp(shape) + overflow_chunks(shape, lanes, frame_count)
    return LaunchLayout(
        warps=warps,
        frame_count=frame_count,
        frames=frame_count * frame_stride(program),
        deques=warps * DEQUE_SIZE if program.forks else 0,
        chunks=chunks * chunk_words(lanes) * 4,
        statistics=8 * (abi.STAT_ROWS * abi.STAT_STATES + 2 * len(program.states)),
        prints=PRINT_CAPACITY if program.formats else 0,
        error_count=(count := max_errors or error_count(program, warps * lanes, roots)),
        error_flags=-(-4 * count // RECORD_ALIGNMENT) * RECORD_ALIGNMENT,
        error_record=4 * program.error_words,
        failures=4 * frame_count if program.recursive and program.fails else 0,
        heap=min(heap, MAX_HEAP) // abi.HEAP_GRANULE * abi.HEAP_GRANULE if program.waits else 0,
        free_blocks=8 * free_stacks(lanes) if program.waits else 0,
        warp_memory=0 if lanes == 1 or in_shared_memory(program.warp_memory_size) else warps * program.warp_memory_size,
    )


def error_count(program: Program, lanes: int, roots: int) -> int:
    """Errors there can be at once. Where none is handled the first one ends the run; else every lane may have one, and
    so may tasks that wait in a handler. With `return_exceptions` each root task may leave one behind."""
    if not program.catches:
        return 1
    return max(LEAST_ERRORS, 2 * lanes) + (roots if program.returns_errors else 0)


def frame_stride(program: Program) -> int:
    """Bytes from one frame of the pool to the next; a program that saves nothing still has ids."""
    return max(abi.FRAME_ALIGNMENT, -(-program.frame_size // abi.FRAME_ALIGNMENT) * abi.FRAME_ALIGNMENT)


def least_frames(program: Program, warps: int, lanes: int) -> int:
    """The smallest pool: what the warps own from the start; where they own none, what one lane can begin, from the part
    that is not reserved."""
    return warps * owned_frames(program.shape, lanes) or RESERVE_PART * (program.children + 1)


def frames_handed_out(program: Program, layout: LaunchLayout, lanes: int, control: Control) -> int:
    """The most frames that were in use or on the free lists of warps at once."""
    owned = layout.warps * owned_frames(program.shape, lanes)
    return min(owned + control.frames, layout.frame_count - _reserved(program, layout)) + control.reserve_used


def frames_used(program: Program, layout: LaunchLayout, control: Control) -> tuple[range, range]:
    """The ids that were ever handed out in a forking program: of the pool, and of the reserve at its end."""
    pool = layout.frame_count - _reserved(program, layout)
    return range(min(control.frames, pool)), range(pool, pool + control.reserve_used)


def _reserved(program: Program, layout: LaunchLayout) -> int:
    return min(layout.frame_count // RESERVE_PART, MOST_RESERVED) if program.forks else 0


def frames_lost(program: Program, layout: LaunchLayout, lanes: int, control: Control, free: int) -> int:
    """Frames that were handed out and not given back, when all tasks are done and so many are free."""
    given_back = control.reserve_used - control.reserve_lent
    return frames_handed_out(program, layout, lanes, control) - given_back - free


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of a launch lie, on the host or on the device."""

    frames: int
    uniforms: int
    control: int
    deques: int
    chunks: int
    statistics: int
    prints: int
    errors: int
    failures: int
    heap: int = 0
    free_blocks: int = 0
    warp_memory: int = 0


_LAUNCH = struct.Struct("<7QQqIIQQI4xQQI4xQQ")
assert _LAUNCH.size == abi.LAUNCH_SIZE


def pack_launch(at: Addresses, layout: LaunchLayout, roots: int) -> bytes:
    """`struct Launch` of `abi`, field by field."""
    return _LAUNCH.pack(
        at.frames, at.uniforms, at.control, at.deques, at.chunks, at.statistics, at.prints,
        layout.prints, roots, layout.frame_count, layout.warps, at.errors, at.failures, layout.error_count,
        at.heap, at.heap, layout.heap // abi.HEAP_GRANULE, at.warp_memory, at.free_blocks,
    )  # fmt: skip


def added_up(statistics: Sequence[int]) -> list[int]:
    """The counters of `abi.STAT_*` of all warps, then those of the states. Some warps add what is less than nothing."""
    width, end = abi.STAT_STATES, abi.STAT_ROWS * abi.STAT_STATES
    sums = [sum(statistics[column:end:width]) & 0xFFFFFFFFFFFFFFFF for column in range(width)]
    return [*sums, *statistics[end:]]


@dataclass(frozen=True, slots=True)
class Control:
    """What `struct Control` says after (or during) a run."""

    error: int
    injected: int
    frames: int
    reserve_used: int
    reserve_lent: int
    print_head: int
    done: int

    @classmethod
    def unpack(cls, memory: bytes | memoryview) -> Control:
        def word(offset: int, format: str = "<I") -> int:
            value: int = struct.unpack_from(format, memory, offset)[0]
            return value

        return cls(
            error=word(abi.CONTROL_ERROR),
            injected=word(abi.CONTROL_INJECTOR, "<Q"),
            frames=word(abi.CONTROL_FRAMES),
            reserve_used=word(abi.CONTROL_RESERVE_USED),
            reserve_lent=word(abi.CONTROL_RESERVE_LENT),
            print_head=word(abi.CONTROL_PRINT_HEAD, "<Q"),
            done=word(abi.CONTROL_DONE, "<Q"),
        )
