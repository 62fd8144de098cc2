"""The accepted subset of Python, as one table of what is refused: the construct, why, and what to write instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import ModuleType
from typing import TypeGuard

from coro2cuda.frontend.builtins import is_gather
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.source import Source

_ARRAYS = "use a NumPy array passed as an argument, or a tuple of fixed length"
LISTS = f"{_ARRAYS}; tasks make a list in `[create_task(f(i)) for i in range(n)]`, or are appended to `[]`"

REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.ClassDef: ("a class cannot be defined in a coroutine", "define it on the host; pass scalars, tuples or arrays"),
    ast.Delete: ("`del` is not available in a coroutine", "let the name go unused: it costs nothing once it is dead"),
    ast.Global: ("`global` is not available: tasks share no Python variables", "pass an array and write into it"),
    ast.Nonlocal: ("`nonlocal` is not available: tasks share no Python variables", "pass an array and write into it"),
    ast.With: (
        "`with` is not available in a coroutine",
        "open files on the host and pass arrays; locks, timeouts and task groups take `async with`",
    ),
    ast.AsyncFor: ("`async for` is not available in coroutines yet", "use `for` over a range, an array or a tuple"),
    ast.TryStar: ("`except*` is not available in a coroutine", "catch ExceptionGroup"),
    ast.Import: ("`import` is not available in a coroutine", "import at the top of the module"),
    ast.ImportFrom: ("`import` is not available in a coroutine", "import at the top of the module"),
    ast.Match: ("`match` is not available in a coroutine", "use `if` and `elif`"),
    ast.Yield: ("`yield` makes an async generator, which cannot be compiled", "write results into an array"),
    ast.YieldFrom: ("`yield from` is not available in a coroutine", "use `await`"),
    ast.Lambda: ("a lambda cannot be compiled", "write a `def` at module level and call it"),
    ast.FunctionDef: ("a function cannot be defined in a coroutine", "define it outside, and pass it what it needs"),
    ast.AsyncFunctionDef: ("a coroutine cannot be defined in a coroutine", "define it outside, with @gpu_async"),
    ast.SetComp: ("a set comprehension is not available", _ARRAYS),
    ast.DictComp: ("a dict comprehension is not available", _ARRAYS),
    ast.GeneratorExp: ("a generator expression is not available", "write the loop out"),
    ast.List: ("a list is not available in a coroutine", LISTS),
    ast.Set: ("a set is not available in a coroutine", _ARRAYS),
    ast.Dict: ("a dict is not available in a coroutine", _ARRAYS),
    ast.Starred: ("`*` unpacking is not available", "name every item"),
    ast.MatMult: ("`@` is not available in a coroutine", "write the loops, or multiply on the host"),
    ast.Is: ("`is` compares objects, and compiled values are not objects", "use `==`"),
    ast.IsNot: ("`is not` compares objects, and compiled values are not objects", "use `!=`"),
    ast.In: ("`in` is not available in a coroutine", "compare with each item, or write the loop"),
    ast.NotIn: ("`not in` is not available in a coroutine", "compare with each item, or write the loop"),
}
if hasattr(ast, "TypeAlias"):
    REFUSED[ast.TypeAlias] = ("`type` is not available in a coroutine", "define the alias at module level")


def check(source: Source) -> None:
    """Refuse the first construct, in source order, that is outside the subset.

    Raises:
        CompileError: there is one.
    """
    arguments = source.node.args
    for star in (arguments.vararg, arguments.kwarg):
        if star is not None:
            raise CompileError(
                f"`*{star.arg}` parameters are not available", source.span(star), "name every parameter"
            )
    allowed: set[int] = set(map(id, _empty_lists(source.node)))
    for statement in source.node.body:
        for node, place in _walk(statement, statement):
            if isinstance(node, ast.Call) and is_gather(_host_value(source, node.func)):
                allowed |= set(map(id, _comprehensions(node)))
            if is_wait_for_test(node):
                allowed |= set(map(id, node.args))
            if type(node) in REFUSED and id(node) not in allowed and not _is_list_of_targets(node):
                message, hint = REFUSED[type(node)]
                raise CompileError(message, source.span(place), hint)


def is_wait_for_test(node: ast.AST) -> TypeGuard[ast.Call]:
    """`condition.wait_for(lambda: ...)`, or of a function's name."""
    match node:
        case ast.Call(func=ast.Attribute(attr="wait_for"), args=[ast.Lambda(args=parameters)], keywords=[]):
            return not ast.unparse(parameters)
        case ast.Call(func=ast.Attribute(attr="wait_for"), args=[ast.Name() | ast.Attribute()], keywords=[]):
            return True
        case _:
            return False


def appended_to(node: ast.AST) -> str | None:
    """The name in `name.append(...)`."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append")):
            return name
        case _:
            return None


def growing_lists(function: ast.AST) -> set[str]:
    """The names of lists that are made and appended to."""
    made, appended = set(), set(map(appended_to, ast.walk(function)))
    for node in ast.walk(function):
        match node:
            case (ast.Assign(targets=[ast.Name(id=name)], value=ast.List(elts=[]) | ast.ListComp())
                  | ast.AnnAssign(target=ast.Name(id=name), value=ast.List(elts=[]) | ast.ListComp())):  # fmt: skip
                made.add(name)
    return made & appended


def _empty_lists(function: ast.AST) -> Iterator[ast.AST]:
    """The `[]` of `name = []`, annotated or not, where something is appended to the name. Inference checks the rest."""
    growing = growing_lists(function)
    for node in ast.walk(function):
        match node:
            case (ast.Assign(targets=[ast.Name(id=name)], value=ast.List(elts=[]) as made)
                  | ast.AnnAssign(target=ast.Name(id=name), value=ast.List(elts=[]) as made)) if name in growing:
                yield made


def _comprehensions(gather: ast.Call) -> Iterator[ast.AST]:
    """What may stand in a gather() and nowhere else: `*`, and a comprehension behind it. Inference checks the rest."""
    for argument in gather.args:
        if isinstance(argument, ast.Starred):
            yield argument
            yield argument.value


def _host_value(source: Source, node: ast.expr) -> object:
    match node:
        case ast.Name(id=name):
            return source.lookup(name)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            owner = source.lookup(module)  # an object of the host may have its methods only in an event loop
            return getattr(owner, name, None) if isinstance(owner, ModuleType | type) else None
        case _:
            return None


def _is_list_of_targets(node: ast.AST) -> bool:
    return isinstance(node, ast.List) and isinstance(node.ctx, ast.Store)


def _walk(node: ast.AST, place: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Nodes in source order, each with the nearest node that has a position. Annotations are the host's business."""
    here = node if hasattr(node, "lineno") else place
    yield node, here
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child, here)
