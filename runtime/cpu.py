"""The CPU backend: one OS thread is one warp of one lane; arrays are used in place.

    run ──▶ workspace (frames, chunks, control; pages are committed as they are touched)
        ──▶ one thread a warp: entry(launch, warp memory, warp index), without the GIL
        ──▶ the calling thread waits in slices: Ctrl-C, timeout= and cancellation raise the stop flag

Generated code looks at the stop flag on loop back-edges and the executor between resumes, so the threads end soon.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from typing import Any

from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Program
from coro2cuda.runtime import buffers, deadlock, errors, heap_check, host_objects, launch, tracing, trials
from coro2cuda.runtime.backend import Backend, Job, Outcome, RunResult, Watch, collect, finish
from coro2cuda.runtime.launch import Control, LaunchLayout
from coro2cuda.runtime.layout import TIMERS

SLICE = 0.02  # seconds between looks at cancellation
LANES = 1
RECURSIVE_FRAMES = 1 << 24
HEAP = 1 << 32  # bytes; only what is used is committed
ROOTS_PER_CLAIM = 256  # root tasks a thread takes at once
MEMORY_ALIGNMENT = 64
RUBBISH, RUBBISH_SIZE = 0xA5, 1 << 18  # in a trial: a byte, and how much of each part of the memory is full of it
ENVIRONMENT = "CORO2CUDA_THREADS"
VIRTUAL_CLOCK = "CORO2CUDA_VIRTUAL_CLOCK"  # set to 1: time passes only while all tasks sleep; one thread

_ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32)


class CpuBackend:
    """Always there."""

    name = "cpu"

    def unavailable(self) -> str | None:
        return None

    def target_name(self) -> str:
        return "cpu"

    def load(self, program: Program) -> CpuProgram:
        return CpuProgram(self, program)


class CpuProgram:
    """A program's machine code in this process."""

    def __init__(self, backend: Backend, program: Program) -> None:
        from coro2cuda.lowering import target

        self.backend, self.program = backend, program
        self._object = target.load_object(program.code)
        self._entries = {name: _ENTRY(self._object.address(symbol)) for name, symbol in program.entries.items()}

    def run(self, job: Job) -> RunResult:
        """Run all root tasks on threads."""
        program = self.program
        threads = job.options.threads or thread_count()
        if is_virtual():
            threads = 1
        if not program.forks:
            threads = min(threads, max(1, -(-job.roots // ROOTS_PER_CLAIM)))
        frame_count, most = _frame_count(program, job, threads), job.options.max_errors
        heap = job.options.heap or HEAP
        run = _Run(program, job, launch.lay_out(program, threads, frame_count, LANES, job.roots, most, heap))
        entry = self._entries["grouped" if job.options.grouping else "ungrouped"]
        with tracing.progress_bar(program.title, job.roots, job.options.progress) as on_progress:
            watch = Watch(job, on_progress, run.done)
            _run_threads(run, entry, watch)
        outcome = run.outcome(tracing.Measured(watch.seconds))
        finish(self.backend, program, job, outcome, watch.reason)
        return collect(self.backend, program, job, outcome, run.results)


def thread_count() -> int:
    """CORO2CUDA_THREADS, else the cores this process may use."""
    wanted = os.environ.get(ENVIRONMENT)
    if wanted:
        if not wanted.isdigit() or int(wanted) == 0:
            raise errors.SettingError(f"{ENVIRONMENT}={wanted!r}: expected a positive whole number")
        return int(wanted)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def is_virtual() -> bool:
    """Whether time is virtual."""
    return os.environ.get(VIRTUAL_CLOCK, "") not in ("", "0")


def _frame_count(program: Program, job: Job, threads: int) -> int:
    least = launch.least_frames(program, threads, LANES)
    return max(least, job.options.max_tasks or RECURSIVE_FRAMES) if program.recursive else least


class _Run:
    """The memory of one run. Large parts are left untouched, so that the system commits only what is used."""

    def __init__(self, program: Program, job: Job, layout: LaunchLayout) -> None:
        import numpy

        self.program, self.layout = program, layout
        self._begun, self._ended = [False] * layout.warps, [False] * layout.warps
        self._bell = threading.Lock()  # released by each warp that ends
        self._bell.acquire()
        self._checked = trials.current().checks
        make = numpy.zeros if program.returns_errors else numpy.empty
        self.results = tuple(make(job.roots, leaf.numpy()) for leaf in program.stored)
        views = [buffers.numpy_view(array) for array in self.results]
        self._keep = list(job.values)
        image = host_objects.HeapImage(job.values)
        self.heap = self._heap(layout.heap, image.content) if program.waits else None
        self.free_blocks = self._zeros(layout.free_blocks)
        self.has_host_objects = len(image.content) > abi.HEAP_HEADER
        self.uniforms = self._filled(bytes(buffers.write_block(program, image.values, views, _in_place)))
        self.control = self._zeros(abi.CONTROL_SIZE)
        self.control[abi.CONTROL_IS_VIRTUAL] = is_virtual()
        self._stop_flag = self.control[abi.CONTROL_STOP : abi.CONTROL_STOP + 4].view("u4")
        self.statistics = self._zeros(layout.statistics)
        self.prints = self._empty(layout.prints)
        self.errors = self._empty(layout.errors)
        self.errors[: layout.error_flags] = 0
        self.warp_memory = [self._empty(program.warp_memory_size) for _ in range(layout.warps)]
        self.frames = self._empty(layout.frames)
        at = launch.Addresses(
            frames=_address(self.frames),
            uniforms=_address(self.uniforms),
            control=_address(self.control),
            deques=_address(self._zeros(layout.deques)),
            chunks=_address(self._empty(layout.chunks)),
            statistics=_address(self.statistics),
            prints=_address(self.prints),
            errors=_address(self.errors),
            failures=_address(self._empty(layout.failures)),
            heap=0 if self.heap is None else _address(self.heap),
            free_blocks=_address(self.free_blocks),
        )
        self.launch = self._filled(launch.pack_launch(at, layout, job.roots))

    def _empty(self, size: int) -> Any:
        """Memory aligned to a cache line. What is new from the system is zero; a trial shows who counts on that."""
        import numpy

        memory = numpy.empty(size + MEMORY_ALIGNMENT, numpy.uint8)
        self._keep.append(memory)
        shift = -_address(memory) % MEMORY_ALIGNMENT
        if self._checked:
            memory[:RUBBISH_SIZE] = RUBBISH
        return memory[shift : shift + size]

    def _heap(self, size: int, content: bytes) -> Any:
        memory = self._empty(max(size, len(content)))
        memory[: len(content)] = memoryview(content)
        return memory

    def _zeros(self, size: int) -> Any:
        memory = self._empty(size)
        memory[:] = 0
        return memory

    def _filled(self, content: bytes) -> Any:
        import numpy

        memory = self._empty(len(content))
        memory[:] = numpy.frombuffer(content, numpy.uint8)
        return memory

    def work(self, entry: Any, warp: int) -> None:
        """Be one warp, in a thread of its own; the thread's reference keeps the memory until it has ended.

        A thread whose start is interrupted may begin after the run is over: it then does nothing. It says that it has
        begun before it looks at the stop flag, which is raised before anybody looks who has begun."""
        self._begun[warp] = True
        try:
            if not self._stop_flag[0]:
                entry(_address(self.launch), _address(self.warp_memory[warp]), warp)
        finally:
            self._ended[warp] = True
            with contextlib.suppress(RuntimeError):  # it rings already
                self._bell.release()

    def is_over(self, all_started: bool) -> bool:
        """Whether all warps have ended; if some threads may not have been started, all that have begun.

        `Thread.is_alive` does not tell: CPython's `join`, interrupted by Ctrl-C, takes a thread that runs for one that
        has ended (bpo-46726)."""
        return all(self._ended) if all_started else self._ended == self._begun

    def wait(self, seconds: float) -> None:
        """Until a warp ends, or for some time: who is interrupted may have missed a warp's end."""
        self._bell.acquire(timeout=seconds)

    def stop(self) -> None:
        self._stop_flag[0] = 1

    def done(self) -> int:
        return int(self.control[abi.CONTROL_DONE : abi.CONTROL_DONE + 8].view("u8")[0])

    def left(self) -> deadlock.Leftovers:
        """The frames that were handed out, and the heap, as they are."""
        stride = launch.frame_stride(self.program)
        rows = self.frames.view("u4").reshape(-1, stride // 4)
        used = launch.frames_used(self.program, self.layout, Control.unpack(memoryview(self.control)))
        assert self.heap is not None
        objects = self.heap.view("u4").reshape(-1, abi.HEAP_GRANULE // 4)

        def words(handle: int) -> list[int]:
            return [int(word) for word in objects[handle : handle + 2].reshape(-1)]

        return deadlock.Leftovers([rows[some.start : some.stop, : deadlock.HEADER_WORDS] for some in used], words)

    def granules_left(self) -> int:
        """What nobody gave back of the heap; 0 where that cannot be told (`heap_check`)."""
        if self.heap is None or self.has_host_objects:
            return 0
        if any(memory.view("u4")[TIMERS] for memory in self.warp_memory):
            return 0
        return heap_check.granules_left(self.heap.view("u4"), self.free_blocks.view("u8"))

    def record(self, error: int) -> bytes:
        """The record of an error."""
        start = self.layout.record_at(error)
        return bytes(self.errors[start : start + self.layout.error_record])

    def outcome(self, measured: tracing.Measured) -> Outcome:
        control = Control.unpack(memoryview(self.control))
        counters = launch.added_up(self.statistics.view("u8").tolist())
        left = self.left if self.program.waits else None
        return Outcome(LANES, control, self.layout, counters, memoryview(self.prints), measured, self.record, left,
                       self.granules_left)  # fmt: skip


def _in_place(array: Any) -> buffers.View:
    if buffers.is_cuda(array):
        raise TypeError("an array in GPU memory was given to the cpu backend; pass a NumPy array, or backend='cuda'")
    return buffers.numpy_view(array)


def _address(memory: Any) -> int:
    address: int = memory.ctypes.data
    return address


def _run_threads(run: _Run, entry: Any, watch: Watch) -> None:
    """Start a thread a warp, wait for all of them; raise the stop flag when the watch or the user says so.

    Ctrl-C is raised at any moment, also while threads are being started; none must run on after this returns."""
    threads = [
        threading.Thread(target=run.work, args=(entry, warp), name=f"coro2cuda warp {warp}", daemon=True)
        for warp in range(run.layout.warps)
    ]
    all_started = False
    try:
        for thread in threads:
            thread.start()
        all_started = True
    except BaseException as reason:  # Ctrl-C, or no more threads to be had
        run.stop()
        watch.stop(reason)
    while True:
        try:
            while not run.is_over(all_started):
                run.wait(watch.nap(SLICE))
                if watch.look():
                    run.stop()
            for thread in threads:  # they only have to go
                while thread.is_alive():
                    thread.join(SLICE)
            return
        except KeyboardInterrupt as interrupt:
            run.stop()
            watch.stop(interrupt)
