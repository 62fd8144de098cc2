"""A memory that is as weak as the PTX memory model lets it be, for the explorer's lanes.

Every lane is a thread with a vector clock. An access *happens before* another if clocks say so; clocks are passed on
by what synchronises: a release and the acquire that reads it, fences around relaxed accesses, `fence_sc` in its total
order, and `warp_sync` between the lanes of a warp.

    plain access      must be ordered with every conflicting one, else it is a data race. A plain load that races yields
                      `Poison`: what decides by it, follows or stores it is a violation. So a stale L1 needs no model of
                      its own: a plain load reads the one value that it can read, or it races. (Where the executor
                      reads on speculation and then throws the value away, as a thief that lost, nobody uses it.)
    atomic access     a location keeps the history of what was stored. A load reads any message that is not older than
                      one the lane knows of: a store that nothing fences may be seen late, by each lane at another time.
    read-modify-write reads the newest message, as the hardware does in L2; relaxed, it carries on a release sequence.

After Relacy (Vyukov) and "C11Tester" (Luo, Demsky 2021): histories with clocks in place of a store buffer. Not
modelled: load buffering, that is a load that sees a store which comes later in program order of the other lane, and
mixed sizes. Stores of one lane to different locations become visible in any order, as long as nothing orders them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from violation import NO_PLACE, Place, Violation

from coro2cuda.frontend.dtypes import Scalar, Type
from coro2cuda.lowering import scalars
from coro2cuda.lowering.frame import size_of

if TYPE_CHECKING:
    from machine import Lane

REGION_BITS = 40
OFFSET_MASK = (1 << REGION_BITS) - 1
LONGEST_HISTORY = 6
Clock = list[int]


def region(number: int) -> int:
    """The address at which a region begins."""
    return number << REGION_BITS


class Poison:
    """What a racing load gives. It may be copied, computed with and thrown away; whoever decides by it, goes where it
    points, or stores it learns why that is wrong."""

    def __init__(self, race: Violation) -> None:
        self.race = race

    def _used(self, *_: Any) -> Any:
        raise Violation("poisoned value", f"used after a {self.race.kind}, {self.race.message}", *self.race.places)

    def _same(self, *_: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __mod__ = _same
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __lshift__ = __rshift__ = __neg__ = __invert__ = _same
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __bool__ = __index__ = __int__ = _used  # type: ignore[assignment]
    __hash__ = _used  # type: ignore[assignment]


class Message:
    """A value that an atomic store left in a location. `seen`: lanes that know of it, with their clock at the time."""

    __slots__ = ("place", "release", "seen", "value")

    def __init__(self, value: Any, release: Clock | None, seen: dict[int, int], place: Place) -> None:
        self.value, self.release, self.seen, self.place = value, release, seen, place


class Cell:
    """A location. Plain: who wrote it and when, who has read it since. Atomic: `messages`, oldest first."""

    __slots__ = ("clock", "kind", "messages", "place", "reads", "size", "value", "writer")

    def __init__(self, kind: Type, value: Any) -> None:
        self.kind, self.size, self.value = kind, size_of(kind), value
        self.writer, self.clock, self.place = 0, 0, NO_PLACE
        self.reads: dict[int, tuple[int, Place]] = {}
        self.messages: list[Message] | None = None


class Memory:
    """Cells by address, `region << REGION_BITS | offset`. Regions that the host has cleared start with zeros. `limits`
    are counts that must not rise above a number, and what they count."""

    def __init__(self, lanes: int) -> None:
        self.cells: dict[int, Cell] = {}
        self.zeroed: set[int] = set()
        self.names: dict[int, str] = {}
        self.limits: dict[int, tuple[int, str]] = {}
        self.sc_clock: Clock = [0] * lanes

    def put(self, address: int, kind: Type, value: Any) -> None:
        """Write from the host, before the launch."""
        self.cells[address] = Cell(kind, value)

    def get(self, address: int) -> Any:
        """Read from the host, after the launch; None where nothing was ever written."""
        cell = self.cells.get(address)
        if cell is None:
            return 0 if address >> REGION_BITS in self.zeroed else None
        return cell.messages[-1].value if cell.messages is not None else cell.value

    def spelled(self, address: int) -> str:
        return f"{self.names.get(address >> REGION_BITS, 'nowhere')}+{address & OFFSET_MASK}"

    def overlapping(self, address: int, size: int) -> list[int]:
        """Where cells of another place or size lie on these bytes."""
        cells = self.cells
        near = [at for at in range(address - 31, address + size) if at in cells]
        return [at for at in near if at + cells[at].size > address and (at != address or cells[at].size != size)]


def join(clock: Clock, other: Clock) -> Clock:
    return [mine if mine > theirs else theirs for mine, theirs in zip(clock, other, strict=True)]


# --- plain accesses --------------------------------------------------------------------------------------------------


def load(lane: Lane, address: int, kind: Type, place: Place) -> Any:
    cell = lane.cells.get(address)
    if cell is None or cell.kind is not kind:
        cell = _cell_to_read(lane, address, kind, place)
    vc = lane.vc
    if cell.messages is not None:
        newest = cell.messages[-1]
        if not any(clock <= vc[thread] for thread, clock in newest.seen.items()):
            return Poison(_race(lane, address, "a plain load and an atomic store", newest.place, place))
        cell.reads[lane.index] = (vc[lane.index], place)
        return newest.value
    if cell.clock > vc[cell.writer]:
        return Poison(_race(lane, address, "a plain load and a plain store", cell.place, place))
    cell.reads[lane.index] = (vc[lane.index], place)
    value = cell.value
    return value if cell.kind is kind else _as_kind(value, kind)


def reload(lane: Lane, address: int, kind: Type, place: Place) -> Any:
    """A slot of a frame. It may hold nothing, if nobody uses that: what was awaited has failed."""
    try:
        return load(lane, address, kind, place)
    except Violation as nothing:
        return Poison(nothing)


def store(lane: Lane, address: int, kind: Type, value: Any, place: Place) -> None:
    if value.__class__ is Poison:
        value._used()
    cell = lane.cells.get(address)
    if cell is None or cell.kind is not kind:
        cell = _cell_to_write(lane, address, kind, place)
    _check_write(lane, address, cell, place)
    if address in lane.memory.limits:
        check_limit(lane, address, value, place)
    cell.value, cell.writer, cell.clock, cell.place, cell.messages = value, lane.index, lane.vc[lane.index], place, None
    cell.reads = {}
    if lane.trace is not None:
        lane.note(place, f"store {lane.memory.spelled(address)} = {value}")


def check_limit(lane: Lane, address: int, value: int, place: Place) -> None:
    most, what = lane.memory.limits[address]
    if value > most:
        raise Violation("overflow", f"{value} {what} with room for {most}", place)


def _check_write(lane: Lane, address: int, cell: Cell, place: Place) -> None:
    vc = lane.vc
    if cell.messages is not None:
        newest = cell.messages[-1]
        if not any(clock <= vc[thread] for thread, clock in newest.seen.items()):
            raise _race(lane, address, "a plain store and an atomic store", newest.place, place)
    elif cell.clock > vc[cell.writer]:
        raise _race(lane, address, "two plain stores", cell.place, place)
    _check_reads(lane, address, cell, place)


def _check_reads(lane: Lane, address: int, cell: Cell, place: Place) -> None:
    for thread, (clock, where) in cell.reads.items():
        if clock > lane.vc[thread] and address >> REGION_BITS not in lane.speculative:
            raise _race(lane, address, "a load and a store", where, place)


def _race(lane: Lane, address: int, what: str, first: Place, second: Place) -> Violation:
    return Violation("data race", f"{what} of {lane.memory.spelled(address)}", first, second)


def _cell_to_read(lane: Lane, address: int, kind: Type, place: Place) -> Cell:
    """The cell where it is of an equal or a like type, or a fresh zero."""
    memory = lane.memory
    cell = memory.cells.get(address)
    size = size_of(kind)
    if cell is not None and cell.size == size and not memory.overlapping(address, size):
        return cell
    if cell is None and address >> REGION_BITS in memory.zeroed and not memory.overlapping(address, size):
        cell = memory.cells[address] = Cell(kind, kind.convert(0) if isinstance(kind, Scalar) else 0)
        return cell
    found = "nothing" if cell is None else f"a {cell.kind!r}"
    raise Violation("bad access", f"reads a {kind!r} from {memory.spelled(address)}, which holds {found}", place)


def _cell_to_write(lane: Lane, address: int, kind: Type, place: Place) -> Cell:
    """A cell of this type; those that lie on its bytes are written over."""
    memory, size = lane.memory, size_of(kind)
    if address >> REGION_BITS not in memory.names:
        raise Violation("bad access", f"writes to address {address:#x}", place)
    for at in memory.overlapping(address, size):
        _check_write(lane, at, memory.cells.pop(at), place)
    cell = memory.cells.get(address)
    if cell is None:
        cell = memory.cells[address] = Cell(kind, None)
    cell.kind = kind
    return cell


def _as_kind(value: Any, kind: Type) -> Any:
    """The bits read as an integer of the other sign; other types are equal ones."""
    return kind.wrap(value) if isinstance(kind, Scalar) and kind.is_integer and value.__class__ is int else value


# --- atomic accesses -------------------------------------------------------------------------------------------------


def _atomic_cell(lane: Lane, address: int, kind: Type, place: Place) -> tuple[Cell, list[Message]]:
    """The cell with its history. What was stored plainly before must be known to the lane."""
    cell = lane.cells.get(address)
    if cell is None or cell.kind is not kind:
        cell = _cell_to_read(lane, address, kind, place)
    if cell.messages is None:
        if cell.clock > lane.vc[cell.writer]:
            raise _race(lane, address, "an atomic access and a plain store", cell.place, place)
        cell.messages = [Message(cell.value, None, {cell.writer: cell.clock}, cell.place)]
    return cell, cell.messages


def _read(lane: Lane, address: int, kind: Type, place: Place) -> Message:
    """Any message that is not older than one the lane knows of; the lane's strategy chooses."""
    _, messages = _atomic_cell(lane, address, kind, place)
    vc, count = lane.vc, 1
    if len(messages) > 1:
        for message in reversed(messages):
            if any(clock <= vc[thread] for thread, clock in message.seen.items()):
                break
            count += 1
        count = min(count, len(messages))
    back = lane.choose_message(count) if count > 1 else 0
    message = messages[-1 - back]
    message.seen.setdefault(lane.index, vc[lane.index])
    if lane.trace is not None:
        stale = f", {back} stores behind" if back else ""
        lane.note(place, f"load {lane.memory.spelled(address)} -> {message.value}{stale}")
    return message


