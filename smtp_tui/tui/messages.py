"""Texts kept as data: `texts.toml` beside the module that speaks them.

How a defect of the program itself is told: where, never what was being handled.

How saving tells what went wrong.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from smtp_tui.defects import defect_text
from smtp_tui.smtp.escaping import escape_controls


class MessageCatalog:
    """The texts beside a module's file, by part and id; they are read with the first one."""

    def __init__(self, module: str) -> None:
        self._file = Path(module).with_name("texts.toml")

    def __call__(self, part: str, identity: str, /, **names: object) -> str:
        """Return a text filled in."""
        return self.part(part)[identity].format_map(names)

    def part(self, name: str) -> Mapping[str, str]:
        """Return a part whole, its texts as they stand."""
        return self._parts[name]

    def instead(self, said: str, **names: object) -> str:
        """Put the form's own ways in place of what a text says for the command line."""
        for words, ours in self.part("instead").items():
            said = said.replace(words, ours.format_map(names))
        return said

    @cached_property
    def _parts(self) -> dict[str, dict[str, str]]:
        return tomllib.loads(self._file.read_text(encoding="utf-8"))


def format_internal_error(error: BaseException) -> str:
    """Name an unexpected error and its place, in the form."""
    return f"A bug in smtp-tui: {defect_text(error)}. Your input is still here."


def as_sentence(error: object) -> str:
    """Make a sentence of an error's text."""
    text = escape_controls(str(error))
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
