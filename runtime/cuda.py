"""The CUDA backend: one warp is one executor, whatever block it is in; the only module that imports cupy.

    run ──▶ arrays      NumPy memory that overlaps is copied once, CUDA arrays are used in place
        ──▶ workspace   frames, chunks and a small block (control, counters, launch, uniforms), kept between runs
        ──▶ one copy of the small block, the kernel, one copy back; an event ends the wait
        ──▶ what was writable is copied back

Two streams: `work` runs the kernel; `signal` carries the stop flag and reads the progress counter while it runs. Both
are non-blocking, so a long run does not hold up the default stream of the user's other libraries.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
import time
from collections.abc import Iterator
from typing import Any

from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Program
from coro2cuda.runtime import buffers, deadlock, errors, host_objects, launch, tracing
from coro2cuda.runtime.backend import Backend, Job, Outcome, RunResult, Watch, collect, finish
from coro2cuda.runtime.launch import Control, LaunchLayout
from coro2cuda.runtime.layout import in_shared_memory, room

LANES = 32
UNGROUPED_BLOCK = 128
FEW_ERRORS = 4096  # bytes of errors that go with the small block: the one of a program that handles none
FORKING_WARPS = 16  # a multiprocessor: more of them have fewer tasks each, and steal more
SPREAD_WARPS = 16  # a multiprocessor: so many have tasks before any is full, where there are few tasks:
SPREAD_LANES = 8  # so many for each of them
FORKING_BLOCK = 4  # warps of a block, where they fit: fewer blocks start sooner, which a small job feels
FRAMES_PER_GROUP = 4  # of a forking program: times the frames that one group can ask for, for each warp
COMMON_SHARED_MEMORY = 48 << 10  # bytes of shared memory a block gets without asking
SPIN = 500e-6  # seconds of polling without sleep: short runs should not pay for a sleep
LONGEST_NAP = 1e-3
IDLE_WORKSPACES = 4
ZERO_AT_FIRST = ("errors",)  # parts of the memory that come to the host whole, and are not written whole
ALIGNMENT = 256
INSTALL = "pip install 'coro2cuda[cuda]'"

_REGISTERS, _MAX_DYNAMIC_SHARED = 4, 8  # CUfunction_attribute
_MOST_SHARED = 97  # CUdevice_attribute: shared memory of a block that asks for it
_MAJOR, _MINOR, _SM_COUNT, _MAX_WARPS = 75, 76, 16, 39  # CUdevice_attribute; the last counts threads of an SM
_TO_DEVICE, _TO_HOST = 1, 2  # cudaMemcpyKind


class CudaBackend:
    """The current CUDA device."""

    name = "cuda"

    def unavailable(self) -> str | None:
        return _unavailable()

    def target_name(self) -> str:
        major, minor = (_attribute(code) for code in (_MAJOR, _MINOR))
        return _nearest_target(10 * major + minor)

    def load(self, program: Program) -> CudaProgram:
        return CudaProgram(self, program)


@functools.cache
def _unavailable() -> str | None:
    """Looks for the driver first: that is quick, importing cupy is not."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if hasattr(ctypes, "WinDLL") else "libcuda.so.1")
    except OSError:
        return "no NVIDIA driver was found; install the driver, or use backend='cpu'"
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        return "the NVIDIA driver finds no GPU; see `nvidia-smi`, or use backend='cpu'"
    try:
        import cupy  # noqa: F401
    except ImportError as error:
        return f"a GPU is there but cupy is not ({error}); {INSTALL}"
    return None


def _attribute(code: int) -> int:
    import cupy

    value: int = cupy.cuda.runtime.deviceGetAttribute(code, cupy.cuda.runtime.getDevice())
    return value


def _nearest_target(capability: int) -> str:
    """The newest target we compile for that this GPU can run; PTX of an older one is taken by newer GPUs."""
    from coro2cuda.lowering import target

    known = sorted(int(name.removeprefix("sm_")) for name in target.CUDA_TARGETS)
    usable = [number for number in known if number <= capability]
    if not usable:
        raise errors.BackendUnavailable(f"this GPU has compute capability {capability / 10}; at least 8.0 is needed")
    return f"sm_{usable[-1]}"


