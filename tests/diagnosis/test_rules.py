"""What a negative reply means, in the words of real servers and providers."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from string import Formatter

import pytest

from smtp_tui.diagnosis.causes import causes
from smtp_tui.diagnosis.diagnose import NAMES, cause_of, diagnose
from smtp_tui.diagnosis.known_replies import KnownReply as Said
from smtp_tui.diagnosis.rules import ReplyRule, rule_of_refusal, rule_tables, rules
from smtp_tui.providers import provider_of, providers
from smtp_tui.smtp.events import Cause, ServerCapabilities, Stage
from tests.diagnosis import said_by_providers, said_by_servers
from tests.diagnosis.examples import facts_of, finished, reply, settings
from tests.providers.named import provider_named
from tests.table import table

SAID = [*said_by_servers.SAID, *said_by_providers.SAID]
KEYS = {"stage", "command", "mechanism", "code", "enhanced", "text", "provider", "distinct"}
KEYS |= {"without_login", "cause", "for", "what", "why", "cure", "source", "taken"}


def judged(said: Said) -> ReplyRule:
    """The rule that reads a reply."""
    return rule_of_refusal(
        said.stage, said.command, said.reply, said.host, without_login=said.without_login
    )


@table("said", SAID, ids=str)
def test_a_reply_of_the_field(said: Said) -> None:
    assert judged(said).cause == said.cause
    end = finished(said.stage, Cause.REFUSED, command=said.command, reply=said.reply)
    user = {} if said.without_login else {"username": "alice@example.org"}
    used = settings(host=said.host or "mail.example", **user)
    verdict = diagnose(used, facts_of(end), 1.0)
    assert verdict.cause == said.cause == cause_of(end, used, facts_of(end))
    assert said.cure in verdict.cure
    assert "{" not in verdict.why + verdict.cure


def conditions(rule: ReplyRule) -> tuple[object, ...]:
    """What tells a rule from the others."""
    return (*rule.whole.items(), rule.text, rule.providers, rule.is_distinct, rule.without_login)


REACHED = {conditions(judged(said)) for said in SAID}


@table("rule", rules(), ids=lambda rule: rule.source[:60])
def test_every_rule_is_reached_by_an_example(rule: ReplyRule) -> None:
    """So none is in the shadow of those before it."""
    assert conditions(rule) in REACHED


def test_no_two_rules_have_the_same_conditions() -> None:
    assert len({conditions(rule) for rule in rules()}) == len(rules())


@table("table", rule_tables(), ids=lambda table: table["source"][:60])
def test_every_rule_is_sound(table: dict[str, object]) -> None:
    assert set(table) <= KEYS
    assert table["source"]
    assert ("cause" in table) != ("for" in table)
    assert "cause" not in table or table["cause"] in causes()
    lent = str(table.get("for", ""))
    assert not lent or [cause for cause in causes() if re.fullmatch(lent, cause)]
    assert "cause" in table or ("why" in table and "cure" in table)
    for part in ("command", "mechanism", "code", "enhanced", "text"):
        re.compile(str(table.get(part, "")))
    for stage in filter(None, str(table.get("stage", "")).split("|")):
        assert Stage(stage)
    for identity in filter(None, str(table.get("provider", "")).split("|")):
        assert provider_named(identity).id == identity
    assert "distinct" not in table or {"provider", "distinct"} <= set(table)


@table("table", rule_tables(), ids=lambda table: table["source"][:60])
def test_texts_of_a_rule_are_whole(table: dict[str, object]) -> None:
    own = [str(table[part]) for part in ("what", "why", "cure") if part in table]
    for text in own:
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= set(NAMES)
        assert text.isprintable()
        assert text.endswith(".")
        assert text[0].isupper()
        assert "  " not in text
        assert len(text) <= 300
    weak = ("encryption none", "verify_mode", "allow-clear", "encryption to none")
    assert not any(word in text for word in weak for text in own)


REJECTED = "Client host rejected: Access denied"


@table(
    ("port", "offered", "values", "cause"),
    [
        (587, (), {}, "auth-required"),
        (465, (), {"encryption": "ssl"}, "auth-required"),
        (25, ("PLAIN",), {}, "auth-required"),
        (587, ("PLAIN",), {"username": "a", "authentication": "none"}, "auth-required"),
        (25, (), {}, "client-blocked"),
        (2525, (), {}, "client-blocked"),
        (587, ("PLAIN",), {"username": "a"}, "client-blocked"),
    ],
)
def test_a_client_that_is_refused_lacks_a_login_where_one_is_to_be_had(
    port: int, offered: tuple[str, ...], values: dict[str, str], cause: str
) -> None:
    offer = ServerCapabilities(seconds=0.3, encrypted=True, keywords=(), mechanisms=offered)
    said = reply(554, f"5.7.1 <unknown[192.0.2.1]>: {REJECTED}")
    end = finished(Stage.ENVELOPE, Cause.REFUSED, command="RCPT", reply=said)
    assert diagnose(settings(port=port, **values), facts_of(offer, end), 1.0).cause == cause


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_is_no_password_to_any_provider(mechanism: str) -> None:
    hosts = [one.hosts[0].replace("*", "x") for one in providers()]
    for host, words in product(hosts, ("5.7.8 Username and Password not accepted", "5.7.3 No")):
        rule = rule_of_refusal(Stage.AUTH, f"AUTH {mechanism}", reply(535, words), host)
        assert (rule.cause, rule.what) == (
            "auth-rejected",
            "The server rejects the access token: {reply}.",
        )
        assert "token" in (rule.why or "")
        assert "token" in (rule.cure or "")
        assert "app password" not in f"{rule.why} {rule.cure}"


def test_a_text_is_read_over_its_line_ends_and_the_codes_that_begin_them() -> None:
    said = reply(534, "5.7.9 Application-specific", "5.7.9 password required. See https://x.y")
    assert rule_of_refusal(Stage.AUTH, "AUTH PLAIN", said).cause == "auth-app-password-needed"


PROVIDERS_ONLY = [
    said
    for said in said_by_providers.SAID
    if said.host and judged(said).providers and not judged(said).is_distinct
]


@table("said", PROVIDERS_ONLY, ids=str)
def test_what_a_provider_means_is_not_what_another_host_means(said: Said) -> None:
    """An address that the reply repeats names nobody either."""
    provider = provider_of(said.host or "")
    assert provider
    text = said.text
    if provider.signature:
        text = re.sub(provider.signature, "x", text, flags=re.IGNORECASE)
    quoted = Said("mail.example", said.command, f"{text} <a@{said.host}>", said.cause)
    assert provider.id not in judged(quoted).providers


def test_a_reply_may_name_the_provider_behind_a_relay_of_ones_own() -> None:
    text = "451 4.7.500 Server busy. [AM0PR02CA0012.eurprd02.prod.outlook.com]"
    rule = judged(Said("mail.example", "RCPT", text, ""))
    assert "microsoft-365" in rule.providers
    assert rule.cause == "recipient-temporarily-refused"


def test_words_are_lent_to_their_cause_alone() -> None:
    text = "535 5.7.8 Error: authentication failed: please use an app password"
    rule = judged(Said("smtp.sendgrid.net", "AUTH PLAIN", text, ""))
    assert (rule.cause, rule.cure) == ("auth-app-password-needed", None)


def test_some_recipients_refused_have_the_words_of_their_reply() -> None:
    def cure(text: str) -> str:
        end = finished(
            Stage.ENVELOPE, Cause.RECIPIENT_REFUSED, command="RCPT", reply=reply(552, text)
        )
        verdict = diagnose(settings(), facts_of(end), 1.0)
        assert verdict.cause == "recipient-refused"
        return verdict.cure

    assert "when there is room" in cure("5.2.2 Mailbox is full")
    assert cure("5.7.1 Relay access denied") == causes()["recipient-refused"]["cure"]


HOSTILE = [
    "a" * 65000,
    "too many " * 7000,
    "user " * 13000,
    "daily " * 10000,
    "domain " + "x" * 65000,
    "envelope from address " * 3000,
    "<a@" + "b" * 65000,
    "\n".join(["5.7.1 " * 10] * 999),
    "account user mailbox " * 3000,
]


@table("text", HOSTILE, ids=range(len(HOSTILE)))
@table("command", ["AUTH PLAIN", "RCPT", "the message", "EHLO"])
def test_a_hostile_text_takes_no_time(text: str, command: str) -> None:
    said = Said("smtp.gmail.com", command, "", "")
    hostile = reply(550, *text.split("\n"))
    rules(), providers()
    began = time.process_time()
    rule_of_refusal(said.stage, command, hostile, said.host)
    assert time.process_time() - began < 0.5


@pytest.mark.integration
def test_no_rule_reads_its_own_words_slowly() -> None:
    """Texts that nearly fit, again and again, are what makes a pattern slow."""
    rules(), providers()
    for said in SAID:
        words = re.sub(r"(?m)^[0-9]{3}[ -]", "", said.text)
        hostile = reply(550, (words[:-1] * 4096)[:4096])
        began = time.process_time()
        rule_of_refusal(said.stage, said.command, hostile, said.host)
        assert time.process_time() - began < 0.25, said


def test_who_passes_loads_neither_rules_nor_providers() -> None:
    program = """
import sys
from smtp_tui.diagnosis.diagnose import diagnose
from tests.diagnosis.examples import connected, facts_of, finished, settings
from smtp_tui.smtp.events import Stage
assert diagnose(settings(username="a"), facts_of(*connected(), finished(Stage.AUTH)), 1.0).ok
own = [name for name in sys.modules if name.startswith("smtp_tui")]
print([name for name in own if "rules" in name or "providers" in name], "tomllib" in sys.modules)
"""
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout == "[] False\n"
