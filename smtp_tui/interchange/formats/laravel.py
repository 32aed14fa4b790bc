"""Laravel's variables (config/mail.php), handed to Symfony's mailer; BookStack and its like."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.envfile import export_env as exported
from smtp_tui.interchange.envfile import import_env as intake
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported
from smtp_tui.interchange.spec import FormatSpec, Source
from smtp_tui.settings.fields import BY_KEY

_URL = "MAIL_URL"
# The options of Symfony's mailer that a MAIL_URL carries, under names of their own here.
_OPTIONS = ("require_tls", "auto_tls", "verify_peer", "peer_fingerprint[sha256]", "local_domain")
_SENDERS = ("MAIL_FROM_ADDRESS", "MAIL_FROM_ADDR", "MAIL_FROM")
# What Snipe-IT, BookStack, Firefly III and 2FAuth call Symfony's verify_peer.
_VERIFY = ("MAIL_TLS_VERIFY_PEER", "MAIL_VERIFY_SSL", "MAIL_VERIFY_PEER", "MAIL_VERIFY_SSL_PEER")
# Options of PHP's streams that Firefly III hands on, and that Symfony's mailer does not take.
_IGNORED = {"MAIL_ALLOW_SELF_SIGNED": False, "MAIL_VERIFY_PEER_NAME": True}
_ASIDE = ("MAIL_REPLYTO_ADDR", "MAIL_REPLYTO_NAME", "MAIL_LOG_CHANNEL", "MAIL_SENDMAIL_PATH")
_ASIDE_TOO = ("MAIL_SENDMAIL_COMMAND", "MAIL_AUTO_EMBED_METHOD", "MAIL_AUTO_EMBED")

# What `env()` makes of these words, with or without brackets, in any case.
_WORDS = {"null": None, "empty": "", "true": "true", "false": "false"}
_QUOTED = re.compile(r"(['\"])(.*)\1")


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the variables, with what Laravel and Symfony make of them."""
    builder = intake(form, source)
    builder.change(_from_env)
    for name in ("MAIL_MAILER", "MAIL_DRIVER"):
        builder.expect(name, "smtp", "failover", "roundrobin")
    _take_url(builder)
    builder.take("host", "MAIL_HOST")
    builder.take("port", "MAIL_PORT")
    if "MAIL_MAILER" in builder and not _is_own_kind(builder):
        builder.default("host", "127.0.0.1")
        builder.default("port", 2525)
    builder.put_link(_link(builder))
    _hello(builder)
    _trust(builder)
    if builder.take("username", "MAIL_USERNAME"):
        names = "CRAM-MD5, LOGIN, PLAIN"
        builder.remark("authentication", "own-choice", program="Laravel", names=names)
    builder.put_password("MAIL_PASSWORD")
    builder.put_sender(builder.text(*_SENDERS), builder.text("MAIL_FROM_NAME"), *_SENDERS)
    builder.use(*_ASIDE, *_ASIDE_TOO)
    builder.report_leftovers("MAIL_")
    return builder.done()


def _is_own_kind(builder: ImportBuilder) -> bool:
    """Whether the names are those of an application with a config/mail.php of its own."""
    return "MAIL_DRIVER" in builder or "MAIL_FROM" in builder or "MAIL_FROM_ADDR" in builder


def _from_env(entry: Entry) -> Entry:
    value = entry.value
    if not isinstance(value, str):
        return entry
    bare = value[1:-1] if value[:1] == "(" and value[-1:] == ")" else value
    if bare.casefold() in _WORDS:
        value = _WORDS[bare.casefold()]
    elif match := _QUOTED.fullmatch(value):
        value = match[2]
    return Entry(entry.name, value, entry.line, entry.borrowed)


def _take_url(builder: ImportBuilder) -> None:
    """Put what a MAIL_URL says in the place of the variables that it goes before."""
    written = builder.text(_URL)
    if written is None:
        return
    try:
        url = urlsplit(written)
        port = url.port
    except ValueError:
        builder.reject(_URL, "laravel-url")
        return
    if url.scheme != "smtp" or not url.hostname or url.fragment:
        builder.reject(_URL, "laravel-url")
        return
    found: dict[str, object] = {"MAIL_HOST": unquote(url.hostname)}
    if port is not None:
        found["MAIL_PORT"] = port
    for name, value in (("MAIL_USERNAME", url.username), ("MAIL_PASSWORD", url.password)):
        if value is not None:
            found[name] = unquote(value)
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        if name in _OPTIONS:
            found["MAIL_EHLO_DOMAIN" if name == "local_domain" else name] = value
    for name, part in found.items():
        builder.replace(Entry(name, part), _URL)
    if others := [name for name, _ in parse_qsl(url.query) if name not in _OPTIONS]:
        builder.reject(_URL, "laravel-url-options", names=", ".join(others)[:80])


