"""Where a task can raise: shared by the IR, which raises, and the artifact, which must not load the IR to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from coro2cuda.frontend.diagnostics import Span


@final
@dataclass(frozen=True, slots=True)
class Site:
    """Where and what a Raise raises: a built-in exception's name, its message, and the source."""

    exception: str
    message: str
    span: Span
