"""The log as plain text, for a clipboard or a file. Pure.

What it is made of was redacted and escaped where it came to be.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime

from smtp_tui.checks.report.writing import TITLE, without
from smtp_tui.tui.log.lines import Entry, Title

MOST_COPIED = 100_000
"""More bytes than this, as they are sent, many terminals drop without a word."""


def plain_text(entries: Iterable[Entry]) -> str:
    """Return entries as lines, each with a line end; titles stand as comments."""
    lines = (f"# {entry}" if isinstance(entry, Title) else str(entry) for entry in entries)
    return "".join(f"{line}\n" for line in lines)


def kept_text(entries: Iterable[Entry], moment: datetime, home: str) -> str:
    """Return the file that keeps a dialogue; it begins as reports do, and may replace one."""
    head = f"{TITLE}: the dialogue, {moment:%Y-%m-%d %H:%M:%S} UTC\n"
    lines = without(home, plain_text(entries).splitlines())
    return head + "".join(f"{line}\n" for line in lines)


def clipboard_size(text: str) -> int:
    """Return the bytes that a text takes on its way to a terminal's clipboard."""
    return len(b64encode(text.encode("utf-8", "backslashreplace")))


def sent_words(count: int, environment: Mapping[str, str]) -> str:
    """Say what became of a copied text, as far as that can be known."""
    what, it = ("the line", "it") if count == 1 else (f"{count} lines", "them")
    told = f"Sent {what} to the terminal. It does not report whether it accepted {it}."
    if environment.get("TMUX"):
        return f"{told} tmux accepts it only with `set-clipboard` on; O saves to a file."
    if environment.get("STY"):
        return f"{told} GNU screen does not pass it on; O saves to a file."
    return told


def too_long_words(size: int) -> str:
    """Say why a text was not sent."""
    return (
        f"Not copied: {size // 1000} kB is more than many terminals accept. O saves to a file, "
        "M marks a block."
    )
