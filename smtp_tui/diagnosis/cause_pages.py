"""What is known of a cause, as a page: its meaning, how to see and to fix it, and who says it how.

`smtp-tui explain CAUSE` prints a page as text, and the manual's site shows the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import Any

from smtp_tui.diagnosis.causes import causes, texts_of
from smtp_tui.diagnosis.error_lookup.lookup import CauseOverrides, explain_error, lookup_text
from smtp_tui.diagnosis.known_replies import KnownReply, known_replies
from smtp_tui.diagnosis.rules import ReplyRule, rule_of_refusal
from smtp_tui.providers import provider_of
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY

MOST_PHRASES = 20
"""Phrases of other programs that one page lists."""

# A pattern that stands for one text: letters, blanks and escaped marks, at least two words.
_LITERAL = re.compile(r"(?:[\w '\"/:,=<>@-]|\\[.()\[\]*+?|/]){12,}")
_KINDS_OF_PLACES = {
    "compose": "a service of a compose file",
    "container": "a container",
    "unit": "a unit",
}
_SENT = {"": "as the greeting", "MAIL": "in reply to MAIL FROM", "RCPT": "in reply to RCPT TO"}


class PartKind(Enum):
    """What a part of a page is: an item is one of a list, lines stay as they are."""

    HEADING = auto()
    TEXT = auto()
    SOURCE = auto()
    ITEM = auto()
    LINES = auto()


@record
class PagePart:
    """A part of a page. In its text, `code` stands in backticks, and nothing else is markup."""

    kind: PartKind
    text: str


@record
class CausePage:
    """A page: the id that JSON has, the label, and the parts below it."""

    identity: str
    label: str
    parts: tuple[PagePart, ...]

    @property
    def title(self) -> str:
        """The label as a heading."""
        return f"{self.label[:1].upper()}{self.label[1:]}"


def page_labels() -> dict[str, dict[str, str]]:
    """Return what has a page: for the title of each group, the labels by id."""
    data = texts_of("cause_pages.toml")
    groups: dict[str, dict[str, str]] = {group["title"]: {} for group in data["group"]}
    for identity, entry in {**causes(), **texts_of("differences.toml")}.items():
        groups[_group_of(identity)["title"]][identity] = entry["label"]
    for key, entries in (("other-programs", _only_elsewhere()), ("warnings", _warnings())):
        groups[data[key]["title"]] = {name: entry["label"] for name, entry in entries.items()}
    return groups


def cause_page(identity: str) -> CausePage:
    """Return the page of a cause, a difference or a warning; KeyError if there is none."""
    if entry := _warnings().get(identity):
        parts = _warning(identity, entry)
    elif entry := texts_of("differences.toml").get(identity):
        parts = _difference(identity, entry)
    else:
        entry = causes().get(identity) or _only_elsewhere()[identity]
        parts = _cause(identity, entry)
    return CausePage(identity, entry["label"], tuple(parts))


def _group_of(identity: str) -> Mapping[str, Any]:
    groups: list[dict[str, Any]] = texts_of("cause_pages.toml")["group"]
    return next(
        group
        for group in groups
        if any(fnmatchcase(identity, pattern) for pattern in group["causes"])
    )


def _only_elsewhere() -> dict[str, dict[str, Any]]:
    """Return the causes that errors of other programs have, and no check."""
    entries = texts_of("error_lookup/words.toml")["cause"]
    return {name: entry for name, entry in entries.items() if name not in causes()}


def _warnings() -> dict[str, dict[str, Any]]:
    return texts_of("warnings.toml")


def _cause(identity: str, entry: Mapping[str, Any]) -> Iterator[PagePart]:
    texts = lookup_text(CauseOverrides(cause=identity), "…")
    words = [*_programs_words(identity)]
    yield _text(texts.summary.replace(": ….", "."))  # the page knows no reply that could follow
    yield from _section("What it means", texts.why)
    is_check = identity in causes()
    yield from _section("How to see it", *(_seen(identity) if is_check else ()))
    if words or not is_check:
        see = texts_of("cause_pages.toml")["other-programs"]
        yield _text(see["also" if is_check else "see"])
        yield PagePart(PartKind.LINES, "smtp-tui explain --error 'THE LINE'")
    yield from _section("How to fix it", texts.cure)
    yield from _fixes(entry)
    yield from _servers_replies(identity)
    yield from words


def _difference(identity: str, entry: Mapping[str, Any]) -> Iterator[PagePart]:
    yield _text(_at_place(entry["what"]))
    yield from _section("What it means", _at_place(entry["why"]))
    yield from _section("How to see it", *_seen(identity))
    yield from _section("How to fix it", _at_place(entry["cure"]))
    for kind, named in _KINDS_OF_PLACES.items():
        if kind in entry:
            yield _text(f"For {named}: {_at_place(entry[kind]['cure'])}")


def _at_place(text: str) -> str:
    filled = _filled(text, _Names({"place": "the place", "there": "VALUE", "here": "VALUE"}))
    return re.sub(r"(^|\. )the place\b", r"\1The place", filled)


def _warning(identity: str, entry: Mapping[str, Any]) -> Iterator[PagePart]:
    yield from _section("What it means", _filled(entry["text"], _Names()))
    see = texts_of("cause_pages.toml")["warnings"]["see"]
    yield from _section("How to see it", see.format(id=identity))
    yield from _section("How to fix it", entry["page_cure"])


def _seen(identity: str) -> Iterator[str]:
    if identity in causes():
        yield (
            "`smtp-tui check FILE` says so in the line that begins with FAILED. With `--json`, "
            f'the last line has `"cause": "{identity}"`.'
        )
    if see := _group_of(identity).get("see", ""):
        yield see.format(id=identity)


def _fixes(entry: Mapping[str, Any]) -> Iterator[PagePart]:
    reasons = texts_of("fixes.toml")
    named = [reasons[name] for name in (entry.get("ask") or {}).values() if name in reasons]
    for text in dict.fromkeys(named):
        yield PagePart(PartKind.ITEM, _filled(text, _Names()))
    for kind, where in (("local", "on this machine"), ("lmtp", "that speaks LMTP")):
        if cure := entry.get(kind, {}).get("cure"):
            yield _text(f"For a server {where}: {_filled(cure, _Names())}")
    fields = [key for key in entry.get("faults") or {} if key in BY_KEY]
    if fields:
        yield _text(f"Settings to look at: {', '.join(f'`{key}`' for key in fields)}.")


def _servers_replies(identity: str) -> Iterator[PagePart]:
    """Yield replies as servers send them, and what the reply then asks for."""
    heading = True
    shown: ReplyRule | None = None
    for known in (*known_replies("provider"), *known_replies("server")):
        if known.cause != identity:
            continue
        if heading:
            yield PagePart(PartKind.HEADING, "In servers' replies")
            heading = False
        rule = rule_of_refusal(
            known.stage, known.command, known.reply, known.host, without_login=known.without_login
        )
        if shown is not None and rule != shown:
            yield from _about_replies(shown)
        shown = rule
        yield _text(f"{_sender(known)}:")
        yield PagePart(PartKind.LINES, known.text)
    if shown is not None:
        yield from _about_replies(shown)


def _sender(known: KnownReply) -> str:
    provider = provider_of(known.host) if known.host else None
    sent = _SENT.get(known.command, f"in reply to {known.command}")
    return f"{provider.name}, {sent}" if provider else f"{sent[:1].upper()}{sent[1:]}"


def _about_replies(rule: ReplyRule) -> Iterator[PagePart]:
    if rule.cure:
        yield _text(_filled(rule.cure, _Names()))
    yield PagePart(PartKind.SOURCE, f"Source: {rule.source}.")


def _programs_words(identity: str) -> Iterator[PagePart]:
    """Yield phrases of other programs' logs, and where they were found."""
    every = texts_of("error_lookup/errors.toml")["rule"]
    rules = [rule for rule in every if rule.get("cause") == identity]
    phrases = dict.fromkeys(word for rule in rules for word in _phrases(rule["find"]))
    known = [phrase for phrase in phrases if _means(phrase, identity)]
    known.sort(key=lambda phrase: not phrase.isascii())  # English first
    sources = dict.fromkeys(part for rule in rules for part in rule["source"].split("; "))
    if not known:
        return
    yield PagePart(PartKind.HEADING, "In other programs' words")
    yield _text("smtp-tui recognises these words, also in the middle of a line:")
    for phrase in known[:MOST_PHRASES]:
        yield PagePart(PartKind.ITEM, f"`{phrase.strip()}`")
    if sources:
        yield PagePart(PartKind.SOURCE, f"Sources: {'; '.join(sources)}.")


