"""The executor that is shipped breaks no rule, in any schedule that is tried."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import pytest
import schedules
from programs import wide
from scenario import Explorable, Scenario, Setting
from scenarios import SCENARIOS
from schedules import exhaustive, sampled

USUAL = 50
SLOW = (
    "ladder",
    "ladder, top rarely seen",
    "ladder, few chunks",
    "comb",
    "wide",
    "even, 2 lanes",
    "few frames, 2 lanes",
    "short chains",
    "exclusive, 4 lanes",
    "crowd, 2 lanes",
    "awaited twice",
    "detached",
)
FEW = 20  # schedules of those that take several times as long


@pytest.mark.parametrize("name", SCENARIOS)
def test_random_schedules_break_no_rule(name: str, explorable: Callable[[str], Any]) -> None:
    made = explorable(name)
    for seed, strategy in itertools.islice(sampled(made.lanes), FEW if name in SLOW else USUAL):
        assert made.run(strategy).violation is None, f"seed {seed}"


@pytest.mark.parametrize("name", ["pair", "fib", "twice"])
def test_all_schedules_with_two_deviations_break_no_rule(name: str, explorable: Callable[[str], Any]) -> None:
    made = explorable(name)
    for run in exhaustive(2):
        assert made.run(run).violation is None, run.record


def test_a_warp_of_32_lanes() -> None:
    """The width that runs on the GPU, with the usual options."""
    setting = Setting(2, 32, 8000, {"CHUNKS": 8})
    made = Explorable(dataclasses.replace(SCENARIOS["tree"], setting=setting, roots=40))
    for seed, strategy in itertools.islice(sampled(made.lanes), 8):
        assert made.run(strategy).violation is None, f"seed {seed}"


def test_two_deques_over_their_limit_with_no_chunk_free() -> None:
    """Overflow stacks take the rest. A mistake that this found: a lane read `top` while lane 0 looked at it again."""
    setting = Setting(2, 2, 4000, {"CHUNKS": 4, "FREE_CAPACITY": 64}, {"CHAIN_LENGTH": 8}, most_steps=100_000)
    made = Explorable(Scenario("wide", wide, (3,), setting, roots=8))
    for seed, strategy in itertools.islice(sampled(made.lanes), 3):
        assert made.run(strategy).violation is None, f"seed {seed}"


def test_a_rescuer_gives_the_reserve_back(explorable: Callable[[str], Any]) -> None:
    """One that ended with frames of the reserve on its free list passed them on, and the next ran out of them."""
    made = explorable("few frames, 3 warps")
    assert made.run(schedules.strategy(100, made.lanes)).violation is None
