"""Errors in LLVM code: calls of what the executor supplies (`runtime.exceptions`), and how a function ends with one.

    plain                  { status = the error, or STOP_IN_FLIGHT, ... }
    start                  { FAILED, the error, ... }, or { STOPPED, ... }
    resume, continuation   split has told them where their errors go; they end with { STOPPED, ... } at most

All early ends of a function meet in one block that returns in the shape of the function's kind. None of this runs, and
nothing of it stands in the way of what does, before something is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from llvmlite import ir as llvm

from coro2cuda.frontend.dtypes import Type
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering.llvm_context import Context, integer
from coro2cuda.lowering.llvm_helpers import widened
from coro2cuda.lowering.llvm_memory import aggregate
from coro2cuda.lowering.llvm_types import LONG, VOID, WORD


@final
class Errors:
    """The errors of one function."""

    def __init__(self, context: Context, function: ir.Function, target: Any, launch: Any) -> None:
        self.context, self.function, self.target, self.launch = context, function, target, launch
        self._ends: Any = None  # the block where early ends meet: phis of the code and of the error

    # --- what the executor supplies

    def call(self, builder: Any, name: str, *words: Any) -> Any:
        """`c2c_NAME(launch, words...)`, for its effect or for a word."""
        result = WORD if name in ("make_error", "error_kind") else VOID
        given = [self.launch, *words]
        callee = self.context.declare(f"c2c_{name}", result, [one.type for one in given])
        return builder.call(callee, given)

    def make(self, builder: Any, site: int, kind: int, values: Sequence[tuple[Type, Any]] = ()) -> Any:
        """A new error with its scalars, as they are in memory."""
        error = self.call(builder, "make_error", integer(WORD, site), integer(WORD, kind))
        for index, (type, value) in enumerate(values):
            wide = widened(builder, type, value)
            bits = builder.bitcast(wide, LONG) if wide.type != LONG else wide
            self.call(builder, "error_argument", error, integer(WORD, index), bits)
        return error

    def is_of(self, builder: Any, error: Any, classes: Sequence[int]) -> Any:
        kind = self.call(builder, "error_kind", error)
        found = integer(llvm.IntType(1), 0)
        for index in classes:
            found = builder.or_(found, builder.icmp_unsigned("==", kind, integer(WORD, index)))
        return found

    def on(self, builder: Any, action: ir.ErrorAction, error: Any, other: Any, frame: Any) -> None:
        match action:
            case "fail":
                self.call(builder, "fail", frame, error)
            case "forget" | "abort":
                self.call(builder, f"{action}_error", error)
            case "trace" | "chain" | "cause" | "root":
                self.call(builder, f"{action}_error", error, other)

    # --- ends

    def throw(self, builder: Any, error: Any) -> None:
        """End the function with an error; the builder's block ends."""
        is_plain = self.function.kind == "plain"
        self._end(builder, error if is_plain else integer(WORD, abi.FAILED), error)

    def stop(self) -> Any:
        """The code with which the function ends when the run is stopped."""
        return integer(WORD, abi.STOP_IN_FLIGHT if self.function.kind == "plain" else abi.STOPPED)

    def end_stopped(self, builder: Any) -> None:
        self._end(builder, self.stop(), integer(WORD, 0))

    def stopped_block(self, builder: Any) -> Any:
        """The block to branch to from the builder's when the run is stopped."""
        return self._join(builder, self.stop(), integer(WORD, 0))

    def end_if(self, builder: Any, status: Any, place: int) -> Any:
        """After a call: go on, with the builder returned, if its status is 0; else end as the callee did."""
        following = self.target.append_basic_block(f"{builder.block.name}.returned")
        failed = builder.icmp_unsigned("!=", status, integer(WORD, 0))
        if self.function.kind != "plain":  # what else it may raise, split has taken care of
            ended = self.stopped_block(builder)
        else:
            ended = self.target.append_basic_block(f"{builder.block.name}.failed")
        builder.cbranch(failed, ended, following).set_metadata("prof", self.context.unlikely)
        if self.function.kind == "plain":
            cold = llvm.IRBuilder(ended)
            if place >= 0:
                self.call(cold, "trace_error", status, integer(WORD, place))
            self.throw(cold, status)
        return llvm.IRBuilder(following)

    def _end(self, builder: Any, code: Any, error: Any) -> None:
        builder.branch(self._join(builder, code, error))

    def _join(self, builder: Any, code: Any, error: Any) -> Any:
        """The block of early ends, with one more way in, from the builder's block."""
        if self._ends is None:
            assert self.function.kind != "plain" or self.function.raises, f"{self.function.name} may not raise"
            inside = llvm.IRBuilder(self.target.append_basic_block("early"))
            kind = self.target.ftype.return_type
            self._ends = [inside.phi(WORD)]
            if self.function.kind != "plain":
                self._ends.append(inside.phi(WORD))
            rest = [llvm.Constant(type, None) for type in kind.elements[len(self._ends) :]]
            inside.ret(aggregate(inside, kind, [*self._ends, *rest]))
        for phi, value in zip(self._ends, (code, error), strict=False):
            phi.add_incoming(value, builder.block)
        return self._ends[0].parent
