"""What a random program may hold, and what a function being written may name.

    Features ── of the whole program
    Callee   ── what its functions written so far must be given, and what calling them means
    Scope    ── names bound for certain at the place being written, each with its one type

An array of the program is called differently where part of it is someone else's: `Scope.stands` says how.

    log, a                       child = create_task(f0(log[:len(log) // 2], a[:len(a) // 2]))
    w1, w2 = their other halves  stands = {"log": "w1", "a": "w2"} until the child is done
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from coro2cuda.frontend import dtypes
from coro2cuda.frontend.dtypes import Scalar, Tuple, Type, f32, f64

INTEGERS = tuple(scalar for scalar in dtypes.SCALARS if scalar.is_integer)
FLOATS = (f64, f32)
NUMBERS = (*INTEGERS, *FLOATS)

ARRAY_LENGTH = 64  # of the arrays that a program is given, or their rows; a power of two, so that siblings can halve it
COLUMNS = 3  # of the arrays with two dimensions
SHORTEST = 4  # every coroutine's arrays are at least so long

ARRAYS = {
    "log": "i64[:]", "a": "i64[:]", "b": "f64[:]", "c": "i32[:]", "d": "u8[:]", "e": "f32[:]", "flags": "bool[:]",
    "grid": "i32[:, :]", "sheet": "f64[:, :]", "total": "i64[:]", "shared": "i64[:]",
}  # fmt: skip
PLAIN = ("log", "total")  # what programs of Python's own numbers have
WRITTEN = ("log", "total", "shared")  # never read by name: notes, everybody's sums by atomics, and sums under a guard
EVERYBODYS = ("total", "shared")  # never in parts: any task may add to them at any time


@dataclass(frozen=True, slots=True)
class Features:
    """What programs may hold.

    Attributes:
        widths: integers of 8 to 32 bits, unsigned ones and f32; else only Python's own types, whose values are kept
            small, so that plain CPython computes the same.
        gather: children that run at the same time.
        errors: divisors that may be zero, indices that may be out of range, asserts.
        exceptions: `raise` and `try`. With `gather` handlers take every class, for it depends on the schedule which of
            several errors arrives.
        tasks: `create_task`, task groups, lists, and as many children as the data says.
        sync: locks, semaphores, queues, events, barriers, conditions and sleeping.
        cancel: what is cancelled, time limits, tasks and groups that fail.
    """

    widths: bool = True
    gather: bool = True
    errors: bool = True
    exceptions: bool = False
    tasks: bool = False
    sync: bool = False
    cancel: bool = False

    def without_errors(self) -> Features:
        return replace(self, errors=False, exceptions=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter by value. `fuel` is the one that bounds a recursion."""

    name: str
    type: Type
    fuel: bool = False


@dataclass(frozen=True, slots=True)
class Callee:
    """A function of the program that later ones may call.

    Attributes:
        arrays: names of the program's arrays that it takes, in front of its parameters.
        need: the least length its arrays must have.
        cost: an upper bound of the statements one call runs.
        raises: whether a call may end in an exception.
        forks: whether it begins tasks, or calls what does.
        hangs: of one that waits for ever (`fuzz_hang`), how often it releases `begun` before it does; else 0.
        prompt: of such a one, that it does not suspend before.
    """

    name: str
    arrays: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    result: Type
    need: int
    cost: int
    is_coroutine: bool
    raises: bool = False
    forks: bool = False
    hangs: int = 0
    prompt: bool = False

    def declared(self) -> list[str]:
        """Its parameters, as they are written. The guard goes with `shared`, and `main` makes it."""
        guard = ["guard"] if "shared" in self.arrays and self.name != "main" else []
        begun = ["begun: Semaphore"] if self.hangs else []
        arrays = [array_parameter(name) for name in self.arrays]
        return begun + guard + arrays + [f"{p.name}: {spelled(p.type)}" for p in self.parameters]

    def given(self, arrays: Sequence[str]) -> list[str]:
        """These arrays as its arguments."""
        return [*(["guard"] if "shared" in self.arrays else []), *arrays]


@dataclass(frozen=True, slots=True)
class Handle:
    """A task in a name. `waits` says whether it may still run, and then take the guard."""

    result: Type
    waits: bool


@dataclass(slots=True)
class Scope:
    """What a function being written may name.

    Attributes:
        arrays: arrays that are read and written here, and views: their element types.
        columns: of those with two dimensions, how many.
        lengths: what their lengths are at least.
        stands: the program's arrays that may be given to callees, and what they are called here.
        fixed: names that are read but never assigned.
        handles: tasks that may be awaited here.
    """

    names: dict[str, Type] = field(default_factory=dict)
    arrays: dict[str, Scalar] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    stands: dict[str, str] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    handles: dict[str, Handle] = field(default_factory=dict)

    def copy(self) -> Scope:
        return Scope(dict(self.names), dict(self.arrays), dict(self.columns), dict(self.lengths), dict(self.stands),
                     set(self.fixed), dict(self.handles))  # fmt: skip

    def of_type(self, type: Type, assignable: bool = False) -> list[str]:
        return [n for n, t in self.names.items() if t == type and not (assignable and n in self.fixed)]

    def tasks_of(self, type: Type) -> list[str]:
        return [name for name, handle in self.handles.items() if handle.result == type]

    def meet(self, other: Scope) -> None:
        """Keep what is bound in both."""
        for mine, theirs in ((self.names, other.names), (self.arrays, other.arrays), (self.handles, other.handles)):
            for name in [name for name in mine if name not in theirs]:
                del mine[name]

    def take(self, array: str) -> None:
        """One of the program's arrays, by its own name."""
        self.stands[array] = array
        if array not in WRITTEN:
            self.see(array, element_of(array), SHORTEST, COLUMNS if ":, :" in ARRAYS[array] else 0)

    def see(self, name: str, element: Scalar, length: int, columns: int = 0) -> None:
        """A name for an array that is read and written here."""
        self.arrays[name], self.lengths[name], self.columns[name] = element, length, columns

    def without_arrays(self) -> Scope:
        """The same names, and nothing that other tasks may write."""
        return replace(self.copy(), arrays={}, columns={}, lengths={}, stands={})


def element_of(array: str) -> Scalar:
    """The element type of one of the program's arrays."""
    return dtypes.BY_NAME[ARRAYS[array].partition("[")[0]]


def array_parameter(name: str) -> str:
    """Arrays of `bool` have no annotation: their parameters take the argument's type."""
    return name if name == "flags" else f"{name}: {ARRAYS[name]}"


def spelled(type: Type) -> str:
    """A type as an annotation."""
    if isinstance(type, Tuple):
        return f"tuple[{', '.join(map(spelled, type.elements))}]"
    return {"i64": "int", "f64": "float"}.get(type.name, type.name) if isinstance(type, Scalar) else "None"