def _link(builder: ImportBuilder) -> str:
    scheme = builder.choice("MAIL_SCHEME", {"smtp": "auto", "smtps": "ssl"}, "")
    encryption = (builder.text("MAIL_ENCRYPTION") or "").casefold()
    # BookStack requires TLS with either word, and SwiftMailer of older versions with this one.
    requires = "MAIL_DRIVER" in builder and "MAIL_FROM_ADDR" not in builder and encryption == "tls"
    at_465 = str(builder.values.get("port")) == "465"
    if encryption not in ("", "tls") and not at_465:
        builder.reject("MAIL_ENCRYPTION", "laravel-encryption")
    if scheme == "ssl":
        return "ssl"
    if builder.switch("auto_tls", True) is False:
        return "none"
    # Symfony has TLS from the first byte at this port, whatever the scheme.
    if at_465:
        return "ssl"
    if builder.switch("require_tls", False):
        builder.remark("encryption", "symfony-require")
        return "tls"
    if requires:
        return "tls"
    builder.remark("encryption", "symfony-auto", program=builder.form.title)
    return "auto"


def _hello(builder: ImportBuilder) -> None:
    # Of the files like this one only Laravel's since version 11, whose scheme it is, uses APP_URL.
    if builder.take("domain", "MAIL_EHLO_DOMAIN") or "MAIL_SCHEME" not in builder:
        return
    if _is_own_kind(builder):
        return
    try:
        host = urlsplit(builder.text("APP_URL") or "http://localhost").hostname
    except ValueError:
        host = None
    if host and BY_KEY["domain"].problem_with(host) is None:
        builder.default("domain", host)


def _trust(builder: ImportBuilder) -> None:
    for name in (*_VERIFY, "verify_peer"):
        if builder.switch(name, True) is False:
            builder.put("openssl_verify_mode", "none", name)
    if builder.take("tls_fingerprint", "peer_fingerprint[sha256]"):
        builder.values.pop("openssl_verify_mode", None)
    for name, usual in _IGNORED.items():
        if builder.switch(name, usual) is not usual:
            builder.reject(name, "symfony-ignores")


def write(out: ExportBuilder) -> Exported:
    """Write the variables."""
    link = out.link
    settings = out.settings
    if link in ("tls", "auto") and settings.port == 465:
        out.note("port", "port-means-tls", program="Laravel")
    if link == "ssl" and settings.port != 465:
        out.warn("encryption", "laravel-scheme")
    if out.given("domain") is None:
        out.note("domain", "laravel-hello")
    sender = out.mailbox
    pairs = [
        ("MAIL_MAILER", "smtp"),
        ("MAIL_SCHEME", "smtps" if link == "ssl" else "smtp"),
        (_URL, _url(out, link)),
        ("MAIL_HOST", out.host),
        ("MAIL_PORT", str(settings.port)),
        ("MAIL_EHLO_DOMAIN", out.given("domain")),
        ("MAIL_FROM_ADDRESS", sender.address if sender else None),
        ("MAIL_FROM_NAME", sender.name or None if sender else None),
        ("MAIL_USERNAME", out.username),
    ]
    _ = out.mechanism  # to be noted: Symfony's mailer chooses by itself
    held = [(name, None if value is None else _for_env(value)) for name, value in pairs]
    out.secret = None if out.secret is None else _for_env(out.secret)
    return exported(out, held, "MAIL_PASSWORD")


def _url(out: ExportBuilder, link: str) -> str | None:
    """Return a MAIL_URL with the options that have no variable; user and password stay out of it.

    The driver of such a URL is `smtp`; MAIL_SCHEME beside it says whether TLS comes first.
    """
    fingerprint = out.given("tls_fingerprint") if link != "none" else None
    options = {
        "require_tls": "true" if link == "tls" and out.settings.port != 465 else None,
        "auto_tls": "false" if link == "none" else None,
        "verify_peer": "0" if fingerprint or (link != "none" and not out.verifies) else None,
        "peer_fingerprint[sha256]": fingerprint,
    }
    there = {name: value for name, value in options.items() if value is not None}
    if not there:
        return None
    if "require_tls" in there:
        out.warn("encryption", "laravel-require")
    if "auto_tls" in there:
        out.note("encryption", "laravel-auto-tls")
    if fingerprint:
        out.warn("tls_fingerprint", "laravel-fingerprint")
    return f"smtp://{out.host_with_port}?{urlencode(there, safe='[]')}"


def _for_env(value: str) -> str:
    """Put quotes round what `env()` would take for a word of its own, or take quotes from."""
    bare = value[1:-1] if value[:1] == "(" and value[-1:] == ")" else value
    if bare.casefold() in _WORDS or _QUOTED.fullmatch(value):
        return f'"{value}"'
    return value
