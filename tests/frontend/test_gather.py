"""`gather`: the types of its results, how it is recognised, and recursion through it."""

import asyncio
from collections.abc import Callable

import pytest

from coro2cuda.frontend import dtypes, tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import NoneValue, Tuple, f64, i32

Typed = Callable[..., tree.Module]
Result = Callable[..., dtypes.Type]
Body = Callable[..., tuple[tree.Statement, ...]]
Refused = Callable[..., CompileError]

CALLEES = """
@gpu_async
async def g(x: i32): return x
@gpu_async
async def h(x: f32, scale=2.0): return x * scale, 1
@gpu_async
async def nothing(x: i32): await reschedule()
"""


def test_the_result_is_a_tuple_of_the_results(result: Result) -> None:
    found = result(CALLEES + "async def f(n: i32):\n    return await gather(g(n), h(1, scale=n), g(n))\n")
    assert found == Tuple((i32, Tuple((f64, dtypes.i64)), i32))


def test_arguments_are_bound_as_in_any_call(body: Body) -> None:
    (statement,) = body(CALLEES + "async def f(n: i32):\n    return await gather(h(scale=1, x=2), g(n))\n")
    match statement:
        case tree.Return(value=tree.Gather(calls=((_, (x, scale)), (name, (tree.Name(),))))):
            assert (x.type, scale.type, name) == (dtypes.f32, dtypes.i64, "g(i32)")
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("spelling", ["gather", "asyncio.gather", "together", "mine"])
def test_it_is_known_by_any_name(result: Result, spelling: str) -> None:
    from coro2cuda.frontend.builtins import gather

    names = {"asyncio": asyncio, "together": asyncio.gather, "mine": gather}
    found = result(CALLEES + f"async def f(n: i32):\n    return await {spelling}(g(n), g(n))\n", **names)
    assert found == Tuple((i32, i32))


def test_a_local_name_is_not_gather(refused: Refused) -> None:
    error = refused(CALLEES + "async def f(gather: i32):\n    await gather(g(1), g(2))\n")
    assert "is a value, not a coroutine function" in error.message


def test_what_returns_nothing_may_be_gathered_where_no_result_is_used(body: Body) -> None:
    (statement,) = body(CALLEES + "async def f(n: i32):\n    await gather(g(n), nothing(n))\n")
    assert isinstance(statement, tree.ExpressionStatement)
    assert statement.value.type == Tuple((i32, NoneValue()))


# --- recursion -------------------------------------------------------------------------------------------------------

FIB = "@gpu_async\nasync def f(n: i32):\n    if n < 2:\n        return n\n"


@pytest.mark.parametrize(
    "rest",
    [
        "a, b = await gather(f(n - 1), f(n - 2))\n    return a + b",
        "return sum(await gather(f(n - 1), f(n - 2)))",
        "return max(await gather(f(n - 1), f(n - 2), f(n - 3)))",
        "return (await gather(f(n - 1), f(n - 2)))[0]",
        "await gather(f(n - 1), f(n - 2))\n    return n",
        "both = await gather(f(n - 1), f(n - 2))\n    return both[0] + both[1]",
        "for x in await gather(f(n - 1), f(n - 2)):\n        n += x\n    return n",
    ],
)
def test_the_result_of_recursion_is_inferred(typed: Typed, rest: str) -> None:
    module = typed(f"{FIB}    {rest}\n")
    assert list(module.functions) == ["f(i32)"]
    assert module.functions["f(i32)"].result == i32


def test_mutual_recursion(typed: Typed) -> None:
    text = """
@gpu_async
async def f(n: i32):
    a, b = await gather(g(n - 1), h(n - 1))
    return a + b
@gpu_async
async def g(n: i32):
    if n == 0:
        return n
    return await f(n)
@gpu_async
async def h(n: i32):
    if n > 0:
        x, y = await gather(f(n), g(n))
        return x - y
    return n
"""
    module = typed(text)
    assert {name: function.result for name, function in module.functions.items()} == {
        "f(i32)": i32, "g(i32)": i32, "h(i32)": i32,
    }  # fmt: skip


def test_recursion_without_an_end_is_refused(refused: Refused) -> None:
    error = refused("@gpu_async\nasync def f(n: i32):\n    return sum(await gather(f(n), f(n)))\n")
    assert error.message == "the result type of 'f' depends on itself"
