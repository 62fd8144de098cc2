"""How long a user waits for the compiler: a cold process, a second program, and one from the disk cache.

Each round is two processes: one with an empty cache directory, which compiles the executor too, and one with the
directory the first has filled.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from measure import HERE, Row, Times

ROUNDS = 7
LIMITS_MS = {"import": 150.0, "import to PTX": 400.0, "second": 60.0, "after import": 15.0}


def process(cache: str) -> dict[str, float]:
    """The figures of one process with that cache directory."""
    environment = os.environ | {"CORO2CUDA_CACHE_DIR": cache}
    environment.pop("CORO2CUDA_CACHE", None)
    command = [sys.executable, str(HERE / "compile_once.py")]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def rows() -> Iterator[Row]:
    """A row for each limit."""
    cold, warm = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="coro2cuda-bench-") as cache:
            cold.append(process(cache))
            warm.append(process(cache))

    def row(name: str, runs: list[dict[str, float]], figure: str) -> Row:
        return Row(name, Times.of([run[figure] for run in runs]), limit_ms=LIMITS_MS[figure])

    yield row("import coro2cuda", warm, "import")
    yield row("cold process and cache: import to PTX", cold, "import to PTX")
    yield row("second program in the process", cold, "second")
    yield row("from the disk cache, after import", warm, "after import")
