"""Compile Python `async def` functions to grouped state machines and run a million of them on a GPU.

from coro2cuda import gpu_async, i32, run

@gpu_async
async def fib(n: i32) -> i32:
    return n if n < 2 else await fib(n - 1) + await fib(n - 2)

run(fib(20))              # one root task, result on the host
fib.map(range(1000))      # a thousand root tasks, an array of results
"""

from coro2cuda.api import Coroutine, CoroutineFunction, gpu_async, load, run
from coro2cuda.frontend.builtins import (
    TaskGroup,
    atomic_add,
    atomic_and,
    atomic_compare_and_swap,
    atomic_exchange,
    atomic_max,
    atomic_min,
    atomic_or,
    atomic_sub,
    atomic_xor,
    bit_cast,
    create_task,
    gather,
    reschedule,
    sleep,
    timeout,
    wait_for,
)
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import f32, f64, i8, i16, i32, i64, u8, u16, u32, u64
from coro2cuda.frontend.sync import Barrier, BoundedSemaphore, Condition, Event, Lock, Queue, Semaphore
from coro2cuda.marks import each
from coro2cuda.runtime.errors import (
    ArtifactError,
    BackendUnavailable,
    Coro2cudaError,
    DeadlockError,
    DeviceError,
    ErrorPoolExhausted,
    FramePoolExhausted,
    HeapExhausted,
    ProgramError,
)
from coro2cuda.version import __version__

__all__ = [
    "ArtifactError",
    "BackendUnavailable",
    "Barrier",
    "BoundedSemaphore",
    "CompileError",
    "Condition",
    "Coro2cudaError",
    "Coroutine",
    "CoroutineFunction",
    "DeadlockError",
    "DeviceError",
    "ErrorPoolExhausted",
    "Event",
    "FramePoolExhausted",
    "HeapExhausted",
    "Lock",
    "ProgramError",
    "Queue",
    "Semaphore",
    "TaskGroup",
    "__version__",
    "atomic_add",
    "atomic_and",
    "atomic_compare_and_swap",
    "atomic_exchange",
    "atomic_max",
    "atomic_min",
    "atomic_or",
    "atomic_sub",
    "atomic_xor",
    "bit_cast",
    "create_task",
    "each",
    "f32",
    "f64",
    "gather",
    "gpu_async",
    "i8",
    "i16",
    "i32",
    "i64",
    "load",
    "reschedule",
    "run",
    "sleep",
    "timeout",
    "u8",
    "u16",
    "u32",
    "u64",
    "wait_for",
]
