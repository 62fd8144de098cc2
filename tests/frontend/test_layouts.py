"""Arrays of several layouts in one name, in results and in annotations: seen as strided views where they meet."""

from collections.abc import Callable

import pytest

from coro2cuda.frontend import tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Array, Type, boolean, f32

VECTOR, MATRIX = Array(f32, 1, contiguous=True), Array(f32, 2, contiguous=True)

CONTIGUOUS = {
    "m[1:]": True, "m[0]": True, "m[:]": True, "m[0, 1:]": False, "m[:, 0]": False, "m[::2]": False, "m[:, 1:]": False,
    "m[1:][0]": True,
}  # fmt: skip


@pytest.mark.parametrize("view", CONTIGUOUS)
def test_what_stays_contiguous(result: Callable[..., Type], view: str) -> None:
    found = result(f"async def f(m):\n    return {view}\n", MATRIX)
    assert isinstance(found, Array)
    assert found.contiguous is CONTIGUOUS[view]


ACCEPTED = [
    "row = m[0]\nrow = m[:, 0]\nreturn row[0]",
    "row = m[:, 0]\nrow = m[0]\nreturn row[0]",
    "for row in m:\n    pass\nfor row in m[:, ::2]:\n    pass\nreturn m[0, 0]",
    "for row in m[:, ::2]:\n    pass\nfor row in m:\n    pass\nreturn m[0, 0]",
    "row, n = m[0], 1\nrow, n = m[:, 0], 2\nreturn row[n]",
    "row: f32[:] = m[0]\nrow = m[:, 0]\nreturn row[0]",
    "if (row := m[0])[0] > 1:\n    row = m[:, 1]\nreturn row[0]",
]


@pytest.mark.parametrize("statements", ACCEPTED)
def test_a_name_may_change_layout(result: Callable[..., Type], statements: str) -> None:
    lines = "\n".join(f"    {line}" for line in statements.splitlines())
    assert result(f"async def f(m):\n{lines}\n", MATRIX) == f32


def test_the_value_becomes_a_view_without_the_promise(body: Callable[..., tuple[tree.Statement, ...]]) -> None:
    match body("async def f(m):\n    row = m[0]\n    row = m[:, 0]\n", MATRIX):
        case (
            tree.Assign(targets=(tree.NameTarget(variable),), value=tree.View(type=type, items=(), array=inner)),
            tree.Assign(value=tree.View(items=(tree.Range(), tree.Constant()))),
        ):
            assert variable.type == type == Array(f32, 1)
            assert inner.type == VECTOR
        case other:
            raise AssertionError(other)


def test_a_declared_result_promises_nothing(result: Callable[..., Type]) -> None:
    text = "def g(v: f32[:]) -> f32[:]:\n    return v\nasync def f(v):\n    return g(v)\n"
    assert result(text, VECTOR) == Array(f32, 1)


def test_returns_of_two_layouts(refused: Callable[..., CompileError]) -> None:
    text = "async def f(m, t: bool):\n    if t:\n        return m[0]\n    return m[:, 0]\n"
    error = refused(text, MATRIX, boolean)
    assert "contiguous" in error.message


def test_loops_over_tuples_of_two_layouts(refused: Callable[..., CompileError]) -> None:
    text = "async def f(m):\n    for row in (m[0], m[1]): pass\n    for row in (m[:, 0], m[:, 1]): pass\n"
    error = refused(text, MATRIX)
    assert (error.span.line, "strided" in error.message) == (3, True)


def test_parameters_keep_their_layout(refused: Callable[..., CompileError]) -> None:
    error = refused("async def f(v):\n    v = v[::2]\n", VECTOR)
    assert "contiguous" in error.message
