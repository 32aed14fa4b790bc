"""The texts for admins: plain words, short sentences, one word for one thing, no ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smtp_tui.diagnosis.causes import causes, load_texts, texts_of
from smtp_tui.settings.fields import FIELDS
from smtp_tui.settings.schema import explanation
from tests.table import table

# Words that read as if translated, and what they are called here.
AVOIDED = {
    r"\bmostly\b": "usually",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bhost names?\b": "hostname",
    r"\buser names?\b": "username",
    r"\btime-outs?\b": "timeout",
    r"\bnameservers?\b": "name server",
    r"\bin the clear\b": "unencrypted",
    r"\bopen link\b": "unencrypted connection",
    r"\bnobody logs in\b": "no login",
    r"\bTLS at once\b": "implicit TLS",
    r"\bon the way\b": "on the path",
    r"\bno way to\b": "no route to",
    r"\b(whom|thereof|heed|heeds|anew|knocks?)\b": "another word",
    r"\bbeside\b": "next to",
    r"\bfull name of\b": "fully qualified hostname",
    r"\bpass phrase\b": "passphrase",
}
LONGEST = 30
"""Words of a sentence: it is read in a narrow column."""

FILES = ("advice.toml", "fixes.toml", "findings.toml", "meaning.toml", "egress.toml")


def leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every text of a table, with its place."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from leaves(inner, f"{name} {key}")
        elif isinstance(inner, str) and key not in ("severity", "field"):
            yield f"{name} {key}", inner


def texts() -> Iterator[tuple[str, str]]:
    """Every text that this test reads, with its place."""
    yield from leaves(causes(), "causes")
    yield from leaves(texts_of("warnings.toml"), "warnings")
    yield from leaves(texts_of("differences.toml"), "differences")
    for file in FILES:
        yield from leaves(load_texts(file), file)
    yield from leaves(load_texts("error_lookup/words.toml"), "words.toml")
    for file in ("replies.toml", "error_lookup/errors.toml"):
        for number, rule in enumerate(load_texts(file)["rule"]):
            parts = {key: rule[key] for key in ("what", "why", "cure") if key in rule}
            yield from leaves(parts, f"{file} {number}")
    for field in FIELDS:
        yield f"summary of {field.key}", field.summary
        for number, paragraph in enumerate(paragraphs(explanation(field.key))):
            yield f"{field.key}.md {number}", paragraph


def paragraphs(page: str) -> list[str]:
    """The paragraphs and list items of a page, without its examples."""
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    return [" ".join(part.split()) for part in re.split(r"\n\n|\n- ", prose) if part.strip()]


TEXTS = dict(texts())


@table("words", AVOIDED)
def test_no_word_reads_as_if_translated(words: str) -> None:
    # What servers and programs say is quoted as they say it.
    found = [
        place for place, text in TEXTS.items() if re.search(words, re.sub("`[^`]*`", "", text))
    ]
    assert not found, f"say {AVOIDED[words]}"


def test_sentences_are_short() -> None:
    long = {}
    for place, text in TEXTS.items():
        if "Standard" in place or "Elsewhere" in place:
            continue
        for sentence in re.split(r"(?<=[.:;])\s", text):
            if len(sentence.split()) > LONGEST:
                long[place] = sentence
    assert not long


def test_no_id_of_a_cause_or_a_warning_is_shown() -> None:
    ids = [one for one in (*causes(), *texts_of("warnings.toml")) if "-" in one]
    shown = [place for place, text in TEXTS.items() for one in ids if one in text]
    assert not shown
