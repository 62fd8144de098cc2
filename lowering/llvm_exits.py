"""Leave with one store for 16 bytes of the frame, where a few narrow stores would go to the same place.

    saved: random, x, k; clean: index             st.global.b32 [f+4], random        st.global.v4.b32 [f], {index,
    frame: index random x k               ──▶     st.global.v2.b32 [f+8], {x, k}       random, x, k}

Lanes of a group write to scattered frames, so that each store instruction takes as many memory transactions as there
are lanes: their number is what counts, not the bytes (measured: 3.16 against 2.03 ms for W1's short steps). The words
that did not change are written back as they were loaded, when the function was entered. That is right only while nobody
else has written there what is needed later: at an exit where the task merely suspends, not where a callee it started
has just put its own variables there. What awaits have delivered into the frame since is in variables, which are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Pointer, Scalar
from coro2cuda.lowering import ir
from coro2cuda.lowering.llvm_context import integer
from coro2cuda.lowering.llvm_reload import WINDOW
from coro2cuda.lowering.llvm_types import LONG, WORD, Leaf, leaves

WORDS = WINDOW // 4
ROW = llvm.VectorType(WORD, WORDS)


@final
@dataclass(frozen=True, slots=True)
class WideStore:
    """The window at byte `offset` of the frame, and which spills of the block go into it, with their first word."""

    offset: int
    parts: tuple[tuple[int, Leaf, int], ...]  # index of the spill, the scalar, its word in the window


def plan(function: ir.Function) -> dict[int, tuple[WideStore, ...]]:
    """By block, the wide stores that pay; functions that reload nothing have no window to write back."""
    if function.kind not in ("resume", "continuation"):
        return {}
    found = {}
    for index in function.reachable():
        block = function.blocks[index]
        if _merely_suspends(block) and (stores := tuple(_wide_stores(block))):
            found[index] = stores
    return found


def _merely_suspends(block: ir.Block) -> bool:
    end = block.end
    if not isinstance(end, ir.Leave) or end.frame is not None or end.release:
        return False
    return all(isinstance(op, ir.Spill) and op.frame is None and op.position is None for op in block.ops)


def _wide_stores(block: ir.Block) -> Iterator[WideStore]:
    windows: dict[int, list[tuple[int, Leaf, int]]] = {}
    narrow: set[int] = set()
    for index, op in enumerate(block.ops):
        assert isinstance(op, ir.Spill)
        for leaf in leaves(op.value.type):
            window, byte = divmod(op.offset + leaf.offset, WINDOW)
            windows.setdefault(window, []).append((index, leaf, byte // 4))
            if _size(leaf) < 4:
                narrow.add(window)
    for window, parts in windows.items():
        if window not in narrow and not _is_one_store(parts):
            yield WideStore(window * WINDOW, tuple(parts))


def _is_one_store(parts: list[tuple[int, Leaf, int]]) -> bool:
    """Whether the words make up one aligned access of 4, 8 or 16 bytes, which LLVM makes of them anyway."""
    words = {word + extra for _, leaf, word in parts for extra in range(_size(leaf) // 4)}
    return words in ({0}, {1}, {2}, {3}, {0, 1}, {2, 3}, {0, 1, 2, 3})


def _size(leaf: Leaf) -> int:
    if isinstance(leaf.type, Pointer):
        return 8
    assert isinstance(leaf.type, Scalar)
    return leaf.type.size


def merged(builder: Any, row: Any, parts: list[tuple[Any, Leaf, int]]) -> Any:
    """The window `row` with new values, in memory form, put into their words."""
    for value, leaf, word in parts:
        for extra, piece in enumerate(_words(builder, value, leaf)):
            row = builder.insert_element(row, piece, integer(WORD, word + extra))
    return row


def _words(builder: Any, value: Any, leaf: Leaf) -> list[Any]:
    if isinstance(leaf.type, Pointer):
        value = builder.ptrtoint(value, LONG)
    elif leaf.type.is_float:
        value = builder.bitcast(value, llvm.IntType(leaf.type.bits))
    if _size(leaf) == 4:
        return [value]
    return [builder.trunc(value, WORD), builder.trunc(builder.lshr(value, integer(LONG, 32)), WORD)]
