"""Find out whether the tasks of a program share memory that only queues put in order.

    async def put_all(queue: Queue[i32], items: i32) ...       items are in the queue itself:          no
    async def put_all(queue: Queue[i32], out: i64[:]) ...      who gets may read what was written:     yes

Asked of everything that a function names, whatever it is for: where in doubt, yes.

A queue fences for what was written before a put and is read after its get (`runtime.item_queue`). Frames, results of
tasks and the words of objects have their own order (`runtime.fork_join`, `runtime.spin_lock`); what has none are
arrays, lists, and objects that are made by one task and come to the other through the queue. (Where root tasks put
their results no task reads.)
"""

from __future__ import annotations

from typing import Final

from coro2cuda.frontend.dtypes import Array, Reference, Tuple, Type
from coro2cuda.lowering import ir

# What reads a word of an object without its lock, or makes others read one (a request to cancel): behind a queue that
# fences nothing that may be late.
LOOKS: Final = frozenset(
    ("queue.qsize", "queue.empty", "queue.full", "event.is_set",
     "task.done", "task.cancelled", "task.cancel", "list.cancel")
)  # fmt: skip


def find(module: ir.Module) -> None:
    """Set `orders`. The root is only what begins a task and stores its result."""
    module.orders = any(_orders(function) for name, function in module.functions.items() if name != module.root)


def _orders(function: ir.Function) -> bool:
    """Whether a function touches what queues put in order: by a name, as one of the launch's arguments or of the host's
    global arrays, or by an operation."""
    if any(_shared(local.type, in_queue=False) for local in (*function.parameters, *function.locals)):
        return True
    for block in function.blocks:
        for node in (*block.ops, block.end):
            if isinstance(node, ir.Print) or (isinstance(node, ir.Operate) and node.op in LOOKS):
                return True
            if any(_shared(source.type, in_queue=False) for source in node.sources()):
                return True
    return False


def _shared(type: Type, in_queue: bool) -> bool:
    match type:
        case Array():
            return True
        case Tuple(elements=elements):
            return any(_shared(element, in_queue) for element in elements)
        case Reference(kind=kind, elements=elements):
            inside = in_queue or kind == "queue"
            return in_queue or kind == "list" or any(_shared(element, inside) for element in elements)
        case _:
            return False
