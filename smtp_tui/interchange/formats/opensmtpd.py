"""Import and export the relay of smtpd.conf, OpenSMTPD's since 6.4, with its table of logins.

Only `action … relay` with a `host`, the tables and simple macros are read, not the whole grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.beside import as_comment, refuse, secret_or_place
from smtp_tui.interchange.import_builder import (
    LONGEST,
    Assignment,
    ImportBuilder,
    UnresolvedVariable,
    host_and_port,
)
from smtp_tui.interchange.spec import (
    FormatSpec,
    ImportAccountError,
    ImportSource,
    InterchangeError,
    listed,
    text,
)

_SECRETS, _LABEL = "/etc/mail/secrets", "relay"
_WORD = re.compile(r"\"(?P<quoted>[^\"]*+)\"|(?P<bare>[^\s\"]++)|\"")
_LINKS = {"smtp": "auto", "smtp+tls": "tls", "smtp+notls": "none", "smtps": "ssl", "lmtp": "none"}
_SCHEMES = {"auto": "smtp", "tls": "smtp+tls", "none": "smtp+notls", "ssl": "smtps"}
# Options of a relay, with whether a value follows.
_OPTIONS = {
    "host": True, "auth": True, "helo": True, "mail-from": True, "ca": True, "pki": True,
    "src": True, "helo-src": True, "domain": True, "protocols": True, "ciphers": True, "ttl": True,
    "backup": False, "srs": False, "tls": False,
}  # fmt: skip
Lines = list[tuple[int, list[str]]]


def accounts(content: str, form: FormatSpec) -> tuple[str, ...]:
    """Return the names of the actions that relay to a host."""
    del form
    return tuple(_actions(_lines(content)))


def _lines(content: str) -> Lines:
    """Return the words of each line, with continued lines joined and macros filled in."""
    found: Lines = []
    macros: dict[str, str] = {}
    parts: list[str] = []
    for number, line in enumerate(content.split("\n"), 1):
        written = line.rstrip("\r")
        parts.append(written.removesuffix("\\"))
        if written.endswith("\\"):
            continue
        words = [*_words(" ".join(parts), macros)]
        if len(words) > 2 and words[1] == "=":
            macros[words[0]] = words[2][:LONGEST]
        if words:
            found.append((number + 1 - len(parts), words))
        parts = []
    return found


def _words(line: str, macros: Mapping[str, str]) -> Iterator[str]:
    for match in _WORD.finditer(line):
        bare = match["bare"]
        if bare is None:
            yield match["quoted"] or ""
            continue
        before, sign, _ = bare.partition("#")
        if before:
            # Only a word that is a macro as a whole: a host of several may grow without bound.
            yield macros.get(before.removeprefix("$"), before) if before[0] == "$" else before
        if sign:
            return


def _actions(lines: Lines) -> dict[str, list[Assignment]]:
    """Return the options of each action that relays to a host, by its name."""
    found: dict[str, list[Assignment]] = {}
    for number, words in lines:
        if words[:1] == ["action"] and words[2:3] == ["relay"]:
            options = [*_options(words[3:], number)]
            if any(option.name == "host" for option in options):
                found.setdefault(words[1], options)
    return found


def _options(words: list[str], number: int) -> Iterator[Assignment]:
    at = 0
    while at < len(words):
        name = words[at]
        at += 1
        value = "yes"
        if _OPTIONS.get(name) and at < len(words):
            value, at = words[at], at + 1
        elif name == "tls" and words[at : at + 1] == ["no-verify"]:
            value, at = "no-verify", at + 1
        yield Assignment(
            name, UnresolvedVariable("computed") if value.startswith("$") else value, number
        )


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the relay of the named action, or of the first."""
    lines = _lines(source.text)
    actions = _actions(lines)
    if not actions:
        raise InterchangeError(text("no-relay"))
    name = source.account or next(iter(actions))
    if name not in actions:
        known = listed(actions)
        raise ImportAccountError(text("no-such-account", name=repr(name[:40]), names=known))
    builder = ImportBuilder(form, actions[name])
    if others := [other for other in actions if other != name and source.account is None]:
        builder.remark("", "account-chosen", name=name, others=", ".join(others))
    label = _take_server(builder)
    builder.take("domain", "helo")
    builder.take("from", "mail-from")
    if label and (table := (builder.text("auth") or "").strip("<>")):
        _log_in(builder, label, _logins(table, lines, source.beside))
    builder.report_leftovers("")
    return builder


