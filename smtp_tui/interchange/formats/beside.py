"""The second file of a mail server's settings, written as a comment below the first."""

from __future__ import annotations

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.spec import InterchangeError, text


def as_comment(title: str, lines: list[str]) -> list[str]:
    """Return the lines of another file as comments, below one that names it."""
    return ["", f"# {title}", *(f"# {line}" for line in lines)]


def secret_or_place(out: ExportBuilder, name: str) -> str:
    """Return the password, or the word that stands for it in the file `name`."""
    if out.secret is not None:
        return out.secret
    out.note("password", "secret-left-out", name=name)
    return text("password-here")


def refuse(out: ExportBuilder, key: str, value: str | None, signs: str, *, start: str = "") -> None:
    """Raise InterchangeError if a value holds one of these signs, or begins with one of `start`."""
    if value is None:
        return
    found = [sign for sign in signs if sign in value] or [
        sign for sign in start if value.startswith(sign)
    ]
    if value != value.strip(" \t"):
        found.append(" ")
    if found:
        shown = " ".join("a blank" if sign in " \t" else sign for sign in found)
        raise InterchangeError(text("mta-sign", key=key, program=out.form.title, signs=shown))
