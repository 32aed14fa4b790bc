"""The sentences on an error of which nothing is known but its words."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from smtp_tui.diagnosis.hints import SUBMISSION, other_ports
from smtp_tui.diagnosis.texts import causes, loaded, parts_of
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.parsers import is_this_machine

_CHANGE = re.compile(r"\b[Ss]et ([a-z_]+)(?: to ([a-z0-9-]+))?")
# What may be a host, with its port behind it or not: `127.0.0.1:587`, `[::1]:25`, `localhost`.
_HOSTS = re.compile(
    r"(?<![\w.:-])(?:localhost|(?:\d{1,3}\.){3}\d{1,3}|::1?)(?![\w.-])", re.IGNORECASE
)
_PORT = re.compile(r"(?:[\w\])]:|\bport[ =:#]{1,3})(25|465|587|2525)\b", re.IGNORECASE)


@record(kw_only=True)
class Meant:
    """A cause, and what goes before its own texts, field and value; empty where nothing does.

    Where there is a cure and no field, the cure's own words tell the field.
    """

    cause: str
    what: str = ""
    why: str = ""
    cure: str = ""
    field: str = ""
    value: str | int | None = None
    mechanism: str = ""


@record(kw_only=True)
class Spoken:
    """What happened, why, what to do, and the setting that this is about first."""

    what: str
    why: str
    cure: str
    field: str | None = None
    value: str | int | None = None


def said_of(meant: Meant, quote: str, line: str = "") -> Spoken:
    """Return the texts of what was meant, filled in with the words that were recognised.

    `line` is the one that they stand in, in lower case: it may name the host and the port.
    """
    own_data = _own().get(meant.cause, {})
    data: dict[str, Any] = {**_shared(meant.cause), **own_data, **_local(meant.cause, line)}
    own = {"what": meant.what, "why": meant.why, "cure": meant.cure}
    data |= {key: text for key, text in own.items() if text}
    data |= {"field": meant.field, "value": meant.value} if meant.field else _setting_in(meant.cure)
    names = {**_names(), "detail": quote or "no words", "reply": quote or "no words"}
    if ports := _ports_in(line):
        names["try_ports"] = other_ports(way for way in SUBMISSION if way[0] not in ports)
    if meant.mechanism:
        names["authentication"] = meant.mechanism
    return Spoken(
        what=_sentence(data["what"], names),
        why=_sentence(data["why"], names),
        cure=_sentence(data["cure"], names),
        field=data.get("field"),
        value=data.get("value"),
    )


def _shared(cause: str) -> dict[str, str]:
    """Return the texts that checks use too."""
    return parts_of(cause) if cause in causes() else {}


def _local(cause: str, line: str) -> dict[str, str]:
    """Return what is different of a server on this machine, where the line names this machine."""
    own: dict[str, str] = causes().get(cause, {}).get("local", {})
    return {**own, "field": "host"} if own and any(map(is_this_machine, _hosts_in(line))) else {}


def _hosts_in(line: str) -> list[str]:
    return [found for found in _HOSTS.findall(line) if found]


def _ports_in(line: str) -> set[int]:
    return {int(digits) for digits in _PORT.findall(line)}


def _setting_in(cure: str) -> dict[str, str | None]:
    """Return the field and the value of the first change that a cure asks for, if it asks."""
    for match in _CHANGE.finditer(cure):
        field = BY_KEY.get(match[1])
        if field is not None:
            return {"field": field.key, "value": match[2] if match[2] in field.choices else None}
    return {}


def known_causes() -> frozenset[str]:
    """Return the ids of all causes that an error can have."""
    return frozenset(causes()) | frozenset(_own())


def _sentence(text: str, names: dict[str, str]) -> str:
    filled = text.format_map(names)
    return filled[:1].upper() + filled[1:]


@cache
def _data() -> dict[str, Any]:
    return loaded("foreign/words.toml")


def _own() -> dict[str, dict[str, Any]]:
    own: dict[str, dict[str, Any]] = _data()["cause"]
    return own


def _names() -> dict[str, str]:
    names: dict[str, str] = _data()["names"]
    return names
