"""The screen that imports another program's settings from a pasted text or a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.paths import expand
from smtp_tui.interchange.importer import LARGEST, ImportedFile, import_text, read_file
from smtp_tui.interchange.spec import (
    QUOTINGS,
    FormatSpec,
    InterchangeError,
    format_named,
    labels,
)
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.password_sources import LiteralSource, parse_source
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import hints_of
from smtp_tui.tui.custom_keys import bindings
from smtp_tui.tui.dialog_commands import IMPORT_COMMANDS
from smtp_tui.tui.messages import as_sentence, reword, text
from smtp_tui.tui.model.draft import HOST, PASSWORD, SettingsDraft
from smtp_tui.tui.model.fixes import format_current, format_value
from smtp_tui.tui.model.password import BULLETS, PasswordLocation
from smtp_tui.tui.model.settings_changes import ImportPlan, import_plan
from smtp_tui.tui.style import BAD, CAUTION, DIM, GOOD, PLAIN, STRONG
from smtp_tui.tui.widgets.dialog import PromptDialog, select
from smtp_tui.tui.widgets.pager import PasteArea, PasteScreen
from smtp_tui.tui.widgets.text_page import TextBlock, plain

_KEYS = {command.action: command.first_key for command in IMPORT_COMMANDS}


def reword_for_form(sentence: object) -> str:
    """Return a sentence that names keys instead of command-line options, escaped."""
    names = {"format": _KEYS["format"], "quoting": _KEYS["quoting"]}
    return escape_controls(reword("import-export-words", sentence, **names))


def ask_quoting(
    app: App[Any], spec: FormatSpec, quoting: str | None, take: Callable[[str | None], None]
) -> None:
    """Ask how an .env file is quoted; the first line, None, means the format's default."""
    lines = [text("choose", "quoting-usual", format=spec.title), *QUOTINGS]
    index = QUOTINGS.index(quoting) + 1 if quoting else 0
    quotings = (None, *QUOTINGS)
    select(app, text("choose", "quoting"), lines, index, lambda number: take(quotings[number]))


def count_lines(content: str) -> str:
    """Return a text's number of lines, as text."""
    count = content.count("\n")
    return "1 line" if count == 1 else f"{count} lines"


# Characters of a line that are masked and shown: the patterns are slow on long lines.
LONGEST_LINE = 2000
NO_FILE = ImportedFile("", "")
_INDENT = "    "
_NAMES = r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key"
# Mask too much rather than too little: a half-typed line may contain a password.
_FORMS = tuple(
    re.compile(rf"(?P<kept>{kept})(?:{hidden})", re.IGNORECASE)
    for kept, hidden in (
        # A setting or option by name: `SMTP_PASSWORD=…`, `"pass": …`, `password …`.
        (rf"(?:{_NAMES})[\w\]]*[\"']?\s*(?:=>|[:=]|\s)\s*", r"\S.*"),
        (r"(?<!\S)(?:-ap|--?auth-password|--?au-password)[ =]", r".+"),
        # The userinfo of a URL, up to the last @, or to a blank while no @ is typed yet.
        (r"://[^\s/:@]*:", r".*(?=@)|\S+"),
        # Postfix's SASL password table: `[host]:port user:password`.
        (r"^\s*\[?[\w.:-]+\]?(?::\d+)?\s+[^\s:=]+:", r"\S.*"),
    )
)


def mask_line(line: str, secret: str = "") -> str:
    """Return a line with secrets masked; `secret` is the known password, if any."""
    line = line.replace(secret, BULLETS) if secret else line
    for form in _FORMS:
        line = form.sub(rf"\g<kept>{BULLETS}", line)
    return line


