"""Words for a POSIX shell: pasted, each is one word, whatever it holds.

What a check does, in the terms that the command lines of other programs share.

The command line of curl.

The command line of `openssl s_client`.

The command line of swaks.

Command lines that do with other programs what a check does; none holds the secret.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from enum import Enum, auto
from functools import cache
from math import ceil
from pathlib import Path
from urllib.parse import quote

from smtp_tui.records import record
from smtp_tui.settings.choices import (
    AddressFamily,
    Authentication,
    Encryption,
    TlsVersion,
    VerifyMode,
)
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


_LINKS = {
    PlannedEncryption.STARTTLS: "--ssl-reqd",
    PlannedEncryption.STARTTLS_WHERE_OFFERED: "--ssl",
}


def curl_words(plan: CommandPlan) -> CommandLine:
    """Write what curl does of a check; NOOP is in place of the message."""
    settings = plan.settings
    words = CommandLine("curl", "-v", "--globoff")
    words.add("-4", when=settings.address_family is AddressFamily.IPV4)
    words.add("-6", when=settings.address_family is AddressFamily.IPV6)
    words.add("--interface", settings.source_address or "", when=settings.source_address)
    words.add("--max-time", f"{settings.timeout:g}")
    words.note("own-name", when=plan.hello is None)
    if plan.has_tls:
        _add_tls(words, plan)
    _add_login(words, plan)
    words.add("--request", "NOOP", "--url", _url(plan))
    return words


def _url(plan: CommandPlan) -> str:
    """The URL: its host is the name for TLS, its path the name for EHLO."""
    scheme = "smtps" if plan.link is PlannedEncryption.TLS else "smtp"
    host = plan.tls_name if _is_renamed(plan) else plan.host
    path = quote(plan.hello or "", safe=":")
    return f"{scheme}://{bracketed(host.replace('%', '%25'))}:{plan.settings.port}/{path}"


def _is_renamed(plan: CommandPlan) -> bool:
    return plan.has_tls and bool(plan.settings.server_name)


def _add_tls(words: CommandLine, plan: CommandPlan) -> None:
    settings = plan.settings
    words.add(_LINKS.get(plan.link, ""), when=plan.link in _LINKS)
    words.add("--connect-to", f"::{plan.endpoint}", when=_is_renamed(plan))
    words.add(f"--tlsv{settings.tls_minimum.value}")
    words.add("--ciphers", "DEFAULT@SECLEVEL=0", when=plan.is_old)
    words.add("--insecure", when=not plan.verifies)
    words.add_path("--cacert", settings.ca_file, plan.base)
    words.add_path("--cert", settings.client_certificate, plan.base, _without_colons)
    words.add_path("--key", settings.client_key, plan.base)
    words.note("not-verified", when=not plan.verifies)
    words.note("no-fingerprint", when=settings.tls_fingerprint)
    words.note("beside-ca", when=settings.ca_file and plan.verifies)
    words.note("starttls-required", when=plan.needs_starttls)
    words.note("starttls-failing", when=plan.link is PlannedEncryption.STARTTLS_WHERE_OFFERED)


def _without_colons(path: str) -> str:
    """What stands behind a colon would be taken for the key's password."""
    return path.replace("\\", "\\\\").replace(":", "\\:")


def _add_login(words: CommandLine, plan: CommandPlan) -> None:
    if not plan.mechanisms:
        return
    user = plan.settings.username or ""
    if ":" in user or user.startswith(";"):
        words.note("no-user")
        return
    wanted = [name for name in plan.mechanisms if not (plan.chooses and name in SCRAM)]
    needs_password = wanted != ["EXTERNAL"]
    words.add("--login-options", ";".join(f"AUTH={name}" for name in wanted))
    words.add("--user", user if needs_password else f"{user}:")
    if not TOKEN.isdisjoint(wanted):
        words.add("--config", "-")
        words.note("asks-token")
    elif needs_password:
        words.note("asks")
    words.note("needs-gsasl", when=wanted[0] in SCRAM)
    words.note("own-choice", when=plan.chooses)
    _note_leaks(words, plan, needs_password=needs_password)


