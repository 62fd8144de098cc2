"""Random statements (`fuzz_expressions` writes what stands in them, `fuzz_functions` the functions around them).

A function ends whatever its conditions say: `for` runs over few items, `while` and recursion carry fuel that is spent
before anything else. A name has one type, and is read only where every path has bound it.

`STATEMENTS` is the table of what a body may hold. A new construct is a row of it and a function that writes it; what
tasks do at the same time is in tables of `fuzz_tasks` and `fuzz_sync`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fuzz_expressions import Expressions
from fuzz_scope import Callee, Features, Scope, spelled

from coro2cuda.frontend.dtypes import Scalar, Tuple, Type, boolean, i64, none


class Statement(NamedTuple):
    """A kind of statement: how often, what a program must have for it, and the method that writes it."""

    weight: int
    write: Callable[[Body], None]
    needs: str = ""


class Body(Expressions):
    """Writes the statements of one function, of the kinds in `statements`. `lines` is the text so far, `indent` the
    present depth."""

    def __init__(
        self, choose: random.Random, features: Features, callees: Sequence[Callee], budget: int,
        statements: Sequence[Statement],
    ) -> None:  # fmt: skip
        super().__init__(choose, features, callees, budget)
        self.statements = statements
        self.helpers: dict[str, str] = {}  # coroutines that this function needs, by name
        self.lines: list[str] = []
        self.indent = 1
        self.result: Type = none
        self.fresh = 0
        self.loops = 0
        self.handling = ""  # in a handler: the name of its exception
        self.leaving = True  # whether `return` may stand here; not in `finally`
        self.ended = False  # nothing after `return`, `break` or `continue` can be reached

    # --- text

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)
        self.cost += self.times

    def name(self, prefix: str = "v") -> str:
        self.fresh += 1
        return f"{prefix}{self.fresh}"

    def depth(self) -> int:
        return self.choose.randrange(0, 4)

    def value_type(self) -> Type:
        if self.chance(12):
            return Tuple(tuple(self.scalar() for _ in range(self.choose.randrange(1, 4))))
        return self.scalar()

    # --- blocks

    def block(self, most: int) -> None:
        """Some statements, at least one."""
        self.ended = False
        for _ in range(self.choose.randrange(1, most + 1)):
            self.statement()
            if self.ended or self.cost > self.budget:
                break

    def nested(self, most: int, scope: Scope) -> tuple[Scope, bool]:
        """A block of its own scope; the scope at its end, and whether its end is never reached."""
        outer, self.scope = self.scope, scope
        self.indent += 1
        self.block(most)
        self.indent -= 1
        inner, self.scope = self.scope, outer
        ended, self.ended = self.ended, False
        return inner, ended

    def statement(self) -> None:
        rows = [row for row in self.statements if self.allowed(row.needs)]
        chosen = self.choose.randrange(sum(row.weight for row in rows))
        for row in rows:
            chosen -= row.weight
            if chosen < 0:
                row.write(self)
                return

    def allowed(self, needs: str) -> bool:
        match needs:
            case "":
                return True
            case "await":
                return self.awaits
            case "gather":
                return self.awaits and self.features.gather
            case "tasks":
                return self.awaits and self.features.tasks and self.indent < 5
            case "sync":
                return self.awaits and self.features.sync and self.indent < 5
            case "cancel":
                return self.awaits and self.features.cancel and self.indent < 5
            case "guard":
                return self.awaits and "shared" in self.scope.stands and self.indent < 5
            case "loop":
                return self.loops > 0
            case "nesting":
                return self.indent < 5
            case "return":
                return self.indent < 5 and self.leaving
            case "errors":
                return self.features.errors
            case "exceptions":
                return self.features.exceptions and self.indent < 5
        raise AssertionError(needs)

    # --- assignments

    def bind(self, name: str, type: Type) -> None:
        self.scope.names[name] = type

    def new_name(self) -> None:
        type, name = self.value_type(), self.name()
        if isinstance(type, Scalar) and self.chance(30):
            value = self.literal(type) if self.chance(40) else self.expression(type, self.depth())
            self.line(f"{name}: {spelled(type)} = {value}")
        else:
            self.line(f"{name} = {self.expression(type, self.depth())}")
        self.bind(name, type)

    def assign(self) -> None:
        known = [name for name in self.scope.names if name not in self.scope.fixed]
        if not known:
            return self.new_name()
        name = self.pick(known)
        self.line(f"{name} = {self.expression(self.scope.names[name], self.depth())}")

    def augment(self) -> None:
        known = [
            name
            for name, type in self.scope.names.items()
            if name not in self.scope.fixed and isinstance(type, Scalar) and type != boolean
        ]
        if not known:
            return self.new_name()
        name = self.pick(known)
        type = self.scope.names[name]
        assert isinstance(type, Scalar)
        self.line(f"{name} {self.augmentation(type)}")
        if not self.features.widths and type.is_integer:
            self.line(f"{name} %= 10007")

    def augmentation(self, type: Scalar) -> str:
        operand = self.literal(type) if self.chance(30) else self.expression(type, self.depth())
        if type.is_float:
            return f"{self.pick(['+=', '-='])} {operand}"
        return f"{self.pick(['+=', '-=', '*=', '^=', '|=', '&='])} {operand}"

    def store(self) -> None:
        known = self.arrays_of()
        if not known:
            return self.new_name()
        array = self.pick(known)
        element = self.scope.arrays[array]
        place = self.element(array, self.depth())
        if element == boolean or self.chance(50):
            value = self.literal(element) if self.chance(20) else self.expression(element, self.depth())
            self.line(f"{place} = {value}")
        elif self.features.widths or element.is_float:
            self.line(f"{place} {self.augmentation(element)}")
        else:
            self.line(f"{place} = ({place} + {self.expression(element, self.depth())}) % 10007")

    def store_slice(self) -> None:
        known = self.arrays_of()
        if not known:
            return self.new_name()
        array = self.pick(known)
        bounds = self.pick(["1:3", "::2", "-2:", f"{self.leaf(i64)}:", f":{self.leaf(i64)}"])
        if self.scope.columns[array]:
            bounds = self.pick([bounds, "-1", f"{bounds}, 1", "2, 1:", f"{bounds}, ::2"])
        self.line(f"{array}[{bounds}] = {self.expression(self.scope.arrays[array], self.depth())}")

    def view(self) -> None:
        known = self.arrays_of()
        if not known:
            return self.new_name()
        array, name = self.pick(known), self.name("w")
        length = self.scope.lengths[array]
        bounds, least = (("::2", (length + 1) // 2), ("::-1", length), ("1:", length - 1))[self.choose.randrange(3)]
        if least < 1:
            return self.new_name()
        columns, element = self.scope.columns[array], self.scope.arrays[array]
        match self.choose.randrange(3) if columns else 2:
            case 0:
                bounds, least, columns = f"{self.choose.randrange(-length, length)}", columns, 0
            case 1:
                bounds, columns = f"{bounds}, {self.choose.randrange(-columns, columns)}", 0
        self.line(f"{name} = {array}[{bounds}]")
        self.scope.see(name, element, least, columns)

    def unpack(self) -> None:
        types = [self.scalar() for _ in range(self.choose.randrange(2, 4))]
        names = [self.name() for _ in types]
        if self.chance(30) and (call := self.call(Tuple(tuple(types)), self.depth())):
            self.line(f"{', '.join(names)} = {call}")
        else:
            self.line(f"{', '.join(names)} = {', '.join(self.expression(type, self.depth()) for type in types)}")
        for name, type in zip(names, types, strict=True):
            self.bind(name, type)

    def swap(self) -> None:
        by_type: dict[Type, list[str]] = {}
        for name, type in self.scope.names.items():
            if name not in self.scope.fixed:
                by_type.setdefault(type, []).append(name)
        several = [names for names in by_type.values() if len(names) > 1]
        if not several:
            return self.assign()
        names = several[self.choose.randrange(len(several))]
        first, second = names[0], names[-1]
        value = self.expression(self.scope.names[first], self.depth()) if self.chance(40) else second
        self.line(f"{first}, {second} = {value}, {first}")

    def add_to_total(self) -> None:
        if "total" not in self.scope.stands:
            return self.new_name()
        index, value = self.expression(i64, self.depth()), self.expression(i64, self.depth())
        self.line(f"atomic_add(total, {index} % len(total), {value} % 1000)")

    # --- control

    def branch(self) -> None:
        self.line(f"if {self.condition(self.depth())}:")
        ends = [self.nested(3, self.scope.copy())]
        if self.chance(25):
            self.line(f"elif {self.condition(self.depth())}:")
            ends.append(self.nested(2, self.scope.copy()))
        if self.chance(60):
            self.line("else:")
            ends.append(self.nested(3, self.scope.copy()))
        else:
            ends.append((self.scope.copy(), False))
        self.join(ends)

    def join(self, ends: list[tuple[Scope, bool]]) -> None:
        """Go on where several blocks have ended, if any end is reached: what all have bound is bound."""
        reached = [scope for scope, ended in ends if not ended]
        if not reached:
            self.ended = True
        for position, scope in enumerate(reached):
            if position == 0:
                self.scope = scope
            else:
                self.scope.meet(scope)

    def loop(self, head: str, times: int, scope: Scope, first: str = "") -> None:
        """A loop with the head written; its `else` now and then. What it binds is not bound after it."""
        self.line(head)
        before, self.times = self.times, self.times * times
        self.loops += 1
        if first:
            self.indent += 1
            self.line(first)
            self.indent -= 1
        self.nested(3, scope)
        self.loops -= 1
        self.times = before
        if self.chance(20):
            self.line("else:")
            self.nested(2, self.scope.copy())

    def for_range(self) -> None:
        name, scope = self.name("k"), self.scope.copy()
        bounds = self.pick([
            "range(3)", "range(-1, 2)", "range(4, 0, -2)", f"range({self.expression(i64, 1)} % 4)",
            f"range({self.leaf(i64)} % 3, {self.expression(i64, 1)} % 5)",
        ])  # fmt: skip
        scope.names[name] = i64
        self.loop(f"for {name} in {bounds}:", 4, scope)

    def for_items(self) -> None:
        """Over a short view of an array, or over a tuple."""
        name, scope = self.name("x"), self.scope.copy()
        arrays = self.arrays_of()
        if arrays and self.chance(50):
            array = self.pick(arrays)
            if columns := self.scope.columns[array]:
                scope.see(name, self.scope.arrays[array], columns)
            else:
                scope.names[name] = self.scope.arrays[array]
            self.loop(f"for {name} in {array}[{self.pick([':3', '-2:', '1:4:2', '3::-1'])}]:", 4, scope)
            return
        type = self.scalar()
        items = ", ".join(self.expression(type, self.depth() - 1) for _ in range(self.choose.randrange(1, 4)))
        scope.names[name] = type
        self.loop(f"for {name} in ({items},):", 3, scope)

    def while_loop(self) -> None:
        fuel = self.name("fuel")
        self.line(f"{fuel} = {self.choose.randrange(1, 5)}")
        scope = self.scope.copy()
        scope.names[fuel] = i64
        scope.fixed.add(fuel)
        outer = self.scope
        self.scope, before = scope, self.times
        self.times *= 5
        condition = self.condition(self.depth())
        self.scope, self.times = outer, before
        self.loop(f"while {fuel} > 0 and {self.as_truth(condition)}:", 4, scope, first=f"{fuel} -= 1")

    def as_truth(self, text: str) -> str:
        """`and` wants operands of one type."""
        return f"bool({text})"

    def leave_loop(self) -> None:
        """`break` or `continue`, mostly under a condition."""
        word = self.pick(["break", "continue"])
        if self.chance(80):
            self.line(f"if {self.condition(self.depth())}:")
            self.line(f"    {word}")
        else:
            self.line(word)
            self.ended = True

    def early_return(self) -> None:
        self.line(f"if {self.condition(self.depth())}:")
        self.indent += 1
        self.return_value()
        self.indent -= 1
        self.ended = False

    def return_value(self) -> None:
        self.line("return" if self.result == none else f"return {self.expression(self.result, self.depth())}")
        self.ended = True

    def check(self) -> None:
        self.raises = True
        self.line(f"assert {self.condition(2)} or {self.pick(['False', 'True', 'True'])}")

    def risk(self) -> None:
        """A division or an index of a bare name: what it holds decides."""
        whole = self.scope.of_type(i64)
        arrays = [array for array in self.arrays_of() if not self.scope.columns[array]]
        if not whole:
            return self.check()
        self.raises = True
        name = self.name()
        if arrays and self.chance(50):
            array = self.pick(arrays)
            self.line(f"{name} = {array}[{self.pick(whole)} * 8]")
            self.bind(name, self.scope.arrays[array])
        else:
            self.line(f"{name} = {self.expression(i64, 2)} {self.pick(['//', '%'])} {self.pick(whole)}")
            self.bind(name, i64)

    # --- exceptions

    def raise_error(self) -> None:
        self.raises = True
        self.line(f"if {self.condition(self.depth())}:")
        self.indent += 1
        if self.handling and not self.features.gather and self.chance(50):
            self.line(self.pick(["raise", f"raise {self.handling}", f"raise Trouble(3) from {self.handling}"]))
        else:
            kind = self.pick(["Trouble", "Trouble", "Grief", "ValueError", "ZeroDivisionError"])
            given = self.pick(["", "'no'", self.expression(i64, 1), f"f'at {{{self.leaf(i64)}}}'"])
            self.line(f"raise {kind}({given})")
        self.indent -= 1

    def attempt(self) -> None:
        """`try` with handlers, now and then `else` and `finally`. What its body binds is bound in `else` only."""
        before = self.scope.copy()
        self.line("try:")
        ends = [self.nested(3, self.scope.copy())]
        for kinds in self.handled():
            name = self.name("e") if self.chance(60) else ""
            self.line(f"except {kinds} as {name}:" if name else f"except {kinds}:")
            outer, self.handling = self.handling, name
            ends.append(self.nested(2, before.copy()))
            self.handling = outer
        if self.chance(25) and not ends[0][1]:
            self.line("else:")
            ends[0] = self.nested(2, ends[0][0])
        if self.chance(30):
            self.finish(before)
        self.join(ends)

    def handled(self) -> list[str]:
        """The classes of each handler."""
        if self.features.gather:
            return ["Exception"]
        known = ["Trouble", "(ZeroDivisionError, IndexError)", "ValueError", "Exception", "(Grief, AssertionError)"]
        return [self.pick(known) for _ in range(self.choose.randrange(1, 3))]

    def finish(self, before: Scope) -> None:
        """`finally`, which nothing leaves: Python warns of that."""
        self.line("finally:")
        loops, leaving, self.loops, self.leaving = self.loops, self.leaving, 0, False
        self.nested(2, before.copy())
        self.loops, self.leaving = loops, leaving

    # --- awaits

    def suspend(self) -> None:
        self.line("await reschedule()")

    def await_call(self) -> None:
        callee = self.coroutine_here()
        if callee is None or not self.afford(callee.cost):
            return self.suspend()
        self.bind_result(f"await {self.invocation(callee, self.depth())}", callee.result)

    def bind_result(self, text: str, type: Type) -> None:
        """A new name for what `text` gives, if it gives something."""
        if type == none:
            self.line(text)
            return
        name = self.name()
        self.line(f"{name} = {text}")
        self.bind(name, type)


STATEMENTS: tuple[Statement, ...] = (
    Statement(14, Body.new_name),
    Statement(8, Body.assign),
    Statement(8, Body.augment),
    Statement(8, Body.store),
    Statement(2, Body.store_slice),
    Statement(2, Body.view),
    Statement(4, Body.unpack),
    Statement(3, Body.swap),
    Statement(3, Body.add_to_total),
    Statement(10, Body.branch, "nesting"),
    Statement(5, Body.for_range, "nesting"),
    Statement(4, Body.for_items, "nesting"),
    Statement(5, Body.while_loop, "nesting"),
    Statement(5, Body.leave_loop, "loop"),
    Statement(3, Body.early_return, "return"),
    Statement(3, Body.check, "errors"),
    Statement(6, Body.risk, "errors"),
    Statement(5, Body.raise_error, "exceptions"),
    Statement(7, Body.attempt, "exceptions"),
    Statement(4, Body.suspend, "await"),
    Statement(6, Body.await_call, "await"),
)
