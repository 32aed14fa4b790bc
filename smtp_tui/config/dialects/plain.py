"""Find and read mail tables in a file that has no dialect.

Tables of databases and IMAP accounts have a host, a port and a login too; their names, ports and
other keys tell them apart. Common other names of our keys are understood. A change writes the name
that the table uses, so no key of ours is added next to an equivalent one. A key whose meaning is
ambiguous is left alone and reported as unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from smtp_tui.config.dialects.codecs import CompoundParts, parsed_host_and_port, parsed_url
from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.config.near_names import nearest
from smtp_tui.config.tablepath import Changes, Table, TablePath, walk
from smtp_tui.config.toml_edit.values import toml_value_like
from smtp_tui.settings.choices import SYNONYMS, Encryption
from smtp_tui.settings.fields import BY_KEY, PLAIN_KEYS, USUAL_PORTS
from smtp_tui.settings.parsers import Mailbox, parse_mailbox
from smtp_tui.settings.validate import equivalent

# Other names of our keys. Two of them in one table, or one next to our key, are ambiguous.
NAMES: Mapping[str, tuple[str, ...]] = {
    "host": ("smtp_host", "smtp_server", "smtp_address", "server", "hostname", "address"),
    "port": ("smtp_port",),
    "username": ("user", "smtp_user", "smtp_username", "user_name", "login"),
    "password": ("pass", "passwd", "smtp_password", "smtp_pass"),
    "from": ("from_email", "from_address", "from-address", "smtp_from", "sender", "mail_from"),
}
LABELS = ("from_name", "sender_name")  # the sender's display name, next to an address
# Keys of a text that holds `host:port`, or a URL with host, port and login. Keys in `URLS` count
# only with an SMTP URL.
URLS = ("connection_uri", "url", "uri", "dsn")
TEXTS = ("smtp_url", "smtp_uri", *URLS, *NAMES["host"])
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
# All keys of mail settings that many programs share.
MAIL_KEYS = frozenset(BY_KEY).union(
    *NAMES.values(), LABELS, WORDS, FLAGS, ("smtp_url", "smtp_uri", "connection_uri")
)

# Values that mean the same in every program; `tls` does not, so it is missing.
_UNAMBIGUOUS = {word: str(encryption) for word, encryption in SYNONYMS[Encryption].items()}
_UNAMBIGUOUS |= {"ssl": "ssl", "implicit": "ssl", "none": "none"}
_SPELLED = {"ssl": "ssl", "tls": "starttls", "none": "none"}

# Each row: a table's flags and our encryption. Programs disagree on all other combinations:
# `tls = true` alone means STARTTLS in one program and implicit TLS in another.
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


def _encryption_of(table: Changes, keys: tuple[str, ...]) -> str | None:
    """Return our `encryption` from a table's keys, or None if it is ambiguous."""
    if len(keys) == 1 and isinstance(word := table[keys[0]], str):
        return _UNAMBIGUOUS.get(word.strip().casefold().replace("_", "-"))
    flags = {FLAGS.get(key, key): table[key] for key in keys}
    if len(flags) < len(keys) or not all(isinstance(flag, bool) for flag in flags.values()):
        return None
    return next((ours for when, ours in _MEANINGS if when == flags), None)


_MAIN: TablePath = ("smtp",)
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


def mail_tables(data: Table, *, only_sure: bool = False) -> tuple[TablePath, ...]:
    """List the tables of mail settings: `smtp` first, then the others in the file's order."""
    # If no table is certain, use those with a host and another key that are not clearly of
    # something else.
    kinds = {path: _is_mail(path, table) for path, table in walk(data)}
    sure = tuple(path for path in kinds if kinds[path])
    match data.get("smtp"):
        case dict(table):
            # `[smtp.work]` and `[smtp.home]` make a table `smtp` that only groups them.
            groups = [key for key, value in table.items() if isinstance(value, dict | list)]
            if len(groups) < len(table) or not groups or any(key in BY_KEY for key in groups):
                named = (path for path in sure if path != _MAIN and _is_named(path, ("smtp",)))
                return (_MAIN, *named)
        case [*tables] if tables and all(isinstance(table, dict) for table in tables):
            return tuple(("smtp", index) for index in range(len(tables)))
    return sure or tuple(path for path in kinds if kinds[path] is None and not only_sure)


