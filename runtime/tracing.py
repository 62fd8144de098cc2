"""What happened in a run: counters of the executor with the names of the program's states, and a progress bar.

result, stats = run(f(x), stats=True)
stats.mean_lanes      27.4
print(stats)          a table
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Program


@dataclass(frozen=True, slots=True)
class StateCount:
    """How often lanes were resumed in a state."""

    name: str
    place: str
    resumes: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of one run. Times are seconds, `kernel_ms` milliseconds; None where a backend cannot know. Only a
    program that `forks` spawns tasks (calls that ended before they suspended are not counted: they needed none), probes
    other warps for work, steals chunks of it, and has warps that are idle: `idle_share` is of the time of all warps.
    `frames_at_peak` counts those in use and those that a warp had at hand."""

    backend: str
    target: str
    title: str
    tasks: int
    warps: int
    groups: int
    lanes: int
    starts: int
    spills: int
    chunk_pops: int
    idle_loops: int
    states: tuple[StateCount, ...]
    frame_bytes: int
    frames: int
    registers: int | None = None
    occupancy: float | None = None
    compile_seconds: float = 0.0
    compile_stages: dict[str, float] = field(default_factory=dict)
    run_seconds: float = 0.0
    kernel_ms: float | None = None
    forks: bool = False
    spawns: int = 0
    steals: int = 0
    probes: int = 0
    frames_at_peak: int = 0
    idle_share: float = 0.0

    @property
    def mean_lanes(self) -> float:
        """Lanes of a group on average: 32 is best on CUDA, always 1 on the CPU."""
        return self.lanes / self.groups if self.groups else 0.0

    @property
    def milliseconds(self) -> float:
        """Of the kernel, where a backend can tell, else of the whole run."""
        return 1e3 * self.run_seconds if self.kernel_ms is None else self.kernel_ms

    @property
    def resumes(self) -> int:
        return sum(state.resumes for state in self.states)

    def rows(self) -> list[tuple[str, str]]:
        """Label and value of each figure, for printing."""
        rows = [
            ("backend", f"{self.backend} ({self.target})"),
            ("root tasks", f"{self.tasks:,}"),
            ("warps", f"{self.warps:,}"),
            ("groups run", f"{self.groups:,}"),
            ("mean lanes a group", f"{self.mean_lanes:.1f}"),
            ("tasks started", f"{self.starts:,}"),
            *self._sharing_rows(),
            ("bytes a frame", f"{self.frame_bytes:,}"),
            ("frames at peak, in the pool", f"{self.frames_at_peak:,}, {self.frames:,}"),
        ]
        if self.registers is not None:
            rows.append(("registers a thread", str(self.registers)))
        if self.occupancy is not None:
            rows.append(("occupancy", f"{self.occupancy:.0%}"))
        rows.append(("compile", f"{1e3 * self.compile_seconds:.1f} ms"))
        if self.kernel_ms is not None:
            rows.append(("kernel", f"{self.kernel_ms:.3f} ms"))
        rows.append(("run", f"{1e3 * self.run_seconds:.3f} ms"))
        return rows

    def _sharing_rows(self) -> list[tuple[str, str]]:
        if not self.forks:
            return [("chunks spilled, taken back", f"{self.spills:,}, {self.chunk_pops:,}")]
        return [
            ("tasks spawned", f"{self.spawns:,}"),
            ("chunks shared, stolen", f"{self.spills:,}, {self.steals:,}"),
            ("probes", f"{self.probes:,}"),
            ("idle", f"{self.idle_share:.0%} of the time, {self.idle_loops:,} naps"),
        ]

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.rows())
        lines = [f"{label:<{width}}  {value}" for label, value in self.rows()]
        if self.states:
            lines += ["resumes by state"]
            lines += [f"  {state.resumes:>16,}  {state.name}  {state.place}" for state in self.states]
        return "\n".join(lines)

    def __rich__(self) -> object:
        from rich.console import Group
        from rich.table import Table

        figures = Table("figure", "value", title=f"statistics of {self.title}")
        for label, value in self.rows():
            figures.add_row(label, value)
        if not self.states:
            return figures
        states = Table("state", "where", "resumes", title="resumes by state")
        for state in self.states:
            states.add_row(state.name, state.place, f"{state.resumes:,}")
        return Group(figures, states)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a backend measured of one run."""

    run_seconds: float
    kernel_ms: float | None = None
    registers: int | None = None
    occupancy: float | None = None


def make_statistics(
    program: Program,
    backend: str,
    counters: Sequence[int],
    measured: Measured,
    *,
    tasks: int,
    warps: int,
    frames: int,
    frames_at_peak: int = 0,
    compile_seconds: float = 0.0,
) -> Statistics:
    """Give the counters of `abi.STAT_*` their names."""
    return Statistics(
        backend=backend,
        target=program.target,
        title=program.title,
        tasks=tasks,
        warps=warps,
        groups=counters[abi.STAT_GROUPS],
        lanes=counters[abi.STAT_LANES],
        starts=counters[abi.STAT_STARTS],
        spills=counters[abi.STAT_SPILLS],
        chunk_pops=counters[abi.STAT_CHUNK_POPS],
        idle_loops=counters[abi.STAT_IDLE_LOOPS],
        forks=program.forks,
        spawns=sum(counters[abi.STAT_STATES + state.index] for state in program.states if state.kind == "entry"),
        steals=counters[abi.STAT_STEALS],
        probes=counters[abi.STAT_PROBES],
        frames_at_peak=frames_at_peak,
        idle_share=counters[abi.STAT_IDLE_TICKS] / max(1, counters[abi.STAT_TICKS]),
        states=tuple(
            StateCount(state.name, f"{state.file}:{state.line}", counters[abi.STAT_STATES + state.index])
            for state in program.states
        ),
        frame_bytes=program.frame_size,
        frames=frames,
        registers=measured.registers if measured.registers or program.report is None else program.report.registers,
        occupancy=measured.occupancy,
        compile_seconds=compile_seconds,
        compile_stages=dict(program.timings),
        run_seconds=measured.run_seconds,
        kernel_ms=measured.kernel_ms,
    )


def interpreted(title: str, tasks: int, seconds: float) -> Statistics:
    """Of a run under plain asyncio, which has no groups."""
    return Statistics(
        "asyncio", "python", title, tasks, warps=1, groups=0, lanes=0, starts=tasks, spills=0, chunk_pops=0,
        idle_loops=0, states=(), frame_bytes=0, frames=0, run_seconds=seconds,
    )  # fmt: skip


@contextlib.contextmanager
def progress_bar(title: str, total: int, shown: bool) -> Iterator[Callable[[int], None] | None]:
    """A bar on stderr while the block runs: a function to call with the number of tasks done. None if not shown."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(title, total=total)
        yield lambda done: progress.update(bar, completed=done)
        progress.update(bar, completed=total)  # not where the run failed
