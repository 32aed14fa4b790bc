"""Secure a connection with implicit TLS or STARTTLS (RFC 3207), and verify the certificate."""

from __future__ import annotations

import os
import ssl
import time
from datetime import timedelta

from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.certificates import EXPIRES_SOON, Certificate, in_words
from smtp_tui.smtp.client import NAMED, NOTED, SMTPClient
from smtp_tui.smtp.connection import ClosedByServer, Handshake, HandshakeFailed
from smtp_tui.smtp.events import (
    Cause,
    CheckAborted,
    Stage,
    TlsEstablished,
    TlsFailed,
    WarningId,
    refused,
)
from smtp_tui.smtp.replies import begins_with_code, is_tls_record, protocol_of
from smtp_tui.smtp.tls import FileReader, TlsContextError, client_context, sni_name, verifies_chain
from smtp_tui.threads import in_daemon_thread


async def starttls(client: SMTPClient, settings: Settings, context: ssl.SSLContext) -> None:
    """Send STARTTLS and do the handshake; CheckAborted if either fails or bytes came between."""
    reply = await client.send_and_read("STARTTLS")
    if reply.code != 220:
        raise refused(reply)
    if injected := client.bytes_before_tls():
        client.is_usable = False
        raise _injection(client, injected)
    await secure(client, settings, context)
    client.is_usable = True


async def secure(client: SMTPClient, settings: Settings, context: ssl.SSLContext) -> None:
    """Do the TLS handshake and verify its result; CheckAborted if either fails."""
    client.is_usable = False
    client.is_shaking_hands = True
    handshake = await _handshake(client, settings, context)
    client.is_shaking_hands = False
    client.forget_stream()
    chain = _redacted(client, handshake.chain)
    leaf = chain[0] if chain else None
    verified = verifies_chain(settings)
    if settings.tls_fingerprint:
        verified = leaf is not None and leaf.sha256 == settings.tls_fingerprint
    seconds, version, cipher = client.now(), handshake.version, handshake.cipher
    client.emit(
        TlsEstablished(
            seconds=seconds, version=version, cipher=cipher, verified=verified, chain=chain
        )
    )
    if settings.tls_fingerprint and not verified:
        seen = f"its SHA-256 is {leaf.sha256}" if leaf else "the server sent no certificate"
        raise CheckAborted(Cause.CERTIFICATE_FINGERPRINT_MISMATCH, seen, certificate=leaf)
    if settings.tls_fingerprint:
        client.note("the certificate is the pinned one; chain and name do not matter")
    elif not verified:
        text = "the certificate is not verified: the server may be an impostor"
        client.note(text, WarningId.CERTIFICATE_NOT_VERIFIED)
    if leaf and not leaf.has_san:
        client.note("the certificate has no subjectAltName", WarningId.CERTIFICATE_NO_SAN)
    if leaf and leaf.is_below(EXPIRES_SOON) and leaf.left() >= timedelta(0):
        text = f"the certificate expires soon: {in_words(leaf.left())}"
        client.note(text, WarningId.CERTIFICATE_EXPIRES_SOON)


async def _handshake(client: SMTPClient, settings: Settings, context: ssl.SSLContext) -> Handshake:
    try:
        return await client.connection.start_tls(context, sni_name(settings))
    except HandshakeFailed as error:
        raise _failed(client, settings, error) from None
    except TlsContextError as error:
        client.stage = Stage.SETTINGS
        raise CheckAborted(Cause.SETTINGS_INVALID, str(error)) from None
    except ClosedByServer:
        text = "the server closed the connection during the handshake"
        raise CheckAborted(Cause.SERVER_CLOSED, text) from None
    except OSError as error:
        raise CheckAborted(Cause.CONNECTION_RESET, error.strerror or str(error)) from None


def _failed(client: SMTPClient, settings: Settings, error: HandshakeFailed) -> CheckAborted:
    failure = error.failure
    if error.first_bytes and not is_tls_record(error.first_bytes):
        return _plain_answer(client, settings, error.first_bytes)
    if chain := _redacted(client, failure.chain):
        client.emit(TlsFailed(seconds=client.now(), chain=chain))
    blamed = _redacted(client, (failure.certificate,))[0] if failure.certificate else None
    detail = client.redactor.text(failure.detail)  # it may name a URL that the server chose
    return CheckAborted(failure.fault, detail, also=failure.also, certificate=blamed)


