"""Litmus tests of the primitives by which the executor hands work on, counted on a GPU.

    python benchmarks/litmus.py --rounds 200

Two warps meet at words that are new to both, and each reads what the other may have written:

    message passing     (data = 1; flag = 1)  beside  (f = flag; d = data)      wrong: f = 1 and d = 0
    store buffering     (x = 1; r = y)        beside  (y = 1; s = x)            wrong: r = 0 and s = 0
    coherence           (x = 1; x = 2)        beside  (r = x; s = x)            wrong: r = 2 and s = 1

The fenced forms use what the executor uses: `store_release` and `load_acquire` (publish, steal), `fence` around relaxed
accesses (join), `fence_sc` (pop_chunk, steal). They must show nothing, ever. The weakened forms may show
something; which of them do depends on the GPU. `tests/explorer/test_memory_model.py` runs the same functions in the
explorer.
"""

from __future__ import annotations

import argparse
import sys

from coro2cuda.frontend.device import (
    device,
    fence,
    fence_sc,
    fetch_add,
    lane_id,
    load_acquire,
    load_relaxed,
    store_relaxed,
    store_release,
    warp_id,
)
from coro2cuda.frontend.dtypes import Pointer, u32, u64

Words = Pointer(u32, "global")
STRIDE = 128  # words of a trial: x, y (or data, flag) on cache lines of their own
SECOND = 64
LANES = 32
TRIALS = 1 << 16  # pairs of lanes in a launch
NAMES = {
    "message passing, release and acquire": ("passing_released", True),
    "message passing, fences": ("passing_fenced", True),
    "message passing, relaxed": ("passing_relaxed", False),
    "store buffering, fence_sc": ("buffering_fenced", True),
    "store buffering, relaxed": ("buffering_relaxed", False),
    "coherence of one word": ("coherent", True),
}


