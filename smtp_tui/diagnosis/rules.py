"""What a negative reply means: rules as data, the first that fits wins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from smtp_tui.diagnosis.causes import load_texts
from smtp_tui.providers.provider import EntryKind, Provenance, provenance_of, providers
from smtp_tui.records import record
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.replies import Reply

LONGEST = 4096
"""Characters of a reply that are read: what it means stands at its beginning."""

_WHOLE = ("stage", "command", "mechanism", "code", "enhanced")
# What is said of a wrong password says nothing of a token, or of a certificate.
_OF_PASSWORDS = "(?!XOAUTH2|OAUTHBEARER|EXTERNAL).*"
_ENHANCED = re.compile(r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}(?=\s|$)")
# The letters of an address that a reply repeats say nothing: somebody may be called relay.
_ADDRESS = re.compile(r"[^\s<>]{1,64}@[^\s<>]{1,255}")


@record(kw_only=True)
class ReplyRule:
    """What a negative reply means, and who says so.

    `what`, `why` and `cure`, where there are any, take the place of the cause's own texts.
    `providers` are the ids of those whose words it is about. What it says of them counts only where
    the reply is known to be theirs; one that `is_distinct` names its cause all the same. One
    `without_login` speaks of servers that take logins, and of clients that gave none. A rule as it
    is written has a `cause`, or is `lent` to the causes whose words it betters; those that
    `rule_of_refusal` returns have one.
    """

    cause: str = ""
    lent: str = ""
    source: str
    what: str | None = None
    why: str | None = None
    cure: str | None = None
    providers: tuple[str, ...] = ()
    is_distinct: bool = False
    without_login: bool = False
    whole: Mapping[str, str]
    text: str


def rule_of_refusal(
    stage: Stage,
    command: str,
    reply: Reply,
    host: str | None = None,
    *,
    without_login: bool = False,
) -> ReplyRule:
    """Return the rule that reads a negative reply in its place.

    `host` is the server that said it; without one only the words tell whose they are. A rule about
    a provider that is not known to have said it gives the cause at most: the words are then those
    of a rule for everybody.
    `without_login` says that the server takes logins, and nobody had logged in.
    """
    verb, _, mechanism = command.partition(" ")
    whole = {"stage": stage.value, "command": verb, "mechanism": mechanism}
    whole |= {"code": str(reply.code), "enhanced": reply.enhanced or ""}
    # A server breaks the words where it likes, each line with the enhanced code again.
    lines = [_ENHANCED.sub("", line, count=1) for line in reply.text[:LONGEST].split("\n")]
    text = " ".join(_ADDRESS.sub("", " ".join(lines)).split())
    speakers: set[str] | None = None
    lent: list[ReplyRule] = []
    meant: ReplyRule | None = None
    for rule in rules():
        # The dearest condition is asked last: of a hundred rules a reply meets a few of each.
        if (
            (rule.without_login and not without_login)
            or not all(_pattern(form).fullmatch(whole[name]) for name, form in rule.whole.items())
            or not _pattern(rule.text).search(text)
        ):
            continue
        if rule.providers and speakers is None:
            # The providers whose server it is, or who sign such a reply.
            speakers = {
                provider.id
                for provider in providers()
                if provider.signs(text) or (host and provider.matches(host))
            }
        if rule.providers and (speakers or set()).isdisjoint(rule.providers):
            if rule.is_distinct and rule.cause:
                meant = meant or rule
        elif not rule.cause:
            lent.append(rule)
        elif meant is None or rule.cause == meant.cause:
            return _worded(rule, lent)
    if meant is None:
        raise AssertionError("the last rule fits every reply")
    # The words alone give the cause; what the rule says of a provider may not hold here.
    return _worded(replace(meant, what=None, why=None, cure=None, providers=()), lent)


@cache
def rules() -> tuple[ReplyRule, ...]:
    """Return every rule, in the order to try."""
    return tuple(map(_rule, rule_tables()))


def rule_tables() -> list[dict[str, Any]]:
    """Return the rules as they are written; those of single providers go first."""
    files = ("replies-of-providers.toml", "replies.toml")
    return [rule for file in files for rule in load_texts(file)["rule"]]


def _rule(table: Mapping[str, object]) -> ReplyRule:
    values = {key: str(value) for key, value in table.items()}
    meant = values.get("cause") or values.get("for", "")
    if "auth-rejected" in meant.split("|") and "why" in values:
        values.setdefault("mechanism", _OF_PASSWORDS)
    return ReplyRule(
        cause=values.get("cause", ""),
        lent=values.get("for", ""),
        source=values["source"],
        what=values.get("what"),
        why=values.get("why"),
        cure=values.get("cure"),
        providers=tuple(filter(None, values.get("provider", "").split("|"))),
        is_distinct=table.get("distinct") is True,
        without_login=table.get("without_login") is True,
        whole={name: values[name] for name in _WHOLE if name in values},
        text=values.get("text", ""),
    )


def _worded(rule: ReplyRule, lent: list[ReplyRule]) -> ReplyRule:
    """The rule, with the first words that are lent to its cause."""
    words = next((words for words in lent if re.fullmatch(words.lent, rule.cause)), None)
    if words is None:
        return rule
    parts = {part: getattr(words, part) or getattr(rule, part) for part in ("what", "why", "cure")}
    return replace(words, cause=rule.cause, **parts)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compile when asked for: of a hundred rules a reply meets the conditions of a few."""
    return re.compile(text, re.IGNORECASE)


def provenances() -> Iterator[Provenance]:
    """Yield one for each rule and each advice; ValueError names an entry without a source."""
    conditions = ("provider", "stage", "command", "code", "enhanced", "text")
    for rule in rule_tables():
        # A rule has no id: what tells it from the others names it.
        told = [str(rule[key]) for key in conditions if key in rule]
        name = " ".join((str(rule.get("cause") or rule.get("for")), *told))
        yield provenance_of(EntryKind.REPLY, name, rule)
    for name, advice in load_texts("advice.toml").items():
        yield provenance_of(EntryKind.ADVICE, name, advice)
