"""What the functions of one LLVM module share: the target, declarations, helper functions, metadata."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, final

from llvmlite import ir as llvm

from coro2cuda.lowering.llvm_types import BYTE, LONG, WORD, Types
from coro2cuda.lowering.target import Target

UNLIKELY = 2000  # to one


@final
class Context:
    """One LLVM module under construction."""

    def __init__(self, target: Target, name: str) -> None:
        self.target = target
        self.types = Types(target.is_cuda)
        self.module = llvm.Module(name)
        self.module.triple = target.triple
        self.module.data_layout = target.data_layout
        self.float_flags: tuple[str, ...] = ("contract",) if target.contract else ()
        self.scope = 'syncscope("device") ' if target.is_cuda else ""  # goes before the ordering of an atomic
        self.invariant = self.module.add_metadata([])
        self.unlikely = self.module.add_metadata(["branch_weights", integer(WORD, 1), integer(WORD, UNLIKELY)])
        domain = self.module.add_metadata(["coro2cuda"])
        self.frame_scope = self._scope_list("frames", domain)
        self.user_scope = self._scope_list("arrays", domain)

    def _scope_list(self, name: str, domain: Any) -> Any:
        return self.module.add_metadata([self.module.add_metadata([name, domain])])

    def declare(self, name: str, result: Any, parameters: list[Any], *attributes: str) -> Any:
        """The function of this name, declared if the module does not have it yet."""
        known = self.module.globals.get(name)
        if known is not None:
            return known
        function = llvm.Function(self.module, llvm.FunctionType(result, parameters), name)
        for attribute in attributes:
            function.attributes.add(attribute)
        return function

    def helper(
        self, name: str, result: Any, parameters: list[Any], build: Callable[[Context, Any], None], *attributes: str
    ) -> Any:
        """The internal function of this name, built on first use."""
        known = self.module.globals.get(name)
        if known is not None:
            return known
        function = self.declare(name, result, parameters, "nounwind", *attributes)
        function.linkage = "internal"
        build(self, function)
        return function

    def unique(self, name: str) -> str:
        """A symbol for a function of the user: what PTX allows in a name, and not taken."""
        return str(self.module.get_unique_name("f_" + re.sub(r"\W+", "_", name, flags=re.ASCII)).replace(".", "_"))


def integer(type: Any, value: int) -> Any:
    """A constant of an integer type; values beyond its signed range are taken modulo its width."""
    half = 1 << (type.width - 1)
    return llvm.Constant(type, (value + half) % (2 * half) - half)


def address(builder: Any, base: Any, offset: int) -> Any:
    """`base + offset` bytes."""
    if offset == 0:
        return base
    return builder.gep(base, [integer(LONG, offset)], inbounds=True, source_etype=BYTE)


def store_atomic(builder: Any, value: Any, pointer: Any, ordering: str, align: int) -> None:
    """`IRBuilder.store_atomic` for opaque pointers, which llvmlite's own does not take."""
    builder.block.instructions.append(
        llvm.instructions.StoreAtomicInstr(builder.block, value, pointer, ordering, align)
    )
    builder.position_at_end(builder.block)
