"""Read the program's own preferences, `smtp-tui.toml`: appearance, keys and DNS checks."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from smtp_tui.config.errors import one_line, reason
from smtp_tui.config.paths import config_folder
from smtp_tui.records import record

NAME = "smtp-tui.toml"
THEMES = ("dark", "light")
_TABLES = ("keys", "form", "domain")


@record(kw_only=True)
class Preferences:
    """The file's values, None where unset; `problems` lists its errors."""

    # Keys by command, unchecked: only the form knows the commands and keys.
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mouse: bool | None = None
    ascii: bool | None = None
    theme: str | None = None
    domain_check: bool | None = None  # check the sender's domain in DNS after a passed test
    dkim: tuple[str, ...] = ()  # the selectors of DKIM keys to look up
    problems: tuple[str, ...] = ()


def read_preferences(environ: Mapping[str, str] = os.environ) -> Preferences:
    """Read the file; invalid entries become `problems`, and the others apply."""
    path = config_folder(environ) / NAME
    try:
        values = tomllib.loads(path.read_bytes().decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Preferences()
    except OSError as error:
        return Preferences(problems=(f"it cannot be read: {reason(error)}",))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Preferences(problems=(f"it is not valid TOML: {one_line(error, 100)}",))
    unknown = [one_line(name, 40) for name in values if name not in _TABLES]
    problems = [f"[{name}] is not a table of this file" for name in unknown]
    tables = {name: values.get(name, {}) for name in _TABLES}
    for name, table in tables.items():
        if not isinstance(table, dict):
            problems.append(f"{name} is not a table")
            tables[name] = {}
    valid: dict[str, Any] = {}
    for name in ("form", "domain"):
        for key, value in tables[name].items():
            if why := _problem_with(name, key, value):
                problems.append(why)
            else:
                setting = "domain_check" if key == "check" else key
                valid[setting] = tuple(value) if isinstance(value, list) else value
    keys: dict[str, tuple[str, ...]] = {}
    for command, value in tables["keys"].items():
        texts = value if isinstance(value, list) else [value]
        if texts and all(isinstance(text, str) and text for text in texts):
            keys[command] = tuple(texts)
        else:
            problems.append(f'{one_line(command, 40)} needs keys such as ["f5", "ctrl+t"]')
    return Preferences(keys=keys, problems=tuple(problems), **valid)


def _problem_with(table: str, key: str, value: object) -> str:
    match table, key:
        case ("form", "mouse" | "ascii") | ("domain", "check"):
            return "" if isinstance(value, bool) else f"{key} must be true or false"
        case "form", "theme":
            return "" if value in THEMES else 'theme must be "dark" or "light"'
        case "domain", "dkim":
            is_list = isinstance(value, list) and all(isinstance(text, str) for text in value)
            return "" if is_list else 'dkim needs selectors such as ["mail2026"]'
        case _:
            return f"[{table}] has no key {one_line(key, 40)}"
