"""NumPy raises OverflowError for a u64 index that i64 does not hold; out of range is out of range."""

import numpy

from coro2cuda import gpu_async, i32, u64


@gpu_async
async def main(a: i32[:], n: u64) -> i32:
    a[n] = 7
    return a[n]


ARGUMENTS = [(numpy.zeros(3, numpy.int32), numpy.uint64(2**64 - 1)), (numpy.zeros(3, numpy.int32), numpy.uint64(2))]
