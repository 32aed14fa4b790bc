"""Name what an application does differently from smtp-tui's own check with the same settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from ipaddress import ip_address

from smtp_tui.records import record
from smtp_tui.safe_text import abridged, shortened
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.auth import candidates
from smtp_tui.smtp.events import CheckAborted
from smtp_tui.smtp.message import default_sender
from smtp_tui.tap.observed import LONGEST_LINE, Observed

# The mechanisms whose response the check sends with AUTH.
_INITIAL = frozenset({"PLAIN", "XOAUTH2", "OAUTHBEARER", "EXTERNAL", "SCRAM-SHA-1"})
_INITIAL |= {"SCRAM-SHA-256"}
_ENCRYPTION = {
    "none": "no encryption",
    "starttls": "STARTTLS",
    "implicit": "implicit TLS (TLS from the first byte)",
}


@record(kw_only=True)
class OwnCheck:
    """What a check with the settings does: its EHLO name and, if known, its password.

    Without a name, it is the literal of the local address, known only once a socket is connected.
    """

    settings: Settings
    ehlo_name: str
    secret: str | None = field(default=None, repr=False)

    @property
    def encryption(self) -> str:
        """How the check encrypts, as `Observed.encryption` names it."""
        by_setting = {Encryption.SSL: "implicit", Encryption.TLS: "starttls"}
        return by_setting.get(self.settings.encryption, "none")

    @property
    def sender(self) -> str:
        """The envelope sender of a check with --to."""
        settings = self.settings
        if settings.sender:
            return parse_mailbox(settings.sender).envelope
        return default_sender(settings.username or "", self.ehlo_name).envelope


@record
class DialogueDifference:
    """One difference: its id, a sentence, and the values on both sides, if it has any."""

    id: str
    text: str
    application: str | None = None
    check: str | None = None


def differences(seen: Observed, own: OwnCheck) -> Iterator[DialogueDifference]:
    """Yield what differs in a dialogue, in the order of a dialogue."""
    if not seen.commands:
        return
    if seen.impatient:
        names = abridged(seen.impatient, 8)
        yield DialogueDifference(
            "tap-does-not-wait",
            f"The application sends more before the server has replied to {names}. A server may "
            "reject that. Make the application wait for each reply.",
            names,
        )
    if seen.greeting_verb == "HELO":
        yield DialogueDifference(
            "tap-helo",
            "The application says HELO, which has no extensions: no STARTTLS and no login. The "
            "check says EHLO.",
            "HELO",
            "EHLO",
        )
    if seen.ehlo_name and seen.ehlo_name.casefold() != own.ehlo_name.casefold():
        name = shortened(seen.ehlo_name)
        text = f"The application names itself {name} in {seen.greeting_verb}, the check "
        text += f"{own.ehlo_name}. "
        if _is_loopback_literal(seen.ehlo_name):
            text += "If that is the address of its connection, it has another one without the tap."
        else:
            text += f"Set domain to {name} to check with its name."
        yield DialogueDifference("tap-ehlo-name", text, name, own.ehlo_name)
    yield from _encryption(seen, own)
    yield from _login(seen, own)
    yield from _envelope(seen, own)
    yield from _content(seen)
    yield from _commands(seen)
    if seen.closes_first and not seen.says_quit:
        yield DialogueDifference(
            "tap-no-quit", "The application closes the connection without QUIT.", None, "QUIT"
        )


def _encryption(seen: Observed, own: OwnCheck) -> Iterator[DialogueDifference]:
    wanted = own.encryption
    if own.settings.encryption is Encryption.NONE and own.settings.starttls_auto:
        wanted = "starttls" if "STARTTLS" in seen.clear_offer else "none"
    if seen.encryption == wanted:
        return
    name = "tap-no-starttls" if (seen.encryption, wanted) == ("none", "starttls") else ""
    yield DialogueDifference(
        name or "tap-encryption",
        f"The application uses {_ENCRYPTION[seen.encryption]}; the settings say "
        f"{_ENCRYPTION[wanted]}. If you did not change that for the tap, change it in the "
        "application.",
        seen.encryption,
        wanted,
    )


def _login(seen: Observed, own: OwnCheck) -> Iterator[DialogueDifference]:
    settings = own.settings
    if not seen.mechanism:
        if settings.authenticates and "AUTH" in seen.offer:
            text = "The application does not log in, though the server offers AUTH; the check does."
            yield DialogueDifference("tap-no-auth", text, None, "AUTH")
        return
    if not settings.authenticates:
        text = f"The application logs in with {seen.mechanism}; the settings name no login."
        yield DialogueDifference("tap-auth", text, seen.mechanism, None)
        return
    try:
        chosen, _ = candidates(
            settings, seen.offer, encrypted=seen.server_encrypted, allow_clear=False
        )
    except CheckAborted:
        chosen = []
    if not chosen:
        text = f"The application logs in with {seen.mechanism}; the check sends no login here."
        yield DialogueDifference("tap-auth", text, seen.mechanism, None)
    elif chosen[0] != seen.mechanism:
        text = f"The application logs in with {seen.mechanism}, the check with {chosen[0]}."
        yield DialogueDifference("tap-mechanism", text, seen.mechanism, chosen[0])
    elif seen.initial_response != (seen.mechanism in _INITIAL):
        does, other = ("sends", "waits") if seen.initial_response else ("waits", "sends")
        where = {
            "sends": "sends its response with AUTH",
            "waits": "waits for the server's challenge after AUTH",
        }
        yield DialogueDifference(
            "tap-initial-response",
            f"The application {where[does]}, the check {where[other]}.",
            where[does],
            where[other],
        )
    if seen.username is not None and seen.username != (settings.username or ""):
        text = "The application logs in with another username than the settings have."
        yield DialogueDifference("tap-username-differs", text)
    if None not in (seen.password, own.secret) and seen.password != own.secret:
        text = "The application sends another password than the settings have."
        yield DialogueDifference("tap-password-differs", text)


def _envelope(seen: Observed, own: OwnCheck) -> Iterator[DialogueDifference]:
    if seen.sender is not None and _folded(seen.sender) != _folded(own.sender):
        shown = shortened(seen.sender) or "an empty address"
        yield DialogueDifference(
            "tap-mail-from",
            f"The application sends from {shown}, a test message comes from {own.sender}.",
            shortened(seen.sender),
            own.sender,
        )
    if seen.pipelines and "PIPELINING" not in seen.offer:
        yield DialogueDifference(
            "tap-pipelines-unoffered",
            "The application sends several commands at once, and the server does not offer "
            "PIPELINING. Turn pipelining off in the application.",
        )
    elif seen.pipelines:
        yield DialogueDifference(
            "tap-pipelines",
            "The application sends several commands at once, as the server allows; the check "
            "sends one at a time.",
        )


def _commands(seen: Observed) -> Iterator[DialogueDifference]:
    if seen.command_bare_lf:
        yield DialogueDifference(
            "tap-command-bare-lf",
            "Commands of the application end with a bare LF. Many servers reject that; the "
            "application must end each command with CRLF.",
        )
    if seen.unknown_lines:
        yield DialogueDifference(
            "tap-unknown-command",
            "The application sends lines that are no SMTP commands. The tap hides them.",
            str(seen.unknown_lines),
        )


def _is_loopback_literal(name: str) -> bool:
    try:
        return ip_address(name.strip("[]").removeprefix("IPv6:")).is_loopback
    except ValueError:
        return False


def _folded(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    return local, domain.casefold()


def _content(seen: Observed) -> Iterator[DialogueDifference]:
    limit = seen.offer.size_limit
    if limit and max(seen.size, seen.declared_size or 0) > limit:
        yield DialogueDifference(
            "tap-size",
            f"The message is larger than the server's limit of {limit} bytes.",
            str(max(seen.size, seen.declared_size or 0)),
            str(limit),
        )
    if seen.bare_lf:
        yield DialogueDifference(
            "tap-bare-lf",
            "Lines of the message end with a bare LF. Many servers reject that; the application "
            "must end each line with CRLF.",
        )
    if seen.bare_cr:
        yield DialogueDifference(
            "tap-bare-cr",
            "The message has a CR without LF. Many servers reject that.",
        )
    if seen.eight_bit and not seen.declares_eight_bit:
        yield DialogueDifference(
            "tap-8bit",
            "The message has bytes that are not ASCII, and the application does not announce them "
            "with BODY=8BITMIME.",
        )
    if seen.longest_line > LONGEST_LINE:
        yield DialogueDifference(
            "tap-long-line",
            f"A line of the message has {seen.longest_line} bytes; {LONGEST_LINE} are allowed.",
            str(seen.longest_line),
            str(LONGEST_LINE),
        )
