"""What all tests share: a disk cache of their own, and a reason where a GPU is missing."""

from __future__ import annotations

import functools
import importlib.util
import os
import time
import types
from collections.abc import Iterator

import pytest


@functools.cache
def gpu_missing() -> str | None:
    """Why the CUDA backend cannot run here, or None."""
    from coro2cuda.runtime import backend

    return backend.instance("cuda").unavailable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write expected texts anew instead of comparing")


def pytest_configure() -> None:
    """A busy machine is no failure: hypothesis does not time its examples. (The GPU tests run where it is missing.)"""
    if importlib.util.find_spec("hypothesis") is not None:
        from hypothesis import settings

        settings.register_profile("untimed", deadline=None)
        settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `gpu` skip where there is none."""
    for item in items:
        if item.get_closest_marker("gpu") is not None and (reason := gpu_missing()) is not None:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No setting of the user's reaches the tests, and nothing of theirs the user's cache.

    After every run that ends well all frames must be free (`runtime.trials`)."""
    before = {name: value for name, value in os.environ.items() if name.startswith("CORO2CUDA_")}
    for name in before:
        del os.environ[name]
    cache = os.environ.get("SHARED_TEST_CACHE") or str(tmp_path_factory.mktemp("cache"))  # `sanitize`
    wide = os.environ.get("TEST_WIDE_FRAMES", "")
    ours = {"CORO2CUDA_CACHE_DIR": cache, "CORO2CUDA_CHECKS": "1", "CORO2CUDA_WIDE_FRAMES": wide}
    os.environ.update(ours)
    yield
    for name in ours:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session", autouse=True)
def _slow_gpu() -> Iterator[None]:
    """Where a tool slows kernels down (`sanitize`), `timeout=` and `seconds` go by a clock that is as slow, and perhaps
    fewer warps of a multiprocessor look for work: those that find none would slow down the others."""
    from coro2cuda.runtime import backend, cuda

    slowdown, warps = float(os.environ.get("TEST_SLOWDOWN") or 1), os.environ.get("TEST_WARPS_PER_SM")
    with pytest.MonkeyPatch.context() as patch:
        if warps:
            patch.setattr(cuda, "FORKING_WARPS", int(warps))
        if slowdown != 1:
            slow = types.SimpleNamespace(perf_counter=lambda: time.perf_counter() / slowdown)
            patch.setattr(backend, "time", slow)
        yield
