"""What each value means as it stands, and what the last test found about it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.diagnosis.causes import texts_of
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.field_notes import observations_of, value_note
from smtp_tui.diagnosis.verdict import PEER_LOOK
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.smtp.events import (
    Cause,
    Connecting,
    Event,
    Experiment,
    RecipientReply,
    Resolved,
    Sent,
    ServerCapabilities,
    Stage,
    TlsEstablished,
    TlsFailed,
)
from tests.diagnosis.examples import (
    CERTIFICATE,
    any_values,
    connected,
    facts_of,
    finished,
    reply,
    settings,
)
from tests.table import table

HOST = {"host": "mail.example.net"}
LOGIN = {**HOST, "username": "alice@example.net"}
OPEN = {**LOGIN, "encryption": "none"}
PERHAPS = {**OPEN, "starttls_auto": True}
PIN = {**HOST, "tls_fingerprint": "ab" * 32}

MEANINGS: list[tuple[str, dict[str, Any], str]] = [
    ("host", {}, "Not set, and a test needs one."),
    ("host", HOST, "Its certificate must show mail.example.net."),
    ("host", {**HOST, "server_name": "mx.example.net"}, "must show mx.example.net."),
    ("host", {**HOST, "encryption": "none"}, "A name: its addresses are looked up, not its MX."),
    ("host", {"host": "192.0.2.1"}, "An address: nothing is looked up."),
    ("host", {"host": "localhost"}, "This machine itself;"),
    ("host", {"host": "smtp.gmail.com"}, "A server of Gmail"),
    ("port", {**HOST, "port": 465, "encryption": "ssl"}, "Implicit TLS: the handshake"),
    ("port", {**HOST, "encryption": "ssl"}, "Not set, so 465. Implicit TLS"),
    ("port", HOST, "Not set, so 587. Starts in plain text; STARTTLS comes before"),
    ("port", PERHAPS, "Not set, so 25. Starts in plain text; STARTTLS follows if"),
    ("port", OPEN, "Plain text throughout."),
    ("port", {**HOST, "port": 587, "encryption": "wrong"}, ""),
    ("port", {**HOST, "port": "x"}, ""),
    ("domain", {"domain": "tickets.example.org"}, "smtp-tui sends EHLO tickets.example.org."),
    ("domain", {}, "Not set: smtp-tui sends this machine's fully qualified hostname"),
    ("encryption", HOST, "Not set, so tls. Encrypted from STARTTLS on"),
    ("encryption", {"encryption": "ssl"}, "Everything is encrypted"),
    ("encryption", OPEN, "Nothing is encrypted."),
    ("encryption", PERHAPS, "Encrypted only if STARTTLS is offered."),
    ("starttls_auto", {}, "Not set, so no. Not used: encryption is tls."),
    ("starttls_auto", PERHAPS, "STARTTLS if it is offered, otherwise plain text"),
    ("starttls_auto", OPEN, "Plain text, whatever the server offers."),
    ("username", LOGIN, "Login by auto."),
    ("username", {**LOGIN, "authentication": "none"}, "Not used: authentication is none."),
    ("username", HOST, "Not set: no login."),
    ("username", {"host": "smtp.sendgrid.net"}, "SendGrid, the username is the word apikey"),
    ("password", {**LOGIN, "password": "xyzzyxyzzy"}, "In this file"),
    ("password", {**LOGIN, "password": {"keyring": "s"}}, "Kept in a keyring"),
    ("password", {**LOGIN, "password": {"env": "S"}}, "Read from an environment variable"),
    ("password", {**LOGIN, "password": {"file": "s"}}, "Read from a separate file"),
    ("password", {**LOGIN, "password": {"command": ["s"]}}, "The first line that a program"),
    ("password", {**LOGIN, "password": {"oauth": "s"}}, "A new access token of this sign-in"),
    ("password", {**LOGIN, "password": {"ask": True}}, "Asked for at each test."),
    ("password", {**HOST, "password": "xyzzyxyzzy"}, "Not used: the login does not need it."),
    ("password", LOGIN, "Not set, but the login needs one"),
    ("password", HOST, "Not set, and not needed."),
    ("password", {**LOGIN, "host": "smtp.gmail.com"}, "the password is an app password"),
    ("authentication", HOST, "Not set, so none. No login."),
    ("authentication", LOGIN, "of SCRAM-SHA-256, SCRAM-SHA-1, PLAIN and LOGIN, inside TLS."),
    ("authentication", OPEN, "of SCRAM-SHA-256, SCRAM-SHA-1 and CRAM-MD5. Without TLS"),
    ("authentication", PERHAPS, "without TLS, only SCRAM-SHA-256, SCRAM-SHA-1 and CRAM-MD5."),
    ("authentication", {**HOST, "authentication": "auto"}, "no username, so there is no login"),
    (
        "authentication",
        {**LOGIN, "authentication": "plain"},
        "PLAIN only: sends username and password",
    ),
    ("authentication", {**OPEN, "authentication": "login"}, "as they are, unencrypted."),
    ("authentication", {**PERHAPS, "authentication": "login"}, "the test stops before"),
    ("authentication", {**LOGIN, "authentication": "cram-md5"}, "CRAM-MD5 only: sends a proof"),
    ("authentication", {**LOGIN, "authentication": "xoauth2"}, "the password is an access token"),
    ("authentication", {"authentication": "external"}, "The client certificate is the login"),
    ("openssl_verify_mode", HOST, "Not set, so peer. The certificate must show mail.example.net"),
    ("openssl_verify_mode", {**HOST, "ca_file": "a"}, "lead to a CA in the CA File."),
    (
        "openssl_verify_mode",
        {**HOST, "openssl_verify_mode": "none"},
        "Any certificate is accepted.",
    ),
    ("openssl_verify_mode", PIN, "the TLS Fingerprint decides."),
    ("openssl_verify_mode", OPEN, "Not used: there is no TLS."),
    ("from", {"from": "Me <a@bücher.example>"}, "MAIL FROM:<a@xn--bcher-kva.example>."),
    ("from", LOGIN, "makes MAIL FROM:<alice@example.net> from the username."),
    (
        "from",
        {"username": "me", "domain": "a.example"},
        "makes MAIL FROM:<me@a.example> from the username.",
    ),
    ("from", {"username": "me"}, "Not set: the username, or postmaster"),
    ("timeout", {}, "Not set, so 30. A test ends after 30 s"),
    ("timeout", {"timeout": 2.5}, "A test ends after 2.5 s"),
    ("ca_file", {"ca_file": "a"}, "Only the certificates in it are trusted."),
    ("ca_file", {}, "Not set: the CAs of this system are trusted."),
    ("ca_file", PIN, "Not used: no certificate chain is checked."),
    ("ca_file", OPEN, "there is no TLS"),
    ("server_name", {**HOST, "server_name": "a.example"}, "the certificate must show it."),
    ("server_name", {**PIN, "server_name": "a.example"}, "the certificate is not checked for it."),
    ("server_name", HOST, "Not set: mail.example.net is sent in TLS, and the certificate"),
    ("server_name", PIN, "Not set: mail.example.net is sent in TLS."),
    ("server_name", OPEN, "there is no TLS"),
    ("tls_minimum", {"tls_minimum": "1.3"}, "Only TLS 1.3."),
    ("tls_minimum", {}, "Not set, so 1.2. TLS 1.2 or newer."),
    ("tls_minimum", OPEN, "there is no TLS"),
    ("tls_fingerprint", PIN, "Only the certificate with this SHA-256 is accepted"),
    ("tls_fingerprint", {}, "Not set: the OpenSSL Verify Mode decides."),
    ("tls_fingerprint", OPEN, "there is no TLS"),
    ("client_certificate", {"client_certificate": "a"}, "Shown to a server that asks for it."),
    ("client_certificate", {}, "Not set: none is shown."),
    ("client_certificate", OPEN, "there is no TLS"),
    (
        "client_key",
        {"client_key": "a", "client_certificate": "b"},
        "Read in addition to the client",
    ),
    ("client_key", {"client_certificate": "b"}, "the client certificate's file must contain it"),
    ("client_key", {"client_key": "a"}, "Not used: there is no client certificate."),
    ("client_key", {}, "Not set, and there is no client certificate."),
    ("address_family", {}, "Not set, so any. IPv6 and IPv4 are both tried"),
    ("address_family", {"address_family": "ipv4"}, "Only the host's IPv4 addresses"),
    ("address_family", {"address_family": "ipv6"}, "Only the host's IPv6 addresses"),
    ("source_address", {"source_address": "192.0.2.9"}, "Connections come from 192.0.2.9."),
    ("source_address", {}, "Not set: the system chooses."),
]


@table(("key", "values", "words"), MEANINGS)
def test_what_a_value_means(key: str, values: dict[str, Any], words: str) -> None:
    said = value_note(key, values)
    assert words in said
    assert bool(said) == bool(words)


def test_every_sentence_has_been_said() -> None:
    said = " ".join(value_note(key, values) for key, values, _ in MEANINGS)
    for key, texts in texts_of("meaning.toml").items():
        for text in texts.values():
            pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(text))
            assert re.search(pattern, said), (key, text)


@given(st.sampled_from(list(BY_KEY)), any_values())
def test_any_values_have_a_meaning_or_none(key: str, values: dict[str, object]) -> None:
    assert value_note(key, values).isprintable()


@given(any_values(), st.text("xyzXYZ789$#", min_size=8, max_size=20))
def test_no_meaning_holds_the_password(values: dict[str, object], secret: str) -> None:
    for place in (secret, {"env": secret}, {"command": [secret]}):
        for field in FIELDS:
            assert secret not in value_note(field.key, {**values, "password": place})


OFFER = ServerCapabilities(
    seconds=0.15,
    encrypted=False,
    keywords=(("STARTTLS", ""), ("SIZE", "52428800")),
    mechanisms=(),
)
WAY: list[Event] = [
    Resolved(seconds=0, host="mail.example", addresses=("2001:db8::1", "192.0.2.1")),
    Connecting(seconds=0, address="2001:db8::1", port=587),
    Connecting(seconds=0, address="192.0.2.1", port=587),
]
EHLO: list[Event] = [Sent(seconds=0.1, text="EHLO client.example"), OFFER]
TO_THE_LOGIN: list[Event] = [*WAY, connected()[0], *EHLO, *connected()[1:]]
REJECTED = finished(Stage.AUTH, Cause.REFUSED, command="AUTH", reply=reply(535, "5.7.8 No."))
LOOK = Experiment(seconds=0.5, name=PEER_LOOK, outcome="certificate-expired", text="")
TAKEN = Experiment(seconds=0.5, name=PEER_LOOK, outcome="ok", text="")
REFUSED_CHAIN = TlsFailed(seconds=0.2, chain=(CERTIFICATE, CERTIFICATE))

UNVERIFIED = TlsEstablished(
    seconds=0.2, version="TLSv1.2", cipher="C", verified=False, chain=(CERTIFICATE,)
)

FINDINGS: list[tuple[str, list[Event], str]] = [
    ("host", TO_THE_LOGIN, "Addresses: 2001:db8::1, 192.0.2.1. 192.0.2.1 answered."),
    ("host", [OFFER], "The server accepts messages of up to 50 MB."),
    ("host", [OFFER, replace(OFFER, encrypted=True, keywords=())], ""),
    ("host", connected(), "Found at 192.0.2.1."),
    (
        "host",
        [*WAY, finished(Stage.CONNECT, Cause.CONNECT_TIMEOUT)],
        "None accepted the connection.",
    ),
    ("host", [finished(Stage.RESOLVE, Cause.HOST_NOT_FOUND)], ""),
    ("port", TO_THE_LOGIN, "192.0.2.1 answers on port 587 and speaks SMTP."),
    ("port", connected()[:1], "192.0.2.1 accepts connections on port 587."),
    ("port", [finished(Stage.CONNECT, Cause.CONNECTION_REFUSED)], ": connection refused."),
    ("domain", TO_THE_LOGIN, "The server accepted EHLO client.example."),
    (
        "domain",
        [*EHLO[:1], finished(Stage.EHLO, Cause.REFUSED, reply=reply(550, "Bad name."))],
        "The server rejected EHLO client.example: 550 Bad name.",
    ),
    ("encryption", TO_THE_LOGIN, "STARTTLS was offered. TLSv1.3 with TLS_AES_256_GCM_SHA384."),
    (
        "encryption",
        [replace(OFFER, keywords=())],
        "STARTTLS was not offered. The connection stayed unencrypted",
    ),
    (
        "encryption",
        [finished(Stage.TLS, Cause.PLAIN_TEXT_EXPECTED)],
        ": server answers in plain text.",
    ),
    ("starttls_auto", TO_THE_LOGIN, "STARTTLS was offered."),
    ("starttls_auto", [replace(OFFER, keywords=())], "STARTTLS was not offered."),
    ("username", TO_THE_LOGIN, "The PLAIN login was accepted."),
    ("username", [*TO_THE_LOGIN, REJECTED], "The PLAIN login was rejected: 535 5.7.8 No."),
    (
        "username",
        [*TO_THE_LOGIN, finished(Stage.AUTH, Cause.AUTH_CHALLENGE_MALFORMED)],
        "was not completed: login exchange failed.",
    ),
    ("username", [finished(Stage.EHLO)], ""),
    ("password", TO_THE_LOGIN, "was accepted."),
    ("password", [*TO_THE_LOGIN, REJECTED], "rejected: 535 5.7.8 No."),
    (
        "password",
        [*TO_THE_LOGIN, finished(Stage.AUTH, Cause.SERVER_CLOSED)],
        ": server closed the connection.",
    ),
    ("authentication", TO_THE_LOGIN, "Offered inside TLS: PLAIN. PLAIN was accepted."),
    ("authentication", [OFFER], "Offered before TLS: no login."),
    ("authentication", [*TO_THE_LOGIN, REJECTED], "PLAIN was rejected: 535 5.7.8 No."),
    (
        "authentication",
        [*TO_THE_LOGIN, finished(Stage.AUTH, Cause.SERVER_CLOSED)],
        "PLAIN was not completed: server closed the connection.",
    ),
    ("authentication", [replace(OFFER, mechanisms=("LOGIN",)), *connected()], "before TLS: LOGIN."),
    (
        "openssl_verify_mode",
        TO_THE_LOGIN,
        "The certificate was checked and accepted. It is for mail.example, smtp",
    ),
    ("openssl_verify_mode", TO_THE_LOGIN, "until 2026-04-02 03:04 UTC, issued by CN=Example CA."),
    (
        "openssl_verify_mode",
        [UNVERIFIED, LOOK],
        "This mode did not check the certificate.",
    ),
    (
        "openssl_verify_mode",
        [UNVERIFIED, LOOK],
        "Mode peer would reject it: certificate expired.",
    ),
    ("openssl_verify_mode", [*connected(), TAKEN], "Mode peer would accept it."),
    (
        "openssl_verify_mode",
        [
            finished(
                Stage.TLS,
                Cause.CERTIFICATE_NAME_MISMATCH,
                also=(Cause.CERTIFICATE_EXPIRED,),
                certificate=CERTIFICATE,
            )
        ],
        "was rejected: certificate for another name, certificate expired.",
    ),
    ("openssl_verify_mode", [OFFER], ""),
    (
        "from",
        [finished(Stage.ENVELOPE, Cause.REFUSED, command="MAIL", reply=reply(553, "Not yours."))],
        "The server rejected the sender: 553 Not yours.",
    ),
    (
        "from",
        [RecipientReply(seconds=0, recipient="a@b.example", reply=reply(250, "Ok"))],
        "accepted this",
    ),
    ("from", TO_THE_LOGIN, ""),
    ("timeout", TO_THE_LOGIN, "The test took 0.5 s."),
    ("ca_file", TO_THE_LOGIN, "one certificate, issued by CN=Example CA."),
    ("ca_file", [REFUSED_CHAIN], "2 certificates, the last one issued by CN=Example CA."),
    ("server_name", TO_THE_LOGIN, "The certificate is for mail.example, smtp.example."),
    ("tls_minimum", TO_THE_LOGIN, "TLSv1.3 was negotiated."),
    ("tls_minimum", [finished(Stage.TLS, Cause.TLS_VERSION_UNSUPPORTED)], "no version in common."),
    (
        "tls_fingerprint",
        TO_THE_LOGIN,
        f"The SHA-256 of the server's certificate is {':'.join(['AB'] * 32)}.",
    ),
    (
        "client_certificate",
        [finished(Stage.TLS, Cause.CLIENT_CERTIFICATE_REQUIRED)],
        "The server requires one",
    ),
    ("client_certificate", TO_THE_LOGIN, ""),
    ("client_key", TO_THE_LOGIN, ""),
    ("address_family", connected(), "IPv4 was used: 192.0.2.1."),
    ("address_family", TO_THE_LOGIN, "Also tried: 2001:db8::1."),
    ("source_address", TO_THE_LOGIN, "The connection came from 192.0.2.9."),
]


def finding(key: str, events: list[Event]) -> str:
    facts = facts_of(*events)
    if facts.finished is None:
        facts.add(finished(Stage.AUTH))
    return observations_of(key, facts, diagnose(settings(), facts, 0.5))


@table(("key", "events", "words"), FINDINGS)
def test_what_a_test_found(key: str, events: list[Event], words: str) -> None:
    said = finding(key, events)
    assert words in said
    assert bool(said) == bool(words)
    assert "unknown" not in said


def test_every_finding_has_been_told() -> None:
    said = " ".join(finding(key, events) for key, events, _ in FINDINGS)
    for key, texts in texts_of("findings.toml").items():
        for text in texts.values():
            pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(text))
            assert re.search(pattern, said), (key, text)


def test_what_a_server_says_is_inert() -> None:
    hostile = reply(535, "\x1b[2J{host} \u202e no")
    end = finished(Stage.AUTH, Cause.REFUSED, command="AUTH", reply=hostile)
    offer = replace(OFFER, mechanisms=("\x1b[31m",), keywords=(("SIZE", "9" * 18),))
    for field in FIELDS:
        said = finding(field.key, [*connected(), offer, end])
        assert said.isprintable()
    assert finding("username", [*connected(), end]).endswith("535 \\x1b[2J{host} \\u202e no.")


@pytest.mark.parametrize(
    ("told", "shown"),
    [("1000", "1000 bytes"), ("35882577", "34 MB"), ("999999999999999999", "909494 TB")],
)
def test_sizes(told: str, shown: str) -> None:
    said = finding("host", [replace(OFFER, keywords=(("SIZE", told),))])
    assert said == f"The server accepts messages of up to {shown}."


def test_many_addresses_are_counted() -> None:
    many = tuple(f"192.0.2.{number}" for number in range(9))
    events = [Resolved(seconds=0, host="mail.example", addresses=many), connected()[0]]
    assert "192.0.2.3 and 5 more. 192.0.2.1 answered." in finding("host", events)
