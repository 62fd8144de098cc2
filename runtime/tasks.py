"""Tasks and their groups, as objects: device Python, called by single lanes of diverged warps.

    task     words 0 .. 7 an object's (`abi`): VALUE is 0 until it ends, 1 if it has a result, else 1 + its error; EXTRA
             its granules; TAIL, then, whether anybody has seen the error. If tasks can be cancelled, a scope's words.
             Then the result.
    group    VALUE counts tasks that have entered and not left; who waits for them all is parked. If tasks can be
             cancelled, a scope's words, the first of the errors of its tasks, and whether it has been cancelled itself

A task that is done stays so, and everybody who awaits it gets its result: those who wait when it ends from
`task_finish`, into their frames, those who come later from `task_join`. Of an error each becomes an owner.
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, load_acquire, option, store_release
from coro2cuda.frontend.dtypes import u32
from coro2cuda.lowering.abi import (
    ERROR_MEMBERS,
    ERROR_SIBLING,
    HEAP_GRANULE,
    OBJECT_HEAD,
    OBJECT_TAIL,
    OBJECT_VALUE,
    OBJECT_WORDS,
    SCOPE_REQUESTS,
    SCOPE_WORDS,
    TASK_FAILED,
)
from coro2cuda.runtime.cancelling import cancel
from coro2cuda.runtime.exceptions import (
    abort_error,
    forget_error,
    has_record,
    member_error,
    record_of,
    share_error,
)
from coro2cuda.runtime.frame_words import NEXT, PLACE, SCOPE, SEEN, frame_at
from coro2cuda.runtime.heap import object_at
from coro2cuda.runtime.item_queue import copy_words
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.scopes import adopt, enter_scope, leave_scope, part, scope_poll
from coro2cuda.runtime.spin_lock import lock, unlock
from coro2cuda.runtime.waiting import WENT_ON, park, park_through, wake_all

WORDS_A_GRANULE = HEAP_GRANULE // 4
GROUP_ERRORS = 16
GROUP_CANCELLED = 17  # by an error of one of its tasks, or of its body
SEEN_BY_NOBODY, SEEN_BY_SOMEBODY, WAS_CANCELLED = 0, 1, 2  # TAIL of a task that has failed


@device
def result_word() -> u32:
    """Where a task's result begins."""
    return u32(SCOPE_WORDS) if option("CANCELS") != 0 else u32(OBJECT_WORDS)


@device
def task_granules(words: u32) -> u32:
    """Of a task with so many words of result."""
    return (result_word() + words + WORDS_A_GRANULE - 1) // WORDS_A_GRANULE


@device
def task_done(launch: LaunchPointer, warp: WarpMemory, task: u32) -> u32:
    return load_acquire(object_at(launch, task) + OBJECT_VALUE)


@device
def task_cancelled(launch: LaunchPointer, warp: WarpMemory, task: u32) -> u32:
    words = object_at(launch, task)
    done = load_acquire(words + OBJECT_VALUE)
    return 1 if done > 1 and words[OBJECT_TAIL] == WAS_CANCELLED else 0


