"""Fixtures that type a program given as text, written to a file of its own so that its source can be read."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

from coro2cuda.frontend import builtins, dtypes, infer, tree
from coro2cuda.frontend.diagnostics import CompileError


class Coroutine:
    """What the decorator leaves behind, as far as the front end looks."""

    def __init__(self, function: Any, **options: Any) -> None:
        self.__gpu_async__ = function
        self.__gpu_async_options__ = options


def gpu_async(function: Any = None, **options: Any) -> Any:
    if function is None:
        return lambda later: Coroutine(later, **options)
    return Coroutine(function, **options)


SCALARS = {name: scalar for name, scalar in dtypes.BY_NAME.items() if name != "bool"}
OURS = ("atomic_", "bit_cast", "reschedule", "gather")
BUILTINS = {name: getattr(builtins, name) for name in dir(builtins) if name.startswith(OURS)}


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run a module's text, with our names imported; its names."""

    def load(text: str, **names: Any) -> dict[str, Any]:
        path = tmp_path / f"program{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text)
        space = {"__name__": path.stem, "math": math, "np": numpy, "gpu_async": gpu_async} | SCALARS | BUILTINS | names
        exec(compile(text, str(path), "exec"), space)
        return space

    return load


def raw(function: Any) -> Any:
    return getattr(function, "__gpu_async__", function)


@pytest.fixture
def typed(program: Callable[..., dict[str, Any]]) -> Callable[..., tree.Module]:
    """The typed tree of the coroutine `f` of a module's text, for the argument types given or annotated."""

    def make(text: str, *types: dtypes.Type, **names: Any) -> tree.Module:
        function = raw(program(text, **names)["f"])
        given = types or [spec.type for spec in infer.signature(function)]
        return infer.infer_module(function, given)

    return make


@pytest.fixture
def result(typed: Callable[..., tree.Module]) -> Callable[..., dtypes.Type]:
    """The result type of `f`."""

    def make(text: str, *types: dtypes.Type, **names: Any) -> dtypes.Type:
        module = typed(text, *types, **names)
        return module.functions[module.root].result

    return make


@pytest.fixture
def body(typed: Callable[..., tree.Module]) -> Callable[..., tuple[tree.Statement, ...]]:
    """The statements of `f`."""

    def make(text: str, *types: dtypes.Type, **names: Any) -> tuple[tree.Statement, ...]:
        module = typed(text, *types, **names)
        return module.functions[module.root].body

    return make


@pytest.fixture
def refused(typed: Callable[..., tree.Module]) -> Callable[..., CompileError]:
    """The error that `f` is refused with."""

    def make(text: str, *types: dtypes.Type, **names: Any) -> CompileError:
        with pytest.raises(CompileError) as caught:
            typed(text, *types, **names)
        return caught.value

    return make
