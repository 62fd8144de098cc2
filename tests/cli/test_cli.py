"""The command line, in this process and as a command: what it prints, where, and its exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from coro2cuda import load
from coro2cuda.cli import main
from coro2cuda.runtime import backend
from coro2cuda.show import STAGES

PROGRAM = '''
from coro2cuda import f32, gpu_async, i32, reschedule


@gpu_async
async def chain(n: int) -> i32:
    """Collatz."""
    steps: i32 = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        await reschedule()
    return steps


@gpu_async
async def divide(a: i32, b: i32) -> i32:
    return a // b


@gpu_async
async def scale(index: i32, factor: f32, xs: f32[:]) -> f32:
    return xs[index] * factor


def helper(n):
    return n
'''
UNANNOTATED = """
from coro2cuda import gpu_async


@gpu_async
async def double(n):
    return 2 * n
"""
REFUSED = """
from coro2cuda import gpu_async


@gpu_async
async def f(n: int) -> int:
    with open("x"):
        return n
"""
SCRIPT = """
import argparse
import os
import sys

from coro2cuda import gpu_async, run
from neighbour import NAME


@gpu_async
async def triple(n: int) -> int:
    return 3 * n


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="the script's own help")
    parser.add_argument("number", type=int)
    parser.add_argument("--backend")
    options = parser.parse_args()
    print(sys.argv[0], NAME, options.backend, os.environ.get("CORO2CUDA_BACKEND"), run(triple(options.number)))
    sys.exit(options.number)
