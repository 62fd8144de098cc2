"""The table of intrinsics: `math.NAME`, `min`, `max`, `abs` and, for device Python, `device.NAME`, on each target.

Device Python is written for a warp of `device.warp_size()` lanes: 32 on CUDA, 1 on the CPU, where a ballot, a shuffle
or a reduction is the lane's own value. Warp operations take the whole warp; all lanes must be there. Atomics are
relaxed and at device scope: LLVM drops the ordering of a stronger `atomicrmw` on NVPTX, so device Python has fences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Pointer, Scalar, Type
from coro2cuda.frontend.tree import CompareOp
from coro2cuda.lowering import abi, ir, llvm_helpers
from coro2cuda.lowering import intrinsics_math as mathematics
from coro2cuda.lowering import llvm_scalars as scalars
from coro2cuda.lowering.llvm_context import Context, integer, store_atomic
from coro2cuda.lowering.llvm_types import ACTION, BOOL, LONG, SPACES, VOID, WORD, scalar

WHOLE_WARP = -1
CLAMP_IDX = 31  # shfl's clamp operand for a segment of 32 lanes
LARGEST_EXPONENT = 1 << 14  # beyond it `ldexp` gives zero or infinity for any f64
OPTION = "device.option."


@final
@dataclass(frozen=True, slots=True)
class Use:
    """One use of an intrinsic: where to emit, the operands in registers, and the types."""

    context: Context
    builder: Any
    op: ir.Intrinsic
    arguments: list[Any]

    @property
    def types(self) -> list[Type]:
        return [source.type for source in self.op.arguments]

    @property
    def cuda(self) -> bool:
        return self.context.target.is_cuda

    def scalar(self, index: int = 0) -> Scalar:
        """The type of an operand that must be a scalar."""
        type = self.types[index]
        assert isinstance(type, Scalar), f"{self.op.name} on {type}"
        return type

    def call(self, name: str, result: Any, arguments: list[Any], *attributes: str) -> Any:
        function = self.context.declare(name, result, [argument.type for argument in arguments], *attributes)
        return self.builder.call(function, arguments)

    def integer(self, value: Any, signed: bool = False) -> Any:
        """An integer resized to the type of the result."""
        assert self.op.dest is not None and isinstance(self.op.dest.type, Scalar)
        return scalars.resize(self.builder, value, scalar(self.op.dest.type), signed)

    def word(self, index: int) -> Any:
        """An integer operand as 32 bits."""
        return scalars.resize(self.builder, self.arguments[index], WORD, self.scalar(index).kind == "int")


Lowering = Callable[[Use], Any]


def lower(context: Context, builder: Any, op: ir.Intrinsic, arguments: list[Any]) -> Any:
    """Emit an intrinsic; its value in a register (None if it has none)."""
    use = Use(context, builder, op, arguments)
    if op.name.startswith(OPTION):
        return _program_constant(use)
    return TABLE[op.name](use)


def exists(name: str) -> bool:
    """Whether there is an intrinsic of this name."""
    return name in TABLE or name.startswith(OPTION)


# --- mathematics -----------------------------------------------------------------------------------------------------


def _math(use: Use) -> Any:
    """All operands have the type of the first."""
    name = use.op.name.removeprefix("math.")
    if name == "log" and len(use.arguments) == 2:
        value, base = (use.builder.call(mathematics.math_function(use.context, "log", use.scalar()), [argument])
                       for argument in use.arguments)  # fmt: skip
        return use.builder.fdiv(value, base)
    return use.builder.call(mathematics.math_function(use.context, name, use.scalar()), use.arguments)


def _math_scale(use: Use) -> Any:
    factor = scalars.float_constant(use.scalar(), mathematics.SCALES[use.op.name.removeprefix("math.")])
    return use.builder.fmul(use.arguments[0], factor)


def _math_test(use: Use) -> Any:
    name = use.op.name.removeprefix("math.")
    return mathematics.test(use.context, use.builder, name, use.scalar(), use.arguments[0])


def _math_ldexp(use: Use) -> Any:
    builder, exponent = use.builder, use.arguments[1]
    if use.scalar(1).bits > 32:
        low, high = integer(exponent.type, -LARGEST_EXPONENT), integer(exponent.type, LARGEST_EXPONENT)
        exponent = builder.select(builder.icmp_signed("<", exponent, low), low, exponent)
        exponent = builder.select(builder.icmp_signed(">", exponent, high), high, exponent)
    exponent = scalars.resize(builder, exponent, WORD, use.scalar(1).kind == "int")
    return mathematics.scale_exponent(use.context, builder, use.scalar(), use.arguments[0], exponent)


def _absolute(use: Use) -> Any:
    value, type = use.arguments[0], use.scalar()
    if type.is_float:
        return use.builder.call(mathematics.math_function(use.context, "fabs", type), [value])
    if type.kind == "uint":
        return value
    negative = use.builder.icmp_signed("<", value, integer(value.type, 0))
    return use.builder.select(negative, use.builder.neg(value), value)


def _bit_cast(use: Use) -> Any:
    assert use.op.dest is not None and isinstance(use.op.dest.type, Scalar)
    return use.builder.bitcast(use.arguments[0], scalar(use.op.dest.type))


def _extreme(use: Use) -> Any:
    """`min`, `max`: Python keeps the first unless the second is less (greater)."""
    first, second = use.arguments
    order: CompareOp = "lt" if use.op.name == "min" else "gt"
    better = scalars.compare(use.builder, order, use.scalar(), use.scalar(), second, first)
    return use.builder.select(better, second, first)


# --- the warp --------------------------------------------------------------------------------------------------------


def _special_register(use: Use, name: str) -> Any:
    return use.call(f"llvm.nvvm.read.ptx.sreg.{name}", WORD, [])


def _lane_id(use: Use) -> Any:
    return use.integer(_special_register(use, "laneid") if use.cuda else integer(WORD, 0))


def _warp_size(use: Use) -> Any:
    return use.integer(integer(WORD, 32 if use.cuda else 1))


def _warp_id(use: Use) -> Any:
    """On the CPU the executor is told its number instead."""
    assert use.cuda, "device.warp_id is a parameter on the CPU"
    builder, five = use.builder, integer(WORD, 5)
    warps = builder.lshr(_special_register(use, "ntid.x"), five)
    base = builder.mul(_special_register(use, "ctaid.x"), warps)
    return use.integer(builder.add(base, builder.lshr(_special_register(use, "tid.x"), five)))


def _warp_hint(use: Use) -> Any:
    return _warp_id(use) if use.cuda else use.integer(integer(WORD, 0))


def _warp_in_block(use: Use) -> Any:
    if not use.cuda:
        return use.integer(integer(WORD, 0))
    return use.integer(use.builder.lshr(_special_register(use, "tid.x"), integer(WORD, 5)))


def _ballot(use: Use) -> Any:
    if not use.cuda:
        return use.integer(use.arguments[0])
    return use.integer(use.call("llvm.nvvm.vote.ballot.sync", WORD, [integer(WORD, WHOLE_WARP), use.arguments[0]]))


def _match_any(use: Use) -> Any:
    if not use.cuda:
        return use.integer(integer(WORD, 1))
    return use.integer(use.call("llvm.nvvm.match.any.sync.i32", WORD, [use.word(0), use.word(1)]))


def _shuffle(use: Use) -> Any:
    value, type = use.arguments[0], use.scalar()
    if not use.cuda:
        return value
    builder, lane = use.builder, use.word(1)
    bits = builder.bitcast(value, llvm.IntType(type.bits)) if type.is_float else value
    if bits.type.width == 64:
        high = _shuffle_word(use, builder.trunc(builder.lshr(bits, integer(LONG, 32)), WORD), lane)
        low = _shuffle_word(use, builder.trunc(bits, WORD), lane)
        result = builder.or_(builder.shl(builder.zext(high, LONG), integer(LONG, 32)), builder.zext(low, LONG))
    else:
        word = _shuffle_word(use, scalars.resize(builder, bits, WORD, signed=False), lane)
        result = scalars.resize(builder, word, bits.type, signed=False)
    return builder.bitcast(result, value.type) if type.is_float else result


def _shuffle_word(use: Use, word: Any, lane: Any) -> Any:
    return use.call("llvm.nvvm.shfl.sync.idx.i32", WORD,
                    [integer(WORD, WHOLE_WARP), word, lane, integer(WORD, CLAMP_IDX)])  # fmt: skip


def _reduce(operation: str) -> Lowering:
    def lower(use: Use) -> Any:
        if not use.cuda:
            return use.arguments[0]
        operands = [use.word(0), integer(WORD, WHOLE_WARP)]
        return use.integer(use.call(f"llvm.nvvm.redux.sync.{operation}", WORD, operands))

    return lower


def _warp_sync(use: Use) -> Any:
    return use.call("llvm.nvvm.bar.warp.sync", VOID, [integer(WORD, WHOLE_WARP)]) if use.cuda else None


def _nanosleep(use: Use) -> Any:
    if use.cuda:
        return use.builder.asm(llvm.FunctionType(VOID, [WORD]), "nanosleep.u32 $0;", "r", [use.word(0)], True)
    if "x86_64" in use.context.target.triple:
        return use.call("llvm.x86.sse2.pause", VOID, [])
    return use.call("llvm.aarch64.hint", VOID, [integer(WORD, 1)])


def _doze(use: Use) -> Any:
    """On the CPU a sleep of the operating system's."""
    if use.cuda:
        return _nanosleep(use)
    return use.call("usleep", WORD, [use.builder.udiv(use.word(0), integer(WORD, 1000))], "nounwind")


