"""A look at a domain's mail servers as monitoring systems read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from smtp_tui.checks.monitoring import NagiosState, Thresholds, range_of
from smtp_tui.checks.mta_monitoring import mta_nagios_lines, mta_prometheus_text, state_of_mta
from smtp_tui.checks.senders import OK, MtaSummary, MxSide
from smtp_tui.discovery.dns import DnsAnswerState
from smtp_tui.discovery.exchanges import ExchangesAnswer, MailExchange
from smtp_tui.discovery.mta_sts import StsPolicy
from smtp_tui.smtp.events import Stage
from tests.checks.test_monitoring import HOSTILE, failed, passed

FIRST, SECOND = MailExchange(host="a.test", preference=1), MailExchange(host="b.test", preference=2)
ENFORCED = StsPolicy(mode="enforce", mx=("a.test",), max_age=86400, id="1")


def side(exchange: MailExchange = FIRST, days: float = 60, **more: Any) -> MxSide:
    """An address that accepts mail inside TLS."""
    values = {"address": "192.0.2.1", "certificate": OK, "verdict": passed(days=days), **more}
    return MxSide(exchange=exchange, seconds=0.5, **values)


def gone(exchange: MailExchange = SECOND) -> MxSide:
    """An address that does not answer."""
    verdict = failed("connection-timeout", Stage.CONNECT, summary=HOSTILE)
    return side(exchange, address="2001:db8::2", certificate=None, verdict=verdict)


def look(*sides: MxSide, state: DnsAnswerState = DnsAnswerState.FOUND, **more: Any) -> MtaSummary:
    """What came of looking at these addresses."""
    answer = ExchangesAnswer(state=state, hosts=tuple({one.exchange: 0 for one in sides}))
    return MtaSummary(domain="example.test", answer=answer, sides=sides, seconds=1.5, **more)


SLOW = Thresholds(seconds_warning=range_of("1"))
WRONG = side(certificate="certificate-expired", policy=ENFORCED)
CASES = [
    (look(side()), NagiosState.OK, "senders can deliver to example.test at every address"),
    (look(side(), gone()), NagiosState.WARNING, "senders cannot deliver at every address"),
    (look(gone()), NagiosState.CRITICAL, "no mail server of example.test answers on port 25"),
    (look(WRONG), NagiosState.CRITICAL, "or not with DANE or MTA-STS"),
    (look(), NagiosState.CRITICAL, "has no mail server that smtp-tui can try"),
    (look(state=DnsAnswerState.FAILED), NagiosState.UNKNOWN, "DNS gives no usable answer"),
    (look(side(), late=True), NagiosState.UNKNOWN, "the time was up"),
    (look(side(), gone(), late=True), NagiosState.UNKNOWN, ""),
    (look(side(days=20)), NagiosState.WARNING, ""),
    (look(side(days=5)), NagiosState.CRITICAL, ""),
    (look(side(days=5, certificate="certificate-name-mismatch")), NagiosState.OK, ""),
]


@pytest.mark.parametrize(("summary", "state", "said"), CASES, ids=range(len(CASES)))
def test_state(summary: MtaSummary, state: NagiosState, said: str) -> None:
    assert state_of_mta(summary, Thresholds()) is state
    first = next(mta_nagios_lines(summary, Thresholds(), 30))
    assert first.startswith(f"SMTP {state.name} - ")
    assert said in first


def test_a_slow_look() -> None:
    assert state_of_mta(look(side()), SLOW) is NagiosState.WARNING
    first = next(mta_nagios_lines(look(side()), SLOW, 30))
    assert "The look took 1.50 s (WARNING range 1). | time=1.500s;1;;0;30 " in first


def test_the_lines_of_a_plugin() -> None:
    first, *lines = mta_nagios_lines(look(side(days=20), gone()), Thresholds(), 30)
    data = first.partition(" | ")[2]
    assert data.startswith("time=1.500s;;;0;30 failed=1;;;0;2 'a.test 192.0.2.1 time'=0.500s;;;0 ")
    assert "'a.test 192.0.2.1 certificate_days'=20;22.5:;11.25: " in data
    assert data.endswith("'b.test 2001:db8::2 time'=0.500s;;;0")
    said = "\n".join(lines)
    assert "WARNING: certificate of 192.0.2.1: 20 days left" in said
    assert not set("|<>\x1b\r") & set(said)


def test_addresses_without_a_route_from_here_are_not_counted() -> None:
    summary = look(side(), side(address="2001:db8::1", verdict=None, is_out_of_reach=True))
    assert state_of_mta(summary, Thresholds()) is NagiosState.OK
    assert "failed=0;;;0;1 " in next(mta_nagios_lines(summary, Thresholds(), 30))


def metrics(summary: MtaSummary) -> dict[tuple[str, ...], float]:
    """The samples as Prometheus reads them: name and labels, then the value."""
    text = mta_prometheus_text(summary, datetime(2026, 11, 29, tzinfo=UTC))
    found = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            key = (one.name.removeprefix("smtp_tui_mta_"), *one.labels.values())
            assert key not in found
            found[key] = one.value
    return found


def test_metrics() -> None:
    found = metrics(look(side(policy=ENFORCED), gone(), side()))
    assert found["up", "example.test"] == 0
    assert found["sender_delivers", "example.test", "plain"] == 1
    first, second = (
        ("example.test", "a.test", "192.0.2.1"),
        ("example.test", "b.test", "2001:db8::2"),
    )
    assert found["address_delivers", *second, "mta-sts"] == 0
    assert found["address_certificate_valid", *first] == 1
    assert ("address_certificate_valid", *second) not in found
    assert found["address_certificate_not_after_timestamp_seconds", *first] > 1e9


@pytest.mark.parametrize(
    "summary", [look(state=DnsAnswerState.FAILED), look(side(verdict=None), late=True)]
)
def test_what_nobody_knows_has_no_metric(summary: MtaSummary) -> None:
    found = metrics(summary)
    assert found["up", "example.test"] == 0
    assert not [key for key in found if "delivers" in key[0]]
