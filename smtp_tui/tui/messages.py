"""What the form says: the catalogue of its texts, and how errors become sentences."""

from __future__ import annotations

import tomllib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from smtp_tui.config.errors import defect_text
from smtp_tui.smtp.escaping import escape_controls


@cache
def _parts() -> dict[str, dict[str, str]]:
    # The form shows its first screen without any of these texts.
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


def text(part: str, identity: str, /, **names: object) -> str:
    """Return a text filled in."""
    return _parts()[part][identity].format_map(names)


def texts_of(part: str) -> Mapping[str, str]:
    """Return the texts of a part as they stand, by id."""
    return _parts()[part]


def reword(part: str, sentence: object, /, **names: object) -> str:
    """Replace what a sentence says for the command line by what the form offers instead."""
    reworded = str(sentence)
    for options, keys in _parts()[part].items():
        reworded = reworded.replace(options, keys.format_map(names))
    return reworded


def format_internal_error(error: BaseException) -> str:
    """Name an unexpected error and its place, in the form."""
    return f"A bug in smtp-tui: {defect_text(error)}. Your input is still here."


def as_sentence(error: object) -> str:
    """Make a sentence of an error's text."""
    text = escape_controls(str(error))
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


# More bytes than this, as they are sent, many terminals drop without a word.
MOST_COPIED = 100_000


def clipboard_size(text: str) -> int:
    """Return the bytes that a text takes on its way to a terminal's clipboard."""
    return len(b64encode(text.encode("utf-8", "backslashreplace")))