def _nanoseconds(use: Use) -> Any:
    """Nanoseconds since some time in the past."""
    if use.cuda:
        return use.call("llvm.nvvm.read.ptx.sreg.globaltimer", LONG, [])
    return use.builder.call(llvm_helpers.clock(use.context), [])


def _clock(use: Use) -> Any:
    """Ticks of a counter that only serves to compare durations."""
    if use.cuda:
        return use.call("llvm.nvvm.read.ptx.sreg.clock64", LONG, [])
    if "x86_64" in use.context.target.triple:
        return use.call("llvm.x86.rdtsc", LONG, [])
    return use.builder.asm(llvm.FunctionType(LONG, []), "mrs $0, cntvct_el0", "=r", [], True)


# --- bits ------------------------------------------------------------------------------------------------------------


def _count(intrinsic: str, *extra: Any) -> Lowering:
    def lower(use: Use) -> Any:
        value = use.arguments[0]
        return use.integer(use.call(f"llvm.{intrinsic}.{value.type}", value.type, [value, *extra]))

    return lower


# --- memory ----------------------------------------------------------------------------------------------------------


def _fence(ordering: str) -> Lowering:
    def lower(use: Use) -> Any:
        return use.builder.fence(ordering, "device" if use.cuda else None)

    return lower


def _load_atomic(ordering: str) -> Lowering:
    def lower(use: Use) -> Any:
        assert use.op.dest is not None
        type = use.context.types.value(use.op.dest.type)
        size = 8 if isinstance(use.op.dest.type, Pointer) else use.op.dest.type.size  # type: ignore[union-attr]
        return use.builder.load_atomic(use.arguments[0], use.context.scope + ordering, size, typ=type)

    return lower


