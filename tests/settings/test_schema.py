"""The JSON Schema says of every value what the fields' own parsers say."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import smtp_tui
from smtp_tui.settings.choices import SYNONYMS
from smtp_tui.settings.fields import BY_KEY, FIELDS, FieldKind
from smtp_tui.settings.schema import schema
from smtp_tui.settings.validate import is_absent
from tests.table import table

SCHEMA = schema()
TYPES: dict[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": int | float,
    "object": dict,
    "array": list,
}


def holds(rules: dict[str, Any], value: Any) -> bool:
    """Judge a value by the keywords that the schema uses; one that is not known here fails."""
    return all(_rule(keyword, rules, value) for keyword in rules)


def _rule(keyword: str, rules: dict[str, Any], value: Any) -> bool:
    wanted: Any = rules[keyword]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match keyword:
        case "$schema" | "title" | "description" | "default":
            return True
        case "type":
            flag = isinstance(value, bool) and wanted != "boolean"
            return isinstance(value, TYPES[wanted]) and not flag
        case "enum" | "const":
            allowed = wanted if keyword == "enum" else [wanted]
            return any(type(one) is type(value) and one == value for one in allowed)
        case "pattern":
            return not isinstance(value, str) or re.search(wanted, value) is not None
        case "minLength":
            return not isinstance(value, str) or bool(len(value) >= wanted)
        case "minimum":
            return not number or bool(value >= wanted)
        case "exclusiveMinimum":
            return not number or bool(value > wanted)
        case "maximum":
            return not number or bool(value <= wanted)
        case "anyOf":
            return any(holds(one, value) for one in wanted)
        case "oneOf":
            return sum(holds(one, value) for one in wanted) == 1
        case _:
            return _rule_of_groups(keyword, rules, value)


def _rule_of_groups(keyword: str, rules: dict[str, Any], value: Any) -> bool:
    wanted = rules[keyword]
    match keyword, value:
        case "required", dict():
            return set(wanted) <= value.keys()
        case "properties", dict():
            return all(holds(one, value[key]) for key, one in wanted.items() if key in value)
        case "additionalProperties", dict():
            return bool(wanted) or value.keys() <= rules["properties"].keys()
        case "minItems", list():
            return bool(len(value) >= wanted)
        case "items", list():
            first = len(rules.get("prefixItems", ()))
            return all(holds(wanted, one) for one in value[first:])
        case "prefixItems", list():
            return all(holds(rule, one) for rule, one in zip(wanted, value, strict=False))
        case (("required" | "properties" | "additionalProperties"), _):
            return True
        case (("minItems" | "items" | "prefixItems"), _):
            return True
        case _:
            raise AssertionError(f"the schema has a keyword that nothing here checks: {keyword}")


GOOD: dict[str, list[Any]] = {
    "host": ["mail.example", "192.0.2.1", "[2001:db8::1]", "bücher.example"],
    "port": [1, 25, 65535, "587", " 465 ", "00025", ""],
    "domain": ["host.example", "[192.0.2.1]", ""],
    "username": ["alice", "", "ü@b.example"],
    "password": [
        *("wonder land", "", {"keyring": "S"}, {"env": "NAME"}, {"file": "~/x"}),
        *({"command": ["pass", "mail"]}, {"command": ["x"]}, {"ask": True}),
    ],
    "starttls_auto": [True, False, "yes", "OFF", " true ", 1, 0],
    "timeout": [1, 30.5, 86400, "2.5", " 5 "],
    "tls_minimum": [1.2, "TLSv1.3", "tls 1.0", "1.1"],
    "tls_fingerprint": ["ab" * 32, "AB:" * 31 + "AB", "sha256 Fingerprint=" + "AB:" * 31 + "AB"],
}
BAD: dict[str, list[Any]] = {
    "host": [5, "a\r\nb", True],
    "port": [0, 65536, 25.5, True, "0", "65536", "abc", [25]],
    "username": [5, "a\0b", ["x"]],
    "password": [
        *(5, True, "a\nb", {}, {"vault": "x"}, {"env": "A=B"}, {"env": ""}, {"keyring": 5}),
        *({"ask": False}, {"command": []}, {"command": ["", "x"]}, {"command": "pass mail"}),
        {"env": "A", "file": "b"},
    ],
    "starttls_auto": ["maybe", 2, []],
    "timeout": [0, -1, 86401, "soon", True],
    "tls_minimum": ["1.4", 1.4, "SSLv3"],
    "tls_fingerprint": ["ab", "zz" * 32, 5],
    "encryption": ["tsl", 5, True],
    "address_family": ["ipv5", 4],
}


def _pairs(values: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(key, value) for key, found in values.items() for value in found]


@table(("key", "value"), _pairs(GOOD))
def test_what_a_field_takes(key: str, value: Any) -> None:
    field = BY_KEY[key]
    assert is_absent(field, value) or field.problem_with(value) is None
    assert holds(SCHEMA, {"host": "a.example", key: value})


@table(("key", "value"), _pairs(BAD))
def test_what_a_field_refuses(key: str, value: Any) -> None:
    assert BY_KEY[key].problem_with(value) is not None
    assert not holds(SCHEMA, {"host": "a.example", key: value})


def test_every_spelling_of_a_choice() -> None:
    for field in FIELDS:
        if field.kind is not FieldKind.CHOICE:
            continue
        words = [*map(str, field.choices), *SYNONYMS[type(field.choices[0])]]  # type: ignore[index]
        shapes = (str.upper, str.title, lambda word: word.replace("-", "_"), lambda w: f" {w} ")
        for word, shape in product(words, shapes):
            assert field.problem_with(shape(word)) is None
            assert holds(SCHEMA["properties"][field.key], shape(word)), (field.key, shape(word))


def test_the_sample_and_what_is_none_of_ours() -> None:
    sample = Path(smtp_tui.__file__).parent / "demo" / "sample.toml"
    text = re.sub(r"\{\w+\}", "1", sample.read_text(encoding="utf-8"))
    assert holds(SCHEMA, tomllib.loads(text)["smtp"])
    assert holds(SCHEMA, {"host": "a.example", "colour": ["blue"]})
    assert not holds(SCHEMA, {"port": 25})
    assert not holds(SCHEMA, {"host": ""})


def test_it_tells_each_field_from_the_table() -> None:
    assert list(SCHEMA["properties"]) == [field.key for field in FIELDS]
    for field in FIELDS:
        described = SCHEMA["properties"][field.key]
        assert (described["title"], described["description"]) == (field.label, field.summary)
    assert SCHEMA["properties"]["encryption"]["default"] == "tls"
    # These follow from other fields.
    assert "default" not in SCHEMA["properties"]["port"] | SCHEMA["properties"]["authentication"]
    json.dumps(SCHEMA)
