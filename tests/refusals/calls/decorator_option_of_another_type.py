from coro2cuda import gpu_async


def call():
    @gpu_async(boundscheck="no")
    async def f(n: int) -> int:
        return n

# refused:
# TypeError: gpu_async(boundscheck='no'): expected True or False
