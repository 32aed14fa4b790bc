"""Postfix' own files: main.cf with its variables, and the table of logins beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from smtp_tui.interchange.entries import LONGEST, Entry, Unresolved

_USE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\}|\((\w+)\)|[{(])")
_MAPS = re.compile(r"^smtp_sasl_password_maps[ \t]*=[ \t]*\w+:(?P<path>[^\s,]+)", re.MULTILINE)

_DEEPEST = 32
_MOST_TABLES = 4
_VERSIONS = ("1.0", "1.1", "1.2", "1.3")


def companions(content: str) -> tuple[str, ...]:
    """Return the names of the tables of logins that a main.cf speaks of."""
    names = (match["path"].rpartition("/")[2] for match in _MAPS.finditer(content))
    usable = (name for name in names if name.isprintable() and name not in ("", ".", ".."))
    return tuple([*dict.fromkeys(usable)][-_MOST_TABLES:])


def entries(content: str) -> list[Entry]:
    """Return the parameters, the last of each, put together from the others they name."""
    parts: dict[str, tuple[list[str], int]] = {}
    name = ""
    for number, line in enumerate(content.split("\n"), 1):
        line = line.rstrip(" \t\r")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] in " \t" and name:
            parts[name][0].append(line.strip())
        else:
            name, _, value = line.partition("=")
            name = name.strip()
            parts[name] = ([value.strip()], number)
    raw = {one: (" ".join(lines).strip(), number) for one, (lines, number) in parts.items()}
    found: dict[str, object] = {}
    return [
        Entry(one, _value(one, raw, found, 0), raw[one][1])
        for one in raw
        if re.fullmatch(r"\w+", one)
    ]


def _value(
    name: str, raw: Mapping[str, tuple[str, int]], found: dict[str, object], depth: int
) -> object:
    """Put in the values that others are made of; what Postfix itself supplies is not known."""
    if name in found or depth > _DEEPEST:
        return found.get(name)
    found[name] = Unresolved("computed")  # for a parameter that is made of itself
    value = raw[name][0]
    out = []
    at = length = 0
    for match in _USE.finditer(value):
        used = match[2] or match[3] or match[4]
        inner = "$" if match[1] else _value(used, raw, found, depth + 1) if used in raw else None
        if not isinstance(inner, str):
            found[name] = Unresolved("from-variable", {"name": used or "?"})
            return found[name]
        out += [value[at : match.start()], inner]
        length += match.start() - at + len(inner)
        at = match.end()
        if length > LONGEST:
            return found[name]
    found[name] = "".join([*out, value[at:]])
    return found[name]


def login_in(maps: str, relay: str, beside: Mapping[str, str]) -> str | None:
    """Return `user:password` for the relay, None where no table has it."""
    if maps.startswith("static:"):
        return maps.removeprefix("static:").strip("{} ")
    for content in beside.values():
        for line in content.split("\n"):
            key, _, login = line.strip(" \t\r").partition(" ")
            if "\t" in key:
                key, _, login = line.strip(" \t\r").partition("\t")
            if key in (relay, relay.partition("]:")[0].lstrip("[")) and login:
                return login.strip(" \t")
    return None


def lower_bound(protocols: str) -> str | None:
    """Return the oldest TLS version that a list of protocols allows, if they have one bound."""
    match = re.fullmatch(r">=\s*TLSv(1(?:\.\d)?)", protocols.strip())
    if match:
        return match[1] if "." in match[1] else "1.0"
    words = re.split(r"[,:\s]+", protocols.strip())
    if not all(word.startswith("!") for word in words):
        return None
    barred = {word.removeprefix("!") for word in words}
    allowed = [one for one in _VERSIONS if f"TLSv{one}".removesuffix(".0") not in barred]
    return allowed[0] if allowed else None
