"""Turn records into JSON values and back, by the types that their fields declare.

What `repr` hides is left out, and so is what has its default: a file holds each fact once. Reading
accepts only what a type allows, ignores unknown keys, and fills in the defaults of missing ones.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from smtp_tui.config.dialects.spec import DialectRecognition
from smtp_tui.diagnosis.comparison import Comparison
from smtp_tui.diagnosis.delivery import DeliverySummary
from smtp_tui.diagnosis.egress import Egress
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.port_probe import ProbedAddress

Clean = Callable[[str], str]
# The modules of the records import these only while types are checked.
_NAMES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (Comparison, DeliverySummary, DialectRecognition, Egress, ProbedAddress, Verdict)
}


class UnreadableValueError(ValueError):
    """A JSON value that its type does not allow; the message names the key."""


class UnknownIdError(UnreadableValueError):
    """An id that this version does not know; the message is a noun phrase."""


def encode(value: Any) -> Any:
    """Return a value as JSON has it; a record becomes an object."""
    match value:
        case Enum():
            return value.value
        case float():
            return round(value, 6)
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): encode(item) for key, item in value.items()}
        case tuple() | list():
            return [encode(item) for item in value]
        case _ if is_dataclass(value):
            return dict(_encoded_fields(value))
        case _:
            return value


def _encoded_fields(record: Any) -> Iterator[tuple[str, Any]]:
    for declared in fields(record):
        value = getattr(record, declared.name)
        if declared.repr and value != _default(declared):
            yield declared.name, encode(value)


def _default(declared: Field[Any]) -> Any:
    if declared.default_factory is not MISSING:
        return declared.default_factory()
    return declared.default


def decode(kind: Any, raw: Any, name: str = "value", clean: Clean = str) -> Any:
    """Return the value of a type that a JSON value stands for; `clean` changes its texts.

    Raise UnreadableValueError, which names the key, if the type does not allow it.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _decode_one_of(arguments, raw, name, clean)
    if origin is Literal:
        return _checked(raw, isinstance(raw, str) and raw in arguments, name)
    if origin is tuple:
        return _decode_tuple(arguments, raw, name, clean)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _checked(raw, isinstance(raw, dict), name)
        return {clean(key): decode(arguments[1], item, name, clean) for key, item in raw.items()}
    if is_dataclass(kind):
        return _decode_record(kind, raw, name, clean)
    return _decode_scalar(kind, raw, name, clean)


def _decode_one_of(kinds: tuple[Any, ...], raw: Any, name: str, clean: Clean) -> Any:
    if raw is None and type(None) in kinds:
        return None
    kind = next(kind for kind in kinds if kind is not type(None))
    return decode(kind, raw, name, clean)


def _decode_tuple(kinds: tuple[Any, ...], raw: Any, name: str, clean: Clean) -> tuple[Any, ...]:
    _checked(raw, isinstance(raw, list), name)
    if len(kinds) == 2 and kinds[1] is ...:
        return tuple(decode(kinds[0], item, name, clean) for item in raw)
    _checked(raw, len(raw) == len(kinds), name)
    return tuple(decode(kind, item, name, clean) for kind, item in zip(kinds, raw, strict=True))


def _decode_record(kind: Any, raw: Any, name: str, clean: Clean) -> Any:
    _checked(raw, isinstance(raw, dict), name)
    hints, values = _hints(kind), {}
    for declared in fields(kind):
        if declared.name in raw and declared.repr:
            hint = hints[declared.name]
            values[declared.name] = decode(hint, raw[declared.name], declared.name, clean)
        elif _default(declared) is MISSING:
            raise UnreadableValueError(f"{declared.name} is missing")
    return kind(**values)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, localns=_NAMES)


def _decode_scalar(kind: Any, raw: Any, name: str, clean: Clean) -> Any:
    is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
    if kind is bool:
        return _checked(raw, isinstance(raw, bool), name)
    if kind is int:
        return _checked(raw, is_number and isinstance(raw, int), name)
    if kind is float:
        return float(_checked(raw, is_number and math.isfinite(raw), name))
    if kind is object:
        is_plain = raw is None or isinstance(raw, str | int)
        _checked(raw, is_plain or (isinstance(raw, float) and math.isfinite(raw)), name)
        return clean(raw) if isinstance(raw, str) else raw
    _checked(raw, isinstance(raw, str), name)
    try:
        if kind is bytes:
            return raw.encode("utf-8", "surrogateescape")
        if kind in (datetime, date):
            moment = kind.fromisoformat(raw)
            return _checked(moment, kind is date or moment.tzinfo is not None, name)
        return clean(raw) if kind is str else kind(raw)
    except ValueError:
        if issubclass(kind, Enum):
            raise UnknownIdError(f"an unknown {name}") from None
        raise UnreadableValueError(f"{name} cannot be read") from None


def _checked(value: Any, is_allowed: bool, name: str) -> Any:
    if not is_allowed:
        raise UnreadableValueError(f"{name} has a value of another type")
    return value
