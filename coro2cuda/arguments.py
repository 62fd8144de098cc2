"""From a Python call to what a program takes: types checked, values converted, root tasks counted.

    bind_run(signature, f(5, table))              one root task, every argument whole
    bind_map(signature, f.map(range(9), table))   a root task for each element of each of:
                                                  a range; a 1-D array given to a parameter annotated scalar; each(xs)

Errors name the parameter, what was expected and what was given.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from coro2cuda.frontend import dtypes
from coro2cuda.frontend.dtypes import Array, Reference, Scalar, Tuple, Type
from coro2cuda.lowering.program import Argument, Mode
from coro2cuda.marks import each
from coro2cuda.runtime import buffers

MOST_ROOTS = 1 << 31  # the device counts root tasks in u32, and claims batches beyond the last


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a coroutine: its declared type, or None to take that of the argument."""

    name: str
    type: Type | None


@dataclass(frozen=True, slots=True)
class Bound:
    """Arguments ready for a program: their types and modes, the values in `Job.values`' form, the root tasks."""

    arguments: tuple[Argument, ...]
    values: tuple[Any, ...]
    roots: int

    def element(self, index: int) -> list[Any]:
        """The arguments of one root task as Python and NumPy values, for the asyncio backend."""
        return [_element(argument, value, index) for argument, value in zip(self.arguments, self.values, strict=True)]


def bind_run(parameters: Sequence[Parameter], values: Sequence[Any]) -> Bound:
    """Every argument whole, one root task."""
    arguments, converted = [], []
    for parameter, given in zip(parameters, values, strict=True):
        if isinstance(given, each):
            raise TypeError(f"argument {parameter.name!r}: each(...) is for map; pass the value itself to run")
        type, value = _whole(parameter, given)
        arguments.append(Argument(parameter.name, type))
        converted.append(value)
    return Bound(tuple(arguments), tuple(converted), 1)


def bind_map(title: str, parameters: Sequence[Parameter], values: Sequence[Any]) -> Bound:
    """A root task for each element of the arguments that are given by element."""
    arguments, converted = [], []
    lengths: dict[str, int] = {}
    for parameter, given in zip(parameters, values, strict=True):
        elements = _by_element(parameter, given)
        if elements is None:
            type, value = _whole(parameter, given)
            mode: Mode = "uniform"
        else:
            type, value, mode = _elements(parameter, elements)
            lengths[parameter.name] = len(elements)
        arguments.append(Argument(parameter.name, type, mode))
        converted.append(value)
    return Bound(tuple(arguments), tuple(converted), _common_length(title, lengths))


def _common_length(title: str, lengths: dict[str, int]) -> int:
    if not lengths:
        raise TypeError(
            f"{title}.map: no argument says how many root tasks there are; pass a range, a 1-D array to a parameter "
            f"annotated with a scalar type, or each(xs); to run one task, run({title}(...))"
        )
    if len(set(lengths.values())) > 1:
        given = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise ValueError(f"{title}.map: arguments given by element have different lengths ({given})")
    roots = next(iter(lengths.values()))
    if roots > MOST_ROOTS:
        raise ValueError(f"{title}.map: {roots} root tasks, and one run takes at most {MOST_ROOTS}; split the range")
    return roots


# --- whole arguments -------------------------------------------------------------------------------------------------


def _whole(parameter: Parameter, given: Any) -> tuple[Type, Any]:
    value = buffers.adopt(given, parameter.name)
    if parameter.type is None:
        return buffers.type_of(value, parameter.name), value
    return convert(parameter.type, value, parameter.name)


def convert(type: Type, value: Any, name: str) -> tuple[Type, Any]:
    """An adopted value as a parameter's declared type; of an array the type says more: contiguous, writable.

    Raises:
        TypeError: another kind of value.
        OverflowError: an integer that does not fit.
    """
    match type:
        case Scalar():
            return type, to_scalar(type, value, name)
        case Tuple():
            if not isinstance(value, tuple) or len(value) != len(type.elements):
                raise _mismatch(type, value, name)
            pairs = [
                convert(element, item, f"{name}[{position}]")
                for position, (element, item) in enumerate(zip(type.elements, value, strict=True))
            ]
            return Tuple(tuple(found for found, _ in pairs)), tuple(item for _, item in pairs)
        case Array():
            if isinstance(value, tuple) or _is_number(value):
                raise _mismatch(type, value, name)
            found = buffers.type_of(value, name)
            if not isinstance(found, Array) or (found.element, found.ndim) != (type.element, type.ndim):
                raise _mismatch(type, value, name)
            return found, value
        case Reference():
            given = dtypes.reference_to(value)
            if given is None or (given != type and (given.kind != type.kind or given.elements)):
                raise _mismatch(type, value, name)
            return type, value
        case _:
            raise _mismatch(type, value, name)


def to_scalar(type: Scalar, value: Any, name: str) -> Any:
    """A host number as a scalar type: ints by value, ints to floats, never a float to an int."""
    if not _is_number(value) or _dimensions(value):
        raise _mismatch(type, value, name)
    kind = _number_kind(value)
    if kind == "other" or (type.kind == "bool" and kind != "bool") or (type.is_integer and kind == "float"):
        raise _mismatch(type, value, name)
    if type.is_integer and not type.low <= int(value) <= type.high:
        wide = f"{int(value)} does not fit {dtypes.spelled(type)}; annotate a wider type"
        raise OverflowError(f"argument {name!r}: {wide}")
    return type(int(value) if type.is_integer else value)


def _is_number(value: Any) -> bool:
    """A Python or NumPy scalar."""
    return isinstance(value, (bool, int, float)) or (hasattr(value, "dtype") and not hasattr(value, "__setitem__"))


