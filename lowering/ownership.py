"""Count the references to synchronisation objects: who keeps one owns a count, and lets it go when he is done.

    lock = make Lock(0)                           lock = 0; other = 0
    other = lock                                  old = lock; lock = make Lock(0); release old
    await f(lock) -> more               ──▶       old = other; other = lock; retain other; release old
  more:                                           retain lock
    return                                        await f(lock) -> more
                                                more:
                                                  release lock; release other
                                                  return

* A local owns a count of what it holds. It is released when it is overwritten and at every way out of the function.
* What is passed to an awaited, forked or spawned coroutine is retained by the caller and released by the callee, which
  owns its parameters. A parameter that is not used, or was replaced by a Uniform (`uniform`), is not counted on either
  side.
* Plain functions borrow their arguments. What a function returns is handed over with a count.
* Uniforms are objects of the host, which has a count of its own: they live as long as the run.

Runs before split, on valid IR, and leaves valid IR. Functions without references are not touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from coro2cuda.frontend.dtypes import Reference, u32
from coro2cuda.lowering import ir, unwind
from coro2cuda.lowering.liveness import written

NONE = 0  # the handle of no object


def count_references(module: ir.Module) -> None:
    """Insert `Retain` and `Release` into all functions of a module, in place."""
    if any(isinstance(local.type, Reference) for function in module.functions.values() for local in function.locals):
        unwind.make_explicit(module)  # what an error leaves lets go too
    owned = {name: _owned_parameters(function) for name, function in module.functions.items()}
    for function in module.functions.values():
        if any(isinstance(local.type, Reference) for local in function.locals):
            _Counter(function, owned).run()


def _owned_parameters(function: ir.Function) -> frozenset[int]:
    """The positions of the parameters that the function must release: a coroutine's that it uses."""
    if function.kind != "coroutine":
        return frozenset()
    used = set(_used(function))
    return frozenset(index for index, local in enumerate(function.parameters)
                     if isinstance(local.type, Reference) and local in used)  # fmt: skip


def _used(function: ir.Function) -> Iterator[ir.Operand]:
    for block in function.blocks:
        for node in (*block.ops, block.end):
            yield from node.sources()
        for op in block.ops:
            yield from written(op)
        yield from ir.born(block.end)


