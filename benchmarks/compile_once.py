"""One process of the benchmark `compile_time`: import coro2cuda, compile Collatz to PTX, then a second program.

Prints milliseconds as JSON. What the disk cache holds when it starts is the caller's choice (CORO2CUDA_CACHE_DIR).
"""

import json
from time import perf_counter

started = perf_counter()

from coro2cuda import gpu_async, i32, reschedule  # noqa: E402

imported = perf_counter()
TARGET = "sm_90"


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


def to_ptx(coroutine: object) -> None:
    """Compile as `map` does, through the disk cache."""
    from coro2cuda import execution, signatures
    from coro2cuda.runtime.dependencies import dependencies

    function = coroutine.__gpu_async__  # type: ignore[attr-defined]
    arguments = signatures.map_arguments(signatures.declared(function))
    program = execution.compiled(function, arguments, TARGET, dependencies(function), True)
    if b".visible .entry" not in program.code:
        raise SystemExit("compile_once: the program is not PTX")


to_ptx(chain)
first = perf_counter()
to_ptx(ackermann)
second = perf_counter()
print(json.dumps({
    "import": 1e3 * (imported - started),
    "import to PTX": 1e3 * (first - started),
    "after import": 1e3 * (first - imported),
    "second": 1e3 * (second - first),
}))  # fmt: skip
