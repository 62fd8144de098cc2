"""IR to Python source, once a program: a function becomes a generator that yields where a lane can be switched.

    last = device.fetch_sub(pending, 1)           if v5 >= quiet:
                                                      yield STEP                     # another lane may go first
                                          ──▶     v7 = fetch(L, v5, u32, 'sub', 1, P3)
    mask = device.ballot(pushing)                 v4 = yield 'ballot', (v3,), P4     # until all lanes are there
    x = y add 1                                   v8 = (v7 + 1) & 4294967295

`L` is the lane. Only accesses that another lane may be racing with yield: the rest of a lane's work is its own,
whatever the schedule, so it is done in one go. Functions in which nothing yields become plain functions. What the
executor is specialised with (`warp_size`, options, the number of states) becomes a number, as LLVM makes of it.

A new intrinsic is one line of `COLLECTIVES` (and its meaning in `machine.MEET`), `ACCESSES`, `VALUES`, `FENCES` or
`SLEEPS`. Ops on objects and errors are in `translate_objects`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import translate_objects
from violation import Place

from coro2cuda.frontend.diagnostics import NOWHERE, Span
from coro2cuda.frontend.dtypes import Pointer, Scalar, Struct, Type
from coro2cuda.lowering import abi, ir, scalars
from coro2cuda.lowering.builder import Builder

STEP, SLEEP = "step", "sleep"
DEEPEST = 24

# All lanes meet; with one lane the value is known at once.
COLLECTIVES: Mapping[str, str] = {
    "ballot": "int({0})", "match_any": "1", "shuffle": "{0}", "reduce_max": "{0}", "reduce_min": "{0}",
    "reduce_add": "{0}", "warp_sync": "None",
}  # fmt: skip
# Atomic accesses: the call in `memory`; {0} is the address, {K} the type it points to.
ACCESSES: Mapping[str, str] = {
    "load_relaxed": "load_relaxed(L, {0}, {K}, {P})",
    "load_acquire": "load_acquire(L, {0}, {K}, {P})",
    "store_relaxed": "store_relaxed(L, {0}, {K}, {1}, {P})",
    "store_release": "store_release(L, {0}, {K}, {1}, {P})",
    "compare_and_swap": "compare_and_swap(L, {0}, {K}, {1}, {2}, {P})",
    "compare_and_swap_acquire": "compare_and_swap(L, {0}, {K}, {1}, {2}, {P}, releases=False)",
    "fetch_add": "fetch(L, {0}, {K}, 'add', {1}, {P})",
    "fetch_sub": "fetch(L, {0}, {K}, 'sub', {1}, {P})",
    "fetch_sub_ordered": "fetch_ordered(L, {0}, {K}, 'sub', {1}, {P})",
    "fetch_max": "fetch(L, {0}, {K}, 'max', {1}, {P})",
    "fetch_or": "fetch(L, {0}, {K}, 'or', {1}, {P})",
    "fetch_or_acquire": "fetch_acquire(L, {0}, {K}, 'or', {1}, {P})",
    "exchange": "fetch(L, {0}, {K}, 'exchange', {1}, {P})",
}
SLEEPS = ("nanosleep", "doze")
PROGRAM_CALLS = ("start", "resume", "unwind")
# What the ledger is told when the executor calls a function: {0}.. are its arguments.
TOLD: Mapping[str, str] = {
    "give_frame": "L.ledger.given(L, {2}, {3}, {P})",
    "hand_over": "L.ledger.woken(L, {2}, {P})",
    "hand_out": "L.ledger.woken(L, {2}, {P})",
    "leave_crowd": "L.ledger.woken(L, {1}, {P})",
}
FENCES: Mapping[str, str] = {"fence": "fence(L)", "fence_sc": "fence_sc(L)"}
VALUES: Mapping[str, str] = {
    "lane_id": "L.lane",
    "warp_id": "L.warp.index",
    "warp_hint": "L.warp.index",
    "warp_in_block": "0",  # every warp is a block
    "children": "children[{0}]",
    "shared_memory": "L.warp.memory",
    "clock": "L.clock()",
    "nanoseconds": "L.clock() * 100",  # so long is a step
    "popcount": "({0}).bit_count()",
    "find_first": "(({0} & -{0}).bit_length() - 1 if {0} else 32)",
    "min": "({1} if {1} < {0} else {0})",
    "max": "({1} if {1} > {0} else {0})",
    "count_leading_zeros": "(32 - ({0}).bit_length())",
}


@dataclass(frozen=True, slots=True)
class Constants:
    """What a program is specialised with."""

    lanes: int
    states: int
    frame_size: int
    options: Mapping[str, int]
    frames: int  # the address of frame 0
    quiet: int  # addresses below are nobody else's business


class PlacedBuilder(Builder):
    """Remembers for each op the statement that it was built for."""

    spans: dict[int, tuple[ir.Op, Span]]

    def emit(self, op: ir.Op) -> None:
        super().emit(op)
        self.spans[id(op)] = op, self.here  # the op too: it must not be forgotten, and its id used again


def placed_builder() -> type[PlacedBuilder]:
    """A builder class with a table of its own."""
    return type("Placed", (PlacedBuilder,), {"spans": {}})


@dataclass(slots=True)
class Unit:
    """Functions that call each other: the executor's and the program's; `spans` where ops come from, by their id;
    `kinds` the class of what each site raises."""

    functions: dict[str, ir.Function]
    spans: Mapping[int, tuple[ir.Op, Span]]
    constants: Constants
    kinds: Sequence[int] = ()
    names: dict[str, str] = field(default_factory=dict)
    stepping: set[str] = field(default_factory=set)
    namespace: dict[str, Any] = field(default_factory=dict)
    known: dict[tuple[str, type, str], str] = field(default_factory=dict)

    def constant(self, prefix: str, value: Any) -> str:
        """A name for a value of the host."""
        key = prefix, type(value), repr(value)
        if key not in self.known:
            self.known[key] = f"{prefix}{len(self.known)}"
            self.namespace[self.known[key]] = value
        return self.known[key]


def translate(unit: Unit, runtime: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Python functions by the names of the IR's. `runtime` are the functions that generated code calls."""
    for index, name in enumerate(unit.functions):
        unit.names[name] = f"f{index}_{re.sub(r'[^A-Za-z0-9]', '_', name)}"
    unit.stepping = _stepping(unit)
    unit.namespace |= {"STEP": STEP, "SLEEP": SLEEP, **runtime}
    texts = [Translator(unit, function).text() for function in unit.functions.values()]
    exec(compile("\n\n".join(texts), "<explorer>", "exec"), unit.namespace)
    return {name: unit.namespace[mangled] for name, mangled in unit.names.items()}


