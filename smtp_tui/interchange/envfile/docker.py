"""`docker run --env-file`: what follows the equals sign is the value, quotes and all."""

from __future__ import annotations

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.envfile.interpolation import numbered, unreadable


def entries(content: str) -> list[Entry]:
    """Return the lines' names and values; a name alone is taken from docker's own environment."""
    found = []
    for number, line in numbered(content):
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        name, sign, value = stripped.partition("=")
        if not name or any(letter.isspace() for letter in name):
            found.append(unreadable(number, "no-assignment"))
        elif sign:
            found.append(Entry(name, value, number))
    return found


def quoted(value: str) -> str:
    """Return the value as it is: docker undoes no quoting."""
    return value
