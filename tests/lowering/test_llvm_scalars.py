"""Scalar operations in machine code against what `lowering.scalars` defines: edge values of every type."""

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coro2cuda.frontend import dtypes
from coro2cuda.frontend.dtypes import Scalar, boolean, f32, f64, i32, i64, u64
from coro2cuda.lowering import ir, scalars

INTEGERS = [scalar for scalar in dtypes.SCALARS if scalar.is_integer]
FLOATS = [f32, f64]
INTEGER_OPS = ("add", "sub", "mul", "floordiv", "mod", "and", "or", "xor", "shl", "shr", "pow")
FLOAT_OPS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def values_of(type: Scalar) -> st.SearchStrategy[Any]:
    """Values of a type, often at an edge of it."""
    if type == boolean:
        return st.booleans()
    if type.is_integer:
        near = {type.low, type.low + 1, type.high, type.high - 1, type.bits - 1, type.bits, type.bits + 1}
        edges = {*near, 0, 1, 2, 3, 7, 8}
        signed = {-1, -2, -3, -7, -8} if type.low < 0 else set()
        return st.sampled_from(sorted(edges | signed)) | st.integers(type.low, type.high)
    edges = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.0, 3.0, -3.0, 7.25, 1e10, -1e10, 1e30, math.inf, -math.inf, math.nan,
             2.0**31, 2.0**63, 2.0**64, -(2.0**31), -(2.0**63), 127.5, 255.5, 65535.5]  # fmt: skip
    return st.sampled_from([scalars.rounded(type, edge) for edge in edges]) | st.floats(width=type.bits)  # type: ignore[arg-type]


def same(type: Scalar, left: Any, right: Any) -> bool:
    """Equal in bits, but for the bits of a NaN."""
    if type.is_float and math.isnan(left):
        return math.isnan(right)
    return struct.pack("d", left) == struct.pack("d", right) if type.is_float else left == right


def parameters(*types: Scalar) -> tuple[ir.Local, ...]:
    return tuple(ir.Local(index, f"p{index}", type) for index, type in enumerate(types))


Compile = Callable[[list[ir.Function]], Mapping[str, Any]]
Make = Callable[..., ir.Function]


def binary(make: Make, name: str, op: Any, type: Scalar, right: Any = None) -> ir.Function:
    """A function of two operands of a type, or of one with the other constant."""
    given = parameters(type, type) if right is None else parameters(type)
    result = ir.Local(9, "r", type)
    operand = given[1] if right is None else ir.Const(type, right)
    return make(name, given, type, [ir.Block("", [ir.Binary(result, op, given[0], operand)], ir.Return(result))])


def defined(type: Scalar, op: str, right: Any) -> bool:
    """Whether the builder lets the operation come to run with this right operand."""
    if op in ("floordiv", "mod", "truediv"):
        return bool(right != 0)
    return type.is_float or op not in ("shl", "shr", "pow") or right >= 0


@pytest.fixture(scope="module")
def binaries(native: Compile, make_plain: Make) -> Mapping[str, Any]:
    made = [binary(make_plain, f"{op}_{type}", op, type) for type in INTEGERS for op in INTEGER_OPS]
    made += [binary(make_plain, f"{op}_{type}", op, type) for type in FLOATS for op in FLOAT_OPS]
    return native(made)


@pytest.mark.parametrize("type", INTEGERS, ids=str)
@given(data=st.data())
def test_integer_operations(type: Scalar, data: st.DataObject, binaries: Mapping[str, Any]) -> None:
    left, right = data.draw(values_of(type)), data.draw(values_of(type))
    for op in INTEGER_OPS:
        if defined(type, op, right):
            assert binaries[f"{op}_{type}"](left, right) == scalars.binary(op, type, left, right), op


@pytest.mark.parametrize("type", FLOATS, ids=str)
@given(data=st.data())
def test_float_operations(type: Scalar, data: st.DataObject, binaries: Mapping[str, Any]) -> None:
    left, right = data.draw(values_of(type)), data.draw(values_of(type))
    for op in FLOAT_OPS[:-1]:
        if defined(type, op, right):
            found, expected = binaries[f"{op}_{type}"](left, right), scalars.binary(op, type, left, right)
            assert same(type, found, expected), (op, left, right, found, expected)


@pytest.mark.parametrize("type", FLOATS, ids=str)
@given(data=st.data())
def test_float_power(type: Scalar, data: st.DataObject, binaries: Mapping[str, Any]) -> None:
    left, right = data.draw(values_of(type)), data.draw(values_of(type))
    found, expected = binaries[f"pow_{type}"](left, right), scalars.binary("pow", type, left, right)
    assert same(type, found, expected) or math.isclose(found, expected, rel_tol=1e-6 if type == f32 else 1e-15)


CONSTANTS = (1, 2, 3, 5, 7, 8, 10, 63, 64, 100, 127)


@pytest.fixture(scope="module")
def by_constants(native: Compile, make_plain: Make) -> Mapping[str, Any]:
    made = []
    for type in INTEGERS:
        constants = CONSTANTS + ((-1, -2, -3, -8, -128) if type.low < 0 else ())
        for op in ("floordiv", "mod", "shl", "shr", "pow", "mul"):
            made += [binary(make_plain, f"{op}_{type}_{right}", op, type, right)
                     for right in constants if defined(type, op, right)]  # fmt: skip
    return native(made)


