"""The texts on differences between a place and this machine: whole, filled in, safe to show."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

from smtp_tui.checks.exit_status import BY_STAGE
from smtp_tui.diagnosis.causes import causes, texts_of
from smtp_tui.diagnosis.comparison import DIFFERENCES, NAMES, difference
from tests.table import table

ENTRIES = texts_of(DIFFERENCES)
KINDS = ("compose", "container", "unit")
COMMANDS = ("apply", "restart", "route", "rules", "own-rules")
FOUND_BY = [
    Path("smtp_tui/checks", name) for name in ("differences.py", "inside.py", "place_settings.py")
]
ROOT = Path(__file__).parents[2]


def test_every_difference_is_found_somewhere_and_every_one_found_has_its_text() -> None:
    code = "".join((ROOT / path).read_text(encoding="utf-8") for path in FOUND_BY)
    assert set(re.findall(r'"(place-[a-z0-9-]+)"', code)) == set(ENTRIES)


def test_no_difference_has_the_id_of_a_cause() -> None:
    assert not set(ENTRIES) & set(causes())


@table("identity", ENTRIES)
def test_an_entry_is_whole(identity: str) -> None:
    entry = ENTRIES[identity]
    assert set(entry) - {"command", *KINDS} == {"stage", "label", "what", "why", "cure"}
    assert entry["stage"] in BY_STAGE
    assert entry.get("command", COMMANDS[0]) in COMMANDS
    assert len(entry["label"]) <= 36
    for kind in KINDS:
        assert set(entry.get(kind, {})) <= {"cure"}
    texts = [entry[part] for part in ("what", "why", "cure")]
    for text in [*texts, *(entry[kind]["cure"] for kind in KINDS if kind in entry)]:
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= set(NAMES)
        assert text.endswith(".")
        assert text.isprintable()
        assert "  " not in text


@table("identity", ENTRIES)
def test_texts_are_filled_in_and_safe(identity: str) -> None:
    names = {name: f"\x1b[2J {{{name}}}" for name in NAMES}
    for kinds in ((), ("container",), ("compose", "container"), ("unit",)):
        told = difference(identity, kinds, names)
        for text in (told.what, told.why, told.cure, told.here, told.there):
            assert text.isprintable()
        assert told.what[0].isupper() or told.what[0] == "\\"


@table("identity", ["place-connect-timeout", "place-connect-refused", "place-addresses-differ"])
def test_an_address_or_a_hostname_keeps_its_spelling(identity: str) -> None:
    names = dict.fromkeys(NAMES, "fd77::9")
    assert difference(identity, (), names).what.startswith("fd77::9 ")


def test_a_container_of_compose_has_the_cure_of_its_file() -> None:
    names = dict.fromkeys(NAMES, "x")
    cures = [
        difference("place-name-unknown", kinds, names).cure
        for kinds in ((), ("container",), ("compose", "container"))
    ]
    assert len(set(cures)) == 3
