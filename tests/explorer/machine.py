"""Warps of lanes that run one translated program on one weak memory, a schedule deciding who goes first.

Each lane is a generator that stops before every access that others may be racing with, and at collectives. One turn:

    choose one of the lanes that stand before an access ──▶ it does the access and goes on to its next stop
    a lane stops at a collective ──▶ it waits; when all lanes of its warp (or of its mask) are there, all go on

Of the collectives only `warp_sync` orders memory, as PTX has it. A lane that slept (`nanosleep`) is passed over until
another has moved, so that no schedule spins for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import memory
from ledger import Ledger
from memory import Clock, Memory
from translate import SLEEP, STEP
from violation import Place, Violation

Stop = Any  # STEP, SLEEP, or a collective: (name, arguments, place)
Body = Generator[Stop, Any, Any]
SLOT_SIZE = 64


class Strategy(Protocol):
    """Decides. Position 0 is always the plainest choice: the same lane goes on, the newest message is read."""

    def lane(self, options: Sequence[int]) -> int:
        """Which of these lanes moves."""

    def message(self, count: int) -> int:
        """How far behind the newest of `count` messages the load reads."""

    def slept(self, lane: int) -> None:
        """The lane has nothing to do: others should move."""


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a trace."""

    lane: str
    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.lane:>4}  {self.place!s:<42} {self.text}"


@dataclass(slots=True, eq=False)
class Warp:
    index: int
    memory: int
    lanes: list[Lane] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Lane:
    """A thread: its clock, and the short ways to all it needs. `pending`: what its relaxed loads have read and its next
    fence acquires; `released`: its clock at its last fence."""

    machine: Machine
    warp: Warp
    lane: int
    index: int
    vc: Clock
    cells: dict[int, memory.Cell]
    memory: Memory
    ledger: Ledger
    launch: dict[int, Any]
    launch_address: int
    uniforms: Sequence[Any]
    speculative: frozenset[int]
    choose_message: Callable[[int], int]
    slot: int  # words of its own
    trace: list[Event] | None
    pending: Clock | None = None
    released: Clock | None = None
    body: Body | None = None
    stop: Stop = None
    reply: Any = None

    def note(self, place: Place, text: str) -> None:
        if self.trace is not None:
            self.trace.append(Event(f"{self.warp.index}.{self.lane}", place, text))

    def clock(self) -> int:
        return self.machine.steps


@dataclass(frozen=True, slots=True)
class World:
    """Where things lie, as the host has laid them out."""

    warps: int
    lanes: int
    launch: dict[int, Any]
    launch_address: int
    warp_memory: Callable[[int], int]
    uniforms: Sequence[Any]
    speculative: frozenset[int]
    most_steps: int
    slots: int = 0


