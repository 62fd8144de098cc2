"""What the IR means: an interpreter on Python values, clear rather than fast, that every back end is tested against.

A scalar is a bool, int or float (see `scalars`), a tuple a tuple, an address a place in some memory, an array an
address with extents and strides. Memory is the user's own arrays, so stores are seen by the caller. An access outside
them is a fault of the compiler, never of the user's program, and raises `MemoryFault`.

    task = Task(module, "collatz(i32)", (27,))
    while not task.step():          # up to the next reschedule
        ...
    task.result                     # 111
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

from coro2cuda.frontend.dtypes import Array, Pointer, Reference, Scalar, Type, boolean, i64
from coro2cuda.frontend.objects import by_operation
from coro2cuda.lowering import abi, ir, scalars
from coro2cuda.lowering.frame import size_of
from coro2cuda.lowering.objects_model import Deadlock, Objects
from coro2cuda.lowering.scopes_model import Free, Strand, Waiter

Values = list[Any]
Activation = Generator[ir.Reschedule | ir.Fork | ir.Wait, None, Any]  # yields where it suspends
ForkedCall = tuple[ir.Local | None, str, tuple[ir.Operand, ...]]
MOST_STUCK = 10_000  # turns of parked tasks after which nothing can go on


class MemoryFault(AssertionError):
    """The program reads or writes outside its memory: a bounds check is missing or wrong."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Address:
    """A byte of a memory (anything that `struct` can pack into)."""

    memory: Any
    offset: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self.memory is other.memory and self.offset == other.offset

    __hash__ = None  # type: ignore[assignment]


@final
@dataclass(frozen=True, slots=True)
class ArrayValue:
    """Strides are in bytes, and there for contiguous arrays too."""

    address: Address
    extents: tuple[int, ...]
    strides: tuple[int, ...]


@final
@dataclass(frozen=True, slots=True)
class HostObject:
    """A synchronisation object of the host, among the uniforms: its kind and number."""

    described: tuple[str, int]


@dataclass(slots=True)
class Record:
    """An error: its site, its values, and the places it passed; who has it, and the errors that a group holds."""

    site: int
    values: tuple[Any, ...]
    trace: list[int] = field(default_factory=list)
    cause: int | None = None  # 0: None
    context: int = 0
    root: int = 0
    owners: int = 1
    members: tuple[int, ...] = ()


class InFlight(Exception):
    """An error on its way to whoever handles it. Never leaves the interpreter."""

    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error


class Undefined:
    """The value of a local before its first assignment."""


UNDEFINED: Final = Undefined()

_FORMATS = {"bool": "?", "i8": "b", "i16": "h", "i32": "i", "i64": "q", "u8": "B", "u16": "H", "u32": "I", "u64": "Q",
            "f32": "f", "f64": "d"}  # fmt: skip


def run(module: ir.Module, name: str, arguments: Sequence[Any], uniforms: Sequence[Any] = ()) -> Any:
    """The result of a function, or of a coroutine that is resumed at once wherever it suspends.

    Raises:
        Exception: what the program raises, with its `ir.Site` as attribute `site`.
    """
    task = Task(module, name, arguments, uniforms)
    while not task.step():
        pass
    return task.result


class Task:
    """One task and those it begins: `step` runs each to its next reschedule. `output` holds what they printed."""

    def __init__(self, module: ir.Module, name: str, arguments: Sequence[Any], uniforms: Sequence[Any] = ()) -> None:
        self._machine = machine = Interpreter(module, uniforms)
        self.output = machine.output
        self.result: Any = None
        self._root = machine.activate(module.functions[name], [value_of(item) for item in arguments])
        machine.tasks.append(self._root)

    def step(self) -> bool:
        """Whether all are done."""
        try:
            for activation in list(self._machine.tasks):
                self._step(activation)
            return not self._machine.tasks
        except InFlight as flight:
            error = flight.error
        raise self._machine.exception(error)

    def _step(self, activation: Activation) -> None:
        try:
            next(activation)
        except StopIteration as done:
            self._machine.tasks.remove(activation)
            if activation is self._root:
                self.result = done.value


