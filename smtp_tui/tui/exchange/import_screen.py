"""Another program's settings, pasted or read from a file; below, what they would change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.paths import expand
from smtp_tui.interchange.importing import LARGEST, import_text
from smtp_tui.interchange.known import Format, format_named
from smtp_tui.interchange.results import Imported, InterchangeError
from smtp_tui.interchange.text_files import TextFile, read_file
from smtp_tui.smtp.escaping import visible
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.appearing import Appearing
from smtp_tui.tui.asides.ask_line import AskLine
from smtp_tui.tui.asides.error_text import ErrorText
from smtp_tui.tui.bars import HintBar
from smtp_tui.tui.exchange.choosing import chosen_format, chosen_quoting, of_formats, of_quotings
from smtp_tui.tui.exchange.pad import Pad
from smtp_tui.tui.exchange.preview import preview_blocks
from smtp_tui.tui.exchange.taking import Proposal, proposed
from smtp_tui.tui.exchange.words import in_the_form, key_here, lines, text
from smtp_tui.tui.form.model import PASSWORD, Draft
from smtp_tui.tui.ink import BAD, DIM, GOOD, STRONG
from smtp_tui.tui.keys.dialog_commands import IMPORT_COMMANDS
from smtp_tui.tui.keys.hints import hints_of
from smtp_tui.tui.saving.wording import sentence
from smtp_tui.tui.sidebar.page import Page
from smtp_tui.tui.sidebar.prose import Block, plain

REST = 0.3
NO_FILE = TextFile("", "")


class ImportScreen(Appearing, Screen[Proposal | None], inherit_bindings=False):
    """Reads the text while it is typed; the result is what to take over, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding for command in IMPORT_COMMANDS),
        Binding("f10,ctrl+x,alt+i", "leave", show=False),
        Binding("up", "go(-1)", show=False),
        Binding("down", "go(1)", show=False),
        Binding("pageup", "go(-5)", show=False),
        Binding("pagedown", "go(5)", show=False),
    ]

    def __init__(self, draft: Draft) -> None:
        super().__init__(classes="error")
        self._draft = draft
        self._pad = Pad()
        self._says = Page(classes="says")
        self._hints = HintBar((), indent=0)
        self._file = NO_FILE
        self._format: str | None = None
        self._quoting: str | None = None
        self._proposal: Proposal | None = None
        self._problem = ""
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """Stack them."""
        yield Page([plain(text("import", "title"), STRONG)])
        yield self._pad
        yield self._says
        yield self._hints

    def on_mount(self) -> None:
        """Begin with nothing."""
        self.set_focus(self._pad)
        self._show()

    def on_error_text_edited(self, event: ErrorText.Edited) -> None:
        """Read it when the hand rests."""
        event.stop()
        self._stop_rest()
        self._rest = self.set_timer(REST, self._show)

    def action_take(self) -> None:
        """Take over what the preview shows."""
        shown = self._proposal
        self._show()
        # What was typed within the last moments has not been looked at: show it first.
        if shown is not None and shown == self._proposal and not shown.is_empty:
            self.dismiss(shown)

    def action_format(self) -> None:
        """Ask for the format."""
        self.app.push_screen(of_formats(self._format), self._take_format)

    def action_quoting(self) -> None:
        """Ask how the file is quoted."""
        form = self._form
        if form is not None and form.takes_quoting:
            self.app.push_screen(of_quotings(form, self._quoting), self._take_quoting)

    def action_file(self) -> None:
        """Ask for a file, and read it."""
        self._ask_file("")

    def action_clear(self) -> None:
        """Begin again."""
        self._file, self._format, self._quoting = NO_FILE, None, None
        self._pad.clear()
        self._show()

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)

    def action_go(self, lines: int) -> None:
        """Read on in the preview."""
        self._says.scroll_to(y=self._says.scroll_offset.y + lines, animate=False)

    @property
    def _form(self) -> Format | None:
        if self._proposal is not None:
            return format_named(self._proposal.imported.format)
        return format_named(self._format) if self._format else None

    def _take_format(self, index: int | None) -> None:
        if index is not None:
            self._format, self._quoting = chosen_format(index), None
            self._show()

    def _take_quoting(self, index: int | None) -> None:
        if index is not None:
            self._quoting = chosen_quoting(index)
            self._show()

    def _ask_file(self, typed: str, problem: str = "") -> None:
        title, label = text("import", "file"), text("import", "label")
        line = AskLine(title, label, typed, ("Read it", "Back"), problem)
        self.app.push_screen(line, self._begin_reading)

    def _begin_reading(self, typed: str | None) -> None:
        if typed is not None:
            self.run_worker(self._read(typed), group="file", exclusive=True)

    async def _read(self, typed: str) -> None:
        """Read a file in a thread of its own: a disk far away may let it wait."""
        path, form = expand(typed, Path()), self._format
        try:
            file = await in_daemon_thread(lambda: read_file(path, form))
        except DocumentError as error:
            self._ask_file(typed, sentence(visible(str(error))))
            return
        self._pad.clear()
        self._file = file
        self._pad.action_add(file.content)
        self._show()

    def _show(self) -> None:
        self._stop_rest()
        self._import()
        self._says.show([*self._blocks()])
        self._hints.show(hints_of(one for one in IMPORT_COMMANDS if self._can(one.action)))

    def _import(self) -> None:
        """Read the text, and compare it with the form."""
        self._proposal, self._problem = None, ""
        content = self._pad.text
        if not content.strip():
            return
        if len(content) > LARGEST:
            self._problem = text("import", "too-long", limit=LARGEST >> 20)
            return
        try:
            imported = import_text(
                content,
                self._format,
                name=self._file.name,
                quoting=self._quoting,
                beside=self._file.beside,
            )
        except InterchangeError as error:
            self._problem = sentence(in_the_form(error))
            return
        self._pad.learn(imported.values.get(PASSWORD))
        self._proposal = proposed(imported, self._draft)

    def _blocks(self) -> Iterator[Block]:
        if self._file.name:
            names = {
                "name": visible(self._file.name),
                "lines": lines(self._file.content.count("\n")),
            }
            yield plain(text("import", "read", **names), DIM)
        for problem in self._file.problems:
            yield plain(sentence(visible(problem)), BAD, gap=False)
        if self._problem:
            yield plain(self._problem, BAD, gap=False)
        elif self._proposal is None:
            yield plain(text("import", "start", key=key_here("take")), DIM)
        else:
            yield self._recognised(self._proposal.imported)
            yield from preview_blocks(self._proposal, self._draft)

    def _recognised(self, imported: Imported) -> Block:
        names = {"format": format_named(imported.format).title, "why": visible(imported.why)}
        how = "chosen" if self._format else "recognised"
        quoting = text("import", "quoted", quoting=self._quoting) if self._quoting else ""
        return plain(text("import", how, **names) + quoting, GOOD, gap=False)

    def _can(self, action: str) -> bool:
        match action:
            case "take":
                return self._proposal is not None and not self._proposal.is_empty
            case "quoting":
                return self._form is not None and self._form.takes_quoting
            case "clear":
                return bool(self._pad.text)
            case _:
                return True

    def _stop_rest(self) -> None:
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