def _take_server(builder: ImportBuilder) -> str:
    """Set the server, and return the label of the login, if any."""
    scheme, sign, rest = (builder.text("host") or "").rpartition("://")
    scheme = scheme if sign else "smtp"
    label, _, server = rest.rpartition("@")
    host, port = host_and_port(server)
    builder.put("host", host, "host")
    if scheme not in _LINKS:
        builder.reject("host", "no-choice", choices=", ".join(_LINKS))
    link = _LINKS.get(scheme, "auto")
    tls = builder.text("tls")
    link = "tls" if tls and link == "auto" else link
    builder.put_link(link, builder.form.goes_on)
    if scheme == "lmtp":
        builder.put("protocol", "lmtp", "host")
    if tls == "no-verify" or link == "auto":
        builder.put("openssl_verify_mode", "none", "tls")
    if port:
        builder.put("port", port, "host")
    elif scheme != "lmtp":
        builder.default("port", 465 if link == "ssl" else 25)
    return label


def _logins(table: str, lines: Lines, beside: Mapping[str, str]) -> dict[str, str] | None:
    """Return user:password by label, None if the table's file is not at hand."""
    for _, words in lines:
        if words[:2] != ["table", table] or len(words) < 3:
            continue
        if words[2] == "{":
            pairs = [word.strip(",") for word in words[3:] if word not in ("{", "}", ",", "=")]
            return dict(zip(pairs[::2], pairs[1::2], strict=False))
        content = beside.get(words[2].rpartition("/")[2])
        if content is None:
            return None
        rows = [re.split(r"[ \t:]+", line.strip(), maxsplit=1) for line in content.split("\n")]
        return {row[0]: row[1] for row in rows if len(row) == 2 and not row[0].startswith("#")}
    return None


def _log_in(builder: ImportBuilder, label: str, logins: Mapping[str, str] | None) -> None:
    if logins is None:
        builder.reject("auth", "passwords-beside")
        return
    username, sign, password = logins.get(label, "").partition(":")
    if not sign:
        builder.reject("auth", "no-login")
        return
    builder.put("username", username, "auth")
    builder.put("password", password, "auth")
    builder.remark_own_choice("PLAIN, LOGIN")


def write(out: ExportBuilder) -> str:
    """Export an action with its table and match, and the line of the table as a comment."""
    link, login = out.link, out.wants_secret
    if login and link == "none":
        out.note("username", "opensmtpd-open")
        login = False
    elif login and link == "auto":
        out.note("encryption", "auto-becomes-tls")
        link = "tls"
    refuse(out, "domain", out.given("domain"), '"')
    label = f"{_LABEL}@" if login else ""
    server = f"host {_SCHEMES[link]}://{label}{out.host_with_port}"
    words = []
    if login:
        words += ["auth", "<secrets>"]
    if link != "none" and link != "auto" and not out.verifies:
        words += ["tls", "no-verify"]
    elif link == "auto" and out.verifies:
        out.warn("openssl_verify_mode", "opensmtpd-unchecked")
    for name, value in out.pairs():
        words += [name, f'"{value}"']
    lines = [f"table secrets file:{_SECRETS}"] if login else []
    # A terminal of 60 columns shows all of the server.
    rest = [f"    {server}"] if not words else [f"    {server} \\", "    " + " ".join(words)]
    lines += ['action "relay" relay \\', *rest, 'match from local for any action "relay"']
    if login:
        refuse(out, "username", out.username, ":", start="#")
        refuse(out, "password", out.secret, "")
        row = f"{_LABEL} {out.username}:{secret_or_place(out, _SECRETS)}"
        lines += as_comment(text("opensmtpd-file", name=_SECRETS), [row])
    return "\n".join([*lines, ""])
