"""Targets, linking, libdevice, ptxas, and object files that another process loads."""

import ctypes
import itertools
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding as binding
import llvmlite.ir as llvm_ir
import pytest

from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import SCALARS, Pointer, Scalar, Tuple, Type, boolean, f32, f64, i32, i64, u8, u16, u64
from coro2cuda.lowering import assembler, ir, libdevice, llvm, llvm_reload, target, toolkit
from coro2cuda.lowering.llvm_types import leaves, scalar
from coro2cuda.lowering.program import Report

needs_ptxas = pytest.mark.skipif(toolkit.find_ptxas() is None, reason="ptxas is not installed")
needs_libdevice = pytest.mark.skipif(toolkit.find_libdevice() is None, reason="NVIDIA's libdevice is not installed")


def sine(make_plain: Callable[..., ir.Function], type: Scalar = f64) -> dict[str, ir.Function]:
    value, result = ir.Local(0, "x", type), ir.Local(1, "r", type)
    body = ir.Block("", [ir.Intrinsic(result, "math.sin", (value,))], ir.Return(result))
    return {"sine": make_plain("sine", (value,), type, [body])}


def test_targets_have_names() -> None:
    assert [target.parse(name).is_cuda for name in target.NAMES] == [False] + [True] * len(target.CUDA_TARGETS)
    assert target.parse("sm_90") == target.parse("sm_90")
    assert not target.parse("cpu").contract
    with pytest.raises(CompileError, match="unknown target 'sm_42'") as caught:
        target.parse("sm_42")
    assert "cpu, sm_80" in caught.value.hint


def test_the_executor_is_linked_and_hidden(make_plain: Callable[..., ir.Function]) -> None:
    """Only the entry points are left of a module and what it is linked with."""
    cpu = target.parse("cpu")
    text = llvm.emit_device(sine(make_plain), cpu)
    other = "define double @other(double %x) { %y = call double @c2c_sine(double %x) ret double %y } " \
            "declare double @c2c_sine(double)"  # fmt: skip
    optimised = target.optimise(text, [target.to_bitcode(other, cpu)], cpu, ["other"])
    assert [one.name for one in optimised.functions if not one.is_declaration] == ["other"]


