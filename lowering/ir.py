"""The intermediate representation: a control-flow graph over mutable typed locals, with suspension explicit.

Laws
* A `Function` has blocks; the first is the entry. A block is a list of ops and ends in exactly one terminator.
* Locals are mutable and typed; a local is defined before it is used on every path (`verify` checks it). There is no
  phi: LLVM makes SSA of it.
* Ops never branch or suspend. What can fail is tested by the builder with a `Branch` to a block that ends in `Raise`,
  or makes the error and goes to its handler. What can suspend is a terminator.
* An exception in flight is an *error*: a u32 that names a record (`abi`), never 0. It is born by `MakeError`, by a
  `Call` that says where its callee's goes, or on the `unwind` edge of an Await or Fork; it ends in `Throw` or is
  forgotten.
* An op tells what it reads (`sources()`), what it writes (`dest`) and whether it may be dropped when `dest` is dead
  (`pure`), so analyses never switch on op kinds.

Two stages share these types. Before `split`, a coroutine is one Function with `Reschedule` and `Await` terminators.
After it, it is several (`start`, one `resume` a state, `continuation`s) that no longer suspend: they `Reload` from the
frame on entry and `Spill` to it before they `Leave`; their terminators are Goto, Branch, Poll, Raise, Return and Leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, final

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import Scalar, Tuple, Type
from coro2cuda.frontend.tree import LANGUAGE_ERRORS, BinaryOp, CompareOp, UnaryOp
from coro2cuda.lowering.site import Site as Site

# --- operands --------------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Local:
    """A variable or temporary of one function; `index` is unique in it."""

    index: int
    name: str
    type: Type


@final
@dataclass(frozen=True, slots=True)
class Const:
    type: Type
    value: Any


@final
@dataclass(frozen=True, slots=True)
class Uniform:
    """A value that is the same for all tasks of a launch: entry `index` of the launch's argument block. It needs no
    frame slot: it is read again wherever it is used."""

    index: int
    type: Type


Operand = Local | Const | Uniform


# --- ops -------------------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Copy:
    dest: Local
    source: Operand
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.source,)


@final
@dataclass(frozen=True, slots=True)
class Unary:
    dest: Local
    op: UnaryOp
    operand: Operand
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.operand,)


@final
@dataclass(frozen=True, slots=True)
class Binary:
    """Operands and dest have one type. Integers wrap; `floordiv` and `mod` are Python's, the divisor is not zero (the
    builder checks) and INT_MIN // -1 wraps; shift counts are not negative (checked), those of the width or more give 0,
    or -1 for a negative value shifted right. `pow` of integers has an exponent that is not negative (checked)."""

    dest: Local
    op: BinaryOp
    left: Operand
    right: Operand
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.left, self.right)


@final
@dataclass(frozen=True, slots=True)
class Compare:
    """Operands have one scalar type, or are a signed integer and a u64, compared by value. Floats: unordered is False,
    except for `ne`."""

    dest: Local
    op: CompareOp
    left: Operand
    right: Operand
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.left, self.right)


@final
@dataclass(frozen=True, slots=True)
class Select:
    """`then if test else orelse`, both evaluated; test is bool."""

    dest: Local
    test: Operand
    then: Operand
    orelse: Operand
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.test, self.then, self.orelse)


@final
@dataclass(frozen=True, slots=True)
class Convert:
    """Between scalar types; also between a handle (u32) and a Reference. Integers wrap; float to integer truncates and
    saturates, NaN gives 0 (a checked conversion tests first); anything to bool is `!= 0`. Pointers convert to i64/u64
    and to other pointers."""

    dest: Local
    source: Operand
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.source,)


@final
@dataclass(frozen=True, slots=True)
class Pack:
    """A tuple of the operands."""

    dest: Local
    items: tuple[Operand, ...]
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return self.items


@final
@dataclass(frozen=True, slots=True)
class Extract:
    """Item `index` of a tuple."""

    dest: Local
    source: Operand
    index: int
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.source,)


@final
@dataclass(frozen=True, slots=True)
class MakeArray:
    """An array from the address of its first element, its extents and its strides in bytes (all i64). `strides` is
    empty where dest's type is contiguous."""

    dest: Local
    address: Operand
    extents: tuple[Operand, ...]
    strides: tuple[Operand, ...]
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.address, *self.extents, *self.strides)


