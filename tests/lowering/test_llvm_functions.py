"""Functions after split in machine code: frames, uniforms, calls, errors, print records, atomics."""

import ctypes
import struct
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from coro2cuda.frontend import infer
from coro2cuda.frontend.diagnostics import NOWHERE
from coro2cuda.frontend.dtypes import (
    SCALARS,
    Array,
    Field,
    Pointer,
    Scalar,
    Struct,
    Tuple,
    Type,
    boolean,
    f32,
    f64,
    i8,
    i32,
    i64,
    none,
    u8,
    u16,
    u32,
    u64,
)  # fmt: skip
from coro2cuda.lowering import abi, build, ir, llvm, target
from coro2cuda.runtime import exceptions

LAUNCH = Pointer(Struct("Launch", (Field("frames", Pointer(u32, "global"), 0),), abi.LAUNCH_SIZE, 8), "global")
WARP = Pointer(u32)
ACTION = Tuple((i32, u32, i32))
OPTIONS = {"ERROR_WORDS": abi.ERROR_ARGUMENTS, "CATCHES": 0}
DONE = ir.Const(i32, abi.COMPLETED)


def local(index: int, type: Type) -> ir.Local:
    return ir.Local(index, f"v{index}", type)


def const(value: Any, type: Type = i32) -> ir.Const:
    return ir.Const(type, value)


def function(
    name: str, kind: ir.FunctionKind, blocks: list[tuple[list[ir.Op], ir.Terminator]],
    parameters: tuple[ir.Local, ...] = (), result: Type = none, raises: bool = True,
) -> ir.Function:  # fmt: skip
    made = [ir.Block("", ops, end) for ops, end in blocks]
    return ir.Function(name, name, kind, parameters, result, made, [], NOWHERE, raises)


def device(name: str, ops: list[ir.Op], end: ir.Return, parameters: tuple[ir.Local, ...], result: Type) -> ir.Function:
    return function(name, "plain", [(ops, end)], parameters, result, raises=False)


def executor() -> dict[str, ir.Function]:
    """Device functions that the tests call: one start or resume, its action stored; frames counted up from warp[0]."""
    launch, warp, out = local(0, LAUNCH), local(1, WARP), local(2, Pointer(i32))
    frame, extra, action = local(3, u32), local(4, i64), local(5, ACTION)

    def entry(name: str, last: ir.Local, arguments: tuple[ir.Operand, ...]) -> ir.Function:
        ops: list[ir.Op] = [ir.Intrinsic(action, f"device.{name}", (launch, warp, *arguments), pure=False)]
        for index, type in enumerate(ACTION.elements):
            part, place = local(10 + index, type), local(20 + index, Pointer(i32))
            ops += [ir.Extract(part, action, index), ir.Offset(place, out, const(index), 4), ir.Store(place, part)]
        return device(f"run_{name}", ops, ir.Return(None), (launch, warp, out, frame, last), none)

    next = local(6, u32)
    allocate = device("allocate_frame", [ir.Intrinsic(next, "device.fetch_add", (warp, const(1, u32)), pure=False)],
                      ir.Return(next), (launch, warp), u32)  # fmt: skip
    state = local(4, i32)
    made = [entry("start", extra, (frame, extra)), entry("resume", state, (state, frame)), allocate]
    return {one.name: one for one in made}


