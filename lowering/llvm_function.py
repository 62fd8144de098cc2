"""One function of the IR to one LLVM function.

A local that is written in one place becomes an LLVM value, any other a stack slot that LLVM's first pass promotes.
Blocks are emitted in reverse postorder, so a value is there before its uses. How a function ends early is in
`llvm_errors`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, assert_never, final

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Array, Pointer, Struct, Type
from coro2cuda.lowering import abi, intrinsics, ir, liveness, llvm_exits, llvm_helpers, llvm_objects, llvm_reload
from coro2cuda.lowering import llvm_memory as memory
from coro2cuda.lowering import llvm_scalars as scalars
from coro2cuda.lowering.llvm_context import Context, address, integer
from coro2cuda.lowering.llvm_errors import Errors
from coro2cuda.lowering.llvm_memory import Memory, aggregate, from_memory, to_memory
from coro2cuda.lowering.llvm_types import ACTION, BYTE, VOID, WORD, is_none, leaves


@final
@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a function refers to: the LLVM functions by name, where uniforms lie, the size of a frame, the formats of
    print records, the class of what each site raises. Device Python (`hidden` False) passes the launch and the warp
    itself, and its memory is not the user's. `wide_frames`: neighbouring slots are read and written together
    (`llvm_reload`, `llvm_exits`)."""

    context: Context
    functions: Mapping[str, Any]
    uniform_offsets: Sequence[int]
    frame_size: int
    formats: Sequence[tuple[str | Type, ...]]
    kinds: Sequence[int]
    hidden: bool
    wide_frames: bool = False


def emit_function(around: Surroundings, function: ir.Function, target: Any) -> None:
    """Fill in the body of the LLVM function `target`."""
    Emitter(around, function, target).emit()


