"""Small programs for the explorer: trees of a few tasks."""

from __future__ import annotations

from coro2cuda import create_task, gather, gpu_async, i32, reschedule


@gpu_async
async def fib(n: i32) -> i32:
    """Leaves need no task."""
    if n < 2:
        return n
    a, b = await gather(fib(n - 1), fib(n - 2))
    return a + b


@gpu_async
async def leaf(n: i32) -> i32:
    await reschedule()
    return n * n


@gpu_async
async def pair(n: i32) -> i32:
    """Two children that suspend: three tasks with the root."""
    a, b = await gather(leaf(n), leaf(n + 1))
    return a + b


@gpu_async
async def triple(n: i32) -> i32:
    a, b, c = await gather(leaf(n), leaf(n + 1), leaf(n + 2))
    return a + b + c


@gpu_async
async def twice(n: i32) -> i32:
    """Two forks one after the other: the frame's count of children is used again."""
    a, b = await gather(leaf(n), leaf(n + 1))
    c, d = await gather(leaf(a), leaf(b))
    return c + d


@gpu_async
async def tree(n: i32) -> i32:
    """A tree with no leaf function: every call is a task that suspends."""
    await reschedule()
    if n == 0:
        return 1
    a, b = await gather(tree(n - 1), tree(n - 1))
    return a + b


@gpu_async
async def chain(n: i32) -> i32:
    """Recursion without a fork in a program that has one elsewhere."""
    await reschedule()
    if n == 0:
        a, b = await gather(leaf(1), leaf(2))
        return a + b
    return n + await chain(n - 1)


@gpu_async
async def even(n: i32) -> i32:
    """Calls `odd` and is called by it, so that ready tasks wait in two deques at once."""
    if n == 0:
        return 1
    a, b = await gather(odd(n - 1), odd(n - 1))
    return a + b


@gpu_async
async def odd(n: i32) -> i32:
    if n == 0:
        return 1
    a, b = await gather(even(n - 1), even(n - 1))
    return a + b


@gpu_async
async def ladder(n: i32) -> i32:
    """One deep branch with a twig at each node, in two kinds that alternate."""
    await reschedule()
    if n == 0:
        return 1
    a, b = await gather(rung(0), rung(n - 1))
    return a + b


@gpu_async
async def rung(n: i32) -> i32:
    await reschedule()
    if n == 0:
        return 1
    a, b = await gather(ladder(0), ladder(n - 1))
    return a + b


@gpu_async
async def comb(n: i32) -> i32:
    """Many twigs of one kind at every node, all begun before the branch goes on."""
    if n == 0:
        return 1
    a, b, c, d = await gather(twig(1), twig(2), twig(3), comb(n - 1))
    return a + b + c + d


@gpu_async
async def twig(n: i32) -> i32:
    a, b = await gather(leaf(n), leaf(n))
    return a + b


@gpu_async
async def wide(n: i32) -> i32:
    """Five children each, in two kinds that alternate."""
    if n == 0:
        return 1
    a, b, c, d, e = await gather(broad(n - 1), broad(n - 1), broad(n - 1), broad(n - 1), broad(n - 1))
    return a + b + c + d + e


@gpu_async
async def broad(n: i32) -> i32:
    await reschedule()
    if n == 0:
        return 1
    a, b, c, d, e = await gather(wide(n - 1), wide(n - 1), wide(n - 1), wide(n - 1), wide(n - 1))
    return a + b + c + d + e


@gpu_async
async def tasks(n: i32) -> i32:
    """Begins tasks that nobody awaits."""
    for i in range(n):
        create_task(leaf(i))
        await reschedule()
    return n


@gpu_async
async def steps(n: i32) -> i32:
    """Begins nothing: the executor without stealing."""
    total = 0
    for i in range(n):
        await reschedule()
        total += i
    return i32(total)
