"""What is tried after a failure, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.experiments import (
    MOST,
    experiments_for,
    keeping_port,
    tried_encryptions,
    weakens,
    with_changes,
)
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.smtp.events import Cause, Connected, Experiment, Sent, Stage, TlsFailed
from tests.diagnosis.examples import CERTIFICATE, facts_of, finished, settings
from tests.table import table

CONNECTED = Connected(seconds=0, address="192.0.2.1", port=587, local_address="192.0.2.9")


def names(cause: str, facts: CheckSummary | None = None, **values: Any) -> list[str]:
    return [trial.name for trial in experiments_for(settings(**values), facts or facts_of(), cause)]


@table(
    ("cause", "values", "tried"),
    [
        (
            "connection-refused",
            {},
            ["port=465 encryption=ssl", "port=2525 encryption=tls"],
        ),
        (
            "connect-timeout",
            {"address_family": "ipv6", "source_address": "2001:db8::1", "port": 465},
            [
                "address_family=any",
                "source_address=",
                "port=587 encryption=tls",
                "port=2525 encryption=tls",
            ],
        ),
        ("plain-text-expected", {"port": 2587, "encryption": "ssl"}, ["encryption=tls"]),
        ("implicit-tls-expected", {"port": 2465}, ["encryption=ssl", "port=587 encryption=tls"]),
        (
            "greeting-timeout",
            {"encryption": "ssl"},
            ["port=587 encryption=tls", "port=2525 encryption=tls"],
        ),
        ("auth-not-offered", {"encryption": "none"}, ["encryption=tls port=25"]),
        ("auth-not-offered", {"encryption": "none", "port": 25}, ["encryption=tls"]),
        ("auth-rejected", {}, []),
        ("resolver-failed", {}, []),
        ("message-refused", {}, []),
        (
            "certificate-unknown-issuer",
            {"ca_file": "ca.pem"},
            ["ca_file="],
        ),
        ("certificate-unknown-issuer", {}, []),
        ("certificate-fingerprint-mismatch", {"tls_fingerprint": "ab" * 32}, ["tls_fingerprint="]),
        ("tls-version-unsupported", {"port": 587}, ["port=465 encryption=ssl"]),
    ],
)
def test_what_is_tried_first(cause: str, values: dict[str, Any], tried: list[str]) -> None:
    assert names(cause, **values)[: len(tried)] == tried
    assert bool(names(cause, **values)) is bool(tried)


def test_a_known_provider_is_tried_where_it_listens() -> None:
    ways = names("connect-timeout", host="smtp.postmarkapp.com", port=25, encryption="tls")
    assert ways == ["port=587 encryption=tls", "port=2525 encryption=tls"]


def test_there_are_never_more_than_a_few() -> None:
    values: dict[str, Any] = {"encryption": "none", "source_address": "2001:db8::1"}
    for cause in Cause:
        assert len(names(cause, **values)) <= MOST


def test_nothing_weaker_is_tried_but_to_see_the_version() -> None:
    for cause in Cause:
        for encryption in ("tls", "ssl"):
            for trial in experiments_for(settings(encryption=encryption), facts_of(), cause):
                is_version = (
                    cause == Cause.TLS_VERSION_UNSUPPORTED and "tls_minimum" in trial.change
                )
                assert is_version or not weakens(settings(), trial.change), (
                    cause,
                    trial.name,
                )


def test_the_names_of_a_certificate() -> None:
    refused = TlsFailed(seconds=0, chain=(CERTIFICATE,))
    trials = experiments_for(settings(), facts_of(CONNECTED, refused), "certificate-name-mismatch")
    assert [(trial.name, trial.alias) for trial in trials] == [
        ("host=smtp.example", "smtp.example"),
        ("server_name=smtp.example", None),
    ]
    assert all(trial.until is Stage.TLS for trial in trials)


def test_a_name_refused_at_ehlo_is_tried_as_the_address() -> None:
    said = Sent(seconds=0, text="EHLO localhost")
    at_ehlo = facts_of(CONNECTED, said, finished(Stage.EHLO, Cause.REFUSED))
    assert names("ehlo-refused", at_ehlo) == ["domain=[192.0.2.9]"]
    assert names("server-busy", at_ehlo) == ["domain=[192.0.2.9]"]
    at_rcpt = facts_of(CONNECTED, said, finished(Stage.ENVELOPE, Cause.REFUSED))
    assert names("ehlo-refused", at_rcpt) == []
    literal = Sent(seconds=0, text="EHLO [192.0.2.9]")
    again = facts_of(CONNECTED, literal, finished(Stage.EHLO, Cause.REFUSED))
    assert names("ehlo-refused", again) == []


def test_a_silent_port_is_not_asked_for_tls_again() -> None:
    assert "encryption=ssl" not in names("greeting-timeout", port=2587)


@table(
    ("values", "change", "kept"),
    [
        ({}, {"encryption": "ssl"}, {"encryption": "ssl", "port": 587}),
        ({"port": 587}, {"encryption": "ssl"}, {"encryption": "ssl"}),
        ({"encryption": "none"}, {"encryption": "tls"}, {"encryption": "tls", "port": 25}),
        ({}, {"port": 465, "encryption": "ssl"}, {"port": 465, "encryption": "ssl"}),
        ({}, {"ca_file": ""}, {"ca_file": ""}),
    ],
)
def test_a_port_that_nobody_set_stays(
    values: dict[str, Any], change: dict[str, object], kept: dict[str, object]
) -> None:
    assert keeping_port(settings(**values), change) == kept


def test_changes_are_read_as_a_file_is() -> None:
    before = settings(ca_file="ca.pem", port=25)
    after = with_changes(
        before, {"port": 465, "encryption": "SSL", "ca_file": "", "from": "a@b.example"}
    )
    assert (after.port, after.encryption.value, after.ca_file) == (465, "ssl", None)
    assert after.sender == "a@b.example"
    with pytest.raises(ValueError, match="port"):
        with_changes(before, {"port": "no"})


@table(
    ("change", "weaker"),
    [
        ({"openssl_verify_mode": "none"}, True),
        ({"encryption": "none"}, True),
        ({"starttls_auto": False}, True),
        ({"tls_minimum": "1.0"}, True),
        ({"tls_minimum": "1.1"}, True),
        ({"tls_minimum": "1.2"}, False),
        ({"host": "mail.example"}, False),
        ({"server_name": "mail.example"}, False),
        ({"tls_fingerprint": "ab" * 32}, False),
        ({"authentication": "plain"}, False),
    ],
)
def test_what_weakens(change: dict[str, object], weaker: bool) -> None:
    assert weakens(settings(), change) is weaker
    assert not weakens(settings(encryption="none"), {"encryption": "none"})
    assert not weakens(settings(host="unix:/run/smtp"), {"encryption": "none"})


@table(
    ("stage", "fault", "failed"),
    [
        (Stage.PASSWORD, Cause.PASSWORD_MISSING, False),
        (Stage.RESOLVE, Cause.HOST_NOT_FOUND, False),
        (Stage.CONNECT, Cause.CONNECTION_REFUSED, False),
        (Stage.GREETING, Cause.GREETING_TIMEOUT, False),
        (Stage.TLS, Cause.STARTTLS_NOT_OFFERED, True),
        (Stage.TLS, Cause.TLS_HANDSHAKE_FAILED, True),
    ],
)
def test_only_an_answer_about_tls_shows_that_a_port_lacks_it(
    stage: Stage, fault: Cause, failed: bool
) -> None:
    tested = settings(port=587, encryption="tls")
    other = Experiment(
        seconds=1,
        name="other",
        outcome="connection-refused",
        text="",
        change=(("port", 465), ("encryption", "ssl")),
    )
    facts = facts_of(other, finished(stage, fault, detail="no"))
    tried = tried_encryptions(tested, diagnose(tested, facts, 1.0), facts)
    assert tried.failed == ({(587, "tls")} if failed else frozenset())
    assert not tried.worked
    assert tried.refused == ({587, 465} if fault is Cause.CONNECTION_REFUSED else {465})
