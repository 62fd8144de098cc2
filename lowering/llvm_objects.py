"""Ops on synchronisation objects in LLVM: calls of the executor's functions, `c2c_lock_release` and the like.

Each takes the launch, the warp, the object and other words. A `Park` adds the frame, the state to wake it in, and the
place and the words of an item in the frame; an item of an operation that does not wait goes through a slot on the
stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Reference, Type
from coro2cuda.frontend.objects import by_operation
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering.frame import size_of
from coro2cuda.lowering.llvm_context import address, integer
from coro2cuda.lowering.llvm_helpers import load_launch_field
from coro2cuda.lowering.llvm_memory import aggregate, from_memory, to_memory
from coro2cuda.lowering.llvm_types import BYTE, LONG, VOID, WORD, leaves

if TYPE_CHECKING:
    from coro2cuda.lowering.llvm_function import Emitter


Op = (
    ir.MakeObject | ir.MakeList | ir.ListView | ir.Operate | ir.WasCancelled | ir.Retain | ir.Release | ir.Park
)  # fmt: skip


def emit(emitter: Emitter, op: Op) -> Any:
    """Emit an op; what its dest gets."""
    match op:
        case ir.MakeObject(dest, argument, site):
            assert isinstance(dest.type, Reference)
            kind = integer(WORD, abi.OBJECT_KINDS.index(dest.type.kind) + 1)
            return emitter.executor_call("make_object", WORD, kind, emitter.read(argument), integer(WORD, site))
        case ir.MakeList(dest, length, site):
            kind, size = _kind_of_list(dest)
            words = [integer(WORD, kind), emitter.read(length), integer(WORD, size), integer(WORD, site)]
            return emitter.executor_call("make_list", WORD, *words)
        case ir.ListView(dest, source):
            assert isinstance(source.type, Reference)
            return _elements(emitter, dest, emitter.read(source), isinstance(source.type.element, Reference))
        case ir.Operate():
            return _operate(emitter, op)
        case ir.WasCancelled(_, outcome):
            return emitter.builder.icmp_unsigned("==", emitter.read(outcome), integer(WORD, abi.CANCELLED))
        case ir.Retain(value):
            emitter.executor_call("retain", VOID, emitter.read(value))
            return None
        case ir.Release(value):
            emitter.executor_call("release", VOID, emitter.read(value))
            return None
        case ir.Park(_, name, arguments, state, place, held):
            words = [emitter.read(argument) for argument in arguments]
            where = [integer(WORD, number) for number in (state, place, 0 if held is None else words_of(size_of(held)))]
            return emitter.executor_call(name.replace(".", "_"), WORD, *words, emitter.frame, *where)


def _kind_of_list(dest: ir.Local) -> tuple[int, int]:
    """The number of its kind, and the bytes of an element."""
    assert isinstance(dest.type, Reference)
    element = dest.type.element
    name = "tasks" if isinstance(element, Reference) else "list"
    return abi.OBJECT_KINDS.index(name) + 1, size_of(element)


def _elements(emitter: Emitter, dest: ir.Local, handle: Any, of_tasks: bool) -> Any:
    """An array of the words behind the object's own, or, of a list of tasks that has grown, behind those of the block
    that is named in one of them; its length stands in another (`runtime.lists`)."""
    context, builder = emitter.context, emitter.builder
    heap = load_launch_field(context, builder, emitter.launch, abi.LAUNCH_HEAP)
    distance = builder.mul(builder.zext(handle, LONG), integer(LONG, abi.HEAP_GRANULE))
    start = builder.gep(heap, [distance], inbounds=True, source_etype=BYTE)
    length = builder.load(address(builder, start, 4 * abi.OBJECT_VALUE), align=4, typ=WORD)
    if of_tasks:
        grown = builder.load(address(builder, start, 4 * abi.OBJECT_HEAD), align=4, typ=WORD)
        base = builder.select(builder.icmp_unsigned("==", grown, integer(WORD, 0)), handle, grown)
        distance = builder.mul(builder.zext(base, LONG), integer(LONG, abi.HEAP_GRANULE))
        start = builder.gep(heap, [distance], inbounds=True, source_etype=BYTE)
    parts = [address(builder, start, 4 * abi.OBJECT_WORDS), builder.zext(length, LONG)]
    return aggregate(builder, context.types.memory(dest.type), parts)


def words_of(size: int) -> int:
    return -(-size // 4)


def _operate(emitter: Emitter, op: ir.Operate) -> Any:
    words = [emitter.read(argument) for argument in op.arguments]
    if by_operation(op.op).frame:
        words.append(emitter.frame)
    name = op.op.replace(".", "_")
    held = op.item.type if op.item is not None else None if op.taken is None else op.taken.type
    if held is None:
        return emitter.executor_call(name, WORD, *words)
    slot = _slot(emitter, held)
    if op.item is not None:
        _put(emitter, slot, op.item.type, emitter.read(op.item))
    outcome = emitter.executor_call(name, WORD, *words, slot, integer(WORD, words_of(size_of(held))))
    if op.taken is not None:
        emitter.write(op.taken, _got(emitter, slot, op.taken.type))
    return outcome


def _slot(emitter: Emitter, type: Type) -> Any:
    """A place on the stack for a value, in whole words; in the entry block, where LLVM makes registers of it."""
    builder = llvm.IRBuilder(emitter.target.blocks[0])
    builder.position_at_start(emitter.target.blocks[0])
    slot = builder.alloca(llvm.ArrayType(WORD, max(1, words_of(size_of(type)))))
    slot.align = 16
    slot.type = emitter.context.types.pointer("generic")
    return slot


def _put(emitter: Emitter, slot: Any, type: Type, value: Any) -> None:
    for leaf in leaves(type):
        part = emitter.builder.extract_value(value, leaf.path) if leaf.path else to_memory(emitter.builder, type, value)
        emitter.builder.store(part, address(emitter.builder, slot, leaf.offset))


def _got(emitter: Emitter, slot: Any, type: Type) -> Any:
    builder, types = emitter.builder, emitter.context.types
    parts = [
        (leaf, builder.load(address(builder, slot, leaf.offset), typ=types.memory(leaf.type))) for leaf in leaves(type)
    ]
    if len(parts) == 1 and not parts[0][0].path:
        return from_memory(builder, type, parts[0][1])
    result = llvm.Constant(types.memory(type), llvm.Undefined)
    for leaf, part in parts:
        result = builder.insert_value(result, part, leaf.path)
    return result
