"""The interpreters find what they are there to find: memory faults, undefined locals, slots given away while in use."""

from __future__ import annotations

import numpy
import pytest

from coro2cuda.frontend.diagnostics import NOWHERE, Span
from coro2cuda.frontend.dtypes import Array, Pointer, Type, boolean, f64, i32, i64, none, u8
from coro2cuda.lowering import interpret, interpret_states, ir, split

X, Y = ir.Local(0, "x", i64), ir.Local(1, "y", i64)
AT, A = ir.Local(2, "at", Pointer(i64, "global")), ir.Local(3, "a", Array(i64, 1))
SITE = ir.Site("ZeroDivisionError", "division by zero", Span("f.py", 3, 4, 3, 9))


def module(*blocks: ir.Block, parameters: tuple[ir.Local, ...] = (X,), result: Type = i64) -> ir.Module:
    function = ir.Function("f", "f", "coroutine", parameters, result, list(blocks), [X, Y, AT, A], NOWHERE)
    return ir.Module("f", {"f": function}, [SITE], [("x is ", i64, "\n")])


def only(*ops: ir.Op, end: ir.Terminator) -> ir.Block:
    return ir.Block("entry", list(ops), end)


def element(index: int) -> ir.Module:
    ops = (ir.ArrayPart(AT, "address", A), ir.Offset(AT, AT, ir.Const(i64, index), 8), ir.Load(Y, AT))
    return module(only(*ops, end=ir.Return(Y)), parameters=(A,))


def test_an_access_outside_an_array_is_a_fault():
    data = numpy.arange(5)
    assert interpret.run(element(4), "f", [data]) == 4
    for index in (-1, 5):
        with pytest.raises(interpret.MemoryFault):
            interpret.run(element(index), "f", [data])


def test_an_array_reaches_only_from_its_first_to_its_last_element_in_memory():
    data = numpy.arange(10)
    assert interpret.run(element(-1), "f", [data[8:3:-2]]) == 7  # elements 8, 6, 4: seven lies between
    for index in (1, -5):
        with pytest.raises(interpret.MemoryFault):
            interpret.run(element(index), "f", [data[8:3:-2]])


def test_an_array_with_no_elements_has_no_memory():
    with pytest.raises(interpret.MemoryFault):
        interpret.run(element(0), "f", [numpy.zeros(0, numpy.int64)])


def test_stores_reach_the_callers_array():
    ops = (ir.ArrayPart(AT, "address", A), ir.Store(AT, ir.Const(i64, 7)))
    data = numpy.arange(6).reshape(2, 3)
    interpret.run(module(only(*ops, end=ir.Return(None)), parameters=(A,), result=none), "f", [data[1, ::-1]])
    assert data.tolist() == [[0, 1, 2], [3, 4, 7]]


def test_a_local_read_before_it_is_defined_is_a_fault():
    with pytest.raises(AssertionError, match="y is read before it is defined"):
        interpret.run(module(only(end=ir.Return(Y))), "f", [1])


def test_an_exception_carries_its_site():
    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        interpret.run(module(only(end=ir.Raise(0))), "f", [1])
    assert caught.value.site is SITE  # type: ignore[attr-defined]


def test_a_task_stops_where_it_reschedules():
    more = ir.Binary(X, "add", X, ir.Const(i64, 1))
    twice = module(only(more, end=ir.Reschedule(1, NOWHERE)), ir.Block("more", [more, ir.Print(0, (X,))], ir.Return(X)))
    task = interpret.Task(twice, "f", [5])
    assert not task.step()
    assert task.output == []
    assert task.step()
    assert (task.result, task.output) == (7, ["x is 7\n"])


def test_children_of_a_fork_take_turns():
    shown = ir.Print(0, (X,))
    child = ir.Function("g", "g", "coroutine", (X,), i64, [
        ir.Block("entry", [shown], ir.Reschedule(1, NOWHERE)), ir.Block("more", [shown], ir.Return(X))
    ], [X, Y, AT, A], NOWHERE)  # fmt: skip
    fork = ir.Fork((Y, None), ("g", "g"), (1, 1), (ir.Const(i64, 1), ir.Const(i64, 2)), 1, NOWHERE)
    both = module(only(end=fork), ir.Block("resume", [], ir.Return(Y)))
    both.functions["g"] = child
    task = interpret.Task(both, "f", [0])
    assert not task.step()
    assert task.output == ["x is 1\n", "x is 2\n"]
    while not task.step():
        pass
    assert task.output[2:] == ["x is 1\n", "x is 2\n"]
    assert task.result == 1


def test_a_uniform_is_read_from_the_argument_block():
    function = module(only(ir.Binary(Y, "mul", X, ir.Uniform(1, i64)), end=ir.Return(Y)))
    assert interpret.run(function, "f", [3], uniforms=[numpy.arange(2), numpy.int64(5)]) == 15


def test_atomics_return_the_old_value():
    memory = interpret.Address(bytearray(8), 0)
    assert interpret.atomic("add", u8, memory, 250) == 0
    assert interpret.atomic("add", u8, memory, 10) == 250
    assert interpret.atomic("max", u8, memory, 3) == 4
    assert interpret.atomic("cas", u8, memory, 9, 5) == 4
    assert interpret.atomic("cas", u8, memory, 9, 4) == 4
    assert interpret.atomic("exchange", u8, memory, 1) == 9
    assert interpret.load(u8, memory) == 1


# --- state machines


