"""Errors of tasks: device Python. An error is 1 + the index of its record (`abi`: ERROR_...).

             1 make                   2 trace                      4 forget
    (free) ----------> in flight --> ... --> being handled -----------------------> (free)
                          ^                       | 3 chain: another error leaves the handler
                          '------ that one -------'         and keeps this one as its context

1 a word a record says whether it is taken, and counts owners; a search for a free one begins where the last one ended.
2 each call and await that the error passes adds its place.  4 the handler has ended, or was left by `return`, `break`,
`continue`.

An owner is the lane an error is in flight in, the frame it is handled in, the error whose context it is, the task that
it ended, or the ExceptionGroup it is in: several tasks may await one that failed. All of this is cold: nothing here
runs, and no memory here is touched, before something is raised.

An error that finds no record is `error_count + 1`. It is of no class and leaves no trace. In a program that handles no
error that is every one but the first, which ends the run; in any other the run is stopped with ERROR_POOL.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    address,
    cold,
    compare_and_swap,
    device,
    exchange,
    fence,
    fetch_add,
    fetch_sub,
    load_relaxed,
    option,
    store_relaxed,
)
from coro2cuda.frontend.dtypes import u32, u64
from coro2cuda.lowering.abi import (
    CAUSE_NONE,
    ERROR_ARGUMENTS,
    ERROR_CAUSE,
    ERROR_CONTEXT,
    ERROR_KIND,
    ERROR_MEMBERS,
    ERROR_POOL,
    ERROR_ROOT,
    ERROR_SIBLING,
    ERROR_SITE,
    ERROR_TRACE,
    ERROR_TRACED,
    NO_KIND,
    NO_ROOT,
    TRACE_FIRST,
    TRACE_LAST,
)
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer

TAKEN = 1  # in the word of a record
ONE_OWNER = 2  # the unit in which it counts


@device
def has_record(launch: LaunchPointer, error: u32) -> bool:
    return error - 1 < launch.error_count


@device
def record_of(launch: LaunchPointer, error: u32) -> GlobalWords:
    """The record of an error that has one."""
    flags = (launch.error_count + 3) // 4 * 4
    return launch.errors + (u64(flags) + u64(error - 1) * option("ERROR_WORDS"))


@cold
def make_error(launch: LaunchPointer, site: u32, kind: u32) -> u32:
    count = launch.error_count
    first = fetch_add(address(launch.control.error_cursor), 1)
    tried: u32 = 0
    while tried < count:
        index = (first + tried) % count
        flag = launch.errors + index
        if load_relaxed(flag) == 0 and compare_and_swap(flag, 0, TAKEN + ONE_OWNER) == 0:
            fence()
            record = record_of(launch, index + 1)
            record[ERROR_SITE] = site
            record[ERROR_KIND] = kind
            record[ERROR_CAUSE] = 0
            record[ERROR_CONTEXT] = 0
            record[ERROR_TRACED] = 0
            record[ERROR_ROOT] = NO_ROOT
            record[ERROR_MEMBERS] = 0
            record[ERROR_SIBLING] = 0
            return index + 1
        tried += 1
    if option("CATCHES") != 0:
        abort_error(launch, u32(ERROR_POOL))
    return count + 1


@cold
def error_argument(launch: LaunchPointer, error: u32, index: u32, value: u64) -> None:
    if has_record(launch, error):
        record = record_of(launch, error)
        record[ERROR_ARGUMENTS + 2 * index] = u32(value)
        record[ERROR_ARGUMENTS + 2 * index + 1] = u32(value >> 32)


@cold
def error_kind(launch: LaunchPointer, error: u32) -> u32:
    """Which class it is of."""
    if has_record(launch, error):
        return record_of(launch, error)[ERROR_KIND]
    return NO_KIND


@cold
def trace_error(launch: LaunchPointer, error: u32, place: u32) -> None:
    """The error passes a call or an await."""
    if has_record(launch, error):
        record = record_of(launch, error)
        count = record[ERROR_TRACED]
        slot = count
        if count >= TRACE_FIRST:
            slot = TRACE_FIRST + (count - TRACE_FIRST) % TRACE_LAST
        record[ERROR_TRACE + slot] = place
        record[ERROR_TRACED] = count + 1


@cold
def cause_error(launch: LaunchPointer, error: u32, cause: u32) -> None:
    """It is raised `from` another, or (0) from None."""
    if has_record(launch, error):
        if cause == 0:
            cause = CAUSE_NONE
        record_of(launch, error)[ERROR_CAUSE] = cause


@cold
def root_error(launch: LaunchPointer, error: u32, index: u32) -> None:
    """It ends a root task."""
    if has_record(launch, error):
        record_of(launch, error)[ERROR_ROOT] = index


@cold
def chain_error(launch: LaunchPointer, error: u32, handled: u32) -> None:
    """An error leaves the handler of another: unless it is that one, or has it already, it becomes the owner."""
    while error != handled and has_record(launch, error):
        record = record_of(launch, error)
        following = record[ERROR_CONTEXT]
        if following == 0:
            record[ERROR_CONTEXT] = handled
            return
        error = following


@cold
def forget_error(launch: LaunchPointer, error: u32) -> None:
    """One owner less: without any its record, and those it owns, can be used again."""
    unowned = disown(launch, error, 0)
    while unowned != 0:
        record = record_of(launch, unowned)
        dead = unowned
        unowned = disown(launch, record[ERROR_CONTEXT], record[ERROR_SIBLING])
        member = record[ERROR_MEMBERS]
        while member != 0:
            node = record_of(launch, member)
            unowned = disown(launch, node[ERROR_MEMBERS], unowned)
            following = node[ERROR_SIBLING]
            free_record(launch, member)
            member = following
        free_record(launch, dead)


@device
def disown(launch: LaunchPointer, error: u32, unowned: u32) -> u32:
    """Take an owner from an error. Of one that has no other the record is put before a chain of such, by ERROR_SIBLING;
    the chain's first."""
    if has_record(launch, error):
        fence()  # what this owner did with the record comes before what is done with it next
        if fetch_sub(launch.errors + (error - 1), ONE_OWNER) == TAKEN + ONE_OWNER:
            fence()
            record_of(launch, error)[ERROR_SIBLING] = unowned
            return error
    return unowned


