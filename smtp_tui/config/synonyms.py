"""Usual names of mail settings that are not our own keys, in tables that are no application's.

Only data, and what it says of a table's flags; `plain_table` reads and writes with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from smtp_tui.settings.fields import BY_KEY

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
