"""Relay applications with a form's settings, for as long as the form shows it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from smtp_tui.checks.password import secret_of
from smtp_tui.checks.request import CheckRequest
from smtp_tui.config.errors import PasswordError, one_line
from smtp_tui.config.paths import absolute, resolve_path
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import Connected, TlsEstablished
from smtp_tui.smtp.tls import TlsContextError
from smtp_tui.smtp.transcript import TranscriptLine, TranscriptMark, endpoint
from smtp_tui.tap.certificates import NoCertificate, TapCertificate
from smtp_tui.tap.events import ClientEnded, Differs, TapEvent
from smtp_tui.tap.relay import CannotListen, ListenAddress, Tap
from smtp_tui.tap.session import STOPPED
from smtp_tui.tap.setup import (
    LISTEN,
    certificate_for,
    listen_address,
    make_plan,
    opening_lines,
    refuse_server,
    trust_lines,
)
from smtp_tui.tap.transcript import tap_lines
from smtp_tui.threads import in_daemon_thread

# A handshake has a chain of certificates, whose details the log folds.
Shown = Sequence[TranscriptLine] | TlsEstablished
MOST_PROBLEMS = 5
Report = Callable[[Shown], None]


class FormTap:
    """A tap with the settings of a form; `open`, `serve`, and in any case `close`."""

    proposed = LISTEN

    def __init__(self, settings: Settings, request: CheckRequest, file: Path) -> None:
        """`file` is the settings file, next to which the tap's CA is written while it runs."""
        self._settings = resolve_path(settings, request.base)
        self._request = request
        self._file = file
        self._tap: Tap | None = None
        self._ca_file: Path | None = None
        self._notes: list[str] = []
        self._report: Report = lambda _shown: None
        self.address = ListenAddress("", 0)
        # What the applications do differently, by id, and why the tap ended a session.
        self._differences: dict[str, str] = {}
        self._problems: dict[str, None] = {}
        self._reached = 0

    async def open(self, address: str) -> str:
        """Begin to listen; return why that is impossible, or ""."""
        self._notes = []
        try:
            wanted = listen_address(address)
            refuse_server(self._settings, wanted)
            certificate = await self._certificate(wanted)
            plan = await make_plan(self._settings, await self._secret(), certificate)
            tap = Tap(plan, self._on_event)
            self.address = await tap.listen(wanted)
        except CannotListen as error:
            return str(error)
        except TlsContextError as error:
            return f"the settings cannot be used: {error}"
        self._tap = tap
        if certificate:
            self._write_authority(certificate)
        return ""

    async def serve(self, report: Report, remark: str = "") -> None:
        """Relay applications, and report what the log shows, a remark first, until cancelled."""
        assert self._tap
        self._report = report
        lines = [*filter(None, [remark]), *opening_lines(self._settings, self.address)]
        if self._ca_file:
            lines += trust_lines(one_line(self._ca_file))
        report([_fact(line) for line in (*lines, *self._notes)])
        try:
            await self._tap.serve()
        finally:
            await self.close()

    async def close(self) -> None:
        """Listen no more, end the sessions, and remove the CA, which nothing uses any more."""
        if self._tap:
            await self._tap.close()
        if self._ca_file:
            self._ca_file.unlink(missing_ok=True)
            self._ca_file = None

    @property
    def waiting_lines(self) -> Iterator[str]:
        """What to do while the tap listens, and what it has found so far."""
        yield f"Point the application at {self.address.host} port {self.address.port}."
        if self._ca_file:
            yield f"For TLS, it must trust {self._ca_file.name}; the log says how."
        if self._tap and self._tap.clients:
            yield f"So far: {self.found}."

    @property
    def ended_lines(self) -> Iterator[str]:
        """What the tap has found, and what to do now."""
        server = endpoint(self._settings.host, self._settings.port)
        yield f"The tap has ended: {self.found}."
        yield f"Point the application back to {server}."

    @property
    def found(self) -> str:
        """How many clients came, and how many differences from a test they have."""
        count = self._tap.clients if self._tap else 0
        if not count:
            return "no client connected"
        clients = f"{count} clients" if count > 1 else "1 client"
        if self._problems and not self._reached:
            return f"{clients}, not connected to the server"
        many = len(self._differences)
        differences = f"{many or 'no'} differences" if many != 1 else "1 difference"
        return f"{clients}, {differences} from a test"

    @property
    def findings(self) -> list[str]:
        """Why the tap ended sessions, and what the applications do differently."""
        return [*self._problems, *self._differences.values()]

    def _on_event(self, event: TapEvent) -> None:
        own = event.event
        if isinstance(own, Differs):
            self._differences.setdefault(own.id, own.text)
        elif isinstance(own, Connected):
            self._reached += 1
        elif isinstance(own, ClientEnded):
            self._note_end(own.detail)
        if isinstance(own, TlsEstablished):
            self._report(own)
        else:
            lead = f"[{event.client}] " if event.client > 1 else ""
            self._report([replace(line, text=lead + line.text) for line in tap_lines(event)])

    def _note_end(self, detail: str) -> None:
        if detail not in ("", STOPPED) and len(self._problems) < MOST_PROBLEMS:
            self._problems[f"A session ended: {detail}."] = None

    async def _certificate(self, address: ListenAddress) -> TapCertificate | None:
        try:
            return await in_daemon_thread(lambda: certificate_for(self._settings, address))
        except NoCertificate as error:
            self._notes.append(str(error))
            return None

    async def _secret(self) -> str | None:
        settings = self._settings
        if not settings.needs_password:
            return None
        try:
            return self._request.secret or await secret_of(self._request, settings)
        except PasswordError as error:
            self._notes.append(f"the application's password cannot be compared: {error}")
            return None

    def _write_authority(self, certificate: TapCertificate) -> None:
        name = f"{self._file.stem}-tap-{self.address.port}.pem"
        folder = self._file.parent
        # Next to the settings, or in the current folder if that one is not writable.
        is_writable = os.access(folder, os.W_OK | os.X_OK)
        path = folder / name if is_writable else absolute(Path(name))
        try:
            certificate.write_authority(path)
        except NoCertificate as error:
            self._notes.append(f"no CA for the application to trust: {error}")
        else:
            self._ca_file = path


def _fact(text: str) -> TranscriptLine:
    return TranscriptLine(0.0, TranscriptMark.FACT, escape_controls(text))
