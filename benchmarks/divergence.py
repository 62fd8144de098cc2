"""W1: 8 states of different arithmetic, a random next one after each step, steps of 1 to 512 pairs of FMAs.

Ours against two hand-written kernels of baselines/w1.cu: the plain divergent loop, and the prototype of the executor.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from measure import Row, baseline, cupy, interleave, kernel_ms, require

from coro2cuda import f32, gpu_async, i32, reschedule, u32

TASKS, STEPS = 1 << 22, 32
LENGTHS = (1, 8, 32, 128, 512)
FRAMES, SLOT_BYTES, RING_BYTES, DEQUE_BYTES, CHUNK_BYTES, WARP_CHUNKS = 1 << 21, 160, 256, 256, 144, 1024


def segment(x: f32, length: i32, number: i32) -> f32:
    """The work of one step in state `number` - 1; a and b are constants wherever it is called.

    On CUDA the two lines are a multiplication and two FMAs, and so they are in the hand-written kernels."""
    a = 1 - f32(0.001) * f32(number)
    b = f32(0.0007) * f32(number + 2)
    y = x * 0.5
    for _ in range(length):
        y = y * a + x * b
        x = x * b + y * a
    return x + y


@gpu_async
async def walk(task: u32, steps: i32, length: i32) -> f32:
    """One task: a step in a state, then on to a random state. Each state has a suspend point of its own."""
    random = task * 2654435761 + 12345
    x = f32(task & 1023) * 0.001
    state: u32 = 0
    for _ in range(steps):
        if state == 0:
            await reschedule()
            x = segment(x, length, 1)
        elif state == 1:
            await reschedule()
            x = segment(x, length, 2)
        elif state == 2:
            await reschedule()
            x = segment(x, length, 3)
        elif state == 3:
            await reschedule()
            x = segment(x, length, 4)
        elif state == 4:
            await reschedule()
            x = segment(x, length, 5)
        elif state == 5:
            await reschedule()
            x = segment(x, length, 6)
        elif state == 6:
            await reschedule()
            x = segment(x, length, 7)
        else:
            await reschedule()
            x = segment(x, length, 8)
        random = random * 1664525 + 1013904223
        state = (random >> 24) % 8
    return x


class Prototype:
    """The hand-written executor: its buffers, and a launch of all tasks."""

    def __init__(self, module: Any) -> None:
        self.cupy = cupy()
        driver = self.cupy.cuda.driver
        self.kernel, self.number = module.get_function("grouped"), module.get_function("number_slots")
        device = self.cupy.cuda.Device()
        resident = driver.occupancyMaxActiveBlocksPerMultiprocessor(self.kernel.kernel.ptr, 32, 0)
        self.warps = resident * device.attributes["MultiProcessorCount"]
        self.slot_count = 1 << (FRAMES // 32 + 4096 - 1).bit_length()
        zeros = self.cupy.zeros
        self.deques, self.ring = zeros(self.warps * DEQUE_BYTES, "u1"), zeros(RING_BYTES, "u1")
        self.chunks = zeros(self.warps * WARP_CHUNKS * CHUNK_BYTES, "u1")
        self.slots, self.frames = zeros(self.slot_count * SLOT_BYTES, "u1"), zeros(FRAMES * 16, "u1")
        self.counters, self.out = zeros(64, "u1"), zeros(TASKS, "f4")

    def run(self, length: int) -> float:
        for buffer in (self.deques, self.ring, self.counters):
            buffer.fill(0)
        self.number((264,), (256,), (self.slots, np.uint32(self.slot_count)))
        sizes = (self.slot_count - 1, FRAMES, self.warps, TASKS)
        arguments = (
            self.deques, self.chunks, self.ring, self.slots, self.frames, self.counters, self.out,
            *map(np.uint32, sizes), np.int32(STEPS), np.int32(length),
        )  # fmt: skip
        milliseconds = kernel_ms(lambda: self.kernel((self.warps,), (32,), arguments))
        error = int(self.counters.view("u4")[3])
        require(error == 0, f"the prototype ran out of {'frames' if error == 1 else 'chunks'}")
        return milliseconds


def rows() -> Iterator[Row]:
    """Two rows a step length: against the prototype, and against the plain loop."""
    gpu, module = cupy(), baseline("w1")
    plain, prototype = module.get_function("plain_loop"), Prototype(module)
    blocks = 8 * gpu.cuda.Device().attributes["MultiProcessorCount"]
    expected = gpu.zeros(TASKS, "f4")
    results: dict[str, Any] = {}

    def run_plain(length: int) -> float:
        arguments = (expected, np.int32(TASKS), np.int32(STEPS), np.int32(length))
        return kernel_ms(lambda: plain((blocks,), (256,), arguments))

    def run_ours(length: int) -> float:
        results["ours"], found = walk.map(range(TASKS), STEPS, length, backend="cuda", stats=True)
        return float(found.kernel_ms)

    for length in LENGTHS:
        contenders = {"plain": run_plain, "prototype": prototype.run, "ours": run_ours}
        times = interleave({name: lambda run=run, length=length: run(length) for name, run in contenders.items()})
        answer = expected.get()
        require(np.array_equal(answer, prototype.out.get(), equal_nan=True), "W1: the prototype's result is wrong")
        require(np.array_equal(answer, results["ours"], equal_nan=True), "W1: our result is wrong")
        name = f"W1, {length} FMA pairs a step"
        yield Row(name, times["ours"], "prototype", times["prototype"], wanted=0.8)
        yield Row(name, times["ours"], "plain loop", times["plain"], wanted=5.0 if length == 512 else None)
