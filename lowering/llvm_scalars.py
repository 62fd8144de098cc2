"""Arithmetic, comparison and conversion of scalars: Python's semantics in LLVM instructions.

LLVM leaves undefined what Python defines: a shift by the width or more, INT_MIN // -1, a float that does not fit an
integer. Each is guarded here by a select, and the guard is left out where a constant operand shows that it is not
needed. Helper functions (`pow` of integers, `//` and `%` of floats) are in `llvm_helpers`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import NoneValue, Pointer, Reference, Scalar, Tuple, Type, boolean
from coro2cuda.frontend.tree import BinaryOp, CompareOp, UnaryOp
from coro2cuda.lowering import intrinsics_math, ir, llvm_helpers
from coro2cuda.lowering.llvm_context import Context, integer
from coro2cuda.lowering.llvm_types import BOOL, scalar

PREDICATES: dict[CompareOp, str] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
SWAPPED: dict[CompareOp, CompareOp] = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
LONGEST_UNROLLED_POWER = 64


def unary(builder: Any, op: UnaryOp, type: Type, value: Any) -> Any:
    match op:
        case "not" | "invert":
            return builder.not_(value)
        case "neg" if isinstance(type, Scalar) and type.is_float:
            return builder.fneg(value)
        case "neg":
            return builder.neg(value)


def binary(context: Context, builder: Any, op: ir.Binary, left: Any, right: Any) -> Any:
    """`left op right` of one type, which is the result's."""
    type = op.dest.type
    assert isinstance(type, Scalar)
    known = op.right.value if isinstance(op.right, ir.Const) else None
    if type.is_float:
        return _float_binary(context, builder, op.op, type, left, right, known)
    match op.op:
        case "add" | "sub" | "mul" | "xor":
            return getattr(builder, op.op)(left, right)
        case "and":
            return builder.and_(left, right)
        case "or":
            return builder.or_(left, right)
        case "shl" | "shr":
            return _shift(builder, op.op, type, left, right, known)
        case "floordiv" | "mod":
            return _divide(builder, op.op, type, left, right, known)
        case "pow":
            return _power(context, builder, left, right, known)
        case "truediv":
            raise AssertionError("truediv is on floats")


def _float_binary(
    context: Context, builder: Any, op: BinaryOp, type: Scalar, left: Any, right: Any, known: float | None
) -> Any:
    match op:
        case "add" | "sub" | "mul":
            return getattr(builder, "f" + op)(left, right, flags=context.float_flags)
        case "truediv":
            return builder.fdiv(left, right)
        case "floordiv" | "mod":
            return builder.call(llvm_helpers.float_division(context, op, type), [left, right])
        case "pow" if known == 2.0:
            return builder.fmul(left, left)
        case "pow":
            return builder.call(intrinsics_math.math_function(context, "pow", type), [left, right])
        case _:
            raise AssertionError(f"{op} is on integers")


def _shift(builder: Any, op: BinaryOp, type: Scalar, left: Any, count: Any, known: int | None) -> Any:
    signed = type.kind == "int"
    last = integer(left.type, type.bits - 1)
    if known is not None and known >= type.bits:
        return builder.ashr(left, last) if op == "shr" and signed else integer(left.type, 0)
    if op == "shr" and signed:
        if known is None:
            count = builder.select(builder.icmp_unsigned("<", count, last), count, last)
        return builder.ashr(left, count)
    shifted = builder.shl(left, count) if op == "shl" else builder.lshr(left, count)
    if known is not None:
        return shifted
    return builder.select(builder.icmp_unsigned("<=", count, last), shifted, integer(left.type, 0))


def _divide(builder: Any, op: BinaryOp, type: Scalar, left: Any, right: Any, known: int | None) -> Any:
    """Python rounds the quotient down; LLVM, as C, towards zero."""
    if type.kind == "uint":
        return builder.udiv(left, right) if op == "floordiv" else builder.urem(left, right)
    if known is not None and known > 0:
        return _divide_by_positive(builder, op, type, left, right, known)
    if known == -1:
        return builder.neg(left) if op == "floordiv" else integer(left.type, 0)
    return _divide_signed(builder, op, type, left, right, known)