@final
@dataclass(frozen=True, slots=True)
class ArrayPart:
    """`address` (a Pointer to the element type, space global), `extent` or `stride` (i64, bytes) of an array."""

    dest: Local
    part: Literal["address", "extent", "stride"]
    source: Operand
    axis: int = 0
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.source,)


@final
@dataclass(frozen=True, slots=True)
class Offset:
    """The address `base + index * scale + offset`, in bytes; index is an integer of any type, sign- or zero-extended.
    dest's type says what it points to."""

    dest: Local
    base: Operand
    index: Operand | None
    scale: int
    offset: int = 0
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.base,) if self.index is None else (self.base, self.index)


@final
@dataclass(frozen=True, slots=True)
class Load:
    """From the address; bool is a byte in memory."""

    dest: Local
    address: Operand
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.address,)


@final
@dataclass(frozen=True, slots=True)
class Store:
    address: Operand
    value: Operand
    dest = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.address, self.value)


AtomicOp = Literal["add", "sub", "min", "max", "and", "or", "xor", "exchange", "cas"]


@final
@dataclass(frozen=True, slots=True)
class Atomic:
    """A relaxed read-modify-write at device scope on a scalar in memory; dest, if any, gets the old value. `cas` stores
    `value` if the old value equals `expected`."""

    dest: Local | None
    op: AtomicOp
    address: Operand
    value: Operand
    expected: Operand | None = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.address, self.value) if self.expected is None else (self.address, self.value, self.expected)


@final
@dataclass(frozen=True, slots=True)
class Call:
    """A plain function. `raises`: it may end in an error, and then so does the caller, with `place` (if not negative)
    added to the traceback; or, if there is an `error` (u32), that gets the error, or 0, or STOP_IN_FLIGHT, and dest
    counts only where it is 0."""

    dest: Local | None
    function: str
    arguments: tuple[Operand, ...]
    raises: bool = True
    error: Local | None = None
    place: int = -1
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments


@final
@dataclass(frozen=True, slots=True)
class Intrinsic:
    """An operation of the table in `intrinsics`: `math.NAME`, `min`/`max`/`abs` of scalars, or `device.NAME`."""

    dest: Local | None
    name: str
    arguments: tuple[Operand, ...]
    pure: bool = True

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments


@final
@dataclass(frozen=True, slots=True)
class Print:
    """Append a record to the print buffer; `site` indexes `Program.formats`."""

    site: int
    arguments: tuple[Operand, ...]
    dest = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments


@final
@dataclass(frozen=True, slots=True)
class MakeObject:
    """A new synchronisation object of dest's type, with one reference; 0 if the heap is full. `argument` (u32) is its
    number or, for a condition, its lock (0: one of its own). `site` tells where it was made."""

    dest: Local
    argument: Operand
    site: int
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.argument,)


@final
@dataclass(frozen=True, slots=True)
class MakeError:
    """A new error (u32) of `Module.sites[site]` with the values that its arguments are made of."""

    dest: Local
    site: int
    arguments: tuple[Operand, ...] = ()
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments


@final
@dataclass(frozen=True, slots=True)
class MakeList:
    """A new list of dest's type with room for `length` (u32) elements; 0 if the heap is full. A list of numbers has
    that length at once, their values undefined; tasks are appended."""

    dest: Local
    length: Operand
    site: int
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.length,)


@final
@dataclass(frozen=True, slots=True)
class ListView:
    """The elements of a list as a contiguous array."""

    dest: Local
    source: Operand
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.source,)


@final
@dataclass(frozen=True, slots=True)
class ErrorIs:
    """Whether the error is of one of the classes (indices of `Module.classes`)."""

    dest: Local
    error: Operand
    classes: tuple[int, ...]
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.error,)


ErrorAction = Literal["trace", "chain", "cause", "root", "forget", "fail", "abort"]


