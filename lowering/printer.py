"""A stable, readable text of the IR, for golden tests and `coro2cuda show --stage ir`.

    coroutine collatz(n: i32) -> i32
      entry:
        steps = 0:i32
        goto while
      while:
        %2 = n ne 1:i32
        branch %2 ? body : after

Constants and what is read from memory or called show their type; other types follow. Names and labels that are not
unique in a function carry their index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from coro2cuda.frontend.dtypes import NoneValue, Type
from coro2cuda.lowering import ir


def print_module(module: ir.Module) -> str:
    """All functions, the root first, then the tables."""
    names = sorted(module.functions, key=lambda name: (name != module.root, name))
    texts = [print_function(module.functions[name]) for name in names]
    texts += [f"site {index}: {site.exception}: {_message(site)} at {site.span}\n"
              for index, site in enumerate(module.sites)]  # fmt: skip
    texts += [f"format {index}: {_format(parts)}\n" for index, parts in enumerate(module.formats)]
    return "\n".join(texts)


def print_function(function: ir.Function) -> str:
    printer = Printer(function)
    return "\n".join([printer.header(), *printer.blocks()]) + "\n"


def short(function: str) -> str:
    """A function's name without the types it was specialised for: `f.0` for `f(i32).0`, `f` for `f(i32).start`."""
    head, _, rest = function.partition("(")
    return (head + rest.rpartition(")")[2]).removesuffix(".start")


def _message(site: ir.Site) -> str:
    shown = (_format(one) if isinstance(one, tuple) else f"{{{one!r}}}" for one in site.arguments)
    return ", ".join(shown) or site.message


def _format(parts: tuple[str | Type, ...]) -> str:
    return " ".join(repr(part) if isinstance(part, str) else f"{{{part!r}}}" for part in parts)


