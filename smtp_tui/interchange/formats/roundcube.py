"""Import and export the SMTP settings of Roundcube's `config.inc.php`: literals, never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import (
    Assignment,
    ImportBuilder,
    WrittenValue,
    host_and_port,
)
from smtp_tui.interchange.php_values import php_value, statements
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

_SCHEMES = {"ssl": "ssl", "tls": "tls", "": "none"}
_PATTERN = re.compile(r"%[hntdz]")
# These stand for each user's own.
_OF_USER = {"smtp_user": "%u", "smtp_pass": "%p"}


def written_values(content: str, form: FormatSpec) -> list[WrittenValue]:
    """Return the settings, the last of each name, with the places of their statements."""
    del form
    return [*{one.entry.name: one for one in _statements(content)}.values()]


def _statements(content: str) -> Iterator[WrittenValue]:
    for one in statements(content, "config"):
        if one.name.startswith("smtp_"):
            entry = Assignment(one.name, one.value, one.line)
            yield WrittenValue(entry, one.start, one.end, one.before, one.after)


def keys_in(content: str, form: FormatSpec) -> list[str]:
    """Return the settings; a name in a string or a comment is none."""
    return [written.entry.name for written in written_values(content, form)]


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the settings, with Roundcube's defaults."""
    builder = ImportBuilder(form, (written.entry for written in written_values(source.text, form)))
    _take_server(builder)
    if "smtp_user" not in builder:
        builder.remark("username", "roundcube-users")
    elif "%u" in str(_raw(builder, "smtp_user")):
        builder.reject("smtp_user", "roundcube-users")
    elif builder.take("username", "smtp_user") and not builder.put_mechanism("smtp_auth_type"):
        builder.remark_own_choice("DIGEST-MD5, CRAM-MD5, LOGIN, PLAIN")
    if _raw(builder, "smtp_pass") != _OF_USER["smtp_pass"]:
        builder.put_password("smtp_pass")
    builder.use("smtp_pass", "smtp_auth_type")
    builder.take("domain", "smtp_helo_host")
    if builder.get("smtp_timeout"):
        builder.put_timeout("smtp_timeout")
    _take_trust(builder)
    builder.report_leftovers("smtp_")
    return builder


def _raw(builder: ImportBuilder, name: str) -> object:
    entry = builder.entries.get(name)
    return entry.value if entry else None


def _take_server(builder: ImportBuilder) -> None:
    # Versions before 1.6 had two keys.
    name = "smtp_host" if "smtp_host" in builder else "smtp_server"
    written = builder.text(name) or ""
    scheme, _, server = written.rpartition("://")
    if _PATTERN.search(server):
        builder.reject(name, "roundcube-pattern")
    else:
        host, port = host_and_port(server)
        if host:
            builder.put("host", host, name)
        if port:
            builder.put("port", port, name)
        elif name == "smtp_server":
            builder.take("port", "smtp_port")
    if scheme not in _SCHEMES:
        builder.reject(name, "no-choice", choices="ssl://, tls://")
    link = _SCHEMES.get(scheme, "none")
    builder.put_link(link)
    if name in builder and not builder.get(name):
        builder.default("host", "localhost")
    builder.default("port", 465 if link == "ssl" else 587)


def _take_trust(builder: ImportBuilder) -> None:
    options: Any = builder.get("smtp_conn_options")
    tls = options.get("ssl") if isinstance(options, dict) else None
    if not isinstance(tls, dict):
        return
    inner = ImportBuilder(builder.form, [Assignment(name, value) for name, value in tls.items()])
    if inner.switch("verify_peer", True) is False:
        inner.put("openssl_verify_mode", "none", "verify_peer")
        inner.use("verify_peer_name", "allow_self_signed")
    inner.take_each(ca_file="cafile", server_name="peer_name")
    inner.use("verify_depth")
    if inner.switch("verify_peer_name", True):
        inner.use("verify_peer_name")
    inner.report_leftovers("")
    builder.join(inner)


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as the file holds it; InterchangeError if it would be each user's own."""
    if _OF_USER.get(name, "%u%p") in str(value):
        raise InterchangeError(text("replaced", name=name, program=form.title))
    return php_value(value)


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value."""
    return f"$config['{name}'] = {spelled(name, value, form)};"


def write(out: ExportBuilder) -> str:
    """Export the statements; a login that is not set would be that of each user."""
    values: dict[str, object] = {"smtp_user": "", "smtp_pass": ""} | dict(out.pairs())
    options = {"cafile": out.given("ca_file"), "peer_name": out.given("server_name")}
    if not out.verifies:
        options |= {"verify_peer": False, "verify_peer_name": False}
    if tls := {name: value for name, value in options.items() if value is not None}:
        values["smtp_conn_options"] = {"ssl": tls}
    lines = [statement(name, value, out.form) for name, value in values.items()]
    if out.lacks_secret:
        out.note("password", "secret-left-out", name="smtp_pass")
        lines.append(f"// {text('secret-place', name='smtp_pass')}")
    return "\n".join(["<?php", *lines, ""])
