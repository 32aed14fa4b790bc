"""Import and export the Symfony mailer variables of Laravel, BookStack and similar programs."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from smtp_tui.interchange.envfile import export_env, import_env
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder
from smtp_tui.interchange.spec import FormatSpec, ImportSource
from smtp_tui.settings.fields import BY_KEY

_URL = "MAIL_URL"
# Options of Symfony's mailer in a MAIL_URL, which become separate entries.
_OPTIONS = ("require_tls", "auto_tls", "verify_peer", "peer_fingerprint[sha256]", "local_domain")
_SENDERS = ("MAIL_FROM_ADDRESS", "MAIL_FROM_ADDR", "MAIL_FROM")
# What Snipe-IT, BookStack, Firefly III and 2FAuth call Symfony's verify_peer.
_VERIFY = ("MAIL_TLS_VERIFY_PEER", "MAIL_VERIFY_SSL", "MAIL_VERIFY_PEER", "MAIL_VERIFY_SSL_PEER")
# PHP stream options that Firefly III passes on, and that Symfony's mailer ignores.
_IGNORED = {"MAIL_ALLOW_SELF_SIGNED": False, "MAIL_VERIFY_PEER_NAME": True}

# Words that `env()` converts, with or without brackets, in any case.
_KEYWORDS = {"null": None, "empty": "", "true": "true", "false": "false"}
_QUOTED = re.compile(r"(['\"])(.*)\1")


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the variables as Laravel and Symfony interpret them."""
    builder = import_env(form, source)
    builder.entries = {name: _from_env(entry) for name, entry in builder.entries.items()}
    # Names of applications with their own config/mail.php.
    is_own_kind = any(name in builder for name in ("MAIL_DRIVER", "MAIL_FROM", "MAIL_FROM_ADDR"))
    for name in ("MAIL_MAILER", "MAIL_DRIVER"):
        builder.expect(name, "smtp", "failover", "roundrobin")
    _take_url(builder)
    builder.take_each(host="MAIL_HOST", port="MAIL_PORT")
    if "MAIL_MAILER" in builder and not is_own_kind:
        builder.default("host", "127.0.0.1")
        builder.default("port", 2525)
    builder.put_link(_link(builder))
    # Only Laravel from version 11, which added MAIL_SCHEME, uses APP_URL.
    is_set = builder.take("domain", "MAIL_EHLO_DOMAIN")
    uses_url = not is_set and "MAIL_SCHEME" in builder and not is_own_kind
    if uses_url and (host := _host_of(builder.text("APP_URL") or "http://localhost")):
        builder.default("domain", host)
    _take_trust(builder)
    builder.take("username", "MAIL_USERNAME")
    builder.remark_own_choice("CRAM-MD5, LOGIN, PLAIN")
    builder.put_password("MAIL_PASSWORD")
    builder.take_sender(*_SENDERS, display="MAIL_FROM_NAME")
    builder.report_leftovers("MAIL_")
    return builder


def _without_brackets(value: str) -> str:
    return value[1:-1] if value[:1] == "(" and value[-1:] == ")" else value


def _from_env(entry: Assignment) -> Assignment:
    value = entry.value
    if not isinstance(value, str):
        return entry
    keyword = _without_brackets(value).casefold()
    if keyword in _KEYWORDS:
        value = _KEYWORDS[keyword]
    elif match := _QUOTED.fullmatch(value):
        value = match[2]
    return replace(entry, value=value)


def _take_url(builder: ImportBuilder) -> None:
    """Replace the variables that a MAIL_URL overrides with its parts."""
    written = builder.text(_URL)
    if written is None:
        return
    try:
        url = urlsplit(written)
        is_known = url.scheme == "smtp" and url.hostname and not url.fragment
        found: dict[str, object] = {"MAIL_HOST": unquote(url.hostname or ""), "MAIL_PORT": url.port}
    except ValueError:
        is_known = False
    if not is_known:
        builder.reject(_URL, "laravel-url")
        return
    found["MAIL_USERNAME"] = None if url.username is None else unquote(url.username)
    found["MAIL_PASSWORD"] = None if url.password is None else unquote(url.password)
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        if name in _OPTIONS:
            found["MAIL_EHLO_DOMAIN" if name == "local_domain" else name] = value
    line = builder.entries[_URL].line
    for name, part in found.items():
        if part is not None:
            builder.entries[name] = Assignment(name, part, line)
    if others := [name for name, _ in parse_qsl(url.query) if name not in _OPTIONS]:
        builder.reject(_URL, "laravel-url-options", names=", ".join(others)[:80])


