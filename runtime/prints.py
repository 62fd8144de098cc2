"""The print buffer back to text: what `print` in a task wrote, in the order the tasks reserved their places.

u32 site, u32 bytes, value, value, ...     8 bytes a value; `Program.formats[site]` says text and types
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from coro2cuda.frontend.dtypes import Scalar, Type
from coro2cuda.lowering import abi
from coro2cuda.lowering.program import Program


def read_prints(program: Program, buffer: bytes | memoryview, head: int) -> Iterator[str]:
    """The text of each record; then, if the buffer was too small, a line that says how much is missing."""
    end, position = min(head, len(buffer)), 0
    while position + abi.PRINT_HEADER <= end:
        site, size = struct.unpack_from("<II", buffer, position)
        if site >= len(program.formats) or size < abi.PRINT_HEADER or position + size > end:
            break
        yield _record(program.formats[site], buffer, position + abi.PRINT_HEADER)
        position += size
    if head > len(buffer):
        yield f"[{head - position} bytes of printed records were lost: the print buffer holds {len(buffer)}]\n"


def _record(parts: tuple[str | Type, ...], buffer: bytes | memoryview, position: int) -> str:
    text = []
    for part in parts:
        if isinstance(part, str):
            text.append(part)
        else:
            text.append(shown(part, buffer, position))
            position += abi.PRINT_VALUE
    return "".join(text)


def shown(type: Type, buffer: bytes | memoryview, position: int) -> str:
    """A value of a record as Python prints it; an f32 with the digits that an f32 needs."""
    assert isinstance(type, Scalar)
    if type.is_float:
        return str(type(struct.unpack_from("<d", buffer, position)[0]))
    code = "<q" if type.kind == "int" else "<Q"
    value = struct.unpack_from(code, buffer, position)[0]
    return str(bool(value & 1) if type.kind == "bool" else value)