class Rig:
    """A program in this process with the memory of a launch."""

    def __init__(
        self, functions: list[ir.Function], frame_size: int = 64, uniforms: bytes = b"", offsets: tuple[int, ...] = (),
        prints: int = 0, formats: tuple[tuple[str | Type, ...], ...] = (),
    ) -> None:  # fmt: skip
        cpu = target.parse("cpu")
        states = tuple(one.name for one in functions if one.kind == "resume")
        info = llvm.LinkInfo(states, functions[0].name, frame_size, offsets, OPTIONS, formats)
        text = llvm.emit({one.name: one for one in functions}, cpu, link=info)
        bitcode = target.to_bitcode(llvm.emit_device(executor(), cpu), cpu)
        errors = build.build(infer.infer_device(exceptions.CALLED)).functions
        records = target.to_bitcode(llvm.emit_device(errors, cpu), cpu)
        code = target.compile(text, [bitcode, records], cpu, ("c2c_run_start", "c2c_run_resume"))
        self.loaded = target.load_object(code)
        self.frames = ctypes.create_string_buffer(frame_size * 8 + 16)
        self.base = -ctypes.addressof(self.frames) % 16
        self.control = ctypes.create_string_buffer(abi.CONTROL_SIZE)
        self.uniforms = ctypes.create_string_buffer(uniforms, len(uniforms) + 8)
        self.prints = ctypes.create_string_buffer(b"\xee" * max(prints, 8), max(prints, 8))
        self.warp = (ctypes.c_uint32 * 4)(5)
        addresses = [ctypes.addressof(part) for part in (self.frames, self.uniforms, self.control)]
        addresses[0] += self.base
        fields = [*addresses, 0, 0, 0, ctypes.addressof(self.prints), prints, 0]
        self.errors = ctypes.create_string_buffer(16 + 2 * 4 * abi.ERROR_ARGUMENTS)
        errors_at = ctypes.addressof(self.errors)
        self.launch = ctypes.create_string_buffer(struct.pack("<9Q2IQQI4x", *fields, 8, 1, errors_at, 0, 1))

    def start(self, task: int, frame: int = 0) -> tuple[int, int, int]:
        return self._run("start", frame, ctypes.c_int64(task))

    def resume(self, state: int, frame: int = 0) -> tuple[int, int, int]:
        return self._run("resume", frame, ctypes.c_int32(state))

    def _run(self, name: str, frame: int, last: Any) -> tuple[int, int, int]:
        out = (ctypes.c_int32 * 3)()
        call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_uint32, type(last))
        call(self.loaded.address(f"c2c_run_{name}"))(self.launch, self.warp, out, frame, last)
        return out[0], out[1], out[2]

    def frame(self, index: int, layout: str, offset: int = 0) -> Any:
        size = 64 * index + self.base + offset
        found = struct.unpack_from("<" + layout, self.frames, size)
        return found[0] if len(found) == 1 else found

    def record(self, word: int) -> int:
        """A word of the first error's record."""
        return int(struct.unpack_from("<I", self.errors, 16 + 4 * word)[0])

    def word(self, offset: int) -> int:
        return int(struct.unpack_from("<I", self.control, offset)[0])


T = local(0, i64)
NESTED = Tuple((boolean, i64, Tuple((f32, u8)), boolean))


def test_values_keep_their_layout_in_a_frame() -> None:
    inner, tuple_, flag = local(1, Tuple((f32, u8))), local(2, NESTED), local(3, boolean)
    start = function("start", "start", [([
        ir.Compare(flag, "gt", T, const(0, i64)),
        ir.Pack(inner, (const(1.5, f32), const(200, u8))),
        ir.Pack(tuple_, (flag, T, inner, const(False, boolean))),
        ir.Spill(8, tuple_),
        ir.Spill(4, flag),
    ], ir.Leave(const(0)))], (T,))  # fmt: skip
    item = local(4, i64)
    resume = function("resume", "resume", [([
        ir.Reload(tuple_, 8), ir.Extract(flag, tuple_, 0), ir.Extract(item, tuple_, 1), ir.Extract(inner, tuple_, 2),
        ir.Spill(40, inner), ir.Spill(48, item), ir.Spill(56, flag),
    ], ir.Leave(DONE, release=True))])  # fmt: skip
    rig = Rig([start, resume])
    assert rig.start(7, frame=2) == (0, 2, 0)
    assert rig.frame(2, "?", 4) is True
    assert rig.frame(2, "?7xqfB3x?", 8) == (True, 7, 1.5, 200, False)
    assert rig.resume(0, frame=2) == (abi.COMPLETED, 2, 1)
    assert rig.frame(2, "fB3xq?", 40) == (1.5, 200, 7, True)


def test_a_start_passes_on_what_its_callee_says() -> None:
    """`child` completes at once for an even task with its half, else it suspends in frame 3 at state 4."""
    half, odd, bit = local(1, i64), local(2, boolean), local(3, i64)
    child = function("child", "start", [
        ([ir.Binary(bit, "and", T, const(1, i64)), ir.Convert(odd, bit)], ir.Branch(odd, 1, 2)),
        ([], ir.Leave(const(4), const(3, u32))),
        ([ir.Binary(half, "floordiv", T, const(2, i64))], ir.Return(half)),
    ], (T,), i64)  # fmt: skip
    got, state, frame, done = local(4, i64), local(5, i32), local(6, u32), local(7, boolean)
    root = function("root", "start", [
        ([ir.Start(got, state, frame, "child", (T,)), ir.Compare(done, "eq", state, DONE)], ir.Branch(done, 1, 2)),
        ([ir.Spill(0, got)], ir.Return(None)),
        ([], ir.Leave(state, frame)),
    ], (T,))  # fmt: skip
    rig = Rig([root, child])
    assert rig.start(12)[::2] == (abi.COMPLETED, 1), "a root that completes gives its frame back"
    assert rig.frame(0, "q") == 6
    assert rig.start(13) == (4, 3, 0)


