"""Wrong executors: each has one mistake of the kind that schedulers have. The explorer must find every one.

`within` is the number of random schedules, from seed 0 on, that the test allows; the table of docs/correctness.md tells
how many it took. A mutant that the executor has no line for any more is to be written anew, not dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

from device_ir import Mutant


@dataclass(frozen=True, slots=True)
class Case:
    """A mistake (one edit or more), the scenario that shows it, and the schedules that must suffice."""

    name: str
    scenario: str
    within: int
    mutants: tuple[Mutant, ...]


def _case(name: str, scenario: str, within: int, *edits: tuple[str, str, str]) -> Case:
    return Case(name, scenario, within, tuple(Mutant(name, *edit) for edit in edits))


PUBLISHED = """\
fence()
warp_sync()
if lane_id() == 0:
    store_release(deque_of(launch, me) + DEQUE_BOTTOM, bottom + 1)
    warp[BOTTOM] = bottom + 1
"""
PROBED = """\
bottom = load_relaxed(theirs + DEQUE_BOTTOM)
found = ballot(i32(bottom - top) > 0 and victim != me)
warp_sync()
if lane_id() == 0:
    warp[PROBES] = probe + 1
warp_sync()
"""
LOOKED = """\
if found != 0:
    fence_sc()
    bottom = load_acquire(theirs + DEQUE_BOTTOM)
    found = ballot(i32(bottom - top) > 0 and victim != me)
"""
NUMBERED = "((head >> u64(32)) + u64(1)) << u64(32) | "
COUNTED = "fetch_add(address(launch.control.census), counted(standing) - counted(before))"
CONDITION_PARKS = """\
if held[OBJECT_VALUE] != 0:
    outcome = park(launch, words, OBJECT_HEAD, handle, frame, state, place)
    if outcome == PARKED_THERE:
        hand_on(launch, warp, held)
unlock(held)
unlock(words)
"""
EVENT_PARKS = """\
if words[OBJECT_VALUE] != 1:
    outcome = park_at_event(launch, words, event, frame, state, place)
unlock(words)
"""
EVENT_WAKES = """\
store_release(words + OBJECT_VALUE, 1)
if option("CANCELS") == 0:
    crowd = dismiss_crowd(launch, event)
wake_all(launch, warp, words + OBJECT_HEAD, 0)
unlock(words)
"""
ORDERS = 'if option("ORDERS") != 0:\n    fence()'
READ = "read_slot(slot_at(launch, ring, number, size), number, item, size)"
PARKS = "park_at_event(launch, words, event, frame, state, place)"
WROTE_CHAIN = """\
fence()
warp_sync()
if lane_id() == 0:
    put_chain(launch, ids[0])
    warp[FREE_COUNT] = count
    warp[ELSEWHERE] += number
