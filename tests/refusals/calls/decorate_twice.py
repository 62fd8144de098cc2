from coro2cuda import gpu_async


def call():
    @gpu_async
    @gpu_async
    async def f(n: int) -> int:
        return n

# refused:
# TypeError: call.<locals>.f is decorated with @gpu_async twice; remove one
