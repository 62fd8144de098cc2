"""PTX to a cubin by NVIDIA's ptxas, with what it says of each kernel: registers, stack, spills, shared memory."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import final

from coro2cuda.lowering import toolkit
from coro2cuda.lowering.program import Report

_FUNCTION = re.compile(r"Compiling entry function '([^']+)'")
_STACK = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
_REGISTERS = re.compile(r"Used (\d+) registers")
_SHARED = re.compile(r"(\d+) bytes smem")


class AssemblyError(Exception):
    """ptxas refused PTX of ours: a fault of the compiler."""


@final
@dataclass(frozen=True, slots=True)
class Assembly:
    """A cubin, and a report for each kernel by name."""

    cubin: bytes
    reports: dict[str, Report]


def assemble(ptx: str, architecture: str) -> Assembly | None:
    """Assemble PTX for `sm_NN`; None where there is no ptxas, or an older one that does not know the architecture.

    Raises:
        AssemblyError: ptxas refused the text.
    """
    ptxas = toolkit.find_ptxas()
    if ptxas is None:
        return None
    with tempfile.TemporaryDirectory(prefix="coro2cuda-") as folder:
        source, output = Path(folder) / "program.ptx", Path(folder) / "program.cubin"
        source.write_text(ptx)
        command = [str(ptxas), "-v", "-O3", f"-arch={architecture}", "-o", str(output), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Assembly(output.read_bytes(), parse_reports(done.stderr + done.stdout))
    if "is not defined for option 'gpu-name'" in done.stderr or "Unsupported .version" in done.stderr:
        return None
    raise AssemblyError(f"ptxas {architecture}: {done.stderr.strip()}")


def parse_reports(text: str) -> dict[str, Report]:
    """What `ptxas -v` printed, by kernel."""
    pieces = _FUNCTION.split(text)
    return {name: _report(rest) for name, rest in zip(pieces[1::2], pieces[2::2], strict=True)}


def _report(text: str) -> Report:
    stack = _STACK.search(text)
    frame, stores, loads = map(int, stack.groups()) if stack else (0, 0, 0)
    return Report(_number(_REGISTERS, text), frame, stores + loads, _number(_SHARED, text))


def _number(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    return int(found[1]) if found else 0
