"""Keep a check as a file: its settings without secrets, its redacted events and its verdict.

A recording is JSON Lines, with the names of `check --json`: the first line says what was checked
and by which version, the last is the verdict. Between them stands each event with all that its
diagnosis needs. A recording holds no password, no token, nothing that AUTH derives from them, and
no message.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import smtp_tui
from smtp_tui.checks.output_file import write_whole
from smtp_tui.checks.record_codec import Clean, UnknownIdError, UnreadableValueError, decode, encode
from smtp_tui.checks.report import without
from smtp_tui.checks.request import CheckRequest, SuppliedPassword, secret_at_hand
from smtp_tui.config.errors import one_line, reason
from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.verdict import CheckSummary, Recipient, Verdict
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, mask_credentials
from smtp_tui.settings.fields import FIELDS, FieldKind, Settings
from smtp_tui.settings.password_sources import LiteralSource
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp import events
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Event
from smtp_tui.smtp.redaction import HIDDEN, Redactor, as_bytes

VERSION = 1
"""The version of the format: incremented when an older smtp-tui would misread a recording."""
START = '{"event": "recording"'
"""How every recording begins; a recording replaces no other file."""
LARGEST = 16 * 1024 * 1024  # bytes; a dialogue has at most a few
_MOST_LINES = 100_000
_LONGEST_TIME = 10 * 86400.0  # seconds

# The names of `checks.jsonlines`, and those of the events that only structure the dialogue.
NAMES: dict[str, type] = {
    "stage": events.StageEntered,
    "resolved": events.Resolved,
    "connecting": events.Connecting,
    "connected": events.Connected,
    "sent": events.Sent,
    "received": events.Received,
    "tls": events.TlsEstablished,
    "tls-failed": events.TlsFailed,
    "capabilities": events.ServerCapabilities,
    "auth": events.AuthStarted,
    "note": events.DialogueNote,
    "experiment": events.Experiment,
    "recipient": events.RecipientReply,
    "queued": events.MessageQueued,
    "followed": events.Followed,
    "finished": events.Finished,
}
_NAME_OF = {kind: name for name, kind in NAMES.items()}


class RecordingError(Exception):
    """A file cannot be shown as a recording; the message is one line for the admin."""


@record(kw_only=True)
class RecordedCheck:
    """The first line of a recording: what was checked, when, and by which smtp-tui.

    `settings` are those that were set, by key, and None if they could not be used. `login` is the
    kind of place that the password came from.
    """

    version: int
    program: str
    moment: datetime
    file: str | None = None
    table: str | None = None
    settings: Mapping[str, object] | None = None
    login: str = "none"


@record(kw_only=True)
class Recording:
    """A check as it was recorded; the verdict's texts are safe for any terminal."""

    check: RecordedCheck
    events: tuple[Event, ...]
    verdict: Verdict

    @property
    def settings(self) -> Settings | None:
        """The settings, without a password; None if they could not be used."""
        return parse_settings(self.check.settings or {}).settings

    @property
    def title(self) -> str:
        """What it is a recording of, in one line."""
        check = self.check
        host = check.settings.get("host") if check.settings else None
        name = ": ".join(filter(None, (check.file, check.table))) or str(host or "a check")
        when = f"{check.moment:%Y-%m-%d %H:%M %Z}"
        return f"recording of {one_line(name)}, {when}, by smtp-tui {one_line(check.program, 40)}"

    @property
    def diagnosed(self) -> Verdict:
        """The verdict that this version of smtp-tui finds for the events."""
        facts = _facts(self.events)
        if facts.finished is None or (self.verdict.delivery and self.verdict.delivery.arrival):
            return self.verdict
        try:
            return diagnose(self.settings, facts, self.verdict.seconds)
        except Exception:  # in a damaged recording, events may contradict each other
            return self.verdict

    @property
    def change(self) -> str:
        """What this version of smtp-tui finds instead of the recorded cause; empty if the same."""
        now = self.diagnosed
        if now.cause == self.verdict.cause:
            return ""
        return f"This version of smtp-tui finds another cause: {now.summary} {now.cure}".rstrip()


def recording_text(
    request: CheckRequest | None,
    happened: Sequence[Event],
    verdict: Verdict,
    moment: datetime,
    *,
    file: str | None = None,
    table: str | None = None,
    home: str = "",
) -> str:
    """Return the recording of a check that began at `moment`, with a final newline.

    `~` replaces the folder `home`.
    """
    settings = parse_settings(request.values).settings if request else None
    check = RecordedCheck(
        version=VERSION,
        program=smtp_tui.__version__,
        moment=moment,
        file=file,
        table=table,
        settings=_open_values(request, settings) if request and settings else None,
        login=_password_place(request, settings),
    )
    clean = _cleaner(request, settings, home)
    named: list[tuple[str, object]] = [("recording", check)]
    named += [(_NAME_OF[type(event)], event) for event in happened]
    # What ended a check after its dialogue, such as a bounce, is in the facts alone.
    end = verdict.facts and verdict.facts.finished
    if end and end not in happened:
        named.append(("finished", end))
    # The events hold the rest.
    named.append(("verdict", replace(verdict, tls=None, recipients=())))
    lines = [json.dumps({"event": name} | _cleaned(encode(item), clean)) for name, item in named]
    return "\n".join([*lines, ""])


def write_recording(path: Path, text: str) -> bool:
    """Write a recording for its owner alone; return whether it replaced an older one.

    Raise FileNotWrittenError if that fails.
    """
    is_old = path.is_file()
    write_whole(path, text, name="recording", start=START, mode=0o600)
    return is_old


