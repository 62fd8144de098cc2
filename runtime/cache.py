"""Compiled programs on disk, so that a second process starts without compiling.

    KEY.c2c = magic | sha256 of the payload | payload
    payload of a program = u64 size | JSON: manifest, positions of captured arrays | code | cubin

A file is data: checked against its digest and key by key, never executed as Python. It is written beside its place and
moved there, so processes never see half a file; one that is damaged is deleted and made anew. The directory is the
user's alone, for what lies there is run as machine code: one that others own or can write to is not used.

    CORO2CUDA_CACHE_DIR   the directory, else the platform's cache directory of the user
    CORO2CUDA_CACHE=0     no cache
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import stat
import struct
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Argument, ManifestError, Program, from_manifest, type_to_text
from coro2cuda.runtime import trials
from coro2cuda.runtime.dependencies import Dependencies
from coro2cuda.runtime.raised import named_class
from coro2cuda.version import __version__

MAGIC: Final = b"coro2cuda cache 1\n"
_DIGEST: Final = hashlib.sha256().digest_size
_SIZE = struct.Struct("<Q")


# --- the directory ---------------------------------------------------------------------------------------------------


def directory() -> Path | None:
    """Where cache files go, made if need be; None if caching is off or the place cannot be trusted."""
    if os.environ.get("CORO2CUDA_CACHE") == "0":
        return None
    path = _place() / "programs"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path if _is_private(path) else None
    except OSError:
        return None


def _place() -> Path:
    if chosen := os.environ.get("CORO2CUDA_CACHE_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "coro2cuda" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "coro2cuda"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coro2cuda"


def _is_private(path: Path) -> bool:
    """Ours and closed to others; one of ours that is open is closed."""
    if not hasattr(os, "geteuid"):
        return True
    found = path.stat()
    if found.st_uid != os.geteuid():
        return False
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return True


# --- blobs -----------------------------------------------------------------------------------------------------------


def load_blob(key: str) -> bytes | None:
    """The payload stored under a key, or None. A damaged file is deleted."""
    folder = directory()
    if folder is None:
        return None
    path = folder / f"{key}.c2c"
    try:
        content = path.read_bytes()
    except OSError:
        return None
    start = len(MAGIC) + _DIGEST
    payload = content[start:]
    if content[: len(MAGIC)] == MAGIC and content[len(MAGIC) : start] == hashlib.sha256(payload).digest():
        return payload
    discard(key)
    return None


def store_blob(key: str, payload: bytes) -> None:
    """Store a payload under a key. A cache that cannot be written to is no error: the next process compiles again."""
    folder = directory()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        write_atomically(folder / f"{key}.c2c", MAGIC + hashlib.sha256(payload).digest() + payload)


def discard(key: str) -> None:
    """Delete what is stored under a key."""
    folder = directory()
    if folder is not None:
        with contextlib.suppress(OSError):
            (folder / f"{key}.c2c").unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that others see whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


# --- programs --------------------------------------------------------------------------------------------------------


def program_key(
    digest: str, arguments: Sequence[Argument], target: str, grouping: bool, returns_errors: bool = False
) -> str:
    """The key of a program: its dependencies, signature, target, entry, and the compiler that makes it."""
    signature = [[argument.name, type_to_text(argument.type), argument.mode] for argument in arguments]
    python = sys.implementation.cache_tag
    entry = [grouping, returns_errors, trials.current().options()]
    parts = [_compiler(), abi.ABI_VERSION, python, digest, signature, entry, _machine(target)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def executor_key(entry: str, target: str) -> str:
    """The key of the bitcode of an entry of the executor."""
    parts = ["executor", _compiler(), abi.ABI_VERSION, entry, _machine(target)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _machine(target: str) -> str:
    """The target; for the CPU with its model, since a home directory may be shared between machines."""
    if target != "cpu":
        return target
    from coro2cuda.lowering import target as targets

    host = targets.parse(target)
    return f"{host.triple} {host.cpu} {host.features}"


@functools.cache
def _compiler() -> str:
    """The package's version, and size and time of its files, so that a change of the compiler is seen."""
    parts = [__version__]
    for package in ("frontend", "lowering", "runtime"):
        folder = Path(sys.modules[f"coro2cuda.{package}"].__path__[0])
        with os.scandir(folder) as entries:
            files = sorted((entry.name, entry.stat()) for entry in entries if entry.name.endswith(".py"))
        parts += [f"{package}/{name} {found.st_size} {found.st_mtime_ns}" for name, found in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def store_program(key: str, program: Program, needs: Dependencies) -> None:
    """Store a program. It captures some of the arrays of its dependencies."""
    positions = [_position(array, needs.arrays) for array in program.captured_values]
    if None in positions:
        return
    header = json.dumps({"manifest": program.to_manifest(), "captured": positions}).encode()
    store_blob(key, _SIZE.pack(len(header)) + header + program.code + (program.cubin or b""))


def load_program(key: str, needs: Dependencies) -> Program | None:
    """The program stored under a key, with its captured arrays and exception classes taken from its dependencies; None
    if there is none."""
    payload = load_blob(key)
    if payload is None:
        return None
    try:
        return _unpack(payload, needs)
    except (ValueError, struct.error):
        discard(key)
        return None


def _unpack(payload: bytes, needs: Dependencies) -> Program:
    arrays = needs.arrays
    (size,) = _SIZE.unpack_from(payload)
    header = json.loads(payload[_SIZE.size : _SIZE.size + size])
    if not isinstance(header, dict) or not isinstance(header.get("captured"), list):
        raise ManifestError("a cache file without its header")
    manifest, body = header.get("manifest"), payload[_SIZE.size + size :]
    code_size = _code_size(manifest)
    program = from_manifest(manifest, body[:code_size], body[code_size:] or None)
    positions = header["captured"]
    if not all(type(position) is int and 0 <= position < len(arrays) for position in positions):
        raise ManifestError("captured arrays that the function does not have")
    captured = tuple(arrays[position] for position in positions)
    classes = tuple(named_class(wanted, needs.classes) for wanted in program.classes)
    return replace(program, captured_values=captured, class_values=classes)


def _code_size(manifest: Any) -> int:
    match manifest:
        case {"code": [int(size), str()]} if size >= 0:
            return size
        case _:
            raise ManifestError("a manifest without `code`")


def _position(array: Any, arrays: Sequence[Any]) -> int | None:
    return next((position for position, found in enumerate(arrays) if found is array), None)
