"""What a cause advises about ports and hosts, given what the experiments showed."""

from __future__ import annotations

import pytest

from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.error_lookup.lookup import explain_error
from smtp_tui.smtp.events import (
    AuthStarted,
    Cause,
    Connected,
    Event,
    Experiment,
    Resolved,
    Sent,
    ServerCapabilities,
    Stage,
    TlsEstablished,
)
from tests.diagnosis.examples import CERTIFICATE, facts_of, finished, reply, settings
from tests.table import table

UP = Connected(seconds=0.1, address="192.0.2.1", port=587, local_address="192.0.2.9")


def cure(fault: Cause, stage: Stage, *events: Event, **values: object) -> str:
    """What to do about a failure."""
    end = finished(stage, fault, detail="no answer within 30 s")
    return diagnose(settings(**values), facts_of(*events, end), 1.0).cure


def tried(port: int, encryption: str, outcome: str) -> Experiment:
    """An experiment with another port."""
    change = (("port", port), ("encryption", encryption))
    return Experiment(seconds=1, name=f"port={port}", outcome=outcome, text="", change=change)


@pytest.mark.parametrize(("port", "others"), [(587, (465, 2525)), (465, (587, 2525))])
def test_the_port_that_timed_out_is_not_advised(port: int, others: tuple[int, ...]) -> None:
    told = cure(Cause.CONNECT_TIMEOUT, Stage.CONNECT, port=port)
    assert f"port {port}" not in told
    assert all(f"port {other} (" in told for other in others)


def test_ports_that_were_tried_in_vain_are_not_advised() -> None:
    looks = [tried(465, "ssl", "connect-timeout"), tried(2525, "tls", "connect-timeout")]
    told = cure(Cause.CONNECT_TIMEOUT, Stage.CONNECT, *looks)
    assert "also tried port 465 (ssl) and port 2525 (tls), without success." in told
    assert "Try " not in told


def test_the_port_that_was_seen_to_work_is_advised() -> None:
    looks = [tried(465, "ssl", "ok"), tried(2525, "tls", "connect-timeout")]
    told = cure(Cause.CONNECT_TIMEOUT, Stage.CONNECT, *looks)
    assert told.startswith("Use port 465 (ssl): smtp-tui tried it, and it works.")


def test_a_provider_is_advised_the_ports_that_it_has() -> None:
    told = cure(Cause.CONNECT_TIMEOUT, Stage.CONNECT, host="smtp.office365.com")
    assert "port 25 (tls)" in told
    assert "465" not in told


def test_another_encryption_on_a_port_that_answers_is_advised() -> None:
    told = cure(Cause.AUTH_NOT_OFFERED, Stage.AUTH, UP, encryption="none", port=587)
    assert "Try port 587 (tls) or port 465 (ssl)." in told
    told = cure(Cause.AUTH_NOT_OFFERED, Stage.AUTH, UP, encryption="tls", port=587)
    assert "port 587" not in told


@pytest.mark.parametrize(
    ("outcome", "encryption", "is_advised"),
    [(None, "tls", True), ("no-tls", "tls", False), (None, "ssl", False)],
)
def test_a_silent_port_is_not_called_a_tls_port_against_the_evidence(
    outcome: str | None, encryption: str, *, is_advised: bool
) -> None:
    looks = []
    if outcome:
        looks = [Experiment(seconds=1, name="tls-from-first-byte", outcome=outcome, text="")]
    told = cure(Cause.GREETING_TIMEOUT, Stage.GREETING, UP, *looks, encryption=encryption)
    assert ("set encryption to ssl" in told) is is_advised


def test_starttls_that_was_tried_in_vain_is_not_advised() -> None:
    values = {"encryption": "ssl", "port": 587}
    told = cure(Cause.PLAIN_TEXT_EXPECTED, Stage.TLS, UP, **values)
    assert told.startswith("Set encryption to tls (STARTTLS).")
    change = (("encryption", "tls"),)
    look = Experiment(seconds=1, name="x", outcome="starttls-not-offered", text="", change=change)
    told = cure(Cause.PLAIN_TEXT_EXPECTED, Stage.TLS, UP, look, **values)
    assert told.startswith("STARTTLS does not work on this port either.")


