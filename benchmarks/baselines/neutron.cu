// The neutron slab without fission as one writes it by hand: a particle a thread, from its source to its end (the
// history-based kernel). The random numbers and the order of operations are those of examples/neutron_slab.py.
// Compiled by NVRTC: no headers.

__device__ __forceinline__ unsigned advance(unsigned seed) { return 0x10DCDu * seed + 1u; }
__device__ __forceinline__ float uniform(unsigned seed) { return (float)(seed % 65537u) / 65537.0f; }
__device__ __forceinline__ float symmetric(unsigned seed) { return (float)((int)(seed % 65537u) - 32768) / 32768.0f; }

extern "C" __global__ void histories(int sources, float end, float total, float scattering, int middle, float *tally) {
  for (int source = blockIdx.x * blockDim.x + threadIdx.x; source < sources; source += gridDim.x * blockDim.x) {
    unsigned seed = source;
    float x = 0.0f, t = 0.0f;
    while (true) {
      seed = advance(seed);
      float mu = symmetric(seed);
      seed = advance(advance(seed));  // the first would be the azimuth, which has no part in x
      float distance = -logf(1.0f - uniform(seed)) / total;
      bool survives = t + distance > end;
      if (survives) distance = end - t;
      x += mu * distance;
      t += distance;
      int place = middle + (int)floorf(x / 0.1f);
      if (place < 0 || place >= 2 * middle) break;
      seed = advance(seed);
      if (survives) {
        atomicAdd(&tally[place], 1.0f);
        break;
      }
      if (uniform(seed) >= scattering) break;
    }
  }
}
