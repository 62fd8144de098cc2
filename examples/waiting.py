"""Tasks that wait for each other: four programs that everybody knows, each checked against what must come out.

    pipeline        numbers go through a bounded queue, are squared by several workers, and are added up
    philosophers    each needs two forks; they take the lower one first, and so nobody starves
    bank            random transfers under two locks in order; no money is made or lost
    limiter         requests, a few at a time by a semaphore, each of which takes a while; who waits too long gives up

    python examples/waiting.py --items 1000000
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from coro2cuda import (
    Lock,
    Queue,
    Semaphore,
    atomic_add,
    atomic_max,
    gather,
    gpu_async,
    i64,
    run,
    sleep,
    u32,
    wait_for,
)

# What the limiter counts: requests under way, the most there ever were, those that were served, those that gave up.
UNDER_WAY, MOST, SERVED, GAVE_UP = 0, 1, 2, 3


@gpu_async
async def produce(numbers: Queue[i64], first: i64, count: i64) -> i64:
    for i in range(first, first + count):
        await numbers.put(i)
    return count


@gpu_async
async def square(numbers: Queue[i64], squares: Queue[i64], count: i64) -> i64:
    for _ in range(count):
        x = await numbers.get()
        await squares.put(x * x)
    return count


@gpu_async
async def add_up(squares: Queue[i64], count: i64) -> i64:
    total: i64 = 0
    for _ in range(count):
        total += await squares.get()
    return total


@gpu_async
async def pipeline(items: i64) -> i64:
    """The sum of the squares below `items`, which is even."""
    numbers, squares = Queue[i64](64), Queue[i64](64)
    half = items // 2
    _, _, _, _, total = await gather(
        produce(numbers, 0, half), produce(numbers, half, half),
        square(numbers, squares, half), square(numbers, squares, half),
        add_up(squares, items),
    )  # fmt: skip
    return total


@gpu_async
async def philosopher(me: i64, first: Lock, second: Lock, meals: i64, eaten: i64[:]) -> None:
    for _ in range(meals):
        async with first, second:
            eaten[me] += 1


@gpu_async
async def dine(meals: i64, eaten: i64[:]) -> None:
    """Five at the table; the last takes his forks in the other order than his place suggests."""
    a, b, c, d, e = Lock(), Lock(), Lock(), Lock(), Lock()
    await gather(
        philosopher(0, a, b, meals, eaten), philosopher(1, b, c, meals, eaten), philosopher(2, c, d, meals, eaten),
        philosopher(3, d, e, meals, eaten), philosopher(4, a, e, meals, eaten),
    )  # fmt: skip


@gpu_async
async def client(seed: i64, low: Lock, high: Lock, transfers: i64, accounts: i64[:]) -> None:
    """Moves random sums between the two accounts."""
    random = u32(seed) * 2654435761 + 1
    for _ in range(transfers):
        random = random * 1664525 + 1013904223
        amount = i64(random >> 24)
        source = i64(random >> 8 & 1)
        async with low, high:
            if accounts[source] >= amount:
                accounts[source] -= amount
                accounts[1 - source] += amount


@gpu_async
async def request(me: i64, gate: Semaphore, seconds: float, patience: float, load: i64[:]) -> None:
    try:
        await wait_for(gate.acquire(), patience)
    except TimeoutError:
        atomic_add(load, GAVE_UP, 1)
        return
    try:
        atomic_max(load, MOST, atomic_add(load, UNDER_WAY, 1) + 1)
        await sleep(seconds)
        atomic_add(load, SERVED, 1)
    finally:
        atomic_add(load, UNDER_WAY, -1)
        gate.release()


# --- each program with its answer ------------------------------------------------------------------------------------

Outcome = tuple[str, Any, bool]  # what came out, in words; the number; whether it is right


def run_pipeline(items: int, backend: str | None) -> Outcome:
    total = run(pipeline(items), backend=backend)
    return f"the squares below {items:,} add up", total, total == (items - 1) * items * (2 * items - 1) // 6


def run_philosophers(meals: int, backend: str | None) -> Outcome:
    eaten = np.zeros(5, np.int64)
    run(dine(meals, eaten), backend=backend)
    return "five philosophers ate", int(eaten.sum()), bool((eaten == meals).all())


def run_bank(transfers: int, backend: str | None) -> Outcome:
    accounts = np.array([100_000, 100_000])
    client.map(range(64), Lock(), Lock(), transfers, accounts, backend=backend)
    return "money in the bank", int(accounts.sum()), accounts.sum() == 200_000 and bool((accounts >= 0).all())


def run_limiter(requests: int, at_once: int, patience: float, backend: str | None) -> Outcome:
    load = np.zeros(4, np.int64)
    request.map(range(requests), Semaphore(at_once), 1e-3, patience, load, backend=backend)
    under_way, most, served, gave_up = (int(count) for count in load)
    # The first that come need not wait, whatever their patience.
    right = under_way == 0 and most <= at_once and served >= min(at_once, requests) and served + gave_up == requests
    return f"requests served, {most} at once; {gave_up:,} gave up", served, right


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Tasks that wait for each other.")
    parser.add_argument("--items", type=int, default=1_000_000, metavar="N", help="through the pipeline (%(default)s)")
    parser.add_argument("--meals", type=int, default=1000, metavar="N", help="for each philosopher (%(default)s)")
    parser.add_argument("--transfers", type=int, default=100, metavar="N", help="for each client (%(default)s)")
    parser.add_argument("--requests", type=int, default=1000, metavar="N", help="to the limiter (%(default)s)")
    parser.add_argument("--patience", type=float, default=0.05, metavar="S", help="of a request, seconds (%(default)s)")
    parser.add_argument("--backend", choices=("asyncio", "cpu", "cuda"), help="where to run (the best there is)")
    options = parser.parse_args(argv)
    if not options.patience > 0:
        parser.error("--patience must be positive")
    if options.items < 2 or options.items % 2 or min(options.meals, options.transfers, options.requests) < 1:
        parser.error("--items must be even and positive, the others positive")
    return options


def main(argv: list[str] | None = None) -> int:
    """Run all four and return 1 if an answer is wrong."""
    options = arguments(argv)
    backend = options.backend
    programs: dict[str, Callable[[], Outcome]] = {
        "pipeline": lambda: run_pipeline(options.items, backend),
        "philosophers": lambda: run_philosophers(options.meals, backend),
        "bank": lambda: run_bank(options.transfers, backend),
        "limiter": lambda: run_limiter(options.requests, 16, options.patience, backend),
    }
    table = Table("program", "what came out", "", "right", "s")
    wrong = False
    for name, program in programs.items():
        started = time.perf_counter()
        what, number, right = program()
        wrong = wrong or not right
        table.add_row(name, what, f"{number:,}", "yes" if right else "NO", f"{time.perf_counter() - started:.3f}")
    Console().print(table)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
