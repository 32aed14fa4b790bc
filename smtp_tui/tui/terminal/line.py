"""The line to the terminal, which may be lost at any time."""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO


class LastingLine:
    """A terminal to write to; once it is gone, what is written is dropped.

    An error would end the thread that writes, and the program, deaf to signals, would wait for it
    with its queue full, for ever.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write a text."""
        with suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        """See it on its way."""
        with suppress(OSError, ValueError):
            self._file.flush()

    def fileno(self) -> int:
        """Return the number of the file behind it."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Tell that it is a terminal."""
        return True
