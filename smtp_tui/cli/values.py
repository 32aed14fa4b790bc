"""`KEY=VALUE` from the command line, and the password, which is not taken from there."""

from __future__ import annotations

import getpass
import os
import sys
import tomllib
from argparse import Namespace
from collections.abc import Iterable

from smtp_tui.cli.options import UsageError
from smtp_tui.settings.fields import BY_KEY, Kind

_READ_AS_TOML = ('"', "'", "{")


def assignments(pairs: Iterable[str]) -> dict[str, object]:
    """Read `KEY=VALUE` pairs; UsageError for unknown keys, broken TOML and literal passwords."""
    values: dict[str, object] = {}
    for pair in pairs:
        key, sign, text = pair.partition("=")
        if not sign:
            raise UsageError(
                f"{key!r} is not KEY=VALUE" if key not in BY_KEY else f"{key} lacks =VALUE"
            )
        if key not in BY_KEY:
            raise UsageError(f"{key!r} is no setting; smtp-tui explain lists them")
        values[key] = _value(key, text)
    return values


def _value(key: str, text: str) -> object:
    field = BY_KEY[key]
    value: object = text
    if field.kind in (Kind.TEXT, Kind.PASSWORD) and text.startswith(_READ_AS_TOML):
        value = _toml(key, text)
    if field.kind is Kind.PASSWORD and isinstance(value, str):
        raise UsageError(
            "a password on the command line stands in the process list; use --password-stdin, "
            "--password-fd N, --ask-password, SMTP_TUI_PASSWORD, or a source like "
            "'password={env=\"NAME\"}'"
        )
    return value


def _toml(key: str, text: str) -> object:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        raise UsageError(f"the value of {key} begins like TOML but is none") from None
    if set(parsed) != {"value"}:
        raise UsageError(f"the value of {key} is more than one TOML value")
    return parsed["value"]


def given_password(options: Namespace, *, set_by_option: bool) -> str | None:
    """Return the password that the call or its environment gives; None leaves it to the settings.

    `set_by_option`: a source named by --set goes before SMTP_TUI_PASSWORD, not before an option.
    """
    ways = [
        options.password_stdin,
        options.password_fd is not None,
        options.ask_password,
    ]
    if sum(map(bool, ways)) > 1:
        raise UsageError("give the password in one way only")
    if options.password_stdin:
        return _first_line(sys.stdin.fileno(), "standard input")
    if options.password_fd is not None:
        return _first_line(options.password_fd, f"file descriptor {options.password_fd}")
    if options.ask_password:
        return getpass.getpass("SMTP password: ")
    return None if set_by_option else os.environ.get("SMTP_TUI_PASSWORD") or None


def _first_line(descriptor: int, name: str) -> str:
    try:
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            data = stream.read(64 * 1024)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"the password on {name} is not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")
