"""What a stream of events amounts to."""

from __future__ import annotations

from smtp_tui.diagnosis.verdict import PEER_LOOK, CheckSummary
from smtp_tui.smtp.events import (
    Cause,
    Connecting,
    DialogueNote,
    Experiment,
    Resolved,
    Sent,
    ServerCapabilities,
    Stage,
    StageEntered,
    WarningId,
)
from tests.diagnosis.examples import CERTIFICATE, connected, facts_of, finished


def test_nothing_yet() -> None:
    assert facts_of() == CheckSummary()
    assert facts_of().tls is None


def test_what_counts() -> None:
    facts = facts_of(*connected(), finished(Stage.AUTH))
    assert facts.address == "192.0.2.1"
    assert facts.mechanisms == ("PLAIN",)
    assert facts.mechanism == "PLAIN"
    assert facts.finished == finished(Stage.AUTH)
    assert facts.tls
    assert (facts.tls.version, facts.tls.verified) == ("TLSv1.3", True)
    assert facts.tls.certificate is CERTIFICATE
    assert facts.tls.peer_would is None


def test_the_way_to_the_server_and_what_it_offered_before_and_inside_tls() -> None:
    before = ServerCapabilities(
        seconds=0, encrypted=False, keywords=(("STARTTLS", ""),), mechanisms=()
    )
    facts = facts_of(
        Resolved(seconds=0, host="mail.example", addresses=("2001:db8::1", "192.0.2.1")),
        Connecting(seconds=0, address="2001:db8::1", port=587),
        Connecting(seconds=0, address="192.0.2.1", port=587),
        Sent(seconds=0, text="EHLO client.example"),
        before,
        Sent(seconds=0, text="STARTTLS"),
        *connected(),
    )
    assert facts.resolved == ("2001:db8::1", "192.0.2.1")
    assert facts.tried == ["2001:db8::1", "192.0.2.1"]
    assert facts.greeted_as == "EHLO client.example"
    assert facts.connected
    assert facts.connected.local_address == "192.0.2.9"
    assert [offer.encrypted for offer in facts.offers] == [False, True]


def test_the_second_look_counts_and_other_experiments_do_not() -> None:
    other = Experiment(seconds=1, name="tls-from-first-byte", outcome="ok", text="")
    assert facts_of(*connected(), other).peer_would is None
    look = Experiment(seconds=1, name=PEER_LOOK, outcome="certificate-expired", text="")
    tls = facts_of(*connected(), look).tls
    assert tls
    assert tls.peer_would == "certificate-expired"


def test_the_certificate_of_a_failed_handshake() -> None:
    end = finished(Stage.TLS, Cause.CERTIFICATE_EXPIRED, certificate=CERTIFICATE)
    tls = facts_of(end).tls
    assert tls
    assert (tls.version, tls.cipher, tls.verified) == (None, None, False)
    assert tls.certificate is CERTIFICATE


def test_warnings_come_once_in_their_order() -> None:
    def note(warning: WarningId | None) -> DialogueNote:
        return DialogueNote(seconds=0, text="", warning=warning)

    facts = facts_of(
        note(WarningId.LINK_OPEN),
        note(None),
        note(WarningId.PASSWORD_IN_CLEAR),
        note(WarningId.LINK_OPEN),
    )
    assert facts.warnings == [WarningId.LINK_OPEN, WarningId.PASSWORD_IN_CLEAR]


def test_the_rest_is_passed_over() -> None:
    assert (
        facts_of(
            StageEntered(seconds=0, stage=Stage.RESOLVE),
            Sent(seconds=0, text="QUIT"),
        )
        == CheckSummary()
    )