@device
def task_join(
    launch: LaunchPointer, warp: WarpMemory, task: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Wait for the end, and put the result into the frame."""
    words = object_at(launch, task)
    lock(words)
    outcome: u32 = WENT_ON
    done = words[OBJECT_VALUE]
    if done == 0:
        outcome = park(launch, words, OBJECT_HEAD, task, frame, state, place)
    elif done != 1:
        outcome = TASK_FAILED
    else:
        copy_words(frame_at(launch, frame) + place // 4, words + result_word(), size)
    unlock(words)
    return outcome


@device
def task_end(
    launch: LaunchPointer, warp: WarpMemory, task: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Wait for the end alone."""
    return task_join(launch, warp, task, frame, state, 0, 0)


@device
def task_begin(launch: LaunchPointer, warp: WarpMemory, task: u32, frame: u32) -> u32:
    """The frame is the task's from now on. Not 0: it was cancelled before it began."""
    own = frame_at(launch, frame)
    own[SCOPE] = task
    own[SEEN] = 0
    return scope_poll(launch, warp, frame)


@device
def task_finish(launch: LaunchPointer, warp: WarpMemory, task: u32, item: WarpMemory, size: u32) -> u32:
    """The task is done: keep its result, and give it to those who wait. Who waits for the end alone has place 0."""
    words = object_at(launch, task)
    copy_words(words + result_word(), item, size)
    lock(words)
    following = words[OBJECT_HEAD]
    while following != 0:
        waiter = frame_at(launch, following - 1)
        place = waiter[PLACE]
        if place != 0:
            copy_words(waiter + place // 4, words + result_word(), size)
        following = waiter[NEXT]
    end_task(launch, warp, words, 1, 0, SEEN_BY_NOBODY)
    return 0


@device
def task_close(launch: LaunchPointer, warp: WarpMemory, task: u32) -> u32:
    """The task is done, and has no result."""
    words = object_at(launch, task)
    lock(words)
    end_task(launch, warp, words, 1, 0, SEEN_BY_NOBODY)
    return 0


@device
def task_fail(launch: LaunchPointer, warp: WarpMemory, task: u32, error: u32) -> u32:
    """The task has failed: it keeps its error, and somebody is to see it."""
    words = object_at(launch, task)
    lock(words)
    end_task(launch, warp, words, 1 + error, TASK_FAILED, SEEN_BY_NOBODY)
    return 0


@device
def task_lose(launch: LaunchPointer, warp: WarpMemory, task: u32, error: u32) -> u32:
    """The same, and nobody need see it: its group has a copy."""
    words = object_at(launch, task)
    lock(words)
    end_task(launch, warp, words, 1 + error, TASK_FAILED, SEEN_BY_SOMEBODY)
    return 0


@device
def task_cease(launch: LaunchPointer, warp: WarpMemory, task: u32, error: u32) -> u32:
    """The task ends with CancelledError."""
    words = object_at(launch, task)
    lock(words)
    end_task(launch, warp, words, 1 + error, TASK_FAILED, WAS_CANCELLED)
    return 0


@device
def end_task(
    launch: LaunchPointer, warp: WarpMemory, words: GlobalWords, done: u32, outcome: u32, seen: u32
) -> None:  # fmt: skip
    """Wake who waits, and release the lock. TAIL is the list's no more."""
    wake_all(launch, warp, words + OBJECT_HEAD, outcome)
    words[OBJECT_TAIL] = seen
    store_release(words + OBJECT_VALUE, done)
    unlock(words)
    if option("CANCELS") != 0:
        part(launch, words)


@device
def task_error(launch: LaunchPointer, warp: WarpMemory, task: u32) -> u32:
    """The error of a task that has failed, with one owner more."""
    words = object_at(launch, task)
    lock(words)
    if words[OBJECT_TAIL] == SEEN_BY_NOBODY:
        words[OBJECT_TAIL] = SEEN_BY_SOMEBODY
    error = words[OBJECT_VALUE] - 1
    unlock(words)
    share_error(launch, error)
    return error


@device
def forget_task(launch: LaunchPointer, words: GlobalWords) -> None:
    """The last reference to a task goes. An error that nobody has seen ends the run."""
    error = words[OBJECT_VALUE] - 1
    if words[OBJECT_VALUE] > 1:
        if words[OBJECT_TAIL] == SEEN_BY_NOBODY:
            abort_error(launch, error)
        else:
            forget_error(launch, error)


@device
def task_cancel(launch: LaunchPointer, warp: WarpMemory, task: u32) -> u32:
    """Cancel a task; whether it was not done."""
    if load_acquire(object_at(launch, task) + OBJECT_VALUE) != 0:
        return 0
    cancel(launch, warp, task)
    return 1


# --- groups ----------------------------------------------------------------------------------------------------------


@device
def group_enter(launch: LaunchPointer, warp: WarpMemory, group: u32) -> u32:
    """One task more. How many requests of the group it is to take as answered: none if the group has been cancelled."""
    words = object_at(launch, group)
    answered: u32 = 0
    lock(words)
    words[OBJECT_VALUE] += 1
    if option("CANCELS") != 0 and words[GROUP_CANCELLED] == 0:
        answered = words[SCOPE_REQUESTS]
    unlock(words)
    return answered


@device
def group_adopt(launch: LaunchPointer, warp: WarpMemory, group: u32, task: u32, answered: u32) -> u32:
    """A task is a scope in its group's."""
    adopt(launch, group, task, answered)
    return 0


@device
def group_begin(launch: LaunchPointer, warp: WarpMemory, group: u32, answered: u32, frame: u32) -> u32:
    """The frame is that of a task that has no scope but the group. Not 0: it was cancelled before it began."""
    own = frame_at(launch, frame)
    own[SCOPE] = group
    own[SEEN] = answered
    return scope_poll(launch, warp, frame)


@device
def group_leave(launch: LaunchPointer, warp: WarpMemory, group: u32) -> u32:
    words = object_at(launch, group)
    lock(words)
    left = words[OBJECT_VALUE] - 1
    words[OBJECT_VALUE] = left
    if left == 0:
        wake_all(launch, warp, words + OBJECT_HEAD, 0)
    unlock(words)
    return 0


@device
def group_wait(
    launch: LaunchPointer, warp: WarpMemory, group: u32, frame: u32, state: u32, place: u32, size: u32
) -> u32:
    """Until no task of the group runs. A cancellation reaches those tasks, and ends the wait that way."""
    words = object_at(launch, group)
    lock(words)
    outcome: u32 = WENT_ON
    if words[OBJECT_VALUE] != 0:
        outcome = park_through(launch, words, group, frame, state)
    unlock(words)
    return outcome


@device
def group_open(launch: LaunchPointer, warp: WarpMemory, group: u32, frame: u32) -> u32:
    """The body begins."""
    enter_scope(launch, group, frame)
    return 0


@device
def group_fail(launch: LaunchPointer, warp: WarpMemory, group: u32, error: u32) -> u32:
    """A task, or the body, has failed: keep the error, and cancel the others the first time."""
    words = object_at(launch, group)
    lock(words)
    words[GROUP_ERRORS] = member_error(launch, error, words[GROUP_ERRORS])
    unlock(words)
    return group_cancel(launch, warp, group)


@device
def group_share(launch: LaunchPointer, warp: WarpMemory, group: u32, error: u32) -> u32:
    """The same for a task that keeps the error too."""
    share_error(launch, error)
    return group_fail(launch, warp, group, error)


@device
def group_cancel(launch: LaunchPointer, warp: WarpMemory, group: u32) -> u32:
    """Cancel all tasks of the group, and its body, unless that has been done."""
    words = object_at(launch, group)
    lock(words)
    before = words[GROUP_CANCELLED]
    words[GROUP_CANCELLED] = 1
    unlock(words)
    if before == 0:
        cancel(launch, warp, group)
    return 0


@device
def group_close(launch: LaunchPointer, warp: WarpMemory, group: u32, frame: u32) -> u32:
    """The body and all tasks are done: whether some have failed."""
    leave_scope(launch, group, frame)
    return 1 if object_at(launch, group)[GROUP_ERRORS] != 0 else 0


@device
def group_errors(launch: LaunchPointer, warp: WarpMemory, group: u32, error: u32) -> u32:
    """Give an ExceptionGroup its members, in the order in which they came."""
    words = object_at(launch, group)
    member = words[GROUP_ERRORS]
    words[GROUP_ERRORS] = 0
    reversed: u32 = 0
    while member != 0:
        node = record_of(launch, member)
        following = node[ERROR_SIBLING]
        node[ERROR_SIBLING] = reversed
        reversed = member
        member = following
    if has_record(launch, error):
        record_of(launch, error)[ERROR_MEMBERS] = reversed
    return 0
