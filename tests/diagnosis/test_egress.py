"""What the ports of an address show: conclusions, texts, and when a rule is quoted."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from smtp_tui.diagnosis import egress
from smtp_tui.diagnosis.causes import causes, load_texts
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.egress import NAMES, Conclusion, conclusion_of, text_of
from smtp_tui.diagnosis.field_notes import faults_of, observations_of
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.providers.hosting import HostingProvider
from smtp_tui.smtp.events import Cause, Event, Experiment, Finished, Resolved, Stage
from smtp_tui.smtp.port_probe import PortOutcome, PortReply, ProbedAddress, RouterHop
from tests.diagnosis.examples import facts_of, settings

ADDRESS, PUBLIC, ROUTER = "192.0.2.25", "9.9.9.25", "198.51.100.1"
HOSTING = HostingProvider(
    id="ours",
    name="Our Cloud",
    ports=(25, 465),
    rule="blocks outgoing ports 25 and 465",
    request="Our Cloud opens them on request.",
    sources=("https://cloud.example/ports", "https://dmi.example"),
    taken=date(2026, 11, 29),
)


def probed(*outcomes: str, address: str = ADDRESS, **more: Any) -> ProbedAddress:
    """Replies of ports 25, 465, 587 and 2525, each an outcome with the sender of an error."""
    replies = []
    for port, text in zip((25, 465, 587, 2525), outcomes, strict=True):
        outcome, _, sender = text.partition(" ")
        replies.append(PortReply(port, PortOutcome(outcome), sender or None))
    return ProbedAddress(address=address, port=25, replies=tuple(replies), **more)


SILENT = ("silent",) * 4
ONE_OPEN = ("silent", "silent", "open", "silent")
STOPPED: dict[str, Any] = {"passing_port": 587, "stopped_at": RouterHop(ROUTER, 2)}


def verdict_of(
    *probes: ProbedAddress, host: str = "mail.example", fault: Cause = Cause.CONNECT_TIMEOUT
) -> Verdict:
    """The verdict on a check of port 25 with these probes."""
    addresses = tuple(each.address for each in probes)
    events: list[Event] = [
        Resolved(seconds=0, host=host, addresses=addresses),
        *(
            Experiment(seconds=1, name="egress", outcome=conclusion_of(each), text="", probed=each)
            for each in probes
        ),
        Finished(seconds=2, stage=Stage.CONNECT, fault=fault, detail="no answer within 1 s"),
    ]
    return diagnose(settings(host=host, port=25, encryption="none"), facts_of(*events), 2)


@pytest.fixture(autouse=True)
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine that runs the tests may have one."""
    monkeypatch.setattr(egress, "hosting_provider", lambda: None)


@pytest.fixture
def our_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "hosting_provider", lambda: HOSTING)


@pytest.mark.parametrize(
    ("found", "conclusion"),
    [
        (probed(*ONE_OPEN, **STOPPED), Conclusion.BLOCKED),
        (probed(*ONE_OPEN), Conclusion.UNCLEAR),
        (probed("silent", "refused", "refused", "silent"), Conclusion.UNCLEAR),
        (probed(*SILENT), Conclusion.NOTHING),
        (probed("silent", "rejected", "denied", "unreachable"), Conclusion.NOTHING),
        (probed(f"rejected {ROUTER}", "silent", "silent", "silent"), Conclusion.REJECTED),
        (probed(f"unreachable {ROUTER}", "open", "silent", "silent"), Conclusion.REJECTED),
        (probed(*(f"unreachable {ROUTER}",) * 4), Conclusion.UNREACHABLE),
        (probed(*("unreachable",) * 4), Conclusion.NO_ROUTE),
        (probed("denied", "open", "open", "open"), Conclusion.DENIED),
        (probed("refused", "open", "open", "open"), Conclusion.OPEN),
        (probed("open", "silent", "silent", "silent"), Conclusion.OPEN),
    ],
)
def test_conclusions(found: ProbedAddress, conclusion: Conclusion) -> None:
    assert conclusion_of(found) is conclusion
    verdict = verdict_of(found)
    assert verdict.egress is not None
    assert verdict.egress.conclusion is conclusion
    told = f"{verdict.summary} {verdict.why} {verdict.cure} {text_of(found)}"
    assert bool(re.search(r"\bblocked\b", told)) == (conclusion is Conclusion.BLOCKED)
    assert "{" not in told
    assert "  " not in told
    assert verdict.cause == "connect-timeout"


def test_texts_of_a_blocked_port() -> None:
    verdict = verdict_of(probed(*ONE_OPEN, **STOPPED))
    assert verdict.summary == "Outgoing connections to mail.example port 25 are blocked."
    assert verdict.why == (
        f"The router {ROUTER}, 2 hops away, lets connections to port 587 of {ADDRESS} pass. "
        "Connections to port 25 do not get past it."
    )
    assert verdict.cure == (
        "Try port 587 (tls). Ask the hosting provider or the firewall's admin to open port 25. "
        "Check this machine's own firewall, too."
    )


def test_a_firewall_of_the_server_is_not_this_machines() -> None:
    found = probed(f"refused {ADDRESS}", "refused", "refused", "refused")
    also = probed("refused", "open", "open", "open", address="192.0.2.26")
    verdict = verdict_of(found, also, fault=Cause.CONNECT_DENIED_LOCALLY)
    assert verdict.summary == "mail.example port 25 rejects the connection."
    assert verdict.why == (
        f"An ICMP error from {ADDRESS} says so: a firewall on that machine rejects port 25, or one "
        "that answers in its name. 192.0.2.26 refuses connections to port 25."
    )
    assert verdict.cause == "connect-denied-locally"  # 192.0.2.26 may be denied by this machine
    refused = verdict_of(found, fault=Cause.CONNECT_DENIED_LOCALLY)
    assert refused.cause == "connection-refused"
    assert refused.summary == verdict.summary
    denied = verdict_of(probed("denied", *ONE_OPEN[1:]), fault=Cause.CONNECT_DENIED_LOCALLY)
    assert denied.cause == "connect-denied-locally"
    refused = verdict_of(found, fault=Cause.CONNECTION_REFUSED)
    assert "listens" in refused.why