def test_a_frame_forgets_what_is_overwritten_even_in_part():
    frame = interpret_states.Frame()
    frame.write(0, i64, 1)
    frame.write(8, i32, 2)
    assert frame.read(0, i64) == 1
    frame.write(4, i32, 3)
    for offset, type in [(0, i64), (8, f64), (12, i32), (4, u8)]:
        with pytest.raises(interpret.MemoryFault):
            frame.read(offset, type)
    assert (frame.read(4, i32), frame.read(8, i32)) == (3, 2)


def machine_of_a_loop() -> split.StateMachine:
    """A root that counts down its argument, suspending each time, and stores the count of turns in `a`."""
    task, turns, more = ir.Local(0, "task", i64), ir.Local(1, "turns", i64), ir.Local(2, "more", boolean)
    base, place = ir.Local(3, "base", Pointer(i64, "global")), ir.Local(4, "place", Pointer(i64, "global"))
    left = ir.Local(5, "left", i64)
    one, zero, results = ir.Const(i64, 1), ir.Const(i64, 0), ir.Uniform(0, Array(i64, 1, contiguous=True))
    count = [ir.Binary(turns, "add", turns, one), ir.Binary(left, "sub", left, one)]
    store = [ir.ArrayPart(base, "address", results), ir.Offset(place, base, task, 8), ir.Store(place, turns)]
    blocks = [
        ir.Block("entry", [ir.Copy(turns, zero), ir.Copy(left, task)], ir.Goto(1)),
        ir.Block("loop", [ir.Compare(more, "gt", left, zero)], ir.Branch(more, 2, 3)),
        ir.Block("body", count, ir.Reschedule(1, NOWHERE)),
        ir.Block("exit", store, ir.Return(None)),
    ]
    locals = [task, turns, more, base, place, left]
    function = ir.Function("f", "f", "coroutine", (task,), none, blocks, locals, NOWHERE)
    return split.split(ir.Module("f", {"f": function}))


def test_tasks_may_be_resumed_in_any_order():
    for choose in (None, lambda ready: len(ready) - 1, lambda ready: len(ready) // 2):
        results = numpy.zeros(5, numpy.int64)
        done = interpret_states.run_states(machine_of_a_loop(), [(task,) for task in range(5)], [results], choose)
        assert results.tolist() == [0, 1, 2, 3, 4]
        assert done.completed == 5


def machine_of_a_fork() -> split.StateMachine:
    """A root that stores the sum of what two children return after a suspension: their arguments, 1 and 2."""
    task, a, b, total = (ir.Local(index, name, i64) for index, name in enumerate(("task", "a", "b", "total")))
    base, place = ir.Local(4, "base", Pointer(i64, "global")), ir.Local(5, "place", Pointer(i64, "global"))
    results = ir.Uniform(0, Array(i64, 1, contiguous=True))
    store = [ir.Binary(total, "add", a, b), ir.ArrayPart(base, "address", results)]
    store += [ir.Offset(place, base, task, 8), ir.Store(place, total)]
    fork = ir.Fork((a, b), ("g", "g"), (1, 1), (ir.Const(i64, 1), ir.Const(i64, 2)), 1, NOWHERE)
    blocks = [ir.Block("entry", [], fork), ir.Block("resume", store, ir.Return(None))]
    root = ir.Function("f", "f", "coroutine", (task,), none, blocks, [task, a, b, total, base, place], NOWHERE)
    child = ir.Function("g", "g", "coroutine", (X,), i64, [
        ir.Block("entry", [], ir.Reschedule(1, NOWHERE)), ir.Block("more", [], ir.Return(X))
    ], [X], NOWHERE)  # fmt: skip
    return split.split(ir.Module("f", {"f": root, "g": child}))


def test_the_last_child_in_any_order_continues_its_parent():
    for choose in (None, lambda ready: len(ready) - 1, lambda ready: len(ready) // 2):
        results = numpy.zeros(4, numpy.int64)
        done = interpret_states.run_states(machine_of_a_fork(), [(task,) for task in range(4)], [results], choose)
        assert results.tolist() == [3, 3, 3, 3]
        assert done.completed == 4
        assert not done.ready and not done.frames, "every frame is given back"


def test_a_child_that_counts_itself_off_twice_shows():
    machine = machine_of_a_fork()
    for function in machine.functions.values():
        for block in function.blocks:
            block.ops = [op for old in block.ops for op in ([old, old] if isinstance(old, ir.Join) else [old])]
    for choose in (None, lambda ready: len(ready) - 1):
        with pytest.raises(interpret.MemoryFault):
            interpret_states.run_states(machine, [(0,)], [numpy.zeros(1, numpy.int64)], choose)


def test_a_slot_that_is_shared_while_in_use_shows():
    machine = machine_of_a_loop()
    for function in machine.functions.values():
        for block in function.blocks:
            moved = [ir.Spill(0, op.value) if isinstance(op, ir.Spill) else op for op in block.ops]
            block.ops = [ir.Reload(op.dest, 0) if isinstance(op, ir.Reload) else op for op in moved]
    results = numpy.zeros(9, numpy.int64)
    interpret_states.run_states(machine, [(3,)], [results])
    assert results.tolist() != [0, 0, 0, 3, 0, 0, 0, 0, 0]


def test_a_slot_read_as_another_type_is_a_fault():
    machine = machine_of_a_loop()
    for function in machine.functions.values():
        for block in function.blocks:
            block.ops = [ir.Reload(op.dest, op.offset + 4) if isinstance(op, ir.Reload) else op for op in block.ops]
    with pytest.raises(interpret.MemoryFault):
        interpret_states.run_states(machine, [(3,)], [numpy.zeros(5, numpy.int64)])
