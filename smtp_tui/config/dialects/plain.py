"""A table that is no application's: our own keys, and the usual other names for them.

What a table calls a setting is what a change writes: no key of ours is put beside one that says the
same. A key whose meaning is not sure is left alone, and named as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smtp_tui.config.dialects.codecs import Compound, parsed_host_and_port, parsed_url
from smtp_tui.config.dialects.mail_tables import (
    LABELS,
    NAMES,
    SWITCHES,
    TEXTS,
    URLS,
    encryption_keys,
    encryption_of,
    respelled,
)
from smtp_tui.config.errors import NotExpressibleError
from smtp_tui.config.toml_edit.values import toml_value_like
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.mailbox import parse_mailbox
from smtp_tui.settings.validate import equivalent

_ENCRYPTION, _FROM = "encryption", "from"
_SCHEMES = frozenset({"smtp", "smtps"})
_PARTS = {"host": "host", "port": "port", "username": "user", "password": "password"}


class PlainTable:
    """One such table as the file has it.

    `values` are by our keys, and those of unknown keys by theirs; `unknown` are the keys that mean
    nothing to us, `unclear` those of them that speak of TLS, but may mean either kind.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table
        # Which key of the table holds which of our settings by itself.
        names = {key: key for key in table if key in BY_KEY}
        for key, others in NAMES.items():
            there = [name for name in others if name in table]
            if key not in names and len(there) == 1 and _is_good(key, table[there[0]]):
                names[key] = there[0]
        self._names = names
        # The one text that holds server and login, and what of our settings only that text says.
        self._text_key, self._text = "", None
        if "host" not in names:
            texts = [(key, text) for key in TEXTS if (text := _compound(key, table.get(key)))]
            if len(texts) == 1:
                self._text_key, self._text = texts[0]
        self._parts: dict[str, Any] = {}
        for key, part in _PARTS.items():
            found = self._text.part(part) if self._text else None
            if found is not None and key not in names:
                self._parts[key] = int(found) if key == "port" else found
        # The keys that say what TLS there is, where what they say is clear.
        encryption = None if _ENCRYPTION in names else encryption_of(table)
        self._tls_keys = encryption_keys(table) if encryption else ()
        if encryption is None and _ENCRYPTION not in names and self._text:
            encryption = "ssl" if self._text.part("scheme") == "smtps" else None
        labels = [key for key in LABELS if isinstance(table.get(key), str)]
        address = _bare_address(table.get(names.get(_FROM, "")))
        self._label = labels[0] if len(labels) == 1 and address and table[labels[0]] else ""

        ours = {key: table[name] for key, name in names.items()} | self._parts
        if encryption is not None:
            ours[_ENCRYPTION] = encryption
        if self._label:
            ours[_FROM] = f"{table[self._label]} <{address}>"
        understood = {*names.values(), *self._tls_keys, self._text_key, self._label}
        self.values: dict[str, Any] = {
            **{key: table[key] for key in table if key not in understood},
            **ours,
        }
        self.given = frozenset(key for key in self.values if key in BY_KEY)
        self.unknown = tuple(  # a table below this one is no key
            key
            for key, value in table.items()
            if key not in understood and key not in SWITCHES and not _holds_tables(value)
        )
        self.unclear = tuple(key for key in encryption_keys(table) if key in self.unknown)

    def says(self, key: str, value: object) -> bool:
        """Tell whether the table's own key for a setting can hold a value."""
        try:
            self.changes({key: value})
        except NotExpressibleError:
            return False
        return True

    def changes(self, wanted: Mapping[str, object]) -> dict[str, object]:
        """Return the changes of the file's own keys that make `wanted` of our settings.

        NotExpressibleError where the file's own key for a setting cannot hold a value.
        """
        found: dict[str, object] = {}
        text = self._text
        for key, value in wanted.items():
            if equivalent(key, self.values.get(key), value):
                continue
            if key in self._names:
                name = self._names[key]
                old = self._table[name]
                # The TOML type of an old value that was good is kept.
                is_good = BY_KEY[key].problem_with(old) is None
                found[name] = toml_value_like(old, value) if is_good else value
            elif text and key in _PARTS and (key in self._parts or text.scheme):
                text = _with_part(self._text_key, text, key, value)
            elif key == _ENCRYPTION and self._tls_keys:
                found |= self._respelled(value)
            elif key == _ENCRYPTION and text and text.scheme:
                text = text.with_part("scheme", "smtps" if value == "ssl" else "smtp")
                if value not in (None, "ssl"):
                    found[key] = value
            else:
                found[key] = value
            if key == _FROM and self._label:
                found |= self._sender(value)
        if text and text != self._text:
            found[self._text_key] = str(text)
        self._verify(found, wanted)
        return found

    def _verify(self, found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
        """Refuse changes that do not come out as wanted: another key may say the same."""
        new = {**self._table, **found}
        after = PlainTable({key: value for key, value in new.items() if value is not None})
        desired = {**{key: self.values[key] for key in self.given}, **wanted}
        for key, value in desired.items():
            if key in BY_KEY and not equivalent(key, after.values.get(key), value):
                raise NotExpressibleError(
                    f"{BY_KEY[key].label} ({key}) cannot have this value here: another key of the "
                    "table sets the same thing; change them in an editor",
                    key,
                )

    def _respelled(self, encryption: object) -> dict[str, object]:
        keys = self._tls_keys
        if encryption is None:
            return dict.fromkeys(keys)
        found = respelled(self._table, str(encryption))
        if found is None:
            words, them = ("say", "them") if len(keys) > 1 else ("says", "it")
            raise NotExpressibleError(
                f"Encryption Type (encryption) is what {' and '.join(keys)} {words} in this table, "
                f"which cannot mean {encryption}; change {them} in an editor",
                "encryption",
            )
        return found

    def _sender(self, value: object) -> dict[str, object]:
        """Part a sender into the address and the name that the table keeps beside it."""
        name = self._names.get(_FROM, _FROM)
        if value is None:
            return {name: None, self._label: None}
        try:
            mailbox = parse_mailbox(value)
        except ValueError:
            return {name: value}
        return {name: mailbox.address, self._label: mailbox.name or None}


def _is_good(key: str, value: object) -> bool:
    if key == "host":  # `address` may be one for mail
        return isinstance(value, str) and BY_KEY["host"].problem_with(value) is None
    return not _holds_tables(value) or key == "password"


def _compound(key: str, value: object) -> Compound | None:
    """Take a URL or `host:port` apart; None for a text that is neither."""
    if not isinstance(value, str) or ("://" not in value and key in URLS):
        return None
    found = parsed_url(value, _SCHEMES) if "://" in value else parsed_host_and_port(value)
    if found is None:
        return None
    try:
        parts = {key: found.part(part) for key, part in _PARTS.items()}
    except ValueError:
        return None
    good = all(BY_KEY[key].problem_with(part) is None for key, part in parts.items() if part)
    return found if good and parts["host"] else None


def _with_part(name: str, text: Compound, key: str, value: object) -> Compound:
    label = f"{BY_KEY[key].label} ({key})"
    if isinstance(value, dict):
        raise NotExpressibleError(
            f"{label} is part of {name}, which cannot name a place where it is kept", key
        )
    try:
        return text.with_part(_PARTS[key], None if value in (None, "") else str(value))
    except ValueError as error:
        raise NotExpressibleError(f"{label} is part of {name}, which {error}", key) from None


def _bare_address(value: object) -> str:
    """Return an address that has no display name, "" for all else."""
    try:
        mailbox = parse_mailbox(value)
    except ValueError:
        return ""
    return "" if mailbox.name else mailbox.address


def _holds_tables(value: object) -> bool:
    """Whether a value is a table, or a list of tables."""
    inner = value if isinstance(value, list) else [value]
    return bool(inner) and all(isinstance(element, dict) for element in inner)
