from coro2cuda import gpu_async


def call():
    @gpu_async
    def double(n: int) -> int:
        return 2 * n

# refused:
# TypeError: @gpu_async decorates an `async def`; double is a plain function
#   @gpu_async
#   def double(...):  # incorrect
#   @gpu_async
#   async def double(...):  # correct
# Helpers that await nothing need no decorator.
