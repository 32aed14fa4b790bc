"""How a field of the table is declared: once, with all that the world wants to know of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from smtp_tui.records import record
from smtp_tui.settings import parsers

Values = Mapping[str, Any]
Default = Callable[[Values], Any]


class FieldKind(StrEnum):
    """How a field is edited and written."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    SWITCH = "switch"
    PASSWORD = "password"  # noqa: S105 - the kind's name, not a secret


@record(kw_only=True)
class Field:
    """One setting as the world sees it.

    `attribute` is its name in `Settings`. `default` computes from the other fields' parsed values;
    `default_text` is how people name that default where it is no value of the field. `folded`
    fields are shown when wanted.
    """

    key: str
    attribute: str
    label: str
    kind: FieldKind
    parse: parsers.Parser
    default: Default
    summary: str
    default_text: str = ""
    choices: tuple[str, ...] = ()
    folded: bool = False

    def problem_with(self, value: object) -> str | None:
        """Say what is wrong with a raw value in words that stand beside the field."""
        try:
            self.parse(value)
        except ValueError as error:
            return str(error)
        return None


def declare(
    label: str,
    kind: FieldKind,
    parse: parsers.Parser,
    *,
    summary: str,
    default: Default = lambda _values: None,
    default_text: str = "",
    folded: bool = False,
    key: str | None = None,
) -> Any:
    """Make the dataclass field of a setting; the name it is given there is its key.

    `key` is another where Python keeps that word for itself.
    """
    details = {
        "label": label,
        "kind": kind,
        "parse": parsers.refusing_unreadable(parse),
        "summary": summary,
        "default": default,
        "default_text": default_text,
        "folded": folded,
    }
    if key is not None:
        details["key"] = key
    return dataclasses.field(default=None, metadata={"declared": details})


def declare_choice(
    label: str,
    kind: type[StrEnum],
    default: StrEnum | Default,
    *,
    summary: str,
    folded: bool = False,
) -> Any:
    """Make the dataclass field of a choice among the members of `kind`."""
    computed: Default = default if callable(default) else lambda _values: default
    declared = declare(
        label,
        FieldKind.CHOICE,
        parsers.choice(kind),
        summary=summary,
        default=computed,
        folded=folded,
    )
    return dataclasses.field(
        default=None,
        metadata={"declared": {**declared.metadata["declared"], "choices": tuple(kind)}},
    )
