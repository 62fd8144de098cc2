"""Split each coroutine into functions that never suspend: one `start`, and one function for each suspend point.

    coroutine f(n):                      start f(n):                        resume f.1():
      entry:                               entry:                             n = reload @8
        a = n * 2                            a = n * 2                        a = reload @0
        reschedule -> more                   spill @0 a                       more:
      more:                                  spill @8 n                         b = a + n
        b = a + n                            leave state 1                      return b   (how: see below)
        return b

What a function does where the coroutine would
* suspend: spill what is live afterwards and may have changed since it was reloaded, then `Leave` with the next state;
* await a coroutine that lives in the same frame: `Start` it there; if it completes, go straight on;
* await a framed one (`calls`): give it a frame of its own with the arguments in it and leave with that frame's entry
  state; fork several: a frame for each, count them in the own frame, enqueue all but the last and leave with that;
* wait for an object: spill, `Park`, and go straight on or leave (`parking`). Where there are many waits, going on means
  to call the function of the state: else each function would hold all of the coroutine that comes after;
* return: `start` returns the result (its caller is still there). Others: the root leaves with COMPLETED; a coroutine
  with one await site runs its caller's `continuation` at once; with several it leaves the result in its region and goes
  to the state it was told; a framed one writes the result into its parent's frame and leaves with that, or, as one of
  several, counts itself off and lets the last one continue the parent.

States are numbered over the whole program. State 0.. belong to the coroutines in call-graph order, so a callee's
states are the same whoever called it: tasks inside the same callee are grouped together.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import NoneValue, boolean, i32, u32
from coro2cuda.lowering import abi, dead, fork, ir, parking, unwind
from coro2cuda.lowering import calls as call_graph
from coro2cuda.lowering import frame as frames
from coro2cuda.lowering import liveness as live
from coro2cuda.lowering.calls import AwaitSite, CallGraph
from coro2cuda.lowering.frame import FrameLayout, Region
from coro2cuda.lowering.leaf import leaves_of
from coro2cuda.lowering.liveness import Liveness, SuspendPoint

MANY_WAITS = 4  # in a coroutine
ENTRY = -1


@dataclass(frozen=True, slots=True)
class State:
    """A resumable state: the function that runs it, where the coroutine waits, and what the frame holds for it."""

    index: int
    function: str
    coroutine: str
    title: str
    span: Span
    kind: str  # "reschedule", "await", "gather", "create_task", "entry", or an operation that waits: "lock.acquire"
    saved: tuple[tuple[ir.Local, int], ...]


@dataclass(slots=True)
class StateMachine:
    """All functions of a program after split, the states in order, and the layout of the frame."""

    module: ir.Module
    root: str
    functions: dict[str, ir.Function]
    states: list[State]
    layout: FrameLayout
    graph: CallGraph
    liveness: dict[str, Liveness]
    begun: dict[str, int]
    spawning: set[str]
    landings: dict[int, str]  # by state, for awaits of framed coroutines: the function that runs if they fail
    unwinds: dict[str, tuple[str, ...]]  # by function: landings in which its lane may go on, in frames of who awaits it

    @property
    def fails(self) -> bool:
        """Whether a frame's coroutine can fail, and leave it to the executor to tell the parent's."""
        return bool(self.landings)

    @property
    def may_suspend(self) -> bool:
        return bool(self.states)

    @property
    def most_children(self) -> int:
        """The most frames that one resume can begin without looking for room; 0 without framed coroutines."""
        ends = (block.end for name in self.graph.order for block in self.module.functions[name].blocks)
        counts = [len(calls) for end in ends if (calls := ir.awaited(end)) and calls[0][0] in self.graph.framed]
        return max(counts, default=int(self.graph.waits)) + bool(self.graph.detached)

    def children(self, state: State) -> int:
        """The most frames that one resume of a state can begin without looking for room; 0: it can run where no frame
        is left. If it fails the same lane goes on in the handlers of who awaits it, which may begin some."""
        seen: dict[str, None] = {}
        pending = [state.function]
        while pending:
            name = pending.pop()
            if name not in seen:
                seen[name] = None
                pending += [*ir.callees(self.functions[name]), *self.unwinds.get(name, ())]
        forked = max(self.begun.get(name, 0) for name in seen)
        return forked + any(name in self.spawning for name in seen)

    @property
    def forks(self) -> bool:
        """Whether tasks may change warps: they begin tasks, or wake them."""
        return self.graph.forks

    @property
    def waits(self) -> bool:
        return self.graph.waits


@dataclass(slots=True)
class Plan:
    """What has to be known of every coroutine before any function is made: which suspend point is which state."""

    module: ir.Module
    graph: CallGraph
    layout: FrameLayout
    liveness: dict[str, Liveness]
    states: list[State] = field(default_factory=list)
    state_of: dict[tuple[str, int], int] = field(default_factory=dict)  # (coroutine, block that suspends) -> state
    entry_of: dict[str, int] = field(default_factory=dict)  # framed coroutine -> its entry state

    leaves: dict[str, ir.Function] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)  # function -> the most frames that a fork in it begins
    spawning: set[str] = field(default_factory=set)  # functions that begin tasks nobody joins
    landings: dict[int, str] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)  # function -> the framed coroutine that fails in it, or
    # which is the last child there of one that has failed
    _fails_at_start: dict[str, bool] = field(default_factory=dict)
    _reach: dict[tuple[str, int], frozenset[int]] = field(default_factory=dict)

    def fails_at_start(self, name: str) -> bool:
        """Whether a coroutine that lives in its caller's frame may fail before it suspends."""
        if name not in self._fails_at_start:
            function = self.module.functions[name]
            ends = (function.blocks[index].end for index in self.at_once(function, 0))
            self._fails_at_start[name] = any(isinstance(end, ir.Raise | ir.Throw) for end in ends)
        return self._fails_at_start[name]

    def at_once(self, function: ir.Function, start: int, home: int | None = None) -> list[int]:
        """The blocks that can be reached from one without leaving, each once, depth first."""
        seen: dict[int, None] = {}
        stack = [start]
        while stack:
            block = stack.pop()
            if block not in seen:
                seen[block] = None
                stack.extend(reversed(self.successors(function, block, home)))
        return list(seen)

    def successors(self, function: ir.Function, block: int, home: int | None = None) -> tuple[int, ...]:
        """Within one function: across an Await (the callee may complete, or fail, at once), never across a sure
        suspension, nor a wait behind which the function of another state goes on."""
        end = function.blocks[block].end
        match end:
            case ir.Reschedule():
                return ()
            case ir.Wait() if self.hands_on(function, block, home):
                return ()
            case ir.Await() | ir.Fork() if not self.may_go_on(end):
                return ()
            case ir.Fork(resume=resume):
                return (resume,)
            case ir.Await(coroutine=callee, resume=resume):
                local = callee not in self.graph.framed and self.fails_at_start(callee)
                return end.targets() if local else (resume,)
            case _:
                return end.targets()

    def waits_often(self, function: ir.Function) -> bool:
        return sum(isinstance(block.end, ir.Wait) for block in function.blocks) >= MANY_WAITS

    def hands_on(self, function: ir.Function, wait: int, home: int | None) -> bool:
        """Whether what comes after a wait is left to the function of its state, in the function of the state at block
        `home` (ENTRY: there is none yet; None: in one that must come back). Not within a loop of both: so no function
        comes to call itself, and what loops does so in one."""
        if home is None or home == wait or not self.waits_often(function):
            return False
        return home == ENTRY or home not in self._reached(function, wait)

    def _reached(self, function: ir.Function, block: int) -> frozenset[int]:
        """The blocks that may come after one, whatever it takes to get there."""
        key = (function.name, block)
        if key not in self._reach:
            seen: set[int] = set()
            stack = list(function.successors(block))
            while stack:
                following = stack.pop()
                if following not in seen:
                    seen.add(following)
                    stack += function.successors(following)
            self._reach[key] = frozenset(seen)
        return self._reach[key]

    def may_go_on(self, end: ir.Terminator) -> bool:
        """Whether a function may get past this await without leaving: no callee needs a frame in any case."""
        callees = [callee for callee, _ in ir.awaited(end)]
        if isinstance(end, ir.Fork) and end.guards:
            guards = zip(callees, end.guards, strict=True)
            callees = [callee for callee, guard in guards if isinstance(guard, ir.Const) and guard.value]
        return all(callee not in self.graph.framed or callee in self.leaves for callee in callees)

    def kept_parameters(self, callee: str) -> list[ir.Local]:
        """The parameters of a framed coroutine that its caller stores in the new frame."""
        return frames.read_parameters(self.module.functions[callee], self.liveness[callee])

    def continuation(self, site: AwaitSite) -> str:
        return f"{site.caller}.after{site.block}"

    def landing(self, site: AwaitSite) -> str:
        return f"{site.caller}.unwind{site.block}"

    def suspends(self, end: ir.Terminator) -> bool:
        waits = isinstance(end, ir.Reschedule | ir.Room | ir.Wait)
        return waits or any(name in self.graph.suspending for name, _ in ir.awaited(end))


