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
    """How long the particles fly, the cross sections, and the census of a million of them (from a C program)."""

    time: float
    capture: float
    fission: float
    scatter: float
    census: int


SETTINGS = (
    Setting(2, 0.2, 0.3, 0.5, 1_221_693),
    Setting(6, 0.2, 0.3, 0.5, 1_824_831),
    Setting(6, 0.3, 0.0, 0.7, 165_533),
    Setting(20, 0.1, 0.1, 0.8, 1_001_613),
)


def simulate(
    sources: int, time: float, capture: float, fission: float, scatter: float, backend: str | None = None
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], Any]:
    """The tally by position at the end of time, and what the executor did."""
    middle = round((time + 1) / BIN_WIDTH)
    total = capture + fission + scatter
    tally = np.zeros(2 * middle, np.float32)
    shares = (scatter / total, (scatter + fission) / total)
    _, statistics = particle.map(range(sources), time, total, *shares, middle, tally, backend=backend, stats=True)
    return tally, statistics
