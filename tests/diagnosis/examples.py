"""Facts of checks that never ran, for the tests of what is made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from smtp_tui.diagnosis.facts import Facts
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.reading import read
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import (
    AuthStarted,
    Capabilities,
    Connected,
    Event,
    Fault,
    Finished,
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


def reply(code: int, *lines: str) -> Reply:
    """A reply with these lines of text."""
    return Reply(code, tuple(line.encode() for line in lines))


def settings(**values: Any) -> Settings:
    """Settings for a host, with some values more."""
    found = read({"host": "mail.example", **values}).settings
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
        Capabilities(
            seconds=0.3, encrypted=True, keywords=(("AUTH", "PLAIN"),), mechanisms=("PLAIN",)
        ),
        AuthStarted(seconds=0.4, mechanism="PLAIN", reason="the settings name it"),
    ]


def facts_of(*events: Event) -> Facts:
    """The facts of these events."""
    facts = Facts()
    for event in events:
        facts.add(event)
    return facts


def finished(stage: Stage, fault: Fault | None = None, **more: Any) -> Finished:
    """The end of a check."""
    return Finished(seconds=0.5, stage=stage, fault=fault, **more)
