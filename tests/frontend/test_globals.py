"""What module and closure names stand for: weak numbers, typed NumPy scalars, tuples, arrays, modules, functions."""

from collections.abc import Callable

import numpy
import pytest

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Array, Type, f32, f64, i32, i64


def test_python_numbers_are_weak(result: Callable[..., Type]) -> None:
    assert result("K = 0.5\nasync def f(x: f32):\n    return x * K\n") == f32
    assert result("N = 5\nasync def f(a: i32):\n    return a + N\n") == i32


def test_numpy_scalars_are_strong(result: Callable[..., Type]) -> None:
    assert result("K = np.float64(0.5)\nasync def f(x: f32):\n    return x * K\n") == f64
    assert result("K = np.int32(5)\nasync def f():\n    return K\n") == i32


def test_closures(typed: Callable[..., tree.Module]) -> None:
    text = "def make(k):\n    async def f(a: i32):\n        return a * k\n    return f\nf = make(3)\n"
    module = typed(text)
    assert module.functions[module.root].result == i32


def test_an_unassigned_closure_name(refused: Callable[..., CompileError]) -> None:
    text = "def make():\n    async def f():\n        return k\n    return f\n    k = 1\nf = make()\n"
    assert refused(text).span.line == 3


def test_bools_and_tuples(result: Callable[..., Type]) -> None:
    assert repr(result("T = (1, (2.5, True))\nB = True\nasync def f():\n    return T, B\n")) == (
        "tuple[tuple[i64, tuple[f64, bool]], bool]"
    )


def test_items_of_tuples_and_of_classes_are_not_weak(result: Callable[..., Type]) -> None:
    assert result("T = (1.0, 2.0)\nasync def f(x: f32):\n    return x * T[1]\n") == f64
    assert result("class T: K = 2.0\nasync def f(x: f32):\n    return x * T.K\n") == f64


def test_an_array_is_captured_once(typed: Callable[..., tree.Module]) -> None:
    table = numpy.arange(4, dtype=numpy.int32)
    text = "def g(i):\n    return T[i]\nU = T\nasync def f(a: i32):\n    return T[a] + U[a] + g(a) + S[0]\n"
    module = typed(text, T=table, S=numpy.zeros((2,), numpy.int32))
    assert [array is table for array in module.captured] == [True, False]
    assert module.functions[module.root].result == i32


def test_a_captured_array_keeps_layout_and_flags(typed: Callable[..., tree.Module]) -> None:
    table = numpy.zeros((4, 4), numpy.float32)[:, ::2]
    table.setflags(write=False)
    match typed("async def f():\n    return T[0]\n", T=table).functions["f()"].body:
        case (tree.Return(value=tree.View(array=tree.Captured(type=type, index=0))),):
            assert type == Array(f32, 2, contiguous=False, writable=False)
        case other:
            raise AssertionError(other)


def test_storing_into_a_read_only_array(refused: Callable[..., CompileError]) -> None:
    table = numpy.zeros(4, numpy.float32)
    table.setflags(write=False)
    error = refused("async def f():\n    T[0] = 1\n", T=table)
    assert ("read-only" in error.message, error.span.line) == (True, 2)


def test_atomics_on_a_read_only_array(refused: Callable[..., CompileError]) -> None:
    table = numpy.zeros(4, numpy.float32)
    table.setflags(write=False)
    error = refused("async def f():\n    atomic_add(T, 0, 1)\n", T=table)
    assert "read-only" in error.message


@pytest.mark.parametrize("value", ["'text'", "{}", "[1, 2]", "object()", "np.zeros((2, 2, 2, 2))", "np.zeros(2, 'U3')",
                                   "np.zeros(2, '>i4')", "1j"])  # fmt: skip
def test_values_with_no_type(refused: Callable[..., CompileError], value: str) -> None:
    error = refused(f"V = {value}\nasync def f():\n    x = V\n")
    assert (error.span.line, error.span.column, "'V'" in error.message) == (3, 8, True), str(error)
    assert error.hint


def test_module_attributes(result: Callable[..., Type]) -> None:
    assert result("import math as m\nasync def f(x: f32):\n    return m.pi * m.sin(x)\n") == f32
    assert result("from math import floor as lower\nasync def f(x: f32):\n    return lower(x)\n") == i64


def test_a_missing_module_attribute(refused: Callable[..., CompileError]) -> None:
    error = refused("async def f(x: f32):\n    return math.sine(x)\n")
    assert ("sine" in error.message, error.span.line) == (True, 2)
