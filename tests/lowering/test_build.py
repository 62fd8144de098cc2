"""Typed trees to CFG, on trees made by hand: the text of the IR, what is checked, order of evaluation."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Array, Scalar, Tuple, Type, boolean, f32, f64, i32, i64, none, u8, u64
from coro2cuda.lowering import build, interpret, ir, printer, verify

AT = Span("f.py", 1, 0, 1, 1)


# --- a shorthand for trees


def var(name: str, type: Type = i64) -> tree.Variable:
    return tree.Variable(name, type)


def use(variable: tree.Variable) -> tree.Name:
    return tree.Name(AT, variable.type, variable)


def const(value: Any, type: Type = i64) -> tree.Constant:
    return tree.Constant(AT, type, value)


def binary(op: tree.BinaryOp, left: tree.Expression, right: tree.Expression) -> tree.Binary:
    return tree.Binary(AT, left.type, op, left, right)


def compare(first: tree.Expression, *links: tuple[tree.CompareOp, tree.Expression]) -> tree.Compare:
    return tree.Compare(AT, boolean, first, tuple(tree.Link(op, right.type, right) for op, right in links))


def assign(variable: tree.Variable, value: tree.Expression) -> tree.Assign:
    return tree.Assign(AT, (tree.NameTarget(variable),), value)


def add_to(variable: tree.Variable, value: tree.Expression) -> tree.AugAssign:
    return tree.AugAssign(AT, tree.NameTarget(variable), "add", value, variable.type)


def returns(value: tree.Expression) -> tree.Return:
    return tree.Return(AT, value)


def builtin(name: str, type: Type, *arguments: tree.Expression) -> tree.Builtin:
    return tree.Builtin(AT, type, name, arguments)


def element(array: tree.Variable, *indices: tree.Expression) -> tree.Element:
    assert isinstance(array.type, Array)
    return tree.Element(AT, array.type.element, use(array), indices)


def suspend() -> tree.ExpressionStatement:
    return tree.ExpressionStatement(AT, tree.Reschedule(AT, none))


def function(name: str, parameters: list[tree.Variable], result: Type, *body: tree.Statement, plain: bool = False):
    return tree.Function(name, name, AT, not plain, tuple(parameters), result, body)


def made(*functions: tree.Function) -> ir.Module:
    module = build.build(tree.Module(functions[0].name, {function.name: function for function in functions}))
    for item in module.functions.values():
        verify.verify(item, module)
    return module


def text(*functions: tree.Function) -> str:
    module = made(*functions)
    return printer.print_function(module.functions[functions[0].name])


def value_of(expression: tree.Expression, *arguments: tuple[tree.Variable, Any]) -> Any:
    """The value of an expression for the given arguments."""
    wrapped = function("f", [variable for variable, _ in arguments], expression.type, returns(expression))
    return interpret.run(made(wrapped), "f", [value for _, value in arguments])


def raised(expression: tree.Expression, *arguments: tuple[tree.Variable, Any]) -> str:
    """What it raises, as the last line of a traceback."""
    with pytest.raises(Exception) as caught:
        value_of(expression, *arguments)
    return f"{type(caught.value).__name__}: {caught.value}"


def expect(found: str, wanted: str) -> None:
    assert found == dedent(wanted).lstrip("\n")


# --- the text


def test_a_coroutine_that_suspends_in_a_loop():
    n, steps = var("n", i32), var("steps", i32)
    even = compare(binary("mod", use(n), const(2, i32)), ("eq", const(0, i32)))
    halve = tree.AugAssign(AT, tree.NameTarget(n), "floordiv", const(2, i32), i32)
    grow = assign(n, binary("add", binary("mul", const(3, i32), use(n)), const(1, i32)))
    loop = tree.While(AT, compare(use(n), ("ne", const(1, i32))), (
        suspend(), tree.If(AT, even, (halve,), (grow,)), add_to(steps, const(1, i32)),
    ), ())  # fmt: skip
    collatz = function("collatz(i32)", [n], i32, assign(steps, const(0, i32)), loop, returns(use(steps)))
    expect(text(collatz), """
        coroutine collatz(n: i32) -> i32
          entry:
            steps = 0:i32
            goto while
          while:
            %2 = n ne 1:i32
            branch %2 ? body : after
          body:
            reschedule -> resume
          resume:
            %3 = n mod 2:i32
            %4 = %3 eq 0:i32
            branch %4 ? then : else
          then:
            n = n floordiv 2:i32
            goto bb6
          else:
            %5 = 3:i32 mul n
            n = %5 add 1:i32
            goto bb6
          bb6:
            steps = steps add 1:i32
            goto while
          after:
            return steps
    """)  # fmt: skip


def test_a_loop_that_does_not_suspend_is_cut_into_strips_that_poll():
    n, i, total = var("n"), var("i"), var("total")
    loop = tree.ForRange(AT, i, const(0), use(n), const(1), (add_to(total, use(i)),), ())
    expect(text(function("f", [n], i64, assign(total, const(0)), loop, returns(use(total)))), """
        coroutine f(n: i64) -> i64
          entry:
            total = 0:i64
            %4 = 0:i64 lt n
            branch %4 ? enter : after
          enter:
            i = 0:i64
            goto strip
          strip:
            %5 = n sub i
            %6 = u64(%5)
            %7 = %6 gt 65536:u64
            %8 = i add 65536:i64
            %limit.9 = select %7 ? %8 : n
            goto body
          body:
            total = total add i
            %next.3 = i add 1:i64
            %10 = %next.3 lt %limit.9
            branch %10 ? again : strip_end
          again:
            i = %next.3
            goto body bounded
          strip_end:
            %11 = %next.3 lt n
            branch %11 ? poll : after
          poll:
            i = %next.3
            poll -> strip
          after:
            return total
    """)  # fmt: skip


def test_a_loop_that_suspends_keeps_its_variable_and_the_bound_alone():
    n, i = var("n"), var("i")
    loop = tree.ForRange(AT, i, const(0), use(n), const(1), (suspend(),), ())
    expect(text(function("f", [n], none, loop)), """
        coroutine f(n: i64) -> None
          entry:
            %3 = 0:i64 lt n
            branch %3 ? enter : after
          enter:
            i = 0:i64
            goto body
          body:
            reschedule -> resume
          resume:
            %next.2 = i add 1:i64
            %4 = %next.2 lt n
            branch %4 ? again : after
          again:
            i = %next.2
            goto body
          after:
            return
    """)  # fmt: skip


def test_an_index_is_counted_from_the_end_and_checked_by_one_comparison():
    a, i = var("a", Array(f64, 1, contiguous=True)), var("i")
    expect(text(function("f", [a, i], f64, returns(element(a, use(i))))), """
        coroutine f(a: f64[:], i: i64) -> f64
          entry:
            %2 = extent(a, 0)
            %3 = i lt 0:i64
            %4 = i add %2
            %5 = select %3 ? %4 : i
            %6 = u64(%5)
            %7 = u64(%2)
            %8 = %6 ge %7
            branch %8 ? raise : bb1 rarely
          bb1:
            %10 = address(a)
            %address.9 = %10 + %5 * 8 : Pointer[f64, global]
            %11 = load %address.9 : f64
            return %11
          raise:
            raise 0
    """)  # fmt: skip


def test_the_variable_of_a_rising_loop_needs_no_count_from_the_end():
    a, i, total = var("a", Array(f64, 1)), var("i"), var("total", f64)
    loop = tree.ForRange(
        AT, i, const(0), tree.Extent(AT, i64, use(a), 0), const(1), (add_to(total, element(a, use(i))),), ()
    )
    shown = text(function("f", [a], f64, assign(total, const(0.0, f64)), loop, returns(use(total))))
    assert "i lt 0" not in shown
    assert shown.count(" ge ") == 1
    falling = tree.ForRange(AT, i, use(i), const(0), const(-1), (add_to(total, element(a, use(i))),), ())
    assert "i lt 0:i64" in text(
        function("f", [a, i], f64, assign(total, const(0.0, f64)), falling, returns(use(total)))
    )


# --- checks


def test_an_unchecked_function_has_no_checks():
    a, i = var("a", Array(i64, 1, contiguous=True)), var("i")
    body = (returns(binary("floordiv", element(a, use(i)), use(i))),)
    device = tree.Function("f", "f", AT, False, (a, i), i64, body, unchecked=True)
    shown = text(device)
    assert "branch" not in shown
    assert "does not raise" in shown


def test_a_raise_is_shared_in_a_function_and_a_site_in_a_module():
    x, y = var("x"), var("y")
    twice = binary("add", binary("floordiv", use(x), use(y)), binary("floordiv", use(y), use(y)))
    module = made(function("f", [x, y], i64, returns(twice)), function("g", [x, y], i64, returns(twice)))
    assert len(module.sites) == 1
    assert printer.print_module(module).count("raise 0") == 2


def test_who_raises_is_known_through_calls():
    x = var("x")
    divide = function("divide", [x], i64, returns(binary("floordiv", const(1), use(x))), plain=True)
    double = function("double", [x], i64, returns(binary("add", use(x), use(x))), plain=True)
    both = [tree.Call(AT, i64, name, (use(x),)) for name in ("divide", "double")]
    outer = function("outer", [x], i64, returns(binary("add", *both)), plain=True)
    module = made(function("f", [x], i64, returns(tree.Call(AT, i64, "outer", (use(x),)))), divide, double, outer)
    assert {name for name, item in module.functions.items() if item.raises} == {"f", "divide", "outer"}
    calls = [op for block in module.functions["outer"].blocks for op in block.ops if isinstance(op, ir.Call)]
    assert [call.raises for call in calls] == [True, False]


# --- order of evaluation


def test_a_name_is_read_before_a_walrus_to_its_right():
    x = var("x")
    changed = binary("mul", use(x), tree.Walrus(AT, i64, x, binary("add", use(x), const(1))))
    assert value_of(changed, (x, 10)) == 110
    assert value_of(binary("add", changed, use(x)), (x, 10)) == 121


def test_a_walrus_to_the_left_is_seen():
    x = var("x")
    assert value_of(binary("sub", tree.Walrus(AT, i64, x, const(5)), use(x)), (x, 1)) == 0


def test_names_are_not_copied_without_a_walrus():
    x = var("x")
    module = made(function("f", [x], i64, returns(binary("mul", use(x), use(x)))))
    assert not any(isinstance(op, ir.Copy) for op in module.functions["f"].blocks[0].ops)


def test_an_augmented_name_is_read_before_its_value():
    x = var("x")
    f = function("f", [x], i64, add_to(x, tree.Walrus(AT, i64, x, const(5))), returns(use(x)))
    assert interpret.run(made(f), "f", [10]) == 15


def test_a_swap_needs_no_tuple():
    x, y = var("x"), var("y")
    swap = tree.Assign(AT, (tree.TupleTarget((tree.NameTarget(x), tree.NameTarget(y))),),
                       tree.TupleDisplay(AT, Tuple((i64, i64)), (use(y), use(x))))  # fmt: skip
    f = function("f", [x, y], i64, swap, returns(binary("sub", use(x), use(y))))
    assert interpret.run(made(f), "f", [1, 10]) == 9
    assert "(" not in text(f).split("\n", 1)[1]


def test_a_chain_evaluates_each_operand_once_and_no_more_than_needed():
    x, y, count = var("x"), var("y"), var("count")
    counted = tree.Walrus(AT, i64, count, binary("add", use(count), const(1)))
    middle = binary("add", use(y), binary("mul", counted, const(0)))
    chain = compare(use(x), ("lt", middle), ("lt", counted))
    result = tree.Conditional(AT, i64, chain, use(count), binary("sub", const(0), use(count)))
    assert value_of(result, (x, 0), (y, 1), (count, 0)) == 2
    assert value_of(result, (x, 1), (y, 1), (count, 0)) == -1


@pytest.mark.parametrize("op, left, result", [("and", 0, 0), ("and", 3, 8), ("or", 3, 3), ("or", 0, 8)])
def test_the_value_of_and_and_or_is_the_deciding_operand(op, left, result):
    x = var("x")
    assert value_of(tree.Boolean(AT, i64, op, (use(x), const(8))), (x, left)) == result


def test_a_variable_assigned_from_its_own_and_is_not_changed_too_early():
    x = var("x")
    both = tree.Boolean(AT, i64, "and", (binary("add", use(x), const(1)), use(x)))
    assert interpret.run(made(function("f", [x], i64, assign(x, both), returns(use(x)))), "f", [4]) == 4


def test_a_signed_and_an_unsigned_number_compare_by_value():
    x, y = var("x", i64), var("y", u64)
    less = tree.Compare(AT, boolean, use(x), (tree.Link("lt", None, use(y)),))
    assert value_of(less, (x, -1), (y, 2**64 - 1)) is True


def test_the_first_of_equals_wins_in_min_and_nan_stays_first():
    x, y, z = (var(name, f64) for name in "xyz")
    least = builtin("min", f64, use(x), use(y), use(z))
    for numbers in [(1.0, 2.0, 0.5), (float("nan"), 1.0, 2.0), (1.0, float("nan"), 0.5), (0.0, -0.0, 0.0)]:
        assert repr(value_of(least, *zip((x, y, z), numbers, strict=True))) == repr(min(numbers))


# --- tuples and other things


def test_a_tuple_is_indexed_at_run_time():
    t, i = var("t", Tuple((i64, i64, i64))), var("i")
    item = tree.PickItem(AT, i64, use(t), use(i))
    for index in range(-3, 3):
        assert value_of(item, (t, (5, 6, 7)), (i, index)) == (5, 6, 7)[index]
    assert raised(item, (t, (5, 6, 7)), (i, 3)) == "IndexError: tuple index out of range"
    assert raised(item, (t, (5, 6, 7)), (i, -4)) == "IndexError: tuple index out of range"


def test_round_goes_to_even_and_divmod_gives_a_tuple():
    x, y = var("x", f64), var("y", f64)
    for number in (0.5, 1.5, 2.5, -0.5, -1.5, 3.49):
        assert value_of(builtin("round", i64, use(x)), (x, number)) == round(number)
    pair = builtin("divmod", Tuple((f64, f64)), use(x), use(y))
    assert value_of(pair, (x, -7.5), (y, 2.0)) == divmod(-7.5, 2.0)
    assert raised(pair, (x, 1.0), (y, 0.0)) == "ZeroDivisionError: float divmod()"


def test_a_failed_assert_raises_its_message():
    x = var("x")
    check = tree.Assert(AT, compare(use(x), ("gt", const(0))), "x must be positive")
    module = made(function("f", [x], none, check))
    assert interpret.run(module, "f", [1]) is None
    with pytest.raises(AssertionError, match="x must be positive") as caught:
        interpret.run(module, "f", [0])
    assert caught.value.site.span == AT  # type: ignore[attr-defined]


def test_what_is_printed_keeps_pythons_punctuation():
    x, t = var("x"), var("t", Tuple((i64, boolean)))
    shown = tree.ExpressionStatement(AT, tree.Print(AT, none, ("x = ", use(x), " t = ", use(t), "\n")))
    task = interpret.Task(made(function("f", [x, t], none, shown)), "f", [3, (4, True)])
    assert task.step()
    assert "".join(task.output) == "x = 3 t = (4, True)\n"


def test_awaits_evaluate_their_arguments_and_give_the_result():
    x = var("x")
    double = function("double", [x], i64, suspend(), returns(binary("mul", use(x), const(2))))
    total = binary("add", *(tree.Await(AT, i64, "double", (const(number),)) for number in (3, 4)))
    task = interpret.Task(made(function("f", [], i64, returns(total)), double), "f", [])
    assert [task.step(), task.step(), task.step()] == [False, False, True]
    assert task.result == 14


def test_an_awaited_result_that_is_not_used_has_no_place():
    x = var("x")
    callee = function("g", [x], i64, returns(use(x)))
    ends = made(function("f", [x], none, tree.ExpressionStatement(AT, tree.Await(AT, i64, "g", (use(x),)))), callee)
    end = ends.functions["f"].blocks[0].end
    assert isinstance(end, ir.Await)
    assert end.dest is None


def gathering(*calls: tuple[str, tree.Expression]) -> tree.Gather:
    return tree.Gather(AT, Tuple((i64,) * len(calls)), tuple((name, (argument,)) for name, argument in calls))


def test_a_gather_that_is_unpacked_into_names_assigns_them():
    x, a, c = var("x"), var("a"), var("c")
    callee = function("g", [var("y")], i64, returns(const(1)))
    value = gathering(("g", use(x)), ("g", binary("add", use(x), const(1))))

    def shown(*targets: tree.Variable) -> str:
        unpack = tree.Assign(AT, (tree.TupleTarget(tuple(map(tree.NameTarget, targets))),), value)
        module = made(function("f", [x], i64, unpack, returns(use(targets[0]))), callee)
        return printer.print_function(module.functions["f"])

    assert "a, c = fork g(x), g(%3) -> resume\n  resume:\n    return a\n" in shown(a, c)
    assert "pack" not in shown(a, c)
    assert "fork" in shown(a, a) and "a, a = fork" not in shown(a, a)


def test_a_gather_evaluates_all_arguments_first():
    x = var("x")
    later = tree.Walrus(AT, i64, x, binary("add", use(x), const(1)))
    value = gathering(("g", use(x)), ("g", later))
    callee = function("g", [y := var("y")], i64, returns(binary("mul", use(y), const(10))))
    pair = interpret.run(made(function("f", [x], value.type, returns(value)), callee), "f", [3])
    assert pair == (30, 40)


def test_a_gather_whose_results_are_not_used_has_no_place_for_them():
    x = var("x")
    callee = function("g", [var("y")], i64, returns(const(1)))
    module = made(function("f", [x], none, tree.ExpressionStatement(AT, gathering(("g", use(x))))), callee)
    end = module.functions["f"].blocks[0].end
    assert isinstance(end, ir.Fork) and end.dests == (None,)


def test_an_infinite_loop_has_no_way_out():
    x = var("x")
    loop = tree.While(AT, const(True, boolean), (add_to(x, const(1)),), ())
    shown = text(function("f", [x], i64, loop))
    assert "return" not in shown
    assert "branch" not in shown


@pytest.mark.parametrize("scalar", [i32, f32, u8], ids=repr)
def test_an_augmented_element_evaluates_its_index_once(scalar: Scalar):
    import numpy

    a, i = var("a", Array(scalar, 1)), var("i")
    index = tree.Walrus(AT, i64, i, binary("add", use(i), const(1)))
    one = const(1.0 if scalar.is_float else 1, scalar)
    target = tree.ElementTarget(AT, use(a), (index,))
    f = function("f", [a, i], i64, tree.AugAssign(AT, target, "add", one, scalar), returns(use(i)))
    data = numpy.zeros(4, scalar.numpy())
    assert interpret.run(made(f), "f", [data[::2], 0]) == 1
    assert data.tolist() == [0, 0, 1, 0]
