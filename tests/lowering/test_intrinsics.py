"""Intrinsics on the CPU against Python, and on CUDA as text that ptxas takes."""

import ctypes
import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coro2cuda.frontend.dtypes import (
    SCALARS,
    Field,
    NoneValue,
    Pointer,
    Scalar,
    Struct,
    Tuple,
    Type,
    boolean,
    f32,
    f64,
    i32,
    i64,
    none,
    u32,
    u64,
)  # fmt: skip
from coro2cuda.lowering import intrinsics, intrinsics_math, ir, llvm, scalars, target, toolkit

Compile = Callable[[list[ir.Function]], Mapping[str, Any]]
Make = Callable[..., ir.Function]

UNARY = sorted(name for name, function in intrinsics_math.FUNCTIONS.items() if function.operands == 1)
BINARY = sorted(name for name, function in intrinsics_math.FUNCTIONS.items() if function.operands == 2)
BEYOND_MATH = {"rint"}  # what the compiler uses itself
ROUNDING = {"floor", "ceil", "trunc"}  # integers in Python


def use(make: Make, name: str, intrinsic: str, types: tuple[Type, ...], result: Type) -> ir.Function:
    """A function that is one intrinsic."""
    given = tuple(ir.Local(index, f"p{index}", type) for index, type in enumerate(types))
    value = None if isinstance(result, NoneValue) else ir.Local(9, "r", result)
    body = ir.Block("", [ir.Intrinsic(value, intrinsic, given, pure=False)], ir.Return(value))
    return make(name, given, result, [body])


@pytest.fixture(scope="module")
def mathematics(native: Compile, make_plain: Make) -> Mapping[str, Any]:
    made = []
    for type in (f32, f64):
        for name, function in intrinsics_math.FUNCTIONS.items():
            made.append(use(make_plain, f"{name}_{type}", f"math.{name}", (type,) * function.operands, type))
        made += [use(make_plain, f"{name}_{type}", f"math.{name}", (type,), boolean) for name in intrinsics_math.TESTS]
        made += [use(make_plain, f"{name}_{type}", f"math.{name}", (type,), type) for name in intrinsics_math.SCALES]
        made.append(use(make_plain, f"log2args_{type}", "math.log", (type, type), type))
        made.append(use(make_plain, f"ldexp_{type}", "math.ldexp", (type, i64), type))
    return native(made)


def close(type: Scalar, found: float, expected: float) -> bool:
    expected = scalars.rounded(type, expected)
    if math.isnan(expected) or math.isinf(expected) or expected == 0:
        return found == expected or (math.isnan(found) and math.isnan(expected))
    return math.isclose(found, expected, rel_tol=2e-6 if type == f32 else 1e-13)


POINTS = [0.1, 0.5, 0.75, 0.999, 1.0, 1.5, 2.0, 3.25, 7.0, 20.5]


@pytest.mark.parametrize("type", (f32, f64), ids=str)
@pytest.mark.parametrize("name", sorted({*UNARY} - BEYOND_MATH) + sorted(intrinsics_math.SCALES))
def test_functions_of_one_float(name: str, type: Scalar, mathematics: Mapping[str, Any]) -> None:
    tried = 0
    for point in [*POINTS, *(-point for point in POINTS), 0.0]:
        point = scalars.rounded(type, point)
        try:
            expected = getattr(math, name)(point)
        except ValueError:  # outside the domain: the builder tests for it
            continue
        tried += 1
        found = mathematics[f"{name}_{type}"](point)
        assert close(type, found, expected), (point, found, expected)
    assert tried >= 4


@pytest.mark.parametrize("type", (f32, f64), ids=str)
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_floats(name: str, type: Scalar, mathematics: Mapping[str, Any]) -> None:
    for left in (0.5, 2.0, 7.25, -3.5):
        for right in (0.75, 2.0, -1.5, 3.0):
            try:
                expected = getattr(math, name)(left, right)
            except ValueError:
                continue
            if name == "nextafter" and type == f32:
                continue
            assert close(type, mathematics[f"{name}_{type}"](left, right), expected), (left, right)


def test_the_next_f32(mathematics: Mapping[str, Any]) -> None:
    assert mathematics["nextafter_f32"](1.0, 2.0) == 1.0 + 2.0**-23


