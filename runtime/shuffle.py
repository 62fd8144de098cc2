"""A random order of ready tasks, for tests (`trials`): device Python.

Whatever order the executor chooses, a program must mean the same. So where option("SHUFFLE") is set it draws lots:
which state runs, its oldest or newest task, whether new roots, chunks or other warps' tasks come first.
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, lane_id, option, states, warp_sync
from coro2cuda.frontend.dtypes import u32
from coro2cuda.runtime.layout import LUCK, QUEUES, WarpMemory

SPREAD = 2654435761  # keeps the warps' sequences apart


@device
def prepare_luck(warp: WarpMemory, me: u32) -> None:
    if option("SHUFFLE") != 0 and lane_id() == 0:
        warp[LUCK] = option("SHUFFLE") + me * SPREAD


@device
def draw(warp: WarpMemory) -> u32:
    """24 random bits, the same for all lanes. Source: the linear congruential generator of Numerical Recipes.
    Warp-collective."""
    luck = warp[LUCK] * 1664525 + 1013904223
    warp_sync()
    if lane_id() == 0:
        warp[LUCK] = luck
    warp_sync()
    return luck >> 8


@device
def any_ready(warp: WarpMemory, luck: u32) -> tuple[u32, u32]:
    """A state that has tasks and their number, or a count of 0: the first from a random one on. Warp-collective."""
    skipped: u32 = 0
    while skipped < states():
        state = (luck + skipped) % states()
        if warp[QUEUES + state] != 0:
            return state, warp[QUEUES + state]
        skipped += 1
    return 0, 0
