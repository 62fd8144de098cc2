"""The correctness equation (`equation`) on programs: one for each thing the language can say, but `gather`."""

from __future__ import annotations

import math

import numpy
import pytest
from equation import Programs, check, coroutine

from coro2cuda.frontend.builtins import atomic_add, atomic_compare_and_swap, atomic_max, reschedule
from coro2cuda.frontend.dtypes import i64

program = Programs()


def test_every_program_means_what_it_means_in_cpython_in_every_schedule(function, arguments):
    check(function, arguments)


# --- control


@program((1,), (27,), (97,))
async def collatz(n: i64) -> i64:
    steps = 0
    while n != 1:
        await reschedule()
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@program((0,), (1,), (9,))
async def fib(n: int) -> int:
    if n < 2:
        return n
    return await fib(n - 1) + await fib(n - 2)


@program((0,), (7,), (8,))
async def is_even(n: int) -> bool:
    return True if n == 0 else await is_odd(n - 1)


@coroutine
async def is_odd(n: int) -> bool:
    await reschedule()
    return False if n == 0 else await is_even(n - 1)


@program((20,), (2,), (7,))
async def search(n: int) -> tuple[int, int]:
    found, tried = -1, 0
    for i in range(2, n):
        if i == 5:
            continue
        tried += 1
        await reschedule()
        if n % i == 0:
            found = i
            break
    else:
        found = n
    return found, tried


@program((3, 10, 2), (10, 3, -3), (3, 3, 1), (0, 5, 0))
async def ranges(start: int, stop: int, step: int) -> int:
    total = 0
    last = -1
    for i in range(start, stop, step):
        total = total * 10 + i
        last = i
        i = 77
        if total > 100000:
            stop = 0
    while total > 50:
        total -= 7
        if total == 60:
            break
    else:
        last += 1
    return total * 100 + last


@program((4,), (0,))
async def nested(n: int) -> int:
    total = 0
    for i in range(n):
        for j in range(i, -1, -1):
            if j == 2:
                break
            for k in range(3):
                if k == 1:
                    continue
                total += i * 100 + j * 10 + k
            await reschedule()
        else:
            total += 1000
    return total


@program(((1, 2, 3),), ((9, -9, 4),))
async def over_a_tuple(t: tuple[int, int, int]) -> int:
    total = 0
    for position in range(-3, 3):
        total = total * 3 + t[position]
    for item in t:
        await reschedule()
        total = total * 7 + item
    return total + t[-1]


# --- expressions


@program((7, 3), (-7, 3), (7, -3), (-7, -3), (5, 0))
async def arithmetic(a: int, b: int) -> tuple[int, int, int, int, int, float]:
    quotient, remainder = divmod(a, b)
    return quotient, remainder, a // b, a % b, (a * b - a + b) ^ (a & b | ~a), a / b


