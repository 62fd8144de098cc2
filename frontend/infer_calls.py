"""Calls and awaits: what a callee is, which operands it takes, and what it gives."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from functools import cache
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from coro2cuda.frontend import builtins, device, dtypes, numbers, tree
from coro2cuda.frontend.annotations import MISSING as NO_DEFAULT
from coro2cuda.frontend.annotations import ParameterSpec, signature
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Array, NoneValue, Pointer, Scalar, Tuple, Type, boolean, f64, i64, none, promote, spelled
from coro2cuda.frontend.infer import Specialisation, matches
from coro2cuda.frontend.infer_expressions import expression, of_host, value
from coro2cuda.frontend.numbers import is_weak, strong
from coro2cuda.frontend.source import MISSING

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk

_ASYNCIO_LATER = ("gather", "create_task", "TaskGroup", "sleep", "wait_for", "timeout", "Event", "Lock", "Semaphore",
                  "BoundedSemaphore", "Condition", "Queue", "Barrier")  # fmt: skip
_AVAILABLE = "awaiting coroutines one after the other and `await reschedule()` are what this version compiles"


def host_value(walk: Walk, node: ast.expr) -> Any:
    """What a dotted name means on the host, or MISSING if it starts with a local name or is no dotted name."""
    match node:
        case ast.Name(id=name):
            return MISSING if name in walk.locals else walk.source.lookup(name)
        case ast.Attribute(value=inner, attr=attr):
            base = host_value(walk, inner)
            if base is MISSING or not isinstance(base, ModuleType | type):
                return MISSING
            return getattr(base, attr, MISSING)
        case _:
            return MISSING


# --- await -----------------------------------------------------------------------------------------------------------


def await_call(walk: Walk, node: ast.Await) -> tree.Expression:
    """`await f(x)` or `await reschedule()`."""
    called = node.value
    if not isinstance(walk.source.node, ast.AsyncFunctionDef):
        raise walk.refuse(node, "`await` outside a coroutine", "make the function an `async def` with @gpu_async")
    if not isinstance(called, ast.Call):
        raise walk.refuse(node, f"`{ast.unparse(called)}` cannot be awaited: only calls of coroutines can",
                          "write `await f(...)`")  # fmt: skip
    callee = host_value(walk, called.func)
    if _builtin_name(callee) == "reschedule":
        if called.args or called.keywords:
            raise walk.refuse(called, "reschedule() takes no arguments")
        return tree.Reschedule(walk.source.span(node), none)
    raw = getattr(callee, "__gpu_async__", None)
    if raw is None:
        raise walk.refuse(called, *_not_awaitable(called, callee))
    wanted, arguments = _bound_call(walk, called, raw, getattr(callee, "__gpu_async_options__", {}))
    return tree.Await(walk.source.span(node), walk.session.result(wanted), wanted.name, arguments)


def _not_awaitable(node: ast.Call, callee: Any) -> tuple[str, str]:
    name = ast.unparse(node.func)
    if callee is MISSING:
        return f"'{name}' is not defined, or is a local name: it cannot be awaited", "await a coroutine by its name"
    if getattr(callee, "__module__", "").partition(".")[0] == "asyncio":
        if callee.__name__ == "sleep":
            return f"'{name}' is not available in coroutines yet", "`await reschedule()` lets other tasks run"
        return f"'{name}' is not available in coroutines yet", _AVAILABLE
    if isinstance(callee, FunctionType) and callee.__code__.co_flags & 0x80:
        return f"'{name}' is a plain `async def`", f"decorate it: `@gpu_async` above `async def {callee.__name__}`"
    return f"'{name}' is not a coroutine: it cannot be awaited", "call it without `await`"


def _builtin_name(callee: Any) -> str:
    found = None if callee is MISSING else getattr(callee, "__coro2cuda_builtin__", None)
    return found if isinstance(found, str) else ""


# --- calls -----------------------------------------------------------------------------------------------------------


def call(walk: Walk, node: ast.Call) -> tree.Expression:
    """Any call but an awaited one."""
    callee = host_value(walk, node.func)
    if callee is MISSING:
        raise walk.refuse(node, *_unknown_callee(walk, node))
    name = _builtin_name(callee)
    if name.startswith("device."):
        return _device(walk, node, callee)
    if name.startswith("atomic_"):
        return _atomic(walk, node, name)
    if name:
        raise walk.refuse(node, f"{name}() was not awaited", f"write `await {ast.unparse(node)}`")
    scalar = _conversion_type(callee)
    if scalar is not None:
        return _conversion(walk, node, scalar)
    special = _python_builtins().get(_key(callee))
    if special is not None:
        return special(walk, node)
    mathematical = _math_names().get(_key(callee))
    if mathematical is not None:
        return _math(walk, node, mathematical)
    return _plain(walk, node, callee)


def _key(callee: Any) -> int:
    return id(callee)


def _unknown_callee(walk: Walk, node: ast.Call) -> tuple[str, str]:
    if isinstance(node.func, ast.Attribute):
        base = host_value(walk, node.func.value)
        if isinstance(base, ModuleType):
            return f"module '{base.__name__}' has no '{node.func.attr}'", ""
        return f"the method '.{node.func.attr}()' is not available", "values have no methods here; use functions"
    name = ast.unparse(node.func)
    if name in walk.locals:
        return f"'{name}' is a value, not a function", ""
    return f"'{name}' is not defined", "define or import it at module level"


def _plain(walk: Walk, node: ast.Call, callee: Any) -> tree.Expression:
    name = ast.unparse(node.func)
    if hasattr(callee, "__gpu_async__"):
        raise walk.refuse(node, f"coroutine '{name}' was never awaited", f"write `await {ast.unparse(node)}`")
    raw = callee if isinstance(callee, FunctionType) else getattr(callee, "py_func", None)
    if not isinstance(raw, FunctionType):
        raise walk.refuse(node, *_not_callable(name, callee))
    if raw.__code__.co_flags & 0x80:
        raise walk.refuse(node, f"'{name}' is a plain `async def`", "decorate it with @gpu_async, and await it")
    if raw.__module__ == "asyncio" or raw.__module__.startswith("asyncio."):
        raise walk.refuse(node, f"'{name}' is not available in coroutines yet", _AVAILABLE)
    if any(wanted.source.function is raw for wanted in walk.session.stack):
        raise walk.refuse(node, f"the function '{name}' calls itself: plain functions have no stack to recurse on",
                          "make it a coroutine: `@gpu_async async def`, and await it")  # fmt: skip
    try:
        wanted, arguments = _bound_call(walk, node, raw, {})
    except CompileError as error:
        if raw is callee:
            raise
        note = f"Numba's '{name}' is compiled from its Python source, by the same rules as a coroutine"
        raise CompileError(error.message, error.span, f"{error.hint} ({note})" if error.hint else note) from None
    return tree.Call(walk.source.span(node), walk.session.result(wanted), wanted.name, arguments)


def _not_callable(name: str, callee: Any) -> tuple[str, str]:
    module = getattr(callee, "__module__", "") or ""
    if module.startswith("numpy") or type(callee).__module__.startswith("numpy"):
        return f"'{name}' is not available in a coroutine", "use math.* on scalars, and loops over arrays"
    if module.partition(".")[0] in ("asyncio", "_asyncio") and getattr(callee, "__name__", "") in _ASYNCIO_LATER:
        return f"'{name}' is not available in coroutines yet", _AVAILABLE
    if isinstance(callee, type):
        return f"'{name}' makes an object, which is not available in a coroutine", "use scalars, tuples and arrays"
    return f"'{name}' cannot be called in a coroutine", "call coroutines, plain Python functions and math.*"


def _bound_call(
    walk: Walk, node: ast.Call, raw: FunctionType, options: dict[str, Any]
) -> tuple[Specialisation, tuple[tree.Expression, ...]]:
    """The specialisation a call means, and its arguments in the order of the parameters."""
    specs = signature(raw)
    given = _given(walk, node, raw, specs)
    arguments = []
    for spec in specs:
        part = given.get(spec.name)
        found = of_host(walk, node, spec.default) if part is None else expression(walk, part)
        arguments.append(_suited(walk, part or node, found, spec, raw))
    types = tuple(argument.type for argument in arguments)
    wanted = walk.session.specialise(raw, types, options)
    walk.wanted.callees[wanted.name] = wanted
    return wanted, tuple(arguments)


def _given(walk: Walk, node: ast.Call, raw: FunctionType, specs: list[ParameterSpec]) -> dict[str, ast.expr]:
    names = [spec.name for spec in specs]
    positional = names[: raw.__code__.co_argcount]
    if len(node.args) > len(positional):
        raise walk.refuse(node, f"'{raw.__name__}' takes {len(positional)} positional arguments, "
                          f"and {len(node.args)} are given")  # fmt: skip
    given = dict(zip(positional, node.args, strict=False))
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg not in names:
            raise walk.refuse(node, f"'{raw.__name__}' has no parameter '{keyword.arg or '**'}'")
        if keyword.arg in given:
            raise walk.refuse(node, f"'{raw.__name__}' gets '{keyword.arg}' twice")
        given[keyword.arg] = keyword.value
    missing = [spec.name for spec in specs if spec.name not in given and spec.default is NO_DEFAULT]
    if missing:
        raise walk.refuse(node, f"'{raw.__name__}' misses its argument '{missing[0]}'")
    order = [name for name in names if name in given]
    if list(given) != order and any(isinstance(part, ast.Call | ast.Await | ast.NamedExpr)
                                    for one in given.values() for part in ast.walk(one)):  # fmt: skip
        raise walk.refuse(node, "keyword arguments out of order, one of which is a call",
                          "give them in the order of the parameters, so that it is clear what runs first")  # fmt: skip
    return given


def _suited(walk: Walk, node: ast.expr, found: tree.Expression, spec: ParameterSpec, raw: FunctionType) -> tree.Expression:
    what = f"parameter '{spec.name}' of '{raw.__name__}'"
    if isinstance(found.type, NoneValue):
        raise walk.refuse(node, f"{what} would be None")
    if spec.type is None:
        return strong(found)
    if isinstance(found.type, Array | Tuple) and matches(strong(found).type, spec.type):
        return strong(found)
    return numbers.fit(found, spec.type, what)


# --- conversions and Python's builtins -------------------------------------------------------------------------------


def _conversion_type(callee: Any) -> Scalar | None:
    if isinstance(callee, Scalar):
        return callee
    if callee in (int, float, bool):
        return {int: i64, float: f64, bool: boolean}[callee]
    if isinstance(callee, type) and callee.__module__ == "numpy":
        import numpy

        if issubclass(callee, numpy.generic) and not callee.__name__.endswith(("generic", "ing", "number", "integer")):
            return dtypes.of_dtype(numpy.dtype(callee))
    return None


def _arguments(walk: Walk, node: ast.Call, low: int, high: int | None) -> list[tree.Expression]:
    name = ast.unparse(node.func)
    if node.keywords:
        raise walk.refuse(node, f"{name}() takes no keyword arguments here")
    count = len(node.args)
    if count < low or (high is not None and count > high):
        wanted = str(low) if low == high else f"{low} to {high}" if high else f"{low} or more"
        raise walk.refuse(node, f"{name}() takes {wanted} arguments, and {count} are given")
    return [expression(walk, argument) for argument in node.args]


def _conversion(walk: Walk, node: ast.Call, type: Scalar) -> tree.Expression:
    span = walk.source.span(node)
    arguments = _arguments(walk, node, 0, 1)
    if not arguments:
        return tree.Constant(span, type, False if type == boolean else 0.0 if type.is_float else 0)
    found = arguments[0]
    if is_weak(found):
        return _converted_literal(span, type, found)
    if not isinstance(found.type, Scalar):
        raise walk.refuse(node, f"{spelled(strong(found).type)} cannot be converted to {spelled(type)}")
    checked = found.type.is_float and type.is_integer and not walk.device
    return found if found.type == type else tree.Convert(span, type, found, checked)


def _converted_literal(span: Any, type: Scalar, found: tree.Expression) -> tree.Expression:
    number = numbers.value_of(found)
    try:
        made = type(number)
    except (ValueError, OverflowError) as error:
        raise CompileError(f"{number!r} cannot become {type.name}: {error}", span) from None
    return tree.Constant(span, type, made if isinstance(made, bool | int | float) else made.item())


def _len(walk: Walk, node: ast.Call) -> tree.Expression:
    (found,) = _arguments(walk, node, 1, 1)
    if isinstance(found.type, Array):
        return tree.Extent(walk.source.span(node), i64, found, 0)
    if isinstance(found.type, Tuple):
        return tree.Constant(walk.source.span(node), i64, len(found.type.elements))
    raise walk.refuse(node, f"{spelled(strong(found).type)} has no length", "arrays and tuples have")


def _range(walk: Walk, node: ast.Call) -> tree.Expression:
    raise walk.refuse(node, "range() stands only in `for ... in range(...)`", "write the loop there")


def _extreme(walk: Walk, node: ast.Call) -> tree.Expression:
    name = ast.unparse(node.func)
    if len(node.args) == 1:
        found = _arguments(walk, node, 1, 1)[0]
        if not isinstance(found.type, Tuple) or not found.type.elements:
            raise walk.refuse(node, f"{name}() takes two or more values, or a tuple, here", "write the loop over the array")
        values = _items(walk, node, name, found)
    else:
        values = _arguments(walk, node, 2, None)
    type = _common(walk, node, name, values)
    return tree.Builtin(walk.source.span(node), type, name, tuple(numbers.convert(one, type) for one in values))


def _common(walk: Walk, node: ast.AST, name: str, values: list[tree.Expression]) -> Scalar:
    """The one type of several values: ints and floats are not mixed, since the result is one of them."""
    kinds = {one.type for one in values if not is_weak(one)}
    joined = _joined(kinds)
    if kinds and joined is None:
        found = " and ".join(sorted(spelled(kind) for kind in kinds))
        raise walk.refuse(node, f"{name}() would give one of several types: {found}", "convert them to one type")
    if joined is None:
        floats = {isinstance(numbers.value_of(one), float) for one in values}
        if len(floats) > 1:
            raise walk.refuse(node, f"{name}() would give an int or a float", "write all as floats")
        return f64 if floats == {True} else i64
    type = joined
    for one in values:
        if is_weak(one) and isinstance(numbers.value_of(one), float) and not type.is_float:
            raise walk.refuse(node, f"{name}() would give {spelled(type)} or float", "convert them to one type")
        if is_weak(one):
            numbers.adapt(one, type)
    return type


def _joined(kinds: set[Type]) -> Scalar | None:
    """What types of one kind (integers, floats, bools) promote to."""
    joined: Scalar | None = None
    for kind in kinds:
        if not isinstance(kind, Scalar) or joined is not None and (
            kind.is_float != joined.is_float or boolean in (kind, joined)
        ):
            return None
        joined = kind if joined is None else promote(joined, kind)
        if joined is None:
            return None
    return joined


def _items(walk: Walk, node: ast.AST, name: str, found: tree.Expression) -> list[tree.Expression]:
    """The items of a tuple, each an expression that may be evaluated by itself."""
    assert isinstance(found.type, Tuple)
    if isinstance(found, tree.TupleDisplay):
        return list(found.items)
    if isinstance(found, tree.Name):
        return [tree.Item(found.span, type, found, index) for index, type in enumerate(found.type.elements)]
    raise walk.refuse(node, f"{name}() of a tuple that has no name", "give it a name first")


def _abs(walk: Walk, node: ast.Call) -> tree.Expression:
    (found,) = _arguments(walk, node, 1, 1)
    if is_weak(found):
        return strong(numbers.weak(walk.source.span(node), abs(numbers.value_of(found))))
    type = _number(walk, node, found)
    return tree.Builtin(walk.source.span(node), type, "abs", (numbers.convert(found, type),))


def _number(walk: Walk, node: ast.AST, found: tree.Expression) -> Scalar:
    """The arithmetic type of an operand: bool counts as int."""
    type = strong(found).type
    if not isinstance(type, Scalar):
        raise walk.refuse(node, f"a number is needed, not {spelled(type)}")
    return i64 if type == boolean else type


def _round(walk: Walk, node: ast.Call) -> tree.Expression:
    if len(node.args) == 2:
        raise walk.refuse(node, "round() to digits is not available", "scale, round and scale back")
    (found,) = _arguments(walk, node, 1, 1)
    type = _number(walk, node, found)
    if not type.is_float:
        return numbers.convert(strong(found), i64)
    return tree.Builtin(walk.source.span(node), i64, "round", (numbers.convert(found, type),))


def _divmod(walk: Walk, node: ast.Call) -> tree.Expression:
    left, right = _pair(walk, node, "floordiv")
    pair = Tuple((left.type, left.type))
    return tree.Builtin(walk.source.span(node), pair, "divmod", (left, right))


def _pow(walk: Walk, node: ast.Call) -> tree.Expression:
    left, right = _pair(walk, node, "pow")
    return tree.Binary(walk.source.span(node), left.type, "pow", left, right)


def _pair(walk: Walk, node: ast.Call, op: tree.BinaryOp) -> tuple[tree.Expression, tree.Expression]:
    from coro2cuda.frontend.infer_expressions import _operands

    left, right = _arguments(walk, node, 2, 2)
    if is_weak(left) and is_weak(right):
        left = strong(left)
    _, left, right = _operands(walk, node, op, left, right)
    return left, right


def _sum(walk: Walk, node: ast.Call) -> tree.Expression:
    (found,) = _arguments(walk, node, 1, 1)
    span = walk.source.span(node)
    if isinstance(found.type, Array) and found.type.ndim == 1:
        element = found.type.element
        return tree.Builtin(span, i64 if element == boolean else element, "sum", (found,))
    if isinstance(found.type, Tuple):
        return _sum_of_items(walk, node, strong(found))
    raise walk.refuse(node, f"sum() of {spelled(strong(found).type)}", "sum a 1-D array or a tuple of numbers")


def _sum_of_items(walk: Walk, node: ast.Call, found: tree.Expression) -> tree.Expression:
    from coro2cuda.frontend.infer_expressions import _operands

    span, items = walk.source.span(node), _items(walk, node, "sum", found)
    total: tree.Expression = numbers.weak(span, 0)
    for item in items:
        type, left, right = _operands(walk, node, "add", total, item)
        total = right if is_weak(total) and numbers.value_of(total) == 0 else tree.Binary(span, type, "add", left, right)
    return strong(total)


def _print(walk: Walk, node: ast.Call) -> tree.Expression:
    separator, end = " ", "\n"
    for keyword in node.keywords:
        text = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg not in ("sep", "end") or not isinstance(text, str):
            raise walk.refuse(node, "print() takes only literal `sep=` and `end=` here")
        separator, end = (text, end) if keyword.arg == "sep" else (separator, text)
    parts: list[str | tree.Expression] = []
    for index, argument in enumerate(node.args):
        if index:
            parts.append(separator)
        parts += _printed(walk, argument)
    return tree.Print(walk.source.span(node), none, (*parts, end))


def _printed(walk: Walk, node: ast.expr) -> list[str | tree.Expression]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [part for piece in node.values for part in _printed(walk, piece)]
    if isinstance(node, ast.FormattedValue):
        if node.format_spec is not None or node.conversion != -1:
            raise walk.refuse(node, "format specifications are not available in a coroutine", "print the plain value")
        return _printed(walk, node.value)
    found = value(walk, node)
    if isinstance(found.type, Array):
        raise walk.refuse(node, "an array cannot be printed in a coroutine", "print elements, or print it on the host")
    return [found]


@cache
def _python_builtins() -> dict[int, Callable[[Any, ast.Call], tree.Expression]]:
    table: dict[Any, Callable[[Any, ast.Call], tree.Expression]] = {
        len: _len, range: _range, min: _extreme, max: _extreme, abs: _abs, round: _round, divmod: _divmod, pow: _pow,
        sum: _sum, print: _print,
    }  # fmt: skip
    return {_key(function): infer for function, infer in table.items()}


# --- math ------------------------------------------------------------------------------------------------------------


@cache
def _math_names() -> dict[int, str]:
    names = (*builtins.MATH_FLOAT, *builtins.MATH_TO_INT, *builtins.MATH_TO_BOOL, "ldexp")
    return {_key(getattr(math, name)): name for name in names if hasattr(math, name)}


def _math(walk: Walk, node: ast.Call, name: str) -> tree.Expression:
    span = walk.source.span(node)
    if name == "ldexp":
        return _ldexp(walk, node)
    counts = builtins.MATH_FLOAT.get(name, (1,))
    arguments = _arguments(walk, node, min(counts), max(counts))
    type = _math_type(walk, node, arguments)
    operands = tuple(numbers.convert(argument, type) for argument in arguments)
    if name in builtins.MATH_TO_INT:
        found = strong(arguments[0]).type
        if isinstance(found, Scalar) and not found.is_float:
            return numbers.convert(strong(arguments[0]), i64)
        return tree.Convert(span, i64, tree.Builtin(span, type, f"math.{name}", operands), checked=not walk.device)
    return tree.Builtin(span, boolean if name in builtins.MATH_TO_BOOL else type, f"math.{name}", operands)


def _math_type(walk: Walk, node: ast.AST, arguments: list[tree.Expression]) -> Scalar:
    """f32 if that is what the operands that are not literals promote to, else f64."""
    joined: Scalar | None = None
    for argument in arguments:
        kind = _number(walk, node, argument)
        if not is_weak(argument):
            joined = kind if joined is None else promote(joined, kind) or f64
    return dtypes.f32 if joined == dtypes.f32 else f64


def _ldexp(walk: Walk, node: ast.Call) -> tree.Expression:
    found, exponent = _arguments(walk, node, 2, 2)
    type = _math_type(walk, node, [found])
    kind = _number(walk, node, exponent)
    if kind.is_float:
        raise walk.refuse(node, "the exponent of ldexp() is an int", "convert it: `int(...)`")
    operands = (numbers.convert(found, type), numbers.convert(exponent, i64))
    return tree.Builtin(walk.source.span(node), type, "math.ldexp", operands)


# --- atomics and device operations -----------------------------------------------------------------------------------


def _atomic(walk: Walk, node: ast.Call, name: str) -> tree.Expression:
    """(array, index, value), or (array, index, expected, value) for compare-and-swap."""
    from coro2cuda.frontend.infer_expressions import _index
    from coro2cuda.frontend.infer_targets import _check_writable

    count = 4 if name == "atomic_cas" else 3
    if node.keywords or len(node.args) != count:
        raise walk.refuse(node, f"{ast.unparse(node.func)}() takes {count} arguments in order")
    array = expression(walk, node.args[0])
    if not isinstance(array.type, Array):
        raise walk.refuse(node.args[0], f"an atomic works on an array, not {spelled(strong(array).type)}")
    _check_writable(walk, node.args[0], array)
    _check_atomic_element(walk, node, name, array.type.element)
    index = node.args[1]
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    if len(parts) != array.type.ndim:
        raise walk.refuse(index, f"{len(parts)} indices for an array of {array.type.ndim} dimensions")
    indices = [_index(walk, part, expression(walk, part)) for part in parts]
    what = f"an element of '{ast.unparse(node.args[0])}'"
    values = [numbers.fit(expression(walk, one), array.type.element, what, wraps=True) for one in node.args[2:]]
    span = walk.source.span(node)
    return tree.Builtin(span, array.type.element, name, (array, *indices, *values))


def _check_atomic_element(walk: Walk, node: ast.AST, name: str, element: Scalar) -> None:
    if element == boolean or element.bits < 32:
        raise walk.refuse(node, f"atomics need elements of 32 or 64 bits, not {spelled(element)}", "use a wider array")
    if element.is_float and name in ("atomic_and", "atomic_or", "atomic_xor"):
        raise walk.refuse(node, f"{name}() needs integers, not {spelled(element)}")


def _device(walk: Walk, node: ast.Call, operation: device.Operation) -> tree.Expression:
    span, name = walk.source.span(node), f"device.{operation.name}"
    if operation.name == "option":
        (argument,) = node.args
        assert isinstance(argument, ast.Constant), "an option is named by a literal"
        return tree.Builtin(span, dtypes.u32, f"{name}.{argument.value}", ())
    if operation.name == "address":
        place = expression(walk, node.args[0])
        assert isinstance(place, tree.LoadAddress), "address() takes a field or an element"
        return place.address
    operands: list[tree.Expression] = []
    for wanted, argument in zip(operation.operands, node.args, strict=True):
        found = expression(walk, argument)
        pointee = operands[0].type if operands else None
        operands.append(_operand(walk, argument, found, wanted, pointee))
    result = device.result_of(operation, operands[0].type if operands else None)
    return tree.Builtin(span, result, name, tuple(operands))


def _operand(walk: Walk, node: ast.AST, found: tree.Expression, wanted: Scalar | str, first: Type | None) -> tree.Expression:
    if wanted == device.POINTER:
        assert isinstance(found.type, Pointer), f"{ast.unparse(node)} is not a pointer"
        return found
    if wanted == device.POINTEE:
        assert isinstance(first, Pointer)
        return numbers.fit(found, first.target, "the value")
    assert isinstance(wanted, Scalar)
    return numbers.fit(found, wanted, "the operand")
