"""One sandbox for each data folder: a lock that its process holds, and that goes with it however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from sandbox.core.errors import StoreError

NAME = "in-use"


class Claim:
    """The claim of this process on a data folder."""

    def __init__(self, folder: Path) -> None:
        """Claim it; raises `StoreError` when another process has it, or when it can't be written."""
        path = folder / NAME
        try:
            self._file: IO[str] = path.open("a+", encoding="ascii")
        except OSError as error:
            raise StoreError(f"the data folder {folder} can't be written ({error.strerror})") from error
        try:
            _lock(self._file)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read(20).strip()
            self._file.close()
            who = f"process {holder}" if holder.isdigit() else "another process"
            raise StoreError(
                f"the data folder {folder} is in use by another sandbox ({who}): stop it, or choose another with --data"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let others have it. The file stays: removing it could take it from somebody who just locked it."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        file.seek(1024)  # beside the number, which stays readable for others
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