def split(module: ir.Module) -> StateMachine:
    """Split all coroutines reachable from the module's root; plain functions are passed on as they are."""
    unwind.make_explicit(module)
    graph = call_graph.analyse(module)
    framed = [name for name in graph.order if name in graph.framed]  # a set's order differs from run to run
    for name in framed:
        _give_results_a_place(module, graph, name)
    liveness = {name: live.analyse(module.functions[name]) for name in graph.order}
    for name in graph.order:
        dead.drop_dead(module.functions[name], liveness[name])
    layout = frames.layout(module, graph, liveness)
    plan = Plan(module, graph, layout, liveness)
    _number_states(plan)
    plan.leaves, leaves = leaves_of({name: module.functions[name] for name in framed})
    functions = {name: function for name, function in module.functions.items() if function.kind == "plain"}
    functions |= {leaf.name: leaf for leaf in leaves}
    for name in graph.order:
        for function in _functions_of(plan, name):
            functions[function.name] = function
    return StateMachine(module, start_name(module.root), functions, plan.states, layout, graph, liveness,
                        plan.begun, plan.spawning, plan.landings, _unwinds(plan))  # fmt: skip


def _unwinds(plan: Plan) -> dict[str, tuple[str, ...]]:
    """By function: the landings of the awaits that its failure goes to, where any error is handled."""
    if not plan.module.catches:
        return {}
    return {
        function: tuple(dict.fromkeys(
            plan.landings[state] for site in plan.graph.sites[coroutine]
            if (state := plan.state_of[site.caller, site.block]) in plan.landings
        ))
        for function, coroutine in plan.failing.items()
    }  # fmt: skip