"""

CHUNK_DEQUE = (
    _case("publish releases nothing", "tree", 300,
          ("publish", PUBLISHED, PUBLISHED.replace("fence()\n", "").replace("release", "relaxed"))),
    _case("publish releases for its first lane only", "pair, 2 lanes", 300,
          ("publish", PUBLISHED, PUBLISHED.replace("release", "relaxed"))),
    _case("publish before the chunk is written", "tree", 300,
          ("publish", "words = chunk_of(launch, me, bottom)",
           "store_release(deque_of(launch, me) + DEQUE_BOTTOM, bottom + 1)\nwords = chunk_of(launch, me, bottom)")),
    _case("steal acquires nothing", "tree", 300,
          ("steal", LOOKED, LOOKED.replace("fence_sc()", "").replace("acquire", "relaxed"))),
    _case("steal does not look again behind a fence", "ladder, top rarely seen", 300, ("steal", LOOKED, "")),
    _case("steal reads the next chunk", "tree", 300,
          ("steal", "words = chunk_of(launch, owner, oldest)", "words = chunk_of(launch, owner, oldest + 1)")),
    _case("steal takes without asking", "tree", 300,
          ("steal", "compare_and_swap(deque_of(launch, owner), oldest, oldest + 1) == oldest", "oldest == oldest")),
    _case("lanes do not meet before the probe is counted", "pair, 2 lanes", 50,
          ("steal", "warp_sync()\nif lane_id() == 0:\n    warp[PROBES] = probe + 1",
           "if lane_id() == 0:\n    warp[PROBES] = probe + 1")),
    _case("pop without its fence", "ladder, top rarely seen", 400, ("pop_chunk", "fence_sc()", "")),
    _case("pop takes the last chunk without asking", "tree", 300,
          ("pop_chunk", "compare_and_swap(own, top, top + 1) == top", "top == top")),
    _case("pop keeps the chunk that it has taken", "ladder", 50,
          ("pop_chunk", "won = 1\nwarp[BOTTOM] = newest", "won = 1")),
    _case("a full ring of chunks is written over", "ladder, few chunks", 100,
          ("make_room", 'chunks_left(warp) < i32(option("CHUNKS") - 2)', "warp[BOTTOM] == warp[BOTTOM]")),
)  # fmt: skip

JOINED = "fetch_sub_ordered(launch.frames + (u64(parent) * (frame_size() // 4) + FRAME_PENDING // 4), 1)"
RELAXED = JOINED.replace("_ordered", "")
JOINS = (
    _case("join does not release the result", "tree", 300,
          ("join", f"return {JOINED}", f"before = {RELAXED}\nfence()\nreturn before")),
    _case("join does not acquire the others' results", "tree", 300,
          ("join", f"return {JOINED}", f"fence()\nreturn {RELAXED}")),
    _case("join counts a child twice", "pair", 10, ("join", JOINED, JOINED.replace(", 1)", ", 2)"))),
    _case("join wakes before the last child", "pair", 10, ("join", f"return {JOINED}", f"return {JOINED} - 1")),
)  # fmt: skip

READY_DEQUES = (
    _case("enqueue counts without an atomic", "tree, 4 lanes", 100,
          ("enqueue", "fetch_add(warp + (QUEUES + u32(state)), 1)", "load_relaxed(warp + (QUEUES + u32(state)))")),
    _case("push counts before all have read the count", "tree, 4 lanes", 100,
          ("push", "warp_sync()\nif pushing and peers & lanes_below == 0:\n    warp[QUEUES + state] += popcount(peers)",
           "if pushing and peers & lanes_below == 0:\n    warp[QUEUES + state] += popcount(peers)")),
    _case("pop takes the oldest and drops the newest", "tree, 4 lanes", 100,
          ("pop", "first = bottom if oldest else bottom + count - taken", "first = bottom")),
    _case("a deque is crowded too late", "ladder, few chunks", 100,
          ("make_room", 'count > option("CAPACITY") - option("ROOM")', 'count > option("CAPACITY")')),
    _case("overflow chunks are not linked", "ladder, few chunks", 100,
          ("put_aside", "words[CHUNK_NEXT] = warp[stack]", "words[CHUNK_NEXT] = 0")),
    _case("put_aside writes before all lanes have acquired the chunk", "crowded, 2 lanes", 100,
          ("put_aside", "warp_sync()\nwords = overflow_chunk(launch, index)", "words = overflow_chunk(launch, index)")),
    _case("overflow chunks are handed out twice", "ladder, few chunks", 100,
          ("free_chunk", "fetch_add(address(launch.control.overflow), 1)",
           "load_relaxed(address(launch.control.overflow))")),
)  # fmt: skip

FRAMES = (
    _case("a frame is recycled while its task is parked", "tree, 4 lanes", 50,
          ("run_forking_warp", "give_frame(launch, warp, frame, active and released != 0, lanes_below)",
           "give_frame(launch, warp, frame, active, lanes_below)")),
    _case("return_frames publishes what other lanes have not written", "tree, 4 lanes", 300,
          ("return_frames", WROTE_CHAIN, WROTE_CHAIN.replace("fence()\nwarp_sync()\n", ""))),
    _case("return_frames keeps what it gives", "tree", 300, ("return_frames", "warp[FREE_COUNT] = count", "")),
    _case("put_chain does not ask", "deep tree", 300,
          ("put_chain", "seen = compare_and_swap(place, head, changed)",
           "store_release(place, changed)\nseen = head")),
    _case("take_chain does not ask", "few frames, 3 warps", 300,
          ("take_chain", "seen = compare_and_swap(place, head, changed)",
           "store_release(place, changed)\nseen = head")),
    _case("take_chain reads before it acquires", "few frames, 3 warps", 300,
          ("take_chain", "head = load_acquire(place)", "head = load_relaxed(place)")),
    _case("the stack's head has no number", "short chains", 400,
          ("take_chain", f"{NUMBERED} u64(following)", "u64(following)"),
          ("put_chain", f"{NUMBERED} u64(first + 1)", "u64(first + 1)")),
    _case("unlink before all lanes have acquired", "few frames, 2 lanes", 300,
          ("from_chains", "warp_sync()\ncount += unlink(launch, free_list(warp) + count, first)",
           "count += unlink(launch, free_list(warp) + count, first)")),
    _case("fresh frames are handed out twice", "deep tree", 300,
          ("take_fresh", "fetch_add(address(launch.control.frames), number)",
           "load_relaxed(address(launch.control.frames))")),
    _case("fresh frames reach into the reserve", "few frames", 300,
          ("take_fresh", "min(end - first, number)", "number")),
    _case("a rescuer keeps what it was lent", "few frames, 3 warps", 300,
          ("end_rescue", "repay(launch, warp, u32(0))", "")),
    _case("two warps get the reserve", "few frames, 3 warps", 300,
          ("begin_rescue", "now % 2 == 0 and compare_and_swap(place, now, now + 1) == now", "now % 2 == 0")),
    _case("a rescue ends before all lanes have looked", "few frames, 2 lanes", 50,
          ("borrow", "warp_sync()\nif recovered:\n    end_rescue(launch, warp)",
           "if recovered:\n    end_rescue(launch, warp)")),
)  # fmt: skip

CENSUS = (
    _case("a thief stays idle with what it took", "tree", 300, ("steal", "stand(launch, warp, BUSY)", "")),
    _case("a thief is busy only after it has taken", "tree", 1500,
          ("steal", "stand(launch, warp, BUSY)", ""),
          ("steal", "return state, taken, frame, True",
           "stand(launch, warp, BUSY)\nreturn state, taken, frame, True")),
    _case("a warp is busy only after it has taken roots", "tree", 1500,
          ("find_roots", "stand(launch, warp, BUSY)", ""),
          ("find_roots", "found = batch < batches(launch)",
           "found = batch < batches(launch)\nif found:\n    stand(launch, warp, BUSY)")),
    _case("lanes do not meet before the roots in hand change", "pair, 2 lanes", 50,
          ("find_roots", "found = batch < batches(launch)\nwarp_sync()", "found = batch < batches(launch)")),
    _case("stand is not fenced", "tree", 1500, ("stand", f"fence()\n{COUNTED}\nfence()", COUNTED)),
    _case("a late warp does not look at the roots", "pair", 100,
          ("over_already", "lane_id() == 0 and load_acquire(address(launch.control.injector)) >= "
           "batches(launch)", "lane_id() == 0")),
    _case("a late warp does not look at the census", "pair", 100,
          ("over_already", "number_of(census, BUSY) == 0 and number_of(census, STARVED) == 0", "True")),
    _case("a warp leaves while another is busy", "pair", 100,
          ("wait_for_work", "number_of(census, BUSY) == 0", "number_of(census, BUSY) <= 1")),
    _case("a warp leaves while others are starved", "few frames, 3 warps", 300,
          ("wait_for_work", "number_of(census, STARVED) != 0", "False")),
    _case("nobody looks again for what was returned", "few frames, 3 warps", 2000,
          ("look_for_frames", "load_acquire(address(control.returned)) != returned or "
           "load_acquire(address(control.rescue)) != rescue", "False")),
)  # fmt: skip

WAITING = (
    _case("event_wait does not look again under the lock", "crowds", 300,
          ("event_wait", f"if words[OBJECT_VALUE] != 1:\n    outcome = {PARKS}", f"outcome = {PARKS}")),
    _case("event_wait links when it has let the lock go", "crowds", 300,
          ("event_wait", EVENT_PARKS,
           f"unset = words[OBJECT_VALUE] != 1\nunlock(words)\nif unset:\n    outcome = {PARKS}")),
    _case("event_set wakes, and sets the event later", "crowds", 300,
          ("event_set", EVENT_WAKES,
           'if option("CANCELS") == 0:\n    crowd = dismiss_crowd(launch, event)\n'
           "wake_all(launch, warp, words + OBJECT_HEAD, 0)\nunlock(words)\nstore_release(words + OBJECT_VALUE, 1)")),
    _case("event_set needs no lock", "crowd", 300,
          ("event_set", "lock(words)", ""), ("event_set", "unlock(words)", "")),
    _case("event_set releases nothing to who looks without the lock", "signal", 100,
          ("event_set", "store_release(words + OBJECT_VALUE, 1)", "words[OBJECT_VALUE] = 1")),
    _case("unlock releases nothing", "crowds", 300,
          ("unlock_word", "store_release(word, 0)", "store_relaxed(word, 0)")),
    _case("a lock that is passed on is free meanwhile", "exclusive", 300,
          ("hand_on", "hand_over(launch, warp, first - 1, 0)",
           "words[OBJECT_VALUE] = 0\nhand_over(launch, warp, first - 1, 0)")),
    _case("condition_wait lets the lock go and parks later", "conditions", 600,
          ("condition_wait", CONDITION_PARKS,
           "if held[OBJECT_VALUE] != 0:\n    outcome = 0\n    hand_on(launch, warp, held)\n"
           "unlock(held)\nunlock(words)\nlock(words)\n"
           "outcome = park(launch, words, OBJECT_HEAD, handle, frame, state, place)\nunlock(words)")),
    _case("queue_get touches the frame after it has parked it", "pipe", 300,
          ("queue_get", "end(launch, queue, put, got)\nreturn outcome",
           "end(launch, queue, put, got)\nframe_at(launch, frame)[PLACE] = place\nreturn outcome")),
    _case("a crowd is published without a release", "broadcast", 300,
          ("wake_crowd", "store_release(address(control.crowd), u64(count) << 32)",
           "store_relaxed(address(control.crowd), u64(count) << 32)")),
    _case("who joins a crowd counts his place before it is written", "broadcast", 300,
          ("joins_crowd", "fence()\nfetch_add(words + WRITTEN, 1)", "fetch_add(words + WRITTEN, 1)")),
    _case("event_set does not wait for the places that were drawn", "broadcast, 3 warps", 300,
          ("wake_crowd", "load_acquire(words + WRITTEN) != count", "False")),
    _case("who draws a place does not acquire the crowd", "broadcast", 300,
          ("joins_crowd", "drawn = fetch_add(word, u64(1))\nfence()", "drawn = fetch_add(word, u64(1))")),
    _case("a crowd is there before it is empty", "broadcast", 300,
          ("make_crowd", "store_release(crowd_word(launch, event), u64(crowd) << 32)",
           "store_relaxed(crowd_word(launch, event), u64(crowd) << 32)")),
    _case("event_set leaves the crowd to the event", "broadcast", 100,
          ("dismiss_crowd", "exchange(crowd_word(launch, event), u64(0))", "load_relaxed(crowd_word(launch, event))")),
    _case("lanes read a crowd that only one has acquired", "broadcast, 2 lanes", 800,
          ("take_crowd", "fence()\nwarp_sync()", "fence()")),
    _case("a warp is idle while a crowd waits", "broadcast", 300,
          ("wait", 'option("WAITS") != 0 and option("CANCELS") == 0 and crowd_waits(launch)', "False")),
    _case("a crowd is freed before all its frames are woken", "broadcast", 300,
          ("take_crowd", "fetch_add(address(control.crowd_woken), taken) + taken == count",
           "fetch_add(address(control.crowd_woken), taken) + taken >= 2")),
    _case("a waiter is woken and stays in the list", "ping pong", 50,
          ("wake_all", "ends[0] = 0\nends[1] = 0", "")),
    _case("woken frames take places without an atomic", "crowd, 2 lanes", 300,
          ("keep", "fetch_add(warp + WOKEN_COUNT, 1)", "load_relaxed(warp + WOKEN_COUNT)")),
    _case("the chain of woken frames is not linked", "crowd", 50,
          ("keep", "frame_at(launch, last - 1)[NEXT] = frame + 1", "")),
    _case("the chain of woken frames keeps its end", "crowds", 300,
          ("refill_ring", "if following == 0:\n    warp[WOKEN_TAIL] = 0", "")),
    _case("the ring is changed before all lanes have taken", "crowd, 2 lanes", 300,
          ("drain_woken", "warp_sync()\nif lane_id() == 0:\n    first = (first + taken) & (option('WOKEN_ROOM') - 1)\n"
           "    warp[WOKEN_FIRST] = first\n"
           "    warp[WOKEN_COUNT] = refill_ring(launch, warp, first, count - taken)",
           "if lane_id() == 0:\n    first = (first + taken) & (option('WOKEN_ROOM') - 1)\n"
           "    warp[WOKEN_FIRST] = first\n"
           "    warp[WOKEN_COUNT] = refill_ring(launch, warp, first, count - taken)")),
    _case("a warp whose tasks sleep is idle", "dozes", 50,
          ("wait", "option('WAITS') != 0 and sleeping(warp)", "False")),
    _case("each lane that sleeps first makes timers", "dozes, 2 lanes", 300,
          ("timers_of", "compare_and_swap(warp + TIMERS, 0, BEING_MADE)", "load_relaxed(warp + TIMERS)")),
    _case("timers are seen before they are made", "dozes, 2 lanes", 300,
          ("timers_of", "load_acquire(warp + TIMERS)", "load_relaxed(warp + TIMERS)")),
    _case("a deadline is noted without the lock", "dozes, 2 lanes", 300,
          ("sleep", "note_first(launch, warp, words)", "unlock(words)\nnote_first(launch, warp, words)\nlock(words)")),
    _case("a task gives its result, then says that it is done", "awaited twice", 300,
          ("end_task", "wake_all(launch, warp, words + OBJECT_HEAD, outcome)",
           "wake_all(launch, warp, words + OBJECT_HEAD, outcome)\nunlock(words)\nlock(words)")),
)  # fmt: skip

QUEUES = (
    _case("a put releases nothing", "relay", 300, ("queue_try_put", ORDERS, "pass")),
    _case("a get acquires and releases nothing", "relay", 300, ("queue_try_get", ORDERS, "pass")),
    _case("a get fences before it has looked", "relay", 1500,
          ("queue_try_get", ORDERS, "pass"),
          ("queue_try_get", "number = count_of(got)", "number = count_of(got)\nfence()")),
    _case("a get acquires no ring", "hoard", 1000,
          ("queue_try_get", "fetch_or_acquire(longs + GOT, u64(LOCK))", "fetch_or(longs + GOT, u64(LOCK))")),
    _case("a get takes what lies there", "market", 300, ("read_slot", "others == 0", "True")),
    _case("a get counts before it has read", "market", 1000,
          ("queue_try_get", "number = count_of(got)",
           "number = count_of(got)\nif ring != 0 and u32(ring) == log_of(got):\n"
           f"    if {READ}:\n        fetch_add(longs + GOT, u64(ONE - LOCK))\n        {READ}\n        return 1")),
    _case("a put looks for no room", "market", 300,
          ("queue_try_put", "most != 0 and count >= most", "False"),
          ("queue_try_put", "count < u32(1) << log_of(put)", "True")),
    _case("a put goes to the ring that was", "hoard", 1000,
          ("queue_try_put", "ring != 0 and u32(ring) == log_of(put) and (count < u32(1) << log_of(put))",
           "ring != 0 and count < u32(1) << log_of(put)")),
    _case("a get looks into the ring that was", "hoard", 1000,
          ("queue_try_get", f"ring == 0 or u32(ring) != log_of(got) or not {READ}", f"ring == 0 or not {READ}")),
    _case("who waits does not keep others from being fast", "market", 300,
          ("end", "if words[OBJECT_HEAD] != 0 or words[PUTTERS] != 0:\n    below |= SLOW", "")),
    _case("who is slow does not wait for who is fast", "market", 300,
          ("seize", "held & (LOCK | SLOW) == LOCK", "False")),
    _case("who is slow keeps nobody from getting", "market", 300,
          ("begin", "return put, seize(longs + GOT)", "return put, count_of(load_relaxed(longs + GOT))")),
    _case("a larger ring is seen before it is filled", "hoard", 1000,
          ("end", "fence()\nstore_relaxed(longs + PUT, u64(put) << 32 | below)",
           "store_relaxed(longs + PUT, u64(put) << 32 | below)")),
    _case("free slots are marked as if they held the next item", "hoard", 300,
          ("see_to_room", "block[place] = u64(put) << 32", "block[place] = place + u64(1) << 32")),
    _case("task_done does not wait for the put to be counted", "settled", 1000,
          ("number_put", "held & (LOCK | SLOW) == LOCK", "False")),
    _case("a task is offered before it is written", "pipe", 300,
          ("offer", "store_release(own + DEQUE_BOTTOM, bottom + 1)", "store_relaxed(own + DEQUE_BOTTOM, bottom + 1)")),
    _case("two lanes offer at once", "pipes, 2 lanes", 1000,
          ("offer", "compare_and_swap_acquire(warp + OFFERING, 0, 1) != 0", "load_relaxed(warp + OFFERING) != 0")),
    _case("a task that is offered is kept as well", "pipe", 100, ("hand_out", "return True", "pass")),
)  # fmt: skip

CANCELLATION = (
    _case("a canceller may have a frame before it is noted what it waits for", "siblings", 100,
          ("park", "note(launch, handle, frame, state, place)", ""),
          ("park", "append(launch, words + which, frame)",
           "note(launch, handle, frame, state, place)\nappend(launch, words + which, frame)")),
    _case("requests are stored plainly", "siblings", 100,
          ("request_one", "store_release(words + SCOPE_REQUESTS, requests)", "words[SCOPE_REQUESTS] = requests")),
    _case("register does not look for requests", "siblings", 100,
          ("register", "goes_on = requests <= own[SEEN]", "goes_on = True")),
    _case("a waker takes a frame that a canceller has", "cancelled or woken", 300,
          ("claim", "return hold != HOLD_CLAIMED", "return True")),
)  # fmt: skip

HEAP = (
    _case("an object is freed before others' uses of it are over", "cancelled or woken", 3000,
          ("release", "fence()\nif fetch_sub(words + OBJECT_COUNT, 1) == 1:\n    fence()\n"
           "    free_object(launch, handle)",
           "if fetch_sub(words + OBJECT_COUNT, 1) == 1:\n    free_object(launch, handle)")),
    _case("allocate does not ask", "awaited twice", 300,
          ("pop_block", "compare_and_swap(stack, head, ((head >> 32) + 1) << 32 | u64(following)) == head",
           "exchange(stack, ((head >> 32) + 1) << 32 | u64(following)) != u64(1)")),
    _case("allocate reads before it acquires", "awaited twice", 300,
          ("pop_block", "load_acquire(stack)", "load_relaxed(stack)")),
    _case("allocate looks at no other shard", "few blocks", 600,
          ("allocate", "handle == 0 and kind < SMALL_CLASSES", "False")),
)  # fmt: skip

UNWINDING = (
    _case("settle does not release the error", "mixed", 300,
          ("settle", "fence()\nlast = fetch_sub(pending, 1) == CHILD_FAILED + 1",
           "last = fetch_sub(pending, 1) == CHILD_FAILED + 1")),
    _case("settle does not acquire what the others left", "mixed", 300,
          ("settle", "last = fetch_sub(pending, 1) == CHILD_FAILED + 1\nfence()",
           "last = fetch_sub(pending, 1) == CHILD_FAILED + 1")),
    _case("settle counts first and writes the error then", "mixed", 300,
          ("settle", "fetch_or(pending, CHILD_FAILED) & CHILD_FAILED == 0",
           "load_relaxed(pending) & CHILD_FAILED == 0 and fetch_or(pending, CHILD_FAILED) != 0")),
    _case("every child that fails writes its error", "mixed", 300,
          ("settle", "fetch_or(pending, CHILD_FAILED) & CHILD_FAILED == 0", "fetch_or(pending, CHILD_FAILED) != 0")),
    _case("the frame of a child that fails is lost", "caught", 50,
          ("unwind_lanes", "reclaim(launch, warp, child, fails, lanes_below)",
           "reclaim(launch, warp, child, False, lanes_below)")),
    _case("a frame is lost whose task handled an error and ends as the last child", "mixed", 300,
          ("unwind_lanes", "reclaim(launch, warp, frame, lands and released != 0 and state <= UNWIND, lanes_below)",
           "reclaim(launch, warp, frame, False, lanes_below)")),
)  # fmt: skip

FAIRNESS = (
    _case("no turn is fair", "polled, alone", 50, ("run_forking_warp", "if turn % FAIR_TURN == 0:\n"
           "    does, state, taken, frame = choose_fairly(launch, warp, me, turn, plenty)", "")),
    _case("no turn is for new root tasks", "first polls", 50,
          ("choose_fairly", "if turn % START_TURN == 0 and roots != 0 and (plenty or hunger >= LONG * HUNGRY)"
           " and find_roots(launch, warp):\n    feed(warp, u32(0))\n"
           "    return START, 0, min(warp[END_ROOT] - warp[NEXT_ROOT], roots), 0", "")),
    _case("no turn is for what overflowed", "all poll", 50,
          ("choose_fairly", "if warp[ENDERS] != 0:\n    other, task = bring_back_oldest(launch, warp, ENDERS)\n"
           "    return RESUME, other, warp_size(), task", "")),
    _case("the oldest that overflowed stays linked", "all poll", 50,
          ("bring_back_oldest", "overflow_chunk(launch, newer - 1)[CHUNK_NEXT] = 0", "")),
    _case("nobody is hungry", "polled late, alone", 50,
          ("choose_fairly", "hungry = busy and hunger >= HUNGRY", "hungry = False")),
    _case("who is hungry does not ask for the reserve", "polled late, full", 50,
          ("begin_newest",
           "if hunger % HUNGRY == 0:\n    exchange_reserve(launch, warp, hunger >= LONG * HUNGRY)", "")),
    _case("who has frames keeps them while others starve", "polled late, 3 warps", 300,
          ("lend", "return_all(launch, warp)", "pass")),
    _case("take_oldest does not ask", "tree", 100,
          ("take_oldest", "compare_and_swap(deque_of(launch, me), oldest, oldest + 1) == oldest", "True")),
)  # fmt: skip

CASES = (
    CHUNK_DEQUE + JOINS + READY_DEQUES + FRAMES + CENSUS + WAITING + QUEUES + CANCELLATION + HEAP + UNWINDING + FAIRNESS
)
