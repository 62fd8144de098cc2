"""Liveness, frame layout and split on small coroutines written in the IR: what is saved, where, and what is stored."""

from __future__ import annotations

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import NoneValue, Pointer, Reference, Type, boolean, i32, i64, none, u8, u32
from coro2cuda.lowering import abi, calls, frame, ir, liveness, poll, split

SPAN = Span("f.py", 1, 0, 1, 1)


def coroutine(
    name: str, parameters: list[ir.Local], locals: list[ir.Local], blocks: list[ir.Block], result: Type = none
) -> ir.Function:
    everything = sorted([*parameters, *locals], key=lambda local: local.index)
    return ir.Function(name, name, "coroutine", tuple(parameters), result, blocks, everything, SPAN)


def module(*functions: ir.Function) -> ir.Module:
    return ir.Module(functions[0].name, {function.name: function for function in functions})


def counting() -> ir.Function:
    """`async def task(n, p): y = 0; while n != 0: n -= 1; y += 1; await reschedule()` with p used at the end only."""
    n, p = ir.Local(0, "n", i32), ir.Local(1, "p", Pointer(i32, "global"))
    y, more = ir.Local(2, "y", i32), ir.Local(3, "more", boolean)
    one, zero = ir.Const(i32, 1), ir.Const(i32, 0)
    return coroutine("task", [n, p], [y, more], [
        ir.Block("entry", [ir.Copy(y, zero)], ir.Goto(1)),
        ir.Block("loop", [ir.Compare(more, "ne", n, zero)], ir.Branch(more, 2, 3)),
        ir.Block("body", [ir.Binary(n, "sub", n, one), ir.Binary(y, "add", y, one)], ir.Reschedule(1, SPAN)),
        ir.Block("exit", [ir.Store(p, zero)], ir.Return(None)),
    ])  # fmt: skip


def saved_names(machine: split.StateMachine) -> list[list[str]]:
    return [[local.name for local, _ in state.saved] for state in machine.states]


def test_a_variable_that_only_feeds_itself_is_not_saved():
    machine = split.split(module(counting()))
    assert saved_names(machine) == [["n", "p"]]


def test_only_what_changed_since_the_reload_is_stored():
    machine = split.split(module(counting()))
    resume = machine.functions["task.0"]
    spilled = [op.value.name for block in resume.blocks for op in block.ops if isinstance(op, ir.Spill)]
    reloaded = [op.dest.name for op in resume.blocks[0].ops]
    assert reloaded == ["n", "p"]
    assert spilled == ["n"]


def test_the_start_function_stores_all_that_is_live():
    machine = split.split(module(counting()))
    spills = [op.value.name for block in machine.functions["task.start"].blocks for op in block.ops
              if isinstance(op, ir.Spill)]  # fmt: skip
    assert sorted(spills) == ["n", "p"]


def test_variables_never_live_together_share_a_slot():
    a, b = ir.Local(0, "a", i64), ir.Local(1, "b", i64)
    address = ir.Const(i64, 0)
    function = coroutine("task", [a], [b], [
        ir.Block("entry", [], ir.Reschedule(1, SPAN)),
        ir.Block("first", [ir.Copy(b, a)], ir.Reschedule(2, SPAN)),
        ir.Block("second", [ir.Store(address, b)], ir.Return(None)),
    ])  # fmt: skip
    machine = split.split(module(function))
    region = machine.layout.regions["task"]
    assert saved_names(machine) == [["a"], ["b"]]
    assert region.offset(a) == region.offset(b) == 0
    assert machine.layout.size == 16


def test_the_layout_check_finds_overlapping_slots():
    liveness_of = liveness.analyse(counting())
    n, p = liveness_of.suspends[0].saved
    overlapping = frame.Region(0, 16, {n.index: 4, p.index: 0}, None, 0)
    try:
        frame.check(liveness_of.suspends, overlapping)
    except AssertionError as error:
        assert "overlaps" in str(error)
    else:
        raise AssertionError("the overlap was not found")


def caller_of(callee: str, sites: int, result: ir.Local | None) -> ir.Function:
    """Awaits the callee `sites` times, then stores `kept`, a parameter, through a pointer."""
    kept = ir.Local(0, "kept", i64)
    blocks = [ir.Block(f"site{i}", [], ir.Await(result, callee, (ir.Const(u8, i),), i + 1, SPAN)) for i in range(sites)]
    blocks.append(ir.Block("end", [ir.Store(ir.Const(i64, 0), kept)], ir.Return(None)))
    return coroutine("task", [kept], [result] if result else [], blocks)


