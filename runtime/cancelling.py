"""Cancelling a scope: its parked frames are taken from what they wait for, to go on with CancelledError. Device Python.

    request (scopes)  ─▶  chain of claimed frames  ─▶  withdraw each from its object  ─▶  hand over

What a claimed frame waits for is there: its task holds it, and does not run. No lock is held from one frame to the
next.
"""

from __future__ import annotations

from coro2cuda.frontend.device import cold, device, load_relaxed
from coro2cuda.frontend.dtypes import u32
from coro2cuda.lowering import abi
from coro2cuda.lowering.abi import (
    CANCELLED,
    HOLD_OWED,
    NO_LIST,
    OBJECT_EXTRA,
    OBJECT_HEAD,
    OBJECT_VALUE,
)
from coro2cuda.runtime.frame_words import HOLD, LIST, MEMBER_NEXT, OBJECT, PLACE, PREV, frame_at
from coro2cuda.runtime.heap import object_at
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.objects import kind_of
from coro2cuda.runtime.scopes import request
from coro2cuda.runtime.spin_lock import lock, unlock
from coro2cuda.runtime.timer_heap import take_out
from coro2cuda.runtime.waiting import FROM_CONDITION, append, hand_over, unlink

LOCK = abi.OBJECT_KINDS.index("lock") + 1
CONDITION = abi.OBJECT_KINDS.index("condition") + 1
BARRIER = abi.OBJECT_KINDS.index("barrier") + 1
TIMERS = abi.OBJECT_KINDS.index("timers") + 1


@cold
def cancel(launch: LaunchPointer, warp: WarpMemory, scope: u32) -> None:
    """Every frame in the scope is to get CancelledError once more. The caller holds no lock."""
    claimed = request(launch, scope)
    while claimed != 0:
        frame = claimed - 1
        claimed = frame_at(launch, frame)[MEMBER_NEXT]
        withdraw(launch, warp, frame)


@device
def withdraw(launch: LaunchPointer, warp: WarpMemory, frame: u32) -> None:
    """Take a claimed frame from what it waits for, and hand it over."""
    own = frame_at(launch, frame)
    handle = load_relaxed(own + OBJECT)
    words = object_at(launch, handle)
    lock(words)
    while own[OBJECT] != handle:  # it was notified meanwhile, and waits for a condition's lock
        unlock(words)
        handle = load_relaxed(own + OBJECT)
        words = object_at(launch, handle)
        lock(words)
    kind = kind_of(words)
    goes_on = True
    if kind == CONDITION or (kind == LOCK and own[PLACE] == FROM_CONDITION):
        take_off(launch, words, frame)
        own[HOLD] = HOLD_OWED
        if kind == LOCK:
            goes_on = ask_for_lock(launch, words, handle, frame)
        else:
            held = words[OBJECT_EXTRA]
            lock(object_at(launch, held))
            goes_on = ask_for_lock(launch, object_at(launch, held), held, frame)
            unlock(object_at(launch, held))
    elif kind == TIMERS:
        if own[LIST] != NO_LIST:
            take_out(launch, words, own[PREV])
    elif take_off(launch, words, frame) and kind == BARRIER:
        words[OBJECT_VALUE] -= 1
    unlock(words)
    if goes_on:
        hand_over(launch, warp, frame, CANCELLED)


@device
def take_off(launch: LaunchPointer, words: GlobalWords, frame: u32) -> bool:
    """Off the list it is in, if no waker has taken it off in passing."""
    which = frame_at(launch, frame)[LIST]
    if which == NO_LIST:
        return False
    unlink(launch, words + which, frame)
    return True


@device
def ask_for_lock(launch: LaunchPointer, words: GlobalWords, handle: u32, frame: u32) -> bool:
    """Whether a lock, whose own lock is held, is the frame's at once; else it waits for it."""
    if words[OBJECT_VALUE] == 0:
        words[OBJECT_VALUE] = 1
        return True
    own = frame_at(launch, frame)
    own[OBJECT] = handle
    own[LIST] = OBJECT_HEAD
    append(launch, words + OBJECT_HEAD, frame)
    return False
