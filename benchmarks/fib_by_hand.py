"""The hand-written fork-join executor of `baselines/fib.cu`: its buffers, and a launch."""

from typing import Any

import numpy as np
from measure import baseline, cupy, kernel_ms, require

FRAMES, SLOT_BYTES, RING_BYTES, DEQUE_BYTES, CHUNK_BYTES, WARP_CHUNKS = 1 << 24, 160, 256, 256, 144, 1024
WARPS_PER_SM = 16  # the best of 4, 8, 12, 16, 20 and 24


class FibByHand:
    def __init__(self) -> None:
        self.cupy, module = cupy(), baseline("fib")
        self.kernels = {name: module.get_function(name) for name in ("every_call_a_task", "leaves_in_the_parent")}
        self.number = module.get_function("number_slots")
        self.warps = WARPS_PER_SM * self.cupy.cuda.Device().attributes["MultiProcessorCount"]
        self.slot_count = 1 << (FRAMES // 32 + 4096 - 1).bit_length()
        zeros = self.cupy.zeros
        self.deques, self.ring = zeros(self.warps * DEQUE_BYTES, "u1"), zeros(RING_BYTES, "u1")
        self.chunks = zeros(self.warps * WARP_CHUNKS * CHUNK_BYTES, "u1")
        self.slots, self.frames = zeros(self.slot_count * SLOT_BYTES, "u1"), zeros(FRAMES * 16, "u1")
        self.counters = zeros(64, "u1")

    def run(self, n: int, leaves: bool, expected: int) -> float:
        """Milliseconds of one launch."""
        kernel = self.kernels["leaves_in_the_parent" if leaves else "every_call_a_task"]
        for buffer in (self.deques, self.ring, self.counters):
            buffer.fill(0)
        self.number((264,), (256,), (self.slots, np.uint32(self.slot_count)))
        sizes = map(np.uint32, (self.slot_count - 1, FRAMES, self.warps))
        arguments: tuple[Any, ...] = (
            self.deques, self.chunks, self.ring, self.slots, self.frames, self.counters, *sizes, np.int32(n),
        )  # fmt: skip
        milliseconds = kernel_ms(lambda: kernel((self.warps,), (32,), arguments))
        error = int(self.counters.view("u4")[3])
        require(error == 0, f"fib by hand ran out of {'frames' if error == 1 else 'chunks'}")
        result = int(self.counters.view("u8")[2])
        require(result == expected, f"fib({n}) by hand is {result:,}, not {expected:,}")
        return milliseconds
