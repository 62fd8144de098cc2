"""Any number of random programs, on all cores: what `make fuzz` and `make fuzz-gpu` run.

    python tests/fuzz/fuzz_many.py --programs 2000 --backend cuda --report out/fuzz.txt

A program is its seed, so a failure is repeated by `--first SEED --programs 1`. What fails is made small (`fuzz_reduce`)
and left as a file in the folder given; what takes a worker down stays there as it was when it ran.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "lowering")]

import differential  # noqa: E402
import fuzz_programs  # noqa: E402
import fuzz_reduce  # noqa: E402
import fuzz_run  # noqa: E402

TRIALS = 400  # of a reduction: programs tried at most
STEP = 250  # programs between two lines that say how far it is
LONGEST_REDUCTION = 60.0  # seconds, after which no other program is tried


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a program: how many runs, how many of them raised, and the failure if there is one."""

    seed: int
    runs: int = 0
    raised: int = 0
    failure: str = ""


def judge(seed: int, folder: str, ways: tuple[str, ...]) -> Verdict:
    """Make a program, run it and compare; in a process of a pool."""
    path = Path(folder) / f"program_{seed}.py"
    program = fuzz_programs.program(random.Random(seed))
    try:
        seen = fuzz_run.check(program, path, ways)
    except Exception as error:
        small = reduced(program, Path(folder), ways, error)
        path.write_text(small)
        return Verdict(seed, failure=f"{path}: {type(error).__name__}: {error}\n{small}")
    return Verdict(seed, len(seen), sum(outcome.error is not None for outcome in seen))


def reduced(program: fuzz_programs.Program, folder: Path, ways: tuple[str, ...], error: Exception) -> str:
    """A smaller program with an error of the same type."""
    numbers = itertools.count()
    started = time.monotonic()

    def fails(text: str) -> bool:
        number = next(numbers)
        if number > TRIALS or time.monotonic() - started > LONGEST_REDUCTION:
            return False
        path = folder / f"reducing_{os.getpid()}_{program.seed}_{number}.py"
        try:
            fuzz_run.check(replace(program, text=text), path, ways)
        except Exception as other:
            return type(other) is type(error)
        finally:
            path.unlink(missing_ok=True)
        return False

    return fuzz_reduce.reduced(program.text, fails)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=None, help="the first seed; else a random one")
    parser.add_argument("--backend", choices=fuzz_run.EVERYTHING, help="only this; else all that can run here")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--folder", type=Path, help="for programs that fail; else a temporary one")
    parser.add_argument("--report", type=Path, help="write what is printed to a file too")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    first = random.randrange(1 << 40) if given.first is None else given.first
    folder = given.folder or Path(tempfile.mkdtemp(prefix="fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    ways = (given.backend,) if given.backend else fuzz_run.EVERYTHING
    if "cuda" in ways and (reason := differential.missing("cuda")) is not None:
        print(f"without cuda: {reason}")
        if given.backend:
            return 2
    started = time.perf_counter()
    lines = [f"{given.programs} programs from seed {first} on {', '.join(ways)}, {given.jobs} processes"]
    print(lines[0], flush=True)
    lines += run(range(first, first + given.programs), str(folder), ways, given.jobs)
    lines.append(f"{time.perf_counter() - started:.0f} s")
    print(lines[-1])
    if given.report:
        given.report.parent.mkdir(parents=True, exist_ok=True)
        given.report.write_text("\n".join(lines) + "\n")
    return 1 if any(line.startswith("FAILED") for line in lines) else 0


def run(seeds: range, folder: str, ways: tuple[str, ...], jobs: int) -> list[str]:
    """The lines of the report."""
    verdicts: list[Verdict] = []
    lines: list[str] = []
    # A CUDA context does not survive a fork, and neither do LLVM's locks.
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=prepare) as pool:
        work = [pool.submit(judge, seed, folder, ways) for seed in seeds]
        try:
            for done in as_completed(work):
                verdicts.append(done.result())
                if len(verdicts) % STEP == 0:
                    print(f"{len(verdicts)} of {len(work)}", flush=True)
                if verdicts[-1].failure:
                    lines.append(f"FAILED seed {verdicts[-1].seed}: {verdicts[-1].failure}")
                    print(lines[-1], flush=True)
        except BrokenProcessPool:
            left = sorted(Path(folder).glob("*.py"))
            lines.append(f"FAILED: a process died while it ran one of {', '.join(map(str, left))}")
            print(lines[-1], flush=True)
    runs, raised = sum(verdict.runs for verdict in verdicts), sum(verdict.raised for verdict in verdicts)
    failed = sum(bool(verdict.failure) for verdict in verdicts)
    counts = f"{runs} comparisons, in {raised} of them the program raised"
    lines.append(f"{len(verdicts)} programs, {counts}; {failed} failed")
    print(lines[-1], flush=True)
    return lines


def prepare() -> None:
    """In each process: warnings are errors, as in the tests, and every check of the runtime is on."""
    warnings.simplefilter("error")
    os.environ["CORO2CUDA_CHECKS"] = "1"
    os.environ["CORO2CUDA_CACHE"] = "0"


if __name__ == "__main__":
    sys.exit(main())
