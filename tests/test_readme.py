"""The README speaks of what is there: its tables are made from the fields and from the keys."""

from __future__ import annotations

import re
from pathlib import Path

from smtp_tui.cli.commands import COMMANDS
from smtp_tui.interchange.spec import formats
from smtp_tui.settings.fields import BY_KEY, FIELDS, Field, FieldKind
from smtp_tui.settings.validate import defaults
from smtp_tui.tui import commands
from smtp_tui.tui.commands import FormCommand

README = Path(__file__).parent.parent / "README.md"
REFERENCE = re.compile(r"(?<=<!-- fields -->\n).*?(?=<!-- /fields -->)", re.DOTALL)
LOG_KEYS = re.compile(r"(?<=<!-- log-keys -->\n).*?(?=<!-- /log-keys -->)", re.DOTALL)
FORMATS = re.compile(r"(?<=<!-- formats -->\n).*?(?=<!-- /formats -->)", re.DOTALL)
LINEAR = re.compile(r"(?<=<!-- linear -->\n).*?(?=<!-- /linear -->)", re.DOTALL)
LOGGED = re.compile(r" +\d+\.\d{3} ")
RECORDED = Path(__file__).with_name("linear_session.txt")
LOGIN = {"host", "port", "username", "password"}
KEYS = re.compile(r"(?<=<!-- keys -->\n).*?(?=<!-- /keys -->)", re.DOTALL)


def reference() -> str:
    """The field table as Markdown."""
    rows = [
        f"| `{field.key}` | {field.label} | {_values(field)} | {_default(field)} |"
        for field in FIELDS
    ]
    return "\n".join(["| key | label | values | default |", "| --- | --- | --- | --- |", *rows, ""])


def keys(of: tuple[FormCommand, ...] = commands.COMMANDS) -> str:
    """The keys of the form, or of a part of it, as Markdown."""
    rows = [f"| {', '.join(map(_key, one.keys.split()))} | {one.help} |" for one in of if one.help]
    return "\n".join(["| key | what it does |", "| --- | --- |", *rows, ""])


def formats_table() -> str:
    """The table of other programs' formats as Markdown."""
    head = "| format | what it is | encryption | besides host, port and login |"
    links = {"none": "none", "auto": "STARTTLS where offered", "tls": "`tls`", "ssl": "`ssl`"}
    rows = []
    for form in formats().values():
        ways = ", ".join(
            said
            for link, said in links.items()
            if form.links[link] == link and link not in form.refuses
        )
        keys = ["authentication"] if form.mechanisms else []
        keys += ["openssl_verify_mode"] if {"none", "peer"} <= {*form.verify} else []
        keys += [key for key in BY_KEY if key in form.expresses - LOGIN]
        listed = ", ".join(f"`{key}`" for key in keys)
        rows.append(f"| `{form.name}` | {form.about} | {ways} | {listed} |")
    return "\n".join([head, "| --- | --- | --- | --- |", *rows, ""])


def session() -> str:
    """The recorded session of the form line by line, without the lines of its log."""
    kept: list[str] = []
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        shown = "   …" if LOGGED.match(line) else line
        if shown != "   …" or kept[-1] != shown:
            kept.append(shown)
    return "\n".join(["```", *kept, "```", ""])


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
        return "587 with `tls`, 465 with `ssl`, 25 with `none`; 24 with `lmtp`"
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


def test_formats_table_is_made_of_the_formats() -> None:
    found = FORMATS.search(README.read_text(encoding="utf-8"))
    assert found
    assert found.group() == formats_table(), "run python -m tests.test_readme"


def test_commands_and_screenshots_exist() -> None:
    text = README.read_text(encoding="utf-8")
    assert {command.name for command in COMMANDS} <= set(re.findall(r"smtp-tui (\w+)", text))
    for picture in re.findall(r"\]\((screenshots/[^)]+)\)", text):
        assert (README.parent / picture).is_file(), picture


def test_the_session_line_by_line_is_the_recorded_one() -> None:
    found = LINEAR.search(README.read_text(encoding="utf-8"))
    assert found
    assert found.group() == session(), "run python -m tests.test_readme"


if __name__ == "__main__":
    old = README.read_text(encoding="utf-8")
    new = LOG_KEYS.sub(lambda _: keys(commands.LOG_COMMANDS), old)
    new = LINEAR.sub(lambda _: session(), new)
    new = FORMATS.sub(lambda _: formats_table(), new)
    new = KEYS.sub(lambda _: keys(), REFERENCE.sub(lambda _: reference(), new))
    README.write_text(new, encoding="utf-8")