def _store_atomic(ordering: str) -> Lowering:
    def lower(use: Use) -> Any:
        pointer, value = use.arguments
        store_atomic(use.builder, value, pointer, use.context.scope + ordering, use.scalar(1).size)

    return lower


def _fetch(operation: str) -> Lowering:
    def lower(use: Use) -> Any:
        pointer, value = use.arguments
        if use.cuda and use.op.dest is None and pointer.type.addrspace == SPACES["global"]:
            assert operation in ("add", "sub"), f"the old value of a fetch_{operation} is read"
            added = value if operation == "add" else use.builder.neg(value)
            return llvm_helpers.reduction(use.builder, f"add.u{value.type.width}", pointer, added)
        unsigned = "u" if operation == "max" and use.scalar(1).kind == "uint" else ""
        return use.builder.atomic_rmw(unsigned + operation, pointer, value, use.context.scope + "monotonic")

    return lower


def _fetch_sub_ordered(use: Use) -> Any:
    """Release and acquire."""
    pointer, value = use.arguments
    if not use.cuda:
        return use.builder.atomic_rmw("sub", pointer, value, "acq_rel")
    return _ordered_atomic(use, "acq_rel", "add.u", pointer, use.builder.neg(value))


def _fetch_or_acquire(use: Use) -> Any:
    if not use.cuda:
        return use.builder.atomic_rmw("or", *use.arguments, "acquire")
    return _ordered_atomic(use, "acquire", "or.b", *use.arguments)


def _ordered_atomic(use: Use, order: str, operation: str, pointer: Any, value: Any) -> Any:
    """In PTX, for LLVM's code generator for CUDA would drop the order without a word."""
    space = ".global" if pointer.type.addrspace == SPACES["global"] else ""
    signature = llvm.FunctionType(value.type, [LONG, value.type])
    instruction = f"atom.{order}.gpu{space}.{operation}{value.type.width} $0, [$1], $2;"
    register = "r" if value.type == WORD else "l"
    operands = [use.builder.ptrtoint(pointer, LONG), value]
    return use.builder.asm(signature, instruction, f"={register},l,{register},~{{memory}}", operands, True)


def _compare_and_swap(ordering: str) -> Lowering:
    """`compare_and_swap(pointer, expected, value)`: the old value."""

    def lower(use: Use) -> Any:
        pair = use.builder.cmpxchg(*use.arguments, use.context.scope + ordering, "acquire")
        return use.builder.extract_value(pair, 0)

    return lower


