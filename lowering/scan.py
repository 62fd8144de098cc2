"""One pass over a typed function before it is built: what each loop assigns, whether it suspends, how deep it nests.

Loops are keyed by `id` of their node. Only loops need answers, so each keeps one set that is merged outwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from coro2cuda.frontend import tree

Loop = tree.ForRange | tree.ForArray | tree.ForTuple | tree.While


@dataclass(slots=True)
class LoopFacts:
    """Of a loop's body (not its `else`): `assigned` are ids of Variables. `height` counts the loops nested in it and
    itself; `turns` bounds all turns of it and of the loops in it together, None where that is not known."""

    assigned: set[int] = field(default_factory=set)
    suspends: bool = False
    height: int = 1
    turns: int | None = None


@dataclass(slots=True)
class Facts:
    """`walrused`: ids of the variables that some Walrus of the function assigns."""

    loops: dict[int, LoopFacts] = field(default_factory=dict)
    walrused: set[int] = field(default_factory=set)
    height: int = 0


Height = Callable[[str], int]


def scan(function: tree.Function, height_of: Height) -> Facts:
    """The facts of one function; `height_of` tells how deep the loops of a plain function it calls nest."""
    scanner = _Scanner(height_of)
    scanner.statements(function.body)
    scanner.facts.height = scanner.top.height
    return scanner.facts


@dataclass(slots=True)
class _Inside:
    """What is known of the code inside the loop at hand so far."""

    assigned: set[int] = field(default_factory=set)
    suspends: bool = False
    height: int = 0
    turns: int | None = 1  # of the loops directly inside, per turn of this one


class _Scanner:
    def __init__(self, height_of: Height) -> None:
        self.facts = Facts()
        self.top = _Inside()
        self._height_of = height_of

    def statements(self, nodes: tuple[tree.Statement, ...]) -> None:
        for node in nodes:
            self.visit(node)

    def visit(self, node: Any) -> None:
        match node:
            case tree.NameTarget(variable):
                self.top.assigned.add(id(variable))
            case tree.Walrus():
                self.top.assigned.add(id(node.variable))
                self.facts.walrused.add(id(node.variable))
            case tree.Await() | tree.Gather() | tree.GatherEach() | tree.CreateTask() | tree.Reschedule() | tree.Wait():
                self.top.suspends = True
            case tree.GatherTasks() | tree.TaskList() | tree.JoinAll() | tree.WaitFor() | tree.Timeout():
                self.top.suspends = True
            case tree.Call():
                self._loops_within(self._height_of(node.function))
            case tree.Builtin(name="sum"):
                self._loops_within(1)
            case tree.ViewTarget():
                self._loops_within(1)
            case tree.ForRange() | tree.ForArray() | tree.ForTuple() | tree.While():
                self._loop(node)
                return
        for child in tree.children(node):
            self.visit(child)

    def _loops_within(self, height: int) -> None:
        self.top.height = max(self.top.height, height)
        if height:
            self.top.turns = None

    def _loop(self, node: Loop) -> None:
        outside, self.top = self.top, _Inside()
        self._body(node)
        inside, self.top = self.top, outside
        trip = trip_count(node)
        turns = None if trip is None or inside.turns is None else trip * inside.turns
        self.facts.loops[id(node)] = LoopFacts(inside.assigned, inside.suspends, inside.height + 1, turns)
        outside.assigned |= inside.assigned
        outside.suspends |= inside.suspends
        outside.height = max(outside.height, inside.height + 1)
        outside.turns = None if turns is None or outside.turns is None else outside.turns + turns
        if isinstance(node, tree.ForRange):
            outside.assigned.add(id(node.variable))
        self._around(node)

    def _body(self, node: Loop) -> None:
        """What runs on each turn."""
        if isinstance(node, tree.While):
            self.visit(node.test)
        elif not isinstance(node, tree.ForRange):
            self.visit(node.target)
        self.statements(node.body)

    def _around(self, node: Loop) -> None:
        """What runs once."""
        match node:
            case tree.ForRange():
                for bound in (node.start, node.stop, node.step):
                    self.visit(bound)
            case tree.ForArray():
                self.visit(node.array)
            case tree.ForTuple():
                self.visit(node.operand)
            case tree.While():
                pass
        self.statements(node.orelse)


def trip_count(node: Loop) -> int | None:
    """How often the loop runs, where the source says so."""
    match node:
        case tree.ForRange(
            start=tree.Constant(value=start), stop=tree.Constant(value=stop), step=tree.Constant(value=step)
        ) if step:
            return len(range(start, stop, step))
        case tree.ForTuple():
            return len(getattr(node.operand.type, "elements", ()))
        case _:
            return None


def walruses(node: Any) -> set[int]:
    """Ids of the variables that the expression assigns."""
    found = {id(node.variable)} if isinstance(node, tree.Walrus) else set()
    for child in tree.children(node):
        found |= walruses(child)
    return found
