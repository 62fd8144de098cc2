"""Calls: what a callee is, which operands it takes, and what it gives. Awaited ones are in `infer_awaits`."""

from __future__ import annotations

import ast
import time
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from coro2cuda.frontend import infer_sync, numbers, tree
from coro2cuda.frontend.builtins import asyncio_name, is_sleep
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import (
    Array,
    NoneValue,
    Tuple,
)
from coro2cuda.frontend.infer import Specialisation, matches
from coro2cuda.frontend.infer_builtins import conversion, conversion_type, math_names, of_math, python_builtins
from coro2cuda.frontend.infer_expressions import expression
from coro2cuda.frontend.infer_names import host_value, of_host
from coro2cuda.frontend.infer_operations import atomic, bit_cast, device_operation
from coro2cuda.frontend.numbers import strong
from coro2cuda.frontend.signatures import MISSING as NO_DEFAULT
from coro2cuda.frontend.signatures import ParameterSpec, signature
from coro2cuda.frontend.source import MISSING
from coro2cuda.frontend.stand_ins import stand_in

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk

AVAILABLE = "of asyncio there are gather, tasks, groups, timeouts, sleep, and what tasks synchronise with"


def builtin_name(callee: Any) -> str:
    """The name of one of our own functions, "" for any other callee."""
    found = None if callee is MISSING else getattr(callee, "__coro2cuda_builtin__", None)
    return found if isinstance(found, str) else asyncio_name(callee)


def call(walk: Walk, node: ast.Call) -> tree.Expression:
    """Any call but an awaited one."""
    from coro2cuda.frontend.infer_tasks import task_call

    task = task_call(walk, node)
    if task is not None:
        return task
    made = infer_sync.maker(walk, node)
    if made is not None:
        return infer_sync.make(walk, node, *made)
    callee = host_value(walk, node.func)
    if callee is MISSING and (target := infer_sync.owner(walk, node.func)) is not None:
        return infer_sync.call(walk, node, target)
    if callee is MISSING:
        raise walk.refuse(node, *_unknown_callee(walk, node))
    name = builtin_name(callee)
    if name.startswith("device."):
        return device_operation(walk, node, callee)
    if name.startswith("atomic_"):
        return atomic(walk, node, name)
    if name == "bit_cast":
        return bit_cast(walk, node)
    if name == "timeout":
        raise walk.refuse(node, f"{ast.unparse(node.func)}() is no value in a coroutine",
                          f"write `async with {ast.unparse(node)}:`")  # fmt: skip
    if name or is_sleep(callee):
        raise walk.refuse(node, f"{ast.unparse(node.func)}() was not awaited", f"write `await {ast.unparse(node)}`")
    scalar = conversion_type(callee)
    if scalar is not None:
        return conversion(walk, node, scalar)
    unit = infer_sync.clock_unit(callee)
    if unit is not None:
        return infer_sync.clock(walk, node, unit)
    special = python_builtins().get(id(callee))
    if special is not None:
        return special(walk, node)
    mathematical = math_names().get(id(callee))
    if mathematical is not None:
        return of_math(walk, node, mathematical)
    return _plain(walk, node, callee)


def _unknown_callee(walk: Walk, node: ast.Call) -> tuple[str, str]:
    if isinstance(node.func, ast.Attribute):
        base = host_value(walk, node.func.value)
        if isinstance(node.func.value, ast.Name) and base is MISSING and node.func.value.id not in walk.locals:
            return f"'{node.func.value.id}' is not defined", "define or import it at module level"
        if isinstance(base, ModuleType):
            return f"module '{base.__name__}' has no '{node.func.attr}'", "look for another name in its documentation"
        return f"the method '.{node.func.attr}()' is not available", "values have no methods here; use functions"
    name = ast.unparse(node.func)
    if name in walk.locals:
        return f"'{name}' is a value, not a function", f"index with `{name}[...]`, or call a function"
    return f"'{name}' is not defined", "define or import it at module level"