def start_name(coroutine: str) -> str:
    return f"{coroutine}.start"


def _give_results_a_place(module: ir.Module, graph: CallGraph, callee: str) -> None:
    """A framed callee always writes its result into the parent's frame, so each of its awaits needs a local. What
    nobody reads may all go to one place."""
    result = module.functions[callee].result
    if isinstance(result, NoneValue):
        return
    unused: dict[str, ir.Local] = {}
    for site in graph.sites[callee]:
        caller = module.functions[site.caller]
        end = caller.blocks[site.block].end
        missing = [dest is None and name == callee for dest, name, _ in _calls(end)]
        if any(missing):
            place = unused.get(caller.name) or caller.new_local("unused", result)
            unused[caller.name] = place
            caller.blocks[site.block].end = _with_dests(end, missing, place)


def _with_dests(end: ir.Terminator, missing: list[bool], place: ir.Local) -> ir.Terminator:
    match end:
        case ir.Await():
            return dataclasses.replace(end, dest=place)
        case ir.Fork():
            dests = tuple(place if lacks else dest for dest, lacks in zip(end.dests, missing, strict=True))
            return dataclasses.replace(end, dests=dests)
        case _:
            raise AssertionError(f"{end} awaits nothing")


def _calls(end: ir.Terminator) -> list[fork.Call]:
    """What a terminator awaits: where each result goes, the coroutine, its arguments."""
    match end:
        case ir.Await(dest, coroutine, arguments):
            return [(dest, coroutine, arguments)]
        case ir.Fork():
            return list(end.calls())
        case _:
            return []


