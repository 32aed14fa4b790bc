"""Build the JSON Schema (draft 2020-12) of the fields, and load their help pages.

The schema describes one SMTP table. A check rejects whatever the schema rejects, and more: a schema
can validate neither hostnames nor combinations of fields.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.settings.choices import SYNONYMS, Encryption
from smtp_tui.settings.fields import BY_KEY, FIELDS, Field, FieldKind

Schema = dict[str, Any]

# No value may hold CR, LF or NUL: each would end the command that carries it.
_TEXT: Schema = {"type": "string", "pattern": r"^[^\r\n\u0000]*$"}
_PLACE: Schema = {**_TEXT, "minLength": 1}
_EMPTY: Schema = {"const": ""}  # the same as an absent key
_SWITCH = ("true", "false", "yes", "no", "on", "off", "1", "0")
_PORT = (
    r"^\s*0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]"
    r"|6553[0-5])\s*$"
)
_PORTS: list[Schema] = [
    {"type": "integer", "minimum": 1, "maximum": 65535},
    {"type": "string", "pattern": _PORT},
]
_SECONDS: list[Schema] = [
    {"type": "number", "exclusiveMinimum": 0, "maximum": 86400},
    {"type": "string", "pattern": r"^\s*[0-9.eE+_]+\s*$"},
]
# The password sources, as `parse_source` reads them.
_PLACES: dict[str, Schema] = {
    "keyring": _PLACE,
    "env": {"type": "string", "minLength": 1, "pattern": r"^[^=\r\n\u0000]+$"},
    "file": _PLACE,
    "command": {"type": "array", "items": _TEXT, "minItems": 1, "prefixItems": [_PLACE]},
    "oauth": {
        "type": "string",
        "minLength": 1,
        "pattern": r"^[^\r\n\u0000]*[^\s\u0000][^\r\n\u0000]*$",
    },
    "ask": {"const": True},
}
_SOURCES: list[Schema] = [
    {"type": "object", "properties": {key: place}, "required": [key], "additionalProperties": False}
    for key, place in _PLACES.items()
]
_PATTERNS = {"tls_fingerprint": r"^([^:=]*[:=])?([:\s]*[0-9A-Fa-f]){64}[:\s]*$"}


def schema() -> Schema:
    """Return the schema of one SMTP table; it allows any additional keys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "smtp-tui: an SMTP table",
        "type": "object",
        "properties": {field.key: _described(field) for field in FIELDS},
        "required": ["host"],
    }


def _described(field: Field) -> Schema:
    described: Schema = {"title": field.label, "description": field.summary}
    default = field.default({})
    # A schema cannot express a default that depends on other fields.
    fixed = default == field.default({"username": "x", "encryption": Encryption.SSL})
    if fixed and isinstance(default, str | int | float):
        described["default"] = str(default) if isinstance(default, str) else default
    match field.kind:
        case FieldKind.CHOICE:
            values: Schema = {"anyOf": [*_choices(field), _EMPTY]}
        case FieldKind.SWITCH:
            values = {"anyOf": [{"type": "boolean"}, {"enum": [0, 1]}, *_words(_SWITCH), _EMPTY]}
        case FieldKind.NUMBER:
            is_port = field.problem_with(0.5) is not None
            values = {"anyOf": [*(_PORTS if is_port else _SECONDS), _EMPTY]}
        case FieldKind.PASSWORD:
            values = {"oneOf": [_TEXT, *_SOURCES]}
        case FieldKind.TEXT if field.key == "host":
            values = _PLACE
        case FieldKind.TEXT if field.key in _PATTERNS:
            values = {"anyOf": [{"type": "string", "pattern": _PATTERNS[field.key]}, _EMPTY]}
        case FieldKind.TEXT:
            values = _TEXT
    return {**described, **values}


def _choices(field: Field) -> list[Schema]:
    """Return schemas of the choices and of all their other spellings."""
    kind = type(field.choices[0])
    synonyms = SYNONYMS.get(kind, {}) if issubclass(kind, StrEnum) else {}
    # In TOML `tls_minimum = 1.2` is a number.
    numbers = [float(choice) for choice in field.choices if re.fullmatch(r"\d+\.\d+", choice)]
    found: list[Schema] = [{"enum": [str(choice) for choice in field.choices]}]
    if numbers:
        found.append({"enum": numbers})
    return [*found, *_words((*map(str, field.choices), *synonyms))]


def _words(words: tuple[str, ...]) -> list[Schema]:
    """Match words like the parser: ignore case and outer spaces, treat `_` and `-` as equal."""
    spelled = "|".join(dict.fromkeys("".join(map(_letter, word)) for word in words))
    return [{"type": "string", "pattern": rf"^\s*({spelled})\s*$"}]


def _letter(letter: str) -> str:
    if letter.isalpha():
        return f"[{letter.upper()}{letter.lower()}]"
    if letter in "-_":
        return "[-_]"
    return letter if letter.isalnum() or letter in " /:" else f"\\{letter}"


TOPICS = {
    "oauth-microsoft": "What to register at Microsoft before smtp-tui login",
    "oauth-google": "What to register at Google before smtp-tui login",
    "oauth-applications": "Which applications can log in with tokens",
}
"""Pages about no single field, and what they show."""


@cache
def explanation(key: str) -> str:
    """Return the Markdown page of a field or topic; a field's summary if it has no page."""
    page = Path(__file__).with_name("explanations") / f"{key}.md"
    try:
        return page.read_text(encoding="utf-8")
    except FileNotFoundError:
        if key not in BY_KEY:
            raise
        return f"# {BY_KEY[key].label}\n\n{BY_KEY[key].summary}\n"
