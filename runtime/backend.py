"""The one seam between programs and machines: a Backend runs a Program; `select` finds one.

    select(name) ──▶ Backend.target_name() ──▶ compile ──▶ Program
                     Backend.load(program)  ──▶ Loaded.run(job) ──▶ RunResult, or the task's exception

A backend's module is loaded when it is selected. `asyncio` is the third backend a user can name: it runs the source
itself and has no Program (`asyncio_backend`).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Program
from coro2cuda.runtime import deadlock, errors, launch, prints, tracing
from coro2cuda.runtime.launch import Control, LaunchLayout

COMPILED = ("cuda", "cpu")
NAMES = ("cuda", "cpu", "asyncio")
ENVIRONMENT = "CORO2CUDA_BACKEND"
SHORTEST_NAP = 50e-6  # seconds


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. None lets the backend choose.

    Attributes:
        grouping: False runs each task to its end on a thread of its own, with no regrouping.
        stats: count and return what happened.
        timeout: seconds after which the run is stopped with TimeoutError.
        progress: show a bar of the root tasks done.
        max_tasks: frames in the pool, that is tasks (or recursive calls) alive at once.
        warps: warps of the launch on CUDA.
        warps_per_sm: at most so many on each multiprocessor.
        threads: OS threads on the CPU.
        heap: bytes for synchronisation objects and what waits in queues.
        max_errors: exceptions on their way or being handled at once.
        return_exceptions: the exceptions of root tasks are returned beside their results.
    """

    grouping: bool = True
    stats: bool = False
    timeout: float | None = None
    progress: bool = False
    max_tasks: int | None = None
    warps: int | None = None
    warps_per_sm: int | None = None
    threads: int | None = None
    heap: int | None = None
    max_errors: int | None = None
    return_exceptions: bool = False

    def __post_init__(self) -> None:
        for name in ("max_tasks", "max_errors", "warps", "warps_per_sm", "threads", "heap"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise ValueError(f"{name}={value!r}: expected a positive int")
        for name in ("grouping", "stats", "progress", "return_exceptions"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name}={getattr(self, name)!r}: expected True or False")
        if self.timeout is not None and not (isinstance(self.timeout, int | float) and self.timeout > 0):
            raise ValueError(f"timeout={self.timeout!r}: expected seconds, more than 0")


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a program.

    Attributes:
        values: captured arrays, then each parameter's: a value, a `range`'s (start, step), or the array of elements.
        roots: how many root tasks.
        cancelled: set by another thread to stop the run.
        compile_seconds: for the statistics.
    """

    values: tuple[Any, ...]
    roots: int
    options: Options = field(default_factory=Options)
    cancelled: threading.Event = field(default_factory=threading.Event)
    compile_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RunResult:
    """One NumPy array of length `roots` for each scalar leaf of the result type; and the exceptions of the tasks that
    failed, by index, if they are returned."""

    arrays: tuple[Any, ...]
    statistics: tracing.Statistics | None
    errors: dict[int, BaseException] | None = None


class Cancelled(Exception):
    """The job's `cancelled` was set; the caller knows why."""


class Loaded(Protocol):
    """A program ready to run on a backend, as often as one likes."""

    def run(self, job: Job) -> RunResult:
        """Run all root tasks to their end. Raises a task's exception, or an error of `errors`."""


class Backend(Protocol):
    """A machine that runs programs."""

    @property
    def name(self) -> str: ...

    def unavailable(self) -> str | None:
        """Why it cannot run here and what to install, or None if it can."""

    def target_name(self) -> str:
        """What to compile for."""

    def load(self, program: Program) -> Loaded:
        """Make it ready to run here."""


_instances: dict[str, Backend] = {}
_loading = threading.Lock()


def instance(name: str) -> Backend:
    """The backend of that name, whether it can run here or not. One instance a process."""
    with _loading:
        if name not in _instances:
            _instances[name] = _make(name)
        return _instances[name]


def _make(name: str) -> Backend:
    match name:
        case "cpu":
            from coro2cuda.runtime.cpu import CpuBackend

            return CpuBackend()
        case "cuda":
            from coro2cuda.runtime.cuda import CudaBackend

            return CudaBackend()
        case _:
            raise ValueError(f"no compiled backend {name!r}: one of {', '.join(COMPILED)}")


def choose(name: str | None = None) -> str:
    """The name of the backend to use: the argument, else the environment's, else the best that can run here.

    Raises:
        ValueError: no such backend.
        BackendUnavailable: it cannot run here.
    """
    wanted, origin = (name, "backend") if name is not None else (os.environ.get(ENVIRONMENT) or None, ENVIRONMENT)
    if wanted is None:
        return "cuda" if instance("cuda").unavailable() is None else "cpu"
    if wanted not in NAMES:
        refuse = ValueError if name is not None else errors.SettingError
        raise refuse(f"{origin}={wanted!r}: no such backend; choose one of {', '.join(map(repr, NAMES))}")
    if wanted in COMPILED and (reason := instance(wanted).unavailable()) is not None:
        raise errors.BackendUnavailable(f"the {wanted} backend cannot run here: {reason}")
    return wanted


def select(name: str | None = None) -> Backend:
    """The compiled backend that `choose` names."""
    return instance(choose(name))


# --- what the backends share -----------------------------------------------------------------------------------------


class Watch:
    """Decides while a run goes on whether it must be stopped, and shows its progress.

    `look()` is called from the waiting loop; it returns True once the stop flag must be raised."""

    def __init__(self, job: Job, on_progress: Callable[[int], None] | None, read_done: Callable[[], int]) -> None:
        self.started = time.perf_counter()
        self.job, self.on_progress, self.read_done = job, on_progress, read_done
        self.reason: BaseException | None = None
        self._shown = self.started

    def look(self) -> bool:
        now = time.perf_counter()
        if self.on_progress is not None and now - self._shown > 0.1:
            self._shown = now
            self.on_progress(self.read_done())
        timeout = self.job.options.timeout
        if self.reason is None and timeout is not None and now - self.started > timeout:
            self.stop(TimeoutError(f"stopped after timeout={timeout} s"))
        if self.reason is None and self.job.cancelled.is_set():
            self.stop(Cancelled())
        return self.reason is not None

    def nap(self, longest: float) -> float:
        """Seconds to wait for the run before the next look: not much past its timeout."""
        timeout = self.job.options.timeout
        if timeout is None or self.reason is not None:
            return longest
        return min(longest, max(SHORTEST_NAP, timeout - self.seconds))

    def stop(self, reason: BaseException) -> None:
        if self.reason is None:
            self.reason = reason

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backend read back after a run of warps of so many lanes."""

    lanes: int
    control: Control
    layout: LaunchLayout
    counters: Sequence[int]
    prints: bytes | memoryview
    measured: tracing.Measured
    record: Callable[[int], bytes]  # of an error
    left: Callable[[], deadlock.Leftovers] | None = None  # where tasks may be parked
    granules_left: Callable[[], int] | None = None  # on the heap, where that can be counted


def finish(backend: Backend, program: Program, job: Job, outcome: Outcome, reason: BaseException | None) -> None:
    """Write out what tasks printed, then raise what ended the run early, if anything did."""
    for text in prints.read_prints(program, outcome.prints, outcome.control.print_head) if program.formats else ():
        sys.stdout.write(text)
    over = not outcome.control.error and reason is None and outcome.control.done == job.roots
    if outcome.counters[abi.STAT_CHECKED]:
        check_frames(program, outcome, over)
    if outcome.control.error:
        alive = outcome.counters[abi.STAT_STATES + len(program.states) :]
        code, layout = outcome.control.error, outcome.layout
        errors.raise_error(program, code, backend.name, outcome.record, layout, job.roots, alive)
    if reason is not None:
        raise reason
    if outcome.control.done != job.roots and outcome.left is not None:
        raise deadlock.deadlock(program, outcome.left(), outcome.control.done, job.roots)
    if outcome.control.done != job.roots:
        raise errors.ProgramError(
            f"{outcome.control.done} of {job.roots} root tasks completed, and no error was reported"
        )


def check_frames(program: Program, outcome: Outcome, over: bool) -> None:
    """Where all tasks are done all frames are free and the heap is empty; where tasks are left, no frame is free twice
    (`trials`)."""
    free = outcome.counters[abi.STAT_FREE_FRAMES]
    lost = launch.frames_lost(program, outcome.layout, outcome.lanes, outcome.control, free)
    if lost < 0:
        raise errors.ProgramError(f"{-lost} frames were given back twice by tasks of {program.title}")
    if not over:
        return
    if lost:
        raise errors.ProgramError(f"{lost} frames were not given back by tasks of {program.title}")
    if outcome.granules_left is not None and (granules := outcome.granules_left()):
        size, how = abs(granules) * abi.HEAP_GRANULE, "not given back" if granules > 0 else "given back twice"
        raise errors.ProgramError(f"{size} bytes of the heap were {how} by tasks of {program.title}")


def collect(backend: Backend, program: Program, job: Job, outcome: Outcome, arrays: tuple[Any, ...]) -> RunResult:
    """The result of a run, from the arrays that root tasks wrote to."""
    found = statistics(backend, program, job, outcome)
    if not program.returns_errors:
        return RunResult(arrays, found)
    *results, errors_of = arrays
    failed = {
        int(root): errors.task_error(program, outcome.record, int(errors_of[root]), backend.name, job.roots)
        for root in errors_of.nonzero()[0]
    }
    return RunResult(tuple(results), found, failed)


def statistics(backend: Backend, program: Program, job: Job, outcome: Outcome) -> tracing.Statistics | None:
    """The statistics, if the job asks for them."""
    if not job.options.stats:
        return None
    return tracing.make_statistics(
        program, backend.name, outcome.counters, outcome.measured,
        tasks=job.roots, warps=outcome.layout.warps, frames=outcome.layout.frame_count,
        frames_at_peak=launch.frames_handed_out(program, outcome.layout, outcome.lanes, outcome.control),
        compile_seconds=job.compile_seconds,
    )  # fmt: skip
