"""LLVM types of our types: in a register, in memory, and in the signatures of `abi`.

A bool is i1 only as a scalar inside a function; in memory, in aggregates, parameters and results it is an i8. On CUDA
array data, frames and the launch record are in address space 1 (global), on the CPU everything is in 0. None takes no
space: it is left out of signatures and is an empty struct elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, final

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import (
    Array,
    NoneValue,
    Number,
    Pointer,
    Reference,
    Scalar,
    Space,
    Struct,
    Tuple,
    Type,
    i64,
    u32,
)
from coro2cuda.lowering import ir
from coro2cuda.lowering.frame import alignment_of, size_of

BOOL, BYTE, WORD, LONG = (llvm.IntType(bits) for bits in (1, 8, 32, 64))
VOID = llvm.VoidType()
ACTION = llvm.LiteralStructType([WORD, WORD, WORD])
SPACES: dict[Space, int] = {"generic": 0, "global": 1, "shared": 3}


@final
@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar inside a value: where it lies in memory, and where in the LLVM aggregate (no path: the value itself)."""

    type: Scalar | Pointer
    offset: int
    path: tuple[int, ...]


@final
@dataclass(frozen=True, slots=True)
class Types:
    """The LLVM types of one target; `spaces` says whether pointers have address spaces."""

    spaces: bool

    def pointer(self, space: Space) -> Any:
        return _pointer(SPACES[space] if self.spaces else 0)

    def value(self, type: Type) -> Any:
        """In a register."""
        return BOOL if isinstance(type, Scalar) and type.kind == "bool" else self.memory(type)

    def memory(self, type: Type) -> Any:
        """In memory, in an aggregate, as a parameter or a result."""
        match type:
            case Scalar():
                return scalar(type)
            case Pointer():
                return self.pointer(type.space)
            case Reference():
                return WORD
            case Tuple():
                return llvm.LiteralStructType([self.memory(element) for element in type.elements])
            case Array():
                words = type.ndim * (1 if type.contiguous else 2)
                return llvm.LiteralStructType([self.pointer("global"), *[LONG] * words])
            case NoneValue():
                return llvm.LiteralStructType([])
            case Struct() | Number():
                raise AssertionError(f"{type} is not a value")

    def hidden(self) -> list[Any]:
        """What every function of a program takes first: the launch, the warp, the frame pool, the argument block."""
        shared = self.pointer("global")
        return [shared, self.pointer("generic"), shared, shared]

    def signature(self, function: ir.Function, hidden: bool = True) -> Any:
        """The LLVM type of a function after split; `hidden`: it takes the hidden parameters (and the frame)."""
        parameters = [self.memory(local.type) for local in function.parameters if not is_none(local.type)]
        if hidden:
            own = [] if function.kind == "plain" else [WORD]
            parameters = [*self.hidden(), *own, *parameters]
        return llvm.FunctionType(self.result(function), parameters)

    def result(self, function: ir.Function) -> Any:
        """An action, an outcome, a checked result, or the plain result."""
        value = [] if is_none(function.result) else [self.memory(function.result)]
        match function.kind:
            case "resume" | "continuation":
                return ACTION
            case "start":
                return llvm.LiteralStructType([WORD, WORD, *value])
            case "plain" if function.raises:
                return llvm.LiteralStructType([WORD, *value])
            case "plain":
                return value[0] if value else VOID
            case "coroutine":
                raise AssertionError(f"{function.name} has not been split")


@cache
def scalar(type: Scalar) -> Any:
    if type.is_float:
        return llvm.FloatType() if type.bits == 32 else llvm.DoubleType()
    return llvm.IntType(8 * type.size)


@cache
def _pointer(space: int) -> Any:
    return llvm.PointerType(addrspace=space)


@cache
def leaves(type: Type) -> tuple[Leaf, ...]:
    """The scalars a value is made of, in memory order."""
    match type:
        case Scalar() | Pointer():
            return (Leaf(type, 0, ()),)
        case Reference():
            return (Leaf(u32, 0, ()),)
        case Array():
            words = type.ndim * (1 if type.contiguous else 2)
            address = Leaf(Pointer(type.element, "global"), 0, (0,))
            return (address, *(Leaf(i64, 8 * index, (index,)) for index in range(1, 1 + words)))
        case Tuple():
            found: list[Leaf] = []
            end = 0
            for index, element in enumerate(type.elements):
                start = -(-end // alignment_of(element)) * alignment_of(element)
                found += [Leaf(leaf.type, start + leaf.offset, (index, *leaf.path)) for leaf in leaves(element)]
                end = start + size_of(element)
            return tuple(found)
        case _:
            return ()


def is_none(type: Type) -> bool:
    return isinstance(type, NoneValue)


def is_bool(type: Type) -> bool:
    return isinstance(type, Scalar) and type.kind == "bool"