def _note_leaks(words: CommandLine, plan: CommandPlan, *, needs_password: bool) -> None:
    if plan.gives_away:
        words.note("shows-password")
        words.note("clear", when=not plan.has_tls)
    else:
        words.note("shows-digest", when=needs_password)


_VERSIONS = {
    TlsVersion.V1_0: "TLSv1",
    TlsVersion.V1_1: "TLSv1.1",
    TlsVersion.V1_2: "TLSv1.2",
    TlsVersion.V1_3: "TLSv1.3",
}


def openssl_words(plan: CommandPlan) -> CommandLine:
    """Write what openssl does of a check: the handshake."""
    if not plan.has_tls:
        nothing = CommandLine()
        nothing.note("nothing")
        return nothing
    settings = plan.settings
    words = CommandLine("openssl", "s_client", "-connect", plan.endpoint)
    words.add("-4", when=settings.address_family is AddressFamily.IPV4)
    words.add("-6", when=settings.address_family is AddressFamily.IPV6)
    words.add("-bind", bracketed(settings.source_address or ""), when=settings.source_address)
    if plan.link is not PlannedEncryption.TLS:
        words.add("-starttls", "smtp")
        words.add("-name", plan.hello or "", when=plan.hello)
        words.note("own-name", when=plan.hello is None)
        words.note("begins-anyway")
    _add_tls_openssl(words, plan)
    # Its end of input is the end of the connection.
    words.add_raw("</dev/null")
    if settings.tls_fingerprint:
        words.add_raw("|", "openssl", "x509", "-noout", "-fingerprint", "-sha256")
        words.note("compare-fingerprint")
    words.note("no-login")
    return words


def _add_tls_openssl(words: CommandLine, plan: CommandPlan) -> None:
    settings = plan.settings
    words.add("-servername", plan.tls_name, when=plan.has_name)
    words.add("-noservername", when=not plan.has_name)
    if settings.tls_fingerprint is None and plan.verifies:
        words.add("-verify_hostname" if plan.has_name else "-verify_ip", plan.tls_name)
        words.add("-verify_return_error")
    words.note("not-verified", when=not plan.verifies)
    words.add_path("-CAfile", settings.ca_file, plan.base)
    words.add("-min_protocol", _VERSIONS[settings.tls_minimum])
    words.add("-cipher", "DEFAULT@SECLEVEL=0", when=plan.is_old)
    words.add_path("-cert", settings.client_certificate, plan.base)
    words.add_path("-key", settings.client_key, plan.base)


_KNOWN = ("PLAIN", "LOGIN", "CRAM-MD5")
_LINKS_swaks = {
    PlannedEncryption.STARTTLS: "-tls",
    PlannedEncryption.STARTTLS_WHERE_OFFERED: "--tls-optional-strict",
    PlannedEncryption.TLS: "--tls-on-connect",
}
_VERSIONS_swaks = {
    TlsVersion.V1_0: "tlsv1",
    TlsVersion.V1_1: "tlsv1_1",
    TlsVersion.V1_2: "tlsv1_2",
    TlsVersion.V1_3: "tlsv1_3",
}


def swaks_words(plan: CommandPlan) -> CommandLine:
    """Write what swaks does of a check."""
    settings = plan.settings
    words = CommandLine("swaks", "--server", plan.host, "--port", str(settings.port))
    words.add("-4", when=settings.address_family is AddressFamily.IPV4)
    words.add("-6", when=settings.address_family is AddressFamily.IPV6)
    words.add("--local-interface", settings.source_address or "", when=settings.source_address)
    words.add("--timeout", f"{ceil(settings.timeout)}s", when="timeout" in settings.given)
    words.add("--helo", plan.hello or "", when=plan.hello)
    words.note("own-name", when=plan.hello is None)
    if plan.has_tls:
        _add_tls_swaks(words, plan)
    _add_login_swaks(words, plan)
    return words


