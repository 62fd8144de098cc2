"""Memory as generated code sees it: frames, the argument block, user arrays and atomics.

Frames and arrays are kept apart for LLVM by alias scopes: an array may alias another array, never a frame. Accesses to
a frame carry the alignment that a 16-byte aligned frame gives them, so that neighbours merge into vector accesses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, final

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Pointer, Reference, Scalar, Type
from coro2cuda.lowering import abi, ir, llvm_exits, llvm_helpers, llvm_reload
from coro2cuda.lowering import llvm_scalars as scalars
from coro2cuda.lowering.llvm_context import Context, address, integer
from coro2cuda.lowering.llvm_types import BYTE, LONG, SPACES, Leaf, is_bool, leaves

SLOT = 8  # bytes of a scalar in the argument block
REDUCTIONS = ("add", "sub", "and", "or", "xor", "min", "max")
ATOMIC_NAMES: dict[ir.AtomicOp, str] = {"exchange": "xchg"}


def to_memory(builder: Any, type: Type, value: Any) -> Any:
    """A register's value as it is stored or passed."""
    return builder.zext(value, BYTE) if is_bool(type) else value


def from_memory(builder: Any, type: Type, value: Any) -> Any:
    """A loaded or passed value in a register."""
    return builder.icmp_unsigned("!=", value, integer(BYTE, 0)) if is_bool(type) else value


def aggregate(builder: Any, type: Any, values: Iterable[Any]) -> Any:
    """An LLVM struct of values; the constant ones cost no instruction."""
    values = list(values)
    fixed = [isinstance(value, llvm.Constant) for value in values]
    unknown = [llvm.Constant(value.type, llvm.Undefined) for value in values]
    result = llvm.Constant(type, [values[i] if fixed[i] else unknown[i] for i in range(len(values))])
    for index, value in enumerate(values):
        if not fixed[index]:
            result = builder.insert_value(result, value, index)
    return result


