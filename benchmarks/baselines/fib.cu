// fib, hand-written: fork and join from a single root. Two kernels: every call a task, or those that end at once run in
// their parent (LEAVES). The executor is that of w1.cu, with what fork and join needs:
//
//   a frame     its parent, n, the sum of its children's results, and how many of them are still to come
//   CALL        a task that begins: adds n to its parent if n < 2, else begins its children and waits
//   JOIN        a task whose children have all ended: adds its sum to its parent
//
// Children go into the deque of the warp that begins them, and the last child to end puts its parent into the deque of
// the warp that runs it, so a join costs no polling. JOIN goes first, so that the tree is walked depth first. A frame
// whose children may have gone to other warps is marked when a chunk is shared: only then are there fences at the join.
// Compiled by NVRTC: no headers.

#include "executor.cuh"

constexpr int CALL = 0, JOIN = 1, STATES = 2;
constexpr int CAPACITY = 256;        // task ids in the deque of a state
constexpr int FREE_CAPACITY = 2048;  // frame ids in a warp's free list
constexpr int MOST_CHILDREN = 2, STEAL_BELOW = 16;
constexpr unsigned SHARED_MARK = 0x10000, NOBODY = ALL;

struct __align__(16) Frame {
  unsigned parent;
  int n;
  unsigned sum, pending;
};

struct Warp {
  unsigned first[STATES], count[STATES], deque[STATES][CAPACITY], free_ids[FREE_CAPACITY];
};

struct Counters {
  unsigned idle, bump, injector, error;
  unsigned long long result;
};

__device__ __forceinline__ Frame load_frame(Frame *frame) {
  float4 raw = __ldcg((float4 *)frame);
  return *(Frame *)&raw;
}

__device__ __forceinline__ void store_frame(Frame *frame, Frame value) { __stcg((float4 *)frame, *(float4 *)&value); }

// How many children a call begins as tasks. With LEAVES fib(3) begins fib(2) only, and fib(2) none.
template <bool LEAVES> __device__ __forceinline__ int children_of(int n) {
  return LEAVES ? (n >= 4 ? 2 : n == 3 ? 1 : 0) : (n >= 2 ? 2 : 0);
}

// Give a result to the parent; the parent, if it waits for nobody else.
__device__ __forceinline__ unsigned finish(Frame *frames, unsigned parent, unsigned result, unsigned long long &answer) {
  if (parent == NOBODY) {
    answer += result;
    return NOBODY;
  }
  bool shared = __ldcg(&frames[parent].pending) & SHARED_MARK;
  atomicAdd(&frames[parent].sum, result);
  if (shared) __threadfence();
  bool last = (atomicSub(&frames[parent].pending, 1) & ~SHARED_MARK) == 1;
  if (last && shared) __threadfence();
  return last ? parent : NOBODY;
}