def value_of(argument: Any) -> Any:
    """A host value as the interpreter has it."""
    if isinstance(argument, tuple):
        return tuple(map(value_of, argument))
    if getattr(argument, "shape", ()):
        return _array_value(argument)
    return argument.item() if hasattr(argument, "item") else argument


@dataclass(frozen=True, slots=True)
class _Bytes:
    """NumPy makes an array of bytes of it, and keeps it, and with it the owner of the memory, alive."""

    __array_interface__: dict[str, Any]
    owner: Any


def _array_value(array: Any) -> ArrayValue:
    import numpy

    spans = [(extent - 1) * stride for extent, stride in zip(array.shape, array.strides, strict=True)]
    low = sum(span for span in spans if span < 0) if array.size else 0
    size = array.itemsize + sum(map(abs, spans)) if array.size else 0
    pointer, read_only = array.__array_interface__["data"]
    interface = {"data": (pointer + low, read_only), "shape": (size,), "typestr": "|u1", "version": 3}
    return ArrayValue(Address(numpy.asarray(_Bytes(interface, array)), -low), array.shape, array.strides)


class Interpreter:
    """Runs the functions of a module before split."""

    def __init__(self, module: ir.Module, uniforms: Sequence[Any] = ()) -> None:
        self.module = module
        self.functions = module.functions
        self.uniforms = [value_of(uniform) for uniform in uniforms]
        self.output: list[str] = []
        self.errors: dict[int, Record] = {}
        self._last_error = 0
        self.tasks: list[Activation] = []  # that nobody joins
        self.objects = Objects()
        self.uniforms = [self.made(uniform) for uniform in self.uniforms]
        self._stuck = 0

    def made(self, uniform: Any) -> Any:
        """A host's object as a handle, any other value as it is."""
        return self.objects.make(*uniform.described) if isinstance(uniform, HostObject) else uniform

    def activate(
        self, function: ir.Function, arguments: Sequence[Any], strand: Strand | None = None
    ) -> Activation:  # fmt: skip
        """Run a function; yields where the task reschedules. `strand` is the chain of calls it is in."""
        strand = strand or Free()
        values = frame_of(function, arguments)
        block = 0
        while True:
            for op in function.blocks[block].ops:
                self.execute(op, values, strand)
            match function.blocks[block].end:
                case ir.Goto(target) | ir.Poll(target):
                    block = target
                case ir.Branch(test, then, orelse):
                    block = then if self.read(values, test) else orelse
                case ir.Raise(site):
                    raise InFlight(self.make_error(site, ()))
                case ir.Throw(error):
                    raise InFlight(self.read(values, error))
                case ir.Return(value):
                    return None if value is None else self.read(values, value)
                case ir.Reschedule(resume) as end:
                    yield end
                    block = resume
                case ir.Wait(resume=resume) as end:
                    yield from self.wait(end, values, strand)
                    block = resume
                case ir.Await(dest, name, operands, resume) as end:
                    arguments = self.read_all(values, operands)
                    try:
                        result = yield from self.activate(self.functions[name], arguments, strand)
                    except InFlight as flight:
                        block = self.land(end, values, flight)
                        continue
                    if dest is not None:
                        values[dest.index] = result
                    block = resume
                case ir.Room(resume=resume):
                    block = resume
                case ir.Spawn(name, operands, resume):
                    self.tasks.append(self.activate(self.functions[name], self.read_all(values, operands)))
                    block = resume
                case ir.Fork(resume=resume) as end:
                    children = []
                    for dest, name, operands in self.wanted(end, values):
                        own = Free(strand.scope, strand.seen)
                        activation = self.activate(self.functions[name], self.read_all(values, operands), own)
                        children.append((dest, activation, own))
                    flights: list[InFlight] = []
                    while children:
                        children = [child for child in children if not _step(*child, values, flights, strand)]
                        yield end
                    for other in flights[1:]:
                        self.on_error("forget", other.error)
                    block = self.land(end, values, flights[0]) if flights else resume
                case end:
                    raise AssertionError(f"{type(end).__name__} belongs after split")

    def wait(self, end: ir.Wait, values: Values, strand: Strand) -> Activation:
        """Yield until the task is woken. When all that is done is waiting, time passes."""
        target, *_ = self.read_all(values, end.arguments)
        delivered: list[Any] = []
        waiter = Waiter(delivered.append, None if end.item is None else self.read(values, end.item), strand)
        outcome = self.objects.wait(end.op, target, waiter)
        if outcome >= abi.FIRST_ERROR:
            assert end.outcome is not None
            values[end.outcome.index] = outcome
            return
        while not delivered:
            self._stuck += 1
            if self._stuck > MOST_STUCK:
                if not self.objects.advance():
                    raise Deadlock(f"nobody goes on; one task waits at {end.span}")
                self._stuck = 0
            yield end
        self._stuck = 0
        if end.outcome is not None:
            values[end.outcome.index] = waiter.outcome
        if end.taken is not None:
            values[end.taken.index] = UNDEFINED if waiter.outcome else delivered[0]

    def wanted(self, end: ir.Fork, values: Values) -> list[ForkedCall]:
        """The children of a Fork that are not left out; the others' results are zero."""
        guards = end.guards or (ir.Const(boolean, True),) * len(end.coroutines)
        wanted = []
        for call, guard in zip(end.calls(), guards, strict=True):
            if self.read(values, guard):
                wanted.append(call)
            elif call[0] is not None:
                values[call[0].index] = ir.zero(call[0].type).value
        return wanted

    def call(self, function: ir.Function, arguments: Sequence[Any], place: int = -1) -> Any:
        """A plain function: it never suspends."""
        activation = self.activate(function, arguments)
        try:
            next(activation)
        except StopIteration as done:
            return done.value
        except InFlight as flight:
            if place >= 0:
                self.errors[flight.error].trace.append(place)
            raise
        raise AssertionError(f"{function.name} suspends")

    def guarded_call(self, op: ir.Call, error: ir.Local, values: Values) -> None:
        values[error.index] = 0
        try:
            result = self.call(self.functions[op.function], self.read_all(values, op.arguments))
        except InFlight as flight:
            values[error.index] = flight.error
            return
        if op.dest is not None:
            values[op.dest.index] = result

    def land(self, end: ir.Await | ir.Fork, values: Values, flight: InFlight) -> int:
        """What is awaited has failed: the block to go on in."""
        if end.unwind is None or end.error is None:
            if end.place >= 0:
                self.errors[flight.error].trace.append(end.place)
            raise flight
        values[end.error.index] = flight.error
        return end.unwind

    # --- errors

    def make_error(self, site: int, values: tuple[Any, ...]) -> int:
        self._last_error += 1
        self.errors[self._last_error] = Record(site, values)
        return self._last_error

    def on_error(self, action: ir.ErrorAction, error: int, other: int = 0) -> None:
        record = self.errors[error]
        match action:
            case "trace":
                record.trace.append(other)
            case "cause":
                record.cause = other
            case "root":
                record.root = other
            case "chain":
                self.chain(error, other)
            case "forget":
                self.forget(error)
            case "fail" | "abort":
                raise AssertionError(f"{action} belongs after split")

    def forget(self, error: int) -> None:
        """One owner less: without any it is gone, and with it what it owns."""
        if not error:
            return
        record = self.errors[error]
        record.owners -= 1
        if record.owners == 0:
            del self.errors[error]
            for owned in (record.context, *record.members):
                self.forget(owned)

    def chain(self, error: int, handled: int) -> None:
        """Unless it is the same error, or has it already, the last of its contexts gets one more."""
        while error != handled:
            following = self.errors[error].context
            if not following:
                self.errors[error].context = handled
                return
            error = following

    def exception(self, error: int) -> BaseException:
        """The Python exception that an error stands for."""
        record = self.errors[error]
        site = self.module.sites[record.site]
        known = self.module.classes[site.kind] if site.kind < len(self.module.classes) else RuntimeError
        members = ([self.exception(member) for member in record.members],) if record.members else ()
        made = known(*rebuilt_arguments(site, record.values), *members)
        made.site = site  # type: ignore[attr-defined]
        made.places = tuple(self.module.places[place] for place in record.trace)  # type: ignore[attr-defined]
        if record.cause is not None:
            made.__cause__ = self.exception(record.cause) if record.cause else None
        elif record.context:
            made.__context__ = self.exception(record.context)
        return made

    # --- operands

    def read(self, values: Values, operand: ir.Operand) -> Any:
        match operand:
            case ir.Local(index):
                value = values[index]
                if value is UNDEFINED:
                    raise AssertionError(f"{operand.name} is read before it is defined")
                return value
            case ir.Const(type, value):
                return scalars.rounded(type, value) if isinstance(type, Scalar) and type.is_float else value
            case ir.Uniform(index):
                return self.uniforms[index]

    def read_all(self, values: Values, operands: Sequence[ir.Operand]) -> tuple[Any, ...]:
        return tuple(self.read(values, operand) for operand in operands)

    # --- ops

    def execute(self, op: ir.Op, values: Values, strand: Strand | None = None) -> None:
        if isinstance(op, ir.Operate) and by_operation(op.op).frame:
            assert strand is not None
            found = self.objects.operate_framed(op.op, self.read_all(values, op.arguments), strand)
            if op.dest is not None:
                values[op.dest.index] = found
            return
        if isinstance(op, ir.Call) and op.error is not None:
            self.guarded_call(op, op.error, values)
            return
        result = self.evaluate(op, *self.read_all(values, op.sources()))
        if isinstance(op, ir.Operate):
            result, taken = result
            if op.taken is not None:
                values[op.taken.index] = taken
        if op.dest is not None:
            values[op.dest.index] = result

    def evaluate(self, op: ir.Op, *sources: Any) -> Any:
        """The value of an op, given those of its sources."""
        match op:
            case ir.Copy():
                return sources[0]
            case ir.Unary(dest, name):
                return scalars.unary(name, _scalar(dest.type), sources[0])
            case ir.Binary(dest, name):
                return scalars.binary(name, _scalar(dest.type), *sources)
            case ir.Compare(_, name):
                return scalars.compare(name, *sources)
            case ir.Select():
                return sources[1] if sources[0] else sources[2]
            case ir.Convert(dest):
                is_handle = isinstance(dest.type, Pointer | Reference)
                return sources[0] if is_handle else scalars.convert(sources[0], _scalar(dest.type))
            case ir.Pack():
                return sources
            case ir.Extract(index=index):
                return sources[0][index]
            case ir.Intrinsic(name="device.nanoseconds"):
                return self.objects.now
            case ir.Call(error=None, function=name, place=place):
                return self.call(self.functions[name], sources, place)
            case ir.MakeError(_, site):
                return self.make_error(site, sources)
            case ir.ErrorIs(_, _, classes):
                return self.module.sites[self.errors[sources[0]].site].kind in classes
            case ir.OnError(action):
                self.on_error(action, *sources)
            case ir.Intrinsic(dest, name):
                return None if dest is None else scalars.intrinsic(name, _scalar(dest.type), sources)
            case ir.MakeObject(dest):
                assert isinstance(dest.type, Reference)
                return self.objects.make(dest.type.kind, *sources)
            case ir.MakeList(dest, _):
                assert isinstance(dest.type, Reference)
                element = dest.type.element
                return self.objects.make_list(sources[0], size_of(element), isinstance(element, Reference))
            case ir.ListView(dest):
                thing = self.objects.things[sources[0]]
                return _made_array(dest.type, (Address(thing.memory, 0), thing.value), 1)
            case ir.Operate(_, name, arguments):
                self._stuck = 0
                count = len(arguments)
                found = self.objects.operate(name, sources[0], sources[1:count], *sources[count:])
                self._own(name, sources, found[0])
                return found
            case ir.WasCancelled():
                return sources[0] == abi.CANCELLED
            case ir.Retain():
                self.objects.retain(*sources)
            case ir.Release():
                self.objects.release(*sources)
                for error in self.objects.forgotten:
                    self.forget(error)
                self.objects.forgotten.clear()
                if self.objects.lost:
                    raise InFlight(self.objects.lost[0])
            case ir.Print(site):
                self.output.append(printed(self.module.formats[site], sources))
            case _:
                return self.memory(op, sources)

    def _own(self, name: str, sources: Sequence[Any], found: int) -> None:
        """Who has an error after an operation."""
        match name:
            case "task.error":
                self.errors[found].owners += 1
            case "group.share":
                self.errors[sources[1]].owners += 1
            case "group.errors":
                scope = self.objects.scopes.scopes[sources[0]]
                self.errors[sources[1]].members, scope.errors = tuple(scope.errors), []

    def memory(self, op: ir.Op, sources: tuple[Any, ...]) -> Any:
        match op:
            case ir.MakeArray(dest, _, extents):
                return _made_array(dest.type, sources, len(extents))
            case ir.ArrayPart(_, "address", _):
                return sources[0].address
            case ir.ArrayPart(_, part, _, axis):
                return (sources[0].extents if part == "extent" else sources[0].strides)[axis]
            case ir.Offset(_, _, index, scale, offset):
                base = sources[0]
                distance = offset if index is None else offset + sources[1] * scale
                return Address(base.memory, i64.wrap(base.offset + distance))
            case ir.Load(dest):
                return load(_scalar(dest.type), sources[0])
            case ir.Store(_, value):
                store(_scalar(value.type), sources[0], sources[1])
            case ir.Atomic(_, name, _, value):
                return atomic(name, _scalar(value.type), *sources)
            case _:
                raise AssertionError(f"{type(op).__name__} belongs after split")


