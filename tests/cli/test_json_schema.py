"""The JSON Schema of the events: right, in step with what is written, and versioned."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from smtp_tui.checks.jsonlines import LINES, VERSION, json_line, schema
from smtp_tui.smtp.events import Resolved
from tests.cli.program import Outcome
from tests.events import ids_in, validate
from tests.table import table

Call = Callable[..., Outcome]
KEPT = Path(__file__).parent / f"json_schema_{VERSION}.json"
"""The schema as it was when this version began; keys may come, none may change or go."""


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["$id"].endswith(f":{VERSION}")
    assert [one["$ref"].removeprefix("#/$defs/") for one in schema()["oneOf"]] == list(LINES)


def test_it_is_printed(call: Call) -> None:
    outcome = call("check", "--json-schema")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.isascii()
    assert json.loads(outcome.out) == schema()


@pytest.mark.parametrize("words", [["mail.toml"], ["--json"], ["--set", "host=a"], ["-w", "3"]])
def test_it_stands_alone(call: Call, words: list[str]) -> None:
    outcome = call("check", "--json-schema", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == "smtp-tui: check --json-schema allows no other argument\n"


def test_a_line_matches_one_event_alone() -> None:
    whole = Draft202012Validator(schema())
    line = json_line(Resolved(seconds=0, host="a", addresses=("192.0.2.1",)), None, "smtp")
    assert line is not None
    assert whole.is_valid(json.loads(line))
    assert not whole.is_valid({**json.loads(line), "event": "sent"})


LINE = '{"event": "sent", "file": null, "table": null, "text": "QUIT", "seconds": 0.1}'


@table(
    "line",
    [
        LINE.replace('"text": "QUIT", ', ""),
        LINE.replace('"QUIT"', "null"),
        LINE.replace("0.1", "-1"),
        LINE.replace("0.1", '0.1, "more": 1'),
        LINE.replace('"sent"', '"send"'),
        LINE.replace('"sent"', '"held"'),
    ],
)
def test_the_tests_find_a_line_that_is_off(line: str) -> None:
    validate(LINE)
    with pytest.raises(AssertionError):
        validate(line)
    with pytest.raises(AssertionError):
        Outcome(0, f"{LINE}\n{line}\n", "")
    for text in (False, True):
        with pytest.raises(AssertionError):
            subprocess.run(["echo", line], capture_output=True, text=text, check=True)


def test_the_tests_find_an_id_on_the_screen() -> None:
    for line in ("FAILED at login: auth-rejected", "  Warning link-open: it is open"):
        with pytest.raises(AssertionError):
            Outcome(0, line, "")
    assert ids_in('{"cause": "auth-rejected"}') == []
    assert ids_in("the login was rejected; link open, not-smtp-like") == []


def without_words(part: Any) -> Any:
    """A schema's part without what it says to people."""
    if isinstance(part, list):
        return [without_words(one) for one in part]
    if not isinstance(part, dict):
        return part
    # A key of an object may be named like a keyword.
    return {
        key: {name: without_words(one) for name, one in value.items()}
        if key == "properties"
        else without_words(value)
        for key, value in part.items()
        if key != "description"
    }


# Null only where a host is a UNIX socket, which no settings could name when the version began.
MAY_BE_NULL = {
    "/connecting/properties/port",
    "/connected/properties/port",
    "/connected/properties/local_address",
}


def changed(old: Any, new: Any, path: str = "") -> list[str]:
    """Name the parts of an old schema that the new one does not have as they were."""
    if path in MAY_BE_NULL:
        assert new["anyOf"][1:] == [{"type": "null"}]
        new = new["anyOf"][0]
    if not isinstance(old, dict):
        return [] if old == new or (path.endswith("required") and set(old) <= set(new)) else [path]
    if not isinstance(new, dict):
        return [path]
    return [
        fault
        for key, value in old.items()
        for fault in changed(value, new.get(key), f"{path}/{key}")
    ]


def test_no_key_changes_its_meaning_without_a_new_version() -> None:
    kept = json.loads(KEPT.read_text(encoding="ascii"))
    assert changed(kept, without_words(schema()["$defs"])) == [], (
        "a key of this version has changed or gone: let VERSION grow, and keep the new schema"
    )


def test_the_guard_sees_a_change() -> None:
    now = without_words(schema()["$defs"])
    del now["verdict"]["properties"]["ok"]
    now["sent"]["properties"]["text"] = {"type": "integer"}
    now["sent"]["properties"]["other"] = {"type": "string"}
    now["held"]["required"].append("other")
    kept = json.loads(KEPT.read_text(encoding="ascii"))
    assert changed(kept, now) == ["/sent/properties/text/type", "/verdict/properties/ok"]
