"""Opening the form, on a file or on the demo; the one place that knows both front ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from smtp_tui.checks.run import Request
from smtp_tui.cli.calls import Call, UsageError
from smtp_tui.cli.check import report
from smtp_tui.cli.output import keep_columns
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoTableError, SeveralTablesError
from smtp_tui.config.paths import default_config


def has_terminal() -> bool:
    """Whether a person can use the form here."""
    term = os.environ.get("TERM", "dumb")
    return sys.stdin.isatty() and sys.stdout.isatty() and term not in ("", "dumb")


def form(call: Call) -> int:
    """Open the form on the file that the call names, or on a new one."""
    if not has_terminal():
        file = f" {call.words[0]}" if call.words else ""
        raise UsageError(
            f"the form needs a terminal that can move its cursor; smtp-tui check{file} needs none"
        )
    path = Path(call.words[0]) if call.words else default_config()
    return _open(*_opened(path, call.options.table))


def _opened(path: Path, table: str | None) -> tuple[Document, str | None]:
    """Return the document and its table; no table where the form must ask."""
    try:
        document = Document.open(path)
    except NoFileError:
        return Document.new(path), table or "smtp"
    try:
        found = table or document.default_table()
        document.values(found)
    except SeveralTablesError:
        return document, None
    except NoTableError:
        if table:
            raise
        return document, "smtp"
    return document, found


def _open(document: Document, table: str | None, notice: str = "") -> int:
    # Textual reads these when it is imported; a frame every 33 ms keeps keys quick beside a busy
    # log, and no animation goes over a slow line.
    os.environ.setdefault("TEXTUAL_FPS", "30")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    from smtp_tui.tui.app import run_app

    keep_columns()

    return run_app(document, table, notice=notice)


def demo(call: Call) -> int:
    """Open the form on the sample file; without a terminal, check it and print what happens."""
    try:
        from smtp_tui.demo.server import running_demo
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the demo's own mail server needs {error.name}: pip install 'smtp-tui[demo]'"
        ) from None
    as_json, quiet = call.options.json, call.options.quiet
    with running_demo() as sample:
        document = Document.open(sample.file)
        if has_terminal() and not (as_json or quiet):
            return _open(document, "smtp", sample.notice)
        request = Request(
            values=document.values("smtp"),
            base=sample.file.parent,
            file=str(sample.file),
            table="smtp",
        )
        return report(request, as_json=as_json, quiet=quiet)
