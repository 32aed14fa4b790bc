"""Ruby's dotenv: single quotes hold anything; elsewhere `$NAME` and `$(command)` are replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping

from smtp_tui.interchange.entries import Entry, Unresolved
from smtp_tui.interchange.envfile.interpolation import (
    PLAIN,
    Found,
    Pieces,
    Use,
    numbered,
    settled,
    unreadable,
)

_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[\w.]+)(?:\s*=\s*|:\s+)
    (?P<value>'(?:\\'|[^'])*'|"(?:\\"|[^"])*"|[^#]+)?\s*(?:\#.*)?""",
    re.VERBOSE,
)
_DOLLAR = re.compile(r"(?P<escape>\\)?\$(?:(?P<command>\()|\{?(?P<name>[A-Za-z0-9_]+)?\}?)")


def entries(content: str) -> list[Entry]:
    """Return the names and values of the lines."""
    found = Found()
    for number, line in numbered(content):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or _opens(match["value"] or ""):
            found.add(unreadable(number, "more-lines" if _opens(line) else "no-assignment"))
            continue
        found.add(_entry(match["name"], number, (match["value"] or "").strip(), found.known))
    return found.entries


def _opens(text: str) -> bool:
    """Tell whether a quote is opened that its line does not close."""
    value = text.partition("=")[2] if "=" in text.partition("'")[0].partition('"')[0] else text
    value = value.strip()
    return value[:1] in ("'", '"') and value.count(value[0]) == 1


def _entry(name: str, number: int, written: str, known: Mapping[str, str]) -> Entry:
    quote = written[0] if re.fullmatch(r"(['\"]).*\1", written) else ""
    value = written[1:-1] if quote else written
    if quote == "'":
        return Entry(name, value, number)
    if re.search(r"\\[nr]" if quote else r"\\", value):
        return Entry(name, Unresolved("ruby-backslashes"), number)
    value = re.sub(r"\\([^$])", r"\1", value, flags=re.DOTALL)
    pieces: Pieces = []
    at = 0
    closed = value.rfind(")")
    for match in _DOLLAR.finditer(value):
        pieces.append(value[at : match.start()])
        at = match.end()
        is_command = match["command"] and at <= closed
        if match["escape"] or (not is_command and not match["name"]):
            pieces.append(match[0].removeprefix("\\"))
        elif is_command:
            return Entry(name, Unresolved("from-command"), number)
        else:
            pieces.append(Use(match["name"]))
    return settled(name, number, [*pieces, value[at:]], known)


def quoted(value: str) -> str:
    """Quote a value for every version of the library; ValueError with a text's id if none can."""
    if PLAIN.fullmatch(value) or not value:
        return value
    if "'" not in value and not value.endswith("\\"):
        return f"'{value}'"
    # Between double quotes some versions make line ends of these, escaped or not, and an escaped
    # `$(` keeps its backslash where no command follows.
    if re.search(r"\\[nr]", value):
        raise ValueError("ruby-backslash")
    if "$(" in value:
        raise ValueError("ruby-dollar")
    return '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"'
