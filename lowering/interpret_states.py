"""What the IR means after split: the functions of a state machine on frames, driven by any schedule.

Together with `interpret` this is the correctness equation as a program: whatever the schedule, the state machine must
leave the memory and the output that the coroutine leaves. Children of a Fork are ready side by side, so a schedule also
decides in which order they run and which is the last.

A frame maps byte offsets to whole values. A write forgets every value that it overlaps, and a read must find a value of
its own type at its own offset, so a slot that was given to two live variables is found at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from coro2cuda.frontend.dtypes import Type, u32
from coro2cuda.lowering import abi, interpret, ir
from coro2cuda.lowering.frame import size_of
from coro2cuda.lowering.interpret import UNDEFINED, Interpreter, Values
from coro2cuda.lowering.objects_model import Deadlock, takes
from coro2cuda.lowering.scopes_model import Free, Strand, Waiter
from coro2cuda.lowering.split import StateMachine


class Ready(NamedTuple):
    """A task that waits for the executor: the state to run and the frame to run it on."""

    state: int
    frame: int


class Outcome(NamedTuple):
    """How a function ended: what to enqueue, and the result where the state is COMPLETED."""

    state: int
    frame: int
    result: Any = None


Choose = Callable[[Sequence[Ready]], int]


def run_states(
    machine: StateMachine, tasks: Sequence[Sequence[Any]], uniforms: Sequence[Any] = (), choose: Choose | None = None
) -> StateInterpreter:
    """Run one root task for each item of `tasks` (the root's arguments) until all are complete.

    Args:
        choose: given the ready tasks, the index of the one to run next; the oldest if None.

    Raises:
        Exception: what the program raises, with its `ir.Site` as attribute `site`.
    """
    interpreter = StateInterpreter(machine, uniforms)
    for arguments in tasks:
        interpreter.start(arguments)
    while (interpreter.ready or interpreter.objects.advance()) and not interpreter.unhandled:
        interpreter.resume(interpreter.ready.pop(choose(interpreter.ready) if choose else 0))
    if interpreter.unhandled:
        raise interpreter.exception(interpreter.unhandled)
    if interpreter.completed != len(tasks):
        raise Deadlock(f"{interpreter.completed} of {len(tasks)} root tasks are done")
    return interpreter


@dataclass(slots=True)
class Frame:
    """Once it is parked nobody touches it: another warp may run it by then."""

    values: dict[int, tuple[Type, Any]] = field(default_factory=dict)
    parked: bool = False

    def read(self, offset: int, type: Type) -> Any:
        self._check()
        found = self.values.get(offset)
        if found is None or found[0] != type:
            raise interpret.MemoryFault(f"no {type!r} at byte {offset} of the frame, but {found}")
        return found[1]

    def _check(self) -> None:
        if self.parked:
            raise interpret.MemoryFault("a frame is touched that is parked")

    def write(self, offset: int, type: Type, value: Any) -> None:
        self._check()
        end = offset + size_of(type)
        overlapped = [at for at, (other, _) in self.values.items() if at < end and offset < at + size_of(other)]
        for at in overlapped:
            del self.values[at]
        self.values[offset] = (type, value)


@dataclass(slots=True)
class Header:
    """What a frame's header says of scopes; cancellers read and write it while the frame is parked."""

    frame: Frame

    @property
    def scope(self) -> int:
        return self._word(abi.FRAME_SCOPE)

    @scope.setter
    def scope(self, handle: int) -> None:
        self.frame.values[abi.FRAME_SCOPE] = (u32, handle)

    @property
    def seen(self) -> int:
        return self._word(abi.FRAME_SEEN)

    @seen.setter
    def seen(self, count: int) -> None:
        self.frame.values[abi.FRAME_SEEN] = (u32, count)

    def _word(self, offset: int) -> int:
        found = self.frame.values.get(offset)
        return 0 if found is None else int(found[1])


class StateInterpreter(Interpreter):
    """Runs the functions of a state machine. `completed` counts root tasks; `unhandled` is the error that ended it."""

    def __init__(self, machine: StateMachine, uniforms: Sequence[Any] = ()) -> None:
        super().__init__(machine.module, uniforms)
        self.machine = machine
        self.functions = machine.functions
        self.frames: dict[int, Frame] = {}
        self.ready: list[Ready] = []
        self.completed = self.unhandled = 0
        self.failures: dict[int, int] = {}  # by frame
        self._fresh = 0

    def start(self, arguments: Sequence[Any]) -> None:
        """A root task from its first line."""
        values = [interpret.value_of(argument) for argument in arguments]
        self._enqueue(self.invoke(self.machine.root, values, self.allocate()))

    def resume(self, task: Ready) -> None:
        name = self.machine.states[task.state].function
        try:
            self._enqueue(self.invoke(name, (), task.frame))
        except interpret.InFlight as lost:
            self.unhandled = lost.error  # of a task that nobody has seen

    def _enqueue(self, outcome: Outcome) -> None:
        while outcome.state <= abi.FAILED:
            outcome = self.unwind(outcome)
        if outcome.state == abi.COMPLETED:
            self.completed += 1
        elif outcome.state >= 0:
            self.ready.append(Ready(outcome.state, outcome.frame))

    def strand(self, frame: Frame) -> Strand:
        return Header(frame) if self.module.cancels else Free()

    def has_room(self) -> bool:
        """Every other time: both ways must lead to the same end."""
        self._fresh += 1
        return self._fresh % 2 == 0

    def unwind(self, outcome: Outcome) -> Outcome:
        """What the executor does with a frame whose coroutine has failed, or one of whose children has."""
        if outcome.state <= abi.UNWIND:
            return self._land(abi.UNWIND - outcome.state, outcome.frame, self.failures.pop(outcome.frame))
        error, frame = self.failures.pop(outcome.frame), self.frames[outcome.frame]
        parent, back = frame.read(abi.FRAME_PARENT, u32), frame.read(abi.FRAME_RETURN, u32)
        if self.module.catches:
            del self.frames[outcome.frame]
            if back & abi.JOIN and not self._settle(parent, error, frame):
                return Outcome(abi.PARKED, parent)
            error = self.failures.pop(parent) if back & abi.JOIN else error
            if not back & abi.JOIN:
                self._answered(parent, frame)
        return self._land(back & abi.STATE_MASK, parent, error)

    def _answered(self, parent: int, child: Frame) -> None:
        """The requests that a child has answered its parent need not."""
        if self.module.cancels:
            Header(self.frames[parent]).seen = Header(child).seen

    def _settle(self, parent: int, error: int, child: Frame) -> bool:
        """Count a child that failed off; the parent keeps the first error. Whether it was the last child."""
        pending = self.frames[parent].read(abi.FRAME_PENDING, u32)
        if pending & abi.CHILD_FAILED:
            self.on_error("forget", error)
        else:
            self.failures[parent] = error
            self._answered(parent, child)
            self.frames[parent].write(abi.FRAME_PENDING, u32, pending | abi.CHILD_FAILED)
        return self.join(parent) == abi.CHILD_FAILED | 1

    def _land(self, state: int, frame: int, error: int) -> Outcome:
        return self.invoke(self.machine.landings[state], (error,), frame)

    def allocate(self) -> int:
        self._fresh += 1
        self.frames[self._fresh] = Frame()
        if self.module.cancels:
            strand = Header(self.frames[self._fresh])
            strand.scope = strand.seen = 0
        return self._fresh

    def join(self, frame: int) -> int:
        """One child less runs for the frame; how many there were, with CHILD_FAILED."""
        parent = self.frames[frame]
        pending = int(parent.read(abi.FRAME_PENDING, u32))
        if pending & ~abi.CHILD_FAILED == 0:
            raise interpret.MemoryFault("a child joins a frame whose children are all complete")
        parent.write(abi.FRAME_PENDING, u32, pending - 1)
        return pending

    def park(self, op: ir.Park, values: Values, frame: int) -> int:
        """Park the frame; its waker delivers into it and makes it ready."""
        mine = self.frames[frame]

        def wake(item: Any) -> None:
            was_parked, mine.parked = mine.parked, False
            if op.held is not None and takes(op.op):
                mine.write(op.place, op.held, UNDEFINED if waiter.outcome else item)
            mine.values[abi.FRAME_PLACE] = (u32, waiter.outcome)
            if was_parked:
                self.ready.append(Ready(op.state, frame))

        item = mine.read(op.place, op.held) if op.held is not None and not takes(op.op) else None
        target, *_ = self.read_all(values, op.arguments)
        waiter = Waiter(wake, item, self.strand(mine))
        outcome = self.objects.wait(op.op, target, waiter)
        if outcome >= abi.FIRST_ERROR and op.held is not None and takes(op.op):
            mine.write(op.place, op.held, UNDEFINED)
        mine.parked = outcome == abi.PARKED_THERE
        return outcome

    def invoke(self, name: str, arguments: Sequence[Any], frame: int) -> Outcome:
        """Run a start, resume or continuation function on a frame."""
        function = self.functions[name]
        values = interpret.frame_of(function, arguments)
        block = 0
        while True:
            for op in function.blocks[block].ops:
                self.step(op, values, frame)
            match function.blocks[block].end:
                case ir.Goto(target) | ir.Poll(target):
                    block = target
                case ir.Branch(test, then, orelse):
                    block = then if self.read(values, test) else orelse
                case ir.Raise(site) if function.kind == "start":
                    return Outcome(abi.FAILED, self.make_error(site, ()))
                case ir.Throw(error) if function.kind == "start":
                    return Outcome(abi.FAILED, self.read(values, error))
                case ir.Raise() | ir.Throw():
                    raise AssertionError(f"{function.name} is resumed: it has nobody to throw to")
                case end:
                    return self._leave(end, values, frame)

    def _leave(self, end: ir.Terminator, values: Values, frame: int) -> Outcome:
        match end:
            case ir.Return(value):
                return Outcome(abi.COMPLETED, frame, None if value is None else self.read(values, value))
            case ir.Continue(name, value):
                return self.invoke(name, () if value is None else (self.read(values, value),), frame)
            case ir.Leave(state, other, release):
                target = frame if other is None else self.read(values, other)
                if release:
                    del self.frames[frame]
                return Outcome(self.read(values, state), target)
            case _:
                raise AssertionError(f"{type(end).__name__} belongs before split")

    def step(self, op: ir.Op, values: Values, frame: int) -> None:
        """One op; those of split work on the frame."""
        match op:
            case ir.Reload(dest, offset):
                values[dest.index] = self.frames[frame].read(offset, dest.type)
            case ir.Spill(offset, value, other, position):
                target = frame if other is None else self.read(values, other)
                place = offset + (0 if position is None else self.read(values, position))
                self.frames[target].write(place, value.type, self.read(values, value))
            case ir.AllocateFrame(dest):
                values[dest.index] = self.allocate()
            case ir.OwnFrame(dest):
                values[dest.index] = frame
            case ir.HasRoom(dest):
                values[dest.index] = self.has_room()
            case ir.Enqueue(state, other):
                self.ready.append(Ready(self.read(values, state), self.read(values, other)))
            case ir.Park():
                values[op.dest.index] = self.park(op, values, frame)
            case ir.Join(dest, other):
                values[dest.index] = self.join(self.read(values, other))
            case ir.Start(dest, state, other, name):
                outcome = self.invoke(name, self.read_all(values, op.arguments), frame)
                values[state.index], values[other.index] = outcome.state, outcome.frame
                if dest is not None:
                    values[dest.index] = outcome.result
            case ir.OnError("fail", error):
                self.failures[frame] = self.read(values, error)
            case ir.OnError("abort", error):
                self.unhandled = self.unhandled or self.read(values, error)
            case _:
                self.execute(op, values, self.strand(self.frames[frame]))
