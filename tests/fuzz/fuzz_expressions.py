"""Random well-typed expressions, as text: the lower half of the generator (`fuzz_statements` is the upper).

    expression(i32, depth)  ──▶  "(v1 * (await note_i32(log, v2)) + i32(7))"

Every expression has exactly the type that was asked for, whatever stands in it, so the compiler has no right to
refuse it. What may be named is kept in `Scope`: names that are bound for certain, each with its one type.

Floats are kept dyadic: a product has a factor that is a power of two, so it is exact, and a fused multiply-add of CUDA
rounds to the same value as a multiplication and an addition.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fuzz_scope import (
    ARRAY_LENGTH,
    EVERYBODYS,
    FLOATS,
    INTEGERS,
    NUMBERS,
    SHORTEST,
    Callee,
    Features,
    Parameter,
    Scope,
    spelled,
)

from coro2cuda.frontend import dtypes
from coro2cuda.frontend.dtypes import Scalar, Tuple, Type, boolean, f32, f64, i64


class Expressions:
    """Writes expressions of one function.

    Attributes:
        callees: what may be called: only functions written before.
        awaits: whether this is a coroutine.
        times: how often the place being written runs in one call, at most; `cost` and `budget` bound the whole call.
        need, limit: the length of the arrays that is needed so far, and may be needed at most.
    """

    def __init__(self, choose: random.Random, features: Features, callees: Sequence[Callee], budget: int) -> None:
        self.choose, self.features, self.callees, self.budget = choose, features, callees, budget
        self.scope = Scope()
        self.awaits = False
        self.times = 1
        self.cost = 1
        self.need, self.limit = SHORTEST, ARRAY_LENGTH
        self.raises = self.forks = False

    # --- choices

    def chance(self, percent: int) -> bool:
        return self.choose.randrange(100) >= 100 - percent

    def pick(self, items: Sequence[str]) -> str:
        return items[self.choose.randrange(len(items))]

    def scalar(self) -> Scalar:
        """A type; the machine's widths are rarer than Python's."""
        usual = (i64, f64, boolean, i64)
        wide = (*usual, *INTEGERS, f32, *INTEGERS)
        chosen = wide if self.features.widths else usual
        return chosen[self.choose.randrange(len(chosen))]

    def integer(self) -> Scalar:
        return INTEGERS[self.choose.randrange(len(INTEGERS))] if self.features.widths and self.chance(50) else i64

    def number(self) -> Scalar:
        found = self.scalar()
        return i64 if found == boolean else found

    # --- leaves

    def literal(self, type: Scalar) -> str:
        """A number as it is written in a place that declares its type."""
        if type == boolean:
            return self.pick(["False", "True"])
        if type.is_float:
            return self.pick(["0.0", "1.0", "0.5", "2.5", "-1.0", "-0.75", "3.0", "100.0", "-0.0"])
        low = 0 if type.kind == "uint" else -9
        return str(self.choose.randrange(low, 100) if self.chance(30) else self.choose.randrange(low // 3, 4))

    def constant(self, type: Scalar) -> str:
        """A number with its type. A bare one is `int` or `float` only where no other type is about."""
        text = self.literal(type)
        is_bare = type == boolean or not self.features.widths
        return text if is_bare and not text.startswith("-") else f"{spelled(type)}({text})"

    def leaf(self, type: Scalar) -> str:
        known = self.scope.of_type(type)
        reads = self.arrays_of(type)
        if known and self.chance(80):
            return self.pick(known)
        if reads and self.chance(60):
            return self.element(self.pick(reads))
        others = [name for name, other in self.scope.names.items() if isinstance(other, Scalar) and other.is_integer]
        if others and type != boolean and self.features.widths and self.chance(60):
            return f"{spelled(type)}({self.pick(others)})"
        return self.constant(type)

    def arrays_of(self, type: Scalar | None = None) -> list[str]:
        """Arrays that are read and written here."""
        arrays = self.scope.arrays
        return [name for name in arrays if type in (None, arrays[name])]

    def element(self, array: str, depth: int = 0) -> str:
        """`a[i]` or `a[i, j]`, with indices that are in range, or with `errors` now and then one that may not be."""
        columns = self.scope.columns[array]
        index = self.index(array, depth)
        if not columns:
            return f"{array}[{index}]"
        column = str(self.choose.randrange(-columns, columns))
        if self.chance(30):
            column = f"{self.expression(i64, depth - 1)} % {array}.shape[1]"
        return f"{array}[{index}][{column}]" if self.chance(20) else f"{array}[{index}, {column}]"

    def index(self, array: str, depth: int) -> str:
        length = self.scope.lengths[array]
        if self.features.errors and self.chance(10):
            self.raises = True
            return self.expression(self.integer(), depth)
        if depth <= 0 or self.chance(30):
            return str(self.choose.randrange(-length, length))
        return f"{self.expression(i64 if self.chance(70) else dtypes.i32, depth - 1)} % len({array})"

    # --- expressions

    def expression(self, type: Type, depth: int) -> str:
        """An expression of a type, with operators at most so deep."""
        if isinstance(type, Tuple):
            return self.tuple_of(type, depth)
        assert isinstance(type, Scalar)
        if self.awaits and self.chance(12 + 6 * depth) and (text := self.noted(type, depth)):
            return text
        if self.awaits and self.chance(15) and (tasks := self.scope.tasks_of(type)):
            return f"(await {self.pick(tasks)})"
        if depth <= 0:
            return self.leaf(type)
        if self.chance(12) and (text := self.call(type, depth)):
            return text
        if type == boolean:
            return self.truth(depth)
        general = (self.ternary, self.deciding, self.walrus, self.subscript, self.item)
        if self.chance(20):
            return general[self.choose.randrange(len(general))](type, depth)
        return self.of_floats(type, depth) if type.is_float else self.of_integers(type, depth)

    def tuple_of(self, type: Tuple, depth: int) -> str:
        known = self.scope.of_type(type)
        if known and self.chance(40):
            return self.pick(known)
        if (depth > 0 or self.chance(20)) and (text := self.call(type, depth)):
            return text
        return f"({', '.join(self.expression(element, depth - 1) for element in type.elements)},)"

    def noted(self, type: Scalar, depth: int) -> str | None:
        """An operand that is awaited, and leaves a note of when it was evaluated."""
        if "log" not in self.scope.stands or not self.afford(2):
            return None
        inner = self.expression(type, depth - 1)
        return f"(await note_{type.name}({self.scope.stands['log']}, {inner}))"

    def ternary(self, type: Scalar, depth: int) -> str:
        condition = self.condition(depth - 1)
        return f"({self.expression(type, depth - 1)} if {condition} else {self.expression(type, depth - 1)})"

    def deciding(self, type: Scalar, depth: int) -> str:
        operator = self.pick(["and", "or"])
        return f"({self.expression(type, depth - 1)} {operator} {self.expression(type, depth - 1)})"

    def walrus(self, type: Scalar, depth: int) -> str:
        known = self.scope.of_type(type, assignable=True)
        if not known:
            return self.ternary(type, depth)
        return f"({self.pick(known)} := {self.expression(type, depth - 1)})"

    def subscript(self, type: Scalar, depth: int) -> str:
        known = self.arrays_of(type)
        return self.element(self.pick(known), depth) if known else self.leaf(type)

    def item(self, type: Scalar, depth: int) -> str:
        """An item of a tuple: one that is bound, one made here, or the result of a call."""
        known = [
            f"{name}[{position}]"
            for name, bound in self.scope.names.items()
            if isinstance(bound, Tuple)
            for position, element in enumerate(bound.elements)
            if element == type
        ]
        if known and self.chance(70):
            return self.pick(known)
        made = f"({self.expression(type, depth - 1)}, {self.expression(type, depth - 1)})"
        index = f"{self.expression(i64, depth - 1)} % 2" if self.chance(50) else self.pick(["0", "-1"])
        return f"{made}[{index}]"

    def condition(self, depth: int) -> str:
        """What stands after `if` and `while`: a truth value, or a number."""
        return self.expression(boolean if self.chance(70) else self.number(), depth)

    def truth(self, depth: int) -> str:
        match self.choose.randrange(8):
            case 0 | 1 | 2:
                return self.comparison(depth)
            case 3:
                type = self.number()
                first, second, third = (self.expression(type, depth - 1) for _ in range(3))
                return f"({first} {self.relation()} {second} {self.relation()} {third})"
            case 4:
                return f"(not {self.condition(depth - 1)})"
            case 5:
                return f"bool({self.expression(self.number(), depth - 1)})"
            case 6:
                return self.deciding(boolean, depth)
            case _:
                return self.ternary(boolean, depth)

    def comparison(self, depth: int) -> str:
        left, right = self.number(), self.number()
        if self.chance(60):
            right = left
        if right == left and self.chance(30):
            return f"({self.expression(left, depth - 1)} {self.relation()} {self.literal(left)})"
        return f"({self.expression(left, depth - 1)} {self.relation()} {self.expression(right, depth - 1)})"

    def relation(self) -> str:
        return self.pick(["<", "<=", ">", ">=", "==", "!="])

    # --- numbers

    def pair(self, type: Scalar) -> tuple[Scalar, Scalar]:
        """Two types that promote to this one."""
        narrow = [other for other in NUMBERS if dtypes.promote(other, type) == type]
        if not self.features.widths or self.chance(50):
            return type, type
        other = narrow[self.choose.randrange(len(narrow))]
        return (other, type) if self.chance(50) else (type, other)

    def of_integers(self, type: Scalar, depth: int) -> str:
        deeper = depth - 1
        match self.choose.randrange(12):
            case 0 | 1 | 2 | 3:
                text = self.arithmetic(type, deeper)
            case 4:
                text = f"({self.expression(type, deeper)} {self.pick(['//', '%'])} {self.divisor(type, deeper)})"
            case 5:
                text = f"({self.expression(type, deeper)} {self.pick(['<<', '>>'])} ({self.leaf(type)} & 7))"
            case 6:
                text = f"({self.expression(type, deeper)} ** {self.pick(['2', '(' + self.leaf(type) + ' & 3)'])})"
            case 7:
                text = f"({self.pick(['-', '~', '+'])}{self.expression(type, deeper)})"
            case 8:
                text = self.function_of(type, deeper)
            case 9 if self.features.widths:
                text = f"{spelled(type)}({self.expression(self.integer(), deeper)})"
            case 10:
                text = self.from_float(type, deeper)
            case _:
                text = self.with_literal(type, deeper)
        return text if self.features.widths else self.small(text)

    def small(self, text: str) -> str:
        """Kept within what 64 bits hold: plain CPython's integers do not wrap."""
        return f"({text} % {self.pick(['10007', '101', '4999'])})"

    def arithmetic(self, type: Scalar, depth: int) -> str:
        left, right = self.pair(type)
        operator = self.pick(["+", "-", "*", "+", "-", "*", "&", "|", "^"])
        if operator in "&|^" and not (left.is_integer and right.is_integer):
            left = right = type
        return f"({self.expression(left, depth)} {operator} {self.expression(right, depth)})"

    def with_literal(self, type: Scalar, depth: int) -> str:
        """A literal takes the other operand's type, on either side."""
        operator, number, other = self.pick(["+", "-", "*"]), self.literal(type), self.expression(type, depth)
        return f"({number} {operator} {other})" if self.chance(50) else f"({other} {operator} {number})"

    def divisor(self, type: Scalar, depth: int) -> str:
        """Not zero, but with `errors` now and then."""
        names = self.scope.of_type(type)
        if names and self.features.errors and self.chance(25):
            self.raises = True
            return self.pick(names)
        return f"({self.expression(type, depth)} | 1)"

    def function_of(self, type: Scalar, depth: int) -> str:
        name = self.pick(["min", "max", "abs"])
        if name == "abs":
            return f"abs({self.expression(type, depth)})"
        return f"{name}({', '.join(self.expression(type, depth) for _ in range(self.choose.randrange(2, 4)))})"

    def from_float(self, type: Scalar, depth: int) -> str:
        """A float that is in the type's range whatever it was."""
        source = FLOATS[self.choose.randrange(2)] if self.features.widths else f64
        clamped = f"clamp_{source.name}({self.expression(source, depth)})"
        if self.chance(30) and type == i64:
            return f"{self.pick(['round', 'math.floor', 'math.ceil', 'math.trunc'])}({clamped})"
        return f"{spelled(type)}({clamped})"

    def of_floats(self, type: Scalar, depth: int) -> str:
        deeper = depth - 1
        match self.choose.randrange(9):
            case 0 | 1 | 2:
                left, right = self.pair(type)
                return f"({self.expression(left, deeper)} {self.pick('+-')} {self.expression(right, deeper)})"
            case 3:
                power = self.pick(["0.5", "2", "0.25", "-1.0", "4.0", "-2"])
                return f"({self.expression(type, deeper)} * {power})"
            case 4:
                operator = self.pick(["/", "//", "%"])
                return f"({self.expression(type, deeper)} {operator} {self.float_divisor(type, deeper)})"
            case 5:
                return f"({self.pick('-+')}{self.expression(type, deeper)})"
            case 6:
                return self.function_of(type, deeper)
            case 7:
                return f"{spelled(type)}({self.expression(self.number(), deeper)})"
            case _ if type == f64 and self.chance(50):
                whole = self.integer()
                return f"({self.expression(whole, deeper)} / {self.divisor(whole, deeper)})"
            case _:
                return f"math.{self.pick(['sqrt', 'fabs'])}(abs({self.expression(type, deeper)}))"

    def float_divisor(self, type: Scalar, depth: int) -> str:
        names = self.scope.of_type(type)
        if names and self.features.errors and self.chance(25):
            self.raises = True
            return self.pick(names)
        return f"(abs({self.expression(type, depth)}) + 1)"

    # --- calls

    def afford(self, cost: int) -> bool:
        """Whether a call of this cost may stand here; it is then counted."""
        if self.cost + cost * self.times > self.budget:
            return False
        self.cost += cost * self.times
        return True

    def callable_here(self, result: Type | None, share: int = 1) -> list[Callee]:
        """Functions whose arrays we have, in parts of at least the length they need, and that may fail only where that
        may be."""
        return [
            callee
            for callee in self.callees
            if not callee.hangs
            and (result is None or callee.result == result)
            and (self.awaits or not callee.is_coroutine)
            and (self.features.errors or not callee.raises)
            and all(name in self.scope.stands for name in callee.arrays)
            and callee.need * share <= self.limit
        ]

    def hanging_here(self, share: int = 1) -> list[Callee]:
        """Coroutines that wait for ever, whose arrays we have."""
        return [
            callee
            for callee in self.callees
            if callee.hangs and set(callee.arrays) <= set(self.scope.stands) and callee.need * share <= self.limit
        ]

    def hanging_call(
        self, callee: Callee, begun: str, share: int = 1, part: int = 0, arrays: Sequence[str] | None = None
    ) -> str:
        """A call of one of those, with the semaphore that it releases when it has begun."""
        if arrays is None:
            self.need = max(self.need, callee.need * share)
            arrays = [self.part_of(name, share, part) for name in callee.arrays]
        values = [self.argument(parameter, 1) for parameter in callee.parameters]
        return f"{callee.name}({', '.join([begun, *callee.given(arrays), *values])})"

    def coroutine_here(self, share: int = 1) -> Callee | None:
        found = [callee for callee in self.callable_here(None, share) if callee.is_coroutine]
        return found[self.choose.randrange(len(found))] if found else None

    def call(self, result: Type, depth: int) -> str | None:
        """A call of a function with that result, awaited if it is a coroutine; None if there is none to call."""
        found = self.callable_here(result)
        if not found:
            return None
        callee = found[self.choose.randrange(len(found))]
        if not self.afford(callee.cost):
            return None
        text = self.invocation(callee, depth)
        return f"(await {text})" if callee.is_coroutine else text

    def invocation(self, callee: Callee, depth: int, share: int = 1, part: int = 0) -> str:
        """`f(log, a, x)`; a child of a gather gets the part of each array that is its own."""
        self.need = max(self.need, callee.need * share)
        return self.given(callee, [self.part_of(name, share, part) for name in callee.arrays], depth)

    def given(self, callee: Callee, arrays: Sequence[str], depth: int) -> str:
        """A call with these arrays."""
        self.raises |= callee.raises
        self.forks |= callee.forks
        values = [self.argument(parameter, depth - 1) for parameter in callee.parameters]
        return f"{callee.name}({', '.join([*callee.given(arrays), *values])})"

    def part_of(self, array: str, share: int, part: int | str, scope: Scope | None = None) -> str:
        """The part of one of the program's arrays; with a name for `part`, that of a comprehension's child."""
        name = (scope or self.scope).stands[array]
        if array in EVERYBODYS or share == 1:
            return name
        step = f"(len({name}) // {share})"
        if isinstance(part, str):
            return f"{name}[{part} * {step}:({part} + 1) * {step}]"
        low, high = "" if part == 0 else f"{part} * {step}", "" if part == share - 1 else f"{part + 1} * {step}"
        return f"{name}[{low}:{high}]"

    @contextmanager
    def inside_limit(self) -> Iterator[None]:
        """What is written inside stands in `wait_for`: nothing is awaited there, and no name assigned."""
        outer, awaits = self.scope, self.awaits
        self.scope, self.awaits = outer.copy(), False
        self.scope.fixed |= set(self.scope.names)
        yield
        self.scope, self.awaits = outer, awaits

    @contextmanager
    def pure(self) -> Iterator[None]:
        """What is written inside has no effect, cannot fail, and reads no array: it may run at any time."""
        outer, awaits, features = self.scope, self.awaits, self.features
        self.scope, self.awaits, self.features = outer.without_arrays(), False, features.without_errors()
        self.scope.fixed |= set(self.scope.names)
        yield
        self.scope, self.awaits, self.features = outer, awaits, features

    def argument(self, parameter: Parameter, depth: int) -> str:
        if parameter.fuel:
            return self.pick(["1", "2", "3", f"({self.leaf(i64)} & 3)"])
        if isinstance(parameter.type, Scalar) and self.chance(20):
            return self.literal(parameter.type)
        return self.expression(parameter.type, depth)
