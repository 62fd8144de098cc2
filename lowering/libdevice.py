"""NVIDIA's libdevice: the `math.*` functions of CUDA, as LLVM bitcode that is linked into a program.

The file is 400 KB; read whole for each program it would take most of the compile time. What the programs of this
process need of it, with what that calls, is cut out once, and cut again when a program needs more.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.lowering import toolkit

LIBDEVICE_PREFIX = "__nv_"

_lock = threading.Lock()
_cuts: dict[Path, tuple[frozenset[str], bytes]] = {}


def link(module: Any) -> None:
    """Link the functions of libdevice that the module calls into it; none if it calls none.

    Raises:
        CompileError: it calls some and there is no libdevice.
    """
    wanted = frozenset(
        function.name for function in module.functions if function.name.startswith(LIBDEVICE_PREFIX)
    )
    if wanted:
        module.link_in(llvm.parse_bitcode(_cut(wanted)))


def _cut(wanted: frozenset[str]) -> bytes:
    path = toolkit.find_libdevice()
    if path is None:
        functions = ", ".join(sorted(f"math.{name.removeprefix(LIBDEVICE_PREFIX)}" for name in wanted))
        raise CompileError(
            f"{functions} on CUDA needs NVIDIA's libdevice, which is not installed here",
            hint="pip install coro2cuda[cuda], or set CUDA_HOME to a CUDA toolkit",
        )
    with _lock:
        have, bitcode = _cuts.get(path, (frozenset(), b""))
        if not wanted <= have:
            have |= wanted
            bitcode = _cut_out(path, have)
            _cuts[path] = have, bitcode
        return bitcode


def _cut_out(path: Path, names: frozenset[str]) -> bytes:
    """Bitcode of the named functions and all they call. Linking takes a `linkonce_odr` function only where wanted,
    so the whole library, with its functions made that, is linked into a module that declares the wanted ones."""
    library = llvm.parse_bitcode(path.read_bytes())
    for function in library.functions:
        if not function.is_declaration:
            function.linkage = "linkonce_odr"
    declarations = "\n".join(f"declare {_prototype(library.get_function(name))}" for name in sorted(names))
    part = llvm.parse_assembly(declarations)
    part.triple, part.data_layout = library.triple, library.data_layout
    part.link_in(library)
    for function in part.functions:
        if not function.is_declaration:
            function.linkage = "linkonce_odr"
    return bytes(part.as_bitcode())


def _prototype(function: Any) -> str:
    parameters = ", ".join(str(argument.type) for argument in function.arguments)
    return f"{str(function.global_value_type).split('(')[0]} @{function.name}({parameters})"
