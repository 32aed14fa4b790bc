"""What the terminal can do, as its surroundings tell: alphabet, colours, background."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

# What Python itself sets where it finds the C locale; then nobody has said that it is UTF-8.
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
_DARK = frozenset({"0", "1", "2", "3", "4", "5", "6", "8", "default"})


def has_terminal() -> bool:
    """Whether a person can use the form here."""
    term = os.environ.get("TERM", "dumb")
    return sys.stdin.isatty() and sys.stdout.isatty() and term not in ("", "dumb")


def speaks_utf8(
    environ: Mapping[str, str] = os.environ, *, was_coerced: bool | None = None
) -> bool:
    """Whether the locale says that the terminal takes UTF-8, installed here or not."""
    if was_coerced is None:
        was_coerced = bool(sys.flags.utf8_mode) and environ.get("PYTHONUTF8") != "1"
    names = [environ.get("LC_ALL"), environ.get("LC_CTYPE"), environ.get("LANG")]
    if was_coerced and names[1] in _COERCED:
        names[1] = None
    locale = next(filter(None, names), "C").casefold()
    return "utf-8" in locale or "utf8" in locale


def has_colours() -> bool:
    """Whether the terminal's description knows colours; one that is not known here is modern."""
    term = os.environ.get("TERM", "dumb")
    if term.endswith("-256color"):  # most are; the library that knows the others takes its time
        return True
    try:
        import curses
    except ImportError:
        return True
    try:
        curses.setupterm(term, sys.stdout.fileno())
    except (curses.error, OSError, ValueError):
        return True
    return curses.tigetnum("colors") > 0


def is_light(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal tells of a light background, as rxvt and konsole do."""
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return bool(background) and background not in _DARK
