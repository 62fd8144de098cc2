"""A function's syntax tree with every operation of the language made a call of `values`, compiled in place.

    x * 3           c2c.binary("mul", x, 3, 2)          a bit of the mask for each operand that is weak
    a < b < c       c2c.compare("lt", a, (t := b), 0) and c2c.compare("lt", t, c, 0)
    f(x, 1)         c2c.call(f, 2, x, 1)
    a[i] += v       t0 = a; t1 = i; c2c.store(t0, t1, c2c.binary("add", c2c.load(t0, t1), v, 0))
    n: i32 = e      n = c2c.convert(c2c_types[0], e)    also every other assignment to n, and parameters on entry

Evaluation order and the positions of the nodes are kept.
"""

from __future__ import annotations

import ast
import copy
import types
from collections.abc import Iterator
from typing import Any

from coro2cuda.frontend.dtypes import Type
from coro2cuda.frontend.signatures import of_node, parameter_types, result_type
from coro2cuda.frontend.source import MISSING, Source, read

HELPERS = "__c2c"
TYPES = "__c2c_types"
HIDDEN = "__c2c_function"

_BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.LShift: "shl", ast.RShift: "shr", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
}  # fmt: skip
_COMPARE = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
_UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}


def instrument(function: types.FunctionType) -> tuple[types.CodeType, tuple[Type, ...]]:
    """The function's new code, and the types its free variable `c2c_types` stands for. Free variables are those of
    the original and the two names of ours.

    Raises:
        CompileError: its source is not available, or an annotation is no type.
    """
    source = read(function)
    transformer = _Instrument(source)
    node = copy.deepcopy(source.node)
    entry = [transformer.converted_name(name, node) for name in source_parameters(node) if name in transformer.declared]
    body = [statement for old in node.body for statement in _as_list(transformer.visit(old))]
    node.body, node.decorator_list, node.returns = [*entry, *body], [], None
    node.name = HIDDEN  # its own name must not be found in the function it is wrapped in
    _drop_annotations(node)
    old = source.function.__code__
    code = _compiled(node, [HELPERS, TYPES, *old.co_freevars], source.file)
    return code.replace(co_name=old.co_name, co_qualname=old.co_qualname), transformer.types


