"""The root task as a coroutine: from a task index to the user's call and to the place of its result.

    f.map(range(5, 1000, 2), scale, tally)  with  f(n: i32, scale: f32, tally) -> f64

    coroutine task(index):
      n = i32(index) * (uniform 1) + (uniform 0)        # step and start of the range
      result = await f(n, uniform 2, uniform 3)
      store (uniform 4)[index] = result                 # the array of results
    unwind:                                             # if f fails: the error keeps which root task it ended
      root error, index
      throw error

The index is an ordinary local: it has a frame slot only if a result is stored after a suspension. An error costs a task
nothing before it is raised, so where no result is stored none knows its root. Uniforms are numbered in the order of the
argument block: captured arrays, then each parameter's (a range has two: start and step), then one array of results for
each scalar leaf of the result type, then the array of errors if they are returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from coro2cuda.frontend.dtypes import Array, NoneValue, Pointer, Scalar, Tuple, Type, i64, u32
from coro2cuda.lowering import ir

ROOT = "task"
Mode = Literal["uniform", "range", "each"]


@dataclass(slots=True)
class _Entry:
    """The function being made, and the types of the uniforms so far."""

    function: ir.Function
    uniforms: list[Type]
    ops: list[ir.Op] = field(default_factory=list)

    def uniform(self, type: Type) -> ir.Uniform:
        self.uniforms.append(type)
        return ir.Uniform(len(self.uniforms) - 1, type)

    def temporary(self, name: str, type: Type) -> ir.Local:
        return self.function.new_local(name, type)


def add_root(
    module: ir.Module, modes: Sequence[Mode], captured: Sequence[Type], returns_errors: bool = False
) -> list[Type]:
    """Add the coroutine `task` to the module as its root, in place.

    Args:
        modes: for each parameter of the module's present root, how a task gets its argument.
        captured: the types of the captured arrays, which are the first uniforms.
        returns_errors: a task that fails stores its error, by index in an array that is the last uniform.

    Returns:
        The types of all uniforms, in order.
    """
    user = module.functions[module.root]
    task, index = ir.Local(0, "task", i64), ir.Local(1, "index", u32)
    function = ir.Function(ROOT, "root task", "coroutine", (task,), NoneValue(), [], [task, index], user.span)
    entry = _Entry(function, list(captured), [ir.Convert(index, task)])
    arguments = tuple(
        _argument(entry, parameter, mode, index) for parameter, mode in zip(user.parameters, modes, strict=True)
    )
    wanted = not isinstance(user.result, NoneValue)
    result = entry.temporary("result", user.result) if wanted else None
    error = entry.temporary("error", u32) if wanted or returns_errors else None
    awaits = ir.Await(result, user.name, arguments, 1, user.span, None if error is None else 2, error)
    function.blocks.append(ir.Block("entry", entry.ops, awaits))
    entry.ops = []
    if result is not None:
        for leaf in leaves(entry.function, entry.ops, result):
            _store_result(entry, leaf, index)
    function.blocks.append(ir.Block("store", entry.ops, ir.Return(None)))
    if error is not None:
        entry.ops = [ir.OnError("root", error, index)]
        if returns_errors:
            _store_result(entry, error, index)
            module.catches = True
        end = ir.Return(None) if returns_errors else ir.Throw(error)
        function.blocks.append(ir.Block("unwind", entry.ops, end))
    module.functions[ROOT] = function
    module.root = ROOT
    return entry.uniforms


def _argument(entry: _Entry, parameter: ir.Local, mode: Mode, index: ir.Local) -> ir.Operand:
    match mode:
        case "uniform":
            return entry.uniform(parameter.type)
        case "range":
            start, step = entry.uniform(parameter.type), entry.uniform(parameter.type)
            converted = entry.temporary("converted", parameter.type)
            scaled, value = entry.temporary("scaled", parameter.type), entry.temporary(parameter.name, parameter.type)
            entry.ops += [
                ir.Convert(converted, index),
                ir.Binary(scaled, "mul", converted, step),
                ir.Binary(value, "add", scaled, start),
            ]
            return value
        case "each":
            assert isinstance(parameter.type, Scalar)
            return _element(entry, entry.uniform(Array(parameter.type, 1)), index, parameter)


def _element(entry: _Entry, array: ir.Uniform, index: ir.Local, parameter: ir.Local) -> ir.Local:
    """The array may be strided, so the address is computed in bytes."""
    assert isinstance(parameter.type, Scalar)
    pointer = Pointer(parameter.type, "global")
    base, stride = entry.temporary("base", pointer), entry.temporary("stride", i64)
    wide, distance = entry.temporary("wide", i64), entry.temporary("distance", i64)
    address, value = entry.temporary("address", pointer), entry.temporary(parameter.name, parameter.type)
    entry.ops += [
        ir.ArrayPart(base, "address", array),
        ir.ArrayPart(stride, "stride", array),
        ir.Convert(wide, index),
        ir.Binary(distance, "mul", wide, stride),
        ir.Offset(address, base, distance, 1),
        ir.Load(value, address),
    ]
    return value


def _store_result(entry: _Entry, leaf: ir.Local, index: ir.Local) -> None:
    assert isinstance(leaf.type, Scalar)
    array, pointer = entry.uniform(Array(leaf.type, 1, contiguous=True)), Pointer(leaf.type, "global")
    base, address = entry.temporary("base", pointer), entry.temporary("address", pointer)
    entry.ops += [
        ir.ArrayPart(base, "address", array),
        ir.Offset(address, base, index, leaf.type.size),
        ir.Store(address, leaf),
    ]


def leaves(function: ir.Function, ops: list[ir.Op], value: ir.Local) -> Iterator[ir.Local]:
    """The scalars a value is made of, in order; the ops that take it apart are appended to `ops`."""
    match value.type:
        case Tuple():
            for position, type in enumerate(value.type.elements):
                item = function.new_local(f"{value.name}.{position}", type)
                ops.append(ir.Extract(item, value, position))
                yield from leaves(function, ops, item)
        case Scalar():
            yield value
        case _:
            raise AssertionError(f"{value.type} cannot be a root's result")
