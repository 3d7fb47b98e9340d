"""One run at a time per warehouse.

The lock is the operating system's (flock), so it goes with its process however that ends: a killed run leaves no stale
lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class AlreadyRunningError(RuntimeError):
    """Another run holds the warehouse; the message names its process."""


@contextlib.contextmanager
def run_lock(home: Path) -> Iterator[None]:
    """Hold the warehouse for the length of the block.

    Raises:
        AlreadyRunningError: If another process, or another run of this one, holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise AlreadyRunningError(
                f"a run is under way in {home} (process {file.read().strip() or 'unknown'})"
            ) from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
