"""Print what each stage of the compiler made of a coroutine: the texts of `coro2cuda show`.

    source   the function's text                 states   the state machine: text, DOT or SVG
    ast      the typed tree                      frame    offsets of the variables kept across awaits
    ir       the control-flow graph              llvm, ptx
"""

from __future__ import annotations

import dataclasses
import inspect
import linecache
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import FunctionType
from typing import TYPE_CHECKING, Any

from coro2cuda.frontend import diagnostics, dtypes, tree
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering.frame import size_of
from coro2cuda.picture import Node, StateGraph, to_dot, to_svg

if TYPE_CHECKING:
    from coro2cuda.lowering.compile import Stages
    from coro2cuda.lowering.program import Argument
    from coro2cuda.lowering.split import State, StateMachine

STAGES = ("source", "ast", "ir", "states", "frame", "llvm", "ptx")
FORMATS = ("text", "dot", "svg")


def compile_stages(function: FunctionType, arguments: Sequence[Argument], target: str) -> Stages:
    """Compile with the grouping executor for the target, keeping every intermediate form."""
    from coro2cuda.lowering import compile
    from coro2cuda.runtime import compiler

    executor = replace(compiler.executor(target), grouping=True)
    return compile.compile_stages(function, arguments, target, executor)


def show(stages: Stages, stage: str, format: str = "text") -> str:
    """The text of one stage; `format` is of the states only."""
    match stage:
        case "source":
            return inspect.getsource(stages.function)
        case "ast":
            return "\n".join(_function_lines(stages.tree)) + "\n"
        case "ir":
            from coro2cuda.lowering.printer import print_module

            return print_module(stages.ir)
        case "states":
            graph = state_graph(stages.machine)
            return {"text": _states_text, "dot": to_dot, "svg": to_svg}[format](graph)
        case "frame":
            return "\n".join(_frame_lines(stages.machine)) + "\n"
        case "llvm":
            return stages.llvm
        case "ptx":
            return stages.code.decode()
        case _:
            raise ValueError(f"no stage {stage!r}: one of {', '.join(STAGES)}")


# --- the typed tree --------------------------------------------------------------------------------------------------


def _function_lines(module: tree.Module) -> Iterator[str]:
    for function in module.functions.values():
        parameters = ", ".join(f"{variable.name}: {variable.type!r}" for variable in function.parameters)
        keyword = "async def" if function.is_coroutine else "def"
        yield f"{keyword} {function.name}: ({parameters}) -> {function.result!r}"
        for statement in function.body:
            yield from _node_lines("", statement, "  ")
        yield ""


def _node_lines(label: str, value: Any, indent: str) -> Iterator[str]:
    """A node on one line with its plain fields, then its children, each with the name of its field."""
    if isinstance(value, str):
        yield f"{indent}{label} = {value}"
        return
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _node_lines(f"{label}[{index}]", item, indent)
        return
    plain, children = [], []
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if _is_node(item):
            children.append((field.name, item))
        elif not isinstance(item, diagnostics.Span) and item not in (None, ()) and field.name != "type":
            plain.append(_plain_text(field.name, item))
    head = " ".join([f"{label} =" if label else "", value.__class__.__name__, *plain]).lstrip()
    type = getattr(value, "type", None)
    yield f"{indent}{head}" if type is None else f"{indent}{head} : {type!r}"
    for name, child in children:
        yield from _node_lines(name, child, indent + "  ")


