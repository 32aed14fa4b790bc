"""Putting TLS on a dialogue, from the first byte or by STARTTLS (RFC 3207), and judging it."""

from __future__ import annotations

import os
import ssl
import time
from datetime import timedelta

from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.certificates import (
    EXPIRES_SOON,
    Certificate,
    in_words,
)
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
from smtp_tui.smtp.tls import ContextError, FileReader, client_context, sni_name, verifies_chain
from smtp_tui.threads import in_daemon_thread


async def starttls(client: SMTPClient, settings: Settings, context: ssl.SSLContext) -> None:
    """Say STARTTLS and do the handshake; CheckAborted if either fails or bytes came between."""
    reply = await client.send_and_read("STARTTLS")
    if reply.code != 220:
        raise refused(reply)
    if injected := client.bytes_before_tls():
        client.is_usable = False
        raise _injection(client, injected)
    await secure(client, settings, context)
    client.is_usable = True


async def secure(client: SMTPClient, settings: Settings, context: ssl.SSLContext) -> None:
    """Do the TLS handshake and judge what it agreed on; CheckAborted when it does not hold."""
    client.is_usable = False
    client.is_shaking_hands = True
    agreed = await _handshake(client, settings, context)
    client.is_shaking_hands = False
    client.forget_stream()
    chain = _redacted(client, agreed.chain)
    leaf = chain[0] if chain else None
    verified = verifies_chain(settings)
    if settings.tls_fingerprint:
        verified = leaf is not None and leaf.sha256 == settings.tls_fingerprint
    seconds, version, cipher = client.now(), agreed.version, agreed.cipher
    client.emit(
        TlsEstablished(
            seconds=seconds, version=version, cipher=cipher, verified=verified, chain=chain
        )
    )
    if settings.tls_fingerprint and not verified:
        seen = f"its SHA-256 is {leaf.sha256}" if leaf else "the server sent no certificate"
        raise CheckAborted(Cause.CERTIFICATE_FINGERPRINT_MISMATCH, seen, certificate=leaf)
    if settings.tls_fingerprint:
        client.note("the certificate is the pinned one; smtp-tui checks neither chain nor name")
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
    except ContextError as error:
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
    detail = client.redactor.text(failure.detail)  # it may name a place that the server chose
    return CheckAborted(failure.fault, detail, also=failure.also, certificate=blamed)


def _redacted(client: SMTPClient, chain: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """Take out of certificates, whose texts the server chose, what the redactor knows."""
    return tuple(one.reworded(client.redactor.text) for one in chain)


def _plain_answer(client: SMTPClient, settings: Settings, seen: bytes) -> CheckAborted:
    """Tell what it means that our ClientHello was not answered by TLS."""
    said = client.redactor.excerpt(seen, NOTED).rstrip()
    client.note(f"instead of TLS the server sent: {said}")
    if settings.encryption is not Encryption.SSL:
        # A reply of good news cannot answer a ClientHello: it was on its way before.
        if seen[:1] in (b"2", b"3") and begins_with_code(seen):
            return _injection(client, seen)
        text = f"the server answered in plain text: {said}"
        return CheckAborted(Cause.TLS_HANDSHAKE_FAILED, text)
    if begins_with_code(seen):
        # What follows may be its answer to our ClientHello, taken for a command.
        return CheckAborted(Cause.PLAIN_TEXT_EXPECTED, said.splitlines()[0])
    return CheckAborted(Cause.NOT_SMTP, said, protocol=protocol_of(seen))


def _injection(client: SMTPClient, seen: bytes) -> CheckAborted:
    said = client.redactor.excerpt(seen, NAMED).rstrip()
    return CheckAborted(Cause.STARTTLS_INJECTION, f"after its 220 the server sent {said}")


def wants_starttls(client: SMTPClient, settings: Settings, *, offered: bool) -> bool:
    """Tell whether to say STARTTLS now; CheckAborted where it is required and not offered."""
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
        client.note(text, WarningId.LINK_OPEN)
    return offered


# Contexts whose files were read a moment ago, and when. OpenSSL takes 6 ms to read the certificates
# that a system trusts: a thousand checks would spend most of their time on it.
_recent: dict[tuple[object, ...], tuple[float, ssl.SSLContext]] = {}
_RECENT = 1.0


async def load_context(settings: Settings, seconds: float) -> ssl.SSLContext:
    """Make the context the settings ask for, within `seconds`, and hold up nobody.

    ContextError when they cannot be followed, or a file does not answer in time.
    """
    environment = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    trust = verifies_chain(settings), settings.ca_file, *environment
    key = settings.tls_minimum, settings.client_certificate, settings.client_key, *trust
    now = time.monotonic()
    for stale in [one for one, (made, _) in _recent.items() if now - made > _RECENT]:
        del _recent[stale]
    if key in _recent:
        return _recent[key][1]
    files = FileReader()
    context = await _load(settings, files, seconds)
    if not files.read_pipe:  # which holds another content each time
        _recent[key] = time.monotonic(), context
    return context


async def _load(settings: Settings, files: FileReader, seconds: float) -> ssl.SSLContext:
    try:
        # OpenSSL's own files are a part of the system.
        environment = map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR"))
        names_trust = verifies_chain(settings) and (settings.ca_file or any(environment))
        if not (names_trust or settings.client_certificate):
            return client_context(settings, files)
        # A file may be a pipe, or on a file system that hangs: neither the loop nor signals wait.
        return await in_daemon_thread(lambda: client_context(settings, files), seconds)
    except TimeoutError:
        late = files.late(seconds)
        if late is None:
            raise
        raise late from None
    except OSError:  # no thread can be had
        return client_context(settings, files)
