// Collatz as one writes it by hand: a number a thread, in a loop. 64 bits, as in examples/collatz.py: below 2**20 the
// greatest number on the way takes 37 bits.
// Compiled by NVRTC: no headers.

extern "C" __global__ void chains(int numbers, int *lengths) {
  int number = blockIdx.x * blockDim.x + threadIdx.x;
  if (number >= numbers) return;
  long long n = number;
  int steps = 0;
  while (n > 1) {
    n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    steps++;
  }
  lengths[number] = steps;
}
