"""Command lines that do with other programs what a check does; none holds the secret.

Pasted into a POSIX shell, each word of them is one word, whatever it holds.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable
from functools import cache
from itertools import zip_longest
from math import ceil
from pathlib import Path
from urllib.parse import quote

from smtp_tui.diagnosis.verdict import CheckSummary
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

# What `config.paths` expands, a shell can expand too.
_VARIABLE = re.compile(r"\$(\{)?(HOME|CREDENTIALS_DIRECTORY)(?(1)\}|(?![A-Za-z0-9_]))")
# What hands the secret over as it is, whatever the connection.
_TOKEN = frozenset({"XOAUTH2", "OAUTHBEARER"})
_GIVING_AWAY = _TOKEN | {"PLAIN", "LOGIN"}
# Few other programs know it, so where the check would choose it, they take what comes after it.
_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-1")
_SWAKS_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
# OpenSSL has the TLS versions below 1.2 at security level 0 alone.
_OLD_CIPHERS = "DEFAULT@SECLEVEL=0"


def quoted(text: str) -> str:
    """Quote a word; what no terminal may be shown stands as an escape that `printf` undoes."""
    if escape_controls(text) == text:
        return shlex.quote(text)
    escaped = ""
    for letter in text.replace("\\", r"\\"):
        if escape_controls(letter) == letter:
            escaped += letter
        else:
            errors = "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass"
            escaped += "".join(f"\\0{byte:03o}" for byte in letter.encode("utf-8", errors))
    return f"\"$(printf '%b' {shlex.quote(escaped)})\""


def quoted_path(text: str, base: Path, escape: Callable[[str], str] = str) -> str:
    """Quote a path of the settings, which is relative to `base`; home stays a variable.

    `escape` is put over what is no variable, for a program that gives some letters a meaning.
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
    """A command line that grows, every word quoted, and the ids of the notes on it."""

    def __init__(self, plan: _Plan, *words: str) -> None:
        self._base = plan.base
        self.quoted = list(map(quoted, words))
        self.notes: list[str] = []
        family = plan.settings.address_family  # which all three programs call the same
        self.add("-4", when=family is AddressFamily.IPV4)
        self.add("-6", when=family is AddressFamily.IPV6)

    def add(self, *words: str | None, when: object = True) -> None:
        """Add an option and its value, `when` there is reason to."""
        if when:
            self.quoted += (quoted(word or "") for word in words)

    def add_path(self, option: str, path: str | None, escape: Callable[[str], str] = str) -> None:
        """Add an option and a path of the settings, if there is one."""
        if path:
            self.quoted += [option, quoted_path(path, self._base, escape)]

    def note(self, *ids: str, when: object = True) -> None:
        """Add notes, `when` they apply."""
        if when:
            self.notes += ids


class _Plan:
    """What a check does, in the terms that the command lines share.

    `host` and `tls_name` are ASCII, the latter without a final dot and a zone; `hello` is the name
    for EHLO, None where nobody knows it; `link` is open, optional (STARTTLS if offered), starttls
    or tls; `mechanisms` are those to log in with, none for no login.
    """

    def __init__(self, settings: Settings, facts: CheckSummary, base: Path) -> None:
        self.settings = settings
        self.base = base
        self.user = settings.username or ""
        self.host = ascii_name(settings.host)
        self.tls_name = ascii_name(settings.tls_name).removesuffix(".").partition("%")[0]
        self.has_name = not is_address(self.tls_name)
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
        self.gives_away = not _GIVING_AWAY.isdisjoint(self.mechanisms)
        self.chooses = len(self.mechanisms) > 1
        # A check stops before it gives a password away unasked, so the command lines must.
        self.needs_starttls = self.gives_away and self.link == "optional"
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


def _curl(plan: _Plan) -> _CommandLine:
    """Write what curl does of a check; NOOP is in place of the message."""
    settings = plan.settings
    # Without --globoff curl reads the brackets of an IPv6 address as a pattern.
    line = _CommandLine(plan, "curl", "-v", "--globoff")
    line.add("--interface", settings.source_address, when=settings.source_address)
    line.add("--max-time", f"{settings.timeout:g}")
    line.note("own-name", when=plan.hello is None)
    # curl has one name for the host and for TLS: another name for TLS goes into the URL, and
    # --connect-to leads it to the host.
    is_renamed = plan.has_tls and bool(settings.server_name)
    if plan.has_tls:
        line.add("--ssl-reqd", when=plan.link == "starttls")
        line.add("--ssl", when=plan.link == "optional")
        line.add("--connect-to", f"::{plan.endpoint}", when=is_renamed)
        line.add(f"--tlsv{settings.tls_minimum.value}")
        line.add("--ciphers", _OLD_CIPHERS, when=plan.is_old)
        line.add("--insecure", when=not plan.verifies)
        line.add_path("--cacert", settings.ca_file)
        # curl takes what stands behind a colon for the key's password.
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
    path = quote(plan.hello or "", safe=":")  # the name that curl gives in EHLO
    line.add("--request", "NOOP", "--url", f"{scheme}://{host}:{settings.port}/{path}")
    return line


