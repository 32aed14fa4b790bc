"""What is known of a provider counts at its hosts, and where the reply names it: nowhere else."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from smtp_tui.diagnosis.causes import causes, load_texts
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.error_lookup.lookup import explain_error
from smtp_tui.diagnosis.known_replies import KnownReply as Said
from smtp_tui.diagnosis.rules import ReplyRule, rule_of_refusal, rules
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.providers import providers
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.events import Cause, Stage
from smtp_tui.smtp.message import MailRequest
from tests.checks.outcomes import outcome_of
from tests.diagnosis.examples import facts_of, finished, reply, settings
from tests.diagnosis.said_by_providers import SAID
from tests.diagnosis.test_language import AVOIDED, LONGEST
from tests.providers.named import provider_named
from tests.servers.envelopes import SIGNED_RECIPIENT, UNSIGNED_RECIPIENT
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.table import table

NOBODYS_HOSTS = ("localhost", "127.0.0.1", "::1", "192.0.2.25", "relay.example.net", "postfix")
# Exchange is a program, too, and runs elsewhere: its words lead to both.
EXCHANGE = "authentication unsuccessful"


def judged(said: Said, host: str | None, text: str) -> ReplyRule:
    """The rule that reads a text where another one stood, from another host."""
    other = Said(host, said.command, text, said.cause)
    return rule_of_refusal(other.stage, other.command, other.reply, host)


def unsigned(text: str) -> str:
    """A reply without what names a provider in it."""
    for one in providers():
        if one.signature:
            text = re.sub(one.signature, "x", text, flags=re.IGNORECASE)
    return text


def of_providers(said: Said) -> ReplyRule:
    """The rule that reads a reply at home."""
    return judged(said, said.host, said.text)


def names_its_provider(said: Said) -> bool:
    """Whether a reply carries the signature of one that its rule is about."""
    return any(provider_named(one).signs(said.text) for one in of_providers(said).providers)


OF_PROVIDERS = [said for said in SAID if of_providers(said).providers]
NAMING_THEIRS = [said for said in OF_PROVIDERS if names_its_provider(said)]


def rejected(host: str, text: str, command: str = "AUTH PLAIN") -> Verdict:
    """The verdict of a login that a host rejects."""
    end = finished(Stage.AUTH, Cause.REFUSED, command=command, reply=reply(535, text))
    used = settings(host=host, username="alice@example.org")
    return diagnose(used, facts_of(end), 1.0)


def named_in(text: str) -> set[str]:
    """The providers that a text speaks of, by the first word of their names."""
    brands = {one.name.split()[0].split("/")[0] for one in providers()} | {"SES", "Google"}
    return {brand for brand in brands if re.search(rf"\b{re.escape(brand)}\b", text)}


@table("said", OF_PROVIDERS, ids=str)
def test_at_another_host_a_reply_that_names_nobody_is_nobodys(said: Said) -> None:
    at_home = of_providers(said)
    others = [
        one.hosts[0].replace("*", "x") for one in providers() if one.id not in at_home.providers
    ]
    text = unsigned(said.text)
    for host in (None, *NOBODYS_HOSTS, *others):
        rule = judged(said, host, text)
        assert not set(rule.providers) & set(at_home.providers), host
        assert rule.why is None or rule.why != at_home.why, host


@table("said", NAMING_THEIRS, ids=str)
def test_a_reply_that_names_its_provider_is_its_own_behind_any_relay(said: Said) -> None:
    for host in (None, *NOBODYS_HOSTS):
        assert judged(said, host, said.text).providers == of_providers(said).providers


def test_words_that_carry_the_cause_give_it_without_the_advice() -> None:
    text = "535 5.7.9 Application-specific password required."
    rule = judged(Said(None, "AUTH PLAIN", text, ""), "localhost", text)
    assert (rule.cause, rule.why, rule.cure) == ("auth-app-password-needed", None, None)
    verdict = rejected("localhost", text)
    assert verdict.cure == causes()["auth-app-password-needed"]["cure"]


def test_words_that_another_server_means_otherwise_are_read_as_its() -> None:
    """At Zoho it is the sender that may not; elsewhere it is the client."""
    text = "553 Relaying disallowed as x@y.example"
    said = Said("smtp.zoho.eu", "the message", text, "sender-refused")
    assert of_providers(said).cause == "sender-refused"
    assert judged(said, "mail.example.net", text).cause == "relay-denied"


@pytest.mark.parametrize("host", [*NOBODYS_HOSTS, "smtp.sendgrid.net"])
def test_a_password_rejected_at_another_host_brings_no_advice_of_amazons(host: str) -> None:
    for text in ("Authentication Credentials Invalid", "5.7.8 Error: authentication failed: "):
        verdict = rejected(host, text)
        assert verdict.cause == "auth-rejected"
        assert named_in(f"{verdict.why} {verdict.cure}") <= {"SendGrid"}
    explained = explain_error(f"SMTPAuthenticationError: (535, b'{text}') at {host}:25")
    assert explained
    assert named_in(f"{explained.why} {explained.cure}") <= {"SendGrid"}


def test_the_advice_of_amazons_is_at_amazons_hosts() -> None:
    verdict = rejected("email-smtp.eu-west-1.amazonaws.com", "Authentication Credentials Invalid")
    assert "SMTP credentials" in verdict.cure
    assert "SES" in verdict.cure


async def test_a_password_that_a_real_postfix_rejects_on_localhost(
    mail_servers: MailServers,
) -> None:
    values = {
        "host": mail_servers.host,
        "port": mail_servers.ports[Listener.STARTTLS_REQUIRED],
        "ca_file": str(mail_servers.authority_file),
        "username": mail_servers.user.name,
    }
    for mechanism in ("plain", "login", "cram-md5"):
        _, verdict = await outcome_of({**values, "authentication": mechanism}, secret="wrong")
        assert verdict.cause == "auth-rejected"
        assert not named_in(f"{verdict.why} {verdict.cure}")


@pytest.mark.parametrize(
    ("recipient", "named"), [(SIGNED_RECIPIENT, {"Google", "Gmail"}), (UNSIGNED_RECIPIENT, set())]
)
async def test_what_a_real_postfix_passes_on(
    mail_servers: MailServers, recipient: str, named: set[str]
) -> None:
    values = {
        "host": mail_servers.host,
        "port": mail_servers.ports[Listener.STARTTLS_OFFERED],
        "ca_file": str(mail_servers.authority_file),
        "from": mail_servers.user.name,
    }
    _, verdict = await outcome_of(values, mail=MailRequest(recipients=(parse_mailbox(recipient),)))
    assert verdict.reply
    assert "Recipient address rejected: Invalid credentials for relay" in verdict.reply.text
    assert verdict.cause == "relay-denied"
    assert named_in(verdict.cure) == named


# What Postfix says for the server behind it (ADDRESS_VERIFICATION_README), in that one's words.
BEHIND = "550 5.1.1 <bob@example.net>: Recipient address rejected: undeliverable address: host {}"


@pytest.mark.parametrize(
    ("words", "cause", "identity"),
    [
        (
            "smtp-relay.gmail.com[192.0.2.1] said: 550-5.7.1 Invalid credentials for relay"
            " [192.0.2.9]. - gsmtp (in reply to RCPT TO command)",
            "relay-denied",
            "google-relay",
        ),
        (
            "contoso.mail.protection.outlook.com[192.0.2.1] said: 550 5.7.64 TenantAttribution;"
            " Relay Access Denied (in reply to RCPT TO command)",
            "relay-denied",
            "microsoft-365",
        ),
        (
            "mx.example.net[192.0.2.1] said: 550 Sender address is not allowed."
            " (in reply to MAIL FROM command)",
            "sender-refused",
            None,
        ),
    ],
)
def test_a_postfix_of_ones_own_says_what_the_provider_behind_it_said(
    words: str, cause: str, identity: str | None
) -> None:
    text = BEHIND.format(words)
    for host in NOBODYS_HOSTS:
        rule = judged(Said(None, "RCPT", text, ""), host, text)
        assert rule.cause == cause
        assert identity in rule.providers if identity else not rule.providers


def test_the_words_of_a_rule_for_everybody_name_no_provider() -> None:
    named = {
        rule.source: named_in(f"{rule.what} {rule.why} {rule.cure}")
        for rule in rules()
        if not rule.providers and rule.text != EXCHANGE
    }
    assert not {source: names for source, names in named.items() if names}


def test_the_words_of_a_providers_rule_need_no_host_of_its_own() -> None:
    """A reply may come from a relay of one's own: its name is no provider's."""
    texts = [
        text for rule in rules() if rule.providers for text in (rule.what, rule.why, rule.cure)
    ]
    assert not [text for text in texts if text and "{host}" in text]


@table("table", load_texts("replies-of-providers.toml")["rule"], ids=str)
def test_a_rule_is_dated_and_in_plain_words(table: dict[str, Any]) -> None:
    assert table["taken"] >= date(2026, 11, 24)
    for text in (table.get("what", ""), table["why"], table["cure"]):
        for sentence in re.split(r"(?<=[.:;])\s", text):
            assert len(sentence.split()) <= LONGEST
        assert not [words for words in AVOIDED if re.search(words, text)]


def test_only_what_is_about_a_provider_can_be_distinct() -> None:
    assert all(rule.providers for rule in rules() if rule.is_distinct)
