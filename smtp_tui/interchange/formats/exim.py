"""Import and export the smarthost of Debian's Exim: update-exim4.conf.conf with passwd.client."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.beside import as_comment, refuse, secret_or_place
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

LOGINS, MACROS = "passwd.client", "exim4.conf.localmacros"
_SMARTHOST = "dc_smarthost"
_SETTING = re.compile(r"[ \t]*+(?P<name>dc_\w++)=['\"]?+(?P<value>[^'\"]*+)")
_MACRO = re.compile(r"(?P<name>[A-Z]\w*+)[ \t]*+=(?P<value>.*+)")
# A key with a colon stands in quotes.
_LOGIN = re.compile(
    r"(?:\"(?P<quoted>[^\"\n]*+)\"|(?P<host>[^:\s#]++))[ \t]*+:[ \t]*+"
    r"(?P<user>[^:\n]*+):(?P<password>[^\n]*+)"
)
# The macros of Debian's transport to the smarthost.
_OF_TRANSPORT = "REMOTE_SMTP_SMARTHOST_"
_PROTOCOL, _REQUIRED, _AVOIDED, _VERIFIED = (
    f"{_OF_TRANSPORT}{name}"
    for name in ("PROTOCOL", "HOSTS_REQUIRE_TLS", "HOSTS_AVOID_TLS", "TLS_VERIFY_HOSTS")
)
_HELO = "REMOTE_SMTP_HELO_DATA"


def _entries(source: ImportSource) -> Iterator[Assignment]:
    for number, line in enumerate(source.text.split("\n"), 1):
        if match := _SETTING.match(line):
            yield Assignment(match["name"], match["value"].strip(), number)
    for line in source.beside.get(MACROS, "").split("\n"):
        if match := _MACRO.match(line):
            yield Assignment(match["name"], match["value"].strip())


def _logins(content: str) -> Mapping[str, tuple[str, str]]:
    """Return username and password by host; the first line for a host counts."""
    found: dict[str, tuple[str, str]] = {}
    for line in content.split("\n"):
        if match := _LOGIN.match(line):
            login = (match["user"].strip(), match["password"].rstrip(" \t\r"))
            found.setdefault(match["quoted"] or match["host"], login)
    return found


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the smarthost and its login, or those of passwd.client alone."""
    is_settings = _SMARTHOST in source.text
    logins = _logins(source.beside.get(LOGINS, "") if is_settings else source.text)
    builder = ImportBuilder(form, _entries(source))
    if is_settings:
        if (builder.text("dc_eximconfig_configtype") or "") not in ("smarthost", "satellite"):
            builder.reject("dc_eximconfig_configtype", "exim-no-smarthost")
        _take_server(builder)
    elif not logins:
        raise InterchangeError(text("no-exim"))
    elif (host := next(iter(logins))).strip("*.^"):
        builder.put_found("host", host)
    builder.put_link(_link(builder), form.goes_on)
    if builder.text(_VERIFIED) != "*":
        builder.values["openssl_verify_mode"] = "none"
        builder.remark("openssl_verify_mode", "exim-unverified")
    builder.take("domain", _HELO)
    _log_in(builder, logins)
    builder.default("port", 25)
    builder.report_leftovers(_OF_TRANSPORT)
    return builder


def _take_server(builder: ImportBuilder) -> None:
    written = builder.text(_SMARTHOST) or ""
    first, *others = [part.strip() for part in written.split(";")]
    if others:
        builder.remark("host", "exim-several", names=", ".join(others))
    host, _, port = first.partition("::")
    if host:
        builder.put("host", host.strip("[]"), _SMARTHOST)
    if port:
        builder.put("port", port, _SMARTHOST)


def _link(builder: ImportBuilder) -> str:
    avoided, required = builder.text(_AVOIDED), builder.text(_REQUIRED)
    if builder.text(_PROTOCOL) == "smtps":
        return "ssl"
    return "tls" if required == "*" else "none" if avoided == "*" else "auto"


def _log_in(builder: ImportBuilder, logins: Mapping[str, tuple[str, str]]) -> None:
    """Take the login; Exim looks it up by the name that DNS has for the server's address."""
    host = str(builder.values.get("host", ""))
    names = [key for key in logins if key == host or (key[:1] == "*" and host.endswith(key[1:]))]
    if not names and len(logins) == 1:
        names = [*logins]
        builder.remark("username", "exim-host", host=names[0])
    if names:
        username, password = logins[names[0]]
        builder.put_found("username", username)
        builder.put_found("password", password)
        builder.remark_own_choice("CRAM-MD5, PLAIN, LOGIN")


def write(out: ExportBuilder) -> str:
    """Export the settings, with the other two files as comments."""
    out.pairs()  # the notes alone: the file has no key for one setting
    host, link = out.settings.host, out.link
    refuse(out, "host", host, "'\":;")
    lines = [
        "dc_eximconfig_configtype='smarthost'",
        f"{_SMARTHOST}='{host}::{out.settings.port}'",
    ]
    macros = {
        _PROTOCOL: "smtps" if link == "ssl" else None,
        _REQUIRED: "*" if link in ("tls", "ssl") else None,
        _AVOIDED: "*" if link == "none" else None,
        _VERIFIED: "*" if out.verifies else None,
        _HELO: out.given("domain"),
    }
    written = [f"{name} = {value}" for name, value in macros.items() if value is not None]
    if written:
        lines += as_comment(text("exim-macros", name=MACROS), written)
    if out.wants_secret:
        refuse(out, "username", out.username, ":")
        refuse(out, "password", out.secret, "")
        if ":" in (out.secret or ""):
            out.note("password", "exim-colon")
        out.note("username", "exim-name", name=LOGINS)
        login = f"{host}:{out.username}:{secret_or_place(out, LOGINS)}"
        lines += as_comment(text("exim-file", name=LOGINS), [login])
    return "\n".join([*lines, ""])
