"""Facts of checks that never ran, for the tests of what is made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from smtp_tui.diagnosis.causes import causes, texts_of
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.settings.fields import FIELDS, Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import (
    AuthStarted,
    Cause,
    Connected,
    Event,
    Finished,
    ServerCapabilities,
    Stage,
    TlsEstablished,
)
from smtp_tui.smtp.replies import Reply

CERTIFICATE = Certificate(
    subject="CN=mail.example",
    names=("mail.example", "smtp.example"),
    issuer="CN=Example CA",
    not_before=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    not_after=datetime(2026, 4, 2, 3, 4, tzinfo=UTC),
    sha256="ab" * 32,
    has_san=True,
)


def known_causes() -> set[str]:
    """The ids of all causes that an error can have."""
    return {*causes(), *texts_of("error_lookup/words.toml")["cause"]}


def reply(code: int, *lines: str) -> Reply:
    """A reply with these lines of text."""
    return Reply(code, tuple(line.encode() for line in lines))


def settings(**values: Any) -> Settings:
    """Settings for a host, with some values more."""
    found = parse_settings({"host": "mail.example", **values}).settings
    assert found is not None
    return found


def connected() -> list[Event]:
    """What happens on the way to a login inside TLS."""
    return [
        Connected(seconds=0.1, address="192.0.2.1", port=587, local_address="192.0.2.9"),
        TlsEstablished(
            seconds=0.2,
            version="TLSv1.3",
            cipher="TLS_AES_256_GCM_SHA384",
            verified=True,
            chain=(CERTIFICATE,),
        ),
        ServerCapabilities(
            seconds=0.3, encrypted=True, keywords=(("AUTH", "PLAIN"),), mechanisms=("PLAIN",)
        ),
        AuthStarted(seconds=0.4, mechanism="PLAIN", reason="the settings name it"),
    ]


def facts_of(*events: Event) -> CheckSummary:
    """The facts of these events."""
    facts = CheckSummary()
    for event in events:
        facts.add(event)
    return facts


def finished(stage: Stage, fault: Cause | None = None, **more: Any) -> Finished:
    """The end of a check."""
    return Finished(seconds=0.5, stage=stage, fault=fault, **more)


# What may stand in a table, right or wrong, of the right kind or not.
_WORDS = ["localhost", "smtp.gmail.com", "192.0.2.1", "::1", "a@b.example", "none", "tls", "ssl"]
_WORDS += ["auto", "plain", "xoauth2", "external", "peer", "1.0", "\x1b[2J", "\u202eb", "a\nb", ""]
_LETTERS = "ab1@.-:[] <>ü漢\0\n\x1b\x9b\u202e\ud800"
_ODD = st.one_of(
    st.sampled_from(_WORDS),
    st.text(_LETTERS, max_size=12),
    st.integers(-10, 70_000),
    st.sampled_from([25, 465, 587, 2525]),
    st.floats(),
    st.booleans(),
    st.none(),
    st.lists(st.text(_LETTERS, max_size=3), max_size=2),
    st.dictionaries(
        st.sampled_from(["env", "file", "keyring"]), st.text(_LETTERS, max_size=5), max_size=2
    ),
)


def any_values() -> st.SearchStrategy[dict[str, object]]:
    """Raw values of a table, some of them such as a form or a file may hold by mistake."""
    likely = {
        field.key: st.one_of(st.sampled_from(field.choices), _ODD) if field.choices else _ODD
        for field in FIELDS
    }
    return st.fixed_dictionaries({}, optional=likely)