def test_a_continuation_runs_in_the_same_frame() -> None:
    value = local(1, i32)
    start = function("start", "start", [([], ir.Leave(const(0)))], (T,))
    resume = function("resume", "resume", [([], ir.Continue("after", const(41)))])
    total = local(2, i32)
    after = function("after", "continuation",
                     [([ir.Binary(total, "add", value, const(1)), ir.Spill(12, total)], ir.Leave(const(3)))], (value,))
    rig = Rig([start, resume, after])
    assert rig.resume(0, frame=1) == (3, 1, 0)
    assert rig.frame(1, "i", 12) == 42


def test_frames_of_others() -> None:
    """A frame is allocated, and written at a known and at a run-time offset; the own id is known."""
    child, own, place = local(1, u32), local(2, u32), local(3, u32)
    start = function("start", "start", [([
        ir.AllocateFrame(child), ir.OwnFrame(own), ir.Convert(place, T),
        ir.Spill(0, own, child), ir.Spill(8, const(2.5, f64), child), ir.Spill(4, const(-7), child, place),
    ], ir.Leave(const(9), child))], (T,))  # fmt: skip
    rig = Rig([start])
    assert rig.start(20, frame=1) == (9, 5, 0)
    assert rig.frame(5, "I4xd8xi") == (1, 2.5, -7)
    assert rig.start(20, frame=1) == (9, 6, 0)


def test_the_first_error_counts_and_stops_everyone() -> None:
    low = local(1, boolean)
    start = function("start", "start", [
        ([ir.Compare(low, "lt", T, const(10, i64))], ir.Branch(low, 1, 2, rare=True)),
        ([], ir.Raise(6)),
        ([], ir.Raise(7)),
    ], (T,))  # fmt: skip
    resume = function("resume", "resume", [([], ir.Poll(1)), ([], ir.Leave(const(1)))])
    abort = function("abort", "resume", [([ir.OnError("abort", const(1, u32))], ir.Leave(const(abi.STOPPED)))])
    rig = Rig([start, resume, abort])
    assert rig.resume(0)[0] == 1
    assert rig.start(5) == (abi.FAILED, 1, 0)
    assert rig.start(50) == (abi.FAILED, 2, 0), "no record is left: 2 is one too many"
    assert rig.record(abi.ERROR_SITE) == 6
    assert (rig.word(abi.CONTROL_ERROR), rig.word(abi.CONTROL_STOP)) == (0, 0)
    assert rig.resume(1)[0] == abi.STOPPED
    assert (rig.word(abi.CONTROL_ERROR), rig.word(abi.CONTROL_STOP)) == (1, 1)
    assert rig.resume(0)[0] == abi.STOPPED


def test_a_call_that_fails_ends_its_caller() -> None:
    zero, n, twice = local(1, boolean), local(2, i64), local(3, i64)
    checked = function("checked", "plain", [
        ([ir.Compare(zero, "eq", n, const(0, i64))], ir.Branch(zero, 1, 2, rare=True)),
        ([], ir.Raise(0)),
        ([ir.Binary(twice, "mul", n, const(2, i64))], ir.Return(twice)),
    ], (n,), i64)  # fmt: skip
    caller, passed = local(6, i64), local(7, i64)
    middle = function("middle", "plain", [([ir.Call(passed, "checked", (caller,), place=3)], ir.Return(passed))],
                      (caller,), i64)  # fmt: skip
    nothing = function("nothing", "plain", [([], ir.Return(None))], raises=False)
    first, second, error, failed = local(4, i64), local(5, i64), local(8, u32), local(9, boolean)
    start = function("start", "start", [
        ([
            ir.Call(None, "nothing", (), raises=False), ir.Call(first, "middle", (T,), error=error),
            ir.Compare(failed, "ne", error, const(0, u32)),
        ], ir.Branch(failed, 1, 2, rare=True)),
        ([], ir.Throw(error)),
        ([
            ir.Spill(0, first), ir.Call(second, "checked", (first,)), ir.Spill(8, second),
        ], ir.Return(None)),
    ], (T,))  # fmt: skip
    rig = Rig([start, checked, middle, nothing])
    assert rig.start(3)[0] == abi.COMPLETED
    assert rig.frame(0, "qq") == (6, 12)
    assert rig.start(0)[:2] == (abi.FAILED, 1)
    assert (rig.record(abi.ERROR_TRACED), rig.record(abi.ERROR_TRACE)) == (1, 3)
    assert rig.frame(0, "qq") == (6, 12), "nothing after the failed call may run"


