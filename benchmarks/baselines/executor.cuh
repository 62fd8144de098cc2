// What the hand-written executors share: loads and stores with memory order, and the pool of free frame ids.
// Compiled by NVRTC: no headers.
#pragma once

#define ALL 0xffffffffu

__device__ __forceinline__ unsigned next_random(unsigned random) { return random * 1664525u + 1013904223u; }

// --- memory order

__device__ __forceinline__ unsigned load_acquire(unsigned *p) {
  unsigned value;
  asm volatile("ld.acquire.gpu.u32 %0,[%1];" : "=r"(value) : "l"(p) : "memory");
  return value;
}

__device__ __forceinline__ unsigned load_relaxed(unsigned *p) {
  unsigned value;
  asm volatile("ld.relaxed.gpu.u32 %0,[%1];" : "=r"(value) : "l"(p) : "memory");
  return value;
}

__device__ __forceinline__ void store_release(unsigned *p, unsigned value) {
  asm volatile("st.release.gpu.u32 [%0],%1;" ::"l"(p), "r"(value) : "memory");
}

__device__ __forceinline__ void store_relaxed(unsigned *p, unsigned value) {
  asm volatile("st.relaxed.gpu.u32 [%0],%1;" ::"l"(p), "r"(value) : "memory");
}

// --- the pool of free frame ids: a bounded multi-producer multi-consumer ring (Vyukov) of 32 ids a slot

struct Slot {
  unsigned sequence, count, padding[6], ids[32];
};

struct Ring {
  unsigned head, padding0[31], tail, padding1[31];
};

extern "C" __global__ void number_slots(Slot *slots, unsigned count) {
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
    slots[i].sequence = i;
}

__device__ void ring_push(Ring *ring, Slot *slots, unsigned mask, unsigned id, int lane) {
  unsigned position;
  if (lane == 0) {
    position = atomicAdd(&ring->tail, 1);
    while (load_acquire(&slots[position & mask].sequence) != position) {
    }
  }
  position = __shfl_sync(ALL, position, 0);
  Slot *slot = &slots[position & mask];
  __stcg(&slot->ids[lane], id);
  if (lane == 0) __stcg(&slot->count, 32u);
  __threadfence();
  __syncwarp();
  if (lane == 0) store_release(&slot->sequence, position + 1);
}

__device__ int ring_pop(Ring *ring, Slot *slots, unsigned mask, unsigned &id, int lane) {
  unsigned position;
  int found = 0;
  if (lane == 0) {
    while (true) {
      position = load_relaxed(&ring->head);
      int ahead = (int)(load_acquire(&slots[position & mask].sequence) - (position + 1));
      if (ahead < 0) break;
      if (ahead == 0 && atomicCAS(&ring->head, position, position + 1) == position) {
        found = 1;
        break;
      }
    }
  }
  if (!__shfl_sync(ALL, found, 0)) return 0;
  position = __shfl_sync(ALL, position, 0);
  Slot *slot = &slots[position & mask];
  __threadfence();
  int count = __ldcg(&slot->count);
  id = lane < count ? __ldcg(&slot->ids[lane]) : 0;
  __threadfence();
  __syncwarp();
  if (lane == 0) store_release(&slot->sequence, position + mask + 1);
  return count;
}

// --- chunks of 32 tasks for others: a Chase-Lev deque a warp

constexpr unsigned CHUNKS = 1024;  // of a warp's chunk deque; a power of two

struct Chunk {
  unsigned state_and_count, ids[32], padding[3];
};

struct Deque {
  unsigned top, padding0[31], bottom, padding1[31];
};
