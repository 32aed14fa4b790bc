"""AUTH (RFC 4954): which mechanisms are safe on this connection, and the exchange itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.client import SMTPClient
from smtp_tui.smtp.escaping import abridged
from smtp_tui.smtp.events import AuthStarted, Cause, CheckAborted, Stage, WarningId, refused
from smtp_tui.smtp.replies import EhloKeywords, Reply
from smtp_tui.smtp.sasl import (
    AUTO_ENCRYPTED,
    AUTO_OPEN,
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

# No mechanism asks more than three times.
CHALLENGES_LIMIT = 8
# The longest command with its CR and LF (RFC 5321, section 4.5.3.1.4). An initial response that
# does not fit waits for the challenge (RFC 4954, section 4); Postfix enforces it at 2048.
COMMAND_LIMIT = 512
# Seconds that a cancelled exchange waits for its 501.
CANCEL_LIMIT = 1.0


async def run_mechanism(
    client: SMTPClient, mechanism: str, login: Credentials
) -> tuple[Reply, bool]:
    """Try to log in with one mechanism, once, and return the last reply.

    The second value is whether the server does not do the mechanism: then the password was not
    tried. Raises MechanismUnusable before anything is sent, CheckAborted when the exchange breaks.
    """
    exchange = MECHANISMS[mechanism](login)
    initial = next(exchange)
    fits = initial and len(f"AUTH {mechanism} \r\n") + len(initial.as_argument) <= COMMAND_LIMIT
    reply = await client.send_auth(mechanism, initial if fits else None)
    if fits and reply.code == 501:
        client.note("trying again without an initial response")
        fits = False
        reply = await client.send_auth(mechanism, None)
    answers_auth = reply.code != 334
    if initial and not fits and not answers_auth:
        reply = await client.respond(initial)
    reply = await _exchange(client, mechanism, exchange, reply)
    return reply, answers_auth and reply.code == 504


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
        with suppress(StopIteration):  # the mechanism has no more to say
            return exchange.send(challenge)
        return None

    try:
        if mechanism in PROVES_SERVER:  # their many rounds of hashing would hold up the loop
            try:
                response = await in_daemon_thread(respond)
            except OSError:  # without a thread, the loop has to wait
                response = respond()
        else:
            response = respond()
    except ChallengeError as error:
        raise await _cancelled(client, str(error)) from None
    if response is None:
        raise await _cancelled(client, "the server sends more challenges than the mechanism has")
    return response


async def _cancelled(client: SMTPClient, why: str) -> CheckAborted:
    """Cancel the exchange as RFC 4954, section 4, has it, and say why.

    Whatever the server makes of that, the reason stays.
    """
    why = client.redactor.text(why)  # it may repeat what stood in a challenge
    client.note(f"cancelling the login: {why}")
    reply = None
    with suppress(TimeoutError, CheckAborted):
        async with asyncio.timeout(CANCEL_LIMIT):
            await client.send_data(b"*\r\n", "*")
            reply = await client.read_reply()
    return CheckAborted(Cause.AUTH_CHALLENGE_MALFORMED, why, reply=reply)


# Mechanisms that a verdict names.
MECHANISMS_NAMED = 16


def candidates(
    settings: Settings, offer: EhloKeywords, *, encrypted: bool, allow_clear: bool
) -> tuple[list[str], str]:
    """Return the mechanisms to try in order, and why these; CheckAborted when none may be."""
    if "AUTH" not in offer:
        link = "" if encrypted else " on this unencrypted connection"
        raise CheckAborted(Cause.AUTH_NOT_OFFERED, f"the server offers no AUTH{link}")
    offered = abridged(offer.shown_mechanisms, MECHANISMS_NAMED, " ") or "none"
    if settings.authentication is not Authentication.AUTO:
        named = settings.authentication.value.upper()
        if named not in offer.mechanisms:
            text = f"{named} is not offered (offered: {offered})"
            raise CheckAborted(Cause.AUTH_MECHANISM_NOT_OFFERED, text)
        asked_for = settings.encryption is Encryption.NONE and not settings.starttls_auto
        if named in GIVES_SECRET_AWAY and not encrypted and not asked_for and not allow_clear:
            raise CheckAborted(Cause.AUTH_NEEDS_ENCRYPTION, f"{named} would send it unencrypted")
        return [named], "the settings name it"
    order: tuple[str, ...] = AUTO_ENCRYPTED if encrypted else AUTO_OPEN
    if not encrypted and allow_clear:
        order = (*AUTO_OPEN, "PLAIN", "LOGIN")
    link = "inside TLS" if encrypted else "on an unencrypted connection"
    found = [one for one in order if one in offer.mechanisms]
    if not found and not encrypted and not {"PLAIN", "LOGIN"}.isdisjoint(offer.mechanisms):
        text = f"the server offers only {offered} on this unencrypted connection"
        raise CheckAborted(Cause.AUTH_NEEDS_ENCRYPTION, text)
    if not found:
        text = f"auto accepts none of those offered ({offered})"
        raise CheckAborted(Cause.AUTH_MECHANISM_NOT_OFFERED, text)
    return found, f"the strongest mechanism offered that is safe {link}"


def require_usable(client: SMTPClient, settings: Settings, secret: str) -> None:
    """Abort before anything is sent where the configured mechanism cannot be used at all."""
    exchange = MECHANISMS.get(settings.authentication.value.upper())
    if exchange is None:
        return
    try:
        next(exchange(_login(settings, secret)))
    except MechanismUnusable as error:
        raise _unusable(client, error) from None


async def authenticate(
    client: SMTPClient, settings: Settings, offer: EhloKeywords, secret: str, *, allow_clear: bool
) -> None:
    """Authenticate once; CheckAborted when the server, or the rule for open links, refuses."""
    encrypted = client.connection.is_encrypted
    waiting, reason = candidates(settings, offer, encrypted=encrypted, allow_clear=allow_clear)
    while waiting:
        mechanism = waiting.pop(0)
        client.emit(AuthStarted(seconds=client.now(), mechanism=mechanism, reason=reason))
        if not encrypted and mechanism in GIVES_SECRET_AWAY:
            client.note("the password is sent unencrypted", WarningId.PASSWORD_IN_CLEAR)
        elif not encrypted and mechanism != "EXTERNAL":
            text = "the connection is unencrypted: everything except the password can be read"
            client.note(text, WarningId.LINK_OPEN)
        try:
            reply, is_unknown = await run_mechanism(client, mechanism, _login(settings, secret))
        except MechanismUnusable as error:
            if not waiting:
                raise _unusable(client, error) from None
            client.note(str(error))
            continue
        if reply.code == 235:
            return
        if not (is_unknown and waiting):
            raise refused(reply)


def _login(settings: Settings, secret: str) -> Credentials:
    return Credentials(settings.username or "", secret, settings.host, settings.port)


def _unusable(client: SMTPClient, error: MechanismUnusable) -> CheckAborted:
    client.stage = Stage.SETTINGS
    return CheckAborted(Cause.SETTINGS_INVALID, f"authentication: {error}")
