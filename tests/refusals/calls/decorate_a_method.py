from coro2cuda import gpu_async


def call():
    class Slab:
        @gpu_async
        async def flight(self, n: int) -> int:
            return n

# refused:
# TypeError: call.<locals>.Slab.flight is defined in a class; a coroutine on the GPU has no `self`. Define it at module level and pass what it needs as arguments