class ImportPasteArea(PasteArea):
    """Keeps a whole text, up to a length that no settings file has."""

    hint = text("import", "hint")
    secret = ""

    def limit_text(self, text: str) -> str:
        """Return the text, cut just above the limit so that it still counts as too long."""
        return text[: LARGEST + 1]

    def visible_lines(self, text: str, height: int) -> list[str]:
        """Return the last lines with secrets masked."""
        last = text.rsplit("\n", height)[-height:]
        shown = [mask_line(line[:LONGEST_LINE], self.secret) for line in last]
        return [*shown[:-1], shown[-1] if len(last[-1]) <= LONGEST_LINE else f"{shown[-1]}…"]


def _preview(plan: ImportPlan, draft: SettingsDraft) -> Iterator[TextBlock]:
    """Yield the changes, warnings, what was not understood, and the fields that stay."""
    yield from _changes(plan, draft)
    imported = plan.imported
    if plan.leaks:
        host = format_value(HOST, plan.change[HOST])
        yield plain(text("import", "leaks", host=host), CAUTION)
    if imported.found and HOST not in imported.values:
        yield plain(text("import", "no-host"), CAUTION)
    if plan.unsayable:
        yield plain(text("import", "cannot", labels=_labels(plan.unsayable)), CAUTION)
    remarks = [
        f"{BY_KEY[remark.key].label}: {remark.text}" if remark.key in BY_KEY else remark.text
        for remark in imported.remarks
    ]
    for section, sign, style, sentences in (
        ("unread", "! ", CAUTION, imported.unread),
        ("remarks", "i ", DIM, remarks),
    ):
        if sentences:
            yield plain(text("import", section), STRONG)
        for sentence in sentences:
            spans = ((sign, style), (as_sentence(reword_for_form(sentence)), PLAIN))
            yield TextBlock(spans, "  ", _INDENT, gap=False)
    if plan.stays:
        yield plain(text("import", "stays", labels=_labels(plan.stays)), DIM)


def _changes(plan: ImportPlan, draft: SettingsDraft) -> Iterator[TextBlock]:
    imported = plan.imported
    if not imported.found:
        yield plain(text("import", "nothing"), CAUTION)
        return
    if plan.is_empty:
        yield plain(text("import", "same"), STRONG)
        return
    yield plain(text("import", "changes"), STRONG)
    follows = text("import", "follows", format=format_named(imported.format).title)
    for key in BY_KEY:
        more = ""
        if key == PASSWORD and plan.secret:
            old, new = _old_password(draft), plan.secret.description
        elif key in plan.change:
            old, new = format_current(key, draft), format_value(key, plan.change[key])
            if key not in imported.found:
                more = follows if key in imported.values else text("import", "gone")
        else:
            continue
        name, arrow = f"{BY_KEY[key].label}: ", f"{escape_controls(old)} -> "
        spans = ((name, STRONG), (arrow, DIM), (escape_controls(new), PLAIN), (more, DIM))
        yield TextBlock(spans, "  ", _INDENT, gap=False)


def _old_password(draft: SettingsDraft) -> str:
    password = draft.password
    if draft.raw(PASSWORD) is None and not password.at_hand:
        return text("import-password", "none")
    place = "this file" if password.location is PasswordLocation.FILE else f"{password.location}"
    return text("import-password", "kept", place=place)


def _labels(keys: Iterable[str]) -> str:
    return ", ".join(BY_KEY[key].label for key in keys)


