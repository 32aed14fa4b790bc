"""Usual names of mail settings that are not our own keys, in tables that are no application's.

Only data, and what it says of a table's flags; `plain_table` reads and writes with it.

Which tables of a file hold mail settings, where the file is no application's.

A database's table or that of an IMAP account has a host, a port and a login as well. Its name, its
port and its other keys show what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smtp_tui.config.tablepath import TablePath, walk
from smtp_tui.settings.fields import BY_KEY, PLAIN_KEYS, USUAL_PORTS

NAMES: Mapping[str, tuple[str, ...]] = {
    "host": ("smtp_host", "smtp_server", "smtp_address", "server", "hostname", "address"),
    "port": ("smtp_port",),
    "username": ("user", "smtp_user", "smtp_username", "user_name", "login"),
    "password": ("pass", "passwd", "smtp_password", "smtp_pass"),
    "from": ("from_email", "from_address", "from-address", "smtp_from", "sender", "mail_from"),
}
"""Other names of our keys. Two of them in one table, or one beside our key, say nothing sure."""

LABELS = ("from_name", "sender_name")
"""The sender's display name, beside an address."""

URLS = ("connection_uri", "url", "uri", "dsn")
TEXTS = ("smtp_url", "smtp_uri", *URLS, *NAMES["host"])
"""Names of one text that holds the server with its port, or as a URL the login too.

Those of `URLS` do so only as a URL of SMTP.
"""

WORDS = ("security", "smtp_security")
FLAGS: Mapping[str, str] = {
    "starttls": "starttls",
    "use_starttls": "starttls",
    "ssl": "ssl",
    "use_ssl": "ssl",
    "tls": "tls",
    "use_tls": "tls",
}
SWITCHES = frozenset({"enabled", "enable", "disabled"})

_CLEAR = {
    "ssl": "ssl",
    "smtps": "ssl",
    "ssl/tls": "ssl",
    "implicit": "ssl",
    "starttls": "tls",
    "start-tls": "tls",
    "none": "none",
    "off": "none",
}
"""Words that mean the same in every program; `tls` means either kind."""
_SPELLED = {"ssl": "ssl", "tls": "starttls", "none": "none"}

# Each row: the flags that a table holds, and what they mean. What is not here programs read in
# different ways: `tls = true` alone is STARTTLS to one and implicit TLS to another.
_MEANINGS: tuple[tuple[Mapping[str, bool], str], ...] = (
    ({"starttls": True}, "tls"),
    ({"starttls": True, "tls": False}, "tls"),
    ({"starttls": True, "ssl": False}, "tls"),
    ({"starttls": True, "tls": True}, "tls"),
    ({"starttls": True, "tls": True, "ssl": False}, "tls"),
    ({"starttls": True, "tls": False, "ssl": False}, "tls"),
    ({"tls": True, "ssl": False}, "tls"),
    ({"ssl": True}, "ssl"),
    ({"ssl": True, "tls": False}, "ssl"),
    ({"ssl": True, "starttls": False}, "ssl"),
    ({"ssl": True, "tls": False, "starttls": False}, "ssl"),
    ({"tls": True, "starttls": False}, "ssl"),
    ({"tls": False, "ssl": False}, "none"),
    ({"tls": False, "starttls": False}, "none"),
    ({"ssl": False, "starttls": False}, "none"),
    ({"tls": False, "ssl": False, "starttls": False}, "none"),
)

MAIL_KEYS = frozenset(BY_KEY).union(
    *NAMES.values(), LABELS, WORDS, FLAGS, ("smtp_url", "smtp_uri", "connection_uri")
)
"""All names of mail settings that are common to many programs."""


def encryption_keys(table: Mapping[str, object]) -> tuple[str, ...]:
    """List the keys of a table that speak of TLS."""
    return tuple(key for key in table if key in WORDS or key in FLAGS)


def encryption_of(table: Mapping[str, object]) -> str | None:
    """Say what a table's own keys mean for our `encryption`; None where that is not sure."""
    keys = encryption_keys(table)
    if len(keys) == 1 and isinstance(word := table[keys[0]], str):
        return _CLEAR.get(word.strip().casefold().replace("_", "-"))
    flags = _flags(table, keys)
    return next((ours for when, ours in _MEANINGS if when == flags), None)


def respelled(table: Mapping[str, object], encryption: str) -> dict[str, object] | None:
    """Return the table's own keys with the values that mean this; None where none do."""
    keys = encryption_keys(table)
    if len(keys) == 1 and isinstance(table[keys[0]], str):
        return {keys[0]: _SPELLED[encryption]}
    there = {FLAGS[key]: key for key in keys}
    for when, ours in _MEANINGS:
        if ours == encryption and when.keys() == there.keys():
            return {there[flag]: value for flag, value in when.items()}
    return None


