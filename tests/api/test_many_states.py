"""Programs with so many awaits that a warp's ready deques have no room in shared memory."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from coro2cuda.frontend.dtypes import i64
from coro2cuda.lowering.compile import shape_of
from coro2cuda.lowering.program import Argument
from coro2cuda.runtime import layout
from coro2cuda.show import compile_stages

BACKENDS = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
AWAITS = 60
HEAD = """
from coro2cuda import gather, gpu_async, reschedule

@gpu_async
async def step(i: int) -> int:
    await reschedule()
    return i + 1
"""
FORKING = """
@gpu_async
async def main(i: int) -> int:
    a = b = c = d = e = i
"""
PLAIN = """
@gpu_async
async def main(i: int) -> int:
"""


def program(folder: Path, text: str) -> ModuleType:
    path = folder / "many_states.py"
    path.write_text(HEAD + text + "    return i\n")
    spec = importlib.util.spec_from_file_location("many_states", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def forking(folder: Path) -> ModuleType:
    line = "    a, b, c, d, e = await gather(step(i), step(i + 1), step(i + 2), step(i + 3), step(i + 4))\n"
    return program(folder, FORKING + (line + "    i += (a + b + c + d + e) % 3\n") * AWAITS)


def plain(folder: Path) -> ModuleType:
    return program(folder, PLAIN + "    await reschedule()\n    i = i * 3 % 1000\n" * 10 * AWAITS)


@pytest.mark.parametrize("made", [forking, plain])
def test_a_warp_needs_more_than_shared_memory_has(made, tmp_path: Path) -> None:
    shape = shape_of(compile_stages(made(tmp_path).main.__gpu_async__, [Argument("i", i64)], "sm_90").machine)
    assert not layout.in_shared_memory(layout.warp_memory_size(shape, 32))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("made", [forking, plain])
def test_any_number_of_awaits(made, backend: str, tmp_path: Path) -> None:
    found = made(tmp_path).main.map(range(1000), backend=backend)
    expected = np.arange(1000)
    for _ in range(AWAITS if made is forking else 10 * AWAITS):
        expected = expected + (5 * expected + 15) % 3 if made is forking else expected * 3 % 1000
    assert (found == expected).all()
