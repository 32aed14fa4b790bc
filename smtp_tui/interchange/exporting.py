"""From our values to a text of another program."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from smtp_tui.interchange.known import format_named
from smtp_tui.interchange.outlet import Outlet
from smtp_tui.interchange.results import Exported, InterchangeError, QuotingError
from smtp_tui.interchange.texts import text
from smtp_tui.settings.reading import read
from smtp_tui.settings.sources import Literal


def export_text(
    format: str,
    values: Mapping[str, object],
    *,
    with_password: bool = False,
    secret: str | None = None,
    quoting: str | None = None,
) -> Exported:
    """Write our raw values as another program keeps them.

    Without `with_password` the password stays out, or becomes that program's own reference to it.
    `secret` is the password where the values only name its place. InterchangeError where the
    values are no settings, or one of them does not fit into the format.
    """
    form = format_named(format)
    if quoting and not form.takes_quoting:
        raise QuotingError(text("no-quoting", format=form.name))
    reading = read(values)
    if reading.settings is None:
        raise InterchangeError("; ".join(map(str, reading.problems)))
    settings = reading.settings
    literal = settings.password.value if isinstance(settings.password, Literal) else None
    known = (literal if secret is None else secret) if with_password else None
    if with_password and settings.needs_password and settings.username and known is None:
        raise InterchangeError(text("no-password"))
    out = Outlet(form, settings, known, quoting)
    module = import_module(f"smtp_tui.interchange.formats.{form.name}")
    exported: Exported = module.write(out)
    return exported