@final
class Emitter:
    def __init__(self, around: Surroundings, function: ir.Function, target: Any) -> None:
        self.around, self.context = around, around.context
        self.function, self.target = function, target
        self.order = _reverse_postorder(function)
        self.values: dict[int, Any] = {}
        self.slots: dict[int, Any] = {}
        self.uniforms: dict[int, Any] = {}  # loaded in the current block
        self.launch_fields: set[int] = set()
        self.blocks: dict[int, Any] = {}
        self.builder: Any = None
        self.block: Any = None  # the block of arguments
        self.memory: Memory

    def emit(self) -> None:
        prologue = llvm.IRBuilder(self.target.append_basic_block("entry"))
        self.blocks = {index: self.target.append_basic_block(f"b{index}") for index in self.order}
        self.builder = prologue
        self._make_slots()
        self._take_parameters()
        self.errors = Errors(self.context, self.function, self.target, self.launch)
        self._open_memory()
        prologue.branch(self.blocks[self.order[0]])
        for index in self.order:
            self._block(index)

    # --- locals ---

    def _make_slots(self) -> None:
        writes = Counter(local.index for local in self.function.parameters)
        types: dict[int, Type] = {}
        for index in self.order:
            for op in self.function.blocks[index].ops:
                for local in liveness.written(op):
                    writes[local.index] += 1
                    types[local.index] = local.type
        for local_index, type in types.items():
            if writes[local_index] > 1:
                self.slots[local_index] = slot = self.builder.alloca(self.context.types.value(type))
                slot.type = self.context.types.pointer("generic")

    def _take_parameters(self) -> None:
        arguments = list(self.target.args)
        self.hidden: list[Any] = []
        self.launch = self.warp = self.pool = self.block = self.frame = None
        if self.around.hidden:
            count = len(self.context.types.hidden())
            self.hidden, arguments = arguments[:count], arguments[count:]
            self.launch, self.warp, self.pool, self.block = self.hidden
            self.launch.attributes.dereferenceable, self.launch.attributes.align = abi.LAUNCH_SIZE, 8
            if self.function.kind != "plain":
                self.frame = arguments.pop(0)
        given = iter(arguments)
        for local in self.function.parameters:
            if is_none(local.type):
                self.write(local, scalars.constant(self.context, local.type, None))
            else:
                self.write(local, from_memory(self.builder, local.type, next(given)))

    def _open_memory(self) -> None:
        function, around = self.function, self.around
        self.memory = Memory(
            self.context, self.builder, self.launch, self.pool, self.block, self.frame, around.frame_size, function,
            around.wide_frames,
        )  # fmt: skip
        self.wide_stores = llvm_exits.plan(function) if around.wide_frames else {}
        rows = {store.offset for one in self.wide_stores.values() for store in one}
        if around.wide_frames:
            rows |= llvm_reload.headers(function)
        self.memory.load_rows(self.builder, rows)
        ends = [
            around.uniform_offsets[source.index] + memory.SLOT * len(leaves(source.type))
            for index in self.order
            for item in (*function.blocks[index].ops, function.blocks[index].end)
            for source in item.sources()
            if isinstance(source, ir.Uniform)
        ]
        if ends:
            self.block.attributes.dereferenceable, self.block.attributes.align = max(ends), memory.SLOT

    def read(self, operand: ir.Operand) -> Any:
        match operand:
            case ir.Local(index):
                slot = self.slots.get(index)
                return self.values[index] if slot is None else self.builder.load(slot)
            case ir.Const(type, value):
                return scalars.constant(self.context, type, value)
            case ir.Uniform(index, type):
                if index not in self.uniforms:
                    offset = self.around.uniform_offsets[index]
                    self.uniforms[index] = self.memory.uniform(self.builder, offset, type)
                return self.uniforms[index]

    def write(self, local: ir.Local, value: Any) -> None:
        slot = self.slots.get(local.index)
        if slot is None:
            self.values[local.index] = value
        else:
            self.builder.store(value, slot)

    def passed(self, operands: tuple[ir.Operand, ...]) -> list[Any]:
        """Operands as arguments of a call."""
        return [to_memory(self.builder, one.type, self.read(one)) for one in operands if not is_none(one.type)]

    # --- blocks ---

    def _block(self, index: int) -> None:
        self.builder = llvm.IRBuilder(self.blocks[index])
        self.uniforms.clear()
        block = self.function.blocks[index]
        reloads = [op for op in takewhile(lambda op: isinstance(op, ir.Reload), block.ops) if isinstance(op, ir.Reload)]
        values = self.memory.reload(self.builder, reloads, at_entry=index == self.order[0])
        for reload, value in zip(reloads, values, strict=True):
            self.write(reload.dest, value)
        if index in self.wide_stores:
            self._spill_wide(block, self.wide_stores[index])
        else:
            for op in block.ops[len(reloads) :]:
                self._op(op)
        self._end(block.end)

    def _spill_wide(self, block: ir.Block, stores: tuple[llvm_exits.WideStore, ...]) -> None:
        spills = [op for op in block.ops if isinstance(op, ir.Spill)]
        for store in stores:
            parts = [(self.memory.part(self.builder, spills[index].value.type, leaf, self.read(spills[index].value)),
                      leaf, word) for index, leaf, word in store.parts]  # fmt: skip
            self.memory.store_row(self.builder, store.offset, parts)
        covered = {(index, leaf) for store in stores for index, leaf, _ in store.parts}
        for index, spill in enumerate(spills):
            rest = [leaf for leaf in leaves(spill.value.type) if (index, leaf) not in covered]
            self.memory.spill(self.builder, spill, self.read(spill.value), None, None, rest)

    def _op(self, op: ir.Op) -> None:
        value = self._value(op)
        if value is not None and op.dest is not None:
            self.write(op.dest, value)

    def _value(self, op: ir.Op) -> Any:
        """Emit an op; what its dest gets, or None."""
        context, builder, read = self.context, self.builder, self.read
        match op:
            case ir.Copy(_, source):
                return read(source)
            case ir.Unary(dest, name, operand):
                return scalars.unary(builder, name, dest.type, read(operand))
            case ir.Binary(_, _, left, right):
                return scalars.binary(context, builder, op, read(left), read(right))
            case ir.Compare(_, name, left, right):
                return scalars.compare(builder, name, left.type, right.type, read(left), read(right))
            case ir.Select(_, test, then, orelse):
                return builder.select(read(test), read(then), read(orelse))
            case ir.Convert(dest, source):
                return scalars.convert(context, builder, source.type, dest.type, read(source))
            case ir.Intrinsic(name="device.nanoseconds") if self.around.hidden and not context.target.is_cuda:
                return builder.call(llvm_helpers.program_clock(context), [self.launch])
            case ir.Intrinsic(_, _, arguments):
                return intrinsics.lower(context, builder, op, [read(argument) for argument in arguments])
            case ir.Call():
                return self._call(op)
            case ir.Start():
                return self._start(op)
            case ir.Print(site, arguments):
                types = tuple(part for part in self.around.formats[site] if not isinstance(part, str))
                assert types == tuple(argument.type for argument in arguments), f"print {site} is not as its format"
                builder.call(llvm_helpers.printer(context, site, types), [self.launch, *self._scalars(arguments)])
                return None
            case ir.Pack() | ir.Extract() | ir.MakeArray() | ir.ArrayPart():
                return self._aggregate(op)
            case ir.MakeError(_, site, arguments):
                scalar_types = [leaf.type for argument in arguments for leaf in leaves(argument.type)]
                values = list(zip(scalar_types, self._scalars(arguments), strict=True))
                return self.errors.make(builder, site, self._kind_of(site), values)
            case ir.ErrorIs(_, error, classes):
                return self.errors.is_of(builder, read(error), classes)
            case ir.OnError(action, error, other):
                self.errors.on(builder, action, read(error), None if other is None else read(other), self.frame)
                return None
            case ir.OwnFrame():
                return self.frame
            case ir.AllocateFrame():
                return self.executor_call("allocate_frame", WORD)
            case ir.MakeObject() | ir.Operate() | ir.WasCancelled() | ir.Retain() | ir.Release() | ir.Park():
                return llvm_objects.emit(self, op)
            case ir.MakeList() | ir.ListView():
                return llvm_objects.emit(self, op)
            case ir.Enqueue(state, frame):
                self.executor_call("enqueue", VOID, read(state), read(frame))
                return None
            case ir.Join(_, frame):
                return self.executor_call("join", WORD, read(frame))
            case ir.HasRoom(dest, state):
                return from_memory(builder, dest.type, self.executor_call("has_room", BYTE, read(state)))
            case _:
                return self._access(op)

    def executor_call(self, name: str, result: Any, *words: Any) -> Any:
        """A function that the executor supplies."""
        types = self.context.types
        parameters = [types.pointer("global"), types.pointer("generic"), *(word.type for word in words)]
        callee = self.context.declare(f"c2c_{name}", result, parameters)
        return self.builder.call(callee, [self.launch, self.warp, *words])

    def _aggregate(self, op: ir.Pack | ir.Extract | ir.MakeArray | ir.ArrayPart) -> Any:
        builder = self.builder
        match op:
            case ir.Pack(dest, items):
                parts = [to_memory(builder, item.type, self.read(item)) for item in items]
                return aggregate(builder, self.context.types.memory(dest.type), parts)
            case ir.Extract(dest, source, index):
                return from_memory(builder, dest.type, builder.extract_value(self.read(source), index))
            case ir.MakeArray(dest, start, extents, strides):
                parts = [self.read(part) for part in (start, *extents, *strides)]
                return aggregate(builder, self.context.types.memory(dest.type), parts)
            case ir.ArrayPart(dest, _, source):
                index = _array_leaf(op)
                if isinstance(source, ir.Uniform) and source.index not in self.uniforms:
                    offset = self.around.uniform_offsets[source.index]
                    return self.memory.uniform_leaf(builder, offset, index, dest.type)
                return builder.extract_value(self.read(source), index)

    def _access(self, op: ir.Offset | ir.Load | ir.Store | ir.Atomic | ir.Reload | ir.Spill) -> Any:
        context, builder, read = self.context, self.builder, self.read
        match op:
            case ir.Offset(dest, base, index):
                if _in_launch(base.type) and index is None:
                    self.launch_fields.add(dest.index)
                return memory.offset(context, builder, op, read(base), None if index is None else read(index))
            case ir.Load(dest, place):
                value, access = memory.load(context, builder, dest.type, read(place))
                self._mark(access, place)
                return value
            case ir.Store(place, source):
                pointer = read(place)
                self._mark(memory.store(builder, source.type, read(source), pointer), place)
                return None
            case ir.Atomic(_, _, place, source, expected):
                wanted = None if expected is None else read(expected)
                return memory.atomic(context, builder, op, read(place), read(source), wanted)
            case ir.Reload():
                return self.memory.reload(builder, [op])[0]
            case ir.Spill(_, source, frame, position):
                other = None if frame is None else read(frame)
                self.memory.spill(builder, op, read(source), other, None if position is None else read(position))
                return None
            case _:
                assert_never(op)

    def _mark(self, access: Any, place: ir.Operand) -> None:
        """What LLVM may assume of a load or store."""
        if self.around.hidden:
            memory.in_arrays(self.context, access)
        elif isinstance(place, ir.Local) and place.index in self.launch_fields:
            access.set_metadata("invariant.load", self.context.invariant)

    def _scalars(self, operands: tuple[ir.Operand, ...]) -> list[Any]:
        """The scalars that operands are made of, as in memory."""
        found = []
        for operand, value in zip(operands, map(self.read, operands), strict=True):
            for leaf in leaves(operand.type):
                part = self.builder.extract_value(value, leaf.path) if leaf.path else value
                found.append(part if leaf.path else to_memory(self.builder, operand.type, value))
        return found

    # --- calls ---

    def _call(self, op: ir.Call) -> Any:
        around = self.around
        result = self.builder.call(around.functions[op.function], [*self.hidden, *self.passed(op.arguments)])
        if op.error is not None:
            self.write(op.error, self.builder.extract_value(result, 0))
        elif op.raises:
            self.builder = self.errors.end_if(self.builder, self.builder.extract_value(result, 0), op.place)
        if op.dest is None:
            return None
        if is_none(op.dest.type):
            return scalars.constant(self.context, op.dest.type, None)
        value = self.builder.extract_value(result, 1) if op.raises else result
        return from_memory(self.builder, op.dest.type, value)

    def _start(self, op: ir.Start) -> Any:
        arguments = [*self.hidden, self.frame, *self.passed(op.arguments)]
        outcome = self.builder.call(self.around.functions[op.function], arguments)
        self.write(op.state, self.builder.extract_value(outcome, 0))
        self.write(op.frame, self.builder.extract_value(outcome, 1))
        if op.dest is None:
            return None
        return from_memory(self.builder, op.dest.type, self.builder.extract_value(outcome, 2))

    def _kind_of(self, site: int) -> int:
        return self.around.kinds[site] if self.around.kinds else 0

    # --- ends ---

    def _end(self, end: ir.Terminator) -> None:
        builder = self.builder
        match end:
            case ir.Goto(target):
                builder.branch(self.blocks[target])
            case ir.Branch(test, then, orelse, rare):
                branch = builder.cbranch(self.read(test), self.blocks[then], self.blocks[orelse])
                if rare:
                    branch.set_metadata("prof", self.context.unlikely)
            case ir.Poll(target):
                self._poll(self.blocks[target])
            case ir.Raise(site):
                self.errors.throw(builder, self.errors.make(builder, site, self._kind_of(site)))
            case ir.Throw(error):
                self.errors.throw(builder, self.read(error))
            case ir.Stop():
                self.errors.end_stopped(builder)
            case ir.Return(value):
                self._return(value)
            case ir.Leave(state, frame, release):
                where = self.frame if frame is None else self.read(frame)
                self._leave(self.read(state), where, release)
            case ir.Continue(function, value):
                arguments = [*self.hidden, self.frame, *self.passed(() if value is None else (value,))]
                builder.ret(builder.call(self.around.functions[function], arguments, tail=True))
            case ir.Reschedule() | ir.Await() | ir.Fork() | ir.Room() | ir.Spawn() | ir.Wait():
                raise AssertionError(f"{self.function.name} has not been split")

    def _poll(self, target: Any) -> None:
        # Relaxed, at system scope: the host may raise the flag while the kernel runs.
        stop = address(self.builder, self.memory.control, abi.CONTROL_STOP)
        flag = self.builder.load_atomic(stop, "monotonic", 4, typ=WORD)
        raised = self.builder.icmp_unsigned("!=", flag, integer(WORD, 0))
        branch = self.builder.cbranch(raised, self.errors.stopped_block(self.builder), target)
        branch.set_metadata("prof", self.context.unlikely)

    def _return(self, value: ir.Operand | None) -> None:
        result = [] if value is None else self.passed((value,))
        kind = self.target.ftype.return_type
        if self.function.kind == "start":
            done = [integer(WORD, abi.COMPLETED), integer(WORD, 0), *result]
            self.builder.ret(aggregate(self.builder, kind, done))
        elif self.function.raises:
            self.builder.ret(aggregate(self.builder, kind, [integer(WORD, 0), *result]))
        elif result:
            self.builder.ret(result[0])
        else:
            self.builder.ret_void()

    def _leave(self, state: Any, frame: Any, release: bool) -> None:
        kind = self.target.ftype.return_type
        if self.function.kind == "start":
            assert not release, f"{self.function.name} cannot release its caller's frame"
            rest = [llvm.Constant(type, llvm.Undefined) for type in kind.elements[2:]]
            self.builder.ret(aggregate(self.builder, kind, [state, frame, *rest]))
        else:
            self.builder.ret(aggregate(self.builder, ACTION, [state, frame, integer(WORD, int(release))]))


def _array_leaf(op: ir.ArrayPart) -> int:
    type = op.source.type
    assert isinstance(type, Array)
    return {"address": 0, "extent": 1 + op.axis, "stride": 1 + type.ndim + op.axis}[op.part]


def _in_launch(type: Type) -> bool:
    return isinstance(type, Pointer) and isinstance(type.target, Struct) and type.target.name == "Launch"


def _reverse_postorder(function: ir.Function) -> list[int]:
    """Reachable blocks, each after all that dominate it."""
    seen = {0}
    order: list[int] = []
    stack = [(0, iter(function.successors(0)))]
    while stack:
        block, successors = stack[-1]
        following = next((target for target in successors if target not in seen), None)
        if following is None:
            order.append(block)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(function.successors(following))))
    return order[::-1]
