// W1, hand-written: tasks with 8 states of different arithmetic and a random next state after each step.
//
//   plain_loop   a task a thread, from its first step to its last; the lanes of a warp diverge over the states
//   grouped      an executor that runs 32 tasks of one state together
//
// The executor: one warp is one block and schedules for itself. In shared memory it holds a deque of task ids per state
// and a free list of frame ids; frames are in global memory, read and written past L1 because a task may move to another
// SM. A warp that lacks a full group takes, in this order: a chunk of 32 tasks from its own chunk deque in global memory
// (Chase and Lev), new root tasks, a chunk of another warp, its own fullest partial group. It makes chunks for others
// when a deque is near full, or when its chunk deque is empty and it has 64 tasks to share.
// Compiled by NVRTC: no headers.

#include "executor.cuh"

constexpr int STATES = 8;
constexpr int CAPACITY = 128;       // task ids in the deque of a state
constexpr int FREE_CAPACITY = 256;  // frame ids in a warp's free list

// --- the arithmetic

template <int ID> __device__ __forceinline__ float segment(float x, int length) {
  const float a = 1.0f - 0.001f * (ID + 1), b = 0.0007f * (ID + 3);
  float y = x * 0.5f;
#pragma unroll 8
  for (int i = 0; i < length; i++) {
    // y = y * a + x * b; x = x * b + y * a; as our compiler has it: the product x * b once, and both sums fused.
    float product = x * b;
    y = fmaf(y, a, product);
    x = fmaf(y, a, product);
  }
  return x + y;
}

__device__ __forceinline__ float step(int state, float x, int length) {
  switch (state) {
  case 0: return segment<0>(x, length);
  case 1: return segment<1>(x, length);
  case 2: return segment<2>(x, length);
  case 3: return segment<3>(x, length);
  case 4: return segment<4>(x, length);
  case 5: return segment<5>(x, length);
  case 6: return segment<6>(x, length);
  default: return segment<7>(x, length);
  }
}

extern "C" __global__ void plain_loop(float *out, int tasks, int steps, int length) {
  for (int task = blockIdx.x * blockDim.x + threadIdx.x; task < tasks; task += gridDim.x * blockDim.x) {
    unsigned random = task * 2654435761u + 12345u;
    float x = (task & 1023) * 0.001f;
    int state = 0;
    for (int k = 0; k < steps; k++) {
      x = step(state, x, length);
      random = next_random(random);
      state = (random >> 24) % STATES;
    }
    out[task] = x;
  }
}

// --- the executor

struct __align__(16) Frame {
  float x;
  unsigned random;
  int k, task;
};

struct Warp {
  unsigned first[STATES], count[STATES], deque[STATES][CAPACITY], free_ids[FREE_CAPACITY];
};

struct Counters {
  unsigned idle, bump, injector, error;
  unsigned long long groups, lanes, steals;
};

struct Shared {
  Deque *deques;
  Chunk *chunks;
  Ring *ring;
  Slot *slots;
  Frame *frames;
  Counters *counters;
  float *out;
  unsigned slot_mask, frame_count, warps, tasks;
  int steps, length;
};

