"""The PTX of a coroutine, for tests that two spellings of a program are compiled to the same code."""

from __future__ import annotations

import re
from typing import Any

from coro2cuda.lowering.program import Argument
from coro2cuda.runtime import compiler


def ptx_of(function: Any, *arguments: Argument) -> str:
    """For sm_90, without comments, in which LLVM numbers calls, and whatever the function's name is."""
    code = compiler.compile_program(function, arguments, "sm_90").code.decode()
    return re.sub(r"//.*", "", code).replace(function.__name__, "f")
