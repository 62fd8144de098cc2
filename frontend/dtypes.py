"""The types of the language: scalars, tuples, arrays, and the references of device Python.

A type is a frozen value; two equal types are interchangeable. `Scalar` objects are also what the user writes:
`i32` annotates (`n: i32`), converts (`i32(x)`, on the host too) and, subscripted, names an array (`f32[:, :]`).

Promotion is NumPy 2's (NEP 50) for values of known type. `int` is `i64`, `float` is `f64`. A *literal* (a Python number
written in the source, or a Python number bound to a module or closure name) is weak: it takes the type of the other
operand of an operator. Bound to a name it is `int` or `float`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, final

ScalarKind = Literal["bool", "int", "uint", "float"]
Space = Literal["global", "shared", "generic"]


@final
@dataclass(frozen=True, slots=True)
class Scalar:
    """A machine scalar. `bits` is its width in memory; `bool` is one bit in a register, a byte in memory."""

    name: str
    kind: ScalarKind
    bits: int

    @property
    def size(self) -> int:
        """Bytes in memory; also the alignment."""
        return max(1, self.bits // 8)

    @property
    def is_integer(self) -> bool:
        return self.kind in ("int", "uint")

    @property
    def is_float(self) -> bool:
        return self.kind == "float"

    @property
    def low(self) -> int:
        """The least value of an integer type."""
        return -(1 << (self.bits - 1)) if self.kind == "int" else 0

    @property
    def high(self) -> int:
        """The greatest value of an integer type."""
        return (1 << (self.bits - 1)) - 1 if self.kind == "int" else (1 << self.bits) - 1

    def wrap(self, value: int) -> int:
        """The value of this integer type congruent to `value` modulo 2**bits."""
        value &= (1 << self.bits) - 1
        return value - (1 << self.bits) if self.kind == "int" and value > self.high else value

    def __call__(self, value: Any = 0) -> Any:
        """Convert on the host, as the same call does in a coroutine: integers wrap, floats truncate towards zero.

        Returns a Python `bool`, `int` (i64) or `float` (f64), else the NumPy scalar of this type.

        Raises:
            ValueError: a NaN made an integer.
            OverflowError: an infinity, or a float outside the type, made an integer.
        """
        converted = self.convert(value)
        return converted if self.kind == "bool" or self in (i64, f64) else self.numpy().type(converted)

    def convert(self, value: Any) -> bool | int | float:
        """As a call, but the result is a Python number: what the compiler computes with, and NumPy is not loaded.

        Raises:
            ValueError: a NaN made an integer.
            OverflowError: an infinity, or a float outside the type, made an integer.
        """
        if self.kind == "bool":
            return bool(value)
        if self.is_float:
            return self.round(float(value))
        whole = int(value)
        floats = isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"
        if floats and not self.low <= whole <= self.high:
            raise OverflowError(f"{value!r} does not fit {self.name}")
        return self.wrap(whole)

    def round(self, value: float) -> float:
        """The nearest value of this float type, ties to even; beyond the greatest, an infinity."""
        if self.bits == 64:
            return value
        import ctypes

        return ctypes.c_float(value).value

    def __getitem__(self, axes: slice | tuple[slice, ...]) -> Array:
        """`f32[:]`, `f32[:, :]`, `f32[:, :, :]`: arrays of one to three dimensions."""
        count = len(axes) if isinstance(axes, tuple) else 1
        if count > 3:
            raise TypeError(f"{self.name}[...]: arrays have 1 to 3 dimensions, not {count}")
        return Array(self, count)

    def numpy(self) -> Any:
        """The NumPy dtype."""
        import numpy

        return numpy.dtype({"bool": "bool", "int": f"int{self.bits}", "uint": f"uint{self.bits}",
                            "float": f"float{self.bits}"}[self.kind])  # fmt: skip

    def __repr__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, slots=True)
class Array:
    """A NumPy array of scalars: a pointer, `ndim` extents and, unless C-contiguous, `ndim` strides in bytes (i64)."""

    element: Scalar
    ndim: int
    contiguous: bool = False
    writable: bool = True

    def __repr__(self) -> str:
        return f"{self.element}[{', '.join(':' * self.ndim)}]"


@final
@dataclass(frozen=True, slots=True)
class Tuple:
    """A tuple of known length; elements of any value type."""

    elements: tuple[Type, ...]

    def __repr__(self) -> str:
        inside = ", ".join(map(repr, self.elements))
        return f"tuple[{inside}]" if self.elements else "tuple[()]"


@final
@dataclass(frozen=True, slots=True)
class NoneValue:
    """The type of `None`: the result of a function that returns nothing."""

    def __repr__(self) -> str:
        return "None"


@final
@dataclass(frozen=True, slots=True)
class Number:
    """The weak type of a literal: `int` or `float` until an operand or a declared type says otherwise."""

    value: int | float

    @property
    def default(self) -> Scalar:
        return i64 if isinstance(self.value, int) else f64

    def fits(self, scalar: Scalar) -> bool:
        """Whether the literal may become this type without a change of kind or of an integer's value."""
        if isinstance(self.value, float):
            return scalar.is_float
        return scalar.is_float or (scalar.is_integer and scalar.low <= self.value <= scalar.high)

    def __repr__(self) -> str:
        return type(self.value).__name__


