"""The type of every kind of expression, as a table."""

from collections.abc import Callable

import pytest

from coro2cuda.frontend import tree
from coro2cuda.frontend.dtypes import NoneValue, Number, Type, f32, f64, i32, i64

PARAMETERS = """s: i8, h: i16, a: i32, b: i64, n: u8, w: u32, u: u64, t: bool, x: f32, y: f64,
    v: f32[:], m: f32[:, :], k: i32[:], p: tuple[i32, f32], q: tuple[i32, i32]"""

ARITHMETIC = {
    "a + a": "i32", "a + b": "i64", "a + s": "i32", "n + s": "i16", "n + h": "i16", "w + a": "i64", "n + w": "u32",
    "a + t": "i32", "t + t": "i64", "a + x": "f64", "h + x": "f32", "x + y": "f64", "a - 1": "i32", "1 - a": "i32",
    "a * 0.5": "f64", "x * 0.5": "f32", "x * 2": "f32", "n + 1": "u8", "u + 1": "u64", "t + 1": "i64",
    "a / a": "f64", "s / s": "f64", "x / x": "f32", "x / 2": "f32", "1 / a": "f64", "h / x": "f32",
    "a // 2": "i32", "x // 2": "f32", "a % 3": "i32", "-7 % a": "i32", "y % 3": "f64", "t // t": "i64",
    "a ** 2": "i32", "2 ** a": "i32", "x ** 2": "f32", "x ** 0.5": "f32", "y ** a": "f64", "a ** b": "i64",
    "a << 1": "i32", "1 << a": "i32", "a << b": "i64", "u >> 3": "u64", "a & 1": "i32", "a | b": "i64",
    "t & t": "bool", "t ^ t": "bool", "t | a": "i32", "~a": "i32", "~t": "i64", "-a": "i32", "-t": "i64", "+t": "i64",
    "+x": "f32", "-x": "f32",
}  # fmt: skip
LITERALS = {
    "1": "i64", "1.5": "f64", "True": "bool", "2 ** 40": "i64", "18446744073709551615": "u64", "7 // 2": "i64",
    "1 / 2": "f64", "-(2 ** 63)": "i64", "~5": "i64", "2 ** -1": "f64", "1 << 10": "i64", "math.pi": "f64",
    "x * math.pi": "f32", "a + 2 * 3": "i32", "x + 1 / 3": "f32", "not 1": "bool", "1 < 2": "bool",
    "1_000": "i64", "0xFF": "i64", "1e3": "f64", "math.inf": "f64",
}  # fmt: skip
TRUTH = {
    "a < x": "bool", "a < b < x": "bool", "u < a": "bool", "a == 1": "bool", "t == 1": "bool", "not a": "bool",
    "not x": "bool", "a and a": "i32", "a or a": "i32", "t and a > 1": "bool", "a if t else a": "i32",
    "a if x else i32(0)": "i32", "1 if t else 2": "i64", "x if t else f32(0)": "f32", "t or t and t": "bool",
    "x != x": "bool",
}  # fmt: skip
CALLS = {
    "abs(a)": "i32", "abs(t)": "i64", "abs(x)": "f32", "round(x)": "i64", "round(a)": "i64", "min(a, 1)": "i32",
    "min(a, b)": "i64", "max(x, 0)": "f32", "max(a, b, s)": "i64", "min(q)": "i32", "max(1, 2)": "i64",
    "divmod(a, 3)": "tuple[i32, i32]", "divmod(x, 2)": "tuple[f32, f32]", "pow(a, 2)": "i32", "pow(x, y)": "f64",
    "sum(v)": "f32", "sum(k)": "i32", "sum(q)": "i32", "sum(p)": "f64", "sum((1, 2))": "i64", "int(x)": "i64",
    "int(a)": "i64", "int(t)": "i64", "float(a)": "f64", "float(x)": "f64", "bool(a)": "bool", "i32(x)": "i32",
    "u8(a)": "u8", "f32(y)": "f32", "i32(300)": "i32", "np.float32(a)": "f32", "np.int16(a)": "i16", "i64(u)": "i64",
    "len(v)": "i64", "len(m)": "i64", "len(p)": "i64", "pow(2, a)": "i32", "abs(-2) * x": "f64", "len(p) * x": "f64",
    "min(x, y)": "f64", "min(1, 2)": "i64", "min((a, b))": "i64", "min(t, t)": "bool",
}  # fmt: skip
MATH = {
    "math.sqrt(x)": "f32", "math.sqrt(y)": "f64", "math.sqrt(a)": "f64", "math.sqrt(2)": "f64", "math.floor(x)": "i64",
    "math.ceil(y)": "i64", "math.trunc(y)": "i64", "math.isnan(x)": "bool", "math.isinf(1.0)": "bool",
    "math.atan2(x, y)": "f64", "math.atan2(x, x)": "f32", "math.atan2(x, 1)": "f32", "math.hypot(x, x)": "f32",
    "math.log(x)": "f32", "math.log(y, 2)": "f64", "math.fabs(a)": "f64", "math.copysign(x, -1)": "f32",
    "math.pow(x, 2)": "f32", "math.fmod(y, 2)": "f64", "math.exp(t)": "f64", "math.floor(a)": "i64",
    "math.hypot(x, h)": "f32",
}  # fmt: skip
PARTS = {
    "v[0]": "f32", "v[-1]": "f32", "v[a]": "f32", "v[n]": "f32", "q[t]": "i32", "m[0, 1]": "f32", "m[0]": "f32[:]",
    "m[0][1]": "f32", "v[1:]": "f32[:]", "v[::2]": "f32[:]", "m[1:]": "f32[:, :]", "m[1:, 0]": "f32[:]",
    "m[:, a]": "f32[:]", "m[a, 1:3][0]": "f32", "v.shape": "tuple[i64]", "m.shape": "tuple[i64, i64]",
    "m.shape[1]": "i64", "m.shape[-1]": "i64", "m.ndim": "i64", "m.size": "i64", "p[0]": "i32", "p[1]": "f32",
    "p[-1]": "f32", "q[a]": "i32", "p": "tuple[i32, f32]", "(a, 1)": "tuple[i32, i64]", "()": "tuple[()]",
    "((a, x), t)": "tuple[tuple[i32, f32], bool]", "(c := a)": "i32", "(c := 1)": "i64", "(c := a) + c": "i32",
    "(1, 2)[0]": "i64", "(1, 2.5)[1]": "f64", "(1, 2)[a]": "i64", "m.ndim * x": "f64",
}  # fmt: skip
ATOMICS = {
    "atomic_add(v, 0, 1)": "f32", "atomic_add(m, (0, a), 1.5)": "f32", "atomic_sub(k, a, 1)": "i32",
    "atomic_min(k, 0, a)": "i32", "atomic_max(v, 0, x)": "f32", "atomic_and(k, 0, 1)": "i32",
    "atomic_or(k, 0, 1)": "i32", "atomic_xor(k, 0, 1)": "i32", "atomic_exchange(k, 0, 7)": "i32",
    "atomic_compare_and_swap(k, 0, 1, 2)": "i32",
}  # fmt: skip
BIT_CASTS = {
    "bit_cast(u32, x)": "u32", "bit_cast(i32, x)": "i32", "bit_cast(f32, a)": "f32", "bit_cast(int, y)": "i64",
    "bit_cast(f64, 1)": "f64", "bit_cast(u64, 1.5)": "u64",
}  # fmt: skip

