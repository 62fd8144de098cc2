"""Synchronisation objects as the language knows them: one table of their methods, and asyncio's names for them.

    event.wait      awaited; True
    queue.get       awaited; `takes` an item, which is its value
    queue.put       awaited; `gives` an item

An operation is named `kind.method` everywhere below: in the typed tree, in the IR, and as the executor's function
`c2c_kind_method`. `errors` are what it can raise; the executor's function tells which one by its number.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Final, Literal, final

from coro2cuda.frontend.dtypes import ObjectKind, Reference, Type, boolean, i64, none

Error = tuple[str, str]  # an exception's name (`tree.class_name`) and its message
HEAP_FULL: Final[Error] = ("MemoryError", "no room on the device's heap")
NOT_DONE: Final[Error] = ("asyncio.exceptions:InvalidStateError", "Result is not set.")
ITEM: Final = "item"


@final
@dataclass(frozen=True, slots=True)
class Method:
    """`result`: a type, ITEM, or `True` for what asyncio returns as True. `number`: it takes an optional whole number,
    one if it is left out (`notify`). `frame`: the executor's function is told the caller's frame; only programs whose
    tasks can be cancelled have such operations. `composed`: made of others, the executor has no function for it.
    `attempt`: an operation that does the same where there is nothing to wait for and nobody is in the way; it gives 1
    if it has."""

    waits: bool = False
    result: Type | Literal["item", "true"] = none
    takes: bool = False
    gives: bool = False
    number: bool = False
    frame: bool = False
    composed: bool = False
    attempt: str = ""
    errors: tuple[Error, ...] = ()


_ACQUIRE: Final = Method(waits=True, result="true")
_UNLOCKED: Final = ("RuntimeError", "Lock is not acquired.")
_TOO_OFTEN: Final = ("ValueError", "BoundedSemaphore released too many times")
_LOCK: Final = {
    "acquire": _ACQUIRE,
    "release": Method(errors=(_UNLOCKED,)),
    "locked": Method(result=boolean),
}
_SEMAPHORE: Final = {"acquire": _ACQUIRE, "release": Method(), "locked": Method(result=boolean)}

METHODS: Final[dict[ObjectKind, dict[str, Method]]] = {
    "event": {
        "wait": Method(waits=True, result="true"),
        "set": Method(),
        "clear": Method(),
        "is_set": Method(result=boolean),
    },
    "lock": _LOCK,
    "semaphore": _SEMAPHORE,
    "bounded_semaphore": _SEMAPHORE | {"release": Method(errors=(_TOO_OFTEN,))},
    "condition": _LOCK
    | {
        "wait": Method(waits=True, result="true", errors=(("RuntimeError", "cannot wait on un-acquired lock"),)),
        "notify": Method(number=True, errors=(("RuntimeError", "cannot notify on un-acquired lock"),)),
        "notify_all": Method(errors=(("RuntimeError", "cannot notify on un-acquired lock"),)),
    },
    "queue": {
        "put": Method(waits=True, gives=True, attempt="queue.try_put", errors=(HEAP_FULL,)),
        "get": Method(waits=True, takes=True, result=ITEM, attempt="queue.try_get"),
        "put_nowait": Method(gives=True, errors=(("asyncio.queues:QueueFull", ""), HEAP_FULL)),
        "get_nowait": Method(takes=True, result=ITEM, errors=(("asyncio.queues:QueueEmpty", ""),)),
        "qsize": Method(result=i64),
        "empty": Method(result=boolean),
        "full": Method(result=boolean),
        "join": Method(waits=True),
        "task_done": Method(errors=(("ValueError", "task_done() called too many times"),)),
    },
    "barrier": {
        "wait": Method(waits=True, takes=True, result=i64),
    },
    "task": {
        "done": Method(result=boolean),
        "result": Method(takes=True, result=ITEM, composed=True, errors=(NOT_DONE,)),
        "cancel": Method(result=boolean),
        "cancelled": Method(result=boolean),
    },
}
# What inference writes out by methods (`infer_sync.until`).
WRITTEN_OUT: Final[dict[ObjectKind, tuple[str, ...]]] = {"condition": ("wait_for",)}
# What the compiler itself does with queues (`lowering.parking`), and tasks and their groups (`lowering.build_tasks`).
INTERNAL: Final[dict[ObjectKind, dict[str, Method]]] = {
    "task": {
        "join": Method(waits=True, takes=True, result=ITEM),
        "end": Method(waits=True),
        "begin": Method(frame=True),
        "finish": Method(gives=True),
        "close": Method(),
        "fail": Method(),
        "lose": Method(),
        "cease": Method(),
        "error": Method(),
    },
    "group": {
        "open": Method(frame=True),
        "close": Method(frame=True),
        "enter": Method(),
        "adopt": Method(),
        "begin": Method(frame=True),
        "leave": Method(),
        "wait": Method(waits=True),
        "fail": Method(),
        "share": Method(),
        "cancel": Method(),
        "errors": Method(),
    },
    "queue": {"try_put": Method(gives=True), "try_get": Method(takes=True)},
    "timeout": {"arm": Method(), "open": Method(frame=True), "close": Method(frame=True)},
    "list": {"append": Method(errors=(HEAP_FULL,)), "cancel": Method()},
}
# Of the scope that the caller's frame is in.
POLL: Final = "scope.poll"
CANCELLED: Final[Error] = ("asyncio.exceptions:CancelledError", "")
TIMED_OUT: Final[Error] = ("TimeoutError", "")
GROUP_FAILED: Final[Error] = ("ExceptionGroup", "unhandled errors in a TaskGroup")
# Attributes are read like methods without arguments.
ATTRIBUTES: Final[dict[ObjectKind, dict[str, Method]]] = {
    "barrier": {"parties": Method(result=i64), "n_waiting": Method(result=i64)},
    "queue": {"maxsize": Method(result=i64)},
}
SLEEP: Final = Method(waits=True, errors=(HEAP_FULL,))

# What `async with` does on the way in and out; a barrier does nothing on the way out.
CONTEXTS: Final[dict[ObjectKind, tuple[str, str]]] = {
    "lock": ("acquire", "release"),
    "semaphore": ("acquire", "release"),
    "bounded_semaphore": ("acquire", "release"),
    "condition": ("acquire", "release"),
    "barrier": ("wait", ""),
}


@final
@dataclass(frozen=True, slots=True)
class Maker:
    """How an object is made: its one whole number, if it has any, with the default and the least that is allowed."""

    parameter: str = ""
    default: int | None = None
    least: int | None = None
    error: str = ""


MAKERS: Final[dict[ObjectKind, Maker]] = {
    "event": Maker(),
    "lock": Maker(),
    "semaphore": Maker("value", 1, 0, "Semaphore initial value must be >= 0"),
    "bounded_semaphore": Maker("value", 1, 0, "Semaphore initial value must be >= 0"),
    "condition": Maker(),
    "queue": Maker("maxsize", 0),
    "barrier": Maker("parties", None, 1, "parties must be >= 1"),
    "group": Maker(),
    "timeout": Maker(),
}
_ASYNCIO: Final[dict[str, ObjectKind]] = {
    "Event": "event", "Lock": "lock", "Semaphore": "semaphore", "BoundedSemaphore": "bounded_semaphore",
    "Condition": "condition", "Queue": "queue", "Barrier": "barrier", "TaskGroup": "group",
}  # fmt: skip


def error_classes() -> tuple[type[BaseException], ...]:
    """What the operations raise beside the language's own errors."""
    import asyncio  # only programs that use objects need it

    return (RuntimeError, MemoryError, asyncio.QueueFull, asyncio.QueueEmpty)


