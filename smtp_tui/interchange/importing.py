"""From a text of another program to our values: recognise the format, then read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from smtp_tui.interchange import postfix_files
from smtp_tui.interchange.envfile.telling import is_env
from smtp_tui.interchange.known import Format, format_named, formats
from smtp_tui.interchange.results import Imported, InterchangeError, Note, QuotingError
from smtp_tui.interchange.source import Source
from smtp_tui.interchange.texts import text

LARGEST = 1024 * 1024
"""Letters; more is no settings file, and which of its parts counts is unknown."""

# Who reads the `.env` file of a program in Python.
_ENV_QUOTING = "python"


def candidates(content: str, name: str = "") -> tuple[str, ...]:
    """Return the formats that a text may be of, by what stands in it."""
    if name.endswith(".toml"):
        return ()
    return tuple(one.name for one in formats().values() if one.fits(content[:LARGEST]))


def recognise(content: str, name: str = "") -> str | None:
    """Return the one format that a text looks like; None where it is none, or several."""
    match candidates(content, name):
        case (only,):
            return only
        case _:
            return None


def import_text(
    content: str,
    format: str | None = None,
    *,
    name: str = "",
    quoting: str | None = None,
    beside: Mapping[str, str] | None = None,
) -> Imported:
    """Read a text into our raw values, and what was not understood of it.

    `name` is the file's, `beside` holds texts of files that belong to it. InterchangeError where
    the text is not of the format, or of none that is known.
    """
    if len(content) > LARGEST:
        raise InterchangeError(text("too-large", limit=LARGEST >> 20))
    form = format_named(format) if format else _recognised(content, name)
    if quoting and not form.takes_quoting:
        raise QuotingError(text("no-quoting", format=form.name))
    is_told = bool(quoting) or _is_env_name(name)
    if form.may_be_env and not quoting and (is_told or is_env(content)):
        quoting = _ENV_QUOTING
    imported: Imported = _module(form).read(Source(content, quoting, beside or {}), form)
    if quoting and not is_told:
        said = Note("", text("read-as-env", quoting=quoting))
        return replace(imported, remarks=(said, *imported.remarks))
    return imported


def _is_env_name(name: str) -> bool:
    return name.endswith(".env") or name.startswith(".env")


def companions(content: str, format: str | None = None) -> tuple[str, ...]:
    """Return the names of files beside this one that hold a part of its settings."""
    if "postfix" not in ((format,) if format else candidates(content)):
        return ()
    return postfix_files.companions(content)


def _recognised(content: str, name: str) -> Format:
    match candidates(content, name):
        case (only,):
            return format_named(only)
        case ():
            raise InterchangeError(text("not-recognised", formats=", ".join(formats())))
        case several:
            raise InterchangeError(text("ambiguous", formats=", ".join(several)))


def _module(form: Format) -> Any:
    return import_module(f"smtp_tui.interchange.formats.{form.name}")
