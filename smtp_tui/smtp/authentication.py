"""AUTH (RFC 4954): which mechanism, whether it is safe on this link, and the exchange itself."""

from __future__ import annotations

from dataclasses import dataclass

from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.capabilities import Offer
from smtp_tui.smtp.dialogue import Dialogue, Stop, refusal
from smtp_tui.smtp.events import AuthStarted, Fault, Warn
from smtp_tui.smtp.replies import Reply
from smtp_tui.smtp.sasl import (
    AUTO_ENCRYPTED,
    AUTO_OPEN,
    GIVES_SECRET_AWAY,
    MECHANISMS,
    PROVES_SERVER,
    ChallengeError,
    Exchange,
    Login,
    Response,
    decode_challenge,
)

# No mechanism asks more than three times.
CHALLENGES_LIMIT = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mechanism that may be tried, and why."""

    mechanism: str
    reason: str


def candidates(
    settings: Settings, offer: Offer, *, encrypted: bool, allow_clear: bool
) -> list[Candidate]:
    """Return the mechanisms to try in order; Stop when none may be."""
    if "AUTH" not in offer:
        link = "" if encrypted else " in plain text"
        raise Stop(Fault.AUTH_NOT_OFFERED, f"the server offers no AUTH{link}")
    if settings.authentication is not Authentication.AUTO:
        return [_named(settings, offer, encrypted=encrypted, allow_clear=allow_clear)]
    order = AUTO_ENCRYPTED if encrypted else AUTO_OPEN
    if not encrypted and allow_clear:
        order = (*AUTO_OPEN, "PLAIN", "LOGIN")
    link = "inside TLS" if encrypted else "on an open link"
    found = [
        Candidate(mechanism, f"the strongest offered that is safe {link}")
        for mechanism in order
        if mechanism in offer.mechanisms
    ]
    if not found:
        raise _none_safe(offer, encrypted=encrypted)
    return found


def _named(settings: Settings, offer: Offer, *, encrypted: bool, allow_clear: bool) -> Candidate:
    mechanism = settings.authentication.value.upper()
    if mechanism not in offer.mechanisms:
        offered = " ".join(offer.mechanisms) or "none"
        raise Stop(Fault.AUTH_MECHANISM_NOT_OFFERED, f"{mechanism} is not offered: {offered}")
    asked_for = settings.encryption is Encryption.NONE and not settings.starttls_auto
    if mechanism in GIVES_SECRET_AWAY and not encrypted and not asked_for and not allow_clear:
        raise Stop(Fault.AUTH_NEEDS_ENCRYPTION, f"{mechanism} would send the password in the clear")
    return Candidate(mechanism, "the settings name it")


def _none_safe(offer: Offer, *, encrypted: bool) -> Stop:
    offered = " ".join(offer.mechanisms) or "none"
    if not encrypted and any(name in offer.mechanisms for name in ("PLAIN", "LOGIN")):
        return Stop(Fault.AUTH_NEEDS_ENCRYPTION, f"only {offered} on an open link")
    return Stop(Fault.AUTH_MECHANISM_NOT_OFFERED, f"none that auto would take: {offered}")


async def authenticate(
    dialogue: Dialogue, settings: Settings, offer: Offer, secret: str, *, allow_clear: bool
) -> None:
    """Authenticate once; Stop when the server, or the rule for open links, refuses."""
    encrypted = dialogue.connection.is_encrypted
    possible = candidates(settings, offer, encrypted=encrypted, allow_clear=allow_clear)
    for number, candidate in enumerate(possible, 1):
        _announce(dialogue, candidate, encrypted=encrypted)
        reply = await _attempt(dialogue, candidate.mechanism, _login(settings, secret))
        if reply.code == 235:
            return
        unknown = reply.code == 504 and settings.authentication is Authentication.AUTO
        if not unknown or number == len(possible):
            raise Stop(refusal(reply), reply=reply)


def _login(settings: Settings, secret: str) -> Login:
    return Login(settings.username or "", secret, settings.host, settings.port)


def _announce(dialogue: Dialogue, candidate: Candidate, *, encrypted: bool) -> None:
    dialogue.emit(
        AuthStarted(seconds=dialogue.now(), mechanism=candidate.mechanism, reason=candidate.reason)
    )
    if encrypted or candidate.mechanism == "EXTERNAL":
        return
    if candidate.mechanism in GIVES_SECRET_AWAY:
        dialogue.note("the password crosses the network in the clear", Warn.PASSWORD_IN_CLEAR)
    else:
        dialogue.note("the link is open: everything but the password can be read", Warn.LINK_OPEN)


async def _attempt(dialogue: Dialogue, mechanism: str, login: Login) -> Reply:
    exchange = MECHANISMS[mechanism](login)
    initial = next(exchange)
    reply = await dialogue.say_auth(mechanism, initial)
    if reply.code == 501 and initial is not None:
        dialogue.note("once more without an initial response")
        reply = await dialogue.say_auth(mechanism, None)
        if reply.code == 334:
            reply = await dialogue.respond(initial)
    return await _exchange(dialogue, mechanism, exchange, reply)


async def _exchange(dialogue: Dialogue, mechanism: str, exchange: Exchange, reply: Reply) -> Reply:
    response = None
    for _ in range(CHALLENGES_LIMIT):
        if reply.code != 334:
            break
        response = await _answer(dialogue, exchange, reply)
        reply = await dialogue.respond(response)
    else:
        raise await _cancelled(dialogue, "the server asks without end")
    proved = response is not None and response.server_proved
    if reply.code == 235 and mechanism in PROVES_SERVER and not proved:
        raise Stop(
            Fault.AUTH_CHALLENGE_MALFORMED,
            "the server accepted without proving that it knows the password",
            reply=reply,
        )
    return reply


async def _answer(dialogue: Dialogue, exchange: Exchange, reply: Reply) -> Response:
    challenge = decode_challenge(reply)
    if challenge is None:
        raise await _cancelled(dialogue, "the challenge is no base64")
    try:
        response = exchange.send(challenge)
    except StopIteration:
        raise await _cancelled(dialogue, "a challenge more than the mechanism has") from None
    except ChallengeError as error:
        raise await _cancelled(dialogue, str(error)) from None
    if response is None:
        raise AssertionError("a mechanism answers every challenge")
    return response


async def _cancelled(dialogue: Dialogue, why: str) -> Stop:
    """Cancel the exchange as RFC 4954, section 4, has it, and say why."""
    dialogue.note(f"cancelling: {why}")
    reply = await dialogue.cancel_auth()
    return Stop(Fault.AUTH_CHALLENGE_MALFORMED, why, reply=reply)
