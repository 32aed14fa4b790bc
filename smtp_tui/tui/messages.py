"""What the form says: the catalogue of its texts, and how errors become sentences."""

from __future__ import annotations

import tomllib
from base64 import b64encode
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from smtp_tui.config.errors import defect_text
from smtp_tui.smtp.escaping import escape_controls


class MessageCatalog:
    """The texts of a TOML file, by part and id; the file is read with the first one."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, part: str, identity: str, /, **names: object) -> str:
        """Return a text filled in."""
        return self.part(part)[identity].format_map(names)

    def part(self, name: str) -> Mapping[str, str]:
        """Return a part whole, its texts as they stand."""
        return self._parts[name]

    def reword(self, part: str, sentence: object, /, **names: object) -> str:
        """Replace what a sentence says for the command line by what the form offers instead."""
        reworded = str(sentence)
        for options, keys in self.part(part).items():
            reworded = reworded.replace(options, keys.format_map(names))
        return reworded

    @cached_property
    def _parts(self) -> dict[str, dict[str, str]]:
        return tomllib.loads(self._file.read_text(encoding="utf-8"))


text = MessageCatalog(Path(__file__).with_name("texts.toml"))


def format_internal_error(error: BaseException) -> str:
    """Name an unexpected error and its place, in the form."""
    return f"A bug in smtp-tui: {defect_text(error)}. Your input is still here."


def as_sentence(error: object) -> str:
    """Make a sentence of an error's text."""
    text = escape_controls(str(error))
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


MOST_COPIED = 100_000
"""More bytes than this, as they are sent, many terminals drop without a word."""


def clipboard_size(text: str) -> int:
    """Return the bytes that a text takes on its way to a terminal's clipboard."""
    return len(b64encode(text.encode("utf-8", "backslashreplace")))
