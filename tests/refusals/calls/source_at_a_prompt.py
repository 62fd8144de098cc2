# ruff: noqa
import code

from coro2cuda import gpu_async, run

def call():
    space = {"gpu_async": gpu_async}
    code.InteractiveInterpreter(space).runsource("@gpu_async\nasync def f(n: int) -> int:\n    return n\n", symbol="exec")
    run(space["f"](3), backend="cpu")

# refused:
# CompileError: error: the source of 'f' is not available
#   hint: write it in a file: what is typed at a prompt or made with exec() has no source to compile