@device
def passing_released(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        store_release(y, 1)
        return 0
    seen = load_acquire(y)
    return u32(2) | seen << 2 | load_relaxed(x) << 4


@device
def passing_fenced(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        fence()
        store_relaxed(y, 1)
        return 0
    seen = load_relaxed(y)
    fence()
    return u32(2) | seen << 2 | load_relaxed(x) << 4


@device
def passing_relaxed(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        store_relaxed(y, 1)
        return 0
    seen = load_relaxed(y)
    return u32(2) | seen << 2 | load_relaxed(x) << 4


@device
def buffering_fenced(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        fence_sc()
        return load_relaxed(y)
    store_relaxed(y, 1)
    fence_sc()
    return load_relaxed(x)


@device
def buffering_relaxed(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        return load_relaxed(y)
    store_relaxed(y, 1)
    return load_relaxed(x)


@device
def coherent(x: Words, y: Words, role: u32) -> u32:
    if role == 0:
        store_relaxed(x, 1)
        store_relaxed(x, 2)
        return 0
    first = load_relaxed(x)
    return u32(2) | first << 2 | load_relaxed(x) << 4


# --- kernels: block 0 and block 1 are the two roles, each of 32 trials at a time


@device
def meet(gate: Words) -> None:
    """Wait for the other block's lane, so that the two run into each other."""
    fetch_add(gate, 1)
    turns: u32 = 0
    while load_relaxed(gate) < 2 and turns < 100000:
        turns += 1


@device
def run_passing_released(words: Words, gates: Words, results: Words, trials: u32) -> None:
    trial = lane_id()
    while trial < trials:
        meet(gates + trial)
        x = words + u64(trial) * STRIDE
        results[u64(trial) * 2 + warp_id()] = passing_released(x, x + SECOND, warp_id())
        trial += LANES


@device
def run_passing_fenced(words: Words, gates: Words, results: Words, trials: u32) -> None:
    trial = lane_id()
    while trial < trials:
        meet(gates + trial)
        x = words + u64(trial) * STRIDE
        results[u64(trial) * 2 + warp_id()] = passing_fenced(x, x + SECOND, warp_id())
        trial += LANES


@device
def run_passing_relaxed(words: Words, gates: Words, results: Words, trials: u32) -> None:
    trial = lane_id()
    while trial < trials:
        meet(gates + trial)
        x = words + u64(trial) * STRIDE
        results[u64(trial) * 2 + warp_id()] = passing_relaxed(x, x + SECOND, warp_id())
        trial += LANES


@device
def run_buffering_fenced(words: Words, gates: Words, results: Words, trials: u32) -> None:
    trial = lane_id()
    while trial < trials:
        meet(gates + trial)
        x = words + u64(trial) * STRIDE
        results[u64(trial) * 2 + warp_id()] = buffering_fenced(x, x + SECOND, warp_id())
        trial += LANES


@device
def run_buffering_relaxed(words: Words, gates: Words, results: Words, trials: u32) -> None:
    trial = lane_id()
    while trial < trials:
        meet(gates + trial)
        x = words + u64(trial) * STRIDE
        results[u64(trial) * 2 + warp_id()] = buffering_relaxed(x, x + SECOND, warp_id())
        trial += LANES


@device
def run_coherent(words: Words, gates: Words, results: Words, trials: u32) -> None:
    trial = lane_id()
    while trial < trials:
        meet(gates + trial)
        x = words + u64(trial) * STRIDE
        results[u64(trial) * 2 + warp_id()] = coherent(x, x + SECOND, warp_id())
        trial += LANES


KERNELS = {
    kernel.__name__.removeprefix("run_"): kernel
    for kernel in (run_passing_released, run_passing_fenced, run_passing_relaxed, run_buffering_fenced,
                   run_buffering_relaxed, run_coherent)
}  # fmt: skip


def compiled(name: str, target_name: str) -> bytes:
    """PTX of a kernel, by the pipeline that compiles the executor."""
    from coro2cuda.frontend import infer
    from coro2cuda.lowering import build, llvm, target

    module = build.build(infer.infer_device([KERNELS[name]]))
    chosen = target.parse(target_name)
    text = llvm.emit_device(module.functions, chosen, module.root)
    return target.compile(text, (), chosen, entries={f"c2c_{module.root}"})


def is_wrong(name: str, writer: int, reader: int) -> bool:
    """Whether what the two roles returned is what the fenced form must never give."""
    if name.startswith("buffering"):
        return writer == 0 and reader == 0
    first, second = reader >> 2 & 3, reader >> 4 & 3
    return first > second if name == "coherent" else first == 1 and second == 0


def count(name: str, rounds: int, trials: int = TRIALS) -> tuple[int, int]:
    """Wrong outcomes, and trials, of so many launches on this machine's GPU."""
    import cupy
    import numpy

    capability = cupy.cuda.Device().compute_capability
    module = cupy.cuda.function.Module()
    module.load(compiled(name, f"sm_{capability}") + b"\0")
    kernel = module.get_function(f"c2c_run_{name}")
    words = cupy.zeros(trials * STRIDE, dtype=cupy.uint32)
    gates, results = cupy.zeros(trials, dtype=cupy.uint32), cupy.zeros(2 * trials, dtype=cupy.uint32)
    wrong = 0
    for _ in range(rounds):
        words.fill(0)
        gates.fill(0)
        kernel((2,), (LANES,), (words.data.ptr, gates.data.ptr, results.data.ptr, numpy.uint32(trials)))
        pairs, found = numpy.unique(results.get().reshape(trials, 2), axis=0, return_counts=True)
        for (writer, reader), times in zip(pairs.tolist(), found.tolist(), strict=True):
            wrong += times if is_wrong(name, writer, reader) else 0
    return wrong, rounds * trials


def main(argv: list[str] | None = None) -> int:
    """Count; 1 if a fenced form went wrong."""
    parser = argparse.ArgumentParser(description="Litmus tests of the executor's primitives on this machine's GPU.")
    parser.add_argument("--rounds", type=int, default=50, help="launches of 65,536 trials each (%(default)s)")
    options = parser.parse_args(argv)
    failed = False
    for title, (name, fenced) in NAMES.items():
        wrong, trials = count(name, options.rounds)
        print(f"{title:42} {wrong:>12,} wrong of {trials:,}{'' if fenced else '   (may go wrong)'}")
        failed = failed or bool(fenced and wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