def test_print_records() -> None:
    types: tuple[Type, ...] = (i8, u64, f32, f64, boolean, Tuple((u8, i32)))
    pair = local(1, Tuple((u8, i32)))
    values = (const(-3, i8), const(2**64 - 1, u64), const(1.5, f32), const(0.1, f64), const(True, boolean), pair)
    start = function("start", "start", [
        ([ir.Pack(pair, (const(255, u8), const(-1))), ir.Print(1, values)], ir.Return(None)),
    ], (T,))  # fmt: skip
    size = abi.PRINT_HEADER + 7 * abi.PRINT_VALUE
    rig = Rig([start], prints=2 * size + 8, formats=(("none",), ("x", *types)))
    for _ in range(3):
        rig.start(0)
    record = (1, size, -3, 2**64 - 1, 1.5, 0.1, 1, 255, -1)
    for index in range(2):
        assert struct.unpack_from("<2IqQddQQq", rig.prints, index * size) == record
    assert rig.prints.raw[2 * size :] == b"\xee" * 8, "a record that does not fit leaves no trace"
    assert struct.unpack_from("<Q", rig.control, abi.CONTROL_PRINT_HEAD) == (3 * size,)


def test_uniforms_of_every_shape() -> None:
    """A bool, an f32, a tuple, and a strided array of two dimensions whose element [1, 2] is read."""
    data = (ctypes.c_int16 * 24)(*range(24))
    block = struct.pack("<?7xf4xB7xqQ4q", True, 2.5, 9, -1, ctypes.addressof(data), 2, 3, 24, 4)
    flag, pair = ir.Uniform(0, boolean), ir.Uniform(2, Tuple((u8, i64)))
    array = ir.Uniform(3, Array(u16, 2))
    base, row, column = local(1, Pointer(u16, "global")), local(2, i64), local(3, i64)
    at, place, element, extent = local(4, Pointer(u16, "global")), local(5, i64), local(6, u16), local(7, i64)
    start = function("start", "start", [([
        ir.Spill(0, flag), ir.Spill(4, ir.Uniform(1, f32)), ir.Spill(8, pair),
        ir.ArrayPart(base, "address", array), ir.ArrayPart(row, "stride", array, 0),
        ir.ArrayPart(column, "stride", array, 1), ir.ArrayPart(extent, "extent", array, 1),
        ir.Binary(place, "mul", column, const(2, i64)), ir.Binary(place, "add", place, row),
        ir.Offset(at, base, place, 1), ir.Load(element, at), ir.Spill(24, element), ir.Spill(32, extent),
    ], ir.Return(None))], (T,))  # fmt: skip
    rig = Rig([start], uniforms=block, offsets=(0, 8, 16, 32))
    rig.start(0)
    assert rig.frame(0, "?3xfB7xqH6xq") == (True, 2.5, 9, -1, 16, 3)


def test_arrays_are_values() -> None:
    """An array made from parts survives a frame, and a select."""
    data = (ctypes.c_double * 4)(1.0, 2.0, 3.0, 4.0)
    first, second = local(1, Array(f64, 1, contiguous=True)), local(2, Array(f64, 1, contiguous=True))
    base, later = local(3, Pointer(f64, "global")), local(4, Pointer(f64, "global"))
    test, chosen, item = local(5, boolean), local(6, first.type), local(7, f64)
    whole = ir.Uniform(0, first.type)
    start = function("start", "start", [([
        ir.ArrayPart(base, "address", whole), ir.Offset(later, base, const(1, i64), 8, 8),
        ir.MakeArray(first, later, (const(2, i64),), ()), ir.Compare(test, "eq", T, const(0, i64)),
        ir.Select(chosen, test, whole, first), ir.Spill(16, chosen),
    ], ir.Leave(const(0)))], (T,))  # fmt: skip
    resume = function("resume", "resume", [([
        ir.Reload(second, 16), ir.ArrayPart(base, "address", second), ir.Load(item, base), ir.Spill(0, item),
    ], ir.Leave(DONE))])  # fmt: skip
    rig = Rig([start, resume], uniforms=struct.pack("<2q", ctypes.addressof(data), 4), offsets=(0,))
    for task, expected, extent in ((0, 1.0, 4), (1, 3.0, 2)):
        rig.start(task)
        rig.resume(0)
        assert rig.frame(0, "d") == expected
        assert rig.frame(0, "q", 24) == extent


