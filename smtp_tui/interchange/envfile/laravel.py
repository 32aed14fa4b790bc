"""Laravel's reader, phpdotenv: between double quotes all can be escaped, `${NAME}` is replaced."""

from __future__ import annotations

import re

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.envfile.interpolation import (
    PLAIN,
    Found,
    Pieces,
    Use,
    joined,
    numbered,
    settled,
    unreadable,
)

_NAME = re.compile(r"(?:export\s+)?(?P<quote>['\"]?)(?P<name>[\w.]+)(?P=quote)")
_USE = re.compile(r"\$\{(?P<name>[A-Za-z0-9_.]+)\}")
_LETTERS = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def entries(content: str) -> list[Entry]:
    """Return the names and values of the lines."""
    found = Found()
    for number, line in numbered(content):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, sign, value = stripped.partition("=")
        match = _NAME.fullmatch(name.strip())
        if match is None or not sign:
            if not re.fullmatch(r"[\w.]+", stripped):
                found.add(unreadable(number, "no-assignment"))
            continue
        try:
            pieces = _pieces(value.strip())
        except ValueError as error:
            found.add(unreadable(number, str(error)))
        else:
            found.add(settled(match["name"], number, pieces, found.known))
    return found.entries


def _pieces(written: str) -> Pieces:
    """Undo the quoting; ValueError with a text's id where the library would stop the program."""
    quote = written[:1] if written[:1] in ("'", '"') else ""
    if not quote:
        return _bare(written)
    pieces: Pieces = []
    at = 1
    while at < len(written) and written[at] != quote:
        letter, step = written[at], 1
        if quote == '"' and letter == "\\":
            following, step = written[at + 1 : at + 2], 2
            if not following or following not in '"\\$fnrtv':
                raise ValueError("bad-escape")
            letter = _LETTERS.get(following, following)
        elif quote == '"' and (use := _USE.match(written, at)):
            pieces.append(Use(use["name"]))
            letter, step = "", len(use[0])
        pieces.append(letter)
        at += step
    if at >= len(written):
        raise ValueError("more-lines")
    rest = written[at + 1 :].strip()
    if rest and not rest.startswith("#"):
        raise ValueError("space-in-value")
    return joined(pieces)


def _bare(written: str) -> Pieces:
    word, _, _ = written.partition("#")
    if re.search(r"\s", word.rstrip()):
        raise ValueError("space-in-value")
    pieces: Pieces = []
    at = 0
    for match in _USE.finditer(word.rstrip()):
        pieces += [word[at : match.start()], Use(match["name"])]
        at = match.end()
    return [*pieces, word.rstrip()[at:]]


def quoted(value: str) -> str:
    """Quote a value; between double quotes each can be had."""
    if PLAIN.fullmatch(value) or not value:
        return value
    return '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"'
