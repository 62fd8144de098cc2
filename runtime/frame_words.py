"""The words of a frame's header in a program that waits, and the spin lock of objects and scopes. Device Python.

Links are a frame id + 1; 0 ends a list. Links, WAKE, OBJECT, PLACE and LIST of a frame are read and written under the
lock of the object it is parked on, or by the only warp that has it; HOLD and the links among a scope's members under
the scope's lock (docs/cancellation.md).
"""

from __future__ import annotations

from coro2cuda.frontend.device import compare_and_swap, device, frame_size, nanosleep, store_release
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering import abi
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer

NEXT = abi.FRAME_NEXT // 4
PREV = abi.FRAME_PREV // 4
WAKE = abi.FRAME_WAKE // 4
OBJECT = abi.FRAME_OBJECT // 4
PLACE = abi.FRAME_PLACE // 4
SCOPE = abi.FRAME_SCOPE // 4
SEEN = abi.FRAME_SEEN // 4
HOLD = abi.FRAME_HOLD // 4
LIST = abi.FRAME_LIST // 4
MEMBER_NEXT = abi.FRAME_MEMBER_NEXT // 4
MEMBER_PREV = abi.FRAME_MEMBER_PREV // 4
FIRST_NAP = 32  # nanoseconds
LONGEST_NAP = 1024


@device
def frame_at(launch: LaunchPointer, frame: u32) -> GlobalWords:
    """The words of a frame."""
    return launch.frames + u64(frame) * (frame_size() // 4)


@device
def lock_word(word: GlobalWords) -> None:
    """Take a spin lock: an acquire."""
    nap: u32 = FIRST_NAP
    while compare_and_swap(word, 0, 1) != 0:
        nanosleep(nap)
        nap = min(nap * 2, u32(LONGEST_NAP))


@device
def unlock_word(word: GlobalWords) -> None:
    store_release(word, 0)


@device
def lock(words: GlobalWords) -> None:
    """Take an object's lock."""
    lock_word(words + abi.OBJECT_LOCK)


@device
def unlock(words: GlobalWords) -> None:
    unlock_word(words + abi.OBJECT_LOCK)


@device
def value_of(words: GlobalWords) -> u32:
    """An object's value. Under its lock: whoever has waited for a value sees what was written before it was set."""
    lock(words)
    value = words[abi.OBJECT_VALUE]
    unlock(words)
    return value