def _add_curl_login(line: _CommandLine, plan: _Plan) -> None:
    wanted = [name for name in plan.mechanisms if not (plan.chooses and name in _SCRAM)]
    has_token = not _TOKEN.isdisjoint(wanted)
    needs_password = wanted != ["EXTERNAL"]
    line.add("--login-options", ";".join(f"AUTH={name}" for name in wanted))
    line.add("--user", plan.user if needs_password else f"{plan.user}:")
    # From standard input, as an option of the call stands in the list of processes.
    line.add("--config", "-", when=has_token)
    line.note("asks-token", when=has_token)
    line.note("asks", when=needs_password and not has_token)
    line.note("needs-gsasl", when=wanted[0] in _SCRAM)
    line.note("own-choice", when=plan.chooses)
    line.note("shows-password", when=plan.gives_away)
    line.note("clear", when=plan.gives_away and not plan.has_tls)
    line.note("shows-digest", when=needs_password and not plan.gives_away)


def _openssl(plan: _Plan) -> _CommandLine:
    """Write what openssl does of a check: the handshake."""
    settings = plan.settings
    line = _CommandLine(plan, "openssl", "s_client", "-connect", plan.endpoint)
    if not plan.has_tls:
        line.quoted, line.notes = [], ["nothing"]
        return line
    source = settings.source_address
    line.add("-bind", _bracketed(source or ""), when=source)
    if plan.link != "tls":
        line.add("-starttls", "smtp")
        line.add("-name", plan.hello, when=plan.hello)
        line.note("own-name", when=plan.hello is None)
        line.note("begins-anyway")
    line.add("-servername", plan.tls_name, when=plan.has_name)
    # Where nothing else is said, s_client sends the host of -connect as the name.
    line.add("-noservername", when=not plan.has_name)
    if settings.tls_fingerprint is None and plan.verifies:
        line.add("-verify_hostname" if plan.has_name else "-verify_ip", plan.tls_name)
        line.add("-verify_return_error")
    line.note("not-verified", when=not plan.verifies)
    line.add_path("-CAfile", settings.ca_file)
    version = settings.tls_minimum.value  # 1.0 is written without its zero
    line.add("-min_protocol", f"TLSv{version.removesuffix('.0')}")
    line.add("-cipher", _OLD_CIPHERS, when=plan.is_old)
    line.add_path("-cert", settings.client_certificate)
    line.add_path("-key", settings.client_key)
    # Its end of input is the end of the connection.
    line.quoted += ["</dev/null"]
    if settings.tls_fingerprint:
        line.quoted += ["|", "openssl", "x509", "-noout", "-fingerprint", "-sha256"]
        line.note("compare-fingerprint")
    line.note("no-login")
    return line


def _swaks(plan: _Plan) -> _CommandLine:
    """Write what swaks does of a check."""
    settings = plan.settings
    line = _CommandLine(plan, "swaks", "--server", plan.host, "--port", str(settings.port))
    line.add("--local-interface", settings.source_address, when=settings.source_address)
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
    known = [name for name in plan.mechanisms if name in _SWAKS_MECHANISMS]
    if not known or plan.user == "<>":  # to swaks, typed too, that is no user
        line.add("--quit-after", "HELO")
        line.note("no-mechanism", when=plan.mechanisms and not known)
        line.note("no-user", when=known)
        return line
    # Even behind an equals sign swaks reads such a name as an option.
    is_readable = not plan.user.startswith("-")
    line.add("--auth", ",".join(known))
    line.add("--auth-user", plan.user, when=is_readable)
    # What swaks shows of AUTH, and what is typed, would be the password.
    line.add("--auth-hide-password", "--protect-prompt", "--quit-after", "AUTH")
    line.note("asks", "asks-netrc")
    line.note("asks-user", when=not is_readable)
    line.note("shows-digest", when="CRAM-MD5" in known)
    line.note("tries-both", when=len(known) > 1)
    line.note("own-choice", when=plan.chooses)
    line.note("clear", when=plan.gives_away and not plan.has_tls)
    return line


@record(kw_only=True)
class EquivalentCommand:
    """What to type for another program, in a POSIX shell, and where it will behave otherwise.

    `line` is empty where the program has nothing to do; the notes say why.
    """

    program: str
    line: str
    notes: tuple[str, ...] = ()


def equivalent_commands(
    settings: Settings, facts: CheckSummary | None = None, base: Path = Path()
) -> tuple[EquivalentCommand, ...]:
    """Return what does the same with swaks, openssl and curl, as far as the login.

    Of the `facts` of a check, the name given in EHLO and the mechanism that `auto` took are done
    again. `base` is the folder that paths in the settings start from.
    """
    plan = _Plan(settings, facts or CheckSummary(), base)
    commands = []
    for program, write in (("swaks", _swaks), ("openssl", _openssl), ("curl", _curl)):
        line = write(plan)
        names = {
            "program": program,
            "mechanism": " or ".join(plan.mechanisms),
            "fingerprint": settings.tls_fingerprint or "",
        }
        notes = tuple(_note_texts()[note].format_map(names) for note in line.notes)
        text = " ".join(line.quoted)
        commands.append(EquivalentCommand(program=program, line=text, notes=notes))
    return tuple(commands)


@cache
def _note_texts() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
