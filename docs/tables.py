"""The tables of the manual that the program's own data makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from smtp_tui.cli.help import exit_statuses
from smtp_tui.interchange.spec import formats
from smtp_tui.settings.fields import BY_KEY, FIELDS, Field, FieldKind
from smtp_tui.settings.validate import defaults
from smtp_tui.tui import commands
from smtp_tui.tui.commands import FormCommand

LOGGED = re.compile(r" +\d+\.\d{3} ")
RECORDED = Path(__file__).parent.parent / "tests" / "linear_session.txt"
LOGIN = {"host", "port", "username", "password"}


def field_table() -> str:
    """The field table as Markdown."""
    rows = []
    for field in FIELDS:
        page = f"[`{field.key}`](explanations/{field.key}.md)"
        rows.append(f"| {page} | {field.label} | {_values(field)} | {_default(field)} |")
    return "\n".join(["| key | label | values | default |", "| --- | --- | --- | --- |", *rows, ""])


def key_table(of: tuple[FormCommand, ...] = commands.COMMANDS) -> str:
    """The keys of the form, or of a part of it, as Markdown."""
    rows = [f"| {', '.join(map(_key, one.keys.split()))} | {one.help} |" for one in of if one.help]
    return "\n".join(["| key | what it does |", "| --- | --- |", *rows, ""])


def formats_table() -> str:
    """The table of other programs' formats as Markdown."""
    head = "| format | what it is | encryption | besides host, port and login |"
    links = {"none": "none", "auto": "STARTTLS where offered", "tls": "`tls`", "ssl": "`ssl`"}
    rows = []
    for _, form in sorted(formats().items()):
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


def status_table() -> str:
    """The exit statuses as Markdown."""
    rows = (f"| {number} | {meaning} |" for number, meaning in exit_statuses().items())
    return "\n".join(["| exit status | what it means |", "| --- | --- |", *rows, ""])


def linear_session() -> str:
    """The recorded session of the form line by line, without the lines of its log."""
    kept: list[str] = []
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        shown = "   …" if LOGGED.match(line) else line
        if shown != "   …" or kept[-1] != shown:
            kept.append(shown)
    return "\n".join(["```", *kept, "```", ""])


def _key(name: str) -> str:
    shown = f"Ctrl+{name[1:]}" if name.startswith("^") else name
    return shown.replace("\\", r"\\")  # Markdown's escape


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


TABLES: dict[str, Callable[[], str]] = {
    "fields": field_table,
    "keys": key_table,
    "log_keys": lambda: key_table(commands.LOG_COMMANDS),
    "formats": formats_table,
    "linear": linear_session,
    "statuses": status_table,
}
"""What a page has in the place of `{{name}}`."""
