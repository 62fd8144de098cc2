"""What a run can raise, and how a task's error becomes an exception with the user's own traceback.

    Exception
    ├── coro2cuda.CompileError       the compiler refuses a program (frontend.diagnostics)
    └── Coro2cudaError
        ├── BackendUnavailable       no GPU, no driver, no cupy: says what to install
        ├── FramePoolExhausted       more tasks than frames: says the size to set
        ├── HeapExhausted            no room for synchronisation objects: says the size to set
        ├── ErrorPoolExhausted       more exceptions at once than records: says the size to set
        ├── DeadlockError            no task can go on: says where they wait
        ├── SettingError             an environment variable of ours has a wrong value (a ValueError)
        ├── DeviceError              the CUDA driver reports a failure
        ├── ArtifactError            a built program is missing parts, damaged or of another version (a ValueError)
        └── ProgramError             our own mistake: asks for a report

A task's own exception is raised as itself (`raised`). Its traceback goes from the public call through the lines that
were awaiting and calling to the one that raised, and shows no file of ours below the call.
"""

from __future__ import annotations

import os
import struct
import sys
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

from coro2cuda.frontend.objects import HEAP_FULL
from coro2cuda.lowering import abi
from coro2cuda.runtime import raised

if TYPE_CHECKING:
    from coro2cuda.lowering.program import Program
    from coro2cuda.runtime.launch import LaunchLayout
    from coro2cuda.runtime.raised import ReadRecord

E = TypeVar("E", bound=BaseException)

_DOING = {"entry": "not begun", "gather": "waiting in gather", "await": "waiting for a call", "reschedule": "ready",
          "create_task": "beginning a task"}  # fmt: skip
_PACKAGES = ("coro2cuda", "coro2cuda.frontend", "coro2cuda.lowering", "coro2cuda.runtime")
_FOLDERS = tuple(os.path.dirname(str(sys.modules[name].__file__)) + os.sep for name in _PACKAGES)


class Coro2cudaError(Exception):
    """Base of all errors of the runtime itself."""


class BackendUnavailable(Coro2cudaError):
    """The backend asked for cannot run here; the message says what to install."""


class FramePoolExhausted(Coro2cudaError):
    """More tasks were alive at once than the frame pool holds."""


class HeapExhausted(Coro2cudaError):
    """The device's heap has no room for another synchronisation object, or for what waits in a queue. In a coroutine it
    is a MemoryError, which a handler may catch."""


class ErrorPoolExhausted(Coro2cudaError):
    """More exceptions were on their way or being handled at once than there are records for them."""


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
    program: Program, code: int, backend: str, read: ReadRecord, layout: LaunchLayout, roots: int = 1,
    alive: Sequence[int] = (),
) -> NoReturn:
    """Raise what `Control.error` says.

    Args:
        program: the program that ran.
        code: `Control.error`, not 0.
        backend: the name of the backend, for the note.
        read: the record of an error.
        layout: how large the pools were.
        roots: how many root tasks were to run.
        alive: tasks in each state, where a full pool ended the run.
    """
    if code == abi.ERROR_FRAME_POOL:
        raise _frame_pool_exhausted(program, layout.frame_count, alive)
    if code == abi.ERROR_POOL:
        raise ErrorPoolExhausted(
            f"{layout.error_count} exceptions of tasks of {program.title} were on their way or being handled at once; "
            f"make room for more: max_errors={2 * layout.error_count}"
        )
    if code == abi.ERROR_INTERNAL:
        raise ProgramError(f"the executor stopped in an impossible state ({program.title}, {backend} backend)")
    if code > layout.error_count:
        raise ProgramError(f"the executor reports error {code}, there are {layout.error_count}")
    site = raised.site_of(program, read, code)
    if (site.exception, site.message) == HEAP_FULL:
        size = layout.heap
        raise HeapExhausted(
            f"the device's heap of {size >> 10} KiB is full, at {site.span}; give more: heap={2 * size} (bytes)"
        )
    raise task_error(program, read, code, backend, roots)


def task_error(program: Program, read: ReadRecord, error: int, backend: str, roots: int) -> BaseException:
    """The exception of a task, with a note that says which."""
    made = raised.exception_of(program, read, error)
    (root,) = struct.unpack_from("<I", read(error), 4 * abi.ERROR_ROOT)
    known = 0 if roots == 1 else None if root == abi.NO_ROOT else root
    made.root_index = known  # type: ignore[attr-defined]
    which = "" if roots == 1 or known is None else f", root task {known} of {roots}"
    made.add_note(f"raised by a task of {program.title} on the {backend} backend{which}")
    return made


def _frame_pool_exhausted(program: Program, frame_count: int, alive: Sequence[int]) -> FramePoolExhausted:
    message = (
        f"all {frame_count} frames of the pool are in use by tasks of {program.title}; "
        f"give more: max_tasks={2 * frame_count} (a frame has {program.frame_size} bytes)"
    )
    if any(alive):
        message += "\ntasks alive when none could go on:"
    for state, count in zip(program.states, alive, strict=False):
        if count:
            doing = _DOING.get(state.kind, f"waiting in {state.kind}()")
            message += f"\n{count:>12,}  {state.title}, {doing}, {state.file}:{state.line}"
    return FramePoolExhausted(message)


def without_our_frames(error: E) -> E:
    """The same exception, its traceback less the entries in files of coro2cuda; a ProgramError keeps them all."""
    if not isinstance(error, ProgramError):
        kept = None
        for entry in reversed(list(raised.entries(error.__traceback__))):
            if not entry.tb_frame.f_code.co_filename.startswith(_FOLDERS):
                kept = types.TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
        error.__traceback__ = kept
    return error
