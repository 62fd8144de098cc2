"""The CFG of one function while it is built: where the next op goes, and the tables it shares with its module.

Blocks are numbered as they are made and laid out as they are placed; cold blocks (slow paths of checks, raises) go to
the end. Code after a terminator goes to a scratch block that `finish` drops with everything else that is unreachable.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import NoneValue, Type, boolean, u32
from coro2cuda.lowering import ir
from coro2cuda.lowering.scan import Facts
from coro2cuda.lowering.site import ErrorArgument

Error = tuple[str, str]  # the name (`tree.class_name`) of an exception that an operation raises, and its message


@dataclass(slots=True)
class Tables:
    """What the functions of a module share while they are built: the tables that ops index (equal entries are one), the
    typed functions, and the functions that the builder itself has made."""

    sites: dict[ir.Site, int] = field(default_factory=dict)
    places: dict[Span, int] = field(default_factory=dict)
    formats: dict[tuple[str | Type, ...], int] = field(default_factory=dict)
    classes: tuple[type[BaseException], ...] = tree.LANGUAGE_ERRORS
    cancels: bool = False
    typed: Mapping[str, tree.Function] = field(default_factory=dict)
    made: dict[str, ir.Function] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoopTargets:
    """Where `continue` and `break` go, and the scopes that are left then: those from `depth` on."""

    again: int
    leave: int
    depth: int


@dataclass(frozen=True, slots=True)
class Guard:
    """A `try` body with handlers: an error goes to `landing`, in `error`."""

    landing: int
    error: ir.Local


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Code with a `finally`, which runs on every way out."""

    landing: int
    error: ir.Local
    final: Callable[[], None]  # builds it


@dataclass(frozen=True, slots=True)
class Handling:
    """Code that runs while an error, `handled`, is being handled."""

    landing: int
    error: ir.Local
    handled: ir.Local


Scope = Guard | Cleanup | Handling


@dataclass(slots=True)
class Draft:
    """A block that may not be closed yet."""

    label: str
    ops: list[ir.Op] = field(default_factory=list)
    end: ir.Terminator | None = None


