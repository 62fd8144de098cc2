"""The disk cache: what is in a key, damage, concurrent processes, and whose directory it is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runtime_samples import example

from coro2cuda.frontend.dtypes import i32, i64
from coro2cuda.lowering.program import Argument
from coro2cuda.runtime import cache
from coro2cuda.runtime.dependencies import Dependencies, dependencies


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CORO2CUDA_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "programs"


# --- blobs -----------------------------------------------------------------------------------------------------------


def test_a_blob_comes_back(folder: Path) -> None:
    assert cache.load_blob("k") is None
    cache.store_blob("k", b"payload")
    assert cache.load_blob("k") == b"payload"
    assert [path.name for path in folder.iterdir()] == ["k.c2c"]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_it_is_the_users_alone(folder: Path) -> None:
    cache.store_blob("k", b"")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "k.c2c").stat().st_mode) == 0o600
    folder.chmod(0o777)
    assert cache.load_blob("k") == b"" and stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name == "nt", reason="owners are POSIX's")
def test_a_directory_of_another_user_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store_blob("k", b"payload")
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert cache.directory() is None and cache.load_blob("k") is None


@pytest.mark.parametrize("position", [0, 20, -1])
def test_damage_is_deleted(folder: Path, position: int) -> None:
    cache.store_blob("k", b"payload")
    content = bytearray((folder / "k.c2c").read_bytes())
    content[position] ^= 1
    (folder / "k.c2c").write_bytes(content)
    assert cache.load_blob("k") is None and list(folder.iterdir()) == []


@pytest.mark.parametrize("length", [0, 5, 40])
def test_half_a_file_is_deleted(folder: Path, length: int) -> None:
    cache.store_blob("k", b"payload")
    os.truncate(folder / "k.c2c", length)
    assert cache.load_blob("k") is None and list(folder.iterdir()) == []


def test_switched_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORO2CUDA_CACHE", "0")
    cache.store_blob("k", b"payload")
    assert cache.load_blob("k") is None and not folder.exists()


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CORO2CUDA_CACHE_DIR", str(tmp_path / "file"))
    cache.store_blob("k", b"payload")
    assert cache.load_blob("k") is None


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        cache.write_atomically(tmp_path / "x", "text")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


# --- programs --------------------------------------------------------------------------------------------------------


def test_a_program_comes_back_with_this_processs_arrays() -> None:
    import dataclasses

    array, other = np.arange(3, dtype="i4"), np.arange(4, dtype="i4")
    program = dataclasses.replace(example(), captured_values=(array,))
    needs = Dependencies(arrays=[other, array])
    cache.store_program("k", program, needs)
    again = cache.load_program("k", needs)
    assert again == program and again.captured_values[0] is array


def test_a_program_that_captures_what_is_not_known_is_not_stored(folder: Path) -> None:
    import dataclasses

    cache.store_program("k", dataclasses.replace(example(), captured_values=(np.arange(3),)), Dependencies())
    assert cache.load_program("k", Dependencies()) is None


@pytest.mark.parametrize("payload", [b"", b"\0" * 8, b"\x02" + b"\0" * 7 + b"{}", b"\xff" * 30])
def test_a_payload_that_is_no_program_is_deleted(payload: bytes, folder: Path) -> None:
    cache.store_blob("k", payload)
    assert cache.load_program("k", Dependencies()) is None and list(folder.iterdir()) == []


def test_what_is_in_a_key() -> None:
    one, two = (Argument("n", i32),), (Argument("n", i64),)
    each = (Argument("n", i32, "each"),)
    keys = {
        cache.program_key(digest, arguments, target, grouping)
        for digest in ("a", "b")
        for arguments in (one, two, each)
        for target in ("sm_90", "sm_80", "cpu")
        for grouping in (True, False)
    }
    assert len(keys) == 36
    assert cache.program_key("a", one, "sm_90", True) == cache.program_key("a", one, "sm_90", True)


# --- dependencies ----------------------------------------------------------------------------------------------------

MODULE = """
import numpy as np
from coro2cuda import gpu_async
LIMIT = 5
TABLE = np.zeros(4)
PAIR = (1, 2.5)
def helper(x):
    return x + LIMIT
def unrelated(x):
    return x
@gpu_async
async def leaf(n):
    return helper(n) + PAIR[0]
@gpu_async
async def root(n):
    return await leaf(n) + TABLE[0]
"""


def module(path: Path, text: str) -> types.ModuleType:
    path.write_text(text)
    made = types.ModuleType("written")
    exec(compile(text, str(path), "exec"), made.__dict__)
    return made


def digest(path: Path, text: str) -> str | None:
    import linecache

    linecache.clearcache()
    return dependencies(module(path, text).root.__gpu_async__).digest


@pytest.mark.parametrize(
    "old, new, seen",
    [
        ("LIMIT = 5", "LIMIT = 6", True),
        ("LIMIT = 5", "LIMIT = 5.0", True),
        ("(1, 2.5)", "(1, 2.0)", True),
        ("x + LIMIT", "x - LIMIT", True),
        ("helper(n) +", "helper(n) -", True),
        ("np.zeros(4)", "np.zeros(4, 'f4')", True),
        ("np.zeros(4)", "np.zeros((4, 1))", True),
        ("np.zeros(4)", "np.ones(9)", False),
        ("@gpu_async\nasync def leaf", "@gpu_async(boundscheck=False)\nasync def leaf", True),
        ("    return x\n", "    return y\n", False),
    ],
)
def test_what_a_program_depends_on(old: str, new: str, seen: bool, tmp_path: Path) -> None:
    assert old in MODULE
    before, after = digest(tmp_path / "m.py", MODULE), digest(tmp_path / "m.py", MODULE.replace(old, new))
    assert before is not None and (before != after) == seen


def test_a_rebound_name_no_longer_holds(tmp_path: Path) -> None:
    made = module(tmp_path / "m.py", MODULE)
    found = dependencies(made.root.__gpu_async__)
    assert found.hold() and found.arrays[0] is made.TABLE
    made.unrelated = None
    assert found.hold()
    made.LIMIT = 7
    assert not found.hold()


def test_closures() -> None:
    def outer(limit: Any) -> Any:
        async def inner(n: int) -> int:
            return n + limit  # type: ignore[no-any-return]

        def rebind(value: Any) -> None:
            nonlocal limit
            limit = value

        return inner, rebind

    inner, rebind = outer(3)
    found = dependencies(inner)
    assert dependencies(outer(3)[0]).digest == found.digest != dependencies(outer(4)[0]).digest
    rebind(5)
    assert not found.hold()


def test_without_source_nothing_is_cached() -> None:
    names: dict[str, Any] = {}
    exec(compile("async def f(n):\n    return n\n", "<nowhere>", "exec"), names)
    assert dependencies(names["f"]).digest is None


# --- processes -------------------------------------------------------------------------------------------------------

SCRIPT = """
import sys
import coro2cuda
from coro2cuda import gpu_async, run
@gpu_async
async def triple(n: int) -> int:
    return 3 * n
assert run(triple(5), backend="cpu") == 15
print("compiled" if "coro2cuda.lowering.compile" in sys.modules else "cached")
"""


def test_a_second_process_does_not_compile_and_many_at_once_agree(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script)]
    first = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert all(process.communicate()[0] in ("compiled\n", "cached\n") and not process.returncode for process in first)
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "cached\n"
