"""Choose a SASL mechanism and run the AUTH exchange (RFC 4954)."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from smtp_tui.safe_text import abridged
from smtp_tui.settings.choices import AUTO_ENCRYPTED, AUTO_OPEN, Authentication, Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.client import SMTPClient
from smtp_tui.smtp.events import AuthStarted, Cause, CheckAborted, Stage, WarningId, refused
from smtp_tui.smtp.replies import EhloKeywords, Reply
from smtp_tui.smtp.sasl import (
    GIVES_SECRET_AWAY,
    MECHANISMS,
    PROVES_SERVER,
    ChallengeError,
    ClientResponse,
    Credentials,
    Exchange,
    MechanismUnusable,
    decode_challenge,
)
from smtp_tui.threads import in_daemon_thread

# No mechanism needs more than three challenges.
CHALLENGES_LIMIT = 8
# Octets of the longest command with CR and LF (RFC 5321, section 4.5.3.1.4). A longer initial
# response is sent after an empty challenge (RFC 4954, section 4); Postfix enforces a limit of 2048.
COMMAND_LIMIT = 512
# Seconds to wait for the 501 reply to a cancelled exchange.
CANCEL_LIMIT = 1.0


async def run_mechanism(
    client: SMTPClient, mechanism: str, credentials: Credentials
) -> tuple[Reply, bool]:
    """Try to log in once with one mechanism and return the last reply.

    The second value is whether the server lacks the mechanism, so the password was not tried.
    Raises MechanismUnusable before anything is sent, CheckAborted if the exchange breaks.
    """
    exchange = MECHANISMS[mechanism](credentials)
    initial = next(exchange)
    fits = initial and len(f"AUTH {mechanism} \r\n") + len(initial.as_argument) <= COMMAND_LIMIT
    reply = await client.send_auth(mechanism, initial if fits else None)
    if fits and reply.code == 501:
        client.note("trying again without an initial response")
        fits = False
        reply = await client.send_auth(mechanism, None)
    is_unchallenged = reply.code != 334
    if initial and not fits and not is_unchallenged:
        reply = await client.respond(initial)
    reply = await _exchange(client, mechanism, exchange, reply)
    return reply, is_unchallenged and reply.code == 504


async def _exchange(client: SMTPClient, mechanism: str, exchange: Exchange, reply: Reply) -> Reply:
    response = None
    for _ in range(CHALLENGES_LIMIT):
        if reply.code != 334:
            break
        response = await _respond(client, mechanism, exchange, reply)
        reply = await client.respond(response)
    else:
        raise await _cancelled(client, "the server sends challenge after challenge")
    proved = response is not None and response.server_proved
    if reply.code == 235 and mechanism in PROVES_SERVER and not proved:
        text = "the server accepted the login without proving that it knows the password"
        raise CheckAborted(Cause.AUTH_CHALLENGE_MALFORMED, text, reply=reply)
    return reply


async def _respond(
    client: SMTPClient, mechanism: str, exchange: Exchange, reply: Reply
) -> ClientResponse:
    challenge = decode_challenge(reply)
    if challenge is None:
        raise await _cancelled(client, "the challenge is not base64")

    def respond() -> ClientResponse | None:
        with suppress(StopIteration):  # the mechanism expects no more challenges
            return exchange.send(challenge)
        return None

    try:
        if mechanism in PROVES_SERVER:  # their many hash iterations would block the loop
            try:
                response = await in_daemon_thread(respond)
            except OSError:  # without a thread, the loop must wait
                response = respond()
        else:
            response = respond()
    except ChallengeError as error:
        raise await _cancelled(client, str(error)) from None
    if response is None:
        raise await _cancelled(client, "the server sends more challenges than the mechanism has")
    return response


async def _cancelled(client: SMTPClient, why: str) -> CheckAborted:
    """Cancel the exchange (RFC 4954, section 4) and return the CheckAborted to raise.

    Its cause and detail do not depend on the server's reply.
    """
    why = client.redactor.text(why)  # it may quote a challenge
    client.note(f"cancelling the login: {why}")
    reply = None
    with suppress(TimeoutError, CheckAborted):
        async with asyncio.timeout(CANCEL_LIMIT):
            await client.send_data(b"*\r\n", "*")
            reply = await client.read_reply()
    return CheckAborted(Cause.AUTH_CHALLENGE_MALFORMED, why, reply=reply)


# Maximum number of mechanisms in a verdict.
MECHANISMS_NAMED = 16


def candidates(
    settings: Settings, offer: EhloKeywords, *, encrypted: bool, allow_clear: bool
) -> tuple[list[str], str]:
    """Return the mechanisms to try in order and the reason; CheckAborted if none is allowed."""
    if "AUTH" not in offer:
        where = "" if encrypted else " on this unencrypted connection"
        raise CheckAborted(Cause.AUTH_NOT_OFFERED, f"the server offers no AUTH{where}")
    offered = abridged(offer.shown_mechanisms, MECHANISMS_NAMED, " ") or "none"
    if settings.authentication is not Authentication.AUTO:
        chosen = settings.authentication.value.upper()
        if chosen not in offer.mechanisms:
            text = f"{chosen} is not offered (offered: {offered})"
            raise CheckAborted(Cause.AUTH_MECHANISM_NOT_OFFERED, text)
        opted_out = settings.encryption is Encryption.NONE and not settings.starttls_auto
        if chosen in GIVES_SECRET_AWAY and not encrypted and not opted_out and not allow_clear:
            raise CheckAborted(Cause.AUTH_NEEDS_ENCRYPTION, f"{chosen} would send it unencrypted")
        return [chosen], "the settings name it"
    order: tuple[str, ...] = AUTO_ENCRYPTED if encrypted else AUTO_OPEN
    if not encrypted and allow_clear:
        order = (*AUTO_OPEN, "PLAIN", "LOGIN")
    where = "inside TLS" if encrypted else "on an unencrypted connection"
    where = "on a UNIX socket" if settings.is_socket else where
    usable = [name for name in order if name in offer.mechanisms]
    if not usable and not encrypted and not {"PLAIN", "LOGIN"}.isdisjoint(offer.mechanisms):
        text = f"the server offers only {offered} on this unencrypted connection"
        raise CheckAborted(Cause.AUTH_NEEDS_ENCRYPTION, text)
    if not usable:
        text = f"auto accepts none of those offered ({offered})"
        raise CheckAborted(Cause.AUTH_MECHANISM_NOT_OFFERED, text)
    return usable, f"the strongest offered, safe {where}"


def require_usable(client: SMTPClient, settings: Settings, secret: str) -> None:
    """Raise CheckAborted, before anything is sent, if the configured mechanism is unusable."""
    exchange = MECHANISMS.get(settings.authentication.value.upper())
    if exchange is None:
        return
    try:
        next(exchange(_credentials(settings, secret)))
    except MechanismUnusable as error:
        raise _unusable(client, error) from None


async def authenticate(
    client: SMTPClient, settings: Settings, offer: EhloKeywords, secret: str, *, allow_clear: bool
) -> None:
    """Authenticate once; CheckAborted if the server rejects it or no mechanism is safe."""
    # Only root and the two ends can read a UNIX socket.
    encrypted = client.connection.is_encrypted or settings.is_socket
    mechanisms, reason = candidates(settings, offer, encrypted=encrypted, allow_clear=allow_clear)
    while mechanisms:
        mechanism = mechanisms.pop(0)
        client.emit(AuthStarted(seconds=client.now(), mechanism=mechanism, reason=reason))
        if not encrypted and mechanism in GIVES_SECRET_AWAY:
            client.note("the password is sent unencrypted", WarningId.PASSWORD_IN_CLEAR)
        elif not encrypted and mechanism != "EXTERNAL":
            text = "unencrypted connection: all but the password can be read"
            client.note(text, WarningId.LINK_OPEN)
        try:
            reply, is_unsupported = await run_mechanism(
                client, mechanism, _credentials(settings, secret)
            )
        except MechanismUnusable as error:
            if not mechanisms:
                raise _unusable(client, error) from None
            client.note(str(error))
            continue
        if reply.code == 235:
            return
        if not (is_unsupported and mechanisms):
            raise refused(reply)


def _credentials(settings: Settings, secret: str) -> Credentials:
    return Credentials(settings.username or "", secret, settings.host, settings.port)


def _unusable(client: SMTPClient, error: MechanismUnusable) -> CheckAborted:
    client.stage = Stage.SETTINGS
    return CheckAborted(Cause.SETTINGS_INVALID, f"authentication: {error}")
