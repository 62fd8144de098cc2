"""The README tells the truth: its program prints what it says, and the refusal it shows is what the compiler says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
REFUSED = """\
from coro2cuda import gpu_async


@gpu_async
async def flight(path: int) -> int:
    with open(path) as handle:
        return 1
"""


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_first_program_prints_what_is_shown(tmp_path: Path) -> None:
    shown = re.search(r"```python\n(.*?)```\n\n```\n\$ python chains.py\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    (tmp_path / "chains.py").write_text(shown[1])
    done = python("chains.py", folder=tmp_path)
    assert (done.stdout, done.stderr) == (shown[2], "")


PRODUCE = """\
import sys
from coro2cuda import Queue, TaskGroup, gpu_async, i64, run, sleep, wait_for

@gpu_async
async def produce(jobs: Queue[i64]) -> None:
    await sleep(0.02)
    await jobs.put(5)

"""


@pytest.mark.parametrize("backend", ["asyncio", "cpu"])
def test_the_second_program_gives_up_in_time(backend: str, tmp_path: Path) -> None:
    shown = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[1]
    calls = ", ".join(f"run(first_answer(Queue(), {seconds}), backend={backend!r})" for seconds in (60.0, 0.001))
    (tmp_path / "answer.py").write_text(f"{PRODUCE}{shown}\nprint({calls})\n")
    done = python("answer.py", folder=tmp_path)
    assert (done.stdout, done.stderr) == ("5 0\n", "")


def test_the_refusal_is_the_compilers(tmp_path: Path) -> None:
    (tmp_path / "slab.py").write_text(REFUSED)
    done = python("-m", "coro2cuda", "show", "slab.py:flight", folder=tmp_path)
    assert done.returncode == 2
    assert f"```\n{done.stderr.replace(f'{tmp_path}/', '')}```" in README


def test_the_commands_of_the_table_exist(tmp_path: Path) -> None:
    named = set(re.findall(r"`coro2cuda (\w+)", README))
    assert named == {"run", "build", "show", "doctor"}
    for command in named:
        assert python("-m", "coro2cuda", command, "--help", folder=tmp_path).returncode == 0