def test_locals_written_in_loops(native: Any) -> None:
    """gcd by Euclid: three variables that change places."""
    a, b, c, go = local(0, i32), local(1, i32), local(2, i32), local(3, boolean)
    gcd = function("gcd", "plain", [
        ([], ir.Goto(1)),
        ([ir.Compare(go, "ne", b, const(0))], ir.Branch(go, 2, 3)),
        ([ir.Binary(c, "mod", a, b), ir.Copy(a, b), ir.Copy(b, c)], ir.Goto(1)),
        ([], ir.Return(a)),
    ], (a, b), i32, raises=False)  # fmt: skip
    assert native([gcd])["gcd"](1071, 462) == 21


# --- memory ----------------------------------------------------------------------------------------------------------

ATOMIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda old, value: old + value,
    "sub": lambda old, value: old - value,
    "min": min,
    "max": max,
    "and": lambda old, value: old & value,
    "or": lambda old, value: old | value,
    "xor": lambda old, value: old ^ value,
    "exchange": lambda old, value: value,
}
BITWISE = ("and", "or", "xor")


def atomic(name: str, op: Any, type: Scalar) -> ir.Function:
    place, value, expected, old = local(0, Pointer(type)), local(1, type), local(2, type), local(3, type)
    extra = expected if op == "cas" else None
    parameters = (place, value) if extra is None else (place, value, expected)
    return device(name, [ir.Atomic(old, op, place, value, extra)], ir.Return(old), parameters, type)


def allowed(type: Scalar, op: str) -> bool:
    if type == boolean:
        return op in (*BITWISE, "exchange", "cas")
    return not (type.is_float and op in BITWISE)


@pytest.fixture(scope="module")
def atomics(native: Any) -> Mapping[str, Any]:
    pairs = [(op, type) for type in SCALARS for op in (*ATOMIC, "cas") if allowed(type, op)]
    return native([atomic(f"{op}_{type}", op, type) for op, type in pairs])


@pytest.mark.parametrize("type", SCALARS, ids=str)
def test_atomics_return_the_old_value(type: Scalar, atomics: Mapping[str, Any], c_types: Mapping[str, Any]) -> None:
    signed = type.kind in ("int", "float")
    pairs = [(True, False), (False, True)] if type == boolean else [(100, 27), (27, 100), (3, 3)]
    pairs += [(-5, 3), (3, -5)] if signed else [(1, 1)]
    for op, meaning in ATOMIC.items():
        for old, value in pairs if allowed(type, op) else []:
            cell = c_types[type.name](old)
            assert atomics[f"{op}_{type}"](ctypes.byref(cell), value) == old
            expected = meaning(old, value)
            assert cell.value == (type.wrap(expected) if type.is_integer else expected), (op, old, value)


@pytest.mark.parametrize("type", SCALARS, ids=str)
def test_compare_and_swap_stores_if_equal(type: Scalar, atomics: Mapping[str, Any], c_types: Mapping[str, Any]) -> None:
    cell = c_types[type.name](1)
    assert atomics[f"cas_{type}"](ctypes.byref(cell), 0, 0) == 1
    assert cell.value == 1
    assert atomics[f"cas_{type}"](ctypes.byref(cell), 0, 1) == 1
    assert cell.value == 0


@pytest.mark.parametrize("name", ["sm_80", "sm_90"])
def test_atomics_on_cuda(name: str, ptx: Any) -> None:
    """At device scope; where the hardware has no such operation, as a loop in this module."""
    pairs = [(op, type) for type in SCALARS for op in (*ATOMIC, "cas") if allowed(type, op)]
    text = ptx([atomic(f"{op}_{type}", op, type) for op, type in pairs], name)
    assert ".extern" not in text
    assert "atom.add.f64" in text or "atom.relaxed.gpu.add.f64" in text
    assert ".sys" not in text


