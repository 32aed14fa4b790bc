"""Laravel's variables (config/mail.php), handed to Symfony's mailer."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.envfile.exchange import exported, intake
from smtp_tui.interchange.intake import Intake
from smtp_tui.interchange.known import Format
from smtp_tui.interchange.outlet import Outlet
from smtp_tui.interchange.results import Exported, Imported
from smtp_tui.interchange.source import Source
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.mailbox import parse_mailbox

# What `env()` makes of these words, with or without brackets, in any case.
_WORDS = {"null": None, "empty": "", "true": "true", "false": "false"}
_QUOTED = re.compile(r"(['\"])(.*)\1")


def read(source: Source, form: Format) -> Imported:
    """Read the variables, with what Laravel and Symfony make of them."""
    taken = intake(form, source)
    taken.change(_from_env)
    taken.expect("MAIL_MAILER", "smtp", "failover", "roundrobin")
    if taken.get("MAIL_URL") is not None:
        taken.refuse("MAIL_URL", "url-beside")
    taken.take("host", "MAIL_HOST")
    taken.take("port", "MAIL_PORT")
    taken.default("host", "127.0.0.1")
    taken.default("port", 2525)
    taken.put_link(_link(taken))
    _hello(taken)
    if taken.take("username", "MAIL_USERNAME"):
        names = "CRAM-MD5, LOGIN, PLAIN"
        taken.remark("authentication", "own-choice", program="Laravel", names=names)
    taken.put_password("MAIL_PASSWORD")
    taken.put_sender(
        taken.text("MAIL_FROM_ADDRESS"), taken.text("MAIL_FROM_NAME"), "MAIL_FROM_ADDRESS"
    )
    taken.leftovers("MAIL_")
    return taken.done()


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


def _link(taken: Intake) -> str:
    scheme = taken.choice("MAIL_SCHEME", {"smtp": "auto", "smtps": "ssl"}, "")
    if (taken.text("MAIL_ENCRYPTION") or "").casefold() not in ("", "tls"):
        taken.refuse("MAIL_ENCRYPTION", "laravel-encryption")
    # Symfony has TLS from the first byte at this port, whatever the scheme.
    if scheme == "ssl" or str(taken.values.get("port")) == "465":
        return "ssl"
    taken.remark("encryption", "symfony-auto", program=taken.form.title)
    return "auto"


def _hello(taken: Intake) -> None:
    if taken.take("domain", "MAIL_EHLO_DOMAIN"):
        return
    try:
        host = urlsplit(taken.text("APP_URL") or "http://localhost").hostname
    except ValueError:
        host = None
    if host and BY_KEY["domain"].problem_with(host) is None:
        taken.default("domain", host)


def write(out: Outlet) -> Exported:
    """Write the variables."""
    link = out.link
    settings = out.settings
    if link != "ssl" and settings.port == 465:
        out.note("port", "port-means-tls", program="Laravel")
    if out.given("domain") is None:
        out.note("domain", "laravel-hello")
    sender = parse_mailbox(settings.sender) if out.given("from") else None
    out.note_own_ways()
    pairs = [
        ("MAIL_MAILER", "smtp"),
        ("MAIL_SCHEME", "smtps" if link == "ssl" else "smtp"),
        ("MAIL_HOST", out.host),
        ("MAIL_PORT", str(settings.port)),
        ("MAIL_EHLO_DOMAIN", out.given("domain")),
        ("MAIL_FROM_ADDRESS", sender.address if sender else None),
        ("MAIL_FROM_NAME", sender.name or None if sender else None),
        ("MAIL_USERNAME", out.username),
    ]
    held = [(name, None if value is None else _for_env(value)) for name, value in pairs]
    out.secret = None if out.secret is None else _for_env(out.secret)
    return exported(out, held, "MAIL_PASSWORD")


def _for_env(value: str) -> str:
    """Put quotes round what `env()` would take for a word of its own, or take quotes from."""
    bare = value[1:-1] if value[:1] == "(" and value[-1:] == ")" else value
    if bare.casefold() in _WORDS or _QUOTED.fullmatch(value):
        return f'"{value}"'
    return value
