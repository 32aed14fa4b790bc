"""From facts to a verdict."""

from __future__ import annotations

import pytest

from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.settings.validate import Problem
from smtp_tui.smtp.events import Cause, DialogueNote, Event, Stage, WarningId
from tests.diagnosis.examples import CERTIFICATE, connected, facts_of, finished, reply, settings


def test_success() -> None:
    facts = facts_of(*connected(), finished(Stage.AUTH))
    verdict = diagnose(settings(username="alice"), facts, 1.25)
    assert verdict.ok
    assert verdict.cause is None
    assert verdict.stage is Stage.AUTH
    assert verdict.seconds == 1.25
    assert (verdict.why, verdict.cure) == ("", "")
    assert verdict.summary == (
        "The server accepts the login of alice with PLAIN, inside TLSv1.3, certificate verified."
    )
    assert verdict.address == "192.0.2.1"
    assert verdict.mechanisms == ("PLAIN",)


@pytest.mark.parametrize(
    ("values", "events", "words"),
    [
        ({}, [], "answers correctly, unencrypted; there was no login."),
        ({"tls_fingerprint": "ab" * 32}, connected(), "certificate pinned; there was no login"),
        (
            {"authentication": "external", "client_certificate": "a.pem"},
            connected(),
            "accepts the login with PLAIN, inside",
        ),
    ],
)
def test_what_success_says(values: dict[str, object], events: list[Event], words: str) -> None:
    verdict = diagnose(settings(**values), facts_of(*events, finished(Stage.EHLO)), 1.0)
    assert words in verdict.summary


def test_a_fault_is_the_cause() -> None:
    end = finished(Stage.CONNECT, Cause.CONNECTION_REFUSED, detail="Connection refused")
    verdict = diagnose(settings(), facts_of(end), 1.0)
    assert (verdict.ok, verdict.stage, verdict.cause) == (False, "connect", "connection-refused")
    assert verdict.why
    assert verdict.cure


def test_a_refusal_is_read_by_the_rules() -> None:
    said = reply(535, "5.7.8 Error: authentication failed")
    end = finished(Stage.AUTH, Cause.REFUSED, command="AUTH PLAIN", reply=said)
    verdict = diagnose(settings(username="alice"), facts_of(end), 1.0)
    assert verdict.cause == "auth-rejected"
    assert verdict.reply is said


def test_further_faults_are_told_in_a_sentence_each() -> None:
    end = finished(
        Stage.TLS,
        Cause.CERTIFICATE_NAME_MISMATCH,
        also=(Cause.CERTIFICATE_EXPIRED,),
        certificate=CERTIFICATE,
    )
    verdict = diagnose(settings(), facts_of(end), 1.0)
    assert verdict.also == ("certificate-expired",)
    assert verdict.also_texts == (
        "The certificate expired on 2026-04-02 03:04 UTC. It is for mail.example, smtp.example.",
    )
    assert verdict.tls
    assert verdict.tls.certificate is CERTIFICATE


def test_warnings_are_told_in_a_sentence_each() -> None:
    note = DialogueNote(seconds=0, text="", warning=WarningId.LINK_OPEN)
    verdict = diagnose(settings(), facts_of(note, finished(Stage.EHLO)), 1.0)
    assert verdict.warnings == (WarningId.LINK_OPEN,)
    assert len(verdict.warning_texts) == 1


def test_problems_of_the_settings_are_kept_apart() -> None:
    end = finished(Stage.SETTINGS, Cause.SETTINGS_INVALID, detail="a; b")
    problems = (Problem("port", "SMTP Port", "a"), Problem("host", "SMTP Host", "b"))
    verdict = diagnose(None, facts_of(end), 0.0, problems)
    assert verdict.problems == ("SMTP Port (port): a", "SMTP Host (host): b")
    assert verdict.summary == "The settings cannot be used: a; b."


def test_what_cannot_be_judged() -> None:
    with pytest.raises(AssertionError):
        diagnose(settings(), facts_of(), 1.0)
    with pytest.raises(AssertionError):
        diagnose(None, facts_of(finished(Stage.EHLO)), 1.0)


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("looking up mail.example: Temporary failure in name resolution", "up: Temporary failure"),
        ("no answer within 30 s", "up: no answer within 30 s."),
    ],
)
def test_a_host_is_not_named_twice(detail: str, words: str) -> None:
    end = finished(Stage.RESOLVE, Cause.RESOLVER_FAILED, detail=detail)
    assert words in diagnose(settings(), facts_of(end), 1.0).summary