def source_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    arguments = node.args
    return [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _drop_annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Annotations and defaults were evaluated when the original was defined."""
    arguments = node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    none = ast.copy_location(ast.Constant(None), node)
    arguments.defaults = [none] * len(arguments.defaults)
    arguments.kw_defaults = [None if default is None else none for default in arguments.kw_defaults]


def _compiled(node: ast.stmt, free: list[str], file: str) -> types.CodeType:
    """The code of a definition inside a function whose parameters are the free names, so that they become cells."""
    parameters = ast.arguments([], [ast.arg(name) for name in free], None, [], [], None, [])
    outer = ast.FunctionDef("outer", parameters, [node], [])
    module = ast.fix_missing_locations(ast.Module([ast.copy_location(outer, node)], []))
    whole = compile(module, file, "exec")
    return _inner(_inner(whole))


def _inner(code: types.CodeType) -> types.CodeType:
    return next(constant for constant in code.co_consts if isinstance(constant, types.CodeType))


def _as_list(found: Any) -> list[ast.stmt]:
    return found if isinstance(found, list) else [found]


class _Instrument(ast.NodeTransformer):
    def __init__(self, source: Source) -> None:
        self.source = source
        self.local = set(source.function.__code__.co_varnames) | set(source.function.__code__.co_cellvars)
        self.declared: dict[str, Type] = dict(parameter_types(source.function))
        self.result = result_type(source.function)
        self.temporaries = 0
        for node in ast.walk(source.node):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.declared[node.target.id] = of_node(source, node.annotation, f"'{node.target.id}'")

    @property
    def types(self) -> tuple[Type, ...]:
        return (*self.declared.values(), *([] if self.result is None else [self.result]))

    # --- building nodes

    def call(self, name: str, place: ast.AST, *arguments: ast.expr) -> ast.expr:
        helper = ast.Attribute(ast.Name(HELPERS, ast.Load()), name, ast.Load())
        return ast.fix_missing_locations(ast.copy_location(ast.Call(helper, list(arguments), []), place))

    def temporary(self) -> str:
        self.temporaries += 1
        return f"__c2c_{self.temporaries}"

    def converted(self, index: int, value: ast.expr, place: ast.AST) -> ast.expr:
        which = ast.Subscript(ast.Name(TYPES, ast.Load()), ast.Constant(index), ast.Load())
        return self.call("convert", place, which, value)

    def converted_name(self, name: str, place: ast.AST) -> ast.stmt:
        value = self.converted(list(self.declared).index(name), ast.Name(name, ast.Load()), place)
        return self.assign(ast.Name(name, ast.Store()), value, place)

    def assign(self, target: ast.expr, value: ast.expr, place: ast.AST) -> ast.stmt:
        return ast.fix_missing_locations(ast.copy_location(ast.Assign([target], value), place))

    # --- weak operands

    def weak_mask(self, operands: list[ast.expr]) -> ast.Constant:
        return ast.Constant(sum(1 << position for position, operand in enumerate(operands) if self.is_weak(operand)))

    def is_weak(self, node: ast.expr) -> bool:
        """A number written in the source or bound to an outer name, or arithmetic on such."""
        match node:
            case ast.Constant(value=value):
                return _is_plain_number(value)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert(), operand=operand):
                return self.is_weak(operand)
            case ast.BinOp(left=left, right=right):
                return self.is_weak(left) and self.is_weak(right)
            case ast.Name() | ast.Attribute():
                return _is_plain_number(self.outer_value(node))
            case _:
                return False

    def outer_value(self, node: ast.expr) -> Any:
        """What a name of the module or closure, or an attribute of a module, is bound to."""
        match node:
            case ast.Name(id=name):
                return MISSING if name in self.local else self.source.lookup(name)
            case ast.Attribute(value=value, attr=name):
                owner = self.outer_value(value)
                return getattr(owner, name, MISSING) if isinstance(owner, types.ModuleType) else MISSING
            case _:
                return MISSING

    # --- expressions

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if self.is_weak(node) or type(node.op) not in _BINARY:
            return node
        mask = self.weak_mask([node.left, node.right])
        op = ast.Constant(_BINARY[type(node.op)])
        return self.call("binary", node, op, self.visit(node.left), self.visit(node.right), mask)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if self.is_weak(node) or type(node.op) not in _UNARY:
            self.generic_visit(node)
            return node
        return self.call("unary", node, ast.Constant(_UNARY[type(node.op)]), self.visit(node.operand))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if not all(type(op) in _COMPARE for op in node.ops):
            self.generic_visit(node)
            return node
        links: list[ast.expr] = []
        left, left_value = node.left, self.visit(node.left)
        for position, (op, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
            mask, right_value = self.weak_mask([left, right]), self.visit(right)
            again: ast.expr | None = None
            if position + 1 < len(node.ops):
                name = self.temporary()
                right_value, again = ast.NamedExpr(ast.Name(name, ast.Store()), right_value), ast.Name(name, ast.Load())
            links.append(self.call("compare", node, ast.Constant(_COMPARE[type(op)]), left_value, right_value, mask))
            left, left_value = right, again
        return links[0] if len(links) == 1 else ast.copy_location(ast.BoolOp(ast.And(), links), node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        mask = self.weak_mask(node.args)
        arguments = [self.visit(argument) for argument in node.args]
        keywords = [ast.keyword(keyword.arg, self.visit(keyword.value)) for keyword in node.keywords]
        call = self.call("call", node, self.visit(node.func), mask, *arguments)
        assert isinstance(call, ast.Call)
        call.keywords = keywords
        return ast.fix_missing_locations(call)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        self.generic_visit(node)
        if node.format_spec is None and node.conversion == -1:
            node.value = self.call("shown", node, node.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return self.call("load", node, self.visit(node.value), self.index(node.slice))

    def index(self, node: ast.expr) -> ast.expr:
        """A subscript as a value."""
        match node:
            case ast.Slice(lower=lower, upper=upper, step=step):
                parts = [ast.Constant(None) if part is None else self.visit(part) for part in (lower, upper, step)]
                return self.call("slice", node, *parts)
            case ast.Tuple(elts=elements):
                return ast.copy_location(ast.Tuple([self.index(element) for element in elements], ast.Load()), node)
            case _:
                found: ast.expr = self.visit(node)
                return found

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        return ast.copy_location(
            ast.NamedExpr(node.target, self.for_name(node.target.id, self.visit(node.value))), node
        )

    def for_name(self, name: str, value: ast.expr) -> ast.expr:
        if name not in self.declared:
            return value
        return self.converted(list(self.declared).index(name), value, value)

    # --- statements

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        value = self.visit(node.value)
        if len(node.targets) == 1:
            return list(self.bind(node.targets[0], value, node))
        name = self.temporary()
        made = [self.assign(ast.Name(name, ast.Store()), value, node)]
        for target in node.targets:
            made += self.bind(target, ast.Name(name, ast.Load()), node)
        return made

    def bind(self, target: ast.expr, value: ast.expr, place: ast.AST) -> Iterator[ast.stmt]:
        """Statements that assign a value (evaluated once) to a target."""
        match target:
            case ast.Name(id=name):
                yield self.assign(target, self.for_name(name, value), place)
            case ast.Subscript(value=container, slice=index):
                held = self.temporary()
                yield self.assign(ast.Name(held, ast.Store()), value, place)
                stored = self.call("store", place, self.visit(container), self.index(index), ast.Name(held, ast.Load()))
                yield ast.copy_location(ast.Expr(stored), place)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                names = [self.temporary() for _ in elements]
                parts = ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())
                yield self.assign(parts, value, place)
                for name, element in zip(names, elements, strict=True):
                    yield from self.bind(element, ast.Name(name, ast.Load()), place)
            case _:
                yield self.assign(target, value, place)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> list[ast.stmt]:
        if node.value is None:
            return [ast.copy_location(ast.Pass(), node)]
        return list(self.bind(node.target, self.visit(node.value), node))

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        mask = ast.Constant(2 if self.is_weak(node.value) else 0)
        op = ast.Constant(_BINARY.get(type(node.op), "matmul"))
        if isinstance(node.target, ast.Name):
            name = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
            result = self.call("binary", node, op, name, self.visit(node.value), mask)
            return list(self.bind(node.target, result, node))
        assert isinstance(node.target, ast.Subscript)
        container, index, old = self.temporary(), self.temporary(), self.temporary()
        parts = [ast.Name(name, ast.Load()) for name in (container, index)]
        result = self.call("binary", node, op, ast.Name(old, ast.Load()), self.visit(node.value), mask)
        return [
            self.assign(ast.Name(container, ast.Store()), self.visit(node.target.value), node),
            self.assign(ast.Name(index, ast.Store()), self.index(node.target.slice), node),
            self.assign(ast.Name(old, ast.Store()), self.call("load", node, *parts), node),
            ast.copy_location(ast.Expr(self.call("store", node, *copy.deepcopy(parts), result)), node),
        ]

    def visit_For(self, node: ast.For) -> ast.stmt:
        name = self.temporary()
        bound = list(self.bind(node.target, ast.Name(name, ast.Load()), node.target))
        iterable = self.call("iterate", node.iter, self.visit(node.iter))
        body = [statement for old in node.body for statement in _as_list(self.visit(old))]
        orelse = [statement for old in node.orelse for statement in _as_list(self.visit(old))]
        loop = ast.For(ast.Name(name, ast.Store()), iterable, [*bound, *body], orelse)
        return ast.fix_missing_locations(ast.copy_location(loop, node))

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        if node.value is None:
            return node
        value = self.visit(node.value)
        if self.result is not None:
            value = self.converted(len(self.declared), value, node.value)
        return ast.copy_location(ast.Return(value), node)


def _is_plain_number(value: Any) -> bool:
    return type(value) in (int, float)
