"""What a negative reply means: rules as data, the first that fits wins.

The sources of all reply rules and all advice, as their files name them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
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
    refusal = _Refusal(stage, command, reply, host, without_login=without_login)
    lent: list[ReplyRule] = []
    meant: ReplyRule | None = None
    for rule in rules():
        if not refusal.fits(rule):
            continue
        if not refusal.is_known_for(rule):
            meant = meant or (rule if rule.cause else None)
        elif not rule.cause:
            lent.append(rule)
        elif meant is None or rule.cause == meant.cause:
            return _worded(rule, lent)
    if meant is None:
        raise AssertionError("the last rule fits every reply")
    # The words alone give the cause; what the rule says of a provider may not hold here.
    return _worded(replace(meant, what=None, why=None, cure=None, providers=()), lent)


def cause_of_refusal(stage: Stage, command: str, reply: Reply, host: str | None = None) -> str:
    """Return the cause id alone of a negative reply in its place."""
    return rule_of_refusal(stage, command, reply, host).cause


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
    for words in lent:
        if re.fullmatch(words.lent, rule.cause):
            return replace(
                words,
                cause=rule.cause,
                what=words.what or rule.what,
                why=words.why or rule.why,
                cure=words.cure or rule.cure,
            )
    return rule


class _Refusal:
    """A negative reply as the rules look at it."""

    def __init__(
        self, stage: Stage, command: str, reply: Reply, host: str | None, *, without_login: bool
    ) -> None:
        verb, _, mechanism = command.partition(" ")
        self._whole = {
            "stage": stage.value,
            "command": verb,
            "mechanism": mechanism,
            "code": str(reply.code),
            "enhanced": reply.enhanced or "",
        }
        self._text = _text(reply)
        self._host = host
        self._without_login = without_login

    def fits(self, rule: ReplyRule) -> bool:
        """Whether every condition of a rule is met, the dearest asked last."""
        return (
            (self._without_login or not rule.without_login)
            and all(
                _pattern(whole).fullmatch(self._whole[name]) for name, whole in rule.whole.items()
            )
            and _pattern(rule.text).search(self._text) is not None
            and (rule.is_distinct or self.is_known_for(rule))
        )

    def is_known_for(self, rule: ReplyRule) -> bool:
        """Whether a rule is about no provider, or about one whose reply this is known to be."""
        return not rule.providers or not self._speakers.isdisjoint(rule.providers)

    @cached_property
    def _speakers(self) -> set[str]:
        """The ids of the providers whose server it is, or who sign such a reply."""
        return {
            one.id
            for one in providers()
            if one.signs(self._text) or (self._host and one.matches(self._host))
        }


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compile when asked for: of a hundred rules a reply meets the conditions of a few."""
    return re.compile(text, re.IGNORECASE)


def _text(reply: Reply) -> str:
    # A server breaks the words where it likes, each line with the enhanced code again.
    lines = [_ENHANCED.sub("", line, count=1) for line in reply.text[:LONGEST].split("\n")]
    return " ".join(_ADDRESS.sub("", " ".join(lines)).split())


def provenances() -> Iterator[Provenance]:
    """Yield one for each rule and each advice; ValueError names an entry without a source."""
    for rule in rule_tables():
        yield provenance_of(EntryKind.REPLY, _rule_name(rule), rule)
    for name, advice in load_texts("advice.toml").items():
        yield provenance_of(EntryKind.ADVICE, name, advice)


def _rule_name(rule: Mapping[str, object]) -> str:
    """Name a rule, which has no id, by what tells it from the others."""
    conditions = ("provider", "stage", "command", "code", "enhanced", "text")
    told = [str(rule[key]) for key in conditions if key in rule]
    return " ".join((str(rule.get("cause") or rule.get("for")), *told))
