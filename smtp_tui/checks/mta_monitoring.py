"""Format a look at a domain's mail servers for Nagios and Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import smtp_tui
from smtp_tui.checks.monitoring import (
    SERVICE,
    NagiosState,
    Thresholds,
    data_label,
    leaf_of,
    plain,
    sample,
)
from smtp_tui.checks.sender_texts import (
    address_sentence,
    by_exchange,
    domain_notes,
    side_notes,
    verdict_text,
)
from smtp_tui.checks.senders import OK, MtaSummary, MxSide, Outcome, Sender
from smtp_tui.discovery.dns import DnsAnswerState
from smtp_tui.smtp.certificates import in_words

_GOOD = (Outcome.DELIVERS, Outcome.UNENCRYPTED)
# The sentences that say why an address fails, or that nobody knows.
_NAMED = frozenset("!?")
_GAUGES = {
    "build_info": "The version of smtp-tui.",
    "mta_up": "Whether every kind of sender can deliver at every address (1) or not (0).",
    "mta_seconds": "How long the look at all mail servers took.",
    "mta_last_run_timestamp_seconds": "When the look ended, in Unix time.",
    "mta_sender_delivers": (
        "Whether a kind of sender can deliver at one address at least; absent where unknown."
    ),
    "mta_address_delivers": (
        "Whether a kind of sender can deliver at the address; absent where unknown."
    ),
    "mta_address_encrypted": "Whether the address was reached inside TLS.",
    "mta_address_certificate_valid": (
        "Whether chain, dates and name of the certificate are valid; absent without TLS."
    ),
    "mta_address_certificate_not_after_timestamp_seconds": (
        "When the certificate of the address expires, in Unix time."
    ),
    "mta_address_seconds": "How long the look at the address took.",
}


def state_of_mta(summary: MtaSummary, thresholds: Thresholds) -> NagiosState:
    """Return CRITICAL if a kind of sender can deliver nowhere, WARNING if not everywhere."""
    if summary.answer.state is DnsAnswerState.FAILED or summary.late:
        return NagiosState.UNKNOWN
    if any(summary.outcome(sender) is Outcome.FAILS for sender in Sender):
        return NagiosState.CRITICAL
    exceeded = thresholds.exceeded(summary.seconds)
    return max(
        NagiosState.OK if summary.ok else NagiosState.WARNING,
        exceeded[0] if exceeded else NagiosState.OK,
        *(_state_of_certificate(side, thresholds) for side in summary.sides),
    )


def _state_of_certificate(side: MxSide, thresholds: Thresholds) -> NagiosState:
    # A sender that accepts a certificate which is not valid does not look at its dates.
    if side.verdict is None or side.certificate != OK:
        return NagiosState.OK
    return thresholds.state_of_certificate(side.verdict)


def mta_nagios_lines(summary: MtaSummary, thresholds: Thresholds, seconds: float) -> Iterator[str]:
    """Yield the lines of a plugin: the outcome with all performance data, then the addresses.

    `seconds` is the time that the look may take.
    """
    state = state_of_mta(summary, thresholds)
    sentence = verdict_text(summary).partition(": ")[2]
    if exceeded := thresholds.exceeded(summary.seconds):
        sentence += f" The look took {summary.seconds:.2f} s ({exceeded[0].name} range "
        sentence += f"{exceeded[1].text})."
    data = " ".join(_performance(summary, thresholds, seconds))
    yield f"{SERVICE} {state.name} - {plain(sentence)} | {data}"
    for exchange, sides in by_exchange(summary):
        for side in sides:
            if side.address:
                yield plain(f"{exchange.host} {address_sentence(side)}")
        for side in sides:
            leaf = leaf_of(side.verdict) if side.verdict else None
            if leaf and (ends := _state_of_certificate(side, thresholds)):
                text = f"{ends.name}: certificate of {side.address}: {in_words(leaf.left())}"
                yield plain(text)
        for note in side_notes(exchange, sides):
            if note.sign in _NAMED:
                yield plain(f"{exchange.host}: {note.text}")
    for note in domain_notes(summary):
        if note.sign in _NAMED:
            yield plain(note.text)


def _performance(summary: MtaSummary, thresholds: Thresholds, seconds: float) -> Iterator[str]:
    tried = [side for side in summary.sides if side.address and not side.is_out_of_reach]
    failed = sum(not side.is_good for side in tried)
    yield f"time={thresholds.time(summary.seconds, f'{seconds:g}')}"
    yield f"failed={failed};;;0;{len(tried)}"
    for side in tried:
        prefix = f"{side.exchange.host} {side.address} "
        yield f"{data_label(f'{prefix}time')}={side.seconds:.3f}s;;;0"
        if side.verdict and (leaf := leaf_of(side.verdict)):
            yield f"{data_label(f'{prefix}certificate_days')}={thresholds.days(leaf)}"


def mta_prometheus_text(summary: MtaSummary, moment: datetime) -> str:
    """Return the metrics of a look that ended at `moment`, with a final newline."""
    lines = {
        name: [f"# HELP smtp_tui_{name} {description}", f"# TYPE smtp_tui_{name} gauge"]
        for name, description in _GAUGES.items()
    }
    lines["build_info"].append(sample("build_info", {"version": smtp_tui.__version__}, 1))
    domain = {"domain": summary.domain}
    lines["mta_up"].append(sample("mta_up", domain, int(summary.ok)))
    lines["mta_seconds"].append(sample("mta_seconds", domain, round(summary.seconds, 6)))
    ended = round(moment.timestamp(), 3)
    lines["mta_last_run_timestamp_seconds"].append(
        sample("mta_last_run_timestamp_seconds", domain, ended)
    )
    is_known = summary.answer.state is not DnsAnswerState.FAILED
    for name, labels, value in _outcomes("mta_sender_delivers", domain, summary):
        # Another address may still deliver if the time was up before all were tried.
        if is_known and (value or not summary.late):
            lines[name].append(sample(name, labels, value))
    # One host may have an address twice, or stand in two MX records.
    sides = {(side.exchange.host, side.address): side for side in summary.sides if side.address}
    for (host, address), side in sides.items():
        series = {**domain, "mx": host, "address": address or ""}
        for name, labels, value in _samples(side, series):
            lines[name].append(sample(name, labels, value))
    return "\n".join([*(line for found in lines.values() for line in found), ""])


def _samples(side: MxSide, series: dict[str, str]) -> Iterator[tuple[str, dict[str, str], float]]:
    if side.verdict is None:
        return
    yield from _outcomes("mta_address_delivers", series, side)
    yield "mta_address_encrypted", series, int(side.is_encrypted)
    yield "mta_address_seconds", series, round(side.seconds, 6)
    if side.certificate is not None:
        yield "mta_address_certificate_valid", series, int(side.certificate == OK)
    if leaf := leaf_of(side.verdict):
        name = "mta_address_certificate_not_after_timestamp_seconds"
        yield name, series, int(leaf.not_after.timestamp())


def _outcomes(
    name: str, series: dict[str, str], of: MtaSummary | MxSide
) -> Iterator[tuple[str, dict[str, str], float]]:
    for sender in Sender:
        outcome = of.outcome(sender)
        if outcome is not Outcome.UNKNOWN:
            yield name, {**series, "sender": sender.value}, int(outcome in _GOOD)
