"""The house: imports go one way, cupy has one door, and `import coro2cuda` is cheap."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = ("frontend", "lowering", "runtime", "coro2cuda")
FREE = {"coro2cuda.version"}  # a leaf that imports nothing: every layer may name the version
FILES = [path for folder in ORDER for path in sorted((ROOT / folder).glob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    """All modules that a file imports anywhere in it, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{name.name}" for name in names)


def layer(module: str) -> int | None:
    """The position in ORDER of a module of ours."""
    parts = module.split(".")
    if parts[0] != "coro2cuda" or module in FREE or any(module.startswith(f"{name}.") for name in FREE):
        return None
    return ORDER.index(parts[1]) if len(parts) > 1 and parts[1] in ORDER[:-1] else len(ORDER) - 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    own = ORDER.index(path.parent.name)
    # `from coro2cuda import X` is named by its parts: the bare package counts only in coro2cuda/ itself
    upward = [
        module
        for module in imported(path)
        if module != "coro2cuda" and (found := layer(module)) is not None and found > own
    ]
    assert upward == []


def test_only_the_cuda_backend_imports_cupy() -> None:
    users = {path.name for path in FILES if any(module.split(".")[0] == "cupy" for module in imported(path))}
    assert users == {"cuda.py"}


def in_new_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, coro2cuda; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = set(in_new_process(program).split())
    assert loaded & {"numpy", "llvmlite", "numba", "cupy", "rich"} == set()


def test_importing_the_package_is_quick() -> None:
    program = "import time; s = time.process_time(); import coro2cuda; print(time.process_time() - s)"
    assert min(float(in_new_process(program)) for _ in range(5)) < 0.15


def test_every_module_says_what_it_is_for() -> None:
    silent = [path.name for path in FILES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_every_folder_of_tests_has_its_row() -> None:
    table = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    folders = {path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/*.py")}
    assert set(re.findall(r"^\| `(\w+)/`", table, re.MULTILINE)) == folders
