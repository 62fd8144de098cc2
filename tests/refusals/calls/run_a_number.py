from coro2cuda import run


def call():
    run(3)

# refused:
# TypeError: run takes a call of a function decorated with @gpu_async, not int
