"""Run a session of questions and answers: signals, its table, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from smtp_tui.config.dialects.spec import PLAIN
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.preferences import NAME, Preferences
from smtp_tui.tui.commands import set_active_keys, with_keys
from smtp_tui.tui.linear.commands import COMMANDS, TableChosenError, choose_table
from smtp_tui.tui.linear.console import Console, on_signal
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.linear.session import INTRO, LinearSession
from smtp_tui.tui.messages import CHANGES_KEPT
from smtp_tui.tui.model.check_request import Runner, run_check
from smtp_tui.tui.model.file_context import OpenFileContext
from smtp_tui.tui.model.session import SessionMemory


def run_linear(
    document: Document,
    table: str | None,
    preferences: Preferences,
    *,
    notice: str,
    is_demo: bool,
    report: Callable[[str], None],
    runner: Runner = run_check,
    console: Console | None = None,
) -> int:
    """Run a session on a table, or on one that the admin chooses; return the exit status.

    `is_demo`: keep no unsaved changes, and ask no other machine. `report` prints an error.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    console = console or Console()
    # Texts name a command by its key; here that is what one types.
    set_active_keys(
        {command.action: (f":{command.name}",) for command in COMMANDS if command.action}
    )
    session: LinearSession | None = None
    memory = SessionMemory()
    with _signals_end():
        try:
            table = table or choose_table(console, document)
            while table is not None:
                session = _open(console, document, table, memory, runner, preferences.dkim, is_demo)
                problems = "; ".join(preferences.problems)
                _introduce(session, notice, f"{NAME}: {problems}" if problems else "")
                try:
                    asyncio.run(session.run())
                except TableChosenError as chosen:
                    table = chosen.table
                else:
                    break
        except BaseException as error:
            # After a signal or a crash, unsaved changes wait for the next session.
            if session is not None and not is_demo and session.commands.saving.keep_changes():
                report(CHANGES_KEPT)
            if isinstance(error, SystemExit) and isinstance(error.code, int):
                return error.code
            raise
        finally:
            set_active_keys({})
    return 0


def _open(
    console: Console,
    document: Document,
    table: str,
    memory: SessionMemory,
    runner: Runner,
    selectors: tuple[str, ...],
    is_demo: bool,
) -> LinearSession:
    file_context = OpenFileContext(document, table)
    context = LinearContext(
        console=console,
        document=document,
        table=table,
        file_context=file_context,
        draft=file_context.draft(),
        runner=runner,
        session=memory,
        selectors=selectors,
        is_demo=is_demo,
    )
    return LinearSession(context)


def _introduce(session: LinearSession, notice: str, remark: str) -> None:
    """Say what is open, how to answer, and what is wrong with it already."""
    context, console = session.context, session.console
    document, table = context.document, context.table
    state = "" if document.exists else ", new file"
    if document.exists and document.lacks(table):
        state = ", no SMTP table yet"
    keys = document.application or PLAIN
    console.show(f"smtp-tui: {document.path}, table {table}, {keys} keys{state}.")
    try:
        remarks = document.remarks(table)
    except DocumentError:  # the first save reports it
        remarks = ()
    for line in filter(None, (with_keys(notice), remark, *remarks, INTRO)):
        console.show(line)
    if not context.is_demo:
        session.commands.saving.offer_recovery()


@contextmanager
def _signals_end() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the session in an orderly way, and Ctrl+C do nothing by itself."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with (
        on_signal(signal.SIGTERM, end),
        on_signal(signal.SIGHUP, end),
        on_signal(signal.SIGINT, lambda _number, _frame: None),
    ):
        yield