def load_relaxed(lane: Lane, address: int, kind: Type, place: Place) -> Any:
    """A race with a plain store gives a value to be thrown away, as that of a plain load does; so does a word of what
    is used as something else by now."""
    cell = lane.cells.get(address)
    if cell is not None and cell.size != size_of(kind):
        found = f"reads a {kind!r} from {lane.memory.spelled(address)}, which holds a {cell.kind!r}"
        return Poison(Violation("bad access", found, place))
    if cell is not None and cell.messages is None and cell.clock > lane.vc[cell.writer]:
        return Poison(_race(lane, address, "an atomic load and a plain store", cell.place, place))
    message = _read(lane, address, kind, place)
    if message.release is not None:
        lane.pending = message.release if lane.pending is None else join(lane.pending, message.release)
    return message.value


def load_acquire(lane: Lane, address: int, kind: Type, place: Place) -> Any:
    message = _read(lane, address, kind, place)
    if message.release is not None:
        lane.vc = join(lane.vc, message.release)
    return message.value


def _write(lane: Lane, address: int, kind: Type, value: Any, release: Clock | None, place: Place, what: str) -> None:
    if value.__class__ is Poison:
        value._used()
    there = lane.cells.get(address)
    lacks = address >> REGION_BITS not in lane.memory.zeroed if there is None else there.size != size_of(kind)
    if lacks:  # or it is memory that was used for something else
        nothing = Violation("bad access", f"{lane.memory.spelled(address)} held nothing", place)
        _cell_to_write(lane, address, kind, place).value = Poison(nothing)
    cell, messages = _atomic_cell(lane, address, kind, place)
    if cell.reads:
        _check_reads(lane, address, cell, place)
    messages.append(Message(value, release, {lane.index: lane.vc[lane.index]}, place))
    if len(messages) > LONGEST_HISTORY:
        del messages[0]
    if lane.trace is not None:
        lane.note(place, f"{what} {lane.memory.spelled(address)} = {value}")


