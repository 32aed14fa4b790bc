"""Opening the form, on a file or on the demo; the one place that knows both front ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from smtp_tui.cli.check import check
from smtp_tui.cli.opening import open_table
from smtp_tui.cli.options import Call, UsageError, parse_call
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
    document, table = _opened(call)
    return _open(document, table)


def _opened(call: Call) -> tuple[Document, str | None]:
    """Return the document and its table; no table where the form must ask."""
    try:
        _, document, table = open_table(call.words, call.options.table)
        document.values(table)
    except NoFileError:
        path = Path(call.words[0]) if call.words else default_config()
        return Document.new(path), call.options.table or "smtp"
    except SeveralTablesError:
        return Document.open(Path(call.words[0]) if call.words else default_config()), None
    except NoTableError:
        if call.options.table:
            raise
        return Document.open(Path(call.words[0]) if call.words else default_config()), "smtp"
    return document, table


def _open(document: Document, table: str | None, notice: str = "") -> int:
    # Textual reads these when it is imported; a frame every 33 ms keeps keys quick beside a busy
    # log, and no animation goes over a slow line.
    os.environ.setdefault("TEXTUAL_FPS", "30")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    from smtp_tui.tui.app import run_app

    return run_app(document, table, notice=notice)


def demo(call: Call) -> int:
    """Open the form on the sample file; without a terminal, check it and print what happens."""
    try:
        from smtp_tui.demo.server import running_demo
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the demo's own mail server needs {error.name}: pip install 'smtp-tui[demo]'"
        ) from None
    with running_demo() as sample:
        if has_terminal():
            return _open(Document.open(sample.file), "smtp", sample.notice)
        options = [f"--{name}" for name in ("json", "quiet") if getattr(call.options, name)]
        return check(parse_call(["check", str(sample.file), *options]))
