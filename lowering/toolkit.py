"""Where NVIDIA's files are on this machine: libdevice and ptxas.

Looked for in this order: CUDA_HOME and CUDA_PATH, NVIDIA's wheels in this environment, cuda-pathfinder's knowledge of
other places (conda, the dynamic linker's), and the usual directory of the toolkit.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LIBDEVICE = "libdevice.10.bc"
DEFAULT_ROOT = Path("/usr/local/cuda")


@cache
def find_libdevice() -> Path | None:
    """The bitcode of NVIDIA's math functions."""
    for root in _roots():
        path = root / "nvvm" / "libdevice" / LIBDEVICE
        if path.is_file():
            return path
    return _pathfinder_libdevice()


@cache
def find_ptxas() -> Path | None:
    """NVIDIA's assembler."""
    name = "ptxas.exe" if os.name == "nt" else "ptxas"
    for root in _roots():
        path = root / "bin" / name
        if path.is_file():
            return path
    found = shutil.which(name) or _pathfinder_ptxas()
    return Path(found) if found else None


def _roots() -> Iterator[Path]:
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        if root := os.environ.get(variable):
            yield Path(root)
    for entry in sys.path:
        wheels = Path(entry) / "nvidia"
        if wheels.is_dir():
            yield from sorted((path for path in wheels.iterdir() if path.is_dir()), reverse=True)
    if DEFAULT_ROOT.is_dir():
        yield DEFAULT_ROOT


def _pathfinder_libdevice() -> Path | None:
    try:
        from cuda.pathfinder import BitcodeLibNotFoundError, find_bitcode_lib
    except ImportError:
        return None
    try:
        return Path(find_bitcode_lib("device"))
    except BitcodeLibNotFoundError:
        return None


def _pathfinder_ptxas() -> str | None:
    try:
        from cuda.pathfinder import find_nvidia_binary_utility
    except ImportError:
        return None
    found: str | None = find_nvidia_binary_utility("ptxas")
    return found