def callee(name: str = "leaf") -> ir.Function:
    """Suspends once with its parameter saved, then returns it."""
    x = ir.Local(0, "x", u8)
    return coroutine(name, [x], [], [
        ir.Block("entry", [], ir.Reschedule(1, SPAN)),
        ir.Block("more", [], ir.Return(x)),
    ], u8)  # fmt: skip


def test_one_await_site_continues_in_the_caller_without_the_executor():
    machine = split.split(module(caller_of("leaf", 1, ir.Local(1, "r", u8)), callee()))
    assert [state.kind for state in machine.states] == ["reschedule"]
    end = machine.functions[machine.states[0].function].blocks[1].end
    assert end == ir.Continue("task.after0", ir.Local(0, "x", u8))
    assert machine.functions["task.after0"].parameters == (ir.Local(1, "r", u8),)
    region = machine.layout.regions["leaf"]
    assert region.base >= machine.layout.regions["task"].end
    assert region.return_state is None


def test_several_await_sites_share_the_callees_state_and_return_through_its_region():
    machine = split.split(module(caller_of("leaf", 2, ir.Local(1, "r", u8)), callee()))
    assert [state.kind for state in machine.states] == ["await", "await", "reschedule"]
    region = machine.layout.regions["leaf"]
    assert region.return_state == region.base
    start_task = machine.functions["task.start"]
    stored = [op for block in start_task.blocks for op in block.ops
              if isinstance(op, ir.Spill) and op.offset == region.return_state]  # fmt: skip
    assert {op.value.value for op in stored} == {0, 1}
    resume = machine.functions[machine.states[0].function]
    assert ir.Reload(ir.Local(1, "r", u8), region.result) in resume.blocks[0].ops


def test_a_recursive_coroutine_gets_frames_of_its_own():
    n, r, kept = ir.Local(0, "n", i32), ir.Local(1, "r", i32), ir.Local(2, "sum", i32)
    fact = coroutine("fact", [n], [r, kept], [
        ir.Block("entry", [], ir.Await(r, "fact", (n,), 1, SPAN)),
        ir.Block("after", [ir.Binary(kept, "mul", n, r)], ir.Return(kept)),
    ], i32)  # fmt: skip
    task = coroutine("task", [], [], [
        ir.Block("entry", [], ir.Await(None, "fact", (ir.Const(i32, 5),), 1, SPAN)),
        ir.Block("end", [], ir.Return(None)),
    ])  # fmt: skip
    machine = split.split(module(task, fact))
    assert machine.graph.framed == {"fact"}
    assert [state.kind for state in machine.states] == ["entry", "await", "await"]
    region = machine.layout.regions["fact"]
    assert region.offset(n) >= abi.FRAME_HEADER_SIZE and region.offset(r) != region.offset(n)
    ends = [block.end for block in machine.functions["fact.2"].blocks if isinstance(block.end, ir.Leave)]
    assert ends and ends[0].release
    aborts = {op.error for function in machine.functions.values() for block in function.blocks for op in block.ops
              if isinstance(op, ir.OnError)}  # fmt: skip
    assert aborts == {ir.Const(u32, abi.ERROR_FRAME_POOL)}


def test_mutual_recursion_is_recursive_and_its_callers_are_not():
    def awaiting(name: str, other: str) -> ir.Function:
        return coroutine(name, [], [], [
            ir.Block("entry", [], ir.Await(None, other, (), 1, SPAN)),
            ir.Block("end", [], ir.Return(None)),
        ])  # fmt: skip

    graph = calls.analyse(module(awaiting("task", "even"), awaiting("even", "odd"), awaiting("odd", "even")))
    assert graph.framed == {"even", "odd"}
    assert graph.order[0] == "task"


