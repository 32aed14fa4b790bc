"""Words for a POSIX shell: pasted, each is one word, whatever it holds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from smtp_tui.smtp.escaping import visible

# What `config.paths` expands, a shell can expand too.
_VARIABLE = re.compile(
    r"\$(?:\{(HOME|CREDENTIALS_DIRECTORY)\}|(HOME|CREDENTIALS_DIRECTORY)(?![A-Za-z0-9_]))"
)


def quoted(text: str) -> str:
    """Quote a word; what no terminal may be shown stands as an escape that `printf` undoes."""
    if visible(text) == text:
        return shlex.quote(text)
    escaped = "".join(_octal(letter) for letter in text)
    return f"\"$(printf '%b' {shlex.quote(escaped)})\""


def quoted_path(
    text: str, base: Path, escape: Callable[[str], str] = lambda literal: literal
) -> str:
    """Quote a path of the settings, which is relative to `base`; home stays a variable.

    `escape` is put over what is no variable, for a program that gives some letters a meaning.
    """
    if text == "~" or text.startswith("~/"):
        text = f"$HOME{text[1:]}"
    if not _VARIABLE.match(text):
        text = str(base / text)
        text = f"./{text}" if text.startswith("-") else text
    words = []
    at = 0
    for variable in _VARIABLE.finditer(text):
        literal = text[at : variable.start()]
        words += [quoted(escape(literal)) if literal else "", f'"${variable[1] or variable[2]}"']
        at = variable.end()
    rest = text[at:]
    return "".join([*words, quoted(escape(rest)) if rest else ""])


def _octal(letter: str) -> str:
    if letter == "\\":
        return r"\\"
    if visible(letter) == letter:
        return letter
    errors = "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass"
    return "".join(f"\\0{byte:03o}" for byte in letter.encode("utf-8", errors))
