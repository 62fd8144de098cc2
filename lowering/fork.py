"""How a function of a coroutine begins framed coroutines: one (an await) or several (a gather).

    a, b = fork f(x), g(y) -> more            done0, a0 = f.leaf(x)           # leaves are run at once, see `leaf`
                                              done1, b1 = g.leaf(y)
                                              all done? a = a0; b = b1; goto more
                                     ──▶      spill what is live, a0, b1; pending = children not done
                                              not done0? frame for f: header, x; enqueue it
                                              not done1? frame for g: header, y; leave with it (else parked)

A child with a guard that is False is treated as a leaf whose result is zero.

The own frame is written before the first child is enqueued. A child enqueued here is still this warp's until the
executor, between two groups, publishes tasks to thieves; so the frames of later children may be written after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coro2cuda.frontend.dtypes import boolean, i32, u32
from coro2cuda.lowering import abi, ir

if TYPE_CHECKING:
    from coro2cuda.lowering.split import Maker, Plan

Call = tuple[ir.Local | None, str, tuple[ir.Operand, ...]]


def begin(
    maker: Maker, index: int, block: ir.Block, calls: list[Call], guards: tuple[ir.Operand, ...], join: int,
    resume: int | None,
) -> None:  # fmt: skip
    """End `block`, made of source block `index`. `guards` are as in `ir.Fork`, `join` is the flag for the children's
    headers, `resume` the block to go to when no child needs a task (None: one of them does in any case)."""
    _Fork(maker, index, calls, guards, join).emit(block, resume)


class _Fork:
    def __init__(
        self, maker: Maker, index: int, calls: list[Call], guards: tuple[ir.Operand, ...], join: int
    ) -> None:  # fmt: skip
        self.maker, self.made, self.plan, self.index = maker, maker.made, maker.plan, index
        self.calls, self.guards, self.join = calls, guards, join
        self.done: list[ir.Local | None] = []  # for each call, whether it needs no task; None: it needs one
        self.values: list[ir.Operand | None] = []
        self.own = self.made.new_local("own", u32)
        self.next_state, self.next_frame = self.made.new_local("next", i32), self.made.new_local("first", u32)

        # A function suspends once: its forks are on different paths.
        self.plan.begun[self.made.name] = max(self.plan.begun.get(self.made.name, 0), len(calls))

    def emit(self, block: ir.Block, resume: int | None) -> None:
        for position, call in enumerate(self.calls):
            self._try_leaf(block, call)
            if self.guards:
                self._leave_out(block, position)
        if resume is None:
            self._begin_children(block)
            return
        finished = self._append(ir.Block("finished", [], ir.Goto(resume)))
        for (dest, _, _), value in zip(self.calls, self.values, strict=True):
            if dest is not None and value is not None:
                self.made.blocks[finished].ops.append(ir.Copy(dest, value))
        started = ir.Block("fork", [], ir.Goto(0))
        block.end = ir.Branch(self._all_done(block), finished, self._append(started))
        self._begin_children(started)

    def _append(self, block: ir.Block) -> int:
        self.made.blocks.append(block)
        return len(self.made.blocks) - 1

    def _try_leaf(self, block: ir.Block, call: Call) -> None:
        dest, callee, arguments = call
        leaf = self.plan.leaves.get(callee)
        if leaf is None:
            self.done.append(None)
            self.values.append(None)
            return
        answer, done = self.made.new_local("answer", leaf.result), self.made.new_local("done", boolean)
        block.ops += [ir.Call(answer, leaf.name, arguments, raises=False), ir.Extract(done, answer, 0)]
        value = None
        if dest is not None:
            value = self.made.new_local("value", dest.type)
            block.ops.append(ir.Extract(value, answer, 1))
        self.done.append(done)
        self.values.append(value)

    def _leave_out(self, block: ir.Block, position: int) -> None:
        """A child whose guard is False needs no task, and its result is zero."""
        guard, done, dest = self.guards[position], self.done[position], self.calls[position][0]
        if isinstance(guard, ir.Const) and guard.value:
            return
        absent = self.made.new_local("absent", boolean)
        block.ops.append(ir.Unary(absent, "not", guard))
        self.done[position] = absent
        if done is not None:
            self.done[position] = either = self.made.new_local("done", boolean)
            block.ops.append(ir.Binary(either, "or", done, absent))
        if dest is None:
            return
        value = self.values[position]
        self.values[position] = zero = ir.zero(dest.type)
        if value is not None:
            self.values[position] = kept = self.made.new_local("value", dest.type)
            block.ops.append(ir.Select(kept, guard, value, zero))

    def _all_done(self, block: ir.Block) -> ir.Local:
        flags = [done for done in self.done if done is not None]
        every = flags[0]
        for done in flags[1:]:
            both = self.made.new_local("every", boolean)
            block.ops.append(ir.Binary(both, "and", every, done))
            every = both
        return every

    def _begin_children(self, block: ir.Block) -> None:
        block.ops += [ir.OwnFrame(self.own), *self.maker.spills(self.index)]
        if self.join:
            self._count(block)
        for (dest, _, _), done, value in zip(self.calls, self.done, self.values, strict=True):
            if dest is not None and done is not None and value is not None:
                block = self._keep(block, done, ir.Spill(self.maker.region.offset(dest), value))
        parked = ir.Const(i32, abi.PARKED)
        block.ops += [ir.Copy(self.next_state, parked), ir.Copy(self.next_frame, self.own)]
        for position in range(len(self.calls)):
            block = self._begin_child(block, position)
        block.end = ir.Leave(self.next_state, self.next_frame)

    def _keep(self, block: ir.Block, done: ir.Local, spill: ir.Spill) -> ir.Block:
        """Write the result of a leaf; a task writes its own. The block to go on in."""
        after = ir.Block("kept", [], ir.Goto(0))
        goes_on = self._append(after)
        block.end = ir.Branch(done, self._append(ir.Block("keep", [spill], ir.Goto(goes_on))), goes_on)
        return after

    def _count(self, block: ir.Block) -> None:
        """Write how many children will count themselves off."""
        pending: ir.Operand = ir.Const(u32, len(self.calls))
        for done in self.done:
            if done is not None:
                one, fewer = self.made.new_local("one", u32), self.made.new_local("pending", u32)
                block.ops += [ir.Convert(one, done), ir.Binary(fewer, "sub", pending, one)]
                pending = fewer
        block.ops.append(ir.Spill(abi.FRAME_PENDING, pending))

    def _begin_child(self, block: ir.Block, position: int) -> ir.Block:
        """Unless it was a leaf, give child `position` a frame and make it ready; the block to go on in."""
        made, done = self.made, self.done[position]
        dest, callee, arguments = self.calls[position]
        child = made.new_local("child", u32)
        begins, ready = _allocate(self.maker, child)
        after = ir.Block("next", [], ir.Goto(0))
        goes_on = self._append(after)
        block.end = ir.Goto(begins) if done is None else ir.Branch(done, goes_on, begins)
        ready.ops += self._frame(child, dest, callee, arguments)
        entry = ir.Const(i32, self.plan.entry_of[callee])
        if position + 1 < len(self.calls):
            ready.ops.append(ir.Enqueue(entry, child))
        else:
            ready.ops += [ir.Copy(self.next_state, entry), ir.Copy(self.next_frame, child)]
        ready.end = ir.Goto(goes_on)
        return after

    def _frame(
        self, child: ir.Local, dest: ir.Local | None, callee: str, arguments: tuple[ir.Operand, ...]
    ) -> list[ir.Op]:
        """The header and the arguments."""
        place = 0 if dest is None else self.maker.region.offset(dest)
        back = self.plan.state_of[self.maker.source.name, self.index] | self.join | place << 16
        given = _arguments(self.plan, child, callee, arguments)
        header: list[ir.Op] = [
            ir.Spill(abi.FRAME_PARENT, self.own, child),
            ir.Spill(abi.FRAME_RETURN, ir.Const(u32, back), child),
            *self._scope(child),
        ]
        if any(spill.offset == abi.FRAME_PENDING + 4 for spill in given):
            # Means nothing yet, and closes the gap: one store of 16 bytes instead of two.
            header.append(ir.Spill(abi.FRAME_PENDING, ir.Const(u32, 0), child))
        return [*header, *given]

    def _scope(self, child: ir.Local) -> list[ir.Op]:
        """What cancels the parent cancels the child."""
        ops: list[ir.Op] = []
        words = (("scope", abi.FRAME_SCOPE), ("answered", abi.FRAME_SEEN)) if self.plan.graph.cancels else ()
        for name, offset in words:
            word = self.made.new_local(name, u32)
            ops += [ir.Reload(word, offset), ir.Spill(offset, word, child)]
        return ops


def _allocate(maker: Maker, child: ir.Local) -> tuple[int, ir.Block]:
    """The block that takes a frame, and the one that goes on with it, which the caller ends."""
    made = maker.made
    empty = made.new_local("empty", boolean)
    test = ir.Compare(empty, "eq", child, ir.Const(u32, abi.NO_FRAME))
    ready = ir.Block("child", [], ir.Goto(0))
    first = len(made.blocks)
    made.blocks += [
        ir.Block("frame", [ir.AllocateFrame(child), test], ir.Branch(empty, first + 2, first + 1, rare=True)),
        ready,
        maker.exhausted(),
    ]
    return first, ready


def _arguments(plan: Plan, child: ir.Local, callee: str, arguments: tuple[ir.Operand, ...]) -> list[ir.Spill]:
    function, region = plan.module.functions[callee], plan.layout.regions[callee]
    given = dict(zip(function.parameters, arguments, strict=True))
    return [ir.Spill(region.offset(local), given[local], child) for local in plan.kept_parameters(callee)]


def _no_scope(plan: Plan, child: ir.Local) -> list[ir.Op]:
    """A task enters its scope itself."""
    words = (abi.FRAME_SCOPE, abi.FRAME_SEEN) if plan.graph.cancels else ()
    return [ir.Spill(offset, ir.Const(u32, 0), child) for offset in words]


# --- tasks that nobody joins -----------------------------------------------------------------------------------------


def make_room(maker: Maker, index: int, block: ir.Block, entry: int, resume: int) -> None:
    """Go on if the warp has room for one more task in every lane; else leave, and go on at `resume` when the executor
    has made some. What it keeps for each group that it runs has room for the one task begun then without asking."""
    has_room = maker.made.new_local("has_room", boolean)
    block.ops.append(ir.HasRoom(has_room, ir.Const(i32, entry)))
    state = maker.plan.state_of[maker.source.name, index]
    maker.made.blocks.append(ir.Block("no_room", maker.spills(index), ir.Leave(ir.Const(i32, state))))
    block.end = ir.Branch(has_room, resume, len(maker.made.blocks) - 1)


def spawn(maker: Maker, block: ir.Block, end: ir.Spawn, resume: int) -> None:
    """A frame with the arguments, ready in this warp."""
    child = maker.made.new_local("child", u32)
    begins, ready = _allocate(maker, child)
    block.end = ir.Goto(begins)
    entry = ir.Const(i32, maker.plan.entry_of[end.coroutine])
    ready.ops += [
        ir.Spill(abi.FRAME_PARENT, ir.Const(u32, abi.NO_FRAME), child),
        *_no_scope(maker.plan, child),
        *_arguments(maker.plan, child, end.coroutine, end.arguments),
        ir.Enqueue(entry, child),
    ]
    maker.plan.spawning.add(maker.made.name)
    ready.end = ir.Goto(resume)
