"""Run the benchmarks and print one table of ratios.

    python benchmarks/run.py                      all of them; those that need a GPU skip themselves without one
    python benchmarks/run.py collatz neutron      some
    python benchmarks/run.py --json results.json  keep the figures
"""

import argparse
import importlib
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measure import Row, Skip, Times
from rich.console import Console
from rich.table import Table

WIDTH = 170  # columns, where the output is no terminal
NAMES = ("divergence", "neutron", "collatz", "forkjoin", "compile_time", "cpu", "forkjoin_cpu", "sync", "small")


def rows_of(name: str, console: Console) -> list[Row]:
    """The rows of one benchmark, or none and a line that says why."""
    console.print(f"[dim]measuring {name} ...[/]")
    try:
        return list(importlib.import_module(name).rows())
    except Skip as reason:
        console.print(f"{name} skipped: {reason}")
        return []


def table(rows: list[Row]) -> Table:
    """Milliseconds, best and median of the rounds; a ratio says how many times as fast as the other we are."""
    found = Table(title="coro2cuda benchmarks: ms, best / median")
    headings = ["benchmark", "ours", "against", "theirs", "ratio", "wanted", ""]
    more = [heading for heading in ("rate", "elsewhere") if any(getattr(row, heading) for row in rows)]
    for heading in headings + more:
        found.add_column(heading, justify="left" if heading in ("benchmark", "against", "", "elsewhere") else "right")
    for row in rows:
        mark = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[row.reached]
        ratio = f"{times(row.ratio)} / {times(row.median_ratio)}" if row.other else ""
        cells = [row.name, milliseconds(row.ours), row.other_name, milliseconds(row.other), ratio, row.goal, mark]
        found.add_row(*cells, *(getattr(row, heading) for heading in more))
    return found


def times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.2f}x"


def milliseconds(found: Times | None) -> str:
    return "" if found is None else f"{found.best:,.3f} / {found.median:,.3f}"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    from importlib.metadata import version

    found: dict[str, Any] = {"python": platform.python_version(), "processor": platform.machine()}
    found["coro2cuda"], found["llvmlite"] = version("coro2cuda"), version("llvmlite")
    try:
        from measure import cupy

        found["gpu"] = cupy().cuda.runtime.getDeviceProperties(0)["name"].decode()
    except Skip as reason:
        found["gpu"] = f"none: {reason}"
    return found


def main() -> int:
    """Measure, print, and return 1 if something wanted was not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)}")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the figures here")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    rows = [row for name in options.names or NAMES for row in rows_of(name, console)]
    console.print(table(rows))
    if options.json is not None:
        lines = [asdict(row) | {"ratio": row.ratio, "reached": row.reached} for row in rows]
        options.json.write_text(json.dumps({"machine": machine(), "rows": lines}, indent=2) + "\n")
    return 1 if any(row.reached is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
