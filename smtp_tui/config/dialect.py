"""A dialect whole: which of an application's keys is which of our settings, as its file says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smtp_tui.config.heads import Head
from smtp_tui.config.translating import Codec
from smtp_tui.records import record

Values = Mapping[str, Any]

_ANY_VARIANT = "*"


@record(kw_only=True)
class Place:
    """Where a setting may stand: a key of theirs, and how it is spelled there.

    A key is a path below the table, from the file's root where it begins with a dot, and one part
    of the compound text where it begins with a colon. `label` is the key of a display name beside
    an address; `only` are the variants that have the key.
    """

    key: str
    codec: Codec
    label: str | None = None
    only: tuple[str, ...] = ()

    def belongs_to(self, variant: str | None) -> bool:
        """Whether the key exists while this variant is chosen."""
        if not self.varies:
            return True
        return variant is not None and (not self.only or variant in self.only)

    @property
    def varies(self) -> bool:
        """Whether the key stands in the chosen variant's own table."""
        return _ANY_VARIANT in self.key.split(".")


@record
class Setting:
    """One of our settings: the places it may stand at, the first before the others.

    `fallback` is the key that the application takes in its place where it is absent.
    """

    places: tuple[Place, ...]
    fallback: str | None = None


@record
class Mode:
    """Several keys that say one thing: `when` they have these values, `ours` is what it means.

    An absent key has the value that `absent` names, else "". `fill` are defaults that go with it.
    """

    when: Values
    ours: Values
    fill: Values


@record(kw_only=True)
class Form:
    """A key whose text holds several settings, as a URL or as `host:port`.

    `bare` is the scheme of a text without one, None where it must have one; `default` is the text
    that the application uses where the key is absent, `new` the scheme to begin a URL with.
    `required` are the parts without which the application refuses the text.
    """

    key: str
    is_url: bool
    schemes: frozenset[str] = frozenset()
    bare: str | None = None
    required: tuple[str, ...] = ()
    default: str | None = None
    new: str | None = None


@record
class Variants:
    """The table whose only sub-table names the login mechanism, and what the names mean."""

    table: str
    codec: Codec
    first: str


@record(kw_only=True)
class Dialect:
    """All of it. `limits` says of every setting that cannot be expressed why that is so."""

    head: Head
    settings: Mapping[str, Setting]
    modes: tuple[Mode, ...]
    form: Form | None
    variants: Variants | None
    absent: Values
    defaults: Values
    limits: Mapping[str, str]
    notes: Mapping[str, str]

    def says(self, key: str, value: object) -> bool:
        """Tell whether one of a setting's places can hold a value, be it alone."""
        if key in self.limits or key not in self.settings:
            return False
        return any(place.codec.can_write(value) for place in self.settings[key].places)

    @property
    def secret_keys(self) -> frozenset[str]:
        """The names of the keys of theirs that hold the password itself."""
        setting = self.settings.get("password")
        return frozenset(
            place.key.rpartition(".")[2]
            for place in (setting.places if setting else ())
            if not place.key.startswith(":") and place.codec.can_write("text")
        )

    @property
    def mode_keys(self) -> tuple[str, ...]:
        """The settings that the modes speak of."""
        return tuple(dict.fromkeys(key for mode in self.modes for key in mode.ours))

    @property
    def own_keys(self) -> frozenset[str]:
        """The keys of theirs that hold a setting of their own; a mode may depend on them too."""
        return frozenset(
            place.key for setting in self.settings.values() for place in setting.places
        )
