"""Look up the form's texts, and format errors as sentences."""

from __future__ import annotations

import os
import tomllib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from smtp_tui.config.errors import defect_text
from smtp_tui.safe_text import escape_controls

# Printed when a signal or a crash has ended the form.
CHANGES_KEPT = (
    "your unsaved changes are kept, without passwords; open the file again to restore them"
)


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    # Loaded on first use: the first screen needs none of these texts.
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


def text(part: str, identity: str, /, **names: object) -> str:
    """Return a text, filled in."""
    return _catalogue()[part][identity].format_map(names)


def texts_of(part: str) -> Mapping[str, str]:
    """Return the texts of a part, not filled in, by id."""
    return _catalogue()[part]


def reword(part: str, sentence: object, /, **names: object) -> str:
    """Replace command-line options in a sentence by the keys of the form."""
    reworded = str(sentence)
    for options, keys in _catalogue()[part].items():
        reworded = reworded.replace(options, keys.format_map(names))
    return reworded


def format_internal_error(error: BaseException) -> str:
    """Format an unexpected error and the line that raised it."""
    return f"A bug in smtp-tui: {defect_text(error)}. Your input is still here."


def as_sentence(error: object) -> str:
    """Format an error as a sentence."""
    text = escape_controls(str(error))
    # A name keeps its letters: `localhost:9`, `mail.toml`, `/etc/app.env`.
    is_name = not text.partition(" ")[0].rstrip(":,;").replace("-", "").isalpha()
    begin = text[:1] if is_name else text[:1].upper()
    return f"{begin}{text[1:]}".rstrip(".") + "."


def folder_question(path: Path) -> str:
    """Return the question to ask before creating a file's folder; "" if the folder exists."""
    folder = Path(os.path.realpath(path)).parent
    if os.path.lexists(folder):
        return ""
    return f"The folder {escape_controls(str(folder))} does not exist. Create it (mode 0700)?"


# Many terminals silently drop more bytes (encoded) than this.
MOST_COPIED = 100_000


def clipboard_size(text: str) -> int:
    """Return the size of a text in bytes, encoded for the terminal clipboard."""
    return len(b64encode(text.encode("utf-8", "backslashreplace")))
