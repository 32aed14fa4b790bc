"""What the form and its lines show of the settings on this machine, and do with them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from smtp_tui.config.document import Document
from smtp_tui.config.errors import one_line
from smtp_tui.config.open_document import open_document
from smtp_tui.interchange.inplace.settings import TABLE
from smtp_tui.safe_text import escape_controls
from smtp_tui.survey.scan import FoundSettings, ScanPlace
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import HOST, SettingsDraft
from smtp_tui.tui.model.fixes import format_value
from smtp_tui.tui.model.settings_changes import import_plan
from smtp_tui.tui.model.undo import UndoStack


def cells_of(row: FoundSettings) -> tuple[str, str, str]:
    """Return program, server and place, escaped."""
    values = row.values
    host = one_line(values["host"], 60)
    host = host if "host" in row.found.given else f"({host})"
    link = "if offered" if values["starttls_auto"] else values["encryption"]
    server = " ".join(one_line(part, 40) for part in (host, values["port"], link) if part)
    program = "?" if row.found.is_unsure else row.found.application or "-"
    return escape_controls(program.removeprefix("the ")), server, str(row.places[0])


def searched_text(row: FoundSettings) -> str:
    """Return the text of a row in which typed letters search."""
    places = " ".join(map(str, row.places))
    return " ".join((*cells_of(row), str(row.values["username"] or ""), places))


def open_place(place: ScanPlace) -> tuple[Document, str]:
    """Open a file that smtp-tui can change, and return its table with the settings.

    DocumentError if the file has changed since it was found.
    """
    document = open_document(Path(place.name))
    table = table_of(place, document)
    document.values(table)
    return document, table


def table_of(place: ScanPlace, document: Document) -> str:
    """Return the table of a document that a place means; a program's own file has only one."""
    return TABLE if document.tables() == (TABLE,) else place.table


def import_found(found: FoundSettings, draft: SettingsDraft, history: UndoStack) -> str:
    """Import settings as one undo step, and return what was done."""
    imported = found.found.imported
    plan = import_plan(imported, draft) if imported else None
    if plan is None or plan.is_empty:
        return text("import", "same")
    password = partial(plan.secret.put_into, draft.password) if plan.secret else None
    history.apply(draft, plan.change, password)
    place = escape_controls(str(found.places[0]))
    lines = [text("scan", "imported", place=place, labels=plan.labels, key=key_of("undo"))]
    if plan.leaks:
        lines.append(text("scan", "leaks", host=format_value(HOST, plan.change[HOST])))
    return " ".join(lines)
