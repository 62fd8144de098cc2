"""Random programs mean on every backend what they mean under asyncio.

`make fuzz N=10000` runs any number on all cores; what it finds is reduced, mended, and kept in `corpus/`.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import fuzz_programs
import fuzz_reduce
import fuzz_run
import pytest
from fuzz_scope import Features
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PARTS, PROGRAMS = 4, 34  # parts, so that workers share them; programs in each
CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.py"))
numbers = itertools.count()


@pytest.mark.timeout(1800)  # to find the smallest program that fails takes longer than to find one
@pytest.mark.parametrize("part", range(PARTS))
def test_random_programs_mean_what_they_mean_in_cpython(part: int, tmp_path: Path) -> None:
    @settings(max_examples=PROGRAMS, suppress_health_check=list(HealthCheck))
    @given(choose=st.randoms(use_true_random=False))
    def run(choose: random.Random) -> None:
        fuzz_run.check(fuzz_programs.program(choose), tmp_path / f"program_{next(numbers)}.py")

    run()


@pytest.mark.gpu
def test_random_programs_on_the_gpu(tmp_path: Path) -> None:
    for seed in range(20):
        fuzz_run.check(fuzz_programs.program(random.Random(seed)), tmp_path / f"gpu_{seed}.py", ("cuda",))


def test_a_seed_is_a_program() -> None:
    assert fuzz_programs.program(random.Random(5)) == fuzz_programs.program(random.Random(5))


CONSTRUCTS = [
    "await gather(", "while fuel", "await note_", ":= ", "assert ", "fuel - 1", "else:", "try:", "grid[",
    "= create_task(", "async with TaskGroup()", "async with guard:", "= [create_task(", "(await gather(*[", ".put(",
    ".get(", ".set()", "await joined(t", "finally:", "await sleep(", "await barrier.wait()", ".notify(",
    ".notify_all()", ".cancel()", ".cancelled()", "async with timeout(1000", "async with timeout(0.", "await wait_for(",
    ".result()", "except ExceptionGroup:", "except asyncio.CancelledError:", "except Exception:",
    "create_task(troubled(",
]  # fmt: skip


def test_programs_are_varied() -> None:
    """Of a thousand programs at least a dozen hold each construct."""
    texts = [body_of(fuzz_programs.program(random.Random(seed))) for seed in range(1000)]
    found = {construct: sum(construct in text for text in texts) for construct in CONSTRUCTS}
    assert min(found.values()) >= 12, found


def body_of(program: fuzz_programs.Program) -> str:
    """Without what every program begins with."""
    return program.text.partition("def write_down")[2]


def test_programs_without_widths_have_pythons_own_numbers() -> None:
    for seed in range(50):
        body = body_of(fuzz_programs.program(random.Random(seed), Features(widths=False, tasks=True, sync=True)))
        assert not any(f"{width}(" in body for width in ("i8", "i16", "i32", "u8", "u16", "u32", "u64", "f32"))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_what_was_found_stays_mended(path: Path) -> None:
    """A program of the corpus says how it is run: `ARGUMENTS` of `main`, or of `wide.map`."""
    import differential

    module = fuzz_run.load(path)
    for arguments in module.ARGUMENTS:
        differential.check_lowering(module.main, arguments)
        differential.check_run(module.main, arguments)


REDUCIBLE = """
@gpu_async
async def main(n: int, a) -> int:
    x = n * 3
    t = create_task(f(a[:2]))
    if x > 2:
        x = x + 4
    y = await t
    return x + y
"""


def test_a_program_is_reduced_to_what_fails_and_stays_without_races() -> None:
    small = fuzz_reduce.reduced(REDUCIBLE, lambda text: "create_task(f(a" in text)
    body = small.partition("int:")[2].split()
    assert " ".join(body) == "t = create_task(f(a[:2])) y = await t"


CANCELLING = """
@gpu_async
async def hangs(begun, x: int) -> int:
    y = x
    begun.release()
    await sleep(1000.0)

@gpu_async
async def main(n: int) -> int:
    begun1 = Semaphore(0)
    t = create_task(hangs(begun1, n))
    n += 1
    await begun1.acquire()
    t.cancel()
    await t
"""


def test_a_program_is_reduced_to_what_is_still_certain() -> None:
    """What waits for ever says that it has begun, and is cancelled only then."""
    parts = ("async def hangs(", "create_task(hangs(begun1", "t.cancel()")
    small = fuzz_reduce.reduced(CANCELLING, lambda text: all(part in text for part in parts))
    assert "begun.release()" in small and "await begun1.acquire()" in small
    assert "y = x" not in small and "n += 1" not in small
