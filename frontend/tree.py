"""The typed tree: what inference makes of a function, and all that lowering sees of Python.

Every expression has a `type` that is never a `Number` (literals have been given their type) and every conversion is
a `Convert` node, so that lowering never asks what Python would do with two types. Evaluation order is the order of the
fields; an expression is evaluated once. Names are `Variable`s: one function, one name, one type.

A function is one specialisation: `Function.name` is unique in a `Module` and calls refer to it.
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, final

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Type

UnaryOp = Literal["neg", "not", "invert"]
BinaryOp = Literal["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "shl", "shr", "and", "or", "xor"]
CompareOp = Literal["eq", "ne", "lt", "le", "gt", "ge"]


@final
@dataclass(eq=False, slots=True)
class Variable:
    """A local name. Two Variables are the same only if they are the same object."""

    name: str
    type: Type
    parameter: bool = False


# --- expressions -----------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Constant:
    """A value of the type: bool, int or float (Python's), a tuple of these, or None."""

    span: Span
    type: Type
    value: Any


@final
@dataclass(frozen=True, slots=True)
class Name:
    span: Span
    type: Type
    variable: Variable


@final
@dataclass(frozen=True, slots=True)
class Captured:
    """An array bound to a closure or module name: argument `index` of `Module.captured`, the same for all tasks."""

    span: Span
    type: Type
    index: int


@final
@dataclass(frozen=True, slots=True)
class Convert:
    """To another scalar type, or a handle read from a list of tasks to a task. `checked`: float to integer raises
    ValueError for NaN, OverflowError out of range."""

    span: Span
    type: Type
    operand: Expression
    checked: bool = False


@final
@dataclass(frozen=True, slots=True)
class Unary:
    """The operand has the type of the result (`not`: bool)."""

    span: Span
    type: Type
    op: UnaryOp
    operand: Expression


@final
@dataclass(frozen=True, slots=True)
class Binary:
    """Both operands have the type of the result. `truediv` is on floats only. Division by zero raises
    ZeroDivisionError, a negative shift count or a negative integer exponent ValueError; `pow` on floats is Python's
    for real results (a negative base with a fractional exponent raises ValueError)."""

    span: Span
    type: Type
    op: BinaryOp
    left: Expression
    right: Expression


@final
@dataclass(frozen=True, slots=True)
class Link:
    """One `op right` of a comparison chain; both sides are converted to `type` and compared there. `type` None: the
    sides are an i64 (or narrower signed) and a u64 and are compared by value as they are."""

    op: CompareOp
    type: Type | None
    right: Expression


@final
@dataclass(frozen=True, slots=True)
class Compare:
    """`first op right op right ...`: each operand once, left to right, until one comparison fails."""

    span: Span
    type: Type
    first: Expression
    links: tuple[Link, ...]


@final
@dataclass(frozen=True, slots=True)
class Boolean:
    """`and` / `or` with short circuit. All values have the node's type; the result is the deciding value."""

    span: Span
    type: Type
    op: Literal["and", "or"]
    values: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Conditional:
    span: Span
    type: Type
    test: Expression
    then: Expression
    orelse: Expression


@final
@dataclass(frozen=True, slots=True)
class Walrus:
    span: Span
    type: Type
    variable: Variable
    value: Expression


@final
@dataclass(frozen=True, slots=True)
class Element:
    """`array[i]`, `array[i, j]`: as many i64 indices as dimensions; negative ones count from the end.
    `checked`: IndexError out of range."""

    span: Span
    type: Type
    array: Expression
    indices: tuple[Expression, ...]
    checked: bool = True


@final
@dataclass(frozen=True, slots=True)
class Range:
    """`start:stop:step` in a subscript, parts i64 or None. Clips as Python does; step 0 raises ValueError."""

    start: Expression | None
    stop: Expression | None
    step: Expression | None


@final
@dataclass(frozen=True, slots=True)
class View:
    """A part of an array that shares its memory: an index drops its axis, a Range keeps it; axes left out are kept."""

    span: Span
    type: Type
    array: Expression
    items: tuple[Expression | Range, ...]
    checked: bool = True


@final
@dataclass(frozen=True, slots=True)
class Extent:
    """`array.shape[axis]`, also `len(array)` (axis 0); i64."""

    span: Span
    type: Type
    array: Expression
    axis: int


@final
@dataclass(frozen=True, slots=True)
class TupleDisplay:
    span: Span
    type: Type
    items: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Item:
    """`tuple[index]` with an index known here."""

    span: Span
    type: Type
    operand: Expression
    index: int


@final
@dataclass(frozen=True, slots=True)
class PickItem:
    """`tuple[index]` with a run-time i64 index; all elements have the node's type. IndexError out of range."""

    span: Span
    type: Type
    operand: Expression
    index: Expression


@final
@dataclass(frozen=True, slots=True)
class Call:
    """A plain function of the module, or one compiled by Numba."""

    span: Span
    type: Type
    function: str
    arguments: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of the table `builtins`. Its operands are converted as the table says.

    min max (two or more values of the node's type; Python's rule: the first wins unless a later one is less/greater),
    abs, round (to int: half to even), divmod (a tuple), sum (of an array; sum of a tuple is unrolled by inference),
    math.NAME (operands and result f32, or f64; or isnan, isinf, isfinite: bool),
    atomic_NAME (array, indices..., value[, expected first for cas] -> the old value; NAME: add sub min max and or xor
    exchange cas), bit_cast (one operand, as wide as the node's type), and in device Python `device.NAME`.
    """

    span: Span
    type: Type
    name: str
    arguments: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Print:
    """`print(...)`: literal text and values, in order, with their separators already in the text."""

    span: Span
    type: Type
    parts: tuple[str | Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Await:
    """`await f(x)`: run another coroutine of the module inside this task."""

    span: Span
    type: Type
    coroutine: str
    arguments: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Gather:
    """`await gather(f(a), g(b), ...)`: a task for each call; goes on when all are done, with a tuple of their results
    in order (None-typed where a coroutine returns nothing). All arguments are evaluated first, in order."""

    span: Span
    type: Type
    calls: tuple[tuple[str, tuple[Expression, ...]], ...]


@final
@dataclass(frozen=True, slots=True)
class GatherTasks:
    """`await gather(t, u, f(a), ...)`: wait for all of these tasks; a tuple of their results in order, or none."""

    span: Span
    type: Type
    tasks: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class GatherEach:
    """`await gather(*[f(x) for x in ... if test])`: a task for each item of `loop`, which has no body; `test` and
    `arguments` are those of one call, in terms of the loop's variables, and have no effects. `results` says what
    becomes of the results: none are wanted, they are added up (integers), or kept in a list."""

    span: Span
    type: Type
    coroutine: str
    loop: ForRange | ForArray
    test: Expression | None
    arguments: tuple[Expression, ...]
    results: Literal["none", "sum", "list"]


@final
@dataclass(frozen=True, slots=True)
class CreateTask:
    """`create_task(f(x))`, or `group.create_task(f(x))`: begin a coroutine as a task of its own. `type` is a Reference
    to the task, or none if it is not used."""

    span: Span
    type: Type
    coroutine: str
    arguments: tuple[Expression, ...]
    group: Expression | None = None


@final
@dataclass(frozen=True, slots=True)
class TaskList:
    """`[create_task(f(i)) for i in ...]`: a list of the tasks. `loop` has no body; it binds what `task` needs."""

    span: Span
    type: Type
    loop: ForRange | ForArray
    task: CreateTask


@final
@dataclass(frozen=True, slots=True)
class EmptyList:
    """`[]`, to which tasks are appended."""

    span: Span
    type: Type


@final
@dataclass(frozen=True, slots=True)
class Append:
    """`tasks.append(task)`."""

    span: Span
    type: Type
    list: Expression
    task: Expression


@final
@dataclass(frozen=True, slots=True)
class JoinAll:
    """`await gather(*tasks)`: wait for all tasks of a list; `results` as in GatherEach."""

    span: Span
    type: Type
    tasks: Expression
    results: Literal["none", "sum", "list"]


@final
@dataclass(frozen=True, slots=True)
class ListView:
    """The elements of a list as an array of its memory; of a list of tasks, their handles (u32)."""

    span: Span
    type: Type
    operand: Expression


@final
@dataclass(frozen=True, slots=True)
class Reschedule:
    """`await reschedule()`."""

    span: Span
    type: Type


@final
@dataclass(frozen=True, slots=True)
class MakeObject:
    """`Event()`, `Semaphore(3)`, `Queue[i32](8)`: `type` is the Reference; arguments are i64, or a condition's lock."""

    span: Span
    type: Type
    arguments: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Operation:
    """A method or attribute of a synchronisation object that does not wait (`frontend.objects`)."""

    span: Span
    type: Type
    op: str
    object: Expression
    arguments: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Wait:
    """An awaited method of a synchronisation object, `await lock.acquire()`, or a task that is awaited; or `sleep`,
    whose object is the seconds."""

    span: Span
    type: Type
    op: str
    object: Expression
    arguments: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class WaitFor:
    """`await wait_for(f(x), seconds)`: what is awaited, if it comes in time. `before` are those of its
    arguments that must be evaluated before the seconds are."""

    span: Span
    type: Type
    before: tuple[Walrus, ...]
    seconds: Expression
    awaited: Expression


@final
@dataclass(frozen=True, slots=True)
class Address:
    """Device Python: the address `base + index * (bytes of base's target) + offset`; its type is a Pointer.

    `struct.field` is an Address with `offset`, `pointer[i]` one with `index` (an integer of any type, or None for 0);
    where the target is a scalar, inference puts a `LoadAddress` around it or an `AddressTarget`."""

    span: Span
    type: Type
    base: Expression
    index: Expression | None
    offset: int = 0


@final
@dataclass(frozen=True, slots=True)
class LoadAddress:
    span: Span
    type: Type
    address: Expression


Expression = (
    Constant | Name | Captured | Convert | Unary | Binary | Compare | Boolean | Conditional | Walrus | Element | View
    | Extent | TupleDisplay | Item | PickItem | Call | Builtin | Print | Await | Gather | GatherTasks | GatherEach
    | CreateTask | TaskList | EmptyList | Append | JoinAll | ListView | Reschedule | MakeObject | Operation | Wait
    | WaitFor | Address | LoadAddress
)  # fmt: skip


# --- statements ------------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class NameTarget:
    variable: Variable


@final
@dataclass(frozen=True, slots=True)
class ElementTarget:
    """The value stored has the array's element type."""

    span: Span
    array: Expression
    indices: tuple[Expression, ...]
    checked: bool = True


@final
@dataclass(frozen=True, slots=True)
class ViewTarget:
    """`a[i:j] = value`: the value is a scalar of the element type, or an array of the same element type and the view's
    dimension (ValueError at run time if the extents differ; overlapping views copy as if through a buffer is not
    promised: inference refuses a value that names the same array)."""

    span: Span
    view: View


@final
@dataclass(frozen=True, slots=True)
class AddressTarget:
    address: Expression


@final
@dataclass(frozen=True, slots=True)
class TupleTarget:
    """Unpacks a tuple value, item by item, left to right."""

    targets: tuple[Target, ...]


Target = NameTarget | ElementTarget | ViewTarget | AddressTarget | TupleTarget


@final
@dataclass(frozen=True, slots=True)
class Assign:
    """The value first, then the targets left to right, as Python does. Values already have the targets' types."""

    span: Span
    targets: tuple[Target, ...]
    value: Expression


@final
@dataclass(frozen=True, slots=True)
class AugAssign:
    """`target op= value`: the target's array and indices once, then its value, then `value`, then the store. The
    operation is done in `type`; the target's value is converted to it and the result back."""

    span: Span
    target: Target
    op: BinaryOp
    value: Expression
    type: Type


@final
@dataclass(frozen=True, slots=True)
class ExpressionStatement:
    span: Span
    value: Expression


@final
@dataclass(frozen=True, slots=True)
class If:
    span: Span
    test: Expression
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


@final
@dataclass(frozen=True, slots=True)
class While:
    span: Span
    test: Expression
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


@final
@dataclass(frozen=True, slots=True)
class ForRange:
    """`for variable in range(start, stop, step)`: bounds are evaluated once, in `variable`'s integer type; the
    variable keeps its last value and is untouched if the loop never runs; assigning it in the body does not change the
    iteration; step 0 raises ValueError. `step` is a Constant where the source has none."""

    span: Span
    variable: Variable
    start: Expression
    stop: Expression
    step: Expression
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


@final
@dataclass(frozen=True, slots=True)
class ForArray:
    """`for target in array`: elements of a 1-D array, or views of dimension ndim - 1; the length is read once."""

    span: Span
    target: Target
    array: Expression
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


@final
@dataclass(frozen=True, slots=True)
class ForTuple:
    """`for target in tuple`: all elements have one type."""

    span: Span
    target: Target
    operand: Expression
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


@final
@dataclass(frozen=True, slots=True)
class Break:
    span: Span


@final
@dataclass(frozen=True, slots=True)
class Continue:
    span: Span


@final
@dataclass(frozen=True, slots=True)
class Return:
    span: Span
    value: Expression | None


@final
@dataclass(frozen=True, slots=True)
class Assert:
    span: Span
    test: Expression
    message: str


@final
@dataclass(frozen=True, slots=True)
class Guarded:
    """`async with lock:`: `variable` holds the object, `enter` waits for it, `leave` is done on every way out of the
    body; None is nothing. A task group is waited for on the way out."""

    span: Span
    variable: Variable
    object: Expression
    enter: Wait | None
    leave: Operation | Wait | None
    body: tuple[Statement, ...]


@final
@dataclass(frozen=True, slots=True)
class Timeout:
    """`async with timeout(seconds):`"""

    span: Span
    seconds: Expression
    body: tuple[Statement, ...]


# What the language itself raises: the first entries of every table of classes.
LANGUAGE_ERRORS: Final[tuple[type[BaseException], ...]] = (
    ZeroDivisionError, IndexError, ValueError, OverflowError, AssertionError
)  # fmt: skip


def class_name(kind: type) -> str:
    """The name a class has in tables: bare if it is built in, else with its module."""
    bare = getattr(builtins, kind.__name__, None) is kind
    return kind.__name__ if bare else f"{kind.__module__}:{kind.__qualname__}"


@final
@dataclass(frozen=True, slots=True)
class ErrorText:
    """An argument of an exception that is text: an f-string's parts, in order."""

    parts: tuple[str | Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Raise:
    """`raise E(...)`: `kind` indexes `Module.classes`. `cause`: the error of `from e`; `suppress`: `from None`."""

    span: Span
    kind: int
    arguments: tuple[Expression | ErrorText, ...]
    cause: Variable | None = None
    suppress: bool = False


@final
@dataclass(frozen=True, slots=True)
class RaiseAgain:
    """`raise` in a handler, or `raise e` (`named`: that adds its line to the traceback, and may have a cause)."""

    span: Span
    error: Variable
    named: bool = False
    cause: Variable | None = None
    suppress: bool = False


@final
@dataclass(frozen=True, slots=True)
class Handler:
    """`except (A, B) as e:`; `classes` are indices of `Module.classes`, None for all. `error` is the exception, also
    where it has no name."""

    span: Span
    classes: tuple[int, ...] | None
    error: Variable
    body: tuple[Statement, ...]


@final
@dataclass(frozen=True, slots=True)
class Try:
    span: Span
    body: tuple[Statement, ...]
    handlers: tuple[Handler, ...]
    orelse: tuple[Statement, ...]
    final: tuple[Statement, ...]


Statement = (
    Assign | AugAssign | ExpressionStatement | If | While | ForRange | ForArray | ForTuple | Break | Continue | Return
    | Assert | Guarded | Timeout | Raise | RaiseAgain | Try
)  # fmt: skip


# --- functions -------------------------------------------------------------------------------------------------------


@final
@dataclass(slots=True)
class Function:
    """One specialisation of a coroutine or of a plain helper.

    `name` is unique in the module (`collatz(i32)`, `slab.flight(f32, i64)`), `title` is what the user calls it.
    """

    name: str
    title: str
    span: Span
    is_coroutine: bool
    parameters: tuple[Variable, ...]
    result: Type
    body: tuple[Statement, ...]
    cold: bool = False  # it runs rarely: not to be inlined
    unchecked: bool = False  # device Python: nothing is tested, nothing can be raised


@final
@dataclass(slots=True)
class Module:
    """A root coroutine with all it reaches. `captured` are the host arrays bound to global and closure names, `classes`
    the exception classes it raises and handles, after LANGUAGE_ERRORS.

    `sources` are the texts that took part (a digest of each file's functions) for the cache key; `numba` holds the
    LLVM IR of functions that only Numba could compile, by name. `cancels`: tasks may be cancelled."""

    root: str
    functions: dict[str, Function]
    captured: list[Any] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    numba: dict[str, str] = field(default_factory=dict)
    classes: tuple[type[BaseException], ...] = LANGUAGE_ERRORS
    cancels: bool = False


# --- walking ----------------------------------------------------------------------------------------------------------


def children(node: Any) -> Iterator[Any]:
    """The typed-tree nodes directly below a node, in the order of evaluation."""
    if isinstance(node, Gather):
        yield from (argument for _, arguments in node.calls for argument in arguments)
        return
    for name in _child_fields(node.__class__):
        value = getattr(node, name)
        if isinstance(value, tuple):
            yield from (item for item in value if _is_node(item))
        elif _is_node(value):
            yield value


def walk(node: Any) -> Iterator[Any]:
    """A node and all below it, in the order of evaluation."""
    yield node
    for child in children(node):
        yield from walk(child)


_LEAVES = {"span", "type", "variable", "op", "name", "function", "coroutine", "checked", "message", "axis"}


@functools.cache
def _child_fields(kind: type) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind) if item.name not in _LEAVES)


def _is_node(value: Any) -> bool:
    return type(value).__module__ == __name__ and not isinstance(value, Variable)
