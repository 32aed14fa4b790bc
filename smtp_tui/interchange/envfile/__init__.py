"""`.env` files, in the five quotings of those who read them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.results import InterchangeError, text
from smtp_tui.interchange.spec import QUOTINGS

BOM = "\ufeff"


def read(content: str, quoting: str) -> list[Entry]:
    """Return what stands in a file; a line that cannot be read has an entry without a name."""
    entries: list[Entry] = _module(quoting).entries(content.removeprefix(BOM))
    return entries


def write(pairs: list[tuple[str, str]], quoting: str) -> list[str]:
    """Return the lines of a file; InterchangeError where a value does not fit the quoting."""
    return [f"{name}={_quoted(name, value, quoting)}" for name, value in pairs]


def _quoted(name: str, value: str, quoting: str) -> str:
    module = _module(quoting)
    try:
        quoted: str = module.quoted(value)
    except ValueError as error:
        why = text(str(error))
        raise InterchangeError(text("does-not-fit", name=name, quoting=quoting, why=why)) from None
    return quoted


def _module(quoting: str) -> ModuleType:
    if quoting not in QUOTINGS:
        listed = ", ".join(QUOTINGS)
        raise InterchangeError(text("no-such-quoting", name=repr(quoting[:40]), quotings=listed))
    return import_module(f"smtp_tui.interchange.envfile.{quoting}")
