"""Play the server's side of a recorded check on this machine, command by command.

The replies are the recorded ones. The certificate is made for this run: it has the recorded names,
and the recorded fault if there was one. Credentials are not checked, and messages are discarded.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import trustme

from smtp_tui.demo import ADDRESS, DAY, LASTS, PASSWORD, SampleFile, in_thread, listening
from smtp_tui.demo.replay_script import ReplayScript, verb_of
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.replies import LINE_LIMIT, Reply

USUAL_PORT = 2525
# A stranger made the recording: whoever connects gets no more than this.
_MOST_CLIENTS, _MOST_COMMANDS = 50, 1000
_LONGEST_WAIT = 600.0  # seconds
_NAME = re.compile(r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,250}[A-Za-z0-9])?")
_MOST_NAMES = 20
_UNKNOWN = b"502 5.5.1 The recording has no reply to this command\r\n"
# Settings that lead to the server, or to files of the machine where the check was recorded.
_LEFT_OUT = (
    *("host", "port", "ca_file", "client_certificate", "client_key", "tls_fingerprint"),
    *("source_address", "address_family", "proxy", "server_name"),
)
_UNTRUSTED = {
    *(Cause.CERTIFICATE_SELF_SIGNED, Cause.CERTIFICATE_UNKNOWN_ISSUER),
    Cause.CERTIFICATE_INCOMPLETE_CHAIN,
}


@contextmanager
def running_replay(script: ReplayScript, settings: Settings | None) -> Iterator[SampleFile]:
    """Play a recorded server, with a file of the recorded settings, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="smtp-tui-demo-"))
    try:
        authority = trustme.CA(organization_name="smtp-tui demo")
        authority.cert_pem.write_to_path(folder / "demo-ca.pem")
        context = _context(script, authority) if script.has_tls else None
        with listening(USUAL_PORT) as (port, listeners):

            async def serve(ended: asyncio.Event) -> None:
                player = _Player(script, context)
                # From the first byte: a handler would see the client's bytes before TLS begins.
                first = context if script.begins_with_tls else None
                servers = [
                    await asyncio.start_server(player.serve, sock=each, ssl=first, limit=LINE_LIMIT)
                    for each in listeners
                ]
                await ended.wait()
                for server in servers:
                    server.close()
                await player.stop()

            with in_thread(serve):
                text = _toml(_values(script, settings, port))
                file = folder / "mail.toml"
                file.write_text(text, encoding="utf-8")
                file.chmod(0o600)
                yield SampleFile(file, text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _values(script: ReplayScript, settings: Settings | None, port: int) -> dict[str, object]:
    """Return the recorded settings, but for those that must lead here."""
    values: dict[str, object] = {"host": ADDRESS, "port": port}
    if settings is None:
        return values
    for key in sorted(settings.given - set(_LEFT_OUT)):
        value = getattr(settings, BY_KEY[key].attribute)
        if isinstance(value, bool | int | float | str):
            values[key] = value
    # Defaults depend on the port.
    values |= {
        "encryption": str(settings.encryption),
        "authentication": str(settings.authentication),
    }
    values["starttls_auto"] = settings.starttls_auto
    if settings.needs_password:
        values["password"] = PASSWORD
    if script.has_tls:
        values["server_name"] = settings.tls_name or "localhost"
        if script.fault not in _UNTRUSTED:
            values["ca_file"] = "demo-ca.pem"
    return values


def _toml(values: Mapping[str, object]) -> str:
    # A JSON string or number is TOML, too.
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    head = "# The settings of a recording; the server that smtp-tui plays ignores the password."
    return "\n".join([head, "", "[smtp]", *lines, ""])


def _context(script: ReplayScript, authority: trustme.CA) -> ssl.SSLContext:
    """Return a context whose certificate and versions have the recorded fault, if any."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if script.fault is Cause.CERTIFICATE_SELF_SIGNED:
        with authority.cert_pem.tempfile() as file, authority.private_key_pem.tempfile() as key:
            context.load_cert_chain(file, key)
        return context
    names, now = _names(script.certificate), datetime.now(UTC)
    begins, ends = now - DAY, now + LASTS
    if script.fault is Cause.CERTIFICATE_EXPIRED:
        begins, ends = now - LASTS, now - DAY
    elif script.fault is Cause.CERTIFICATE_NOT_YET_VALID:
        begins = now + DAY
    issued = authority.issue_cert(*names, not_before=begins, not_after=ends)
    issued.configure_cert(context)
    if script.fault is Cause.CLIENT_CERTIFICATE_REQUIRED:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        # In TLS 1.3 the client learns of it only after the handshake.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if script.fault is Cause.TLS_VERSION_UNSUPPORTED:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _names(certificate: Certificate | None) -> list[str]:
    names = certificate.names[:_MOST_NAMES] if certificate else ()
    return [name for name in names if _NAME.fullmatch(name)] or ["localhost"]


class _Player:
    """Plays the script to each client that connects."""

    def __init__(self, script: ReplayScript, context: ssl.SSLContext | None) -> None:
        self._script, self._context = script, context
        self._clients: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        if len(self._clients) >= _MOST_CLIENTS:
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            async with asyncio.timeout(_LONGEST_WAIT):
                await _Session(self._script, self._context, reader, writer).play()
        except (OSError, ValueError):
            pass  # the client left, sends lines without end, or did not like the certificate
        finally:
            self._clients.discard(task)
            writer.close()

    async def stop(self) -> None:
        """Close all connections."""
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)


class _Session:
    """One client: where it is in the script."""

    def __init__(
        self,
        script: ReplayScript,
        context: ssl.SSLContext | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._script, self._context = script, context
        self._reader, self._writer = reader, writer
        self._next = 0

    async def play(self) -> None:
        """Answer commands until the script or the client ends the connection."""
        if not self._script.greeting:
            await self._end()
            return
        await self._send(self._script.greeting)
        code = self._script.greeting[-1].code
        for _ in range(_MOST_COMMANDS):
            if code == 421:
                return
            command = await self._command(code)
            if command is None:
                return
            number = self._number(command, code)
            if number is None:
                self._writer.write(_UNKNOWN)
                await self._writer.drain()
                code = 502
                continue
            step = self._script.steps[number]
            self._next = number + 1
            if not step.replies:
                await self._end()
                return
            code = step.replies[-1].code
            is_tls_next = step.verb == "STARTTLS" and code == 220 and self._script.has_tls
            transport = self._writer.transport
            if is_tls_next and isinstance(transport, asyncio.Transport):
                transport.pause_reading()  # what follows the reply belongs to TLS
            await self._send(step.replies)
            if step.verb == "QUIT" or (is_tls_next and not await self._secured()):
                return

    def _number(self, command: str, code: int) -> int | None:
        """Return the step that answers; after 334 and 354 it is the next one."""
        if code in (334, 354):
            return self._next if self._next < len(self._script.steps) else None
        return self._script.next_step(verb_of(command), self._next)

    async def _command(self, code: int) -> str | None:
        """Return the next command, or a whole message after 354; None if the client left."""
        while line := await self._reader.readline():
            if code != 354:
                return line.decode("utf-8", "backslashreplace").strip() or "NOOP"
            if line.rstrip(b"\r\n") == b".":
                return "[message]"
        return None

    async def _send(self, replies: Sequence[Reply]) -> None:
        for reply in replies:
            *lines, last = reply.lines or (b"",)
            for line in lines:
                self._writer.write(b"%d-%s\r\n" % (reply.code, _one_line(line)))
            self._writer.write(b"%d %s\r\n" % (reply.code, _one_line(last)))
        await self._writer.drain()

    async def _secured(self) -> bool:
        """Begin TLS after STARTTLS as the recorded server did; False if it did not."""
        if self._context is None or not self._script.does_handshake:
            await self._end()
            return False
        await self._writer.start_tls(self._context)
        return True

    async def _end(self) -> None:
        """End as the recorded server did where it gave no reply that can be read."""
        transport = self._writer.transport
        if isinstance(transport, asyncio.Transport):
            transport.resume_reading()
        if self._script.raw_is_tls:
            await self._reader.read(1)  # the ClientHello
        if self._script.raw:
            self._writer.write(self._script.raw.encode("utf-8", "backslashreplace") + b"\r\n")
            with suppress(OSError):
                await self._writer.drain()
        while not self._script.closes and await self._reader.read(LINE_LIMIT):
            pass


def _one_line(line: bytes) -> bytes:
    return line.replace(b"\r", b" ").replace(b"\n", b" ")[:LINE_LIMIT]
