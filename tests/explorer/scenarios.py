"""The scenarios that tests and `make explore` run, by name."""

from __future__ import annotations

import programs
from scenario import Scenario, Setting


_CONSTANTS = {"CHAIN_LENGTH": 2, "LOOK_TURN": 8, "TOP_TURN": 4, "LEVELS": 2}


def _one_lane(warps: int, frames: int = 64) -> Setting:
    """Deques for eight, four chunks, free lists for eight, frames that go round in chains of two."""
    return Setting(warps, 1, frames, {"CHUNKS": 4, "CAPACITY": 8, "FREE_CAPACITY": 8}, _CONSTANTS)


def _crowded(warps: int, frames: int = 64) -> Setting:
    """Deques for four: nearly every task goes through a chunk."""
    return Setting(warps, 1, frames, {"CHUNKS": 4, "CAPACITY": 4, "FREE_CAPACITY": 8}, _CONSTANTS)


def _lanes(warps: int, lanes: int, frames: int = 512) -> Setting:
    options = {"CHUNKS": 4, "FREE_CAPACITY": 8 * lanes}
    return Setting(warps, lanes, frames, options, {**_CONSTANTS, "CHAIN_LENGTH": lanes})


_ALL = (
    Scenario("pair", programs.pair, (3,), _one_lane(2)),
    Scenario("fib", programs.fib, (4,), _one_lane(2)),
    Scenario("twice", programs.twice, (2,), _one_lane(2)),
    Scenario("many thieves", programs.tree, (2,), _crowded(3), roots=2),
    Scenario("chain", programs.chain, (2,), _one_lane(2), roots=2),
    Scenario("tree", programs.tree, (2,), _one_lane(3), roots=2),
    Scenario("deep tree", programs.tree, (3,), _one_lane(2), roots=2),
    Scenario("ladder", programs.ladder, (20,), _one_lane(2, 256), roots=2),
    Scenario("ladder, few chunks", programs.ladder, (20,), _lanes(1, 1)),
    Scenario("pair, 2 lanes", programs.pair, (2,), _lanes(2, 2), roots=3),
    Scenario("triple, 2 lanes", programs.triple, (2,), _lanes(2, 2), roots=3),
    Scenario("twice, 2 lanes", programs.twice, (2,), _lanes(2, 2), roots=2),
    Scenario("tree, 4 lanes", programs.tree, (2,), _lanes(2, 4), roots=3),
    Scenario("even, 2 lanes", programs.even, (5,), _lanes(2, 2), roots=3),
    Scenario("tasks", programs.tasks, (3,), _one_lane(2), roots=2),
    Scenario("tasks, 2 lanes", programs.tasks, (3,), _lanes(2, 2), roots=3),
    Scenario("steps, 4 lanes", programs.steps, (3,), _lanes(2, 4), roots=12),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}