def _divide_by_positive(builder: Any, op: BinaryOp, type: Scalar, left: Any, right: Any, divisor: int) -> Any:
    """A power of two is a shift or a mask; LLVM turns the other divisions into multiplications."""
    if divisor & (divisor - 1) == 0:
        if op == "mod":
            return builder.and_(left, integer(left.type, divisor - 1))
        return builder.ashr(left, integer(left.type, divisor.bit_length() - 1))
    remainder = builder.srem(left, right)
    negative = builder.ashr(remainder, integer(left.type, type.bits - 1))
    if op == "mod":
        return builder.add(remainder, builder.and_(negative, right))
    return builder.add(builder.sdiv(left, right), negative)


def _divide_signed(builder: Any, op: BinaryOp, type: Scalar, left: Any, right: Any, known: int | None) -> Any:
    zero = integer(left.type, 0)
    if known is None:
        # INT_MIN // -1 traps on x86. By 1 instead, the quotient is INT_MIN, as wrapping has it, and the remainder 0.
        lowest = builder.icmp_signed("==", left, integer(left.type, type.low))
        overflows = builder.and_(lowest, builder.icmp_signed("==", right, integer(left.type, -1)))
        right = builder.select(overflows, integer(left.type, 1), right)
    remainder = builder.srem(left, right)
    inexact = builder.icmp_signed("!=", remainder, zero)
    opposite = builder.icmp_signed("<", builder.xor(remainder, right), zero)
    adjust = builder.and_(inexact, opposite)
    if op == "mod":
        return builder.add(remainder, builder.select(adjust, right, zero))
    return builder.add(builder.sdiv(left, right), builder.sext(adjust, left.type))


def _power(context: Context, builder: Any, base: Any, exponent: Any, known: int | None) -> Any:
    if known is None or known > LONGEST_UNROLLED_POWER:
        return builder.call(llvm_helpers.integer_power(context, base.type), [base, exponent])
    result = None
    while known:
        if known & 1:
            result = base if result is None else builder.mul(result, base)
        known >>= 1
        if known:
            base = builder.mul(base, base)
    return integer(base.type, 1) if result is None else result


# --- comparison ------------------------------------------------------------------------------------------------------


def compare(builder: Any, op: CompareOp, left_type: Type, right_type: Type, left: Any, right: Any) -> Any:
    """`left op right` as i1. Unordered floats are unequal and neither less nor greater."""
    if isinstance(left_type, Scalar) and isinstance(right_type, Scalar):
        if left_type.is_float:
            ordered = builder.fcmp_unordered if op == "ne" else builder.fcmp_ordered
            return ordered(PREDICATES[op], left, right)
        if left_type != right_type:
            return _compare_mixed(builder, op, left_type, left, right)
        if left_type.kind == "int":
            return builder.icmp_signed(PREDICATES[op], left, right)
    return builder.icmp_unsigned(PREDICATES[op], left, right)


def _compare_mixed(builder: Any, op: CompareOp, left_type: Scalar, left: Any, right: Any) -> Any:
    """A signed integer and a u64, by value: a negative number is less than any u64."""
    if left_type.kind == "uint":
        op, left, right = SWAPPED[op], right, left
    negative = builder.icmp_signed("<", left, integer(left.type, 0))
    if left.type != right.type:
        left = builder.sext(left, right.type)
    by_value = builder.icmp_unsigned(PREDICATES[op], left, right)
    if op in ("lt", "le", "ne"):
        return builder.or_(negative, by_value)
    return builder.and_(builder.not_(negative), by_value)


# --- conversion ------------------------------------------------------------------------------------------------------


