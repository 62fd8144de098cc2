"""The scenarios that tests and `make explore` run, by name."""

from __future__ import annotations

from collections.abc import Mapping

import cancelling_programs
import numpy as np
import programs
import waiting_programs
from scenario import Scenario, Setting

from coro2cuda import Barrier, Event, Lock
from coro2cuda.lowering import abi

_CONSTANTS = {
    "CHAIN_LENGTH": 2, "LOOK_TURN": 8, "TOP_TURN": 4, "LEVELS": 2, "FAIR_TURN": 5, "CHUNK_TURN": 3, "START_TURN": 7,
    "KEEP_TURN": 4, "TIMER_TURN": 3, "ALL_THE_SAME": 2, "FIRST_LOG": 1, "PATIENCE": 2, "OVERFLOW_TURN": 4, "HUNGRY": 40,
    "SOON": 1, "LONG": 2, "PATIENT": 3, "ABSTINENT": 1,
}  # fmt: skip


def _one_lane(warps: int, frames: int = 64) -> Setting:
    """Deques for eight, four chunks, free lists for eight, frames that go round in chains of two."""
    return Setting(warps, 1, frames, {"CHUNKS": 4, "CAPACITY": 8, "FREE_CAPACITY": 8}, _CONSTANTS)


def _polled(warps: int, frames: int, free: int = 8) -> Setting:
    """Warps are soon hungry, as they are when there is nothing to run but tasks that poll."""
    options = {"CHUNKS": 4, "CAPACITY": 8, "FREE_CAPACITY": free}
    return Setting(warps, 1, frames, options, {**_CONSTANTS, "HUNGRY": 3})


def _crowded(warps: int, frames: int = 64, options: Mapping[str, int] = {}) -> Setting:
    """Deques for four: nearly every task goes through a chunk."""
    return Setting(warps, 1, frames, {"CHUNKS": 4, "CAPACITY": 4, "FREE_CAPACITY": 8, **options}, _CONSTANTS)


def _lively(warps: int = 3) -> Setting:
    """Lots are drawn for what runs next and who steals, so that a few tasks get about."""
    options = {"CHUNKS": 4, "CAPACITY": 8, "FREE_CAPACITY": 8, "SHUFFLE": 5}
    return Setting(warps, 1, 64, options, _CONSTANTS)


def _lanes(warps: int, lanes: int, frames: int = 512) -> Setting:
    options = {"CHUNKS": 4, "FREE_CAPACITY": 10 * lanes}
    return Setting(warps, lanes, frames, options, {**_CONSTANTS, "CHAIN_LENGTH": 2 * lanes})


