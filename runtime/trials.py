"""What tests ask of the executor beyond running a program. Off, it costs nothing: these are constants of the executor.

    CORO2CUDA_CHECKS=1        when a run is over, every frame that was handed out has been given back;
                              on the CPU its memory is full of rubbish when it begins
    CORO2CUDA_SHUFFLE=SEED    ready tasks run in a random order, repeated by the same seed on one thread
    CORO2CUDA_WIDE_FRAMES=1   frames are read and written in wide pieces, as CUDA does anyway; 0: by their slots alone,
                              so that initcheck sees who reads what nobody wrote
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from coro2cuda.runtime import errors

CHECKS, SHUFFLE, WIDE_FRAMES = "CORO2CUDA_CHECKS", "CORO2CUDA_SHUFFLE", "CORO2CUDA_WIDE_FRAMES"
MOST = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Trial:
    """`shuffle` is the seed of the order, 0: none; `wide_frames` None: as the target likes it."""

    checks: bool = False
    shuffle: int = 0
    wide_frames: bool | None = None

    def options(self) -> dict[str, int]:
        """As specialisation constants."""
        wide = {} if self.wide_frames is None else {"WIDE_FRAMES": int(self.wide_frames)}
        return {"CHECKS": int(self.checks), "SHUFFLE": self.shuffle, **wide}


def current() -> Trial:
    """What the environment asks for.

    Raises:
        SettingError: a seed that is none, or something else for a switch.
    """
    wanted = os.environ.get(SHUFFLE) or "0"
    if not wanted.isdigit() or int(wanted) > MOST:
        raise errors.SettingError(f"{SHUFFLE}={wanted!r}: expected a whole number up to {MOST}")
    wide = os.environ.get(WIDE_FRAMES) or None
    if wide not in (None, "0", "1"):
        raise errors.SettingError(f"{WIDE_FRAMES}={wide!r}: expected 0 or 1")
    return Trial(os.environ.get(CHECKS) == "1", int(wanted), None if wide is None else wide == "1")
