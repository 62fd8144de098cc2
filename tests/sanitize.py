"""Run the GPU tests under a tool of NVIDIA's compute-sanitizer, a few at a time, and say what it reports.

    python tests/sanitize.py racecheck --seconds 500 --record build/sanitized.json

    tests marked gpu  ──  less those the record has passed  ──  batches of one file  ──  workers  ──▶  record, summary

An instrumented kernel is slow, so all tests under one tool take longer than one may want to wait at a time: a test that
has passed under the tool without a report is in the record, and the next call goes on with the others. A batch that
runs out of time counts for the tests that it got through. The workers of a GPU share its memory, of which each program
wants a quarter of what is free: eight fit on a card of 80 GB. With several GPUs each has its own workers.

A wide reload of a frame takes what lies beside its slot, on purpose, written or not: under initcheck frames are read by
their slots alone (`CORO2CUDA_WIDE_FRAMES=0`), so that a report is a fault.

Left out are tests that mean something else under a tool: those that stop a run by a signal or a time limit, and one
that counts references, for the tool keeps the Python frames that launch a kernel. initcheck waits for the stream before
it lets go on who asks for a copy from there to the host: who wants to stop a run that has no end of its own never gets
to it, so the tests of that are left out too. Under racecheck the largest tree does not end in LONGEST_TEST; the
same program runs over one a twenty-seventh as large.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("memcheck", "racecheck", "synccheck", "initcheck")
LEFT_OUT = (
    "tests/api/test_stop.py", "tests/api/test_stopped_runs.py",
    "tests/api/test_exceptions.py::test_errors_that_are_kept_keep_nothing_of_the_run",
)  # fmt: skip
LEFT_OUT_UNDER = {
    "initcheck": (
        "tests/api/test_await.py::test_the_event_loop_goes_on",
        "tests/api/test_tasks.py::test_a_loop_that_reads_a_result_for_ever_can_be_stopped",
        "tests/api/test_fork_join.py::test_children_that_never_end_can_be_stopped",
        "tests/api/test_sync.py::test_a_sleeping_program_can_be_stopped",
    ),
    "racecheck": ("tests/examples/test_fork_join.py::test_large_trees[T3L]",),
}
LONGEST_TEST = 500  # seconds
STACK_DEPTH = 4  # calls that a reason names
LAST_WORDS = 5  # seconds for who is stopped to say where it was
# Where a report begins. Warnings of racecheck are counted apart: it knows barriers, and not our locks.
REPORT = re.compile(
    r"=========\s+((?:Error|Warning): .*|Invalid .*|Uninitialized .*|Barrier error.*|Divergent .*|Leaked .*|Missing .*)"
)
WHY = re.compile(r"FAILED (.*?) - (.*)")
STACK = re.compile(r'  File ".*?([^/"]*)", line (\d+) in (\w+)')
DONE = re.compile(r"(?:^|\s)(PASSED|FAILED|ERROR|SKIPPED)\b.*\[ *\d+%\]")


@dataclass(slots=True)
class Seen:
    """What became of tests: `outcome` PASSED, FAILED, ..., or "" of one that was not done; why; and reports."""

    outcomes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    reports: dict[str, list[str]] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("--seconds", type=float, default=3600, help="in all (3600)")
    parser.add_argument("--workers", type=int, default=8, help="processes at a time, on each GPU (8)")
    parser.add_argument("--batch", type=int, default=6, help="tests a process (6)")
    parser.add_argument("--slowdown", type=float, default=8, help="of the clock by which tests limit their runs (8)")
    parser.add_argument("--record", type=Path, help="of the tests that have passed, by tool: read, and written")
    parser.add_argument("tests", nargs="*", default=["tests"], help="files or tests (tests)")
    given = parser.parse_intermixed_args()
    if shutil.which("compute-sanitizer") is None:
        sys.exit("sanitize: compute-sanitizer, of the CUDA toolkit, is not on the PATH")

    kept = given.record.read_text() if given.record and given.record.exists() else "{}"
    record: dict[str, list[str]] = json.loads(kept)
    clean = set(record.get(given.tool, ()))
    end = time.monotonic() + given.seconds
    wanted = collected(given.tests, (*LEFT_OUT, *LEFT_OUT_UNDER.get(given.tool, ())))
    batches = list(in_batches([test for test in wanted if test not in clean], given.batch))
    found = Seen()
    gpus: queue.SimpleQueue[str] = queue.SimpleQueue()  # whose turn it is
    for gpu in visible_gpus() * given.workers:
        gpus.put(gpu)

    def work(batch: Sequence[str]) -> Seen:
        gpu, began = gpus.get(), time.monotonic()
        try:
            seen = sanitized(given.tool, batch, end, cache, gpu, given.slowdown)
        finally:
            gpus.put(gpu)
        for test in batch:
            outcome, why = seen.outcomes.get(test, "not done"), seen.reasons.get(test, "")
            print(f"{time.monotonic() - began:6.1f} s  {outcome:8}  {test}{why and f': {why}'}", flush=True)
        return seen

    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(gpus.qsize()) as pool:
        for done in as_completed([pool.submit(work, batch) for batch in batches]):
            seen = done.result()
            found.outcomes |= seen.outcomes
            found.reasons |= seen.reasons
            found.reports |= seen.reports
            clean |= {test for test, outcome in seen.outcomes.items() if outcome == "PASSED" and not errors(seen, test)}
            if given.record:
                given.record.parent.mkdir(parents=True, exist_ok=True)
                given.record.write_text(json.dumps(record | {given.tool: sorted(clean)}, indent=1))
    print(summary(given.tool, wanted, found, clean))
    bad = any(errors(found, test) for test in found.reports) or "FAILED" in found.outcomes.values()
    sys.exit(1 if bad else 0 if clean >= set(wanted) else 3)


def visible_gpus() -> list[str]:
    """What CUDA_VISIBLE_DEVICES says, or all there are."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given:
        return given.split(",")
    if shutil.which("nvidia-smi") is None:
        return ["0"]
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True)
    return [str(index) for index in range(listed.stdout.count("UUID"))]


