"""Errors are one line, whatever a file, a program or a library put into them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from smtp_tui.settings.masking import mask_credentials, mask_secrets


def one_line(text: object, length: int = 400) -> str:
    """Escape what does not print, line ends included, and cut to `length` characters.

    A password that stands in a URL, or before an @, is hidden: what is quoted may hold one.
    """
    shown = mask_credentials(str(text))
    line = "".join(letter if letter.isprintable() else _escaped(letter) for letter in shown)
    return line if len(line) <= length else line[: length - 1] + "…"


def shown_command(argv: Sequence[str]) -> str:
    """Name a command in a message, as far as its arguments hold no password."""
    return one_line(mask_secrets(" ".join(argv)), 80)


def reason(error: OSError) -> str:
    """Say what the system refused, without the file's name, which the sentence has already."""
    return os.strerror(error.errno).lower() if error.errno else one_line(error)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