def from_dlpack(value: Any) -> Any:
    """A DLPack array in GPU memory as a CuPy array of the same memory."""
    import cupy

    return cupy.from_dlpack(value)


@contextlib.contextmanager
def _driver_errors(doing: str) -> Iterator[None]:
    """Turn the driver's and the runtime's exceptions into ours."""
    import cupy

    try:
        yield
    except cupy.cuda.memory.OutOfMemoryError as error:
        raise errors.DeviceError(
            f"not enough GPU memory while {doing}: {error}; pass smaller arrays, or fewer frames with max_tasks="
        ) from None
    except (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError) as error:
        raise errors.DeviceError(f"{error} while {doing}") from None


class _Kernel:
    """An entry point with its launch geometry."""

    def __init__(self, module: Any, symbol: str, warps_a_block: int, warp_memory: int) -> None:
        import cupy

        self.function = module.get_function(symbol)
        self.warps_a_block, self.shared = warps_a_block, warps_a_block * warp_memory
        if self.shared > COMMON_SHARED_MEMORY:
            cupy.cuda.driver.funcSetAttribute(self.function.ptr, _MAX_DYNAMIC_SHARED, self.shared)
        self.registers: int = cupy.cuda.driver.funcGetAttribute(_REGISTERS, self.function.ptr)
        blocks = cupy.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor(
            self.function.ptr, LANES * warps_a_block, self.shared
        )
        self.warps_per_sm: int = blocks * warps_a_block

    def start(self, warps: int, address: int, stream: Any) -> None:
        """So many warps, in blocks of one where they do not fill all blocks."""
        import numpy

        parts = 1 if warps % self.warps_a_block == 0 else self.warps_a_block
        blocks, threads = warps * parts // self.warps_a_block, LANES * self.warps_a_block // parts
        self.function((blocks, 1, 1), (threads, 1, 1), (numpy.uint64(address),), shared_mem=self.shared // parts,
                      stream=stream)  # fmt: skip


