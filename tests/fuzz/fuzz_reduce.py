"""Makes a failing program small: statements go, and compound ones give way to their parts, as long as it still fails.

    if c:            ──▶  x = f(y)
        x = f(y)
    return x              return x

The program must fail in the same way, so what the compiler then refuses (an unbound name, say) does not count. What
keeps it free of races stays: its parts of arrays, its locks and groups, and an await for every task.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator

KEPT = ("main", "wide")  # what is run
Change = Callable[[str], Iterator[ast.Module]]


def reduced(text: str, fails: Callable[[str], bool]) -> str:
    """The program without what it does not need to fail. `fails` is asked of each smaller text, once."""
    tried = {text}
    smaller = True
    while smaller:
        smaller = False
        for change in CHANGES:
            position = 0
            while (candidate := nth(change, text, position)) is not None:
                position += 1
                if candidate not in tried and waits(candidate) and begins(text, candidate) and fails(candidate):
                    # What stood here is gone: the same position now holds what followed.
                    text, smaller, position = candidate, True, position - 1
                tried.add(candidate)
    return text


def waits(text: str) -> bool:
    """Whether every task in a name is awaited in its function."""
    for function in ast.parse(text).body:
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        made = {node.targets[0].id for node in ast.walk(function) if is_task(node)}
        waited = [child for node in ast.walk(function) if isinstance(node, ast.Await) for child in ast.walk(node.value)]
        if made - {child.id for child in waited if isinstance(child, ast.Name)}:
            return False
    return True


def begins(text: str, candidate: str) -> bool:
    """Whether who waits for ever still says that it has begun, and who cancels it still waits for that, if it makes
    the semaphore for it at all: else there would be other results, or none."""
    before, after = signals(text), signals(candidate)
    return all(after.get(place, count) == count for place, count in before.items())


def signals(text: str) -> dict[tuple[str, str], int]:
    """By function and semaphore, how often it is released and awaited: those of what has begun, and has taken."""
    found: dict[tuple[str, str], int] = {}
    for function in ast.parse(text).body:
        if isinstance(function, ast.AsyncFunctionDef):
            names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            names |= {argument.arg for argument in function.args.args}
            for name in names:
                if name.startswith(("begun", "took")):
                    signs = (f"{name}.release()", f"await {name}.acquire()")
                    found[function.name, name] = sum(ast.unparse(function).count(sign) for sign in signs)
    return found


def is_task(node: ast.AST) -> bool:
    """`t = create_task(...)`, or a list of them."""
    match node:
        case ast.Assign([ast.Name()], ast.Call(func=ast.Name("create_task"))):
            return True
        case ast.Assign([ast.Name()], ast.ListComp(ast.Call(func=ast.Name("create_task")))):
            return True
        case _:
            return False


def nth(change: Change, text: str, position: int) -> str | None:
    """The program after the change at a position, or None beyond the last."""
    tree = next(itertools.islice(change(text), position, None), None)
    return None if tree is None else ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def without_function(text: str) -> Iterator[ast.Module]:
    for position, node in enumerate(ast.parse(text).body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in KEPT:
            tree = ast.parse(text)
            del tree.body[position]
            yield tree


def blocks(tree: ast.AST) -> list[list[ast.stmt]]:
    """Every list of statements inside functions, outer ones first."""
    return [
        value
        for node in ast.walk(tree)
        if not isinstance(node, ast.Module)
        for name, value in ast.iter_fields(node)
        if name in ("body", "orelse", "finalbody") and isinstance(value, list) and value
    ]


def without_statements(text: str) -> Iterator[ast.Module]:
    for which, block in enumerate(blocks(ast.parse(text))):
        for count in (4, 1):
            for position in range(len(block)):
                tree = ast.parse(text)
                chosen = blocks(tree)[which]
                del chosen[position : position + count]
                chosen[:] = chosen or [ast.Pass()]
                yield tree


def with_parts(text: str) -> Iterator[ast.Module]:
    """A compound statement replaced by its body or its `else`."""
    for which, block in enumerate(blocks(ast.parse(text))):
        for position, statement in enumerate(block):
            for name in ("body", "orelse"):
                if getattr(statement, name, None) and not isinstance(statement, ast.AsyncWith):
                    tree = ast.parse(text)
                    chosen = blocks(tree)[which]
                    chosen[position : position + 1] = getattr(chosen[position], name)
                    yield tree


def with_operands(text: str) -> Iterator[ast.Module]:
    """An expression replaced by one of its parts."""
    for number, (_, _, node) in enumerate(expressions(ast.parse(text))):
        parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        for which in range(len(parts)):
            tree = ast.parse(text)
            parent, place, chosen = expressions(tree)[number]
            part = [part for part in ast.iter_child_nodes(chosen) if isinstance(part, ast.expr)][which]
            put(parent, place, part)
            yield tree


def expressions(tree: ast.AST) -> list[tuple[ast.AST, tuple[str, int | None], ast.expr]]:
    """Every expression inside a statement, with where it hangs. Parts of arrays are left as they are."""
    found: list[tuple[ast.AST, tuple[str, int | None], ast.expr]] = []
    parts = {id(child) for node in ast.walk(tree) if is_part(node) for child in ast.walk(node)}
    for parent in ast.walk(tree):
        if isinstance(parent, ast.arguments | ast.arg):
            continue
        for name, value in ast.iter_fields(parent):
            if name in ("decorator_list", "returns", "annotation", "targets", "target", "func"):
                continue
            for position, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(child, ast.expr) and id(child) not in parts:
                    found.append((parent, (name, position), child))
    return found


def is_part(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)


def put(parent: ast.AST, place: tuple[str, int | None], node: ast.expr) -> None:
    name, position = place
    if position is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[position] = node


CHANGES: tuple[Change, ...] = (without_function, without_statements, with_parts, with_operands)
