"""Strategies: who moves next, and which message a load reads. All record what they decide, and a record replays a run.

A record is a list of numbers, one for each decision with more than one option; 0 is the plainest. So shrinking a
failure is easy: make numbers 0 and cut the end, as long as it still fails (`shrunk`).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

FAIR = 200


@dataclass(slots=True)
class Recorded:
    """Plays a record; beyond its end everything is plain. `counts` are the options there were at each decision."""

    decisions: Sequence[int] = ()
    record: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    is_switch: list[bool] = field(default_factory=list)

    def lane(self, options: Sequence[int]) -> int:
        return self._note(self.next_lane(options), len(options), True)

    def message(self, count: int) -> int:
        return self._note(self.next_message(count), count, False)

    def slept(self, lane: int) -> None:
        pass

    def _note(self, decision: int, count: int, switch: bool) -> int:
        self.record.append(decision)
        self.counts.append(count)
        self.is_switch.append(switch)
        return decision

    def _planned(self, count: int) -> int:
        at = len(self.record)
        return min(self.decisions[at], count - 1) if at < len(self.decisions) else 0

    def next_lane(self, options: Sequence[int]) -> int:
        return self._planned(len(options))

    def next_message(self, count: int) -> int:
        return self._planned(count)


class Random(Recorded):
    """Switches lanes and reads old messages at random; how often is random too, so that runs differ in kind."""

    __slots__ = ("random", "stale", "switch")

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.switch = self.random.choice((0.02, 0.1, 0.3, 0.7))
        self.stale = self.random.choice((0.0, 0.2, 0.6, 0.9))

    def next_lane(self, options: Sequence[int]) -> int:
        return self.random.randrange(1, len(options)) if self.random.random() < self.switch else 0

    def next_message(self, count: int) -> int:
        return self.random.randrange(1, count) if self.random.random() < self.stale else 0


class Priorities(Recorded):
    """Burckhardt's PCT ("A randomized scheduler with probabilistic guarantees of finding bugs", 2010): lanes have
    random priorities, and at `changes` random steps the lane that would move drops to the lowest; so does a
    sleeper, and who moves at every FAIR-th step: a program that polls may count on others to go on."""

    __slots__ = ("lowest", "points", "priority", "random", "stale", "step")

    def __init__(self, seed: int, lanes: int, steps: int = 200, changes: int = 3) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.priority = self.random.sample(range(lanes), lanes)
        self.points = {self.random.randrange(steps) for _ in range(changes)}
        self.stale = self.random.choice((0.0, 0.3, 0.9))
        self.step = self.lowest = 0

    def next_lane(self, options: Sequence[int]) -> int:
        self.step += 1
        best = max(options, key=self.priority.__getitem__)
        if self.step in self.points or self.step % FAIR == 0:
            self.slept(best)
            best = max(options, key=self.priority.__getitem__)
        return options.index(best)

    def slept(self, lane: int) -> None:
        self.lowest -= 1
        self.priority[lane] = self.lowest

    def next_message(self, count: int) -> int:
        return self.random.randrange(1, count) if self.random.random() < self.stale else 0


def sampled(lanes: int, first: int = 0) -> Iterator[tuple[int, Recorded]]:
    """Random schedules without end, each with its seed."""
    for seed in itertools.count(first):
        yield seed, strategy(seed, lanes)


def strategy(seed: int, lanes: int) -> Recorded:
    """The schedule of a seed: every third by priorities."""
    return Priorities(seed, lanes) if seed % 3 == 2 else Random(seed)


def exhaustive(deviations: int) -> Iterator[Recorded]:
    """All schedules with at most so many decisions that are not plain: switches of a lane that could go on, and
    messages that are not the newest. A generator: run each schedule before asking for the next."""
    planned: list[int] = []
    while True:
        run = Recorded(planned)
        yield run
        following = _following(run.record, run.counts, deviations)
        if following is None:
            return
        planned = following


def _following(record: Sequence[int], counts: Sequence[int], deviations: int) -> list[int] | None:
    """The next record in order: the last decision that can be raised is raised, what follows is plain again."""
    spent = sum(decision != 0 for decision in record)
    for at in range(len(record) - 1, -1, -1):
        spent -= record[at] != 0
        if record[at] + 1 < counts[at] and spent < deviations:
            return [*record[:at], record[at] + 1]
    return None


def shrunk(record: Sequence[int], fails: Callable[[list[int]], bool]) -> list[int]:
    """A record with as few decisions that are not plain as can be had by dropping them, in ever smaller pieces."""
    best = _trimmed(record)
    size = max(1, len(best) // 2)
    while size:
        at = 0
        while at < len(best):
            trial = _trimmed([*best[:at], *([0] * len(best[at : at + size])), *best[at + size :]])
            if any(best[at : at + size]) and fails(trial):
                best = trial
            at += size
        size //= 2
    return best


def _trimmed(record: Sequence[int]) -> list[int]:
    kept = list(record)
    while kept and kept[-1] == 0:
        kept.pop()
    return kept
