"""swaks: a command line of the SMTP test tool, with the variables in it; nothing is run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.entries import (
    Entry,
    Pieces,
    Unresolved,
    Use,
    host_and_port,
    resolve_pieces,
)
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported, InterchangeError, text
from smtp_tui.interchange.spec import FormatSpec, Source

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")
# What ends a command in a shell.
_END = "|;&<>()\n"


def words(command: str) -> Iterator[Any]:
    """Yield the words of the first command: text, a Variable, or Unclear where a shell must run."""
    at = 0
    while True:
        while command[at : at + 1] in (" ", "\t") or command.startswith("\\\n", at):
            at += 2 if command[at] == "\\" else 1
        if at >= len(command) or command[at] in _END or command[at] == "#":
            return
        pieces, at = _word(command, at)
        if pieces is None:
            yield Unresolved("computed")
        else:
            yield resolve_pieces("", 0, pieces, {}).value


def _word(command: str, at: int) -> tuple[Pieces | None, int]:
    pieces: Pieces = [""]
    quote = ""
    is_sure = True
    while at < len(command):
        letter, step = command[at], 1
        if quote != "'" and command.startswith("\\\n", at):
            letter, step = "", 2
        elif letter in ("'", '"') and quote in ("", letter):
            letter, quote = "", "" if quote else letter
        elif not quote and (letter in " \t" or letter in _END):
            break
        elif letter == "\\" and quote != "'":
            following = command[at + 1 : at + 2]
            # Between double quotes the backslash stands for itself before most letters.
            letter = following if not quote or following in '"\\$`' else f"\\{following}"
            step = 2
        elif letter == "$" and quote != "'" and (use := _VARIABLE.match(command, at)):
            pieces.append(Use(use[1] or use[2]))
            letter, step = "", len(use[0])
        elif quote != "'" and (letter == "`" or command.startswith(("$(", "${"), at)):
            is_sure = False
        pieces.append(letter)
        at += step
    return (pieces if is_sure and not quote else None), at


# Every spelling of an option that bears on the connection, by the one that is kept.
_SPELLINGS = {
    "server": ("s", "server"), "port": ("p", "port"), "from": ("f", "from"),
    "helo": ("h", "helo", "ehlo", "lhlo"), "timeout": ("timeout",),
    "auth": ("a", "auth", "ao", "auth-optional", "aos", "auth-optional-strict"),
    "auth-user": ("au", "auth-user"), "auth-password": ("ap", "auth-password"),
    "local-interface": ("li", "local-interface"), "tls-protocol": ("tlsp", "tls-protocol"),
    "tls-ca-path": ("tls-ca-path",), "tls-cert": ("tls-cert",), "tls-key": ("tls-key",),
    "tls-sni": ("tls-sni",), "tls-verify-target": ("tls-verify-target",),
    "protocol": ("protocol",), "tls-cipher": ("tls-cipher",), "tls-chain": ("tls-chain",),
    "tls": ("tls",), "tls-optional": ("tlso", "tls-optional"),
    "tls-optional-strict": ("tlsos", "tls-optional-strict"),
    "tls-on-connect": ("tlsc", "tls-on-connect"), "tls-verify": ("tls-verify",),
    "tls-verify-ca": ("tls-verify-ca",), "tls-verify-host": ("tls-verify-host",),
    "4": ("4",), "6": ("6",),
}  # fmt: skip
_NAMES = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}
_SWITCHES = frozenset(
    {"tls", "tls-optional", "tls-optional-strict", "tls-on-connect", "4", "6"}
    | {"tls-verify", "tls-verify-ca", "tls-verify-host"}
)
# The message, and what is shown of it: nothing for a table of settings.
_ASIDE = (
    "t", "to", "cc", "bcc", "d", "data", "body", "header", "h-", "attach", "q",
    "quit-after", "quit", "ah",
    "add-header", "n", "suppress-data", "hs", "hr", "hd", "silent", "apt", "pp",
    "auth-hide-password", "ahp", "protect-prompt", "show", "hide", "output", "S", "g", "stl",
)  # fmt: skip


def options_of(rest: list[Any]) -> Iterator[Entry]:
    """Yield the options; one that is not known takes the word behind it for its own."""
    at = 0
    while at < len(rest):
        word = rest[at]
        at += 1
        if not isinstance(word, str) or not word.startswith("-") or not word.strip("-="):
            yield Entry("", Unresolved("stray-word"))
            continue
        written, sign, value = word.lstrip("-").partition("=")
        name = _NAMES.get(written, written)
        following = rest[at] if at < len(rest) else "-"
        if sign:
            found: Any = value
        elif name in _SWITCHES or (isinstance(following, str) and following.startswith("-")):
            found = "true"
        else:
            found, at = following, at + 1
        if not name.startswith("h-") and written not in _ASIDE:
            yield Entry(name, found)


_VERSION_NAMES = {"1.0": "tlsv1", "1.1": "tlsv1_1", "1.2": "tlsv1_2", "1.3": "tlsv1_3"}
_VERSIONS = {name: version for version, name in _VERSION_NAMES.items()} | {"tlsv1_0": "1.0"}
_UNITS = {"s": 1, "m": 60, "h": 3600}


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the first swaks command of a text."""
    start = source.text.find("swaks")
    if start < 0:
        raise InterchangeError(text("no-swaks"))
    _, *rest = words(source.text[start:])
    builder = ImportBuilder(form, options_of(rest))
    host, port = host_and_port(builder.text("server") or "")
    if host:
        builder.put("host", host, "server")
    if not builder.take("port", "port") and port:
        builder.put("port", port, "server")
    link = "none"
    if "tls-on-connect" in builder:
        link = "ssl"
    elif "tls" in builder:
        link = "tls"
    elif "tls-optional" in builder or "tls-optional-strict" in builder:
        link = "auto"
    builder.use("tls", "tls-optional", "tls-optional-strict", "tls-on-connect")
    builder.put_link(link)
    _trust(builder, link)
    _log_in(builder)
    builder.take("domain", "helo")
    if builder.text("from") != "<>":
        builder.put_sender(builder.text("from"), None, "from")
    if timeout := builder.text("timeout"):
        number, unit = timeout[:-1], timeout[-1]
        number, unit = (timeout, "s") if unit not in _UNITS else (number, unit)
        is_number = number.isascii() and number.isdigit() and len(number) < 6
        builder.put("timeout", int(number) * _UNITS[unit] if is_number else timeout, "timeout")
    if "4" in builder or "6" in builder:
        builder.put("address_family", "ipv4" if "4" in builder else "ipv6", "4")
    builder.take("source_address", "local-interface")
    builder.default("port", 465 if link == "ssl" else 25)
    builder.use("4", "6")
    builder.report_leftovers("")
    return builder.done()