def test_an_object_file_runs_in_another_process(make_plain: Callable[..., ir.Function], tmp_path: Path) -> None:
    """Loading takes no compiler: no IR layer, and little time."""
    cpu = target.parse("cpu")
    path = tmp_path / "program.o"
    path.write_bytes(target.compile(llvm.emit_device(sine(make_plain), cpu), (), cpu, ["c2c_sine"]))
    script = (
        "import ctypes, sys; from coro2cuda.lowering import target;"
        "loaded = target.load_object(open(sys.argv[1], 'rb').read());"
        "sine = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(loaded.address('c2c_sine'));"
        "print(sine(1.0), 'llvmlite.ir' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    value, _ = done.stdout.split()
    assert float(value) == pytest.approx(0.8414709848078965)


def test_loading_is_fast(make_plain: Callable[..., ir.Function]) -> None:
    cpu = target.parse("cpu")
    code = target.compile(llvm.emit_device(sine(make_plain), cpu), (), cpu, ["c2c_sine"])
    target.load_object(code)
    times = []
    for _ in range(5):
        started = time.thread_time()
        target.load_object(code).address("c2c_sine")
        times.append(time.thread_time() - started)
    assert min(times) < 0.010


def test_a_missing_libdevice_is_refused(
    make_plain: Callable[..., ir.Function], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolkit, "find_libdevice", lambda: None)
    cuda = target.parse("sm_90")
    with pytest.raises(CompileError, match=r"math\.sin on CUDA needs NVIDIA's libdevice") as caught:
        target.compile(llvm.emit_device(sine(make_plain), cuda), (), cuda, ["c2c_sine"])
    assert "pip install coro2cuda[cuda]" in caught.value.hint


def test_no_libdevice_is_needed_for_square_roots(
    make_plain: Callable[..., ir.Function], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolkit, "find_libdevice", lambda: None)
    value, result = ir.Local(0, "x", f32), ir.Local(1, "r", f32)
    body = ir.Block("", [ir.Intrinsic(result, "math.sqrt", (value,))], ir.Return(result))
    functions = {"root": make_plain("root", (value,), f32, [body])}
    cuda = target.parse("sm_80")
    assert b"sqrt.rn.f32" in target.compile(llvm.emit_device(functions, cuda), (), cuda, ["c2c_root"])


@needs_libdevice
def test_libdevice_is_cut_to_what_is_called() -> None:
    """One function's bitcode is a small part of the file, and holds what that function calls."""
    path = toolkit.find_libdevice()
    assert path is not None
    part = libdevice._cut_out(path, frozenset({"__nv_log"}))
    assert len(part) * 10 < path.stat().st_size
    module = binding.parse_bitcode(part)
    defined = {one.name for one in module.functions if not one.is_declaration}
    assert "__nv_log" in defined
    assert "__nv_sin" not in defined
    outside = {one.name for one in module.functions if one.is_declaration}
    assert all(name.startswith("llvm.") or name == "__nvvm_reflect" for name in outside), outside


@needs_libdevice
def test_the_second_program_with_mathematics_is_fast(make_plain: Callable[..., ir.Function]) -> None:
    cuda = target.parse("sm_90")
    text = llvm.emit_device(sine(make_plain, f32), cuda)
    target.compile(text, (), cuda, ["c2c_sine"])
    times = []
    for _ in range(5):
        started = time.thread_time()  # not the time that other tests take meanwhile
        target.compile(text, (), cuda, ["c2c_sine"])
        times.append(time.thread_time() - started)
    assert min(times) < 0.060


# --- the toolkit -----------------------------------------------------------------------------------------------------


def test_cuda_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, name in (("nvvm/libdevice", toolkit.LIBDEVICE), ("bin", "ptxas")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).touch()
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    assert toolkit.find_libdevice.__wrapped__() == tmp_path / "nvvm/libdevice" / toolkit.LIBDEVICE
    assert toolkit.find_ptxas.__wrapped__() == tmp_path / "bin" / "ptxas"


def test_wheels_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "nvidia" / "cu13" / "nvvm" / "libdevice"
    place.mkdir(parents=True)
    (place / toolkit.LIBDEVICE).touch()
    monkeypatch.delenv("CUDA_HOME", raising=False)
    monkeypatch.delenv("CUDA_PATH", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert toolkit.find_libdevice.__wrapped__() == place / toolkit.LIBDEVICE


KERNEL = """
target triple = "nvptx64-nvidia-cuda"
define ptx_kernel void @half(ptr addrspace(1) %p) {
  %x = load float, ptr addrspace(1) %p, align 4
  %y = fmul float %x, 5.0e-1
  store float %y, ptr addrspace(1) %p, align 4
  ret void
}
"""


SHORT = """
target triple = "nvptx64-nvidia-cuda"
define ptx_kernel void @short(ptr addrspace(1) %p, ptr addrspace(1) %q) {
  %x = load i16, ptr addrspace(1) %p, align 4
  %y = call i16 @llvm.abs.i16(i16 %x, i1 false)
  %z = sext i16 %y to i64
  store i64 %z, ptr addrspace(1) %q, align 8
  ret void
}
declare i16 @llvm.abs.i16(i16, i1)
"""


@needs_ptxas
def test_short_magnitudes_are_taken_of_32_bits() -> None:
    """ptxas sign-extends what abs.s16 gives as if it were never negative."""
    cuda = target.parse("sm_90")
    ptx = target.compile(SHORT, (), cuda, ["short"]).decode()
    assert "abs.s32" in ptx
    assert "abs.s16" not in ptx
    assert target.assemble(ptx, cuda) is not None


@needs_ptxas
def test_assemble() -> None:
    cuda = target.parse("sm_90")
    ptx = target.compile(KERNEL, (), cuda, ["half"]).decode()
    done = target.assemble(ptx, cuda)
    assert done is not None
    assert done.cubin[:4] == b"\x7fELF"
    assert 0 < done.reports["half"].registers < 64
    assert done.reports["half"].stack_bytes == done.reports["half"].spill_bytes == 0


@needs_ptxas
def test_refused_ptx_is_our_fault() -> None:
    with pytest.raises(assembler.AssemblyError, match="ptxas sm_90"):
        target.assemble(".version 7.8\n.target sm_90\n.address_size 64\nnonsense", target.parse("sm_90"))


def test_no_ptxas_no_cubin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolkit, "find_ptxas", lambda: None)
    assert target.assemble("", target.parse("sm_90")) is None


def test_reports_are_read() -> None:
    text = """ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'c2c_grouped' for 'sm_90'
ptxas info    : Function properties for c2c_grouped
    16 bytes stack frame, 12 bytes spill stores, 8 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 16 bytes cumulative stack size, 2048 bytes smem
ptxas info    : Compiling entry function 'c2c_ungrouped' for 'sm_90'
ptxas info    : Function properties for c2c_ungrouped
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 14 registers, used 0 barriers
"""
    assert assembler.parse_reports(text) == {"c2c_grouped": Report(40, 16, 20, 2048), "c2c_ungrouped": Report(14)}


# --- wide reloads ----------------------------------------------------------------------------------------------------

LAYOUTS: list[list[tuple[int, Type]]] = [
    [(0, i32), (4, i32)],
    [(4, i32), (8, i32), (12, i32)],
    [(0, f32), (4, f32), (8, f32), (12, f32)],
    [(0, i64), (8, f64), (16, boolean), (17, u8), (18, u16)],
    [(0, u8), (1, boolean), (2, u16), (4, f32), (8, f64)],
    [(8, Tuple((boolean, i64, f32))), (0, f32), (4, boolean)],
    [(0, f64), (8, i32), (12, f32), (16, u64), (32, i32)],
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_wide_reloads_find_every_scalar(layout: list[tuple[int, Type]]) -> None:
    """The parts of the wide loads, stored one by one to another place, are the bytes of the frame."""
    cpu = target.parse("cpu")
    module, pointer = llvm_ir.Module(), llvm_ir.PointerType()
    module.triple, module.data_layout = cpu.triple, cpu.data_layout
    function = llvm_ir.Function(module, llvm_ir.FunctionType(llvm_ir.VoidType(), [pointer, pointer]), "copy")
    builder = llvm_ir.IRBuilder(function.append_basic_block())

    def at(base: Any, offset: int) -> Any:
        return builder.gep(base, [llvm_ir.Constant(llvm_ir.IntType(64), offset)], source_etype=llvm_ir.IntType(8))

    reloads = [ir.Reload(ir.Local(index, "", type), offset) for index, (offset, type) in enumerate(layout)]
    moved = set()
    for wide in llvm_reload.plan(reloads):
        assert wide.offset % (wide.count * wide.bits // 8) == 0, "a wide access is aligned to its size"
        loaded = builder.load(at(function.args[0], wide.offset), typ=wide.type)
        parts = llvm_reload.scalars(builder, wide, loaded)
        for (index, leaf), value in parts.items():
            offset = reloads[index].offset + leaf.offset
            assert value.type == scalar(leaf.type)  # type: ignore[arg-type]
            builder.store(value, at(function.args[1], offset), align=1)
            moved |= set(range(offset, offset + leaf.type.size))  # type: ignore[union-attr]
    builder.ret_void()
    loaded = target.load_object(target.compile(str(module), (), cpu, ["copy"]))
    source, copy = ctypes.create_string_buffer(bytes(range(1, 81)), 96), ctypes.create_string_buffer(96)
    start = -ctypes.addressof(source) % 16
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(loaded.address("copy"))(
        ctypes.addressof(source) + start, ctypes.addressof(copy)
    )
    assert moved
    for offset in range(64):
        assert copy.raw[offset] == (source.raw[start + offset] if offset in moved else 0), offset


def test_scalars_that_stand_alone_are_not_widened() -> None:
    assert llvm_reload.plan([ir.Reload(ir.Local(0, "", i32), 0), ir.Reload(ir.Local(1, "", i32), 16)]) == []
    assert llvm_reload.plan([ir.Reload(ir.Local(0, "", Pointer(i32, "global")), 0)]) == []


def test_leaves_follow_the_layout_of_c() -> None:
    for first, second in itertools.product(SCALARS, repeat=2):
        ends = [leaf.offset for leaf in leaves(Tuple((first, second)))]
        assert ends == [0, -(-first.size // second.size) * second.size]
