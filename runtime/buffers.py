"""Host values to the argument block: which arrays we take, what their types are, and how they lie in the block.

adopt(value, name)       anything a user may pass ──▶ scalars, tuples, NumPy arrays, CUDA arrays; else TypeError
type_of(value, name)     its type
write_block(...)         the bytes of the block; `place` says where each array is (in place, or on the device)
merge(arrays)            the memory ranges to copy to a device so that arrays that overlap stay so
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coro2cuda.frontend import dtypes, objects
from coro2cuda.frontend.dtypes import Array, NoneValue, Reference, Scalar, Tuple, Type
from coro2cuda.lowering.program import SLOT, Program

_CODES = {"bool": "?", "i8": "b", "i16": "h", "i32": "i", "i64": "q", "u8": "B", "u16": "H", "u32": "I", "u64": "Q",
          "f32": "f", "f64": "d"}  # fmt: skip
_DLPACK_CPU, _DLPACK_PINNED = 1, 3


@dataclass(frozen=True, slots=True)
class View:
    """Where an array lies: the address of its first element, its extents, and its strides in bytes."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def is_cuda(value: Any) -> bool:
    """Whether it is an array in GPU memory."""
    return hasattr(value, "__cuda_array_interface__")


# --- what users pass -------------------------------------------------------------------------------------------------


def adopt(value: Any, name: str) -> Any:
    """The value as we handle it: DLPack arrays become NumPy or CuPy arrays of the same memory, the rest is unchanged.

    Raises:
        TypeError: it cannot be an argument; names the parameter, and says what to pass instead.
    """
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, tuple):
        return tuple(adopt(item, f"{name}[{position}]") for position, item in enumerate(value))
    if is_cuda(value):
        return value
    if objects.kind_made_by(type(value)) is not None:
        return value
    import numpy

    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return value
    if hasattr(value, "__dlpack_device__"):
        return _from_dlpack(value)
    raise TypeError(f"argument {name!r}: {_describe(value)} cannot be passed to a coroutine; {_instead(value)}")


def _from_dlpack(value: Any) -> Any:
    if int(value.__dlpack_device__()[0]) in (_DLPACK_CPU, _DLPACK_PINNED):
        import numpy

        return numpy.from_dlpack(value)
    from coro2cuda.runtime import backend, cuda

    backend.select("cuda")
    return cuda.from_dlpack(value)


def type_of(value: Any, name: str) -> Type:
    """The type of an adopted value.

    Raises:
        TypeError: an array of a kind the language does not have.
        OverflowError: an int beyond 64 bits.
    """
    if type(value) is int and not dtypes.i64.low <= value <= dtypes.i64.high:
        raise OverflowError(f"argument {name!r}: {value} does not fit int (64 bits)")
    if isinstance(value, tuple):
        return Tuple(tuple(type_of(item, f"{name}[{position}]") for position, item in enumerate(value)))
    found = dtypes.of_value(value)
    if isinstance(found, Reference) and found.kind == "queue" and not found.elements:
        raise TypeError(f"argument {name!r}: what the queue holds is not known; make it as Queue[int](...)")
    if found is None or (isinstance(found, Array) and not 1 <= found.ndim <= 3):
        raise TypeError(f"argument {name!r}: {_refusal(value)}")
    if isinstance(found, Array) and not is_cuda(value):
        _check_memory(value, name)
    return found