def _is_mail(path: TablePath, table: Table) -> bool | None:
    """Return whether a table configures outgoing mail, or None if that is uncertain."""
    texts = [table[key] for key in TEXTS if isinstance(table.get(key), str)]
    if any(text.startswith(("smtp://", "smtps://")) for text in texts):
        return True  # the URL of a mail server is enough
    if _HOSTS.isdisjoint(table) or _MORE.isdisjoint(table):
        return False
    last = next(((step,) for step in reversed(path) if isinstance(step, str)), ("",))
    if last[0].casefold() in _OTHER_WHOLE_NAMES or _is_named(last, _OTHER_NAMES):
        return False
    port = str(table.get("port", ""))
    number = int(port) if port.isdecimal() and len(port) < 6 else 0
    is_other = not _OTHER_KEYS.isdisjoint(table) or number in _OTHER_PORTS
    if is_other and not _is_named(last, _MAIL_NAMES):
        return False
    has_mail_keys = not _MAIL_ONLY.isdisjoint(table) or number in _MAIL_PORTS
    return has_mail_keys or _is_named(path, _MAIL_NAMES) or None


def _is_named(path: TablePath, words: tuple[str, ...]) -> bool:
    names = [step.casefold() for step in path if isinstance(step, str)]
    return any(word in name for name in names for word in words)


_ENCRYPTION, _FROM = "encryption", "from"
_SCHEMES = frozenset({"smtp", "smtps"})
_PARTS = {"host": "host", "port": "port", "username": "user", "password": "password"}


# Our key by each name that can be misspelled; other short names are similar to too many words.
_MEANT = {key: key for key in BY_KEY} | {
    name: key for key, names in NAMES.items() for name in names if len(name) > 4
}


def meant_by(name: str) -> str:
    """Return our key of a name in a plain table."""
    return _MEANT[name]


def _names_in(table: Table) -> dict[str, str]:
    """Return the table's key of each of our settings that has a key of its own."""
    names = {key: key for key in table if key in BY_KEY}
    for key, others in NAMES.items():
        present = [name for name in others if name in table]
        # Our own key goes first; of two other names the program may read either one.
        if key not in names and len(present) == 1 and _is_valid(key, table[present[0]]):
            names[key] = present[0]
    return names


