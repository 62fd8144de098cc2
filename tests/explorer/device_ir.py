"""The IR of device Python as `runtime.compiler` makes it, with the source lines of its ops; and of changed executors.

A *mutant* changes one function of the executor: a statement, several in a row, or an expression is replaced. It is
found by what it says, not by where it stands, so that edits elsewhere do not break it; one that is not found, or
found more than once, is an error. All intrinsics are at hand. The changed function goes through the same inference and
build as the one that is shipped.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType

from translate import placed_builder

from coro2cuda.frontend import device, infer, source
from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.source import Source
from coro2cuda.lowering import build, ir


@dataclass(frozen=True, slots=True)
class Mutant:
    """In `function`, what reads `old` becomes `new` ("" removes it)."""

    name: str
    function: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class DeviceIr:
    """Functions by name, and the statement of each op, by the op's id."""

    functions: dict[str, ir.Function]
    spans: Mapping[int, tuple[ir.Op, Span]]


def device_ir(
    roots: Sequence[FunctionType], constants: Mapping[str, int] | None = None, mutants: Iterable[Mutant] = ()
) -> DeviceIr:
    """The IR of device functions and all that they call, with constants of their modules set to other values."""
    return _made(tuple(roots), tuple((constants or {}).items()), tuple(mutants))


@functools.lru_cache(16)
def _made(
    roots: tuple[FunctionType, ...], constants: tuple[tuple[str, int], ...], mutants: tuple[Mutant, ...]
) -> DeviceIr:
    found = list(map(_read, _reached(roots)))
    for mutant in mutants:
        (at,) = (at for at, one in enumerate(found) if one.name == mutant.function)
        found[at] = _mutated(found[at], mutant)
    sources = [dataclasses.replace(one, closure={**one.closure, **dict(constants)}) for one in found]
    builder = placed_builder()
    module = build.build(infer.infer_device(roots, sources), builder)
    return DeviceIr(module.functions, builder.spans)


_read = functools.cache(source.read)


def _reached(roots: Sequence[FunctionType]) -> list[FunctionType]:
    """The device functions that these call, and they themselves."""
    found: dict[FunctionType, None] = {}
    waiting = list(roots)
    while waiting:
        function = waiting.pop()
        if function not in found:
            found[function] = None
            named = (function.__globals__.get(name) for name in function.__code__.co_names)
            waiting += [item for item in named if getattr(item, "__coro2cuda_device__", False)]
    return list(found)


# --- mutation --------------------------------------------------------------------------------------------------------


def _mutated(found: Source, mutant: Mutant) -> Source:
    node = copy.deepcopy(found.node)
    old, new = ast.parse(mutant.old).body, ast.parse(mutant.new).body
    places = list(_places(node, old))
    if len(places) != 1:
        raise LookupError(
            f"mutant '{mutant.name}': {mutant.function} has {len(places)} places that read {mutant.old!r}"
        )
    owner, name, at = places[0]
    if at is None or not isinstance(getattr(owner, name)[at], ast.stmt):
        _replace_expression(owner, name, at, new)
    else:
        body = getattr(owner, name)
        for statement in new:
            _relocate(statement, body[at])
        body[at : at + len(old)] = new or [_nothing(body[at])]
    return dataclasses.replace(found, node=node, closure={**vars(device), **found.closure})


def _places(node: ast.AST, old: list[ast.stmt]) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Where a row of statements, or an expression that is not a statement, stands: the owner, its field, the index."""
    wanted = [ast.dump(statement) for statement in old]
    expression = old[0].value if len(old) == 1 and isinstance(old[0], ast.Expr) else None
    for owner in ast.walk(node):
        for name, value in ast.iter_fields(owner):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                dumped = [ast.dump(statement) for statement in value]
                yield from ((owner, name, at) for at in range(len(value)) if dumped[at : at + len(wanted)] == wanted)
            elif expression is not None and not isinstance(owner, ast.Expr):
                for at, item in enumerate(value if isinstance(value, list) else [value]):
                    if isinstance(item, ast.expr) and ast.dump(item) == ast.dump(expression):
                        yield owner, name, at if isinstance(value, list) else None


def _replace_expression(owner: ast.AST, name: str, at: int | None, new: list[ast.stmt]) -> None:
    replacement = new[0]
    assert isinstance(replacement, ast.Expr)
    value = getattr(owner, name) if at is None else getattr(owner, name)[at]
    _relocate(replacement.value, value)
    if at is None:
        setattr(owner, name, replacement.value)
    else:
        getattr(owner, name)[at] = replacement.value


def _relocate(made: ast.AST, model: ast.AST) -> None:
    """Give all of a new node the place of the old one."""
    for node in ast.walk(made):
        if hasattr(node, "lineno") or isinstance(node, ast.expr | ast.stmt):
            ast.copy_location(node, model)


def _nothing(model: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.Pass(), model)
