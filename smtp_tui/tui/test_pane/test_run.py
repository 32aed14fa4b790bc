"""Testing the settings as they stand in the form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import Ask, source_as_toml
from smtp_tui.smtp.delivery import MailRequest
from smtp_tui.smtp.events import Event
from smtp_tui.tui.model.draft import PASSWORD, Draft

if TYPE_CHECKING:
    from smtp_tui.checks.run import CheckRequest
    from smtp_tui.config.dialects.spec import Recognition
    from smtp_tui.discovery.dns import Resolver
    from smtp_tui.smtp.redaction import Redactors

Runner = Callable[["CheckRequest"], AsyncGenerator[Event | Verdict, None]]
Report = Callable[[Event], None]


@record
class CompletedTest:
    """A test that came to its end, for a report; `moment` is when it began."""

    request: CheckRequest
    settings: Settings
    events: tuple[Event, ...]
    verdict: Verdict
    moment: datetime


def system_resolver() -> Resolver:
    """Return what asks the system's name servers; its library is loaded when it is first wanted."""
    from smtp_tui.discovery.dns import Resolver

    return Resolver()


@record(kw_only=True)
class DnsOptions:
    """How names are looked up.

    `is_alone`: nobody outside this machine is ever asked, as in the demo. `by_itself`: a test that
    passed asks about the sender's domain without a key. `selectors` are those of DKIM keys.
    """

    resolver: Callable[[], Resolver] = system_resolver
    by_itself: bool = True
    selectors: tuple[str, ...] = ()
    is_alone: bool = False


def run_check(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
    """Run a check; the engine is loaded with the first one."""
    from smtp_tui.checks.run import run

    return run(replace(request, redactors=_redactors()))


@cache
def _redactors() -> Redactors:
    """The redactors of all tests: a server may repeat the password of an earlier one."""
    from smtp_tui.smtp.redaction import Redactors

    return Redactors()


def title_of(settings: Settings, mail: MailRequest | None) -> str:
    """Name a test: where it goes and how, and what it hands over to whom."""
    link = "unencrypted" if settings.encryption is Encryption.NONE else settings.encryption
    login = "no" if settings.authentication is Authentication.NONE else settings.authentication
    place = f"{settings.host} port {settings.port}, {link}, {login} login"
    if mail is None:
        return place
    first, *others = (one.address for one in mail.recipients)
    whom = f"{first} and {len(others)} more" if others else first
    return f"{place}, {'asks about' if mail.body is None else 'a message to'} {whom}"


def sends(mail: MailRequest | None) -> bool:
    """Whether a test is one that hands over a message."""
    return mail is not None and mail.body is not None


def needs_password_prompt(draft: Draft, settings: Settings) -> bool:
    """Tell whether a test needs a password that only the admin can give."""
    is_nowhere = settings.password is None or isinstance(settings.password, Ask)
    return settings.needs_password and is_nowhere and draft.password.secret() is None


def request_for(
    draft: Draft,
    *,
    file: Path,
    table: str,
    secret: str | None = None,
    mail: MailRequest | None = None,
    allow_clear_password: bool = False,
    is_trusted: bool = False,
    recognition: Recognition | None = None,
) -> CheckRequest:
    """Put the draft into a request; a password at hand goes apart from the values.

    `is_trusted`: the admin let the password be used that the file names, whoever can write it.
    `recognition` is what the file was read as.
    """
    from smtp_tui.checks.run import CheckRequest

    values, at_hand = draft.values(), secret or draft.password.secret()
    assumed = frozenset(key for key in values if draft.raw(key) is None)
    if at_hand is not None:
        values[PASSWORD] = source_as_toml(Ask())
    return CheckRequest(
        values=values,
        assumed=assumed,
        base=file.parent,
        file=str(file),
        table=table,
        origin=file if draft.password.is_as_in_file and not is_trusted else None,
        secret=at_hand,
        mail=mail,
        allow_clear_password=allow_clear_password,
        recognition=recognition,
    )


async def run_to_verdict(runner: Runner, request: CheckRequest, report: Report) -> Verdict | None:
    """Run one check to its verdict, reporting what happens; cancelling it closes the connection."""
    async with aclosing(runner(request)) as events:
        async for event in events:
            if isinstance(event, Verdict):
                return event
            report(event)
            await asyncio.sleep(0)  # a flood of lines must not keep the keys waiting
    return None
