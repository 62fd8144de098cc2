"""Adaptive quadrature: an integral by Simpson's rule, with as many points as each part of it needs.

A task integrates one interval. Where the rule on the halves agrees with the rule on the whole, it is done; else it
integrates both halves at the same time, with half the tolerance each. The integrand oscillates ever faster towards 0,
so the tree of tasks is deep at one end and shallow at the other.

    python examples/quadrature.py --low 1e-4 --tolerance 1e-9
"""

import argparse
import math
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from coro2cuda import f64, gather, gpu_async, run


def integrand(x: f64) -> f64:
    return 2 * x * math.sin(1 / x) - math.cos(1 / x)


def antiderivative(x: float) -> float:
    """What the answer is checked with."""
    return x * x * math.sin(1 / x)


@gpu_async
async def integral(low: f64, high: f64, at_low: f64, at_middle: f64, at_high: f64, tolerance: f64) -> f64:
    """The integral from `low` to `high`, given the integrand at both and in the middle."""
    middle = (low + high) / 2
    at_quarter = integrand((low + middle) / 2)
    at_three_quarters = integrand((middle + high) / 2)
    whole = (high - low) / 6 * (at_low + 4 * at_middle + at_high)
    left = (middle - low) / 6 * (at_low + 4 * at_quarter + at_middle)
    right = (high - middle) / 6 * (at_middle + 4 * at_three_quarters + at_high)
    error = (left + right - whole) / 15
    if abs(error) <= tolerance:
        return left + right + error
    left, right = await gather(
        integral(low, middle, at_low, at_quarter, at_middle, tolerance / 2),
        integral(middle, high, at_middle, at_three_quarters, at_high, tolerance / 2),
    )
    return left + right


def integrate(low: float, high: float, tolerance: float) -> Any:
    """The call that integrates."""
    points = (low, (low + high) / 2, high)
    return integral(low, high, *map(integrand, points), tolerance)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Adaptive quadrature, a task an interval.")
    parser.add_argument("--low", type=float, default=1e-3, metavar="X", help="integrate from here to 1 (%(default)s)")
    parser.add_argument("--tolerance", type=float, default=1e-9, metavar="E", help="greatest error (%(default)s)")
    parser.add_argument("--repeat", type=int, default=1, metavar="R", help="take the best of R runs")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    options = parser.parse_args(argv)
    if not 0 < options.low < 1 or not options.tolerance > 0 or options.repeat < 1:
        parser.error("--low must lie between 0 and 1, --tolerance and --repeat must be positive")
    return options


def main(argv: list[str] | None = None) -> int:
    """Integrate, compare with the antiderivative, and return 1 if they differ by more than the tolerance."""
    options = arguments(argv)
    runs = [
        run(integrate(options.low, 1.0, options.tolerance), backend=options.backend, stats=True)
        for _ in range(options.repeat)
    ]
    result, statistics = runs[-1]
    expected = antiderivative(1.0) - antiderivative(options.low)
    console = Console()
    table = Table(title=f"from {options.low:g} to 1", show_header=False)
    table.add_row("integral", f"{result:.15f}")
    table.add_row("exact", f"{expected:.15f}")
    table.add_row("intervals", f"{statistics.spawns:,}")
    table.add_row("best run", f"{min(statistics.milliseconds for _, statistics in runs):.3f} ms")
    console.print(table)
    if abs(result - expected) > options.tolerance:
        console.print("[bold red]the error exceeds the tolerance[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