@pytest.mark.parametrize("type", (f32, f64), ids=str)
def test_the_rest_of_math(type: Scalar, mathematics: Mapping[str, Any]) -> None:
    assert close(type, mathematics[f"log2args_{type}"](81.0, 3.0), 4.0)
    assert mathematics[f"fma_{type}"](2.0, 3.0, 4.0) == 10.0
    assert mathematics[f"ldexp_{type}"](0.75, 5) == 24.0
    assert mathematics[f"ldexp_{type}"](0.75, 2**40) == math.inf
    assert mathematics[f"ldexp_{type}"](0.75, -(2**40)) == 0.0
    assert [mathematics[f"rint_{type}"](value) for value in (0.5, 1.5, -2.5)] == [0.0, 2.0, -2.0]
    for value in (0.0, 1.5, math.inf, -math.inf, math.nan):
        for name in intrinsics_math.TESTS:
            assert mathematics[f"{name}_{type}"](value) == getattr(math, name)(value)


def test_fma_rounds_once(mathematics: Mapping[str, Any]) -> None:
    x = 1.0 + 2.0**-52
    assert mathematics["fma_f64"](x, x, -1.0 - 2.0**-51) == 2.0**-104


CASTS = ((f32, u32), (u32, f32), (f32, i32), (i32, f32), (f64, u64), (i64, f64), (u32, i32), (i64, u64))


@pytest.fixture(scope="module")
def casts(native: Compile, make_plain: Make) -> Mapping[str, Any]:
    return native([use(make_plain, f"{source}_{to}", "bit_cast", (source,), to) for source, to in CASTS])


@pytest.fixture(scope="module")
def extremes(native: Compile, make_plain: Make) -> Mapping[str, Any]:
    numbers = [type for type in SCALARS if type != boolean]
    made = [use(make_plain, f"{op}_{type}", op, (type, type), type) for type in numbers for op in ("min", "max")]
    return native(made + [use(make_plain, f"abs_{type}", "abs", (type,), type) for type in numbers])


@given(bits=st.integers(0, 2**64 - 1))
def test_bit_casts_mean_what_the_interpreter_says(bits: int, casts: Mapping[str, Any]) -> None:
    for source, to in CASTS:
        narrowed = bits % 2**source.bits
        value = scalars.intrinsic("bit_cast", source, (narrowed,)) if source.is_float else source.wrap(narrowed)
        expected = scalars.intrinsic("bit_cast", to, (value,))
        if not math.isnan(value) and not math.isnan(expected):  # ctypes does not keep the bits of a NaN
            assert casts[f"{source}_{to}"](value) == expected


@given(left=st.integers(-(2**63), 2**63 - 1), right=st.integers(-(2**63), 2**63 - 1))
def test_extremes_of_integers(left: int, right: int, extremes: Mapping[str, Any]) -> None:
    for type in (type for type in SCALARS if type.is_integer):
        a, b = type.wrap(left), type.wrap(right)
        assert extremes[f"min_{type}"](a, b) == min(a, b)
        assert extremes[f"max_{type}"](a, b) == max(a, b)
        assert extremes[f"abs_{type}"](a) == type.wrap(abs(a))


def test_extremes_of_floats_keep_the_first_at_a_nan(extremes: Mapping[str, Any]) -> None:
    assert extremes["min_f64"](1.0, math.nan) == 1.0
    assert math.isnan(extremes["min_f64"](math.nan, 1.0))
    assert math.copysign(1.0, extremes["max_f32"](-0.0, 0.0)) == -1.0
    assert extremes["abs_f32"](-2.5) == 2.5


# --- device Python ---------------------------------------------------------------------------------------------------

