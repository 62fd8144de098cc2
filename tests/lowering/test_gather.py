"""The correctness equation (`equation`) on programs that gather: whatever the schedule of the children."""

from __future__ import annotations

import asyncio

import numpy
import pytest
from equation import Programs, check, coroutine

from coro2cuda.frontend.builtins import atomic_add, gather, reschedule

program = Programs()


def test_gather_means_what_it_means_in_cpython_in_every_schedule(function, arguments):
    check(function, arguments, seeds=4)


# --- recursion


@program((0,), (1,), (8,))
async def fib(n: int) -> int:
    if n < 2:
        return n
    a, b = await gather(fib(n - 1), fib(n - 2))
    return a + b


@program((7,))
async def inferred_fib(n: int):
    if n < 2:
        return n
    return sum(await gather(inferred_fib(n - 1), inferred_fib(n - 2)))


@program((1,), (4,), (5,))
async def queens(n: int) -> int:
    return await place((1 << n) - 1, 0, 0, 0, 0, n)


@coroutine
async def place(full: int, columns: int, left: int, right: int, low: int, high: int) -> int:
    """Solutions with the next queen in one of the columns from `low` to `high`: halve them, then go to the next row."""
    if high - low > 1:
        middle = (low + high) // 2
        first, second = await gather(
            place(full, columns, left, right, low, middle), place(full, columns, left, right, middle, high)
        )
        return first + second
    bit = 1 << low
    if (columns | left | right) & bit:
        return 0
    columns |= bit
    if columns == full:
        return 1
    width = 0
    while full >> width:
        width += 1
    return await place(full, columns, (left | bit) << 1 & full, (right | bit) >> 1, 0, width)


@program((numpy.array([5, 3, 8, 1, 9, 2, 7, 7]), numpy.zeros(8, numpy.int64)), (numpy.arange(3), numpy.zeros(3, int)))
async def merge_sort(a, scratch) -> None:
    await sort(a, scratch, 0, len(a))


@coroutine
async def sort(a, scratch, low: int, high: int) -> None:
    if high - low < 2:
        return
    middle = (low + high) // 2
    await gather(sort(a, scratch, low, middle), sort(a, scratch, middle, high))
    i, j = low, middle
    for k in range(low, high):
        if j >= high or (i < middle and a[i] <= a[j]):
            scratch[k] = a[i]
            i += 1
        else:
            scratch[k] = a[j]
            j += 1
    a[low:high] = scratch[low:high]


@program((0,), (3,), (9,))
async def even(n: int) -> int:
    """Recursive through a Fork in one coroutine and an Await in the other."""
    if n == 0:
        return 1
    x, y = await gather(odd(n - 1), odd(n - 2 if n > 2 else 0))
    return x * 3 + y


@coroutine
async def odd(n: int) -> int:
    if n == 0:
        return 2
    await reschedule()
    return await even(n - 1) + 1


# --- what is gathered


@coroutine
async def slow(x: int, turns: int) -> int:
    for _ in range(turns):
        await reschedule()
    return x


@coroutine
async def half(x: int) -> float:
    await reschedule()
    return x * 0.5


@coroutine
async def is_big(x: int) -> bool:
    return x > 5


@coroutine
async def pair_of(x: int) -> tuple[int, float]:
    await reschedule()
    return x + 1, x * 0.25


@coroutine
async def add_to(a, i: int, x: int) -> None:
    await reschedule()
    atomic_add(a, i, x)


@program((3,), (9,))
async def different_coroutines(n: int) -> tuple[int, float, bool, int, float]:
    a, b, c, d = await gather(slow(n, 3), half(n), is_big(n), pair_of(n))
    return a, b, c, d[0], d[1]


@program((4,))
async def one_alone_and_gathered(n: int) -> int:
    """`slow` returns to a parent that waits for it alone, and to one that waits for several."""
    alone = await slow(n, 1)
    a, b = await gather(slow(n * 2, 2), slow(n * 3, 0))
    (c,) = await gather(slow(alone, 1))
    return alone * 1000 + a * 100 + b * 10 + c


