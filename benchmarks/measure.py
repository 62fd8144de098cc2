"""What the benchmarks share: interleaved timing, rows of the table, kernels compiled at run time, the examples.

A pair is measured in one process, round by round, each contender once a round, so that both see the same clocks and the
same neighbours. The first round warms up and does not count.
"""

import importlib.util
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
ROUNDS = 7


class Skip(Exception):
    """This benchmark cannot run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one contender."""

    best: float
    median: float

    @classmethod
    def of(cls, samples: list[float]) -> "Times":
        return cls(min(samples), statistics.median(samples))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: our time beside another's, or beside a limit.

    Attributes:
        ratio: how many times as fast as the other we are, by the best times (by the medians: `median_ratio`).
        wanted: the least ratio, or with `limit_ms` the most milliseconds; None: shown only.
        work: how much is done in that time, and what it is called a second; for the rate.
        elsewhere: what others take for it where we measured them, which was in another run.
    """

    name: str
    ours: Times
    other_name: str = ""
    other: Times | None = None
    wanted: float | None = None
    limit_ms: float | None = None
    work: tuple[int, str] | None = None
    elsewhere: str = ""

    @property
    def rate(self) -> str:
        """By the best time, as `6.1 G nodes/s`."""
        if self.work is None:
            return ""
        amount, unit = self.work
        rate = 1e3 * amount / self.ours.best
        scale, prefix = next((pair for pair in ((1e9, "G "), (1e6, "M "), (1e3, "k ")) if rate >= pair[0]), (1, ""))
        return f"{rate / scale:.3g} {prefix}{unit}"

    @property
    def ratio(self) -> float | None:
        return None if self.other is None else self.other.best / self.ours.best

    @property
    def median_ratio(self) -> float | None:
        return None if self.other is None else self.other.median / self.ours.median

    @property
    def reached(self) -> bool | None:
        """Whether what is wanted was reached; None if nothing is."""
        if self.limit_ms is not None:
            return self.ours.best <= self.limit_ms
        if self.wanted is None or self.ratio is None:
            return None
        return self.ratio >= self.wanted

    @property
    def goal(self) -> str:
        if self.limit_ms is not None:
            return f"<= {self.limit_ms:g} ms"
        return "" if self.wanted is None else f">= {self.wanted:.3g}x"


def interleave(contenders: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, Times]:
    """Time the contenders round by round. Each is a function that runs once and returns its milliseconds."""
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, contender in contenders.items():
            milliseconds = contender()
            if turn > 0:
                samples[name].append(milliseconds)
    return {name: Times.of(values) for name, values in samples.items()}


def require(condition: bool, message: str) -> None:
    """Contenders must agree on the answer before their times mean anything."""
    if not condition:
        raise SystemExit(f"benchmark: {message}")


def example(name: str) -> ModuleType:
    """A module of examples/."""
    qualified = f"coro2cuda_example_{name}"
    if qualified not in sys.modules:
        spec = importlib.util.spec_from_file_location(qualified, HERE.parent / "examples" / f"{name}.py")
        assert spec is not None and spec.loader is not None
        sys.modules[qualified] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[qualified]


def cupy() -> Any:
    """The cupy module, with a GPU to use.

    Raises:
        Skip: there is none.
    """
    try:
        import cupy as module
    except ImportError:
        raise Skip("cupy is not installed") from None
    try:
        module.cuda.runtime.getDeviceCount()
    except module.cuda.runtime.CUDARuntimeError as error:
        raise Skip(f"no GPU: {error}") from None
    return module


def baseline(name: str) -> Any:
    """The hand-written kernels of baselines/NAME.cu, compiled by NVRTC."""
    folder = HERE / "baselines"
    source = (folder / f"{name}.cu").read_text()
    return cupy().RawModule(code=source, options=("--std=c++17", f"-I{folder}"), backend="nvrtc")


def kernel_ms(launch: Callable[[], None]) -> float:
    """Milliseconds of what `launch` puts on the current stream, by events around it."""
    cuda = cupy().cuda
    before, after = cuda.Event(), cuda.Event()
    before.record()
    launch()
    after.record()
    after.synchronize()
    return float(cuda.get_elapsed_time(before, after))
