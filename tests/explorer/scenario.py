"""A scenario: a program, its root tasks, and a small setting of the executor. Compiled once, run on many schedules.

Everything is made tiny (deques of 4 or 8, 4 chunks, chains of 2 frames), so that a few tasks suffice for spills,
steals, full rings and frames that go home by way of the stack of returned ones.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from device_ir import DeviceIr, Mutant, device_ir
from ledger import Life
from linking import CONTROL, RUNTIME, resume_glue, start_glue, unwind_glue
from machine import Event, Machine, Strategy, World
from memory import Memory, region
from translate import Constants, Unit, translate
from violation import Violation

from coro2cuda import run
from coro2cuda.frontend import infer, objects
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering import abi, build, compile, poll, split
from coro2cuda.lowering.program import Argument, leaves
from coro2cuda.lowering.split import StateMachine
from coro2cuda.runtime import compiler, layout, shared_frames
from coro2cuda.runtime.host_objects import HeapImage

LAUNCH, STATISTICS, WARPS, FRAMES, DEQUES, CHUNKS, HEAP, ERRORS, FAILURES, SLOTS, FREE_BLOCKS, RESULTS, ARRAYS = (
    1, 2, 3, 100, 102, 103, 104, 105, 106, 107, 108, 110, 130
)  # fmt: skip
NAMES = {LAUNCH: "launch", STATISTICS: "statistics", FRAMES: "frames", CONTROL: "control", DEQUES: "deques",
         CHUNKS: "chunks", HEAP: "heap", ERRORS: "errors", FAILURES: "failures", SLOTS: "slots",
         FREE_BLOCKS: "free blocks"}  # fmt: skip
ZEROED = (CONTROL, DEQUES, STATISTICS, ERRORS, FREE_BLOCKS)
MOST_ERRORS = 32


@dataclass(frozen=True, slots=True)
class Setting:
    """How small. `options` and `constants` (of the executor's modules) take the place of the usual ones."""

    warps: int
    lanes: int
    frames: int
    options: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, int] = field(default_factory=dict)
    most_steps: int = 20_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """`roots` root tasks of `program`, all with the same `arguments`, of which arrays are zeros. `error`: the code that
    the run must end with. `left`: so many tasks wait for ever, and the run ends all the same. `granules`: of the heap.
    `result`: of each root task, where they need each other; else one alone under asyncio tells it. `virtual`: time
    passes when nobody runs."""

    name: str
    program: Callable[..., Any]
    arguments: tuple[Any, ...]
    setting: Setting
    roots: int = 1
    error: int = 0
    left: int = 0
    granules: int = 512
    result: Any = None
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed: a violation, or none. `trace` is there if it was asked for."""

    violation: Violation | None
    steps: int
    trace: list[Event]


class Explorable:
    """A scenario, compiled."""

    def __init__(self, scenario: Scenario, mutants: Sequence[Mutant] = ()) -> None:
        self.scenario = scenario
        setting = scenario.setting
        self.state_machine, self.result = _state_machine(scenario.program)
        states = self.state_machine
        self.shape = shape = compile.shape_of(states)
        usual = compiler.LinkableExecutor("cpu", {}, setting.lanes).options(shape)
        self.options = {**usual, "CHECKS": 1, "SHUFFLE": 0, "HEAP_SHARDS": 1, **setting.options}
        self.entry = "forking" if shape.forks else "grouped"
        self.reserve_part, self.most_reserved = (
            setting.constants.get(name, getattr(layout, name)) for name in ("RESERVE_PART", "MOST_RESERVED")
        )
        linked = [f"c2c_{self.entry}", *([compiler.WAITING] if shape.waits else [])]
        functions = [function for entry in linked for function in compiler.device_functions(entry)]
        executor = device_ir(functions, setting.constants, mutants)
        quiet = region(FRAMES) if setting.lanes == 1 else region(WARPS)
        constants = Constants(
            setting.lanes, shape.states, max(16, states.layout.size), self.options, region(FRAMES), quiet
        )
        self.constants = constants
        self.heap = HeapImage(scenario.arguments)
        self.functions = self._link(executor)
        self.world = self._world()
        self.expected = scenario.result
        if self.expected is None and not scenario.error and not scenario.left:
            self.expected = run(scenario.program(*copy.deepcopy(scenario.arguments)), backend="asyncio")

    @property
    def lanes(self) -> int:
        """Of all warps together."""
        return self.scenario.setting.warps * self.scenario.setting.lanes

    def _link(self, executor: DeviceIr) -> dict[str, Callable[..., Any]]:
        machine = self.state_machine
        kinds = [site.kind for site in machine.module.sites]
        unit = Unit({**executor.functions, **machine.functions}, executor.spans, self.constants, kinds)
        functions = translate(unit, RUNTIME)
        resumes = [state.function for state in machine.states]
        unit.namespace["children"] = [machine.children(state) for state in machine.states]
        unit.namespace["start"] = start_glue(functions[machine.root], machine.root in unit.stepping)
        unit.namespace["resume"] = resume_glue([(functions[name], name in unit.stepping) for name in resumes])
        unit.namespace["unwind"] = unwind_glue(
            {state: (functions[name], name in unit.stepping) for state, name in machine.landings.items()}
        )
        return functions

    def _world(self) -> World:
        setting, roots = self.scenario.setting, self.scenario.roots
        launch = {
            abi.LAUNCH_FRAMES: region(FRAMES), abi.LAUNCH_CONTROL: region(CONTROL), abi.LAUNCH_DEQUES: region(DEQUES),
            abi.LAUNCH_CHUNKS: region(CHUNKS), abi.LAUNCH_STATISTICS: region(STATISTICS), abi.LAUNCH_ROOTS: roots,
            abi.LAUNCH_FRAME_COUNT: setting.frames, abi.LAUNCH_WARP_COUNT: setting.warps, abi.LAUNCH_UNIFORMS: 0,
            abi.LAUNCH_PRINTS: 0, abi.LAUNCH_PRINT_CAPACITY: 0, abi.LAUNCH_ERRORS: region(ERRORS),
            abi.LAUNCH_FAILURES: region(FAILURES), abi.LAUNCH_ERROR_COUNT: MOST_ERRORS, abi.LAUNCH_HEAP: region(HEAP),
            abi.LAUNCH_HEAP_LONGS: region(HEAP), abi.LAUNCH_HEAP_SIZE: self.scenario.granules,
            abi.LAUNCH_FREE_BLOCKS: region(FREE_BLOCKS),
        }  # fmt: skip
        arrays = [(region(RESULTS + index), (roots,), (leaf.size,)) for index, leaf in enumerate(leaves(self.result))]
        return World(
            setting.warps, setting.lanes, launch, region(LAUNCH), lambda warp: region(WARPS + warp),
            (*self._arguments(), *arrays), frozenset({CHUNKS}), setting.most_steps,
            region(SLOTS),
        )  # fmt: skip

    def _arguments(self) -> Iterator[Any]:
        """Handles for objects, and for each array its place, extents and strides."""
        for index, value in enumerate(self.heap.values):
            yield (region(ARRAYS + index), value.shape, value.strides) if isinstance(value, np.ndarray) else value

    def lay_out(self, made: Memory) -> None:
        """What the host clears before a launch."""
        made.names = {**NAMES, **{WARPS + warp: f"warp {warp}" for warp in range(self.world.warps)}}
        made.zeroed = set(ZEROED)
        for index in range(len(self.heap.values)):
            made.names[ARRAYS + index] = f"argument {index}"
            made.zeroed.add(ARRAYS + index)
        made.put(region(CONTROL) + abi.CONTROL_IS_VIRTUAL, u32, int(self.scenario.virtual))
        content = self.heap.content
        bump = content[abi.HEAP_BUMP : abi.HEAP_BUMP + 8]
        made.put(region(HEAP) + abi.HEAP_BUMP, u64, int.from_bytes(bump, "little"))
        for place in range(abi.HEAP_HEADER, len(content), 4):
            made.put(region(HEAP) + place, u32, int.from_bytes(content[place : place + 4], "little"))
        for value, handle in zip(self.scenario.arguments, self.heap.values, strict=True):
            if objects.kind_made_by(type(value)) == "event":
                crowd = region(HEAP) + handle * abi.HEAP_GRANULE + 4 * abi.EVENT_CROWD
                del made.cells[crowd + 4]
                made.put(crowd, u64, 0)
        states, lanes = self.constants.states, self.world.lanes
        for index in range(len(leaves(self.result))):
            made.names[RESULTS + index] = f"result {index}"
            made.zeroed.add(RESULTS + index)
        for warp in range(self.world.warps):
            base = region(WARPS + warp)
            counts = [base + 4 * (layout.QUEUES + state) for state in range(states)]
            made.limits |= dict.fromkeys(counts, (self.options["CAPACITY"], "tasks in a ready deque"))
            made.limits[base + 4 * layout.FREE_COUNT] = (self.options["FREE_CAPACITY"], "frames on a free list")
        assert lanes <= 32

    def run(self, strategy: Strategy, trace: bool = False) -> Outcome:
        """One schedule."""
        machine = Machine(self.world, self.lay_out, strategy, trace)
        if self.entry == "forking":
            machine.ended = self._check_end
        entry = self.functions[self.entry]
        launch = self.world.launch_address
        found = None
        try:
            machine.run(lambda lane: entry(lane, launch))
            self._check(machine)
        except Violation as violation:
            found = violation
        return Outcome(found, machine.steps, machine.trace or [])

    # --- what must hold

    def _check_end(self, machine: Machine) -> None:
        """A warp may leave only when there is nothing that it could still get to do, or the run is stopped."""
        stopped = machine.memory.get(region(CONTROL) + abi.CONTROL_STOP)
        unborn, alive = self.scenario.roots - machine.ledger.started, machine.ledger.alive()
        if not stopped and not unborn and alive and all(life.phase in ("waiting", "parked") for _, life in alive):
            self._check_left(alive)
        elif not stopped and (unborn or alive):
            places = (life.place for _, life in alive)
            raise Violation(
                "early end", f"a warp leaves with {unborn} roots to start and {len(alive)} tasks alive", *places
            )

    def _check_left(self, alive: Sequence[tuple[int, Life]]) -> None:
        """Nobody is left to wake the tasks that wait: that is right for so many, where the program is so."""
        waiting = [life for _, life in alive if life.phase == "waiting"]
        if len(waiting) != self.scenario.left:
            places = (life.place for life in waiting or [life for _, life in alive])
            kind = "lost wake-up" if waiting else "early end"
            raise Violation(kind, f"{len(waiting)} tasks wait for ever, of {len(alive)} alive", *places)

    def _check(self, machine: Machine) -> None:
        made, scenario = machine.memory, self.scenario
        error = made.get(region(CONTROL) + abi.CONTROL_ERROR)
        if error != scenario.error:
            raise Violation("error", f"the run ends with error code {error:#x}, not {scenario.error:#x}")
        if error:
            return
        alive = machine.ledger.alive()
        if self.shape.waits:
            self._check_parked(made, {frame for frame, life in alive if life.phase == "waiting"})
        if scenario.left:
            return
        if alive:
            listed = ", ".join(f"frame {frame} is {life.phase}" for frame, life in alive[:6])
            raise Violation(
                "lost task", f"{len(alive)} tasks are not done: {listed}", *(life.place for _, life in alive)
            )
        self._check_results(made)
        counts = (machine.ledger.completed, made.get(region(CONTROL) + abi.CONTROL_DONE))
        if counts != (scenario.roots, scenario.roots):
            raise Violation("wrong result", f"{scenario.roots} root tasks, but (ran, reported) are {counts}")
        self._check_frames(made)
        if self.shape.waits:
            self._check_heap(made)
        if kept := [error for error in range(MOST_ERRORS) if made.get(region(ERRORS) + 4 * error)]:
            raise Violation("leaked object", f"the records of errors {kept} are not free again")

    def _check_results(self, made: Memory) -> None:
        expected = self.expected if isinstance(self.expected, tuple) else (self.expected,)
        for index, (leaf, value) in enumerate(zip(leaves(self.result), expected, strict=True)):
            for task in range(self.scenario.roots):
                found = made.get(region(RESULTS + index) + task * leaf.size)
                if found != value:
                    raise Violation("wrong result", f"task {task} gives {found}, CPython {value}")

    def _check_frames(self, made: Memory) -> None:
        """Every frame that was ever handed out is in one free list, once."""
        free = sorted(self._free_frames(made))
        everything = sorted(self._handed_out(made))
        if free != everything:
            missing = sorted(set(everything) - set(free))
            twice = sorted({frame for frame in free if free.count(frame) > 1})
            raise Violation("leaked frame", f"frames {missing} are in no free list, {twice} in two")

    def _check_parked(self, made: Memory, waiting: set[int]) -> None:
        """What the host reads to say where tasks are left: the frames that name an object are those that wait."""
        named = {frame for frame in self._handed_out(made) if self._word(made, frame, abi.FRAME_OBJECT // 4)}
        if named != waiting:
            raise Violation("wrong frame", f"frames {sorted(named)} name an object, and {sorted(waiting)} wait")

    def _check_heap(self, made: Memory) -> None:
        """Every block that was ever handed out is free again, but for the warps' timers."""
        used = made.get(region(HEAP) + abi.HEAP_BUMP) - len(self.heap.content) // abi.HEAP_GRANULE
        free = 0
        small = self.options["HEAP_SHARDS"] * layout.SMALL_CLASSES
        for place in range(small - layout.SMALL_CLASSES + abi.HEAP_CLASSES):
            kind = place % layout.SMALL_CLASSES if place < small else place - small + layout.SMALL_CLASSES
            following = made.get(region(FREE_BLOCKS) + 8 * place) & 0xFFFFFFFF
            while following:
                free += 1 << kind
                if free > used:
                    raise Violation("leaked object", f"{used} granules were handed out, and more are free")
                following = made.get(region(HEAP) + following * abi.HEAP_GRANULE)
        for warp in range(self.world.warps):
            if timers := made.get(region(WARPS + warp) + 4 * layout.TIMERS):
                array = made.get(region(HEAP) + timers * abi.HEAP_GRANULE + 4 * abi.OBJECT_TAIL)
                free += 2 + array
        if free != used:
            raise Violation("leaked object", f"{used} granules were handed out, and {free} are free")

    def _handed_out(self, made: Memory) -> Iterator[int]:
        """Those that warps own from the start, fresh ones, and those of the reserve, which are the last of the pool."""
        frames = self.scenario.setting.frames
        reserve = min(frames // self.reserve_part, self.most_reserved) if self.entry == "forking" else 0
        owned = self.world.warps * self.options["OWNED"]
        yield from range(min(owned + made.get(region(CONTROL) + abi.CONTROL_FRAMES), frames - reserve))
        first = frames - reserve
        yield from range(first, first + made.get(region(CONTROL) + abi.CONTROL_RESERVE_USED))

    def _free_frames(self, made: Memory) -> Iterator[int]:
        lists = layout.QUEUES + self.constants.states * (layout.WORDS_PER_STATE + self.options["CAPACITY"])
        for warp in range(self.world.warps):
            base = region(WARPS + warp)
            for place in range(made.get(base + 4 * layout.FREE_COUNT) or 0):  # None: it came when all was over
                yield made.get(base + 4 * (lists + place))
            if self.entry != "forking":
                yield from self._linked(made, made.get(base + 4 * layout.CHAIN_HEAD), 0)
        if self.entry == "forking":
            yield from self._returned(made)

    def _returned(self, made: Memory) -> Iterator[int]:
        """Frames in the chains on the stack, and those that were given back to the reserve."""
        control = region(CONTROL)
        following = made.get(control + abi.CONTROL_RETURNED) & 0xFFFFFFFF
        while following:
            yield from self._chain(made, following - 1)
            following = self._word(made, following - 1, layout.NEXT_CHAIN)
        following = made.get(control + abi.CONTROL_RESERVE_HEAD)
        while following:
            yield following - 1
            following = self._word(made, following - 1, 0)

    def _chain(self, made: Memory, first: int) -> Iterator[int]:
        """Frame `i` of a chain names its frames `2 i + 1` and `2 i + 2`."""
        ids = [first]
        for place in range(1, self._word(made, first, shared_frames.CHAIN_NUMBER)):
            ids.append(self._word(made, ids[(place - 1) // 2], shared_frames.CHAIN_LINKS + (place - 1) % 2))
        yield from ids

    def _linked(self, made: Memory, frame: int, word: int) -> Iterator[int]:
        while frame != layout.END_OF_CHAIN:
            yield frame
            frame = self._word(made, frame, word)

    def _word(self, made: Memory, frame: int, word: int) -> int:
        found: int = made.get(region(FRAMES) + frame * self.constants.frame_size + 4 * word)
        return found


# --- the program -----------------------------------------------------------------------------------------------------


def _state_machine(program: Callable[..., Any]) -> tuple[StateMachine, Any]:
    """The split program, by the steps of `compile.compile_stages`, and the type of its result."""
    function = inspect.unwrap(program)
    arguments = [
        Argument(spec.name, spec.type, "uniform") for spec in infer.signature(function) if spec.type is not None
    ]
    typed = infer.infer_module(function, [argument.type for argument in arguments])
    module = build.build(typed)
    compile.lower(module, arguments, typed)
    machine = split.split(module)
    for made in machine.functions.values():
        poll.guard_loops(made)
    return machine, typed.functions[typed.root].result
