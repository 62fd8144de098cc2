"""A path tracer over a signed distance field, one coroutine a path of light.

A ray marches in steps as long as the distance to the nearest surface: a few in the open, a hundred along an edge. Then
it bounces or leaves. How far paths get differs at every step, so every STRIDE steps a ray offers to be rescheduled, and
the executor puts rays that still march together.

    python examples/path_tracer.py --size 1280x720 --samples 64 --output path_tracer.png
"""

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from coro2cuda import atomic_add, f32, gpu_async, i32, reschedule, u32

Vector = tuple[f32, f32, f32]

STRIDE = 4
MOST_STEPS = 100
MOST_BOUNCES = 6
CLOSE = 1e-3
FAR = 1e3
SPHERES = np.array([(-1.1, 0.5, 0.0, 0.5), (0.0, 0.8, 0.6, 0.8), (1.2, 0.4, -0.2, 0.4)], np.float32)  # x, y, z, radius
COLOURS = np.array([(0.9, 0.35, 0.25), (0.9, 0.9, 0.9), (0.3, 0.5, 0.9), (0.6, 0.6, 0.55)], np.float32)  # last: ground


def along(origin: Vector, ray: Vector, distance: f32) -> Vector:
    """The point at a distance along a ray."""
    return origin[0] + ray[0] * distance, origin[1] + ray[1] * distance, origin[2] + ray[2] * distance


def unit(v: Vector) -> Vector:
    """The vector at length 1."""
    scale = 1 / math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    return v[0] * scale, v[1] * scale, v[2] * scale


def nearest(point: Vector) -> tuple[f32, i32]:
    """The distance to the nearest surface, and which it is: a sphere, or after them the ground at height 0."""
    least, which = point[1], i32(len(SPHERES))
    for index in range(which):
        x, y, z = point[0] - SPHERES[index, 0], point[1] - SPHERES[index, 1], point[2] - SPHERES[index, 2]
        away = math.sqrt(x * x + y * y + z * z) - SPHERES[index, 3]
        if away < least:
            least, which = away, index
    return least, which


def normal(point: Vector, which: i32) -> Vector:
    """The direction that a surface faces."""
    if which == len(SPHERES):
        return f32(0), f32(1), f32(0)
    return unit((point[0] - SPHERES[which, 0], point[1] - SPHERES[which, 1], point[2] - SPHERES[which, 2]))


def draw(seed: u32) -> u32:
    """The next state of the path's random numbers (xorshift)."""
    seed ^= seed << 13
    seed ^= seed >> 17
    return seed ^ seed << 5


def uniform(seed: u32) -> f32:
    """A random number in [0, 1)."""
    return f32(seed >> 8) / 16777216


def scattered(facing: Vector, first: u32, second: u32) -> Vector:
    """A random direction off a matt surface: more often straight up than along it."""
    height = 2 * uniform(first) - 1
    across, angle = math.sqrt(1 - height * height), 2 * math.pi * uniform(second)
    x, y, z = across * math.cos(angle), height, across * math.sin(angle)
    r = f32(0.999)  # less than the length of `facing`, so that the sum is not zero
    return unit((facing[0] + r * x, facing[1] + r * y, facing[2] + r * z))


@gpu_async
async def march(origin: Vector, ray: Vector) -> f32:
    """The distance along the ray to a surface; FAR or more if there is none."""
    travelled: f32 = 0.0
    for step in range(MOST_STEPS):
        away, _ = nearest(along(origin, ray, travelled))
        travelled += away
        if away <= CLOSE or travelled >= FAR:
            break
        if step % STRIDE == STRIDE - 1:
            await reschedule()
    return travelled


@gpu_async
async def path(index: i32, width: i32, height: i32, image: f32[:, :, :]) -> None:
    """Follow one path from the eye to the sky, and add the light it brings to its pixel."""
    pixel = index % (width * height)
    row, column = pixel // width, pixel % width
    seed = draw(u32(index) * 747796405 + 2891336453)
    x = (f32(column) + uniform(seed) - f32(width) / 2) / f32(height)
    seed = draw(seed)
    y = (f32(height) / 2 - f32(row) - uniform(seed)) / f32(height)
    place: Vector = (0.0, 1.1, -4.5)
    ray = unit((x, y - 0.1, f32(1.3)))
    red: f32 = 1.0
    green: f32 = 1.0
    blue: f32 = 1.0
    for _ in range(MOST_BOUNCES):
        distance = await march(place, ray)
        if distance >= FAR:
            up = max(ray[1], 0)
            atomic_add(image, (row, column, 0), red * (1 - 0.5 * up))
            atomic_add(image, (row, column, 1), green * (1 - 0.3 * up))
            atomic_add(image, (row, column, 2), blue)
            return
        place = along(place, ray, distance)
        _, which = nearest(place)
        red *= COLOURS[which, 0]
        green *= COLOURS[which, 1]
        blue *= COLOURS[which, 2]
        seed = draw(seed)
        first = seed
        seed = draw(seed)
        facing = normal(place, which)
        ray = scattered(facing, first, seed)
        place = along(place, facing, f32(2 * CLOSE))


def render(width: int, height: int, samples: int, backend: str | None = None) -> tuple[np.ndarray[Any, Any], Any]:
    """The picture, and what the executor did."""
    image = np.zeros((height, width, 3), np.float32)
    _, statistics = path.map(range(width * height * samples), width, height, image, backend=backend, stats=True)
    return image / samples, statistics


def save(image: np.ndarray[Any, Any], target: Path) -> None:
    """Write the picture, its light mapped to what a screen shows."""
    from matplotlib.image import imsave

    imsave(target, np.clip(image, 0, 1) ** (1 / 2.2))


def size(text: str) -> tuple[int, int]:
    """`WIDTHxHEIGHT` as two numbers."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT")
    return int(width), int(height)


def main(argv: list[str] | None = None) -> int:
    """Render, and write the picture."""
    parser = argparse.ArgumentParser(description="Trace paths of light, one coroutine a path.")
    parser.add_argument("--size", type=size, default=(640, 360), metavar="WxH", help="in pixels (640x360)")
    parser.add_argument("--samples", type=int, default=16, metavar="N", help="paths a pixel (%(default)s)")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--output", type=Path, default=Path("path_tracer.png"), metavar="PNG", help="(%(default)s)")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    if options.samples < 1 or options.samples * math.prod(options.size) > 2**31 - 1:
        parser.error("--samples must be positive, and at most 2147483647 paths in all")
    if not options.output.absolute().parent.is_dir():
        parser.error(f"--output: there is no directory {options.output.absolute().parent}")

    image, statistics = render(*options.size, options.samples, options.backend)
    console = Console()
    console.print(f"{options.samples * math.prod(options.size):,} paths; mean light {image.mean():.4f}")
    if options.stats:
        console.print(statistics)
    save(image, options.output)
    console.print(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