def _number_states(plan: Plan) -> None:
    """Entries come first: the executor prefers high states, so that what was begun goes on before more is begun."""
    for name in plan.graph.order:
        function, region = plan.module.functions[name], plan.layout.regions[name]
        if name in plan.graph.framed:
            plan.entry_of[name] = len(plan.states)
            saved = tuple((local, region.offset(local)) for local in plan.kept_parameters(name))
            _add_state(plan, name, f"{name}.entry", function.span, "entry", saved)
    for name in plan.graph.order:
        region = plan.layout.regions[name]
        for point in plan.liveness[name].suspends:
            if _is_state(plan, point):
                plan.state_of[name, point.block] = index = len(plan.states)
                saved = tuple((local, region.offset(local)) for local in point.saved)
                kind = point.end.op if isinstance(point.end, ir.Wait) else _KINDS[type(point.end)]
                _add_state(plan, name, f"{name}.{index}", point.end.span, kind, saved)


_KINDS: dict[type, str] = {ir.Reschedule: "reschedule", ir.Await: "await", ir.Fork: "gather", ir.Room: "create_task"}


def _add_state(
    plan: Plan, name: str, function: str, span: Span, kind: str, saved: tuple[tuple[ir.Local, int], ...]
) -> None:
    title = plan.module.functions[name].title
    plan.states.append(State(len(plan.states), function, name, title, span, kind, saved))


def _is_state(plan: Plan, point: SuspendPoint) -> bool:
    """Whether the executor can find a task waiting here; else the callee continues here without it."""
    if isinstance(point.end, ir.Reschedule | ir.Fork | ir.Room | ir.Wait):
        return True
    return plan.suspends(point.end) and plan.graph.only_site(point.end.coroutine) is None


def _functions_of(plan: Plan, name: str) -> list[ir.Function]:
    function, region = plan.module.functions[name], plan.layout.regions[name]
    made = []
    if name in plan.graph.framed:
        maker = Maker(plan, function, f"{name}.entry", "resume", ENTRY)
        made.append(maker.make(0, {local: region.offset(local) for local in plan.kept_parameters(name)}))
    else:
        made.append(Maker(plan, function, start_name(name), "start").make(0, {}))
    for point in plan.liveness[name].suspends:
        if plan.suspends(point.end):
            made.append(_resume_function(plan, function, point))
            if isinstance(point.end, ir.Await | ir.Fork) and point.end.unwind is not None:
                made.append(_landing(plan, function, point, point.end))
    return made


def _reloads(plan: Plan, function: ir.Function, point: SuspendPoint, target: int) -> dict[ir.Local, int]:
    """Of what is saved, what is live where the function goes on."""
    region, born = plan.layout.regions[function.name], live.bits(ir.born_on(point.end, target))
    live_there = plan.liveness[function.name].entry[target] & ~born
    return {local: region.offset(local) for local in point.saved if live_there >> local.index & 1}


def _landing(plan: Plan, function: ir.Function, point: SuspendPoint, end: ir.Await | ir.Fork) -> ir.Function:
    """What runs instead of the resume function if what was awaited has failed; it takes the error."""
    assert end.unwind is not None and end.error is not None
    callee, _ = ir.awaited(end)[0]
    name = plan.landing(AwaitSite(function.name, point.block, callee))
    if callee in plan.graph.framed:
        plan.landings[plan.state_of[function.name, point.block]] = name
    reloads = _reloads(plan, function, point, end.unwind)
    return Maker(plan, function, name, "continuation", point.block).make(end.unwind, reloads, (end.error,))


