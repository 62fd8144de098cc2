"""Makes what these tests share importable: `import runtime_samples`."""

import sys
from pathlib import Path

if (folder := str(Path(__file__).parent)) not in sys.path:
    sys.path.append(folder)