def _dimensions(value: Any) -> int:
    return len(getattr(value, "shape", ()))


def _number_kind(value: Any) -> str:
    if isinstance(value, (bool, int, float)):
        return "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "float"
    return {"b": "bool", "i": "int", "u": "int", "f": "float"}.get(value.dtype.kind, "other")


def _mismatch(type: Type, value: Any, name: str) -> TypeError:
    hint = ""
    if isinstance(type, Scalar) and type.is_integer and _is_number(value) and _number_kind(value) == "float":
        hint = "; round it yourself: int(...)"
    elif isinstance(type, Array) and hasattr(value, "astype") and _dimensions(value) == type.ndim:
        hint = f"; array.astype({type.element.numpy().name!r}) makes a copy of that type"
    elif isinstance(type, Scalar) and _dimensions(value):
        hint = "; map gives each element to a task of its own"
    return TypeError(f"argument {name!r}: expected {dtypes.spelled(type)}, got {_spelled_value(value)}{hint}")


def _spelled_value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"tuple[{', '.join(map(_spelled_value, value)) or '()'}]"
    found = dtypes.of_value(value)
    kind = type(value).__qualname__ if found is None else dtypes.spelled(found)
    return f"{kind} ({value!r})" if _is_number(value) else kind


# --- arguments by element --------------------------------------------------------------------------------------------


def _by_element(parameter: Parameter, given: Any) -> Any:
    """The range, array or CUDA array of elements, or None if the argument is given whole."""
    if isinstance(given, range):
        return given
    if isinstance(given, each):
        return _each_values(parameter, given.values)
    if not isinstance(parameter.type, Scalar) or isinstance(given, tuple) or _is_number(given):
        return None
    adopted = buffers.adopt(given, parameter.name)
    if _dimensions(adopted) > 1:
        raise _not_one_dimension(parameter, adopted)
    return adopted


def _each_values(parameter: Parameter, values: Any) -> Any:
    if isinstance(values, range):
        return values
    if isinstance(values, Iterable) and not hasattr(values, "shape") and not hasattr(values, "__dlpack__"):
        import numpy

        values = list(values)
        numbers = numpy.array(values, dtype=None if values else "int64")
        if numbers.ndim != 1 or dtypes.of_dtype(numbers.dtype) is None:
            raise TypeError(f"argument {parameter.name!r}: each(...) takes an array, a range or a list of numbers")
        return numbers
    adopted = buffers.adopt(values, parameter.name)
    if _dimensions(adopted) != 1:
        raise _not_one_dimension(parameter, adopted)
    return adopted


def _not_one_dimension(parameter: Parameter, array: Any) -> TypeError:
    shape = tuple(getattr(array, "shape", ()))
    return TypeError(f"argument {parameter.name!r}: map takes elements from 1-D arrays, this one has shape {shape}")


def _elements(parameter: Parameter, elements: Any) -> tuple[Scalar, Any, Mode]:
    """The type of an element, the value in the job's form, and the mode."""
    declared = parameter.type
    if declared is not None and not isinstance(declared, Scalar):
        raise TypeError(
            f"argument {parameter.name!r}: map would give it one number a task, it is {dtypes.spelled(declared)}"
        )
    if isinstance(elements, range):
        return _range(parameter.name, declared or dtypes.i64, elements)
    found = buffers.type_of(elements, parameter.name)
    assert isinstance(found, Array)
    element = declared or found.element
    return element, _converted(element, found.element, elements, parameter.name), "each"


def _range(name: str, type: Scalar, elements: range) -> tuple[Scalar, Any, Mode]:
    if type.kind == "bool":
        raise TypeError(f"argument {name!r}: expected bool, got the ints of a range")
    for end in (elements[0], elements[-1]) if elements else ():
        if type.is_integer and not type.low <= end <= type.high:
            raise OverflowError(f"argument {name!r}: {end}, in {elements}, does not fit {dtypes.spelled(type)}")
    if type.is_float:
        import numpy

        return type, numpy.arange(elements.start, elements.stop, elements.step).astype(type.numpy()), "each"
    return type, (type(type.wrap(elements.start)), type(type.wrap(elements.step))), "range"


def _converted(wanted: Scalar, found: Scalar, array: Any, name: str) -> Any:
    """An array whose elements are of the wanted type: itself, or a converted copy."""
    if wanted == found:
        return array
    allowed = found.kind != "float" if not wanted.is_float else not found.is_float or found.bits < wanted.bits
    allowed = allowed and wanted.kind != "bool"
    if not allowed or buffers.is_cuda(array):
        raise TypeError(
            f"argument {name!r}: expected elements of type {dtypes.spelled(wanted)}, got an array of "
            f"{dtypes.spelled(found)}; array.astype({wanted.numpy().name!r}) converts it"
        )
    if wanted.is_integer and array.size and not (wanted.low <= int(array.min()) and int(array.max()) <= wanted.high):
        raise OverflowError(
            f"argument {name!r}: elements from {array.min()} to {array.max()} do not fit {dtypes.spelled(wanted)}"
        )
    return array.astype(wanted.numpy())


def _element(argument: Argument, value: Any, index: int) -> Any:
    match argument.mode:
        case "range":
            assert isinstance(argument.type, Scalar)
            return argument.type(argument.type.wrap(int(value[0]) + index * int(value[1])))
        case "each":
            assert isinstance(argument.type, Scalar)
            return argument.type(value[index])
        case "uniform":
            return value


# --- signatures ------------------------------------------------------------------------------------------------------


def bind_names(title: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments in the parameters' order, defaults filled in; TypeError much as Python raises it."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{title}() {error}") from None
    bound.apply_defaults()
    return list(bound.arguments.values())