@table("host", ["localhost", "127.0.0.1", "::1", "0.0.0.0"])
def test_a_refusal_by_this_machine_asks_for_another_host(host: str) -> None:
    end = finished(Stage.CONNECT, Cause.CONNECTION_REFUSED)
    verdict = diagnose(settings(host=host), facts_of(end), 1.0)
    assert "host is unset, or localhost is used inside a container" in verdict.why
    assert verdict.cure.startswith("Set host")


def test_a_name_that_leads_to_this_machine_is_one_of_it() -> None:
    end = finished(Stage.CONNECT, Cause.CONNECTION_REFUSED)
    here = Resolved(seconds=0, host="mail.example", addresses=("127.0.1.1",))
    assert "container" in diagnose(settings(), facts_of(here, end), 1.0).why
    there = Resolved(seconds=0, host="mail.example", addresses=("192.0.2.1",))
    assert "container" not in diagnose(settings(), facts_of(there, end), 1.0).why


@table(
    "line",
    [
        "Error: connect ECONNREFUSED 127.0.0.1:587",
        'Errno::ECONNREFUSED: Connection refused - connect(2) for "localhost" port 25',
        "dial tcp [::1]:25: connect: connection refused",
        "connect ECONNREFUSED 0.0.0.0:25",
    ],
)
def test_other_programs_are_told_the_same_of_this_machine(line: str) -> None:
    found = explain_error(line)
    assert found is not None
    assert (found.cause, found.field) == ("connection-refused", "host")
    assert "container" in found.why


def test_an_address_of_another_machine_says_nothing_of_this_one() -> None:
    found = explain_error("connect ECONNREFUSED 10.127.0.1:587")
    assert found is not None
    assert (found.cause, found.field) == ("connection-refused", "port")


@pytest.mark.parametrize(
    "line",
    [
        "dial tcp 192.0.2.1:587: i/o timeout",
        "msmtp: cannot connect to mail, port 587: Connection timed out",
    ],
)
def test_the_port_in_the_line_is_not_advised_to_another_program(line: str) -> None:
    found = explain_error(line)
    assert found is not None
    assert found.cause == "connect-timeout"
    assert "port 587" not in found.cure
    assert found.value != 587


def test_a_name_rejected_at_rcpt_is_the_one_given_in_ehlo() -> None:
    said = "5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname"
    end = finished(Stage.ENVELOPE, Cause.REFUSED, command="RCPT", reply=reply(504, said))
    hello = Sent(seconds=0.2, text="EHLO localhost")
    verdict = diagnose(settings(), facts_of(UP, hello, end), 1.0)
    assert verdict.cause == "ehlo-refused"
    assert "(EHLO localhost)" in verdict.summary
    assert "RCPT" not in verdict.summary


@table(
    "line",
    [
        "500 5.5.1 Command unrecognized",
        "501 Syntax error in parameters or arguments",
        "502 5.5.2 Error: command not recognized",
        "555 5.5.4 Unsupported option: FOO",
    ],
)
def test_an_unknown_command_accuses_nobody(line: str) -> None:
    found = explain_error(line)
    assert found is not None
    assert found.cause == "command-rejected"
    assert found.field is None
    assert "recipient" not in found.why


def test_encryptions_that_were_tried_in_vain_are_not_advised() -> None:
    looks = [here(name, "reply-malformed") for name in ("tls", "ssl")]
    fault = Cause.AUTH_NEEDS_ENCRYPTION
    told = cure(fault, Stage.AUTH, UP, *looks, encryption="none")
    assert "Neither tls nor ssl works on this port." in told
    assert "Set encryption to tls" not in told
    assert "Set encryption to tls" in cure(fault, Stage.AUTH, UP, encryption="none")


def here(encryption: str, outcome: str) -> Experiment:
    """An experiment with the port in use."""
    change = (("encryption", encryption),)
    return Experiment(seconds=1, name=encryption, outcome=outcome, text="", change=change)


