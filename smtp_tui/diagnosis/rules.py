"""Match negative replies to rules, which are data; the first match wins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from smtp_tui.diagnosis.causes import load_texts
from smtp_tui.providers import DataProvenance, ProviderEntryKind, provenance_of, providers
from smtp_tui.records import record
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.replies import Reply

LONGEST = 4096
"""Characters of a reply to match: the beginning carries its meaning."""

_WHOLE = ("stage", "command", "mechanism", "code", "enhanced")
# Texts on a wrong password do not apply to a token or a certificate.
_OF_PASSWORDS = "(?!XOAUTH2|OAUTHBEARER|EXTERNAL).*"
_ENHANCED = re.compile(r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}(?=\s|$)")
# An address in a reply is no evidence: somebody may be called relay.
_ADDRESS = re.compile(r"[^\s<>]{1,64}@[^\s<>]{1,255}")


@record(kw_only=True)
class ReplyRule:
    """The meaning of a negative reply, and its source.

    `what`, `why` and `cure` replace the cause's own texts, if set. `providers` are the ids of the
    providers that send such replies. The texts apply only if the reply is known to be theirs; an
    `is_distinct` rule gives its cause anyway. A `without_login` rule is for servers that accept
    logins and clients that sent none. A rule in a file has a `cause`, or is `lent` to the causes
    whose texts it improves; a rule that `rule_of_refusal` returns has a cause.
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
    """Return the rule for a negative reply to a command in a stage.

    `host` is the server that sent it; without one, only its text identifies a provider. A rule for
    a provider that is not known to have sent it gives at most the cause: the texts are then those
    of a general rule.
    `without_login` says that the server accepts logins, and the client had not logged in.
    """
    verb, _, mechanism = command.partition(" ")
    values = {"stage": stage.value, "command": verb, "mechanism": mechanism}
    values |= {"code": str(reply.code), "enhanced": reply.enhanced or ""}
    # A server may break lines anywhere, and repeats the enhanced code on each.
    lines = [_ENHANCED.sub("", line, count=1) for line in reply.text[:LONGEST].split("\n")]
    text = " ".join(_ADDRESS.sub("", " ".join(lines)).split())
    senders: set[str] | None = None
    lent: list[ReplyRule] = []
    distinct: ReplyRule | None = None
    for rule in rules():
        # The most expensive condition is last: few of a hundred rules get that far.
        if (
            (rule.without_login and not without_login)
            or not all(
                _pattern(pattern).fullmatch(values[name]) for name, pattern in rule.whole.items()
            )
            or not _pattern(rule.text).search(text)
        ):
            continue
        if rule.providers and senders is None:
            senders = _senders(text, host)
        if rule.providers and (senders or set()).isdisjoint(rule.providers):
            if rule.is_distinct and rule.cause:
                distinct = distinct or rule
        elif not rule.cause:
            lent.append(rule)
        elif distinct is None or rule.cause == distinct.cause:
            return _with_lent_texts(rule, lent)
    if distinct is None:
        raise AssertionError("the last rule fits every reply")
    # The text alone gives the cause; what the rule says of a provider may be wrong here.
    return _with_lent_texts(replace(distinct, what=None, why=None, cure=None, providers=()), lent)


def _senders(text: str, host: str | None) -> set[str]:
    """Return the providers whose server it is, or whose signature the text has."""
    return {
        provider.id
        for provider in providers()
        if provider.signs(text) or (host and provider.matches(host))
    }


@cache
def rules() -> tuple[ReplyRule, ...]:
    """Return all rules in matching order."""
    return tuple(map(_rule, rule_tables()))


def rule_tables() -> list[dict[str, Any]]:
    """Return the rules' raw tables; those for single providers come first."""
    files = ("replies-of-providers.toml", "replies.toml")
    return [rule for file in files for rule in load_texts(file)["rule"]]


def _rule(table: Mapping[str, object]) -> ReplyRule:
    values = {key: str(value) for key, value in table.items()}
    causes = values.get("cause") or values.get("for", "")
    if "auth-rejected" in causes.split("|") and "why" in values:
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


def _with_lent_texts(rule: ReplyRule, lent: list[ReplyRule]) -> ReplyRule:
    """Return the rule with the first texts lent to its cause."""
    lender = next((lender for lender in lent if re.fullmatch(lender.lent, rule.cause)), None)
    if lender is None:
        return rule
    parts = {part: getattr(lender, part) or getattr(rule, part) for part in ("what", "why", "cure")}
    return replace(lender, cause=rule.cause, **parts)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compile on demand: a reply needs few of a hundred rules' patterns."""
    return re.compile(text, re.IGNORECASE)


def provenances() -> Iterator[DataProvenance]:
    """Yield one for each rule and advice; ValueError names an entry without a source."""
    conditions = ("provider", "stage", "command", "code", "enhanced", "text")
    for rule in rule_tables():
        # A rule has no id: its conditions name it.
        parts = [str(rule[key]) for key in conditions if key in rule]
        name = " ".join((str(rule.get("cause") or rule.get("for")), *parts))
        yield provenance_of(ProviderEntryKind.REPLY, name, rule)
    for name, advice in load_texts("advice.toml").items():
        yield provenance_of(ProviderEntryKind.ADVICE, name, advice)
