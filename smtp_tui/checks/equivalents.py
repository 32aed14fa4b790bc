"""Write command lines that repeat a check with swaks, openssl and curl, without the secret.

Each argument stays one word in a POSIX shell, whatever it contains.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import zip_longest
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from smtp_tui.config.paths import PEM_FIELDS
from smtp_tui.diagnosis.comparison import PlaceSummary
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.choices import (
    AddressFamily,
    Authentication,
    Encryption,
    TlsVersion,
    VerifyMode,
)
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import ascii_name, is_address, socket_path

# The variables that `config.paths` expands; a shell can expand them too.
_VARIABLE = re.compile(r"\$(\{)?(HOME|CREDENTIALS_DIRECTORY)(?(1)\}|(?![A-Za-z0-9_]))")
# Mechanisms that send the secret itself, whatever the connection.
_TOKEN_MECHANISMS = frozenset({"XOAUTH2", "OAUTHBEARER"})
_CLEARTEXT = _TOKEN_MECHANISMS | {"PLAIN", "LOGIN"}
# Few other programs support SCRAM: where the check would choose it, they use the next choice.
_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-1")
_SWAKS_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
# OpenSSL allows TLS versions below 1.2 only at security level 0.
_OLD_CIPHERS = "DEFAULT@SECLEVEL=0"


def quoted(text: str) -> str:
    """Quote a word; control characters become escapes that `printf` decodes."""
    if escape_controls(text) == text:
        return shlex.quote(text)
    escaped = ""
    for character in text.replace("\\", r"\\"):
        if escape_controls(character) == character:
            escaped += character
        else:
            errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
            escaped += "".join(f"\\0{byte:03o}" for byte in character.encode("utf-8", errors))
    return f"\"$(printf '%b' {shlex.quote(escaped)})\""


def quoted_path(text: str, base: Path, escape: Callable[[str], str] = str) -> str:
    """Quote a path from the settings, relative to `base`; variables stay, `~` is `$HOME`.

    `escape` is applied to the literal parts, for a program with special characters.
    """
    if text == "~" or text.startswith("~/"):
        text = f"$HOME{text[1:]}"
    if not _VARIABLE.match(text):
        text = str(base / text)
        text = f"./{text}" if text.startswith("-") else text
    pieces = _VARIABLE.split(text)  # a literal, a brace, a variable's name, a literal, …
    return "".join(
        (quoted(escape(literal)) if literal else "") + (f'"${name}"' if name else "")
        for literal, name in zip_longest(pieces[::3], pieces[2::3])
    )


class _CommandLine:
    """A command line under construction: quoted words, and the ids of its notes."""

    def __init__(self, plan: _Plan, *words: str) -> None:
        self._base = plan.base
        self.quoted = list(map(quoted, words))
        self.notes: list[str] = []
        family = plan.settings.address_family  # the options are the same in all three programs
        self.add("-4", when=family is AddressFamily.IPV4 and not plan.socket)
        self.add("-6", when=family is AddressFamily.IPV6 and not plan.socket)

    def add(self, *words: str | None, when: object = True) -> None:
        """Add an option and its value if `when` is true."""
        if when:
            self.quoted += (quoted(word or "") for word in words)

    def add_path(self, option: str, path: str | None, escape: Callable[[str], str] = str) -> None:
        """Add an option and a path from the settings, if set."""
        if path:
            self.quoted += [option, quoted_path(path, self._base, escape)]

    def note(self, *ids: str, when: object = True) -> None:
        """Add notes if `when` is true."""
        if when:
            self.notes += ids


class _Plan:
    """A check in the terms that the command lines share.

    `host` and `tls_name` are ASCII, `tls_name` without a final dot or a zone; `hello` is the EHLO
    name, None if unknown; `link` is open, optional (STARTTLS if offered), starttls or tls;
    `mechanisms` are those to log in with, empty for no login.
    """

    def __init__(self, settings: Settings, facts: CheckSummary, base: Path) -> None:
        self.settings = settings
        self.base = base
        self.user = settings.username or ""
        self.socket = socket_path(settings.host)
        # curl needs a host in its URL, whatever it connects to.
        self.host = "localhost" if self.socket else ascii_name(settings.host)
        self.tls_name = ascii_name(settings.tls_name).removesuffix(".").partition("%")[0]
        self.has_name = bool(self.tls_name) and not is_address(self.tls_name)
        self.source = settings.source_address and not self.socket
        self.endpoint = f"{_bracketed(self.host)}:{settings.port}"
        self.hello: str | None = None
        if settings.domain:
            is_literal = settings.domain.startswith("[")
            self.hello = settings.domain if is_literal else ascii_name(settings.domain)
        elif facts.greeted_as:
            self.hello = next(iter(facts.greeted_as.split()[1:]), None)
        self.link = {
            Encryption.SSL: "tls",
            Encryption.TLS: "starttls",
            Encryption.NONE: "optional" if settings.starttls_auto else "open",
        }[settings.encryption]
        self.mechanisms = self._mechanisms(facts)
        self.sends_secret = not _CLEARTEXT.isdisjoint(self.mechanisms)
        self.chooses = len(self.mechanisms) > 1
        # A check sends no password unencrypted without permission; nor must the command lines.
        self.needs_starttls = self.sends_secret and self.link == "optional"
        if self.needs_starttls:
            self.link = "starttls"
        self.has_tls = self.link != "open"
        is_checked = settings.openssl_verify_mode is not VerifyMode.NONE
        self.verifies = bool(settings.tls_fingerprint) or is_checked
        self.is_old = settings.tls_minimum < TlsVersion.V1_2

    def _mechanisms(self, facts: CheckSummary) -> tuple[str, ...]:
        if not self.settings.authenticates:
            return ()
        if self.settings.authentication is not Authentication.AUTO:
            return (self.settings.authentication.value.upper(),)
        if facts.mechanism and facts.mechanism not in _SCRAM:
            return (facts.mechanism,)
        others = ("CRAM-MD5",) if self.link == "open" else ("PLAIN", "LOGIN")
        offered = [name for name in others if name in facts.mechanisms]
        return (*_SCRAM, *(offered[:1] or others))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _nothing(plan: _Plan, note: str) -> _CommandLine:
    """Return no command, and the note that says why."""
    line = _CommandLine(plan)
    line.quoted, line.notes = [], [note]
    return line


def _curl(plan: _Plan) -> _CommandLine:
    """Write the curl command; it sends NOOP instead of a message."""
    settings = plan.settings
    if settings.is_lmtp:
        return _nothing(plan, "no-lmtp")
    # Without --globoff curl reads the brackets of an IPv6 address as a pattern.
    line = _CommandLine(plan, "curl", "-v", "--globoff")
    line.add("--unix-socket", plan.socket, when=plan.socket)
    # The proxy looks the host up, as in the check.
    proxy = str(settings.proxy).replace("socks5://", "socks5h://")
    line.add("--proxy", proxy, when=settings.proxy)
    line.add("--proxytunnel", when=settings.proxy and settings.proxy.scheme == "http")
    line.add("--interface", settings.source_address, when=plan.source)
    line.add("--max-time", f"{settings.timeout:g}")
    line.note("own-name", when=plan.hello is None)
    # curl uses one name for the host and for TLS: a different TLS name goes into the URL, and
    # --connect-to routes it to the host.
    is_renamed = plan.has_tls and bool(settings.server_name)
    is_routed = is_renamed and not plan.socket
    if plan.has_tls:
        line.add("--ssl-reqd", when=plan.link == "starttls")
        line.add("--ssl", when=plan.link == "optional")
        line.add("--connect-to", f"::{plan.endpoint}", when=is_routed)
        line.add(f"--tlsv{settings.tls_minimum.value}")
        line.add("--ciphers", _OLD_CIPHERS, when=plan.is_old)
        line.add("--insecure", when=not plan.verifies)
        line.add_path("--cacert", settings.ca_file)
        # curl reads the text after a colon as the key's password.
        certificate = settings.client_certificate
        line.add_path("--cert", certificate, lambda path: re.sub(r"([\\:])", r"\\\1", path))
        line.add_path("--key", settings.client_key)
        line.note("not-verified", when=not plan.verifies)
        line.note("no-fingerprint", when=settings.tls_fingerprint)
        line.note("beside-ca", when=settings.ca_file and plan.verifies)
        line.note("starttls-required", when=plan.needs_starttls)
        line.note("starttls-failing", when=plan.link == "optional")
    if ":" in plan.user or plan.user.startswith(";"):
        line.note("no-user", when=plan.mechanisms)
    elif plan.mechanisms:
        _add_curl_login(line, plan)
    scheme = "smtps" if plan.link == "tls" else "smtp"
    host = _bracketed((plan.tls_name if is_renamed else plan.host).replace("%", "%25"))
    path = quote(plan.hello or "", safe=":")  # curl's EHLO name
    port = "" if plan.socket else f":{settings.port}"
    line.add("--request", "NOOP", "--url", f"{scheme}://{host}{port}/{path}")
    return line


def _add_curl_login(line: _CommandLine, plan: _Plan) -> None:
    wanted = [name for name in plan.mechanisms if not (plan.chooses and name in _SCRAM)]
    has_token = not _TOKEN_MECHANISMS.isdisjoint(wanted)
    needs_password = wanted != ["EXTERNAL"]
    line.add("--login-options", ";".join(f"AUTH={name}" for name in wanted))
    line.add("--user", plan.user if needs_password else f"{plan.user}:")
    # From standard input, as the process list shows command-line options.
    line.add("--config", "-", when=has_token)
    line.note("asks-token", when=has_token)
    line.note("asks", when=needs_password and not has_token)
    line.note("needs-gsasl", when=wanted[0] in _SCRAM)
    line.note("own-choice", when=plan.chooses)
    line.note("shows-password", when=plan.sends_secret)
    line.note("clear", when=plan.sends_secret and not plan.has_tls)
    line.note("shows-digest", when=needs_password and not plan.sends_secret)


def _openssl(plan: _Plan) -> _CommandLine:
    """Write the openssl command: the handshake only."""
    settings = plan.settings
    target = ("-unix", plan.socket) if plan.socket else ("-connect", plan.endpoint)
    if not plan.has_tls:
        return _nothing(plan, "nothing")
    proxy = settings.proxy
    if proxy and proxy.scheme != "http":
        return _nothing(plan, "no-proxy")
    line = _CommandLine(plan, "openssl", "s_client", *target)
    line.add("-proxy", str(proxy).removeprefix("http://"), when=proxy)
    line.add("-bind", _bracketed(settings.source_address or ""), when=plan.source)
    if plan.link != "tls":
        line.add("-starttls", settings.protocol.value)
        line.add("-name", plan.hello, when=plan.hello)
        line.note("own-name", when=plan.hello is None)
        line.note("begins-anyway")
    line.add("-servername", plan.tls_name, when=plan.has_name)
    # By default s_client sends the host of -connect as the server name.
    line.add("-noservername", when=not plan.has_name)
    if settings.tls_fingerprint is None and plan.verifies:
        line.add("-verify_hostname" if plan.has_name else "-verify_ip", plan.tls_name)
        line.add("-verify_return_error")
    line.note("not-verified", when=not plan.verifies)
    line.add_path("-CAfile", settings.ca_file)
    version = settings.tls_minimum.value  # openssl spells 1.0 without the zero
    line.add("-min_protocol", f"TLSv{version.removesuffix('.0')}")
    line.add("-cipher", _OLD_CIPHERS, when=plan.is_old)
    line.add_path("-cert", settings.client_certificate)
    line.add_path("-key", settings.client_key)
    # s_client closes the connection at end of input.
    line.quoted += ["</dev/null"]
    if settings.tls_fingerprint:
        line.quoted += ["|", "openssl", "x509", "-noout", "-fingerprint", "-sha256"]
        line.note("compare-fingerprint")
    line.note("no-login")
    return line


def _swaks(plan: _Plan) -> _CommandLine:
    """Write the swaks command."""
    settings = plan.settings
    if settings.proxy:
        return _nothing(plan, "no-proxy")
    server = ("--server", plan.host, "--port", str(settings.port))
    line = _CommandLine(plan, "swaks", *(("--socket", plan.socket) if plan.socket else server))
    line.add("--protocol", "LMTP", when=settings.is_lmtp)
    line.add("--local-interface", settings.source_address, when=plan.source)
    line.add("--timeout", f"{ceil(settings.timeout)}s", when="timeout" in settings.given)
    line.add("--helo", plan.hello, when=plan.hello)
    line.note("own-name", when=plan.hello is None)
    if plan.has_tls:
        links = {"starttls": "-tls", "optional": "--tls-optional-strict", "tls": "--tls-on-connect"}
        line.add(links[plan.link])
        line.add("--tls-sni", plan.tls_name, when=plan.has_name)
        allowed = [version.value for version in TlsVersion if version >= settings.tls_minimum]
        names = ",".join(f"tlsv{version}" for version in allowed)
        line.add("--tls-protocol", names.replace("1.0", "1").replace(".", "_"))
        line.add("--tls-cipher", _OLD_CIPHERS, when=plan.is_old)
        line.add("--tls-verify", when=plan.verifies)
        is_other = plan.tls_name != plan.host
        line.add("--tls-verify-target", plan.tls_name, when=plan.verifies and is_other)
        line.add_path("--tls-ca-path", settings.ca_file)
        line.add_path("--tls-cert", settings.client_certificate)
        line.add_path("--tls-key", settings.client_key or settings.client_certificate)
        line.note("old-swaks" if plan.verifies else "not-verified")
        line.note("no-fingerprint", when=settings.tls_fingerprint)
        line.note("starttls-required", when=plan.needs_starttls)
    supported = [name for name in plan.mechanisms if name in _SWAKS_MECHANISMS]
    if not supported or plan.user == "<>":  # swaks reads <> as no user, even when typed
        line.add("--quit-after", "HELO")
        line.note("no-mechanism", when=plan.mechanisms and not supported)
        line.note("no-user", when=supported)
        return line
    # Even after an equals sign, swaks reads a leading hyphen as an option.
    is_readable = not plan.user.startswith("-")
    line.add("--auth", ",".join(supported))
    line.add("--auth-user", plan.user, when=is_readable)
    # By default swaks shows the password in AUTH and while it is typed.
    line.add("--auth-hide-password", "--protect-prompt", "--quit-after", "AUTH")
    line.note("asks", "asks-netrc")
    line.note("asks-user", when=not is_readable)
    line.note("shows-digest", when="CRAM-MD5" in supported)
    line.note("tries-both", when=len(supported) > 1)
    line.note("own-choice", when=plan.chooses)
    line.note("clear", when=plan.sends_secret and not plan.has_tls)
    return line


@record(kw_only=True)
class EquivalentCommand:
    """A POSIX shell command for another program, and where it differs from the check.

    `line` is empty if the program has nothing to do; the notes say why.
    """

    program: str
    line: str
    notes: tuple[str, ...] = ()


def equivalent_commands(
    settings: Settings,
    facts: CheckSummary | None = None,
    base: Path = Path(),
    place: PlaceSummary | None = None,
) -> tuple[EquivalentCommand, ...]:
    """Return commands that repeat a check with swaks, openssl and curl, up to the login.

    They use the EHLO name and the mechanism that `auto` chose from the check's `facts`. `base` is
    the folder that relative paths in the settings start from. After a check from a `place`, they
    run in its network.
    """
    facts = facts or CheckSummary()
    enter, common = "", list[str]()
    if place:
        settings, common = _inside(settings, facts, place)
        if place.settings_from:  # then relative paths are those of its process
            base = Path(f"{place.root}{base}")
        enter = f"nsenter --net=/proc/{place.pid}/ns/net " if place.has_own_network else ""
    plan = _Plan(settings, facts, base)
    commands = []
    for program, write in (("swaks", _swaks), ("openssl", _openssl), ("curl", _curl)):
        line = write(plan)
        names = {
            "program": program,
            "mechanism": " or ".join(plan.mechanisms),
            "fingerprint": settings.tls_fingerprint or "",
            "place": place.label if place else "",
        }
        ids = [*(common if line.quoted else ()), *line.notes]
        notes = tuple(_note_texts()[note].format_map(names) for note in ids)
        text = enter + " ".join(line.quoted) if line.quoted else ""
        commands.append(EquivalentCommand(program=program, line=text, notes=notes))
    return tuple(commands)


def _inside(
    settings: Settings, facts: CheckSummary, place: PlaceSummary
) -> tuple[Settings, list[str]]:
    """Return settings for this machine's programs in a place's network, and notes on them.

    The programs use this machine's resolver and files: so they get the address that the check
    found, and paths below the place's root.
    """
    changes: dict[str, Any] = {}
    for key in PEM_FIELDS:
        if (path := getattr(settings, key)) and path.startswith("/"):
            changes[key] = f"{place.root}{path}"
    notes = ["inside-network" if place.has_own_network else "inside-files"]
    if path := socket_path(settings.host):
        changes["host"] = f"unix:{place.root}{path}"
    elif not (facts.address or is_address(settings.host)):
        notes.append("inside-lookup")
    elif facts.address and facts.address != settings.host and not settings.proxy:
        changes |= {"host": facts.address, "server_name": settings.tls_name}
    return replace(settings, **changes), notes


@cache
def _note_texts() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
