"""The settings of a check, as a report lists them: by our names, without the password."""

from __future__ import annotations

import json
from collections.abc import Iterator

from smtp_tui.checks.report.markdown import code, prose
from smtp_tui.settings.fields import FIELDS, Field, Kind, Settings
from smtp_tui.settings.sources import Literal, PasswordSource, source_as_toml


def setting_lines(settings: Settings | None, password_from: str) -> Iterator[str]:
    """Yield a line a setting; those that nobody set are marked as defaults."""
    if settings is None:
        yield "They could not be used, so none is listed."
        return
    for field in FIELDS:
        default = "" if field.key in settings.given else " (default)"
        yield f"- {code(field.key)}: {_shown(field, settings)}{default}"
    if password_from:
        yield f"- the password of this check came from {prose(password_from)}"


def _shown(field: Field, settings: Settings) -> str:
    value = getattr(settings, field.attribute)
    match value:
        case None:
            return prose(field.default_text or "none")
        case bool():
            return code(str(value).lower())
        case float():
            return code(f"{value:g}")
        case _ if field.kind is Kind.PASSWORD:
            return _place(value)
        case _:
            return code(str(value))


def _place(source: PasswordSource) -> str:
    if isinstance(source, Literal):
        return "set, not shown"
    place = source_as_toml(source)
    if isinstance(place, str):
        raise AssertionError("a password that stands in the file names no place")
    pairs = [f"{kind} = {json.dumps(where, ensure_ascii=False)}" for kind, where in place.items()]
    return code(f"{{ {', '.join(pairs)} }}")
