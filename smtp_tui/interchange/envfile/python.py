"""python-dotenv: without quotes values are nearly raw; `${NAME}` is replaced in all quotes."""

from __future__ import annotations

import re

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.envfile.interpolation import (
    Found,
    Pieces,
    Use,
    numbered,
    settled,
    unreadable,
)

_LINE = re.compile(
    r"""\s*(?:export[ \t]+)?(?:'(?P<quoted>[^']+)'|(?P<name>[^=\#\s]+))[ \t]*
    (?P<sign>=(?P<blank>[ \t]*+)(?:
        '(?P<single>(?:\\'|[^'])*+)'[ \t]*(?:\#.*)?
        |"(?P<double>(?:\\"|[^"])*+)"[ \t]*(?:\#.*)?
        |(?!['"])(?P<bare>.*)
    ))?\s*""",
    re.VERBOSE,
)
# A name has a bound, or a line of nothing but openings would be gone through once for each.
_USE = re.compile(r"\$\{(?P<name>[^}:]{0,256})(?::-(?P<default>[^}]*))?\}")
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def entries(content: str) -> list[Entry]:
    """Return the names and values of the lines."""
    found = Found()
    for number, line in numbered(content):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            found.add(unreadable(number, "no-assignment"))
        elif match["sign"]:
            name = match["quoted"] or match["name"]
            found.add(settled(name, number, _pieces(_unquoted(match)), found.known))
    return found.entries


def _unquoted(match: re.Match[str]) -> str:
    if match["bare"] is not None:
        return re.split(r"\s#", match["blank"] + match["bare"], maxsplit=1)[0].strip()
    is_single = match["single"] is not None
    known = r"\\([\\'])" if is_single else r"\\([\\'\"abfnrtv])"
    inner = match["single"] if is_single else match["double"]
    return re.sub(known, lambda escape: _LETTERS.get(escape[1], escape[1]), inner)


def _pieces(value: str) -> Pieces:
    pieces: Pieces = []
    at = 0
    for match in _USE.finditer(value, 0, value.rfind("}") + 1):
        pieces += [value[at : match.start()], Use(match["name"], match["default"])]
        at = match.end()
    return [*pieces, value[at:]]


def quoted(value: str) -> str:
    """Quote a value; ValueError with a text's id where it would be read otherwise."""
    if _USE.search(value):
        raise ValueError("python-dollar")
    is_raw = value == value.strip() and value[:1] not in ("'", '"') and not re.search(r"\s#", value)
    if is_raw:
        return value
    if value.endswith("\\"):
        raise ValueError("python-backslash")
    return "'" + re.sub(r"([\\'])", r"\\\1", value) + "'"
