"""The verifier refuses what breaks the IR's laws, names the place, and says that the fault is ours."""

from __future__ import annotations

import pytest

from coro2cuda.frontend.diagnostics import NOWHERE
from coro2cuda.frontend.dtypes import Array, Pointer, Tuple, Type, boolean, f32, f64, i32, i64, none, u8, u32, u64
from coro2cuda.lowering import ir, verify

X, Y, Z = ir.Local(0, "x", i64), ir.Local(1, "y", i64), ir.Local(2, "z", i64)
TEST, REAL, SMALL = ir.Local(3, "test", boolean), ir.Local(4, "real", f64), ir.Local(5, "small", i32)
ARRAY, PACKED = ir.Local(6, "array", Array(f64, 2)), ir.Local(7, "packed", Array(f64, 1, contiguous=True))
AT, PAIR = ir.Local(8, "at", Pointer(f64, "global")), ir.Local(9, "pair", Tuple((i64, f64)))
ERROR = ir.Local(10, "error", u32)
LOCALS = [X, Y, Z, TEST, REAL, SMALL, ARRAY, PACKED, AT, PAIR, ERROR]
ONE = ir.Const(i64, 1)


def function(*blocks: ir.Block, kind: ir.FunctionKind = "plain", result: Type = none, raises: bool = True):
    """All locals but y and z are parameters, so they are defined."""
    given = tuple(local for local in LOCALS if local not in (Y, Z))
    return ir.Function("f", "f", kind, given, result, list(blocks), list(LOCALS), NOWHERE, raises)


def check(made: ir.Function) -> None:
    callee = ir.Function("g", "g", "coroutine", (X,), i64, [ir.Block("entry", [], ir.Return(X))], [X], NOWHERE)
    helper = ir.Function("h", "h", "plain", (X,), i64, [ir.Block("entry", [], ir.Return(X))], [X], NOWHERE)
    functions = {"f": made, "g": callee, "h": helper}
    site = ir.Site("ValueError", "no", NOWHERE)
    verify.verify(made, ir.Module("g", functions, [site], [("x = ", i64)]))


def refused(*blocks: ir.Block, **options: object) -> str:
    with pytest.raises(verify.InvalidIR, match="a fault of coro2cuda, please report it: f, ") as caught:
        check(function(*blocks, **options))  # type: ignore[arg-type]
    return str(caught.value)


def only(*ops: ir.Op, end: ir.Terminator | None = None) -> ir.Block:
    return ir.Block("entry", list(ops), end or ir.Return(None))


def test_what_is_right_passes():
    check(function(only(
        ir.Binary(Y, "add", X, ONE), ir.Compare(TEST, "lt", X, Y), ir.Select(Z, TEST, X, Y), ir.Convert(REAL, Z),
        ir.Pack(PAIR, (X, REAL)), ir.Extract(REAL, PAIR, 1), ir.ArrayPart(AT, "address", ARRAY),
        ir.ArrayPart(Y, "stride", ARRAY, 1), ir.Offset(AT, AT, X, 8), ir.Load(REAL, AT), ir.Store(AT, REAL),
        ir.Atomic(None, "add", AT, REAL), ir.MakeArray(PACKED, AT, (X,), ()), ir.Call(Y, "h", (X,)),
        ir.Intrinsic(TEST, "math.isnan", (REAL,)), ir.Print(0, (X,)),
    )))  # fmt: skip