def read_recording(path: str | os.PathLike[str]) -> Recording:
    """Read a recording; RecordingError if the file is none, damaged, or of a newer smtp-tui."""
    shown = one_line(Path(path))
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise RecordingError(f"the recording {shown} cannot be read: {reason(error)}") from None
    if not data.startswith(START.encode()):
        raise RecordingError(f"{shown} is not a recording of smtp-tui; name a file of --record")
    if len(data) > LARGEST:
        raise RecordingError(f"the recording {shown} is larger than {LARGEST >> 20} MiB")
    try:
        return parse_recording(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise RecordingError(f"the recording {shown} is damaged: it is not UTF-8") from None
    except RecordingError as error:
        raise RecordingError(f"the recording {shown} {error}") from None


def parse_recording(text: str) -> Recording:
    """Read the text of a recording; a RecordingError completes "the recording …"."""
    lines = text.rstrip("\n").split("\n")[:_MOST_LINES]
    check: RecordedCheck = _of_line(lines, 0, RecordedCheck, escape_controls)
    if len(lines) < 2 or _name_of(lines, -1) != "verdict":
        raise RecordingError("is damaged: it ends before the verdict")
    verdict: Verdict = _of_line(lines, -1, Verdict, escape_controls)
    happened = tuple(_as_seen(event, check.moment) for event in _events(lines))
    facts = _facts(happened)
    recipients = tuple(
        Recipient(address=each.recipient, code=each.reply.code, text=each.reply.text)
        for each in facts.recipients
    )
    verdict = replace(verdict, tls=facts.tls, recipients=recipients, facts=facts)
    return Recording(check=check, events=happened, verdict=verdict)


def _events(lines: Sequence[str]) -> Iterator[Event]:
    for number in range(1, len(lines) - 1):
        name = _name_of(lines, number)
        if name in NAMES:  # a later version may record more
            event: Event = _of_line(lines, number, NAMES[name], str)
            if not 0 <= event.seconds <= _LONGEST_TIME:
                raise RecordingError(f"is damaged in line {number + 1}: its time is impossible")
            yield event


def _as_seen(event: Event, moment: datetime) -> Event:
    """Return the event with certificates as they were then: later, they have expired."""
    match event:
        case events.TlsEstablished(chain=chain) | events.TlsFailed(chain=chain):
            return replace(event, chain=tuple(replace(each, seen=moment) for each in chain))
        case events.Finished(certificate=Certificate() as certificate):
            return replace(event, certificate=replace(certificate, seen=moment))
        case _:
            return event


def _facts(happened: Sequence[Event]) -> CheckSummary:
    facts = CheckSummary()
    for event in happened:
        facts.add(event)
    return facts


def _name_of(lines: Sequence[str], number: int) -> str:
    return str(_object(lines, number).get("event"))


def _of_line(lines: Sequence[str], number: int, kind: type, clean: Clean) -> Any:
    try:
        found = _object(lines, number)
        version = found.get("version")
        if kind is RecordedCheck and isinstance(version, int) and version > VERSION:
            raise RecordingError(
                f"is of a newer smtp-tui: its version is {version}, and this smtp-tui reads "
                f"{VERSION}; update smtp-tui"
            )
        return decode(kind, found, clean=clean)
    except UnknownIdError as error:
        at = _shown(lines, number)
        raise RecordingError(f"has {error} in line {at}: a newer smtp-tui may know it") from None
    except UnreadableValueError as error:
        raise RecordingError(f"is damaged in line {_shown(lines, number)}: {error}") from None


def _object(lines: Sequence[str], number: int) -> dict[str, Any]:
    try:
        found = json.loads(lines[number])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RecordingError(f"is damaged in line {_shown(lines, number)}: it is no JSON object")
    return found


def _shown(lines: Sequence[str], number: int) -> int:
    return number % len(lines) + 1


def _open_values(request: CheckRequest, settings: Settings) -> dict[str, object]:
    """Return the values that were set, but for the password and what may contain it."""
    secret = _secret(request, settings)
    values: dict[str, object] = {}
    for field in FIELDS:
        value = getattr(settings, field.attribute)
        if field.key not in settings.given or field.kind is FieldKind.PASSWORD or value is None:
            continue
        plain = value if isinstance(value, bool | int | float) else mask_credentials(str(value))
        values[field.key] = HIDDEN.decode() if secret and str(plain) == secret else plain
    return values


def _secret(request: CheckRequest, settings: Settings) -> str | None:
    if isinstance(settings.password, LiteralSource) and request.given is None:
        return request.secret or settings.password.value
    return request.secret or secret_at_hand(request.given or settings.password)


def _password_place(request: CheckRequest | None, settings: Settings | None) -> str:
    source = (request and request.given) or (settings and settings.password)
    if isinstance(source, SuppliedPassword):
        return "call"
    return type(source).__name__.removesuffix("Source").lower() if source else "none"


def _cleaner(request: CheckRequest | None, settings: Settings | None, home: str) -> Clean:
    """Return what removes the secrets of the check, once more, and the home folder from a text."""
    group = request.redactors if request else None
    redactor = group.redactor(settings.host, None, None) if group and settings else Redactor()

    def clean(text: str) -> str:
        data = as_bytes(text)
        redacted = redactor.data(data)
        if redacted != data:
            text = redacted.decode("utf-8", "backslashreplace")
        return next(without(home, [text]))

    return clean


def _cleaned(value: Any, clean: Clean) -> Any:
    match value:
        case str():
            return clean(value)
        case list():
            return [_cleaned(item, clean) for item in value]
        case dict():
            return {key: _cleaned(item, clean) for key, item in value.items()}
        case _:
            return value
