"""Types that Python does not have: integers that wrap, single precision, narrow array elements."""

from __future__ import annotations

from typing import Any

import numpy

from coro2cuda.frontend import dtypes, infer
from coro2cuda.frontend.dtypes import f32, i8, i32, i64, u8, u64
from coro2cuda.lowering import build, interpret, verify


def result_of(function: Any, *arguments: Any) -> Any:
    declared = [spec.type for spec in infer.signature(function)]
    types = [known or dtypes.of_value(argument) for known, argument in zip(declared, arguments, strict=True)]
    module = build.build(infer.infer_module(function, types))
    verify.verify_module(module)
    return interpret.run(module, module.root, arguments)


def gives(function: Any, arguments: tuple[Any, ...], expected: Any) -> None:
    assert result_of(function, *arguments) == expected


def test_sized_integers_wrap():
    async def f(a: i8, b: u8, c: i32) -> tuple[i8, u8, i32, u64]:
        return a + a, b - u8(5), c * c, u64(a)

    gives(f, (100, 3, 100000), (-56, 254, 1410065408, 100))
    gives(f, (-128, 5, 46341), (0, 0, -2147479015, 2**64 - 128))


def test_the_least_integer_divided_by_minus_one_wraps():
    async def f(a: i32, b: i32) -> tuple[i32, i32, i32]:
        return a // b, a % b, abs(a)

    gives(f, (-(2**31), -1), (-(2**31), 0, -(2**31)))


def test_single_precision_rounds_at_every_step():
    async def f(a: f32, b: f32) -> f32:
        return (a + b) * 0.1 - a / b

    a, b = numpy.float32(1.1), numpy.float32(3.3)
    gives(f, (a, b), float((a + b) * numpy.float32(0.1) - a / b))


def test_a_narrow_array_wraps_what_is_stored():
    async def f(a, n: i64) -> i64:
        a[0] = n
        a[1] += n
        return a[0] + a[1]

    data = numpy.array([0, 250], numpy.uint8)
    assert result_of(f, data, 300) == 44 + ((250 + 300) & 255)
    assert data.tolist() == [44, 38]
