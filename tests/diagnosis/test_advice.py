"""Advice while editing: each rule where it holds, and silence where all is well."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.diagnosis.advice import Advice, Severity, advise
from smtp_tui.diagnosis.causes import texts_of
from smtp_tui.diagnosis.experiments import TriedEncryptions
from smtp_tui.providers import UsernameKind, providers
from smtp_tui.settings.choices import Authentication
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.settings.validate import parse_settings
from tests.diagnosis.examples import any_values
from tests.table import table

HOST, USER, SECRET = "mail.example.net", "tickets@example.net", "hunter2hunter2"
LOGIN = {"username": USER, "password": SECRET}
PIN = "ab" * 32

GOOD: dict[str, dict[str, Any]] = {
    "submission": {
        **LOGIN,
        "host": HOST,
        "port": 587,
        "encryption": "tls",
        "authentication": "auto",
        "openssl_verify_mode": "peer",
    },
    "submissions": {**LOGIN, "host": HOST, "port": 465, "encryption": "ssl"},
    "defaults": {**LOGIN, "host": HOST},
    "named mechanism": {**LOGIN, "host": HOST, "authentication": "plain"},
    "other programs' words": {
        **LOGIN,
        "host": HOST,
        "port": "587",
        "encryption": "STARTTLS",
        "openssl_verify_mode": "VERIFY_PEER",
    },
    "this machine": {"host": "localhost", "port": 25, "encryption": "none"},
    "this machine, with what it says in EHLO": {
        "host": "127.0.0.1",
        "port": 25,
        "encryption": "none",
        "domain": "localhost",
        "authentication": "none",
    },
    "a relay in the own network": {"host": "10.1.2.3", "port": 25, "encryption": "none"},
    "a container": {"host": "mailhog", "port": 1025, "encryption": "none"},
    "a container for mail": {"host": "postfix", "port": 587, "encryption": "none"},
    "between servers": {"host": "mx.example.net", "port": 25, "encryption": "tls"},
    "a port of one's own": {**LOGIN, "host": HOST, "port": 2525, "encryption": "tls"},
    "a private CA": {**LOGIN, "host": HOST, "ca_file": "ca.pem", "server_name": "mx.example.net"},
    "an address, and the name": {**LOGIN, "host": "192.0.2.1", "server_name": HOST},
    "the own name": {**LOGIN, "host": HOST, "domain": "tickets.example.org"},
    "an address for a name": {**LOGIN, "host": HOST, "domain": "[192.0.2.1]"},
    "a sender": {**LOGIN, "host": HOST, "from": "Tickets <no-reply@mail.example.net>"},
    "a client certificate": {
        "host": HOST,
        "authentication": "external",
        "client_certificate": "me.pem",
        "client_key": "me.key",
    },
    "a password elsewhere": {"host": HOST, "username": USER, "password": {"env": "MAIL PASSWORD"}},
    "a token": {**LOGIN, "host": HOST, "authentication": "xoauth2", "password": {"ask": True}},
    "time": {"host": HOST, "timeout": 10},
    "nothing yet": {},
    "only a host": {"host": HOST},
}

# Each rule: values in which it holds, and what would have to be otherwise for it not to.
HELD: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("port-wants-ssl", {"port": 465}, {"port": 587}),
    ("port-wants-ssl", {"port": "2465", "encryption": "none"}, {"encryption": "ssl"}),
    ("port-wants-tls", {"port": 587, "encryption": "ssl"}, {"port": 465}),
    ("port-wants-tls", {"port": 25, "encryption": "SMTPS"}, {"encryption": "tls"}),
    ("port-2525-with-ssl", {"port": 2525, "encryption": "ssl"}, {"encryption": "tls"}),
    ("port-of-another-protocol", {"port": 993, "encryption": "ssl"}, {"port": 465}),
    ("port-25-for-a-login", {**LOGIN, "port": 25}, {"host": "relay"}),
    (
        "secret-readable",
        {**LOGIN, "encryption": "none", "authentication": "plain"},
        {"encryption": "tls"},
    ),
    (
        "secret-readable",
        {**LOGIN, "encryption": "none", "authentication": "oauthbearer"},
        {"authentication": "scram-sha-256"},
    ),
    (
        "secret-readable-nearby",
        {**LOGIN, "host": "mail.lan", "encryption": "none", "authentication": "login"},
        {"host": "localhost"},
    ),
    ("auto-on-an-open-link", {**LOGIN, "encryption": "none"}, {"encryption": "tls"}),
    ("submission-in-clear", {"port": 587, "encryption": "none"}, {"host": "postfix"}),
    ("mail-readable", {"encryption": "none"}, {"host": "192.168.1.2"}),
    (
        "starttls-auto-strippable",
        {"encryption": "none", "starttls_auto": True},
        {"starttls_auto": False},
    ),
    ("starttls-auto-ignored", {"starttls_auto": "yes"}, {"starttls_auto": "no"}),
    (
        "starttls-auto-with-ssl",
        {"encryption": "ssl", "starttls_auto": True},
        {"starttls_auto": False},
    ),
    ("mechanism-without-username", {"authentication": "plain"}, LOGIN),
    ("auto-without-username", {"authentication": "auto"}, LOGIN),
    ("username-unused", {**LOGIN, "authentication": "none"}, {"username": None}),
    ("password-without-username", {"password": SECRET}, LOGIN),
    ("password-without-username", {"password": {"keyring": "x"}}, {"password": None}),
    ("cram-md5", {**LOGIN, "authentication": "Cram-MD5"}, {"authentication": "plain"}),
    ("external-without-certificate", {"authentication": "external"}, {"client_certificate": "a"}),
    (
        "external-on-an-open-link",
        {"authentication": "external", "encryption": "none"},
        {"encryption": "tls"},
    ),
    ("token-in-the-file", {**LOGIN, "authentication": "xoauth2"}, {"password": {"env": "TOKEN"}}),
    ("password-with-margins", {**LOGIN, "password": f"{SECRET}\t"}, LOGIN),
    ("password-needs-quotes", {**LOGIN, "password": f"{SECRET}$1"}, LOGIN),
    ("password-needs-quotes", {**LOGIN, "password": f"{SECRET} two"}, LOGIN),
    ("not-ascii", {**LOGIN, "password": f"{SECRET}ü"}, LOGIN),
    ("not-ascii", {**LOGIN, "username": "jürgen@example.net"}, LOGIN),
    ("verify-none", {"openssl_verify_mode": "none"}, {"host": "localhost"}),
    (
        "verify-same-as-peer",
        {"openssl_verify_mode": "fail_if_no_peer_cert"},
        {"openssl_verify_mode": "peer"},
    ),
    (
        "ca-file-without-verify",
        {"openssl_verify_mode": "none", "ca_file": "ca.pem"},
        {"openssl_verify_mode": "peer"},
    ),
    ("ca-file-with-fingerprint", {"ca_file": "ca.pem", "tls_fingerprint": PIN}, {"ca_file": None}),
    ("fingerprint-in-place-of-verify", {"tls_fingerprint": PIN}, {"tls_fingerprint": None}),
    ("tls-minimum-withdrawn", {"tls_minimum": 1.1}, {"tls_minimum": "1.2"}),
    ("client-key-alone", {"client_key": "me.key"}, {"client_certificate": "me.pem"}),
    ("only-in-tls", {"encryption": "none", "server_name": HOST}, {"encryption": "ssl"}),
    ("ca-file-only-for-mailbox", {"encryption": "none", "ca_file": "a.pem"}, {"encryption": "ssl"}),
    ("host-is-an-address", {"host": "2001:db8::1"}, {"server_name": HOST}),
    ("host-is-an-address", {"host": "127.0.0.1"}, {"encryption": "none"}),
    ("host-is-an-address", {"host": "192.0.2.1"}, {"openssl_verify_mode": "none"}),
    (
        "host-not-of-the-family",
        {"host": "192.0.2.1", "address_family": "ipv6"},
        {"address_family": "ipv4"},
    ),
    ("domain-not-full", {"domain": "localhost"}, {"domain": "a.example"}),
    ("domain-not-full", {"domain": "localhost.localdomain"}, {"host": "localhost"}),
    ("domain-is-the-servers", {"domain": HOST.upper()}, {"domain": "a.example"}),
    ("sender-of-another-domain", {**LOGIN, "from": "a@example.org"}, {"from": "a@example.net"}),
    ("sender-of-another-domain", {**LOGIN, "from": "Me <a@example.org>"}, {"username": "apikey"}),
    ("timeout-short", {"timeout": 2.5}, {"timeout": 5}),
    (
        "provider-way",
        {"host": "smtp.postmarkapp.com", "port": 2526, "encryption": "tls"},
        {"port": 587},
    ),
    (
        "provider-username",
        {**LOGIN, "host": "smtp.sendgrid.net"},
        {"username": "apikey"},
    ),
    (
        "provider-username",
        {"host": "smtp.gmail.com", "username": "me"},
        {"username": "me@example.org"},
    ),
    (
        "provider-username",
        {**LOGIN, "host": "email-smtp.eu-west-1.amazonaws.com"},
        {"username": "AKIA" + "A1" * 8},
    ),
    (
        "provider-authentication",
        {**LOGIN, "host": "smtp-mail.outlook.com", "authentication": "plain"},
        {"authentication": "xoauth2"},
    ),
    (
        "provider-wants-a-login",
        {"host": "smtp.gmail.com", "authentication": "none"},
        {"authentication": None},
    ),
    (
        "provider-without-login",
        {**LOGIN, "host": "example-org.mail.protection.outlook.com", "port": 25},
        {"username": None},
    ),
    (
        "password-of-iam",
        {
            "host": "email-smtp.eu-west-1.amazonaws.com",
            "username": "AKIA" + "A1" * 8,
            "password": "k" * 40,
        },
        {"password": "k" * 44},
    ),
    ("host-takes-incoming-mail", {"host": "aspmx.l.google.com"}, {"host": "smtp.gmail.com"}),
    ("host-is-a-mail-domain", {"host": "gmail.com"}, {"host": "smtp.gmail.com"}),
]


def ids(values: dict[str, Any]) -> list[str]:
    return [one.id for one in advise({"host": HOST, **values})]


@table("name", GOOD)
def test_nothing_is_said_where_all_is_well(name: str) -> None:
    assert advise(GOOD[name]) == ()
    assert not parse_settings(GOOD[name]).problems or "host" not in GOOD[name]


@table(("rule", "values", "otherwise"), HELD)
def test_a_rule_holds_and_does_not(
    rule: str, values: dict[str, Any], otherwise: dict[str, Any]
) -> None:
    assert rule in ids(values)
    assert rule not in ids({**values, **otherwise})


@table(
    ("values", "known", "gone"),
    [
        # A port that works as it is set, and one where the advice's encryption failed.
        ({"port": 465, "encryption": "tls"}, {"worked": [(465, "tls")]}, True),
        ({"port": 587, "encryption": "ssl"}, {"failed": [(587, "tls"), (587, "ssl")]}, True),
        ({"port": 587, "encryption": "none"}, {"failed": [(587, "tls")]}, True),
        ({"port": 587, "encryption": "ssl"}, {"failed": [(465, "tls")]}, False),
        ({"port": 587, "encryption": "ssl"}, {"host": "other.example"}, False),
    ],
)
def test_no_advice_contradicts_a_test(
    values: dict[str, Any], known: dict[str, Any], gone: bool
) -> None:
    tried = TriedEncryptions(
        known.get("host", HOST),
        frozenset(known.get("worked", ())),
        frozenset(known.get("failed", ())),
    )
    about = {"port-wants-ssl", "port-wants-tls", "submission-in-clear"}
    given = {"host": HOST, **values}
    assert about & {advice.id for advice in advise(given)}
    assert bool(about & {advice.id for advice in advise(given, tried)}) is not gone


def test_what_failed_is_not_recommended_but_the_danger_stays() -> None:
    given = {**LOGIN, "host": HOST, "port": 2525, "encryption": "none", "authentication": "plain"}
    tried = TriedEncryptions(HOST, failed=frozenset({(2525, "tls")}))
    (before,) = [advice for advice in advise(given) if advice.id == "secret-readable"]
    (after,) = [advice for advice in advise(given, tried) if advice.id == "secret-readable"]
    assert "Set encryption to tls" in before.more
    assert (after.more, after.text) == ("", before.text)


@table(
    ("values", "refused", "told"),
    [
        ({"port": 465, "encryption": "tls"}, {587}, "Set encryption to ssl."),
        ({"port": 587, "encryption": "ssl"}, {465}, "Set encryption to tls."),
        ({"port": 587, "encryption": "ssl"}, {2525}, "Set encryption to tls, or use port 465."),
        ({"port": 993}, {587}, "Use 465 with encryption ssl."),
        ({"port": 993}, {587, 465}, ""),
    ],
)
def test_no_port_is_recommended_that_was_refused(
    values: dict[str, Any], refused: set[int], told: str
) -> None:
    tried = TriedEncryptions(HOST, refused=frozenset(refused))
    about = {"port-wants-ssl", "port-wants-tls", "port-of-another-protocol"}
    found = [advice for advice in advise({"host": HOST, **values}, tried) if advice.id in about]
    assert [advice.more for advice in found] == [told]


def test_every_rule_has_been_seen() -> None:
    assert {rule for rule, _, _ in HELD} == set(texts_of("advice.toml"))


@table("rule", texts_of("advice.toml"))
def test_texts_are_whole(rule: str) -> None:
    told = texts_of("advice.toml")[rule]
    keys = {"severity", "field", "others", "short", "text", "more", "sources", "taken"}
    keys |= {"expects", "remedy", "if_refused"}
    assert set(told) <= keys
    assert Severity(told["severity"])
    assert {told["field"], *told.get("others", ())} <= set(BY_KEY)
    assert told["field"] not in told.get("others", ())
    others = told.get("if_refused", {})
    assert all(port in told["more"] for port in others)
    for sentence in (told["text"], told.get("more", "Nothing."), *others.values()):
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence[0] == "{"
        assert sentence.isprintable()
        assert "  " not in sentence
    assert len(told["short"]) <= 22
    assert not told["short"].endswith(".")


@table(("rule", "values", "otherwise"), HELD)
def test_texts_are_filled_in(rule: str, values: dict[str, Any], otherwise: object) -> None:
    [found, *_] = [one for one in advise({"host": HOST, **values}) if one.id == rule]
    for text in (found.short, found.text, found.more):
        assert not re.search(r"\{\w*\}", text)
        assert "None" not in text


def test_the_gravest_comes_first_then_the_forms_order() -> None:
    found = advise(
        {
            **LOGIN,
            "host": "192.0.2.1",
            "port": 465,
            "password": "a b",
            "starttls_auto": True,
            "timeout": 1,
        }
    )
    assert [(one.severity.value, one.field) for one in found] == [
        ("error", "encryption"),
        ("warning", "host"),
        ("warning", "timeout"),
        ("note", "starttls_auto"),
        ("note", "password"),
    ]


def test_an_advice_concerns_its_field_and_those_it_depends_on() -> None:
    [found] = advise({"host": HOST, "port": 465})
    assert [key for key in BY_KEY if found.concerns(key)] == ["port", "encryption"]
    assert found.text.startswith(
        "Port 465 expects implicit TLS (TLS from the first byte). Encryption tls waits"
    )


@table(
    "values",
    [
        {"port": 465, "encryption": "wrong"},
        {"port": "x", "encryption": "ssl"},
        {"encryption": 7, "authentication": "plain", **LOGIN},
        {"authentication": "wrong", **LOGIN},
        {"username": "a\nb", "password": SECRET},
        {"openssl_verify_mode": [], "ca_file": "ca.pem"},
        {"host": "smtp://user:secret@example.net", "authentication": "auto", **LOGIN},
        {"starttls_auto": "perhaps", "encryption": "none", "server_name": HOST},
    ],
)
def test_what_hangs_on_a_value_that_cannot_be_read_is_not_told(values: dict[str, Any]) -> None:
    assert ids(values) == []


def test_a_host_that_is_wrong_hides_no_other_advice() -> None:
    assert ids({"host": "a b", "port": 465}) == ["port-wants-ssl"]


def test_what_reading_remarks_is_advice_too() -> None:
    for values in (
        {**LOGIN, "authentication": "none"},
        {"password": SECRET},
        {"authentication": "auto"},
        {"starttls_auto": True},
        {"starttls_auto": True, "encryption": "ssl"},
    ):
        values = {"host": HOST, **values}
        remarked = {remark.key for remark in parse_settings(values).remarks}
        assert remarked
        assert remarked <= {one.field for one in advise(values)}


@table("provider", providers(), ids=lambda provider: provider.id)
def test_a_providers_own_settings_are_good(provider: Any) -> None:
    names = {
        UsernameKind.ADDRESS: "me@example.org",
        UsernameKind.LITERAL: provider.username,
        UsernameKind.NONE: None,
    }
    for way in provider.ways:
        values = {
            "host": provider.hosts[0].replace("*", "eu-west-1"),
            "port": way.port,
            "encryption": way.encryption.value,
            "username": names.get(provider.user),
            "authentication": provider.authentication[0].value,
        }
        if values["username"] is None and provider.authentication[0] is not Authentication.NONE:
            del values["authentication"]
        found = [one for one in advise(values) if one.id != "port-25-for-a-login"]
        assert found == []


@given(any_values())
def test_any_values_are_taken(values: dict[str, object]) -> None:
    for one in advise(values):
        assert isinstance(one, Advice)
        assert one.field in BY_KEY
        for text in (one.short, one.text, one.more):
            assert text.isprintable()


@given(any_values(), st.text("xyzXYZ789$#\"' ü", min_size=8, max_size=20))
def test_the_password_is_in_no_text(values: dict[str, object], secret: str) -> None:
    for one in advise({**values, "password": secret}):
        assert secret not in f"{one.short}{one.text}{one.more}"


def test_fields_that_are_folded_away_are_told_of_too() -> None:
    folded = {field.key for field in FIELDS if field.advanced}
    assert {told["field"] for told in texts_of("advice.toml").values()} & folded


@table("port", [25, 465, 587, 2525])
def test_what_a_provider_documents_is_no_clash(port: int) -> None:
    """Mailtrap's sandbox has STARTTLS on port 465 too."""
    values = {"host": "sandbox.smtp.mailtrap.io", "port": port, "encryption": "tls"}
    assert not {"port-wants-ssl", "port-wants-tls", "provider-way"}.intersection(ids(values))
    assert "port-wants-ssl" in ids({"host": HOST, "port": 465, "encryption": "tls"})


def test_a_provider_whose_name_is_several_takes_no_verb() -> None:
    values = {"host": "smtp.gmail.com", "port": 2525, "encryption": "tls"}
    (found,) = [one for one in advise(values) if one.id == "provider-way"]
    name = "Gmail and Google Workspace"
    assert found.text == f"{name}: the documented ports are 465 with ssl or 587 with tls."
