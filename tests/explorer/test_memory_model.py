"""The explorer's memory is as weak as it should be, and no weaker: the litmus tests of benchmarks/litmus.py in it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from device_ir import device_ir
from linking import RUNTIME
from machine import Body, Lane, Machine, World
from memory import Memory, region
from schedules import exhaustive
from translate import Constants, Unit, translate

PLACE = Path(__file__).resolve().parents[2] / "benchmarks" / "litmus.py"
WORDS = 120


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("litmus", PLACE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


litmus = _load()


def outcomes(name: str) -> set[tuple[int, int]]:
    """What the two roles can return, in all schedules and with all messages."""
    made = device_ir([getattr(litmus, name)])
    unit = Unit(made.functions, made.spans, Constants(1, 0, 16, {}, 0, 0))
    function = translate(unit, RUNTIME)[name]
    found = set()
    for strategy in exhaustive(8):
        results = {}

        def body(lane: Lane, results: dict[int, int] = results) -> Body:
            results[lane.index] = yield from function(lane, region(WORDS), region(WORDS) + 256, lane.warp.index)

        def clear(memory: Memory) -> None:
            memory.names[WORDS] = "words"
            memory.zeroed.add(WORDS)

        world = World(2, 1, {}, 0, lambda warp: region(3 + warp), (), frozenset(), 1000)
        Machine(world, clear, strategy).run(body)
        found.add((results[0], results[1]))
    return found


@pytest.mark.parametrize("name", [name for name, fenced in litmus.NAMES.values() if fenced])
def test_what_is_fenced_never_goes_wrong(name: str) -> None:
    found = outcomes(name)
    assert len(found) > 1
    assert not any(litmus.is_wrong(name, *pair) for pair in found)


@pytest.mark.parametrize("name", [name for name, fenced in litmus.NAMES.values() if not fenced])
def test_what_is_not_fenced_can_go_wrong(name: str) -> None:
    assert any(litmus.is_wrong(name, *pair) for pair in outcomes(name))


@pytest.mark.parametrize("name", litmus.KERNELS)
def test_the_kernels_compile(name: str) -> None:
    assert f"c2c_run_{name}" in litmus.compiled(name, "sm_90").decode()


@pytest.mark.gpu
@pytest.mark.parametrize("name", [name for name, fenced in litmus.NAMES.values() if fenced])
def test_what_is_fenced_never_goes_wrong_on_the_gpu(name: str) -> None:
    wrong, _ = litmus.count(name, 20)
    assert wrong == 0
