"""The spin lock of objects and scopes: device Python, taken by single lanes of diverged warps.

The lock is a word, 0 or 1, and a *line*: places drawn << 0, places served << 16. Who finds the lock taken draws a place
and naps the longer the more are before it, so that thousands of lanes that want one lock do not keep each other, and
the lane that has it, from the word. The line only says who should try: that one lane has the lock the word alone
sees to, so nothing depends on the line's 16 bits being enough; who was passed over by their overflow tries now and
then all the same.

After Mellor-Crummey and Scott, "Algorithms for Scalable Synchronization on Shared-Memory Multiprocessors" (1991): their
ticket lock with proportional backoff, whose tickets are advice here.
"""

from __future__ import annotations

from coro2cuda.frontend.device import (
    cold,
    compare_and_swap_acquire,
    device,
    fetch_add,
    fetch_sub,
    load_relaxed,
    nanosleep,
    store_release,
    warp_size,
)
from coro2cuda.frontend.dtypes import u32
from coro2cuda.lowering import abi
from coro2cuda.runtime.layout import GlobalWords

FIRST_NAP = 32  # nanoseconds
LONGEST_NAP = 1024
PLACES = 0x10000  # of a line
NAP_A_PLACE = 64  # nanoseconds: a few looks while one lane has the lock
LONGEST_WAIT = 32768
ALL_THE_SAME = 64  # naps after which a lane tries whoever is before it


@device
def lock_word(word: GlobalWords, line: GlobalWords) -> None:
    """Take a spin lock: an acquire."""
    if compare_and_swap_acquire(word, 0, 1) != 0:
        if warp_size() == 1:
            spin(word)
        else:
            stand_in_line(word, line)


@device
def try_lock(words: GlobalWords) -> bool:
    """Take an object's lock if it is free: an acquire."""
    word = words + abi.OBJECT_LOCK
    return load_relaxed(word) == 0 and compare_and_swap_acquire(word, 0, 1) == 0


@device
def spin(word: GlobalWords) -> None:
    """For the few threads of a CPU, which the system may take from their core while they are first in a line."""
    nap: u32 = FIRST_NAP
    while compare_and_swap_acquire(word, 0, 1) != 0:
        nanosleep(nap)
        nap = min(nap * 2, u32(LONGEST_NAP))


@cold
def stand_in_line(word: GlobalWords, line: GlobalWords) -> None:
    place = fetch_add(line, 1) & (PLACES - 1)
    if place == PLACES - 1:
        fetch_sub(line, PLACES)  # the carry
    naps: u32 = 0
    while True:
        before = (place - (load_relaxed(line) >> 16)) & (PLACES - 1)
        naps += 1
        nap: u32 = FIRST_NAP
        if before == 0 or before >= PLACES // 2 or naps % ALL_THE_SAME == 0:
            if load_relaxed(word) == 0 and compare_and_swap_acquire(word, 0, 1) == 0:
                break
        else:
            nap = min(FIRST_NAP + before * NAP_A_PLACE, u32(LONGEST_WAIT))
        nanosleep(nap)
    fetch_add(line, PLACES)


@device
def unlock_word(word: GlobalWords) -> None:
    store_release(word, 0)


@device
def lock(words: GlobalWords) -> None:
    """Take an object's lock."""
    lock_word(words + abi.OBJECT_LOCK, words + abi.OBJECT_LINE)


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
