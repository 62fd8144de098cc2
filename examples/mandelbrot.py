"""The Mandelbrot set, one coroutine a pixel.

Pixels differ wildly in the work they need: those outside the set leave after a few steps, those inside go to the limit.
Every STRIDE steps a pixel offers to be rescheduled, so that the executor puts pixels that still iterate together.

    python examples/mandelbrot.py --size 1920x1080 --output mandelbrot.png
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from coro2cuda import f32, gpu_async, i32, reschedule

STRIDE = 64


@gpu_async
async def escape(index: i32, width: i32, left: f32, top: f32, step: f32, limit: i32) -> i32:
    """How many steps z*z + c takes to leave the circle of radius 2, or `limit`."""
    real = left + step * f32(index % width)
    imaginary = top - step * f32(index // width)
    x: f32 = 0.0
    y: f32 = 0.0
    for count in range(limit):
        xx = x * x
        yy = y * y
        if xx + yy > 4:
            return count
        y = 2 * x * y + imaginary
        x = xx - yy + real
        if count % STRIDE == STRIDE - 1:
            await reschedule()
    return limit


def render(width: int, height: int, limit: int, backend: str | None = None) -> tuple[np.ndarray[Any, Any], Any]:
    """The step counts of a picture of the whole set, and what the executor did."""
    step = max(3.2 / width, 2.4 / height)
    left, top = -0.75 - step * (width - 1) / 2, step * (height - 1) / 2
    counts, statistics = escape.map(
        range(width * height), width, left, top, step, limit, backend=backend, stats=True
    )
    return counts.reshape(height, width), statistics


def area(counts: np.ndarray[Any, Any], limit: int) -> float:
    """The area of the set in the picture; the set's own is 1.5066."""
    height, width = counts.shape
    step = max(3.2 / width, 2.4 / height)
    return float((counts == limit).sum()) * step * step


def draw(counts: np.ndarray[Any, Any], limit: int, path: Path) -> None:
    """Write the picture: dark inside, brighter the later a pixel escapes."""
    from matplotlib.image import imsave

    shade = np.where(counts == limit, 0.0, np.log1p(counts) / np.log1p(limit))
    imsave(path, shade, cmap="magma", vmin=0.0, vmax=1.0)


def size(text: str) -> tuple[int, int]:
    """`WIDTHxHEIGHT` as two numbers."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT")
    return int(width), int(height)


def main(argv: list[str] | None = None) -> int:
    """Compute the picture, say what came out, and write it."""
    parser = argparse.ArgumentParser(description="Draw the Mandelbrot set, one coroutine a pixel.")
    parser.add_argument("--size", type=size, default=(1280, 960), metavar="WxH", help="in pixels (1280x960)")
    parser.add_argument("--limit", type=int, default=2048, metavar="N", help="most steps a pixel (%(default)s)")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    parser.add_argument("--output", type=Path, default=Path("mandelbrot.png"), metavar="PNG", help="(%(default)s)")
    parser.add_argument("--stats", action="store_true", help="print what the executor did")
    options = parser.parse_args(argv)
    if options.limit < 1:
        parser.error("--limit must be positive")
    if not options.output.absolute().parent.is_dir():
        parser.error(f"--output: there is no directory {options.output.absolute().parent}")

    counts, statistics = render(*options.size, options.limit, options.backend)
    console = Console()
    console.print(f"{int(counts.sum()):,} steps; area of the set: {area(counts, options.limit):.4f}")
    if options.stats:
        console.print(statistics)
    draw(counts, options.limit, options.output)
    console.print(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