def _resume_function(plan: Plan, function: ir.Function, point: SuspendPoint) -> ir.Function:
    region = plan.layout.regions[function.name]
    reloads = _reloads(plan, function, point, point.end.resume)
    end, state = point.end, plan.state_of.get((function.name, point.block))
    if state is None:
        assert isinstance(end, ir.Await)
        site = AwaitSite(function.name, point.block, end.coroutine)
        maker = Maker(plan, function, plan.continuation(site), "continuation", point.block)
        return maker.make(end.resume, reloads, (end.dest,) if end.dest else ())
    extra: dict[ir.Local, int] = {}
    known: list[ir.Op] = []
    if isinstance(end, ir.Wait) and end.taken is not None:
        extra[end.taken] = region.offset(end.taken)
    if isinstance(end, ir.Wait) and end.outcome is not None:
        if plan.graph.cancels or end.op in parking.MAY_FAIL_LATER or plan.waits_often(function):
            extra[end.outcome] = abi.FRAME_PLACE
        else:
            known.append(ir.Copy(end.outcome, ir.Const(u32, 0)))  # what fails does so at once
    for dest, (callee, _) in zip(_dests(end), ir.awaited(end), strict=True):
        if dest is not None:
            if callee in plan.graph.framed:
                reloads[dest] = region.offset(dest)
            else:
                extra[dest] = plan.layout.regions[callee].result
    maker = Maker(plan, function, plan.states[state].function, "resume", point.block)
    made = maker.make(end.resume, reloads, (), extra)
    made.blocks[0].ops += known
    return made


def _dests(end: ir.Terminator) -> tuple[ir.Local | None, ...]:
    match end:
        case ir.Await(dest):
            return (dest,)
        case ir.Fork(dests):
            return dests
        case _:
            return ()