class ImportScreen(PasteScreen[ImportPlan | None]):
    """Parses a text as it is typed; returns the import plan, or None."""

    place = "import"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(IMPORT_COMMANDS),
        Binding("alt+i", "leave", id="import"),
    ]

    def __init__(self, draft: SettingsDraft) -> None:
        self._area = ImportPasteArea()
        super().__init__(text("import", "title"), self._area)
        self._draft = draft
        self._file = NO_FILE
        self._format: str | None = None
        self._quoting: str | None = None
        self._plan: ImportPlan | None = None

    def read(self) -> None:
        """Parse the text, compare it with the form, and show what an import would change."""
        self._plan, problem = None, ""
        content, file = self._area.text, self._file
        if content.strip() and len(content) > LARGEST:
            problem = text("import", "too-long", limit=LARGEST >> 20)
        elif content.strip():
            name, quoting, beside = file.name, self._quoting, file.beside
            try:
                imported = import_text(
                    content, self._format, name=name, quoting=quoting, beside=beside
                )
            except InterchangeError as error:
                problem = as_sentence(reword_for_form(error))
            else:
                # Mask the password everywhere, not only in the line that sets it.
                password = parse_source(imported.values.get(PASSWORD, ""))
                self._area.secret = password.value if isinstance(password, LiteralSource) else ""
                self._plan = import_plan(imported, self._draft)
        self.page.show([*self._blocks(problem)])
        # Hide the hints of keys that would do nothing now.
        is_hidden = {
            "take": self._plan is None or self._plan.is_empty,
            "quoting": self._spec is None or not self._spec.takes_quoting,
            "clear": not content,
        }
        hidden = [action for action in is_hidden if is_hidden[action]]
        self.hints.show(hints_of(IMPORT_COMMANDS, hidden))

    def action_take(self) -> None:
        """Return the plan that the preview shows."""
        shown = self._plan
        self.show()
        # Text typed just now has not been parsed yet: show its plan first.
        if shown is not None and shown == self._plan and not shown.is_empty:
            self.dismiss(shown)

    def action_format(self) -> None:
        """Ask for the format; the first line means detection."""
        names = [None, *labels()]
        lines = [text("choose", "by-itself"), *labels().values()]

        def take(number: int) -> None:
            self._format, self._quoting = names[number], None
            self.show()

        select(self.app, text("choose", "format"), lines, names.index(self._format), take)

    def action_quoting(self) -> None:
        """Ask how the file is quoted."""

        def take(quoting: str | None) -> None:
            self._quoting = quoting
            self.show()

        if self._spec is not None and self._spec.takes_quoting:
            ask_quoting(self.app, self._spec, self._quoting, take)

    def action_clear(self) -> None:
        """Clear the text, file and format."""
        self._file, self._format, self._quoting = NO_FILE, None, None
        super().action_clear()
        self.show()

    @property
    def _spec(self) -> FormatSpec | None:
        name = self._plan.imported.format if self._plan else self._format
        return format_named(name) if name else None

    def action_file(self, typed: str = "", problem: str = "") -> None:
        """Ask for a file and read it; ask again if that fails."""

        def take(typed: str | None) -> None:
            if typed is not None:
                self.run_worker(self._read(typed), group="file", exclusive=True)

        actions = "Read it", "Back"
        prompt = PromptDialog(text("import", "file"), "File", typed, actions, problem, is_path=True)
        self.app.push_screen(prompt, take)

    async def _read(self, typed: str) -> None:
        # In its own thread: a network file system may be slow.
        path, form = expand(typed, Path()), self._format
        try:
            file = await in_daemon_thread(lambda: read_file(path, form))
        except DocumentError as error:
            self.action_file(typed, as_sentence(escape_controls(str(error))))
            return
        self._file = file
        self._area.set_text(file.content)
        self.show()

    def _blocks(self, problem: str) -> Iterator[TextBlock]:
        if self._file.name:
            name, lines = escape_controls(self._file.name), count_lines(self._file.content)
            yield plain(text("import", "read", name=name, lines=lines), DIM)
        for unreadable in self._file.problems:
            yield plain(as_sentence(escape_controls(unreadable)), BAD, gap=False)
        if problem:
            yield plain(problem, BAD, gap=False)
        elif self._plan is None:
            yield plain(text("import", "start", key=_KEYS["take"]), DIM)
        else:
            imported, how = self._plan.imported, "chosen" if self._format else "recognised"
            title, why = format_named(imported.format).title, escape_controls(imported.why)
            quoting = text("import", "quoted", quoting=self._quoting) if self._quoting else ""
            recognised = text("import", how, format=title, why=why)
            yield plain(f"{recognised}{quoting}", GOOD, gap=False)
            yield from _preview(self._plan, self._draft)