@program((7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (0.0, -1.0), (1.0, 0.0), (math.inf, 2.0), (math.nan, 1.0))
async def float_arithmetic(a: float, b: float) -> tuple[float, float, float, float, bool, bool]:
    return a // b, a % b, a * b - a, -a / b, a < b, a != a


@program((1, 3), (1, 70), (-5, 2), (-5, 64), (1, -1))
async def shifts(a: int, n: int) -> tuple[int, int]:
    return (a << n) % 1000 if n < 60 else 0, a >> n


@program((2, 10), (-3, 3), (2, 0), (0, 0))
async def powers(a: int, n: int) -> tuple[int, int, float]:
    return a**n, a**2, float(a + 10) ** 0.5


@program((2.0, 3.5), (-8.0, 3.0), (0.0, -1.0), (1e200, 2.0), (2.0, -1074.0))
async def float_powers(a: float, b: float) -> float:
    return a**b


@program((1, 2, 3), (3, 2, 1), (1, 1, 1), (2, 2, 9))
async def chains(a: int, b: int, c: int) -> tuple[bool, bool, bool, int]:
    n = 0
    strict = a < (n := n + b) <= c
    return strict, a == b == c, not a < b != c, n


@program((0, 5), (3, 0), (3, 5), (0, 0))
async def short_circuit(a: int, b: int) -> tuple[int, int, bool, int]:
    tried = 0
    both = a and (tried := 1) and b
    either = a or b
    guarded = a != 0 and b // a > 0
    return both, either, guarded, tried


@program((10,))
async def walrus(x: int) -> tuple[int, int, int]:
    first = x * (x := x + 1) + x
    x += (x := 5)
    pair = (x, (x := 7), x)
    return first, pair[0], pair[1] + pair[2]


@program((3, 4), (0, 1))
async def unpacking(a: int, b: int) -> tuple[int, int, int]:
    a, b = b, a + b
    (c, d), e = (a, b), a * b
    a = b = c = c + e
    a, c = c, d
    return a, b, c


@program((2.5,), (3.5,), (-2.5,), (0.49999999999999994,), (math.nan,), (math.inf,))
async def rounding(x: float) -> tuple[int, int, int, int, int]:
    return round(x), int(x), math.floor(x), math.ceil(x), math.trunc(x)


@program((3.0, math.nan), (math.nan, 3.0), (1.0, 2.0), (-0.0, 0.0))
async def extremes(a: float, b: float) -> tuple[float, float, float, float]:
    return min(a, b), max(a, b), abs(a), min(a, b, 0.5)


@program((0.5,), (-1.0,), (2.0,), (0.0,), (800.0,), (math.inf,))
async def mathematics(x: float) -> tuple[float, float, float, float]:
    root = math.sqrt(x)
    logarithm = math.log(x + 1.0)
    return root, logarithm, math.exp(x), math.atan2(x, 2.0) + math.hypot(x, 1.0) + math.sin(x)


@program((0.5, 2.0), (0.0, 10.0), (4.0, 1.0), (4.0, -1.0))
async def logarithms(x: float, base: float) -> float:
    return math.log(x, base)


@program((3,), (300,), (-1,))
async def conversions(n: int) -> tuple[int, float, bool, int]:
    return int(float(n) * 1.5), float(n), bool(n), int(n > 0) + True


@program((5,), (0,), (-5,))
async def asserting(n: int) -> int:
    assert n != 0, "n is zero"
    assert n > 0
    return n


# --- awaits inside expressions


@coroutine
async def slow(x: int, turns: int) -> int:
    for _ in range(turns):
        await reschedule()
    return x


@coroutine
async def pair_of(x: int) -> tuple[int, float]:
    await reschedule()
    return x + 1, x * 0.5


@program((3,), (0,))
async def awaits_everywhere(n: int) -> int:
    a = n + await slow(2, 1) * (n - await slow(1, 2))
    b = await slow(a, 0) if await slow(n, 1) > 1 else -await slow(a, 1)
    x, y = await pair_of(b)
    while await slow(x, 1) > 3 and (a := a + 1) < 50:
        x -= 1
    c = (n and await slow(4, 1)) or await slow(9, 2)
    d = await slow(1, 1) < await slow(c, 1) < await slow(8, 1)
    return a * 1000 + b + x + int(y) + c + int(d)


@program((6,))
async def reads_before_awaits(n: int) -> int:
    x = n
    x += await slow(x, 1)
    x = x * 10 + await slow(x + await slow(1, 1), 1)
    await slow(n, 1)
    return x


@coroutine
async def at_once(x: int) -> int:
    return x


@program((4,))
async def slots_coincide_where_nothing_suspends(n: int) -> int:
    """`a` and `b` live together only across an await of what never suspends, so they may have one slot."""
    a = n * 3
    await reschedule()
    b = a + 1
    c = a + await at_once(b)
    await reschedule()
    return b + c


@program((4,))
async def many_live_values(n: int) -> tuple[int, float, bool]:
    a, b, flag, t = n, n * 0.25, n > 2, (n, n + 1)
    for i in range(n):
        await reschedule()
        b += a * 0.5
        if i == 1:
            before = a
            await reschedule()
            a += before
    await reschedule()
    return a + t[1], b, flag


# --- helpers


def square(x: int) -> int:
    return x * x


def triangle(n: int) -> int:
    total = 0
    for i in range(n + 1):
        total += i
    return total


def checked_ratio(a: int, b: int) -> int:
    return square(a) // b


@program((5, 2), (5, 0), (0, 3))
async def helpers(a: int, b: int) -> int:
    first = checked_ratio(a, b)
    await reschedule()
    return first + triangle(a) + square(b)


SCALE = 3
TABLE = numpy.array([2, 3, 5, 7, 11])


@program((0,), (4,), (-1,), (5,))
async def captured(i: int) -> int:
    await reschedule()
    return TABLE[i] * SCALE + len(TABLE)


# --- arrays


@program((numpy.arange(5), 2), (numpy.arange(5), -5), (numpy.arange(5), 5), (numpy.arange(10)[::-2], -1))
async def elements(a, i: int) -> int:
    a[i] += 10
    await reschedule()
    a[i - 1] = a[i] * 2
    return a[i] + a[-1]


@program((numpy.arange(12.0).reshape(3, 4),), (numpy.arange(48.0).reshape(6, 8)[::2, ::-2],))
async def matrix(a) -> float:
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[i, j] * (i + 1)
            a[i, j] = total
    for row in a:
        await reschedule()
        row[0] = row[-1] - 1.0
        for x in row[1:-1]:
            total -= x
    return total


@program(
    (numpy.arange(10), 2, 8, 3), (numpy.arange(10), -3, -9, -2), (numpy.arange(0), 0, 5, 1), (numpy.arange(3), 0, 1, 0)
)
async def slices(a, start: int, stop: int, step: int) -> int:
    part = a[start:stop:step]
    total = len(part)
    for x in part:
        total = total * 10 + x
    await reschedule()
    part[:1] = 100
    return total + sum(a[::2])


@program((numpy.arange(24).reshape(2, 3, 4), numpy.arange(24).reshape(2, 3, 4)[::-1]))
async def cube(a, b) -> int:
    a[1, :, ::2] = b[0, :, 1::2]
    plane = a[-1]
    column = plane[:, 2]
    column[:] = 5
    await reschedule()
    return sum(column) + plane[2, 3] + a[0, 1][2]


@program((numpy.arange(6), numpy.arange(3)), (numpy.arange(6), numpy.arange(4)))
async def broadcast(a, b) -> None:
    a[::2] = b
    await reschedule()


@program((numpy.zeros(4, numpy.int64), 1), (numpy.zeros(4, numpy.int64), 9))
async def atomics(a, i: int) -> int:
    old = atomic_add(a, i, 5)
    atomic_max(a, i - 1, 3)
    await reschedule()
    return old * 10 + atomic_compare_and_swap(a, i, 5, 6)


@program((numpy.array([True, False, True]),))
async def booleans(a) -> int:
    n = 0
    for x in a:
        if x:
            n += 1
    a[1] = n > 1
    return n + sum(a)


@program((numpy.arange(5), 1), (numpy.arange(5), 4))
async def order_of_assignment(a, i: int) -> int:
    a[i] = (i := i - 1)
    a[(i := i + 1)] += i * (i := 2)
    return i


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "function" in metafunc.fixturenames:
        metafunc.parametrize("function, arguments", program)
