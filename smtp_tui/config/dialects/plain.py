"""A table that is no application's: our own keys, and the usual other names for them.

What a table calls a setting is what a change writes: no key of ours is put beside one that says the
same. A key whose meaning is not sure is left alone, and named as unknown.

What there is to say about a table besides its settings: unknown keys, a mailer switched off.

What a new key of a plain table is called: as a comment in the table calls it, if one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from smtp_tui.config.dialects import mail_tables as mail_names
from smtp_tui.config.dialects.mail_tables import SWITCHES
from smtp_tui.config.errors import NotExpressibleError, one_line
from smtp_tui.config.tablepath import TablePath
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.mailbox import parse_mailbox
from smtp_tui.settings.validate import equivalent

if TYPE_CHECKING:
    from smtp_tui.config.dialects.codecs import Compound


_ENCRYPTION, _FROM = "encryption", "from"
_SCHEMES = frozenset({"smtp", "smtps"})
_PARTS = {"host": "host", "port": "port", "username": "user", "password": "password"}


class PlainTable:
    """One such table as the file has it."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    @cached_property
    def values(self) -> dict[str, Any]:
        """The values by our keys, and those of unknown keys by theirs."""
        table = self._table
        ours = {key: table[name] for key, name in self._names.items()}
        ours |= self._parts
        if self._encryption is not None:
            ours[_ENCRYPTION] = self._encryption
        if self._label and (address := _bare(ours.get(_FROM))):
            ours[_FROM] = f"{table[self._label]} <{address}>"
        return {**{key: table[key] for key in table if key not in self._understood}, **ours}

    @property
    def given(self) -> frozenset[str]:
        """Those of our keys that the table sets, by whatever name."""
        return frozenset(key for key in self.values if key in BY_KEY)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The keys that mean nothing to us; a table below this one is no key."""
        return tuple(
            key
            for key, value in self._table.items()
            if key not in self._understood and key not in SWITCHES and not _holds(value)
        )

    @property
    def unclear(self) -> tuple[str, ...]:
        """Those of the unknown keys that speak of TLS, but may mean either kind."""
        return tuple(key for key in mail_names.encryption_keys(self._table) if key in self.unknown)

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
        new = {
            key: value
            for key, value in wanted.items()
            if not equivalent(key, self.values.get(key), value)
        }
        found: dict[str, object] = {}
        text = self._text
        for key, value in new.items():
            if key in self._names:
                found[self._names[key]] = _typed(key, self._table[self._names[key]], value)
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
        if self._label and _FROM in new:
            found |= self._sender(self._names.get(_FROM, _FROM), new[_FROM])
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

    @cached_property
    def _names(self) -> dict[str, str]:
        """Which key of the table holds which of our settings by itself."""
        names = {key: key for key in self._table if key in BY_KEY}
        for key, others in mail_names.NAMES.items():
            there = [name for name in others if name in self._table]
            if key not in names and len(there) == 1 and self._is_good(key, there[0]):
                names[key] = there[0]
        return names

    def _is_good(self, key: str, name: str) -> bool:
        value = self._table[name]
        if key == "host":  # `address` may be one for mail
            return isinstance(value, str) and BY_KEY["host"].problem_with(value) is None
        return not _holds(value) or key == "password"

    @cached_property
    def _text_key(self) -> str:
        """The key of one text that holds server and login, "" for none."""
        if "host" in self._names:
            return ""
        there = [key for key in mail_names.TEXTS if _compound(key, self._table.get(key))]
        return there[0] if len(there) == 1 else ""

    @cached_property
    def _text(self) -> Compound | None:
        key = self._text_key
        return _compound(key, self._table[key]) if key else None

    @cached_property
    def _parts(self) -> dict[str, Any]:
        """What of our settings only that text says."""
        if self._text is None:
            return {}
        found = {key: self._text.part(part) for key, part in _PARTS.items()}
        parts: dict[str, Any] = {
            key: int(part) if key == "port" else part
            for key, part in found.items()
            if part is not None and key not in self._names
        }
        return parts

    @cached_property
    def _encryption(self) -> str | None:
        if _ENCRYPTION in self._names:
            return None
        if self._tls_keys:
            return mail_names.encryption_of(self._table)
        return "ssl" if self._text and self._text.part("scheme") == "smtps" else None

    @cached_property
    def _tls_keys(self) -> tuple[str, ...]:
        """The keys that say what TLS there is, where what they say is clear."""
        if _ENCRYPTION in self._names or mail_names.encryption_of(self._table) is None:
            return ()
        return mail_names.encryption_keys(self._table)

    @cached_property
    def _label(self) -> str:
        there = [key for key in mail_names.LABELS if isinstance(self._table.get(key), str)]
        named = _bare(self._table.get(self._names.get(_FROM, "")))
        return there[0] if len(there) == 1 and named and self._table[there[0]] else ""

    @cached_property
    def _understood(self) -> frozenset[str]:
        names = {*self._names.values(), *self._tls_keys, self._text_key, self._label}
        return frozenset(names)

    def _respelled(self, encryption: object) -> dict[str, object]:
        keys = self._tls_keys
        if encryption is None:
            return dict.fromkeys(keys)
        found = mail_names.respelled(self._table, str(encryption))
        if found is None:
            words, them = ("say", "them") if len(keys) > 1 else ("says", "it")
            raise NotExpressibleError(
                f"Encryption Type (encryption) is what {' and '.join(keys)} {words} in this table, "
                f"which cannot mean {encryption}; change {them} in an editor",
                "encryption",
            )
        return found

    def _sender(self, name: str, value: object) -> dict[str, object]:
        if value is None:
            return {name: None, self._label: None}
        try:
            mailbox = parse_mailbox(value)
        except ValueError:
            return {name: value}
        return {name: mailbox.address, self._label: mailbox.name or None}


def _compound(key: str, value: object) -> Compound | None:
    """Take a URL or `host:port` apart; None for a text that is neither."""
    if not isinstance(value, str) or ("://" not in value and key in mail_names.URLS):
        return None
    from smtp_tui.config.dialects.codecs import (  # few tables have one
        parsed_host_and_port,
        parsed_url,
    )

    found = parsed_url(value, _SCHEMES) if "://" in value else parsed_host_and_port(value)
    if found is None:
        return None
    try:
        parts = {key: found.part(part) for key, part in _PARTS.items()}
    except ValueError:
        return None
    good = all(BY_KEY[key].problem_with(part) is None for key, part in parts.items() if part)
    return found if good and parts["host"] else None


def _typed(key: str, old: object, new: object) -> object:
    """Keep the TOML type of an old value that was good."""
    from smtp_tui.config.toml_edit.values import toml_value_like

    return toml_value_like(old, new) if BY_KEY[key].problem_with(old) is None else new


def _with_part(name: str, text: Compound, key: str, value: object) -> Compound:
    if isinstance(value, dict):
        raise NotExpressibleError(
            f"{BY_KEY[key].label} ({key}) is part of {name}, which cannot name a place where it "
            "is kept",
            key,
        )
    try:
        return text.with_part(_PARTS[key], None if value in (None, "") else str(value))
    except ValueError as error:
        label = BY_KEY[key].label
        why = f"{label} ({key}) is part of {name}, which {error}"
        raise NotExpressibleError(why, key) from None


def _bare(value: object) -> str:
    """Return an address that has no display name, "" for all else."""
    if not isinstance(value, str):
        return ""
    try:
        mailbox = parse_mailbox(value)
    except ValueError:
        return ""
    return mailbox.address if not mailbox.name else ""


def _holds(value: object) -> bool:
    """Whether a value is a table, or a list of tables."""
    inner = value if isinstance(value, list) else [value]
    return bool(inner) and all(isinstance(one, dict) for one in inner)


def remarks_on(
    table: str, content: Mapping[str, Any], unknown: Sequence[str], unclear: Sequence[str]
) -> tuple[str, ...]:
    """Return one sentence for each."""
    return tuple(_remarks(table, content, unknown, unclear))


def _remarks(
    table: str, content: Mapping[str, Any], unknown: Sequence[str], unclear: Sequence[str]
) -> Iterator[str]:
    for key in content:
        if key in SWITCHES and key not in unknown and content.get(key) is (key == "disabled"):
            yield f"{key} is {str(content[key]).lower()}: mail is switched off in this table."
    if unknown := [key for key in unknown if key not in unclear]:
        where = "at the top of the file" if table == "." else f"in [{one_line(table, 80)}]"
        yield f"Unknown keys {where}: {one_line(', '.join(unknown), 200)}."
    if unclear:
        named = " and ".join(unclear)
        yield (
            f"{named} may mean STARTTLS or implicit TLS. smtp-tui does not know which; set "
            "encryption."
        )


def in_its_words(
    text: str, path: TablePath, values: Mapping[str, Any], changes: Mapping[str, object]
) -> dict[str, object]:
    """Return the changes of a table with its own names for the keys that it only shows so far.

    A table with `smtp_host` and `#smtp_port =` has a place for the port, and it is not `port`.
    """
    from smtp_tui.config.toml_edit.insert import insertion_point_for
    from smtp_tui.config.toml_edit.layout import TableLayout

    table = TableLayout.find(text, path)
    last = table.members[-1] if table.members else None
    prefix = table.prefix(last) if last else ""

    def name(key: str, value: object) -> str:
        if value is None or key in values or insertion_point_for(table, key, prefix):
            return key
        shown = [
            one for one in mail_names.NAMES.get(key, ()) if insertion_point_for(table, one, prefix)
        ]
        if len(shown) != 1:
            return key
        after = PlainTable({**values, shown[0]: value}).values
        return shown[0] if equivalent(key, after.get(key), value) else key

    return {name(key, value): value for key, value in changes.items()}
