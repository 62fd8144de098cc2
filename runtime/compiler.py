"""The compiler with the executor put in: what the host API calls.

The executor is compiled once a target and kept as LLVM bitcode, in this process and in the disk cache; every program
is linked with it before optimisation, so that its resume functions inline into the executor's loop.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import FunctionType

from coro2cuda.lowering.program import Argument, Program
from coro2cuda.runtime import layout

CUDA_LANES = 32
CPU_BATCH = 256


@dataclass(frozen=True, slots=True)
class LinkableExecutor:
    """Bitcode of the executor for one target, and the constants a program specialises it with."""

    bitcode: bytes
    symbols: dict[str, str]
    lanes: int
    grouping: bool | None = None

    def entries(self, may_suspend: bool) -> dict[str, str]:
        """The entry for the `grouping` that is wanted, or both; what never suspends is run ungrouped in any case."""
        wanted = [name for name in self.symbols if self.grouping is None or (name == "grouped") == self.grouping]
        return {name: self.symbols[name if may_suspend else "ungrouped"] for name in wanted}

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


@functools.cache
def executor(target_name: str) -> LinkableExecutor:
    """The executor for a target: from the disk cache, or compiled now.

    GPU architectures share one bitcode file; they differ only in code generation."""
    from coro2cuda.lowering import target

    is_cuda = target.parse(target_name).is_cuda
    suffix, lanes = ("", CUDA_LANES) if is_cuda else ("_thread", 1)
    names = {"grouped": f"c2c_grouped{suffix}", "ungrouped": f"c2c_ungrouped{suffix}"}
    return LinkableExecutor(_bitcode(target_name, is_cuda), names, lanes)


def _bitcode(target_name: str, is_cuda: bool) -> bytes:
    from coro2cuda.runtime import cache

    key = hashlib.sha256(f"executor {'cuda' if is_cuda else 'cpu'} {_sources_digest()}".encode()).hexdigest()
    found = cache.load_blob(key)
    if found is None:
        found = _compile_executor(target_name, is_cuda)
        cache.store_blob(key, found)
    return found


def _compile_executor(target_name: str, is_cuda: bool) -> bytes:
    from coro2cuda.frontend import infer
    from coro2cuda.lowering import build, llvm, target
    from coro2cuda.runtime import executor as device
    from coro2cuda.runtime import frames

    roots = [device.grouped, device.ungrouped] if is_cuda else [device.grouped_thread, device.ungrouped_thread]
    module = build.build(infer.infer_device([*roots, frames.allocate_frame]))
    chosen = target.parse(target_name)
    return target.to_bitcode(llvm.emit_device(module.functions, chosen), chosen)


@functools.cache
def _sources_digest() -> str:
    """A digest of the executor and of the compiler, so that a change of either makes the executor anew."""
    from pathlib import Path

    from coro2cuda import frontend, lowering, runtime
    from coro2cuda.version import __version__

    digest = hashlib.sha256(__version__.encode())
    for package in (frontend, lowering, runtime):
        for path in sorted(Path(next(iter(package.__path__))).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
