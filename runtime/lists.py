"""Lists: device Python, called by single lanes of diverged warps.

    words 0 .. 7 an object's (`abi`): VALUE is the length, EXTRA its granules; then the elements

Nobody but the task that makes a list writes to it, and only until it has filled it.
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, fence, fetch_add, fetch_sub
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering import abi
from coro2cuda.lowering.abi import HEAP_GRANULE, OBJECT_COUNT, OBJECT_EXTRA, OBJECT_VALUE, OBJECT_WORDS
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.objects import clear
from coro2cuda.runtime.tasks import forget_task

TASKS = abi.OBJECT_KINDS.index("tasks") + 1
MOST_BYTES = 1 << 35  # what granules that a u32 counts can hold, and more than any heap


@device
def make_list(launch: LaunchPointer, warp: WarpMemory, kind: u32, length: u32, size: u32, site: u32) -> u32:
    """Room for so many elements of so many bytes; 0 if the heap is full. Tasks are appended, numbers are there from
    the start."""
    bytes = u64(length) * size + OBJECT_WORDS * 4
    if bytes > MOST_BYTES:
        return 0
    granules = u32((bytes + (HEAP_GRANULE - 1)) // HEAP_GRANULE)
    handle = allocate(launch, granules)
    if handle != 0:
        words = object_at(launch, handle)
        clear(words, kind, site)
        if kind != TASKS:
            words[OBJECT_VALUE] = length
        words[OBJECT_EXTRA] = granules
    return handle


@device
def list_append(launch: LaunchPointer, warp: WarpMemory, handle: u32, task: u32) -> u32:
    """The list keeps the task: it has a count of its own."""
    words = object_at(launch, handle)
    length = words[OBJECT_VALUE]
    fetch_add(object_at(launch, task) + OBJECT_COUNT, 1)
    words[OBJECT_WORDS + length] = task
    words[OBJECT_VALUE] = length + 1
    return 0


@device
def free_list_of_tasks(launch: LaunchPointer, words: GlobalWords) -> None:
    """Let the tasks go."""
    position: u32 = 0
    length = words[OBJECT_VALUE]
    while position < length:
        drop_task(launch, words[OBJECT_WORDS + position])
        position += 1


@device
def drop_task(launch: LaunchPointer, handle: u32) -> None:
    """One reference less to a task."""
    words = object_at(launch, handle)
    fence()
    if fetch_sub(words + OBJECT_COUNT, 1) == 1:
        fence()
        forget_task(launch, words)
        give_back(launch, handle, words[OBJECT_EXTRA])