def _means(phrase: str, identity: str) -> bool:
    """Whether `explain --error` gives this cause for the phrase alone."""
    explanation = explain_error(phrase)
    return explanation is not None and explanation.cause == identity


def _phrases(pattern: str) -> Iterator[str]:
    """Yield the alternatives of a pattern that are plain text."""
    start = depth = 0
    for index, letter in enumerate(pattern + "|"):
        depth += (letter in "([") - (letter in ")]")
        if letter == "|" and depth == 0:
            choice = pattern[start:index].removeprefix(r"\b").removesuffix(r"\b")
            start = index + 1
            if " " in choice and _LITERAL.fullmatch(choice):
                yield re.sub(r"\\(.)", r"\1", choice)


class _Names(dict[str, str]):
    """Names in braces that only a check fills in, in capitals as elsewhere in the manual."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        super().__init__(known or texts_of("error_lookup/words.toml")["names"])

    def __missing__(self, name: str) -> str:
        return "…" if name in ("detail", "reply") else name.upper().replace("_", "-")


def _filled(text: str, names: _Names) -> str:
    return text.format_map(names)


def _text(text: str) -> PagePart:
    return PagePart(PartKind.TEXT, text)


def _section(heading: str, *paragraphs: str) -> Iterator[PagePart]:
    yield PagePart(PartKind.HEADING, heading)
    yield from map(_text, paragraphs)
