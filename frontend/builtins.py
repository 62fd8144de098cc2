"""What a coroutine may call besides coroutines and helpers: our own functions, as Python objects, and the tables.

Our functions also run under plain asyncio, on NumPy arrays. The compiler knows them, under any name, by their attribute
`__coro2cuda_builtin__`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

# math functions of floats that give a float of the same type, by number of arguments
MATH_FLOAT: dict[str, tuple[int, ...]] = dict.fromkeys(
    (
        "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "degrees", "erf", "erfc", "exp",
        "exp2", "expm1", "fabs", "gamma", "lgamma", "log10", "log1p", "log2", "radians", "sin", "sinh", "sqrt",
        "tan", "tanh",
    ),
    (1,),
) | {
    "log": (1, 2), "atan2": (2,), "copysign": (2,), "fmod": (2,), "hypot": (2,), "pow": (2,), "remainder": (2,),
    "fma": (3,),
}  # fmt: skip
MATH_TO_INT = ("ceil", "floor", "trunc")
MATH_TO_BOOL = ("isfinite", "isinf", "isnan")

ATOMICS = ("add", "sub", "min", "max", "and", "or", "xor", "exchange", "cas")

_lock = threading.Lock()


def _builtin(name: str) -> Callable[[F], F]:
    def mark(function: F) -> F:
        function.__coro2cuda_builtin__ = name  # type: ignore[attr-defined]
        return function

    return mark


@_builtin("reschedule")
async def reschedule() -> None:
    """Suspend this task; the executor may regroup it with others that wait in the same place.

    Under asyncio this is `asyncio.sleep(0)`.
    """
    import asyncio

    await asyncio.sleep(0)


@_builtin("sleep")
async def sleep(seconds: float) -> None:
    """Suspend this task for a time; `sleep(0)` is `reschedule()`.

    Under asyncio this is `asyncio.sleep`, which means the same in a compiled coroutine.

    Raises:
        ValueError: the time is NaN.
    """
    import asyncio

    if seconds != seconds:  # before Python 3.13 asyncio's would never return
        raise ValueError("Invalid delay: NaN (not a number)")
    await asyncio.sleep(float(seconds))


@_builtin("gather")
async def gather(*coroutines: Awaitable[Any]) -> tuple[Any, ...]:
    """Run coroutines at the same time, each as a task of its own, and wait until all are done.

    `asyncio.gather` means the same in a compiled coroutine. If some fail, all are waited for, since they share arrays
    with what comes after; then the first exception is raised.

    Args:
        coroutines: calls of coroutines, `gather(f(1), g(2))`.

    Returns:
        Their results, in the order of the calls.
    """
    import asyncio

    failed: list[BaseException] = []

    async def watched(child: Awaitable[Any]) -> Any:
        try:
            return await child
        except BaseException as error:
            failed.append(error)
            raise

    results = await asyncio.gather(*map(watched, coroutines), return_exceptions=True)
    if failed:
        raise failed[0]
    return tuple(results)


_running: set[Any] = set()  # asyncio keeps no reference to its tasks


@_builtin("create_task")
def create_task(coroutine: Awaitable[Any]) -> Any:
    """Begin a coroutine as a task of its own, which runs to its end whether it is awaited or not.

    Under asyncio this is `asyncio.create_task`, which means the same in a compiled coroutine.

    Args:
        coroutine: a call of a coroutine, `create_task(f(1))`.

    Returns:
        The task.
    """
    import asyncio

    task: Any = asyncio.get_running_loop().create_task(coroutine)  # type: ignore[arg-type]
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


class TaskGroup:
    """`async with TaskGroup() as tg: tg.create_task(f(x))`: goes on when all tasks of the group are done.

    Under asyncio this is `asyncio.TaskGroup`, which means the same in a compiled coroutine."""

    __coro2cuda_object__ = "group"

    def __new__(cls) -> Any:
        import asyncio

        return asyncio.TaskGroup()


@_builtin("wait_for")
async def wait_for(awaitable: Awaitable[Any], timeout: float) -> Any:
    """Wait for a coroutine, a task or a synchronisation object, at most so many seconds; then what is awaited is
    cancelled.

    Under asyncio this is `asyncio.wait_for`, which means the same in a compiled coroutine.

    Raises:
        TimeoutError: it took longer.
    """
    import asyncio

    return await asyncio.wait_for(awaitable, float(timeout))


@_builtin("timeout")
def timeout(seconds: float) -> Any:
    """`async with timeout(seconds): ...`: the body raises TimeoutError if it takes longer; its next suspend point then
    raises CancelledError inside.

    Under asyncio this is `asyncio.timeout`, which means the same in a compiled coroutine.
    """
    import asyncio

    return asyncio.timeout(float(seconds))


def asyncio_name(value: Any) -> str:
    """The name of a function of asyncio that means one of ours, "" for any other value."""
    asyncio = sys.modules.get("asyncio")  # whoever has it by name has imported it
    if asyncio is None:
        return ""
    names = ("gather", "create_task", "wait_for", "timeout")
    return next((name for name in names if value is getattr(asyncio, name)), "")


def is_gather(value: Any) -> bool:
    """Whether a host value is our `gather` or asyncio's."""
    asyncio = sys.modules.get("asyncio")  # whoever has its `gather` has imported it
    return value is gather or (asyncio is not None and value is asyncio.gather)