def _trust(builder: ImportBuilder, link: str) -> None:
    verifies = [
        name for name in ("tls-verify", "tls-verify-ca", "tls-verify-host") if name in builder
    ]
    builder.use("tls-verify", "tls-verify-ca", "tls-verify-host")
    if link != "none" and not verifies:
        builder.default("openssl_verify_mode", "none")
    elif verifies and "tls-verify" not in verifies and len(verifies) == 1:
        builder.reject(verifies[0], "half-verified")
    builder.take("ca_file", "tls-ca-path")
    builder.take("client_certificate", "tls-cert")
    builder.take("client_key", "tls-key")
    builder.take("server_name", "tls-verify-target", "tls-sni")
    builder.use("tls-sni", "tls-verify-target")
    versions = [one.strip().casefold() for one in (builder.text("tls-protocol") or "").split(",")]
    known = sorted(_VERSIONS[one] for one in versions if one in _VERSIONS)
    if known and len(known) == len(versions):
        builder.put("tls_minimum", known[0], "tls-protocol")
    elif "tls-protocol" in builder:
        builder.reject("tls-protocol", "no-single-minimum")


def _log_in(builder: ImportBuilder) -> None:
    if not any(name in builder for name in ("auth", "auth-user", "auth-password")):
        builder.put("authentication", "none")
        return
    builder.take("username", "auth-user")
    if not builder.put_password("auth-password") and "auth-password" not in builder:
        builder.remark("password", "swaks-asks")
    listed = builder.text("auth") or "true"
    if listed != "true" and "," not in listed:
        builder.put_mechanism("auth")
    elif listed != "true":
        builder.remark("authentication", "own-choice", program="swaks", names=listed)


def write(out: ExportBuilder) -> Exported:
    """Write a command that connects, logs in and quits; swaks asks for the password."""
    link = out.link
    minimum = out.given("tls_minimum")
    allowed = [name for version, name in _VERSION_NAMES.items() if minimum and version >= minimum]
    sender = out.mailbox
    if sender and sender.name:
        out.note("from", "no-sender-name", program="swaks")
    family = {"ipv4": "-4", "ipv6": "-6"}.get(str(out.given("address_family")))
    has_tls = link != "none"
    pairs: list[tuple[str, str | None]] = [
        ("--server", out.host),
        ("--port", str(out.settings.port)),
        (family or "", "" if family else None),
        ("--local-interface", out.given("source_address")),
        ("--timeout", out.whole_seconds),
        ("--helo", out.given("domain")),
        ("--from", sender.address if sender else None),
        ({"tls": "-tls", "ssl": "--tls-on-connect"}.get(link, "--tls-optional-strict"),
         "" if has_tls else None),
        ("--tls-verify", "" if has_tls and out.verifies else None),
        ("--tls-sni", out.given("server_name") if has_tls else None),
        ("--tls-verify-target", out.given("server_name") if has_tls and out.verifies else None),
        ("--tls-protocol", ",".join(allowed) if allowed and has_tls else None),
        ("--tls-ca-path", out.given("ca_file") if has_tls else None),
        ("--tls-cert", out.given("client_certificate") if has_tls else None),
        ("--tls-key", out.given("client_key") if has_tls else None),
        *_auth(out),
        ("--quit-after", "AUTH" if out.wants_secret else "HELO"),
    ]  # fmt: skip
    there = [word for name, value in pairs if value is not None for word in (name, value) if word]
    return out.done(" ".join(["swaks", *map(shlex.quote, there)]) + "\n")


def _auth(out: ExportBuilder) -> list[tuple[str, str | None]]:
    if not out.wants_secret:
        return []
    mechanism, username = out.mechanism or "", out.username or ""
    for key, value in (("username", username), ("password", out.secret or "")):
        # Even behind an equals sign swaks takes such a word for an option, and <> for nothing.
        if value.startswith("-") or value == "<>":
            raise InterchangeError(text("swaks-word", key=key))
    out.note("password", "swaks-asks" if out.secret is None else "swaks-shows")
    auth = [("--auth", mechanism.upper()), ("--auth-user", username)]
    return [*auth, ("--auth-password", out.secret)]
