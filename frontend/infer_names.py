"""Names that a function does not bind: what they mean on the host, as callees and as values."""

from __future__ import annotations

import ast
from types import ModuleType
from typing import TYPE_CHECKING, Any

from coro2cuda.frontend import dtypes, numbers, tree
from coro2cuda.frontend.dtypes import Array, Reference, Scalar, Tuple, boolean, none
from coro2cuda.frontend.numbers import strong
from coro2cuda.frontend.objects import kind_made_by
from coro2cuda.frontend.source import MISSING

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_function import Walk


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


def of_host(walk: Walk, node: ast.expr, found: Any) -> tree.Expression:
    """A value of the host, bound to a closure or module name, as an expression."""
    span = walk.source.span(node)
    if isinstance(found, bool):
        return tree.Constant(span, boolean, found)
    if type(found) in (int, float):
        return numbers.weak(span, found)
    if found is None:
        return tree.Constant(span, none, None)
    if isinstance(found, tuple):
        items = tuple(strong(of_host(walk, node, item)) for item in found)
        return tree.TupleDisplay(span, Tuple(tuple(item.type for item in items)), items)
    type_of = None if isinstance(found, type) else dtypes.of_value(found)
    if isinstance(type_of, Scalar):
        return tree.Constant(span, type_of, found.item())
    if isinstance(type_of, Array) and 1 <= type_of.ndim <= 3:
        return tree.Captured(span, type_of, walk.session.capture(found))
    if isinstance(type_of, Reference):
        if type_of.kind == "queue" and not type_of.elements:
            raise walk.refuse(node, "what the queue holds is not known", "make it as `Queue[int](...)` on the host")
        return tree.Captured(span, type_of, walk.session.capture(found))
    raise walk.refuse(node, _not_a_value(node, found), _value_hint(found))


def _not_a_value(node: ast.expr, found: Any) -> str:
    if found is MISSING:
        return f"'{ast.unparse(node)}' is not defined"
    if hasattr(found, "dtype") and hasattr(found, "shape"):
        dimensions = f"{found.ndim} dimension{'' if found.ndim == 1 else 's'}"
        return f"'{ast.unparse(node)}' is an array of {found.dtype} of {dimensions}, which cannot be compiled"
    return f"'{ast.unparse(node)}' is a {type(found).__name__}, which is not a value in a coroutine"


def _value_hint(found: Any) -> str:
    if found is MISSING:
        return "define or import it at module level"
    if (kind := kind_made_by(found)) is not None:
        return f"make one: `{found.__name__}()`" if kind != "group" else "write `async with TaskGroup() as tg:`"
    if callable(found):
        return "functions can be called, not kept in names or passed on"
    return "use numbers, bools, tuples of them, or NumPy arrays of numbers in native byte order with 1 to 3 dimensions"
