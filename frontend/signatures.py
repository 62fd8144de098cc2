"""What the types in a signature mean: our scalars, Python's, NumPy's, Numba's, arrays and tuples of them.

    n: i32      x: float      a: f32[:, :]      a: numba.float32[:]      p: tuple[f32, f32]      -> None
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from types import FunctionType, GenericAlias, NoneType
from typing import Any

from coro2cuda.frontend import dtypes, objects
from coro2cuda.frontend.diagnostics import CompileError, Span
from coro2cuda.frontend.dtypes import Array, NoneValue, Pointer, Reference, Scalar, Struct, Tuple, Type
from coro2cuda.frontend.source import Source, read

_PYTHON: dict[Any, Type] = {
    int: dtypes.i64, float: dtypes.f64, bool: dtypes.boolean, None: dtypes.none, NoneType: dtypes.none
}  # fmt: skip
_NUMBA = {"int": "i", "uint": "u", "float": "f"}
MISSING = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A parameter as declared; `type` is None without an annotation, `default` is MISSING without a default."""

    name: str
    type: Type | None
    default: Any = MISSING


def signature(function: FunctionType) -> list[ParameterSpec]:
    """The parameters of a function in order.

    Raises:
        CompileError: an annotation names no type of ours, or there is a `*args` or `**kwargs`.
    """
    code, annotations = function.__code__, function.__annotations__
    count = code.co_argcount + code.co_kwonlyargcount
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        raise CompileError(f"'{function.__name__}' has `*` parameters", _place(function, ""), "name every parameter")
    names = code.co_varnames[:count]
    defaults = dict(zip(names[code.co_argcount - len(function.__defaults__ or ()) :], function.__defaults__ or (),
                        strict=False)) | (function.__kwdefaults__ or {})  # fmt: skip
    return [
        ParameterSpec(name, resolve(function, annotations[name], f"'{name}'") if name in annotations else None,
                      defaults.get(name, MISSING))
        for name in names
    ]  # fmt: skip


def parameter_types(function: FunctionType) -> dict[str, Type]:
    """The declared types of the annotated parameters, by name."""
    return {spec.name: spec.type for spec in signature(function) if spec.type is not None}


def result_type(function: FunctionType) -> Type | None:
    """The declared result type, or None without one."""
    if "return" not in function.__annotations__:
        return None
    return resolve(function, function.__annotations__["return"], "the result")


def resolve(function: FunctionType, annotation: Any, what: str, span: Span | None = None) -> Type:
    """The type an annotation of the function names; a string is evaluated among the function's names."""
    value = annotation
    if isinstance(value, str):
        value = _evaluate(function, value)
    found = annotation_type(value)
    if found is None:
        text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", repr(annotation))
        raise CompileError(
            f"the annotation of {what} in '{function.__name__}', {text}, is not a type that can be compiled",
            span or _place(function, what.strip("'")),
            "use int, float, bool, i8 to i64, u8 to u64, f32, f64, an array such as f32[:], or a tuple of these",
        )
    return found


def annotation_type(value: Any) -> Type | None:
    """The type that a value used as an annotation stands for, or None."""
    if isinstance(value, Scalar | Array | Tuple | NoneValue | Pointer | Struct | Reference):
        return value
    if (result := objects.result_of_task(value)) is not None:
        found = annotation_type(result)
        return None if found is None else Reference("task", (found,))
    kind = objects.kind_made_by(value)
    if kind is not None:
        item = objects.item_of(value) if kind == "queue" else None
        element = None if item is None else annotation_type(item)
        if kind == "queue":
            return None if element is None else Reference(kind, (element,))
        return Reference(kind)
    if isinstance(value, GenericAlias) and value.__origin__ is tuple:
        return _tuple(value.__args__)
    if isinstance(value, type) or value is None:
        return _PYTHON.get(value) or _numpy(value)
    return _numba(value) or _numpy(value)


def _tuple(arguments: tuple[Any, ...]) -> Type | None:
    if arguments == ((),):
        return Tuple(())
    inside = [annotation_type(argument) for argument in arguments]
    return None if any(item is None for item in inside) else Tuple(tuple(item for item in inside if item is not None))


def _numpy(value: Any) -> Type | None:
    """numpy.float32 or numpy.dtype("f4"), without importing NumPy for annotations that are not."""
    if not (getattr(value, "__module__", "") or "").startswith("numpy") and not hasattr(value, "itemsize"):
        return None
    import numpy

    if isinstance(value, numpy.dtype):
        return dtypes.of_dtype(value)
    if isinstance(value, type) and issubclass(value, numpy.generic):
        return dtypes.of_dtype(numpy.dtype(value))
    return None


def _numba(value: Any) -> Type | None:
    """numba.int32, numba.float32[:, ::1]; known by their attributes, so Numba need not be imported."""
    if not type(value).__module__.startswith("numba"):
        return None
    inner = getattr(value, "dtype", None)
    if inner is not None and hasattr(value, "ndim"):
        element = _numba(inner)
        contiguous = getattr(value, "layout", "A") == "C"
        return Array(element, value.ndim, contiguous) if isinstance(element, Scalar) and value.ndim <= 3 else None
    name = str(getattr(value, "name", ""))
    kind = name.rstrip("0123456789")
    return dtypes.BY_NAME.get("bool" if kind == "bool" else _NUMBA.get(kind, "?") + name[len(kind) :])


def _evaluate(function: FunctionType, text: str) -> Any:
    names = dict(function.__globals__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if cell != type(cell)():
            names[name] = cell.cell_contents
    try:
        return eval(text, names)
    except Exception:  # whatever the user's own expression raises: it names no type
        return text


def of_node(source: Source, node: Any, what: str) -> Type:
    """The type that an annotation inside a function body stands for; only there a list may be: of numbers or tasks."""
    import ast

    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)
    value = _evaluate(source.function, text)
    of: tuple[Any, ...] = getattr(value, "__args__", ())
    if value is list or (getattr(value, "__origin__", None) is list and len(of) != 1):
        raise CompileError(f"{what} is declared a list, and it is not said of what", source.span(node),
                           "write `list[asyncio.Task[int]]`, say, or `list[int]`")  # fmt: skip
    if getattr(value, "__origin__", None) is list:
        element = annotation_type(of[0])
        if isinstance(element, Scalar) or (isinstance(element, Reference) and element.kind == "task"):
            return Reference("list", (element,))
    return resolve(source.function, text, what, source.span(node))


def _place(function: FunctionType, name: str) -> Span:
    """Where the annotation of a parameter stands, or that of the result; failing that, the function."""
    try:
        found = read(function)
    except CompileError:
        code = function.__code__
        return Span(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 1)
    arguments = found.node.args
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    node = next((one.annotation for one in everything if one.arg == name), None)
    node = found.node.returns if name == "the result" else node
    return found.head() if node is None else found.span(node)
