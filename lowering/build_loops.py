"""Counted loops: rotated, free of overflow, and cut into strips that look at the stop flag between them.

    for i in range(start, stop):        branch start lt stop ? enter : after
        body                          enter:
                                        i = start
                                        goto strip
                                      strip:                          # long loops that do not suspend
                                        %left = u64(stop sub i)
                                        %limit = i add 65536 if %left gt 65536 else stop
                                        goto body
                                      body:
                                        ...
                                        %next = i add 1
                                        branch %next lt %limit ? again : done
                                      again:
                                        i = %next
                                        goto body                     # bounded: LLVM sees a plain counted loop
                                      done:
                                        branch %next lt stop ? poll : after
                                      poll:
                                        i = %next
                                        poll strip

The user's variable is the counter itself, so that a loop which suspends keeps one value and not two, and it holds its
last value after the loop, as in Python. Steps other than 1 and -1 count the turns that remain, in the unsigned type, so
that no bound can overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from coro2cuda.frontend.dtypes import BY_NAME, Scalar
from coro2cuda.lowering import build_arithmetic as arithmetic
from coro2cuda.lowering import ir
from coro2cuda.lowering.builder import Builder, LoopTargets
from coro2cuda.lowering.scan import LoopFacts

MAX_TURNS: Final = 65536
_STRIPS = {1: MAX_TURNS, 2: 256, 3: 16}

Reader = Callable[[], ir.Operand]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a loop is stopped: `strip` turns between looks at the stop flag; or, if 0, `bounded` says that it is too
    short to matter, and a loop that is not is guarded after split."""

    strip: int = 0
    bounded: bool = False


def plan(b: Builder, facts: LoopFacts, trip: int | None) -> Plan:
    """The outer loops of a nest get shorter strips, so that a nest of any depth is stopped in time."""
    strip = _STRIPS.get(facts.height, 1)
    short = facts.turns is not None and facts.turns <= MAX_TURNS
    if not b.checked or (not facts.suspends and (short or (trip is not None and trip <= strip))):
        return Plan(bounded=True)
    return Plan() if facts.suspends else Plan(strip=strip)


@dataclass(frozen=True, slots=True)
class Range:
    """What is counted: `counter` runs from `start` towards `stop`, which is read where it is needed."""

    counter: ir.Local
    start: ir.Operand
    stop: Reader
    step: ir.Operand

    @property
    def type(self) -> Scalar:
        assert isinstance(self.counter.type, Scalar)
        return self.counter.type


def counted(
    b: Builder, count: Range, plan: Plan, body: Callable[[], None], orelse: Callable[[], None] | None = None
) -> None:
    """A loop over a range whose step is not zero; the counter keeps its last value."""
    by_one = isinstance(count.step, ir.Const) and count.step.value in (1, -1)
    turns: _Turns = _Compared(b, count) if by_one else _Counted(b, count)
    enter, strip, inside, latch, after = map(b.block, ("enter", "strip", "body", "next", "after"))
    done = b.block("else") if orelse else after
    b.branch(turns.first(), enter, done)
    b.place(enter)
    turns.enter()
    if plan.strip:
        b.goto(strip)
        b.place(strip)
        turns.cut(plan.strip)
    b.goto(inside)
    b.place(inside)
    b.loops.append(LoopTargets(latch, after, len(b.scopes)))
    body()
    b.loops.pop()
    b.goto(latch)
    b.place(latch)
    _latch(b, turns, plan, inside, strip, done)
    if orelse:
        b.place(done)
        orelse()
        b.goto(after)
    b.place(after)


def _latch(b: Builder, turns: _Turns, plan: Plan, inside: int, strip: int, done: int) -> None:
    again, out = b.block("again"), b.block("strip_end") if plan.strip else done
    b.branch(turns.more(), again, out)
    b.place(again)
    turns.advance()
    b.end(ir.Goto(inside, bounded=plan.bounded or plan.strip > 0))
    if plan.strip:
        poll = b.block("poll")
        b.place(out)
        b.branch(turns.more_strips(), poll, done)
        b.place(poll)
        turns.advance_strip()
        b.end(ir.Poll(strip))


class _Turns(Protocol):
    """How a loop's turns are told: each method appends the ops of one place of the drawing above."""

    def first(self) -> ir.Operand: ...
    def enter(self) -> None: ...
    def cut(self, strip: int) -> None: ...
    def more(self) -> ir.Operand: ...
    def advance(self) -> None: ...
    def more_strips(self) -> ir.Operand: ...
    def advance_strip(self) -> None: ...