template <bool LEAVES>
__device__ void run(Deque *deques, Chunk *all_chunks, Ring *ring, Slot *slots, Frame *frames, Counters *counters,
                    unsigned slot_mask, unsigned frame_count, unsigned warps, int n) {
  __shared__ Warp warp;
  const int lane = threadIdx.x;
  const unsigned lower_lanes = (1u << lane) - 1, me = blockIdx.x;
  Deque *const deque = &deques[me];
  Chunk *const chunks = all_chunks + (size_t)me * CHUNKS;
  if (lane < STATES) warp.first[lane] = warp.count[lane] = 0;
  __syncwarp();
  unsigned free_count = 0, bottom = 0, top = 0, turn = 0, spins = 0, random = me * 2654435761u + lane * 40503u + 1u;
  bool more_roots = true, idle = false, first_turn = true;
  unsigned long long answer = 0;

  auto push = [&](int state, unsigned id, bool pushing) {
    unsigned mask = __ballot_sync(ALL, pushing);
    unsigned held = warp.count[state], first = warp.first[state];
    if (pushing) warp.deque[state][(first + held + __popc(mask & lower_lanes)) & (CAPACITY - 1)] = id;
    __syncwarp();
    if (lane == 0) warp.count[state] = held + __popc(mask);
    __syncwarp();
  };

  auto share_chunk = [&](int state) {
    unsigned first = warp.first[state], count = warp.count[state];
    unsigned taken = min(32u, count);
    unsigned id = lane < taken ? warp.deque[state][(first + lane) & (CAPACITY - 1)] : 0;
    if (lane < taken && state == CALL) {
      unsigned parent = __ldcg(&frames[id].parent);
      if (parent != NOBODY) atomicOr(&frames[parent].pending, SHARED_MARK);
    }
    if (bottom - top >= CHUNKS - 2) {
      top = __shfl_sync(ALL, lane == 0 ? load_acquire(&deque->top) : 0, 0);
      if (bottom - top >= CHUNKS - 2 && lane == 0) counters->error = 2;
    }
    Chunk *chunk = &chunks[bottom & (CHUNKS - 1)];
    __stcg(&chunk->ids[lane], id);
    if (lane == 0) __stcg(&chunk->state_and_count, (unsigned)state << 8 | taken);
    __threadfence();
    __syncwarp();
    bottom++;
    if (lane == 0) {
      store_release(&deque->bottom, bottom);
      warp.first[state] = first + taken;
      warp.count[state] = count - taken;
    }
    __syncwarp();
  };

  auto pop_chunk = [&](unsigned &id, int &state) -> int {
    unsigned wanted = bottom - 1, seen = 0;
    int won = 0;
    if (lane == 0) {
      store_relaxed(&deque->bottom, wanted);
      asm volatile("fence.sc.gpu;" ::: "memory");
      seen = load_relaxed(&deque->top);
      int left = (int)(wanted - seen);
      if (left > 0) {
        won = 1;
      } else {
        if (left == 0) {  // the last chunk: race the thieves for it
          won = atomicCAS(&deque->top, seen, seen + 1) == seen;
          seen++;
        }
        store_relaxed(&deque->bottom, bottom);
      }
    }
    won = __shfl_sync(ALL, won, 0);
    top = __shfl_sync(ALL, seen, 0);
    if (!won) return 0;
    Chunk *chunk = &chunks[wanted & (CHUNKS - 1)];
    unsigned state_and_count = __ldcg(&chunk->state_and_count);
    id = __ldcg(&chunk->ids[lane]);
    state = state_and_count >> 8;
    if ((int)(wanted - top) >= 0) bottom = wanted;
    return state_and_count & 255;
  };

  auto steal_chunk = [&](unsigned &id, int &state) -> int {  // -1: lost the race, look again
    random = next_random(random);
    unsigned victim = (random >> 8) % warps;
    unsigned seen = load_acquire(&deques[victim].top), end = load_acquire(&deques[victim].bottom);
    unsigned candidates = __ballot_sync(ALL, (int)(end - seen) > 0 && victim != me);
    if (!candidates) return 0;
    if (idle) {
      if (lane == 0) atomicSub(&counters->idle, 1);
      __syncwarp();
      idle = false;
    }
    int source = __ffs(candidates) - 1;
    victim = __shfl_sync(ALL, victim, source);
    seen = __shfl_sync(ALL, seen, source);
    Chunk *chunk = all_chunks + (size_t)victim * CHUNKS + (seen & (CHUNKS - 1));
    unsigned state_and_count = __ldcg(&chunk->state_and_count), stolen = __ldcg(&chunk->ids[lane]);
    int won = 0;
    __syncwarp();
    if (lane == 0) {
      __threadfence();
      won = atomicCAS(&deques[victim].top, seen, seen + 1) == seen;
    }
    if (!__shfl_sync(ALL, won, 0)) return -1;
    __threadfence();
    id = stolen;
    state = state_and_count >> 8;
    return state_and_count & 255;
  };

  while (true) {
    if (free_count < 32 * MOST_CHILDREN) {
      unsigned id = 0;
      int found = ring_pop(ring, slots, slot_mask, id, lane);
      if (!found) {
        unsigned fresh = __shfl_sync(ALL, lane == 0 ? atomicAdd(&counters->bump, 32) : 0, 0);
        if (fresh + 32 > frame_count) {
          if (lane == 0) counters->error = 1;
        } else {
          id = fresh + lane;
          found = 32;
        }
      }
      if (load_relaxed(&counters->error)) break;
      if (lane < found) warp.free_ids[free_count + lane] = id;
      free_count += found;
      __syncwarp();
      continue;
    }
    int count = lane < STATES ? (int)warp.count[lane] : 0;
    int key = (count >= 32 ? (1 << 20) + (lane << 12) + count : count << 5) << 5 | lane;
    int state = __reduce_max_sync(ALL, lane < STATES ? key : 0) & 31;
    int ready = warp.count[state];
    unsigned over = __ballot_sync(ALL, lane < STATES && count > CAPACITY - 32 * MOST_CHILDREN);
    if (over) {
      share_chunk(__ffs(over) - 1);
      continue;
    }
    if ((++turn & 15) == 0) top = __shfl_sync(ALL, lane == 0 ? load_relaxed(&deque->top) : 0, 0);
    if (!first_turn && (int)(bottom - top) <= 0 && __reduce_add_sync(ALL, count) >= 64) {
      share_chunk(31 - (__reduce_max_sync(ALL, lane < STATES ? count << 5 | (31 - lane) : 0) & 31));
      continue;
    }
    first_turn = false;

    unsigned id = 0;
    int taken = 0;
    bool fetch = false, from_deque = true;
    if (ready >= 32) {
      taken = 32;
    } else if (more_roots) {
      fetch = true;
    } else {
      int found = (int)(bottom - top) > 0 ? pop_chunk(id, state) : 0;
      if (found == 0 && ready < STEAL_BELOW) {
        found = steal_chunk(id, state);
        if (found < 0) continue;
      }
      from_deque = found == 0;
      taken = from_deque ? ready : found;
    }
    if (!fetch && taken == 0) {
      if (!idle) {
        idle = true;
        if (lane == 0) atomicAdd(&counters->idle, 1);
        __syncwarp();
      }
      if (__shfl_sync(ALL, lane == 0 ? load_acquire(&counters->idle) : 0, 0) >= warps) break;
      __nanosleep(spins < 6 ? 128u << spins : 8192u);
      spins++;
      continue;
    }
    if (!fetch && from_deque) {
      id = lane < taken ? warp.deque[state][(warp.first[state] + ready - taken + lane) & (CAPACITY - 1)] : 0;
      __syncwarp();
      if (lane == 0) warp.count[state] = ready - taken;
      __syncwarp();
    }
    spins = 0;
    if (fetch) {
      unsigned root = __shfl_sync(ALL, lane == 0 ? atomicAdd(&counters->injector, 32) : 0, 0);
      more_roots = false;
      if (root > 0) continue;
      taken = 1;
      state = CALL;
      if (lane == 0) {
        id = warp.free_ids[free_count - 1];
        store_frame(&frames[id], {NOBODY, n, 0, 0});
      }
      free_count--;
      __syncwarp();
    }

    const bool active = lane < taken;
    Frame frame = {NOBODY, 0, 0, 0};
    if (active) frame = load_frame(&frames[id]);
    const int children = active && state == CALL ? children_of<LEAVES>(frame.n) : 0;
    const unsigned one = __ballot_sync(ALL, children > 0), two = __ballot_sync(ALL, children > 1);
    unsigned elder = 0, younger = 0, ready_parent = NOBODY;
    if (children > 0) elder = warp.free_ids[free_count - 1 - __popc(one & lower_lanes)];
    if (children > 1) younger = warp.free_ids[free_count - 1 - __popc(one) - __popc(two & lower_lanes)];
    free_count -= __popc(one) + __popc(two);
    if (children > 0) {
      // With one child, fib(3) is fib(2), a leaf, and fib(1) = 1, which is in the sum already.
      store_frame(&frames[id], {frame.parent, frame.n, children == 1 ? 1u : 0u, (unsigned)children});
      store_frame(&frames[elder], {id, frame.n - 1, 0, 0});
      if (children > 1) store_frame(&frames[younger], {id, frame.n - 2, 0, 0});
    } else if (active) {
      unsigned result = state == JOIN ? frame.sum : LEAVES && frame.n == 2 ? 1 : frame.n;
      ready_parent = finish(frames, frame.parent, result, answer);
    }
    __syncwarp();
    push(CALL, elder, children > 0);
    push(CALL, younger, children > 1);
    push(JOIN, ready_parent, ready_parent != NOBODY);
    const bool finished = active && children == 0;
    const unsigned done = __ballot_sync(ALL, finished);
    if (finished) warp.free_ids[free_count + __popc(done & lower_lanes)] = id;
    free_count += __popc(done);
    __syncwarp();
    if (free_count > FREE_CAPACITY - 64) {
      ring_push(ring, slots, slot_mask, warp.free_ids[free_count - 32 + lane], lane);
      free_count -= 32;
    }
  }
  if (answer) atomicAdd(&counters->result, answer);
}

#define KERNEL(NAME, LEAVES)                                                                                           \
  extern "C" __global__ void __launch_bounds__(32)                                                                     \
      NAME(Deque *deques, Chunk *chunks, Ring *ring, Slot *slots, Frame *frames, Counters *counters,                   \
           unsigned slot_mask, unsigned frame_count, unsigned warps, int n) {                                          \
    run<LEAVES>(deques, chunks, ring, slots, frames, counters, slot_mask, frame_count, warps, n);                      \
  }

KERNEL(every_call_a_task, false)
KERNEL(leaves_in_the_parent, true)
