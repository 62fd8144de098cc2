"""Device Python: pointers, structs, operations and their types; the executor's own source."""

from collections.abc import Callable
from typing import Any

import pytest

from coro2cuda.frontend import device, infer, tree
from coro2cuda.frontend.diagnostics import CompileError
from coro2cuda.frontend.dtypes import Field, NoneValue, Pointer, Struct, Type, i32, i64, u32, u64

Program = Callable[..., dict[str, Any]]

Inner = Struct("Inner", (Field("stop", u32, 0), Field("done", u64, 128)), 136, 8)
Outer = Struct(
    "Outer",
    (Field("words", Pointer(u32, "global"), 0), Field("inner", Pointer(Inner, "global"), 8), Field("roots", i64, 16)),
    24,
    8,
)
NAMES: dict[str, Any] = {name: getattr(device, name) for name in dir(device) if not name.startswith("_")} | {
    "Words": Pointer(u32, "generic"), "OuterPointer": Pointer(Outer, "global"), "Records": Pointer(Inner, "shared"),
}  # fmt: skip


@pytest.fixture
def compiled(program: Program) -> Callable[[str], tree.Module]:
    """The typed tree of the function `f` of a text in device Python."""

    def make(text: str) -> tree.Module:
        return infer.infer_device([program(text, **NAMES)["f"]])

    return make


EXPRESSIONS = {
    "p[1]": u32, "p + 3": Pointer(u32, "generic"), "(p + n)[0]": u32, "o.roots": i64, "o.words": Pointer(u32, "global"),
    "o.words[n]": u32, "o.inner": Pointer(Inner, "global"), "o.inner.done": u64, "r[2]": Pointer(Inner, "shared"),
    "r[n].stop": u32, "lane_id()": u32, "ballot(n == 0)": u32, "match_any(n, 3)": u32, "shuffle(n, 0)": u32,
    "load_relaxed(address(o.inner.stop))": u32, "load_acquire(address(o.inner.done))": u64,
    "fetch_add(address(o.inner.done), 1)": u64, "fetch_sub(p + 1, 1)": u32, "exchange(address(p[2]), n)": u32,
    "compare_and_swap(address(p[0]), 0, 1)": u32, "address(o.inner.done)": Pointer(u64, "global"), "clock()": u64,
    "option('CAPACITY') - 1": u32, "u64(n) * frame_size()": u64, "states() + n": u32, "find_first(n)": u32,
    "(u32(1) << lane_id()) - 1": u32, "start(o, p, n, i64(n))": device.ACTION, "resume(o, p, i32(n), n)": device.ACTION,
    "shared_memory()": Pointer(u32, "shared"), "n // 0": u32, "max(n, 1)": u32,
}  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_type(compiled: Callable[[str], tree.Module], expression: str) -> None:
    text = f"def f(p: Words, o: OuterPointer, r: Records, n: u32):\n    return {expression}\n"
    assert compiled(text).functions["f"].result == EXPRESSIONS[expression]


def statement(module: tree.Module) -> tree.Statement:
    (only,) = module.functions["f"].body
    return only


def test_a_field_is_loaded_at_its_offset(compiled: Callable[[str], tree.Module]) -> None:
    match statement(compiled("def f(o: OuterPointer):\n    return o.inner.done\n")):
        case tree.Return(value=tree.LoadAddress(address=tree.Address(base=tree.LoadAddress(address=outer)) as inner)):
            assert isinstance(outer, tree.Address)
            assert (outer.offset, inner.offset) == (8, 128)
        case other:
            raise AssertionError(other)


def test_stores(compiled: Callable[[str], tree.Module]) -> None:
    match statement(compiled("def f(o: OuterPointer, n: u32):\n    o.inner.stop = o.words[n] = 7\n")):
        case tree.Assign(
            targets=(
                tree.AddressTarget(address=tree.Address(index=None, offset=0)),
                tree.AddressTarget(address=tree.Address(index=tree.Name(), offset=0)),
            ),
            value=tree.Constant(type=type, value=7),
        ):
            assert type == u32
        case other:
            raise AssertionError(other)


def test_storing_in_place(compiled: Callable[[str], tree.Module]) -> None:
    match statement(compiled("def f(p: Words, n: u32):\n    p[n] += 1\n")):
        case tree.AugAssign(target=tree.AddressTarget(), op="add", type=type):
            assert type == u32
        case other:
            raise AssertionError(other)


def test_results_are_unpacked(compiled: Callable[[str], tree.Module]) -> None:
    text = "def f(o: OuterPointer, p: Words, n: u32) -> i32:\n    a, b, c = start(o, p, n, i64(n))\n    return a\n"
    assert compiled(text).functions["f"].result == i32


def test_calls_keep_the_functions_names_and_nothing_is_checked(compiled: Callable[[str], tree.Module]) -> None:
    text = "def g(p: Words) -> None:\n    p[0] = u32(1.5)\ndef f(p: Words):\n    g(p + 1)\n"
    module = compiled(text)
    assert sorted(module.functions) == ["f", "g"]
    assert all(function.unchecked for function in module.functions.values())
    assert isinstance(module.functions["g"].result, NoneValue)
    match module.functions["g"].body:
        case (tree.Assign(value=tree.Constant(value=1)),):
            pass
        case other:
            raise AssertionError(other)


def test_pointers_change_their_space_in_calls(compiled: Callable[[str], tree.Module]) -> None:
    module = compiled("def g(p: Words):\n    return p[0]\ndef f(o: OuterPointer):\n    return g(o.words)\n")
    match module.functions["f"].body:
        case (tree.Return(value=tree.Call(arguments=(tree.Convert(type=type),))),):
            assert type == Pointer(u32, "generic")
        case other:
            raise AssertionError(other)


def test_an_unknown_field(compiled: Callable[[str], tree.Module]) -> None:
    with pytest.raises(CompileError, match="no field 'nonesuch'"):
        compiled("def f(o: OuterPointer):\n    return o.nonesuch\n")


def test_operations_cannot_be_called_on_the_host() -> None:
    with pytest.raises(TypeError, match="device Python"):
        device.lane_id()


def weak_types(module: tree.Module) -> list[Type]:
    return [variable.type for function in module.functions.values() for variable in function.parameters]


def test_two_entries_share_what_they_call(program: Program) -> None:
    text = "def h(p: Words):\n    return p[0]\ndef f(p: Words):\n    return h(p)\ndef g(p: Words):\n    return h(p)\n"
    space = program(text, **NAMES)
    module = infer.infer_device([space["f"], space["g"]])
    assert (module.root, sorted(module.functions)) == ("f", ["f", "g", "h"])
    assert set(weak_types(module)) == {Pointer(u32, "generic")}