class Machine:
    """One run."""

    def __init__(
        self, world: World, lay_out: Callable[[Memory], None], strategy: Strategy, trace: bool = False
    ) -> None:
        self.world, self.strategy = world, strategy
        self.ended: Callable[[Machine], None] = lambda machine: None  # called when a lane has come to its end
        self.memory, self.ledger, self.steps = Memory(world.warps * world.lanes), Ledger(), 0
        lay_out(self.memory)
        self.trace: list[Event] | None = [] if trace else None
        self.warps = [Warp(index, world.warp_memory(index)) for index in range(world.warps)]
        self.lanes: list[Lane] = []
        for warp in self.warps:
            warp.lanes = [self._lane(warp, number) for number in range(world.lanes)]
        self.last: Lane | None = None

    def _lane(self, warp: Warp, number: int) -> Lane:
        world = self.world
        made = Lane(self, warp, number, len(self.lanes), [0] * (world.warps * world.lanes), self.memory.cells,
                    self.memory, self.ledger, world.launch, world.launch_address, world.uniforms, world.speculative,
                    self.strategy.message, world.slots + len(self.lanes) * SLOT_SIZE, self.trace)  # fmt: skip
        made.vc[made.index] = 1  # what the host did has clock 0, which all know
        self.lanes.append(made)
        return made

    def run(self, body: Callable[[Lane], Body]) -> None:
        """Run `body` in every lane to its end."""
        for lane in self.lanes:
            lane.body = body(lane)
        for lane in self.lanes:
            self._advance(lane)
        while ready := self._ready():
            self.steps += 1
            if self.steps > self.world.most_steps:
                raise Violation("endless", f"not done after {self.steps} steps", *self._whereabouts())
            position = self.strategy.lane([lane.index for lane in ready]) if len(ready) > 1 else 0
            chosen = ready[position]
            for lane in self.lanes:
                if lane.stop is SLEEP and lane is not chosen:
                    lane.stop = STEP
            self.last = chosen
            self._advance(chosen)
        waiting = [lane for lane in self.lanes if lane.body is not None]
        if waiting:
            raise Violation("deadlock", f"{len(waiting)} lanes wait for ever", *self._whereabouts())

    def _ready(self) -> list[Lane]:
        """Lanes before an access, the one that moved last first; sleepers only if there are no others."""
        ready = [lane for lane in self.lanes if lane.stop is STEP]
        if not ready:
            return [lane for lane in self.lanes if lane.stop is SLEEP]
        last = self.last
        if last is not None:
            if last.stop is STEP:
                ready.remove(last)
                ready.insert(0, last)
            else:
                ready.sort(key=lambda lane: (lane.index - last.index) % len(self.lanes))
        return ready

    def _whereabouts(self) -> list[Place]:
        return [lane.stop[2] for lane in self.lanes if isinstance(lane.stop, tuple)]

    def _advance(self, first: Lane) -> None:
        """Run a lane to its next stop, and all that this sets free to theirs."""
        moving = [first]
        while moving:
            lane = moving.pop()
            assert lane.body is not None
            reply, lane.reply = lane.reply, None
            try:
                lane.stop = lane.body.send(reply)
            except StopIteration:
                lane.body = lane.stop = None
                self.ended(self)
            if lane.stop is SLEEP:
                self.strategy.slept(lane.index)
            elif lane.stop is not STEP:
                moving += self._met(lane.warp, lane)

    def _met(self, warp: Warp, arrived: Lane) -> list[Lane]:
        """The lanes that a collective sets free, if all are there."""
        if arrived.body is None:
            stranded = [lane.stop[2] for lane in warp.lanes if isinstance(lane.stop, tuple)]
            if stranded:
                raise Violation("divergence", "a lane has returned, and others wait for it", *stranded)
            return []
        name, arguments, place = arrived.stop
        members = warp.lanes
        if name == "match_any":
            members = [lane for lane in warp.lanes if arguments[0] >> lane.lane & 1]
        if any(lane.body is None for lane in members):
            raise Violation("divergence", "a lane waits for one that has returned", place)
        if not all(isinstance(lane.stop, tuple) for lane in members):
            return []
        for lane in members:
            if lane.stop[0] != name or lane.stop[2] != place:
                raise Violation("divergence", f"{name} and {lane.stop[0]} at once", place, lane.stop[2])
        for lane, reply in zip(members, MEET[name](members), strict=True):
            lane.reply, lane.stop = reply, None
        if name == "warp_sync":
            memory.synchronise(members)
        return members[::-1]


def _values(members: list[Lane], index: int = 0) -> list[Any]:
    return [lane.stop[1][index] for lane in members]


def _ballot(members: list[Lane]) -> list[int]:
    return [sum(1 << lane.lane for lane in members if lane.stop[1][0])] * len(members)


def _match_any(members: list[Lane]) -> list[int]:
    values = _values(members, 1)
    return [
        sum(1 << lane.lane for lane, other in zip(members, values, strict=True) if other == mine) for mine in values
    ]


def _shuffle(members: list[Lane]) -> list[Any]:
    return [members[lane.stop[1][1] % len(members)].stop[1][0] for lane in members]


MEET: dict[str, Callable[[list[Lane]], Sequence[Any]]] = {
    "ballot": _ballot,
    "match_any": _match_any,
    "shuffle": _shuffle,
    "reduce_max": lambda members: [max(_values(members))] * len(members),
    "reduce_min": lambda members: [min(_values(members))] * len(members),
    "reduce_add": lambda members: [sum(_values(members)) & 0xFFFFFFFF] * len(members),
    "warp_sync": lambda members: [None] * len(members),
}
