"""A name must have a value wherever it is read, and has one type."""

from collections.abc import Callable

import pytest

from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Type

BOUND = [
    "if t:\n    z = 1\nelse:\n    z = 2\nreturn z",
    "if t:\n    z = 1\nelse:\n    return 0\nreturn z",
    "z = 0\nwhile t:\n    z = 1\nreturn z",
    "while True:\n    z = 1\n    if t:\n        break\nreturn z",
    "while t:\n    z = 1\n    break\nelse:\n    z = 2\nreturn z",
    "for i in range(3):\n    z = i\n    return z\nreturn 0",
    "for i in range(3):\n    if t:\n        z = i\n        break\nelse:\n    z = 0\nreturn z",
    "for i in range(3):\n    if t:\n        continue\n    z = i\n    return z\nreturn 1",
    "i = 0\nfor i in range(3):\n    pass\nreturn i",
    "if (z := 1) > 0:\n    pass\nreturn z",
    "while (z := 1) > 2:\n    pass\nreturn z",
    "z = 1\nif t:\n    return z\nelse:\n    z = 3\nreturn z",
    "while True:\n    if t:\n        return 1",
    "x, y = 1, 2\nreturn x + y",
    "if t and (z := 1) > 0:\n    return z\nreturn 0",
    "if not (t and (z := 1) > 0):\n    return 0\nreturn z",
    "if t or (z := 1) > 0:\n    return 0\nelse:\n    return z",
    "while t and (z := 1) > 0:\n    return z\nreturn 0",
    "return z if t and (z := 1) > 0 else 0",
    "if 1 < 2 < (z := 3):\n    return z\nreturn 0",
    "assert t and (z := 1) > 0\nreturn z",
]
UNBOUND = {
    "if t:\n    z = 1\nreturn z": (4, "z"),
    "while t:\n    z = 1\nreturn z": (4, "z"),
    "for i in range(3):\n    z = 1\nreturn z": (4, "z"),
    "for i in range(3):\n    pass\nreturn i": (4, "i"),
    "z = z + 1\nreturn z": (2, "z"),
    "z += 1\nreturn z": (2, "z"),
    "t or (z := t)\nreturn z": (3, "z"),
    "if t or (z := 1) > 0:\n    return z\nreturn 0": (3, "z"),
    "while t and (z := 1) > 0:\n    pass\nreturn z": (4, "z"),
    "return 0 if t and (z := 1) > 0 else z": (2, "z"),
    "assert t or (z := 1) > 0\nreturn z": (3, "z"),
    "if t and (z := 1) > 0:\n    pass\nreturn z": (4, "z"),
    "w = (z := 1) if t else 2\nreturn z": (3, "z"),
    "while t:\n    if t:\n        break\n    z = 1\nelse:\n    z = 2\nreturn z": (8, "z"),
    "for i in range(3):\n    if t:\n        continue\n    z = 1\nelse:\n    return z\nreturn 0": (7, "z"),
    "1 < 2 < (z := 1)\nt < 1 < (y := 2)\nreturn y": (4, "y"),
}


def function(statements: str) -> str:
    lines = "\n".join(f"    {line}" for line in statements.splitlines())
    return f"async def f(t: bool):\n{lines}\n"


@pytest.mark.parametrize("statements", BOUND)
def test_accepted(result: Callable[..., Type], statements: str) -> None:
    assert repr(result(function(statements))) == "i64"


@pytest.mark.parametrize("statements", UNBOUND)
def test_refused(refused: Callable[..., CompileError], statements: str) -> None:
    line, name = UNBOUND[statements]
    error = refused(function(statements))
    assert (error.span.line, f"'{name}'" in error.message) == (line, True), str(error)
    assert error.hint


DECLARED_TERNARIES = {
    "def f(n: i32) -> i32:\n    return 0 if n > 1 else n": "i32",
    "def f(n: i32) -> i32:\n    k: i32 = 7 if n > 3 else 2 if n > 2 else n\n    return k": "i32",
    "def f(n: i32) -> f32:\n    y: f32 = n * f32(2)\n    y = 0 if n > 1 else 1.5\n    return y": "f32",
    "def f(n: i32) -> f32:\n    return 0 if n > 1 else 1.5": "f32",
}


@pytest.mark.parametrize("text", DECLARED_TERNARIES)
def test_a_literal_arm_takes_the_declared_type(result: Callable[..., Type], text: str) -> None:
    assert repr(result(f"async {text}\n")) == DECLARED_TERNARIES[text]


CHANGES = {
    "z = 0\nz = 1.5": 3,
    "z = 0\nz = x": 3,
    "z = x\nz = y": 3,
    "z = 0\nz += x": 3,
    "z = 0\nz /= 2": 3,
    "if t:\n    z = 1\nelse:\n    z = 1.5": 5,
    "z = 0\nz = (1, 2)": 3,
    "z = v\nz = 1": 3,
    "z: i32 = 0\nz: i64 = 0": 3,
    "for z in range(3):\n    z = 0.5": 3,
    "z = 1.5\nfor z in range(3):\n    pass": 3,
    "z: i32 = 0\nz = x": 3,
    "z: u8 = 256": 2,
    "z = 1 if t else 1.5": 2,
    "z = t and 1": 2,
    "z = n\nz = 3": 3,
    "z = n if t else 3": 2,
}


@pytest.mark.parametrize("statements", CHANGES)
def test_a_change_of_type_is_refused(refused: Callable[..., CompileError], statements: str) -> None:
    text = function(statements).replace("t: bool", "t: bool, n: i32, x: f32, y: f64, v: f32[:]")
    error = refused(text)
    assert error.span.line == CHANGES[statements], str(error)
    assert error.hint


def test_a_local_name_hides_a_global(refused: Callable[..., CompileError]) -> None:
    error = refused("z = 1\nasync def f():\n    y = z\n    z = 2\n")
    assert error.span.line == 3


def test_an_unknown_name(refused: Callable[..., CompileError]) -> None:
    error = refused("async def f():\n    return nonesuch\n")
    assert ("nonesuch" in error.message, error.span.line, error.span.column) == (True, 2, 11)
