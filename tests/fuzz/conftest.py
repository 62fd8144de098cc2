"""Makes the generator and what it compares with importable: `import fuzz_programs`, `differential`, `equation`."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent, HERE.parent / "lowering"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
pytest.register_assert_rewrite("equation")