def rebuilt_arguments(site: ir.Site, values: Sequence[Any]) -> tuple[Any, ...]:
    """The arguments of the exception that a site raises."""
    remaining = iter(values)
    found = tuple(
        printed(argument, remaining) if isinstance(argument, tuple) else next(remaining) for argument in site.arguments
    )
    return found or ((site.message,) if site.message else ())


def _step(
    dest: ir.Local | None, child: Activation, own: Free, values: Values, flights: list[InFlight], parent: Strand
) -> bool:  # fmt: skip
    """Run the child of a Fork to its next suspension; whether it is complete, and its result stored, or failed."""
    try:
        next(child)
    except StopIteration as done:
        if dest is not None:
            values[dest.index] = done.value
        return True
    except InFlight as flight:
        if not flights:
            parent.seen = own.seen
        flights.append(flight)
        return True
    return False


def frame_of(function: ir.Function, arguments: Sequence[Any]) -> Values:
    """The locals of a function at its start."""
    values: Values = [UNDEFINED] * len(function.locals)
    for parameter, argument in zip(function.parameters, arguments, strict=True):
        values[parameter.index] = argument
    return values


def _scalar(type: Type) -> Scalar:
    assert isinstance(type, Scalar), f"{type!r} is no scalar"
    return type


def _made_array(type: Type, sources: tuple[Any, ...], ndim: int) -> ArrayValue:
    assert isinstance(type, Array)
    address, extents, strides = sources[0], sources[1 : ndim + 1], sources[ndim + 1 :]
    if type.contiguous:
        strides = (type.element.size,)
        for extent in reversed(extents[1:]):
            strides = (strides[0] * extent, *strides)
    return ArrayValue(address, extents, strides)


def load(type: Scalar, address: Address) -> Any:
    _check(type, address)
    return struct.unpack_from(_FORMATS[type.name], address.memory, address.offset)[0]


def store(type: Scalar, address: Address, value: Any) -> None:
    _check(type, address)
    struct.pack_into(_FORMATS[type.name], address.memory, address.offset, value)


def _check(type: Scalar, address: Address) -> None:
    if not 0 <= address.offset <= len(address.memory) - type.size:
        raise MemoryFault(f"{type} at byte {address.offset} of {len(address.memory)}")


def atomic(name: ir.AtomicOp, type: Scalar, address: Address, value: Any, expected: Any = None) -> Any:
    """The old value."""
    old = load(type, address)
    match name:
        case "exchange":
            new = value
        case "cas":
            new = value if old == expected else old
        case "min" | "max":
            new = scalars.intrinsic(name, type, (old, value))
        case _:
            new = scalars.binary(name, type, old, value)
    store(type, address, new)
    return old


def printed(parts: tuple[str | Type, ...], values: Iterable[Any]) -> str:
    """The text of one print."""
    remaining = iter(values)
    return "".join(part if isinstance(part, str) else str(next(remaining)) for part in parts)