TABLE = ARITHMETIC | LITERALS | TRUTH | CALLS | MATH | PARTS | ATOMICS | BIT_CASTS


@pytest.mark.parametrize("expression", TABLE)
def test_type(result: Callable[..., Type], expression: str) -> None:
    assert repr(result(f"async def f({PARAMETERS}):\n    return {expression}\n")) == TABLE[expression]


def expressions_of(node: object) -> list[tree.Expression]:
    """Every expression in a statement or expression."""
    found: list[tree.Expression] = []
    stack = [node]
    while stack:
        at = stack.pop()
        if isinstance(at, tuple):
            stack.extend(at)
        elif type(at).__module__ == tree.__name__ and not isinstance(at, tree.Variable):
            if isinstance(at, tree.Expression):
                found.append(at)
            stack.extend(getattr(at, name) for name in at.__slots__ if name != "pure")  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("expression", TABLE)
def test_no_weak_number_is_left(body: Callable[..., tuple[tree.Statement, ...]], expression: str) -> None:
    for node in expressions_of(body(f"async def f({PARAMETERS}):\n    z = {expression}\n    return z\n")):
        assert not isinstance(node.type, Number)


@pytest.mark.parametrize("expression", TABLE)
def test_operands_have_the_type_of_the_operation(
    body: Callable[..., tuple[tree.Statement, ...]], expression: str
) -> None:
    for node in expressions_of(body(f"async def f({PARAMETERS}):\n    return {expression}\n")):
        match node:
            case tree.Binary(type=type, left=left, right=right):
                assert (left.type, right.type) == (type, type)
                assert node.op != "truediv" or type in (f32, f64)
            case tree.Unary(type=type, operand=operand):
                assert operand.type == type
            case tree.Boolean(type=type, values=values):
                assert {value.type for value in values} == {type}
            case tree.Conditional(type=type, then=then, orelse=orelse):
                assert (then.type, orelse.type) == (type, type)
            case tree.Element(indices=indices):
                assert {index.type for index in indices} == {i64}
            case tree.Convert(type=type, operand=operand):
                assert operand.type != type
            case tree.Compare(first=first, links=links):
                sides = [first, *(link.right for link in links)]
                assert all(link.type is not None or i64 in (a.type, b.type) or i32 in (a.type, b.type)
                           for link, a, b in zip(links, sides, sides[1:], strict=False))  # fmt: skip