_POLLED_LANES = Setting(
    2, 2, 40, {"CHUNKS": 4, "FREE_CAPACITY": 20}, {**_CONSTANTS, "CHAIN_LENGTH": 4, "HUNGRY": 3}
)
_UNFAIR = Setting(2, 1, 256, {"CHUNKS": 4, "CAPACITY": 8, "FREE_CAPACITY": 8}, {**_CONSTANTS, "FAIR_TURN": 64})
_TOP_RARELY_SEEN = Setting(2, 1, 256, {"CHUNKS": 8, "CAPACITY": 4, "FREE_CAPACITY": 8}, {**_CONSTANTS, "TOP_TURN": 64})
_SHORT_CHAINS = Setting(
    3, 1, 40, {"CHUNKS": 4, "CAPACITY": 8, "FREE_CAPACITY": 6}, {**_CONSTANTS, "CHAIN_LENGTH": 1, "LOOK_TURN": 2}
)
_CROWDED_LANES = Setting(
    2, 2, 40, {"CHUNKS": 4, "CAPACITY": 8, "FREE_CAPACITY": 20}, {**_CONSTANTS, "CHAIN_LENGTH": 4}
)
_FEW_WOKEN = Setting(
    2, 1, 64, {"CHUNKS": 4, "CAPACITY": 16, "FREE_CAPACITY": 12, "WOKEN_ROOM": 2, "SHUFFLE": 5}, _CONSTANTS
)
_CROWD_FROM_ONE = {"CHUNKS": 4, "CAPACITY": 16, "FREE_CAPACITY": 12, "CROWD_FROM": 1, "SHUFFLE": 5}
_BROADCAST = Setting(2, 1, 64, _CROWD_FROM_ONE, _CONSTANTS)
_BROADCAST_3 = Setting(3, 1, 64, _CROWD_FROM_ONE, _CONSTANTS)
_BROADCAST_LANES = Setting(
    2, 2, 256, {"CHUNKS": 4, "FREE_CAPACITY": 20, "CROWD_FROM": 1}, {**_CONSTANTS, "CHAIN_LENGTH": 4}
)
_SHARDS = Setting(
    3, 1, 64, {"CHUNKS": 4, "CAPACITY": 8, "FREE_CAPACITY": 8, "SHUFFLE": 5, "HEAP_SHARDS": 2}, _CONSTANTS
)
_ALL = (
    Scenario("pair", programs.pair, (3,), _one_lane(2)),
    Scenario("fib", programs.fib, (4,), _one_lane(2)),
    Scenario("twice", programs.twice, (2,), _one_lane(2)),
    Scenario("many thieves", programs.tree, (2,), _crowded(3), roots=2),
    Scenario("chain", programs.chain, (2,), _one_lane(2), roots=2),
    Scenario("tree", programs.tree, (2,), _one_lane(3), roots=2),
    Scenario("deep tree", programs.tree, (3,), _one_lane(2), roots=2),
    Scenario("ladder", programs.ladder, (20,), _UNFAIR, roots=2),
    Scenario("ladder, few chunks", programs.ladder, (20,), _crowded(2, 256), roots=2),
    Scenario("ladder, top rarely seen", programs.ladder, (12,), _TOP_RARELY_SEEN, roots=2),
    Scenario("comb", programs.comb, (3,), _crowded(2, 256, {"CAPACITY": 8, "FREE_CAPACITY": 12}), roots=2),
    Scenario("wide", programs.wide, (2,), _lanes(2, 2), roots=8),
    Scenario("short chains", programs.tree, (2,), _SHORT_CHAINS, roots=8),
    Scenario("few frames", programs.tree, (3,), _one_lane(2, 22), roots=3),
    Scenario("few frames, 3 warps", programs.tree, (3,), _one_lane(3, 20), roots=3),
    Scenario("few frames, 2 lanes", programs.tree, (3,), _lanes(2, 2, 40), roots=6),
    Scenario("crowded, 2 lanes", programs.tree, (3,), _CROWDED_LANES, roots=6),
    Scenario("no frames", programs.tree, (6,), _one_lane(2, 10), roots=2, error=abi.ERROR_FRAME_POOL),
    Scenario("pair, 2 lanes", programs.pair, (2,), _lanes(2, 2), roots=3),
    Scenario("triple, 2 lanes", programs.triple, (2,), _lanes(2, 2), roots=3),
    Scenario("twice, 2 lanes", programs.twice, (2,), _lanes(2, 2), roots=2),
    Scenario("tree, 4 lanes", programs.tree, (2,), _lanes(2, 4), roots=3),
    Scenario("even, 2 lanes", programs.even, (5,), _lanes(2, 2), roots=3),
    Scenario("tasks", programs.tasks, (3,), _one_lane(2), roots=2),
    Scenario("tasks, 2 lanes", programs.tasks, (3,), _lanes(2, 2), roots=3),
    Scenario("signal", waiting_programs.signal, (3,), _lively(), roots=2),
    Scenario("crowd", waiting_programs.crowd, (3,), _FEW_WOKEN, roots=1),
    Scenario("crowds", waiting_programs.crowds, (3,), _FEW_WOKEN),
    Scenario("broadcast", waiting_programs.crowd, (3,), _BROADCAST, roots=1),
    Scenario("broadcast, 3 warps", waiting_programs.crowd, (3,), _BROADCAST_3, roots=1),
    Scenario("broadcast, 2 lanes", waiting_programs.crowd, (3,), _BROADCAST_LANES, roots=2),
    Scenario("broadcasts", waiting_programs.crowds, (3,), _BROADCAST),
    Scenario("signal, broadcast", waiting_programs.signal, (3,), _BROADCAST, roots=3),
    Scenario("polled", waiting_programs.polled, (3,), _one_lane(2)),
    Scenario("polled, alone", waiting_programs.polled, (3,), _one_lane(1)),
    Scenario("all poll", waiting_programs.all_poll, (2,), _polled(2, 24, 16)),
    Scenario("polled late", waiting_programs.polled_late, (2,), _polled(2, 14), roots=3),
    Scenario("polled late, alone", waiting_programs.polled_late, (2,), _polled(1, 14), roots=3),
    Scenario("polled late, 3 warps", waiting_programs.polled_late, (2,), _polled(3, 22), roots=4),
    Scenario("polled late, full", waiting_programs.polled_late, (2,), _polled(1, 8)),
    Scenario("polled late, 2 lanes", waiting_programs.polled_late, (2,), _POLLED_LANES, roots=5),
    Scenario("signal, few frames", waiting_programs.signal, (3,), _one_lane(2, 12), roots=3),
    Scenario("ping pong", waiting_programs.ping_pong, (3,), _one_lane(2)),
    Scenario("exclusive", waiting_programs.exclusive, (2,), _lively()),
    Scenario("two at once", waiting_programs.two_at_once, (1,), _lively()),
    Scenario("pipe", waiting_programs.pipe, (4,), _lively()),
    Scenario("relay", waiting_programs.relay, (3, np.zeros(3, np.int32), np.zeros(3, np.int32)), _lively()),
    Scenario("relay, 2 lanes", waiting_programs.relay, (3, np.zeros(3, np.int32), np.zeros(3, np.int32)), _lanes(2, 2)),
    Scenario("market", waiting_programs.market, (3,), _lively()),
    Scenario("market, 4 lanes", waiting_programs.market, (3,), _lanes(2, 4)),
    Scenario("hoard", waiting_programs.hoard, (4,), _lively()),
    Scenario("hoard, 2 lanes", waiting_programs.hoard, (3,), _lanes(2, 2)),
    Scenario("settled", waiting_programs.settled, (3,), _lively()),
    Scenario("pipes, 2 lanes", waiting_programs.pipe, (3,), _lanes(3, 2), roots=4),
    Scenario("workers", waiting_programs.workers, (2,), _lively()),
    Scenario("barrier", waiting_programs.barrier, (2,), _lively()),
    Scenario("conditions", waiting_programs.conditions, (2, np.zeros(1, np.int32)), _lively()),
    Scenario("detached", waiting_programs.detached, (2,), _lively(), roots=2),
    Scenario("awaited twice", waiting_programs.awaited_twice, (2,), _lively(), roots=2),
    Scenario("few blocks", waiting_programs.one_after_another, (5,), _SHARDS, granules=16),
    Scenario("groups", waiting_programs.groups, (2,), _lively(), roots=2),
    Scenario("dozes", waiting_programs.dozes, (2,), _lively()),
    Scenario("dozes, virtual", waiting_programs.dozes, (2,), _one_lane(1), roots=2, virtual=True),
    Scenario("dozes, virtual, 2 lanes", waiting_programs.dozes, (2,), _lanes(1, 2), roots=2, virtual=True),
    Scenario("turns", waiting_programs.turns, (Lock(), Event(), 2), _one_lane(3), roots=4),
    Scenario("turns, 2 lanes", waiting_programs.turns, (Lock(), Event(), 2), _lanes(2, 2), roots=4),
    Scenario("all meet", waiting_programs.all_meet, (Barrier(5), 2), _one_lane(3), roots=5, result=2),
    Scenario("all meet, 2 lanes", waiting_programs.all_meet, (Barrier(5), 2), _lanes(2, 2), roots=5, result=2),
    Scenario("first polls", waiting_programs.first_polls, (Lock(), Event(), 2), _one_lane(1), roots=3, result=2),
    Scenario("cancelled or woken", cancelling_programs.cancelled_or_woken, (2,), _lively(), roots=2),
    Scenario("siblings", cancelling_programs.siblings, (2,), _lively(), roots=2),
    Scenario("siblings, 2 lanes", cancelling_programs.siblings, (2,), _lanes(2, 2), roots=3),
    Scenario("timed", cancelling_programs.timed, (2,), _lively(), roots=2),
    Scenario("timed family", cancelling_programs.timed_family, (2,), _lively(), roots=2, result=102),
    Scenario("item kept", cancelling_programs.item_kept, (2,), _lively(), roots=2),
    Scenario("woken early, 2 lanes", cancelling_programs.woken_early, (2,), _lanes(2, 2), roots=3),
    Scenario("stuck", waiting_programs.stuck, (2,), _one_lane(2), roots=2, left=4),
    Scenario("crowd, 2 lanes", waiting_programs.crowd, (3,), _lanes(2, 2), roots=2),
    Scenario("exclusive, 4 lanes", waiting_programs.exclusive, (2,), _lanes(2, 4)),
    Scenario("pipe, 2 lanes", waiting_programs.pipe, (3,), _lanes(2, 2), roots=2),
    Scenario("dozes, 2 lanes", waiting_programs.dozes, (1,), _lanes(2, 2), roots=2),
    Scenario("caught", waiting_programs.caught, (3,), _lively(), roots=2),
    Scenario("caught, 2 lanes", waiting_programs.caught, (3,), _lanes(2, 2), roots=2),
    Scenario("deep", waiting_programs.deep, (3,), _one_lane(2)),
    Scenario("mixed", waiting_programs.mixed, (3,), _lively(), roots=2),
    Scenario("mixed, few frames", waiting_programs.mixed, (3,), _one_lane(3, 20), roots=3),
    Scenario("mixed, 2 lanes", waiting_programs.mixed, (3,), _lanes(2, 2), roots=2),
    Scenario("uncaught", waiting_programs.uncaught, (3,), _one_lane(2), error=1),
    Scenario("steps, 4 lanes", programs.steps, (3,), _lanes(2, 4), roots=12),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}