# Ops of the program that call the executor, with what they read as arguments.
DEVICE_CALLS: Mapping[type, str] = {
    ir.AllocateFrame: "allocate_frame", ir.Enqueue: "enqueue", ir.Join: "join", ir.HasRoom: "has_room",
}  # fmt: skip


def _stepping(unit: Unit) -> set[str]:
    """Functions in which a lane can be switched."""
    calls: dict[str, set[str]] = {name: set(_callees(function)) for name, function in unit.functions.items()}
    found = {name for name, function in unit.functions.items() if any(_steps(op, unit) for op in _ops(function))
             or any(isinstance(block.end, ir.Poll) for block in function.blocks)}  # fmt: skip
    while more := {name for name, callees in calls.items() if name not in found and callees & found}:
        found |= more
    return found


def _ops(function: ir.Function) -> Iterator[ir.Op]:
    for block in function.blocks:
        yield from block.ops


def _steps(op: ir.Op, unit: Unit) -> bool:
    if not isinstance(op, ir.Intrinsic):
        return isinstance(op, ir.Atomic)
    name = op.name.removeprefix("device.")
    return (
        name in ACCESSES
        or name in SLEEPS + PROGRAM_CALLS
        or (name in COLLECTIVES and unit.constants.lanes > 1)
    )


def _callees(function: ir.Function) -> Iterator[str]:
    for op in _ops(function):
        if isinstance(op, ir.Call | ir.Start):
            yield op.function
        elif type(op) in DEVICE_CALLS:
            yield DEVICE_CALLS[type(op)]
        else:
            yield from translate_objects.callees(op)
    for block in function.blocks:
        if isinstance(block.end, ir.Continue):
            yield block.end.function
        elif isinstance(block.end, ir.Raise):
            yield "make_error"