def is_sleep(value: Any) -> bool:
    """Whether a host value is our `sleep` or asyncio's."""
    asyncio = sys.modules.get("asyncio")
    return value is sleep or (asyncio is not None and value is asyncio.sleep)


def is_timeout(value: Any) -> bool:
    """Whether a host value is our `timeout` or asyncio's."""
    return value is timeout or asyncio_name(value) == "timeout"


def _update(array: Any, index: Any, change: Callable[[Any], Any]) -> Any:
    with _lock:
        old = array[index]
        new = change(old)
        kind = array.dtype.kind
        if kind in "iu":
            bits = 8 * array.dtype.itemsize
            new = int(new) & ((1 << bits) - 1)
            if kind == "i" and new >> (bits - 1):
                new -= 1 << bits
        array[index] = new
        return old


@_builtin("atomic_add")
def atomic_add(array: Any, index: Any, value: Any) -> Any:
    """`array[index] += value` as one indivisible step.

    Args:
        array: a writable array of integers or floats.
        index: an int, or a tuple of ints for an array of several dimensions.
        value: of the array's element type.

    Returns:
        The old value.

    Raises:
        IndexError: the index is out of range.
    """
    return _update(array, index, lambda old: old.item() + value)


@_builtin("atomic_sub")
def atomic_sub(array: Any, index: Any, value: Any) -> Any:
    """`array[index] -= value` as one indivisible step; returns the old value. See `atomic_add`."""
    return _update(array, index, lambda old: old.item() - value)


@_builtin("atomic_min")
def atomic_min(array: Any, index: Any, value: Any) -> Any:
    """`array[index] = min(array[index], value)` as one indivisible step; returns the old value."""
    return _update(array, index, lambda old: min(old, value))


@_builtin("atomic_max")
def atomic_max(array: Any, index: Any, value: Any) -> Any:
    """`array[index] = max(array[index], value)` as one indivisible step; returns the old value."""
    return _update(array, index, lambda old: max(old, value))


@_builtin("atomic_and")
def atomic_and(array: Any, index: Any, value: Any) -> Any:
    """`array[index] &= value` on an array of integers, as one indivisible step; returns the old value."""
    return _update(array, index, lambda old: old.item() & int(value))


@_builtin("atomic_or")
def atomic_or(array: Any, index: Any, value: Any) -> Any:
    """`array[index] |= value` on an array of integers, as one indivisible step; returns the old value."""
    return _update(array, index, lambda old: old.item() | int(value))


@_builtin("atomic_xor")
def atomic_xor(array: Any, index: Any, value: Any) -> Any:
    """`array[index] ^= value` on an array of integers, as one indivisible step; returns the old value."""
    return _update(array, index, lambda old: old.item() ^ int(value))


@_builtin("atomic_exchange")
def atomic_exchange(array: Any, index: Any, value: Any) -> Any:
    """Store `value` and return the old value, as one indivisible step."""
    return _update(array, index, lambda old: value)


@_builtin("atomic_cas")
def atomic_compare_and_swap(array: Any, index: Any, expected: Any, value: Any) -> Any:
    """Store `value` if the element equals `expected`, as one indivisible step; returns the old value."""
    return _update(array, index, lambda old: value if old == expected else old)


@_builtin("bit_cast")
def bit_cast(type: Any, value: Any) -> Any:
    """The value of another type that has the same bits, as C++'s `std::bit_cast`: `bit_cast(u32, x)` of an f32.

    Args:
        type: a type as wide as that of the value.
        value: an integer or a float.
    """
    import numpy

    given = numpy.asarray(value)
    wanted = numpy.dtype(type.numpy() if hasattr(type, "numpy") else type)
    if wanted.itemsize != given.dtype.itemsize:
        raise TypeError(f"bit_cast() of {given.dtype} to {wanted}: they differ in width")
    return given.view(wanted)[()]