def _refusal(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return f"{_describe(value)} cannot be passed to a coroutine; {_instead(value)}"
    if getattr(value, "ndim", 1) == 0 and hasattr(value, "__setitem__"):
        return "a 0-dimensional array cannot be passed; pass the scalar, array[()], or an array of one element"
    if getattr(value, "ndim", 1) > 3:
        return f"arrays have 1 to 3 dimensions, this one has {value.ndim}; reshape it"
    if not getattr(dtype, "isnative", True):
        return f"the array has dtype {dtype.str!r}, not in this machine's byte order; pass array.astype({dtype.name!r})"
    names = ", ".join(scalar.name for scalar in dtypes.SCALARS)
    return (
        f"an array or scalar of dtype {dtype} cannot be passed; its elements must be one of {names}; "
        "convert it, as in array.astype('float32')"
    )


def _check_memory(array: Any, name: str) -> None:
    import numpy

    if isinstance(array, numpy.matrix):
        raise TypeError(f"argument {name!r}: a matrix indexes unlike an array; pass numpy.asarray(...) of it")
    if isinstance(array, numpy.ma.MaskedArray):
        raise TypeError(f"argument {name!r}: a masked array would lose its mask; pass array.data or array.filled(...)")
    if not array.flags.aligned:
        raise TypeError(f"argument {name!r}: the array's elements are not aligned in memory; pass array.copy()")


def _describe(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _instead(value: Any) -> str:
    if isinstance(value, (list, range)):
        return "pass a tuple, or a NumPy array: numpy.array(...)"
    return "pass a bool, int, float, a NumPy or CUDA array, or a tuple of these"


# --- the argument block ----------------------------------------------------------------------------------------------


def numpy_view(array: Any) -> View:
    """A NumPy array where it is."""
    return View(array.__array_interface__["data"][0], array.shape, array.strides)


def cuda_view(array: Any) -> View:
    """An array with `__cuda_array_interface__` where it is."""
    interface = array.__cuda_array_interface__
    shape = tuple(interface["shape"])
    strides = interface.get("strides")
    if strides is None:
        strides = _packed(shape, int(interface["typestr"][2:]))
    return View(interface["data"][0], shape, tuple(strides))


def _packed(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    strides = [size]
    for extent in reversed(shape[1:]):
        strides.append(strides[-1] * extent)
    return tuple(reversed(strides))


def write_block(
    program: Program, values: Sequence[Any], results: Sequence[View], place: Callable[[Any], View]
) -> bytearray:
    """The argument block of a launch.

    Args:
        values: captured arrays, then an item a parameter: its value, (start, step), or the array of elements.
        results: the arrays of results.
        place: where an array is that the code may use.
    """
    block = bytearray(max(program.block_size, SLOT))
    for slot, value in zip(program.uniforms, _uniforms(program, values, results), strict=True):
        _write(block, slot.offset, slot.type, value, place)
    return block


def _uniforms(program: Program, values: Sequence[Any], results: Sequence[View]) -> Iterator[Any]:
    captured = len(program.captured)
    yield from values[:captured]
    for argument, value in zip(program.arguments, values[captured:], strict=True):
        if argument.mode == "range":
            yield from value
        else:
            yield value
    yield from results


def _write(block: bytearray, offset: int, type: Type, value: Any, place: Callable[[Any], View]) -> int:
    """Write a value at an offset; returns the offset after it."""
    match type:
        case Scalar():
            struct.pack_into("<" + _CODES[type.name], block, offset, value)
            return offset + SLOT
        case Tuple():
            for element, item in zip(type.elements, value, strict=True):
                offset = _write(block, offset, element, item, place)
            return offset
        case Array():
            view = value if isinstance(value, View) else place(value)
            numbers = view.shape if type.contiguous else (*view.shape, *view.strides)
            struct.pack_into(f"<Q{len(numbers)}q", block, offset, view.address, *numbers)
            return offset + SLOT * (1 + len(numbers))
        case NoneValue():
            return offset
        case Reference():
            struct.pack_into("<I", block, offset, value)
            return offset + SLOT
        case _:
            raise AssertionError(f"{type} in an argument block")


def arrays_in(values: Iterable[Any]) -> Iterator[Any]:
    """All arrays among the values, also inside tuples."""
    for value in values:
        if isinstance(value, tuple):
            yield from arrays_in(value)
        elif is_cuda(value) or (hasattr(value, "strides") and value.ndim):
            yield value


# --- memory ranges ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Range:
    """The bytes [start, end) of host memory."""

    start: int
    end: int


def merge(arrays: Iterable[Any]) -> list[Range]:
    """The least set of disjoint ranges that hold the elements of all NumPy arrays, in ascending order."""
    ranges: list[Range] = []
    for found in sorted((range_of(array) for array in arrays if array.size), key=lambda found: found.start):
        if ranges and found.start < ranges[-1].end:
            ranges[-1] = Range(ranges[-1].start, max(ranges[-1].end, found.end))
        else:
            ranges.append(found)
    return ranges


def range_of(array: Any) -> Range:
    """From the lowest byte of a NumPy array to the highest, whatever its strides."""
    start = end = array.__array_interface__["data"][0]
    for extent, stride in zip(array.shape, array.strides, strict=True):
        if stride < 0:
            start += (extent - 1) * stride
        else:
            end += (extent - 1) * stride
    return Range(start, end + array.itemsize)
