"""Assignments, loops and returns: what they become, and the types of the names they bind."""

from collections.abc import Callable

import pytest

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import Type, f32, f64, i8, i32, i64, u8

Body = Callable[..., tuple[tree.Statement, ...]]
Result = Callable[..., Type]

BINDINGS = {
    "z = 0": "i64",
    "z = 1.0": "f64",
    "z: i32 = 0": "i32",
    "z: f32 = 1": "f32",
    "z: u8 = a": "u8",
    "z: i32\n    z = 5": "i32",
    "z = y = a": "i32",
    "z, y = a, 1": "i32",
    "(y, z), w = (x, a), 1": "i32",
    "y, z = p": "f32",
    "[y, z] = p": "f32",
    "z = a\n    z += 1": "i32",
    "z = x\n    z *= 2": "f32",
    "z: f32 = 0\n    z += x * 2": "f32",
    "y = (z := a) + 1": "i32",
    "z = a\n    z = z * 2 + 1": "i32",
    "z: i32 = 0\n    z = b": "i32",
    "z = v": "f32[:]",
    "z = v[1:]": "f32[:]",
    "z = p": "tuple[i32, f32]",
    "z: tuple[i32, f32] = (1, 2)": "tuple[i32, f32]",
}


@pytest.mark.parametrize("statements", BINDINGS)
def test_type_of_a_bound_name(result: Result, statements: str) -> None:
    text = f"async def f(a: i32, b: i64, x: f32, v: f32[:], p: tuple[i32, f32]):\n    {statements}\n    return z\n"
    assert repr(result(text)) == BINDINGS[statements]


LOOPS = {
    "range(10)": "i64",
    "range(a)": "i32",
    "range(0, a)": "i32",
    "range(a, b)": "i64",
    "range(a, 10, 2)": "i32",
    "range(10, 0, -1)": "i64",
    "range(n)": "u8",
    "range(len(v))": "i64",
    "v": "f32",
    "m": "f32[:]",
    "q": "i32",
    "(1, 2, 3)": "i64",
    "v[::2]": "f32",
}


@pytest.mark.parametrize("iterable", LOOPS)
def test_type_of_a_loop_variable(result: Result, iterable: str) -> None:
    text = f"""async def f(a: i32, b: i64, n: u8, v: f32[:], m: f32[:, :], q: tuple[i32, i32]):
    for z in {iterable}:
        return z
    else:
        while True:
            pass
"""
    assert repr(result(text)) == LOOPS[iterable]


def test_a_declared_loop_variable_types_a_range_of_literals(result: Result) -> None:
    assert result("async def f():\n    i: i32 = 0\n    for i in range(10):\n        pass\n    return i\n") == i32


def test_loop_statements(body: Body) -> None:
    match body("async def f(v: f32[:], q: tuple[i32, i32]):\n    for i in range(3): pass\n    for e in v: pass\n"
               "    for c in q: pass\n    else: pass\n    while v[0] > 0: break\n"):  # fmt: skip
        case (tree.ForRange(), tree.ForArray(), tree.ForTuple(), tree.While(body=(tree.Break(),))):
            pass
        case other:
            raise AssertionError(other)


def test_a_range_without_a_step_has_a_constant_one(body: Body) -> None:
    match body("async def f(a: i32):\n    for i in range(a): pass\n"):
        case (tree.ForRange(start=tree.Constant(value=0), step=tree.Constant(type=type, value=1)),):
            assert type == i32
        case other:
            raise AssertionError(other)


def test_items_of_a_loop_over_pairs_are_unpacked(body: Body) -> None:
    match body("async def f():\n    for a, b in ((1, 2.0), (3, 4.0)):\n        pass\n"):
        case (tree.ForTuple(target=tree.TupleTarget(targets=(tree.NameTarget(a), tree.NameTarget(b)))),):
            assert (a.type, b.type) == (i64, f64)
        case other:
            raise AssertionError(other)


