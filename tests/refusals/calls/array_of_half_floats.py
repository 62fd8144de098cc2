import numpy

from coro2cuda import gpu_async, run


@gpu_async
async def f(a):
    return a[0]


def call():
    run(f(numpy.zeros(3, numpy.float16)), backend="cpu")

# refused:
# TypeError: argument 'a': an array or scalar of dtype float16 cannot be passed; its elements must be one of bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64; convert it, as in array.astype('float32')
