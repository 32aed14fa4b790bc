"""The options about a sender: `check --as-mta`, and what receivers require of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.program import Outcome
from tests.cli.test_discover import checking
from tests.dns.server import Zone, name_server
from tests.events import validate
from tests.servers.mail import MailServers

Call = Callable[..., Outcome]
ADDRESS = "9.9.9.9"
ZONE: Zone = {
    "example.test": {"MX": ["10 mx.example.test."], "TXT": [f'"v=spf1 ip4:{ADDRESS} -all"']},
    "2.0.0.127.zen.spamhaus.org": {"A": ["127.0.0.2"]},
    "9.9.9.9.zen.spamhaus.org": {"A": ["127.0.0.4"]},
}
HOST = ("check", "--set", "host=a.example")
DOMAIN_CHECK = (*HOST, "--domain-check")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("check", "--as-mta", "192.0.2.1"), "--as-mta needs a domain: an address has no MX"),
        (("check", "--as-mta", "a b"), "--as-mta needs a domain: "),
        (("check", "--as-mta", "example.test", "mail.toml"), "--as-mta checks a domain and reads"),
        (("check", "--as-mta", "example.test", "--all"), "--all cannot be used with --as-mta"),
        (("check", "--as-mta", "example.test", "--password-stdin"), "--password-stdin cannot be"),
        (("send", "--as-mta", "example.test"), "the command send has no option --as-mta"),
        ((*HOST, "--sending-address", ADDRESS), "--sending-address needs --domain-check"),
        ((*HOST, "--blocklists"), "--blocklists needs --domain-check"),
        ((*HOST, "--message", "a.eml"), "--message needs --domain-check"),
        ((*DOMAIN_CHECK, "--blocklists"), "--blocklists needs --sending-address ADDR"),
        ((*DOMAIN_CHECK, "--sending-address", "mx.test"), "--sending-address needs an IP address"),
        ((*DOMAIN_CHECK, "--sending-address", "10.0.0.1"), "--sending-address 10.0.0.1 is private"),
        ((*DOMAIN_CHECK, "--message", "gone.eml"), "gone.eml cannot be read: "),
    ],
)
def test_a_call_that_is_wrong(call: Call, words: tuple[str, ...], error: str) -> None:
    outcome = call(*words)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(f"smtp-tui: {error}")


def test_monitoring_of_a_domain(call: Call, tmp_path: Path) -> None:
    with name_server({"example.test": {"MX": ["0 ."]}}) as server:
        words = ("check", "--as-mta", "example.test", "--resolver", server.where)
        plugin = call(*words, "--format", "nagios", "-w", "20")
        metrics = call(*words, "--format", "prometheus", "--output", str(tmp_path / "mx.prom"))
    assert plugin.status == 2
    assert plugin.out.startswith("SMTP CRITICAL - example.test has no mail server that smtp-tui")
    assert "| time=0." in plugin.out
    assert (metrics.status, metrics.out) == (1, "")
    written = (tmp_path / "mx.prom").read_text()
    assert 'smtp_tui_mta_up{domain="example.test"} 0\n' in written


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--format", "nagios", "-w", "x"), "--warning needs a range of seconds"),
        (("--format", "nagios", "--extra", "1"), "--extra cannot be used with --as-mta"),
    ],
)
def test_monitoring_of_a_domain_that_is_called_wrong(
    call: Call, words: tuple[str, ...], error: str
) -> None:
    outcome = call("check", "--as-mta", "example.test", *words)
    assert outcome.status == 3
    assert f"SMTP UNKNOWN - {error}" in outcome.out


def test_a_message_that_is_too_large(call: Call, tmp_path: Path) -> None:
    (tmp_path / "big.eml").write_bytes(b"x" * ((1 << 20) + 1))
    outcome = call(*DOMAIN_CHECK, "--message", str(tmp_path / "big.eml"))
    assert outcome.status == 2
    assert outcome.err.endswith("is larger than 1 MiB\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("root:x:0:0:root:/root:/bin/bash\n", "this text has no From"),
        (
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
            "Final-Recipient: rfc822; a@b.test\nAction: failed\nStatus: 5.1.1\n\n--b--\n",
            "this is a bounce",
        ),
    ],
)
def test_what_is_no_message_that_arrived(call: Call, tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "mail.eml").write_text(text)
    outcome = call(*DOMAIN_CHECK, "--message", str(tmp_path / "mail.eml"))
    assert (outcome.status, outcome.out) == (2, "")
    assert why in outcome.err


def test_what_receivers_require(call: Call, trusted: MailServers) -> None:
    with name_server(ZONE) as server:
        more = ("--domain-check", "--sending-address", ADDRESS, "--resolver", server.where)
        outcome = call(*checking(trusted, *more))
        assert not [name for name, *_ in server.asked if "spamhaus" in name]
    assert outcome.status == 0
    text = " ".join(outcome.out.split())
    assert "+ Gmail and Yahoo: SPF or DKIM must pass. SPF of example.test covers 9.9.9.9." in text
    assert "! Gmail and Yahoo: the sending address must have a name (PTR)" in text
    assert "! Gmail, Microsoft and Yahoo: the domain must have a DMARC policy" in text
    assert "https://support.google.com/mail/answer/81126 (read 2026-11-29" in text


def test_lists_are_asked_where_that_is_wanted(
    call: Call, trusted: MailServers, tmp_path: Path
) -> None:
    (tmp_path / "mail.eml").write_text("From: me@example.test\n\nHello\n")
    with name_server(ZONE) as server:
        more = ("--domain-check", "--json", "--blocklists", "--sending-address", ADDRESS)
        message = ("--message", str(tmp_path / "mail.eml"), "--resolver", server.where)
        outcome = call(*checking(trusted, *more, *message))
    for line in outcome.out.splitlines():
        validate(line)
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [one["event"] for one in lines[-2:]] == ["domain", "verdict"]
    lists = {one["id"]: one["state"] for one in lines if one["event"] == "blocklist"}
    assert lists == {
        "spamhaus-zen": "listed",
        "spamcop": "no-true-answer",
        "psbl": "no-true-answer",
    }
    met = {one["id"]: one["met"] for one in lines if one["event"] == "demand"}
    assert met["gmail-bulk-authenticated"] is False  # the message has no signature
    # Only marketing mail needs the headers, and nothing says that this is some.
    assert met["gmail-bulk-unsubscribe"] is None
    assert met["gmail-tls"] is None


def test_a_domain_without_mail_servers(call: Call) -> None:
    with name_server({"example.test": {"MX": ["0 ."]}}) as server:
        outcome = call("check", "--as-mta", "me@example.test", "--resolver", server.where)
    assert outcome.status == 1
    assert "! example.test declares that it receives no mail (null MX)." in outcome.out
    with name_server({"example.test": {"*": "SERVFAIL"}}) as server:
        outcome = call("check", "--as-mta", "example.test", "--resolver", server.where, "--json")
    assert outcome.status == 5
