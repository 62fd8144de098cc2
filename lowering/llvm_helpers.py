"""Functions that generated code calls, emitted into the module on first use: print, and long arithmetic.

Their names have dots, which no name made from the user's has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Scalar, Type
from coro2cuda.lowering import abi
from coro2cuda.lowering.intrinsics_math import math_function
from coro2cuda.lowering.llvm_context import Context, address, integer
from coro2cuda.lowering.llvm_types import BOOL, BYTE, LONG, VOID, WORD, leaves, scalar


def _entry(function: Any) -> Any:
    return llvm.IRBuilder(function.append_basic_block("entry"))


def load_launch_field(context: Context, builder: Any, launch: Any, offset: int) -> Any:
    """A pointer out of the launch record, which nobody writes while a kernel runs."""
    type = context.types.pointer("global")
    load = builder.load(address(builder, launch, offset), align=8, typ=type)
    load.set_metadata("invariant.load", context.invariant)
    return load


def reduction(builder: Any, operation: str, pointer: Any, value: Any) -> Any:
    """An atomic on global memory whose old value nobody reads, in PTX: `add.u64`. What LLVM makes of it ptxas turns
    into one that is waited for, if the function is large."""
    register = {32: "r", 64: "l"}[value.type.width] if isinstance(value.type, llvm.IntType) else str(value.type)[0]
    signature = llvm.FunctionType(VOID, [LONG, value.type])
    operands = [builder.ptrtoint(pointer, LONG), value]
    instruction = f"red.relaxed.gpu.global.{operation} [$0], $1;"
    return builder.asm(signature, instruction, f"l,{register},~{{memory}}", operands, True)


# --- print -----------------------------------------------------------------------------------------------------------


def printer(context: Context, site: int, types: tuple[Type, ...]) -> Any:
    """`c2c.print.SITE(launch, values...)`: append a record, or only count its bytes where the buffer is full."""
    name = f"c2c.print.{site}"
    parts = [context.types.memory(leaf.type) for type in types for leaf in leaves(type)]

    def build(context: Context, function: Any) -> None:
        _build_print(context, function, site, types)

    return context.helper(name, VOID, [context.types.pointer("global"), *parts], build, "noinline")


def _build_print(context: Context, function: Any, site: int, types: tuple[Type, ...]) -> None:
    launch, *values = function.args
    size = abi.PRINT_HEADER + abi.PRINT_VALUE * len(values)
    builder = _entry(function)
    head = address(builder, load_launch_field(context, builder, launch, abi.LAUNCH_CONTROL), abi.CONTROL_PRINT_HEAD)
    start = builder.atomic_rmw("add", head, integer(LONG, size), "monotonic")
    end = builder.add(start, integer(LONG, size))
    capacity = builder.load(address(builder, launch, abi.LAUNCH_PRINT_CAPACITY), align=8, typ=LONG)
    with builder.if_then(builder.icmp_unsigned("<=", end, capacity)):
        buffer = load_launch_field(context, builder, launch, abi.LAUNCH_PRINTS)
        record = builder.gep(buffer, [start], inbounds=True, source_etype=BYTE)
        builder.store(integer(WORD, site), record, align=8)
        builder.store(integer(WORD, size), address(builder, record, 4), align=4)
        scalars = [leaf.type for type in types for leaf in leaves(type)]
        for index, (type, value) in enumerate(zip(scalars, values, strict=True)):
            place = address(builder, record, abi.PRINT_HEADER + abi.PRINT_VALUE * index)
            builder.store(widened(builder, type, value), place, align=8)
    builder.ret_void()


def widened(builder: Any, type: Type, value: Any) -> Any:
    """A scalar in 64 bits, as records hold it."""
    assert isinstance(type, Scalar), f"{type} is not a scalar"
    if type.is_float:
        return builder.fpext(value, llvm.DoubleType()) if type.bits == 32 else value
    if type.bits == 64:
        return value
    return builder.sext(value, LONG) if type.kind == "int" else builder.zext(value, LONG)


# --- arithmetic ------------------------------------------------------------------------------------------------------


def integer_power(context: Context, type: Any) -> Any:
    """`c2c.pow.iN(base, exponent)` by squaring; the exponent, read as unsigned, is not negative."""
    return context.helper(f"c2c.pow.{type}", type, [type, type], _build_power, "readnone")


def _build_power(context: Context, function: Any) -> None:
    type = function.ftype.return_type
    zero, one = integer(type, 0), integer(type, 1)
    entry, loop, done = (function.append_basic_block(name) for name in ("entry", "loop", "done"))
    builder = llvm.IRBuilder(entry)
    builder.branch(loop)
    builder.position_at_end(loop)
    result, base, left = (builder.phi(type) for _ in range(3))
    odd = builder.trunc(left, BOOL)
    product = builder.select(odd, builder.mul(result, base), result)
    square, rest = builder.mul(base, base), builder.lshr(left, one)
    for phi, start, following in (
        (result, one, product), (base, function.args[0], square), (left, function.args[1], rest)
    ):  # fmt: skip
        phi.add_incoming(start, entry)
        phi.add_incoming(following, loop)
    builder.cbranch(builder.icmp_unsigned("==", rest, zero), done, loop)
    builder.position_at_end(done)
    builder.ret(product)


def float_division(context: Context, op: str, type: Scalar) -> Any:
    """`c2c.floordiv.fN(x, y)`, `c2c.mod.fN(x, y)`: CPython's `float_floor_div` and `float_rem`; y is not zero."""
    build = _build_float_floordiv if op == "floordiv" else _build_float_mod
    kind = scalar(type)
    return context.helper(f"c2c.{op}.{type.name}", kind, [kind, kind], build)