@program((2,))
async def gathered_by_asyncio(n: int) -> tuple[int, int]:
    a, b = await asyncio.gather(slow(n, 1), slow(n + 1, 0))
    return a, b


@program((5,), (0,))
async def nested(n: int) -> int:
    a, b, c = await gather(level(n, 1), level(n + 1, 2), slow(n, 1))
    return a * 100 + b * 10 + c


@coroutine
async def level(n: int, depth: int) -> int:
    if depth == 0:
        await reschedule()
        return n
    a, b = await gather(level(n, depth - 1), slow(n, depth))
    return a * 2 + b


@program((numpy.zeros(4, int), 3))
async def nothing_returned(a, i: int) -> int:
    """Children that return nothing, and one whose result nobody wants."""
    await gather(add_to(a, i, 5), add_to(a, 0, 7), slow(1, 2))
    await gather(add_to(a, 0, 1))
    return a[i] * 10 + a[0]


# --- where it stands, and what is done with the result


@program((0,), (4,))
async def in_a_loop(n: int) -> tuple[int, float]:
    total, weight = 0, 0.0
    for i in range(n):
        before = total
        a, b = await gather(slow(i, i), half(total + i))
        total += a + before
        weight += b
        if i == 2:
            a, total = await gather(slow(total, 0), slow(a, 1))
    return total, weight


@program((5,))
async def awaits_in_the_arguments(n: int) -> int:
    a, b = await gather(slow(await slow(n, 1), await slow(2, 0)), slow(n * await slow(3, 1), 1))
    c, d = await gather(slow(sum(await gather(slow(a, 1), slow(b, 0))), 1), slow(b, 2))
    return a + b * 10 + c * 100 + d * 1000


@program((3,))
async def arguments_are_evaluated_first_and_in_order(n: int) -> tuple[int, int, int]:
    a, b = await gather(slow(n, 1), slow((n := n + 1) * 10 + n, 0))
    n, c = await gather(slow(n * 2, 2), slow(n, 1))
    return a, b, n * 100 + c


@program((4,), (0,))
async def as_an_expression(n: int) -> int:
    pair = await gather(slow(n, 1), slow(n + 1, 0))
    first = (await gather(slow(n, 2), half(n)))[0]
    least = min(await gather(slow(n, 1), slow(3, 0), slow(7, 1)))
    picked = pair[n % 2] if n > 1 and sum(await gather(slow(1, 1), slow(n, 0))) > 2 else -1
    total = 0
    for x in await gather(slow(n, 1), slow(n * 2, 0), slow(n * 3, 2)):
        total = total * 10 + x
        await reschedule()
    return pair[1] * 10000 + first * 1000 + least * 100 + picked * 10 + total


@program((3,))
async def returned_whole(n: int) -> tuple[int, int, int]:
    return await triple(n)


@coroutine
async def triple(n: int) -> tuple[int, int, int]:
    return await gather(slow(n, 1), slow(n + 1, 0), slow(n + 2, 2))


@program((numpy.zeros(3, int), 2))
async def into_elements_and_twice_into_one_name(a, n: int) -> int:
    a[0], a[n] = await gather(slow(n, 1), slow(n * 3, 0))
    x, x = await gather(slow(n, 0), slow(n + 5, 1))
    (y, z), x = await gather(pair_of(x), slow(x, 1))
    return x + y * 10 + int(z * 100)


@program((6,))
async def much_lives_across(n: int) -> tuple[int, float, int]:
    a, b, t = n, n * 0.25, (n, n + 1)
    for i in range(3):
        a, c = await gather(slow(a + i, 1), slow(i, 0))
        b += c * 0.5
        await reschedule()
        t = await gather(slow(t[1], i), slow(t[0] + c, 0))
    return a, b, t[0] * 100 + t[1]


# --- as many as a comprehension makes


@coroutine
async def quick(x: int, y: int) -> int:
    return x * y + 1


