"""Targets, and LLVM modules to code: link, optimise, and emit object code or PTX.

    program (llvmlite text) ─┐                                                        ┌─ CPU: object file, `load_object`
    libdevice (if needed) ───┴─ optimise ─┐                                           │
    executor (bitcode, optimised before) ─┴─ link ─ hide all but the entries ─ inline ┴─ CUDA: PTX text, `assemble`
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, final

import llvmlite.binding as llvm

from coro2cuda.frontend.diagnostics import CompileError

if TYPE_CHECKING:
    from coro2cuda.lowering import assembler

CUDA_TRIPLE: Final = "nvptx64-nvidia-cuda"
CUDA_TARGETS: Final = ("sm_80", "sm_89", "sm_90", "sm_100", "sm_120")
NAMES: Final = ("cpu", *CUDA_TARGETS)
MOST_THREADS: Final = 128  # of a block; the register budget follows from it
PROGRAM_LEVEL: Final = 3  # optimisation, as in -O3: of the program by itself
EXECUTOR_LEVEL: Final = 2  # of the executor by itself, once for each target
JOINT_LEVEL: Final = 2  # of both on the CPU, after inlining; less loses a tenth of the speed of short steps
CODE_LEVEL: Final = 2  # of code generation; one more costs 5 ms and changed no kernel's registers or length

# ptxas takes what abs.s16 gives for not negative, though of -32768 it is -32768, and sign-extends it wrongly.
_SHORT_ABS: Final = re.compile(r"\babs\.s16\s+(%\w+), (%\w+);")
_WIDER_ABS: Final = r"{ .reg .b32 wide; cvt.s32.s16 wide, \2; abs.s32 wide, wide; cvt.u16.u32 \1, wide; }"


@final
@dataclass(frozen=True, slots=True)
class Target:
    """What code is made for: this machine's CPU, or one generation of CUDA devices.

    `contract` lets a float multiplication and addition become one fused operation that rounds once, as nvcc does by
    default; it is on for CUDA and off for the CPU."""

    name: str
    triple: str
    data_layout: str
    cpu: str
    features: str = ""
    contract: bool = False
    is_cuda: bool = field(default=False)


def parse(name: str) -> Target:
    """The target called `cpu` or `sm_NN`.

    Raises:
        CompileError: there is none of this name.
    """
    if name == "cpu":
        return _host()
    if name in CUDA_TARGETS:
        return _cuda(name)
    raise CompileError(f"unknown target {name!r}", hint=f"the targets are {', '.join(NAMES)}")


@cache
def _host() -> Target:
    _initialise_native()
    triple, cpu = llvm.get_process_triple(), llvm.get_host_cpu_name()
    features = llvm.get_host_cpu_features().flatten()
    return Target("cpu", triple, _data_layout(triple, cpu, features), cpu, features)


@cache
def _cuda(name: str) -> Target:
    _initialise_all()
    return Target(name, CUDA_TRIPLE, _data_layout(CUDA_TRIPLE, name, ""), name, contract=True, is_cuda=True)


def _data_layout(triple: str, cpu: str, features: str) -> str:
    return str(_machine(triple, cpu, features).target_data)


@cache
def _initialise_native() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@cache
def _initialise_all() -> None:
    """All that LLVM has: llvmlite offers no other way to NVPTX."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()


_machines = threading.local()


def _machine(triple: str, cpu: str, features: str) -> Any:
    """This thread's target machine: making one takes longer than compiling a small function."""
    known: dict[tuple[str, str, str], Any] = _machines.__dict__.setdefault("known", {})
    key = (triple, cpu, features)
    if key not in known:
        options = {} if triple == CUDA_TRIPLE else {"reloc": "pic", "codemodel": "small"}
        known[key] = llvm.Target.from_triple(triple).create_target_machine(
            cpu=cpu, features=features, opt=CODE_LEVEL, **options
        )
    return known[key]


def machine(target: Target) -> Any:
    """The LLVM target machine of a target."""
    return _machine(target.triple, target.cpu, target.features)


# --- compiling -------------------------------------------------------------------------------------------------------


def to_bitcode(text: str, target: Target) -> bytes:
    """A module optimised by itself and packed, to be linked into others: the executor."""
    parsed = _parse(text)
    _optimise_alone(parsed, target, EXECUTOR_LEVEL)
    return bytes(parsed.as_bitcode())


