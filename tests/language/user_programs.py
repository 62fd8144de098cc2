"""Programs that GPU users write, small: what `test_user_programs` runs on every backend."""

from __future__ import annotations

import math

from coro2cuda import (
    atomic_add,
    atomic_compare_and_swap,
    bit_cast,
    f32,
    f64,
    gpu_async,
    i32,
    i64,
    reschedule,
    u8,
    u32,
    u64,
)


def xorshift(s: u32) -> u32:
    s ^= s << 13
    s ^= s >> 17
    s ^= s << 5
    return s


@gpu_async
async def pi(seed: u32, n: i32, hits: i64[:]) -> None:
    s = seed * 2654435761 + 12345
    inside = 0
    for k in range(n):
        s = xorshift(s)
        x = f32(s >> 8) * f32(1 / (1 << 24))
        s = xorshift(s)
        y = f32(s >> 8) * f32(1 / (1 << 24))
        if x * x + y * y <= 1:
            inside += 1
        if k % 16 == 15:
            await reschedule()
    atomic_add(hits, 0, inside)


@gpu_async
async def nbody(i: i32, pos: f32[:, :], vel: f32[:, :], out: f32[:, :], dt: f32) -> None:
    ax: f32 = 0.0
    ay: f32 = 0.0
    az: f32 = 0.0
    for j in range(len(pos)):
        dx = pos[j, 0] - pos[i, 0]
        dy = pos[j, 1] - pos[i, 1]
        dz = pos[j, 2] - pos[i, 2]
        inv = 1 / math.sqrt(dx * dx + dy * dy + dz * dz + 1e-3)
        inv3 = inv * inv * inv
        ax += dx * inv3
        ay += dy * inv3
        az += dz * inv3
        await reschedule()
    for k, a in ((0, ax), (1, ay), (2, az)):
        vel[i, k] += a * dt
        out[i, k] = pos[i, k] + vel[i, k] * dt


@gpu_async
async def kmeans(i: i32, points: f64[:, :], centres: f64[:, :], label: i32[:], counts: i32[:]) -> f64:
    best, where = math.inf, -1
    for c in range(centres.shape[0]):
        d = 0.0
        for k in range(centres.shape[1]):
            d += (points[i, k] - centres[c, k]) ** 2
        if d < best:
            best, where = d, c
        await reschedule()
    label[i] = where
    atomic_add(counts, where, 1)
    return best


DIGIT0, DIGIT9, PLUS, STAR, LPAREN, RPAREN, SPACE = 48, 57, 43, 42, 40, 41, 32


@gpu_async
async def skip(text: u8[:], at: int) -> int:
    while at < len(text) and text[at] == SPACE:
        at += 1
    return at


@gpu_async
async def number(text: u8[:], at: int) -> tuple[int, int]:
    v = 0
    while at < len(text) and DIGIT0 <= text[at] <= DIGIT9:
        v = v * 10 + int(text[at] - DIGIT0)
        at += 1
        await reschedule()
    return v, at


@gpu_async
async def factor(text: u8[:], at: int) -> tuple[int, int]:
    at = await skip(text, at)
    assert at < len(text), "unexpected end"
    if text[at] == LPAREN:
        v, at = await expression(text, at + 1)
        at = await skip(text, at)
        assert text[at] == RPAREN, "expected )"
        return v, at + 1
    return await number(text, at)


@gpu_async
async def term(text: u8[:], at: int) -> tuple[int, int]:
    v, at = await factor(text, at)
    while (at := await skip(text, at)) < len(text) and text[at] == STAR:
        w, at = await factor(text, at + 1)
        v *= w
    return v, at


@gpu_async
async def expression(text: u8[:], at: int) -> tuple[int, int]:
    v, at = await term(text, at)
    while (at := await skip(text, at)) < len(text) and text[at] == PLUS:
        w, at = await term(text, at + 1)
        v += w
    return v, at


@gpu_async
async def bsearch(x: f32, table: f32[:]) -> i32:
    lo: i32 = 0
    hi: i32 = len(table)
    while lo < hi:
        mid = (lo + hi) // 2
        if table[mid] < x:
            lo = mid + 1
        else:
            hi = mid
        await reschedule()
    return lo


@gpu_async
async def newton(a, eps=1e-12, *, most: int = 50) -> tuple[float, int]:
    x = a
    for n in range(most):
        better = 0.5 * (x + a / x)
        if abs(better - x) < eps * abs(better):
            return x, n
        x = better
        await reschedule()
    return x, -1


@gpu_async
async def fnv(data: u8[:]) -> u64:
    h = u64(14695981039346656037)
    for c in data:
        h ^= c
        h *= 1099511628211
        await reschedule()
    return h


@gpu_async
async def fnv32(data: u8[:]) -> u32:
    h: u32 = 2166136261
    for c in data:
        h = (h ^ c) * 16777619
    return h


