"""The rules by which an error text is recognised, as `errors.toml` and `replies.toml` hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from smtp_tui.diagnosis.causes import load_texts
from smtp_tui.providers.provider import KEYS
from smtp_tui.records import record

Span = tuple[int, int]

_ANYTHING = re.compile("")

# Language files, word processors and web pages write quotation marks and spaces as they like.
_PLAIN = str.maketrans("’‘‚‛“”„‟\u00a0\u202f\u2011", "''''\"\"\"\"  -")
_LOWER = _PLAIN | {
    code: chr(code).lower() for code in range(0x500) if len(chr(code).lower()) == 1 and code != 0xA0
}


@record(kw_only=True)
class ErrorRule:
    """A rule of `errors.toml`, ready to be tried on a text in lower case."""

    find: re.Pattern[str]
    cause: str
    spoken: tuple[str, ...] = ()
    also: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    vague: bool = False
    program: str = ""
    what: str = ""
    why: str = ""
    cure: str = ""
    field: str = ""
    value: str | int | None = None

    def span_in(self, low: str) -> Span | None:
        """Return where the rule fits, or None."""
        match = self.find.search(low)
        span = match.span() if match else self._phrase_in(low)
        is_barred = self.unless is not None and self.unless.search(low)
        is_met = self.also is None or self.also.search(low)
        return span if span and is_met and not is_barred else None

    def _phrase_in(self, low: str) -> Span | None:
        # Hundreds of phrases: found one by one, far quicker than as one pattern.
        for phrase in self.spoken:
            start = low.find(phrase)
            if start >= 0:
                return start, start + len(phrase)
        return None


@record(kw_only=True)
class UnrelatedRule:
    """Words of something that is no mail program, unless others in the text say that it is one."""

    find: re.Pattern[str]
    unless: re.Pattern[str]
    firm: bool = False
    """Whether what looks like an SMTP reply is the stranger's too."""

    def matches_text(self, low: str) -> bool:
        """Whether a text in lower case is the stranger's."""
        return bool(self.find.search(low)) and not self.unless.search(low)


@record(kw_only=True)
class ReplyPlace:
    """How to tell what an SMTP reply in a text answers."""

    near: re.Pattern[str] = _ANYTHING
    code: re.Pattern[str] = _ANYTHING
    enhanced: re.Pattern[str] = _ANYTHING
    stage: str
    command: str
    is_guess: bool = False


@record(kw_only=True)
class UncodedReply:
    """A server's words that are known without their code."""

    find: re.Pattern[str]
    code: int
    enhanced: str = ""
    stage: str = ""
    command: str = ""


def lowered(text: str) -> str:
    """Return the text in lower case, its places unchanged.

    Patterns that need not ignore case are several times quicker; `str.lower` may lengthen a text.
    Latin, Greek and Cyrillic letters are lowered, those whose lower case is a single letter.
    """
    return text.translate(_LOWER)


@cache
def error_rules() -> tuple[ErrorRule, ...]:
    """Return the rules in the order to try."""
    rules = []
    for entry in _entries("rule", "find", "also", "unless"):
        # The phrases of other languages: `system.ECONNREFUSED` is a list of languages.toml.
        lists = [name.partition(".") for name in entry.get("spoken", ())]
        spoken = tuple(phrase for who, _, what in lists for phrase in _languages()[who][what])
        rules.append(ErrorRule(**{**entry, "spoken": spoken}))
    return tuple(rules)


@cache
def unrelated_rules() -> tuple[UnrelatedRule, ...]:
    """Return what tells a text that is not about mail."""
    return tuple(UnrelatedRule(**entry) for entry in _entries("stranger", "find", "unless"))


@cache
def places() -> tuple[ReplyPlace, ...]:
    """Return what a reply may answer, in the order to try; the last fits always."""
    return tuple(ReplyPlace(**entry) for entry in _entries("place", "near", "code", "enhanced"))


@cache
def uncoded_replies() -> tuple[UncodedReply, ...]:
    """Return the words of servers that are known without a code."""
    return tuple(UncodedReply(**entry) for entry in _entries("worded", "find"))


@cache
def _data() -> dict[str, list[dict[str, Any]]]:
    return {**load_texts("error_lookup/errors.toml"), **load_texts("error_lookup/replies.toml")}


@cache
def _languages() -> dict[str, dict[str, list[str]]]:
    return load_texts("error_lookup/languages.toml")


def _entries(kind: str, *patterns: str) -> Iterator[dict[str, Any]]:
    """Yield entries, their patterns compiled, without the sources that are for maintainers."""
    for table in _data()[kind]:
        entry = {key: part for key, part in table.items() if key not in KEYS}
        yield entry | {
            key: re.compile(entry[key], re.MULTILINE) for key in patterns if key in entry
        }
