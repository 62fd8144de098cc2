"""The whole compiler in one place: a coroutine and the types of its arguments go in, a Program comes out.

`PIPELINE` names the passes over the coroutines' IR in order; everything before is a change of representation, and so is
everything after. `stages` keeps what each step made, for `coro2cuda show`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol

from coro2cuda.frontend import dtypes, infer, tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Type
from coro2cuda.lowering import abi, build, entry, ir, ownership, poll, sharing, simplify, split, uncancelled, uniform
from coro2cuda.lowering import program as artifact
from coro2cuda.lowering.program import Argument, Program, Shape
from coro2cuda.lowering.split import StateMachine

if TYPE_CHECKING:
    from coro2cuda.lowering.target import Target


class Executor(Protocol):
    """The compiled executor, as the compiler needs it; the runtime supplies it."""

    def entries(self, shape: Shape) -> dict[str, str]:
        """The symbols of the entries that are wanted. A program that never suspends has nothing to group."""

    def bitcode(self, shape: Shape) -> Sequence[bytes]:
        """LLVM bitcode of the entries that are wanted, to be linked with a program."""

    def options(self, shape: Shape) -> dict[str, int]:
        """The specialisation constants for a program."""

    def warp_memory_size(self, shape: Shape) -> int:
        """Bytes of warp memory for a program."""


def each_simplified(module: ir.Module) -> None:
    for function in module.functions.values():
        simplify.simplify(function)


PIPELINE: tuple[Callable[[ir.Module], None], ...] = (
    each_simplified,
    uniform.propagate,
    each_simplified,
    uncancelled.drop,
    ownership.count_references,
    sharing.find,
)

MOST_STATES = 1024


@dataclass(slots=True)
class Stages:
    """What each step made of a coroutine, and the seconds it took."""

    function: FunctionType
    arguments: tuple[Argument, ...]
    target: Target
    tree: tree.Module
    ir: ir.Module
    machine: StateMachine
    uniforms: list[Type]
    returns_errors: bool = False
    llvm: str = ""
    code: bytes = b""
    timings: dict[str, float] = field(default_factory=dict)


def compile_program(
    function: FunctionType, arguments: Sequence[Argument], target_name: str, executor: Executor,
    returns_errors: bool = False,
) -> Program:  # fmt: skip
    """Compile a coroutine for a target.

    Args:
        function: the undecorated `async def`.
        arguments: its parameters in order, with their types and how tasks get them.
        target_name: "cpu", or a GPU architecture such as "sm_90".
        executor: the executor compiled for the same target.
        returns_errors: root tasks that fail do not end the run: their exceptions are results.

    Raises:
        CompileError: the program is refused.
    """
    return program_of(compile_stages(function, arguments, target_name, executor, returns_errors), executor)


def compile_stages(
    function: FunctionType, arguments: Sequence[Argument], target_name: str, executor: Executor,
    returns_errors: bool = False,
) -> Stages:  # fmt: skip
    """Compile a coroutine and keep every intermediate form."""
    from coro2cuda.lowering import llvm, target

    chosen = target.parse(target_name)
    timings: dict[str, float] = {}
    with _timed(timings, "infer"):
        typed = infer.infer_module(function, [argument.type for argument in arguments])
        _check_result(typed)
    with _timed(timings, "lower"):
        module = build.build(typed)
        uniforms = lower(module, arguments, typed, returns_errors)
        machine = split.split(module)
        for made in machine.functions.values():
            poll.guard_loops(made)
        _check_size(machine, typed)
    stages = Stages(
        function, tuple(arguments), chosen, typed, module, machine, uniforms, returns_errors, timings=timings
    )
    with _timed(timings, "llvm"):
        stages.llvm = llvm.emit(machine.functions, chosen, link=_link_info(stages, executor))
    with _timed(timings, "code"):
        entries = set(executor.entries(shape_of(machine)).values())
        stages.code = target.compile(stages.llvm, executor.bitcode(shape_of(machine)), chosen, entries=entries)
    return stages


def lower(
    module: ir.Module, arguments: Sequence[Argument], typed: tree.Module, returns_errors: bool = False
) -> list[Type]:
    """Add the root and run the pipeline; the types of all uniforms."""
    captured = [_captured_type(array) for array in typed.captured]
    uniforms = entry.add_root(module, [argument.mode for argument in arguments], captured, returns_errors)
    for step in PIPELINE:
        step(module)
    return uniforms


def program_of(stages: Stages, executor: Executor) -> Program:
    """The artifact: code, and what the runtime must know to run it."""
    from coro2cuda.version import __version__

    machine, root = stages.machine, stages.tree.functions[stages.tree.root]
    offsets, block_size = artifact.lay_out_uniforms(stages.uniforms)
    return Program(
        name=root.name,
        title=root.title,
        target=stages.target.name,
        code=stages.code,
        entries=executor.entries(shape_of(machine)),
        arguments=stages.arguments,
        captured=tuple(_captured_type(array) for array in stages.tree.captured),
        uniforms=tuple(map(artifact.UniformSlot, offsets, stages.uniforms)),
        block_size=block_size,
        result=root.result,
        result_leaves=artifact.leaves(root.result),
        frame_size=machine.layout.size,
        warp_memory_size=executor.warp_memory_size(shape_of(machine)),
        states=tuple(_state(state) for state in machine.states),
        sites=tuple(machine.module.sites),
        formats=tuple(machine.module.formats),
        may_suspend=machine.may_suspend,
        children=machine.most_children,
        forks=machine.forks,
        waits=machine.waits,
        cancels=machine.module.cancels,
        places=tuple(machine.module.places),
        classes=tuple(map(_class_name, machine.module.classes)),
        catches=machine.module.catches,
        fails=machine.fails,
        returns_errors=stages.returns_errors,
        error_words=shape_of(machine).error_words,
        timings=dict(stages.timings),
        version=__version__,
        abi_version=abi.ABI_VERSION,
        captured_values=tuple(stages.tree.captured),
        class_values=machine.module.classes,
    )


def shape_of(machine: StateMachine) -> Shape:
    """What the executor is specialised for."""
    words = max((2 * len(site.values()) for site in machine.module.sites), default=0)
    return Shape(len(machine.states), machine.most_children, machine.forks, machine.fails, machine.module.catches,
                 -(-(abi.ERROR_ARGUMENTS + words) // 4) * 4, machine.waits,
                 machine.module.cancels, machine.module.orders)  # fmt: skip


def _link_info(stages: Stages, executor: Executor) -> Any:
    from coro2cuda.lowering import llvm

    machine = stages.machine
    offsets, _ = artifact.lay_out_uniforms(stages.uniforms)
    return llvm.LinkInfo(
        states=[state.function for state in machine.states],
        root=machine.root,
        children=[machine.children(state) for state in machine.states],
        frame_size=machine.layout.size,
        options=executor.options(shape_of(machine)),
        uniform_offsets=offsets,
        formats=tuple(machine.module.formats),
        landings=machine.landings,
        kinds=tuple(site.kind for site in machine.module.sites),
    )


def _state(state: split.State) -> artifact.State:
    span = state.span
    saved = tuple(local.name for local, _ in state.saved)
    return artifact.State(state.index, state.function, state.title, span.file, span.line, saved, state.kind)


def _class_name(kind: type[BaseException]) -> artifact.ClassName:
    names = (tree.class_name(base) for base in kind.__mro__)
    return artifact.ClassName(tree.class_name(kind), next(name for name in names if ":" not in name))


def _captured_type(array: Any) -> Type:
    found = dtypes.of_value(array)
    assert found is not None, "inference has typed every captured array"
    return found


def _check_result(typed: tree.Module) -> None:
    root = typed.functions[typed.root]
    if _holds_reference(root.result):
        raise CompileError(
            f"the result of '{root.title}' is {dtypes.with_article(root.result)}",
            root.span,
            "make the object on the host, and pass it to the coroutine",
        )
    if dtypes.holds_array(root.result):
        raise CompileError(
            f"the result of '{root.title}' holds an array ({dtypes.spelled(root.result)})",
            root.span,
            "pass an array to the coroutine and write into it; only scalars and tuples of them come back",
        )


def _holds_reference(type: Type) -> bool:
    elements = type.elements if isinstance(type, dtypes.Tuple) else ()
    return isinstance(type, dtypes.Reference) or any(map(_holds_reference, elements))


def _check_size(machine: StateMachine, typed: tree.Module) -> None:
    root = typed.functions[typed.root]
    if len(machine.states) > MOST_STATES:
        raise CompileError(
            f"'{root.title}' has {len(machine.states)} suspend points; at most {MOST_STATES} are supported",
            root.span,
            "move repeated code that awaits into a coroutine of its own: its states are shared by all its callers",
        )
    if machine.layout.size > 0xFFFF:
        raise CompileError(
            f"the frame of '{root.title}' takes {machine.layout.size} bytes; at most 65535 are supported",
            root.span,
            "keep fewer variables alive across awaits",
        )


@contextmanager
def _timed(timings: Mapping[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timings[name] = time.perf_counter() - started  # type: ignore[index]
