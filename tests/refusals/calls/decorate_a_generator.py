from coro2cuda import gpu_async


def call():
    @gpu_async
    async def numbers(n: int):
        yield n

# refused:
# TypeError: numbers is an async generator (it has `yield`); @gpu_async needs one that returns
#   @gpu_async
#   async def numbers(...):  # incorrect
#       yield value
#   @gpu_async
#   async def numbers(...):  # correct
#       return value
