"""The texts for people: one for each cause and warning, whole, filled in, and safe to show."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from smtp_tui.diagnosis.causes import causes, label, parts_of, texts_of
from smtp_tui.diagnosis.diagnose import NAMES, UNKNOWN, diagnose, template_vars, warning_text
from smtp_tui.diagnosis.rules import rule_tables
from smtp_tui.diagnosis.verdict import PEER_LOOK
from smtp_tui.smtp.events import Cause, Experiment, Stage, WarningId
from tests.diagnosis.examples import CERTIFICATE, connected, facts_of, finished, reply, settings
from tests.table import table

KNOWN = {fault.value for fault in Cause} - {"refused"}
KNOWN |= {rule["cause"] for rule in rule_tables() if "cause" in rule}
KNOWN |= {"reply-unexpected"}

TEXTS = ("what", "why", "cure")

# On these both sides speak before there is any certificate, address or reply.
WHOLE = [*connected(), Experiment(seconds=0.5, name=PEER_LOOK, outcome="ok", text="")]


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_cause_has_its_text_and_no_text_is_idle() -> None:
    assert set(causes()) == KNOWN


def test_every_warning_has_its_text_and_no_text_is_idle() -> None:
    assert set(texts_of("warnings.toml")) == {warning.value for warning in WarningId}


@table("cause", causes())
def test_texts_of_a_cause_are_whole(cause: str) -> None:
    texts = causes()[cause]
    optional = {"local", "lmtp", "token", "socket", "experiments", "fixes", "ask", "faults"}
    assert set(texts) - optional == {"label", *TEXTS}
    for text in [
        *parts_of(cause).values(),
        *parts_of(cause, is_local=True).values(),
        *parts_of(cause, is_lmtp=True).values(),
        *parts_of(cause, has_token=True).values(),
        *parts_of(cause, is_socket=True).values(),
    ]:
        assert placeholders(text) <= set(NAMES)
        assert text.isprintable()
        assert text.endswith(".")
        assert text[0].isupper() or text[0] == "{" or text.startswith("smtp-tui")
        assert "  " not in text


@table("cause", causes())
def test_texts_are_filled_in(cause: str) -> None:
    facts = facts_of(
        *WHOLE,
        finished(
            Stage.AUTH,
            Cause.AUTH_NOT_OFFERED,
            reply=reply(550, "5.7.1 No"),
            detail="a detail",
            command="AUTH PLAIN",
            certificate=CERTIFICATE,
            protocol="HTTP",
        ),
    )
    names = template_vars(settings(username="alice"), facts)
    # A chain that holds no root names nothing to trust.
    assert {name for name, value in names.items() if value == UNKNOWN} == {
        "trusted",
        "trusted_sha256",
    }
    for text in parts_of(cause).values():
        filled = text.format_map(names)
        assert "{" not in filled
        assert ".." not in filled
        assert filled.isprintable()


@table("cause", causes())
def test_texts_hold_with_nothing_known(cause: str) -> None:
    names = template_vars(None, facts_of(finished(Stage.SETTINGS, Cause.SETTINGS_INVALID)))
    for text in parts_of(cause).values():
        assert text.format_map(names)


@table("warning", list(WarningId))
def test_a_warning_is_a_plain_sentence(warning: WarningId) -> None:
    names = template_vars(settings(), facts_of(*WHOLE))
    text = warning_text(warning, names)
    assert placeholders(texts_of("warnings.toml")[warning]["text"]) <= set(NAMES)
    assert text.endswith(".")
    assert text[0].isupper()
    assert len(text) <= 200
    assert UNKNOWN not in text


def test_a_weaker_setting_is_never_the_first_advice() -> None:
    weak = ("encryption none", "verify_mode", "allow-clear", "tls_minimum")
    for cause, texts in causes().items():
        clauses = {"{try_ports}": "Try port 587 (tls). ", "{encrypt}": "Set encryption to tls. "}
        cure = texts["cure"]
        for name, clause in clauses.items():
            cure = cure.replace(name, clause)
        first = cure.split(". ")[0]
        assert not any(word in first for word in weak), cause


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("ok", "accept this certificate."), ("certificate-expired", ": certificate expired.")],
)
def test_what_peer_would_have_said_stands_in_the_warning(outcome: str, words: str) -> None:
    look = Experiment(seconds=1, name=PEER_LOOK, outcome=outcome, text="")
    names = template_vars(settings(), facts_of(*connected(), look))
    assert warning_text(WarningId.CERTIFICATE_NOT_VERIFIED, names).endswith(words)


def test_without_a_second_look_nothing_is_said_of_it() -> None:
    names = template_vars(settings(), facts_of(*connected()))
    assert "peer" not in warning_text(WarningId.CERTIFICATE_NOT_VERIFIED, names)


def test_a_servers_words_fit_into_the_sentence() -> None:
    end = finished(
        Stage.AUTH,
        Cause.REFUSED,
        command="AUTH PLAIN",
        reply=reply(535, "5.7.8 No \x1b[2J way.", "5.7.8 Go to {host} \u202e."),
    )
    verdict = diagnose(settings(), facts_of(end), 1.0)
    assert verdict.summary == (
        "The server rejects username or password: "
        "535 5.7.8 No \\x1b[2J way. 5.7.8 Go to {host} \\u202e."
    )


def test_a_flood_of_words_is_cut() -> None:
    end = finished(Stage.AUTH, Cause.REFUSED, reply=reply(535, "x" * 5000))
    assert len(diagnose(settings(), facts_of(end), 1.0).summary) < 400


def test_many_names_of_a_certificate_are_counted() -> None:
    from dataclasses import replace

    many = replace(CERTIFICATE, names=tuple(f"host{number}.example" for number in range(40)))
    end = finished(Stage.TLS, Cause.CERTIFICATE_NAME_MISMATCH, certificate=many)
    verdict = diagnose(settings(), facts_of(end), 1.0)
    assert "host4.example and 35 more, not for mail.example" in verdict.summary


def test_the_address_stands_beside_the_name() -> None:
    names = template_vars(settings(), facts_of(*connected()))
    assert names["endpoint"] == "mail.example (192.0.2.1 port 587)"
    names = template_vars(settings(host="192.0.2.1"), facts_of(*connected()))
    assert names["endpoint"] == "192.0.2.1 port 587"
    assert template_vars(settings(), facts_of())["endpoint"] == "mail.example port 587"


def test_every_cause_and_warning_has_a_few_words_for_the_screen() -> None:
    for identity in (*causes(), *texts_of("warnings.toml")):
        words = label(identity)
        assert not re.search("-(?!signed|tui)", words)
        assert len(words) <= 36
        assert words.isprintable()
        assert not words.endswith(".")
