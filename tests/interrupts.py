"""Ctrl-C, pressed for tests of what it stops."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

POSIX = pytest.mark.skipif(
    os.name == "nt" or signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    reason="signals are POSIX's here, and a shell that runs us in the background ignores Ctrl-C",
)
LOST = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""For tests that press Ctrl-C at any moment: one that comes in a destructor or a weak reference's callback is printed
and forgotten by Python, whoever's it is."""


def interrupt(work: Callable[[], Any], seconds: float) -> pytest.ExceptionInfo[KeyboardInterrupt]:
    """Ctrl-C in so many seconds, wherever Python then is, and again after each further second, should one be lost;
    what came of it."""
    over = threading.Event()

    def press() -> None:
        if not over.wait(seconds):
            os.kill(os.getpid(), signal.SIGINT)
        while not over.wait(1):
            os.kill(os.getpid(), signal.SIGINT)

    finger = threading.Thread(target=press)
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            finger.start()
            work()
    finally:  # also of work that fails: nobody else is to be interrupted
        over.set()
        finger.join()
    return caught