def store_relaxed(lane: Lane, address: int, kind: Type, value: Any, place: Place) -> None:
    _write(lane, address, kind, value, lane.released, place, "store")


def store_release(lane: Lane, address: int, kind: Type, value: Any, place: Place) -> None:
    _write(lane, address, kind, value, lane.vc, place, "store (release)")
    _tick(lane)


def fetch(lane: Lane, address: int, kind: Scalar, operation: str, value: Any, place: Place) -> Any:
    """A relaxed read-modify-write; the old value."""
    _, messages = _atomic_cell(lane, address, kind, place)
    newest = messages[-1]
    old = newest.value
    match operation:
        case "exchange":
            new = value
        case "min" | "max":
            new = scalars.intrinsic(operation, kind, (old, value))
        case _:
            new = scalars.binary(operation, kind, old, value)  # type: ignore[arg-type]
    if operation == "add" and address in lane.memory.limits:
        check_limit(lane, address, new, place)
    _pend(lane, newest)
    release = _sequence(lane.released, newest)
    _write(lane, address, kind, new, release, place, f"fetch_{operation} {old} in")
    return old


def fetch_ordered(lane: Lane, address: int, kind: Scalar, operation: str, value: Any, place: Place) -> Any:
    """A read-modify-write that acquires and releases; the old value."""
    _, messages = _atomic_cell(lane, address, kind, place)
    newest = messages[-1]
    newest.seen.setdefault(lane.index, lane.vc[lane.index])
    if newest.release is not None:
        lane.vc = join(lane.vc, newest.release)
    new = scalars.binary(operation, kind, newest.value, value)  # type: ignore[arg-type]
    _write(lane, address, kind, new, _sequence(lane.vc, newest), place, f"fetch_{operation} {newest.value} in")
    _tick(lane)
    return newest.value


