"""Python of the wild made to look like our subset, so that more of the compiler sees it than the table of refusals.

    with open(self.path) as f:            x = self + 3
        x = f.read() + "a" in [1, 2]  ──▶ y = (x, 1)[0] == (1, 2)
        self.y = lambda: x                ...

What is refused by its kind becomes something of about the same shape that is not: text becomes a number, a list a
tuple, an attribute its owner. The result need make no sense; whether it is well-typed is what the compiler is asked.
"""

from __future__ import annotations

import ast
import builtins


class Tamed(ast.NodeTransformer):
    """Rewrites one function. `strangers` are the names it reads and does not bind."""

    def __init__(self, node: ast.AsyncFunctionDef) -> None:
        self.bound = {child.id for child in ast.walk(node) if isinstance(child, ast.Name) and is_store(child)}
        self.bound |= {child.arg for child in ast.walk(node) if isinstance(child, ast.arg)}
        self.strangers: set[str] = set()

    # --- values

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, bool | int | float) and abs(node.value) < 1 << 40:
            return node
        return ast.Constant(len(node.value) if isinstance(node.value, str | bytes) else 7)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return ast.Constant(len(node.values))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not is_store(node) and node.id not in self.bound and not hasattr(builtins, node.id):
            self.strangers.add(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Stored to, an attribute is a name of its own; read, it is its owner."""
        if isinstance(node.ctx, ast.Store | ast.Del):
            self.bound.add(node.attr)
            return ast.Name(node.attr, node.ctx)
        owner = node.value
        if isinstance(owner, ast.Name) and node.attr in self.bound:
            return ast.Name(node.attr, ast.Load())
        return self.visit(owner)

    def visit_List(self, node: ast.List) -> ast.expr:
        if isinstance(node.ctx, ast.Store):
            return self.generic_visit(node)
        return ast.Tuple([self.visit(item) for item in node.elts], ast.Load())

    def visit_Set(self, node: ast.Set) -> ast.expr:
        return ast.Tuple([self.visit(item) for item in node.elts], ast.Load())

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        return ast.Tuple([self.visit(item) for item in node.values], ast.Load())

    def visit_Starred(self, node: ast.Starred) -> ast.expr:
        return self.visit(node.value)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return ast.Constant(1)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> ast.expr:
        return self.visit(node.generators[0].iter)

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        return self.visit(node.generators[0].iter)

    def visit_Yield(self, node: ast.Yield) -> ast.expr:
        return ast.Constant(2) if node.value is None else self.visit(node.value)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.expr:
        return self.visit(node.value)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        tame = (ast.Is, ast.In), (ast.IsNot, ast.NotIn)
        node.ops = [ast.Eq() if isinstance(op, tame[0]) else ast.NotEq() if isinstance(op, tame[1]) else op
                    for op in node.ops]  # fmt: skip
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Only what is built in is called; else the arguments are left."""
        arguments = [self.visit(argument) for argument in node.args]
        if isinstance(node.func, ast.Name) and hasattr(builtins, node.func.id):
            return ast.Call(node.func, arguments, [])
        owner = self.visit(node.func)
        return ast.Tuple([owner, *arguments], ast.Load()) if len(arguments) > 1 else (arguments or [owner])[0]

    # --- statements

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        return ast.Assert(ast.Constant(False))

    def visit_Import(self, node: ast.stmt) -> ast.stmt:
        return ast.Pass()

    visit_ImportFrom = visit_Global = visit_Nonlocal = visit_Delete = visit_ClassDef = visit_Import

    def visit_FunctionDef(self, node: ast.stmt) -> ast.stmt:
        return ast.Expr(ast.Await(ast.Call(ast.Name("reschedule", ast.Load()), [], [])))

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self.visit_FunctionDef(node)

    def visit_Try(self, node: ast.Try) -> list[ast.stmt]:
        return self.all_of([*node.body, *node.orelse, *node.finalbody])

    visit_TryStar = visit_Try

    def visit_With(self, node: ast.With | ast.AsyncWith) -> list[ast.stmt]:
        entered = [
            ast.Assign([self.visit(item.optional_vars)], self.visit(item.context_expr))
            for item in node.items
            if item.optional_vars is not None
        ]
        return [*entered, *self.all_of(node.body)]

    visit_AsyncWith = visit_With

    def visit_Match(self, node: ast.Match) -> list[ast.stmt]:
        return self.all_of(node.cases[0].body)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.stmt:
        tamed = self.generic_visit(node)
        assert isinstance(tamed, ast.AsyncFor)
        return ast.For(tamed.target, tamed.iter, tamed.body, tamed.orelse)

    def all_of(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in statements:
            made = self.visit(statement)
            found += made if isinstance(made, list) else [made]
        return found

    def body_of(self, node: ast.AsyncFunctionDef) -> list[ast.stmt]:
        return self.all_of(node.body) or [ast.Pass()]


def is_store(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def tamed(node: ast.AsyncFunctionDef) -> tuple[ast.AsyncFunctionDef, set[str]]:
    """The function with only what the subset has, and the names it does not bind."""
    taming = Tamed(node)
    arguments = node.args
    arguments.vararg = arguments.kwarg = None
    body = taming.body_of(node)
    made = ast.AsyncFunctionDef(name=node.name, args=arguments, body=body, decorator_list=[], returns=None)
    return ast.fix_missing_locations(ast.copy_location(made, node)), taming.strangers
