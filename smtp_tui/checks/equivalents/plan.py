"""Words for a POSIX shell: pasted, each is one word, whatever it holds.

What a check does, in the terms that the command lines of other programs share.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from enum import Enum, auto
from pathlib import Path

from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption, TlsVersion, VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name, is_address
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import AuthStarted, Capabilities, Event, Sent

# What `config.paths` expands, a shell can expand too.
_VARIABLE = re.compile(
    r"\$(?:\{(HOME|CREDENTIALS_DIRECTORY)\}|(HOME|CREDENTIALS_DIRECTORY)(?![A-Za-z0-9_]))"
)


def quoted(text: str) -> str:
    """Quote a word; what no terminal may be shown stands as an escape that `printf` undoes."""
    if escape_controls(text) == text:
        return shlex.quote(text)
    escaped = "".join(_octal(letter) for letter in text)
    return f"\"$(printf '%b' {shlex.quote(escaped)})\""


def quoted_path(
    text: str, base: Path, escape: Callable[[str], str] = lambda literal: literal
) -> str:
    """Quote a path of the settings, which is relative to `base`; home stays a variable.

    `escape` is put over what is no variable, for a program that gives some letters a meaning.
    """
    if text == "~" or text.startswith("~/"):
        text = f"$HOME{text[1:]}"
    if not _VARIABLE.match(text):
        text = str(base / text)
        text = f"./{text}" if text.startswith("-") else text
    words = []
    at = 0
    for variable in _VARIABLE.finditer(text):
        literal = text[at : variable.start()]
        words += [quoted(escape(literal)) if literal else "", f'"${variable[1] or variable[2]}"']
        at = variable.end()
    rest = text[at:]
    return "".join([*words, quoted(escape(rest)) if rest else ""])


def _octal(letter: str) -> str:
    if letter == "\\":
        return r"\\"
    if escape_controls(letter) == letter:
        return letter
    errors = "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass"
    return "".join(f"\\0{byte:03o}" for byte in letter.encode("utf-8", errors))


# rf

# What hands the secret over as it is, whatever the link.
GIVING_AWAY = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})
TOKEN = frozenset({"XOAUTH2", "OAUTHBEARER"})
# Few other programs know it, so where the check would choose it, they take what comes after it.
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-1")


class PlannedEncryption(Enum):
    """How the link is to be protected."""

    OPEN = auto()
    STARTTLS_WHERE_OFFERED = auto()
    STARTTLS = auto()
    TLS = auto()


class CommandLine:
    """A command line that grows, every word quoted, and the ids of the notes beside it."""

    def __init__(self, *words: str) -> None:
        self.quoted = list(map(quoted, words))
        self.notes: list[str] = []

    def add(self, *words: str, when: object = True) -> None:
        """Add an option and its value, `when` there is reason to."""
        if when:
            self.quoted += map(quoted, words)

    def add_path(
        self, option: str, path: str | None, base: Path, escape: Callable[[str], str] = str
    ) -> None:
        """Add an option and a path of the settings, if there is one."""
        if path:
            self.quoted += [option, quoted_path(path, base, escape)]

    def add_raw(self, *words: str) -> None:
        """Add what the shell itself is to read."""
        self.quoted += words

    def note(self, *ids: str, when: object = True) -> None:
        """Add notes, `when` they apply."""
        if when:
            self.notes += ids


@record(kw_only=True)
class CommandPlan:
    """What is to be done.

    `host` and `tls_name` are ASCII, the latter without a final dot and a zone; `hello` is the name
    for EHLO, None where nobody knows it; `mechanisms` are those to log in with, none for no login.
    """

    settings: Settings
    base: Path
    host: str
    tls_name: str
    hello: str | None
    link: PlannedEncryption
    mechanisms: tuple[str, ...]
    needs_starttls: bool

    @property
    def has_tls(self) -> bool:
        """Whether there can be TLS on the link."""
        return self.link is not PlannedEncryption.OPEN

    @property
    def verifies(self) -> bool:
        """Whether a certificate is held to account in any way."""
        settings = self.settings
        return bool(settings.tls_fingerprint) or settings.openssl_verify_mode is not VerifyMode.NONE

    @property
    def has_name(self) -> bool:
        """Whether the name for TLS is one, and no address."""
        return not is_address(self.tls_name)

    @property
    def is_old(self) -> bool:
        """Whether TLS versions are allowed that OpenSSL has at security level 0 alone."""
        return self.settings.tls_minimum in (TlsVersion.V1_0, TlsVersion.V1_1)

    @property
    def gives_away(self) -> bool:
        """Whether the login hands over the secret as it is."""
        return not GIVING_AWAY.isdisjoint(self.mechanisms)

    @property
    def chooses(self) -> bool:
        """Whether the mechanism is still to be chosen."""
        return len(self.mechanisms) > 1

    @property
    def endpoint(self) -> str:
        """Host and port, IPv6 in brackets."""
        return f"{bracketed(self.host)}:{self.settings.port}"


def plan_of(settings: Settings, events: Sequence[Event], base: Path) -> CommandPlan:
    """Say what a check of the settings does; `events` are those of one that was done."""
    link = _link(settings)
    mechanisms = _mechanisms(settings, events, link)
    # A check stops before it gives a password away unasked, so the command lines must.
    is_unasked = link is PlannedEncryption.STARTTLS_WHERE_OFFERED and not GIVING_AWAY.isdisjoint(
        mechanisms
    )
    return CommandPlan(
        settings=settings,
        base=base,
        host=ascii_name(settings.host),
        tls_name=ascii_name(settings.tls_name).removesuffix(".").partition("%")[0],
        hello=_hello(settings, events),
        link=PlannedEncryption.STARTTLS if is_unasked else link,
        mechanisms=mechanisms,
        needs_starttls=is_unasked,
    )


def bracketed(host: str) -> str:
    """A host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def _link(settings: Settings) -> PlannedEncryption:
    match settings.encryption:
        case Encryption.SSL:
            return PlannedEncryption.TLS
        case Encryption.TLS:
            return PlannedEncryption.STARTTLS
        case Encryption.NONE:
            return (
                PlannedEncryption.STARTTLS_WHERE_OFFERED
                if settings.starttls_auto
                else PlannedEncryption.OPEN
            )


def _mechanisms(
    settings: Settings, events: Sequence[Event], link: PlannedEncryption
) -> tuple[str, ...]:
    if not settings.authenticates:
        return ()
    if settings.authentication is not Authentication.AUTO:
        return (settings.authentication.value.upper(),)
    taken = [event.mechanism for event in events if isinstance(event, AuthStarted)]
    if taken and taken[-1] not in SCRAM:
        return (taken[-1],)
    others = ("CRAM-MD5",) if link is PlannedEncryption.OPEN else ("PLAIN", "LOGIN")
    offers = [event.mechanisms for event in events if isinstance(event, Capabilities)]
    offered = [name for name in others if offers and name in offers[-1]]
    return (*SCRAM, *(offered[:1] or others))


def _hello(settings: Settings, events: Sequence[Event]) -> str | None:
    if settings.domain:
        is_literal = settings.domain.startswith("[")
        return settings.domain if is_literal else ascii_name(settings.domain)
    said = (event.text.split() for event in events if isinstance(event, Sent))
    return next((words[1] for words in said if words[0] in ("EHLO", "HELO") and words[1:]), None)
