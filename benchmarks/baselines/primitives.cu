// What an object of the heap costs to touch: each kernel does one thing `turns` times, in each lane on 128 bytes of its
// own, and each turn needs what the last one gave. Loads and atomics are the PTX that the executor is compiled to.

typedef unsigned int u32;

__device__ u32 cas_acquire(u32* p, u32 old, u32 wanted) {
    u32 found;
    asm volatile("atom.acquire.gpu.global.cas.b32 %0, [%1], %2, %3;"
                 : "=r"(found) : "l"(p), "r"(old), "r"(wanted) : "memory");
    return found;
}
__device__ u32 load_relaxed(u32* p) {
    u32 found;
    asm volatile("ld.relaxed.gpu.global.b32 %0, [%1];" : "=r"(found) : "l"(p) : "memory");
    return found;
}
__device__ u32 load_acquire(u32* p) {
    u32 found;
    asm volatile("ld.acquire.gpu.global.b32 %0, [%1];" : "=r"(found) : "l"(p) : "memory");
    return found;
}
__device__ u32 load(u32* p) {
    u32 found;
    asm volatile("ld.global.b32 %0, [%1];" : "=r"(found) : "l"(p) : "memory");
    return found;
}
__device__ void store(u32* p, u32 value) { asm volatile("st.global.b32 [%0], %1;" ::"l"(p), "r"(value) : "memory"); }
__device__ void store_release(u32* p, u32 value) {
    asm volatile("st.release.gpu.global.b32 [%0], %1;" ::"l"(p), "r"(value) : "memory");
}
__device__ void fence() { asm volatile("fence.acq_rel.gpu;" ::: "memory"); }

#define KERNEL(name, turn)                                                                                        \
    extern "C" __global__ void name(u32* memory, int turns, int lanes, u32* results) {                            \
        int lane = threadIdx.x % 32, warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32;                         \
        if (lane >= lanes) return;                                                                                \
        u32* p = memory + (unsigned long long)(warp * lanes + lane) * 32;                                                     \
        u32 s = 0;                                                                                                \
        for (int i = 0; i < turns; i++) { turn }                                                                  \
        results[warp * 32 + lane] = s;                                                                            \
    }

KERNEL(locked, while (cas_acquire(p, 0, 1)); u32 v = load(p + 6); store(p + 6, v + 1); store_release(p, 0); s += v;)
KERNEL(swap, s += cas_acquire(p + (s & 1), 7, 7);)
KERNEL(look, s += load_relaxed(p + (s & 1));)
KERNEL(acquired_look, s += load_acquire(p + (s & 1));)
KERNEL(cached_look, s += load(p + (s & 1));)
KERNEL(released, store(p + 6, i); store_release(p, i);)
KERNEL(fenced, store(p + 6, i); fence();)
KERNEL(fence_alone, fence();)
