"""Makes `import scenario` and its like work, and compiles each scenario once."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if (folder := str(Path(__file__).parent)) not in sys.path:
    sys.path.append(folder)


@pytest.fixture(scope="session")
def explorable() -> Callable[[str], Any]:
    """A scenario by name, compiled."""
    from scenario import Explorable
    from scenarios import SCENARIOS

    return functools.cache(lambda name: Explorable(SCENARIOS[name]))
