"""Errors are one line, whatever a file, a program or a library put into them."""

from __future__ import annotations

import os


def one_line(text: object, length: int = 400) -> str:
    """Escape what does not print, line ends included, and cut to `length` characters."""
    line = "".join(letter if letter.isprintable() else _escaped(letter) for letter in str(text))
    return line if len(line) <= length else line[: length - 1] + "…"


def reason(error: OSError) -> str:
    """Say what the system refused, without the file's name, which the sentence has already."""
    return os.strerror(error.errno).lower() if error.errno else one_line(error)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
