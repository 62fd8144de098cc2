# ruff: noqa
from coro2cuda import cli, gpu_async

@gpu_async
async def f(n: int) -> int:
    return n

def call():
    cli.main(["show", f"{__file__}:f", "--types", "int33"])

# refused:
# coro2cuda: 'int33' is not a type; there are bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, and f32[:], f32[:,:]