@pytest.mark.parametrize("type", INTEGERS, ids=str)
@given(data=st.data())
def test_constant_operands(type: Scalar, data: st.DataObject, by_constants: Mapping[str, Any]) -> None:
    left = data.draw(values_of(type))
    for name, function in by_constants.items():
        op, of, right = name.split("_")
        if of == type.name:
            assert function(left) == scalars.binary(op, type, left, int(right)), name  # type: ignore[arg-type]


def unary(make: Make, name: str, op: Any, type: Scalar) -> ir.Function:
    (value,), result = parameters(type), ir.Local(9, "r", type)
    return make(name, (value,), type, [ir.Block("", [ir.Unary(result, op, value)], ir.Return(result))])


@pytest.fixture(scope="module")
def unaries(native: Compile, make_plain: Make) -> Mapping[str, Any]:
    made = [unary(make_plain, f"neg_{type}", "neg", type) for type in (*INTEGERS, *FLOATS)]
    made += [unary(make_plain, f"invert_{type}", "invert", type) for type in INTEGERS]
    return native([*made, unary(make_plain, "not_bool", "not", boolean)])


@given(data=st.data())
def test_unary_operations(data: st.DataObject, unaries: Mapping[str, Any]) -> None:
    for name, function in unaries.items():
        op, type = name.split("_")[0], dtypes.BY_NAME[name.split("_")[1]]
        value = data.draw(values_of(type))
        expected = scalars.unary(op, type, value)  # type: ignore[arg-type]
        assert same(type, function(value), expected), (name, value)


def comparison(make: Make, name: str, op: Any, left: Scalar, right: Scalar) -> ir.Function:
    given, result = parameters(left, right), ir.Local(9, "r", boolean)
    return make(name, given, boolean, [ir.Block("", [ir.Compare(result, op, *given)], ir.Return(result))])


PAIRS = [(type, type) for type in dtypes.SCALARS] + [(i64, u64), (u64, i64), (i32, u64), (u64, i32)]


@pytest.fixture(scope="module")
def comparisons(native: Compile, make_plain: Make) -> Mapping[str, Any]:
    return native([comparison(make_plain, f"{op}_{a}_{b}", op, a, b) for op in COMPARISONS for a, b in PAIRS])


@pytest.mark.parametrize(("left", "right"), PAIRS, ids=str)
@given(data=st.data())
def test_comparisons(left: Scalar, right: Scalar, data: st.DataObject, comparisons: Mapping[str, Any]) -> None:
    a, b = data.draw(values_of(left)), data.draw(values_of(right))
    for op in COMPARISONS:
        assert comparisons[f"{op}_{left}_{right}"](a, b) == scalars.compare(op, a, b), op


def conversion(make: Make, name: str, source: Scalar, dest: Scalar) -> ir.Function:
    (value,), result = parameters(source), ir.Local(9, "r", dest)
    return make(name, (value,), dest, [ir.Block("", [ir.Convert(result, value)], ir.Return(result))])


@pytest.fixture(scope="module")
def conversions(native: Compile, make_plain: Make) -> Mapping[str, Any]:
    pairs = [(a, b) for a in dtypes.SCALARS for b in dtypes.SCALARS]
    return native([conversion(make_plain, f"{a}_{b}", a, b) for a, b in pairs])


@pytest.mark.parametrize("source", dtypes.SCALARS, ids=str)
@given(data=st.data())
def test_conversions(source: Scalar, data: st.DataObject, conversions: Mapping[str, Any]) -> None:
    value = data.draw(values_of(source))
    for dest in dtypes.SCALARS:
        assert same(dest, conversions[f"{source}_{dest}"](value), scalars.convert(value, dest)), dest


def test_ptx_of_every_operation(ptx: Callable[..., str], make_plain: Make) -> None:
    """ptxas takes them all; there is no call out of the module."""
    made = [binary(make_plain, f"{op}_{type}", op, type) for type in INTEGERS for op in INTEGER_OPS]
    made += [binary(make_plain, f"{op}_{type}", op, type) for type in FLOATS for op in ("add", "sub", "mul", "truediv")]
    made += [comparison(make_plain, f"{op}_{a}_{b}", op, a, b) for op in COMPARISONS for a, b in PAIRS]
    made += [conversion(make_plain, f"{a}_{b}", a, b) for a in dtypes.SCALARS for b in dtypes.SCALARS]
    made += [unary(make_plain, f"neg_{type}", "neg", type) for type in (*INTEGERS, *FLOATS)]
    assert ".extern .func" not in ptx(made)


def test_ptx_of_i32_is_32_bits_wide(ptx: Callable[..., str], make_plain: Make) -> None:
    made = [binary(make_plain, op, op, i32) for op in INTEGER_OPS]
    made += [binary(make_plain, f"{op}_7", op, i32, 7) for op in INTEGER_OPS if op not in ("floordiv", "mod")]
    text = ptx(made)
    assert ".b64" not in text and ".s64" not in text and ".u64" not in text, text


def test_fused_operations(ptx: Callable[..., str], make_plain: Make) -> None:
    """A multiplication and an addition round once on CUDA, as nvcc has it; division is always IEEE's."""
    x, y, z = parameters(f32, f32, f32)
    product, total = ir.Local(8, "m", f32), ir.Local(9, "r", f32)
    ops: list[ir.Op] = [ir.Binary(product, "mul", x, y), ir.Binary(total, "add", product, z)]
    quotient = binary(make_plain, "quotient", "truediv", f32)
    text = ptx([make_plain("fused", (x, y, z), f32, [ir.Block("", ops, ir.Return(total))]), quotient])
    assert "fma.rn.f32" in text
    assert "div.rn.f32" in text
