"""The text of the IR: every op and terminator has one, and names and labels are never ambiguous."""

from __future__ import annotations

from coro2cuda.frontend.diagnostics import NOWHERE, Span
from coro2cuda.frontend.dtypes import Array, Pointer, Scalar, Tuple, Type, boolean, f64, i32, i64, none, u32
from coro2cuda.lowering import ir, printer

X, AGAIN, FLAG = ir.Local(0, "x", i64), ir.Local(1, "x", i64), ir.Local(2, "flag", boolean)
AT, ARRAY, PAIR = (
    ir.Local(3, "at", Pointer(i64)),
    ir.Local(4, "a", Array(i64, 1)),
    ir.Local(5, "pair", Tuple((i64, i64))),
)
STATE, FRAME, Y = ir.Local(6, "state", i32), ir.Local(7, "frame", u32), ir.Local(8, "y", i64)
LOCALS = [X, AGAIN, FLAG, AT, ARRAY, PAIR, STATE, FRAME, Y]
ONE = ir.Const(i64, 1)


def function(*blocks: ir.Block, kind: ir.FunctionKind = "coroutine", result: Type = none) -> ir.Function:
    return ir.Function("f(i64)", "f", kind, (X,), result, list(blocks), LOCALS, NOWHERE)


def line(op: ir.Op) -> str:
    return printer.Printer(function()).op(op)


def test_every_op_reads_like_python():
    shown = [line(op) for op in (
        ir.Copy(Y, ONE), ir.Unary(Y, "neg", Y), ir.Binary(Y, "floordiv", Y, ONE), ir.Compare(FLAG, "le", Y, ONE),
        ir.Select(Y, FLAG, Y, ONE), ir.Convert(STATE, Y), ir.Pack(PAIR, (Y, ONE)), ir.Extract(Y, PAIR, 1),
        ir.MakeArray(ARRAY, AT, (Y,), (ONE,)), ir.ArrayPart(AT, "address", ARRAY), ir.ArrayPart(Y, "stride", ARRAY, 1),
        ir.Offset(AT, AT, Y, 8, 4), ir.Load(Y, AT), ir.Store(AT, Y), ir.Atomic(Y, "cas", AT, Y, ONE),
        ir.Atomic(None, "add", AT, Y), ir.Call(None, "g(i64)", (Y,)), ir.Intrinsic(Y, "abs", (Y,)), ir.Print(3, (Y,)),
        ir.Reload(Y, 8), ir.Spill(16, Y), ir.Spill(0, Y, FRAME, FRAME), ir.AllocateFrame(FRAME), ir.OwnFrame(FRAME),
        ir.Start(Y, STATE, FRAME, "g(i64).start", (Y,)), ir.Start(None, STATE, FRAME, "g", ()),
        ir.Copy(Y, ir.Uniform(2, i64)), ir.Enqueue(ir.Const(i32, 3), FRAME), ir.Join(FLAG, FRAME),
    )]  # fmt: skip
    assert shown == [
        "y = 1:i64",
        "y = neg y",
        "y = y floordiv 1:i64",
        "flag = y le 1:i64",
        "y = select flag ? y : 1:i64",
        "state = i32(y)",
        "pair = (y, 1:i64)",
        "y = pair[1] : i64",
        "a = array at [y] by 1:i64 : i64[:]",
        "at = address(a)",
        "y = stride(a, 1)",
        "at = at + y * 8 + 4 : Pointer[i64, generic]",
        "y = load at : i64",
        "store at, y",
        "y = atomic_cas at, y if 1:i64",
        "atomic_add at, y",
        "call g(y)",
        "y = abs(y) : i64",
        "print 3 (y)",
        "y = reload [8] : i64",
        "spill [16], y",
        "spill [0 + frame] of frame, y",
        "frame = allocate frame",
        "frame = own frame",
        "state, frame, y = start g(y)",
        "state, frame = start g()",
        "y = uniform[2]:i64",
        "enqueue 3:i32 frame",
        "flag = join frame",
    ]


def test_every_terminator_names_where_it_goes():
    ends: list[ir.Terminator] = [
        ir.Goto(1), ir.Goto(0, bounded=True), ir.Branch(FLAG, 1, 2), ir.Branch(FLAG, 1, 2, rare=True), ir.Poll(1),
        ir.Raise(0), ir.Return(None), ir.Return(Y), ir.Reschedule(1, NOWHERE),
        ir.Await(Y, "g(i64)", (ONE,), 1, NOWHERE), ir.Await(None, "g(i64)", (), 2, NOWHERE),
        ir.Fork((Y, None), ("g(i64)", "h()"), (2, 0), (ONE, Y), 1, NOWHERE),
        ir.Fork((None,), ("g(i64)",), (1,), (ONE,), 2, NOWHERE),
        ir.Leave(STATE), ir.Leave(STATE, FRAME, release=True),
        ir.Continue("g(i64).after1", Y), ir.Continue("g", None),
    ]  # fmt: skip
    made = printer.Printer(function(*(ir.Block(label, [], ends[0]) for label in ("entry", "loop", "exit"))))
    assert [made.end(end) for end in ends] == [
        "goto loop",
        "goto entry bounded",
        "branch flag ? loop : exit",
        "branch flag ? loop : exit rarely",
        "poll -> loop",
        "raise 0",
        "return",
        "return y",
        "reschedule -> loop",
        "y = await g(1:i64) -> loop",
        "await g() -> exit",
        "y, _ = fork g(1:i64, y), h() -> loop",
        "fork g(1:i64) -> exit",
        "leave to state",
        "leave to state with frame frame, release",
        "continue g.after1(y)",
        "continue g()",
    ]


def test_names_and_labels_that_are_not_unique_carry_their_index():
    blocks = [ir.Block("loop", [ir.Copy(X, AGAIN)], ir.Goto(1)), ir.Block("loop", [], ir.Return(None))]
    assert printer.print_function(function(*blocks)) == (
        "coroutine f(x.0: i64) -> None\n  loop.0:\n    x.0 = x.1\n    goto loop.1\n  loop.1:\n    return\n"
    )


def test_a_module_shows_its_root_first_then_its_tables():
    root = function(ir.Block("entry", [], ir.Return(None)))
    half = ir.Block("entry", [], ir.Return(ir.Const(f64, 0.5)))
    helper = ir.Function("a", "a", "plain", (), f64, [half], [], NOWHERE, raises=False)
    site = ir.Site("ValueError", "no", Span("f.py", 3, 4, 3, 5))
    formats: list[tuple[str | Scalar, ...]] = [("x = ", i64, "\n")]
    module = ir.Module("f(i64)", {"a": helper, "f(i64)": root}, [site], list(formats))
    assert printer.print_module(module).split("\n") == [
        "coroutine f(x.0: i64) -> None",
        "  entry:",
        "    return",
        "",
        "plain a() -> f64  # does not raise",
        "  entry:",
        "    return 0.5:f64",
        "",
        "site 0: ValueError: no at f.py:3:5",
        "",
        "format 0: 'x = ' {i64} '\\n'",
        "",
    ]
