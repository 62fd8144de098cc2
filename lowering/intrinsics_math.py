"""`math.*` for f32 and f64: a table from Python's name to the C library's, libdevice's or LLVM's own function.

On the CPU the C library is called, on CUDA NVIDIA's libdevice, which `target` links in. What LLVM lowers to
instructions everywhere (`sqrt`, `floor`, ...) is an intrinsic on both, so that a program without others needs no
libdevice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Scalar
from coro2cuda.lowering.libdevice import LIBDEVICE_PREFIX
from coro2cuda.lowering.llvm_context import Context
from coro2cuda.lowering.llvm_types import scalar


@final
@dataclass(frozen=True, slots=True)
class MathFunction:
    """`name` in C and libdevice (with f appended for f32), or, if `native`, as LLVM intrinsic."""

    name: str
    operands: int = 1
    native: bool = False


FUNCTIONS: dict[str, MathFunction] = {
    **{
        name: MathFunction(name)
        for name in (
            "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp", "exp2",
            "expm1", "lgamma", "log", "log10", "log1p", "log2", "sin", "sinh", "tan", "tanh",
        )
    },
    **{name: MathFunction(name, 2) for name in ("atan2", "fmod", "hypot", "nextafter", "pow", "remainder")},
    **{name: MathFunction(name, native=True) for name in ("sqrt", "fabs", "floor", "ceil", "trunc")},
    "copysign": MathFunction("copysign", 2, native=True),
    "fma": MathFunction("fma", 3, native=True),
    "rint": MathFunction("rint", native=True),
    "gamma": MathFunction("tgamma"),
}  # fmt: skip

SCALES = {"degrees": 180.0 / math.pi, "radians": math.pi / 180.0}
TESTS = ("isnan", "isinf", "isfinite")


def math_function(context: Context, name: str, type: Scalar) -> Any:
    """The function for `math.name` on operands and a result of `type`, declared in the module."""
    function, kind = FUNCTIONS[name], scalar(type)
    return context.declare(_symbol(context, function, type), kind, [kind] * function.operands, *_attributes(function))


def _symbol(context: Context, function: MathFunction, type: Scalar) -> str:
    if function.native:
        return f"llvm.{function.name}.{type.name}"
    suffix = "f" if type.bits == 32 else ""
    return (LIBDEVICE_PREFIX if context.target.is_cuda else "") + function.name + suffix


def _attributes(function: MathFunction) -> tuple[str, ...]:
    # Python's math has no errno and raises by itself, so equal calls may be merged and unused ones dropped.
    return () if function.native else ("nounwind", "readnone")


def scale_exponent(context: Context, builder: Any, type: Scalar, value: Any, exponent: Any) -> Any:
    """`math.ldexp`, with an exponent of 32 bits."""
    kind = scalar(type)
    suffix = "f" if type.bits == 32 else ""
    name = f"{LIBDEVICE_PREFIX}ldexp{suffix}" if context.target.is_cuda else f"ldexp{suffix}"
    function = context.declare(name, kind, [kind, exponent.type], "nounwind", "readnone")
    return builder.call(function, [value, exponent])


def test(context: Context, builder: Any, name: str, type: Scalar, value: Any) -> Any:
    """`isnan`, `isinf`, `isfinite` as i1."""
    if name == "isnan":
        return builder.fcmp_unordered("uno", value, value)
    magnitude = builder.call(math_function(context, "fabs", type), [value])
    infinity = llvm.Constant(value.type, math.inf)
    return builder.fcmp_ordered("==" if name == "isinf" else "!=", magnitude, infinity)