@final
@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: Type
    offset: int


@final
@dataclass(frozen=True, slots=True)
class Struct:
    """A record of device Python, laid out as C does. Made by `coro2cuda.frontend.device.struct`."""

    name: str
    fields: tuple[Field, ...]
    size: int
    alignment: int

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def __repr__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, slots=True)
class Pointer:
    """The address of a run of scalars or structs in device Python: `p[i]` is the i-th, `p + n` moves by elements."""

    target: Scalar | Struct
    space: Space = "generic"

    def __repr__(self) -> str:
        return f"Pointer[{self.target!r}, {self.space}]"


ObjectKind = Literal[
    "event", "lock", "semaphore", "bounded_semaphore", "condition", "queue", "barrier", "task", "group", "list",
    "timeout",
]  # fmt: skip
KIND_NAMES: dict[ObjectKind, str] = {
    "event": "Event", "lock": "Lock", "semaphore": "Semaphore", "bounded_semaphore": "BoundedSemaphore",
    "condition": "Condition", "queue": "Queue", "barrier": "Barrier", "task": "Task",
    "group": "TaskGroup", "list": "list", "timeout": "timeout",
}  # fmt: skip


@final
@dataclass(frozen=True, slots=True)
class Reference:
    """A counted reference to an object in device memory: a u32 handle. `elements`: of a queue, the type of its
    items."""

    kind: ObjectKind
    elements: tuple[Type, ...] = ()
    size = 4

    @property
    def element(self) -> Type:
        """The type of a queue's items."""
        return self.elements[0]

    def __repr__(self) -> str:
        inside = f"[{', '.join(map(repr, self.elements))}]" if self.elements else ""
        return f"{KIND_NAMES[self.kind]}{inside}"


Type = Scalar | Array | Tuple | NoneValue | Number | Struct | Pointer | Reference

boolean = Scalar("bool", "bool", 1)
i8, i16, i32, i64 = (Scalar(f"i{bits}", "int", bits) for bits in (8, 16, 32, 64))
u8, u16, u32, u64 = (Scalar(f"u{bits}", "uint", bits) for bits in (8, 16, 32, 64))
f32, f64 = (Scalar(f"f{bits}", "float", bits) for bits in (32, 64))
none = NoneValue()

SCALARS: tuple[Scalar, ...] = (boolean, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64)
BY_NAME = {scalar.name: scalar for scalar in SCALARS}


def spelled(type: Type) -> str:
    """The type as the user would write it: `int`, `float` and `bool` for Python's own."""
    if isinstance(type, Scalar):
        return {"i64": "int", "f64": "float"}.get(type.name, type.name)
    if isinstance(type, Tuple):
        return "tuple[" + (", ".join(map(spelled, type.elements)) or "()") + "]"
    if isinstance(type, Reference) and type.elements:
        return f"{KIND_NAMES[type.kind]}[{', '.join(map(spelled, type.elements))}]"
    return repr(type)


