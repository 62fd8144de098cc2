"""The life of every frame, kept beside the executor and told by the program's own steps.

                allocate, start                leave to its own state, enqueue
       (free) -----------------> (held) -----------------------------------> (ready s)
         ^                       |  ^ ^                                         |
    give |      leave, release   |  | |           resume, in state s            |
         '------ (done) <--------'  | '-----------------------------------------'
                                 |  | unwind
                                 |  |
                                 |  '- leave to a child, or parked --> (parked) --- by its last child --> (ready s)
                                 |
                                 '---- park on an object, for s ----> (waiting s) --- handed over ------> (ready s)

`held` is held by one lane. Each arrow checks where it comes from, so a task that is run twice, run in the wrong state,
taken while it lives, woken twice, or touched by one who does not hold it is found at once, with both places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from violation import NO_PLACE, Place, Violation

from coro2cuda.lowering import abi

if TYPE_CHECKING:
    from machine import Lane


@dataclass(slots=True)
class Life:
    """Where a frame stands: one of the phases above; by which lane, for which state, since when."""

    phase: str = "free"
    lane: int = -1
    state: int = -1
    place: Place = NO_PLACE


class Ledger:
    """`started` and `completed` count root tasks; `away` are lanes whose frame waits, and may be anywhere."""

    def __init__(self) -> None:
        self.lives: dict[int, Life] = {}
        self.started = 0
        self.completed = 0
        self.away: set[int] = set()

    def life(self, frame: int) -> Life:
        return self.lives.setdefault(frame, Life())

    def alive(self) -> list[tuple[int, Life]]:
        return [(frame, life) for frame, life in self.lives.items() if life.phase not in ("free", "done")]

    def _move(
        self, lane: Lane, frame: int, expected: tuple[str, ...], phase: str, place: Place, state: int = -1
    ) -> None:
        life = self.life(frame)
        if life.phase not in expected:
            what = f"frame {frame} becomes {phase} and should be {' or '.join(expected)}, but is {life.phase}"
            raise Violation("wrong frame", what, life.place, place)
        if life.phase in ("held", "done") and life.lane != lane.index:
            raise Violation(
                "wrong frame", f"frame {frame} is held by lane {life.lane}, not {lane.index}", life.place, place
            )
        if phase == "held" and life.phase == "ready" and life.state != state:
            raise Violation(
                "wrong frame",
                f"frame {frame} is resumed in state {state}, but waits in {life.state}",
                life.place,
                place,
            )
        life.phase, life.lane, life.state, life.place = phase, lane.index, state, place
        if lane.trace is not None:
            lane.note(place, f"frame {frame} {phase}{f' in state {state}' if state >= 0 else ''}")

    # --- from free to done

    def allocated(self, lane: Lane, frame: int, place: Place) -> None:
        if frame != abi.NO_FRAME:
            self._move(lane, frame, ("free",), "held", place)

    def begun(self, lane: Lane, frame: int, place: Place) -> None:
        """A root task starts on a frame."""
        self.started += 1
        self._move(lane, frame, ("free",), "held", place)

    def resumed(self, lane: Lane, frame: int, state: int, place: Place) -> None:
        self._move(lane, frame, ("ready",), "held", place, state)

    def unwound(self, lane: Lane, frame: int, place: Place) -> None:
        """A task goes on where a child has failed."""
        self._move(lane, frame, ("parked",), "held", place)

    def made_ready(self, lane: Lane, frame: int, state: int, place: Place) -> None:
        self._move(lane, frame, ("held", "parked"), "ready", place, state)

    def left(self, lane: Lane, own: int, state: int, target: int, released: bool, place: Place) -> None:
        """What a start or resume function returned."""
        if lane.index in self.away:
            self.away.discard(lane.index)
            if state == abi.PARKED:
                return
        if released or state == abi.FAILED:
            self._move(lane, own, ("held",), "done", place)
        elif state == abi.PARKED or (state >= 0 and target != own):
            self._move(lane, own, ("held",), "parked", place)
        if state >= 0:
            self.made_ready(lane, target, state, place)
        elif state == abi.COMPLETED:
            self.completed += 1

    def given(self, lane: Lane, frame: int, given: bool, place: Place) -> None:
        """A frame goes to the free list, if it is given at all."""
        if given:
            self._move(lane, frame, ("done",), "free", place)

    # --- waiting for objects

    def parks(self, lane: Lane, frame: int, state: int, place: Place) -> None:
        """From here on another warp may run it."""
        self._move(lane, frame, ("held",), "waiting", place, state)

    def stays(self, lane: Lane, frame: int, outcome: int, place: Place) -> None:
        """What came of it: unless it is parked, the lane still has it."""
        if outcome == abi.PARKED_THERE:
            self.away.add(lane.index)
        else:
            self._move(lane, frame, ("waiting",), "held", place)

    def woken(self, lane: Lane, frame: int, place: Place) -> None:
        self._move(lane, frame, ("waiting",), "ready", place, self.life(frame).state)

    # --- what the program reads and writes

    def touch(self, lane: Lane, frame: int, other: bool, place: Place) -> None:
        """A read or write of a frame by the program: its own, or an `other`: a new child's, or its parent's."""
        life = self.life(frame)
        if (life.phase == "held" and life.lane == lane.index) or (other and life.phase == "parked"):
            return
        whose = f"held by lane {life.lane}" if life.phase == "held" else life.phase
        raise Violation(
            "use after free", f"lane {lane.index} touches frame {frame}, which is {whose}", life.place, place
        )