class Maker:
    """Makes one function of a coroutine: the blocks from `start` up to the next suspend points, and a prelude. `home`
    as in `Plan.hands_on`."""

    def __init__(
        self, plan: Plan, source: ir.Function, name: str, kind: ir.FunctionKind, home: int | None = None
    ) -> None:
        self.plan, self.source, self.home = plan, source, home
        self.region: Region = plan.layout.regions[source.name]
        parameters = source.parameters if kind == "start" else ()
        result = source.result if kind == "start" else NoneValue()
        self.made = ir.Function(name, source.title, kind, parameters, result, [], list(source.locals), source.span)
        self.number: dict[int, int] = {}
        self.clean_in: dict[int, int] = {}
        self.exits: dict[tuple[ir.Op, ...], int] = {}
        self.next_state: ir.Local | None = None

    def make(
        self,
        start: int,
        reloads: dict[ir.Local, int],
        parameters: tuple[ir.Local, ...] = (),
        extra_reloads: dict[ir.Local, int] | None = None,
    ) -> ir.Function:
        """`reloads` are variables kept in their own slots, so unchanged ones need no store at the next suspend;
        `extra_reloads` come from elsewhere (a callee's result)."""
        blocks = self.plan.at_once(self.source, start, self.home)
        self.number = {block: index + 1 for index, block in enumerate(blocks)}
        self.clean_in = self._unchanged(start, blocks, live.bits(tuple(reloads)))
        ops: list[ir.Op] = [ir.Reload(local, offset) for local, offset in (reloads | (extra_reloads or {})).items()]
        if parameters:
            self.made.parameters = parameters
        self.made.blocks.append(ir.Block("resume" if reloads or extra_reloads else "enter", ops, ir.Goto(1)))
        for block in blocks:
            copied = self.source.blocks[block]
            self.made.blocks.append(ir.Block(copied.label, list(copied.ops), ir.Goto(0)))
        for block in blocks:
            self._end(block, self.made.blocks[self.number[block]])
        return self.made

    def _unchanged(self, start: int, blocks: list[int], reloaded: int) -> dict[int, int]:
        """For each block, the locals whose slot still holds their value on entry: a forward must-analysis."""
        everything = (1 << len(self.source.locals)) - 1
        clean = dict.fromkeys(blocks, everything)
        clean[start] = reloaded
        work = list(blocks)
        while work:
            block = work.pop()
            out = self._clean_out(block, clean[block])
            for target in self.plan.successors(self.source, block, self.home):
                if clean[target] & ~out:
                    clean[target] &= out
                    work.append(target)
        return clean

    def _clean_out(self, block: int, clean: int) -> int:
        for op in self.source.blocks[block].ops:
            for dest in live.written(op):
                clean &= ~(1 << dest.index)
        for dest in ir.born(self.source.blocks[block].end):
            clean &= ~(1 << dest.index)
        return clean

    def _resumed_at_once(self, end: ir.Await | ir.Fork) -> int | None:
        """The block that follows, if all callees may turn out to be leaves."""
        return self.number[end.resume] if self.plan.may_go_on(end) else None

    def _end(self, index: int, block: ir.Block) -> None:
        match self.source.blocks[index].end:
            case ir.Goto(target, bounded):
                block.end = ir.Goto(self.number[target], bounded)
            case ir.Branch(test, then, orelse, rare):
                block.end = ir.Branch(test, self.number[then], self.number[orelse], rare)
            case ir.Poll(target):
                block.end = ir.Poll(self.number[target])
            case ir.Reschedule():
                self._suspend(block, self.spills(index), self.plan.state_of[self.source.name, index])
            case ir.Room(coroutine, resume):
                fork.make_room(self, index, block, self.plan.entry_of[coroutine], self.number[resume])
            case ir.Spawn() as end:
                fork.spawn(self, block, end, self.number[end.resume])
            case ir.Await() as end if end.coroutine in self.plan.graph.framed:
                call = (end.dest, end.coroutine, end.arguments)
                fork.begin(self, index, block, [call], (), 0, self._resumed_at_once(end))
            case ir.Fork() as end:
                calls = list(end.calls())
                fork.begin(self, index, block, calls, end.guards, abi.JOIN, self._resumed_at_once(end))
            case ir.Wait() as end:
                parking.wait(self, index, block, end)
            case ir.Await() as end:
                self._call(index, block, end)
            case ir.Return(value):
                self._return(block, value)
            case ir.Raise(site) if self.is_resumed:
                error = self.made.new_local("error", u32)
                block.ops.append(ir.MakeError(error, site))
                self._throw(block, error)
            case ir.Throw(error) if self.is_resumed:
                self._throw(block, error)
            case end:
                block.end = end

    def _suspend(self, block: ir.Block, spills: list[ir.Op], state: int) -> None:
        """Suspend points that store the same variables share one exit, so that lanes which part only in the state
        they go to (`if kind == 0: ... await reschedule()`) store and leave together."""
        key = tuple(spills)
        if self.next_state is None:
            self.next_state = self.made.new_local("next_state", i32)
        if key not in self.exits:
            self.exits[key] = len(self.made.blocks)
            self.made.blocks.append(ir.Block("suspend", spills, ir.Leave(self.next_state)))
        block.ops.append(ir.Copy(self.next_state, _state(state)))
        block.end = ir.Goto(self.exits[key])

    def spills(self, index: int) -> list[ir.Op]:
        point = next(point for point in self.plan.liveness[self.source.name].suspends if point.block == index)
        clean = self._clean_out(index, self.clean_in[index])
        dirty = [local for local in point.saved if not clean >> local.index & 1]
        dirty.sort(key=self.region.offset)
        return [ir.Spill(self.region.offset(local), local) for local in dirty]

    def _call(self, index: int, block: ir.Block, end: ir.Await) -> None:
        state, frame = self.made.new_local("state", i32), self.made.new_local("frame", u32)
        dest, completes = self._result_of(end)
        block.ops.append(ir.Start(dest, state, frame, start_name(end.coroutine), end.arguments))
        completed = self.made.new_local("completed", boolean)
        block.ops.append(ir.Compare(completed, "eq", state, _state(abi.COMPLETED)))
        leave = ir.Block("suspended", [], ir.Leave(state, frame))
        if end.coroutine in self.plan.graph.suspending:
            # A callee that parks the frame publishes it: all must be in it before. Others leave it to this function.
            before = end.coroutine in self.plan.graph.parking
            place = block.ops[:-2] if before else leave.ops
            place += self.spills(index)
            back, callee = self.plan.state_of.get((self.source.name, index)), self.plan.layout.regions[end.coroutine]
            if back is not None:
                assert callee.return_state is not None
                place.append(ir.Spill(callee.return_state, _state(back)))
            if before:
                block.ops = place + block.ops[-2:]
        otherwise = self._append(leave)
        if end.unwind is not None and self.plan.fails_at_start(end.coroutine):
            otherwise = self._caught(end, state, frame, otherwise)
        block.end = ir.Branch(completed, completes, otherwise)

    def _result_of(self, end: ir.Await) -> tuple[ir.Local | None, int]:
        """Where `Start` puts the result, and the block to go on in: a variable that is read if the callee fails gets it
        only once it has not."""
        resume = self.number[end.resume]
        if end.dest is None or end.unwind is None:
            return end.dest, resume
        if not self.plan.liveness[self.source.name].entry[end.unwind] >> end.dest.index & 1:
            return end.dest, resume
        result = self.made.new_local("result", end.dest.type)
        return result, self._append(ir.Block("completed", [ir.Copy(end.dest, result)], ir.Goto(resume)))

    @property
    def is_resumed(self) -> bool:
        """Whether nobody who called this function waits for its outcome."""
        return self.made.kind != "start" or self.source.name == self.plan.module.root

    def _append(self, block: ir.Block) -> int:
        self.made.blocks.append(block)
        return len(self.made.blocks) - 1

    def _caught(self, end: ir.Await, state: ir.Local, frame: ir.Local, otherwise: int) -> int:
        """The block that tells a callee that failed at once, which has given its error for a frame, from one that
        suspended."""
        assert end.unwind is not None and end.error is not None
        failed = self.made.new_local("failed", boolean)
        caught = self._append(ir.Block("caught", [ir.Copy(end.error, frame)], ir.Goto(self.number[end.unwind])))
        ops: list[ir.Op] = [ir.Compare(failed, "eq", state, _state(abi.FAILED))]
        return self._append(ir.Block("left", ops, ir.Branch(failed, caught, otherwise, rare=True)))

    def exhausted(self) -> ir.Block:
        """No frame is left for another call: that ends the run, no handler sees it."""
        code = ir.Const(u32, abi.ERROR_FRAME_POOL)
        return ir.Block("exhausted", [ir.OnError("abort", code)], ir.Leave(_state(abi.STOPPED)))

    def _throw(self, block: ir.Block, error: ir.Operand) -> None:
        """The coroutine, which was resumed, fails."""
        name = self.source.name
        site = self.plan.graph.only_site(name)
        if name == self.plan.module.root or name in self.plan.graph.detached:
            block.ops.append(ir.OnError("abort", error))
            block.end = ir.Leave(_state(abi.STOPPED))
        elif name in self.plan.graph.framed:
            block.ops.append(ir.OnError("fail", error))
            self.plan.failing[self.made.name] = name
            block.end = ir.Leave(_state(abi.FAILED))
        elif site is not None:
            block.end = ir.Continue(self.plan.landing(site), error)
        else:
            self._throw_to_one_of(block, error, self.plan.graph.sites[name])

    def _throw_to_one_of(self, block: ir.Block, error: ir.Operand, sites: tuple[AwaitSite, ...]) -> None:
        """The state to return to tells which site awaits."""
        assert self.region.return_state is not None
        back = self.made.new_local("return_state", i32)
        block.ops.append(ir.Reload(back, self.region.return_state))
        for site in sites[:-1]:
            here, landing = self.made.new_local("here", boolean), ir.Continue(self.plan.landing(site), error)
            block.ops.append(ir.Compare(here, "eq", back, _state(self.plan.state_of[site.caller, site.block])))
            following = ir.Block("elsewhere", [], ir.Goto(0))
            block.end = ir.Branch(here, self._append(ir.Block("land", [], landing)), self._append(following))
            block = following
        block.end = ir.Continue(self.plan.landing(sites[-1]), error)

    def _return(self, block: ir.Block, value: ir.Operand | None) -> None:
        name = self.source.name
        site = self.plan.graph.only_site(name)
        if self.made.kind == "start":
            block.end = ir.Return(value)
        elif name == self.plan.module.root:
            block.end = ir.Leave(_state(abi.COMPLETED), release=True)
        elif name in self.plan.graph.detached:
            block.end = ir.Leave(_state(abi.PARKED), release=True)
        elif name in self.plan.graph.framed:
            self._return_to_parent(block, value)
        elif site is not None:
            end = self.plan.module.functions[site.caller].blocks[site.block].end
            assert isinstance(end, ir.Await)
            block.end = ir.Continue(self.plan.continuation(site), value if end.dest is not None else None)
        else:
            assert self.region.return_state is not None
            state = self.made.new_local("return_state", i32)
            block.ops.append(ir.Reload(state, self.region.return_state))
            if value is not None:
                block.ops.append(ir.Spill(self.region.result, value))
            block.end = ir.Leave(state)

    def _return_to_parent(self, block: ir.Block, value: ir.Operand | None) -> None:
        made, graph, name = self.made, self.plan.graph, self.source.name
        parent, back = made.new_local("parent", u32), made.new_local("back", u32)
        place, low, state = made.new_local("place", u32), made.new_local("low", u32), made.new_local("state", i32)
        block.ops += [
            ir.Reload(parent, abi.FRAME_PARENT),
            ir.Reload(back, abi.FRAME_RETURN),
            ir.Binary(place, "shr", back, ir.Const(u32, 16)),
            ir.Binary(low, "and", back, ir.Const(u32, abi.STATE_MASK)),
            ir.Convert(state, low),
        ]
        if value is not None:
            block.ops.append(ir.Spill(0, value, parent, place))
        if graph.cancels and name not in graph.joined:
            answered = made.new_local("answered", u32)
            block.ops += [ir.Reload(answered, abi.FRAME_SEEN), ir.Spill(abi.FRAME_SEEN, answered, parent)]
        proceed = ir.Leave(state, parent, release=True)
        if name not in graph.joined:
            block.end = proceed
            return
        last, join = made.new_local("last", boolean), block
        pending = made.new_local("pending", u32)
        first = len(made.blocks)
        made.blocks += [ir.Block("last", [], proceed), ir.Block("wait", [], ir.Leave(_state(abi.PARKED), release=True))]
        if self.plan.module.catches:
            self._unwind_if_failed(made.blocks[-1], pending, state, parent)
        if name in graph.called:
            flag, joins = made.new_local("flag", u32), made.new_local("joins", boolean)
            join = ir.Block("join", [], ir.Goto(0))
            several = self._append(join)
            block.ops += [
                ir.Binary(flag, "and", back, ir.Const(u32, abi.JOIN)),
                ir.Compare(joins, "ne", flag, ir.Const(u32, 0)),
            ]
            block.end = ir.Branch(joins, several, first)
        join.ops += [ir.Join(pending, parent), ir.Compare(last, "eq", pending, ir.Const(u32, 1))]
        join.end = ir.Branch(last, first, first + 1)


    def _unwind_if_failed(self, block: ir.Block, pending: ir.Local, state: ir.Local, parent: ir.Local) -> None:
        """The last of several children, one of which has failed, sends the parent to its landing."""
        made = self.made
        self.plan.failing[made.name] = self.source.name
        failed, landing = made.new_local("failed", boolean), made.new_local("landing", i32)
        unwind = ir.Block("unwind", [ir.Binary(landing, "sub", _state(abi.UNWIND), state)],
                          ir.Leave(landing, parent, release=True))  # fmt: skip
        block.ops.append(ir.Compare(failed, "eq", pending, ir.Const(u32, abi.CHILD_FAILED | 1)))
        block.end = ir.Branch(failed, self._append(unwind), self._append(ir.Block("parked", [], block.end)), rare=True)


def _state(index: int) -> ir.Const:
    return ir.Const(i32, index)
