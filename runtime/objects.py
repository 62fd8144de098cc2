"""What all objects of the heap have in common: device Python."""

from __future__ import annotations

from coro2cuda.frontend.device import device
from coro2cuda.frontend.dtypes import u32
from coro2cuda.lowering.abi import (
    KIND_BITS,
    OBJECT_COUNT,
    OBJECT_EXTRA,
    OBJECT_HEAD,
    OBJECT_KIND,
    OBJECT_LINE,
    OBJECT_LOCK,
    OBJECT_TAIL,
    OBJECT_VALUE,
)
from coro2cuda.runtime.layout import GlobalWords


@device
def clear(words: GlobalWords, kind: u32, site: u32) -> None:
    """An object's own words, with one reference."""
    words[OBJECT_LOCK] = 0
    words[OBJECT_COUNT] = 1
    words[OBJECT_KIND] = kind | site << KIND_BITS
    words[OBJECT_LINE] = 0
    words[OBJECT_HEAD] = 0
    words[OBJECT_TAIL] = 0
    words[OBJECT_VALUE] = 0
    words[OBJECT_EXTRA] = 0


@device
def kind_of(words: GlobalWords) -> u32:
    return words[OBJECT_KIND] & ((1 << KIND_BITS) - 1)
