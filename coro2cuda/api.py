"""What users call: the decorator `gpu_async`, `run`, `await f(x)` and `f.map(...)`.

    f(x)  ──▶ Coroutine (bound arguments) ──run──▶ bind ──▶ specialise ──▶ Loaded program ──▶ Job ──▶ result
    f.map(xs, ...)  ─────────────────────────────▶ bind ──▶ specialise ──▶ Loaded program ──▶ Job ──▶ arrays

On the asyncio backend there is no program: the source itself runs (`runtime.asyncio_backend`). No traceback of ours
reaches the user: errors leave through `user_errors`.
"""

from __future__ import annotations

import functools
import inspect
import os
import types
import warnings
from collections.abc import Callable, Generator
from collections.abc import Coroutine as CoroutineABC
from typing import Any, Generic, TypeVar, cast, overload

from coro2cuda import arguments, execution
from coro2cuda.frontend import source
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.runtime import errors

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def user_errors(function: F) -> F:
    """Let errors leave a public function without the frames of our own files."""

    @functools.wraps(function)
    def public_call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except CompileError as error:
            raise error.with_traceback(None) from None
        except BaseException as error:  # also KeyboardInterrupt, and the CancelledError of a root task
            bare = errors.without_our_frames(error)
        raise bare  # outside of the handler, so that its cause and its context stay its own

    return cast(F, public_call)


class CoroutineFunction(Generic[T]):
    """A decorated `async def`. Calling it makes a `Coroutine`; `map` runs one root task an element.

    Attributes:
        __gpu_async__: the undecorated function.
        __gpu_async_options__: the decorator's options.
    """

    __name__: str

    def __init__(self, function: types.FunctionType, options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        function.__dict__["__gpu_async_options__"] = options
        source.remember(function)
        self.__gpu_async__ = function
        self.__gpu_async_options__ = options
        self.specialisations: dict[Any, Any] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Coroutine[T]:
        return Coroutine(self, self._bind(args, kwargs))

    @user_errors
    def map(self, *args: Any, **kwargs: Any) -> Any:
        """Run one root task for each element and return the results as an array (or a tuple of arrays, or None).

        Arguments given by element: a `range`; a 1-D array, to a parameter annotated with a scalar type; `each(xs)`.
        All others are passed whole to every task. With `return_exceptions=True` a task that fails does not stop the
        others: the result is then a pair, of the results (0 where a task failed) and of an array of objects, None or
        the task's exception. Keywords of `run` (`backend`, `stats`, ...) are taken too, unless the coroutine has a
        parameter of that name.
        """
        names = self.signature.parameters
        options = {name: kwargs.pop(name) for name in execution.OPTIONS if name in kwargs and name not in names}
        return execution.run_map(self, self._bind(args, kwargs), **options)

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        return arguments.bind_names(self.__name__, self.signature, args, kwargs)

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        return inspect.signature(self.__gpu_async__)

    @functools.cached_property
    def parameters(self) -> Any:
        """The parameters with their declared types, resolved when first needed."""
        return execution.parameters_of(self)

    def __repr__(self) -> str:
        return f"<gpu_async function {self.__gpu_async__.__qualname__}>"


class Coroutine(CoroutineABC[Any, Any, T]):
    """A call of a coroutine function, not yet run: give it to `run`, or await it.

    Awaited in an asyncio program it runs on the chosen backend in a worker thread, so the event loop goes on. Awaited
    by a coroutine that itself runs on the asyncio backend, it runs inline.
    """

    __slots__ = ("__weakref__", "_inner", "_taken", "arguments", "function")

    def __init__(self, function: CoroutineFunction[T], arguments: list[Any]) -> None:
        self.function, self.arguments = function, arguments
        self._taken = False
        self._inner: CoroutineABC[Any, Any, T] | None = None

    def take(self) -> list[Any]:
        """The arguments, once.

        Raises:
            RuntimeError: it was run or awaited before.
        """
        if self._taken:
            raise RuntimeError(f"cannot reuse already awaited coroutine {self.__name__!r}; call it again")
        self._taken = True
        return self.arguments

    @property
    def __name__(self) -> str:
        return self.function.__gpu_async__.__name__

    def __await__(self) -> Generator[Any, Any, T]:
        return self._start().__await__()

    def _start(self) -> CoroutineABC[Any, Any, T]:
        if self._inner is None:
            self._inner = execution.start(self.function, self.take())
        return self._inner

    def send(self, value: Any) -> Any:
        return self._start().send(value)

    def throw(self, *error: Any) -> Any:
        return self._start().throw(*error)

    def close(self) -> None:
        """Drop the call without running it."""
        self._taken = True
        if self._inner is not None:
            self._inner.close()

    def __del__(self) -> None:
        if not getattr(self, "_taken", True):
            warnings.warn(f"coroutine {self.__name__!r} was never awaited", RuntimeWarning, stacklevel=2, source=self)

    def __repr__(self) -> str:
        return f"<coroutine {self.__name__} of {self.function!r}>"


# --- the decorator ---------------------------------------------------------------------------------------------------


@overload
def gpu_async(function: Callable[..., CoroutineABC[Any, Any, T]], /) -> CoroutineFunction[T]: ...
@overload
def gpu_async(
    *, boundscheck: bool = True
) -> Callable[[Callable[..., CoroutineABC[Any, Any, T]]], CoroutineFunction[T]]: ...


def gpu_async(function: Any = None, /, *, boundscheck: bool = True) -> Any:
    """Make an `async def` compilable for the GPU and the CPU.

    Args:
        function: the coroutine function, when used without options.
        boundscheck: False drops the check of array indices: one out of range is then undefined behaviour.

    Raises:
        TypeError: it is not a plain `async def`.
    """
    if not isinstance(boundscheck, bool):
        raise TypeError(f"gpu_async(boundscheck={boundscheck!r}): expected True or False")
    options = {"boundscheck": boundscheck}
    if function is None:
        return lambda decorated: CoroutineFunction(_accepted(decorated), options)
    return CoroutineFunction(_accepted(function), options)


def _accepted(function: Any) -> types.FunctionType:
    """The function, if it is one that can be compiled."""
    if isinstance(function, CoroutineFunction):
        raise TypeError(f"{function.__gpu_async__.__qualname__} is decorated with @gpu_async twice; remove one")
    if not isinstance(function, types.FunctionType):
        raise TypeError(f"@gpu_async decorates an `async def`, not {function!r}")
    name = function.__name__
    if inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{name} is an async generator (it has `yield`); @gpu_async needs one that returns\n"
            f"  @gpu_async\n  async def {name}(...):  # incorrect\n      yield value\n"
            f"  @gpu_async\n  async def {name}(...):  # correct\n      return value"
        )
    if not inspect.iscoroutinefunction(function):
        shown = "this is a lambda" if name == "<lambda>" else f"{name} is a plain function"
        name = "f" if name == "<lambda>" else name
        raise TypeError(
            f"@gpu_async decorates an `async def`; {shown}\n"
            f"  @gpu_async\n  def {name}(...):  # incorrect\n"
            f"  @gpu_async\n  async def {name}(...):  # correct\n"
            f"Helpers that await nothing need no decorator."
        )
    owner, _, _ = function.__qualname__.rpartition(".")
    if owner and not owner.endswith("<locals>"):
        raise TypeError(
            f"{function.__qualname__} is defined in a class; a coroutine on the GPU has no `self`. Define it at module "
            f"level and pass what it needs as arguments"
        )
    return function


