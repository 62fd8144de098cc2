"""Reloads of neighbouring slots in one wide access.

    %n = load i32, frame + 0                     %w = load <2 x i32>, frame + 0
    %s = load i32, frame + 4          ──▶        %n = extractelement %w, 0
                                                 %s = extractelement %w, 1

LLVM merges loads only where they stand together, but first it moves each to where its value is used, perhaps behind a
branch. A wide load moves as a whole. Frames are 16-byte aligned and their size is a multiple of 16, so the aligned
window around a slot may be read, whatever lies there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, final

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Pointer, Scalar
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering.llvm_context import integer
from coro2cuda.lowering.llvm_types import Leaf, leaves, scalar

WINDOW = 16  # bytes: the widest access
Key = tuple[int, Leaf]  # which reload, and which of its scalars


@final
@dataclass(frozen=True, slots=True)
class Wide:
    """`count` elements of an LLVM type at a byte offset, and where in them each scalar is."""

    offset: int
    element: Any
    bits: int
    count: int
    parts: tuple[tuple[Key, int], ...]

    @property
    def type(self) -> Any:
        return self.element if self.count == 1 else llvm.VectorType(self.element, self.count)


def plan(reloads: Iterable[ir.Reload], rows: Collection[int] = ()) -> list[Wide]:
    """The wide accesses that serve two scalars or more; the others are loaded one by one. `rows` are offsets of windows
    that are loaded whole in any case."""
    windows: dict[int, list[tuple[Key, int]]] = {}
    for index, reload in enumerate(reloads):
        for leaf in leaves(reload.dest.type):
            if not isinstance(leaf.type, Pointer):
                offset = reload.offset + leaf.offset
                windows.setdefault(offset // WINDOW, []).append(((index, leaf), offset))
    return [
        _whole(window, parts) if window * WINDOW in rows else _wide(parts)
        for window, parts in windows.items()
        if len(parts) > 1 or window * WINDOW in rows
    ]


def headers(function: ir.Function) -> set[int]:
    """The window of the frame's header, if the function reloads variables that lie in it and may give a result to its
    parent: who that is is then known without another access."""
    first, *others = function.blocks
    entry = {op.offset // WINDOW for op in first.ops if isinstance(op, ir.Reload)}
    later = {op.offset for block in others for op in block.ops if isinstance(op, ir.Reload)}
    return {0} if 0 in entry and abi.FRAME_PARENT in later else set()


def _whole(window: int, parts: list[tuple[Key, int]]) -> Wide:
    bits = 64 if any(_scalar(key).bits == 64 for key, _ in parts) else 32
    return Wide(window * WINDOW, llvm.IntType(bits), bits, WINDOW * 8 // bits, tuple(parts))


def _wide(parts: list[tuple[Key, int]]) -> Wide:
    types = [_scalar(key) for key, _ in parts]
    first, last = min(offset for _, offset in parts), max(offset + _scalar(key).size for key, offset in parts)
    size = next(size for size in (4, 8, WINDOW) if first // size == (last - 1) // size)
    if all(type == types[0] and type.bits >= 32 for type in types):
        element, bits = scalar(types[0]), types[0].bits
    else:
        bits = 64 if any(type.bits == 64 for type in types) else 32
        element = llvm.IntType(bits)
    return Wide(first // size * size, element, bits, size * 8 // bits, tuple(parts))


def _scalar(key: Key) -> Scalar:
    type = key[1].type
    assert isinstance(type, Scalar)
    return type


def scalars(builder: Any, wide: Wide, loaded: Any) -> dict[Key, Any]:
    """The scalars, as they are in memory, of what a wide access has loaded."""
    return {key: _cut(builder, wide, loaded, _scalar(key), offset) for key, offset in wide.parts}


def _cut(builder: Any, wide: Wide, loaded: Any, type: Scalar, offset: int) -> Any:
    index, bit = divmod(8 * (offset - wide.offset), wide.bits)
    value = loaded if wide.count == 1 else builder.extract_element(loaded, integer(llvm.IntType(32), index))
    kind = scalar(type)
    if kind == wide.element:
        return value
    if bit:
        value = builder.lshr(value, integer(wide.element, bit))
    if 8 * type.size < wide.bits:
        value = builder.trunc(value, llvm.IntType(8 * type.size))
    return builder.bitcast(value, kind) if type.is_float else value
