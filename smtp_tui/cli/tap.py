"""`smtp-tui tap`: relay applications to the server, and print their dialogues."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from smtp_tui.checks.exit_status import BY_STAGE, NEGATIVE, PASSED
from smtp_tui.checks.jsonlines import named_line
from smtp_tui.checks.password import secret_of
from smtp_tui.checks.request import CheckRequest
from smtp_tui.cli.check import check_request
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError, number_within
from smtp_tui.cli.terminal import print_error, print_line
from smtp_tui.config.errors import DocumentError, PasswordError, one_line
from smtp_tui.config.paths import resolve_path
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp import events
from smtp_tui.smtp.tls import TlsContextError
from smtp_tui.tap.certificates import NoCertificate, TapCertificate
from smtp_tui.tap.events import Changed, ClientEnded, Differs, TapEvent
from smtp_tui.tap.relay import CannotListen, ListenAddress, Tap
from smtp_tui.tap.setup import (
    LISTEN,
    certificate_for,
    closing_line,
    listen_address,
    make_plan,
    opening_lines,
    refuse_server,
    trust_lines,
)
from smtp_tui.tap.transcript import tap_lines

MOST_CLIENTS = 1_000_000
_LINES = {
    events.Connected: "tap-connected",
    events.Sent: "tap-sent",
    events.Received: "tap-received",
    events.TlsEstablished: "tap-tls",
    events.DialogueNote: "tap-note",
    Changed: "tap-changed",
    Differs: "tap-differs",
    ClientEnded: "tap-ended",
}


@record
class _Listening:
    """What the first line of output says."""

    address: str
    port: int
    ca_file: str | None


def tap(call: Invocation) -> int:
    """Relay clients until Ctrl+C, or until --clients have ended; return the exit status."""
    options = call.options
    address = _listen_address(call)
    most = options.clients
    if most is not None:
        most = int(number_within(most, 1, MOST_CLIENTS, "--clients needs a number"))
    request = check_request(call).without_paths_inside()
    settings = _settings(request)
    try:
        refuse_server(settings, address)
    except CannotListen as error:
        raise UsageError(f"{error}, with --set host=… port=… or in a copy of the file") from None
    certificate = _certificate(settings, address, options.ca_out)
    return _TapCommand(call, request, settings, certificate).run(address, most)


def _listen_address(call: Invocation) -> ListenAddress:
    options = call.options
    try:
        return listen_address(options.listen or LISTEN, may_be_reached=options.listen_anywhere)
    except CannotListen as error:
        raise UsageError(str(error)) from None


def _settings(request: CheckRequest) -> Settings:
    parsed = parse_settings(request.values)
    if parsed.settings is None:
        raise DocumentError("; ".join(map(str, parsed.problems)))
    try:
        return resolve_path(parsed.settings, request.base)
    except RuntimeError as error:
        raise DocumentError(str(error)) from None


def _certificate(
    settings: Settings, address: ListenAddress, ca_out: str | None
) -> TapCertificate | None:
    try:
        certificate = certificate_for(settings, address)
        if ca_out is not None:
            certificate.write_authority(Path(ca_out))
    except NoCertificate as error:
        if ca_out is not None:
            raise UsageError(str(error)) from None
        print_error(str(error))
        return None
    return certificate


class _TapCommand:
    """One call: its settings, its output and its exit status."""

    def __init__(
        self,
        call: Invocation,
        request: CheckRequest,
        settings: Settings,
        certificate: TapCertificate | None,
    ) -> None:
        self._options = call.options
        self._request = request
        self._settings = settings
        self._certificate = certificate
        self._tap: Tap | None = None

    def run(self, address: ListenAddress, most: int | None) -> int:
        """Relay clients, and print a summary at the end."""
        try:
            asyncio.run(self._run(address, most))
        except CannotListen as error:
            raise UsageError(str(error)) from None
        finally:
            if self._tap:
                self._print_end(self._tap)
        return self._status()

    async def _run(self, address: ListenAddress, most: int | None) -> None:
        settings, secret = self._settings, None
        if settings.needs_password:
            try:
                secret = self._request.secret or await secret_of(self._request, settings)
            except PasswordError as error:
                print_error(f"the application's password cannot be compared: {error}")
        try:
            plan = await make_plan(settings, secret, self._certificate)
        except TlsContextError as error:
            raise DocumentError(str(error)) from None
        tap = Tap(plan, self._print_event, most)
        place = await tap.listen(address)
        self._tap = tap
        try:
            self._print_start(place)
            await tap.serve()
        finally:
            await tap.close()

    def _print_start(self, place: ListenAddress) -> None:
        ca_file = self._options.ca_out
        if self._options.json:
            self._print_json("tap-listening", _Listening(place.host, place.port, ca_file))
            return
        for line in opening_lines(self._settings, place):
            print_line(line)
        if ca_file:
            for line in trust_lines(one_line(ca_file)):
                print_line(line)
        elif self._certificate:
            print_line("For TLS, the application must trust the tap's CA: --ca-out FILE writes it.")

    def _print_event(self, event: TapEvent) -> None:
        if self._options.json:
            if not self._options.quiet or isinstance(event.event, Differs):
                self._print_json(_LINES[type(event.event)], event)
            return
        for line in self._texts(event):
            print_line(line)

    def _texts(self, event: TapEvent) -> Iterator[str]:
        if self._options.quiet:
            if isinstance(event.event, Differs):
                yield f"client {event.client}: {event.event.text}"
            return
        yield from (f"{event.client:3d} {line}" for line in tap_lines(event))

    def _print_json(self, name: str, owner: object) -> None:
        print_line(named_line(name, owner, self._request.file, self._request.table))

    def _print_end(self, tap: Tap) -> None:
        if self._options.json:
            self._print_json("tap-finished", tap)
            return
        print_line(closing_line(tap))

    def _status(self) -> int:
        assert self._tap
        statuses = (BY_STAGE[stage] for stage in self._tap.failed_at)
        return max(statuses, default=NEGATIVE if self._tap.differing else PASSED)