@table(
    ("looks", "told"),
    [
        ((), "tls (port 587) or ssl (port 465)"),
        ((tried(465, "ssl", "connection-refused"),), "tls (port 587) or ssl"),
        ((tried(587, "tls", "connection-refused"),), "tls or ssl (port 465)"),
        ((here("tls", "ok"),), "tls"),
        ((here("tls", "certificate-expired"), here("ssl", "reply-timeout")), "tls"),
    ],
)
def test_a_refused_port_is_not_advised(looks: tuple[Experiment, ...], told: str) -> None:
    fault = Cause.AUTH_NEEDS_ENCRYPTION
    shown = cure(fault, Stage.AUTH, UP, *looks, port=2525, encryption="none")
    assert f"Set encryption to {told}. " in shown


def test_starttls_is_advised_where_the_server_offers_it() -> None:
    keywords = (("STARTTLS", ""),)
    offer = ServerCapabilities(seconds=0.2, encrypted=False, keywords=keywords, mechanisms=())
    shown = cure(Cause.AUTH_NEEDS_ENCRYPTION, Stage.AUTH, UP, offer, encryption="none")
    assert shown.startswith("Set encryption to tls. ")


def test_a_port_that_works_is_advised_with_its_encryption() -> None:
    looks = (here("tls", "starttls-not-offered"), tried(465, "ssl", "ok"))
    fault = Cause.AUTH_NEEDS_ENCRYPTION
    shown = cure(fault, Stage.AUTH, UP, *looks, port=2525, encryption="none")
    assert shown.startswith("Use port 465 (ssl): smtp-tui tried it, and it works.")
    assert "Set encryption" not in shown


@pytest.mark.parametrize("verified", [True, False])
def test_plain_is_as_safe_only_inside_verified_tls(verified: bool) -> None:
    link = TlsEstablished(
        seconds=0, version="TLSv1.3", cipher="X", verified=verified, chain=(CERTIFICATE,)
    )
    end = finished(Stage.AUTH, Cause.AUTH_MECHANISM_NOT_OFFERED, detail="it is not offered")
    tested = settings(username="me", password="x", authentication="cram-md5")
    told = diagnose(tested, facts_of(UP, link, end), 1.0).why
    assert ("plain is as safe" in told) is verified


@pytest.mark.parametrize(
    ("mechanism", "reason"),
    [("cram-md5", "hashes of passwords"), ("xoauth2", "single sign-on"), ("plain", "")],
)
def test_why_a_server_may_lack_the_mechanism(mechanism: str, reason: str) -> None:
    end = finished(Stage.AUTH, Cause.AUTH_MECHANISM_NOT_OFFERED, detail="it is not offered")
    told = diagnose(
        settings(username="me", password="x", authentication=mechanism), facts_of(UP, end), 1.0
    ).why
    assert reason in told
    assert told.endswith("Client and server must both support a mechanism.")
    assert reason or told.startswith("Client")


@pytest.mark.parametrize(
    ("fault", "stage", "local", "elsewhere"),
    [
        (Cause.REFUSED, Stage.AUTH, "its log says which is wrong", "app password"),
        (Cause.STARTTLS_NOT_OFFERED, Stage.TLS, "itself runs on this machine", "you trust"),
    ],
)
def test_a_server_on_this_machine_is_the_admins_own(
    fault: Cause, stage: Stage, local: str, elsewhere: str
) -> None:
    end = finished(stage, fault, reply=reply(535, "no"), command="AUTH PLAIN")
    for address, host, shown, other in (
        ("127.0.0.1", "localhost", local, elsewhere),
        ("192.0.2.1", "mail.example.net", elsewhere, local),
    ):
        found = Resolved(seconds=0.1, host=host, addresses=(address,))
        told = diagnose(settings(host=host), facts_of(found, UP, end), 1.0).cure
        assert shown in told
        assert other not in told


@pytest.mark.parametrize(("mechanism", "advised"), [("PLAIN", False), ("CRAM-MD5", True)])
def test_another_mechanism_is_advised_only_for_the_one_that_failed(
    mechanism: str, advised: bool
) -> None:
    login = AuthStarted(seconds=0.3, mechanism=mechanism, reason="")
    end = finished(Stage.AUTH, Cause.REFUSED, reply=reply(535, "no"), command="AUTH PLAIN")
    tested = settings(username="me", password="x", authentication="auto")
    told = diagnose(tested, facts_of(UP, login, end), 1.0).cure
    assert told.startswith("Check username and password. ")
    assert ("If only cram-md5 fails" in told) is advised
