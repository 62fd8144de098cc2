"""The state graph of `show --stage states`: transitions through calls, returns and recursion, on hand-made IR."""

from coro2cuda.frontend.diagnostics import Span
from coro2cuda.frontend.dtypes import boolean, i32, none
from coro2cuda.lowering import ir, split
from coro2cuda.show import show, state_graph

ONE, ZERO = ir.Const(i32, 1), ir.Const(i32, 0)


def span(line: int) -> Span:
    return Span("f.py", line, 0, line, 1)


def coroutine(name: str, parameters: int, locals: list[ir.Local], blocks: list[ir.Block]) -> ir.Function:
    return ir.Function(name, name, "coroutine", tuple(locals[:parameters]), none, blocks, locals, span(1))


def edges(*functions: ir.Function) -> dict[str, list[str]]:
    machine = split.split(ir.Module(functions[0].name, {function.name: function for function in functions}))
    graph = state_graph(machine)
    return {node.name: [target for source, target in graph.edges if source == node.name] for node in graph.nodes}


def looping(name: str = "work") -> ir.Function:
    """`while n > 0: n -= 1; await reschedule()`"""
    n, more = ir.Local(0, "n", i32), ir.Local(1, "more", boolean)
    return coroutine(name, 1, [n, more], [
        ir.Block("entry", [], ir.Goto(1)),
        ir.Block("loop", [ir.Compare(more, "gt", n, ZERO)], ir.Branch(more, 2, 3)),
        ir.Block("body", [ir.Binary(n, "sub", n, ONE)], ir.Reschedule(1, span(3))),
        ir.Block("exit", [], ir.Return(None)),
    ])  # fmt: skip


def awaiting(name: str, callee: str, times: int) -> ir.Function:
    """`await callee(n)`, so many times."""
    n = ir.Local(0, "n", i32)
    blocks = [ir.Block(f"call{k}", [], ir.Await(None, callee, (n,), k + 1, span(10 + k))) for k in range(times)]
    return coroutine(name, 1, [n], [*blocks, ir.Block("exit", [], ir.Return(None))])


def recursive(name: str) -> ir.Function:
    """`if n > 0: await name(n - 1)`"""
    n, more, less = ir.Local(0, "n", i32), ir.Local(1, "more", boolean), ir.Local(2, "less", i32)
    return coroutine(name, 1, [n, more, less], [
        ir.Block("entry", [ir.Compare(more, "gt", n, ZERO)], ir.Branch(more, 1, 2)),
        ir.Block("call", [ir.Binary(less, "sub", n, ONE)], ir.Await(None, name, (less,), 2, span(3))),
        ir.Block("exit", [], ir.Return(None)),
    ])  # fmt: skip


def test_a_loop_leads_back_to_its_state() -> None:
    assert edges(looping()) == {"start": ["0", "end"], "0": ["0", "end"], "end": []}


def test_a_callee_with_one_caller_goes_on_in_it() -> None:
    found = edges(awaiting("main", "work", 1), looping())
    assert found == {"start": ["0", "end"], "0": ["0", "end"], "end": []}


def test_a_state_shows_the_await_that_its_task_is_inside_of() -> None:
    n = ir.Local(0, "n", i32)
    outer = coroutine("outer", 1, [n], [
        ir.Block("entry", [], ir.Await(None, "work", (n,), 1, span(10))),
        ir.Block("again", [], ir.Await(None, "last", (n,), 2, span(11))),
        ir.Block("exit", [], ir.Return(None)),
    ])  # fmt: skip
    functions = (awaiting("main", "outer", 1), outer, looping(), looping("last"))
    machine = split.split(ir.Module("main", {function.name: function for function in functions}))
    (work,) = (node for node in state_graph(machine).nodes if node.title.endswith(" work"))
    offset = machine.layout.regions["outer"].offset(n)
    assert work.lines[2:] == ("in f.py:10:1: ", f"saves n: i32 @{offset}")


