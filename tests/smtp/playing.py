"""Play a check against a scripted server, and hold it to what every check must keep."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from smtp_tui.checks.jsonlines import json_line
from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.events import DialogueNote, Event, Received, Sent
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.transcript import lines_of
from tests.smtp.scripted import Script, ScriptedServer, Step, serving

USER, SECRET = "alice@example.test", "s3cret-Wönderland"

# Seconds beyond its time-out and `extra` that a check may take.
GRACE = 1.0

# What nearly every script begins with.
GREETING = "S: 220 mail.example.test ESMTP"
EHLO = "C: EHLO client.example.test"
OPEN = f"{GREETING}\n{EHLO}\nS: 250-mail.example.test\n"


@dataclass(frozen=True)
class Scenario:
    """A script, the settings that differ from those of `play`, and what must come of it."""

    name: str
    script: Script
    stage: str
    cause: str | None
    values: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    protocol: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Played:
    """What a check told, and what the server saw of it."""

    events: tuple[Event, ...]
    verdict: Verdict
    server: ScriptedServer
    seconds: float

    @property
    def notes(self) -> str:
        """All remarks."""
        return "\n".join(event.text for event in self.events if isinstance(event, DialogueNote))

    @property
    def text(self) -> str:
        """The whole transcript."""
        return "\n".join(str(line) for event in self.events for line in lines_of(event))

    @property
    def sent(self) -> list[str]:
        """What was sent, as it is shown."""
        return [event.text for event in self.events if isinstance(event, Sent)]

    @property
    def received(self) -> list[str]:
        """What was received, as it is shown."""
        replies = [event.reply for event in self.events if isinstance(event, Received)]
        return [f"{reply.code} {reply.text}" for reply in replies]


async def play(
    *scripts: Script,
    secret: str = SECRET,
    extra: float = 0,
    allow_clear_password: bool = False,
    checked: bool = True,
    mail: MailRequest | None = None,
    path: Path | None = None,
    **values: Any,
) -> Played:
    """Check a server that follows the scripts; `values` are settings beside the usual ones.

    With a `path` the server is at a UNIX socket. The secret must show nowhere, where that is
    `checked`: a short one stands in any text.
    """
    before = asyncio.all_tasks()
    async with serving(*scripts, path=path) as server:
        whole = {
            "host": f"unix:{path}" if path else "127.0.0.1",
            "port": None if path else server.port,
            "domain": "client.example.test",
            "encryption": "none",
            "timeout": 5,
            **values,
        }
        request = CheckRequest(
            values={key: value for key, value in whole.items() if value is not None},
            base=Path.cwd(),
            secret=secret,
            mail=mail,
            extra=extra,
            allow_clear_password=allow_clear_password,
        )
        began = time.monotonic()
        told = [one async for one in run(request)]
        seconds = time.monotonic() - began
        await server.all_left()
    verdict = told.pop()
    assert isinstance(verdict, Verdict)
    events = tuple(event for event in told if not isinstance(event, Verdict))
    moments = [one.seconds for one in (*events, verdict)]
    assert moments == sorted(moments)
    assert seconds < whole["timeout"] + extra + GRACE
    if ending := asyncio.all_tasks() - before:  # a proxy closes its side a moment later
        await asyncio.wait(ending, timeout=10)
    assert asyncio.all_tasks() == before
    assert all(peer.ended or peer.hung_up for peer in server.peers)
    if checked:
        assert_hidden(secret, events, verdict)
    return Played(events, verdict, server, seconds)


def scenario(name: str, *script: str | Step, ends: tuple[str, str | None], **more: Any) -> Any:
    """Make a scenario a test's parameter; what is no part of one is a setting."""
    parts = ("warnings", "also", "protocol", "detail")
    own = {part: more.pop(part) for part in parts if part in more}
    made = Scenario(name, script, *ends, values=more, **own)
    return pytest.param(made, id=name)


async def play_scenario(scenario: Scenario) -> Played:
    """Play a scenario and compare what came of it."""
    played = await play(scenario.script, **scenario.values)
    verdict = played.verdict
    assert (verdict.stage.value, verdict.cause) == (scenario.stage, scenario.cause), verdict.summary
    assert verdict.ok is (scenario.cause is None)
    assert set(verdict.warnings) == set(scenario.warnings)
    assert verdict.also == scenario.also
    assert verdict.protocol == scenario.protocol
    told = "\n".join([verdict.summary, played.notes, *played.received])
    assert scenario.detail in told
    return played


def forms_of(secret: str) -> set[str]:
    """The forms in which a secret may be echoed."""
    raw = secret.encode()
    encoded = {base64.b64encode(b"\0" * offset + raw).decode()[4:-4] for offset in range(3)}
    return {secret, raw.hex(), raw.hex().upper(), quote(secret), quote(secret, safe=""), *encoded}


def assert_hidden(secret: str, events: tuple[Event, ...], verdict: Verdict) -> None:
    """Fail when the secret shows in an event, a line of the transcript, or a line of JSON."""
    told = [repr(event) for event in (*events, verdict)]
    told += [str(line) for event in events for line in lines_of(event)]
    told += [json_line(one, None, None) or "" for one in (*events, verdict)]
    for form in forms_of(secret):
        assert not [text for text in told if form in text], form
