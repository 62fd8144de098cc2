"""What a module holds: each coroutine and helper once for each list of types, recursion, keyword arguments."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from coro2cuda.frontend import infer, tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Array, NoneValue, Type, f32, f64, i32, i64

Typed = Callable[..., tree.Module]
Refused = Callable[..., CompileError]

COLLATZ = """
async def f(n):
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        await reschedule()
    return steps
"""


def test_names_hold_the_types(typed: Typed) -> None:
    assert typed(COLLATZ, i32).root == "f(i32)"
    assert typed(COLLATZ, i64).root == "f(int)"
    assert typed("async def f(a: f32[:, :], p: tuple[i32, bool]): pass\n").root == "f(f32[:, :], tuple[i32, bool])"


def test_unannotated_parameters_take_the_types_given(typed: Typed) -> None:
    function = typed(COLLATZ, i32).functions["f(i32)"]
    assert [variable.type for variable in function.parameters] == [i32]
    assert all(variable.parameter for variable in function.parameters)
    assert (function.result, function.is_coroutine, function.title) == (i64, True, "f")


def test_a_helper_is_specialised_by_its_arguments(typed: Typed) -> None:
    module = typed("def g(x):\n    return x + 1\nasync def f(a: i32, x: f32):\n    return g(a), g(x), g(a), g(2)\n")
    assert sorted(module.functions) == ["f(i32, f32)", "g(f32)", "g(i32)", "g(int)"]
    assert repr(module.functions["f(i32, f32)"].result) == "tuple[i32, f32, i32, i64]"
    assert not module.functions["g(i32)"].is_coroutine


def test_two_functions_of_one_name_stay_apart(typed: Typed) -> None:
    text = """
def make(k):
    def g(a):
        return a + k
    return g
g1, g2 = make(1), make(2)
async def f(a: i32):
    return g1(a) + g2(a)
"""
    assert len(typed(text).functions) == 3


def test_a_literal_takes_the_declared_type_of_a_parameter(typed: Typed) -> None:
    module = typed("@gpu_async\nasync def g(x: f32): return x\nasync def f(): return await g(1)\n")
    match module.functions["f()"].body:
        case (tree.Return(value=tree.Await(coroutine="g(f32)", arguments=(tree.Constant(value=float(value)),))),):
            assert value == 1.0
        case other:
            raise AssertionError(other)


def test_keywords_and_defaults_are_put_in_order(typed: Typed) -> None:
    module = typed("def g(a, b=2, *, c: f32 = 3):\n    return a\nasync def f(x: i32):\n    return g(x, c=1)\n")
    match module.functions["f(i32)"].body:
        case (tree.Return(value=tree.Call(arguments=(tree.Name(), tree.Constant() as b, tree.Constant() as c))),):
            assert (b.type, b.value, c.type, c.value) == (i64, 2, f32, 1.0)
        case other:
            raise AssertionError(other)


def test_a_contiguous_array_fits_an_annotated_parameter(typed: Typed) -> None:
    text = "def g(v: f32[:]):\n    return v[0]\nasync def f(v, w):\n    return g(v) + g(w)\n"
    module = typed(text, Array(f32, 1, contiguous=True), Array(f32, 1))
    assert len(module.functions) == 3
    root = module.functions[module.root]
    assert [variable.type.contiguous for variable in root.parameters] == [True, False]  # type: ignore[union-attr]


def test_a_coroutine_in_a_module(typed: Typed) -> None:
    text = "async def f(a: i32):\n    return await shelf.g(a)\n"
    space: dict[str, object] = {}
    module = typed("@gpu_async\nasync def g(a: i32): return a\n" + text.replace("shelf.", ""))
    assert "g(i32)" in module.functions
    with pytest.raises(CompileError):
        typed(text, shelf=SimpleNamespace(**space))


# --- recursion -------------------------------------------------------------------------------------------------------

FIB = """
@gpu_async
async def f(n{annotation}){result}:
    if n < 2:
        return n
    return await f(n - 1) + await f(n - 2)
"""


@pytest.mark.parametrize("annotation", ["", ": i32"])
@pytest.mark.parametrize("result", ["", " -> i32"])
def test_recursion(typed: Typed, annotation: str, result: str) -> None:
    module = typed(FIB.format(annotation=annotation, result=result), i32)
    assert list(module.functions) == ["f(i32)"]
    assert module.functions["f(i32)"].result == i32


def test_recursion_in_a_ternary(typed: Typed) -> None:
    module = typed("@gpu_async\nasync def f(n: i32) -> i32:\n    return n if n < 2 else await f(n - 1)\n")
    assert module.functions["f(i32)"].result == i32


def test_recursion_through_a_name(typed: Typed) -> None:
    module = typed(
        "@gpu_async\nasync def f(n: i32):\n    if n > 0:\n        x = await f(n - 1)\n        x += 1\n"
        "        return x\n    return n\n"
    )
    assert module.functions["f(i32)"].result == i32


def test_recursion_that_returns_nothing(typed: Typed) -> None:
    module = typed("@gpu_async\nasync def f(n: i32):\n    if n > 0:\n        await f(n - 1)\n")
    assert isinstance(module.functions["f(i32)"].result, NoneValue)


MUTUAL = """
@gpu_async
async def f(n: i32){result}:
    if n == 0:
        return True
    return await g(n - 1)