class Builder:
    """Builds one `ir.Function`; the modules `build_*` append to it."""

    def __init__(self, source: tree.Function, tables: Tables, facts: Facts) -> None:
        kind: ir.FunctionKind = "coroutine" if source.is_coroutine else "plain"
        self.function = ir.Function(source.name, source.title, kind, (), source.result, [], [], source.span,
                                    cold=source.cold)  # fmt: skip
        self.here = source.span  # the statement that is being built
        self.facts = facts
        self.checked = not source.unchecked
        self.loops: list[LoopTargets] = []
        self.scopes: list[Scope] = []
        self.catches = False
        self.traced = True  # whether awaits of this function are in the source
        self.non_negative: set[int] = set()
        self.variables: dict[int, ir.Local] = {}
        self._owners: dict[int, tree.Variable] = {}
        self.tables = tables
        self._drafts: list[Draft] = []
        self._order: list[int] = []
        self._cold: list[int] = []
        self._layout = self._order
        self._raises: dict[tuple[int, int], int] = {}  # (site, landing or -1) -> block
        self._current = Draft("unreachable")
        self.function.parameters = tuple(self.local(parameter) for parameter in source.parameters)
        self.place(self.block("entry"))

    # --- locals

    def local(self, variable: tree.Variable) -> ir.Local:
        """The local of a user's variable."""
        local = self.variables.get(id(variable))
        if local is None:
            local = self.function.new_local(variable.name, variable.type)
            self.variables[id(variable)] = local
            self._owners[local.index] = variable
        return local

    def rebind(self, variable: tree.Variable) -> ir.Local:
        """A new local for a variable: what was computed from the old one keeps its value."""
        self.variables.pop(id(variable), None)
        return self.local(variable)

    def owner(self, operand: ir.Operand) -> tree.Variable | None:
        """The user's variable the operand is, if it is one."""
        return self._owners.get(operand.index) if isinstance(operand, ir.Local) else None

    def temporary(self, type: Type, role: str = "") -> ir.Local:
        """A fresh local; `%` starts the names of those that are not the user's."""
        index = len(self.function.locals)
        return self.function.new_local(f"%{role}.{index}" if role else f"%{index}", type)

    def keep(self, operand: ir.Operand, role: str = "") -> ir.Local:
        """A copy that no later assignment changes."""
        dest = self.temporary(operand.type, role)
        self.emit(ir.Copy(dest, operand))
        return dest

    # --- ops and blocks

    def emit(self, op: ir.Op) -> None:
        self._current.ops.append(op)

    def assign(self, dest: ir.Local, value: ir.Operand) -> None:
        """`dest = value`, unless the value was computed in place or there is nothing to store."""
        if value is not dest and not isinstance(dest.type, NoneValue):
            self.emit(ir.Copy(dest, value))

    def block(self, label: str = "") -> int:
        self._drafts.append(Draft(label))
        return len(self._drafts) - 1

    def place(self, block: int) -> None:
        """Go on at the start of a block."""
        self._layout.append(block)
        self._current = self._drafts[block]

    @contextmanager
    def aside(self, block: int) -> Iterator[None]:
        """Fill a cold block, and those placed meanwhile, then go on where we were."""
        before, layout = self._current, self._layout
        self._layout = self._cold
        self.place(block)
        yield
        self._current, self._layout = before, layout

    def end(self, terminator: ir.Terminator) -> None:
        """Close the current block."""
        self._current.end = terminator
        self._current = Draft("unreachable")

    def goto(self, target: int) -> None:
        self.end(ir.Goto(target))

    def branch(self, test: ir.Operand, then: int, orelse: int, rare: bool = False) -> None:
        if isinstance(test, ir.Const):
            self.goto(then if test.value else orelse)
        elif then == orelse:
            self.goto(then)
        else:
            self.end(ir.Branch(test, then, orelse, rare))

    # --- errors and tables

    def site(self, kind: int, message: str, span: Span, arguments: tuple[ErrorArgument, ...] = ()) -> int:
        """The index of a place that raises an exception of this class."""
        site = ir.Site(tree.class_name(self.tables.classes[kind]), message, span, arguments, kind)
        return self.tables.sites.setdefault(site, len(self.tables.sites))

    def object_site(self, what: str, span: Span) -> int:
        """The index of a place that makes an object, or waits for one."""
        return self.tables.sites.setdefault(ir.Site(what, "made", span, (), 0), len(self.tables.sites))

    def subclasses(self, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """All classes of the module that a handler of the wanted ones is meant for."""
        classes = self.tables.classes
        parents = tuple(classes[kind] for kind in wanted)
        return tuple(kind for kind, found in enumerate(classes) if issubclass(found, parents))

    def place_of(self, span: Span) -> int:
        """The index of a place that an exception may pass."""
        return self.tables.places.setdefault(span, len(self.tables.places))

    def trace(self, error: ir.Local, span: Span) -> None:
        self.emit(ir.OnError("trace", error, ir.Const(u32, self.place_of(span))))

    def throw(self, error: ir.Operand) -> None:
        """The error goes to whoever is next outward: a scope of this function, or the caller."""
        if not self.scopes:
            self.end(ir.Throw(error))
            return
        self.assign(self.scopes[-1].error, error)
        self.goto(self.scopes[-1].landing)

    def passing_block(self, span: Span) -> tuple[int, ir.Local] | None:
        """The block where a callee's error comes in, in the local, inside a scope; None where it goes to our caller."""
        if not self.scopes:
            return None
        landing, error = self.block("unwind"), self.temporary(u32, "error")
        with self.aside(landing):
            self.trace(error, span)
            self.throw(error)
        return landing, error

    def unwinding(self, span: Span) -> tuple[int | None, ir.Local | None, int]:
        """The last fields of an Await or Fork: where it goes on if it fails, in what local the error is, the place."""
        unwind, error = self.passing_block(span) or (None, None)
        return unwind, error, self.place_of(span) if self.traced else -1

    def raise_block(self, error: Error, span: Span) -> int:
        """The block that raises an operation's error at this place of the source; one a function and scope."""
        kind = next(kind for kind, known in enumerate(self.tables.classes) if tree.class_name(known) == error[0])
        site = self.site(kind, error[1], span)
        key = (site, self.scopes[-1].landing if self.scopes else -1)
        if key not in self._raises:
            self._raises[key] = block = self.block("raise")
            if self.scopes:
                scope = self.scopes[-1]
                self._drafts[block] = Draft("raise", [ir.MakeError(scope.error, site)], ir.Goto(scope.landing))
            else:
                self._drafts[block].end = ir.Raise(site)
        return self._raises[key]

    def raise_if(self, test: ir.Operand, error: Error, span: Span) -> None:
        if isinstance(test, ir.Const) and not test.value:
            return
        fine = self.block()
        self.branch(test, self.raise_block(error, span), fine, rare=True)
        self.place(fine)

    def slow_path(self, test: ir.Operand, fill: Callable[[int], None]) -> None:
        """Where the test holds, run `fill(fine)` out of line; it ends the block, at `fine` if all is well."""
        slow, fine = self.block("slow"), self.block()
        self.branch(test, slow, fine, rare=True)
        with self.aside(slow):
            fill(fine)
        self.place(fine)

    def format(self, parts: tuple[str | Type, ...]) -> int:
        return self.tables.formats.setdefault(parts, len(self.tables.formats))

    # --- the end

    def finish(self) -> ir.Function:
        """The function, its reachable blocks in order, chains of Gotos joined."""
        if self._current.end is None and self._current.label != "unreachable":
            self._fall_off()
        drafts, order = self._drafts, [*self._order, *self._cold, *self._raises.values()]
        reachable = _reachable(drafts)
        kept = _join(drafts, [block for block in order if block in reachable])
        numbers = {block: index for index, block in enumerate(kept)}
        for block in kept:
            draft = drafts[block]
            end = retarget(_closed(draft), numbers)
            self.function.blocks.append(ir.Block(draft.label or f"bb{numbers[block]}", draft.ops, end))
        return self.function

    def _fall_off(self) -> None:
        if isinstance(self.function.result, NoneValue):
            self.end(ir.Return(None))


def _closed(draft: Draft) -> ir.Terminator:
    if draft.end is None:
        raise AssertionError(f"block {draft.label!r} falls off the end of a function with a result")
    return draft.end


def _reachable(drafts: list[Draft]) -> set[int]:
    seen: set[int] = set()
    stack = [0]
    while stack:
        block = stack.pop()
        if block not in seen:
            seen.add(block)
            stack.extend(_closed(drafts[block]).targets())
    return seen


def _join(drafts: list[Draft], order: list[int]) -> list[int]:
    """Append each block whose only way in is a Goto to the block it comes from."""
    ways_in: dict[int, int] = {}
    for block in order:
        for target in _closed(drafts[block]).targets():
            ways_in[target] = ways_in.get(target, 0) + 1
    joined: set[int] = set()
    for block in order:
        if block not in joined:
            draft = drafts[block]
            while isinstance(draft.end, ir.Goto) and ways_in[draft.end.target] == 1 and draft.end.target != 0:
                target = draft.end.target
                joined.add(target)
                draft.ops += drafts[target].ops
                draft.end = drafts[target].end
    return [block for block in order if block not in joined]


def retarget(end: ir.Terminator, numbers: dict[int, int]) -> ir.Terminator:
    """The terminator with its targets renumbered."""
    match end:
        case ir.Goto(target, bounded):
            return ir.Goto(numbers[target], bounded)
        case ir.Branch(test, then, orelse, rare):
            return ir.Branch(test, numbers[then], numbers[orelse], rare)
        case ir.Poll(target):
            return ir.Poll(numbers[target])
        case ir.Reschedule() | ir.Room() | ir.Spawn() | ir.Wait():
            return dataclasses.replace(end, resume=numbers[end.resume])
        case ir.Await() | ir.Fork():
            unwind = None if end.unwind is None else numbers[end.unwind]
            return dataclasses.replace(end, resume=numbers[end.resume], unwind=unwind)
        case _:
            return end


TRUE, FALSE = ir.Const(boolean, True), ir.Const(boolean, False)