@pytest.mark.parametrize(
    "op",
    [
        ir.Copy(X, REAL),
        ir.Copy(X, ir.Const(i64, 1.0)),
        ir.Copy(SMALL, ir.Const(i32, 1 << 31)),
        ir.Copy(TEST, ir.Const(boolean, 1)),
        ir.Unary(X, "not", X),
        ir.Binary(X, "add", X, SMALL),
        ir.Binary(X, "truediv", X, X),
        ir.Binary(REAL, "shl", REAL, REAL),
        ir.Binary(TEST, "add", TEST, TEST),
        ir.Compare(X, "lt", X, X),
        ir.Compare(TEST, "lt", X, SMALL),
        ir.Compare(TEST, "lt", ir.Const(u8, 1), ir.Const(u64, 1)),
        ir.Select(X, X, X, X),
        ir.Select(X, TEST, X, REAL),
        ir.Convert(AT, SMALL),
        ir.Pack(PAIR, (REAL, X)),
        ir.Extract(X, PAIR, 2),
        ir.Extract(X, X, 0),
        ir.MakeArray(PACKED, AT, (X,), (X,)),
        ir.MakeArray(ARRAY, AT, (X,), (X, X)),
        ir.ArrayPart(X, "stride", PACKED, 0),
        ir.ArrayPart(X, "extent", PACKED, 1),
        ir.ArrayPart(SMALL, "extent", PACKED, 0),
        ir.ArrayPart(X, "extent", X, 0),
        ir.Offset(AT, AT, REAL, 8),
        ir.Load(X, AT),
        ir.Load(REAL, X),
        ir.Store(AT, X),
        ir.Atomic(None, "cas", AT, REAL),
        ir.Atomic(None, "add", AT, REAL, REAL),
        ir.Atomic(X, "add", AT, REAL),
        ir.Call(X, "h", ()),
        ir.Call(REAL, "h", (X,)),
        ir.Call(X, "g", (X,)),
        ir.Call(X, "h", (X,), raises=False),
        ir.Intrinsic(X, "math.sqrt", (REAL,)),
        ir.Intrinsic(None, "abs", (X,)),
        ir.Print(1, ()),
        ir.Print(0, (REAL,)),
        ir.Copy(ir.Local(0, "stranger", i64), ONE),
        ir.Copy(X, ir.Local(99, "stranger", i64)),
        ir.Reload(X, 0),
        ir.Spill(0, X),
        ir.OwnFrame(ir.Local(0, "x", i64)),
        ir.Enqueue(ir.Const(i32, 0), ir.Const(u32, 0)),
        ir.Join(TEST, ir.Const(u32, 0)),
        ir.MakeError(ERROR, 7),
        ir.MakeError(ERROR, 0, (X,)),
        ir.ErrorIs(TEST, ERROR, (99,)),
        ir.OnError("forget", ERROR, ERROR),
        ir.OnError("trace", ERROR),
        ir.OnError("abort", ERROR),
    ],
    ids=lambda op: type(op).__name__,
)
def test_an_op_that_breaks_a_law(op):
    assert "block 0" in refused(only(op))


def test_frames_belong_after_split():
    check(function(only(ir.Spill(0, X), ir.Reload(X, 0), end=ir.Leave(ir.Const(i32, 1))), kind="resume"))
    assert "negative" in refused(only(ir.Spill(-8, X), end=ir.Leave(ir.Const(i32, 1))), kind="resume")
    frame = ir.Const(u64, 0)
    assert "types differ" in refused(only(ir.Spill(0, X, frame), end=ir.Leave(ir.Const(i32, 1))), kind="resume")
    check(function(only(ir.Spill(0, X, ir.Const(u32, 0)), end=ir.Leave(ir.Const(i32, 1))), kind="resume"))


def test_children_begin_and_end_after_split():
    state, frame = ir.Const(i32, 1), ir.Const(u32, 2)
    check(function(only(ir.Enqueue(state, frame), ir.Join(ERROR, frame), end=ir.Leave(state)), kind="resume"))
    for op in (ir.Enqueue(frame, frame), ir.Enqueue(state, state), ir.Join(X, frame), ir.Join(ERROR, state)):
        assert "types differ" in refused(only(op, end=ir.Leave(state)), kind="resume")