@program((0, 3), (1, 3), (2, 3), (3, 3), (4, 3), (5, 3), (9, 2), (33, 1))
async def sums_over_ranges(n: int, step: int) -> int:
    total = sum(await gather(*[slow(i, i & 1) for i in range(n)]))
    total += sum(await gather(*(quick(i - n, total) for i in range(step, n, step))))
    return total + sum(await asyncio.gather(*[quick(i, i) for i in range(n, -step, -step)]))


@program((5,))
async def a_name_of_the_comprehension_is_its_own(n: int) -> float:
    i = 0.5
    total = sum(await gather(*[slow(i, 1) for i in range(n)]))
    return i + total


@program((0,), (3,), (4,))
async def a_tree_as_wide_as_it_is_deep(n: int) -> int:
    return 1 + sum(await gather(*[a_tree_as_wide_as_it_is_deep(n - 1) for _ in range(n)]))


@coroutine
async def mark(i: int, value: float, out) -> None:
    await reschedule()
    atomic_add(out, i, value)


@program((numpy.arange(11), numpy.zeros(20)), (numpy.zeros(0, int), numpy.zeros(3)))
@program((numpy.arange(4)[::-2], numpy.ones(9)))
async def over_an_array_without_results(places, out) -> None:
    await gather(*[mark(place, len(places) * 0.5, out) for place in places])
    await gather(*[mark(i, places[i], out) for i in range(len(places))])


@coroutine
async def sum_of(row) -> int:
    await reschedule()
    return sum(row)


@program((numpy.arange(21).reshape(7, 3),), (numpy.arange(24).reshape(2, 12)[:, ::3],))
async def over_rows(rows) -> int:
    return sum(await gather(*[sum_of(row) for row in rows]))


@program((numpy.zeros(8, int), 5),)
async def results_that_nobody_uses(out, n: int) -> int:
    for turn in range(3):
        await gather(*[slow(i, turn) for i in range(n + turn)])
        await gather(slow(turn, 1), slow(turn, 2))
        out[turn] += n
    return n


@program((2, 9, 0), (2, 9, 1), (0, 2, 1), (5, 0, -1))
async def bounds_of_any_sign(low: int, high: int, step: int) -> int:
    return sum(await gather(*[slow(i, 1) for i in range(low + 1, high, step)])) + low


@program((1,), (4,), (5,), (6,))
async def queens_by_comprehension(n: int) -> int:
    return await row_of_queens((1 << n) - 1, 0, 0, 0, n)


@coroutine
async def row_of_queens(board: int, columns: int, left: int, right: int, n: int) -> int:
    if columns == board:
        return 1
    free = board & ~(columns | left | right)
    return sum(await gather(*[
        row_of_queens(board, columns | 1 << c, (left | 1 << c) << 1, (right | 1 << c) >> 1, n)
        for c in range(n) if free >> c & 1
    ]))  # fmt: skip


@program((numpy.array([3, 0, 2, 0, 1]),), (numpy.zeros(6, int),))
async def arguments_of_what_is_left_out_are_not_computed(a) -> int:
    n = len(a)
    await gather(*[slow(100 // a[i], 1) for i in range(n) if a[i] != 0])
    return sum(await gather(*[slow(12 // x, x) for x in a if x and 12 % x == 0]))


@program((0,), (31,), (33,), (100,))
async def more_tests_than_fit_a_word(n: int) -> int:
    odd = sum(await gather(*[slow(i, i & 1) for i in range(n) if i % 3 != 1]))
    return odd * 1000 + sum(await gather(*[quick(i, n) for i in range(n) if i * i > n * 90 or i == 5]))


@program((numpy.arange(120).reshape(40, 3),))
async def rows_of_which_some_are_left_out(rows) -> int:
    return sum(await gather(*[sum_of(rows[i]) for i in range(len(rows)) if rows[i, 0] % 2 and i < 37]))


# --- errors


@coroutine
async def divide(a: int, b: int) -> int:
    await reschedule()
    return a // b


@program((1, 0), (7, 2), (0, 0))
async def a_child_fails(a: int, b: int) -> int:
    x, y = await gather(divide(a, b), slow(a, 3))
    return x + y


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "function" in metafunc.fixturenames:
        metafunc.parametrize("function, arguments", program)
