"""What is known of providers: whole, sourced, and of nobody twice."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from urllib.parse import urlsplit

import pytest

from smtp_tui.providers import (
    Provider,
    SecretKind,
    UsernameKind,
    provider_of,
    providers,
    providers_naming,
)
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.validate import parse_settings
from tests.diagnosis.test_language import AVOIDED, LONGEST
from tests.providers.named import provider_named
from tests.table import table

EVERY = table("provider", providers())


def example_of(host: str) -> str:
    """A host that a pattern stands for."""
    return host.replace("*", "eu-west-1")


def test_there_are_many() -> None:
    assert len(providers()) >= 60


@EVERY
def test_an_entry_is_whole(provider: Provider) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", provider.id)
    assert provider.name.isprintable()
    assert provider.taken >= date(2026, 11, 1)
    for address in (*provider.sources, *filter(None, [provider.page])):
        assert urlsplit(address).scheme == "https"
        assert urlsplit(address).hostname
    assert len({one.port for one in provider.ways}) == len(provider.ways)
    assert all(one.encryption is not Encryption.NONE for one in provider.ways)
    assert len(set(provider.authentication)) == len(provider.authentication)
    for host in (*provider.hosts, *provider.mx, *provider.domains):
        assert re.fullmatch(r"[a-z0-9*-]+(\.[a-z0-9*-]+)+", host)


@EVERY
def test_it_is_found_by_each_of_its_names(provider: Provider) -> None:
    for name in (*provider.hosts, *provider.mx, *provider.domains):
        found = [one.id for one in providers_naming(f" {example_of(name).upper()}. ")]
        assert provider.id in found
        assert [provider_named(one) for one in found] == [*providers_naming(example_of(name))]


def test_a_name_of_nobody_is_found_nowhere() -> None:
    assert not [*providers_naming("mail.example.net")]
    assert not [*providers_naming("")]


@EVERY
def test_its_sentences_are_sentences(provider: Provider) -> None:
    for text in (*provider.limits, *provider.notes):
        assert text.endswith(".")
        assert text[0].isupper() or text[0].isdigit()
        assert text.isprintable()
    for phrase in (provider.username_is, provider.password_is):
        assert phrase.isprintable()
        assert phrase[-1] not in ".,;"


@EVERY
def test_user_and_secret_fit_each_other(provider: Provider) -> None:
    assert (provider.user is UsernameKind.LITERAL) == (provider.username is not None)
    assert (provider.user is UsernameKind.NONE) == (provider.secret is SecretKind.NONE)
    if provider.username is not None:
        assert provider.takes_username(provider.username)
    if provider.user is UsernameKind.ADDRESS:
        assert provider.takes_username("somebody@example.org")
    if provider.authentication[0] is Authentication.NONE:
        assert provider.user is UsernameKind.NONE


@EVERY
def test_a_preset_is_a_configuration(provider: Provider) -> None:
    values = provider_named(provider.id).preset()
    assert set(values) <= set(BY_KEY)
    host = values.get("host", example_of(provider.hosts[0]))
    reading = parse_settings({"host": host, "username": "somebody@example.org", **values})
    assert reading.settings
    assert reading.settings.port == provider.ways[0].port
    assert provider.matches(reading.settings.host)


@EVERY
def test_a_host_is_of_one_provider(provider: Provider) -> None:
    for host in map(example_of, provider.hosts):
        assert [one.id for one in providers() if one.matches(host)] == [provider.id]
        assert provider_of(host) == provider
        assert provider_of(f"{host.upper()}.") == provider
        assert provider_of(f"x.{host}.example") is None


@EVERY
def test_what_it_gives_away_is_given_by_nobody_else(provider: Provider) -> None:
    others = [one for one in providers() if one.id != provider.id]
    assert not [one.id for one in others if set(one.domains) & set(provider.domains)]
    for host in map(example_of, provider.mx):
        assert provider.takes_mail_at(host)
        assert not [one.id for one in others if one.takes_mail_at(host)]


@EVERY
def test_a_signature_is_not_a_word_that_anybody_says(provider: Provider) -> None:
    common = "5.7.8 Error: authentication failed: user unknown, relay access denied, try later"
    assert not provider.signs(common)
    assert not provider.signs("")


@table(
    ("host", "identity"),
    [
        ("smtp.gmail.com", "gmail"),
        ("smtp-relay.gmail.com", "google-relay"),
        ("contoso-com.mail.protection.outlook.com", "microsoft-direct"),
        ("email-smtp.us-gov-west-1.amazonaws.com", "amazon-ses"),
        ("email-smtp-fips.ca-central-1.amazonaws.com", "amazon-ses"),
        ("ex4.mail.ovh.net", "ovh-exchange"),
        ("pro1.mail.ovh.net", "ovh-pro"),
        ("smtp.mail.ovh.net", "ovh"),
        ("smtp.mail.ovh.ca", "ovh"),
        ("mx1.mail.ovh.net", None),
        ("smtp.zohocloud.ca", "zoho"),
        ("smtppro.zoho.sa", "zoho"),
        ("smtp.zoho.com.cn", "zoho"),
        ("smtp.email.eu-west-1.api.bird.com", "bird"),
        ("smtp.eu.sparkpostmail.com", "sparkpost"),
        ("w0123456.kasserver.com", "all-inkl"),
        ("www.kasserver.com", "all-inkl"),
        ("kasserver.com", None),
        ("smtp.exmail.qq.com", "qq-business"),
        ("smtp.mxhichina.com", "aliyun-business"),
        ("smtps.pec.aruba.it", "aruba-pec"),
        ("smtp.email.us-ashburn-1.oci.oraclecloud.com", "oracle"),
        ("email-smtp..amazonaws.com", None),
        ("email-smtp.a.b.amazonaws.com", None),
        ("smtp.gmail.com.example.org", None),
        ("notsmtp.gmail.com", None),
        ("192.0.2.1", None),
        ("", None),
    ],
)
def test_whose_host_it_is(host: str, identity: str | None) -> None:
    found = provider_of(host)
    assert (found.id if found else None) == identity


@table(
    ("identity", "right", "wrong"),
    [
        ("gmail", "alice@gmail.com", "alice"),
        ("sendgrid", "apikey", "alice@example.org"),
        ("sparkpost", "SMTP_Injection", "smtp_injection"),
        ("bird", "SMTP_Injection:x-bird-workspace-id=0a1b2c3d-0a1b", "SMTP_Injection"),
        ("all-inkl", "m0123456", "info"),
        ("amazon-ses", "AKIAIOSFODNN7EXAMPLE", "alice@example.org"),
        ("postmark", "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f", "alice@example.org"),
        ("mailjet", "0123456789abcdef0123456789abcdef", "alice@example.org"),
        ("resend", "resend", "Resend "),
        ("zeptomail", "emailapikey", "apikey"),
        ("oracle", "ocid1.user.oc1..aaaa@ocid1.tenancy.oc1..bbbb.ab.com", "alice@example.org"),
        ("scaleway", "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f", "SCWXXXXXXXXXXXXXXXXX"),
    ],
)
def test_a_user_name_of_the_wrong_form(identity: str, right: str, wrong: str) -> None:
    provider = provider_named(identity)
    assert provider.takes_username(right)
    assert not provider.takes_username(wrong)


@table(
    ("identity", "ssl", "tls"),
    [
        ("oracle", {465}, {25, 587}),
        ("mandrill", {465}, {25, 587, 2525}),
        ("resend", {465, 2465}, {25, 587, 2587}),
        ("mailjet", {465}, {25, 80, 587, 588, 2525}),
        ("mailtrap-sandbox", set(), {25, 465, 587, 2525}),
        ("bird", set(), {587, 2525}),
        ("udag", {465}, {443, 587}),
        ("amazon-ses", {465, 2465}, {25, 587, 2587}),
    ],
)
def test_the_ways_are_all_that_the_provider_documents(
    identity: str, ssl: set[int], tls: set[int]
) -> None:
    provider = provider_named(identity)
    assert not provider.more_ways
    assert {one.port for one in provider.ways if one.encryption is Encryption.SSL} == ssl
    assert {one.port for one in provider.ways if one.encryption is Encryption.TLS} == tls


@EVERY
def test_lists_of_others_do_not_tell_every_way(provider: Provider) -> None:
    lists = ("https://github.com/thunderbird/autoconfig/", "https://github.com/nodemailer/")
    if all(source.startswith(lists) for source in provider.sources):
        assert provider.more_ways or {one.port for one in provider.ways} >= {465, 587}


def test_microsoft_takes_no_oauthbearer() -> None:
    provider = provider_named("microsoft-365")
    assert provider.takes_mechanism(Authentication.XOAUTH2)
    assert not provider.takes_mechanism(Authentication.OAUTHBEARER)


@EVERY
def test_its_phrases_end_a_sentence(provider: Provider) -> None:
    for phrase in (provider.username_is, provider.password_is):
        assert phrase[0].islower() or phrase.startswith("SMTP_Injection")
        assert len(phrase.split()) <= 20
        assert len(phrase) <= 110
    told = (provider.username_is, provider.password_is, *provider.notes, *provider.limits)
    for text in told:
        for sentence in re.split(r"(?<=[.:;])\s", text):
            assert len(sentence.split()) <= LONGEST
        assert not [words for words in AVOIDED if re.search(words, text)]


def test_what_only_the_admin_knows_is_left_out() -> None:
    assert "host" not in provider_named("amazon-ses").preset()
    assert "username" not in provider_named("gmail").preset()
    assert provider_named("sendgrid").preset() == {
        "host": "smtp.sendgrid.net",
        "port": 587,
        "encryption": "tls",
        "username": "apikey",
        "authentication": "auto",
    }


def test_nobody_by_that_name() -> None:
    with pytest.raises(KeyError):
        provider_named("nobody").preset()


def test_the_file_is_read_when_asked_for() -> None:
    program = "import sys, smtp_tui.providers; print('tomllib' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == "False\n"
