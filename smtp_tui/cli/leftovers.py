"""Where else a password still stands after it was stored: told, and not removed."""

from __future__ import annotations

from smtp_tui.cli.output import complain
from smtp_tui.cli.tables import Table
from smtp_tui.config.keeping import Place
from smtp_tui.config.wording import one_line
from smtp_tui.settings.sources import Environment, File, Keyring, Literal, PasswordSource


def tell_of_leftovers(
    table: Table, place: Place, old: PasswordSource | None, secret: str = ""
) -> None:
    """Name the place that had it before, which others may use, and a backup of the file."""
    if isinstance(old, Keyring | File | Environment) and old != place.source:
        complain(
            f"note: {table.place(old)} still holds the old password; "
            "remove it if nothing else uses it"
        )
    backup = table.document.path.with_name(f"{table.document.path.name}~")
    words = {secret, old.value if isinstance(old, Literal) else ""} - {""}
    try:
        kept = backup.read_text("utf-8", "replace")
    except OSError:
        return
    if any(word in kept for word in words):
        complain(f"warning: the backup {one_line(backup)} contains the password too; remove it")
