"""Fixtures that run hand-made IR natively, and check the PTX made of it. Makes `import equation` and
`import cancellation_programs` work."""

import ctypes
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from coro2cuda.frontend.diagnostics import NOWHERE
from coro2cuda.frontend.dtypes import NoneValue, Pointer, Scalar, Type
from coro2cuda.lowering import ir, llvm, target

for folder in (Path(__file__).parent, Path(__file__).parent.parent):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
pytest.register_assert_rewrite("equation")

C_TYPES = {
    "bool": ctypes.c_bool, "i8": ctypes.c_int8, "i16": ctypes.c_int16, "i32": ctypes.c_int32, "i64": ctypes.c_int64,
    "u8": ctypes.c_uint8, "u16": ctypes.c_uint16, "u32": ctypes.c_uint32, "u64": ctypes.c_uint64,
    "f32": ctypes.c_float, "f64": ctypes.c_double,
}  # fmt: skip


def c_type(type: Type) -> Any:
    match type:
        case Scalar(name=name):
            return C_TYPES[name]
        case Pointer():
            return ctypes.c_void_p
        case NoneValue():
            return None
    raise AssertionError(type)


def plain(name: str, parameters: tuple[ir.Local, ...], result: Type, blocks: list[ir.Block]) -> ir.Function:
    return ir.Function(name, name, "plain", parameters, result, blocks, [], NOWHERE, raises=False)


@pytest.fixture(scope="session")
def c_types() -> Mapping[str, Any]:
    """The ctypes type of each scalar, by name."""
    return C_TYPES


@pytest.fixture(scope="session")
def make_plain() -> Callable[..., ir.Function]:
    """A plain function of the IR that does not raise: name, parameters, result type, blocks."""
    return plain


@pytest.fixture(scope="session")
def native() -> Callable[[list[ir.Function]], Mapping[str, Any]]:
    """Compile plain functions for this machine's CPU; ctypes functions by name."""
    keep = []

    def compile(functions: list[ir.Function]) -> Mapping[str, Any]:
        cpu = target.parse("cpu")
        text = llvm.emit_device({function.name: function for function in functions}, cpu)
        loaded = target.load_object(target.compile(text, (), cpu, [f"c2c_{function.name}" for function in functions]))
        keep.append(loaded)
        return {function.name: _callable(loaded, function) for function in functions}

    return compile


def _callable(loaded: target.LoadedObject, function: ir.Function) -> Any:
    parameters = [c_type(local.type) for local in function.parameters]
    return ctypes.CFUNCTYPE(c_type(function.result), *parameters)(loaded.address(f"c2c_{function.name}"))


@pytest.fixture(scope="session")
def ptx() -> Callable[..., str]:
    """Compile plain functions for CUDA and have ptxas check the result; the PTX text."""

    def compile(functions: list[ir.Function], name: str = "sm_90") -> str:
        cuda = target.parse(name)
        text = llvm.emit_device({function.name: function for function in functions}, cuda)
        code = target.compile(text, (), cuda, [f"c2c_{function.name}" for function in functions]).decode()
        target.assemble(code, cuda)
        return code

    return compile
