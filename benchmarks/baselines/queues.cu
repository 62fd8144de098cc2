// Items of 32 bits through bounded queues, by hand: what runtime/item_queue.py does where nobody waits, and nothing else.
// Who finds no room, or no item, tries again; nobody is parked, and no ring grows.
//
// FENCES: 1, what was written before a put is seen after its get; 2, what was written before a get is seen after the put
// that takes its room.

typedef unsigned int u32;
typedef unsigned long long u64;

#define LOCK 1ull
#define SLOW 2ull
#define ONE (1ull << 32)
#define SLOTS 64

struct Queue {
    u64 put, got, ring;
    u32 bound;
    u32 unused[25];
    u64 slots[SLOTS];
};

__device__ u64 or_acquire(u64* p, u64 value) {
    u64 found;
    asm volatile("atom.acquire.gpu.global.or.b64 %0, [%1], %2;" : "=l"(found) : "l"(p), "l"(value) : "memory");
    return found;
}
__device__ void add(u64* p, u64 value) {
    asm volatile("red.relaxed.gpu.global.add.u64 [%0], %1;" ::"l"(p), "l"(value) : "memory");
}
__device__ u64 load_relaxed(u64* p) {
    u64 found;
    asm volatile("ld.relaxed.gpu.global.b64 %0, [%1];" : "=l"(found) : "l"(p) : "memory");
    return found;
}
__device__ u64 load_acquire(u64* p) {
    u64 found;
    asm volatile("ld.acquire.gpu.global.b64 %0, [%1];" : "=l"(found) : "l"(p) : "memory");
    return found;
}
__device__ u32 load_word(u32* p) {
    u32 found;
    asm volatile("ld.relaxed.gpu.global.b32 %0, [%1];" : "=r"(found) : "l"(p) : "memory");
    return found;
}
__device__ void store_relaxed(u64* p, u64 value) {
    asm volatile("st.relaxed.gpu.global.b64 [%0], %1;" ::"l"(p), "l"(value) : "memory");
}
__device__ void fence() { asm volatile("fence.acq_rel.gpu;" ::: "memory"); }

template <int FENCES>
__device__ bool put(Queue* q, u32 item) {
    u64 ring = load_relaxed(&q->ring), got = load_relaxed(&q->got);
    u32 bound = load_word(&q->bound);
    u64 held = or_acquire(&q->put, LOCK);
    if (held & (LOCK | SLOW)) return false;
    u32 number = held >> 32, count = number - (u32)(got >> 32), mask = (1u << ((u32)ring & 31)) - 1;
    if (((u32)ring & 31) != ((u32)held >> 2 & 31) || count > mask || (bound && count >= bound)) {
        add(&q->put, -LOCK);
        return false;
    }
    if (FENCES & 1) fence();
    store_relaxed(&q->slots[number & mask], (u64)(number + 1) << 32 | item);
    add(&q->put, ONE - LOCK);
    return true;
}

template <int FENCES>
__device__ bool get(Queue* q, u32* item) {
    u64 ring = load_relaxed(&q->ring), held = or_acquire(&q->got, LOCK);
    if (held & (LOCK | SLOW)) return false;
    u32 number = held >> 32, mask = (1u << ((u32)ring & 31)) - 1;
    u64 found;
    if (FENCES & 2) {
        found = load_relaxed(&q->slots[number & mask]);
        fence();
    } else {
        found = load_acquire(&q->slots[number & mask]);
    }
    if (((u32)ring & 31) != ((u32)held >> 2 & 31) || (u32)(found >> 32) != number + 1) {
        add(&q->got, -LOCK);
        return false;
    }
    *item = (u32)found;
    add(&q->got, ONE - LOCK);
    return true;
}

// One lane puts and gets by turns: until the queue is full, then until it is empty.
template <int FENCES>
__device__ void by_turns(Queue* queues, u32 items, u64* sums) {
    if (threadIdx.x) return;
    Queue* q = queues + blockIdx.x;
    u64 sum = 0;
    u32 item;
    for (u32 sent = 0, received = 0; received < items;) {
        while (sent < items && put<FENCES>(q, sent)) sent++;
        for (; received < sent && get<FENCES>(q, &item); received++) sum += item;
    }
    sums[blockIdx.x] = sum;
}

// One warp puts and another gets.
template <int FENCES>
__device__ void apart(Queue* queues, u32 items, u64* sums) {
    if (threadIdx.x) return;
    u32 count = gridDim.x / 2;
    Queue* q = queues + blockIdx.x % count;
    if (blockIdx.x < count) {
        for (u32 sent = 0; sent < items;) sent += put<FENCES>(q, sent);
    } else {
        u64 sum = 0;
        for (u32 received = 0, item; received < items;)
            if (get<FENCES>(q, &item)) sum += item, received++;
        sums[blockIdx.x - count] = sum;
    }
}

#define KERNELS(fences)                                                                                       \
    extern "C" __global__ void by_turns_##fences(Queue* q, u32 i, u64* s) { by_turns<fences>(q, i, s); }      \
    extern "C" __global__ void apart_##fences(Queue* q, u32 i, u64* s) { apart<fences>(q, i, s); }
KERNELS(0)
KERNELS(1)
KERNELS(3)
