"""Describe the words of a choice field for a list of all of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.settings.schema import explanation
from smtp_tui.smtp.replies import EhloKeywords
from smtp_tui.tui.model.draft import PASSWORD, SettingsDraft
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.row_state import RowState

OFFERED, NOT_OFFERED, NOT_HERE = "offered here", "not offered", "unavailable"
# An item of a list: words in backticks, a colon, and what they mean.
_ITEM = re.compile(r"- (`[^`]+`(?:, `[^`]+`)*): (.*)")
_WORD = re.compile(r"`(?:\{ )?(\w[^` ]*)|`\"")


@record
class Choice:
    """A word that a field offers, and its meaning in one or more sentences.

    `offered` is what the last test found of the server. `refusal` is why the word cannot be chosen,
    or would not work, here.
    """

    word: str
    meaning: str = ""
    offered: bool | None = None
    refusal: str = ""

    @property
    def summary(self) -> str:
        """The first sentence of the meaning."""
        return self.meaning.partition(". ")[0].rstrip(".")

    @property
    def availability(self) -> str:
        """Whether the word can be used here, in two words; "" if nothing is known."""
        if self.refusal:
            return NOT_HERE
        return "" if self.offered is None else OFFERED if self.offered else NOT_OFFERED


def choices(
    key: str, words: Sequence[str], state: RowState, facts: CheckSummary | None
) -> tuple[Choice, ...]:
    """Return a row's words, each with what is known of it; `facts` are those of the last test."""
    meanings = _meanings(key if key in BY_KEY else PASSWORD)
    offers = _offers(key, facts) if facts else {}
    reasons = {**state.doubts, **state.refused}
    return tuple(
        Choice(word, meanings.get(word, ""), offers.get(word), reasons.get(word, ""))
        for word in words
    )


def is_same_server(tested: Settings, draft: SettingsDraft) -> bool:
    """Whether a test of the draft would meet the server that was tested, in the same way."""
    parsed = draft.parsed()
    return all(
        getattr(tested, key) == parsed[key]
        for key in ("host", "port", "encryption", "starttls_auto")
    )


def _meanings(key: str) -> dict[str, str]:
    """Return the meaning of each word, from the field's explanation."""
    return dict(_items(explanation(key)))


def _items(page: str) -> Iterator[tuple[str, str]]:
    # The items of a list are indented by two blanks after their first line.
    for line in page.replace("\n  ", " ").splitlines():
        if item := _ITEM.fullmatch(line):
            for word in _WORD.finditer(item[1]):
                # A password in the file itself stands in quotation marks.
                yield word[1] or PasswordLocation.FILE, item[2].replace("`", "")


def _offers(key: str, facts: CheckSummary) -> Mapping[str, bool]:
    """Return whether the server offered each word."""
    if not facts.offers:
        return {}
    match key:
        case "authentication":
            # The last offer counts: TLS discards the one before it (RFC 3207, section 4.2).
            named = set(Authentication) - {Authentication.AUTO, Authentication.NONE}
            return {word.value: word.upper() in facts.offers[-1].mechanisms for word in named}
        case "encryption":
            first = facts.offers[0]
            if first.encrypted:
                return {Encryption.SSL.value: True}
            return {Encryption.TLS.value: "STARTTLS" in EhloKeywords(first.keywords)}
        case _:
            return {}
