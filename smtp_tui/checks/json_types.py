"""The types of values in JSON Lines: each makes its JSON Schema and converts its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from smtp_tui.records import record
from smtp_tui.smtp.events import Stage

Schema = dict[str, Any]
Source = str | Callable[[Any], Any]


@record
class JsonType:
    """A kind of JSON value: functions that make its schema and convert the value.

    `source` reads the value from the key's owner: an attribute path or a function; if empty, the
    attribute with the key's name.
    """

    schema: Callable[[], Schema]
    write: Callable[[Any], Any] = lambda value: value
    source: Source = ""

    def of(self, source: Source) -> JsonType:
        """Return a copy with another source."""
        return replace(self, source=source)


Keys = dict[str, JsonType]


def plain(write: Callable[[Any], Any] = lambda value: value, **schema: Any) -> JsonType:
    """A value of a simple type, with the keywords of its schema."""
    return JsonType(lambda: schema, write)


def maybe(kind: JsonType) -> JsonType:
    """A value, or null for None."""
    return JsonType(
        lambda: {"anyOf": [kind.schema(), {"type": "null"}]},
        lambda value: None if value is None else kind.write(value),
    )


def many(kind: JsonType) -> JsonType:
    """A list of values."""
    return JsonType(
        lambda: {"type": "array", "items": kind.schema()},
        lambda values: [kind.write(value) for value in values],
    )


def shape(texts: str, /, **keys: JsonType) -> JsonType:
    """An object that always has these keys; `texts` names the table of their descriptions."""
    return JsonType(lambda: object_schema(texts, keys), lambda owner: values_of(keys, owner))


def values_of(keys: Keys, owner: Any) -> dict[str, Any]:
    """Return the values of these keys, as `owner` has them."""
    return {
        name: kind.write((source if callable(source) else attrgetter(source or name))(owner))
        for name, kind in keys.items()
        for source in [kind.source]
    }


def object_schema(texts: str, keys: Keys) -> Schema:
    """Return the schema of an object; `texts` names the table of its descriptions."""
    meanings = descriptions()["every"] | descriptions().get(texts, {})
    properties = {name: {"description": meanings[name], **keys[name].schema()} for name in keys}
    return {"type": "object", "properties": properties, "required": list(keys)}


@cache
def descriptions() -> dict[str, dict[str, str]]:
    """Return the tables of `jsonlines.toml`."""
    # Takes 3 ms, and only the schema needs the descriptions.
    import tomllib

    path = Path(__file__).with_name("jsonlines.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def or_null(name: str) -> Callable[[Any], Any]:
    """Return a source that reads an attribute."""
    # A failed handshake has no version and no cipher; empty values become null.
    return lambda owner: getattr(owner, name, None) or None


TEXT = plain(str, type="string")
ID = plain(str, type="string", pattern="^[a-z0-9][a-z0-9-]*$")
TRUTH = plain(type="boolean")
COUNT = plain(type="integer", minimum=0)
WHOLE = plain(type="integer")
PORT = plain(type="integer", minimum=1, maximum=65535)
CODE = plain(type="integer", minimum=200, maximum=599)
SHA256 = plain(str, type="string", pattern="^[0-9a-f]{64}$")
SECONDS = plain(lambda value: round(value, 6), type="number", minimum=0)
MOMENT = plain(datetime.isoformat, type="string", format="date-time")
DAY = plain(date.isoformat, type="string", format="date")
TO_THE_SECOND = replace(MOMENT, write=lambda moment: moment.isoformat(timespec="seconds"))
# Types of a setting's value; null is one that only the admin knows.
SETTING_VALUE = plain(type=["string", "number", "boolean", "null"])
SETTING_KEY = plain(str, type="string", pattern="^[a-z_]+$")
CHANGES = plain(dict, type="object", additionalProperties=SETTING_VALUE.schema())
STAGE = plain(str, enum=[stage.value for stage in Stage])
