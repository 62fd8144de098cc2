"""A million Collatz tasks on the CPU: against asyncio, and against the same loop in Numba on as many threads.

asyncio runs a sample of the numbers, and its time is scaled by the steps in it: the whole would take minutes.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from measure import Row, example, interleave, require

NUMBERS, TOTAL_STEPS = 1 << 20, 138_299_811
SAMPLE_STRIDE = 1021
THREADS = min(2, os.cpu_count() or 1)


async def plain_chain(n: int) -> int:
    """The suspending chain of the examples, as asyncio runs it."""
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        await asyncio.sleep(0)
    return steps


async def sample() -> list[int]:
    return await asyncio.gather(*map(plain_chain, range(0, NUMBERS, SAMPLE_STRIDE)))


def under_asyncio() -> float:
    """Milliseconds for all numbers, from a sample."""
    started = time.perf_counter()
    steps = asyncio.run(sample())
    return 1e3 * (time.perf_counter() - started) * TOTAL_STEPS / sum(steps)


def numba_loop() -> Callable[[Any], None]:
    """The loop without suspend points in Numba."""
    import numba

    numba.set_num_threads(THREADS)

    @numba.njit
    def chain(n: int) -> int:
        steps = 0
        while n > 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        return steps

    @numba.njit(parallel=True)
    def chains(lengths: Any) -> None:
        for number in numba.prange(len(lengths)):
            # prange counts in u64, and u64 with i64 would make floats in Numba.
            lengths[number] = chain(np.int64(number))

    return chains  # type: ignore[no-any-return]


def timed(run: Callable[[], object]) -> float:
    """Milliseconds of a call."""
    started = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - started)


def rows() -> Iterator[Row]:
    """Both variants against asyncio and Numba, by the clock on the wall, arrays and all."""
    collatz, loop = example("collatz"), numba_loop()
    lengths = np.zeros(NUMBERS, np.int32)
    results: dict[str, Any] = {}

    def ours(name: str, coroutine: Any) -> Callable[[], float]:
        def run() -> None:
            results[name] = coroutine.map(range(NUMBERS), backend="cpu", threads=THREADS)

        return lambda: timed(run)

    contenders = {
        "numba": lambda: timed(lambda: loop(lengths)),
        "straight": ours("straight", collatz.chain),
        "suspending": ours("suspending", collatz.suspending_chain),
        "asyncio": under_asyncio,
    }
    times = interleave(contenders, rounds=5)
    require(int(lengths.sum(dtype=np.int64)) == TOTAL_STEPS, "Collatz: Numba's result is wrong")
    for name, result in results.items():
        require(np.array_equal(result, lengths), f"Collatz: our result is wrong ({name})")
    yield Row("CPU Collatz, no suspend point", times["straight"], "Numba, prange", times["numba"], wanted=1 / 3)
    yield Row("CPU Collatz, no suspend point", times["straight"], "asyncio", times["asyncio"], wanted=500)
    yield Row("CPU Collatz, a suspend a step", times["suspending"], "asyncio", times["asyncio"], wanted=500)
    yield Row("CPU Collatz, a suspend a step", times["suspending"], "Numba, prange", times["numba"])
