"""The examples, small, on the CPU and under asyncio, against answers computed by other means."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

Load = Callable[[str], ModuleType]
PNG = b"\x89PNG\r\n\x1a\n"
ON_GPU = pytest.param("cuda", marks=pytest.mark.gpu)


# --- the neutron slab: census and flights are those of a C program with the same arithmetic


@pytest.mark.parametrize("backend", ["cpu", ON_GPU])
@pytest.mark.parametrize("time, census, flights", [(6.0, 3447, 59279), (2.0, 11068, 41195)])
def test_neutrons(backend: str, time: float, census: int, flights: int, example: Load) -> None:
    outcome = example("neutron_slab").simulate(20_000, time, 0.3, 0.7, backend)
    # A logarithm's last bit can move a particle across the end of time.
    assert abs(outcome.census - census) <= 3
    assert abs(20_000 + outcome.statistics.resumes - flights) <= 3


def test_neutrons_do_the_same_under_asyncio(example: Load) -> None:
    slab = example("neutron_slab")
    compiled, interpreted = (slab.simulate(200, 3.0, 0.3, 0.7, backend).tally for backend in ("cpu", "asyncio"))
    assert compiled.sum() > 0
    assert np.abs(compiled - interpreted).sum() <= 2


@pytest.mark.gpu
def test_a_million_neutrons(example: Load) -> None:
    outcome = example("neutron_slab").simulate(1_000_000, 6.0, 0.3, 0.7, "cuda")
    assert abs(outcome.census - 165_533) <= 50
    assert abs(1_000_000 + outcome.statistics.resumes - 2_948_979) <= 500


def test_the_slab_program_checks_itself_and_draws(
    example: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slab, picture = example("neutron_slab"), tmp_path / "slab.png"
    assert slab.main(["--sources", "20000", "--backend", "cpu", "--output", str(picture), "--stats"]) == 0
    assert picture.read_bytes().startswith(PNG)
    printed = capsys.readouterr().out
    assert "3,447" in printed and "59,279" in printed and "mean lanes a group" in printed


def test_a_wrong_census_fails(example: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    slab = example("neutron_slab")
    monkeypatch.setattr(slab, "analytic", lambda *arguments: (20_000.0, 10.0))
    assert slab.main(["--sources", "20000", "--backend", "cpu"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [["--sources", "0"], ["--time", "nan"], ["--capture", "-1"], ["--capture", "0", "--scatter", "0"],
     ["--output", "/nowhere/slab.png"], ["--backend", "tpu"]],
)  # fmt: skip
def test_the_slab_program_refuses_bad_options(arguments: list[str], example: Load) -> None:
    with pytest.raises(SystemExit) as exit:
        example("neutron_slab").main(arguments)
    assert exit.value.code == 2


# --- Mandelbrot


def escape_counts(width: int, height: int, limit: int) -> np.ndarray:
    """The same picture by NumPy, all pixels at once."""
    step = np.float32(max(3.2 / width, 2.4 / height))
    left, top = np.float32(-0.75 - step * (width - 1) / 2), np.float32(step * (height - 1) / 2)
    real = left + step * np.arange(width, dtype=np.float32)[None, :]
    imaginary = top - step * np.arange(height, dtype=np.float32)[:, None]
    z = np.zeros((height, width), complex)
    counts = np.full((height, width), limit)
    for count in range(limit):
        counts[(np.abs(z) > 2) & (counts == limit)] = count
        z = np.where(counts == limit, z * z + real + 1j * imaginary, z)
    return counts


@pytest.mark.parametrize("backend", ["cpu", ON_GPU])
def test_mandelbrot(backend: str, example: Load) -> None:
    counts, statistics = example("mandelbrot").render(64, 48, 200, backend)
    expected = escape_counts(64, 48, 200)
    # Pixels at the edge of the set depend on the last bits.
    assert (counts != expected).mean() < 0.02
    assert statistics.resumes > 0


def test_the_area_of_the_set(example: Load) -> None:
    mandelbrot = example("mandelbrot")
    counts, _ = mandelbrot.render(256, 192, 500, "cpu")
    assert mandelbrot.area(counts, 500) == pytest.approx(1.5066, abs=0.03)


def test_the_mandelbrot_program_draws(example: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "set.png"
    arguments = ["--size", "40x30", "--limit", "100", "--backend", "cpu", "--output", str(picture)]
    assert example("mandelbrot").main(arguments) == 0
    assert picture.read_bytes().startswith(PNG)
    assert "area of the set: 1." in capsys.readouterr().out


@pytest.mark.parametrize("size", ["40", "0x3", "axb", "4x-3"])
def test_a_bad_size_is_refused(size: str, example: Load) -> None:
    with pytest.raises(SystemExit) as exit:
        example("mandelbrot").main(["--size", size])
    assert exit.value.code == 2


# --- the path tracer


@pytest.mark.parametrize("backend", ["cpu", ON_GPU])
def test_paths_do_the_same_under_asyncio(backend: str, example: Load) -> None:
    tracer = example("path_tracer")
    compiled, interpreted = (tracer.render(8, 5, 1, name)[0] for name in (backend, "asyncio"))
    # A sine's last bit can send a path elsewhere after a bounce.
    assert np.isclose(compiled, interpreted, atol=1e-3).mean() > 0.95


@pytest.mark.parametrize("backend", ["cpu", ON_GPU])
def test_the_sky_is_what_it_is_and_the_ground_is_darker(backend: str, example: Load) -> None:
    image, statistics = example("path_tracer").render(64, 36, 16, backend)
    assert np.allclose(image[:6, :, 2], 1.0), "the sky's blue"
    assert 0.3 < image[30:].mean() < 0.7
    assert statistics.resumes > 0


def test_the_path_tracer_draws(example: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "spheres.png"
    arguments = ["--size", "32x18", "--samples", "2", "--backend", "cpu", "--output", str(picture)]
    assert example("path_tracer").main(arguments) == 0
    assert picture.read_bytes().startswith(PNG)
    assert "1,152 paths" in capsys.readouterr().out


# --- Collatz


def chain_length(n: int) -> int:
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@pytest.mark.parametrize("backend", ["cpu", ON_GPU])
@pytest.mark.parametrize("suspend", [False, True])
def test_collatz(backend: str, suspend: bool, example: Load) -> None:
    steps, statistics = example("collatz").chains(3000, suspend, backend)
    expected = [chain_length(n) for n in range(3000)]
    assert steps.tolist() == expected
    assert statistics.resumes == (sum(expected) if suspend else 0)


@pytest.mark.parametrize("backend", ["cpu", ON_GPU])
def test_all_chains_below_2_to_the_20(backend: str, example: Load) -> None:
    steps, _ = example("collatz").chains(1 << 20, False, backend)
    assert int(steps.sum(dtype=np.int64)) == 138_299_811
    assert steps.max() == 524


def test_the_collatz_program(example: Load, capsys: pytest.CaptureFixture[str]) -> None:
    assert example("collatz").main(["--limit", "100", "--backend", "asyncio", "--suspend"]) == 0
    printed = capsys.readouterr().out
    assert f"{sum(map(chain_length, range(100))):,} steps in all" in printed and "from 97 and has 118" in printed


# --- tasks that wait for each other


@pytest.mark.parametrize("backend", ["asyncio", "cpu", ON_GPU])
def test_waiting(backend: str, example: Load, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--items", "600", "--meals", "7", "--transfers", "9", "--requests", "60"]
    assert example("waiting").main([*small, "--backend", backend]) == 0
    printed = capsys.readouterr().out
    assert "71,820,100" in printed and "200,000" in printed and "35" in printed


@pytest.mark.parametrize("backend", ["asyncio", "cpu", ON_GPU])
def test_requests_wait_as_long_as_they_have_patience(backend: str, example: Load) -> None:
    waiting = example("waiting")
    said, served, right = waiting.run_limiter(200, 16, 1000.0, backend)
    assert (served, right) == (200, True) and "0 gave up" in said
    said, served, right = waiting.run_limiter(2000, 16, 0.003, backend)
    assert right and 16 <= served < 2000, said


def test_money_made_from_nothing_is_found(example: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = example("waiting")
    monkeypatch.setattr(waiting, "run_bank", lambda *arguments: ("money in the bank", 200_001, False))
    assert waiting.main(["--items", "6", "--meals", "1", "--requests", "5", "--backend", "cpu"]) == 1


@pytest.mark.parametrize("arguments", [["--items", "3"], ["--meals", "0"], ["--patience", "nan"], ["--backend", "tpu"]])
def test_wrong_arguments_of_waiting(arguments: list[str], example: Load) -> None:
    with pytest.raises(SystemExit):
        example("waiting").main(arguments)