def convert(context: Context, builder: Any, source: Type, dest: Type, value: Any) -> Any:
    """Between scalars and pointers: integers wrap, floats truncate and saturate, NaN becomes 0."""
    match source, dest:
        case Pointer(), Pointer():
            type = context.types.memory(dest)
            return value if type == value.type else builder.addrspacecast(value, type)
        case Pointer(), Scalar():
            return builder.ptrtoint(value, scalar(dest))
        case Scalar(), Pointer():
            return builder.inttoptr(value, context.types.memory(dest))
        case (Reference(), _) | (_, Reference()):
            return value  # a handle is a u32
        case Scalar(), Scalar():
            return _convert_scalar(context, builder, source, dest, value)
        case _:
            raise AssertionError(f"no conversion from {source} to {dest}")


def _convert_scalar(context: Context, builder: Any, source: Scalar, dest: Scalar, value: Any) -> Any:
    if source == dest:
        return value
    if dest == boolean:
        compare = builder.fcmp_unordered if source.is_float else builder.icmp_unsigned
        return compare("!=", value, llvm.Constant(value.type, 0))
    if source.is_float:
        return _from_float(context, builder, source, dest, value)
    if dest.is_float:
        return (builder.sitofp if source.kind == "int" else builder.uitofp)(value, scalar(dest))
    return resize(builder, value, scalar(dest), signed=source.kind == "int")


def resize(builder: Any, value: Any, type: Any, signed: bool) -> Any:
    """An integer of another width."""
    if value.type.width == type.width:
        return value
    if value.type.width > type.width:
        return builder.trunc(value, type)
    return builder.sext(value, type) if signed else builder.zext(value, type)


def _from_float(context: Context, builder: Any, source: Scalar, dest: Scalar, value: Any) -> Any:
    if dest.is_float:
        return (builder.fpext if dest.bits > source.bits else builder.fptrunc)(value, scalar(dest))
    if context.target.is_cuda and dest.bits >= 32:
        return _saturate_on_cuda(context, builder, source, dest, value)
    sign = "s" if dest.kind == "int" else "u"
    name = f"llvm.fpto{sign}i.sat.i{dest.bits}.{source.name}"
    return builder.call(context.declare(name, scalar(dest), [value.type]), [value])


def _saturate_on_cuda(context: Context, builder: Any, source: Scalar, dest: Scalar, value: Any) -> Any:
    """`cvt.rzi` saturates by itself; only with 64 bits involved is its answer to a NaN not 0."""
    letter = "d" if source.bits == 64 else "f"
    kind = ("" if dest.kind == "int" else "u") + ("ll" if dest.bits == 64 else "i")
    name = f"llvm.nvvm.{letter}2{kind}.rz"
    result = builder.call(context.declare(name, scalar(dest), [value.type]), [value])
    if source.bits == 32 and dest.bits == 32:
        return result
    return builder.select(builder.fcmp_unordered("uno", value, value), integer(result.type, 0), result)


# --- constants -------------------------------------------------------------------------------------------------------


def constant(context: Context, type: Type, value: Any) -> Any:
    """A constant as it is in a register."""
    if isinstance(type, Scalar):
        if type.kind == "bool":
            return llvm.Constant(BOOL, bool(value))
        return float_constant(type, value) if type.is_float else integer(scalar(type), int(value))
    return _constant_in_memory(context, type, value)


def _constant_in_memory(context: Context, type: Type, value: Any) -> Any:
    match type:
        case Scalar(kind="bool"):
            return integer(scalar(type), int(value))
        case Scalar():
            return constant(context, type, value)
        case Tuple(elements):
            items = [_constant_in_memory(context, item, part) for item, part in zip(elements, value, strict=True)]
            return llvm.Constant.literal_struct(items)
        case NoneValue():
            return llvm.Constant.literal_struct([])
        case Pointer():
            return llvm.Constant(context.types.memory(type), None)
        case Reference():
            return integer(context.types.memory(type), value)
        case _:
            raise AssertionError(f"no constant of type {type}")


def float_constant(type: Scalar, value: float) -> Any:
    """Rounded to the type: f64 to f32 overflows to infinity, as NumPy does."""
    return llvm.Constant(scalar(type), type.round(float(value)))