def cancellation_classes() -> tuple[type[BaseException], ...]:
    """What a cancelled task, a timeout and a group of tasks raise."""
    import asyncio

    return (asyncio.CancelledError, TimeoutError, ExceptionGroup)


def kind_made_by(callee: Any) -> ObjectKind | None:
    """The kind of object a class of ours or of asyncio makes, or None; `Queue[i32]` counts too."""
    callee = getattr(callee, "__origin__", callee)
    if not isinstance(callee, type):
        return None
    own: ObjectKind | None = callee.__dict__.get("__coro2cuda_object__")
    if own is not None:
        return own
    asyncio = sys.modules.get("asyncio")  # whoever has its classes has imported it
    found = _ASYNCIO.get(callee.__name__)
    return found if found is not None and asyncio is not None and getattr(asyncio, callee.__name__) is callee else None


def item_of(callee: Any) -> Any:
    """What stands in the brackets of `Queue[i32]`, or None."""
    arguments = getattr(callee, "__args__", ())
    return arguments[0] if isinstance(arguments, tuple) and len(arguments) == 1 else None


def result_of_task(value: Any) -> Any:
    """`int` of the annotation `asyncio.Task[int]`, `type(None)` of `asyncio.Task[None]`; None of anything else."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or getattr(value, "__origin__", None) is not asyncio.Task:
        return None
    return type(None) if (item := item_of(value)) is None else item


def method_of(type: Reference, name: str) -> Method | None:
    return METHODS.get(type.kind, {}).get(name)


def attribute_of(type: Reference, name: str) -> Method | None:
    return ATTRIBUTES.get(type.kind, {}).get(name)


def by_operation(name: str) -> Method:
    """What an operation named `kind.method` takes and gives."""
    if name == "sleep":
        return SLEEP
    if name == POLL:
        return Method(frame=True)
    kind, _, method = name.partition(".")
    found = (table.get(kind, {}).get(method) for table in (METHODS, ATTRIBUTES, INTERNAL))  # type: ignore[call-overload]
    known: Method = next(one for one in found if one is not None)
    return known


def operations() -> list[str]:
    """All operations that the executor has, those that are another kind's once."""
    tables = (METHODS, ATTRIBUTES, INTERNAL)
    methods = [(kind, name, method) for table in tables for kind in table for name, method in table[kind].items()]
    named = [operation(Reference(kind), name) for kind, name, method in methods if not method.composed]
    return list(dict.fromkeys([*named, POLL]))


def operation(type: Reference, method: str) -> str:
    """The name of an operation: those of a condition's lock are the lock's, a bounded semaphore waits as any."""
    kind = type.kind
    if kind == "bounded_semaphore" and method != "release":
        kind = "semaphore"
    return f"{kind}.{method}"