class _Counter:
    def __init__(self, function: ir.Function, owned: dict[str, frozenset[int]]) -> None:
        self.function, self.owned = function, owned
        mine = {function.parameters[index] for index in owned[function.name]}
        borrowed = set(function.parameters) - mine
        used = set(_used(function)) | mine
        self.locals = [local for local in function.locals
                       if isinstance(local.type, Reference) and local not in borrowed and local in used]  # fmt: skip
        self.borrowed = {local for local in borrowed if isinstance(local.type, Reference) and self._is_written(local)}
        self.locals += [local for local in function.locals if local in self.borrowed]
        self._moves: list[ir.Block] = []  # blocks to append

    def _is_written(self, local: ir.Local) -> bool:
        blocks = self.function.blocks
        return any(local in written(op) for block in blocks for op in block.ops) or any(
            local in ir.born(block.end) for block in blocks
        )

    def run(self) -> None:
        self._share_failure()
        for block in list(self.function.blocks):
            self._keep_if_it_fails(block)
        for block in self.function.blocks:
            ops: list[ir.Op] = []
            for op in block.ops:
                ops += self._op(op)
            block.ops = [*ops, *self._before_end(block.end)]
        self.function.blocks += self._moves
        entry = self.function.blocks[0]
        parameters = set(self.function.parameters)
        # A parameter that a plain function overwrites becomes its own: it takes a count at the start.
        start: list[ir.Op] = [ir.Retain(local) for local in self.locals if local in self.borrowed]
        start += [ir.Copy(local, ir.Const(local.type, NONE)) for local in self.locals if local not in parameters]
        if any(0 in block.end.targets() for block in self.function.blocks):
            self._new_entry(start)
        else:
            entry.ops = start + entry.ops

    def _share_failure(self) -> None:
        """All errors leave by one block, which releases everything: there are more of them than of anything else."""
        failing = [block for block in self.function.blocks if isinstance(block.end, ir.Raise | ir.Throw)]
        if not self.locals or len(failing) < 2:
            return
        thrown, shared = self.function.new_local("thrown", u32), len(self.function.blocks)
        for block in failing:
            match block.end:
                case ir.Raise(site):
                    block.ops.append(ir.MakeError(thrown, site))
                case ir.Throw(error):
                    block.ops.append(ir.Copy(thrown, error))
            block.end = ir.Goto(shared)
        self.function.blocks.append(ir.Block("failure", [], ir.Throw(thrown)))

    def _keep_if_it_fails(self, block: ir.Block) -> None:
        """Where what is awaited may fail, its result is assigned once it has not."""
        end = block.end
        if not isinstance(end, ir.Await | ir.Fork) or end.unwind is None:
            return
        mine = [local for local in ir.results(end) if local in self.locals]
        moved = {local: self.function.new_local("made", local.type) for local in mine}
        if not moved:
            return
        assign: list[ir.Op] = []
        for local, made in moved.items():
            old = self.function.new_local("old", local.type)
            assign += [ir.Copy(old, local), ir.Copy(local, made), ir.Release(old)]
        self._moves.append(ir.Block("assign", assign, ir.Goto(end.resume)))
        resume = len(self.function.blocks) + len(self._moves) - 1
        if isinstance(end, ir.Await):
            assert end.dest is not None
            block.end = replace(end, dest=moved[end.dest], resume=resume)
        else:
            dests = tuple(moved.get(dest, dest) if dest is not None else None for dest in end.dests)
            block.end = replace(end, dests=dests, resume=resume)

    def _new_entry(self, ops: list[ir.Op]) -> None:
        """The first block is a loop's header: what happens once goes before it."""
        from coro2cuda.lowering.builder import retarget

        function = self.function
        moved = {index: index + 1 for index in range(len(function.blocks))}
        for block in function.blocks:
            block.end = retarget(block.end, moved)
        function.blocks.insert(0, ir.Block("enter", ops, ir.Goto(1)))

    def _op(self, op: ir.Op) -> Iterator[ir.Op]:
        """The op, with the count of what it writes; what was there before is released after it."""
        replaced = [local for local in written(op) if local in self.locals]
        olds = [self.function.new_local("old", local.type) for local in replaced]
        yield from (ir.Copy(old, local) for old, local in zip(olds, replaced, strict=True))
        yield op
        # A handle that is read from a list is counted by the list; others are made with a count.
        if isinstance(op, ir.Copy | ir.Select | ir.Convert):
            yield from (ir.Retain(local) for local in replaced)
        yield from (ir.Release(old) for old in olds)

    def _before_end(self, end: ir.Terminator) -> Iterator[ir.Op]:
        match end:
            case ir.Return(value):
                if value is not None and isinstance(value.type, Reference) and value not in self.locals:
                    yield ir.Retain(value)
                yield from (ir.Release(local) for local in self.locals if local != value)
            case ir.Raise() | ir.Throw():
                yield from map(ir.Release, self.locals)
            case ir.Fork(guards=guards) if guards:
                for (callee, arguments), guard in zip(ir.awaited(end), guards, strict=True):
                    yield from self._retained_if(guard, [arguments[index] for index in sorted(self.owned[callee])])
            case _:
                for callee, arguments in ir.begun(end):
                    yield from (ir.Retain(arguments[index]) for index in sorted(self.owned[callee]))
        yield from (ir.Release(local) for local in ir.born(end) if local in self.locals)

    def _retained_if(self, guard: ir.Operand, arguments: list[ir.Operand]) -> Iterator[ir.Op]:
        """A child that is left out takes no counts."""
        for argument in arguments:
            given = self.function.new_local("given", argument.type)
            yield ir.Select(given, guard, argument, ir.Const(argument.type, NONE))
            yield ir.Retain(given)
