"""The lines of JSON about a domain's mail servers, and about what receivers require of a sender."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smtp_tui.checks.json_types import (
    COUNT,
    DAY,
    ID,
    SECONDS,
    STAGE,
    TEXT,
    TRUTH,
    JsonType,
    Keys,
    many,
    maybe,
    shape,
)

_SENDERS = shape(
    "senders",
    plain=ID.of(lambda seen: seen.outcome("plain")),
    dane=ID.of(lambda seen: seen.outcome("dane")),
    mta_sts=ID.of(lambda seen: seen.outcome("mta-sts")),
)
_TLSA = shape(
    "tlsa",
    record=TEXT.of("record.text"),
    secure=TRUTH.of("record.secure"),
    state=ID,
    matches=maybe(COUNT),
    breaks=ID.of("record.breaks"),
    text=TEXT,
)
_STS_POLICY = shape("sts-policy", id=TEXT, mode=ID, mx=many(TEXT), max_age=COUNT)


# After a check with --domain-check.
_REPORT_LINES: dict[str, Keys] = {
    "demand": {
        "id": ID.of("demand.id"),
        "receiver": TEXT.of("demand.receiver"),
        "bulk": TRUTH.of("demand.bulk"),
        "since": DAY.of("demand.since"),
        "met": maybe(TRUTH),
        "text": TEXT.of("demand.text"),
        "because": TEXT,
        "source": TEXT.of("demand.source"),
        "read_at": maybe(TEXT).of("demand.read_at"),
        "taken": DAY.of("demand.taken"),
    },
    "blocklist": {
        "id": ID.of("list.id"),
        "address": TEXT,
        "state": ID,
        "text": TEXT,
        "reason": maybe(TEXT),
    },
}


def sender_lines(tls: JsonType, egress: JsonType) -> dict[str, Keys]:
    """Return the lines; `tls` and `egress` are the types that a verdict's line has for them."""
    return {**_as_mta_lines(tls, egress), **_REPORT_LINES}


def _as_mta_lines(tls: JsonType, egress: JsonType) -> dict[str, Keys]:
    return {
        "mx": {
            "host": TEXT.of("exchange.host"),
            "preference": COUNT.of("exchange.preference"),
            "address": maybe(TEXT),
            "alias": maybe(TEXT).of("exchange.alias"),
            "problem": maybe(ID).of("exchange.problem"),
            "dnssec": TRUTH.of("exchange.is_secure"),
            "out_of_reach": TRUTH.of("is_out_of_reach"),
            "stage": maybe(STAGE).of(_of_verdict("stage")),
            "cause": maybe(ID).of(_of_verdict("cause")),
            "summary": maybe(TEXT).of(_of_verdict("summary")),
            "tls": maybe(tls).of(_of_verdict("tls")),
            "certificate_state": maybe(ID).of("certificate"),
            "tlsa": many(_TLSA),
            "right_record": maybe(TEXT),
            "sts_allows": maybe(TRUTH),
            "senders": _SENDERS.of(lambda side: side),
            "seconds": SECONDS,
        },
        "mta": {
            "domain": TEXT,
            "ok": TRUTH,
            "servers": COUNT.of(lambda summary: len(summary.answer.hosts)),
            "addresses": COUNT.of(
                lambda summary: sum(bool(side.address) for side in summary.sides)
            ),
            "null_mx": TRUTH.of("answer.is_null"),
            "implicit_mx": TRUTH.of("answer.is_implicit"),
            "dnssec": TRUTH.of("answer.is_secure"),
            "resolver_validates": TRUTH.of("answer.validates"),
            "sts_policy": maybe(_STS_POLICY).of(lambda summary: summary.usable_policy),
            "sts_problem": maybe(ID).of(lambda summary: summary.policy_problem),
            "senders": _SENDERS.of(lambda summary: summary),
            "egress": maybe(egress).of(lambda summary: summary.trace and summary.trace.egress),
            "late": TRUTH,
            "seconds": SECONDS,
        },
    }


def _of_verdict(name: str) -> Callable[[Any], Any]:
    return lambda side: side.verdict and getattr(side.verdict, name)
