"""How a function of a coroutine waits for a synchronisation object.

    x = wait queue.get(q) -> more             done, x = operate queue.try_get(q)       (where there is an attempt)
                                              done eq 1? goto more
                                              spill what is live
                                       ──▶    outcome = park queue.get(q) to STATE, place @x
                                              outcome eq 1? leave PARKED
                                              x = reload @x; goto more

An attempt has no need of the frame, so a task that seldom waits keeps its variables in registers. Once the frame is
parked another warp may run it, so everything is spilled before, and nothing of it is touched after. The executor's
function finds an item that is given in the frame, at its place, and puts one that is taken there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coro2cuda.frontend.dtypes import Scalar, Tuple, Type, boolean, i32, u32
from coro2cuda.frontend.objects import by_operation
from coro2cuda.lowering import abi, ir
from coro2cuda.lowering.frame import alignment_of, size_of

if TYPE_CHECKING:
    from coro2cuda.lowering.split import Maker

# What the waker tells may be an error, so that a resumed task has to look; other errors come at once.
MAY_FAIL_LATER = ("task.join", "task.end")


def wait(maker: Maker, index: int, block: ir.Block, end: ir.Wait) -> None:
    """End `block`, made of source block `index`, which ends in a Wait."""
    made = maker.made
    if attempt := by_operation(end.op).attempt:
        block = _attempt(maker, index, block, end, attempt)
    outcome = made.new_local("outcome", u32)
    block.ops += maker.spills(index)
    place = 0 if end.place is None else maker.region.offset(end.place)
    held = None if end.place is None else end.place.type
    if end.item is not None:
        block.ops.append(ir.Spill(place, end.item))
    elif end.taken is not None and end.outcome is not None:
        # Who is cancelled, or awaits a task that fails, is given nothing, and reads it before it looks at the outcome.
        block.ops += _nothing(end.taken.type, place)
    state = maker.plan.state_of[maker.source.name, index]
    block.ops.append(ir.Park(outcome, end.op, end.arguments, state, place, held))
    parked, test = ir.Block("parked", [], ir.Leave(ir.Const(i32, abi.PARKED))), made.new_local("test", boolean)
    following = ir.Block("next", [], ir.Stop())
    block.ops.append(ir.Compare(test, "eq", outcome, ir.Const(u32, abi.PARKED_THERE)))
    block.end = ir.Branch(test, len(made.blocks), len(made.blocks) + 1)
    made.blocks += [parked, following]
    if maker.plan.hands_on(maker.source, index, maker.home):
        if end.outcome is not None:
            following.ops.append(ir.Spill(abi.FRAME_PLACE, outcome))
        following.end = ir.Continue(maker.plan.states[state].function, None)
        return
    following.end = ir.Goto(maker.number[end.resume])
    if end.taken is not None:
        following.ops.append(ir.Reload(end.taken, place))
    if end.outcome is not None:
        following.ops.append(ir.Copy(end.outcome, outcome))


def _attempt(maker: Maker, index: int, block: ir.Block, end: ir.Wait, attempt: str) -> ir.Block:
    """Go on if an attempt succeeds; the block in which it has not."""
    made = maker.made
    done, test = made.new_local("done", u32), made.new_local("test", boolean)
    item = None if end.taken is None else made.new_local("item", end.taken.type)
    block.ops += [
        ir.Operate(done, attempt, end.arguments, end.item, item),
        ir.Compare(test, "eq", done, ir.Const(u32, 0)),
    ]
    slowly, at_once = ir.Block("slowly", [], ir.Stop()), ir.Block("at_once", [], ir.Stop())
    block.end = ir.Branch(test, len(made.blocks), len(made.blocks) + 1, rare=True)
    made.blocks += [slowly, at_once]
    if maker.plan.hands_on(maker.source, index, maker.home):
        at_once.ops += maker.spills(index)
        if item is not None and end.place is not None:
            at_once.ops.append(ir.Spill(maker.region.offset(end.place), item))
        if end.outcome is not None:
            at_once.ops.append(ir.Spill(abi.FRAME_PLACE, ir.Const(u32, 0)))
        state = maker.plan.state_of[maker.source.name, index]
        at_once.end = ir.Continue(maker.plan.states[state].function, None)
        return slowly
    at_once.end = ir.Goto(maker.number[end.resume])
    if item is not None and end.taken is not None:
        at_once.ops.append(ir.Copy(end.taken, item))
    if end.outcome is not None:
        at_once.ops.append(ir.Copy(end.outcome, ir.Const(u32, 0)))
    return slowly


def _nothing(type: Type, place: int) -> list[ir.Op]:
    """Zeros where a value of the type is delivered."""
    if isinstance(type, Scalar):
        return [ir.Spill(place, ir.zero(type))]
    if isinstance(type, Tuple):
        ops: list[ir.Op] = []
        for part in type.elements:
            place = -(-place // alignment_of(part)) * alignment_of(part)
            ops += _nothing(part, place)
            place += size_of(part)
        return ops
    return [ir.Spill(place + word, ir.Const(u32, 0)) for word in range(0, size_of(type), 4)]