CONSTANTS = {
    "2 ** 10": 1024, "-7 // 2": -4, "-7 % 3": 2, "1 / 4": 0.25, "2 ** -1": 0.5, "~0": -1, "1 << 4 | 1": 17,
    "-(-3)": 3, "7.5 // 2": 3.0, "0.1 + 0.2": 0.1 + 0.2,
}  # fmt: skip


@pytest.mark.parametrize("expression", CONSTANTS)
def test_arithmetic_on_literals_is_folded(body: Callable[..., tuple[tree.Statement, ...]], expression: str) -> None:
    (statement,) = body(f"async def f():\n    return {expression}\n")
    match statement:
        case tree.Return(value=tree.Constant(value=value)):
            assert (value, type(value)) == (CONSTANTS[expression], type(CONSTANTS[expression]))
        case _:
            raise AssertionError(statement)


def test_a_literal_takes_the_type_of_the_other_operand(body: Callable[..., tuple[tree.Statement, ...]]) -> None:
    match body("async def f(a: i32):\n    return a + 1\n"):
        case (tree.Return(value=tree.Binary(op="add", right=tree.Constant(type=type, value=1))),):
            assert type == i32
        case other:
            raise AssertionError(other)


def test_an_int_literal_beside_a_float_is_a_float(body: Callable[..., tuple[tree.Statement, ...]]) -> None:
    match body("async def f(x: f32):\n    return x + 1\n"):
        case (tree.Return(value=tree.Binary(right=tree.Constant(type=constant, value=float(value)))),):
            assert (constant, value) == (f32, 1.0)
        case other:
            raise AssertionError(other)


def test_signed_and_u64_compare_by_value(body: Callable[..., tuple[tree.Statement, ...]]) -> None:
    match body("async def f(a: i32, u: u64):\n    return a < u\n"):
        case (tree.Return(value=tree.Compare(links=(tree.Link(op="lt", type=None),))),):
            pass
        case other:
            raise AssertionError(other)


def test_conversions_of_floats_to_integers_are_checked(body: Callable[..., tuple[tree.Statement, ...]]) -> None:
    match body("async def f(x: f32):\n    return i32(x)\n"):
        case (tree.Return(value=tree.Convert(type=type, checked=True)),):
            assert type == i32
        case other:
            raise AssertionError(other)


def test_a_function_without_return_gives_none(result: Callable[..., Type]) -> None:
    assert isinstance(result("async def f():\n    pass\n"), NoneValue)


def test_a_compile_time_tuple_sum_is_unrolled(body: Callable[..., tuple[tree.Statement, ...]]) -> None:
    nodes = expressions_of(body("async def f(a: i32):\n    return sum((a, a, a))\n"))
    assert sum(isinstance(node, tree.Binary) and node.op == "add" for node in nodes) >= 2
    assert not any(isinstance(node, tree.Builtin) for node in nodes)