def test_texts_that_leave_both_possibilities_open() -> None:
    verdict = verdict_of(probed(*ONE_OPEN))
    answers = "mail.example port 25 does not answer, but the same address answers on port 587."
    assert verdict.summary == answers
    assert verdict.why.startswith("Either the server drops port 25, or a firewall or the hosting")
    refused = verdict_of(probed("silent", "refused", "refused", "silent"))
    assert refused.summary.endswith("the same address refuses ports 465 and 587.")
    silent = verdict_of(probed(*SILENT))
    ports = "25, 465, 587 and 2525"
    assert silent.summary == f"{ADDRESS} does not answer on any of the ports {ports}."


def test_the_texts_of_the_cause_stay_where_they_say_as_much() -> None:
    own_texts = causes()["connect-timeout"]["why"]
    for outcome in ("denied", "refused", "unreachable"):
        assert verdict_of(probed(outcome, *("silent",) * 3)).why == own_texts
    denied = verdict_of(probed(f"denied {ADDRESS}", "open", "open", "open"))
    assert denied.why.startswith("A firewall rule of this machine rejects it")
    answered = verdict_of(probed("open", "silent", "silent", "silent"))
    assert answered.why.startswith(f"A second attempt to port 25 of {ADDRESS} succeeded")


def test_a_port_that_does_not_answer_is_not_suggested() -> None:
    assert "Try port" not in verdict_of(probed(*SILENT)).cure
    assert "Try port 465 (ssl). " in verdict_of(probed("silent", "open", "silent", "silent")).cure


def test_two_addresses_the_more_telling_one_first() -> None:
    other = probed(*ONE_OPEN, address="2001:db8::25", **STOPPED)
    verdict = verdict_of(probed(*ONE_OPEN), other)
    assert verdict.egress is not None
    assert [each.address for each in verdict.egress.addresses] == ["2001:db8::25", ADDRESS]
    assert "port 587 of 2001:db8::25 pass" in verdict.why
    assert verdict.why.endswith(f"{ADDRESS} answers on port 587, but does not answer on port 25.")


@pytest.mark.usefixtures("our_cloud")
def test_a_rule_of_the_hosting_provider_is_quoted_with_its_source() -> None:
    verdict = verdict_of(probed(*ONE_OPEN, address=PUBLIC))
    assert verdict.egress is not None
    assert verdict.egress.provider == HOSTING
    assert verdict.why.endswith(
        "This machine runs at Our Cloud, which blocks outgoing ports 25 and 465, according to "
        "https://cloud.example/ports (read 2026-11-29)."
    )
    assert verdict.cure.endswith("Our Cloud opens them on request.")
    # A documented rule is no proof: the provider may have opened the port for this machine.
    assert verdict.egress.conclusion is Conclusion.UNCLEAR


@pytest.mark.usefixtures("our_cloud")
@pytest.mark.parametrize(
    "found",
    [
        probed(*ONE_OPEN),  # a private address
        probed("silent", "open", "open", "silent", address=PUBLIC),  # 465 shows: not in force
    ],
)
def test_a_rule_that_is_not_in_force_is_not_quoted(found: ProbedAddress) -> None:
    verdict = verdict_of(found)
    assert verdict.egress is not None
    assert verdict.egress.provider == HOSTING
    assert "Our Cloud" not in f"{verdict.why} {verdict.cure}"


def test_a_port_that_the_servers_provider_documents_is_named() -> None:
    found = probed("silent", "open", "open", "silent", address=PUBLIC)
    verdict = verdict_of(found, host="smtp.sendgrid.net")
    assert verdict.why.endswith("documents port 25 for this server.")


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (probed(*ONE_OPEN, **STOPPED), "blocked"),
        (probed(f"rejected {ROUTER}", "open", "open", "open"), "rejected"),
        (probed("denied", "open", "open", "open"), "rejected here"),
        (probed(*ONE_OPEN), "no answer"),
    ],
)
def test_what_the_form_shows_of_the_port(found: ProbedAddress, fault: str) -> None:
    verdict = verdict_of(found)
    assert faults_of(verdict, None) == {"port": fault}
    assert verdict.facts is not None
    ports = "ports 465, 587 and 2525" if len(found.open_ports) > 1 else "port 587"
    told = observations_of("port", verdict.facts, verdict)
    assert told.endswith(f" {ADDRESS} accepts connections on {ports}.")


def test_what_the_log_shows() -> None:
    found = probed(f"rejected {ROUTER}", "refused", "open", f"unreachable {ROUTER}")
    assert text_of(found) == (
        f"experiment: ports of {ADDRESS}: 587 open; 465 refused; 25 rejected by {ROUTER}; "
        f"2525 no route from {ROUTER}"
    )
    assert text_of(probed(*ONE_OPEN, **STOPPED)).endswith(
        f"; port 25 does not get past {ROUTER}, 2 hops away"
    )


def test_causes_and_texts_exist() -> None:
    assert set(causes()) >= egress.CAUSES
    texts = load_texts("egress.toml")
    assert set(texts) == {conclusion.value for conclusion in Conclusion}
    used = set(re.findall(r"{(\w+)}", str(texts)))
    assert used <= {*NAMES, "try_ports", "host", "endpoint"}
    assert used >= set(NAMES)
