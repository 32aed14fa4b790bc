"""dotenv of Node, and Node's own --env-file: quotes of three kinds, and no escapes in them."""

from __future__ import annotations

import re

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.envfile.interpolation import PLAIN, numbered, unreadable

_NAME = re.compile(r"\s*+(?:export\s++)?+(?P<name>[\w.-]++)\s*+(?:=|:\s)(?P<rest>.*)")
_QUOTES = "'\"`"


def entries(content: str) -> list[Entry]:
    """Return the names and values of the lines."""
    found = []
    for number, line in numbered(content):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _NAME.fullmatch(line)
        if match is None:
            found.append(unreadable(number, "no-assignment"))
            continue
        try:
            found.append(Entry(match["name"], _unquoted(match["rest"].strip()), number))
        except ValueError as error:
            found.append(unreadable(number, str(error)))
    return found


def _unquoted(written: str) -> str:
    """Undo the quoting; ValueError with a text's id where the two readers would differ."""
    quote = written[:1]
    if not quote or quote not in _QUOTES:
        return written.partition("#")[0].rstrip()
    end = written.find(quote, 1)
    if end < 0:
        raise ValueError("more-lines")
    inner, rest = written[1:end], written[end + 1 :].lstrip()
    if inner.endswith("\\") or (rest and not rest.startswith("#")):
        raise ValueError("quote-and-more")
    return inner.replace("\\n", "\n").replace("\\r", "\r") if quote == '"' else inner


def quoted(value: str) -> str:
    """Quote a value; ValueError with a text's id if none of the quotes can hold it."""
    if PLAIN.fullmatch(value) or not value:
        return value
    # A backslash before the closing quote is an escape to one of the two readers.
    if not value.endswith("\\"):
        is_read_in_double = not re.search(r"\\[nr]", value)
        for quote in _QUOTES:
            if quote not in value and (quote != '"' or is_read_in_double):
                return f"{quote}{value}{quote}"
    if value[0] not in _QUOTES and "#" not in value and value == value.strip():
        return value
    raise ValueError("node-quotes")