def _plain(walk: Walk, node: ast.Call, callee: Any) -> tree.Expression:
    name = ast.unparse(node.func)
    if hasattr(callee, "__gpu_async__"):
        hint = f"write `await {ast.unparse(node)}`"
        if not isinstance(walk.source.node, ast.AsyncFunctionDef):
            hint = f"make '{walk.source.node.name}' a coroutine, `@gpu_async async def`, and {hint}"
        raise walk.refuse(node, f"coroutine '{name}' was never awaited", hint)
    raw = callee if isinstance(callee, FunctionType) else getattr(callee, "py_func", None) or stand_in(callee)
    if not isinstance(raw, FunctionType):
        raise walk.refuse(node, *_not_callable(name, callee))
    if raw.__code__.co_flags & 0x80:
        raise walk.refuse(node, f"'{name}' is a plain `async def`", "decorate it with @gpu_async, and await it")
    if raw.__module__.rpartition(".")[0] == "coro2cuda":
        raise walk.refuse(node, f"'{name}' is for the host, not for a task", "await the coroutine: `await f(...)`")
    if raw.__module__ == "asyncio" or raw.__module__.startswith("asyncio."):
        raise walk.refuse(node, f"'{name}' is not available in a coroutine", AVAILABLE)
    if any(wanted.source.function is raw for wanted in walk.session.stack):
        raise walk.refuse(node, f"the function '{name}' calls itself: plain functions have no stack to recurse on",
                          "make it a coroutine: `@gpu_async async def`, and await it")  # fmt: skip
    try:
        wanted, arguments = bound_call(walk, node, raw, {})
    except CompileError as error:
        if not hasattr(callee, "py_func"):
            raise
        note = f"Numba's '{name}' is compiled from its Python source, by the same rules as a coroutine"
        raise CompileError(error.message, error.span, f"{error.hint} ({note})" if error.hint else note) from None
    return tree.Call(walk.source.span(node), walk.session.result(wanted), wanted.name, arguments)


def _not_callable(name: str, callee: Any) -> tuple[str, str]:
    module = getattr(callee, "__module__", "") or ""
    if module == "math":
        return f"'{name}' is not available in a coroutine", "write it as a plain function, and call that"
    if "random" in (module, type(getattr(callee, "__self__", None)).__module__):
        return f"'{name}' is not available in a coroutine", "keep a seed in a variable, and compute the next from it"
    if hasattr(callee, "dtype") and hasattr(callee, "shape"):
        return f"'{name}' is an array, not a function", f"index it: `{name}[...]`"
    if module.startswith("numpy") or type(callee).__module__.startswith("numpy"):
        return f"'{name}' is not available in a coroutine", "use math.* on scalars, and loops over arrays"
    if module.partition(".")[0] in ("asyncio", "_asyncio"):
        return f"'{name}' is not available in a coroutine", AVAILABLE
    if callee is time.sleep:
        return f"'{name}' would hold up all tasks of a warp", "write `await sleep(...)`"
    if callee is enumerate:
        return "'enumerate' is available in a loop alone", "write `for i, x in enumerate(a):`"
    if isinstance(callee, type) and callee in (zip, reversed):
        return f"'{name}' is not available in a coroutine", "loop over `range(len(a))` and index the arrays"
    if isinstance(callee, type):
        return f"'{name}' makes an object, which is not available in a coroutine", "use scalars, tuples and arrays"
    return f"'{name}' cannot be called in a coroutine", "call coroutines, plain Python functions and math.*"


def bound_call(
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
        message = f"'{raw.__name__}' takes {len(positional)} positional arguments, and {len(node.args)} are given"
        raise walk.refuse(node, message, _takes(raw, names))
    given = dict(zip(positional, node.args, strict=False))
    for keyword in node.keywords:
        if keyword.arg is None:
            raise walk.refuse(node, "`**` unpacking is not available", f"name every argument: {_takes(raw, names)}")
        if keyword.arg not in names:
            raise walk.refuse(node, f"'{raw.__name__}' has no parameter '{keyword.arg}'", _takes(raw, names))
        if keyword.arg in given:
            raise walk.refuse(node, f"'{raw.__name__}' gets '{keyword.arg}' twice", _takes(raw, names))
        given[keyword.arg] = keyword.value
    missing = [spec.name for spec in specs if spec.name not in given and spec.default is NO_DEFAULT]
    if missing:
        raise walk.refuse(node, f"'{raw.__name__}' misses its argument '{missing[0]}'", _takes(raw, names))
    order = [name for name in names if name in given]
    if list(given) != order and any(isinstance(part, ast.Call | ast.Await | ast.NamedExpr)
                                    for one in given.values() for part in ast.walk(one)):  # fmt: skip
        raise walk.refuse(node, "keyword arguments out of order, one of which is a call",
                          "give them in the order of the parameters, so that it is clear what runs first")  # fmt: skip
    return given


def _takes(raw: FunctionType, names: list[str]) -> str:
    return f"its parameters are {', '.join(names)}" if names else "it has no parameters"


def _suited(
    walk: Walk, node: ast.expr, found: tree.Expression, spec: ParameterSpec, raw: FunctionType
) -> tree.Expression:
    from coro2cuda.frontend.infer_lists import is_list, view

    what = f"parameter '{spec.name}' of '{raw.__name__}'"
    if isinstance(found.type, NoneValue):
        raise walk.refuse(node, f"{what} would be None", "pass a number, a tuple or an array")
    if spec.type is None:
        return strong(found)
    if isinstance(spec.type, Array) and is_list(found.type):
        found = view(found)
    if isinstance(found.type, Array | Tuple) and matches(strong(found).type, spec.type):
        return strong(found)
    return numbers.fit(found, spec.type, what)