def fetch_acquire(lane: Lane, address: int, kind: Scalar, operation: str, value: Any, place: Place) -> Any:
    """A read-modify-write that acquires; the old value."""
    _, messages = _atomic_cell(lane, address, kind, place)
    newest = messages[-1]
    newest.seen.setdefault(lane.index, lane.vc[lane.index])
    if newest.release is not None:
        lane.vc = join(lane.vc, newest.release)
    new = scalars.binary(operation, kind, newest.value, value)  # type: ignore[arg-type]
    _write(lane, address, kind, new, _sequence(lane.released, newest), place, f"fetch_{operation} {newest.value} in")
    return newest.value


def compare_and_swap(
    lane: Lane, address: int, kind: Type, expected: Any, value: Any, place: Place, *, releases: bool = True
) -> Any:
    """Acquires, and where it swaps releases; the old value."""
    _, messages = _atomic_cell(lane, address, kind, place)
    newest = messages[-1]
    newest.seen.setdefault(lane.index, lane.vc[lane.index])
    if newest.release is not None:
        lane.vc = join(lane.vc, newest.release)
    if newest.value != expected:
        if lane.trace is not None:
            lane.note(place, f"compare_and_swap {lane.memory.spelled(address)}: {newest.value}, not {expected}")
        return newest.value
    own = lane.vc if releases else lane.released
    _write(lane, address, kind, value, _sequence(own, newest), place, f"compare_and_swap {expected} in")
    _tick(lane)
    return expected


def cas_relaxed(lane: Lane, address: int, kind: Type, expected: Any, value: Any, place: Place) -> Any:
    """What `ir.Atomic` means by `cas`."""
    _, messages = _atomic_cell(lane, address, kind, place)
    newest = messages[-1]
    _pend(lane, newest)
    if newest.value == expected:
        _write(lane, address, kind, value, _sequence(lane.released, newest), place, f"cas {expected} in")
    return newest.value


def _pend(lane: Lane, message: Message) -> None:
    """A relaxed read: a later fence acquires what the message released."""
    message.seen.setdefault(lane.index, lane.vc[lane.index])
    if message.release is not None:
        lane.pending = message.release if lane.pending is None else join(lane.pending, message.release)


def _sequence(own: Clock | None, before: Message) -> Clock | None:
    """A read-modify-write hands on what the message that it replaces released."""
    if before.release is None:
        return own
    return before.release if own is None else join(own, before.release)


# --- what orders -----------------------------------------------------------------------------------------------------


def fence(lane: Lane) -> None:
    """Acquire and release."""
    _acquire_pending(lane)
    lane.released = lane.vc
    _tick(lane)


def fence_sc(lane: Lane) -> None:
    """As `fence`, and all of these are in one order, each knowing what was before the one before it."""
    _acquire_pending(lane)
    lane.vc = lane.memory.sc_clock = join(lane.vc, lane.memory.sc_clock)
    lane.released = lane.vc
    _tick(lane)


def _acquire_pending(lane: Lane) -> None:
    if lane.pending is not None:
        lane.vc = join(lane.vc, lane.pending)
        lane.pending = None


def synchronise(lanes: list[Lane]) -> None:
    """What lanes that meet in `warp_sync` did before happens before what they do after."""
    together = lanes[0].vc
    for lane in lanes[1:]:
        together = join(together, lane.vc)
    for lane in lanes:
        lane.vc = together
        _tick(lane)


def _tick(lane: Lane) -> None:
    """What the lane does from now on is not covered by the clock it has given away."""
    clock = list(lane.vc)
    clock[lane.index] += 1
    lane.vc = clock
