"""The executor that is shipped breaks no rule, in any schedule that is tried."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from programs import wide
from scenario import Explorable, Scenario, Setting
from scenarios import SCENARIOS
from schedules import exhaustive, sampled

USUAL = 300
FEWER = {"ladder": 60, "even, 2 lanes": 60, "tree, 4 lanes": 100}  # schedules of those that take ten times as long


@pytest.mark.parametrize("name", SCENARIOS)
def test_random_schedules_break_no_rule(name: str, explorable: Callable[[str], Any]) -> None:
    made = explorable(name)
    for seed, strategy in itertools.islice(sampled(made.lanes), FEWER.get(name, USUAL)):
        assert made.run(strategy).violation is None, f"seed {seed}"


@pytest.mark.parametrize("name", ["pair", "fib", "twice", "tasks"])
def test_all_schedules_with_two_deviations_break_no_rule(name: str, explorable: Callable[[str], Any]) -> None:
    made = explorable(name)
    for run in exhaustive(2):
        assert made.run(run).violation is None, run.record


def test_a_warp_of_32_lanes(explorable: Callable[[str], Any]) -> None:
    """The width that runs on the GPU, with the usual options."""
    setting = Setting(2, 32, 4000, {"CHUNKS": 8, "RETURNED": 256})
    made = Explorable(dataclasses.replace(SCENARIOS["tree"], setting=setting, roots=40))
    for seed, strategy in itertools.islice(sampled(made.lanes), 8):
        assert made.run(strategy).violation is None, f"seed {seed}"


@pytest.mark.xfail(strict=True, reason="enqueue and push do not check their room when two deques are over their limit")
def test_two_deques_over_their_limit_with_no_chunk_free() -> None:
    setting = Setting(2, 2, 2000, {"CHUNKS": 4, "RETURNED": 64, "FREE_CAPACITY": 64, "OWNED": 32}, {"CHAIN_LENGTH": 8},
                      most_steps=100_000)  # fmt: skip
    made = Explorable(Scenario("wide", wide, (3,), setting, roots=8))
    _, strategy = next(sampled(made.lanes))
    assert made.run(strategy).violation is None
