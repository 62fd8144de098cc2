// fib with OpenMP tasks, every call a task: what `fib` of examples/fork_join.py says, in C++.
//   g++ -O3 -fopenmp fib_openmp.cpp && OMP_NUM_THREADS=2 ./a.out 35      prints the result, and the milliseconds
#include <chrono>
#include <cstdio>
#include <cstdlib>

static int fib(int n) {
  if (n < 2) return n;
  int a, b;
#pragma omp task shared(a)
  a = fib(n - 1);
#pragma omp task shared(b)
  b = fib(n - 2);
#pragma omp taskwait
  return a + b;
}

int main(int, char **arguments) {
  int n = std::atoi(arguments[1]), result = 0;
  auto started = std::chrono::steady_clock::now();
#pragma omp parallel
#pragma omp single
  result = fib(n);
  std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - started;
  std::printf("%d %f\n", result, elapsed.count());
}