extern "C" __global__ void __launch_bounds__(32)
    grouped(Deque *deques, Chunk *all_chunks, Ring *ring, Slot *slots, Frame *frames, Counters *all_counters, float *out,
            unsigned slot_mask, unsigned frame_count, unsigned warps, unsigned tasks, int steps, int length) {
  const Shared shared = {deques,    all_chunks,  ring,  slots, frames, all_counters, out,
                         slot_mask, frame_count, warps, tasks, steps,  length};
  __shared__ Warp warp;
  const int lane = threadIdx.x;
  const unsigned lower_lanes = (1u << lane) - 1, me = blockIdx.x;
  Deque *const deque = &shared.deques[me];
  Chunk *const chunks = shared.chunks + (size_t)me * CHUNKS;
  Counters *const counters = shared.counters;
  if (lane < STATES) warp.first[lane] = warp.count[lane] = 0;
  __syncwarp();
  unsigned free_count = 0, bottom = 0, top = 0, turn = 0, spins = 0, random = me * 2654435761u + lane * 40503u + 1u;
  bool more_roots = true, idle = false, first_turn = true;
  unsigned long long groups = 0, lanes = 0, steals = 0;

  auto share_chunk = [&](int state) {
    unsigned first = warp.first[state], count = warp.count[state];
    unsigned taken = min(32u, count);
    unsigned id = lane < taken ? warp.deque[state][(first + lane) & (CAPACITY - 1)] : 0;
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
    unsigned victim = (random >> 8) % shared.warps;
    unsigned seen = load_acquire(&shared.deques[victim].top), end = load_acquire(&shared.deques[victim].bottom);
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
    Chunk *chunk = shared.chunks + (size_t)victim * CHUNKS + (seen & (CHUNKS - 1));
    unsigned state_and_count = __ldcg(&chunk->state_and_count), stolen = __ldcg(&chunk->ids[lane]);
    int won = 0;
    __syncwarp();
    if (lane == 0) {
      __threadfence();
      won = atomicCAS(&shared.deques[victim].top, seen, seen + 1) == seen;
    }
    if (!__shfl_sync(ALL, won, 0)) return -1;
    __threadfence();
    id = stolen;
    state = state_and_count >> 8;
    return state_and_count & 255;
  };

  auto refill_frames = [&]() {
    unsigned id = 0;
    int found = ring_pop(shared.ring, shared.slots, shared.slot_mask, id, lane);
    if (!found) {
      unsigned fresh = __shfl_sync(ALL, lane == 0 ? atomicAdd(&counters->bump, 32) : 0, 0);
      if (fresh + 32 > shared.frame_count) {
        if (lane == 0) counters->error = 1;
        return;
      }
      id = fresh + lane;
      found = 32;
    }
    if (lane < found) warp.free_ids[free_count + lane] = id;
    free_count += found;
    __syncwarp();
  };

  while (true) {
    if (free_count < 32) {
      refill_frames();
      if (free_count < 32) {
        if (load_relaxed(&counters->error)) break;
        continue;
      }
    }
    int count = lane < STATES ? (int)warp.count[lane] : 0;
    int key = (count >= 32 ? (1 << 20) + count : count << 5) << 5 | lane;
    int state = __reduce_max_sync(ALL, lane < STATES ? key : 0) & 31;
    int ready = warp.count[state];
    unsigned over = __ballot_sync(ALL, lane < STATES && count > CAPACITY - 32);
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
      if (found == 0 && ready < 1) {
        found = steal_chunk(id, state);
        if (found > 0) steals++;
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
      if (__shfl_sync(ALL, lane == 0 ? load_acquire(&counters->idle) : 0, 0) >= shared.warps) break;
      __nanosleep(spins < 6 ? 128u << spins : 8192u);
      spins++;
      continue;
    }
    if (!fetch && from_deque) {
      unsigned first = warp.first[state];
      id = lane < taken ? warp.deque[state][(first + ready - taken + lane) & (CAPACITY - 1)] : 0;
      __syncwarp();
      if (lane == 0) warp.count[state] = ready - taken;
      __syncwarp();
    }
    spins = 0;
    if (fetch) {
      unsigned root = __shfl_sync(ALL, lane == 0 ? atomicAdd(&counters->injector, 32) : 0, 0);
      if (root >= shared.tasks) {
        more_roots = false;
        continue;
      }
      taken = min(32u, shared.tasks - root);
      state = 0;
      if (lane < taken) {
        unsigned task = root + lane;
        id = warp.free_ids[free_count - 1 - lane];
        Frame frame = {(task & 1023) * 0.001f, task * 2654435761u + 12345u, 0, (int)task};
        __stcg((float4 *)&shared.frames[id], *(float4 *)&frame);
      }
      free_count -= taken;
      __syncwarp();
    }
    groups++;
    lanes += taken;

    int next = -1;
    bool finished = false;
    if (lane < taken) {
      Frame frame;
      *(float4 *)&frame = __ldcg((float4 *)&shared.frames[id]);
      frame.x = step(state, frame.x, shared.length);
      frame.random = next_random(frame.random);
      frame.k++;
      if (frame.k == shared.steps) {
        shared.out[frame.task] = frame.x;
        finished = true;
      } else {
        __stcg((float4 *)&shared.frames[id], *(float4 *)&frame);
        next = (frame.random >> 24) % STATES;
      }
    }
    __syncwarp();
    unsigned going_on = __ballot_sync(ALL, next >= 0);
    if (going_on) {
      if (next >= 0) {
        unsigned peers = __match_any_sync(going_on, next);
        int rank = __popc(peers & lower_lanes);
        unsigned held = warp.count[next], first = warp.first[next];
        warp.deque[next][(first + held + rank) & (CAPACITY - 1)] = id;
        __syncwarp(going_on);
        if (rank == 0) warp.count[next] = held + __popc(peers);
      }
      __syncwarp();
    }
    unsigned done = __ballot_sync(ALL, finished);
    if (done) {
      if (finished) warp.free_ids[free_count + __popc(done & lower_lanes)] = id;
      free_count += __popc(done);
      __syncwarp();
      if (free_count > FREE_CAPACITY - 64) {
        ring_push(shared.ring, shared.slots, shared.slot_mask, warp.free_ids[free_count - 32 + lane], lane);
        free_count -= 32;
      }
    }
  }
  if (lane == 0) {
    atomicAdd(&counters->groups, groups);
    atomicAdd(&counters->lanes, lanes);
    atomicAdd(&counters->steals, steals);
  }
}
