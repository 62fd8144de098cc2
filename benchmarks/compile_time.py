"""How long a user waits for the compiler: a cold process, a second program, and one from the disk cache.

Each round is two processes for each target: one with an empty cache directory, which compiles the executor too, and one
with the directory the first has filled. Python's own bytecode is cached as it is for an installed package, whatever the
environment says; the first round, which writes it, is not counted.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from measure import HERE, Row, Times

ROUNDS = 7
LIMITS_MS = {"import": 150.0, "import to code": 400.0, "second": 60.0, "after import": 15.0}


def process(target: str, cache: str, bytecode: str) -> dict[str, float]:
    """The figures of one process with these cache directories."""
    environment = os.environ | {"CORO2CUDA_CACHE_DIR": cache, "PYTHONPYCACHEPREFIX": bytecode}
    for name in ("CORO2CUDA_CACHE", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    command = [sys.executable, str(HERE / "compile_once.py"), target]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measure(target: str, bytecode: str) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """The figures of cold processes, and of ones that find the program in the disk cache."""
    cold, warm = [], []
    for _ in range(1 + ROUNDS):
        with tempfile.TemporaryDirectory(prefix="coro2cuda-bench-") as cache:
            cold.append(process(target, cache, bytecode))
            warm.append(process(target, cache, bytecode))
    return cold[1:], warm[1:]


def rows() -> Iterator[Row]:
    """A row for each limit."""
    with tempfile.TemporaryDirectory(prefix="coro2cuda-bench-") as bytecode:
        cold, warm = measure("sm_90", bytecode)
        _, native = measure("cpu", bytecode)

    def row(name: str, runs: list[dict[str, float]], figure: str) -> Row:
        return Row(name, Times.of([run[figure] for run in runs]), limit_ms=LIMITS_MS[figure])

    yield row("import coro2cuda", warm, "import")
    yield row("cold process and cache: import to PTX", cold, "import to code")
    yield row("second program in the process", cold, "second")
    yield row("PTX from the disk cache, after import", warm, "after import")
    yield row("machine code from the disk cache, loaded, after import", native, "after import")
