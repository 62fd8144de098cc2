from coro2cuda import gpu_async


def call():
    gpu_async(lambda n: n)

# refused:
# TypeError: @gpu_async decorates an `async def`; this is a lambda
#   @gpu_async
#   def f(...):  # incorrect
#   @gpu_async
#   async def f(...):  # correct
# Helpers that await nothing need no decorator.
