"""One process of the benchmark `compile_time`: import coro2cuda, make Collatz ready to run, then a second program.

The argument is the target: for "sm_90" the result is PTX, for "cpu" machine code loaded into the process. Prints
milliseconds as JSON. What the disk cache holds when it starts is the caller's choice (CORO2CUDA_CACHE_DIR).
"""

import json
import sys
from time import perf_counter

started = perf_counter()

from coro2cuda import gpu_async, i32, reschedule  # noqa: E402

imported = perf_counter()
TARGET = sys.argv[1]


@gpu_async
async def chain(n: i32) -> i32:
    steps: i32 = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        await reschedule()
    return steps


@gpu_async
async def ackermann(m: i32, n: i32) -> i32:
    if m == 0:
        return n + 1
    if n == 0:
        return await ackermann(m - 1, 1)
    return await ackermann(m - 1, await ackermann(m, n - 1))


def make_ready(coroutine: object) -> None:
    """Compile as `map` does, through the disk cache; without a GPU there is nothing to load PTX into."""
    from coro2cuda import execution, signatures
    from coro2cuda.runtime import backend
    from coro2cuda.runtime.dependencies import dependencies

    function = coroutine.__gpu_async__  # type: ignore[attr-defined]
    arguments = signatures.map_arguments(signatures.declared(function))
    program = execution.compiled(function, arguments, TARGET, dependencies(function), True)
    if TARGET == "cpu":
        backend.instance("cpu").load(program)
    elif b".visible .entry" not in program.code:
        raise SystemExit("compile_once: the program is not PTX")


make_ready(chain)
first = perf_counter()
make_ready(ackermann)
second = perf_counter()
print(json.dumps({
    "import": 1e3 * (imported - started),
    "import to code": 1e3 * (first - started),
    "after import": 1e3 * (first - imported),
    "second": 1e3 * (second - first),
}))  # fmt: skip
