"""Addresses of elements and views of arrays, with index normalisation and bounds checks.

An index becomes:

    a[i]     ->     %0 = i lt 0                   (left out where i is known not to be negative)
                    %1 = extent(a)
                    %2 = i add %1
                    %3 = select %0 ? %2 : i
                    raise IndexError if %3 ge %1      (unsigned, so that a negative one fails too)
                    %4 = address(a) + %3 * 8
"""

from __future__ import annotations

from dataclasses import dataclass

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Array, Pointer, Scalar, i64, u64
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import FALSE, TRUE, Builder, Error

INDEX: Error = ("IndexError", "index out of range")
TUPLE_INDEX: Error = ("IndexError", "tuple index out of range")
SLICE_STEP: Error = ("ValueError", "slice step cannot be zero")
BROADCAST: Error = ("ValueError", "could not broadcast input array: the extents differ")


@dataclass(frozen=True, slots=True)
class Index:
    """An i64 subscript; `non_negative`: known not to be negative."""

    value: ir.Operand
    non_negative: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """An i64 slice; None where the source leaves a part out."""

    start: ir.Operand | None
    stop: ir.Operand | None
    step: ir.Operand | None


def number(value: int) -> ir.Const:
    return ir.Const(i64, value)


ZERO, ONE = number(0), number(1)


def array_type(array: ir.Operand) -> Array:
    assert isinstance(array.type, Array), array
    return array.type


def extent(b: Builder, array: ir.Operand, axis: int, into: ir.Local | None = None) -> ir.Operand:
    dest = into or b.temporary(i64)
    b.emit(ir.ArrayPart(dest, "extent", array, axis))
    return dest


def stride(b: Builder, array: ir.Operand, axis: int) -> ir.Operand:
    """Bytes from one element to the next along the axis."""
    type = array_type(array)
    if type.contiguous:
        distance: ir.Operand = number(type.element.size)
        for later in range(type.ndim - 1, axis, -1):
            distance = arithmetic.compute(b, "mul", extent(b, array, later), distance)
        return distance
    dest = b.temporary(i64)
    b.emit(ir.ArrayPart(dest, "stride", array, axis))
    return dest


def base(b: Builder, array: ir.Operand) -> ir.Local:
    dest = b.temporary(Pointer(array_type(array).element, "global"))
    b.emit(ir.ArrayPart(dest, "address", array))
    return dest


def within(b: Builder, index: Index, extent: ir.Operand, error: Error | None, span: Span) -> ir.Operand:
    """The index counted from the start, tested against the extent unless `error` is None."""
    value = index.value
    if isinstance(value, ir.Const) and value.value < 0:
        value = arithmetic.compute(b, "add", extent, value)
    elif not (index.non_negative or isinstance(value, ir.Const)):
        negative = arithmetic.compare(b, "lt", value, ZERO)
        value = arithmetic.select(b, negative, arithmetic.compute(b, "add", value, extent), value)
    elif error is not None and b.checked:
        b.raise_if(arithmetic.compare(b, "ge", value, extent), error, span)
        return value
    if error is not None and b.checked:
        b.raise_if(arithmetic.below(b, value, extent), error, span)
    return value


def element(b: Builder, array: ir.Operand, indices: tuple[Index, ...], checked: bool, span: Span) -> ir.Local:
    """The address of an element."""
    error = INDEX if checked else None
    inside = [within(b, index, extent(b, array, axis), error, span) for axis, index in enumerate(indices)]
    return element_at(b, array, inside)


def element_at(b: Builder, array: ir.Operand, indices: list[ir.Operand]) -> ir.Local:
    """The address of an element whose indices are known to be in range."""
    type = array_type(array)
    dest = b.temporary(Pointer(type.element, "global"), "address")
    if type.contiguous:
        position = indices[0]
        for axis in range(1, type.ndim):
            row = arithmetic.compute(b, "mul", position, extent(b, array, axis))
            position = arithmetic.compute(b, "add", row, indices[axis])
        b.emit(ir.Offset(dest, base(b, array), position, type.element.size))
    else:
        b.emit(ir.Offset(dest, base(b, array), _distance(b, array, indices), 1))
    return dest


def _distance(b: Builder, array: ir.Operand, indices: list[ir.Operand]) -> ir.Operand:
    """Bytes from the first element."""
    total: ir.Operand = ZERO
    for axis, index in enumerate(indices):
        step = arithmetic.compute(b, "mul", stride(b, array, axis), index)
        total = step if axis == 0 else arithmetic.compute(b, "add", total, step)
    return total


