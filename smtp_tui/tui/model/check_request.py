"""Build the request of a test from the draft, and run it to its verdict."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.checks.request import CheckRequest, FollowRequest
from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.lazy import load
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import AskSource, source_as_toml
from smtp_tui.smtp.events import Event, MessageQueued
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.redaction import RedactorGroup
from smtp_tui.tui.model.draft import PASSWORD, SettingsDraft

if TYPE_CHECKING:
    from smtp_tui.arrival.prove import ProofRequest
    from smtp_tui.config.dialects.spec import DialectRecognition
    from smtp_tui.tui.model.form_tap import FormTap

Runner = Callable[[CheckRequest], AsyncGenerator[Event | Verdict, None]]
Report = Callable[[Event], None]


@cache
def shared_redactors() -> RedactorGroup:
    """Return the redactors of all tests: a server may repeat an earlier password."""
    return RedactorGroup()


def run_check(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
    """Run a check."""
    # The engine takes 88 ms to import; the first screen need not wait for it.
    follows = "checks.after_sending:run" if request.follow else "checks.run:run"
    run: Runner = load("tui.model.proof:run_proof" if request.prove else follows)
    return run(replace(request, redactors=shared_redactors()))


def form_tap(settings: Settings, request: CheckRequest, file: Path) -> FormTap:
    """Return a tap with the settings of a form."""
    # The tap with the engine takes 130 ms to import, and few sessions use it.
    tap: FormTap = load("tui.model.form_tap:FormTap")(settings, request, file)
    return tap


_LONGEST_PID = 7  # digits; Linux has no process above 4194304


class PlaceRefusedError(Exception):
    """A test cannot run from the chosen place; the text is for the admin."""


@record
class ChosenPlace:
    """Where the application runs, for tests from there: a container, a unit or a process.

    `word` finds it; `about` tells it from others.
    """

    kind: str
    word: str
    about: str = ""

    @property
    def name(self) -> str:
        """Its name without that of its engine."""
        return self.word.partition(":")[2] or self.word if self.kind == "container" else self.word

    @property
    def title(self) -> str:
        """The place in a sentence."""
        return f"{self.kind} {one_line(self.name, 80)}"

    @property
    def searched(self) -> str:
        """What a search finds it by."""
        return f"{self.kind} {self.word} {self.about}".casefold()


def typed_process(words: str, places: Iterable[ChosenPlace]) -> list[ChosenPlace]:
    """Return the process of a typed number, unless the places have it."""
    pid = words.strip()
    if not (pid.isascii() and pid.isdigit()) or len(pid) > _LONGEST_PID:
        return []
    is_known = any((place.kind, place.word) == ("process", pid) for place in places)
    return [] if is_known else [ChosenPlace("process", pid)]


def runner_at(place: ChosenPlace | None, runner: Runner) -> Runner:
    """Return what runs the tests of a session: from the chosen place, or the runner itself."""
    if place is None:
        return runner
    # Loads ctypes and what asks docker, podman and systemd: few sessions test from elsewhere.
    runner_from: Callable[[ChosenPlace], Runner] = load("tui.model.test_place:runner_from")
    return runner_from(place)


def server_text(settings: Settings) -> str:
    """Return the server of the settings; a UNIX socket has no port."""
    return settings.host if settings.is_socket else f"{settings.host} port {settings.port}"


def title_of(settings: Settings, mail: MailRequest | None, place: str = "") -> str:
    """Return a test's title: where it runs if not here, server, encryption, login, recipients."""
    encryption = "unencrypted" if settings.encryption is Encryption.NONE else settings.encryption
    login = "no" if settings.authentication is Authentication.NONE else settings.authentication
    where = f"in {place}: " if place else ""
    server = f"{where}{server_text(settings)}, {encryption}, {login} login"
    if mail is None:
        return server
    first, *others = (recipient.address for recipient in mail.recipients)
    recipients = f"{first} and {len(others)} more" if others else first
    return f"{server}, {'asks about' if mail.body is None else 'a message to'} {recipients}"


def needs_password_prompt(draft: SettingsDraft, settings: Settings) -> bool:
    """Whether a test needs a password that the admin must type."""
    is_missing = settings.password is None or isinstance(settings.password, AskSource)
    return settings.needs_password and is_missing and draft.password.secret() is None


def request_for(
    draft: SettingsDraft,
    *,
    file: Path,
    table: str,
    secret: str | None = None,
    mail: MailRequest | None = None,
    follow: FollowRequest | None = None,
    allow_clear_password: bool = False,
    is_trusted: bool = False,
    recognition: DialectRecognition | None = None,
    prove: ProofRequest | None = None,
) -> CheckRequest:
    """Build a request from the draft; a typed password goes into `secret`, not into the values.

    `is_trusted`: the admin allowed the password source in the file, whoever can write the file.
    `recognition` is the detected format of the file, `prove` where the message must arrive.
    """
    values, typed = draft.values(), secret or draft.password.secret()
    assumed = frozenset(key for key in values if draft.raw(key) is None)
    if typed is not None:
        values[PASSWORD] = source_as_toml(AskSource())
    return CheckRequest(
        values=values,
        assumed=assumed,
        base=file.parent,
        file=str(file),
        table=table,
        origin=file if draft.password.is_as_in_file and not is_trusted else None,
        secret=typed,
        mail=mail,
        follow=follow,
        allow_clear_password=allow_clear_password,
        recognition=recognition,
        inside=frozenset(values) if recognition and recognition.is_inside else frozenset(),
        prove=prove,
    )


def search_after(request: CheckRequest, events: Sequence[Event]) -> str:
    """Return the texts' part on the search for an accepted message; "" if none goes on."""
    if not any(isinstance(each, MessageQueued) for each in events):
        return ""
    return "prove" if request.prove else "follow" if request.follow else ""


def time_limit(request: CheckRequest, settings: Settings) -> float:
    """Return the seconds that a test may take."""
    searches = [search.within for search in (request.follow, request.prove) if search]
    return settings.timeout + max(searches, default=0)


async def run_to_verdict(runner: Runner, request: CheckRequest, report: Report) -> Verdict | None:
    """Run a check, report its events and return its verdict; cancelling closes the connection."""
    async with aclosing(runner(request)) as events:
        async for event in events:
            if isinstance(event, Verdict):
                return event
            report(event)
            await asyncio.sleep(0)  # a flood of lines must not delay keys
    return None