def test_chained_targets_keep_their_order(body: Body) -> None:
    match body("async def f(v: f32[:]):\n    v[0] = x = v[1] = 1.0\n"):
        case (tree.Assign(targets=(tree.ElementTarget(), tree.NameTarget(), tree.ElementTarget()), value=value),):
            assert value.type == f32
        case other:
            raise AssertionError(other)


def test_storing_into_an_element_converts(body: Body) -> None:
    match body("async def f(k: i8[:], a: i32):\n    k[0] = a\n    k[1] = 5\n"):
        case (
            tree.Assign(value=tree.Convert(type=converted, checked=False)),
            tree.Assign(value=tree.Constant(type=constant, value=5)),
        ):
            assert (converted, constant) == (i8, i8)
        case other:
            raise AssertionError(other)


def test_augmented_element_is_done_in_the_promoted_type(body: Body) -> None:
    match body("async def f(k: u8[:], a: i32):\n    k[a] += a\n    k[0] += 1\n"):
        case (tree.AugAssign(type=wide, target=tree.ElementTarget()), tree.AugAssign(type=narrow)):
            assert (wide, narrow) == (i32, u8)
        case other:
            raise AssertionError(other)


def test_slices_take_scalars_and_arrays(body: Body) -> None:
    match body("async def f(v: f32[:], w: f32[:]):\n    v[1:3] = 0\n    v[:2] = w[1:3]\n"):
        case (
            tree.Assign(targets=(tree.ViewTarget(),), value=tree.Constant(type=type)),
            tree.Assign(targets=(tree.ViewTarget(),), value=tree.View()),
        ):
            assert type == f32
        case other:
            raise AssertionError(other)


def test_a_slice_of_a_scalar_in_place(body: Body) -> None:
    match body("async def f(v: f32[:], p: tuple[i32, i32]):\n    v[p[0]] -= p[1]\n"):
        case (tree.AugAssign(op="sub", target=tree.ElementTarget()),):
            pass
        case other:
            raise AssertionError(other)


def test_boundscheck_is_an_option_of_the_decorator(typed: Callable[..., tree.Module], program: object) -> None:
    text = "@gpu_async(boundscheck=False)\nasync def g(v: f32[:]):\n    v[0] = v[1]\n"
    module = typed(text + "@gpu_async\nasync def f(v: f32[:]):\n    await g(v)\n    v[0] = v[1]\n")
    checked = {}
    for function in module.functions.values():
        for statement in function.body:
            match statement:
                case tree.Assign(targets=(tree.ElementTarget(checked=stored),), value=tree.Element(checked=loaded)):
                    checked[function.title] = (stored, loaded)
    assert checked == {"f": (True, True), "g": (False, False)}


def test_the_annotated_result_decides(result: Result) -> None:
    text = "async def f(a: i32, t: bool) -> f32:\n    if t:\n        return 0\n    return 1.5\n"
    assert result(text) == f32


def test_assert_keeps_its_message(body: Body) -> None:
    match body("async def f(a: i32):\n    assert a, 'no a'\n    assert a > 1\n"):
        case (tree.Assert(test=test, message="no a"), tree.Assert(message="")):
            assert repr(test.type) == "bool"
        case other:
            raise AssertionError(other)


def test_docstrings_and_pass_leave_nothing(body: Body) -> None:
    assert body('async def f():\n    """What it does."""\n    pass\n') == ()


def test_print_holds_text_and_values(body: Body) -> None:
    match body("async def f(a: i32):\n    print('a', a, f'{a}!', sep='-', end='.')\n"):
        case (tree.ExpressionStatement(value=tree.Print(parts=parts)),):
            assert "".join(part if isinstance(part, str) else "#" for part in parts) == "a-#-#!."
        case other:
            raise AssertionError(other)


def test_print_ends_with_a_newline(body: Body) -> None:
    match body("async def f(a: i32):\n    print(a, 'of')\n"):
        case (tree.ExpressionStatement(value=tree.Print(parts=parts)),):
            assert "".join(part if isinstance(part, str) else "#" for part in parts) == "# of\n"
        case other:
            raise AssertionError(other)