def _link(builder: ImportBuilder) -> str:
    scheme = builder.choice("MAIL_SCHEME", {"smtp": "auto", "smtps": "ssl"}, "")
    encryption = (builder.text("MAIL_ENCRYPTION") or "").casefold()
    # BookStack requires TLS with either word, older versions' SwiftMailer with this one.
    requires = "MAIL_DRIVER" in builder and "MAIL_FROM_ADDR" not in builder and encryption == "tls"
    at_465 = str(builder.values.get("port")) == "465"
    if encryption not in ("", "tls") and not at_465:
        builder.reject("MAIL_ENCRYPTION", "laravel-encryption")
    if scheme == "ssl":
        return "ssl"
    if builder.switch("auto_tls", True) is False:
        return "none"
    # Symfony uses implicit TLS on this port, whatever the scheme.
    if at_465:
        return "ssl"
    if builder.switch("require_tls", False):
        builder.remark("encryption", "symfony-require")
        return "tls"
    if requires:
        return "tls"
    builder.remark("encryption", "symfony-auto")
    return "auto"


def _host_of(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host if host and BY_KEY["domain"].problem_with(host) is None else None


def _take_trust(builder: ImportBuilder) -> None:
    for name in (*_VERIFY, "verify_peer"):
        if builder.switch(name, True) is False:
            builder.put("openssl_verify_mode", "none", name)
    if builder.take("tls_fingerprint", "peer_fingerprint[sha256]"):
        builder.values.pop("openssl_verify_mode", None)
    for name, usual in _IGNORED.items():
        if builder.switch(name, usual) is not usual:
            builder.reject(name, "symfony-ignores")


def write(out: ExportBuilder) -> str:
    """Export the variables."""
    link, at_465 = out.link, out.settings.port == 465
    if link in ("tls", "auto") and at_465:
        out.note("port", "port-means-tls")
    if link == "ssl" and not at_465:
        out.warn("encryption", "laravel-scheme")
    if out.given("domain") is None:
        out.note("domain", "laravel-hello")
    url = _url(out, link)
    _ = out.mechanism  # adds its note: Symfony's mailer chooses by itself
    pairs = out.pairs()
    pairs[2:2] = [(_URL, url)] if url else []
    return export_env(out, [(name, _for_env(str(value))) for name, value in pairs])


def _url(out: ExportBuilder, link: str) -> str | None:
    """Return a MAIL_URL with the options that have no variable, without username and password.

    Such a URL's scheme is the driver, `smtp`; MAIL_SCHEME decides about implicit TLS.
    """
    fingerprint = out.given("tls_fingerprint") if link != "none" else None
    options = {}
    if link == "tls" and out.settings.port != 465:
        options["require_tls"] = "true"
        out.warn("encryption", "laravel-require")
    if link == "none":
        options["auto_tls"] = "false"
        out.note("encryption", "laravel-auto-tls")
    if fingerprint or (link != "none" and not out.verifies):
        options["verify_peer"] = "0"
    if fingerprint:
        options["peer_fingerprint[sha256]"] = fingerprint
        out.warn("tls_fingerprint", "laravel-fingerprint")
    query = urlencode(options, safe="[]")
    return f"smtp://{out.host_with_port}?{query}" if options else None


def _for_env(value: str) -> str:
    """Quote a value that `env()` would convert, or whose quotes it would strip."""
    is_changed = _without_brackets(value).casefold() in _KEYWORDS or _QUOTED.fullmatch(value)
    return f'"{value}"' if is_changed else value