def _type_of(function: Any) -> Scalar:
    from coro2cuda.frontend.dtypes import f32, f64

    return f64 if isinstance(function.ftype.return_type, llvm.DoubleType) else f32


def _raw_remainder(context: Context, builder: Any, function: Any) -> tuple[Any, Any, Any]:
    """`fmod(x, y)`; whether it is not zero and its sign is not y's, so that it must be moved by y; zero."""
    x, y = function.args
    zero = llvm.Constant(x.type, 0.0)
    remainder = builder.call(math_function(context, "fmod", _type_of(function)), [x, y])
    nonzero = builder.fcmp_unordered("!=", remainder, zero)
    signs = builder.xor(builder.fcmp_ordered("<", y, zero), builder.fcmp_ordered("<", remainder, zero))
    return remainder, builder.and_(nonzero, signs), zero


def _build_float_mod(context: Context, function: Any) -> None:
    y = function.args[1]
    builder = _entry(function)
    remainder, moved, zero = _raw_remainder(context, builder, function)
    signed_zero = builder.call(math_function(context, "copysign", _type_of(function)), [zero, y])
    kept = builder.select(builder.fcmp_ordered("==", remainder, zero), signed_zero, remainder)
    builder.ret(builder.select(moved, builder.fadd(remainder, y), kept))


def _build_float_floordiv(context: Context, function: Any) -> None:
    x, y = function.args
    type = _type_of(function)
    one = llvm.Constant(x.type, 1.0)
    builder = _entry(function)
    remainder, moved, zero = _raw_remainder(context, builder, function)
    quotient = builder.fdiv(builder.fsub(x, remainder), y)
    quotient = builder.select(moved, builder.fsub(quotient, one), quotient)
    # The quotient is a whole number but for rounding: snap it to the nearest.
    floor = builder.call(math_function(context, "floor", type), [quotient])
    above = builder.fcmp_ordered(">", builder.fsub(quotient, floor), llvm.Constant(x.type, 0.5))
    snapped = builder.select(above, builder.fadd(floor, one), floor)
    signed_zero = builder.call(math_function(context, "copysign", type), [zero, builder.fdiv(x, y)])
    builder.ret(builder.select(builder.fcmp_ordered("==", quotient, zero), signed_zero, snapped))


