"""How a call of `map` says what goes to one task each."""

from __future__ import annotations

from typing import Any


class each:
    """Marks an argument of `map` whose elements go to one root task each: an array, a range or a list of numbers.

    Needed where the parameter has no annotation; a range, or a 1-D array for a parameter annotated with a scalar type,
    is taken by element anyway.
    """

    __slots__ = ("values",)

    def __init__(self, values: Any) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"each({self.values!r:.60})"