@pytest.mark.parametrize(
    "end, options",
    [
        (ir.Goto(1), {}),
        (ir.Goto(-1), {}),
        (ir.Branch(X, 0, 0), {}),
        (ir.Raise(1), {}),
        (ir.Raise(0), {"raises": False}),
        (ir.Poll(0), {"raises": False}),
        (ir.Return(X), {}),
        (ir.Return(None), {"result": i64}),
        (ir.Return(REAL), {"result": i64}),
        (ir.Reschedule(0, NOWHERE), {}),
        (ir.Await(None, "g", (X,), 0, NOWHERE), {}),
        (ir.Await(REAL, "g", (X,), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Await(X, "g", (REAL,), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Await(X, "h", (X,), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Fork((Y,), ("g",), (1,), (X,), 0, NOWHERE), {}),
        (ir.Fork((), (), (), (), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Fork((REAL,), ("g",), (1,), (X,), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Fork((Y,), ("h",), (1,), (X,), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Fork((Y,), ("g",), (1,), (X, X), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Fork((Y,), ("g",), (2,), (X, X), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Fork((Y,), ("g", "g"), (1, 1), (X, X), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Fork((Y, Y), ("g", "g"), (1, 1), (X, X), 0, NOWHERE), {"kind": "coroutine"}),
        (ir.Leave(ir.Const(i32, 1)), {"kind": "coroutine"}),
        (ir.Leave(ir.Const(i64, 1)), {"kind": "resume"}),
        (ir.Return(None), {"kind": "resume"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_terminator_that_breaks_a_law(end, options):
    refused(only(end=end), **options)


def test_a_local_must_be_defined_on_every_path():
    defines, joins = ir.Block("then", [ir.Copy(Y, ONE)], ir.Goto(2)), ir.Block("join", [], ir.Return(Y))
    why = refused(only(end=ir.Branch(TEST, 1, 2)), defines, joins, result=i64)
    assert "block 2" in why
    assert "y may not be defined here" in why
    also = ir.Block("else", [ir.Copy(Y, X)], ir.Goto(2))
    check(function(only(end=ir.Branch(TEST, 1, 3)), defines, joins, also, result=i64))


def test_a_local_defined_in_a_loop_is_not_defined_at_its_head():
    head = ir.Block("head", [ir.Copy(Z, Y)], ir.Goto(2))
    assert "y may not be defined" in refused(only(end=ir.Goto(1)), head, ir.Block("body", [ir.Copy(Y, X)], ir.Goto(1)))


def test_an_awaited_result_is_defined_after_the_await():
    check(function(
        only(end=ir.Await(Y, "g", (X,), 1, NOWHERE)), ir.Block("resume", [], ir.Return(Y)), kind="coroutine", result=i64
    ))  # fmt: skip
    again = ir.Block("entry", [], ir.Await(Y, "g", (Y,), 0, NOWHERE))
    assert "y may not be defined" in refused(again, kind="coroutine")


def test_the_results_of_a_fork_are_defined_after_it():
    fork = only(end=ir.Fork((Y, None), ("g", "g"), (1, 1), (X, X), 1, NOWHERE))
    check(function(fork, ir.Block("resume", [], ir.Return(Y)), kind="coroutine", result=i64))
    assert "z may not" in refused(fork, ir.Block("resume", [], ir.Return(Z)), kind="coroutine", result=i64)
    own = only(end=ir.Fork((Y,), ("g",), (1,), (Y,), 0, NOWHERE))
    assert "y may not be defined" in refused(own, kind="coroutine")


def test_code_that_is_never_reached_need_not_define():
    check(function(only(), ir.Block("dead", [ir.Copy(Z, Y)], ir.Return(None))))


def test_the_root_of_a_module_is_a_coroutine():
    with pytest.raises(verify.InvalidIR, match="root 'f'"):
        verify.verify_module(ir.Module("f", {"f": function(only())}))


def test_a_constant_fits_its_type():
    assert verify.is_value(Tuple((i64, f32)), (1, 1.0))
    assert not verify.is_value(Tuple((i64, f32)), (1, 1))
    assert not verify.is_value(u8, 256)
    assert not verify.is_value(none, 0)
