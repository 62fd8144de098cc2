"""The call graph of coroutines: who awaits whom and where, who needs a frame for each call, who can suspend at all.

A coroutine is *framed*, it gets a frame of its own for each call, if it is recursive (in a cycle of the graph), forked
somewhere (`gather`) or *detached* (begun by `Spawn`, and by nothing else): then several of its calls are alive at once.
All others live in their caller's frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from coro2cuda.lowering import ir


class AwaitSite(NamedTuple):
    """An Await, or a child of the Fork, that ends block `block` of coroutine `caller`."""

    caller: str
    block: int
    callee: str


@dataclass(frozen=True, slots=True)
class CallGraph:
    """`order` lists coroutines callers first (recursive ones in any order among themselves); `sites` by callee.
    `joined` are those that are forked somewhere, `called` those awaited alone somewhere, `detached` those begun as
    tasks that nobody joins; `parking` may park the frame they are started in on an object, themselves or in what they
    await there. `waits`: the program has objects of the heap, `cancels`: its tasks can be cancelled."""

    order: tuple[str, ...]
    sites: dict[str, tuple[AwaitSite, ...]]
    framed: frozenset[str]
    suspending: frozenset[str]
    joined: frozenset[str]
    called: frozenset[str]
    detached: frozenset[str]
    parking: frozenset[str] = frozenset()
    waits: bool = False
    cancels: bool = False

    @property
    def forks(self) -> bool:
        """Whether tasks may change warps: they begin tasks, or wake them."""
        return bool(self.joined or self.detached or self.waits)

    def only_site(self, callee: str) -> AwaitSite | None:
        """The one place that awaits the coroutine, if it is one and the coroutine is not framed."""
        sites = self.sites[callee]
        return sites[0] if len(sites) == 1 and callee not in self.framed else None


def analyse(module: ir.Module) -> CallGraph:
    """The call graph of all coroutines reachable from the root."""
    callees = _callees(module)
    components = _components(module.root, callees)
    recursive = frozenset(name for group in components for name in group if len(group) > 1 or name in callees[name])
    ends = [block.end for name in callees for block in module.functions[name].blocks]
    joined = frozenset(name for end in ends if isinstance(end, ir.Fork) for name in end.coroutines)
    called = frozenset(end.coroutine for end in ends if isinstance(end, ir.Await))
    detached = frozenset(end.coroutine for end in ends if isinstance(end, ir.Spawn))
    framed = recursive | joined | detached
    order = tuple(name for group in reversed(components) for name in group)
    sites: dict[str, list[AwaitSite]] = {name: [] for name in order}
    for caller in order:
        for index in module.functions[caller].reachable():
            end = module.functions[caller].blocks[index].end
            for callee, _ in ir.awaited(end):
                sites[callee].append(AwaitSite(caller, index, callee))
    suspending = _suspending(module, order, callees, framed)
    waiting = frozenset(name for name in order if _waits(module.functions[name]))
    parking = _parking(order, callees, framed, waiting)
    found = {name: tuple(places) for name, places in sites.items()}
    waits = _has_objects(module, order)
    return CallGraph(order, found, framed, suspending, joined, called, detached, parking, waits, module.cancels)


def _callees(module: ir.Module) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    pending = [module.root]
    while pending:
        name = pending.pop()
        if name not in found:
            function = module.functions[name]
            ends = (function.blocks[index].end for index in function.reachable())
            found[name] = tuple(dict.fromkeys(callee for end in ends for callee, _ in ir.begun(end)))
            pending.extend(found[name])
    return found


def _suspending(
    module: ir.Module, order: tuple[str, ...], callees: dict[str, tuple[str, ...]], framed: frozenset[str]
) -> frozenset[str]:
    found = set(framed)
    for name in reversed(order):
        function = module.functions[name]
        ends = (function.blocks[index].end for index in function.reachable())
        yields = any(isinstance(end, ir.Reschedule | ir.Room | ir.Wait) for end in ends)
        if yields or any(callee in found for callee in callees[name]):
            found.add(name)
    return frozenset(found)


def _waits(function: ir.Function) -> bool:
    return any(isinstance(function.blocks[index].end, ir.Wait) for index in function.reachable())


def _has_objects(module: ir.Module, order: tuple[str, ...]) -> bool:
    functions = [function for name, function in module.functions.items() if name in order or function.kind == "plain"]
    return any(
        isinstance(node, ir.MakeObject | ir.MakeList | ir.Operate | ir.Wait)
        for function in functions
        for index in function.reachable()
        for node in (*function.blocks[index].ops, function.blocks[index].end)
    )


def _parking(
    order: tuple[str, ...], callees: dict[str, tuple[str, ...]], framed: frozenset[str], waiting: frozenset[str]
) -> frozenset[str]:
    """What a framed callee waits for parks its own frame, not its caller's."""
    found = set(waiting)
    for name in reversed(order):
        if any(callee in found and callee not in framed for callee in callees[name]):
            found.add(name)
    return frozenset(found)


def _components(root: str, callees: dict[str, tuple[str, ...]]) -> list[list[str]]:
    """Strongly connected components, callees first (Tarjan, "Depth-first search and linear graph algorithms", 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    groups: list[list[str]] = []
    work: list[tuple[str, int]] = [(root, 0)]
    while work:
        name, position = work.pop()
        if position == 0:
            index[name] = low[name] = len(index)
            path.append(name)
        elif (child := callees[name][position - 1]) in path:
            low[name] = min(low[name], low[child])
        for step in range(position, len(callees[name])):
            callee = callees[name][step]
            if callee not in index:
                work += [(name, step + 1), (callee, 0)]
                break
            if callee in path:
                low[name] = min(low[name], index[callee])
        else:
            if low[name] == index[name]:
                cut = path.index(name)
                groups.append(path[cut:])
                del path[cut:]
    return groups
