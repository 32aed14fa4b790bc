"""The settings of a check, as a report lists them: by our names, without the password."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from smtp_tui.checks.report.markdown import code, prose
from smtp_tui.settings.fields import FIELDS, Field, Kind, Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.sources import Literal, PasswordSource, source_as_toml


def setting_lines(
    settings: Settings | None, password_from: str, assumed: Collection[str] = ()
) -> Iterator[str]:
    """Yield a line a setting; those that nobody set are marked as defaults.

    Those `assumed` are what the application whose file it is takes where the file says nothing.
    """
    if settings is None:
        yield "The settings could not be used, so none are listed."
        return
    for field in FIELDS:
        mark = "" if field.key in settings.given else " (default)"
        mark = " (the application's default)" if field.key in assumed else mark
        yield f"- {code(field.key)}: {_shown(field, settings)}{mark}"
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
            return code(mask_credentials(str(value)))


def _place(source: PasswordSource) -> str:
    if isinstance(source, Literal):
        return "set, not shown"
    place = source_as_toml(source)
    if isinstance(place, str):
        raise AssertionError("a password that stands in the file names no place")
    pairs = [f"{kind} = {json.dumps(where, ensure_ascii=False)}" for kind, where in place.items()]
    return code(f"{{ {', '.join(pairs)} }}")