@gpu_async
async def histogram(x: f32, lo: f32, hi: f32, bins: u32[:]) -> None:
    if lo <= x < hi:
        atomic_add(bins, int((x - lo) / (hi - lo) * len(bins)), 1)


@gpu_async
async def bfs(
    k: i32, frontier: i32[:], offsets: i32[:], edges: i32[:], level: i32[:], depth: i32, after: i32[:], count: i32[:]
) -> None:
    node = frontier[k]
    for e in edges[offsets[node]:offsets[node + 1]]:
        if atomic_compare_and_swap(level, e, -1, depth) == -1:
            after[atomic_add(count, 0, 1)] = e
        await reschedule()


@gpu_async
async def quicksort(a: i32[:]) -> int:
    if len(a) <= 1:
        return 1
    pivot = a[len(a) // 2]
    i, j = 0, len(a) - 1
    while i <= j:
        while a[i] < pivot:
            i += 1
        while a[j] > pivot:
            j -= 1
        if i <= j:
            a[i], a[j] = a[j], a[i]
            i += 1
            j -= 1
    return 1 + await quicksort(a[:j + 1]) + await quicksort(a[i:])


@gpu_async
async def ackermann(m: i32, n: i32) -> i32:
    if m == 0:
        return n + 1
    if n == 0:
        return await ackermann(m - 1, 1)
    return await ackermann(m - 1, await ackermann(m, n - 1))


@gpu_async
async def even(n):
    return True if n == 0 else await odd(n - 1)


@gpu_async
async def odd(n):
    if n == 0:
        return False
    await reschedule()
    return await even(n - 1)


@gpu_async
async def matmul(t: i32, a: f64[:, :], b: f64[:, :], c: f64[:, :]) -> None:
    i, j = divmod(t, c.shape[1])
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
        if k & 1:
            await reschedule()
    c[i, j] = total


@gpu_async
async def noted(log: i64[:], x):  # type: ignore[no-untyped-def]
    """x, and a note in the log of when it was evaluated."""
    at = atomic_add(log, 0, 1)
    await reschedule()
    log[1 + at] = int(x)
    return x


@gpu_async
async def awaits_in_order(log: i64[:], a: i64[:]) -> int:
    r = await noted(log, 1) + await noted(log, 2) * await noted(log, 3) - -await noted(log, 4)
    a[await noted(log, 0)] = await noted(log, 5)
    a[await noted(log, 1)] += await noted(log, 6)
    a[await noted(log, 2)], r = await noted(log, 7), r + await noted(log, 8)
    x = await noted(log, 1) < await noted(log, 2) < await noted(log, 2) < await noted(log, 9)
    y = await noted(log, 0) and await noted(log, 11)
    z = await noted(log, 5) or await noted(log, 12)
    w = await noted(log, 13) if await noted(log, 0) else await noted(log, 14)
    r += max(await noted(log, 1), await noted(log, 2), await noted(log, 15)) + int(x) + y + z + w
    b = a[await noted(log, 0) : await noted(log, 3) : await noted(log, 1)]
    r += b[await noted(log, -1)]
    assert await noted(log, 1)
    for i in range(await noted(log, 0), await noted(log, 6), await noted(log, 2)):
        r += i
    else:
        r += await noted(log, 1000)
    while (k := await noted(log, r % 7)) > 3 or await noted(log, 0):
        r += k
        if await noted(log, r % 3) == 1:
            continue
        if r > 2000:
            break
    else:
        r += 17
    atomic_add(a, await noted(log, 1), await noted(log, 2))
    r += divmod(await noted(log, 17), await noted(log, 5))[1] + round(await noted(log, 2.5))
    return r + await noted(log, await noted(log, await noted(log, 3))) + len(a[: await noted(log, 2)])


@gpu_async
async def numbered(a: i32[:], b: f64[:, :]) -> float:
    """Loops that count their turns: nested, left early, over elements, rows, tuples and ranges."""
    total, i, z = 0.0, 0, 0
    for i, x in enumerate(a):
        if x == 3:
            continue
        if i == 7:
            break
        for j, y in enumerate(b[i % 2], 1):
            await reschedule()
            total += i * x + j * y
    else:
        total += 1000
    for k, row in enumerate(b, start=-2):
        total += k * row[0]
    for i, (u, v) in enumerate(((1, 2), (3, 4))):
        total += i * u + v
    for i, z in enumerate(range(3, 9, 2)):
        total += i * z * 0.5
    for i, _ in enumerate(a[:0]):
        total += 10_000 * i
    return total + 100 * i + z


@gpu_async
async def float_bits(x: f32, y: f64, n: i32) -> tuple[u32, i32, i64, f32, f64, u32]:
    """The next f32 after x among others."""
    return (
        bit_cast(u32, x), bit_cast(i32, -x), bit_cast(i64, y), bit_cast(f32, bit_cast(u32, x) + 1),
        bit_cast(f64, bit_cast(u64, y)), bit_cast(u32, n),
    )  # fmt: skip
