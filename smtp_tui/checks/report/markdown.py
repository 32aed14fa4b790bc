"""Text as Markdown that stays text: nothing in it becomes markup, a link, an image or a mention.

Backslashes are not enough: trackers make links and mentions of what is left after they are gone.
So whatever is no plain word stands in a code span, where nothing has a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from smtp_tui.smtp.escaping import escape_controls

# Letters alone or digits alone, joined by hyphens and apostrophes; both together may be the number
# of an issue or of a commit.
_PLAIN = re.compile(r"[(\"']*(?:[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d+|–|—)?[)\"',.;:?!…]*")
_SPANS = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def code(text: str) -> str:
    """Return a code span that holds the text, in one line."""
    shown = escape_controls(text)
    if not shown:
        return "(empty)"
    marks = "`" * (_longest_run(shown) + 1)
    edges = shown[0] + shown[-1]
    # A renderer takes a space away from both ends, where there is one at both.
    pad = " " if "`" in edges or (edges == "  " and shown.strip(" ")) else ""
    return f"{marks}{pad}{shown}{pad}{marks}"


def fenced(lines: Iterable[str], language: str = "text") -> list[str]:
    """Return a fenced block that holds the lines and that none of them can end."""
    shown = [escape_controls(line) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest_run, shown), default=0))
    return [f"{fence}{language}", *shown, fence]


def prose(text: str) -> str:
    """Return a sentence: its plain words as they are, runs of all others as code.

    What stands between backticks in it is code already.
    """
    pieces = _SPANS.split(escape_controls(text))
    parts = [
        part
        for number, piece in enumerate(pieces)
        for part in ([code(piece)] if number % 2 else _sentence(piece))
    ]
    return _apart(parts).strip()


def _sentence(text: str) -> Iterator[str]:
    """Yield the plain words, the spaces, and each run of words that are not plain as code."""
    odd: list[str] = []
    for word in re.findall(r"\s+|\S+", text):
        is_space = word.isspace()
        if _PLAIN.fullmatch(word) or (is_space and not odd):
            yield from _closed(odd)
            odd = []
            yield " " if is_space else word
        else:
            odd.append(word)
    yield from _closed(odd)


def _closed(words: list[str]) -> Iterator[str]:
    """Yield a run as code; the stops and the space at its end stay outside."""
    whole = "".join(words)
    text = whole.rstrip()
    inner = text.rstrip(",.;:")
    if inner:
        yield code(inner)
    yield text[len(inner) :]
    if whole != text:
        yield " "


def _apart(parts: Iterable[str]) -> str:
    """Join; two code spans side by side would become one."""
    joined = ""
    for part in parts:
        joined += f" {part}" if joined.endswith("`") and part.startswith("`") else part
    return joined


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