# --- atomics that no instruction does --------------------------------------------------------------------------------


def atomic_loop(context: Context, op: str, type: Scalar, pointer: Any, replace: Callable[[Any, Any], Any]) -> Any:
    """`c2c.atomic.OP.TYPE(address, value[, expected]) -> old`: a loop of compare-and-swap on the bits of a float.

    `replace(builder, arguments)` with arguments (old, value[, expected]) gives whether to store."""
    name = f"c2c.atomic.{op}.{type.name}.p{pointer.addrspace}"
    kind = scalar(type)
    extra = [kind] if op == "cas" else []

    def build(context: Context, function: Any) -> None:
        _build_atomic_loop(context, function, replace)

    return context.helper(name, kind, [pointer, kind, *extra], build)


def _build_atomic_loop(context: Context, function: Any, replace: Callable[[Any, Any], Any]) -> None:
    pointer, value, *_ = function.args
    bits = llvm.IntType(64 if isinstance(value.type, llvm.DoubleType) else 32)
    entry, loop, swap, done = (function.append_basic_block(name) for name in ("entry", "loop", "swap", "done"))
    builder = llvm.IRBuilder(entry)
    first = builder.load_atomic(pointer, context.scope + "monotonic", bits.width // 8, typ=bits)
    builder.branch(loop)
    builder.position_at_end(loop)
    seen = builder.phi(bits)
    old = builder.bitcast(seen, value.type)
    builder.cbranch(replace(builder, [old, *function.args[1:]]), swap, done)
    builder.position_at_end(swap)
    ordering = context.scope + "monotonic"
    pair = builder.cmpxchg(pointer, seen, builder.bitcast(value, bits), ordering, "monotonic")
    seen.add_incoming(first, entry)
    seen.add_incoming(builder.extract_value(pair, 0), swap)
    builder.cbranch(builder.extract_value(pair, 1), done, loop)
    builder.position_at_end(done)
    builder.ret(old)


# --- time ------------------------------------------------------------------------------------------------------------

CLOCK_MONOTONIC = {"linux": 1, "darwin": 6}


def clock(context: Context) -> Any:
    """`c2c.clock()`: nanoseconds of the machine's monotonic clock, which Python's `time.monotonic_ns` reads too."""
    return context.helper("c2c.clock", LONG, [], _build_clock)


def _build_clock(context: Context, function: Any) -> None:
    builder = _entry(function)
    timespec = builder.alloca(llvm.LiteralStructType([LONG, LONG]))
    timespec.type = context.types.pointer("generic")
    system = "darwin" if "darwin" in context.target.triple or "apple" in context.target.triple else "linux"
    read = context.declare("clock_gettime", WORD, [WORD, timespec.type], "nounwind")
    builder.call(read, [integer(WORD, CLOCK_MONOTONIC[system]), timespec])
    seconds, rest = (builder.load(address(builder, timespec, 8 * index), typ=LONG) for index in range(2))
    builder.ret(builder.add(builder.mul(seconds, integer(LONG, 1_000_000_000)), rest))


def program_clock(context: Context) -> Any:
    """`c2c.now(launch)`: the clock as a program on the CPU sees it, which may be virtual (`runtime.timers`)."""
    return context.helper("c2c.now", LONG, [context.types.pointer("global")], _build_program_clock)


def _build_program_clock(context: Context, function: Any) -> None:
    builder = _entry(function)
    real, virtual = (function.append_basic_block(name) for name in ("real", "virtual"))
    control = load_launch_field(context, builder, function.args[0], abi.LAUNCH_CONTROL)
    flag = builder.load(address(builder, control, abi.CONTROL_IS_VIRTUAL), typ=WORD)
    builder.cbranch(builder.icmp_unsigned("!=", flag, integer(WORD, 0)), virtual, real)
    builder.position_at_end(real)
    builder.ret(builder.call(clock(context), []))
    builder.position_at_end(virtual)
    builder.ret(builder.load(address(builder, control, abi.CONTROL_CLOCK), typ=LONG))
