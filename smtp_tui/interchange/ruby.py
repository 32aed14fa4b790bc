"""A strict, small reader of Ruby's literal hashes; nothing is run, what is no literal is told.

What Ruby's mail gem makes of its settings: shared by Rails, Chatwoot and Mastodon.
"""

from __future__ import annotations

import re
from typing import Any

from smtp_tui.interchange.entries import Entry, EnvRef, Unresolved
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder

_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_KEY = re.compile(
    r"""(?:(?P<word>[A-Za-z_]\w*)|"(?P<double>[^"\\#]*)"|'(?P<single>[^'\\]*)'):(?!:)
    |(?::(?P<symbol>[A-Za-z_]\w*)|:?"(?P<text>[^"\\#]*)"|:?'(?P<other>[^'\\]*)')\s*=>""",
    re.VERBOSE,
)
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_SYMBOL = re.compile(r":(?:([A-Za-z_]\w*)|\"([^\"\\#]*)\"|'([^'\\]*)')")
_WORD = re.compile(r"-?\d+(?:\.\d+)?|[A-Za-z_]\w*(?:::\w+)*")
_ENV = re.compile(
    r"""ENV(?:\[\s*(?P<q1>['"])(?P<name1>\w+)(?P=q1)\s*\]
    |\.fetch\(\s*(?P<q2>['"])(?P<name2>\w+)(?P=q2)\s*(?:,\s*(?P<default>[^(){}]*?)\s*)?\)
    (?:\s*\{\s*(?P<block>[^(){}]*?)\s*\})?)(?:\.(?:to_i|to_s|to_sym|presence|strip))*""",
    re.VERBOSE,
)
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "nil": None}
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "s": " ", "e": "\x1b", "0": "\0"}
_DIGITS = 18
_OPEN, _CLOSE = "([{", ")]}"


def entries(source: str, at: int) -> list[Entry]:
    """Return the pairs of the hash whose brace stands right before `at`."""
    found: list[Entry] = []
    line, counted = 1, 0
    while True:
        at = _skip(source, at)
        if source[at : at + 1] in ("}", ""):
            return found
        line, counted = line + source.count("\n", counted, at), at
        key = _KEY.match(source, at)
        start = _skip(source, key.end()) if key else at
        value, end = _value(source, start)
        if key:
            name = next(group for group in key.groups() if group is not None)
            found.append(Entry(name, value, line))
        else:
            found.append(Entry("", Unresolved("computed", {"program": "Ruby"}), line))
        at = _skip(source, end)
        at += source[at : at + 1] == ","


def _skip(source: str, at: int) -> int:
    match = _SPACE.match(source, at)
    return match.end() if match else at


def _value(source: str, at: int) -> tuple[Any, int]:
    """Read one value and return the place behind it, wherever that is."""
    for read in (_string, _variable, _symbol, _constant):
        value, end = read(source, at)
        behind = _skip(source, end)
        if end > at and source[behind : behind + 1] in (",", "}", ""):
            return value, end
    return Unresolved("computed"), _end_of_expression(source, at)


def _string(source: str, at: int) -> tuple[Any, int]:
    match = _STRING.match(source, at)
    if match is None:
        return None, at
    inner = match[0][1:-1]
    if match[0][0] == "'":
        return re.sub(r"\\([\\'])", r"\1", inner), match.end()
    if re.search(r"(?<!\\)(?:\\\\)*#[{$@]", inner):
        return Unresolved("computed"), match.end()
    if re.search(r"\\[^nrtse0\"\\#'$ ]", inner):
        return Unresolved("ruby-escape"), match.end()
    said = re.sub(r"\\(.)", lambda one: _LETTERS.get(one[1], one[1]), inner)
    return said, match.end()


def _variable(source: str, at: int) -> tuple[Any, int]:
    match = _ENV.match(source, at)
    if match is None:
        return None, at
    written = match["default"] or match["block"] or ""
    default, end = _value(written, 0) if written else (None, 0)
    is_literal = end == len(written) and isinstance(default, str | int | bool)
    return EnvRef(match["name1"] or match["name2"], default if is_literal else None), match.end()


def _symbol(source: str, at: int) -> tuple[Any, int]:
    match = _SYMBOL.match(source, at)
    return (next(filter(None, match.groups()), ""), match.end()) if match else (None, at)


def _constant(source: str, at: int) -> tuple[Any, int]:
    match = _WORD.match(source, at)
    if match is None:
        return None, at
    word = match[0]
    if word.lstrip("-").replace(".", "", 1).isdigit() and len(word) <= _DIGITS:
        return (float(word) if "." in word else int(word)), match.end()
    if word in _CONSTANTS:
        return _CONSTANTS[word], match.end()
    # OpenSSL::SSL::VERIFY_PEER is read as our own choices are.
    return (word, match.end()) if word.startswith("OpenSSL::SSL::VERIFY_") else (None, at)


def _end_of_expression(source: str, at: int) -> int:
    depth = 0
    while at < len(source):
        letter = source[at]
        if letter in "'\"":
            match = _STRING.match(source, at)
            if match is None:
                return len(source)  # a string that never ends
            at = match.end()
            continue
        if depth == 0 and letter in ",}":
            break
        depth += (letter in _OPEN) - (letter in _CLOSE)
        at += 1
    return at


def link_of(taken: ImportBuilder, *, tls: bool, required: bool | None, auto: bool | None) -> str:
    """Return how the link is protected.

    `required` is `enable_starttls` where it is set, `auto` `enable_starttls_auto`, which is on
    unless it is set. With STARTTLS only allowed, the gem goes on, and logs in, in the clear.
    """
    if tls:
        if required or auto:
            taken.remark("encryption", "ruby-both")
        return "ssl"
    if required is not None:
        return "tls" if required else "none"
    if auto is None or auto:
        taken.remark("starttls_auto", "auto-goes-on", program=taken.form.title)
        return "auto"
    return "none"


def mechanism_of(out: ExportBuilder) -> str | None:
    """Return the mechanism as the gem spells it; None where PLAIN, its default, is left to it."""
    if out.username is not None and out.mechanism is None:
        out.note("authentication", "ruby-plain")
    return (out.mechanism or "").replace("-", "_") or None


def log_in(taken: ImportBuilder, user: str, password: str, mechanism: str) -> None:
    """Take what logs in; the gem uses PLAIN where it is told no mechanism."""
    has_user = taken.take("username", user)
    taken.put_password(password)
    if not taken.put_mechanism(mechanism) and has_user:
        taken.default("authentication", "plain")