@gpu_async
async def g(n: i32){result}:
    if n == 0:
        return False
    return await f(n - 1)
"""


@pytest.mark.parametrize("result", ["", " -> bool"])
def test_mutual_recursion(typed: Typed, result: str) -> None:
    module = typed(MUTUAL.format(result=result))
    assert {name: repr(function.result) for name, function in module.functions.items()} == {
        "f(i32)": "bool", "g(i32)": "bool"
    }  # fmt: skip


def test_mutual_recursion_with_one_base_case(typed: Typed) -> None:
    text = """
@gpu_async
async def f(n: i32):
    if n == 0:
        return 1.5
    return await g(n - 1)

@gpu_async
async def g(n: i32):
    return await h(n) * 2

@gpu_async
async def h(n: i32):
    return await f(n - 1)
"""
    module = typed(text)
    assert {repr(function.result) for function in module.functions.values()} == {"f64"}
    assert len(module.functions) == 3


def test_a_result_that_depends_on_itself(refused: Refused) -> None:
    error = refused("@gpu_async\nasync def f(n: i32):\n    return await f(n - 1)\n")
    assert ("->" in error.hint, error.span.line) == (True, 2)


def test_a_helper_reached_from_a_recursive_coroutine_is_refused_where_it_is_wrong(refused: Refused) -> None:
    text = """
def g(n):
    return [n]

@gpu_async
async def f(n: i32):
    if n < 2:
        return n
    return await f(g(n)) + g(n)
"""
    assert refused(text).span.line == 3


def test_an_error_in_a_recursive_coroutine_is_reported(refused: Refused) -> None:
    text = "@gpu_async\nasync def f(n: i32):\n    if n > 0:\n        return await f(n - 1)\n    return nonesuch\n"
    assert refused(text).span.line == 5


def test_different_results_of_recursion(refused: Refused) -> None:
    text = "@gpu_async\nasync def f(n: i32):\n    if n > 0:\n        return await f(n - 1) * 0.5\n    return n\n"
    assert refused(text).span.line == 4


def test_ever_more_types(refused: Refused) -> None:
    text = "@gpu_async\nasync def f(n):\n    if n[0] > 0:\n        return await f((n[0], n))\n    return 1\n"
    error = refused(text, infer.annotation_type(tuple[int, int]))
    assert error.hint


def test_recursive_helpers_are_refused(refused: Refused) -> None:
    error = refused("def g(n):\n    return n if n < 2 else g(n - 1)\nasync def f(n: i32):\n    return g(n)\n")
    assert ("itself" in error.message, error.span.line, error.span.column) == (True, 2, 27)
    error = refused("def g(n):\n    return h(n)\ndef h(n):\n    return g(n)\nasync def f(n: i32):\n    return g(n)\n")
    assert error.span.line == 4


# --- Numba -----------------------------------------------------------------------------------------------------------


class Dispatcher:
    """A Numba dispatcher as far as the front end looks."""

    def __init__(self, py_func: object) -> None:
        self.py_func = py_func


def test_a_numba_function_is_compiled_from_its_python(typed: Typed) -> None:
    module = typed("@jit\ndef g(x):\n    return x * 2\nasync def f(x: f32):\n    return g(x)\n", jit=Dispatcher)
    assert module.functions["f(f32)"].result == f32
    assert "g(f32)" in module.functions


def test_a_numba_function_that_is_refused_says_so(refused: Refused) -> None:
    error = refused("@jit\ndef g(x):\n    return [x]\nasync def f(x: f32):\n    return g(x)\n", jit=Dispatcher)
    assert error.span.line == 3
    assert any("Numba" in note for note in getattr(error, "__notes__", ())) or "Numba" in str(error)


# --- arguments of the root -------------------------------------------------------------------------------------------


def test_sources_and_titles(typed: Typed) -> None:
    module = typed("def g(x): return x\nasync def f(a: i32): return g(a)\n")
    assert sorted(module.sources) == sorted(module.functions)


def test_an_argument_that_contradicts_the_annotation(refused: Refused) -> None:
    error = refused("async def f(a: i32, b: f32): pass\n", i32, f64)
    assert ("'b'" in error.message, error.span.line, error.span.column) == (True, 1, 20)


def test_a_function_is_read_once_a_session(typed: Typed, result: Callable[..., Type]) -> None:
    text = "def g(x): return x\nasync def f(a: i32, b: f32): return g(a), g(b)\n"
    assert repr(result(text)) == "tuple[i32, f32]"


def test_the_function_that_depends_on_itself_is_named(refused: Refused) -> None:
    text = """
@gpu_async
async def f(n: i32):
    return await g(n)

@gpu_async
async def g(n: i32):
    return await g(n - 1)
"""
    error = refused(text)
    assert ("'g'" in error.message, error.span.line) == (True, 7)


def test_a_long_cycle_is_resolved_quickly(typed: Typed) -> None:
    parts = [f"@gpu_async\nasync def f{i}(n: i32):\n    return await f{i + 1}(n - 1)\n" for i in range(12)]
    last = "@gpu_async\nasync def f12(n: i32):\n    if n > 0:\n        return await f(n)\n    return await f0(n)\n"
    root = "@gpu_async\nasync def f(n: i32):\n    if n == 0:\n        return n\n    return await f0(n)\n"
    module = typed("".join(parts) + last + root)
    assert {function.result for function in module.functions.values()} == {i32}
    assert len(module.functions) == 14
