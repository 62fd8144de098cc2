"""Neutrons that multiply: the slab of `neutron_slab`, with fission.

A neutron that splits a nucleus dies, and two new ones fly on from there: tasks that begin tasks, and nobody knows where
or how many. Each child draws its seed from its parent's and from the place and time of its birth, so the particles are
the same in whatever order they run.

Of N particles, N * exp((fission - capture) * time) should be in flight at the end.

    python examples/fission.py --sources 1000000 --time 20 --capture 0.1 --fission 0.1 --scatter 0.8
"""

import argparse
import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from coro2cuda import atomic_add, bit_cast, f32, gather, gpu_async, i32, reschedule, u32

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


def born(seed: u32, x: f32, y: f32, z: f32, t: f32) -> u32:
    """The seed of a child."""
    seed = advance(seed ^ bit_cast(u32, t))
    seed = advance(seed ^ bit_cast(u32, x))
    seed = advance(seed ^ bit_cast(u32, y))
    return advance(seed ^ bit_cast(u32, z))


@gpu_async
async def particle(
    seed: u32, end: f32, total: f32, scattering: f32, splitting: f32, middle: i32, tally: f32[:],
    x: f32 = 0.0, y: f32 = 0.0, z: f32 = 0.0, t: f32 = 0.0,
) -> None:  # fmt: skip
    """One particle from its birth to its end, and all that descend from it.

    `total` is the sum of the cross sections, `scattering` the share of collisions that scatter, `splitting` the share
    that scatter or split, `middle` the bin at the sources.
    """
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
        collision = uniform(seed)
        if collision >= splitting:
            return
        if collision >= scattering:
            first = advance(seed)
            second = advance(first)
            await gather(
                particle(born(first, x, y, z, t), end, total, scattering, splitting, middle, tally, x, y, z, t),
                particle(born(second, x, y, z, t), end, total, scattering, splitting, middle, tally, x, y, z, t),
            )
            return
        await reschedule()


@dataclass(frozen=True)
class Setting:
    """How long the particles fly, and the cross sections.

    Attributes:
        census: of a million particles, in flight at the end, as a C program with the same arithmetic finds.
    """

    time: float
    capture: float
    fission: float
    scatter: float
    census: int = 0


SETTINGS = (
    Setting(2, 0.2, 0.3, 0.5, 1_221_693),
    Setting(6, 0.2, 0.3, 0.5, 1_824_831),
    Setting(6, 0.3, 0.0, 0.7, 165_533),
    Setting(20, 0.1, 0.1, 0.8, 1_001_613),
)


def simulate(sources: int, setting: Setting, backend: str | None = None) -> tuple[float, Any]:
    """The census of `sources` particles, and what the executor did."""
    middle = round((setting.time + 1) / BIN_WIDTH)
    total = setting.capture + setting.fission + setting.scatter
    shares = (setting.scatter / total, (setting.scatter + setting.fission) / total)
    tally = np.zeros(2 * middle, np.float32)
    _, statistics = particle.map(
        range(sources), setting.time, total, *shares, middle, tally, backend=backend, stats=True
    )
    return float(tally.sum(dtype=np.float64)), statistics


def analytic(sources: int, setting: Setting) -> tuple[float, float]:
    """How many particles should be in flight at the end, and the standard deviation of that number: a birth and death
    process, in which every particle splits and is captured at constant rates."""
    growth = setting.fission - setting.capture
    mean = math.exp(growth * setting.time)
    rates = setting.fission + setting.capture
    variance = rates * setting.time if growth == 0 else rates / growth * mean * (mean - 1)
    return sources * mean, math.sqrt(sources * variance)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Neutrons that multiply in a slab, children as tasks.")
    parser.add_argument("--sources", type=int, default=100_000, metavar="N", help="particles (%(default)s)")
    parser.add_argument("--time", type=float, default=6.0, metavar="T", help="when to count (%(default)s)")
    parser.add_argument("--capture", type=float, default=0.2, metavar="SIGMA", help="cross section (%(default)s)")
    parser.add_argument("--fission", type=float, default=0.3, metavar="SIGMA", help="cross section (%(default)s)")
    parser.add_argument("--scatter", type=float, default=0.5, metavar="SIGMA", help="cross section (%(default)s)")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    sections = (options.capture, options.fission, options.scatter)
    if options.sources < 1 or not options.time > 0:
        parser.error("--sources and --time must be positive")
    if min(sections) < 0 or not sum(sections) > 0:
        parser.error("the cross sections must not be negative, nor all be zero")
    return options


def main(argv: list[str] | None = None) -> int:
    """Run, compare with the analytic answer, and return 1 if they differ by more than chance explains."""
    options = arguments(argv)
    setting = Setting(options.time, options.capture, options.fission, options.scatter)
    census, statistics = simulate(options.sources, setting, options.backend)
    expected, deviation = analytic(options.sources, setting)
    sigmas = abs(census - expected) / deviation if deviation else 0.0
    console = Console()
    table = Table(title=f"Neutron slab with fission, T = {options.time:g}", show_header=False)
    table.add_row("sources", f"{options.sources:,}")
    if statistics.spawns:
        table.add_row("particles", f"{statistics.spawns:,}")
    table.add_row("in flight at the end", f"{census:,.0f}")
    table.add_row("analytic", f"{expected:,.0f} ± {deviation:,.0f}")
    table.add_row("difference", f"{sigmas:.2f} standard deviations")
    table.add_row("time", f"{statistics.milliseconds:.3f} ms")
    console.print(table)
    if options.stats:
        console.print(statistics)
    if sigmas > 4:
        console.print("[bold red]the census differs from the analytic answer by more than chance explains[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
