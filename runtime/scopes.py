"""Scopes: what can be cancelled as one, and the frames in it. Device Python, called by single lanes of diverged warps.

    enter ─▶ register (park) ─▶ claim (wake) ─▶ leave           one of the two claims gets a parked frame
                     └────────▶ request (cancel)

docs/cancellation.md draws the tree of scopes and says who may hold which lock. A frame is in a scope as long as its
SCOPE names it, and then the scope is there.
"""

from __future__ import annotations

from coro2cuda.frontend.device import device, load_acquire, option, store_release
from coro2cuda.frontend.dtypes import u32
from coro2cuda.lowering.abi import (
    CANCELLED,
    HOLD_CLAIMED,
    HOLD_FREE,
    HOLD_LISTED,
    HOLD_OWED,
    OBJECT_WORDS,
    SCOPE_CHILDREN,
    SCOPE_INHERITED,
    SCOPE_LINE,
    SCOPE_LOCK,
    SCOPE_MEMBERS,
    SCOPE_NEXT,
    SCOPE_PARENT,
    SCOPE_PREV,
    SCOPE_REQUESTS,
    SCOPE_WORDS,
)
from coro2cuda.runtime.frame_words import HOLD, LIST, MEMBER_NEXT, MEMBER_PREV, OBJECT, PLACE, SCOPE, SEEN, frame_at
from coro2cuda.runtime.heap import object_at
from coro2cuda.runtime.layout import GlobalWords, LaunchPointer, WarpMemory
from coro2cuda.runtime.spin_lock import lock_word, unlock_word


@device
def lock_scope(words: GlobalWords) -> None:
    lock_word(words + SCOPE_LOCK, words + SCOPE_LINE)


@device
def unlock_scope(words: GlobalWords) -> None:
    unlock_word(words + SCOPE_LOCK)


@device
def clear_scope(words: GlobalWords) -> None:
    """A new scope, in no other and with nothing in it."""
    word: u32 = OBJECT_WORDS
    while word < SCOPE_WORDS:
        words[word] = 0
        word += 1


# --- the tree --------------------------------------------------------------------------------------------------------


@device
def adopt(launch: LaunchPointer, parent: u32, scope: u32, answered: u32) -> None:
    """Put a scope into another. If that has requests beyond those answered, the scope has one from the start."""
    words = object_at(launch, scope)
    around = object_at(launch, parent)
    lock_scope(around)
    if around[SCOPE_REQUESTS] > answered:
        words[SCOPE_REQUESTS] += 1
        words[SCOPE_INHERITED] = words[SCOPE_REQUESTS]
    first = around[SCOPE_CHILDREN]
    words[SCOPE_PARENT] = parent
    words[SCOPE_PREV] = 0
    words[SCOPE_NEXT] = first
    if first != 0:
        object_at(launch, first)[SCOPE_PREV] = scope
    around[SCOPE_CHILDREN] = scope
    unlock_scope(around)


@device
def part(launch: LaunchPointer, words: GlobalWords) -> u32:
    """Take a scope out of the one around it, whose requests it tells. No request reaches it afterwards."""
    parent = words[SCOPE_PARENT]
    if parent == 0:
        return 0
    around = object_at(launch, parent)
    lock_scope(around)
    before = words[SCOPE_PREV]
    after = words[SCOPE_NEXT]
    if before == 0:
        around[SCOPE_CHILDREN] = after
    else:
        object_at(launch, before)[SCOPE_NEXT] = after
    if after != 0:
        object_at(launch, after)[SCOPE_PREV] = before
    requests = around[SCOPE_REQUESTS]
    unlock_scope(around)
    return requests


@device
def enter_scope(launch: LaunchPointer, scope: u32, frame: u32) -> None:
    """From now on the frame runs in a scope, which lies in the one that it ran in before."""
    own = frame_at(launch, frame)
    around = own[SCOPE]
    if around != 0:
        adopt(launch, around, scope, own[SEEN])
    own[SCOPE] = scope
    own[SEEN] = 0


@device
def leave_scope(launch: LaunchPointer, scope: u32, frame: u32) -> bool:
    """The frame runs in the scope around again. Whether a request came from there meanwhile, and was answered here;
    one that was not is to be answered there."""
    words = object_at(launch, scope)
    own = frame_at(launch, frame)
    requests = part(launch, words)
    inherited = words[SCOPE_INHERITED]
    answered = inherited != 0 and own[SEEN] >= inherited
    own[SCOPE] = words[SCOPE_PARENT]
    if inherited != 0 and not answered:
        requests -= 1
    own[SEEN] = requests
    return answered


# --- the frames in a scope -------------------------------------------------------------------------------------------