def view(
    b: Builder, array: ir.Operand, items: list[Index | Bounds], type: Array, checked: bool, span: Span,
    into: ir.Local | None = None,
) -> ir.Local:  # fmt: skip
    """A part of an array: an Index drops its axis, Bounds keep it, axes left out are kept."""
    extents: list[ir.Operand] = []
    strides: list[ir.Operand] = []
    firsts: list[ir.Operand] = []
    error = INDEX if checked else None
    for axis in range(array_type(array).ndim):
        item = items[axis] if axis < len(items) else Bounds(None, None, None)
        length = extent(b, array, axis)
        if isinstance(item, Index):
            firsts.append(within(b, item, length, error, span))
        else:
            first, count, step = clip(b, item, length, span)
            firsts.append(first)
            extents.append(count)
            if not type.contiguous:
                strides.append(arithmetic.compute(b, "mul", stride(b, array, axis), step))
    start = element_at(b, array, firsts)
    dest = into or b.temporary(type)
    b.emit(ir.MakeArray(dest, start, tuple(extents), tuple(strides)))
    return dest


def row(b: Builder, array: ir.Operand, index: ir.Operand, type: Array) -> ir.Local:
    """The view `array[index]` of one dimension less, the index known to be in range."""
    ndim = array_type(array).ndim
    extents = tuple(extent(b, array, axis) for axis in range(1, ndim))
    strides = () if type.contiguous else tuple(stride(b, array, axis) for axis in range(1, ndim))
    start = element_at(b, array, [index, *[ZERO] * (ndim - 1)])
    dest = b.temporary(type)
    b.emit(ir.MakeArray(dest, start, extents, strides))
    return dest


def clip(b: Builder, bounds: Bounds, length: ir.Operand, span: Span) -> tuple[ir.Operand, ir.Operand, ir.Operand]:
    """First index, count and step of a slice, as `slice.indices` has them."""
    if bounds == Bounds(None, None, None):
        return ZERO, length, ONE
    step = bounds.step or ONE
    if b.checked:
        b.raise_if(arithmetic.compare(b, "eq", step, ZERO), SLICE_STEP, span)
    forward = arithmetic.compare(b, "gt", step, ZERO)
    low = arithmetic.select(b, forward, ZERO, number(-1))
    high = length
    if forward is not TRUE:
        high = arithmetic.select(b, forward, length, arithmetic.compute(b, "sub", length, ONE))
    start = _clipped(b, bounds.start, length, low, high) or arithmetic.select(b, forward, low, high)
    stop = _clipped(b, bounds.stop, length, low, high) or arithmetic.select(b, forward, high, low)
    return start, _count(b, start, stop, step, forward), step


def _clipped(
    b: Builder, bound: ir.Operand | None, length: ir.Operand, low: ir.Operand, high: ir.Operand
) -> ir.Operand | None:
    if bound is None:
        return None
    negative = arithmetic.compare(b, "lt", bound, ZERO)
    if negative is not FALSE:
        bound = arithmetic.select(b, negative, arithmetic.compute(b, "add", length, bound), bound)
        bound = arithmetic.greatest(b, bound, low)
    return arithmetic.least(b, bound, high)


def _count(b: Builder, start: ir.Operand, stop: ir.Operand, step: ir.Operand, forward: ir.Operand) -> ir.Operand:
    """The length of the slice: distances are at most the extent, so nothing overflows but the step's absolute value,
    which is taken unsigned."""
    distance = arithmetic.compute(b, "sub", stop, start)
    if forward is not TRUE:
        distance = arithmetic.select(b, forward, distance, arithmetic.compute(b, "sub", start, stop))
        step = arithmetic.select(b, forward, step, arithmetic.unary(b, "neg", step))
    some = arithmetic.compare(b, "gt", distance, ZERO)
    if step != ONE:
        last = arithmetic.convert(b, arithmetic.compute(b, "sub", distance, ONE), u64)
        turns = arithmetic.compute(b, "floordiv", last, arithmetic.convert(b, step, u64))
        distance = arithmetic.compute(b, "add", arithmetic.convert(b, turns, i64), ONE)
    return arithmetic.select(b, some, distance, ZERO)


def check_extents(b: Builder, target: ir.Operand, source: ir.Operand, span: Span) -> None:
    if b.checked:
        for axis in range(array_type(target).ndim):
            differ = arithmetic.compare(b, "ne", extent(b, target, axis), extent(b, source, axis))
            b.raise_if(differ, BROADCAST, span)


def load(b: Builder, address: ir.Operand, into: ir.Local | None = None) -> ir.Local:
    assert isinstance(address.type, Pointer)
    assert isinstance(address.type.target, Scalar)
    dest = into or b.temporary(address.type.target)
    b.emit(ir.Load(dest, address))
    return dest