@final
@dataclass(frozen=True, slots=True)
class Operate:
    """What is done with an object without waiting (`frontend.objects`), the first of the `arguments` (others are u32).
    dest (u32) gets the value, or which error it is (0: none). `item` is given, `taken` gets what is taken."""

    dest: Local | None
    op: str
    arguments: tuple[Operand, ...]
    item: Operand | None = None
    taken: Local | None = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments if self.item is None else (*self.arguments, self.item)


@final
@dataclass(frozen=True, slots=True)
class WasCancelled:
    """Whether the outcome (u32) of a Wait, or of `scope.poll`, is that the task is to get CancelledError."""

    dest: Local
    outcome: Operand
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return (self.outcome,)


@final
@dataclass(frozen=True, slots=True)
class Retain:
    """One reference more to the object, if there is one."""

    value: Operand
    dest = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.value,)


@final
@dataclass(frozen=True, slots=True)
class Release:
    """One reference less; the last one frees the object."""

    value: Operand
    dest = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.value,)


@final
@dataclass(frozen=True, slots=True)
class OnError:
    """What is done to an error.

    trace: add place `other` (u32) to its traceback        chain: it leaves the handler of error `other`: its context
    cause: its cause is error `other` (0: None)            forget: it was handled; its record is free again
    root: it ends root task `other` (u32)
    fail: it ends the coroutine of this framed frame       abort: nobody handles it: it ends the run (`other`: a code)

    The last two are made by split."""

    action: ErrorAction
    error: Operand
    other: Operand | None = None
    dest = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.error,) if self.other is None else (self.error, self.other)


# Ops that only split makes:


@final
@dataclass(frozen=True, slots=True)
class HasRoom:
    """Whether this warp has room for one more task a lane in `state` (i32), beyond what it keeps for a Fork."""

    dest: Local
    state: Operand
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.state,)


@final
@dataclass(frozen=True, slots=True)
class Reload:
    """Read a local back from this task's frame at a byte offset."""

    dest: Local
    offset: int
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return ()


@final
@dataclass(frozen=True, slots=True)
class Spill:
    """Write a value to the frame at a byte offset: this task's frame, or frame `frame` (u32) of another. `position`
    (u32), if given, is a run-time byte offset added to `offset`."""

    offset: int
    value: Operand
    frame: Operand | None = None
    position: Operand | None = None
    dest = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return tuple(source for source in (self.value, self.frame, self.position) if source is not None)


@final
@dataclass(frozen=True, slots=True)
class AllocateFrame:
    """The id (u32) of a frame from the warp's free list, or 0xFFFFFFFF if the pool is empty."""

    dest: Local
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return ()


@final
@dataclass(frozen=True, slots=True)
class Enqueue:
    """Make frame `frame` (u32) ready in `state` (i32): a child begins."""

    state: Operand
    frame: Operand
    dest = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.state, self.frame)


@final
@dataclass(frozen=True, slots=True)
class Join:
    """A child of frame `frame` (u32) is complete and its result is stored; dest (u32) gets what FRAME_PENDING was: if
    it counted 1, this child was the last one, and everything the others stored can be read."""

    dest: Local
    frame: Operand
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.frame,)


@final
@dataclass(frozen=True, slots=True)
class OwnFrame:
    """The id (u32) of the frame this function runs in."""

    dest: Local
    pure = True

    def sources(self) -> tuple[Operand, ...]:
        return ()


@final
@dataclass(frozen=True, slots=True)
class Start:
    """Run a coroutine's `start` function in this task's frame. `state` (i32) gets COMPLETED, and `dest` (None if the
    result is none) the result; or, if it suspended, `state` gets the state to leave with and `frame` (u32) the frame to
    be enqueued; or, if it failed, `state` gets FAILED and `frame` the error."""

    dest: Local | None
    state: Local
    frame: Local
    function: str
    arguments: tuple[Operand, ...]
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments


@final
@dataclass(frozen=True, slots=True)
class Park:
    """Wait for an object as `Wait` says; everything that is live has been spilled. dest (u32) gets 0: there is nothing
    to wait for; 1: this frame is parked, and may be running elsewhere already; 2 and more: which error it is. `state`
    is where a woken task goes on, `place` where in the frame an item lies that is given or taken, `held` its type."""

    dest: Local
    op: str
    arguments: tuple[Operand, ...]
    state: int
    place: int
    held: Type | None = None
    pure = False

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments


