"""What of all that coro2cuda can use was found on this machine, and what to install for what is missing.

Only llvmlite and NumPy are needed: they compile for the CPU and for every GPU, and run on the CPU. The rest runs
programs on a GPU (driver, GPU, cupy), gives them math functions there (libdevice), or saves start-up time (ptxas).
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from coro2cuda.version import __version__

CUDA_EXTRA = "pip install 'coro2cuda[cuda]'"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked for: what was found, or None and the advice. `needed`: nothing works without it."""

    name: str
    found: str | None
    advice: str = ""
    needed: bool = False


def findings() -> Iterator[Finding]:
    """Everything worth knowing, in the order of the chain from source to GPU."""
    yield Finding("coro2cuda", f"{__version__} on Python {platform.python_version()}, {platform.machine()}")
    yield from _compiler()
    yield _package("numba", "pip install numba: only to call @njit functions from coroutines")
    yield from _gpu()
    yield from _toolkit()
    yield from _this_process()


def _compiler() -> Iterator[Finding]:
    yield _package("numpy", "pip install numpy", needed=True)
    llvmlite = _package("llvmlite", "pip install llvmlite", needed=True)
    yield llvmlite
    if llvmlite.found is None:
        return
    from coro2cuda.lowering import target

    yield Finding("targets", ", ".join(name for name in target.NAMES if _can_target(name)) or None, needed=True)


def _can_target(name: str) -> bool:
    from coro2cuda.lowering import target

    try:
        target.parse(name)
    except RuntimeError:  # llvmlite's word for a target that its LLVM was built without
        return False
    return True


def _package(name: str, advice: str, needed: bool = False) -> Finding:
    try:
        return Finding(name, metadata.version(name), needed=needed)
    except metadata.PackageNotFoundError:
        return Finding(name, None, advice, needed)


def _gpu() -> Iterator[Finding]:
    driver = _driver()
    if driver is None:
        yield Finding("NVIDIA driver", None, "install NVIDIA's driver to run on a GPU")
        return
    yield Finding("NVIDIA driver", f"for CUDA {_driver_version(driver)}")
    names = _gpu_names(driver)
    yield Finding("GPU", ", ".join(names) or None, "the driver finds no GPU; see `nvidia-smi`")
    yield _cupy()


def _driver() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL("nvcuda.dll" if platform.system() == "Windows" else "libcuda.so.1")
    except OSError:
        return None


def _driver_version(driver: ctypes.CDLL) -> str:
    version = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    return f"{version.value // 1000}.{version.value % 1000 // 10}"


def _gpu_names(driver: ctypes.CDLL) -> list[str]:
    count, name, names = ctypes.c_int(), ctypes.create_string_buffer(256), []
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return []
    for index in range(count.value):
        device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        driver.cuDeviceGet(ctypes.byref(device), index)
        driver.cuDeviceGetName(name, len(name), device)
        driver.cuDeviceGetAttribute(ctypes.byref(major), 75, device)
        driver.cuDeviceGetAttribute(ctypes.byref(minor), 76, device)
        names.append(f"{name.value.decode()} (sm_{major.value}{minor.value})")
    return names


def _cupy() -> Finding:
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"] or ""
        if name.lower().startswith("cupy"):
            return Finding("cupy", f"{distribution.version} ({name})")
    return Finding("cupy", None, CUDA_EXTRA)


def _toolkit() -> Iterator[Finding]:
    from coro2cuda.lowering import toolkit

    libdevice, ptxas = toolkit.find_libdevice(), toolkit.find_ptxas()
    advice = f"{CUDA_EXTRA}: for math functions such as log and cos on a GPU"
    yield Finding("libdevice", None if libdevice is None else str(libdevice), advice)
    advice = "pip install nvidia-cuda-nvcc: `coro2cuda build` then writes cubins too"
    yield Finding("ptxas", None if ptxas is None else str(ptxas), advice)


def _this_process() -> Iterator[Finding]:
    from coro2cuda.runtime import backend, cache, errors

    folder = cache.directory()
    yield Finding("cache", None if folder is None else str(folder), "off, or its directory is not yours alone")
    try:
        yield Finding("default backend", backend.choose())
    except (ValueError, errors.BackendUnavailable) as error:
        yield Finding("default backend", None, str(error))


def report() -> int:
    """Print the findings; 1 if something needed is missing."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    found = list(findings())
    for finding in found:
        missing = f"[yellow]missing[/]: {escape(finding.advice)}"
        table.add_row(finding.name, missing if finding.found is None else escape(finding.found))
    Console(highlight=False).print(table)
    return 1 if any(finding.needed and finding.found is None for finding in found) else 0
