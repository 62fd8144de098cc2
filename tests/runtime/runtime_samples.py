"""A program that uses every part of the manifest."""

from __future__ import annotations

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Array, Tuple, f32, f64, i32
from coro2cuda.lowering import program as p
from coro2cuda.lowering.program import Argument, Program, UniformSlot
from coro2cuda.lowering.site import Site


def example() -> Program:
    arguments = (Argument("n", i32, "range"), Argument("grid", Array(f32, 2)), Argument("w", f64, "each"))
    result = Tuple((i32, f64))
    types = p.uniform_types((Array(i32, 1),), arguments, result)
    offsets, size = p.lay_out_uniforms(types)
    return Program(
        name="walk(i32)", title="walk", target="sm_90", code=b"// ptx", cubin=b"\x7fELF", version="0.1.0",
        entries={"grouped": "c2c_grouped", "ungrouped": "c2c_ungrouped"}, arguments=arguments,
        captured=(Array(i32, 1),), uniforms=tuple(map(UniformSlot, offsets, types)), block_size=size, result=result,
        result_leaves=(i32, f64), frame_size=48, warp_memory_size=1024,
        states=(p.State(0, "walk.0", "await reschedule()", "walk.py", 7, ("n", "x"), "reschedule"),),
        sites=(Site("IndexError", "index out of range", Span("walk.py", 9, 4, 9, 8, "coroutine 'walk'")),),
        formats=(("n = ", i32, "\n"),), children=1, report=p.Report(32, 0, 8, 0), timings={"llvm": 0.01},
    )  # fmt: skip