def collected(tests: Sequence[str], left_out: tuple[str, ...]) -> list[str]:
    """The GPU tests, by the names that pytest gives them."""
    command = [sys.executable, "-P", "-m", "pytest", "-m", "gpu", "--collect-only", "-q", "-p", "no:randomly", *tests]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode not in (0, 5):
        sys.exit(listed.stdout + listed.stderr)
    names = [line for line in listed.stdout.splitlines() if "::" in line]
    return [name for name in names if not name.startswith(left_out)]


def in_batches(tests: Sequence[str], size: int) -> Iterator[list[str]]:
    """Of one file each, for a process imports it once."""
    for file in dict.fromkeys(test.partition("::")[0] for test in tests):
        own = [test for test in tests if test.startswith(f"{file}::")]
        yield from (own[first : first + size] for first in range(0, len(own), size))


def sanitized(tool: str, tests: Sequence[str], end: float, cache: str, gpu: str, slowdown: float) -> Seen:
    """Run some tests under the tool on a GPU, until the time is over."""
    left = end - time.monotonic()
    if left <= 0:
        return Seen()
    command = [
        "compute-sanitizer", "--tool", tool, "--print-limit", "10",
        sys.executable, "-P", "-m", "pytest", "-m", "gpu", "-v", "--tb=line", "--timeout", str(LONGEST_TEST),
        "-rf", "-p", "no:cacheprovider", "-p", "no:randomly", *tests,
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        env=os.environ | {
            "SHARED_TEST_CACHE": cache, "TEST_SLOWDOWN": str(slowdown), "CUDA_VISIBLE_DEVICES": gpu, "COLUMNS": "300",
            "PYTHONUNBUFFERED": "1",
            "TEST_WIDE_FRAMES": "0" if tool == "initcheck" else "",
            "TEST_WARPS_PER_SM": "2" if tool == "racecheck" else "",
        },
        start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=left)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGABRT)  # Python says where it is
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=LAST_WORDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    return parsed(output, tests)


def parsed(output: str, tests: Sequence[str]) -> Seen:
    """Which test said what. A test's name stands before what it prints, and its outcome after that; who is stopped says
    where it was (`faulthandler`), its innermost call first."""
    seen, now, stack = Seen(), "", list[str]()
    for line in output.splitlines():
        named = [test for test in tests if line.startswith(f"{test} ")]
        now = max(named, key=len) if named else now
        if now and (report := REPORT.search(line)):
            seen.reports.setdefault(now, []).append(report[1].strip())
        if now and (done := DONE.search(line[len(now) :] if named else line)):
            seen.outcomes[now], now, stack = done[1], "", []
        if why := WHY.fullmatch(line):
            seen.reasons[why[1]] = why[2]
        if place := STACK.match(line):
            stack.append(f"{place[1]}:{place[2]} {place[3]}")
    if stack and len(seen.outcomes) < len(tests):
        seen.reasons[now or tests[len(seen.outcomes)]] = "was in " + " < ".join(stack[:STACK_DEPTH])
    return seen


def errors(seen: Seen, test: str) -> list[str]:
    return [report for report in seen.reports.get(test, ()) if not report.startswith("Warning")]


def summary(tool: str, wanted: Sequence[str], found: Seen, clean: set[str]) -> str:
    counts = Counter(found.outcomes.values())
    kinds = Counter(re.sub(r"0x[0-9a-f]+|\d+", "N", report) for reports in found.reports.values() for report in reports)
    lines = [f"{tool}: " + ", ".join(f"{count} {outcome.lower()}" for outcome, count in sorted(counts.items()))]
    lines += [f"  {count} x {kind}" for kind, count in kinds.most_common()]
    lines += [f"  {test}: {errors(found, test)[0]}" for test in found.reports if errors(found, test)]
    failed = [test for test, outcome in found.outcomes.items() if outcome == "FAILED"]
    lines += [f"  {test}: failed: {found.reasons.get(test, 'no reason was given')}" for test in failed]
    lines.append(f"{len(clean & set(wanted))} of {len(wanted)} GPU tests have passed under {tool} without an error")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
