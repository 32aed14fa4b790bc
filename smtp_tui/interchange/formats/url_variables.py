"""Import and export variables that hold a whole URL: MAILER_DSN of Symfony, MAIL_URL of Meteor."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

from smtp_tui.interchange import envfile
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.nodemailer import split_url, take_url, url_of
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, formats

_METEOR, _SYMFONY = "MAIL_URL", "MAILER_DSN"


def read_meteor(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the URL as nodemailer reads it."""
    builder = envfile.import_env(form, source)
    written = builder.text(_METEOR)
    if written is None:
        return builder
    try:
        inner = take_url(form, written)
    except InterchangeError:
        builder.reject(_METEOR, "url-in-variable")
        return builder
    builder.join_part(inner, _METEOR)
    return builder


def write_meteor(out: ExportBuilder) -> str:
    """Export the variable."""
    return _file(out, _METEOR, out.pairs_of(formats()["url"].write))


# Symfony's transports that connect to no server by SMTP, and options that change no setting.
_NOT_SMTP = ("null", "native", "sendmail")
_IGNORED = ("ping_threshold", "restart_threshold", "restart_threshold_sleep", "max_per_second")
_TRUE = ("1", "true", "on", "yes")  # PHP's FILTER_VALIDATE_BOOL


def read_symfony(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the DSN as Symfony's mailer reads it."""
    builder = envfile.import_env(form, source)
    written = builder.text(_SYMFONY)
    if written is None:
        return builder
    try:
        url = split_url(written)
        user, password = [
            unquote(part, errors="strict") if part else None
            for part in (url.username, url.password)
        ]
    except (InterchangeError, UnicodeDecodeError):
        is_other = written.partition(":")[0].casefold() in _NOT_SMTP
        builder.reject(_SYMFONY, "not-smtp" if is_other else "url-in-variable")
        return builder
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    found = {
        "host": unquote(url.hostname or "") or None,
        "port": url.port,
        "username": user,
        "password": password,
        "domain": options.pop("local_domain", None),
        "source_address": options.pop("source_ip", None),
    }
    for key, value in found.items():
        if value is not None:
            builder.put(key, value, _SYMFONY)
    builder.put_link(_symfony_link(builder, options, is_ssl=url.scheme.casefold() == "smtps"))
    builder.remark_own_choice("CRAM-MD5, LOGIN, PLAIN")
    if not _is_on(options.pop("verify_peer", "")):
        builder.put("openssl_verify_mode", "none", _SYMFONY)
    if fingerprint := options.pop("peer_fingerprint[sha256]", options.pop("peer_fingerprint", "")):
        builder.put("tls_fingerprint", fingerprint, _SYMFONY)
        builder.values.pop("openssl_verify_mode", None)
    if names := ", ".join(name for name in options if name not in _IGNORED):
        builder.reject(_SYMFONY, "laravel-url-options", names=names[:80])
    return builder


def _is_on(word: str) -> bool:
    return not word or word.casefold() in _TRUE


def _symfony_link(builder: ImportBuilder, options: dict[str, str], *, is_ssl: bool) -> str:
    auto, required = _is_on(options.pop("auto_tls", "")), options.pop("require_tls", "")
    port, is_local = builder.values.get("port"), builder.values.get("host") == "localhost"
    if auto and not is_ssl and port is None and not is_local:
        builder.remark("encryption", "symfony-no-port")
        is_ssl = True
    if is_ssl or (auto and port == 465):
        builder.default("port", 465)
        return "ssl"
    builder.default("port", 25)
    if not auto:
        return "none"
    if required and _is_on(required):
        builder.remark("encryption", "symfony-require")
        return "tls"
    builder.remark("encryption", "symfony-auto")
    return "auto"


def write_symfony(out: ExportBuilder) -> str:
    """Export the variable."""
    link, at_465 = out.link, out.settings.port == 465
    _ = out.mechanism  # adds its note: Symfony's mailer chooses by itself
    options: list[tuple[str, Any]] = []
    if link in ("tls", "auto") and at_465:
        out.note("port", "port-means-tls")
    if link == "tls" and not at_465:
        options.append(("require_tls", "true"))
        out.warn("encryption", "symfony-required")
    if link == "none":
        options.append(("auto_tls", "false"))
        out.note("encryption", "laravel-auto-tls")
    fingerprint = out.given("tls_fingerprint") if link != "none" else None
    if fingerprint or (link != "none" and not out.verifies):
        options.append(("verify_peer", "0"))
    if fingerprint:
        options.append(("peer_fingerprint[sha256]", fingerprint))
        out.warn("tls_fingerprint", "laravel-fingerprint")
    if (domain := out.given("domain")) is not None:
        options.append(("local_domain", domain))
    return _file(out, _SYMFONY, options)


def _file(out: ExportBuilder, name: str, options: list[tuple[str, Any]]) -> str:
    for step in out.form.first:
        out.first(step)
    quoting = out.quoting or out.form.quoting or "docker"
    return "\n".join([*envfile.write([(name, url_of(out, options))], quoting), ""])