def _flags(table: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object] | None:
    flags = {FLAGS.get(key, key): table[key] for key in keys}
    clear = len(flags) == len(keys) and all(isinstance(one, bool) for one in flags.values())
    return flags if clear else None


_MAIN: TablePath = ("smtp",)
_SCHEMES = ("smtp://", "smtps://")
_HOSTS = frozenset({"host", "smtp_url", "smtp_uri", *NAMES["host"]})
_MORE = frozenset({*PLAIN_KEYS, *MAIL_KEYS} - _HOSTS)
_MAIL_ONLY = frozenset({"starttls_auto", "encryption", "authentication", "openssl_verify_mode"}) | {
    key for key in MAIL_KEYS if key.startswith(("smtp_", "from", "starttls", "sender"))
}
_MAIL_NAMES = ("smtp", "mail", "relay", "submission", "sendgrid", "postmark")
_OTHER_NAMES = (
    *("imap", "pop3", "sieve", "jmap", "database", "postgres", "mysql", "maria", "mongo", "redis"),
    *("sql", "ldap", "amqp", "rabbit", "mqtt", "kafka", "proxy", "http", "storage", "cache"),
    *("influx", "elastic", "metrics", "webdav"),
)
_OTHER_WHOLE_NAMES = frozenset({"db", "pop", "web", "api", "ssh", "s3", "server", "backend"})
_OTHER_KEYS = frozenset(
    {"database", "dbname", "db", "sslmode", "bucket", "vhost", "bind", "base_dn"}
)
_MAIL_PORTS = frozenset({*USUAL_PORTS.values(), 26, 1025, 2465, 2525, 2526, 2587})
_OTHER_PORTS = frozenset(
    {21, 22, 53, 80, 110, 143, 389, 443, 636, 993, 995, 1433, 1521, 1883, 3000, 3128, 3306, 4190}
    | {5432, 5672, 6379, 8000, 8080, 8086, 8443, 8883, 9000, 9090, 9092, 9200, 11211, 27017}
)


def mail_tables(data: Mapping[str, Any]) -> tuple[TablePath, ...]:
    """List the tables of mail settings: `smtp` first, then the others in the file's order.

    Where no table is surely one of mail, those that hold a host and more and are surely of nothing
    else stand for them.
    """
    found = {
        path: table
        for path, table in walk(data)
        if _holds_url(table) or not (_HOSTS.isdisjoint(table) or _MORE.isdisjoint(table))
    }
    sure = tuple(path for path in found if _is_mail(path, found[path]))
    match data.get("smtp"):
        case dict(table) if _holds_settings(table):
            named = (path for path in sure if path != _MAIN and _is_named_smtp(path))
            return (_MAIN, *named)
        case [*tables] if tables and all(isinstance(table, dict) for table in tables):
            return tuple(("smtp", index) for index in range(len(tables)))
    return sure or tuple(path for path in found if not _is_other(path, found[path]))


def _is_mail(path: TablePath, table: Mapping[str, Any]) -> bool:
    if _holds_url(table):
        return True
    if _is_other(path, table):
        return False
    named = any(_speaks_of(step, _MAIL_NAMES) for step in path if isinstance(step, str))
    return named or not _MAIL_ONLY.isdisjoint(table) or _port(table) in _MAIL_PORTS


def _holds_url(table: Mapping[str, Any]) -> bool:
    """Whether a table holds the URL of a mail server, which says all there is to say."""
    texts = (table[key] for key in TEXTS if key in table)
    return any(isinstance(text, str) and text.startswith(_SCHEMES) for text in texts)


def _is_other(path: TablePath, table: Mapping[str, Any]) -> bool:
    """Whether a table is surely not one of mail that is sent."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if name.casefold() in _OTHER_WHOLE_NAMES or _speaks_of(name, _OTHER_NAMES):
        return True
    if _speaks_of(name, _MAIL_NAMES):
        return False
    return not _OTHER_KEYS.isdisjoint(table) or _port(table) in _OTHER_PORTS


def _port(table: Mapping[str, Any]) -> int:
    port = str(table.get("port", ""))
    return int(port) if port.isdecimal() and len(port) < 6 else 0


def _speaks_of(name: str, words: tuple[str, ...]) -> bool:
    folded = name.casefold()
    return any(word in folded for word in words)


def _is_named_smtp(path: TablePath) -> bool:
    return any("smtp" in step.casefold() for step in path if isinstance(step, str))


def _holds_settings(table: Mapping[str, Any]) -> bool:
    # `[smtp.work]` and `[smtp.home]` make a table `smtp` that is only their folder.
    groups = [key for key, value in table.items() if isinstance(value, dict | list)]
    return len(groups) < len(table) or not groups or any(key in BY_KEY for key in groups)
