"""Built programs: saved, loaded and run without the compiler, and refused when damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from api_programs import captured, collatz, count, several

from coro2cuda import ArtifactError, artifact, load
from coro2cuda.frontend.dtypes import Array, f64, i32, i64
from coro2cuda.lowering.program import Argument, Mode
from coro2cuda.runtime import compiler

BACKENDS = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def built(coroutine: Any, folder: Path, arguments: tuple[Argument, ...], backend: str = "cpu") -> Path:
    from coro2cuda.runtime import backend as backends

    target = backends.instance(backend).target_name()
    artifact.save(compiler.compile_program(coroutine.__gpu_async__, arguments, target), folder)
    return folder


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["range", "each"])
def test_a_built_program_runs(backend: str, mode: Mode, tmp_path: Path) -> None:
    program = load(built(collatz, tmp_path, (Argument("n", i64, mode),), backend))
    assert program(27) == program.run(n=27) == 111
    assert program.map(range(5)).tolist() == [0, 0, 1, 7, 2]
    if mode == "each":
        assert program.map(np.array([27, 3])).tolist() == [111, 7]
    else:
        with pytest.raises(TypeError, match="'n': the program was built for a range there"):
            program.map(np.array([27, 3]))


def test_values_whole_and_by_element(tmp_path: Path) -> None:
    program = load(built(several, tmp_path, (Argument("n", i32, "range"), Argument("x", f64, "each"))))
    _, (doubled, _) = program.map(range(3), 1.5)
    assert doubled.tolist() == [3.0] * 3
    _, (doubled, _) = program.map(range(3), np.arange(3.0))
    assert doubled.tolist() == [0.0, 2.0, 4.0]


def test_arrays_must_be_as_the_program_was_built_for(tmp_path: Path) -> None:
    arguments = (Argument("n", i32, "range"), Argument("tally", Array(i64, 1, contiguous=True)))
    program = load(built(count, tmp_path, arguments))
    tally = np.zeros(2, "i8")
    _, stats = program.map(range(5), tally, stats=True)
    assert tally.tolist() == [3, 2] and stats.tasks == 5
    with pytest.raises(TypeError, match="C-contiguous"):
        program.map(range(5), np.zeros(4, "i8")[::2])
    tally.flags.writeable = False
    with pytest.raises(TypeError, match="read-only"):
        program.map(range(5), tally)


def test_the_compiler_is_not_loaded(tmp_path: Path) -> None:
    built(collatz, tmp_path, (Argument("n", i64, "range"),))
    program = (
        "import sys, coro2cuda\n"
        f"assert coro2cuda.load({str(tmp_path)!r}).map(range(28))[27] == 111\n"
        "found = [name for name in sys.modules if name.endswith(('.infer', '.lowering.build', '.lowering.ir'))]\n"
        "assert not found, found\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("grouping", [True, False])
def test_a_program_runs_only_as_it_was_built(grouping: bool, tmp_path: Path) -> None:
    arguments = (Argument("n", i64, "range"),)
    artifact.save(compiler.compile_program(collatz.__gpu_async__, arguments, "cpu", grouping), tmp_path)
    program = load(tmp_path)
    assert program.run(27, grouping=grouping) == 111
    with pytest.raises(ValueError, match=f"pass grouping={grouping}"):
        program.run(27, grouping=not grouping)


def damage_json(folder: Path) -> None:
    (folder / "program.json").write_text("{")


def damage_code(folder: Path) -> None:
    code = folder / "program.o"
    code.write_bytes(code.read_bytes()[:-1] + b"?")


def remove_code(folder: Path) -> None:
    (folder / "program.o").unlink()


def change_abi(folder: Path) -> None:
    manifest = json.loads((folder / "program.json").read_text())
    (folder / "program.json").write_text(json.dumps(manifest | {"abi_version": 0}))


@pytest.mark.parametrize(
    "damage, message",
    [
        (damage_json, "not JSON"),
        (damage_code, "not the one that the manifest describes"),
        (remove_code, "program.o is missing"),
        (change_abi, "ABI version 0"),
    ],
)
def test_damage_is_seen(damage: Any, message: str, tmp_path: Path) -> None:
    damage(built(collatz, tmp_path, (Argument("n", i64, "range"),)))
    with pytest.raises(ArtifactError, match=message):
        load(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no built program"):
        load(tmp_path / "nowhere")
    (tmp_path / "collatz").mkdir()
    built(collatz, tmp_path / "collatz", (Argument("n", i64, "range"),))
    with pytest.raises(FileNotFoundError, match="it has one in each of collatz"):
        load(tmp_path)


def test_captured_arrays_cannot_be_built(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"reads 1 array\(s\) of its module"):
        built(captured, tmp_path, (Argument("n", i32, "range"),))
    assert list(tmp_path.iterdir()) == []


def test_another_backend_than_built_for(tmp_path: Path) -> None:
    program = load(built(collatz, tmp_path, (Argument("n", i64, "range"),)))
    with pytest.raises(ValueError, match="was built for cpu: backend='cuda' cannot run it"):
        program.run(3, backend="cuda")
