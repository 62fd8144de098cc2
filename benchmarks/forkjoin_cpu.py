"""fib on the CPU, every call a task: against C++ with OpenMP tasks, and against asyncio.

asyncio runs a smaller number, and its time is scaled by the calls in it: the whole would take minutes.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import HERE, Row, Skip, example, interleave, require

from coro2cuda import run

N, ASYNCIO_N, ASYNCIO_RESULT = 35, 18, 2584
CALLS = {18: 8_361, 35: 29_860_703}
THREADS = min(2, os.cpu_count() or 1)
ROUNDS = 3


async def fib(n: int) -> int:
    """As asyncio runs it."""
    if n < 2:
        return n
    a, b = await asyncio.gather(fib(n - 1), fib(n - 2))
    return a + b


def under_asyncio() -> float:
    """Milliseconds for N, from a smaller number."""
    started = time.perf_counter()
    require(asyncio.run(fib(ASYNCIO_N)) == ASYNCIO_RESULT, "fib: asyncio's result is wrong")
    return 1e3 * (time.perf_counter() - started) * CALLS[N] / CALLS[ASYNCIO_N]


def openmp(folder: Path, expected: int) -> Callable[[], float]:
    """A run of the C++ program, compiled into the folder; milliseconds by its own clock.

    Raises:
        Skip: there is no g++ with OpenMP.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        raise Skip("there is no g++ to compile what is compared")
    program, source = folder / "fib", HERE / "baselines" / "fib_openmp.cpp"
    made = subprocess.run([compiler, "-O3", "-fopenmp", source, "-o", program], capture_output=True, text=True)
    if made.returncode != 0:
        raise Skip(f"g++ does not compile OpenMP: {made.stderr.strip()}")
    environment = os.environ | {"OMP_NUM_THREADS": str(THREADS)}

    def once() -> float:
        printed = subprocess.run([program, str(N)], capture_output=True, text=True, check=True, env=environment).stdout
        result, milliseconds = printed.split()
        require(int(result) == expected, "fib: the result of OpenMP is wrong")
        return float(milliseconds)

    return once


def rows() -> Iterator[Row]:
    """By the clock on the wall: ours with all that `run` does, OpenMP from the first task on."""
    examples = example("fork_join")
    expected = examples.FIB[N]

    def ours() -> float:
        started = time.perf_counter()
        result = run(examples.fib(N), backend="cpu", threads=THREADS)
        require(result == expected, f"fib({N}) is {result}, not {expected}")
        return 1e3 * (time.perf_counter() - started)

    with tempfile.TemporaryDirectory() as folder:
        contenders = {"ours": ours, "openmp": openmp(Path(folder), expected), "asyncio": under_asyncio}
        times = interleave(contenders, ROUNDS)
    name = f"CPU fib({N}), {THREADS} threads"
    yield Row(name, times["ours"], "OpenMP tasks", times["openmp"], wanted=1.0, work=(CALLS[N], "calls/s"))
    yield Row(name, times["ours"], "asyncio", times["asyncio"], wanted=300, work=(CALLS[N], "calls/s"))