Op = (
    Copy | Unary | Binary | Compare | Select | Convert | Pack | Extract | MakeArray | ArrayPart | Offset | Load | Store
    | Atomic | Call | Intrinsic | Print | MakeObject | MakeList | ListView | Operate | WasCancelled | Retain | Release
    | MakeError | ErrorIs | OnError | HasRoom | Reload | Spill | AllocateFrame | Enqueue | Join | OwnFrame | Start
    | Park
)  # fmt: skip


# --- terminators -----------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Goto:
    """`bounded`, on a loop's back-edge: the loop polls elsewhere or ends after at most 65,536 turns, so
    `poll.guard_loops` need not count it."""

    target: int
    bounded: bool = False

    def sources(self) -> tuple[Operand, ...]:
        return ()

    def targets(self) -> tuple[int, ...]:
        return (self.target,)


@final
@dataclass(frozen=True, slots=True)
class Branch:
    """On a bool. `rare`: the `then` side is an error or slow path, laid out of line."""

    test: Operand
    then: int
    orelse: int
    rare: bool = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.test,)

    def targets(self) -> tuple[int, ...]:
        return (self.then, self.orelse)


@final
@dataclass(frozen=True, slots=True)
class Poll:
    """Look at the stop flag; if it is up, leave with STOPPED, else go on to the target."""

    target: int

    def sources(self) -> tuple[Operand, ...]:
        return ()

    def targets(self) -> tuple[int, ...]:
        return (self.target,)


@final
@dataclass(frozen=True, slots=True)
class Raise:
    """End the function with a new error of `Module.sites[site]`: MakeError, then Throw."""

    site: int

    def sources(self) -> tuple[Operand, ...]:
        return ()

    def targets(self) -> tuple[int, ...]:
        return ()


@final
@dataclass(frozen=True, slots=True)
class Throw:
    """End the function with an error, which goes to its caller."""

    error: Operand

    def sources(self) -> tuple[Operand, ...]:
        return (self.error,)

    def targets(self) -> tuple[int, ...]:
        return ()


@final
@dataclass(frozen=True, slots=True)
class Stop:
    """End the function because the run is being stopped."""

    def sources(self) -> tuple[Operand, ...]:
        return ()

    def targets(self) -> tuple[int, ...]:
        return ()


@final
@dataclass(frozen=True, slots=True)
class Return:
    """The result; None in a function whose result type is none. Before split also of a coroutine; after it of plain
    functions and, as COMPLETED with the value, of `start` functions."""

    value: Operand | None

    def sources(self) -> tuple[Operand, ...]:
        return () if self.value is None else (self.value,)

    def targets(self) -> tuple[int, ...]:
        return ()


@final
@dataclass(frozen=True, slots=True)
class Reschedule:
    """Suspend; go on at `resume` when the executor picks the task again."""

    resume: int
    span: Span

    def sources(self) -> tuple[Operand, ...]:
        return ()

    def targets(self) -> tuple[int, ...]:
        return (self.resume,)


@final
@dataclass(frozen=True, slots=True)
class Await:
    """Run another coroutine to its end, then go on at `resume` with its result in `dest` (None: no result wanted, or
    none). Suspends only if the callee does. `dest` is defined on entry to `resume`, not before.

    If the callee fails, go on at `unwind`, on entry to which `error` is defined; without one, `place` (if not negative)
    is added to the error's traceback and the error ends this function too."""

    dest: Local | None
    coroutine: str
    arguments: tuple[Operand, ...]
    resume: int
    span: Span
    unwind: int | None = None
    error: Local | None = None
    place: int = -1

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments

    def targets(self) -> tuple[int, ...]:
        return (self.resume,) if self.unwind is None else (self.resume, self.unwind)


