"""Counted loops and slices over every small case, against CPython's own range and slice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy
import pytest

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import NOWHERE
from coro2cuda.frontend.dtypes import Array, Scalar, Tuple, Type, boolean, i8, i64, none, u8
from coro2cuda.lowering import build, build_loops, interpret, ir, verify

COUNT = tree.Variable("count", i64)
LAST = tree.Variable("last", i64)


def use(variable: tree.Variable) -> tree.Name:
    return tree.Name(NOWHERE, variable.type, variable)


def const(value: int, type: Type = i64) -> tree.Constant:
    return tree.Constant(NOWHERE, type, value)


def assign(variable: tree.Variable, value: tree.Expression) -> tree.Assign:
    return tree.Assign(NOWHERE, (tree.NameTarget(variable),), value)


def add(left: tree.Expression, right: tree.Expression) -> tree.Binary:
    return tree.Binary(NOWHERE, left.type, "add", left, right)


SUSPEND = tree.ExpressionStatement(NOWHERE, tree.Reschedule(NOWHERE, none))


def made(parameters: list[tree.Variable], result: Type, *body: tree.Statement) -> ir.Module:
    function = tree.Function("f", "f", NOWHERE, True, tuple(parameters), result, body)
    module = build.build(tree.Module("f", {"f": function}))
    verify.verify_module(module)
    return module


def range_loop(type: Scalar, step: int | None, suspends: bool, changes: bool) -> ir.Module:
    """`for i in range(start, stop, step)` that counts and folds what it sees; `i` is read after it."""
    start, stop, by, i, seen = (tree.Variable(name, type) for name in ("start", "stop", "step", "i", "seen"))
    fold = assign(COUNT, add(tree.Binary(NOWHERE, i64, "mul", use(COUNT), const(31)),
                             add(tree.Convert(NOWHERE, i64, use(i)), const(1000))))  # fmt: skip
    body = [fold, assign(LAST, tree.Convert(NOWHERE, i64, use(i)))]
    if suspends:
        body.insert(1, SUSPEND)
    if changes:
        body += [assign(i, const(0, type)), assign(stop, const(0, type))]
    step_node = use(by) if step is None else const(step, type)
    loop = tree.ForRange(NOWHERE, i, use(start), use(stop), step_node, tuple(body), (assign(seen, const(1, type)),))
    pair = tree.TupleDisplay(NOWHERE, Tuple((i64, i64, type)), (use(COUNT), use(LAST), use(i)))
    return made([start, stop, by], pair.type, assign(COUNT, const(0)), assign(LAST, const(-7777)),
                assign(i, const(77, type)), loop, tree.Return(NOWHERE, pair))  # fmt: skip


def expected(start: int, stop: int, step: int, changes: bool) -> tuple[int, int, int]:
    count, last, i = 0, -7777, 77
    for i in range(start, stop, step):
        count = i64.wrap(count * 31 + i + 1000)
        last = i
    return count, last, 0 if changes and last != -7777 else i


def bounds(type: Scalar) -> list[int]:
    return [type.low, type.low + 1, type.low + 5, 0, 1, 2, 7, type.high - 5, type.high - 1, type.high]


@pytest.mark.parametrize("suspends", [False, True])
@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("step", [1, -1, 2, -3, 127, -128, None])
def test_a_loop_over_a_range_is_pythons_at_every_edge(step, changes, suspends):
    module = range_loop(i8, step, suspends, changes)
    steps = [1, -1, 3, -4, 100, 127, -128] if step is None else [step]
    for start, stop, by in itertools.product(bounds(i8), bounds(i8), steps):
        result = interpret.run(module, "f", [start, stop, by])
        assert result == expected(start, stop, by, changes), (start, stop, by)


def test_a_loop_over_an_unsigned_range():
    for step in (1, 2, 255, None):
        module = range_loop(u8, step, False, False)
        for start, stop in itertools.product(bounds(u8), bounds(u8)):
            by = step or 3
            assert interpret.run(module, "f", [start, stop, by]) == expected(start, stop, by, False)


@pytest.mark.parametrize("step", [1, -1, 3, None])
def test_strips_of_any_length_cover_the_range_once(step, monkeypatch):
    for strip in (1, 2, 3, 5):
        monkeypatch.setattr(build_loops, "_STRIPS", {1: strip})
        module = range_loop(i8, step, False, False)
        assert any(isinstance(block.end, ir.Poll) for block in module.functions["f"].blocks)
        by = step or 2
        for start, stop in [(0, 0), (0, 1), (0, 11), (11, -2), (-128, 127), (127, -128), (120, 127)]:
            assert interpret.run(module, "f", [start, stop, by]) == expected(start, stop, by, False)


def test_a_step_of_zero_raises():
    for module in (range_loop(i8, None, False, False), range_loop(i8, 0, False, False)):
        with pytest.raises(ValueError, match=r"range\(\) arg 3 must not be zero"):
            interpret.run(module, "f", [1, 2, 0])


def test_a_constant_step_is_not_checked_and_a_short_loop_does_not_poll():
    i = tree.Variable("i", i64)
    loop = tree.ForRange(NOWHERE, i, const(0), const(100), const(1), (assign(COUNT, use(i)),), ())
    ends = [block.end for block in made([COUNT], none, loop).functions["f"].blocks]
    assert not any(isinstance(end, ir.Poll | ir.Raise) for end in ends)
    assert ir.Goto(1, bounded=True) in ends


def nest(*trips: int | None) -> list[ir.Terminator]:
    """The terminators of nested loops with these trip counts; None for one known at run time only."""
    n = tree.Variable("n", i64)
    body: tree.Statement = assign(COUNT, add(use(COUNT), const(1)))
    for position, trip in enumerate(reversed(trips)):
        i = tree.Variable(f"i{position}", i64)
        stop = use(n) if trip is None else const(trip)
        body = tree.ForRange(NOWHERE, i, const(0), stop, const(1), (body,), ())
    return [block.end for block in made([n, COUNT], none, body).functions["f"].blocks]


@pytest.mark.parametrize(
    "trips, polls",
    [((256, 256), 0), ((256, 257), 0), ((300, 300), 1), ((None, 10), 1), ((10, None), 1), ((None,) * 4, 4)],
)
def test_a_nest_polls_often_enough_and_not_more(trips, polls):
    ends = nest(*trips)
    assert sum(isinstance(end, ir.Poll) for end in ends) == polls
    assert sum(isinstance(end, ir.Goto) and end.bounded for end in ends) == len(trips)


def test_a_loop_over_a_call_of_a_function_with_a_loop_has_shorter_strips():
    n, i = tree.Variable("n", i64), tree.Variable("i", i64)
    inner = tree.ForRange(NOWHERE, i, const(0), use(n), const(1), (assign(COUNT, const(0)),), ())
    helper = tree.Function("h", "h", NOWHERE, False, (n,), none, (inner,))
    call = tree.ExpressionStatement(NOWHERE, tree.Call(NOWHERE, none, "h", (use(n),)))
    outer = tree.ForRange(NOWHERE, i, const(0), use(n), const(1), (call,), ())
    root = tree.Function("f", "f", NOWHERE, True, (n,), none, (outer,))
    module = build.build(tree.Module("f", {"f": root, "h": helper}))
    lengths = {
        operand.value
        for block in module.functions["f"].blocks
        for op in block.ops
        for operand in op.sources()
        if isinstance(operand, ir.Const)
    }
    assert 256 in lengths
    assert build_loops.MAX_TURNS not in lengths


# --- over arrays and tuples


def test_a_loop_over_an_array_reads_its_length_once_and_its_elements_when_reached():
    a, b = (tree.Variable(name, Array(i64, 1)) for name in "ab")
    x = tree.Variable("x", i64)
    for suspends in (False, True):
        body = (assign(COUNT, add(use(COUNT), use(x))), assign(a, use(b)), *([SUSPEND] if suspends else []))
        loop = tree.ForArray(NOWHERE, tree.NameTarget(x), use(a), body, ())
        module = made([a, b], i64, assign(COUNT, const(0)), loop, tree.Return(NOWHERE, use(COUNT)))
        assert interpret.run(module, "f", [numpy.arange(10)[::-3], numpy.array([5])]) == 9 + 6 + 3 + 0
        assert interpret.run(module, "f", [numpy.arange(0), numpy.array([5])]) == 0


@pytest.mark.parametrize("contiguous", [True, False])
def test_a_loop_over_a_matrix_gives_its_rows(contiguous):
    a = tree.Variable("a", Array(i64, 3, contiguous))
    row = tree.Variable("row", Array(i64, 2, contiguous))
    first = tree.Element(NOWHERE, i64, use(row), (const(-1), const(1)))
    loop = tree.ForArray(NOWHERE, tree.NameTarget(row), use(a), (assign(COUNT, add(use(COUNT), first)),), ())
    module = made([a], i64, assign(COUNT, const(0)), loop, tree.Return(NOWHERE, use(COUNT)))
    data = numpy.arange(60).reshape(3, 4, 5)
    given = data if contiguous else data[::-2, ::2, ::2]
    assert interpret.run(module, "f", [given]) == given[:, -1, 1].sum()


def test_a_loop_over_a_tuple_and_its_else():
    t, x = tree.Variable("t", Tuple((i64, i64, i64))), tree.Variable("x", i64)
    big = tree.Compare(NOWHERE, boolean, use(x), (tree.Link("gt", i64, const(9)),))
    body = (tree.If(NOWHERE, big, (tree.Break(NOWHERE),), ()), assign(COUNT, add(use(COUNT), use(x))), SUSPEND)
    loop = tree.ForTuple(NOWHERE, tree.NameTarget(x), use(t), body, (assign(COUNT, const(-1)),))
    module = made([t], i64, assign(COUNT, const(0)), loop, tree.Return(NOWHERE, use(COUNT)))
    assert interpret.run(module, "f", [(1, 2, 10)]) == 3
    assert interpret.run(module, "f", [(1, 2, 3)]) == -1


@pytest.mark.parametrize("element, total", [(i64, i64), (u8, i64), (boolean, i64)])
def test_a_sum_is_done_in_its_own_type(element, total):
    a = tree.Variable("a", Array(element, 1))
    module = made([a], total, tree.Return(NOWHERE, tree.Builtin(NOWHERE, total, "sum", (use(a),))))
    data = (numpy.arange(300) % 251).astype(element.numpy())
    assert interpret.run(module, "f", [data]) == int(data.sum())


# --- slices


def parts(*, zero: bool = False) -> Iterator[tuple[int | None, int | None, int | None]]:
    indices = [None, -9, -4, -3, -1, 0, 1, 2, 4, 5, 9]
    steps = [None, 1, 2, 3, -1, -2, i64.high, i64.low, *([0] if zero else [])]
    yield from itertools.product(indices, indices, steps)


def sliced(length: int, bounds: tuple[int | None, ...]) -> list[int]:
    return list(range(length))[slice(*bounds)]


def slice_module(nodes: list[tree.Expression | None], parameters: list[tree.Variable]) -> ir.Module:
    """Elements of `a[start:stop:step]` folded to a number, so that first index, count and step all matter."""
    a = tree.Variable("a", Array(i64, 1))
    view = tree.View(NOWHERE, Array(i64, 1), use(a), (tree.Range(*nodes),))
    x = tree.Variable("x", i64)
    fold = add(tree.Binary(NOWHERE, i64, "mul", use(COUNT), const(10)), add(use(x), const(1)))
    loop = tree.ForArray(NOWHERE, tree.NameTarget(x), view, (assign(COUNT, fold),), ())
    return made([a, *parameters], i64, assign(COUNT, const(0)), loop, tree.Return(NOWHERE, use(COUNT)))


def folded(items: list[int]) -> int:
    return int("".join(str(item + 1) for item in items) or "0")


@pytest.mark.parametrize("length", [0, 1, 4])
def test_slices_with_constant_parts(length):
    data = numpy.arange(length)
    for bounds in parts():
        nodes = [None if part is None else const(part) for part in bounds]
        assert interpret.run(slice_module(nodes, []), "f", [data]) == folded(sliced(length, bounds)), bounds


@pytest.mark.parametrize("length", [0, 1, 4])
def test_slices_with_parts_known_at_run_time(length):
    data = numpy.arange(length)
    variables = [tree.Variable(name, i64) for name in ("start", "stop", "step")]
    for absent in itertools.product([False, True], repeat=3):
        nodes = [None if gone else use(variable) for gone, variable in zip(absent, variables, strict=True)]
        module = slice_module(nodes, variables)
        for bounds in parts():
            if [part is None for part in bounds] == list(absent):
                arguments = [data, *(part or 0 for part in bounds)]
                assert interpret.run(module, "f", arguments) == folded(sliced(length, bounds)), bounds


def test_a_slice_with_a_step_of_zero_raises():
    step = tree.Variable("step", i64)
    with pytest.raises(ValueError, match="slice step cannot be zero"):
        interpret.run(slice_module([None, None, use(step)], [step]), "f", [numpy.arange(3), 0])


def test_a_slice_of_ones_stays_contiguous_and_rows_drop_an_axis():
    a = tree.Variable("a", Array(i64, 2, contiguous=True))
    rows = tree.View(NOWHERE, Array(i64, 2, contiguous=True), use(a), (tree.Range(const(1), None, None),))
    row = tree.View(NOWHERE, Array(i64, 1, contiguous=True), rows, (const(-1),))
    last = tree.Element(NOWHERE, i64, row, (const(-1),))
    column = tree.View(NOWHERE, Array(i64, 1), use(a), (tree.Range(None, None, None), const(1)))
    total = add(last, tree.Builtin(NOWHERE, i64, "sum", (column,)))
    data = numpy.arange(12).reshape(3, 4)
    assert interpret.run(made([a], i64, tree.Return(NOWHERE, total)), "f", [data]) == 11 + (1 + 5 + 9)


def test_views_are_filled_copied_and_updated():
    a, b = tree.Variable("a", Array(i64, 2)), tree.Variable("b", Array(i64, 2, contiguous=True))

    def inner(array: tree.Variable) -> tree.ViewTarget:
        every_other = tree.Range(None, None, const(2))
        return tree.ViewTarget(NOWHERE, tree.View(NOWHERE, Array(i64, 2), use(array), (every_other, every_other)))

    fill = tree.Assign(NOWHERE, (inner(a),), const(7))
    copy = tree.Assign(NOWHERE, (inner(a),), use(b))
    update = tree.AugAssign(NOWHERE, inner(a), "mul", const(3), i64)
    data, source = numpy.arange(25).reshape(5, 5), numpy.arange(9).reshape(3, 3)
    for statement, result in [(fill, 7), (copy, source), (update, data[::2, ::2] * 3)]:
        mine, wanted = data.copy(), data.copy()
        wanted[::2, ::2] = result
        interpret.run(made([a, b], none, statement), "f", [mine, source])
        assert (mine == wanted).all()
    with pytest.raises(ValueError, match="could not broadcast"):
        interpret.run(made([a, b], none, copy), "f", [data.copy(), source[:2]])
