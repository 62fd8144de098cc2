"""What a run can raise, and how a task's error becomes an exception with the user's own traceback.

    Exception
    ├── coro2cuda.CompileError       the compiler refuses a program (frontend.diagnostics)
    └── Coro2cudaError
        ├── BackendUnavailable       no GPU, no driver, no cupy: says what to install
        ├── FramePoolExhausted       more tasks than frames: says the size to set
        ├── DeadlockError            no task can go on: says where they wait
        ├── SettingError             an environment variable of ours has a wrong value (a ValueError)
        ├── DeviceError              the CUDA driver reports a failure
        ├── ArtifactError            a built program is missing parts, damaged or of another version (a ValueError)
        └── ProgramError             our own mistake: asks for a report

A task's own exception (ZeroDivisionError, IndexError, ValueError, OverflowError, AssertionError) is raised as itself.
Its traceback ends in the line of the coroutine that raised it and shows no file of ours below the public call.
"""

from __future__ import annotations

import ast
import os
import sys
import types
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.lowering import abi

if TYPE_CHECKING:
    from coro2cuda.lowering.program import Program
    from coro2cuda.lowering.site import Site

E = TypeVar("E", bound=BaseException)

_DOING = {"entry": "not begun", "gather": "waiting in gather", "await": "waiting for a call", "reschedule": "ready",
          "create_task": "beginning a task"}  # fmt: skip
_PACKAGES = ("coro2cuda", "coro2cuda.frontend", "coro2cuda.lowering", "coro2cuda.runtime")
_FOLDERS = tuple(os.path.dirname(str(sys.modules[name].__file__)) + os.sep for name in _PACKAGES)
_TASK_ERRORS: dict[str, type[Exception]] = {
    error.__name__: error for error in (ZeroDivisionError, IndexError, ValueError, OverflowError, AssertionError)
}


class Coro2cudaError(Exception):
    """Base of all errors of the runtime itself."""


class BackendUnavailable(Coro2cudaError):
    """The backend asked for cannot run here; the message says what to install."""


class FramePoolExhausted(Coro2cudaError):
    """More tasks were alive at once than the frame pool holds."""


class DeadlockError(Coro2cudaError):
    """Tasks are waiting and none can go on."""


class SettingError(Coro2cudaError, ValueError):
    """An environment variable of ours has a value that cannot be used."""


class DeviceError(Coro2cudaError):
    """The CUDA driver reported a failure."""


class ArtifactError(Coro2cudaError, ValueError):
    """A built program cannot be loaded: parts are missing, damaged, or made by another version."""


class ProgramError(Coro2cudaError):
    """An invariant of ours failed. This is a mistake in coro2cuda, not in the program."""

    def __init__(self, what: str) -> None:
        super().__init__(f"internal error: {what}\nPlease report this with the source of the coroutine.")


def raise_error(
    program: Program, code: int, backend: str, frame_count: int = 0, alive: Sequence[int] = ()
) -> NoReturn:
    """Raise what `Control.error` says.

    Args:
        program: the program that ran.
        code: `Control.error`, not 0.
        backend: the name of the backend, for the note.
        frame_count: frames in the pool.
        alive: tasks in each state, where a full pool ended the run.
    """
    if code == abi.ERROR_FRAME_POOL:
        raise _frame_pool_exhausted(program, frame_count, alive)
    if code == abi.ERROR_INTERNAL:
        raise ProgramError(f"the executor stopped in an impossible state ({program.title}, {backend} backend)")
    if code > len(program.sites):
        raise ProgramError(f"the executor reports error {code}, the program has {len(program.sites)} sites")
    site = program.sites[code - 1]
    if site.exception == FramePoolExhausted.__name__:
        raise _frame_pool_exhausted(program, frame_count, alive)
    raise_site(site, program.title, backend)


def _frame_pool_exhausted(program: Program, frame_count: int, alive: Sequence[int]) -> FramePoolExhausted:
    message = (
        f"all {frame_count} frames of the pool are in use by tasks of {program.title}; "
        f"give more: max_tasks={2 * frame_count} (a frame has {program.frame_size} bytes)"
    )
    if any(alive):
        message += "\ntasks alive when none could go on:"
    for state, count in zip(program.states, alive, strict=False):
        if count:
            message += f"\n{count:>12,}  {state.title}, {_DOING[state.kind]}, {state.file}:{state.line}"
    return FramePoolExhausted(message)


def raise_site(site: Site, title: str, backend: str) -> NoReturn:
    """Raise the exception of a site, with a traceback entry at the site's file, function and line."""
    kind = _TASK_ERRORS.get(site.exception)
    if kind is None:
        raise ProgramError(f"{site.span}: a task raised {site.exception}, which the runtime does not know")
    error = kind(site.message) if site.message else kind()
    error.add_note(f"raised by a task of {title} on the {backend} backend, at {site.span}")
    raise error.with_traceback(_traceback_at(site.span, error))


def _traceback_at(span: Span, error: Exception) -> types.TracebackType | None:
    """A traceback whose only entry is the span: made by raising the error in code that claims to be there."""
    try:
        exec(_code_at(span), {"error": error})
    except type(error) as raised:
        own = raised.__traceback__
        return None if own is None else own.tb_next
    raise AssertionError("the code raises")


def _code_at(span: Span) -> types.CodeType:
    place = {"lineno": max(1, span.line), "col_offset": span.column,
             "end_lineno": max(1, span.end_line), "end_col_offset": span.end_column}  # fmt: skip
    statement = ast.Raise(exc=ast.Name("error", ast.Load(), **place), cause=None, **place)
    code = compile(ast.Module([statement], []), span.file, "exec")
    name = function_name(span)
    return code.replace(co_name=name, co_qualname=name)


def function_name(span: Span) -> str:
    """`flight` of a span in "coroutine 'flight'"; the module if there is none."""
    quoted = span.function.split("'")
    return quoted[1] if len(quoted) > 1 else span.function or "<module>"


def without_our_frames(error: E) -> E:
    """The same exception, its traceback less the entries in files of coro2cuda; a ProgramError keeps them all."""
    if not isinstance(error, ProgramError):
        kept = None
        for entry in reversed(list(_entries(error.__traceback__))):
            if not entry.tb_frame.f_code.co_filename.startswith(_FOLDERS):
                kept = types.TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
        error.__traceback__ = kept
    return error


def _entries(traceback: types.TracebackType | None) -> Iterator[types.TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next
