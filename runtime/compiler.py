"""The compiler with the executor put in: what the host API calls.

Each entry of the executor is compiled when the first program asks for it and kept as LLVM bitcode, in this process and
in the disk cache. A program is linked with its entry, so that the resume functions inline into the executor's loop.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

from coro2cuda.lowering.program import Argument, Program
from coro2cuda.runtime import layout

CUDA_LANES = 32
CPU_BATCH = 256


@dataclass(frozen=True, slots=True)
class LinkableExecutor:
    """What one target's programs are linked with, and the constants that specialise it."""

    target: str
    symbols: dict[str, str]
    lanes: int
    grouping: bool | None = None

    def entries(self, may_suspend: bool) -> dict[str, str]:
        """The entry for the `grouping` that is wanted, or both; what never suspends is run ungrouped in any case."""
        wanted = [name for name in self.symbols if self.grouping is None or (name == "grouped") == self.grouping]
        return {name: self.symbols[name if may_suspend else "ungrouped"] for name in wanted}

    def bitcode(self, may_suspend: bool) -> list[bytes]:
        return [_bitcode(entry, self.target) for entry in sorted(set(self.entries(may_suspend).values()))]

    def options(self, states: int, recursive: bool) -> dict[str, int]:
        return {
            "CAPACITY": layout.capacity(states),
            "FREE_CAPACITY": layout.free_capacity(states, recursive, self.lanes),
            "BATCH": self.lanes if self.lanes > 1 else CPU_BATCH,
            "RECURSIVE": int(recursive),
            "WARP_WORDS": self.warp_memory_size(states, recursive) // 4,
        }

    def warp_memory_size(self, states: int, recursive: bool) -> int:
        return layout.warp_memory_size(states, recursive, self.lanes)


def compile_program(
    function: FunctionType, arguments: Sequence[Argument], target_name: str, grouping: bool | None = None
) -> Program:
    """`lowering.compile.compile_program` with the executor for the target, to be run grouped, ungrouped, or (None)
    either way."""
    from coro2cuda.lowering import compile

    return compile.compile_program(function, arguments, target_name, replace(executor(target_name), grouping=grouping))


def executor(target_name: str) -> LinkableExecutor:
    """The executor for a target."""
    from coro2cuda.lowering import target

    is_cuda = target.parse(target_name).is_cuda
    suffix, lanes = ("", CUDA_LANES) if is_cuda else ("_thread", 1)
    symbols = {"grouped": f"c2c_grouped{suffix}", "ungrouped": f"c2c_ungrouped{suffix}"}
    # GPU architectures share bitcode: it is what runs on the oldest, and they differ in code generation only.
    return LinkableExecutor(target.CUDA_TARGETS[0] if is_cuda else target_name, symbols, lanes)


@functools.cache
def _bitcode(entry: str, target_name: str) -> bytes:
    """The bitcode of an entry: from the disk cache, or compiled now."""
    from coro2cuda.runtime import cache

    key = cache.executor_key(entry, target_name)
    found = cache.load_blob(key)
    if found is None:
        found = _compile_entry(entry, target_name)
        cache.store_blob(key, found)
    return found


def _compile_entry(entry: str, target_name: str) -> bytes:
    from coro2cuda.frontend import infer
    from coro2cuda.lowering import build, llvm, target
    from coro2cuda.runtime import executor as device
    from coro2cuda.runtime import frames

    entries = (device.grouped, device.ungrouped, device.grouped_thread, device.ungrouped_thread)
    root = next(function for function in entries if llvm.PREFIX + function.__name__ == entry)
    # Every entry brings `allocate_frame`, so that the first recursive program need not wait for that alone.
    roots: list[Any] = [root, frames.allocate_frame]
    module = build.build(infer.infer_device(roots))
    chosen = target.parse(target_name)
    return target.to_bitcode(llvm.emit_device(module.functions, chosen), chosen)
