"""Import and export nullmailer's `remotes`: a line for each server, with quoted options."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder
from smtp_tui.interchange.spec import (
    FormatSpec,
    ImportAccountError,
    ImportSource,
    InterchangeError,
    listed,
    text,
)

_FLAGS = frozenset({"auth-login", "auth-external", "tls", "ssl", "starttls", "insecure"})
_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def accounts(content: str, form: FormatSpec) -> tuple[str, ...]:
    """Return the names of the servers."""
    del form
    return tuple(_remotes(content))


def _words(line: str) -> list[str]:
    words = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
        else:
            word, at = _word(line, at)
            words.append(word)
    return words


def _word(line: str, at: int) -> tuple[str, int]:
    """Return a word and its end, as nullmailer's parse_arg does.

    It looks at no quote that follows an escaped letter, so a shell reads such a line differently.
    """
    word, start, end = "", at, len(line)
    while at < end and not line[at].isspace():
        letter = line[at]
        if letter in "'\"":
            word += line[start:at]
            start = at = at + 1
            while at < end and line[at] != letter:
                if line[at] == "\\" and letter == '"':
                    word += line[start:at] + line[at + 1 : at + 2]
                    start = at = at + 2
                at += 1
            word += line[start:at]
            start = at + 1
        elif letter == "\\":
            word += line[start:at] + line[at + 1 : at + 2]
            start = at = at + 2
        at += 1
    return word + line[start : max(start, at)], at


def _remotes(content: str) -> dict[str, list[Assignment]]:
    """Return the options of each server by its name."""
    found: dict[str, list[Assignment]] = {}
    for number, line in enumerate(content.split("\n"), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        host, *rest = _words(written)
        entries = [Assignment("host", host, number), *_options(rest, number)]
        found.setdefault(host, entries)
    return found


def _options(words: list[str], number: int) -> Iterator[Assignment]:
    protocol, options = (words[0], words[1:]) if words else ("smtp", [])
    yield Assignment("protocol", protocol, number)
    for option in options:
        name, sign, value = option.removeprefix("--").partition("=")
        yield Assignment(name, "yes" if name in _FLAGS and not sign else value, number)


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the named server, or the first, with nullmailer's defaults."""
    remotes = _remotes(source.text)
    if not remotes:
        raise InterchangeError(text("no-remote"))
    name = source.account or next(iter(remotes))
    if name not in remotes:
        known = listed(remotes)
        raise ImportAccountError(text("no-such-account", name=repr(name[:40]), names=known))
    builder = ImportBuilder(form, remotes[name])
    if others := [other for other in remotes if other != name and source.account is None]:
        builder.remark("", "account-chosen", name=name, others=", ".join(others))
    is_tls = bool(builder.switch("tls", False) or builder.switch("ssl", False))
    is_starttls = builder.switch("starttls", False)
    builder.put_link("ssl" if is_tls else "tls" if is_starttls else "none")
    if builder.switch("auth-login", False):
        builder.put("authentication", "login", "auth-login")
    elif builder.switch("auth-external", False):
        builder.put("authentication", "external", "auth-external")
    read_declared(builder)
    if "authentication" not in builder.values:
        builder.remark_own_choice("PLAIN, LOGIN")
    builder.report_leftovers("")
    return builder


def write(out: ExportBuilder) -> str:
    """Export one line."""
    words = [out.settings.host, "smtp"]
    for name, value in out.pairs():
        words.append(name if value is True else _quoted(name, str(value)))
    lines = [" ".join(words)]
    if out.lacks_secret:
        out.note("password", "secret-left-out", name="pass=")
        lines.insert(0, f"# {text('secret-place', name='pass=')}")
    return "\n".join([*lines, ""])


def _quoted(name: str, value: str) -> str:
    if _SAFE.fullmatch(value):
        return f"{name}={value}"
    # Each quote stands in quotes of the other kind, as no letter may be escaped here.
    return f"{name}='" + value.replace("'", "'\"'\"'") + "'"
