"""`gpu_async`: what it takes, and how it shows the fix for what it does not."""

from __future__ import annotations

import importlib
import inspect
import os
from pathlib import Path
from typing import Any

import pytest

from coro2cuda import gpu_async, run


def plain(x: int) -> int:
    return x


async def generator(x: int) -> Any:
    yield x


class Owner:
    async def method(self) -> int:
        return 1


@pytest.mark.parametrize(
    "given, message",
    [
        (plain, r"plain is a plain function\n.*\n  def plain\(...\):  # incorrect\n.*\n  async def plain.*# correct"),
        (lambda x: x, "this is a lambda"),
        (generator, r"generator is an async generator.*\n(.*\n)*.*return value"),
        (Owner.method, "Owner.method is defined in a class"),
        (5, "not 5"),
        (len, "not <built-in function len>"),
    ],
)
def test_what_is_refused(given: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        gpu_async(given)
    with pytest.raises(TypeError, match=message):
        gpu_async(boundscheck=False)(given)


async def documented(x: int = 3) -> int:
    """What it does."""
    return x


def test_the_decorated_function_keeps_its_face() -> None:
    decorated = gpu_async(documented)
    assert decorated.__doc__ == "What it does." and decorated.__name__ == "documented"
    assert decorated.__gpu_async__ is documented and decorated.__gpu_async_options__ == {"boundscheck": True}
    assert inspect.signature(decorated).parameters["x"].default == 3
    assert repr(decorated) == "<gpu_async function documented>"


def test_twice() -> None:
    with pytest.raises(TypeError, match="decorated with @gpu_async twice"):
        gpu_async(gpu_async(documented))  # type: ignore[arg-type]


def test_options() -> None:
    with pytest.raises(TypeError, match="expected True or False"):
        gpu_async(boundscheck=0)  # type: ignore[arg-type]
    unchecked = gpu_async(boundscheck=False)(documented)
    assert unchecked.__gpu_async_options__ == {"boundscheck": False}
    assert run(unchecked(4), backend="cpu") == 4


EDITED = """from coro2cuda import gpu_async

def more(x):
    return x + {0}

@gpu_async
async def f(x):
    return more(x) + {0}
"""


def test_what_was_imported_is_compiled_though_the_file_was_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "edited_after_import.py"
    path.write_text(EDITED.format(1))
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("edited_after_import")
    path.write_text(EDITED.format(20))
    os.utime(path, (2e9, 2e9))
    assert run(module.f(1), backend="cpu") == run(module.f(1), backend="asyncio") == 3
    module = importlib.reload(module)
    assert run(module.f(1), backend="cpu") == run(module.f(1), backend="asyncio") == 41
