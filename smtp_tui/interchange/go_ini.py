"""The ini files of Go programs (the library ini.v1), as Gitea and Grafana read them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtp_tui.interchange.entries import Entry, Unresolved
from smtp_tui.interchange.results import InterchangeError, text

_SAFE = re.compile(r"[A-Za-z0-9_@+.,/-]+(?::[0-9]+)?")
_INSERT = re.compile(r"%\((?:(?!%\()[^)])*\)s")


def entries(content: str, section: str) -> Iterator[Entry]:
    """Return what stands in a section."""
    here = ""
    for number, line in enumerate(content.removeprefix("\ufeff").split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if stripped[0] == "[":
            here = stripped[1:].partition("]")[0].strip()
            continue
        if here != section:
            continue
        match = re.match(r"\"?([^=:\"]+)\"?\s*[=:](.*)", stripped)
        if match is None:
            yield Entry("", Unresolved("no-assignment"), number)
            continue
        value = _unquoted(match[2].strip())
        yield Entry(match[1].strip(), value, number)


def _unquoted(written: str) -> str | Unresolved:
    for quote in ('"""', "`"):
        if written.startswith(quote) and (quote == "`" or len(written) > len(quote)):
            end = written.rfind(quote, len(quote))
            return Unresolved("more-lines") if end < 0 else _plain(written[len(quote) : end])
    # A # or ; ends the value, with or without a blank before it; quotes do not help.
    word = re.split("[#;]", written, maxsplit=1)[0].strip()
    if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"":
        word = word[1:-1]
    return _plain(word)


def _plain(value: str) -> str | Unresolved:
    return Unresolved("ini-insert") if _INSERT.search(value) else value


def quoted(name: str, value: str, quote: str) -> str:
    """Quote a value; InterchangeError where the library would put another value into it."""
    if _INSERT.search(value):
        raise InterchangeError(text("ini-percent", name=name))
    return value if _SAFE.fullmatch(value) else f"{quote}{value}{quote}"