@device
def register(launch: LaunchPointer, frame: u32, which: u32) -> bool:
    """A frame is about to be parked in list `which` of an object, whose lock is held. False if it is to be cancelled
    instead; that request is answered then."""
    own = frame_at(launch, frame)
    own[LIST] = which
    scope = own[SCOPE]
    if scope == 0:
        own[HOLD] = HOLD_FREE
        return True
    words = object_at(launch, scope)
    lock_scope(words)
    requests = words[SCOPE_REQUESTS]
    goes_on = requests <= own[SEEN]
    if goes_on:
        first = words[SCOPE_MEMBERS]
        own[MEMBER_PREV] = 0
        own[MEMBER_NEXT] = first
        if first != 0:
            frame_at(launch, first - 1)[MEMBER_PREV] = frame + 1
        words[SCOPE_MEMBERS] = frame + 1
        own[HOLD] = HOLD_LISTED
    else:
        own[SEEN] = requests
    unlock_scope(words)
    return goes_on


@device
def claim(launch: LaunchPointer, frame: u32) -> bool:
    """Whether a parked frame is its waker's, which holds the lock of the object; no canceller gets it then."""
    if option("CANCELS") == 0:
        return True
    own = frame_at(launch, frame)
    scope = own[SCOPE]
    if scope == 0:
        return True
    words = object_at(launch, scope)
    lock_scope(words)
    hold = own[HOLD]
    if hold == HOLD_LISTED:
        before = own[MEMBER_PREV]
        after = own[MEMBER_NEXT]
        if before == 0:
            words[SCOPE_MEMBERS] = after
        else:
            frame_at(launch, before - 1)[MEMBER_NEXT] = after
        if after != 0:
            frame_at(launch, after - 1)[MEMBER_PREV] = before
        own[HOLD] = HOLD_FREE
    unlock_scope(words)
    return hold != HOLD_CLAIMED


@device
def outcome_of(launch: LaunchPointer, frame: u32, outcome: u32) -> u32:
    """What a claimed frame is told, if it is not owed a cancellation."""
    if option("CANCELS") != 0:
        own = frame_at(launch, frame)
        if own[SCOPE] != 0 and own[HOLD] == HOLD_OWED:
            return CANCELLED
    return outcome


@device
def entrust(launch: LaunchPointer, frame: u32, handle: u32, which: u32, place: u32) -> bool:
    """A parked frame goes from one object's list to another's, whose locks are held; False if a canceller has it."""
    own = frame_at(launch, frame)
    if option("CANCELS") == 0 or own[SCOPE] == 0:
        own[OBJECT] = handle
        return True
    words = object_at(launch, own[SCOPE])
    lock_scope(words)
    goes = own[HOLD] != HOLD_CLAIMED
    if goes:
        own[OBJECT] = handle
        own[LIST] = which
        own[PLACE] = place
    unlock_scope(words)
    return goes


@device
def scope_poll(launch: LaunchPointer, warp: WarpMemory, frame: u32) -> u32:
    """CANCELLED if a request is to be answered, which it is then; else 0. Called where a frame goes on that was not
    parked."""
    own = frame_at(launch, frame)
    scope = own[SCOPE]
    if scope != 0:
        requests = load_acquire(object_at(launch, scope) + SCOPE_REQUESTS)
        if requests > own[SEEN]:
            own[SEEN] = requests
            return CANCELLED
    return 0


# --- requests --------------------------------------------------------------------------------------------------------


@device
def request(launch: LaunchPointer, scope: u32) -> u32:
    """Add a request to a scope and to all scopes inside, and claim the frames that are parked there: the first, + 1, of
    a chain by MEMBER_NEXT. The walk holds the locks from the scope down to where it is."""
    claimed: u32 = 0
    node = scope
    lock_scope(object_at(launch, node))
    while True:
        words = object_at(launch, node)
        claimed = request_one(launch, words, node != scope, claimed)
        following = words[SCOPE_CHILDREN]
        while following == 0 and node != scope:
            words = object_at(launch, node)
            following = words[SCOPE_NEXT]
            node = words[SCOPE_PARENT]
            unlock_scope(words)
        if following == 0:
            break
        node = following
        lock_scope(object_at(launch, node))
    unlock_scope(object_at(launch, scope))
    return claimed


@device
def request_one(launch: LaunchPointer, words: GlobalWords, is_inside: bool, claimed: u32) -> u32:
    """The same for one scope, under its lock; the chain with its frames put in front."""
    requests = words[SCOPE_REQUESTS] + 1
    store_release(words + SCOPE_REQUESTS, requests)  # frames that are not parked look without the lock
    if is_inside:
        words[SCOPE_INHERITED] = requests
    following = words[SCOPE_MEMBERS]
    words[SCOPE_MEMBERS] = 0
    while following != 0:
        own = frame_at(launch, following - 1)
        after = own[MEMBER_NEXT]
        own[HOLD] = HOLD_CLAIMED
        own[SEEN] = requests
        own[MEMBER_NEXT] = claimed
        claimed = following
        following = after
    return claimed
