"""Kinds of JSON values: how each is written, and the JSON Schema of what is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from smtp_tui.records import record

Schema = dict[str, Any]


def _as_it_is(value: Any) -> Any:
    return value


@record(kw_only=True)
class Kind:
    """A kind of value: the schema of what is written, and what makes it of a value of ours."""

    schema: Mapping[str, Any]
    write: Callable[[Any], Any] = _as_it_is


@record
class Key:
    """A key of an object: its name, its kind, what it means, and where its value comes from.

    Without `of` the value is the attribute of the same name.
    """

    name: str
    kind: Kind
    means: str
    of: Callable[[Any], Any] | None = None

    def value(self, source: Any) -> Any:
        """Return its value, written."""
        return self.kind.write(self._found(source))

    def below(self, part: str) -> Key:
        """Return the key for a source that has its value in this part."""
        return replace(self, of=lambda source: self._found(getattr(source, part)))

    def _found(self, source: Any) -> Any:
        return getattr(source, self.name) if self.of is None else self.of(source)

    @property
    def schema(self) -> Schema:
        """The schema of its value."""
        return {"description": self.means, **self.kind.schema}


TEXT = Kind(schema={"type": "string"}, write=str)
ID = Kind(schema={"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"}, write=str)
TRUTH = Kind(schema={"type": "boolean"})
COUNT = Kind(schema={"type": "integer", "minimum": 0})
WHOLE = Kind(schema={"type": "integer"})
PORT = Kind(schema={"type": "integer", "minimum": 1, "maximum": 65535})
CODE = Kind(schema={"type": "integer", "minimum": 200, "maximum": 599})
SHA256 = Kind(schema={"type": "string", "pattern": "^[0-9a-f]{64}$"})
SECONDS = Kind(schema={"type": "number", "minimum": 0}, write=lambda value: round(value, 6))
MOMENT = Kind(
    schema={"type": "string", "format": "date-time"},
    write=lambda moment: moment.isoformat(),
)
TO_THE_SECOND = Kind(schema=MOMENT.schema, write=lambda moment: _to_the_second(moment))


def _to_the_second(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def one_of(words: type[StrEnum]) -> Kind:
    """The words of an enumeration that is closed."""
    return Kind(schema={"enum": [word.value for word in words]}, write=str)


def maybe(kind: Kind) -> Kind:
    """A value, or null where there is none."""
    return Kind(
        schema={"anyOf": [dict(kind.schema), {"type": "null"}]},
        write=lambda value: None if value is None else kind.write(value),
    )


def many(kind: Kind) -> Kind:
    """A list of values."""
    return Kind(
        schema={"type": "array", "items": dict(kind.schema)},
        write=lambda values: [kind.write(value) for value in values],
    )


def shape(*keys: Key) -> Kind:
    """An object that has all of these keys, always."""
    return Kind(
        schema=_object({key.name: key.schema for key in keys}),
        write=lambda source: {key.name: key.value(source) for key in keys},
    )


@record
class Line:
    """An event: its name, what it means, and its keys beside `event`, `file` and `table`."""

    name: str
    means: str
    keys: tuple[Key, ...]

    def written(self, source: Any, file: str | None, table: str | None) -> dict[str, Any]:
        """Return the object of one event."""
        head = {"event": self.name, "file": file, "table": table}
        return head | {key.name: key.value(source) for key in self.keys}

    @property
    def schema(self) -> Schema:
        """The schema of its objects."""
        head = {"event": {"const": self.name}, "file": _FILE, "table": _TABLE}
        keys = {key.name: key.schema for key in self.keys}
        return {"description": self.means, **_object(head | keys)}


_FILE = {"description": "The file that was checked.", **maybe(TEXT).schema}
_TABLE = {"description": "The TOML path of the table.", **maybe(TEXT).schema}


def _object(keys: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": keys, "required": list(keys)}