def _add_tls_swaks(words: CommandLine, plan: CommandPlan) -> None:
    settings = plan.settings
    words.add(_LINKS_swaks[plan.link])
    words.add("--tls-sni", plan.tls_name, when=plan.has_name)
    allowed = [name for version, name in _VERSIONS_swaks.items() if version >= settings.tls_minimum]
    words.add("--tls-protocol", ",".join(allowed))
    words.add("--tls-cipher", "DEFAULT@SECLEVEL=0", when=plan.is_old)
    words.add("--tls-verify", when=plan.verifies)
    is_other = plan.tls_name != plan.host
    words.add("--tls-verify-target", plan.tls_name, when=plan.verifies and is_other)
    words.add_path("--tls-ca-path", settings.ca_file, plan.base)
    key = settings.client_key or settings.client_certificate
    words.add_path("--tls-cert", settings.client_certificate, plan.base)
    words.add_path("--tls-key", key, plan.base)
    words.note("old-swaks" if plan.verifies else "not-verified")
    words.note("no-fingerprint", when=settings.tls_fingerprint)
    words.note("starttls-required", when=plan.needs_starttls)


def _add_login_swaks(words: CommandLine, plan: CommandPlan) -> None:
    known = [name for name in plan.mechanisms if name in _KNOWN]
    user = plan.settings.username or ""
    is_none = user == "<>"  # to swaks, typed too
    if not known or is_none:
        words.add("--quit-after", "HELO")
        words.note("no-mechanism", when=plan.mechanisms and not known)
        words.note("no-user", when=known)
        return
    # Even behind an equals sign swaks reads such a name as an option.
    is_readable = not user.startswith("-")
    words.add("--auth", ",".join(known))
    words.add("--auth-user", user, when=is_readable)
    words.add("--auth-hide-password", "--protect-prompt", "--quit-after", "AUTH")
    words.note("asks", "asks-netrc")
    words.note("asks-user", when=not is_readable)
    words.note("shows-digest", when="CRAM-MD5" in known)
    words.note("tries-both", when=len(known) > 1)
    words.note("own-choice", when=plan.chooses)
    words.note("clear", when=plan.gives_away and not plan.has_tls)


_WRITERS: dict[str, Callable[[CommandPlan], CommandLine]] = {
    "swaks": swaks_words,
    "openssl": openssl_words,
    "curl": curl_words,
}


@record(kw_only=True)
class EquivalentCommand:
    """What to type for another program, in a POSIX shell, and where it will behave otherwise.

    `line` is empty where the program has nothing to do; the notes say why.
    """

    program: str
    line: str
    notes: tuple[str, ...] = ()


def equivalent_commands(
    settings: Settings, events: Sequence[Event] = (), base: Path = Path()
) -> tuple[EquivalentCommand, ...]:
    """Return what does the same with swaks, openssl and curl, as far as the login.

    Of the `events` of a check, the name given in EHLO and the mechanism that `auto` took are done
    again. `base` is the folder that paths in the settings start from.
    """
    plan = plan_of(settings, events, base)
    return tuple(_command(program, write(plan), plan) for program, write in _WRITERS.items())


def _command(program: str, words: CommandLine, plan: CommandPlan) -> EquivalentCommand:
    names = {
        "program": program,
        "mechanism": " or ".join(plan.mechanisms),
        "fingerprint": plan.settings.tls_fingerprint or "",
    }
    notes = tuple(_notes()[note].format_map(names) for note in words.notes)
    return EquivalentCommand(program=program, line=" ".join(words.quoted), notes=notes)


@cache
def _notes() -> dict[str, str]:
    import tomllib

    return tomllib.loads(Path(__file__).with_name("equivalents.toml").read_text(encoding="utf-8"))
