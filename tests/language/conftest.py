"""Makes the coroutines that these tests share importable: `import api_programs`."""

import sys
from pathlib import Path

if (folder := str(Path(__file__).parent)) not in sys.path:
    sys.path.append(folder)
