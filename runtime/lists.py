"""Lists: device Python, called by single lanes of diverged warps.

    words 0 .. 7    an object's (`abi`): VALUE is the length, EXTRA its granules; then the elements
      of tasks too  HEAD the block that has the elements since the list has grown, or 0; TAIL how many there is room for
    a block         EARLIER, BLOCK_GRANULES, as many words as an object has; then the elements

Nobody but the task that makes a list writes to it. A block that has become too small stays until the list goes: an
array of its elements that somebody has is still one.
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, fence, fetch_add, fetch_sub
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering import abi
from coro2cuda.lowering.abi import (
    HEAP_GRANULE,
    OBJECT_COUNT,
    OBJECT_EXTRA,
    OBJECT_HEAD,
    OBJECT_TAIL,
    OBJECT_VALUE,
    OBJECT_WORDS,
)
from coro2cuda.runtime.heap import allocate, give_back, object_at
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.objects import clear
from coro2cuda.runtime.tasks import forget_task, task_cancel

TASKS = abi.OBJECT_KINDS.index("tasks") + 1
EARLIER, BLOCK_GRANULES = 0, 1  # words of a block
FIRST_ROOM = 8
APPEND_HEAP_FULL = 1  # an error of append
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
        else:
            words[OBJECT_TAIL] = length
        words[OBJECT_EXTRA] = granules
    return handle


@device
def elements_of(launch: LaunchPointer, words: GlobalWords) -> GlobalWords:
    """Where the handles of a list of tasks lie."""
    block = words[OBJECT_HEAD]
    if block == 0:
        return words + OBJECT_WORDS
    return object_at(launch, block) + OBJECT_WORDS


@device
def list_append(launch: LaunchPointer, warp: WarpMemory, handle: u32, task: u32) -> u32:
    """The list keeps the task: it has a count of its own."""
    words = object_at(launch, handle)
    length = words[OBJECT_VALUE]
    if length == words[OBJECT_TAIL] and not grow(launch, words, length):
        return APPEND_HEAP_FULL
    fetch_add(object_at(launch, task) + OBJECT_COUNT, 1)
    elements_of(launch, words)[length] = task
    words[OBJECT_VALUE] = length + 1
    return 0


@device
def grow(launch: LaunchPointer, words: GlobalWords, length: u32) -> bool:
    """Room for twice as many tasks; False if the heap is full."""
    room = max(2 * length, u32(FIRST_ROOM))
    bytes = u64(room) * 4 + OBJECT_WORDS * 4
    if bytes > MOST_BYTES:
        return False
    granules = u32((bytes + (HEAP_GRANULE - 1)) // HEAP_GRANULE)
    block = allocate(launch, granules)
    if block == 0:
        return False
    made, old = object_at(launch, block), elements_of(launch, words)
    made[EARLIER] = words[OBJECT_HEAD]
    made[BLOCK_GRANULES] = granules
    position: u32 = 0
    while position < length:
        made[OBJECT_WORDS + position] = old[position]
        position += 1
    words[OBJECT_HEAD] = block
    words[OBJECT_TAIL] = room
    return True


@device
def free_list_of_tasks(launch: LaunchPointer, words: GlobalWords) -> None:
    """Let the tasks go, and the blocks."""
    position: u32 = 0
    length = words[OBJECT_VALUE]
    elements = elements_of(launch, words)
    while position < length:
        drop_task(launch, elements[position])
        position += 1
    block = words[OBJECT_HEAD]
    while block != 0:
        earlier = object_at(launch, block)[EARLIER]
        give_back(launch, block, object_at(launch, block)[BLOCK_GRANULES])
        block = earlier


@device
def list_cancel(launch: LaunchPointer, warp: WarpMemory, handle: u32) -> u32:
    """Cancel all tasks of a list."""
    words = object_at(launch, handle)
    elements = elements_of(launch, words)
    position: u32 = 0
    while position < words[OBJECT_VALUE]:
        task_cancel(launch, warp, elements[position])
        position += 1
    return 0


@device
def drop_task(launch: LaunchPointer, handle: u32) -> None:
    """One reference less to a task."""
    words = object_at(launch, handle)
    fence()
    if fetch_sub(words + OBJECT_COUNT, 1) == 1:
        fence()
        forget_task(launch, words)
        give_back(launch, handle, words[OBJECT_EXTRA])
