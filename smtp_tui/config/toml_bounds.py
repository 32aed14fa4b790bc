"""What tomllib must not be asked to parse: it would take gigabytes, or minutes.

Measured with tomllib of Python 3.11: a key of 8,000 parts in 16 kB takes 390 MB, as each part keeps
the whole path before it; 60,000 keys or headers of 60 parts in 8 MB take 2 to 3.6 GB and over a
minute; 2.6 million empty tables in one array take 640 MB; an integer of 4 million digits takes
440 MB. With these bounds no file of 8 MiB took more than 270 MB.
"""

from __future__ import annotations

import re

DEEPEST = 64
"""Parts of a key: levels of tables."""
MOST_TABLES = 100_000
"""Dots in keys, brackets and braces, each of which may make a table or an array."""
LONGEST_WORD = 1024
"""Characters of a number or of a key without quotes."""

_TOO_MANY = f"more than {MOST_TABLES:,} tables or arrays"

_WORD = r"[A-Za-z0-9_-]"
_PART = rf"""(?:{_WORD}++|"(?:[^"\\\n]|\\[^\n])*+"(?!")|'[^'\n]*+'(?!'))"""
# In this order: what stands within a string or a comment is no key. A string without an end is
# where the parser stops, so the search does too. Compiled when a file needs it, as hardly one does.
_TOKEN = (
    rf"(?P<key>{_PART}(?:[ \t]*+\.[ \t]*+{_PART})++)"
    rf"|(?P<word>{_WORD}++)"
    r'|"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})|(?P<endless>"""|\'\'\')'
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'|(?P<open>[\"'])"
    r"|\#[^\n]*+"
)


def excess(text: str) -> str | None:
    """Say what a TOML text has too much of; None where it can be parsed."""
    # Those in strings and comments count too; no settings file has as many.
    tables = text.count("[") + text.count("{")
    if tables > MOST_TABLES:
        return _TOO_MANY
    # Hardly a file has a word as long, or as many dots, and the rest is spared the search.
    long_word = rf"{_WORD}{{{LONGEST_WORD + 1}}}"
    has_long_word = len(text) > LONGEST_WORD and re.search(long_word, text) is not None
    if not has_long_word and text.count(".") < DEEPEST:
        return None
    for token in re.finditer(_TOKEN, text, re.DOTALL):
        if token["endless"] or token["open"]:
            return None
        words = re.findall(_PART, token["key"]) if token["key"] else [token["word"] or ""]
        if len(words) > DEEPEST:
            return f"a key of more than {DEEPEST} parts"
        if has_long_word and any(_is_long(word) for word in words):
            return f"a number or a key of more than {LONGEST_WORD:,} characters"
        tables += len(words) - 1
        if tables > MOST_TABLES:
            return _TOO_MANY
    return None


def _is_long(word: str) -> bool:
    return len(word) > LONGEST_WORD and word[0] not in "\"'"
