"""Wrong executors: each has one mistake of the kind that schedulers have. The explorer must find every one.

`within` is the number of random schedules, from seed 0 on, that the test allows; the table of docs/correctness.md tells
how many it took. A mutant that the executor has no line for any more is to be written anew, not dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

from device_ir import Mutant


@dataclass(frozen=True, slots=True)
class Case:
    """A mutant, the scenario that shows it, and the schedules that must suffice."""

    mutant: Mutant
    scenario: str
    within: int


def _case(name: str, scenario: str, within: int, function: str, old: str, new: str) -> Case:
    return Case(Mutant(name, function, old, new), scenario, within)


PUBLISHED = """\
fence()
warp_sync()
if lane_id() == 0:
    store_release(deque_of(launch, me) + DEQUE_BOTTOM, bottom + 1)
"""

LOOKED = """\
if found != 0:
    fence_sc()
    bottom = load_acquire(theirs + DEQUE_BOTTOM)
    found = ballot(i32(bottom - top) > 0 and victim != me)
"""
PROBED = """\
bottom = load_acquire(theirs + DEQUE_BOTTOM)
found = ballot(i32(bottom - top) > 0 and victim != me)
"""

CASES = (
    # --- the chunk deque
    _case("publish releases nothing", "tree", 300, "publish", PUBLISHED,
          PUBLISHED.replace("fence()\n", "").replace("release", "relaxed")),
    _case("publish releases for its first lane only", "pair, 2 lanes", 300, "publish", PUBLISHED,
          PUBLISHED.replace("release", "relaxed")),
    _case("publish before the chunk is written", "tree", 300, "publish",
          "words = chunk_of(launch, me, bottom)",
          "store_release(deque_of(launch, me) + DEQUE_BOTTOM, bottom + 1)\nwords = chunk_of(launch, me, bottom)"),
    _case("steal acquires nothing", "tree", 300, "steal", PROBED + LOOKED, PROBED.replace("acquire", "relaxed")),
    _case("steal does not look again behind a fence", "many thieves", 300, "steal", LOOKED, ""),
    _case("steal reads the next chunk", "tree", 300, "steal",
          "words = chunk_of(launch, owner, oldest)", "words = chunk_of(launch, owner, oldest + 1)"),
    _case("steal takes without asking", "tree", 300, "steal",
          "compare_and_swap(deque_of(launch, owner), oldest, oldest + 1) == oldest", "oldest == oldest"),
    _case("thieves do not meet before they read", "pair, 2 lanes", 300, "steal",
          "oldest = shuffle(top, chosen)\nwarp_sync()", "oldest = shuffle(top, chosen)"),
    _case("pop without its fence", "ladder", 800, "pop_chunk", "fence_sc()", ""),
    _case("pop takes the last chunk without asking", "tree", 300, "pop_chunk",
          "compare_and_swap(own, top, top + 1) == top", "top == top"),
    _case("a full ring of chunks is written over", "ladder", 100, "run_forking_warp",
          'bottom - top < option("CHUNKS") - 2', "bottom == bottom"),
    # --- join
    _case("join does not release the result", "tree", 300, "join",
          "fence()\nlast = fetch_sub(pending, 1) == 1", "last = fetch_sub(pending, 1) == 1"),
    _case("join does not acquire the others' results", "tree", 300, "join",
          "last = fetch_sub(pending, 1) == 1\nfence()", "last = fetch_sub(pending, 1) == 1"),
    _case("join counts a child twice", "pair", 10, "join",
          "last = fetch_sub(pending, 1) == 1", "last = fetch_sub(pending, 2) == 1"),
    _case("join wakes before the last child", "pair", 10, "join",
          "last = fetch_sub(pending, 1) == 1", "last = fetch_sub(pending, 1) <= 2"),
    # --- ready deques
    _case("enqueue counts without an atomic", "tree, 4 lanes", 100, "enqueue",
          "fetch_add(warp + (QUEUES + u32(state)), 1)", "load_relaxed(warp + (QUEUES + u32(state)))"),
    _case("push counts before all have read the count", "tree, 4 lanes", 100, "push",
          "warp_sync()\nif pushing and peers & lanes_below == 0:\n    warp[QUEUES + state] += popcount(peers)",
          "if pushing and peers & lanes_below == 0:\n    warp[QUEUES + state] += popcount(peers)"),
    _case("pop takes the oldest and drops the newest", "pair, 2 lanes", 100, "pop",
          "first = bottom if oldest else bottom + count - taken", "first = bottom"),
    _case("a crowded warp pops by an old count", "ladder, few chunks", 100, "run_forking_warp",
          "keeps = False\nbest = fullest(warp)", "keeps = False"),
    # --- frames
    _case("a frame is recycled while its task is parked", "tree, 4 lanes", 50, "run_forking_warp",
          "give_frame(launch, warp, frame, active and released != 0, lanes_below)",
          "give_frame(launch, warp, frame, active, lanes_below)"),
    _case("return_chain publishes unwritten links", "tree", 300, "return_chain",
          "store_release(slot, round + 1)", "store_relaxed(slot, round + 1)"),
    _case("return_chain keeps what it gives", "tree", 300, "return_chain", "warp[FREE_COUNT] = count", ""),
    _case("take_chain acquires nothing", "tree", 300, "take_chain",
          "sequence = load_acquire(slot)", "sequence = load_relaxed(slot)"),
    _case("take_chain takes without asking", "tree", 300, "take_chain",
          "compare_and_swap(address(control.returned_head), position, position + 1) == position",
          "load_relaxed(address(control.returned_head)) == position"),
    _case("fresh frames are handed out twice", "deep tree", 300, "fresh_frames",
          "fetch_add(address(launch.control.frames), CHAIN_LENGTH)", "load_relaxed(address(launch.control.frames))"),
    # --- idleness and the end
    _case("a thief stays idle with what it took", "tree", 300, "steal",
          "if lane_id() == 0:\n    fetch_add(address(launch.control.busy), 1)\nwarp_sync()", "warp_sync()"),
    _case("a warp is busy only after it has taken", "tree", 1500, "steal",
          "return state, taken, frame, True, False", "return state, taken, frame, True, idle"),
    _case("a warp leaves when it is idle itself", "pair", 100, "run_forking_warp",
          "all_idle(control) or stopped(control)", "idle or stopped(control)"),
)  # fmt: skip
