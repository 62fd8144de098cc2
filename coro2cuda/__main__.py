"""`python -m coro2cuda` is the command `coro2cuda`."""

import sys

from coro2cuda.cli import main

sys.exit(main())
