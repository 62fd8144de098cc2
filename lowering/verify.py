"""Hold a function to the laws of `ir`: run between passes in tests, and wherever a pass is in doubt.

A violation is a fault of the compiler, never of the user's program, and the message says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from coro2cuda.frontend.dtypes import (
    Array,
    NoneValue,
    Pointer,
    Reference,
    Scalar,
    Tuple,
    Type,
    boolean,
    i32,
    i64,
    u32,
    u64,
)
from coro2cuda.frontend.objects import POLL, by_operation
from coro2cuda.lowering import ir, liveness, printer

_BEFORE_SPLIT = (ir.Goto, ir.Branch, ir.Poll, ir.Raise, ir.Throw, ir.Stop, ir.Return)
_TERMINATORS: dict[ir.FunctionKind, tuple[type, ...]] = {
    "plain": _BEFORE_SPLIT,
    "coroutine": (*_BEFORE_SPLIT, ir.Reschedule, ir.Await, ir.Fork, ir.Room, ir.Spawn, ir.Wait),
    "start": (*_BEFORE_SPLIT, ir.Leave, ir.Continue),
    "resume": (ir.Goto, ir.Branch, ir.Poll, ir.Stop, ir.Leave, ir.Continue),
    "continuation": (ir.Goto, ir.Branch, ir.Poll, ir.Stop, ir.Leave, ir.Continue),
}
_AFTER_SPLIT = (ir.Reload, ir.Spill, ir.AllocateFrame, ir.OwnFrame, ir.Enqueue, ir.Join, ir.Start, ir.Park)
_BITWISE = ("and", "or", "xor")
_INTEGER_ONLY = ("shl", "shr", *_BITWISE)


class InvalidIR(AssertionError):
    """The compiler made IR that breaks its own laws."""


def verify(function: ir.Function, module: ir.Module) -> None:
    """Check one function, before or after split.

    Raises:
        InvalidIR: naming the function, the block and the op.
    """
    _Verifier(function, module).run()


def verify_module(module: ir.Module) -> None:
    """Check all functions of a module, and that its root is a coroutine."""
    root = module.functions.get(module.root)
    if root is None or root.kind != "coroutine":
        raise InvalidIR(f"a fault of coro2cuda, please report it: the root {module.root!r} is not a coroutine")
    for function in module.functions.values():
        verify(function, module)


class _Verifier:
    def __init__(self, function: ir.Function, module: ir.Module) -> None:
        self.function, self.module = function, module
        self.block = 0
        self.at: ir.Op | ir.Terminator | None = None

    def run(self) -> None:
        function = self.function
        self.require(bool(function.blocks), "it has no blocks")
        numbered = all(local.index == index for index, local in enumerate(function.locals))
        self.require(numbered, "its locals are not numbered in order")
        self.require(all(map(self._is_ours, function.parameters)), "a parameter is not among its locals")
        for index, block in enumerate(function.blocks):
            self.block = index
            for op in block.ops:
                self.at = op
                self.operands(op.sources())
                self.operands(liveness.written(op))
                self.op(op)
            self.at = block.end
            self.operands(block.end.sources())
            self.operands(ir.born(block.end))
            self.end(block.end)
        self.definitions()

    def fail(self, why: str) -> NoReturn:
        where = f"block {self.block}, " if self.at else ""
        what = f"{self._shown()}: " if self.at else ""
        raise InvalidIR(f"a fault of coro2cuda, please report it: {self.function.name}, {where}{what}{why}")

    def _shown(self) -> str:
        shown = printer.Printer(self.function)
        if isinstance(self.at, ir.Terminator):
            return type(self.at).__name__
        return shown.op(self.at) if self.at is not None else ""

    def require(self, holds: bool, why: str) -> None:
        if not holds:
            self.fail(why)

    def same(self, *types: Type) -> None:
        self.require(all(type == types[0] for type in types), f"types differ: {', '.join(map(repr, types))}")

    # --- operands

    def operands(self, operands: Iterable[ir.Operand]) -> None:
        for operand in operands:
            if isinstance(operand, ir.Local):
                self.require(self._is_ours(operand), f"{operand.name} is not a local of this function")
            elif isinstance(operand, ir.Const):
                self.require(is_value(operand.type, operand.value), f"{operand.value!r} is no {operand.type!r}")

    def _is_ours(self, local: ir.Local) -> bool:
        return local.index < len(self.function.locals) and self.function.locals[local.index] == local

    # --- ops

    def op(self, op: ir.Op) -> None:
        after = self.function.kind not in ("plain", "coroutine")
        self.require(after or not isinstance(op, _AFTER_SPLIT), "it belongs after split")
        match op:
            case ir.Copy(dest, source):
                self.same(dest.type, source.type)
            case ir.Unary(dest, name, operand):
                self.same(dest.type, operand.type)
                self.require(_is_scalar(dest.type), "it is on scalars")
                self.require(name != "not" or dest.type == boolean, "`not` is on bool")
            case ir.Binary(dest, name, left, right):
                self.same(dest.type, left.type, right.type)
                self.require(_has_binary(dest.type, name), f"{dest.type!r} has no {name}")
            case ir.Compare(dest, _, left, right):
                self.same(dest.type, boolean)
                self.require(_comparable(left.type, right.type), f"{left.type!r} and {right.type!r} do not compare")
            case ir.Select(dest, test, then, orelse):
                self.same(test.type, boolean)
                self.same(dest.type, then.type, orelse.type)
            case ir.Convert(dest, source):
                self.require(_convertible(source.type, dest.type), f"no conversion from {source.type!r}")
            case ir.Pack(dest, items):
                self.same(dest.type, Tuple(tuple(item.type for item in items)))
            case ir.Extract(dest, source, index):
                elements = source.type.elements if isinstance(source.type, Tuple) else ()
                self.require(0 <= index < len(elements), "no such item")
                self.same(dest.type, elements[index])
            case ir.Call() | ir.Intrinsic() | ir.Print() | ir.Start():
                self.call(op)
            case ir.MakeError() | ir.ErrorIs() | ir.OnError():
                self.error(op)
            case ir.Reload() | ir.Spill() | ir.AllocateFrame() | ir.OwnFrame():
                self.frame(op)
            case ir.Enqueue() | ir.Join() | ir.HasRoom():
                self.ready(op)
            case ir.MakeObject() | ir.Operate() | ir.WasCancelled() | ir.Retain() | ir.Release() | ir.Park():
                self.object(op)
            case ir.MakeList() | ir.ListView():
                self.list(op)
            case _:
                self.memory(op)

    def memory(self, op: ir.Op) -> None:
        match op:
            case ir.MakeArray(dest, address, extents, strides):
                array = self.array(dest)
                self.same(address.type, Pointer(array.element, "global"))
                self.same(i64, *(operand.type for operand in (*extents, *strides)))
                self.require(len(extents) == array.ndim, "an extent a dimension")
                self.require(len(strides) == (0 if array.contiguous else array.ndim), "a stride a dimension, if any")
            case ir.ArrayPart(dest, part, source, axis):
                array = self.array(source)
                self.same(dest.type, Pointer(array.element, "global") if part == "address" else i64)
                self.require(0 <= axis < array.ndim, "no such axis")
                self.require(part != "stride" or not array.contiguous, "a contiguous array has no strides")
            case ir.Offset(dest, base, index):
                self.require(isinstance(dest.type, Pointer) and isinstance(base.type, Pointer), "it is on pointers")
                if index is not None:
                    self.require(isinstance(index.type, Scalar) and index.type.is_integer, "the index is an integer")
            case ir.Load(dest, address):
                self.require(
                    self.target(address) == dest.type or isinstance(dest.type, Pointer), "it loads another type"
                )
            case ir.Store(address, value):
                holds = self.target(address) == value.type or isinstance(value.type, Pointer)
                self.require(holds, "it stores another type")
            case ir.Atomic(dest, name, address, value, expected):
                others = [operand for operand in (dest, expected) if operand is not None]
                self.same(self.target(address), value.type, *(operand.type for operand in others))
                self.require((expected is None) == (name != "cas"), "cas has an expected value, others have none")
            case _:
                self.fail("unknown op")

    def array(self, operand: ir.Operand) -> Array:
        if not isinstance(operand.type, Array):
            self.fail(f"{operand.type!r} is no array")
        return operand.type

    def target(self, address: ir.Operand) -> Type:
        if not isinstance(address.type, Pointer):
            self.fail(f"{address.type!r} is no address")
        return address.type.target

    def call(self, op: ir.Call | ir.Intrinsic | ir.Print | ir.Start) -> None:
        match op:
            case ir.Call(dest, name, arguments, raises, error):
                self.require(error is None or (raises and error.type == u32), "an error is a u32, and may be raised")
                callee = self.module.functions.get(name)
                if callee is not None:
                    self.require(callee.kind == "plain", "only plain functions are called")
                    self.require(raises or not callee.raises, "the callee raises")
                    self.arguments(callee, arguments, dest)
            case ir.Start(dest, state, frame, name, arguments):
                self.same(state.type, i32)
                self.same(frame.type, u32)
                callee = self.module.functions.get(name)
                if callee is not None:
                    self.arguments(callee, arguments, dest)
            case ir.Print(site, arguments):
                self.require(site < len(self.module.formats), "no such format")
                wanted = [part for part in self.module.formats[site] if not isinstance(part, str)]
                self.require([argument.type for argument in arguments] == wanted, "its values are not the format's")
            case ir.Intrinsic(dest, name, arguments):
                self.intrinsic(dest, name, arguments)

    def intrinsic(self, dest: ir.Local | None, name: str, arguments: tuple[ir.Operand, ...]) -> None:
        if name in ("min", "max", "abs") or (name.startswith("math.") and name != "math.ldexp"):
            if dest is None:
                self.fail("its result is not used")
            tests = name in ("math.isnan", "math.isinf", "math.isfinite")
            self.same(*(argument.type for argument in arguments), *(() if tests else (dest.type,)))
            self.require(not tests or dest.type == boolean, "it gives a bool")
        if name == "bit_cast":
            types = [operand.type for operand in (dest, *arguments) if operand is not None]
            widths = {type.bits for type in types if isinstance(type, Scalar)}
            self.require(len(types) == 2 and len(widths) == 1, "its operand is as wide as its result")

    def error(self, op: ir.MakeError | ir.ErrorIs | ir.OnError) -> None:
        match op:
            case ir.MakeError(dest, site, arguments):
                self.same(dest.type, u32)
                self.require(0 <= site < len(self.module.sites), "no such site")
                wanted = list(self.module.sites[site].values())
                self.require([argument.type for argument in arguments] == wanted, "its values are not the site's")
            case ir.ErrorIs(dest, error, classes):
                self.same(dest.type, boolean)
                self.same(error.type, u32)
                self.require(all(0 <= kind < len(self.module.classes) for kind in classes), "no such class")
            case ir.OnError(action, error, other):
                self.same(u32, error.type, *(() if other is None else (other.type,)))
                self.require((other is None) == (action in ("forget", "fail", "abort")), "an operand too many or few")
                after = self.function.kind not in ("plain", "coroutine")
                self.require(after or action not in ("fail", "abort"), "it belongs after split")

    def arguments(self, callee: ir.Function, arguments: tuple[ir.Operand, ...], dest: ir.Local | None) -> None:
        wanted = [parameter.type for parameter in callee.parameters]
        given = [argument.type for argument in arguments]
        self.require(given == wanted, f"{callee.name} takes {wanted}, not {given}")
        if dest is not None:
            self.same(dest.type, callee.result)

    def frame(self, op: ir.Reload | ir.Spill | ir.AllocateFrame | ir.OwnFrame) -> None:
        match op:
            case ir.Reload(_, offset):
                self.require(offset >= 0, "a frame has no negative offsets")
            case ir.Spill(offset, _, frame, position):
                self.require(offset >= 0, "a frame has no negative offsets")
                self.same(u32, *(operand.type for operand in (frame, position) if operand is not None))
            case ir.AllocateFrame(dest) | ir.OwnFrame(dest):
                self.same(dest.type, u32)

    def ready(self, op: ir.Enqueue | ir.Join | ir.HasRoom) -> None:
        match op:
            case ir.Enqueue(state, frame):
                self.same(state.type, i32)
                self.same(frame.type, u32)
            case ir.Join(dest, frame):
                self.same(u32, dest.type, frame.type)
            case ir.HasRoom(dest, state):
                self.same(dest.type, boolean)
                self.same(state.type, i32)

    def list(self, op: ir.MakeList | ir.ListView) -> None:
        match op:
            case ir.MakeList(dest, length, site):
                self.reference(dest)
                self.same(length.type, u32)
                self.require(0 <= site < len(self.module.sites), "no such site")
            case ir.ListView(dest, source):
                self.reference(source)
                array = self.array(dest)
                self.require(array.contiguous and array.ndim == 1, "it is a contiguous 1-D array")

    def object(
        self, op: ir.MakeObject | ir.Operate | ir.WasCancelled | ir.Retain | ir.Release | ir.Park
    ) -> None:  # fmt: skip
        match op:
            case ir.MakeObject(dest, argument, site):
                self.reference(dest)
                self.require(argument.type == u32 or isinstance(argument.type, Reference), "its argument is a u32")
                self.require(0 <= site < len(self.module.sites), "no such site")
            case ir.Operate(dest, name, arguments):
                if name != POLL:
                    self.waited(arguments)
                self.require(self.module.cancels or not by_operation(name).frame, "no task of the program is cancelled")
                self.require(dest is None or dest.type == u32, "it gives a u32")
            case ir.WasCancelled(dest, outcome):
                self.same(dest.type, boolean)
                self.same(outcome.type, u32)
            case ir.Retain(value) | ir.Release(value):
                self.reference(value)
            case ir.Park(dest, _, arguments, state, place):
                self.waited(arguments)
                self.same(dest.type, u32)
                self.require(min(state, place) >= 0, "neither state nor place is negative")

    def reference(self, operand: ir.Operand) -> None:
        self.require(isinstance(operand.type, Reference), f"{operand.type!r} is no reference")

    def waited(self, arguments: tuple[ir.Operand, ...]) -> None:
        """The object, then numbers."""
        first, *rest = arguments
        self.require(isinstance(first.type, Reference) or first.type == i64, "the first is an object, or a duration")
        numbers = [operand.type for operand in rest if not isinstance(operand.type, Reference)]
        self.require(all(type in (u32, i64) for type in numbers), "the others are numbers")

    # --- terminators

    def end(self, end: ir.Terminator) -> None:
        kind = self.function.kind
        self.require(isinstance(end, _TERMINATORS[kind]), f"it may not end a block of a {kind}")
        inside = all(0 <= target < len(self.function.blocks) for target in end.targets())
        self.require(inside, "a target is no block")
        match end:
            case ir.Branch(test):
                self.same(test.type, boolean)
            case ir.Raise(site):
                self.require(0 <= site < len(self.module.sites), "no such site")
                self.require(self.function.raises, "the function is marked as one that does not raise")
            case ir.Throw(error):
                self.same(error.type, u32)
                self.require(self.function.raises, "the function is marked as one that does not raise")
            case ir.Poll() | ir.Stop():
                self.require(self.function.raises, "the function is marked as one that does not raise")
            case ir.Return(value):
                self.same(NoneValue() if value is None else value.type, self.function.result)
            case ir.Await(dest, name, arguments):
                self.awaited(name, arguments, dest)
                self.unwind(end)
            case ir.Fork():
                self.fork(end)
                self.unwind(end)
            case ir.Spawn(name, arguments):
                self.awaited(name, arguments, None)
            case ir.Wait(_, arguments, item=item, place=place, outcome=outcome):
                self.waited(arguments)
                self.same(u32, *(() if outcome is None else (outcome.type,)))
                if item is not None:
                    self.same(item.type, item.type if place is None else place.type)
                    self.require(place is not None, "an item that is given has a place")
            case ir.Leave(state, frame):
                self.same(state.type, i32)
                self.same(u32, *(() if frame is None else (frame.type,)))
            case _:
                pass

    def awaited(self, name: str, arguments: tuple[ir.Operand, ...], dest: ir.Local | None) -> None:
        callee = self.module.functions.get(name)
        if callee is None or callee.kind != "coroutine":
            self.fail("only coroutines are awaited")
        self.arguments(callee, arguments, dest)

    def unwind(self, end: ir.Await | ir.Fork) -> None:
        self.require((end.unwind is None) == (end.error is None), "an unwind edge defines an error")
        self.require(end.unwind != end.resume, "it goes on in the same block with and without an error")
        self.same(u32, *(error.type for error in ir.caught(end)))

    def fork(self, end: ir.Fork) -> None:
        children = len(end.coroutines)
        self.require(children > 0, "it has no children")
        self.require(len(end.dests) == len(end.counts) == children, "a dest and a count a child")
        self.require(sum(end.counts) == len(end.arguments), "the counts are not those of the arguments")
        born = ir.born(end)
        self.require(len(set(born)) == len(born), "two results go to one local")
        for dest, name, arguments in end.calls():
            self.awaited(name, arguments, dest)
        if end.guards:
            self.require(len(end.guards) == children, "a guard a child")
            self.same(boolean, *(guard.type for guard in end.guards))
            self.require(all(_is_scalar(dest.type) for dest in born), "a result that may be left out is a scalar")

    # --- every local is defined before it is used

    def definitions(self) -> None:
        """Forward to the greatest fixed point: what is defined on all paths to a block, as bit sets."""
        everything = (1 << len(self.function.locals)) - 1
        entry = dict.fromkeys(range(len(self.function.blocks)), everything)
        entry[0] = liveness.bits(self.function.parameters)
        order = list(self.function.reachable())
        pending = list(reversed(order))
        while pending:
            index = pending.pop()
            after = self._defined_after(index, entry[index])
            for target in self.function.successors(index):
                defined = after | liveness.bits(ir.born_on(self.function.blocks[index].end, target))
                if entry[target] & ~defined:
                    entry[target] &= defined
                    pending.append(target)
        for index in order:
            self._check_uses(index, entry[index])

    def _defined_after(self, index: int, defined: int) -> int:
        block = self.function.blocks[index]
        for op in block.ops:
            defined |= liveness.bits(tuple(liveness.written(op)))
        return defined

    def _check_uses(self, index: int, defined: int) -> None:
        self.block = index
        for op in self.function.blocks[index].ops:
            self.at = op
            self._check_defined(op, defined)
            defined |= liveness.bits(tuple(liveness.written(op)))
        self.at = self.function.blocks[index].end
        self._check_defined(self.at, defined)

    def _check_defined(self, node: ir.Op | ir.Terminator, defined: int) -> None:
        for source in node.sources():
            if isinstance(source, ir.Local) and not defined >> source.index & 1:
                self.fail(f"{source.name} may not be defined here")


def is_value(type: Type, value: object) -> bool:
    """Whether a constant of the type may have the value."""
    match type:
        case Scalar(kind="bool"):
            return isinstance(value, bool)
        case Scalar() if type.is_integer:
            return isinstance(value, int) and not isinstance(value, bool) and type.low <= value <= type.high
        case Scalar():
            return isinstance(value, float)
        case Tuple(elements):
            if not isinstance(value, tuple) or len(value) != len(elements):
                return False
            return all(is_value(element, item) for element, item in zip(elements, value, strict=True))
        case NoneValue():
            return value is None
        case Reference():
            return isinstance(value, int)
        case _:
            return True


def _is_scalar(type: Type) -> bool:
    return isinstance(type, Scalar)


def _has_binary(type: Type, op: str) -> bool:
    if not isinstance(type, Scalar):
        return False
    if type.kind == "bool":
        return op in _BITWISE
    return op not in _INTEGER_ONLY if type.is_float else op != "truediv"


def _comparable(left: Type, right: Type) -> bool:
    if left == right:
        return isinstance(left, Scalar | Pointer | Reference)
    sides = [type for type in (left, right) if isinstance(type, Scalar)]
    return len(sides) == 2 and u64 in sides and any(type.kind == "int" for type in sides)


def _convertible(source: Type, target: Type) -> bool:
    if isinstance(source, Scalar) and isinstance(target, Scalar):
        return True
    if isinstance(source, Reference) or isinstance(target, Reference):
        return u32 in (source, target)
    wide = (i64, u64)
    return (isinstance(source, Pointer) and (isinstance(target, Pointer) or target in wide)) or (
        isinstance(target, Pointer) and source in wide
    )
