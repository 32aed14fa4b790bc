"""Opening the form, on a file or on the demo; the one place that knows both front ends."""

from __future__ import annotations

import dataclasses
import gc
import io
import os
import sys
from pathlib import Path

from smtp_tui.cli.output import keep_columns, print_error
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.cli.terminal import has_colours, has_terminal, is_light, speaks_utf8
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoTableError, SeveralTablesError
from smtp_tui.config.paths import default_config
from smtp_tui.config.preferences import THEMES, Preferences, read_preferences


def form(call: Invocation) -> int:
    """Open the form on the file that the call names, or on a new one."""
    if not has_terminal():
        file = f" {call.words[0]}" if call.words else ""
        raise UsageError(
            f"the form needs a terminal that can move its cursor; smtp-tui check{file} does not"
        )
    path = Path(call.words[0]) if call.words else default_config()
    document, table = _opened(path, call.options.table, call.options.dialect)
    return _open(document, table, _wanted(call))


def _opened(path: Path, table: str | None, dialect: str | None) -> tuple[Document, str | None]:
    """Return the document and its table; no table where the form must ask."""
    try:
        document = Document.open(path, dialect)
    except NoFileError:
        document = Document.new(path, dialect)
        return document, table or document.new_table()
    try:
        found = table or document.default_table()
        document.values(found)
    except SeveralTablesError:
        return document, None
    except NoTableError:
        if table:
            raise
        return document, document.new_table()
    return document, found


def _wanted(call: Invocation) -> Preferences:
    """Return how the form shall be: as the call says, else the admin's file, else the terminal."""
    file, options = read_preferences(), call.options
    return dataclasses.replace(
        file,
        mouse=options.mouse or file.mouse,
        ascii=options.ascii or (not speaks_utf8() if file.ascii is None else file.ascii),
        theme=options.theme or file.theme or THEMES[is_light()],
    )


def _open(
    document: Document,
    table: str | None,
    preferences: Preferences,
    *,
    notice: str = "",
    is_demo: bool = False,
) -> int:
    prepare_surroundings()
    from smtp_tui.tui.app import run_app
    from smtp_tui.tui.style import set_charset

    set_charset(_take_alphabet() if preferences.ascii else None)
    return run_app(
        document,
        table,
        notice=notice,
        preferences=preferences,
        keeps_changes=not is_demo,
        is_alone=is_demo,
        report=print_error,
    )


def prepare_surroundings() -> None:
    """Set what Textual reads from the environment when it is imported or begins."""
    gc.disable()  # all that the first screen needs stays; the application enables it after that
    # A frame every 17 ms keeps keys quick, and a busy log paints ten times a second in any case;
    # no animation over a slow line.
    os.environ.setdefault("TEXTUAL_FPS", "60")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if not os.environ.get("NO_COLOR"):  # an empty one asks for nothing
        os.environ.pop("NO_COLOR", None)
    if not has_colours():
        os.environ["NO_COLOR"] = "1"
    _let_the_window_count()


def _let_the_window_count() -> None:
    """Forget a size that a shell has exported: it was the window's once. Serial lines have none."""
    try:
        columns, rows = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1)
    except OSError:
        return
    if columns > 0 and rows > 0:
        os.environ.pop("COLUMNS", None)
        os.environ.pop("LINES", None)


def _take_alphabet() -> str:
    """Write the form in ASCII, or in the letters of the terminal's own older encoding."""
    keep_columns()
    encoding = sys.stdout.encoding.casefold()
    alphabet = "ascii" if encoding.startswith("utf") else encoding
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=alphabet, errors="smtp-tui")
    return alphabet


def demo(call: Invocation) -> int:
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
            return _open(document, "smtp", _wanted(call), notice=sample.notice, is_demo=True)
        from smtp_tui.checks.run import CheckRequest  # the form loads it with the first test
        from smtp_tui.cli.check import report

        request = CheckRequest(
            values=document.values("smtp"),
            base=sample.file.parent,
            file=str(sample.file),
            table="smtp",
        )
        return report(request, as_json=as_json, quiet=quiet)
