"""Tasks and their groups, as objects: device Python, called by single lanes of diverged warps.

    task     words 0 .. 7 an object's (`abi`): VALUE is 1 once it is done, EXTRA its granules; then its result
    group    VALUE counts tasks that have entered and not left; who waits for them all is parked

A task that is done stays so, and everybody who awaits it gets its result: those who wait when it ends from
`task_finish`, into their frames, those who come later from `task_join`.
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, load_acquire, store_release
from coro2cuda.frontend.dtypes import u32
from coro2cuda.lowering.abi import HEAP_GRANULE, OBJECT_HEAD, OBJECT_VALUE, OBJECT_WORDS
from coro2cuda.runtime.heap import object_at
from coro2cuda.runtime.item_queue import copy_words
from coro2cuda.runtime.layout import LaunchPointer, WarpMemory
from coro2cuda.runtime.waiting import NEXT, PLACE, WENT_ON, frame_at, lock, park, unlock, wake_all

WORDS_A_GRANULE = HEAP_GRANULE // 4


@device
def task_granules(words: u32) -> u32:
    """Of a task with so many words of result."""
    return (OBJECT_WORDS + words + WORDS_A_GRANULE - 1) // WORDS_A_GRANULE


@device
def task_done(launch: LaunchPointer, warp: WarpMemory, task: u32) -> u32:
    return load_acquire(object_at(launch, task) + OBJECT_VALUE)


@device
def task_join(
    launch: LaunchPointer, warp: WarpMemory, task: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Wait for the end, and put the result into the frame."""
    words = object_at(launch, task)
    lock(words)
    outcome: u32 = WENT_ON
    if words[OBJECT_VALUE] == 0:
        outcome = park(launch, words + OBJECT_HEAD, task, frame, state, place)
    else:
        copy_words(frame_at(launch, frame) + place // 4, words + OBJECT_WORDS, size)
    unlock(words)
    return outcome


@device
def task_end(
    launch: LaunchPointer, warp: WarpMemory, task: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Wait for the end alone."""
    words = object_at(launch, task)
    lock(words)
    outcome: u32 = WENT_ON
    if words[OBJECT_VALUE] == 0:
        outcome = park(launch, words + OBJECT_HEAD, task, frame, state, 0)
    unlock(words)
    return outcome


@device
def task_finish(launch: LaunchPointer, warp: WarpMemory, task: u32, item: WarpMemory, size: u32) -> u32:
    """The task is done: keep its result, and give it to those who wait. Who waits for the end alone has place 0."""
    words = object_at(launch, task)
    copy_words(words + OBJECT_WORDS, item, size)
    lock(words)
    following = words[OBJECT_HEAD]
    while following != 0:
        waiter = frame_at(launch, following - 1)
        place = waiter[PLACE]
        if place != 0:
            copy_words(waiter + place // 4, words + OBJECT_WORDS, size)
        following = waiter[NEXT]
    store_release(words + OBJECT_VALUE, 1)
    wake_all(launch, warp, words + OBJECT_HEAD)
    unlock(words)
    return 0


@device
def task_close(launch: LaunchPointer, warp: WarpMemory, task: u32) -> u32:
    """The task is done, and has no result."""
    words = object_at(launch, task)
    lock(words)
    store_release(words + OBJECT_VALUE, 1)
    wake_all(launch, warp, words + OBJECT_HEAD)
    unlock(words)
    return 0


# --- groups ----------------------------------------------------------------------------------------------------------


@device
def group_enter(launch: LaunchPointer, warp: WarpMemory, group: u32) -> u32:
    words = object_at(launch, group)
    lock(words)
    words[OBJECT_VALUE] += 1
    unlock(words)
    return 0


@device
def group_leave(launch: LaunchPointer, warp: WarpMemory, group: u32) -> u32:
    words = object_at(launch, group)
    lock(words)
    left = words[OBJECT_VALUE] - 1
    words[OBJECT_VALUE] = left
    if left == 0:
        wake_all(launch, warp, words + OBJECT_HEAD)
    unlock(words)
    return 0


@device
def group_wait(
    launch: LaunchPointer, warp: WarpMemory, group: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Until no task of the group runs."""
    words = object_at(launch, group)
    lock(words)
    outcome: u32 = WENT_ON
    if words[OBJECT_VALUE] != 0:
        outcome = park(launch, words + OBJECT_HEAD, group, frame, state, place)
    unlock(words)
    return outcome
