"""A program and its manifest: there and back, and every key refused when it is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from runtime_samples import example

from coro2cuda.frontend.dtypes import Array, Tuple, Type, boolean, f32, f64, i32, none
from coro2cuda.lowering import program as p
from coro2cuda.lowering.program import ManifestError, Program

TEXTS = {
    "i32": i32,
    "f32[:,:]": Array(f32, 2),
    "f32[:,:,:]C": Array(f32, 3, contiguous=True),
    "f32[:]ro": Array(f32, 1, writable=False),
    "f64[:]Cro": Array(f64, 1, contiguous=True, writable=False),
    "tuple[i32, tuple[f64, bool]]": Tuple((i32, Tuple((f64, boolean)))),
    "tuple[()]": Tuple(()),
    "None": none,
}


@pytest.mark.parametrize("text", TEXTS)
def test_types_as_text(text: str) -> None:
    assert p.type_to_text(TEXTS[text]) == text
    assert p.type_from_text(text) == TEXTS[text]


@pytest.mark.parametrize(
    "text", ["", "i31", "i32 ", "f32[:", "f32[]", "tuple[i32", "tuple[i32,f64]", "i32]", "None[:]"]
)
def test_text_that_is_no_type(text: str) -> None:
    with pytest.raises(ManifestError, match="no such type"):
        p.type_from_text(text)


def test_the_argument_block() -> None:
    types: list[Type] = [i32, Array(f32, 2), Array(f64, 1, contiguous=True), Tuple((boolean, Array(i32, 1))), f64]
    # one slot; pointer, 2 extents, 2 strides; pointer, extent; a bool, then pointer, extent, stride; one slot
    assert p.lay_out_uniforms(types) == ((0, 8, 48, 64, 96), 104)


def through_json(program: Program) -> Any:
    return json.loads(json.dumps(program.to_manifest()))


def test_a_program_survives_its_manifest() -> None:
    program = example()
    again = p.from_manifest(through_json(program), program.code, program.cubin)
    assert again == program and again.timings == program.timings


def test_the_uniforms_are_in_the_promised_order() -> None:
    # captured; start and step of the range; the whole grid; the strided array of elements; two result arrays
    assert [p.type_to_text(slot.type) for slot in example().uniforms] == [
        "i32[:]", "i32", "i32", "f32[:,:]", "f64[:]", "i32[:]C", "f64[:]C",
    ]  # fmt: skip


@pytest.mark.parametrize("key", sorted(example().to_manifest()))
def test_a_missing_key_is_named(key: str) -> None:
    manifest = through_json(example())
    del manifest[key]
    with pytest.raises(ManifestError, match=key):
        p.from_manifest(manifest, b"// ptx", b"\x7fELF")


@pytest.mark.parametrize("key", sorted(set(example().to_manifest()) - {"format", "abi_version"}))
@pytest.mark.parametrize("value", [[None], {"a": None}, -1, 2.5])
def test_a_wrong_value_is_refused_by_key(key: str, value: Any) -> None:
    manifest = through_json(example()) | {key: value}
    with pytest.raises(ManifestError, match=key):
        p.from_manifest(manifest, b"// ptx", b"\x7fELF")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"format": "something else"}, "not a coro2cuda manifest"),
        ({"abi_version": 99}, "ABI version 99"),
        ({"block_size": 8}, "do not fit"),
        ({"result_leaves": ["i32"]}, "do not fit"),
        ({"entries": {"other": "g"}}, "ungrouped"),
        ({"arguments": [["n", "i32", "sideways"]]}, "cannot have mode 'sideways'"),
        ({"arguments": [["a", "f32[:]", "range"]]}, "cannot have mode 'range'"),
    ],
)
def test_what_does_not_fit_together_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        p.from_manifest(through_json(example()) | change, b"// ptx", b"\x7fELF")


@pytest.mark.parametrize("code, cubin", [(b"// ptX", b"\x7fELF"), (b"", b"\x7fELF"), (b"// ptx", b"\x7fELG")])
def test_other_code_than_described_is_refused(code: bytes, cubin: bytes) -> None:
    with pytest.raises(ManifestError, match="not the one that the manifest describes"):
        p.from_manifest(through_json(example()), code, cubin)


def test_a_manifest_is_an_object() -> None:
    with pytest.raises(ManifestError, match="JSON object"):
        p.from_manifest([], b"")