def test_a_callee_with_two_await_sites_returns_to_either() -> None:
    machine = split.split(ir.Module("main", {"main": awaiting("main", "work", 2), "work": looping()}))
    by_line = {state.span.line: str(state.index) for state in machine.states}
    found = edges(awaiting("main", "work", 2), looping())
    first, second, loop = by_line[10], by_line[11], by_line[3]
    assert sorted(found[loop]) == sorted([loop, first, second])
    assert sorted(found[first]) == sorted([loop, "end"])
    assert found[second] == ["end"]


def test_recursion_returns_to_the_await_in_itself() -> None:
    machine = split.split(ir.Module("main", {"main": awaiting("main", "f", 1), "f": recursive("f")}))
    kinds = {str(state.index): (state.kind, state.coroutine) for state in machine.states}
    named = {kind: name for name, kind in kinds.items()}
    entry, own, outer = named["entry", "f"], named["await", "f"], named["await", "main"]
    found = edges(awaiting("main", "f", 1), recursive("f"))
    assert found["start"] == [entry, "end"], "f(0) is complete at once"
    assert sorted(found[entry]) == sorted([entry, own, outer])
    assert sorted(found[own]) == sorted([own, outer])
    assert found[outer] == ["end"]


def forking() -> ir.Function:
    """`if n > 0: await gather(f(n - 1), f(n - 1))`"""
    single = recursive("f")
    fork = ir.Fork((None, None), ("f", "f"), (1, 1), (single.locals[2],) * 2, 2, span(3))
    single.blocks[1].end = fork
    return single


def test_a_fork_begins_its_children_and_the_last_goes_on_after_it() -> None:
    machine = split.split(ir.Module("main", {"main": awaiting("main", "f", 1), "f": forking()}))
    named = {(state.kind, state.coroutine): str(state.index) for state in machine.states}
    entry, joined, outer = named["entry", "f"], named["gather", "f"], named["await", "main"]
    found = edges(awaiting("main", "f", 1), forking())
    assert found["start"] == [entry, "end"], "f(0) is complete at once"
    assert sorted(found[entry]) == sorted([entry, joined, outer])
    assert sorted(found[joined]) == sorted([joined, outer])
    assert found[outer] == ["end"]


def test_different_children_of_a_fork_all_begin() -> None:
    n = ir.Local(0, "n", i32)
    root = coroutine("main", 1, [n], [
        ir.Block("entry", [], ir.Fork((None, None), ("work", "f"), (1, 1), (n, n), 1, span(9))),
        ir.Block("exit", [], ir.Return(None)),
    ])  # fmt: skip
    machine = split.split(ir.Module("main", {"main": root, "work": looping(), "f": forking()}))
    entries = sorted(str(state.index) for state in machine.states if state.kind == "entry")
    found = edges(root, looping(), forking())
    assert len(entries) == 2 and found["start"] == [*entries, "end"]


def test_a_state_names_its_line_and_what_it_saves() -> None:
    machine = split.split(ir.Module("work", {"work": looping()}))
    (state,) = (node for node in state_graph(machine).nodes if node.kind == "state")
    assert state.lines == ("f.py:3:1: ", "saves n: i32 @0")


def test_the_frame_lists_slots_and_the_states_that_keep_them() -> None:
    class Stages:
        machine = split.split(ir.Module("work", {"work": looping()}))

    text = show(Stages(), "frame")
    assert text.splitlines()[0] == "16 bytes a frame"
    assert "0 +4   n" in text and "in state 0" in text


def test_the_frame_of_one_that_forks_counts_its_children() -> None:
    class Stages:
        machine = split.split(ir.Module("main", {"main": awaiting("main", "f", 1), "f": forking()}))

    own = show(Stages(), "frame").partition("f: bytes")[2].splitlines()
    assert [line.split() for line in own[1:4]] == [
        ["0", "+4", "(parent", "frame)", "u32"],
        ["4", "+4", "(return", "state)", "u32"],
        ["8", "+4", "(children", "running)", "u32"],
    ]
