"""Expand the variables in a value as docker compose does, and escape what it would expand.

The rules are those of compose-go (`template/template.go`): `$$` is a dollar sign, `$NAME`,
`${NAME}` and `${NAME:-default}` with its five relatives are variables, and a dollar sign before
anything else stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field

from smtp_tui.records import record

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_USE = re.compile(
    rf"\$(?:(?P<escaped>\$)|(?P<named>{_NAME})|\{{(?P<braced>{_NAME})(?=[}}:?+-])|(?P<broken>\{{))"
)
_OPERATOR = re.compile(r":?[-+?]")
_DEEPEST = 16  # defaults within defaults
LONGEST = 64 * 1024
"""Characters; only expanded variables make a value longer."""

Lookup = Callable[[str], str | None]


class InterpolationError(ValueError):
    """Docker compose rejects the whole file because of this value."""


@record
class Interpolated:
    """An expanded value, and which variables it has.

    `known` have values, `missing` have none and stand for nothing, `replaced` have none and a
    default stands for them. `required` have none, and compose stops there.
    """

    value: str = field(repr=False)
    known: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All variables that the value depends on."""
        found = (*self.known, *self.missing, *self.replaced, *self.required)
        return tuple(dict.fromkeys(found))


def escape(value: str) -> str:
    """Return a text from which compose makes this value."""
    return value.replace("$", "$$")


def interpolate(template: str, lookup: Lookup) -> Interpolated:
    """Expand a value; InterpolationError if it is malformed or far too long."""
    expansion = _Expansion(lookup)
    value = expansion.expand(template, 0)
    lists = (expansion.known, expansion.missing, expansion.replaced, expansion.required)
    return Interpolated(value, *map(tuple, lists))


def only_variable(template: str) -> str | None:
    """Return the variable that is the whole value, without a default; else None."""
    match = re.fullmatch(rf"\$(?:({_NAME})|\{{({_NAME})\}})", template)
    return (match[1] or match[2]) if match else None


class _Expansion:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.known: list[str] = []
        self.missing: list[str] = []
        self.replaced: list[str] = []
        self.required: list[str] = []

    def expand(self, template: str, depth: int) -> str:
        if depth > _DEEPEST:
            raise InterpolationError
        pieces = []
        at = size = 0
        while match := _USE.search(template, at):
            pieces.append(template[at : match.start()])
            at = match.end()
            if match["broken"]:
                raise InterpolationError
            if match["escaped"]:
                pieces.append("$")
            elif match["named"]:
                pieces.append(self._value(match["named"]))
            else:
                end = _closing(template, match.start() + 1)
                pieces.append(self._braced(match["braced"], template[at:end], depth))
                at = end + 1
            size += len(pieces[-1])
            if size > LONGEST:
                raise InterpolationError
        return "".join((*pieces, template[at:]))

    def _braced(self, name: str, rest: str, depth: int) -> str:
        operator = _OPERATOR.match(rest)
        if operator is None:
            if rest:
                raise InterpolationError
            return self._value(name)
        value = self._lookup(name)
        is_set = value is not None and not (operator[0][0] == ":" and value == "")
        kind, other = operator[0][-1], rest[operator.end() :]
        if value is not None:
            self.known.append(name)
        elif kind != "?":
            self.replaced.append(name)
        if kind == "?" and not is_set:
            self.required.append(name)
        if is_set == (kind == "+"):
            return self.expand(other, depth + 1) if kind != "?" else ""
        return value or ""

    def _value(self, name: str) -> str:
        value = self._lookup(name)
        (self.missing if value is None else self.known).append(name)
        return value or ""


def _closing(template: str, start: int) -> int:
    """Return where the brace at `start` is closed; InterpolationError if it is not."""
    depth = 0
    at = start
    while at < len(template):
        if template[at] == "\n":  # compose's pattern does not reach beyond a line
            break
        if template[at] == "{":
            depth += 1
            at += 1  # the letter after a brace begins a name
        elif template[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise InterpolationError
