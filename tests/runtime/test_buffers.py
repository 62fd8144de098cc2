"""Arrays into the argument block: what is taken, what is refused, and which memory is copied to a device."""

from __future__ import annotations

import itertools
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coro2cuda.frontend.dtypes import Array, Tuple, boolean, f32, f64, i32, i64, u8
from coro2cuda.lowering import program as p
from coro2cuda.lowering.program import Argument, Program, UniformSlot
from coro2cuda.runtime import buffers
from coro2cuda.runtime.buffers import Range


def taking(*arguments: Argument) -> Program:
    types = p.uniform_types((), arguments, Tuple(()))
    offsets, size = p.lay_out_uniforms(types)
    return Program(
        name="f", title="f", target="cpu", code=b"", entries={}, arguments=arguments, captured=(),
        uniforms=tuple(map(UniformSlot, offsets, types)), block_size=size, result=Tuple(()), result_leaves=(),
        frame_size=0, warp_memory_size=0, states=(), sites=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    "value, expected",
    [
        (np.zeros(3, "f4"), Array(f32, 1, contiguous=True)),
        (np.zeros((3, 4))[:, ::2], Array(f64, 2)),
        (np.zeros((2, 3, 4), "u1"), Array(u8, 3, contiguous=True)),
        (np.broadcast_to(np.int32(1), (3,)), Array(i32, 1, writable=False)),
        (np.float32(1), f32),
        (np.bool_(True), boolean),
        (5, i64),
        ((1, (True, 2.0)), Tuple((i64, Tuple((boolean, f64))))),
    ],
)
def test_types_of_values(value: Any, expected: Any) -> None:
    assert buffers.type_of(buffers.adopt(value, "x"), "x") == expected


@pytest.mark.parametrize(
    "value, message",
    [
        ([1, 2], "list cannot be passed.*numpy.array"),
        ("text", "str cannot be passed"),
        (None, "NoneType cannot be passed"),
        (1j, "complex cannot be passed"),
        (object(), "object cannot be passed"),
        ((1, "a"), r"\[1\]': str cannot"),
        (np.array(1.0), "0-dimensional"),
        (np.float16(1.0), "scalar of dtype float16 cannot be passed"),
        (np.zeros((1, 1, 1, 1)), "1 to 3 dimensions, this one has 4"),
        (np.zeros(3, ">f4"), r"byte order; pass array.astype\('float32'\)"),
        (np.array([None]), "dtype object"),
        (np.zeros(2, "c16"), "dtype complex128"),
        (np.zeros(2, "f2"), "dtype float16"),
        (np.zeros(2, "M8[s]"), "dtype datetime64"),
        (np.zeros(2, [("a", "i4")]), "elements must be one of"),
        (np.ma.masked_array([1, 2]), "masked"),
        (np.zeros((2, 2)).view(np.matrix), "a matrix indexes unlike an array"),
        (np.frombuffer(bytearray(9), "u1")[1:].view("i4"), "not aligned"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_passed_names_the_parameter(value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"'x.*{message}"):
        buffers.type_of(buffers.adopt(value, "x"), "x")


def test_an_int_beyond_64_bits() -> None:
    with pytest.raises(OverflowError, match="'n': 9223372036854775808 does not fit int"):
        buffers.type_of(2**63, "n")


def test_dlpack_memory_is_shared() -> None:
    class Foreign:
        def __init__(self, array: Any) -> None:
            self.array = array

        def __dlpack__(self, **options: Any) -> Any:
            return self.array.__dlpack__(**options)

        def __dlpack_device__(self) -> Any:
            return self.array.__dlpack_device__()

    array = np.arange(4)
    assert np.shares_memory(buffers.adopt(Foreign(array), "x"), array)


def test_scalars_lie_at_the_start_of_their_slots() -> None:
    program = taking(Argument("a", i32), Argument("b", Tuple((boolean, f32))), Argument("c", f64), Argument("d", u8))
    block = buffers.write_block(program, [-2, (True, np.float32(1.5)), 2.5, np.uint8(200)], [], buffers.numpy_view)
    assert struct.unpack("<i4x?7xf4xdB7x", block) == (-2, True, 1.5, 2.5, 200)


def test_arrays_are_pointer_extents_strides() -> None:
    array = np.arange(24, dtype="f4").reshape(4, 6)
    view = array[::-1, 1::2]
    program = taking(Argument("a", Array(f32, 2, contiguous=True)), Argument("b", Array(f32, 2)))
    block = buffers.write_block(program, [array, view], [], buffers.numpy_view)
    assert struct.unpack("<Q2qQ4q", block) == (array.ctypes.data, 4, 6, view.ctypes.data, 4, 3, -24, 8)


def test_ranges_and_elements() -> None:
    elements = np.arange(10)[::3]
    program = taking(Argument("n", i32, "range"), Argument("x", i64, "each"))
    block = buffers.write_block(program, [(5, -2), elements], [], buffers.numpy_view)
    assert struct.unpack("<i4xi4xQ2q", block) == (5, -2, elements.ctypes.data, 4, 24)


# --- what is copied to a device --------------------------------------------------------------------------------------


def test_overlapping_views_are_one_range_and_neighbours_are_not() -> None:
    base = np.zeros(100, "u1")
    start = base.ctypes.data
    assert buffers.merge([base[10:20], base[15:30:2], base[30:40], base[25:26]]) == [
        Range(start + 10, start + 30),
        Range(start + 30, start + 40),
    ]


def test_empty_arrays_have_no_range() -> None:
    assert buffers.merge([np.zeros(0), np.zeros((3, 0))]) == []


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 2, st.integers(-4, 4).filter(bool)), max_size=6))
def test_ranges_hold_exactly_what_the_views_reach(parts: list[tuple[int, int, int]]) -> None:
    base = np.zeros(32, "u2")
    views = [base[min(a, b) : max(a, b)][::step] for a, b, step in parts]
    ranges = buffers.merge(views)
    for before, after in itertools.pairwise(ranges):
        assert before.end <= after.start
    for view in filter(len, views):
        addresses = [view[i : i + 1].ctypes.data for i in range(len(view))]
        (home,) = [found for found in ranges if found.start <= addresses[0] < found.end]
        assert all(home.start <= address and address + 2 <= home.end for address in addresses)
    ends = {end for view in filter(len, views) for end in (view[:1].ctypes.data, view[-1:].ctypes.data)}
    assert all(found.start in ends and found.end - 2 in ends for found in ranges)
