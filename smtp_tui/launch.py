"""Open the form on a file or the demo; the one module that imports both front ends."""

from __future__ import annotations

import dataclasses
import gc
import io
import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.edit import new_document
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.terminal import (
    has_colours,
    has_terminal,
    is_dumb,
    is_light,
    keep_columns,
    print_error,
    print_line,
    speaks_utf8,
)
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoTableError, NotTomlError, SeveralTablesError
from smtp_tui.config.open_document import open_document
from smtp_tui.config.paths import default_config
from smtp_tui.config.preferences import THEMES, Preferences, read_preferences
from smtp_tui.lazy import load

if TYPE_CHECKING:
    from smtp_tui.checks.recording import Recording
    from smtp_tui.demo import SampleFile

DUMB = "TERM is {}, so smtp-tui asks line by line, as with --linear."

DEMO = "Demo: a copy, deleted when you leave."


def form(call: Invocation) -> int:
    """Open the form on the file that the call names, or on a new one."""
    if not has_terminal():
        file = f" {call.words[0]}" if call.words else ""
        raise UsageError(f"the form needs a terminal; smtp-tui check{file} does not")
    recording = None
    if call.options.replay is not None:
        recording = load("cli.recording:recording_of")(call)
    path = Path(call.words[0]) if call.words else default_config()
    document, table = _open_document(path, call.options.table, call.options.dialect)
    return _open_form(document, table, call, recording=recording)


def _open_document(
    path: Path, table: str | None, dialect: str | None
) -> tuple[Document, str | None]:
    """Return the document and its table; None if the form must ask."""
    try:
        document = open_document(path, dialect)
    except NoFileError:
        document = new_document(path, dialect)
        return document, table or document.new_table()
    except NotTomlError as error:
        raise load("cli.import_export:other_format")(error) from None
    try:
        name = table or document.default_table()
        document.values(name)
    except SeveralTablesError:
        return document, None
    except NoTableError:
        if table:
            raise
        return document, document.new_table()
    return document, name


def _preferences(call: Invocation) -> Preferences:
    # Options override the admin's file, which overrides what the terminal reports.
    file, options = read_preferences(), call.options
    return dataclasses.replace(
        file,
        mouse=options.mouse or file.mouse,
        ascii=options.ascii or (not speaks_utf8() if file.ascii is None else file.ascii),
        theme=options.theme or file.theme or THEMES[is_light()],
    )


def _open_form(
    document: Document,
    table: str | None,
    call: Invocation,
    *,
    notice: str = "",
    is_demo: bool = False,
    recording: Recording | None = None,
) -> int:
    preferences = _preferences(call)
    is_linear = call.options.linear or is_dumb()
    if is_linear and not call.options.linear:
        print_line(DUMB.format(os.environ.get("TERM") or "not set"))
    if not is_linear:
        prepare_surroundings()
        if preferences.ascii:
            keep_columns()
    charset = _reduce_charset() if preferences.ascii else None
    # Textual takes 200 ms to import, and reads the environment then.
    if is_linear:
        run = load("tui.linear.session:run_linear")
    else:
        try:
            load("tui.style:set_charset")(charset)
            run = load("tui.app:run_app")
        except Exception as error:  # on Debian 13's Textual it is a TypeError
            raise load("cli.form_needs:explained")(error) from None
    more = {} if recording is None else {"recording": recording}
    return int(
        run(
            document, table, preferences, notice=notice, is_demo=is_demo, report=print_error, **more
        )
    )


def prepare_surroundings() -> None:
    """Prepare what Textual reads from the environment on import or start."""
    gc.disable()  # the first screen's objects all stay; the application enables it later
    # A frame every 17 ms keeps keys responsive, and a busy log paints ten times a second anyway;
    # no animation on slow lines.
    os.environ.setdefault("TEXTUAL_FPS", "60")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if not os.environ.get("NO_COLOR"):  # an empty value has no effect
        os.environ.pop("NO_COLOR", None)
    if not has_colours():
        os.environ["NO_COLOR"] = "1"
    # Exported sizes may be outdated; a serial line has no others.
    try:
        columns, rows = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1)
    except OSError:
        return
    if columns > 0 and rows > 0:
        os.environ.pop("COLUMNS", None)
        os.environ.pop("LINES", None)


def _reduce_charset() -> str:
    """Switch output to ASCII or the terminal's legacy encoding; return its name."""
    encoding = sys.stdout.encoding.casefold()
    charset = "ascii" if encoding.startswith("utf") else encoding
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=charset, errors="smtp-tui")
    return charset


def demo(call: Invocation) -> int:
    """Open the form on the sample file; with --json, --quiet or no terminal, check it."""
    with _running_demo(call) as sample:
        document = Document.open(sample.file)
        if not has_terminal() or call.options.json or call.options.quiet:
            if call.options.replay is not None:
                values = document.values("smtp")
                return int(load("cli.check:check_values")(values, document.path, "smtp", call))
            return _check_demo(document, sample.cure, call)
        status = _open_form(document, "smtp", call, notice=DEMO, is_demo=True)
        is_saved = sample.is_saved
    if is_saved:
        print_line(f"Saved in the demo's copy {sample.file}, which is now deleted.")
    return status


def _running_demo(call: Invocation) -> AbstractContextManager[SampleFile]:
    """Return what runs the demo's server, or plays that of the recording."""
    demo: AbstractContextManager[SampleFile]
    try:
        # The server is an extra that few installations have.
        if call.options.replay is None:
            demo = load("demo:running_demo")()
            return demo
        recording = load("cli.recording:recording_of")(call)
        script = load("demo.replay_script:script_of")(recording.events)
        demo = load("demo.replay_server:running_replay")(script, recording.settings)
        return demo
    except ValueError as error:
        raise UsageError(str(error)) from None
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the demo's own mail server needs {error.name}: pip install 'smtp-tui[demo]'"
        ) from None


def _check_demo(document: Document, cure: Mapping[str, str], call: Invocation) -> int:
    """Check the sample file, which fails, then again with its fix; return the second status."""
    check = load("cli.check:check_values")
    values = document.values("smtp")
    check(values, document.path, "smtp", call)
    if not call.options.json:
        fix = ", ".join(f'{key} = "{value}"' for key, value in cure.items())
        print_line("")
        print_line(f"The demo's file fails on purpose. Its fix is {fix}. The test with the fix:")
        print_line("")
    return int(check({**values, **cure}, document.path, "smtp", call))