class _Compared:
    """A step of 1 or -1: the counter is compared with `stop`; `next` cannot overflow, it is at most `stop`."""

    def __init__(self, b: Builder, count: Range) -> None:
        assert isinstance(count.step, ir.Const)
        self.b, self.count, self.up = b, count, count.step.value == 1
        self.limit = count.stop
        self.next = b.temporary(count.type, "next")

    def first(self) -> ir.Operand:
        return self._before(self.count.start, self.count.stop())

    def enter(self) -> None:
        self.b.assign(self.count.counter, self.count.start)

    def cut(self, strip: int) -> None:
        """`limit` is at most `strip` turns away; the distance to `stop` may need all bits, so it is unsigned."""
        b, count, stop = self.b, self.count, self.count.stop()
        reach = min(strip, count.type.high)
        distance = arithmetic.compute(b, "sub", *((stop, count.counter) if self.up else (count.counter, stop)))
        unsigned = arithmetic.convert(b, distance, BY_NAME[f"u{count.type.bits}"])
        far = arithmetic.compare(b, "gt", unsigned, ir.Const(unsigned.type, reach))
        edge = arithmetic.compute(b, "add" if self.up else "sub", count.counter, ir.Const(count.type, reach))
        limit = b.temporary(count.type, "limit")
        b.emit(ir.Select(limit, far, edge, stop))
        self.limit = lambda: limit

    def more(self) -> ir.Operand:
        one = ir.Const(self.count.type, 1)
        self.b.emit(ir.Binary(self.next, "add" if self.up else "sub", self.count.counter, one))
        return self._before(self.next, self.limit())

    def advance(self) -> None:
        self.b.assign(self.count.counter, self.next)

    def more_strips(self) -> ir.Operand:
        return self._before(self.next, self.count.stop())

    def advance_strip(self) -> None:
        self.advance()

    def _before(self, position: ir.Operand, stop: ir.Operand) -> ir.Operand:
        return arithmetic.compare(self.b, "lt" if self.up else "gt", position, stop)


class _Counted:
    """Any other step: `left` turns remain after this one, unsigned, and `inner` of them in this strip."""

    def __init__(self, b: Builder, count: Range) -> None:
        self.b, self.count = b, count
        self.unsigned = BY_NAME[f"u{count.type.bits}"]
        self.up = arithmetic.compare(b, "gt", count.step, ir.Const(count.type, 0))
        self.left = self.inner = b.temporary(self.unsigned, "left")
        self.distance: ir.Operand = count.start

    def first(self) -> ir.Operand:
        b, start, stop = self.b, self.count.start, self.count.stop()
        low, high = arithmetic.select(b, self.up, start, stop), arithmetic.select(b, self.up, stop, start)
        self.distance = arithmetic.compute(b, "sub", high, low)
        return arithmetic.compare(b, "lt", low, high)

    def enter(self) -> None:
        b, step = self.b, self.count.step
        size = arithmetic.select(b, self.up, step, arithmetic.unary(b, "neg", step))
        size, distance = (arithmetic.convert(b, value, self.unsigned) for value in (size, self.distance))
        last = arithmetic.compute(b, "sub", distance, ir.Const(self.unsigned, 1))
        b.assign(self.left, arithmetic.compute(b, "floordiv", last, size, self.left))
        b.assign(self.count.counter, self.count.start)

    def cut(self, strip: int) -> None:
        b = self.b
        self.inner = b.temporary(self.unsigned, "inner")
        most = ir.Const(self.unsigned, min(strip - 1, self.unsigned.high))
        b.assign(self.inner, arithmetic.least(b, self.left, most))
        b.emit(ir.Binary(self.left, "sub", self.left, self.inner))

    def more(self) -> ir.Operand:
        return arithmetic.compare(self.b, "ne", self.inner, ir.Const(self.unsigned, 0))

    def advance(self) -> None:
        self._turn(self.inner)

    def more_strips(self) -> ir.Operand:
        return arithmetic.compare(self.b, "ne", self.left, ir.Const(self.unsigned, 0))

    def advance_strip(self) -> None:
        self._turn(self.left)

    def _turn(self, left: ir.Local) -> None:
        counter = self.count.counter
        self.b.emit(ir.Binary(left, "sub", left, ir.Const(self.unsigned, 1)))
        self.b.emit(ir.Binary(counter, "add", counter, self.count.step))