class Printer:
    """Prints parts of one function."""

    def __init__(self, function: ir.Function) -> None:
        self.function = function
        names = Counter(local.name for local in function.locals)
        labels = Counter(block.label for block in function.blocks)
        self._names = {
            local.index: local.name if names[local.name] == 1 else f"{local.name}.{local.index}"
            for local in function.locals
        }
        self._labels = [
            block.label if labels[block.label] == 1 else f"{block.label}.{index}"
            for index, block in enumerate(function.blocks)
        ]

    def header(self) -> str:
        function = self.function
        parameters = ", ".join(f"{self.name(local)}: {local.type!r}" for local in function.parameters)
        raises = "" if function.raises or function.kind != "plain" else "  # does not raise"
        return f"{function.kind} {short(function.name)}({parameters}) -> {function.result!r}{raises}"

    def blocks(self) -> Iterable[str]:
        for index, block in enumerate(self.function.blocks):
            yield f"  {self._labels[index]}:"
            for op in block.ops:
                yield f"    {self.op(op)}"
            yield f"    {self.end(block.end)}"

    def name(self, local: ir.Local) -> str:
        return self._names.get(local.index, local.name)

    def operand(self, operand: ir.Operand) -> str:
        match operand:
            case ir.Local():
                return self.name(operand)
            case ir.Const(type, value):
                return "None" if isinstance(type, NoneValue) else f"{value!r}:{type!r}"
            case ir.Uniform(index, type):
                return f"uniform[{index}]:{type!r}"

    def list(self, operands: Iterable[ir.Operand]) -> str:
        return ", ".join(map(self.operand, operands))

    def op(self, op: ir.Op) -> str:
        text, dest = self.action(op), op.dest
        if isinstance(op, ir.Call) and op.error is not None:
            return f"{self.list((op.error, *([op.dest] if op.dest else [])))} = {text}"
        if isinstance(op, ir.Start):
            return f"{self.list((op.state, op.frame))}{f', {self.name(dest)}' if dest else ''} = {text}"
        if isinstance(op, ir.Operate) and op.taken is not None:
            names = [local for local in (dest, op.taken) if local is not None]
            return f"{self.list(names)} = {text}"
        if dest is None:
            return text
        shown = isinstance(op, ir.Load | ir.Call | ir.Intrinsic | ir.Extract | ir.Offset | ir.MakeArray | ir.Reload)
        return f"{self.name(dest)} = {text}{f' : {dest.type!r}' if shown else ''}"

    def action(self, op: ir.Op) -> str:
        text = self.operand
        match op:
            case ir.Copy(_, source):
                return text(source)
            case ir.Unary(_, name, operand):
                return f"{name} {text(operand)}"
            case ir.Binary(_, name, left, right):
                return f"{text(left)} {name} {text(right)}"
            case ir.Compare(_, comparison, left, right):
                return f"{text(left)} {comparison} {text(right)}"
            case ir.Select(_, test, then, orelse):
                return f"select {text(test)} ? {text(then)} : {text(orelse)}"
            case ir.Convert(dest, source):
                return f"{dest.type!r}({text(source)})"
            case ir.Pack(dest, items):
                return f"({self.list(items)}{',' if len(items) == 1 else ''})"
            case ir.Extract(_, source, index):
                return f"{text(source)}[{index}]"
            case ir.Call(_, function, arguments):
                return f"call {short(function)}({self.list(arguments)})"
            case ir.Intrinsic(_, function, arguments):
                return f"{function}({self.list(arguments)})"
            case ir.Print(site, arguments):
                return f"print {site} ({self.list(arguments)})"
            case ir.Start(_, _, _, function, arguments):
                return f"start {short(function)}({self.list(arguments)})"
            case ir.MakeError(_, site, arguments):
                return f"error {site} ({self.list(arguments)})"
            case ir.ErrorIs(_, error, classes):
                return f"{text(error)} is {' or '.join(map(str, classes)) or 'none'}"
            case ir.OnError(name, error, other):
                return f"{name} {text(error)}{'' if other is None else f', {text(other)}'}"
            case _:
                return self.memory(op)

    def memory(self, op: ir.Op) -> str:
        text = self.operand
        match op:
            case ir.MakeArray(_, address, extents, strides):
                by = f" by {self.list(strides)}" if strides else ""
                return f"array {text(address)} [{self.list(extents)}]{by}"
            case ir.ArrayPart(_, "address", source):
                return f"address({text(source)})"
            case ir.ArrayPart(_, part, source, axis):
                return f"{part}({text(source)}, {axis})"
            case ir.Offset(_, base, index, scale, offset):
                scaled = "" if index is None else f" + {text(index)} * {scale}"
                return f"{text(base)}{scaled}{f' + {offset}' if offset else ''}"
            case ir.Load(_, address):
                return f"load {text(address)}"
            case ir.Store(address, value):
                return f"store {text(address)}, {text(value)}"
            case ir.Atomic(_, name, address, value, expected):
                wanted = "" if expected is None else f" if {text(expected)}"
                return f"atomic_{name} {text(address)}, {text(value)}{wanted}"
            case ir.Reload(_, offset):
                return f"reload [{offset}]"
            case ir.Spill(offset, value, frame, position):
                moved = "" if position is None else f" + {text(position)}"
                other = "" if frame is None else f" of {text(frame)}"
                return f"spill [{offset}{moved}]{other}, {text(value)}"
            case ir.AllocateFrame():
                return "allocate frame"
            case ir.OwnFrame():
                return "own frame"
            case ir.Enqueue(state, frame):
                return f"enqueue {text(state)} {text(frame)}"
            case ir.HasRoom(_, state):
                return f"has room {text(state)}"
            case ir.Join(_, frame):
                return f"join {text(frame)}"
            case ir.MakeObject(dest, argument):
                return f"make {dest.type!r}({text(argument)})"
            case ir.MakeList(dest, length):
                return f"make {dest.type!r} of {text(length)}"
            case ir.ListView(_, source):
                return f"elements of {text(source)}"
            case ir.Operate(_, name, arguments, item):
                return f"{name}({self.list(arguments if item is None else (*arguments, item))})"
            case ir.WasCancelled(_, outcome):
                return f"{text(outcome)} is cancelled"
            case ir.Retain(value):
                return f"retain {text(value)}"
            case ir.Release(value):
                return f"release {text(value)}"
            case ir.Park(_, name, arguments, state, place):
                return f"park {name}({self.list(arguments)}) to {state}, place {place}"
            case _:
                raise AssertionError(op)

    def dests(self, dests: tuple[ir.Local | None, ...]) -> str:
        if not any(dests):
            return ""
        return f"{', '.join('_' if dest is None else self.name(dest) for dest in dests)} = "

    def children(self, end: ir.Fork) -> str:
        calls = [f"{short(coroutine)}({self.list(arguments)})" for _, coroutine, arguments in end.calls()]
        guards = [f" if {self.operand(guard)}" for guard in end.guards] or [""] * len(calls)
        return ", ".join(map(str.__add__, calls, guards))

    def unwind(self, end: ir.Await | ir.Fork) -> str:
        return "" if end.unwind is None else f", {self.list(ir.caught(end))} -> {self._labels[end.unwind]}"

    def end(self, end: ir.Terminator) -> str:
        text, label = self.operand, self._labels.__getitem__
        match end:
            case ir.Goto(target, bounded):
                return f"goto {label(target)}{' bounded' if bounded else ''}"
            case ir.Branch(test, then, orelse, rare):
                return f"branch {text(test)} ? {label(then)} : {label(orelse)}{' rarely' if rare else ''}"
            case ir.Poll(target):
                return f"poll -> {label(target)}"
            case ir.Raise(site):
                return f"raise {site}"
            case ir.Throw(error):
                return f"throw {text(error)}"
            case ir.Stop():
                return "stop"
            case ir.Return(value):
                return "return" if value is None else f"return {text(value)}"
            case ir.Reschedule(resume):
                return f"reschedule -> {label(resume)}"
            case ir.Await(dest, coroutine, arguments, resume):
                result = "" if dest is None else f"{self.name(dest)} = "
                return f"{result}await {short(coroutine)}({self.list(arguments)}) -> {label(resume)}{self.unwind(end)}"
            case ir.Fork(dests, resume=resume):
                return f"{self.dests(dests)}fork {self.children(end)} -> {label(resume)}{self.unwind(end)}"
            case ir.Room(coroutine, resume):
                return f"room for {short(coroutine)} -> {label(resume)}"
            case ir.Spawn(coroutine, arguments, resume):
                return f"spawn {short(coroutine)}({self.list(arguments)}) -> {label(resume)}"
            case ir.Wait(name, arguments, resume, item=item):
                taken = self.dests(ir.results(end))
                given = arguments if item is None else (*arguments, item)
                return f"{taken}wait {name}({self.list(given)}) -> {label(resume)}"
            case ir.Leave(state, frame, release):
                where = "" if frame is None else f" with frame {text(frame)}"
                return f"leave to {text(state)}{where}{', release' if release else ''}"
            case ir.Continue(function, value):
                return f"continue {short(function)}({'' if value is None else text(value)})"