class PlainTomlTable:
    """One table of a file without a dialect.

    `values` are by our keys, and by the table's own for unknown keys; `unknown` lists those, and
    `unclear` the ones that may mean either STARTTLS or implicit TLS. `misspelled` has the name that
    an unknown one was probably meant to be.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._names = names = _names_in(table)
        # The text that holds server and login, and the settings that only it holds (`_parts`).
        self._text_key, self._text = "", None
        # A URL next to a host may be anything, such as a web site.
        if "host" not in names:
            texts = [(key, text) for key in TEXTS if (text := _compound(key, table.get(key)))]
            if len(texts) == 1:
                self._text_key, self._text = texts[0]
        self._parts: dict[str, Any] = {}
        for key, part in _PARTS.items():
            found = self._text.part(part) if self._text else None
            if found is not None and key not in names:
                self._parts[key] = int(found) if key == "port" else found
        # The keys that set the encryption, if their meaning is clear.
        tls_keys = tuple(key for key in table if key in WORDS or key in FLAGS)
        encryption = None if _ENCRYPTION in names else _encryption_of(table, tls_keys)
        self._tls_keys = tls_keys if encryption else ()
        if encryption is None and _ENCRYPTION not in names and self._text:
            encryption = "ssl" if self._text.part("scheme") == "smtps" else None
        labels = [key for key in LABELS if isinstance(table.get(key), str)]
        address = _bare_address(table.get(names.get(_FROM, "")))
        # If the address has a display name itself, the label is not part of the sender.
        self._label = labels[0] if len(labels) == 1 and address and table[labels[0]] else ""

        ours = {key: table[name] for key, name in names.items()} | self._parts
        if encryption is not None:
            ours[_ENCRYPTION] = encryption
        if self._label:
            ours[_FROM] = f"{table[self._label]} <{address}>"
        known = {*names.values(), *self._tls_keys, self._text_key, self._label}
        self.values: dict[str, Any] = {
            **{key: table[key] for key in table if key not in known},
            **ours,
        }
        self.given = frozenset(key for key in self.values if key in BY_KEY)
        self.unknown = tuple(  # subtables are not keys
            key
            for key, value in table.items()
            if key not in known and key not in SWITCHES and not _holds_tables(value)
        )
        self.unclear = tuple(key for key in tls_keys if key in self.unknown)
        self.misspelled = dict(self._misspelled())

    def _misspelled(self) -> Iterator[tuple[str, str]]:
        # A setting that the table has already is no candidate.
        known = [name for name, key in _MEANT.items() if key not in self.given]
        for key in self.unknown:
            is_one_value = isinstance(self._table[key], str | int)
            if is_one_value and key not in MAIL_KEYS and (name := nearest(key, known)):
                yield key, name

    def can_express(self, key: str, value: object) -> bool:
        """Return whether the table's own key for a setting can hold a value."""
        try:
            self.changes({key: value})
        except NotExpressibleError:
            return False
        return True

    def changes(self, wanted: Changes) -> dict[str, object]:
        """Translate changes of our keys into changes of the table's own keys."""
        # NotExpressibleError if the table's own key for a setting cannot hold the value.
        found: dict[str, object] = {}
        text = self._text
        for key, value in wanted.items():
            if equivalent(key, self.values.get(key), value):
                continue
            if key in self._names:
                name = self._names[key]
                old = self._table[name]
                # Keep the TOML type of a valid old value.
                was_valid = BY_KEY[key].problem_with(old) is None
                found[name] = toml_value_like(old, value) if was_valid else value
            elif text and key in _PARTS and (key in self._parts or text.scheme):
                where = f"{BY_KEY[key].label} ({key}) is part of {self._text_key}, which"
                if isinstance(value, dict):
                    raise NotExpressibleError(f"{where} cannot name a place where it is kept", key)
                part = None if value in (None, "") else str(value)
                try:
                    text = text.with_part(_PARTS[key], part)
                except ValueError as error:
                    raise NotExpressibleError(f"{where} {error}", key) from None
            elif key == _ENCRYPTION and self._tls_keys:
                found |= self._encryption_changes(value)
            elif key == _ENCRYPTION and text and text.scheme:
                text = text.with_part("scheme", "smtps" if value == "ssl" else "smtp")
                if value not in (None, "ssl"):
                    found[key] = value
            else:
                found[key] = value
            if key == _FROM and self._label:
                # The table has a key of its own for the display name.
                name = self._names.get(_FROM, _FROM)
                try:
                    mailbox = parse_mailbox(value) if value is not None else Mailbox("", "")
                    found[self._label] = mailbox.name or None
                    found[name] = mailbox.address or None
                except ValueError:
                    found[name] = value
        if text and text != self._text:
            found[self._text_key] = str(text)
        self._verify(found, wanted)
        return found

    def _verify(self, found: Changes, wanted: Changes) -> None:
        """Raise NotExpressibleError if `found` has another effect than `wanted`."""
        new = {**self._table, **found}
        after = PlainTomlTable({key: value for key, value in new.items() if value is not None})
        # No other setting may change as a side effect, as when two keys set the same thing.
        desired = {**{key: self.values[key] for key in self.given}, **wanted}
        for key, value in desired.items():
            if key in BY_KEY and not equivalent(key, after.values.get(key), value):
                raise NotExpressibleError(
                    f"{BY_KEY[key].label} ({key}) cannot have this value here: another key of the "
                    "table sets the same thing; change them in an editor",
                    key,
                )

    def _encryption_changes(self, encryption: object) -> dict[str, object]:
        """Return the table's own TLS keys with the values for an encryption."""
        keys = self._tls_keys
        if encryption is None:
            return dict.fromkeys(keys)
        if len(keys) == 1 and isinstance(self._table[keys[0]], str):
            return {keys[0]: _SPELLED[str(encryption)]}
        present = {FLAGS[key]: key for key in keys}
        for when, ours in _MEANINGS:
            if ours == str(encryption) and when.keys() == present.keys():
                return {present[flag]: value for flag, value in when.items()}
        words, them = ("say", "them") if len(keys) > 1 else ("says", "it")
        raise NotExpressibleError(
            f"Encryption Type (encryption) is what {' and '.join(keys)} {words} in this table, "
            f"which cannot mean {encryption}; change {them} in an editor",
            "encryption",
        )


def _is_valid(key: str, value: object) -> bool:
    if key == "host":  # `address` may be a mail address
        return isinstance(value, str) and BY_KEY["host"].problem_with(value) is None
    return not _holds_tables(value) or key == "password"


def _compound(key: str, value: object) -> CompoundParts | None:
    """Parse a URL or `host:port`; None if the value is neither."""
    if not isinstance(value, str) or ("://" not in value and key in URLS):
        return None
    found = parsed_url(value, _SCHEMES) if "://" in value else parsed_host_and_port(value)
    if found is None:
        return None
    try:
        parts = {key: found.part(part) for key, part in _PARTS.items()}
    except ValueError:
        return None
    is_valid = all(BY_KEY[key].problem_with(part) is None for key, part in parts.items() if part)
    return found if is_valid and parts["host"] else None


def _bare_address(value: object) -> str:
    """Return an address without display name, or "" for anything else."""
    try:
        mailbox = parse_mailbox(value)
    except ValueError:
        return ""
    return "" if mailbox.name else mailbox.address


def _holds_tables(value: object) -> bool:
    """Return whether a value is a table or a list of tables."""
    inner = value if isinstance(value, list) else [value]
    return bool(inner) and all(isinstance(element, dict) for element in inner)