def _redacted(client: SMTPClient, chain: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """Redact certificates, whose texts the server chose."""
    return tuple(certificate.reworded(client.redactor.text) for certificate in chain)


def _plain_answer(client: SMTPClient, settings: Settings, seen: bytes) -> CheckAborted:
    """Return the cause of an answer to our ClientHello that is not TLS."""
    answer = client.redactor.excerpt(seen, NOTED).rstrip()
    client.note(f"instead of TLS the server sent: {answer}")
    if settings.encryption is not Encryption.SSL:
        # A positive reply cannot answer a ClientHello: it was sent before.
        if seen[:1] in (b"2", b"3") and begins_with_code(seen):
            return _injection(client, seen)
        text = f"the server answered in plain text: {answer}"
        return CheckAborted(Cause.TLS_HANDSHAKE_FAILED, text)
    if begins_with_code(seen):
        # The other lines may be replies to our ClientHello, taken for a command.
        return CheckAborted(Cause.PLAIN_TEXT_EXPECTED, answer.splitlines()[0])
    return CheckAborted(Cause.NOT_SMTP, answer, protocol=protocol_of(seen))


def _injection(client: SMTPClient, seen: bytes) -> CheckAborted:
    answer = client.redactor.excerpt(seen, NAMED).rstrip()
    return CheckAborted(Cause.STARTTLS_INJECTION, f"after its 220 the server sent {answer}")


def wants_starttls(client: SMTPClient, settings: Settings, *, offered: bool) -> bool:
    """Whether to send STARTTLS now; CheckAborted if it is required and not offered."""
    if settings.encryption is Encryption.TLS:
        client.enter_stage(Stage.TLS)
        if not offered:
            raise CheckAborted(Cause.STARTTLS_NOT_OFFERED, "the server does not offer STARTTLS")
        return True
    if settings.encryption is Encryption.SSL or not settings.starttls_auto:
        return False
    if offered:
        client.enter_stage(Stage.TLS)
    else:
        text = "STARTTLS is not offered: the dialogue continues unencrypted"
        client.note(text, None if settings.is_socket else WarningId.LINK_OPEN)
    return offered


# Contexts whose files were read a moment ago, and when. OpenSSL takes 6 ms to read the system's CA
# certificates: a thousand checks would spend most of their time on it.
_recent: dict[tuple[object, ...], tuple[float, ssl.SSLContext]] = {}
_RECENT = 1.0


async def load_context(
    settings: Settings, seconds: float, trust: str | None = None
) -> ssl.SSLContext:
    """Return a context for the settings within `seconds`, without blocking the event loop.

    TlsContextError if they cannot be applied, or a file cannot be read in time.
    """
    environment = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    trusted = verifies_chain(settings), settings.ca_file, trust, *environment
    key = settings.tls_minimum, settings.client_certificate, settings.client_key, *trusted
    now = time.monotonic()
    for stale in [old for old, (made, _) in _recent.items() if now - made > _RECENT]:
        del _recent[stale]
    if key in _recent:
        return _recent[key][1]
    files = FileReader()
    context = await _load(settings, files, seconds, trust)
    if not files.read_pipe:  # a pipe's content differs each time
        _recent[key] = time.monotonic(), context
    return context


async def _load(
    settings: Settings, files: FileReader, seconds: float, trust: str | None
) -> ssl.SSLContext:
    try:
        # OpenSSL's default files are part of the system and need no thread.
        environment = map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR"))
        names_trust = verifies_chain(settings) and (settings.ca_file or any(environment))
        if not (names_trust or settings.client_certificate):
            return client_context(settings, files, trust)
        # A file may be a pipe, or on a file system that hangs: block neither loop nor signals.
        return await in_daemon_thread(lambda: client_context(settings, files, trust), seconds)
    except TimeoutError:
        timeout_error = files.late(seconds)
        if timeout_error is None:
            raise
        raise timeout_error from None
    except OSError:  # no thread is available
        return client_context(settings, files, trust)
