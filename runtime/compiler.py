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

from coro2cuda.lowering.program import Argument, Program, Shape
from coro2cuda.runtime import layout, trials

CUDA_LANES = 32
CPU_BATCH = 256
WAITING = "waiting"  # the library of synchronisation objects, linked where a program waits


@dataclass(frozen=True, slots=True)
class LinkableExecutor:
    """What one target's programs are linked with, and the constants that specialise it."""

    target: str
    symbols: dict[str, str]
    lanes: int
    grouping: bool | None = None

    def entries(self, shape: Shape) -> dict[str, str]:
        """The entry for the `grouping` that is wanted, or both. What never suspends is run ungrouped in any case, and
        what forks, whose tasks are on no fixed thread, never."""
        wanted = [name for name in ("grouped", "ungrouped") if self.grouping in (None, name == "grouped")]
        always = "forking" if shape.forks else "" if shape.states else "ungrouped"
        return {name: self.symbols[always or name] for name in wanted}

    def bitcode(self, shape: Shape) -> list[bytes]:
        library = [WAITING] if shape.waits else []
        return [_bitcode(entry, self.target) for entry in [*sorted(set(self.entries(shape).values())), *library]]

    def options(self, shape: Shape) -> dict[str, int]:
        return {
            "CAPACITY": layout.capacity(shape, self.lanes),
            "FREE_CAPACITY": layout.free_capacity(shape, self.lanes),
            "OWNED": layout.owned_frames(shape, self.lanes),
            "BATCH": self.lanes if self.lanes > 1 or shape.forks else CPU_BATCH,
            "RECURSIVE": int(shape.children > 0) + int(shape.forks),
            "WARP_WORDS": self.warp_memory_size(shape) // 4,
            "SHARED": int(layout.in_shared_memory(self.warp_memory_size(shape))),
            "ROOM": layout.room(shape, self.lanes),
            "CHUNKS": layout.chunks_per_warp(shape),
            "STEAL_BELOW": max(1, self.lanes // 2),
            "WAITS": int(shape.waits),
            "CANCELS": int(shape.cancels),
            "ORDERS": int(shape.orders),
            "LONGEST_DOZE": 1_000_000 if self.lanes == 1 else 20_000,  # of a warp whose tasks all sleep
            "CROWD_FROM": 16,  # waiters of an event in its list
            "WOKEN_ROOM": layout.woken_room(shape, self.lanes),
            "HEAP_SHARDS": layout.heap_shards(self.lanes),
            "CHUNK_WORDS": layout.chunk_words(self.lanes),
            "CHILDREN": shape.children,
            "FAILS": int(shape.fails),
            "CATCHES": int(shape.catches),
            "ERROR_WORDS": shape.error_words,
            **trials.current().options(),
        }

    def warp_memory_size(self, shape: Shape) -> int:
        return layout.warp_memory_size(shape, self.lanes)


def compile_program(
    function: FunctionType, arguments: Sequence[Argument], target_name: str, grouping: bool | None = None,
    returns_errors: bool = False,
) -> Program:  # fmt: skip
    """`lowering.compile.compile_program` with the executor for the target, to be run grouped, ungrouped, or (None)
    either way."""
    from coro2cuda.lowering import compile

    chosen = replace(executor(target_name), grouping=grouping)
    return compile.compile_program(function, arguments, target_name, chosen, returns_errors)


def executor(target_name: str) -> LinkableExecutor:
    """The executor for a target."""
    from coro2cuda.lowering import target

    is_cuda = target.parse(target_name).is_cuda
    suffix, lanes = ("", CUDA_LANES) if is_cuda else ("_thread", 1)
    symbols = {name: f"c2c_{name}{suffix}" for name in ("grouped", "ungrouped", "forking")}
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

    chosen = target.parse(target_name)
    functions = device_functions(entry)
    module = build.build(infer.infer_device(functions))
    if entry == WAITING:
        names = {function.__name__ for function in functions}
        text = llvm.emit_device(module.functions, chosen, visible=names, inlined=attempts())
        return target.to_bitcode(text, chosen)
    return target.to_bitcode(llvm.emit_device(module.functions, chosen, module.root), chosen)


def device_functions(entry: str) -> list[Any]:
    """The device Python of an entry: its kernel (or thread) function, then what the programs linked with it call."""
    from coro2cuda.lowering import llvm
    from coro2cuda.runtime import exceptions, fork_join, forking_executor, frames
    from coro2cuda.runtime import executor as device

    if entry == WAITING:
        return waiting_library()
    plain = (device.grouped, device.ungrouped, device.grouped_thread, device.ungrouped_thread)
    forking = (forking_executor.forking, forking_executor.forking_thread)
    root = next(function for function in plain + forking if llvm.PREFIX + function.__name__ == entry)
    called = [fork_join.enqueue, fork_join.join, fork_join.has_room] if root in forking else []
    return [root, frames.allocate_frame, *exceptions.CALLED, *called]


def attempts() -> set[str]:
    """Those that are worth a copy where they are called: short, and nearly always all that is done."""
    from coro2cuda.frontend import objects

    methods = [method for table in objects.METHODS.values() for method in table.values()]
    return {method.attempt.replace(".", "_") for method in methods if method.attempt}


def waiting_library() -> list[FunctionType]:
    """The functions that ops on synchronisation objects call: one for each operation of `frontend.objects`."""
    from coro2cuda.frontend import objects
    from coro2cuda.runtime import item_queue, lists, scopes, sync, tasks, timers

    names = [name.replace(".", "_") for name in objects.operations()]
    known = {**vars(item_queue), **vars(timers), **vars(sync), **vars(tasks), **vars(lists), **vars(scopes)}
    return [known[name] for name in ("make_object", "make_list", "retain", "release", "sleep", *names)]