@final
class Memory:
    """The memory accesses of one function. `prologue` is a builder at the function's entry, where the address of
    the frame is computed once; `wide` joins accesses to neighbouring slots."""

    def __init__(
        self, context: Context, prologue: Any, launch: Any, pool: Any, block: Any, frame: Any, frame_size: int,
        function: ir.Function, wide: bool,
    ) -> None:  # fmt: skip
        self.context, self.pool, self.block, self.frame_size = context, pool, block, frame_size
        self.wide = wide
        self.own: Any = None
        self.control: Any = None
        self.rows: dict[int, Any] = {}  # windows of the frame as they were at the function's entry, by offset
        accesses = [op for op in _ops(function) if isinstance(op, ir.Reload | ir.Spill)]
        if any(isinstance(op, ir.Reload) or op.frame is None for op in accesses):
            self.own = self._frame_address(prologue, frame)
        if any(isinstance(block.end, ir.Poll) for block in function.blocks):
            self.control = llvm_helpers.load_launch_field(context, prologue, launch, abi.LAUNCH_CONTROL)

    def _frame_address(self, builder: Any, frame: Any) -> Any:
        # A product of 32-bit factors: one mad.wide on CUDA.
        distance = builder.mul(builder.zext(frame, LONG), integer(LONG, self.frame_size))
        return builder.gep(self.pool, [distance], inbounds=True, source_etype=BYTE)

    # --- frames ---

    def reload(self, builder: Any, ops: list[ir.Reload], at_entry: bool = False) -> list[Any]:
        """The values of reloads that stand together; if `wide` with as few accesses as possible.

        At the function's entry they are in the windows that are loaded there in any case. Later they are not: what an
        await delivers to a task that need not wait for it is written into the frame by the executor's function. Only
        whose task this is stays as it is."""
        same = at_entry or all(op.offset in (abi.FRAME_PARENT, abi.FRAME_RETURN) for op in ops)
        rows = self.rows if same else {}

        def access(offset: int, type: Any) -> Any:
            return self._in_frame(self._load(builder, address(builder, self.own, offset), _alignment(offset), type))

        known: dict[llvm_reload.Key, Any] = {}
        for wide in llvm_reload.plan(ops, set(rows)) if self.wide else ():
            row = rows.get(wide.offset - wide.offset % llvm_reload.WINDOW)
            loaded = access(wide.offset, wide.type) if row is None else builder.bitcast(row, wide.type)
            known |= llvm_reload.scalars(builder, wide, loaded)

        def value(index: int, op: ir.Reload) -> Any:
            def part(leaf: Leaf) -> Any:
                if (index, leaf) in known:
                    return known[index, leaf]
                return access(op.offset + leaf.offset, self.context.types.memory(leaf.type))

            return self._assemble(builder, op.dest.type, part)

        return [value(index, op) for index, op in enumerate(ops)]

    def _load(self, builder: Any, place: Any, alignment: int, type: Any) -> Any:
        """If not `wide` no two are joined, and none is made larger: LLVM does that with plain loads, for CUDA."""
        if self.context.target.is_cuda and not self.wide:
            return builder.load_atomic(place, 'syncscope("block") unordered', alignment, typ=type)
        return builder.load(place, align=alignment, typ=type)

    def load_rows(self, builder: Any, offsets: Iterable[int]) -> None:
        """Load the windows of the frame that will be written back whole (`llvm_exits`)."""
        for offset in sorted(offsets):
            load = builder.load(address(builder, self.own, offset), align=llvm_reload.WINDOW, typ=llvm_exits.ROW)
            self.rows[offset] = self._in_frame(load)

    def store_row(self, builder: Any, offset: int, parts: list[tuple[Any, Leaf, int]]) -> None:
        """Write a window back with new values in it."""
        row = llvm_exits.merged(builder, self.rows[offset], parts)
        self._in_frame(builder.store(row, address(builder, self.own, offset), align=llvm_reload.WINDOW))

    def spill(
        self, builder: Any, op: ir.Spill, value: Any, frame: Any, position: Any, only: list[Leaf] | None = None
    ) -> None:
        base = self.own if frame is None else self._frame_address(builder, frame)
        if position is not None:
            base = builder.gep(base, [builder.zext(position, LONG)], inbounds=True, source_etype=BYTE)
        for leaf in leaves(op.value.type) if only is None else only:
            offset = op.offset + leaf.offset
            # At a run-time position nothing more is known than that slots are naturally aligned.
            align = _alignment(offset) if position is None else _size(leaf.type)
            part = self.part(builder, op.value.type, leaf, value)
            self._in_frame(builder.store(part, address(builder, base, offset), align=align))

    def _in_frame(self, access: Any) -> Any:
        access.set_metadata("alias.scope", self.context.frame_scope)
        access.set_metadata("noalias", self.context.user_scope)
        return access

    # --- the argument block ---

    def uniform(self, builder: Any, offset: int, type: Type) -> Any:
        """The value at a byte offset of the argument block."""
        numbered = {leaf: index for index, leaf in enumerate(leaves(type))}
        return self._assemble(builder, type, lambda leaf: self.uniform_leaf(builder, offset, numbered[leaf], leaf.type))

    def uniform_leaf(self, builder: Any, offset: int, index: int, type: Type) -> Any:
        """One scalar of a value in the argument block, as it is in memory."""
        place = address(builder, self.block, offset + SLOT * index)
        load = builder.load(place, align=SLOT, typ=self.context.types.memory(type))
        load.set_metadata("invariant.load", self.context.invariant)
        return load

    # --- values of several scalars ---

    def _assemble(self, builder: Any, type: Type, load: Any) -> Any:
        if isinstance(type, Scalar | Pointer | Reference):
            return from_memory(builder, type, load(leaves(type)[0]))
        result = llvm.Constant(self.context.types.memory(type), llvm.Undefined)
        for leaf in leaves(type):
            result = builder.insert_value(result, load(leaf), leaf.path)
        return result

    def part(self, builder: Any, type: Type, leaf: Leaf, value: Any) -> Any:
        """One scalar of a value, as it is in memory."""
        return builder.extract_value(value, leaf.path) if leaf.path else to_memory(builder, type, value)


def _ops(function: ir.Function) -> Iterator[ir.Op]:
    for block in function.blocks:
        yield from block.ops


def _alignment(offset: int) -> int:
    return math.gcd(abi.FRAME_ALIGNMENT, offset)


def _size(type: Scalar | Pointer) -> int:
    return 8 if isinstance(type, Pointer) else type.size


# --- addresses and what they point to --------------------------------------------------------------------------------


