"""Check SMTP settings from a Python program, and read what happened.

The names in `__all__`, which `smtp_tui` exports too, are the interface; `docs/python.md` says what
may change in which version. A failed check is a result, not an exception.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from smtp_tui.checks.exit_status import exit_status
from smtp_tui.checks.jsonlines import json_line
from smtp_tui.checks.recording import Recording, RecordingError, read_recording
from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.open_document import open_document
from smtp_tui.diagnosis.verdict import Fix, Verdict
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.events import Event, Stage
from smtp_tui.smtp.message import BODY, SUBJECT, MailRequest, parse_body, parse_subject

__all__ = (
    "DocumentError",
    "Event",
    "Fix",
    "Recording",
    "RecordingError",
    "Stage",
    "Verdict",
    "as_json",
    "check",
    "check_async",
    "check_events",
    "exit_status",
    "read_recording",
)

P = ParamSpec("P")
R = TypeVar("R")

SettingsOrFile = Mapping[str, object] | str | os.PathLike[str]


async def check_async(
    settings: SettingsOrFile,
    *,
    table: str | None = None,
    password: str | None = None,
    sender: str | None = None,
    recipients: Sequence[str] = (),
    subject: str | None = None,
    message: str | None = None,
    allow_clear_password: bool = False,
    extra_seconds: float = 3.0,
    on_event: Callable[[Event], object] | None = None,
) -> Verdict:
    """Check settings as `check` does; cancelling the task closes the connection."""
    updates = check_events(
        settings,
        table=table,
        password=password,
        sender=sender,
        recipients=recipients,
        subject=subject,
        message=message,
        allow_clear_password=allow_clear_password,
        extra_seconds=extra_seconds,
    )
    async with aclosing(updates):
        async for update in updates:
            if isinstance(update, Verdict):
                return update
            if on_event is not None:
                on_event(update)
    raise AssertionError("a check ends with a verdict")


def _with_arguments_of(
    described: Callable[P, object],
) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the arguments of another, for type checkers, editors and `help`."""
    return functools.partial(functools.update_wrapper, wrapped=described, assigned=(), updated=())


@_with_arguments_of(check_async)
def check(*arguments: Any, **named: Any) -> Verdict:
    """Check settings, and return the verdict.

    `settings` are values by key, as `smtp-tui explain` lists them and a TOML file has them, or the
    path of a file that `smtp-tui check` reads, with a `table` of it. `timeout` among them is in
    seconds. `password` is used instead of the password there. The server is asked whether it
    accepts mail from `sender` (else that of the settings) to the `recipients`; with a `message` or
    a `subject` they get one. After a failure, probes without a password take at most
    `extra_seconds`. `on_event` is called with each event as it happens.

    Raise DocumentError if the file cannot be read or does not have the table, ValueError if an
    address or a text cannot be used, and RuntimeError in a running event loop, where `check_async`
    is the function to await. Settings that cannot be used give a verdict at the stage `settings`.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise RuntimeError("an event loop is running: await smtp_tui.check_async instead")
    return asyncio.run(check_async(*arguments, **named))


async def check_events(
    settings: SettingsOrFile,
    *,
    table: str | None = None,
    password: str | None = None,
    sender: str | None = None,
    recipients: Sequence[str] = (),
    subject: str | None = None,
    message: str | None = None,
    allow_clear_password: bool = False,
    extra_seconds: float = 3.0,
) -> AsyncGenerator[Event | Verdict, None]:
    """Yield the events of a check as they happen, and its verdict last.

    The arguments and errors are those of `check`. Wrap the generator in `contextlib.aclosing`:
    closing it closes the connection.
    """
    mail = _mail_of(sender, recipients, subject, message)
    request = _request_of(settings, table)
    async with aclosing(
        run(
            CheckRequest(
                **request,
                secret=password,
                mail=mail,
                allow_clear_password=allow_clear_password,
                extra=extra_seconds,
            )
        )
    ) as updates:
        async for update in updates:
            yield update


def as_json(update: Event | Verdict) -> dict[str, Any] | None:
    """Return an event or a verdict as `check --json` prints it; None if it prints no line for it.

    `smtp-tui check --json-schema` prints the schema.
    """
    line = json_line(update, None, None)
    return None if line is None else json.loads(line)


def _request_of(settings: SettingsOrFile, table: str | None) -> dict[str, Any]:
    """Return the arguments of a request that are from the settings."""
    if isinstance(settings, Mapping):
        if table is not None:
            raise ValueError("table names a table of a file; give the file's path as settings")
        return {"values": dict(settings), "base": Path()}
    path = Path(settings)
    document = open_document(path)
    table = table or document.default_table()
    values = document.values(table)
    return {
        "values": values,
        "base": path.parent,
        "file": str(path),
        "table": table,
        "origin": path,
        "assumed": frozenset(values) - document.given(table),
        "recognition": document.recognition,
        "notes": document.remarks(table),
    }


def _mail_of(
    sender: str | None, recipients: Sequence[str], subject: str | None, message: str | None
) -> MailRequest | None:
    if isinstance(recipients, str):
        raise TypeError("recipients is a list of addresses, not one string")
    has_message = subject is not None or message is not None
    if not recipients:
        if sender is not None or has_message:
            raise ValueError("sender, subject and message need recipients")
        return None
    return MailRequest(
        recipients=tuple(map(parse_mailbox, recipients)),
        sender=None if sender is None else parse_mailbox(sender),
        subject=SUBJECT if subject is None else parse_subject(subject),
        body=parse_body(BODY if message is None else message) if has_message else None,
    )
