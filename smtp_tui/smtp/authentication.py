"""AUTH (RFC 4954): which mechanisms, and whether they are safe on this link."""

from __future__ import annotations

from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.abridging import abridged
from smtp_tui.smtp.capabilities import Offer
from smtp_tui.smtp.dialogue import Dialogue
from smtp_tui.smtp.events import AuthStarted, Fault, Stage, Warn
from smtp_tui.smtp.exchange import attempt
from smtp_tui.smtp.responses import Login, Unusable
from smtp_tui.smtp.sasl import AUTO_ENCRYPTED, AUTO_OPEN, GIVES_SECRET_AWAY, MECHANISMS
from smtp_tui.smtp.stop import Stop, refused

# Mechanisms that a verdict names.
MECHANISMS_NAMED = 16


@record
class Candidate:
    """A mechanism that may be tried, and why."""

    mechanism: str
    reason: str


def candidates(
    settings: Settings, offer: Offer, *, encrypted: bool, allow_clear: bool
) -> list[Candidate]:
    """Return the mechanisms to try in order; Stop when none may be."""
    if "AUTH" not in offer:
        link = "" if encrypted else " on this unencrypted connection"
        raise Stop(Fault.AUTH_NOT_OFFERED, f"the server offers no AUTH{link}")
    if settings.authentication is not Authentication.AUTO:
        return [_named(settings, offer, encrypted=encrypted, allow_clear=allow_clear)]
    order: tuple[str, ...] = AUTO_ENCRYPTED if encrypted else AUTO_OPEN
    if not encrypted and allow_clear:
        order = (*AUTO_OPEN, "PLAIN", "LOGIN")
    link = "inside TLS" if encrypted else "on an unencrypted connection"
    found = [
        Candidate(mechanism, f"the strongest mechanism offered that is safe {link}")
        for mechanism in order
        if mechanism in offer.mechanisms
    ]
    if not found:
        raise _none_safe(offer, encrypted=encrypted)
    return found


def _named(settings: Settings, offer: Offer, *, encrypted: bool, allow_clear: bool) -> Candidate:
    mechanism = settings.authentication.value.upper()
    if mechanism not in offer.mechanisms:
        offered = abridged(offer.shown_mechanisms, MECHANISMS_NAMED, " ") or "none"
        raise Stop(
            Fault.AUTH_MECHANISM_NOT_OFFERED, f"{mechanism} is not offered (offered: {offered})"
        )
    asked_for = settings.encryption is Encryption.NONE and not settings.starttls_auto
    if mechanism in GIVES_SECRET_AWAY and not encrypted and not asked_for and not allow_clear:
        raise Stop(Fault.AUTH_NEEDS_ENCRYPTION, f"{mechanism} would send it unencrypted")
    return Candidate(mechanism, "the settings name it")


def _none_safe(offer: Offer, *, encrypted: bool) -> Stop:
    offered = abridged(offer.shown_mechanisms, MECHANISMS_NAMED, " ") or "none"
    if not encrypted and any(name in offer.mechanisms for name in ("PLAIN", "LOGIN")):
        return Stop(
            Fault.AUTH_NEEDS_ENCRYPTION,
            f"the server offers only {offered} on this unencrypted connection",
        )
    return Stop(Fault.AUTH_MECHANISM_NOT_OFFERED, f"auto accepts none of those offered ({offered})")


def require_usable(dialogue: Dialogue, settings: Settings, secret: str) -> None:
    """Stop before anything is sent where the mechanism that is named cannot be used at all."""
    exchange = MECHANISMS.get(settings.authentication.value.upper())
    if exchange is None:
        return
    try:
        next(exchange(_login(settings, secret)))
    except Unusable as error:
        raise _unusable(dialogue, error) from None


async def authenticate(
    dialogue: Dialogue, settings: Settings, offer: Offer, secret: str, *, allow_clear: bool
) -> None:
    """Authenticate once; Stop when the server, or the rule for open links, refuses."""
    encrypted = dialogue.connection.is_encrypted
    waiting = candidates(settings, offer, encrypted=encrypted, allow_clear=allow_clear)
    while waiting:
        candidate = waiting.pop(0)
        _announce(dialogue, candidate, encrypted=encrypted)
        try:
            outcome = await attempt(dialogue, candidate.mechanism, _login(settings, secret))
        except Unusable as error:
            if not waiting:
                raise _unusable(dialogue, error) from None
            dialogue.note(str(error))
            continue
        if outcome.reply.code == 235:
            return
        if not (outcome.is_unknown_mechanism and waiting):
            raise refused(outcome.reply)


def _login(settings: Settings, secret: str) -> Login:
    return Login(settings.username or "", secret, settings.host, settings.port)


def _unusable(dialogue: Dialogue, error: Unusable) -> Stop:
    dialogue.stage = Stage.SETTINGS
    return Stop(Fault.SETTINGS_INVALID, f"authentication: {error}")


def _announce(dialogue: Dialogue, candidate: Candidate, *, encrypted: bool) -> None:
    dialogue.emit(
        AuthStarted(seconds=dialogue.now(), mechanism=candidate.mechanism, reason=candidate.reason)
    )
    if encrypted or candidate.mechanism == "EXTERNAL":
        return
    if candidate.mechanism in GIVES_SECRET_AWAY:
        dialogue.note("the password is sent unencrypted", Warn.PASSWORD_IN_CLEAR)
    else:
        dialogue.note(
            "the connection is unencrypted: everything except the password can be read",
            Warn.LINK_OPEN,
        )
