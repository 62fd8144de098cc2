"""The words of a frame's header in a program that waits. Device Python.

Links are a frame id + 1; 0 ends a list. Links, WAKE, OBJECT, PLACE and LIST of a frame are read and written under the
lock of the object it is parked on, or by the only warp that has it; HOLD and the links among a scope's members under
the scope's lock (docs/cancellation.md).
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, frame_size
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


@device
def frame_at(launch: LaunchPointer, frame: u32) -> GlobalWords:
    """The words of a frame."""
    return launch.frames + u64(frame) * (frame_size() // 4)
