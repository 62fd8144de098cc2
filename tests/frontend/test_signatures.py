"""Signatures: which annotations mean which type, defaults, and how a bad annotation is refused."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from coro2cuda.frontend import infer
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Array, Pointer, Tuple, Type, boolean, f32, f64, i32, i64, none, u8, u32

ANNOTATIONS: dict[str, tuple[Any, Type]] = {
    "int": (int, i64), "float": (float, f64), "bool": (bool, boolean), "None": (None, none),
    "NoneType": (type(None), none),
    "i32": (i32, i32), "f32[:]": (f32[:], Array(f32, 1)), "f32[:, :]": (f32[:, :], Array(f32, 2)),
    "numpy.float32": (numpy.float32, f32), "numpy.bool": (numpy.bool_, boolean), "numpy.int64": (numpy.int64, i64),
    "dtype": (numpy.dtype("u1"), u8), "tuple": (tuple[int, f32], Tuple((i64, f32))),
    "nested": (tuple[tuple[i32, i32], bool], Tuple((Tuple((i32, i32)), boolean))), "empty": (tuple[()], Tuple(())),
    "pointer": (Pointer(u32, "global"), Pointer(u32, "global")),
}  # fmt: skip


@pytest.mark.parametrize("name", ANNOTATIONS)
def test_annotation(name: str) -> None:
    value, expected = ANNOTATIONS[name]
    assert infer.annotation_type(value) == expected


@pytest.mark.parametrize("value", [str, list, list[int], dict, "int", 3, object(), numpy.ndarray, numpy.str_,
                                   numpy.dtype(">i4"), numpy.float16, numpy.complex64, tuple[str], tuple[int, ...],
                                   complex, tuple],
                         ids=lambda value: type(value).__name__ if type(value) is object else repr(value))  # fmt: skip
def test_not_a_type(value: Any) -> None:
    assert infer.annotation_type(value) is None


def test_numba_types() -> None:
    numba = pytest.importorskip("numba")
    assert infer.annotation_type(numba.int32) == i32
    assert infer.annotation_type(numba.uint8) == u8
    assert infer.annotation_type(numba.boolean) == boolean
    assert infer.annotation_type(numba.float32[:]) == Array(f32, 1)
    assert infer.annotation_type(numba.float64[:, ::1]) == Array(f64, 2, contiguous=True)
    assert infer.annotation_type(numba.complex64) is None
    assert infer.annotation_type(numba.types.unicode_type) is None


def test_a_signature(program: Callable[..., dict[str, Any]]) -> None:
    space = program("async def f(a, b: i32, c=3, *, d: f32 = 0.5, e): pass\n")
    specs = infer.signature(space["f"])
    assert [(spec.name, spec.type) for spec in specs] == [("a", None), ("b", i32), ("c", None), ("d", f32), ("e", None)]
    missing = inspect.Parameter.empty
    assert [spec.default for spec in specs] == [missing, missing, 3, 0.5, missing]


def test_string_annotations_are_evaluated_among_the_functions_names(program: Callable[..., dict[str, Any]]) -> None:
    text = """from __future__ import annotations
def make():
    Real = f32
    async def f(a: i32, v: f32[:], x: Real, n: np.int16, p: tuple[int, Real]) -> Real:
        return Real(0)
    return f
f = make()
"""
    specs = infer.signature(program(text)["f"])
    assert [repr(spec.type) for spec in specs] == ["i32", "f32[:]", "f32", "i16", "tuple[i64, f32]"]


@pytest.mark.parametrize("annotation", ["str", "list[int]", "'nonesuch'", "np.ndarray", "3", "f32[:, :, :, :]"])
def test_a_bad_annotation(program: Callable[..., dict[str, Any]], annotation: str) -> None:
    text = f"from __future__ import annotations\nasync def f(a: i32, b: {annotation}): pass\n"
    with pytest.raises(CompileError) as caught:
        infer.signature(program(text)["f"])
    assert ("b" in caught.value.message, caught.value.span.line) == (True, 2)
    assert caught.value.hint


def test_a_bad_result_annotation(refused: Callable[..., CompileError]) -> None:
    error = refused("async def f() -> str:\n    return 1\n")
    assert ("result" in error.message, error.span.line) == (True, 1)


@pytest.mark.parametrize("parameters", ["*args", "**options", "a, *args, b"])
def test_star_parameters(program: Callable[..., dict[str, Any]], parameters: str) -> None:
    with pytest.raises(CompileError):
        infer.signature(program(f"async def f({parameters}): pass\n")["f"])


def test_local_annotations(result: Callable[..., Type], refused: Callable[..., CompileError]) -> None:
    assert result("async def f():\n    x: np.float32 = 1\n    return x\n") == f32
    error = refused("async def f():\n    x: str = 1\n    return x\n")
    assert error.span.line == 2
