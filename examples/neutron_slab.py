"""Neutrons in a slab: a Monte Carlo transport problem with an answer known on paper.

Each task is one particle. It flies a random distance, then scatters into a new direction or is captured; one still in
flight when the time is up is counted where it is. How many flights a particle makes is random, so without regrouping
most lanes of a warp would soon wait for a few long-lived particles: `await reschedule()` after each scattering lets the
executor fill its warps with particles that still fly.

Of N particles, N * exp(-capture * time) should be in flight at the end. The program checks that, and draws where.

    python examples/neutron_slab.py --sources 1000000 --time 6 --output slab.png
"""

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from coro2cuda import atomic_add, f32, gpu_async, i32, reschedule, u32

BIN_WIDTH = 0.1
TWO_PI = 2 * 3.14159


def advance(seed: u32) -> u32:
    """The next state of the particle's random number generator."""
    return 0x10DCD * seed + 1


def uniform(seed: u32) -> f32:
    """A random number in [0, 1)."""
    return f32(seed % 65537) / 65537


def signed(seed: u32) -> f32:
    """A random number in [-1, 1]."""
    return f32(i32(seed % 65537) - 32768) / 32768


@gpu_async
async def particle(seed: u32, end: f32, total: f32, scattering: f32, middle: i32, tally: f32[:]) -> None:
    """One particle from its source to the end of time, or to its capture.

    `total` is the sum of the cross sections, `scattering` the share of collisions that scatter, `middle` the bin at the
    source.
    """
    x: f32 = 0.0
    y: f32 = 0.0
    z: f32 = 0.0
    t: f32 = 0.0
    while True:
        seed = advance(seed)
        mu = signed(seed)
        seed = advance(seed)
        azimuth = TWO_PI * uniform(seed)
        across = math.sqrt(1 - mu * mu)

        seed = advance(seed)
        distance = -math.log(1 - uniform(seed)) / total
        survives = t + distance > end
        if survives:
            distance = end - t
        x += mu * distance
        y += across * math.cos(azimuth) * distance
        z += across * math.sin(azimuth) * distance
        t += distance

        place = middle + i32(math.floor(x / BIN_WIDTH))
        if place < 0 or place >= 2 * middle:
            return
        seed = advance(seed)
        if survives:
            atomic_add(tally, place, 1.0)
            return
        if uniform(seed) >= scattering:
            return
        await reschedule()


@dataclass(frozen=True)
class Outcome:
    """What a run gives: the tally by position, and what the executor did."""

    tally: np.ndarray[Any, np.dtype[np.float32]]
    statistics: Any

    @property
    def census(self) -> float:
        return float(self.tally.sum(dtype=np.float64))


def simulate(sources: int, time: float, capture: float, scatter: float, backend: str | None = None) -> Outcome:
    """Run `sources` particles. They move at speed 1, so none can leave a slab of `time` + 1 to either side."""
    middle = round((time + 1) / BIN_WIDTH)
    total = capture + scatter
    tally = np.zeros(2 * middle, np.float32)
    _, statistics = particle.map(
        range(sources), time, total, scatter / total, middle, tally, backend=backend, stats=True
    )
    return Outcome(tally, statistics)


def analytic(sources: int, time: float, capture: float) -> tuple[float, float]:
    """How many particles should be in flight at the end, and the standard deviation of that number."""
    survival = math.exp(-capture * time)
    return sources * survival, math.sqrt(sources * survival * (1 - survival))


def draw(tally: np.ndarray[Any, np.dtype[np.float32]], title: str, path: Path) -> None:
    """Write a picture of the tally by position."""
    from matplotlib.figure import Figure

    edges = (np.arange(len(tally) + 1) - len(tally) // 2) * BIN_WIDTH
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.stairs(tally, edges, fill=True)
    axes.set(xlabel="x (mean free paths)", ylabel="particles in flight", title=title)
    figure.savefig(path, dpi=120)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Transport of neutrons in a slab, one coroutine a particle.")
    parser.add_argument("--sources", type=int, default=1_000_000, metavar="N", help="particles (%(default)s)")
    parser.add_argument("--time", type=float, default=6.0, metavar="T", help="when to count (%(default)s)")
    parser.add_argument("--capture", type=float, default=0.3, metavar="SIGMA", help="cross section (%(default)s)")
    parser.add_argument("--scatter", type=float, default=0.7, metavar="SIGMA", help="cross section (%(default)s)")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--output", type=Path, metavar="PNG", help="write a picture of the tally")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    if options.sources < 1 or not options.time > 0:
        parser.error("--sources and --time must be positive")
    if options.capture < 0 or options.scatter < 0 or not options.capture + options.scatter > 0:
        parser.error("the cross sections must not be negative, nor both be zero")
    if options.output is not None and not options.output.absolute().parent.is_dir():
        parser.error(f"--output: there is no directory {options.output.absolute().parent}")
    return options


def main(argv: list[str] | None = None) -> int:
    """Run, compare with the analytic answer, and return 1 if they differ by more than chance explains."""
    options = arguments(argv)
    outcome = simulate(options.sources, options.time, options.capture, options.scatter, options.backend)
    expected, deviation = analytic(options.sources, options.time, options.capture)
    sigmas = abs(outcome.census - expected) / deviation if deviation else 0.0

    console = Console()
    table = Table(title=f"Neutron slab, T = {options.time:g}", show_header=False)
    table.add_row("sources", f"{options.sources:,}")
    if outcome.statistics.states:
        # Each flight but a particle's first follows a suspension.
        table.add_row("flights", f"{options.sources + outcome.statistics.resumes:,}")
    table.add_row("in flight at the end", f"{outcome.census:,.0f}")
    table.add_row("analytic", f"{expected:,.0f} ± {deviation:,.0f}")
    table.add_row("difference", f"{sigmas:.2f} standard deviations")
    console.print(table)
    if options.stats:
        console.print(outcome.statistics)
    if options.output is not None:
        title = f"{options.sources:,} neutrons after T = {options.time:g}"
        draw(outcome.tally, title, options.output)
        console.print(f"wrote {options.output}")
    if sigmas > 4:
        console.print("[bold red]the census differs from the analytic answer by more than chance explains[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