class Translator:
    """One function. Blocks with one way in are written where they are entered; the others are picked by `b`."""

    def __init__(self, unit: Unit, function: ir.Function) -> None:
        self.unit, self.function = unit, function
        self.lines: list[str] = []
        self.depth = 1
        self.ways_in = Counter(target for block in function.blocks for target in block.end.targets())
        self.heads: list[int] = []
        self.launch: dict[int, int] = {}  # locals that are addresses in the launch record, and their offset
        self.place = "?"

    def text(self) -> str:
        function = self.function
        own = "" if function.kind == "plain" else ", frame"
        parameters = "".join(f", v{local.index}" for local in function.parameters)
        bodies: dict[int, list[str]] = {}
        waiting = [0]
        while waiting:
            head = waiting.pop()
            if head not in bodies:
                self.lines, self.depth, self.heads = [], 0, []
                self._block(head)
                bodies[head] = self.lines
                waiting += self.heads
        lines = [f"def {self.unit.names[function.name]}(L{own}{parameters}):"]
        if function.name in self.unit.stepping:
            lines.append(f"    quiet = {self.unit.constants.quiet}")
        if len(bodies) == 1 and not self.ways_in[0]:
            lines += [f"    {line}" for line in bodies[0]]
        else:
            lines += ["    b = 0", "    while True:"]
            lines += [f"        {line}" for line in _dispatch(sorted(bodies), bodies)]
        if function.name in self.unit.stepping:
            lines.append("    yield")  # never reached: makes it a generator whatever its code yields
        return "\n".join(lines)

    def say(self, line: str) -> None:
        self.lines.append("  " * self.depth + line)

    # --- control

    def _block(self, index: int) -> None:
        block = self.function.blocks[index]
        for op in block.ops:
            self._op(op)
        match block.end:
            case ir.Goto(target):
                self._jump(target)
            case ir.Branch(test, then, orelse):
                self.say(f"if {self.read(test)}:")
                self._inside(then)
                self.say("else:")
                self._inside(orelse)
            case ir.Poll(target):
                self.say(f"yield from poll(L, {self.placed()})")
                self._jump(target)
            case ir.Stop():
                self.say("raise Stopped")
            case ir.Raise(site):
                self.throw(translate_objects.made_error(self, site))
            case ir.Throw(error):
                self.throw(self.read(error))
            case ir.Return(value):
                self._return(value)
            case ir.Leave(state, frame, release):
                self.say(
                    f"return {self.read(state)}, {'frame' if frame is None else self.read(frame)}, {int(release)}"
                )
            case ir.Continue(name, value):
                self.say(f"return {self.called(name, ['frame', *([] if value is None else [self.read(value)])])}")
            case end:
                raise AssertionError(f"{type(end).__name__} belongs before split")

    def _inside(self, target: int) -> None:
        self.depth += 1
        self._jump(target)
        self.depth -= 1

    def _jump(self, target: int) -> None:
        if self.ways_in[target] == 1 and target != 0 and self.depth < DEEPEST:
            self._block(target)
        else:
            self.heads.append(target)
            self.say(f"b = {target}")
            self.say("continue")

    def throw(self, error: str) -> None:
        """End with an error: a plain function by an exception, which its caller catches."""
        self.say(f"return {abi.FAILED}, {error}, None" if self.function.kind == "start" else f"raise Thrown({error})")

    def _return(self, value: ir.Operand | None) -> None:
        result = "None" if value is None else self.read(value)
        self.say(f"return {abi.COMPLETED}, frame, {result}" if self.function.kind == "start" else f"return {result}")

    # --- ops

    def read(self, operand: ir.Operand) -> str:
        match operand:
            case ir.Local(index):
                return f"v{index}"
            case ir.Uniform(index):
                return f"L.uniforms[{index}]"
            case ir.Const(type, value) if isinstance(type, Scalar) and type.is_float:
                return self.unit.constant("C", scalars.rounded(type, value))
            case ir.Const(_, value):
                return repr(value) if value is None or isinstance(value, int) else self.unit.constant("C", value)
        raise AssertionError(operand)

    def type_of(self, type: Type) -> str:
        return self.unit.constant("T", type)

    def placed(self, op: ir.Op | None = None) -> str:
        _, span = self.unit.spans.get(id(op), (None, self.function.span or NOWHERE))
        return self.unit.constant("P", Place.of(span, self.function.title))

    def called(self, name: str, arguments: list[str]) -> str:
        call = f"{self.unit.names[name]}({', '.join(['L', *arguments])})"
        return f"(yield from {call})" if name in self.unit.stepping else call

    def set(self, dest: ir.Local | None, value: str) -> None:
        self.say(value if dest is None else f"v{dest.index} = {value}")

    def _op(self, op: ir.Op) -> None:
        read = self.read
        match op:
            case ir.Copy(dest, source):
                self.set(dest, read(source))
            case ir.Unary(dest, name, operand):
                self.set(dest, f"not {read(operand)}" if name == "not" else
                          f"unary({name!r}, {self.type_of(dest.type)}, {read(operand)})")  # fmt: skip
            case ir.Binary(dest, name, left, right):
                self.set(dest, self._binary(dest.type, name, left, right))
            case ir.Compare(dest, name, left, right):
                self.set(dest, f"{read(left)} {_COMPARE[name]} {read(right)}")
            case ir.Select(dest, test, then, orelse):
                self.set(dest, f"{read(then)} if {read(test)} else {read(orelse)}")
            case ir.Convert(dest, source):
                self.set(dest, self._converted(dest.type, source))
            case ir.Pack(dest, items):
                self.set(dest, f"({''.join(f'{read(item)}, ' for item in items)})")
            case ir.Extract(dest, source, index):
                self.set(dest, f"{read(source)}[{index}]")
            case ir.Call(dest, name, arguments):
                given = [read(argument) for argument in arguments]
                if name in TOLD:
                    self.say(TOLD[name].format(*given, P=self.placed(op)))
                self._call(op, self.called(name, given))
            case ir.Intrinsic():
                self._intrinsic(op)
            case _:
                if not translate_objects.write(self, op):
                    self._memory(op)

    def _call(self, op: ir.Call, call: str) -> None:
        """A call whose error is caught, or passes with its place, or cannot be."""
        if op.error is None and op.place < 0:
            self.set(op.dest, call)
            return
        self.say("try:")
        self.say(f"  {'' if op.dest is None else f'v{op.dest.index} = '}{call}")
        if op.error is not None:
            self.say(f"  v{op.error.index} = 0")
        self.say("except Thrown as thrown:")
        if op.error is not None:
            self.say(f"  v{op.error.index} = thrown.error")
        else:
            self.say(f"  {self.called('trace_error', ['L.launch_address', 'thrown.error', str(op.place)])}")
            self.say("  raise")

    def _binary(self, type: Type, name: str, left: ir.Operand, right: ir.Operand) -> str:
        assert isinstance(type, Scalar)
        a, b = self.read(left), self.read(right)
        if type.is_integer:
            if name in ("and", "or", "xor") and type.is_integer:
                return f"{a} {_INTEGER[name]} {b}"
            if name in ("add", "sub", "mul"):
                return wrapped(type, f"{a} {_INTEGER[name]} {b}")
            if type.kind == "uint" and (name in ("floordiv", "mod") or (name == "shr" and isinstance(right, ir.Const))):
                return f"{a} {_INTEGER[name]} {b}"
        return f"binary({name!r}, {self.type_of(type)}, {a}, {b})"

    def _converted(self, type: Type, source: ir.Operand) -> str:
        value = self.read(source)
        if type == source.type or isinstance(type, Pointer) or isinstance(source.type, Pointer):
            return value
        assert isinstance(type, Scalar) and isinstance(source.type, Scalar)
        if type.is_integer and source.type.is_integer:
            return wrapped(type, value)
        return f"convert({value}, {self.type_of(type)})"

    def _memory(self, op: ir.Op) -> None:
        read, place = self.read, self.placed(op)
        match op:
            case ir.Offset(dest, base, index, scale, offset):
                if index is None and isinstance(base.type, Pointer) and _is_launch(base.type.target):
                    self.launch[dest.index] = offset
                moved = "" if index is None else f" + {read(index)} * {scale}"
                self.set(dest, f"{read(base)}{moved}{f' + {offset}' if offset else ''}")
            case ir.Load(dest, ir.Local(index)) if index in self.launch:
                self.set(dest, f"L.launch[{self.launch[index]}]")
            case ir.Load(dest, address):
                self.set(dest, f"load(L, {read(address)}, {self.type_of(dest.type)}, {place})")
            case ir.Store(address, value):
                self.say(f"store(L, {read(address)}, {self.type_of(value.type)}, {read(value)}, {place})")
            case ir.Atomic(dest, name, address, value, expected):
                self.say(f"if {read(address)} >= quiet: yield STEP")
                kind = self.type_of(value.type)
                if name == "cas":
                    assert expected is not None
                    operands = f"{read(expected)}, {read(value)}"
                    self.set(dest, f"cas_relaxed(L, {read(address)}, {kind}, {operands}, {place})")
                else:
                    self.set(dest, f"fetch(L, {read(address)}, {kind}, {name!r}, {read(value)}, {place})")
            case ir.MakeArray(dest, address, extents, strides):
                parts = [f"({''.join(f'{read(item)}, ' for item in items)})" for items in (extents, strides)]
                self.set(dest, f"array({self.type_of(dest.type)}, {read(address)}, {', '.join(parts)})")
            case ir.ArrayPart(dest, part, source, axis):
                index = {"address": "[0]", "extent": f"[1][{axis}]", "stride": f"[2][{axis}]"}[part]
                self.set(dest, f"{read(source)}{index}")
            case _:
                self._framed(op, place)

    def _framed(self, op: ir.Op, place: str) -> None:
        read, constants = self.read, self.unit.constants

        def address(frame: str, offset: int) -> str:
            return f"{constants.frames + offset} + {frame} * {constants.frame_size}"

        match op:
            case ir.Reload(dest, offset):
                self.say(f"L.ledger.touch(L, frame, False, {place})")
                self.set(dest, f"reload(L, {address('frame', offset)}, {self.type_of(dest.type)}, {place})")
            case ir.Spill(offset, value, other, position):
                frame = "frame" if other is None else read(other)
                moved = "" if position is None else f" + {read(position)}"
                self.say(f"L.ledger.touch(L, {frame}, {other is not None}, {place})")
                self.say(
                    f"store(L, {address(frame, offset)}{moved}, {self.type_of(value.type)}, {read(value)}, {place})"
                )
            case ir.OwnFrame(dest):
                self.set(dest, "frame")
            case _ if type(op) in DEVICE_CALLS:
                if isinstance(op, ir.Enqueue):
                    self.say(f"L.ledger.made_ready(L, {read(op.frame)}, {read(op.state)}, {place})")
                arguments = ["L.launch_address", "L.warp.memory", *map(read, op.sources())]
                self.set(op.dest, self.called(DEVICE_CALLS[type(op)], arguments))
                if isinstance(op, ir.AllocateFrame):
                    self.say(f"L.ledger.allocated(L, v{op.dest.index}, {place})")
            case ir.Start(dest, state, other, name, arguments):
                result = "_" if dest is None else f"v{dest.index}"
                call = self.called(name, ["frame", *map(read, arguments)])
                self.say(f"v{state.index}, v{other.index}, {result} = {call}")
            case _:
                raise AssertionError(op)

    def _intrinsic(self, op: ir.Intrinsic) -> None:
        name, constants = op.name.removeprefix("device."), self.unit.constants
        arguments = [self.read(argument) for argument in op.arguments]
        known = {"warp_size": constants.lanes, "states": constants.states, "frame_size": constants.frame_size}
        if name.startswith("option."):
            self.set(op.dest, str(constants.options[name.removeprefix("option.")]))
        elif name in known:
            self.set(op.dest, str(known[name]))
        elif name in COLLECTIVES and constants.lanes == 1:
            self.set(op.dest, COLLECTIVES[name].format(*arguments))
        elif name in COLLECTIVES:
            operands = "".join(f"{argument}, " for argument in arguments)
            self.set(op.dest, f"yield {name!r}, ({operands}), {self.placed(op)}")
        elif name in ACCESSES:
            pointer = op.arguments[0].type
            assert isinstance(pointer, Pointer)
            self.say(f"if {arguments[0]} >= quiet: yield STEP")
            self.set(op.dest, ACCESSES[name].format(*arguments, K=self.type_of(pointer.target), P=self.placed(op)))
        elif name in FENCES:
            self.say(FENCES[name])
        elif name in SLEEPS:
            self.say("yield SLEEP")
        elif name in PROGRAM_CALLS:
            self.set(op.dest, f"yield from {name}(L, {', '.join(arguments[2:])}, {self.placed(op)})")
        elif name in VALUES:
            self.set(op.dest, VALUES[name].format(*arguments))
        else:
            assert op.dest is not None
            self.set(
                op.dest, f"intrinsic({name!r}, {self.type_of(op.dest.type)}, ({''.join(f'{a}, ' for a in arguments)}))"
            )


_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_INTEGER = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^", "floordiv": "//", "mod": "%",
            "shr": ">>"}  # fmt: skip


def wrapped(type: Scalar, value: str) -> str:
    """The value modulo 2**bits, as an integer of the type."""
    mask = (1 << type.bits) - 1
    if type.kind == "uint":
        return f"({value}) & {mask}"
    half = 1 << (type.bits - 1)
    return f"(({value}) + {half} & {mask}) - {half}"


def _is_launch(type: Type) -> bool:
    return isinstance(type, Struct) and type.name == "Launch"


def _dispatch(heads: list[int], bodies: dict[int, list[str]]) -> list[str]:
    """A tree of tests on `b`."""
    if len(heads) == 1:
        return bodies[heads[0]]
    middle = len(heads) // 2
    lower, upper = _dispatch(heads[:middle], bodies), _dispatch(heads[middle:], bodies)
    return [f"if b < {heads[middle]}:", *(f" {line}" for line in lower), "else:", *(f" {line}" for line in upper)]