def _shared_memory(use: Use) -> Any:
    assert use.cuda, "device.shared_memory is a parameter on the CPU"
    module = use.context.module
    memory = module.globals.get("c2c_shared")
    if memory is None:
        memory = llvm.GlobalVariable(module, llvm.ArrayType(WORD, 0), "c2c_shared", addrspace=3)
        memory.linkage, memory.align = "external", 16
    assert use.op.dest is not None
    wanted = use.context.types.memory(use.op.dest.type)
    shared = use.builder.gep(memory, [integer(WORD, 0)], source_etype=WORD)
    return shared if wanted.addrspace == 3 else use.builder.addrspacecast(shared, wanted)


# --- the program, as the executor sees it ----------------------------------------------------------------------------


def _program_call(*parameters: Any) -> Lowering:
    """`device.start`, `device.resume`, `device.unwind`: the launch, the warp, then integers of the widths given.

    The frame pool and the argument block are loaded here, in the executor, which LLVM has optimised before it sees a
    program: the loads have left its loop by then."""

    def lower(use: Use) -> Any:
        types = use.context.types
        wanted = (types.pointer("global"), types.pointer("generic"), *parameters)
        launch, warp, *given = [_pass(use, index, type) for index, type in enumerate(wanted)]
        fields = (abi.LAUNCH_FRAMES, abi.LAUNCH_UNIFORMS)
        loaded = [llvm_helpers.load_launch_field(use.context, use.builder, launch, field) for field in fields]
        arguments = [launch, warp, *loaded, *given]
        return use.call("c2c_" + use.op.name.removeprefix("device."), ACTION, arguments, "nounwind")

    return lower


def _pass(use: Use, index: int, type: Any) -> Any:
    value = use.arguments[index]
    if isinstance(type, llvm.PointerType):
        return value if value.type == type else use.builder.addrspacecast(value, type)
    return scalars.resize(use.builder, value, type, use.scalar(index).kind == "int")


def _program_constant(use: Use) -> Any:
    name = "c2c_" + use.op.name.removeprefix("device.").replace(".", "_")
    return use.integer(use.call(name, WORD, [], "nounwind", "readnone"))


def _program_table(use: Use) -> Any:
    """`device.children`: a constant of the program for a state."""
    name = "c2c_" + use.op.name.removeprefix("device.")
    return use.integer(use.call(name, WORD, [use.word(0)], "nounwind", "readnone"))


DEVICE: dict[str, Lowering] = {
    "lane_id": _lane_id,
    "warp_size": _warp_size,
    "warp_id": _warp_id,
    "warp_hint": _warp_hint,
    "warp_in_block": _warp_in_block,
    "ballot": _ballot,
    "match_any": _match_any,
    "shuffle": _shuffle,
    "reduce_max": _reduce("umax"),
    "reduce_min": _reduce("umin"),
    "reduce_add": _reduce("add"),
    "warp_sync": _warp_sync,
    "nanosleep": _nanosleep,
    "doze": _doze,
    "clock": _clock,
    "nanoseconds": _nanoseconds,
    "popcount": _count("ctpop"),
    "find_first": _count("cttz", llvm.Constant(BOOL, False)),
    "count_leading_zeros": _count("ctlz", llvm.Constant(BOOL, False)),
    "fence": _fence("acq_rel"),
    "fence_sc": _fence("seq_cst"),
    "load_relaxed": _load_atomic("monotonic"),
    "load_acquire": _load_atomic("acquire"),
    "store_relaxed": _store_atomic("monotonic"),
    "store_release": _store_atomic("release"),
    "fetch_add": _fetch("add"),
    "fetch_sub": _fetch("sub"),
    "fetch_sub_ordered": _fetch_sub_ordered,
    "fetch_max": _fetch("max"),
    "fetch_or": _fetch("or"),
    "fetch_or_acquire": _fetch_or_acquire,
    "exchange": _fetch("xchg"),
    "compare_and_swap": _compare_and_swap("acq_rel"),
    "compare_and_swap_acquire": _compare_and_swap("acquire"),
    "shared_memory": _shared_memory,
    "start": _program_call(WORD, LONG),
    "resume": _program_call(WORD, WORD),
    "unwind": _program_call(WORD, WORD, WORD),
    "states": _program_constant,
    "frame_size": _program_constant,
    "children": _program_table,
}

TABLE: dict[str, Lowering] = {
    **{f"math.{name}": _math for name in mathematics.FUNCTIONS},
    **{f"math.{name}": _math_scale for name in mathematics.SCALES},
    **{f"math.{name}": _math_test for name in mathematics.TESTS},
    "math.ldexp": _math_ldexp,
    "abs": _absolute,
    "bit_cast": _bit_cast,
    "min": _extreme,
    "max": _extreme,
    **{f"device.{name}": lowering for name, lowering in DEVICE.items()},
}