WORD = Pointer(u32)
LAUNCH = Pointer(Struct("Launch", (Field("frames", Pointer(u32, "global"), 0),), 80, 8), "global")
ACTION = Tuple((i32, u32, i32))
SIGNATURES: dict[str, tuple[tuple[Type, ...], Type]] = {
    "lane_id": ((), u32), "warp_size": ((), u32), "warp_in_block": ((), u32), "warp_hint": ((), u32),
    "ballot": ((boolean,), u32),
    "match_any": ((u32, u32), u32), "shuffle": ((u32, u32), u32), "reduce_max": ((u32,), u32),
    "reduce_min": ((u32,), u32), "reduce_add": ((u32,), u32), "popcount": ((u32,), u32), "find_first": ((u32,), u32),
    "count_leading_zeros": ((u32,), u32), "warp_sync": ((), none), "nanosleep": ((u32,), none), "doze": ((u32,), none),
    "nanoseconds": ((), u64), "fence": ((), none),
    "fence_sc": ((), none), "load_relaxed": ((WORD,), u32), "load_acquire": ((WORD,), u32),
    "store_relaxed": ((WORD, u32), none), "store_release": ((WORD, u32), none), "fetch_add": ((WORD, u32), u32),
    "fetch_sub": ((WORD, u32), u32), "fetch_sub_ordered": ((WORD, u32), u32), "fetch_max": ((WORD, u32), u32),
    "fetch_or": ((WORD, u32), u32), "fetch_or_acquire": ((WORD, u32), u32),
    "exchange": ((WORD, u32), u32), "compare_and_swap": ((WORD, u32, u32), u32),
    "compare_and_swap_acquire": ((WORD, u32, u32), u32),
    "clock": ((), u64),
}  # fmt: skip
ONLY_CUDA: dict[str, tuple[tuple[Type, ...], Type]] = {"warp_id": ((), u32), "shared_memory": ((), WORD)}
OF_PROGRAM: dict[str, tuple[tuple[Type, ...], Type]] = {
    "start": ((LAUNCH, WORD, u32, i64), ACTION), "resume": ((LAUNCH, WORD, i32, u32), ACTION),
    "unwind": ((LAUNCH, WORD, i32, u32, u32), ACTION), "states": ((), u32), "frame_size": ((), u32),
    "option.CAPACITY": ((), u32), "children": ((u32,), u32),
}  # fmt: skip


@pytest.fixture(scope="module")
def device(native: Compile, make_plain: Make) -> Mapping[str, Any]:
    made = [use(make_plain, name, f"device.{name}", *signature) for name, signature in SIGNATURES.items()]
    return native([*made, use(make_plain, "shuffle_wide", "device.shuffle", (f64, u32), f64)])


def test_every_device_intrinsic_is_tested() -> None:
    assert {*SIGNATURES, *ONLY_CUDA, *OF_PROGRAM} == {*intrinsics.DEVICE, "option.CAPACITY"}
    assert all(intrinsics.exists(f"device.{name}") for name in SIGNATURES)
    assert not intrinsics.exists("math.sinc")


def test_a_warp_of_the_cpu_has_one_lane(device: Mapping[str, Any]) -> None:
    assert [device[name]() for name in ("lane_id", "warp_size", "warp_in_block", "warp_hint")] == [0, 1, 0, 0]
    assert (device["ballot"](True), device["ballot"](False), device["match_any"](1, 77)) == (1, 0, 1)
    assert (device["shuffle"](5, 0), device["shuffle_wide"](2.5, 0)) == (5, 2.5)
    assert [device[f"reduce_{name}"](9) for name in ("max", "min", "add")] == [9, 9, 9]
    device["warp_sync"]()
    device["nanosleep"](100)
    assert device["clock"]() < device["clock"]()


def test_the_clock_is_pythons(device: Mapping[str, Any]) -> None:
    before = time.monotonic_ns()
    found = device["nanoseconds"]()
    device["doze"](2_000_000)
    assert before <= found <= time.monotonic_ns() - 2_000_000


@given(value=st.integers(0, 2**32 - 1))
def test_bits(value: int, device: Mapping[str, Any]) -> None:
    assert device["popcount"](value) == value.bit_count()
    assert device["count_leading_zeros"](value) == 32 - value.bit_length()
    assert device["find_first"](value) == ((value & -value).bit_length() - 1 if value else 32)