# --- run -------------------------------------------------------------------------------------------------------------


@user_errors
def run(
    coroutine: Coroutine[T],
    *,
    backend: str | None = None,
    stats: bool = False,
    timeout: float | None = None,
    grouping: bool = True,
    progress: bool = False,
    max_tasks: int | None = None,
    warps: int | None = None,
    warps_per_sm: int | None = None,
    threads: int | None = None,
    heap: int | None = None,
    max_errors: int | None = None,
) -> Any:
    """Run a coroutine to its end and return its result, as `asyncio.run` does.

    Args:
        coroutine: a call `f(x)` of a function decorated with `@gpu_async`.
        backend: "cuda", "cpu" or "asyncio"; else CORO2CUDA_BACKEND, else the best that can run here.
        stats: also return `Statistics`: `(result, stats)`.
        timeout: seconds, then the run is stopped and TimeoutError raised.
        grouping: False runs each task to its end with no regrouping.
        progress: show a progress bar.
        max_tasks: frames of the pool, for recursive coroutines.
        warps, warps_per_sm: the size of the launch on CUDA.
        threads: OS threads on the CPU; else CORO2CUDA_THREADS, else all cores.
        heap: bytes for synchronisation objects and for what waits in queues.
        max_errors: exceptions that may be on their way or being handled at once.

    Raises:
        CompileError: the coroutine cannot be compiled.
        RuntimeError: called in a running event loop; `await` the coroutine there.
    """
    if not isinstance(coroutine, Coroutine):
        raise TypeError(_not_a_call(coroutine))
    if _loop_runs():
        coroutine.close()
        raise RuntimeError("run() cannot be called from a running event loop; write `await f(x)` there")
    options: dict[str, Any] = {
        "backend": backend, "stats": stats, "timeout": timeout, "grouping": grouping, "progress": progress,
        "max_tasks": max_tasks, "warps": warps, "warps_per_sm": warps_per_sm, "threads": threads,
        "heap": heap,
        "max_errors": max_errors,
    }  # fmt: skip
    return execution.run_one(coroutine.function, coroutine.take(), **options)


def _not_a_call(given: Any) -> str:
    if isinstance(given, CoroutineFunction):
        name = given.__gpu_async__.__name__
        return f"run takes a call: run({name}(...)), not run({name})"
    if inspect.iscoroutine(given):
        given.close()
        return f"run takes a call of a function decorated with @gpu_async; {given.__name__} is not (use asyncio.run)"
    return f"run takes a call of a function decorated with @gpu_async, not {type(given).__name__}"


def _loop_runs() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@user_errors
def load(path: str | os.PathLike[str]) -> Any:
    """A program that `coro2cuda build` wrote, ready to run without the compiler: `.run(...)`, `.map(...)`, or called.

    Args:
        path: the directory, or its `program.json`.

    Raises:
        FileNotFoundError: it is not there.
        ArtifactError: it is damaged, incomplete, or made by another version.
    """
    from coro2cuda import artifact

    return artifact.load(path)
