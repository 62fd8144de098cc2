"""Trees of tasks whose leaves fail here and there, and whose inner nodes handle that here and there."""

from __future__ import annotations

import numpy as np
import pytest

from coro2cuda import each, gather, gpu_async, i32, i64, reschedule, u32

BACKENDS = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


@gpu_async
async def node(seed: u32, depth: i32) -> i64:
    s = seed * 1664525 + 1013904223
    if depth == 0:
        await reschedule()
        return 100 // i64(s % 5)
    if s % 3 == 0:
        try:
            a, b = await gather(node(s, depth - 1), node(s ^ 77, depth - 1))
            return a + b
        except ZeroDivisionError:
            return 1000 + i64(depth)
    if s % 7 == 0:
        try:
            return await node(s + 5, depth - 1) + await node(s + 6, depth - 1)
        finally:
            await reschedule()
    a, b = await gather(node(s, depth - 1), node(s ^ 99, depth - 1))
    return a + b


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_same_tasks_fail_as_in_cpython(backend: str) -> None:
    seeds = each(np.arange(400, dtype=np.uint32))
    wanted, expected = node.map(seeds, 4, backend="asyncio", return_exceptions=True)
    found, errors = node.map(seeds, 4, backend=backend, return_exceptions=True)
    assert found.tolist() == wanted.tolist()
    assert [type(error) for error in errors] == [type(error) for error in expected]
    assert 50 < errors.astype(bool).sum() < 200
