"""The README speaks of what is there: its tables are made from the fields and from the keys."""

from __future__ import annotations

import re
from pathlib import Path

from smtp_tui.cli.commands import COMMANDS
from smtp_tui.settings.fields import FIELDS, Field, FieldKind
from smtp_tui.settings.validate import defaults
from smtp_tui.tui.keys import commands
from smtp_tui.tui.keys.commands import Command

README = Path(__file__).parent.parent / "README.md"
REFERENCE = re.compile(r"(?<=<!-- fields -->\n).*?(?=<!-- /fields -->)", re.DOTALL)
LOG_KEYS = re.compile(r"(?<=<!-- log-keys -->\n).*?(?=<!-- /log-keys -->)", re.DOTALL)
KEYS = re.compile(r"(?<=<!-- keys -->\n).*?(?=<!-- /keys -->)", re.DOTALL)


def reference() -> str:
    """The field table as Markdown."""
    rows = [
        f"| `{field.key}` | {field.label} | {_values(field)} | {_default(field)} |"
        for field in FIELDS
    ]
    return "\n".join(["| key | label | values | default |", "| --- | --- | --- | --- |", *rows, ""])


def keys(of: tuple[Command, ...] = commands.COMMANDS) -> str:
    """The keys of the form, or of a part of it, as Markdown."""
    rows = [f"| {', '.join(map(_key, one.keys.split()))} | {one.help} |" for one in of if one.help]
    return "\n".join(["| key | what it does |", "| --- | --- |", *rows, ""])


def _key(name: str) -> str:
    return f"Ctrl+{name[1:]}" if name.startswith("^") else name


def _values(field: Field) -> str:
    match field.kind:
        case FieldKind.CHOICE:
            return ", ".join(f"`{choice}`" for choice in field.choices)
        case FieldKind.SWITCH:
            return "`true`, `false`"
        case _:
            return field.summary


def _default(field: Field) -> str:
    if field.key == "port":
        return "587 with `tls`, 465 with `ssl`, 25 with `none`"
    if field.key == "authentication":
        return "`auto` with a username, else `none`"
    value = defaults({})[field.key]
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return field.default_text or (f"{value:g}" if isinstance(value, float) else f"`{value}`")


def test_field_reference_is_the_field_table() -> None:
    found = REFERENCE.search(README.read_text(encoding="utf-8"))
    assert found
    assert found.group() == reference(), "run python -m tests.test_readme"


def test_key_table_is_made_of_the_commands() -> None:
    found = KEYS.search(README.read_text(encoding="utf-8"))
    assert found
    assert found.group() == keys(), "run python -m tests.test_readme"
    found = LOG_KEYS.search(README.read_text(encoding="utf-8"))
    assert found
    assert found.group() == keys(commands.LOG_COMMANDS), "run python -m tests.test_readme"


def test_commands_and_screenshots_exist() -> None:
    text = README.read_text(encoding="utf-8")
    assert {command.name for command in COMMANDS} <= set(re.findall(r"smtp-tui (\w+)", text))
    for picture in re.findall(r"\]\((screenshots/[^)]+)\)", text):
        assert (README.parent / picture).is_file(), picture


if __name__ == "__main__":
    old = README.read_text(encoding="utf-8")
    new = LOG_KEYS.sub(lambda _: keys(commands.LOG_COMMANDS), old)
    new = KEYS.sub(lambda _: keys(), REFERENCE.sub(lambda _: reference(), new))
    README.write_text(new, encoding="utf-8")
