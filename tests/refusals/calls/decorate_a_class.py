from coro2cuda import gpu_async


def call():
    @gpu_async
    class Slab:
        pass

# refused:
# TypeError: @gpu_async decorates an `async def`, not <class 'decorate_a_class.call.<locals>.Slab'>