@final
@dataclass(frozen=True, slots=True)
class Fork:
    """Run several coroutines as tasks of their own and go on at `resume` when all are complete, with the result of
    child i in `dests[i]` (None: no result wanted, or none). Child i takes `counts[i]` of the `arguments`, in order. The
    dests are defined on entry to `resume`, not before. `guards`, if any, has a bool for each child: where it is False
    the child is left out and its dest gets zero. Suspends if a child does. If children fail, the error is that of the
    first, and goes where an Await's goes once all are complete."""

    dests: tuple[Local | None, ...]
    coroutines: tuple[str, ...]
    counts: tuple[int, ...]
    arguments: tuple[Operand, ...]
    resume: int
    span: Span
    guards: tuple[Operand, ...] = ()
    unwind: int | None = None
    error: Local | None = None
    place: int = -1

    def sources(self) -> tuple[Operand, ...]:
        return (*self.arguments, *self.guards)

    def targets(self) -> tuple[int, ...]:
        return (self.resume,) if self.unwind is None else (self.resume, self.unwind)

    def calls(self) -> Iterator[tuple[Local | None, str, tuple[Operand, ...]]]:
        """Each child: where its result goes, the coroutine, its arguments."""
        first = 0
        for dest, coroutine, count in zip(self.dests, self.coroutines, self.counts, strict=True):
            yield dest, coroutine, self.arguments[first : first + count]
            first += count


@final
@dataclass(frozen=True, slots=True)
class Room:
    """See to it that there is room for one more task, of the coroutine; then go on at `resume`, which begins it by
    `Spawn`. Suspends only where there is none yet."""

    coroutine: str
    resume: int
    span: Span

    def sources(self) -> tuple[Operand, ...]:
        return ()

    def targets(self) -> tuple[int, ...]:
        return (self.resume,)


@final
@dataclass(frozen=True, slots=True)
class Spawn:
    """Begin a coroutine as a task that nobody waits for, and go on at once. It was preceded by `Room`."""

    coroutine: str
    arguments: tuple[Operand, ...]
    resume: int
    span: Span

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments

    def targets(self) -> tuple[int, ...]:
        return (self.resume,)


@final
@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for what `op` does with the object, the first of the `arguments` (others are u32), then go on at `resume`.
    `item` is given; `place` is the local whose slot holds it while the task waits, or the local that gets what is taken
    (`takes`), which is defined on entry to `resume`, not before, as is `outcome` (u32): 0, `abi.FIRST_ERROR` and the
    number of the error, TASK_FAILED or CANCELLED. May go on at once."""

    op: str
    arguments: tuple[Operand, ...]
    resume: int
    span: Span
    item: Operand | None = None
    place: Local | None = None
    outcome: Local | None = None

    @property
    def taken(self) -> Local | None:
        """The local that gets an item."""
        return self.place if self.item is None else None

    def sources(self) -> tuple[Operand, ...]:
        return self.arguments if self.item is None else (*self.arguments, self.item)

    def targets(self) -> tuple[int, ...]:
        return (self.resume,)


Suspension = Reschedule | Await | Fork | Room | Wait  # what may suspend


@final
@dataclass(frozen=True, slots=True)
class Leave:
    """After split: return to the executor. It enqueues `frame` (u32 operand; None: this frame) at `state` (i32), unless
    the state is negative (see `abi`). `release`: this frame goes back to the pool."""

    state: Operand
    frame: Operand | None = None
    release: bool = False

    def sources(self) -> tuple[Operand, ...]:
        return (self.state,) if self.frame is None else (self.state, self.frame)

    def targets(self) -> tuple[int, ...]:
        return ()


@final
@dataclass(frozen=True, slots=True)
class Continue:
    """After split: the coroutine is complete and has one caller, so go straight on in the caller's `continuation`
    function, in this frame, with the result (None if none is wanted)."""

    function: str
    value: Operand | None

    def sources(self) -> tuple[Operand, ...]:
        return () if self.value is None else (self.value,)

    def targets(self) -> tuple[int, ...]:
        return ()


Terminator = (
    Goto | Branch | Poll | Raise | Throw | Stop | Return | Reschedule | Await | Fork | Room | Spawn | Wait | Leave
    | Continue
)


def born(end: Terminator) -> tuple[Local, ...]:
    """The locals that are defined on edges to a terminator's targets."""
    return (*results(end), *caught(end))


def born_on(end: Terminator, target: int) -> tuple[Local, ...]:
    """The locals that are defined on the edge to one target."""
    return caught(end) if isinstance(end, Await | Fork) and target == end.unwind else results(end)


