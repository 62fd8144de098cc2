"""Statements: one walk over a function's body, in source order, that types names and tracks which are surely bound.

`Walk.bound` is the set of names that have a value on every path to the statement at hand, or None where no path leads.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coro2cuda.frontend import numbers, tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Array, NoneValue, Number, Pointer, Scalar, Tuple, Type, none, promote, spelled
from coro2cuda.frontend.infer import ResultUnknown, Session, Specialisation, WalkAgain
from coro2cuda.frontend.signatures import of_node, signature
from coro2cuda.frontend.source import Source
from coro2cuda.frontend.syntax import growing_lists
from coro2cuda.frontend.tree import Variable

if TYPE_CHECKING:
    from coro2cuda.frontend.infer_expressions import Flow

OPERATORS: dict[type[ast.operator], tree.BinaryOp] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.LShift: "shl", ast.RShift: "shr", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
}  # fmt: skip


@dataclass(slots=True)
class Walk:
    """The state of one walk over one function."""

    session: Session
    wanted: Specialisation
    checked: bool
    probing: bool = False
    variables: dict[str, Variable] = field(default_factory=dict)
    declared: dict[str, Type] = field(default_factory=dict)
    locals: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)  # while probing: names whose type was not found
    bound: set[str] | None = field(default_factory=set)
    breaks: list[list[set[str]]] = field(default_factory=list)
    errors: dict[str, Variable] = field(default_factory=dict)  # names of the exceptions being handled here
    error_names: set[str] = field(default_factory=set)  # and of those handled anywhere in the function
    handling: list[Variable | None] = field(default_factory=list)  # what a bare `raise` means, innermost last
    growing: set[str] = field(default_factory=set)  # names of lists that are made and appended to here
    untyped_lists: set[str] = field(default_factory=set)  # those of which it is not known yet what they hold
    ended_groups: set[str] = field(default_factory=set)  # names of task groups whose `async with` is over
    reads_underscore: bool = False  # if not, `_` takes values of any type
    skipped_return: bool = False  # while probing: a `return` with a value could not be typed
    unpacked: ast.expr | None = None  # a tuple that is assigned item by item, and is never made
    first_error: CompileError | None = None  # while probing
    causes: set[str] = field(default_factory=set)  # while probing: of ResultUnknown

    @property
    def source(self) -> Source:
        return self.wanted.source

    @property
    def device(self) -> bool:
        return self.session.device

    def refuse(self, node: ast.AST, message: str, hint: str) -> CompileError:
        return CompileError(message, self.source.span(node), hint)

    def bind(self, name: str) -> None:
        if self.bound is not None:
            self.bound.add(name)


def infer_function(session: Session, wanted: Specialisation) -> tree.Function:
    """Walk a function for good.

    Raises:
        CompileError: it is refused.
        ResultUnknown: its own result type is needed before a `return` has given it.
        WalkAgain: something was learnt that the walk needed from its start.
    """
    from coro2cuda.frontend.infer_lists import check_growing, walk_again

    walk, declared = _open(session, wanted), wanted.result
    check_growing(walk)
    wanted.callees.clear()
    body = block(walk, wanted.source.node.body)
    if walk.untyped_lists:
        wanted.result = declared
        raise walk_again(walk)
    result = wanted.result if wanted.result is not None else none
    if walk.bound is not None and not isinstance(result, NoneValue):
        raise CompileError(
            f"'{wanted.source.name}' returns {spelled(result)} on some paths and ends without `return` on another",
            wanted.source.head(),
            "end it with a `return` that has a value",
        )
    wanted.result = result
    parameters = tuple(walk.variables[spec.name] for spec in signature(wanted.source.function))
    return tree.Function(
        name=wanted.name,
        title=wanted.source.name,
        span=wanted.source.head(),
        is_coroutine=isinstance(wanted.source.node, ast.AsyncFunctionDef),
        parameters=parameters,
        result=result,
        body=tuple(body),
        cold=hasattr(wanted.source.function, "__coro2cuda_cold__"),
        unchecked=session.device,
    )


def probe_result(session: Session, wanted: Specialisation) -> Type:
    """The result type of a recursive function, from the returns that can be typed without it.

    Raises:
        CompileError: there are none, and no caller's result could help.
        ResultUnknown: it depends on a caller's.
    """
    walk = _open(session, wanted)
    walk.probing = True
    block(walk, wanted.source.node.body)
    if wanted.result is not None:
        return wanted.result
    if not walk.skipped_return:
        return none
    causes = walk.causes - {wanted.name}
    if causes:
        raise ResultUnknown(*causes)
    raise walk.first_error or CompileError(
        f"the result type of '{wanted.source.name}' depends on itself",
        wanted.source.head(),
        "annotate it: `async def ...(...) -> int:`",
    )


def _open(session: Session, wanted: Specialisation) -> Walk:
    walk = Walk(session, wanted, checked=bool(wanted.options.get("boundscheck", True)) and not session.device)
    specs = signature(wanted.source.function)
    for spec, type in zip(specs, wanted.types, strict=True):
        walk.variables[spec.name] = Variable(spec.name, type, parameter=True)
        if spec.type is not None:
            walk.declared[spec.name] = type
        walk.bind(spec.name)
    walk.locals = {spec.name for spec in specs}
    for node in ast.walk(wanted.source.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            walk.locals.add(node.id)
        elif isinstance(node, ast.Name) and node.id == "_":
            walk.reads_underscore = True
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            _declare(walk, node, node.target.id)
        if isinstance(node, ast.ExceptHandler) and node.name is not None:
            walk.error_names.add(node.name)
    walk.locals |= walk.error_names
    walk.growing = growing_lists(wanted.source.node)
    return walk


def _declare(walk: Walk, node: ast.AnnAssign, name: str) -> None:
    type = of_node(walk.source, node.annotation, f"'{name}'")
    known = walk.declared.get(name, walk.variables[name].type if name in walk.variables else None)
    if known is not None and known != type:
        raise walk.refuse(node, f"'{name}' is declared {spelled(type)} here and {spelled(known)} elsewhere",
                          "one name has one type: use another name")  # fmt: skip
    walk.declared[name] = type


# --- blocks and flow -------------------------------------------------------------------------------------------------


def block(walk: Walk, statements: Sequence[ast.stmt]) -> list[tree.Statement]:
    """Infer statements up to the first that does not fall through; what follows it can never run."""
    made: list[tree.Statement] = []
    for statement in statements:
        if walk.bound is None:
            break
        if not walk.probing:
            made += _statement(walk, statement)
            continue
        try:
            made += _statement(walk, statement)
        except CompileError as error:
            walk.first_error = walk.first_error or error
            _skip(walk, statement)
        except ResultUnknown as unknown:
            walk.causes |= unknown.causes
            _skip(walk, statement)
        except WalkAgain:
            _skip(walk, statement)
    return made


def _skip(walk: Walk, statement: ast.stmt) -> None:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            walk.bind(node.id)
            if node.id not in walk.variables:
                walk.unknown.add(node.id)
        if isinstance(node, ast.Return) and node.value is not None:
            walk.skipped_return = True
    if isinstance(statement, ast.Return | ast.Raise):
        walk.bound = None


def merged(left: set[str] | None, right: set[str] | None) -> set[str] | None:
    if left is None or right is None:
        return right if left is None else left
    return left & right


def copy_of(bound: set[str] | None) -> set[str] | None:
    return None if bound is None else set(bound)


def _statement(walk: Walk, node: ast.stmt) -> list[tree.Statement]:
    match node:
        case ast.Assign():
            return [_assign(walk, node)]
        case ast.AugAssign():
            return [_augmented(walk, node)]
        case ast.AnnAssign():
            return _annotated(walk, node)
        case ast.If():
            return [_if(walk, node)]
        case ast.While():
            return [_while(walk, node)]
        case ast.For():
            return _for_loop(walk, node)
        case ast.Expr():
            return _expression_statement(walk, node)
        case ast.Return():
            return [_return(walk, node)]
        case ast.Break():
            if walk.bound is not None:
                walk.breaks[-1].append(walk.bound)
            walk.bound = None
            return [tree.Break(walk.source.span(node))]
        case ast.Continue():
            walk.bound = None
            return [tree.Continue(walk.source.span(node))]
        case ast.AsyncWith():
            from coro2cuda.frontend import infer_sync

            return [infer_sync.async_with(walk, node)]
        case ast.Pass():
            return []
        case ast.Assert():
            return [_assert(walk, node)]
        case ast.Try():
            from coro2cuda.frontend.infer_errors import try_statement

            return [try_statement(walk, node)]
        case ast.Raise():
            from coro2cuda.frontend.infer_errors import raise_statement

            return [raise_statement(walk, node)]
        case _:
            name = type(node).__name__
            raise walk.refuse(node, f"`{name}` is not available in a coroutine", "use what docs/language.md lists")


def _test(walk: Walk, node: ast.expr) -> tuple[tree.Expression, Flow]:
    """A condition. While probing, one that cannot be typed does not hide the returns behind it."""
    from coro2cuda.frontend.infer_expressions import Flow, decide

    if not walk.probing:
        return decide(walk, node)
    try:
        return decide(walk, node)
    except (CompileError, ResultUnknown, WalkAgain):
        from coro2cuda.frontend.dtypes import boolean

        bound = walk.bound or set()
        return tree.Constant(walk.source.span(node), boolean, True), Flow(set(bound), set(bound))


def _if(walk: Walk, node: ast.If) -> tree.If:
    test, flow = _test(walk, node.test)
    walk.bound = flow.held
    body = block(walk, node.body)
    after_body, walk.bound = walk.bound, flow.failed
    orelse = block(walk, node.orelse)
    walk.bound = merged(after_body, walk.bound)
    return tree.If(walk.source.span(node), test, tuple(body), tuple(orelse))


def _loop(walk: Walk, body: Sequence[ast.stmt]) -> tuple[list[tree.Statement], list[set[str]]]:
    walk.breaks.append([])
    made = block(walk, body)
    return made, walk.breaks.pop()


def _while(walk: Walk, node: ast.While) -> tree.While:
    test, flow = _test(walk, node.test)
    endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
    walk.bound = flow.held
    body, breaks = _loop(walk, node.body)
    walk.bound = None if endless else flow.failed
    orelse = block(walk, node.orelse)
    for state in breaks:
        walk.bound = merged(walk.bound, state)
    return tree.While(walk.source.span(node), test, tuple(body), tuple(orelse))


def _for_loop(walk: Walk, node: ast.For) -> list[tree.Statement]:
    from coro2cuda.frontend.infer_loops import counted

    if (found := counted(walk, node)) is not None:
        counter, loop = found
        return [_assign(walk, counter), _for(walk, loop)]
    return [_for(walk, node)]


def _for(walk: Walk, node: ast.For) -> tree.Statement:
    from coro2cuda.frontend.infer_loops import iteration

    make = iteration(walk, node)
    before = copy_of(walk.bound)
    for name in _stored(node.target):
        walk.bind(name)
    body, breaks = _loop(walk, node.body)
    walk.bound = before
    orelse = block(walk, node.orelse)
    for state in breaks:
        walk.bound = merged(walk.bound, state)
    return make(tuple(body), tuple(orelse))


def _stored(target: ast.expr) -> list[str]:
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


# --- simple statements -----------------------------------------------------------------------------------------------


def _expression_statement(walk: Walk, node: ast.Expr) -> list[tree.Statement]:
    from coro2cuda.frontend.infer_awaits import await_call
    from coro2cuda.frontend.infer_expressions import expression
    from coro2cuda.frontend.infer_lists import append
    from coro2cuda.frontend.infer_sync import until
    from coro2cuda.frontend.infer_tasks import task_call

    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return []
    if isinstance(node.value, ast.Await):
        if (loop := until(walk, node.value)) is not None:
            return [_while(walk, loop)]
        return [tree.ExpressionStatement(walk.source.span(node), await_call(walk, node.value, used=False))]
    task = task_call(walk, node.value, used=False) if isinstance(node.value, ast.Call) else None
    grown = append(walk, node.value) if isinstance(node.value, ast.Call) else None
    value = grown or task or numbers.strong(expression(walk, node.value))
    return [tree.ExpressionStatement(walk.source.span(node), value)]


def _return(walk: Walk, node: ast.Return) -> tree.Return:
    from coro2cuda.frontend.infer_expressions import declared_as, expression

    span, wanted = walk.source.span(node), walk.wanted
    value = None
    if isinstance(node.value, ast.IfExp) and wanted.declared is not None:
        value = declared_as(walk, node.value, wanted.declared, f"the result of '{walk.source.name}'")
    elif node.value is not None:
        value = expression(walk, node.value)
    if value is None or isinstance(value.type, NoneValue):
        if wanted.result is not None and not isinstance(wanted.result, NoneValue):
            raise walk.refuse(node, f"'{walk.source.name}' returns {spelled(wanted.result)} and here None",
                              "return a value on every path")  # fmt: skip
        wanted.result = none
    else:
        value = _returned(walk, node, value)
        wanted.result = value.type
    walk.bound = None
    return tree.Return(span, value)


def _returned(walk: Walk, node: ast.Return, value: tree.Expression) -> tree.Expression:
    """The value as the declared type; without one, all returns have the type of the first."""
    from coro2cuda.frontend.infer_targets import told_apart

    known = walk.wanted.result
    if walk.wanted.declared is not None:
        return numbers.fit(value, walk.wanted.declared, f"the result of '{walk.source.name}'")
    value = numbers.strong(value)
    if known is not None and value.type != known:
        message = f"'{walk.source.name}' returns {told_apart(known, value.type)} elsewhere and here "
        hint = f", or convert here: `{spelled(known)}(...)`" if isinstance(known, Scalar) else ""
        raise walk.refuse(node, message + told_apart(value.type, known), f"annotate the result{hint}")
    return value


def _assert(walk: Walk, node: ast.Assert) -> tree.Assert:
    test, flow = _test(walk, node.test)
    walk.bound = flow.held
    message = ""
    if node.msg is not None:
        if not isinstance(node.msg, ast.Constant) or not isinstance(node.msg.value, str):
            raise walk.refuse(node.msg, "the message of an `assert` must be a literal string", "print values before it")
        message = node.msg.value
    return tree.Assert(walk.source.span(node), test, message)


# --- assignment ------------------------------------------------------------------------------------------------------


def _assign(walk: Walk, node: ast.Assign) -> tree.Statement:
    from coro2cuda.frontend.infer_expressions import declared_as, expression
    from coro2cuda.frontend.infer_lists import empty_list
    from coro2cuda.frontend.infer_targets import target, wanted_type

    wanted = wanted_type(walk, node.targets[0], Number(0)) if isinstance(node.value, ast.IfExp) else None
    if wanted is not None:
        type, what, wraps = wanted
        value = declared_as(walk, node.value, type, what, wraps=wraps)
    else:
        walk.unpacked = node.value if len(node.targets) == 1 and isinstance(node.targets[0], ast.Tuple) else None
        empty = None
        if isinstance(node.value, ast.List):
            (name,) = node.targets
            assert isinstance(name, ast.Name), "`syntax` refuses others"
            empty = empty_list(walk, node.value, name.id)
        if empty is None and isinstance(node.value, ast.List):
            nothing = tree.Constant(walk.source.span(node), none, None)
            return tree.ExpressionStatement(nothing.span, nothing)
        value = empty or _made(walk, node.value, node.targets[0]) or expression(walk, node.value)
    value = _suited(walk, node.targets, value)
    targets = tuple(target(walk, one, value) for one in node.targets)
    return tree.Assign(walk.source.span(node), targets, value)


def _made(walk: Walk, node: ast.expr, target: ast.expr) -> tree.Expression | None:
    """A queue that takes the type of its items from the name it goes to: `q: Queue[i32] = Queue(8)`."""
    from coro2cuda.frontend import infer_sync

    if isinstance(node, ast.Call) and isinstance(target, ast.Name) and target.id in walk.declared:
        made = infer_sync.maker(walk, node)
        if made is not None:
            return infer_sync.make(walk, node, *made, declared=walk.declared[target.id])
    return None


def _suited(walk: Walk, targets: Sequence[ast.expr], value: tree.Expression) -> tree.Expression:
    """The value with the type that all targets want; the first that declares one decides."""
    from coro2cuda.frontend.infer_targets import wanted_type

    for one in targets:
        found = wanted_type(walk, one, value.type)
        if found is not None:
            type, what, wraps = found
            return numbers.fit(value, type, what, wraps=wraps)
    if isinstance(value.type, Tuple) and isinstance(value, tree.TupleDisplay):
        return _suited_items(walk, targets, value)
    return numbers.strong(value)


def _suited_items(walk: Walk, targets: Sequence[ast.expr], value: tree.TupleDisplay) -> tree.Expression:
    """`x, y = 0, a`: literal items take the types of the targets they go to."""
    items = list(value.items)
    for one in targets:
        if isinstance(one, ast.Tuple) and len(one.elts) == len(items):
            items = [_suited(walk, [part], item) for part, item in zip(one.elts, items, strict=True)]
    return numbers.strong(tree.TupleDisplay(value.span, Tuple(tuple(item.type for item in items)), tuple(items)))


def _annotated(walk: Walk, node: ast.AnnAssign) -> list[tree.Statement]:
    from coro2cuda.frontend.infer_expressions import declared_as
    from coro2cuda.frontend.infer_lists import empty_list
    from coro2cuda.frontend.infer_targets import target

    if not isinstance(node.target, ast.Name):
        raise walk.refuse(node, "only names can be annotated", "an array's elements have its type: leave it out")
    if node.value is None:
        return []
    name = node.target.id
    made = _made(walk, node.value, node.target)
    if isinstance(node.value, ast.List):
        made = empty_list(walk, node.value, name)
    if made is None:
        value = declared_as(walk, node.value, walk.declared[name], f"'{name}'", wraps=True)
    else:
        value = numbers.fit(made, walk.declared[name], f"'{name}'")
    return [tree.Assign(walk.source.span(node), (target(walk, node.target, value),), value)]


def _augmented(walk: Walk, node: ast.AugAssign) -> tree.Statement:
    from coro2cuda.frontend.infer_expressions import expression, operate_types
    from coro2cuda.frontend.infer_targets import read_type, target_of_type

    op = OPERATORS[type(node.op)]
    before, declared = read_type(walk, node.target)
    span = walk.source.span(node)
    if isinstance(before, Pointer):
        raise walk.refuse(node, "a pointer cannot be moved in place", "assign the sum to it")
    if not isinstance(before, Scalar):
        raise walk.refuse(node, f"`{_symbol(op)}=` is not available on {spelled(before)}", "write the loop out")
    value = expression(walk, node.value)
    type_of, value = operate_types(walk, node, op, before, value)
    if not declared and type_of != before:
        raise walk.refuse(
            node,
            f"'{ast.unparse(node.target)}' is {spelled(before)} and `{_symbol(op)}=` makes it {spelled(type_of)}",
            _change_hint(node, before, type_of),
        )
    if type_of.is_float and not before.is_float:
        raise walk.refuse(
            node, f"'{ast.unparse(node.target)}' is {spelled(before)} and `{_symbol(op)}=` makes it {spelled(type_of)}",
            f"convert the value: `{spelled(before)}(...)`",
        )  # fmt: skip
    made = target_of_type(walk, node.target)
    return tree.AugAssign(span, made, op, value, type_of)


def _change_hint(node: ast.AugAssign, before: Scalar, after: Scalar) -> str:
    if isinstance(node.target, ast.Name):
        return f"start it as {spelled(after)}, or convert the value to {spelled(before)}"
    return f"convert the value: `{spelled(before)}(...)`"


def _symbol(op: tree.BinaryOp) -> str:
    return {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "shl": "<<",
            "shr": ">>", "and": "&", "or": "|", "xor": "^"}[op]  # fmt: skip


__all__ = ["Array", "Number", "Walk", "block", "infer_function", "probe_result", "promote"]