@device
def free_record(launch: LaunchPointer, error: u32) -> None:
    fence()  # what was written to the record must not land in its next use
    store_relaxed(launch.errors + (error - 1), 0)


@cold
def share_error(launch: LaunchPointer, error: u32) -> None:
    """One owner more, as an exception in Python that several tasks get by awaiting one that failed."""
    if has_record(launch, error):
        fetch_add(launch.errors + (error - 1), ONE_OWNER)


@cold
def member_error(launch: LaunchPointer, error: u32, following: u32) -> u32:
    """A record that stands for one error among the members of an ExceptionGroup, before those that follow."""
    node = make_error(launch, 0, u32(NO_KIND))
    if not has_record(launch, node):
        return following
    record = record_of(launch, node)
    record[ERROR_MEMBERS] = error
    record[ERROR_SIBLING] = following
    return node


@cold
def fail(launch: LaunchPointer, frame: u32, error: u32) -> None:
    """The error ends the coroutine of a frame of its own; the executor goes on from there (`unwinding`)."""
    launch.failures[frame] = error


@cold
def abort_error(launch: LaunchPointer, error: u32) -> None:
    """Nobody handles the error, or `error` is an ERROR_ code: the first one ends the run, everybody is told to stop."""
    if has_record(launch, error) or error >= ERROR_POOL:
        compare_and_swap(address(launch.control.error), 0, error)
    exchange(address(launch.control.stop), 1)


# What generated code calls.
CALLED = (
    make_error, error_argument, error_kind, trace_error, cause_error, root_error, chain_error, forget_error, fail,
    abort_error,
)  # fmt: skip