def _is_node(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(_is_node(item) for item in value)
    return value.__class__.__module__ == tree.__name__ and not isinstance(value, tree.Variable)


def _plain_text(name: str, value: Any) -> str:
    return value.name if isinstance(value, tree.Variable) else f"{name}={value!r}"


# --- the frame -------------------------------------------------------------------------------------------------------


def _frame_lines(machine: StateMachine) -> Iterator[str]:
    yield f"{machine.layout.size} bytes a frame"
    for name in machine.graph.order:
        region = machine.layout.regions[name]
        if region.end == region.base and not region.slots:
            continue
        yield ""
        yield f"{machine.module.functions[name].title}: bytes {region.base} to {region.end}"
        yield from _slot_lines(machine, name)


def _slot_lines(machine: StateMachine, name: str) -> Iterator[str]:
    region, function = machine.layout.regions[name], machine.module.functions[name]
    if name in machine.graph.framed:
        yield _slot_line(abi.FRAME_PARENT, 4, "(parent frame)", dtypes.u32, [])
        yield _slot_line(abi.FRAME_RETURN, 4, "(return state)", dtypes.u32, [])
    if any(isinstance(block.end, ir.Fork) for block in function.blocks):
        yield _slot_line(abi.FRAME_PENDING, 4, "(children running)", dtypes.u32, [])
    if machine.waits and (name in machine.graph.framed or name == machine.module.root):
        yield _slot_line(abi.FRAME_NEXT, abi.WAITING_HEADER_SIZE - abi.FRAME_NEXT, "(waiting)", dtypes.u32, [])
    if region.return_state is not None:
        yield _slot_line(region.return_state, 4, "(return state)", dtypes.i32, [])
    locals = {local.index: local for local in (*function.locals, *function.parameters)}
    for index, offset in sorted(region.slots.items(), key=lambda slot: (slot[1], slot[0])):
        local = locals[index]
        keepers = [state.index for state in machine.states if state.coroutine == name and _keeps(state, local)]
        yield _slot_line(offset, size_of(local.type), local.name, local.type, keepers)


def _keeps(state: State, local: ir.Local) -> bool:
    return any(saved == local for saved, _ in state.saved)


def _slot_line(offset: int, size: int, name: str, type: dtypes.Type, keepers: list[int]) -> str:
    where = f"  in state {', '.join(map(str, keepers))}" if keepers else ""
    return f"  {offset:5} +{size:<3} {name:20} {dtypes.spelled(type):10}{where}".rstrip()


# --- the states ------------------------------------------------------------------------------------------------------


def state_graph(machine: StateMachine) -> StateGraph:
    """The states of a program with what each saves and its await, and the transitions that can happen."""
    reach = _Transitions(machine)
    root = machine.module.functions[machine.module.root]
    nodes = [Node("start", f"start {_user_title(machine)}", (), "start")]
    edges = [("start", target) for target in reach.targets(machine.root)]
    for state in machine.states:
        nodes.append(_state_node(machine, state))
        edges += [(str(state.index), target) for target in reach.targets(state.function)]
    nodes.append(Node("end", "end", (), "end"))
    return StateGraph(root.title, tuple(nodes), tuple(edges))


def _user_title(machine: StateMachine) -> str:
    """The coroutine of the user's that the generated root awaits."""
    called = [site.callee for sites in machine.graph.sites.values() for site in sites
              if site.caller == machine.module.root]  # fmt: skip
    return machine.module.functions[called[0] if called else machine.module.root].title


def _state_node(machine: StateMachine, state: State) -> Node:
    lines = (_place(state.span), _saves(state.saved), *_caller_lines(machine, state.coroutine))
    return Node(str(state.index), f"{state.index} {state.title}", lines)


def _caller_lines(machine: StateMachine, coroutine: str) -> Iterator[str]:
    """The awaits a task is inside of in a state of the coroutine, as far as there is only one, and what they save."""
    while (site := machine.graph.only_site(coroutine)) is not None and site.caller != machine.module.root:
        point = next(point for point in machine.liveness[site.caller].suspends if point.block == site.block)
        region = machine.layout.regions[site.caller]
        yield f"in {_place(point.end.span)}"
        yield _saves([(local, region.offset(local)) for local in point.saved])
        coroutine = site.caller


def _place(span: diagnostics.Span) -> str:
    source = linecache.getline(span.file, span.line).strip()
    return f"{os.path.basename(span.file)}:{span.line}:{span.column + 1}: {source}"


def _saves(slots: Sequence[tuple[ir.Local, int]]) -> str:
    saved = ", ".join(f"{local.name}: {dtypes.spelled(local.type)} @{offset}" for local, offset in slots)
    return f"saves {saved or 'nothing'}"


def _states_text(graph: StateGraph) -> str:
    lines = []
    for node in graph.nodes:
        lines += [node.title, *(f"    {line}" for line in node.lines)]
        following = [target for source, target in graph.edges if source == node.name]
        if following:
            lines.append(f"    -> {', '.join(following)}")
    return "\n".join([*lines, ""])


def _begun(block: ir.Block) -> Iterator[int]:
    """The states in which a block makes new frames ready, or parks its own."""
    for op in block.ops:
        match op:
            case ir.Enqueue(ir.Const() as state):
                yield state.value
            case ir.Park(state=woken):
                yield woken


class _Transitions:
    """Which states can follow a function: what it leaves with, and what the functions it runs leave with."""

    def __init__(self, machine: StateMachine) -> None:
        from coro2cuda.lowering.split import start_name

        self.machine = machine
        self.coroutine_of = {start_name(name): name for name in machine.graph.order}
        self.coroutine_of |= {state.function: state.coroutine for state in machine.states}
        for sites in machine.graph.sites.values():
            self.coroutine_of |= {f"{site.caller}.after{site.block}": site.caller for site in sites}

    def targets(self, function: str) -> list[str]:
        """Names of nodes, in the order of the states."""
        found: set[int] = set()
        seen: set[str] = set()
        waiting = [function]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                for step in self._steps(name):
                    found.add(step) if isinstance(step, int) else waiting.append(step)
        named = [str(state) for state in sorted(found) if state >= 0]
        return [*named, "end"] if abi.COMPLETED in found else named

    def _steps(self, name: str) -> Iterator[int | str]:
        """The states (or COMPLETED) a function leaves with itself, and the functions that run as part of it."""
        function = self.machine.functions[name]
        for index in function.reachable():
            block = function.blocks[index]
            yield from (op.function for op in block.ops if isinstance(op, ir.Start))
            yield from _begun(block)
            match block.end:
                case ir.Continue(following, _):
                    yield following
                case ir.Leave(ir.Const() as state):
                    yield state.value
                case ir.Leave(ir.Local() as state):
                    yield from self._values(name, state)
                case ir.Return() if name == self.machine.root:
                    yield abi.COMPLETED

    def _values(self, name: str, state: ir.Local) -> Iterator[int]:
        """What a variable that holds the next state can be; one that a Start sets is counted with its function."""
        for block in self.machine.functions[name].blocks:
            for op in block.ops:
                match op:
                    case ir.Copy(dest, ir.Const() as constant) if dest == state:
                        yield constant.value
                    case ir.Reload(dest) | ir.Convert(dest) if dest == state:
                        yield from self._return_states(name)

    def _return_states(self, function: str) -> Iterator[int]:
        machine = self.machine
        for site in machine.graph.sites[self.coroutine_of[function]]:
            end = machine.module.functions[site.caller].blocks[site.block].end
            assert isinstance(end, ir.Await | ir.Fork)
            kind = "gather" if isinstance(end, ir.Fork) else "await"
            for state in machine.states:
                if (state.kind, state.coroutine, state.span) == (kind, site.caller, end.span):
                    yield state.index