class CudaProgram:
    """A program loaded into the driver."""

    def __init__(self, backend: Backend, program: Program) -> None:
        import cupy

        self.backend, self.program = backend, program
        self._module = cupy.cuda.function.Module()
        cupy.cuda.runtime.free(0)  # makes the device's context current in this thread, which loading needs
        with _driver_errors(f"loading {program.title} for {program.target}"):
            self._module.load(program.cubin if program.cubin is not None else program.code + b"\0")
            self._kernels = {name: self._kernel(name, symbol) for name, symbol in program.entries.items()}
            self._sms = _attribute(_SM_COUNT)
            self._most_warps = _attribute(_MAX_WARPS) // LANES

    def _kernel(self, name: str, symbol: str) -> _Kernel:
        memory = self.program.warp_memory_size if in_shared_memory(self.program.warp_memory_size) else 0
        wide = name == "ungrouped" and UNGROUPED_BLOCK // LANES * memory <= COMMON_SHARED_MEMORY
        found = _Kernel(self._module, symbol, UNGROUPED_BLOCK // LANES if wide else 1, memory)
        if self.program.forks and FORKING_BLOCK * memory <= _attribute(_MOST_SHARED):
            several = _Kernel(self._module, symbol, FORKING_BLOCK, memory)
            if several.warps_per_sm >= min(found.warps_per_sm, FORKING_WARPS):
                return several
        return found

    def run(self, job: Job) -> RunResult:
        """Run all root tasks in one launch."""
        kernel = self._kernels["grouped" if job.options.grouping else "ungrouped"]
        warps = self._warps(kernel, job)
        with _driver_errors(f"running {self.program.title}"), _workspace() as workspace:
            layout = launch.lay_out(
                self.program, warps, self._frame_count(warps, job), LANES, job.roots, job.options.max_errors,
                _heap_size(job) if self.program.waits else 0,
            )  # fmt: skip
            run = _Run(self.program, job, layout, workspace)
            with tracing.progress_bar(self.program.title, job.roots, job.options.progress) as on_progress:
                watch = Watch(job, on_progress, run.done)
                try:
                    run.start(kernel)
                except KeyboardInterrupt:  # perhaps behind the launch
                    run.stop()
                    workspace.work.synchronize()
                    raise
                _wait(run, watch)
            results = run.read_back()
            measured = tracing.Measured(
                watch.seconds, run.kernel_ms(), kernel.registers, kernel.warps_per_sm / self._most_warps
            )
            outcome = run.outcome(measured)
        finish(self.backend, self.program, job, outcome, watch.reason)
        return collect(self.backend, self.program, job, outcome, results)

    def _warps(self, kernel: _Kernel, job: Job) -> int:
        """As many as fit the GPU at once and find work; of those that do not fork a whole number of blocks."""
        forks = self.program.forks
        usual = min(kernel.warps_per_sm, FORKING_WARPS) if forks else kernel.warps_per_sm
        per_sm = min(kernel.warps_per_sm, job.options.warps_per_sm or usual)
        most = self._sms * max(1, per_sm)
        if forks and job.options.max_tasks:
            # With fewer frames each they would only wait for each other.
            most = min(most, max(1, job.options.max_tasks // (FRAMES_PER_GROUP * room(self.program.shape, LANES))))
        groups, spread = -(-job.roots // LANES), self._sms * SPREAD_WARPS
        if job.roots <= SPREAD_LANES * spread:
            groups = max(groups, min(job.roots, spread))
        wanted = job.options.warps or (most if forks else min(most, groups))
        if forks:
            return max(1, wanted)
        return -(-max(1, wanted) // kernel.warps_a_block) * kernel.warps_a_block

    def _frame_count(self, warps: int, job: Job) -> int:
        """What the warps own from the start, and for recursive coroutines a quarter of the free memory."""
        import cupy

        least = launch.least_frames(self.program, warps, LANES)
        if not self.program.recursive:
            return least
        if job.options.max_tasks:
            return max(least, job.options.max_tasks)
        free = int(cupy.cuda.runtime.memGetInfo()[0])
        return max(least, min(free // 4 // (launch.frame_stride(self.program) + 4), launch.MAX_FRAMES))


def _heap_size(job: Job) -> int:
    """What the user says, else a sixteenth of the free memory, 1 GiB at most."""
    import cupy

    return job.options.heap or min(int(cupy.cuda.runtime.memGetInfo()[0]) // 16, 1 << 30)


# --- memory that lives on --------------------------------------------------------------------------------------------


class _Workspace:
    """Streams, events and device memory for one run at a time; memory only grows."""

    def __init__(self) -> None:
        import cupy

        self.device: int = cupy.cuda.runtime.getDevice()
        self.work, self.signal = cupy.cuda.Stream(non_blocking=True), cupy.cuda.Stream(non_blocking=True)
        self.started, self.ended = cupy.cuda.Event(), cupy.cuda.Event()
        self.finished = cupy.cuda.Event(disable_timing=True)
        self.flag = cupy.cuda.alloc_pinned_memory(16)
        ctypes.memmove(self.flag.ptr, (ctypes.c_uint32 * 4)(1, 0, 0, 0), 16)
        self.empty_deques = 0  # so many bytes of the part "deques" hold empty ones, from the last runs
        self._parts: dict[str, Any] = {}
        self._pinned: Any = None

    def part(self, name: str, size: int) -> int:
        """The address of a part of at least so many bytes, with what it last held."""
        found = self._parts.get(name)
        if found is None or found.mem.size < size:
            self._parts.pop(name, None)
            found = self._parts[name] = self.allocate(size)
            if name in ZERO_AT_FIRST:
                found.memset_async(0, size, self.work)
        address: int = found.ptr
        return address

    def allocate(self, size: int) -> Any:
        """Memory for one run. The pool hands out memory by stream: taken on ours, nothing else may still use it."""
        import cupy

        with self.work:
            return cupy.cuda.alloc(max(size, ALIGNMENT))

    def pinned(self, size: int) -> int:
        """Page-locked host memory, so that copies to and from it do not wait."""
        import cupy

        if self._pinned is None or self._pinned.mem.size < size:
            self._pinned = cupy.cuda.alloc_pinned_memory(size)
        address: int = self._pinned.ptr
        return address


_idle: list[_Workspace] = []
_idle_lock = threading.Lock()


@contextlib.contextmanager
def _workspace() -> Iterator[_Workspace]:
    """A workspace of the current device that no other run uses; kept for the next run."""
    import cupy

    device = cupy.cuda.runtime.getDevice()
    with _idle_lock:
        found = next((workspace for workspace in _idle if workspace.device == device), None)
        if found is not None:
            _idle.remove(found)
    workspace = found or _Workspace()
    yield workspace
    with _idle_lock:
        if len(_idle) < IDLE_WORKSPACES:
            _idle.append(workspace)


# --- one run ---------------------------------------------------------------------------------------------------------


class _Run:
    """The small block of a run, its copies, and what must stay alive until it ends.

    control | statistics | launch | uniforms | errors, if few        one copy there; the first two come back
    """

    def __init__(self, program: Program, job: Job, layout: LaunchLayout, workspace: _Workspace) -> None:
        self.program, self.layout, self.workspace = program, layout, workspace
        self.stopped = False
        self.arrays = _DeviceArrays(workspace, job.values)
        self.results = [workspace.allocate(job.roots * leaf.size) for leaf in program.stored]
        self.roots = job.roots
        views = [buffers.View(memory.ptr, (job.roots,), ()) for memory in self.results]
        image = host_objects.HeapImage(job.values)
        self.heap, self.free_blocks, self.heap_content = 0, 0, image.content
        if program.waits:
            self.heap = workspace.part("heap", max(layout.heap, len(image.content)))
            self.free_blocks = workspace.part("free blocks", layout.free_blocks)
        uniforms = bytes(buffers.write_block(program, image.values, views, self.arrays.view))
        self.launch_at = abi.CONTROL_SIZE + layout.statistics
        uniforms_at = self.launch_at + abi.LAUNCH_SIZE
        errors_at = -(-(uniforms_at + len(uniforms)) // launch.RECORD_ALIGNMENT) * launch.RECORD_ALIGNMENT
        self.has_few_errors = layout.errors <= FEW_ERRORS
        self.size = errors_at + (layout.errors if self.has_few_errors else 0)
        self.small, self.mirror = workspace.part("small", self.size), workspace.pinned(self.size)
        self.deques = workspace.part("deques", layout.deques)
        self.frames = workspace.part("frames", layout.frames)
        self.errors = self.small + errors_at if self.has_few_errors else workspace.part("errors", layout.errors)
        at = launch.Addresses(
            frames=self.frames,
            uniforms=self.small + uniforms_at,
            control=self.small,
            deques=self.deques,
            chunks=workspace.part("chunks", layout.chunks),
            statistics=self.small + abi.CONTROL_SIZE,
            prints=workspace.part("prints", layout.prints) if layout.prints else 0,
            errors=self.errors,
            failures=workspace.part("failures", layout.failures) if layout.failures else 0,
            heap=self.heap,
            free_blocks=self.free_blocks,
            warp_memory=workspace.part("warp memory", layout.warp_memory) if layout.warp_memory else 0,
        )
        content = (bytes(self.launch_at) + launch.pack_launch(at, layout, job.roots) + uniforms).ljust(self.size, b"\0")
        ctypes.memmove(self.mirror, content, len(content))

    def start(self, kernel: _Kernel) -> None:
        from cupy.cuda import runtime

        stream, workspace = self.workspace.work, self.workspace
        runtime.memcpyAsync(self.small, self.mirror, self.size, _TO_DEVICE, stream.ptr)
        if self.program.returns_errors:
            for memory, leaf in zip(self.results, self.program.stored, strict=True):
                runtime.memsetAsync(memory.ptr, 0, self.roots * leaf.size, stream.ptr)
        if not self.has_few_errors:
            runtime.memsetAsync(self.errors, 0, self.layout.error_flags, stream.ptr)
        if self.layout.deques > workspace.empty_deques:
            runtime.memsetAsync(self.deques, 0, self.layout.deques, stream.ptr)
        self.empty_deques, workspace.empty_deques = max(self.layout.deques, workspace.empty_deques), 0
        if self.heap:
            runtime.memsetAsync(self.free_blocks, 0, self.layout.free_blocks, stream.ptr)
            # The copy is from pageable memory: it has left it when the call returns.
            runtime.memcpyAsync(
                self.heap, _address_of(self.heap_content), len(self.heap_content), _TO_DEVICE, stream.ptr
            )
        workspace.started.record(stream)
        kernel.start(self.layout.warps, self.small + self.launch_at, stream)
        workspace.ended.record(stream)
        runtime.memcpyAsync(self.mirror, self.small, self.launch_at, _TO_HOST, stream.ptr)
        workspace.finished.record(stream)

    def stop(self) -> None:
        """Raise the stop flag while the kernel runs: once the control block is there, which would undo it."""
        from cupy.cuda import runtime

        signal = self.workspace.signal
        self.workspace.started.synchronize()
        runtime.memcpyAsync(self.small + abi.CONTROL_STOP, self.workspace.flag.ptr, 4, _TO_DEVICE, signal.ptr)
        signal.synchronize()
        self.stopped = True

    def done(self) -> int:
        """Root tasks completed so far."""
        from cupy.cuda import runtime

        signal, place = self.workspace.signal, self.workspace.flag.ptr + 8
        runtime.memcpyAsync(place, self.small + abi.CONTROL_DONE, 8, _TO_HOST, signal.ptr)
        signal.synchronize()
        return int(ctypes.c_uint64.from_address(place).value)

    def kernel_ms(self) -> float:
        import cupy

        milliseconds: float = cupy.cuda.get_elapsed_time(self.workspace.started, self.workspace.ended)
        return milliseconds

    def read_back(self) -> tuple[Any, ...]:
        """Copy writable arrays to the host, and results, if the run has come to its end."""
        import numpy

        self.arrays.copy_back()
        control = Control.unpack(ctypes.string_at(self.mirror, self.launch_at))
        if not self.program.returns_errors and (control.error or control.done != self.roots):
            self.workspace.work.synchronize()
            return ()
        results = [numpy.empty(self.roots, leaf.numpy()) for leaf in self.program.stored]
        for result, memory in zip(results, self.results, strict=True):
            _copy_to_host(result.ctypes.data, memory.ptr, result.nbytes, self.workspace.work)
        self.workspace.work.synchronize()
        return tuple(results)

    def outcome(self, measured: tracing.Measured) -> Outcome:
        small = ctypes.string_at(self.mirror, self.launch_at)
        counters = launch.added_up(memoryview(small)[abi.CONTROL_SIZE :].cast("Q").tolist())
        control = Control.unpack(small)
        if not control.error and not self.stopped and control.done == self.roots:
            self.workspace.empty_deques = self.empty_deques  # all tasks have ended: nothing is left in them
        errors = self._errors() if control.error or self.program.returns_errors else b""
        left = self.left if self.heap else None

        def record(error: int) -> bytes:
            start = self.layout.record_at(error)
            return errors[start : start + self.layout.error_record]

        return Outcome(LANES, control, self.layout, counters, self._prints(small), measured, record, left)

    def left(self) -> deadlock.Leftovers:
        """Copy the headers of the frames that were handed out; objects are copied when they are asked for."""
        import numpy
        from cupy.cuda import runtime

        control = Control.unpack(ctypes.string_at(self.mirror, self.launch_at))
        stride, stream = launch.frame_stride(self.program), self.workspace.work
        headers = []
        for used in launch.frames_used(self.program, self.layout, control):
            some = numpy.empty((len(used), deadlock.HEADER_WORDS), numpy.uint32)
            if len(used):
                width, start = some.itemsize * deadlock.HEADER_WORDS, self.frames + used.start * stride
                runtime.memcpy2DAsync(some.ctypes.data, width, start, stride, width, len(used), _TO_HOST, stream.ptr)
            headers.append(some)
        stream.synchronize()

        def words(handle: int) -> list[int]:
            found = numpy.empty(abi.OBJECT_WORDS, numpy.uint32)
            _copy_to_host(found.ctypes.data, self.heap + handle * abi.HEAP_GRANULE, found.nbytes, stream)
            stream.synchronize()
            return [int(word) for word in found]

        return deadlock.Leftovers(headers, words)

    def _errors(self) -> bytes:
        """All records: one copy, since one for each would take longer as soon as there are some."""
        errors = ctypes.create_string_buffer(self.layout.errors)
        _copy_to_host(ctypes.addressof(errors), self.errors, self.layout.errors, self.workspace.work)
        self.workspace.work.synchronize()
        return errors.raw

    def _prints(self, small: bytes) -> bytes:
        head = min(Control.unpack(small).print_head, self.layout.prints)
        text = ctypes.create_string_buffer(head)
        if head:
            _copy_to_host(ctypes.addressof(text), self.workspace.part("prints", head), head, self.workspace.work)
            self.workspace.work.synchronize()
        return text.raw


def _address_of(content: bytes) -> int:
    return ctypes.cast(ctypes.c_char_p(content), ctypes.c_void_p).value or 0


def _copy_to_host(host: int, device: int, size: int, stream: Any) -> None:
    from cupy.cuda import runtime

    if size:
        runtime.memcpyAsync(host, device, size, _TO_HOST, stream.ptr)


class _DeviceArrays:
    """The arrays of a run on the device. NumPy memory is copied range by range, so that views of one array still share
    memory there, and strided ones keep their strides; CUDA arrays stay where they are."""

    def __init__(self, workspace: _Workspace, values: tuple[Any, ...]) -> None:
        self.workspace = workspace
        arrays = list(buffers.arrays_in(values))
        self._hosts = [array for array in arrays if not buffers.is_cuda(array)]
        for array in arrays:
            if buffers.is_cuda(array):
                _synchronise(array)
        self._ranges = [(found, self._copy(found)) for found in buffers.merge(self._hosts)]

    def _copy(self, found: buffers.Range) -> tuple[Any, int]:
        """The device memory of a range, and where it starts in it: addresses keep their alignment."""
        from cupy.cuda import runtime

        shift = found.start % ALIGNMENT
        memory = self.workspace.allocate(found.end - found.start + shift)
        runtime.memcpyAsync(
            memory.ptr + shift, found.start, found.end - found.start, _TO_DEVICE, self.workspace.work.ptr
        )
        return memory, memory.ptr + shift

    def view(self, array: Any) -> buffers.View:
        """Where an array lies on the device."""
        if buffers.is_cuda(array):
            return buffers.cuda_view(array)
        host = buffers.numpy_view(array)
        address = self._on_device(host.address) if array.size else 0
        return buffers.View(address, host.shape, host.strides)

    def _on_device(self, address: int) -> int:
        for found, (_, start) in self._ranges:
            if found.start <= address < found.end:
                return start + (address - found.start)
        raise AssertionError("every array has a range")

    def copy_back(self) -> None:
        """The ranges of writable arrays; the rest is unchanged, and may be read-only memory."""
        for found in buffers.merge(array for array in self._hosts if array.flags.writeable):
            _copy_to_host(found.start, self._on_device(found.start), found.end - found.start, self.workspace.work)


def _synchronise(array: Any) -> None:
    """Wait for the stream that fills a CUDA array, as its interface asks; 1 is the legacy default stream."""
    from cupy.cuda import runtime

    stream = array.__cuda_array_interface__.get("stream", 1)
    if stream is not None:
        runtime.streamSynchronize(stream)


def _wait(run: _Run, watch: Watch) -> None:
    """Until the kernel has ended and its control block is back, also if an interrupt comes at an awkward moment."""
    try:
        while not run.workspace.finished.done:
            try:
                _poll(run, watch)
            except KeyboardInterrupt as interrupt:
                watch.stop(interrupt)
    finally:
        if not run.workspace.finished.done:
            run.stop()
            run.workspace.finished.synchronize()


def _poll(run: _Run, watch: Watch) -> None:
    """One look, and a nap in proportion to the time spent so far. The stop flag is raised once."""
    if not run.stopped and watch.look():
        run.stop()
    if watch.seconds > SPIN:
        time.sleep(watch.nap(min(LONGEST_NAP, watch.seconds / 32)))