def holds_array(type: Type) -> bool:
    """Whether it is an array, or a tuple with one in it."""
    return isinstance(type, Array) or (isinstance(type, Tuple) and any(map(holds_array, type.elements)))


def with_article(type: Type) -> str:
    """The type in a sentence: `an i32`, `a float`, `None`."""
    if isinstance(type, NoneValue):
        return "None"
    name = spelled(type)
    return f"{'an' if name.startswith(('i', 'f32', 'f64', 'Event')) else 'a'} {name}"


def promote(left: Scalar, right: Scalar) -> Scalar | None:
    """The type of an arithmetic operation between two values of known type, as NumPy 2 has it.

    Two bools make `int`, as in Python. None for i64 (or a narrower signed type) with u64: NumPy goes to f64 there and
    loses bits, so we ask the user to choose.
    """
    if left == right:
        return i64 if left == boolean else left
    if left == boolean:
        return right
    if right == boolean:
        return left
    if left.is_float or right.is_float:
        if left.is_float and right.is_float:
            return f64
        real, whole = (left, right) if left.is_float else (right, left)
        return real if real.bits == 64 or whole.bits <= 16 else f64
    if left.kind == right.kind:
        return left if left.bits > right.bits else right
    signed, unsigned = (left, right) if left.kind == "int" else (right, left)
    if signed.bits > unsigned.bits:
        return signed
    return {8: i16, 16: i32, 32: i64}.get(unsigned.bits)


def of_value(value: Any) -> Type | None:
    """The type of a host value given as an argument, or None if there is none.

    Python `bool`, `int`, `float`, NumPy scalars, NumPy arrays and anything with `__cuda_array_interface__`, and tuples
    of these. Byte order and dimension count are the caller's to check.
    """
    if isinstance(value, bool):
        return boolean
    if type(value) is int:
        return i64
    if type(value) is float:
        return f64
    if isinstance(value, tuple):
        inside = [of_value(item) for item in value]
        return None if any(item is None for item in inside) else Tuple(tuple(i for i in inside if i is not None))
    return reference_to(value) or _of_numpy(value)


def reference_to(value: Any) -> Reference | None:
    """A synchronisation object of ours or of asyncio; `Queue[i32](8)` knows its items by `__orig_class__`."""
    from coro2cuda.frontend import objects, signatures

    kind = objects.kind_made_by(type(value))
    if kind is None:
        return None
    item = signatures.annotation_type(objects.item_of(getattr(value, "__orig_class__", None)))
    return Reference(kind) if kind != "queue" or item is None or item == none else Reference(kind, (item,))


def of_dtype(dtype: Any) -> Scalar | None:
    """The scalar type of a NumPy dtype in native byte order, or None."""
    if dtype.names or dtype.subdtype or not dtype.isnative:
        return None
    name = {"b": "bool", "i": f"i{dtype.itemsize * 8}", "u": f"u{dtype.itemsize * 8}",
            "f": f"f{dtype.itemsize * 8}"}.get(dtype.kind, "")  # fmt: skip
    return BY_NAME.get(name)


def _of_numpy(value: Any) -> Type | None:
    if isinstance(value, type):  # numpy.float32 itself has a `dtype` too
        return None
    interface = getattr(value, "__cuda_array_interface__", None)
    if interface is not None:
        import numpy

        element = of_dtype(numpy.dtype(interface["typestr"]))
        if element is None:
            return None
        shape, strides = interface["shape"], interface.get("strides")
        packed = strides is None or strides == _packed(shape, element.size)
        return Array(element, len(shape), packed, not interface["data"][1])
    dtype = getattr(value, "dtype", None)
    element = None if dtype is None else of_dtype(dtype)
    if element is None or not hasattr(value, "flags"):
        return None
    if getattr(value, "ndim", 0) == 0 and not hasattr(value, "__array_finalize__"):
        return element
    return Array(element, value.ndim, bool(value.flags.c_contiguous), bool(value.flags.writeable))


def _packed(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return tuple(size * math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