def test_shared_words(device: Mapping[str, Any]) -> None:
    cell = ctypes.c_uint32(5)
    at = ctypes.byref(cell)
    assert (device["load_relaxed"](at), device["load_acquire"](at)) == (5, 5)
    device["store_relaxed"](at, 6)
    device["store_release"](at, cell.value + 1)
    assert (device["fetch_add"](at, 3), device["fetch_sub"](at, 1), device["fetch_max"](at, 2**31)) == (7, 10, 9)
    assert (device["fetch_or"](at, 1), device["fetch_or_acquire"](at, 2)) == (2**31, 2**31 + 1)
    assert device["exchange"](at, 4) == 2**31 + 3
    assert (device["compare_and_swap"](at, 5, 9), device["compare_and_swap"](at, 4, 9), cell.value) == (4, 4, 9)
    assert (device["fetch_sub_ordered"](at, 2), cell.value) == (9, 7)
    swap = device["compare_and_swap_acquire"]
    assert (swap(at, 5, 9), swap(at, 7, 9), cell.value) == (7, 7, 9)
    device["fence"]()
    device["fence_sc"]()


@pytest.mark.parametrize("name", ["sm_80", "sm_90", "sm_120"])
def test_device_intrinsics_on_cuda(name: str, ptx: Callable[..., str], make_plain: Make) -> None:
    """The memory orders are the ones asked for, at device scope."""
    both = SIGNATURES | ONLY_CUDA
    made = [use(make_plain, key, f"device.{key}", *signature) for key, signature in both.items()]
    wide = use(make_plain, "shuffle_wide", "device.shuffle", (f64, u32), f64)
    text = ptx([*made, wide], name)
    for instruction in (
        "vote.sync.ballot", "match.any.sync.b32", "shfl.sync.idx", "redux.sync.max.u32", "redux.sync.min.u32",
        "redux.sync.add", "bar.warp.sync", "nanosleep.u32", "fence.acq_rel.gpu", "fence.sc.gpu", "ld.relaxed.gpu",
        "ld.acquire.gpu", "st.relaxed.gpu", "st.release.gpu", "atom.add", "atom.acq_rel.gpu.cas",
        "atom.acquire.gpu.cas", "c2c_shared", "atom.acq_rel.gpu.add.u32",
        "%clock64", "%globaltimer",
    ):  # fmt: skip
        assert instruction in text, instruction


def test_what_the_executor_asks_of_a_program(make_plain: Make) -> None:
    """The functions that `llvm.emit` defines, with the pointers that the executor loads for all of them."""
    uses = {
        f"use {key}": use(make_plain, f"use {key}", f"device.{key}", *signature)
        for key, signature in OF_PROGRAM.items()
    }
    text = llvm.emit_device(uses, target.parse("sm_90"))
    shared = "ptr addrspace(1), ptr, ptr addrspace(1), ptr addrspace(1)"
    wanted = {
        f"{{i32, i32, i32}} @c2c_start({shared}, i32, i64)", f"{{i32, i32, i32}} @c2c_resume({shared}, i32, i32)",
            f"{{i32, i32, i32}} @c2c_unwind({shared}, i32, i32, i32)",
        "i32 @c2c_states()", "i32 @c2c_frame_size()", "i32 @c2c_option_CAPACITY()",
        "i32 @c2c_children(i32)",
    }  # fmt: skip
    found = re.findall(r"^declare (.*\)).*$", re.sub(r'"| %"[^"]*"', "", text), re.MULTILINE)
    assert set(found) == wanted
    assert text.count("load ptr addrspace(1)") == 6 == text.count("!invariant.load")


@pytest.mark.skipif(toolkit.find_libdevice() is None, reason="NVIDIA's libdevice is not installed")
def test_mathematics_on_cuda(ptx: Callable[..., str], make_plain: Make) -> None:
    made = []
    for type in (f32, f64):
        for name, function in intrinsics_math.FUNCTIONS.items():
            made.append(use(make_plain, f"{name}_{type}", f"math.{name}", (type,) * function.operands, type))
        made.append(use(make_plain, f"ldexp_{type}", "math.ldexp", (type, i64), type))
    text = ptx(made)
    assert ".extern" not in text
    assert "nvvm_reflect" not in text
    assert "sqrt.rn.f32" in text
    assert ".rn.ftz" not in text, "subnormal numbers count"


def test_a_64_bit_counter(native: Compile, make_plain: Make) -> None:
    add = use(make_plain, "add", "device.fetch_add", (Pointer(u64), u64), u64)
    cell = ctypes.c_uint64(2**40)
    assert native([add])["add"](ctypes.byref(cell), 2**41) == 2**40
    assert cell.value == 3 * 2**40
