"""Makes the coroutines that these tests share importable (`import user_programs`), and what all tests share (`ptx`)."""

import sys
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parent.parent):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