def caught(end: Terminator) -> tuple[Local, ...]:
    """The local that is defined on the unwind edge."""
    return (end.error,) if isinstance(end, Await | Fork) and end.error is not None else ()


def results(end: Terminator) -> tuple[Local, ...]:
    """The locals that are defined on the edge to `resume`: the results of what is awaited."""
    match end:
        case Await(dest) if dest is not None:
            return (dest,)
        case Fork(dests):
            return tuple(dest for dest in dests if dest is not None)
        case Wait(outcome=outcome):
            return tuple(local for local in (end.taken, outcome) if local is not None)
        case _:
            return ()


def zero(type: Type) -> Const:
    """The constant 0, 0.0 or False of a scalar type, and tuples of them."""
    if isinstance(type, Tuple):
        return Const(type, tuple(zero(element).value for element in type.elements))
    assert isinstance(type, Scalar), type
    return Const(type, False if type.kind == "bool" else 0.0 if type.is_float else 0)


def awaited(end: Terminator) -> tuple[tuple[str, tuple[Operand, ...]], ...]:
    """The coroutines a terminator waits for, with their arguments."""
    match end:
        case Await(_, coroutine, arguments):
            return ((coroutine, arguments),)
        case Fork():
            return tuple((coroutine, arguments) for _, coroutine, arguments in end.calls())
        case _:
            return ()


def begun(end: Terminator) -> tuple[tuple[str, tuple[Operand, ...]], ...]:
    """The coroutines a terminator runs, with their arguments: those it waits for, or the one it begins."""
    return ((end.coroutine, end.arguments),) if isinstance(end, Spawn) else awaited(end)


# --- functions -------------------------------------------------------------------------------------------------------


@final
@dataclass(slots=True)
class Block:
    """Straight-line ops, then one terminator. `label` is for readers only; a block is named by its index."""

    label: str
    ops: list[Op]
    end: Terminator


FunctionKind = Literal["plain", "coroutine", "start", "resume", "continuation"]


@final
@dataclass(slots=True)
class Function:
    """`kind` coroutine: before split. After it: `start(arguments)` returns a state, a frame and a result; `resume()`
    and `continuation(result)`, which may also be a landing and take an error, return what Leave says. `plain` is a
    helper; `raises` says that it may end in an error; one that is `cold` is rarely called, and not inlined."""

    name: str
    title: str
    kind: FunctionKind
    parameters: tuple[Local, ...]
    result: Type
    blocks: list[Block]
    locals: list[Local]
    span: Span
    raises: bool = True
    cold: bool = False

    def successors(self, block: int) -> tuple[int, ...]:
        return self.blocks[block].end.targets()

    def new_local(self, name: str, type: Type) -> Local:
        local = Local(len(self.locals), name, type)
        self.locals.append(local)
        return local

    def reachable(self, start: int = 0) -> Iterator[int]:
        """Blocks reachable from `start`, each once, in depth-first order."""
        seen: set[int] = set()
        stack = [start]
        while stack:
            block = stack.pop()
            if block not in seen:
                seen.add(block)
                yield block
                stack.extend(reversed(self.successors(block)))


def callees(function: Function) -> Iterator[str]:
    """The functions that a function made by split goes on in, once for each place."""
    for block in function.blocks:
        yield from (op.function for op in block.ops if isinstance(op, Call | Start))
        if isinstance(block.end, Continue):
            yield block.end.function


@final
@dataclass(slots=True)
class Module:
    """Functions by name, the root coroutine, and the tables that ops index: `classes` of exceptions (ErrorIs), `places`
    of calls and awaits (for tracebacks). `catches`: some error may be handled, so that a run goes on after one.
    `cancels`: tasks can be cancelled. `orders`: they share memory that queues put in order (`sharing`)."""

    root: str
    functions: dict[str, Function]
    sites: list[Site] = field(default_factory=list)
    formats: list[tuple[str | Type, ...]] = field(default_factory=list)
    classes: tuple[type[BaseException], ...] = LANGUAGE_ERRORS
    places: list[Span] = field(default_factory=list)
    catches: bool = False
    cancels: bool = False
    orders: bool = True
