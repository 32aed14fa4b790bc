"""Import and export swaks command lines, variables included, without running them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import (
    Assignment,
    ImportBuilder,
    Pieces,
    UnresolvedVariable,
    VariableUse,
    host_and_port,
    resolve_pieces,
)
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")
# Characters that end a shell command.
_END = "|;&<>()\n"


def words(command: str) -> Iterator[Any]:
    """Yield the first command's words: text, or EnvRef or Unresolved where it is unknown."""
    at = 0
    while True:
        while command[at : at + 1] in (" ", "\t") or command.startswith("\\\n", at):
            at += 2 if command[at] == "\\" else 1
        if at >= len(command) or command[at] in _END or command[at] == "#":
            return
        pieces, at = _word(command, at)
        yield resolve_pieces("", 0, pieces, {}).value if pieces else UnresolvedVariable("computed")


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
            # In double quotes a backslash is literal before most characters.
            letter = following if not quote or following in '"\\$`' else f"\\{following}"
            step = 2
        elif letter == "$" and quote != "'" and (use := _VARIABLE.match(command, at)):
            pieces.append(VariableUse(use[1] or use[2]))
            letter, step = "", len(use[0])
        elif quote != "'" and (letter == "`" or command.startswith(("$(", "${"), at)):
            is_sure = False
        pieces.append(letter)
        at += step
    return (pieces if is_sure and not quote else None), at


# Aliases of options that affect the connection, with the name used here.
_NAMES = {
    "s": "server", "p": "port", "f": "from", "h": "helo", "ehlo": "helo", "lhlo": "helo",
    "a": "auth", "ao": "auth", "auth-optional": "auth", "aos": "auth",
    "auth-optional-strict": "auth", "au": "auth-user", "ap": "auth-password",
    "li": "local-interface", "tlsp": "tls-protocol", "tlso": "tls-optional",
    "tlsos": "tls-optional-strict", "tlsc": "tls-on-connect",
}  # fmt: skip
# Encryption options; the first one present counts.
_LINKS = {
    "tls-on-connect": "ssl", "tls": "tls", "tls-optional": "auto", "tls-optional-strict": "auto",
}  # fmt: skip
_VERIFY = ("tls-verify", "tls-verify-ca", "tls-verify-host")
_SWITCHES = frozenset({*_LINKS, *_VERIFY, "4", "6"})


def options_of(rest: list[Any]) -> Iterator[Assignment]:
    """Yield the options; an unknown option takes the next word as its value."""
    at = 0
    while at < len(rest):
        word = rest[at]
        at += 1
        if not isinstance(word, str) or not word.startswith("-") or not word.strip("-="):
            yield Assignment("", UnresolvedVariable("stray-word"))
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
        if not name.startswith("h-"):  # a header of the message
            yield Assignment(name, found)


_VERSIONS = {"tlsv1": "1.0", "tlsv1_0": "1.0", "tlsv1_1": "1.1", "tlsv1_2": "1.2", "tlsv1_3": "1.3"}
_UNITS = {"s": 1, "m": 60, "h": 3600}


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the first swaks command of a text."""
    start = source.text.find("swaks")
    if start < 0:
        raise InterchangeError(text("no-swaks"))
    _, *rest = words(source.text[start:])
    builder = ImportBuilder(form, options_of(rest))
    host, port = host_and_port(builder.text("server") or "")
    if path := builder.text("socket"):
        builder.put("host", f"unix:{path}", "socket")
        builder.use("server")
    elif host:
        builder.put("host", host, "server")
    if not builder.take("port", "port") and port:
        builder.put("port", port, "server")
    link = next((link for name, link in _LINKS.items() if name in builder), "none")
    builder.put_link(link)
    _take_trust(builder, link)
    _log_in(builder)
    builder.take("domain", "helo")
    if builder.text("from") != "<>":
        builder.take_sender("from")
    if timeout := builder.text("timeout"):
        number, unit = (timeout[:-1], timeout[-1]) if timeout[-1] in _UNITS else (timeout, "s")
        is_number = number.isascii() and number.isdigit() and len(number) < 6
        builder.put("timeout", int(number) * _UNITS[unit] if is_number else timeout, "timeout")
    if "4" in builder or "6" in builder:
        builder.put("address_family", "ipv4" if "4" in builder else "ipv6", "4")
    builder.take("source_address", "local-interface")
    if (builder.text("protocol") or "").casefold().startswith("lmtp"):
        builder.put("protocol", "lmtp", "protocol")
    builder.use("protocol")
    builder.default("port", 465 if link == "ssl" else 25)
    builder.use(*_SWITCHES)
    builder.report_leftovers("")
    return builder


def _take_trust(builder: ImportBuilder, link: str) -> None:
    verifies = [name for name in _VERIFY if name in builder]
    if link != "none" and not verifies:
        builder.default("openssl_verify_mode", "none")
    elif verifies in (["tls-verify-ca"], ["tls-verify-host"]):
        builder.reject(verifies[0], "half-verified")
    builder.take_each(ca_file="tls-ca-path", client_certificate="tls-cert", client_key="tls-key")
    builder.take("server_name", "tls-verify-target", "tls-sni")
    versions = [word.strip().casefold() for word in (builder.text("tls-protocol") or "").split(",")]
    known = sorted(_VERSIONS[version] for version in versions if version in _VERSIONS)
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
    if "," in listed:
        builder.remark("authentication", "own-choice", names=listed)
    elif listed != "true":
        builder.put_mechanism("auth")


def write(out: ExportBuilder) -> str:
    """Export a command that stops after the login; swaks asks for a missing password."""
    options = [*out.pairs(), *_auth(out), ("--quit-after", "AUTH" if out.wants_secret else "HELO")]
    words = [str(word) for option in options for word in option if word]
    return " ".join(["swaks", *map(shlex.quote, words)]) + "\n"


def _auth(out: ExportBuilder) -> list[tuple[str, str]]:
    if not out.wants_secret:
        return []
    mechanism, username, secret = out.mechanism or "", out.username or "", out.secret
    for key, value in (("username", username), ("password", secret or "")):
        # Even after an equals sign swaks reads such a word as an option, and <> as empty.
        if value.startswith("-") or value == "<>":
            raise InterchangeError(text("swaks-word", key=key))
    out.note("password", "swaks-asks" if secret is None else "swaks-shows")
    auth = [("--auth", mechanism.upper()), ("--auth-user", username)]
    return auth if secret is None else [*auth, ("--auth-password", secret)]