def test_a_forked_coroutine_gets_frames_of_its_own_and_counts_itself_off():
    a, b, kept = ir.Local(0, "a", u8), ir.Local(1, "b", u8), ir.Local(2, "kept", i64)
    arguments = (ir.Const(u8, 1), ir.Const(u8, 2))
    task = coroutine("task", [kept], [a, b], [
        ir.Block("entry", [], ir.Fork((a, b), ("leaf", "leaf"), (1, 1), arguments, 1, SPAN)),
        ir.Block("end", [ir.Store(ir.Const(i64, 0), kept), ir.Store(ir.Const(i64, 0), a)], ir.Return(None)),
    ])  # fmt: skip
    task.locals.sort(key=lambda local: local.index)
    machine = split.split(module(task, callee()))
    assert machine.graph.framed == machine.graph.joined == {"leaf"}
    assert [state.kind for state in machine.states] == ["entry", "gather", "reschedule"]
    assert machine.layout.regions["task"].base == abi.FORKING_HEADER_SIZE
    ops = [op for block in machine.functions["task.start"].blocks for op in block.ops]
    assert [op.state.value for op in ops if isinstance(op, ir.Enqueue)] == [0]
    kinds = [type(op) for op in ops]
    assert ops.index(ir.Spill(abi.FRAME_PENDING, ir.Const(u32, 2))) < kinds.index(ir.Enqueue)
    returns = [op.value.value for op in ops if isinstance(op, ir.Spill) and op.offset == abi.FRAME_RETURN]
    region = machine.layout.regions["task"]
    assert returns == [1 | abi.JOIN | region.offset(local) << 16 for local in (a, b)]
    child = machine.functions[machine.states[2].function]
    assert any(isinstance(op, ir.Join) for block in child.blocks for op in block.ops)
    states = [block.end.state for block in child.blocks if isinstance(block.end, ir.Leave)]
    assert ir.Const(i32, abi.PARKED) in states


def test_suspend_points_that_store_the_same_share_one_exit():
    n, flag = ir.Local(0, "n", i32), ir.Local(1, "flag", boolean)
    zero = ir.Const(i32, 0)
    function = coroutine("task", [n], [flag], [
        ir.Block("entry", [ir.Compare(flag, "lt", n, zero)], ir.Branch(flag, 1, 2)),
        ir.Block("low", [], ir.Reschedule(3, SPAN)),
        ir.Block("high", [], ir.Reschedule(3, SPAN)),
        ir.Block("end", [ir.Store(ir.Const(i64, 0), n)], ir.Return(None)),
    ])  # fmt: skip
    machine = split.split(module(function))
    start = machine.functions["task.start"]
    assert sum(isinstance(block.end, ir.Leave) for block in start.blocks) == 1
    assert len(machine.states) == 2


def test_every_loop_polls_and_a_bounded_one_is_left_alone():
    n, more = ir.Local(0, "n", i32), ir.Local(1, "more", boolean)
    body = [ir.Compare(more, "ne", n, ir.Const(i32, 0))]

    def loop(bounded: bool) -> ir.Function:
        blocks = [
            ir.Block("entry", [], ir.Goto(1)),
            ir.Block("loop", list(body), ir.Branch(more, 2, 3)),
            ir.Block("back", [], ir.Goto(1, bounded)),
            ir.Block("end", [], ir.Return(None)),
        ]
        return ir.Function("f", "f", "plain", (n,), NoneValue(), blocks, [n, more], SPAN)

    guarded, left = loop(False), loop(True)
    poll.guard_loops(guarded)
    poll.guard_loops(left)
    polls = [block.end for block in guarded.blocks if isinstance(block.end, ir.Poll)]
    assert len(polls) == 1 and guarded.blocks[polls[0].target].label == "reset"
    assert not any(isinstance(block.end, ir.Poll) for block in left.blocks)
    entry = guarded.blocks[0].end
    assert isinstance(entry, ir.Goto) and guarded.blocks[entry.target].label == "reset"


def waiting(times: int) -> ir.Function:
    """`for each: total += n; await event.wait()`, written out, and then a loop that waits."""
    event, n, total = ir.Local(0, "event", Reference("event")), ir.Local(1, "n", i32), ir.Local(2, "total", i32)
    more = ir.Local(3, "more", boolean)
    blocks = [ir.Block("turn", [ir.Binary(total, "add", total, n)], ir.Wait("event.wait", (event,), index + 1, SPAN))
              for index in range(times)]  # fmt: skip
    blocks[0].ops.insert(0, ir.Copy(total, n))
    test = [ir.Compare(more, "lt", total, n)]
    blocks += [
        ir.Block("loop", test, ir.Branch(more, times + 1, times + 2)),
        ir.Block("body", [ir.Binary(total, "add", total, n)], ir.Wait("event.wait", (event,), times, SPAN)),
        ir.Block("end", [], ir.Return(total)),
    ]
    return coroutine("task", [event, n], [total, more], blocks, i32)


def test_a_coroutine_that_waits_often_is_not_copied_behind_each_wait():
    def size(times: int) -> int:
        return sum(len(function.blocks) for function in split.split(module(waiting(times))).functions.values())

    assert size(64) - size(32) < 1.1 * (size(32) - size(16)) * 2


def test_a_loop_that_waits_is_one_function():
    machine = split.split(module(waiting(8)))
    calls = {name: set(ir.callees(function)) for name, function in machine.functions.items()}
    assert calls["task.8"] == set()
    assert calls["task.7"] == {"task.8"}
    assert calls["task.3"] == {"task.4"}
