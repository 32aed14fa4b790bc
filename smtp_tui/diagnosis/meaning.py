"""What a field's value amounts to together with the others, in a sentence or two."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from smtp_tui.diagnosis.given import Given, read_given
from smtp_tui.diagnosis.meanings import login, server, tls
from smtp_tui.diagnosis.meanings.parts import Part
from smtp_tui.diagnosis.texts import loaded
from smtp_tui.settings.fields import BY_KEY, Kind
from smtp_tui.smtp.escaping import visible

_OF = {**server.OF, **login.OF, **tls.OF}
# Their texts say themselves what holds where nothing is set.
_SELF_EVIDENT = (Kind.TEXT, Kind.PASSWORD)


def meaning(key: str, values: Mapping[str, object]) -> str:
    """Say what a field amounts to among a table's raw values; nothing where it cannot be read."""
    given = read_given(values)
    if key not in given.values:
        return ""
    parts = [*_unset(key, given), *_OF[key](given)]
    return visible(" ".join(_sentence(key, part) for part in parts))


@cache
def texts() -> dict[str, dict[str, str]]:
    """Return the sentences of each field, by what they are for."""
    return loaded("meaning.toml")


def _unset(key: str, given: Given) -> list[Part]:
    kind, value = BY_KEY[key].kind, given[key]
    if key in given.present or kind in _SELF_EVIDENT:
        return []
    if kind is Kind.SWITCH:
        return [Part("unset", {"value": "yes" if value else "no"})]
    return [Part("unset", {"value": f"{value:g}" if kind is Kind.NUMBER else str(value)})]


def _sentence(key: str, part: Part) -> str:
    own = texts().get(key, {})
    text = own[part.name] if part.name in own else texts()["any"][part.name]
    return text.format_map(part.names)
