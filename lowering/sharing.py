"""Find out whether the tasks of a program share memory that only queues put in order.

    async def put_all(queue: Queue[i32], items: i32) ...       items are in the queue itself:          no
    async def put_all(queue: Queue[i32], out: i64[:]) ...      who gets may read what was written:     yes

A queue fences for what was written before a put and is read after its get (`runtime.item_queue`). Frames, results of
tasks and the words of objects have their own order (`runtime.fork_join`, `runtime.spin_lock`); what has none are
arrays, lists, and objects that are made by one task and come to the other through the queue. (Where root tasks put
their results no task reads.)
"""

from __future__ import annotations

from collections.abc import Iterator

from coro2cuda.frontend.dtypes import Array, Reference, Tuple, Type
from coro2cuda.lowering import ir


def find(module: ir.Module) -> None:
    """Set `orders`."""
    module.orders = any(
        _shared(local.type, in_queue=False) for function in module.functions.values() for local in _locals(function)
    )


def _locals(function: ir.Function) -> Iterator[ir.Local]:
    yield from function.parameters
    yield from function.locals


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