def compile(program: str, executor: Sequence[bytes], target: Target, entries: Collection[str]) -> bytes:
    """The code of a program with the executor: an object file, or PTX in UTF-8. `entries` are the symbols to keep."""
    return emit_code(optimise(program, executor, target, entries), target)


def optimise(program: str, executor: Sequence[bytes], target: Target, entries: Collection[str]) -> Any:
    """The optimised llvmlite module of the program with the executor; `str()` of it is text to read.

    The program, which is small, is optimised with all there is, and so was the executor, once. What is left to do after
    linking is to inline one into the other and to clean up, in less time than the whole pipeline would take."""
    linked = _parse(program)
    if target.is_cuda:
        from coro2cuda.lowering import libdevice

        libdevice.link(linked)
    if not executor:
        _hide(linked, entries)
    _optimise_alone(linked, target, PROGRAM_LEVEL)
    if executor:
        for part in executor:
            linked.link_in(llvm.parse_bitcode(part))
        _hide(linked, entries)
        _optimise_joint(linked, target)
    return linked


def _optimise_alone(module: Any, target: Target, level: int) -> None:
    builder = _pass_builder(target, level)
    # What must be inlined goes first: else LLVM promotes the launch record's fields to arguments and forgets that
    # they never change, and the executor's loop loads them again and again.
    _inliner().run(module, builder)
    builder.getModulePassManager().run(module, builder)


def _optimise_joint(module: Any, target: Target) -> None:
    builder = _pass_builder(target, JOINT_LEVEL)
    passes = _inliner()
    if target.is_cuda:
        # Take apart the actions that went between the two and fold the constants that the executor asked for. Level 2
        # does no more for the PTX, in twice the time.
        passes.add_sroa_pass()
        passes.add_sccp_pass()
        passes.add_simplify_cfg_pass()
        passes.add_instruction_combine_pass()
        passes.add_simplify_cfg_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)
    if not target.is_cuda:
        for function in module.functions:
            if not function.is_declaration:
                builder.getFunctionPassManager().run(function, builder)


def _inliner() -> Any:
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.add_always_inliner_pass()
    passes.add_global_dead_code_eliminate_pass()
    return passes


def _pass_builder(target: Target, level: int) -> Any:
    return llvm.create_pass_builder(machine(target), llvm.create_pipeline_tuning_options(speed_level=level))


def emit_code(optimised: Any, target: Target) -> bytes:
    """An object file, or PTX in UTF-8."""
    if target.is_cuda:
        return _SHORT_ABS.sub(_WIDER_ABS, str(machine(target).emit_assembly(optimised))).encode()
    return bytes(machine(target).emit_object(optimised))


def assemble(ptx: str, target: Target) -> assembler.Assembly | None:
    """PTX to a cubin with ptxas's report on each kernel; None where there is no ptxas that knows the target."""
    from coro2cuda.lowering import assembler

    return assembler.assemble(ptx, target.name)


def _parse(text: str) -> Any:
    # In LLVM's global context: one of our own could be collected before its modules, which then crash.
    parsed = llvm.parse_assembly(text)
    parsed.verify()
    return parsed


def _hide(module: Any, entries: Collection[str]) -> None:
    """Make everything internal but the entry points, so that LLVM may inline it, and drop it."""
    for function in module.functions:
        if not function.is_declaration and function.name not in entries:
            function.linkage = "internal"


# --- loading on the CPU ----------------------------------------------------------------------------------------------


@final
class LoadedObject:
    """Native code in this process; it lives as long as this object."""

    def __init__(self, code: bytes) -> None:
        _initialise_native()
        self._jit = llvm.create_lljit_compiler(use_jit_link=True)
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        self._library = builder.link(self._jit, "program")
        self._symbols: dict[str, Any] = {}

    def address(self, symbol: str) -> int:
        """The address of a function that was kept as an entry point."""
        if symbol not in self._symbols:
            self._symbols[symbol] = self._jit.lookup("program", symbol)
        return int(self._symbols[symbol][symbol])


def load_object(code: bytes) -> LoadedObject:
    """Load an object file that `compile` made, perhaps in another process."""
    return LoadedObject(code)
