"""From the IR after split to an LLVM module: a program's functions, or the executor's device Python.

    program                                             executor (device Python)
      f_... (internal)      start, resume, plain          c2c_NAME              a function that no other calls
      c2c_start             root task from its start      declares, and calls, what is on the left
      c2c_resume            a switch over the states
      c2c_unwind            a switch over the landings
      c2c_states, c2c_frame_size, c2c_option_NAME         defines c2c_allocate_frame, which the program calls

`target.compile` links the two and optimises them as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Pointer, Struct, Type
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering.llvm_context import Context, integer
from coro2cuda.lowering.llvm_function import Surroundings, emit_function
from coro2cuda.lowering.llvm_types import ACTION, LONG, WORD
from coro2cuda.lowering.target import MOST_THREADS, Target

PREFIX = "c2c_"
WIDE_FRAMES = "WIDE_FRAMES"  # the option that says whether frames are read and written in wide pieces: for tests


@final
@dataclass(frozen=True, slots=True)
class LinkInfo:
    """What binds a program's functions together: resume functions by state, the root's start function, the size of a
    frame, where each uniform lies in the argument block, the constants that the executor asks for by name, the formats
    by which the host reads print records, how many frames each state can begin, landings by state, and the class of
    what each site raises."""

    states: Sequence[str]
    root: str
    frame_size: int
    uniform_offsets: Sequence[int] = ()
    options: Mapping[str, int] = field(default_factory=dict)
    formats: Sequence[tuple[str | Type, ...]] = ()
    children: Sequence[int] = ()
    landings: Mapping[int, str] = field(default_factory=dict)
    kinds: Sequence[int] = ()


def emit(functions: Mapping[str, ir.Function], target: Target, *, link: LinkInfo) -> str:
    """The LLVM module of a program; `functions` are those after split, plain ones too."""
    context = Context(target, "program")
    emitted = {}
    uses = _uses(functions, link)
    for name, function in functions.items():
        made = llvm.Function(context.module, context.types.signature(function), context.unique(name))
        made.linkage = "internal"
        made.attributes.add("nounwind")
        if uses[name] == 1:
            made.attributes.add("alwaysinline")
        emitted[name] = made
    wide_frames = bool(link.options.get(WIDE_FRAMES, target.is_cuda))
    around = Surroundings(context, emitted, link.uniform_offsets, link.frame_size, link.formats, link.kinds,
                          hidden=True, wide_frames=wide_frames)  # fmt: skip
    for name, function in functions.items():
        emit_function(around, function, emitted[name])
    _emit_start(context, emitted[link.root])
    _emit_switch(context, "resume", {state: emitted[name] for state, name in enumerate(link.states)})
    _emit_switch(context, "unwind", {state: emitted[name] for state, name in link.landings.items()}, WORD)
    _emit_children(context, link.children)
    constants = {"states": len(link.states), "frame_size": link.frame_size}
    constants |= {f"option_{name}": value for name, value in link.options.items()}
    for name, value in constants.items():
        _emit_constant(context, name, value)
    return str(context.module)


def _uses(functions: Mapping[str, ir.Function], link: LinkInfo) -> Counter[str]:
    """How often each function is called. Called once, it costs nothing to inline."""
    uses = Counter((link.root, *link.states, *link.landings.values()))
    for function in functions.values():
        uses.update(ir.callees(function))
    return uses


def emit_device(
    functions: Mapping[str, ir.Function],
    target: Target,
    entry: str = "",
    visible: Collection[str] = (),
    inlined: Collection[str] = (),
) -> str:
    """The LLVM module of device Python: plain functions. Those that no other calls are visible, as c2c_NAME, and those
    that are named; `entry` is the kernel, the others are for programs to call. Who calls one that is `inlined` too has
    its code."""
    context = Context(target, "executor")
    called = {op.function for function in functions.values() for block in function.blocks for op in block.ops
              if isinstance(op, ir.Call)}  # fmt: skip
    emitted = {}
    for name, function in functions.items():
        assert not function.raises, f"device function {name} may raise"
        signature = context.types.signature(function, hidden=False)
        emitted[name] = made = llvm.Function(context.module, signature, PREFIX + name)
        made.attributes.add("nounwind")
        if target.is_cuda:
            # It may hold a warp operation, which must not be moved under other control flow.
            made.attributes.add("convergent")
        if name == entry:
            _make_entry(context, function, made)
        else:
            # A program may be linked with two entries, each of which brings what programs call.
            visible_here = name not in called or name in visible or function.cold
            made.linkage = "weak_odr" if visible_here else "internal"
            # A library's functions are long, and called from many places: copies of them would be most of a program.
            outlined = function.cold or (name in visible and name not in inlined)
            inlining = "noinline" if outlined else "alwaysinline"
            for attribute in (inlining, *(("cold",) if function.cold else ())):
                made.attributes.add(attribute)
    around = Surroundings(context, emitted, (), 0, (), (), hidden=False)
    for name, function in functions.items():
        emit_function(around, function, emitted[name])
    return str(context.module)


def _make_entry(context: Context, function: ir.Function, made: Any) -> None:
    for local, argument in zip(function.parameters, made.args, strict=True):
        if isinstance(local.type, Pointer) and isinstance(local.type.target, Struct):
            # The launch record: its fields may be loaded early, out of loops.
            argument.attributes.dereferenceable = local.type.target.size
            argument.attributes.align = local.type.target.alignment
    if context.target.is_cuda:
        made.calling_convention = "ptx_kernel"
        context.module.add_named_metadata("nvvm.annotations", [made, "maxntidx", integer(WORD, MOST_THREADS)])


# --- what the executor calls -----------------------------------------------------------------------------------------


def _entry_point(context: Context, name: str, *parameters: Any) -> tuple[Any, Any]:
    types = [*context.types.hidden(), *parameters]
    function = llvm.Function(context.module, llvm.FunctionType(ACTION, types), PREFIX + name)
    function.attributes.add("nounwind")
    function.attributes.add("alwaysinline")
    return function, llvm.IRBuilder(function.append_basic_block("entry"))


def _emit_start(context: Context, root: Any) -> None:
    """Run a root task from its first line. One that completes gives its frame back."""
    function, builder = _entry_point(context, "start", WORD, LONG)
    outcome = builder.call(root, function.args)
    state, frame = (builder.extract_value(outcome, index) for index in range(2))
    done = builder.zext(builder.icmp_signed("==", state, integer(WORD, abi.COMPLETED)), WORD)
    action = llvm.Constant(ACTION, None)
    for index, part in enumerate((state, frame, done)):
        action = builder.insert_value(action, part, index)
    builder.ret(action)


def _emit_switch(context: Context, name: str, functions: Mapping[int, Any], *given: Any) -> None:
    """Go to the function of a state, with the frame and what else is given."""
    function, builder = _entry_point(context, name, WORD, WORD, *given)
    count = len(context.types.hidden())
    hidden, state, rest = function.args[:count], function.args[count], function.args[count + 1 :]
    unknown = function.append_basic_block("unknown")
    switch = builder.switch(state, unknown)
    for index, target in functions.items():
        block = function.append_basic_block(f"state{index}")
        switch.add_case(integer(WORD, index), block)
        builder.position_at_end(block)
        builder.ret(builder.call(target, [*hidden, *rest]))
    builder.position_at_end(unknown)
    builder.unreachable()


def _emit_children(context: Context, children: Sequence[int]) -> None:
    """How many frames a state can begin; what is not given begins none."""
    function = llvm.Function(context.module, llvm.FunctionType(WORD, [WORD]), PREFIX + "children")
    function.attributes.add("alwaysinline")
    builder = llvm.IRBuilder(function.append_basic_block("entry"))
    found = integer(WORD, 0)
    for state, number in enumerate(children):
        if number:
            same = builder.icmp_unsigned("==", function.args[0], integer(WORD, state))
            found = builder.select(same, integer(WORD, number), found)
    builder.ret(found)


def _emit_constant(context: Context, name: str, value: int) -> None:
    function = llvm.Function(context.module, llvm.FunctionType(WORD, []), PREFIX + name)
    function.attributes.add("alwaysinline")
    llvm.IRBuilder(function.append_basic_block("entry")).ret(integer(WORD, value))