def test_float_minimum_ignores_a_nan_as_python_does(atomics: Mapping[str, Any]) -> None:
    cell = ctypes.c_double(1.0)
    atomics["min_f64"](ctypes.byref(cell), float("nan"))
    assert cell.value == min(1.0, float("nan"))


@pytest.mark.parametrize("index", [i8, u8, i32, u32, i64, u64], ids=str)
def test_offsets_extend_the_index_by_its_type(index: Scalar, native: Any) -> None:
    base, at, out, value = local(0, Pointer(i32)), local(1, index), local(2, Pointer(i32)), local(3, i32)
    load = device("load", [ir.Offset(out, base, at, 12, 4), ir.Load(value, out)], ir.Return(value), (base, at), i32)
    data = (ctypes.c_int32 * 1000)(*range(1000))
    places = [0, 5, 60] + ([-1, -20] if index.kind == "int" else [250 if index.bits == 8 else 300])
    middle = 90
    for place in places:
        found = native_once(native, load)(ctypes.byref(data, 4 * middle), place)
        assert found == middle + 3 * place + 1


_made: dict[int, Any] = {}


def native_once(native: Any, function: ir.Function) -> Any:
    if id(function) not in _made:
        _made[id(function)] = (function, native([function])[function.name])
    return _made[id(function)][1]


# --- what the GPU gets -----------------------------------------------------------------------------------------------


def program_ptx(functions: list[ir.Function], offsets: tuple[int, ...] = ()) -> str:
    """The program's PTX, with c2c_start and c2c_resume as ordinary functions."""
    cuda = target.parse("sm_90")
    states = tuple(one.name for one in functions if one.kind == "resume")
    link = llvm.LinkInfo(states, functions[0].name, 64, offsets)
    text = llvm.emit({one.name: one for one in functions}, cuda, link=link)
    code = target.compile(text, (), cuda, ("c2c_start", "c2c_resume")).decode()
    target.assemble(code, cuda)
    return code


def test_neighbours_in_a_frame_move_together() -> None:
    """Four words in one 16-byte access, also with stores to a user's array between them."""
    words = [local(1 + index, i32) for index in range(4)]
    base = local(9, Pointer(i32, "global"))
    array = ir.Uniform(0, Array(i32, 1, contiguous=True))
    ops: list[ir.Op] = [ir.Reload(word, 4 * index) for index, word in enumerate(words)]
    ops.append(ir.ArrayPart(base, "address", array))
    for index, word in enumerate(words):
        sum = local(10 + index, i32)
        ops += [ir.Binary(sum, "add", word, words[0]), ir.Spill(16 + 4 * index, sum), ir.Store(base, sum)]
    start = function("start", "start", [([], ir.Return(None))], (T,))
    text = program_ptx([start, function("resume", "resume", [(ops, ir.Leave(const(0)))])], (0,))
    assert text.count("ld.global.v4.b32") == 1
    assert text.count("st.global.v4.b32") == 1


def test_collatz_has_no_64_bit_arithmetic() -> None:
    """Apart from the address of the frame."""
    n, steps, odd, up, down, one = (local(index, i32) for index in range(1, 7))
    is_odd, done = local(7, boolean), local(8, boolean)
    start = function("start", "start", [([], ir.Return(None))], (T,))
    resume = function("resume", "resume", [
        ([ir.Reload(n, 0), ir.Reload(steps, 4), ir.Compare(done, "eq", n, const(1))], ir.Branch(done, 1, 2)),
        ([], ir.Leave(DONE, release=True)),
        ([
            ir.Binary(odd, "mod", n, const(2)), ir.Convert(is_odd, odd), ir.Binary(up, "mul", n, const(3)),
            ir.Binary(up, "add", up, const(1)), ir.Binary(down, "floordiv", n, const(2)),
            ir.Select(n, is_odd, up, down), ir.Binary(one, "add", steps, const(1)), ir.Spill(0, n), ir.Spill(4, one),
        ], ir.Leave(const(0))),
    ])  # fmt: skip
    body = program_ptx([start, resume]).split("c2c_resume(")[-1]
    wide = [line.strip() for line in body.splitlines() if "64" in line and "param" not in line and ".reg" not in line]
    assert all(line.startswith(("ld.global.nc.b64", "mul.wide.u32", "add.s64", "mad.wide.u32")) for line in wide), wide
    assert body.count("ld.global.v2.b32") == 1
    assert body.count("st.global.v2.b32") == 1
    assert "div" not in body
