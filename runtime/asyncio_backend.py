"""The asyncio backend: the user's source runs in CPython, under asyncio, with the language's arithmetic.

    async def f(n: i32):              async def f(n: i32):
        total = n * 3                     n = c2c.convert(i32, n)
        for i in range(n):                total = c2c.binary("mul", n, 3, 2)         # 2: the right operand is weak
            a[i] += total / 2             for i in c2c.iterate(c2c.call(range, 0, n)):
        return await g(total)                 ...
                                          return await c2c.call(g, 0, total)

The instrumented function keeps file name, line numbers, globals and closure of the original, so that debuggers and
tracebacks show the user's source. It is the oracle that the compiled backends are compared with.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import types
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

from coro2cuda.frontend import builtins
from coro2cuda.frontend.builtins import asyncio_name
from coro2cuda.frontend.dtypes import Type
from coro2cuda.runtime import values
from coro2cuda.runtime.dependencies import raw_function
from coro2cuda.runtime.instrument import HELPERS, TYPES, instrument

WINDOW = 1024  # root tasks alive at once
_AS_THEY_ARE = ("coro2cuda.", "asyncio.")  # packages whose functions are not the user's


class Helpers:
    """What instrumented code calls."""

    binary = staticmethod(values.binary)
    unary = staticmethod(values.unary)
    compare = staticmethod(values.compare)
    convert = staticmethod(values.convert)
    load = staticmethod(values.load)
    store = staticmethod(values.store)
    iterate = staticmethod(values.iterate)
    shown = staticmethod(values.shown)
    slice = slice

    @staticmethod
    def call(function: Any, weak: int, *arguments: Any, **keywords: Any) -> Any:
        """A builtin or type in the language's version, a coroutine or helper of the user's instrumented, else as is."""
        language = values.known(function)
        if language is not None:
            return language(weak, *arguments, **keywords)
        if name := asyncio_name(function):
            return getattr(builtins, name)(*arguments, **keywords)
        return values.host(instrumented_callable(function)(*arguments, **keywords))


def instrumented_callable(function: Any) -> Callable[..., Any]:
    """The user's function instrumented; anything else unchanged."""
    raw = raw_function(function)
    if raw is None or f"{raw.__module__}.".startswith(_AS_THEY_ARE):
        return function  # type: ignore[no-any-return]
    return instrumented(raw)


@functools.lru_cache(maxsize=1024)
def instrumented(function: types.FunctionType) -> types.FunctionType:
    """The function with the language's arithmetic. Made once a function object."""
    code, declared = instrument(function)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    cells[HELPERS], cells[TYPES] = types.CellType(Helpers), types.CellType(declared)
    closure = tuple(cells[name] for name in code.co_freevars)
    made = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    made.__kwdefaults__, made.__qualname__, made.__module__ = (
        function.__kwdefaults__, function.__qualname__, function.__module__,
    )  # fmt: skip
    return made


# --- runs ------------------------------------------------------------------------------------------------------------


async def call(function: types.FunctionType, arguments: Sequence[Any]) -> Any:
    """Run one coroutine in the running event loop, given its arguments in the order of its parameters."""
    code = function.__code__
    by_position, by_keyword = arguments[: code.co_argcount], arguments[code.co_argcount :]
    keywords = dict(zip(code.co_varnames[code.co_argcount :], by_keyword, strict=False))
    return values.host(await instrumented(function)(*by_position, **keywords))


def run_all(
    function: types.FunctionType,
    roots: int,
    arguments_of: Callable[[int], Sequence[Any]],
    timeout: float | None = None,
    on_progress: Callable[[int], None] | None = None,
    return_exceptions: bool = False,
) -> list[Any]:
    """Run all root tasks in an event loop of their own; their results in order.

    A task that never awaits cannot be timed out: CPython runs it to its end."""
    return asyncio.run(_within(timeout, _run_all(function, roots, arguments_of, on_progress, return_exceptions)))


async def _within(timeout: float | None, work: Any) -> list[Any]:
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            results: list[Any] = await work
            return results
    except TimeoutError:
        if not limit.expired():
            raise  # the program's own
        raise TimeoutError(f"stopped after timeout={timeout} s") from None


async def _run_all(
    function: types.FunctionType,
    roots: int,
    arguments_of: Callable[[int], Sequence[Any]],
    on_progress: Callable[[int], None] | None,
    return_exceptions: bool,
) -> list[Any]:
    results: list[Any] = [None] * roots
    indices = iter(range(roots))

    async def worker() -> None:
        for index in indices:
            root = call(function, arguments_of(index))
            results[index] = await (_settled(root, index) if return_exceptions else root)
            if on_progress is not None:
                on_progress(index)

    with lost_errors() as lost:
        await asyncio.gather(*(worker() for _ in range(min(roots, WINDOW))))
        await finish_tasks()
    if lost:
        raise lost[0]
    return results


async def _settled(root: Coroutine[Any, Any, Any], index: int) -> Any:
    """A root task's result, or its exception. It runs in a task of its own: a CancelledError that it ends with is then
    never one that was meant for the caller. `cancelling()` would not tell: a TaskGroup that fails may leave it above 0.
    """
    task = asyncio.create_task(root)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        raise
    try:
        return task.result()
    except (Exception, asyncio.CancelledError) as error:
        error.root_index = index  # type: ignore[union-attr]
        return error
    finally:
        del task  # the error's traceback holds this frame, and the task would hold the error


@contextlib.contextmanager
def lost_errors() -> Iterator[list[BaseException]]:
    """The errors of tasks that nobody has seen, which asyncio would only print."""
    loop = asyncio.get_running_loop()
    lost: list[BaseException] = []
    before = loop.get_exception_handler()

    def keep(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), BaseException) and ("task" in context or "future" in context):
            lost.append(context["exception"])
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(keep)
    yield lost
    loop.set_exception_handler(before)


async def finish_tasks() -> None:
    """Wait for the tasks that nobody awaited: they run to their end too. The first error that nobody sees ends the
    run; one whose task another still has in a name is for that one to handle."""
    with lost_errors() as lost:
        while not lost and await _one_ends():
            pass
    if lost:
        raise lost[0]


async def _one_ends() -> bool:
    """Wait until one of the others has ended, or none was left. A task is kept by nobody here when this is over."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
    return bool(others)


def zero(type: Any) -> Any:
    """What stands for the result of a task that failed."""
    if hasattr(type, "elements"):
        return tuple(map(zero, type.elements))
    return type.numpy().type(0) if hasattr(type, "numpy") else None


def as_arrays(result: Type | None, results: list[Any]) -> Any:
    """The results of root tasks as a NumPy array of the result's type, or a tuple of arrays.

    Args:
        result: the type, where the results cannot tell because there are none.
        results: host values, all of one type.
    """
    import numpy

    if not results:
        return _empty(result)
    first = results[0]
    if isinstance(first, tuple):
        return tuple(as_arrays(None, [item[position] for item in results]) for position in range(len(first)))
    kind = values.type_of(first)
    return None if kind is None else numpy.array(results, kind.numpy())


def _empty(result: Any) -> Any:
    import numpy

    if hasattr(result, "elements"):
        return tuple(map(_empty, result.elements))
    return numpy.empty(0, result.numpy()) if hasattr(result, "numpy") else None