def load(context: Context, builder: Any, type: Type, pointer: Any) -> tuple[Any, Any]:
    """The value at an address in a register, and the load."""
    assert isinstance(type, Scalar | Pointer), f"{type} is not loaded at once"
    access = builder.load(pointer, align=_size(type), typ=context.types.memory(type))
    return from_memory(builder, type, access), access


def store(builder: Any, type: Type, value: Any, pointer: Any) -> Any:
    assert isinstance(type, Scalar | Pointer), f"{type} is not stored at once"
    return builder.store(to_memory(builder, type, value), pointer, align=_size(type))


def in_arrays(context: Context, access: Any) -> None:
    """Mark a user's access: it may touch any array, and no frame."""
    access.set_metadata("alias.scope", context.user_scope)
    access.set_metadata("noalias", context.frame_scope)


def offset(context: Context, builder: Any, op: ir.Offset, base: Any, index: Any) -> Any:
    """`base + index * scale + offset`, as an address of dest's type."""
    wanted = context.types.memory(op.dest.type)
    if base.type != wanted:
        base = builder.addrspacecast(base, wanted)
    if isinstance(op.index, ir.Const):
        return address(builder, base, int(op.index.value) * op.scale + op.offset)
    if index is not None:
        assert op.index is not None and isinstance(op.index.type, Scalar)
        wide = scalars.resize(builder, index, LONG, op.index.type.kind == "int")
        base = builder.gep(base, [wide], inbounds=True, source_etype=_stride_type(op.scale))
    return address(builder, base, op.offset)


def _stride_type(scale: int) -> Any:
    return llvm.IntType(8 * scale) if scale in (1, 2, 4, 8) else llvm.ArrayType(BYTE, scale)


def atomic(context: Context, builder: Any, op: ir.Atomic, pointer: Any, value: Any, expected: Any) -> Any:
    """A relaxed read-modify-write; the old value in a register."""
    type = op.value.type
    assert isinstance(type, Scalar), f"no atomic on {type}"
    if type.is_float and op.op in ("min", "max", "cas"):
        return _float_loop(context, builder, op, type, pointer, value, expected)
    value, ordering = to_memory(builder, type, value), context.scope + "monotonic"
    if op.op == "cas":
        access = builder.cmpxchg(pointer, to_memory(builder, type, expected), value, ordering, "monotonic")
        old = builder.extract_value(access, 0)
    else:
        if type.is_float and op.op == "sub":
            value = builder.fneg(value)  # CUDA has no atomic subtraction of floats; x + -y is x - y
        unread = op.dest is None and op.op in REDUCTIONS
        if unread and context.target.is_cuda and pointer.type.addrspace == SPACES["global"]:
            return _reduce(context, builder, op.op, type, pointer, value)
        access = builder.atomic_rmw(_atomic_name(op.op, type), pointer, value, ordering)
        old = access
    in_arrays(context, access)
    return from_memory(builder, type, old)


def _reduce(context: Context, builder: Any, op: ir.AtomicOp, type: Scalar, pointer: Any, value: Any) -> None:
    """An atomic whose old value nobody reads."""
    if op == "sub":
        op, value = "add", value if type.is_float else builder.neg(value)
    signed = "s" if op in ("min", "max") and type.kind == "int" else "u"
    letter = "b" if op in ("and", "or", "xor") else "f" if type.is_float else signed
    in_arrays(context, llvm_helpers.reduction(builder, f"{op}.{letter}{type.bits}", pointer, value))


def _atomic_name(op: ir.AtomicOp, type: Scalar) -> str:
    if type.is_float and op in ("add", "sub"):
        return "fadd"
    unsigned = "u" if op in ("min", "max") and type.kind != "int" else ""
    return unsigned + ATOMIC_NAMES.get(op, op)


def _float_loop(
    context: Context, builder: Any, op: ir.Atomic, type: Scalar, pointer: Any, value: Any, expected: Any
) -> Any:
    """min and max keep the old value unless the new one is less (greater), as Python's; cas compares by value."""
    arguments = [pointer, value] if expected is None else [pointer, value, expected]
    predicate = {"min": "<", "max": ">", "cas": "=="}[op.op]

    def replace(builder: Any, values: list[Any]) -> Any:
        other = values[2] if op.op == "cas" else values[0]
        mine = values[0] if op.op == "cas" else values[1]
        return builder.fcmp_ordered(predicate, mine, other)

    return builder.call(llvm_helpers.atomic_loop(context, op.op, type, pointer.type, replace), arguments)


