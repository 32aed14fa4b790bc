"""Putting TLS on a dialogue, from the first byte or by STARTTLS (RFC 3207), and judging it."""

from __future__ import annotations

import ssl
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
from smtp_tui.smtp.tls import ContextError, sni_name, verifies_chain


async def starttls(dialogue: SMTPClient, settings: Settings, context: ssl.SSLContext) -> None:
    """Say STARTTLS and do the handshake; Stop when either fails or anything came between."""
    reply = await dialogue.say("STARTTLS")
    if reply.code != 220:
        raise refused(reply)
    if injected := dialogue.injected():
        dialogue.is_usable = False
        raise _injection(dialogue, injected)
    await secure(dialogue, settings, context)
    dialogue.is_usable = True


async def secure(dialogue: SMTPClient, settings: Settings, context: ssl.SSLContext) -> None:
    """Do the TLS handshake and judge what it agreed on; Stop when it does not hold."""
    dialogue.is_usable = False
    dialogue.is_shaking_hands = True
    agreed = await _shake_hands(dialogue, settings, context)
    dialogue.is_shaking_hands = False
    dialogue.forget_stream()
    chain = _redacted(dialogue, agreed.chain)
    leaf = chain[0] if chain else None
    verified = _is_verified(settings, leaf)
    dialogue.emit(
        TlsEstablished(
            seconds=dialogue.now(),
            version=agreed.version,
            cipher=agreed.cipher,
            verified=verified,
            chain=chain,
        )
    )
    _judge_trust(dialogue, settings, leaf, verified=verified)
    _judge_certificate(dialogue, leaf)


async def _shake_hands(
    dialogue: SMTPClient, settings: Settings, context: ssl.SSLContext
) -> Handshake:
    try:
        return await dialogue.connection.start_tls(context, sni_name(settings))
    except HandshakeFailed as error:
        raise _failed(dialogue, settings, error) from None
    except ContextError as error:
        dialogue.stage = Stage.SETTINGS
        raise CheckAborted(Cause.SETTINGS_INVALID, str(error)) from None
    except ClosedByServer:
        raise CheckAborted(
            Cause.SERVER_CLOSED, "the server closed the connection during the handshake"
        ) from None
    except OSError as error:
        raise CheckAborted(Cause.CONNECTION_RESET, error.strerror or str(error)) from None


def _failed(dialogue: SMTPClient, settings: Settings, error: HandshakeFailed) -> CheckAborted:
    failure = error.failure
    if error.first_bytes and not is_tls_record(error.first_bytes):
        return _plain_answer(dialogue, settings, error.first_bytes)
    if chain := _redacted(dialogue, failure.chain):
        dialogue.emit(TlsFailed(seconds=dialogue.now(), chain=chain))
    blamed = _redacted(dialogue, (failure.certificate,))[0] if failure.certificate else None
    detail = dialogue.redactor.text(failure.detail)  # it may name a place that the server chose
    return CheckAborted(failure.fault, detail, also=failure.also, certificate=blamed)


def _redacted(dialogue: SMTPClient, chain: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """Take out of certificates, whose texts the server chose, what the redactor knows."""
    return tuple(one.reworded(dialogue.redactor.text) for one in chain)


def _plain_answer(dialogue: SMTPClient, settings: Settings, seen: bytes) -> CheckAborted:
    """Tell what it means that our ClientHello was not answered by TLS."""
    said = dialogue.redactor.excerpt(seen, NOTED).rstrip()
    dialogue.note(f"instead of TLS the server sent: {said}")
    if settings.encryption is not Encryption.SSL:
        # A reply of good news cannot answer a ClientHello: it was on its way before.
        if seen[:1] in (b"2", b"3") and begins_with_code(seen):
            return _injection(dialogue, seen)
        return CheckAborted(
            Cause.TLS_HANDSHAKE_FAILED, f"the server answered in plain text: {said}"
        )
    if begins_with_code(seen):
        # What follows may be its answer to our ClientHello, taken for a command.
        return CheckAborted(Cause.PLAIN_TEXT_EXPECTED, said.splitlines()[0])
    return CheckAborted(Cause.NOT_SMTP, said, protocol=protocol_of(seen))


def _injection(dialogue: SMTPClient, seen: bytes) -> CheckAborted:
    said = dialogue.redactor.excerpt(seen, NAMED).rstrip()
    return CheckAborted(Cause.STARTTLS_INJECTION, f"after its 220 the server sent {said}")


def _is_verified(settings: Settings, leaf: Certificate | None) -> bool:
    if settings.tls_fingerprint:
        return leaf is not None and leaf.sha256 == settings.tls_fingerprint
    return verifies_chain(settings)


def _judge_trust(
    dialogue: SMTPClient, settings: Settings, leaf: Certificate | None, *, verified: bool
) -> None:
    if not settings.tls_fingerprint:
        if not verified:
            text = "the certificate is not verified: the server may be an impostor"
            dialogue.note(text, WarningId.CERTIFICATE_NOT_VERIFIED)
        return
    if not verified:
        seen = f"its SHA-256 is {leaf.sha256}" if leaf else "the server sent no certificate"
        raise CheckAborted(Cause.CERTIFICATE_FINGERPRINT_MISMATCH, seen, certificate=leaf)
    dialogue.note("the certificate is the pinned one; smtp-tui checks neither chain nor name")


def _judge_certificate(dialogue: SMTPClient, leaf: Certificate | None) -> None:
    if leaf and not leaf.has_san:
        dialogue.note("the certificate has no subjectAltName", WarningId.CERTIFICATE_NO_SAN)
    if leaf and leaf.is_below(EXPIRES_SOON) and leaf.left() >= timedelta(0):
        text = f"the certificate expires soon: {in_words(leaf.left())}"
        dialogue.note(text, WarningId.CERTIFICATE_EXPIRES_SOON)


def wants_starttls(dialogue: SMTPClient, settings: Settings, *, offered: bool) -> bool:
    """Tell whether to say STARTTLS now; Stop where it is required and not offered."""
    if settings.encryption is Encryption.TLS:
        dialogue.enter(Stage.TLS)
        if not offered:
            raise CheckAborted(Cause.STARTTLS_NOT_OFFERED, "the server does not offer STARTTLS")
        return True
    if settings.encryption is Encryption.SSL or not settings.starttls_auto:
        return False
    if offered:
        dialogue.enter(Stage.TLS)
    else:
        text = "STARTTLS is not offered: the dialogue continues unencrypted"
        dialogue.note(text, WarningId.LINK_OPEN)
    return offered