"""


@pytest.fixture(autouse=True)
def own_process_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """What running a user's file changes in a process, undone after each test."""
    for name in ("argv", "path", "excepthook"):
        value = getattr(sys, name)
        monkeypatch.setattr(sys, name, list(value) if isinstance(value, list) else value)
    monkeypatch.setenv("CORO2CUDA_BACKEND", "cpu")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The message of a command that must exit with status 2 and print nothing else."""
    try:
        status = main(argv)
    except SystemExit as error:  # argparse's own
        status = error.code
    found = capsys.readouterr()
    assert status == 2
    assert found.out == ""
    assert "Traceback" not in found.err
    return found.err


# --- bad usage and bad input -----------------------------------------------------------------------------------------


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "COMMAND" in refusal(capsys)


@pytest.mark.parametrize("command", ["run", "show", "build"])
def test_a_missing_file(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rest = ["-o", str(tmp_path / "out")] if command == "build" else []
    assert "there is no file 'nowhere.py'" in refusal(capsys, command, "nowhere.py:f", *rest)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "show"])
def test_a_missing_coroutine_names_those_there_are(
    command: str, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(capsys, command, f"{program}:helper")
    assert "no @gpu_async coroutine 'helper'; it has chain, divide, scale" in message


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["x y"], "'x y' is not a Python literal"),
        ([], "missing a required argument: 'n'"),
        (["1", "2"], "too many positional arguments"),
        (["2.5"], "expected int, got float"),
        (["'a'"], "str cannot be passed"),
    ],
)
def test_bad_arguments_of_a_coroutine(
    arguments: list[str], message: str, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refusal(capsys, "run", f"{program}:chain", *arguments)


def test_an_unknown_backend(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "tpu" in refusal(capsys, "run", "--backend", "tpu", f"{program}:chain", "1")


@pytest.mark.parametrize(
    "name, value", [("CORO2CUDA_BACKEND", "tpu"), ("CORO2CUDA_THREADS", "many"), ("CORO2CUDA_THREADS", "0")]
)
def test_a_setting_that_cannot_be_used_is_named(
    program: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert f"{name}={value!r}: " in refusal(capsys, "run", f"{program}:chain", "1")


def test_a_gpu_that_is_not_there(
    program: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backend.instance("cuda"), "unavailable", lambda: "there is no GPU", raising=True)
    assert "there is no GPU" in refusal(capsys, "run", "--backend", "cuda", f"{program}:chain", "1")


def test_a_syntax_error_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "broken.py", "x = (\n")
    assert f"{path}:1" in refusal(capsys, "run", f"{path}:f")


def test_a_file_that_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "binary.py"
    path.write_bytes(b"x = \0 1\n")
    assert f"{path}: source code" in refusal(capsys, "run", f"{path}:f")


@pytest.mark.parametrize("command", ["run", "show"])
def test_what_the_compiler_refuses(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "refused.py", REFUSED)
    rest = ["1"] if command == "run" else []
    message = refusal(capsys, command, f"{path}:f", *rest)
    assert f"{path}:7:5: error:" in message and "^^^^" in message


def test_show_needs_a_coroutine(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"{program}:NAME" in refusal(capsys, "show", str(program))


def test_show_has_formats_for_states_only(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--stage states" in refusal(capsys, "show", f"{program}:chain", "--stage", "ir", "--format", "svg")


def test_the_cpu_has_no_ptx(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "GPU target" in refusal(capsys, "show", f"{program}:chain", "--stage", "ptx", "--target", "cpu")


@pytest.mark.parametrize("types", ["i33", "i32,i32", ""])
def test_bad_types(types: str, program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, "show", f"{program}:chain", "--types", types)


@pytest.mark.parametrize("target", ["sm_12", "sm_90a", "x86"])
def test_an_unknown_target_writes_nothing(
    target: str, program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(capsys, "build", f"{program}:chain", "--target", target, "-o", str(tmp_path / "out"))
    assert target in message and "sm_90" in message
    assert {path.name for path in tmp_path.iterdir()} <= {"program.py", "__pycache__"}


def test_build_needs_annotations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "loose.py", UNANNOTATED)
    message = refusal(capsys, "build", str(path), "-o", str(tmp_path / "out"))
    assert "double needs a type for n: annotate, as in `n: i32`" in message and f"{path}:5" in message
    assert not (tmp_path / "out").exists()


# --- run -------------------------------------------------------------------------------------------------------------


def test_run_prints_the_result(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", f"{program}:chain", "27"]) == 0
    assert capsys.readouterr().out == "111\n"


def test_negative_arguments_are_not_options(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", f"{program}:divide", "-7", "2"]) == 0
    assert capsys.readouterr().out == "-4\n"


def test_statistics_go_to_stderr(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--stats", f"{program}:chain", "27"]) == 0
    found = capsys.readouterr()
    assert found.out == "111\n"
    assert "resumes by state" in found.err and "111" in found.err
    assert "CORO2CUDA_STATS" not in os.environ


def test_a_task_that_fails_raises_its_own_exception(program: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        main(["run", f"{program}:divide", "1", "0"])


@pytest.fixture
def script(tmp_path: Path) -> Path:
    written(tmp_path, "neighbour.py", "NAME = 'next door'\n")
    return written(tmp_path, "script.py", SCRIPT)


def test_a_script_runs_as_under_python(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(["run", "--backend", "asyncio", str(script), "7", "--backend", "mine"])
    assert exit.value.code == 7
    assert capsys.readouterr().out == f"{script} next door mine asyncio 21\n"
    assert os.environ["CORO2CUDA_BACKEND"] == "cpu"


def test_help_after_the_file_is_the_scripts(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(["run", str(script), "--help"])
    assert exit.value.code == 0
    assert "the script's own help" in capsys.readouterr().out


# --- build -----------------------------------------------------------------------------------------------------------


def test_build_writes_a_manifest_and_code(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["build", f"{program}:chain", "--target", "sm_90", "-o", str(out)]) == 0
    described = json.loads((out / "program.json").read_text())
    assert described["target"] == "sm_90" and described["states"] and described["abi_version"]
    assert ".target sm_90" in (out / "program.ptx").read_text()
    assert set(capsys.readouterr().out.split()) == {str(path) for path in out.iterdir()}


def test_a_file_of_several_coroutines_makes_a_directory_each(program: Path, tmp_path: Path) -> None:
    assert main(["build", str(program), "--target", "cpu", "-o", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["chain", "divide", "scale"]
    assert load(tmp_path / "out" / "chain").map(range(28))[27] == 111
    scaled = load(tmp_path / "out" / "scale").map(range(3), 2.0, np.arange(3, dtype=np.float32))
    assert scaled.tolist() == [0.0, 2.0, 4.0]


def test_each_names_the_parameters_that_differ_by_task(program: Path, tmp_path: Path) -> None:
    out, source = tmp_path / "out", f"{program}:divide"
    assert main(["build", source, "--target", "cpu", "--each", "b", "-o", str(out)]) == 0
    assert load(out).map(100, np.array([1, 3, 7], np.int32)).tolist() == [100, 33, 14]


@pytest.mark.parametrize("source, name", [("divide", "c"), ("scale", "xs")])
def test_each_needs_a_number(
    source: str, name: str, program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert name in refusal(capsys, "build", f"{program}:{source}", "--each", name, "-o", str(tmp_path / "out"))


def test_build_replaces_what_it_built_before(program: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["build", str(program), "--target", "cpu", "-o", str(out)]) == 0
    first = sorted(path.name for path in out.iterdir())
    assert main(["build", str(program), "--target", "cpu", "-o", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == first
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_build_does_not_overwrite_what_is_not_its_own(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    written(out, "thesis.txt", "years of work")
    assert "thesis.txt" in refusal(capsys, "build", f"{program}:chain", "-o", str(out))
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


# --- show ------------------------------------------------------------------------------------------------------------

EXPECTED = {
    "source": '"""Collatz."""',
    "ast": "async def chain",
    "ir": "coroutine",
    "states": "program.py:12:9: await reschedule()",
    "frame": "bytes a frame",
    "llvm": "define",
    "ptx": ".target sm_90",
}


@pytest.mark.parametrize("stage", STAGES)
def test_show_prints_each_stage(stage: str, program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"{program}:chain", "--stage", stage]) == 0
    assert EXPECTED[stage] in capsys.readouterr().out


def test_show_draws_the_states(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"{program}:chain", "--format", "svg"]) == 0
    texts = [element.text or "" for element in ElementTree.fromstring(capsys.readouterr().out).iter()]
    assert "program.py:12:9: await reschedule()" in texts
    assert any(text.startswith("saves") and "n: int" in text and "steps: i32" in text for text in texts)


def test_show_writes_dot(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"{program}:chain", "--format", "dot"]) == 0
    assert '"0" -> "0";' in capsys.readouterr().out


def test_types_stand_in_for_annotations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "loose.py", UNANNOTATED)
    assert main(["show", f"{path}:double", "--stage", "ast", "--types", "f32"]) == 0
    assert "n: f32" in capsys.readouterr().out


# --- the command itself ----------------------------------------------------------------------------------------------


def command(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-P", "-m", "coro2cuda", *argv], capture_output=True, text=True, check=False)


def test_a_traceback_starts_in_the_users_file(tmp_path: Path) -> None:
    path = written(tmp_path, "failing.py", PROGRAM + "\n\nfrom coro2cuda import run\n\nrun(divide(1, 0))\n")
    done = command("run", str(path))
    assert done.returncode == 1 and done.stdout == ""
    places = [line.split(",")[0] for line in done.stderr.splitlines() if line.startswith("  File")]
    assert set(places) == {f'  File "{path}"'}
    assert "ZeroDivisionError" in done.stderr


def test_doctor_names_what_was_found() -> None:
    done = command("doctor")
    assert done.returncode == 0 and done.stderr == ""
    assert all(name in done.stdout for name in ("llvmlite", "sm_90", "libdevice", "ptxas", "default backend"))


def test_the_version() -> None:
    from coro2cuda.version import __version__

    assert command("--version").stdout == f"coro2cuda {__version__}\n"


def test_a_script_with_a_syntax_error_fails_as_under_python(tmp_path: Path) -> None:
    done = command("run", str(written(tmp_path, "wrong.py", "def f(:\n")))
    assert done.returncode == 1 and "SyntaxError" in done.stderr
    assert "Traceback" not in done.stderr and "runpy" not in done.stderr
