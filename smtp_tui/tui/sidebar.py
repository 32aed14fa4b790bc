"""Explain the focused row in the sidebar, and show messages below the form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from rich.style import Style
from textual.events import Key

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.paths import config_folder
from smtp_tui.diagnosis.advice import Advice
from smtp_tui.diagnosis.field_notes import observations_of, value_note
from smtp_tui.providers import Provider, SecretKind, UsernameKind, presets_with, provider_of
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.settings.schema import explanation
from smtp_tui.tui.commands import key_of, log_keys, with_keys
from smtp_tui.tui.form.form import Form, letters
from smtp_tui.tui.form.rows import MORE_LABEL, SIGNS
from smtp_tui.tui.layout import lacks_sidebar
from smtp_tui.tui.log.view import LogView
from smtp_tui.tui.messages import as_sentence
from smtp_tui.tui.model.draft import ACCOUNT, HOST, PASSWORD, SettingsDraft, text_of
from smtp_tui.tui.model.fixes import LastTest
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import BAD, CAUTION, DIM, FOCUS, PLAIN, STRONG
from smtp_tui.tui.test_pane.pane import TestPane
from smtp_tui.tui.typeahead import KeyQueue
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, labelled, parse, plain

LOCATION_SUMMARY = (
    "Where the password is kept. Choose another place: saving stores it there, reads it back, then "
    "removes it from here."
)
WHICH_LETTER = "Which letter?"


class Sidebar(TextPage):
    """A page that the form's keys scroll; it never has the focus."""

    DEFAULT_CSS = "Sidebar { height: 100%; }"


class SidebarController:
    """Updates sidebar and message for the focused row.

    A message stays until a value changes, or the focus leaves the field that it is about.
    """

    def __init__(
        self,
        form: Form,
        test_pane: TestPane,
        sidebar: Sidebar,
        message: TextPage,
        about_file: Callable[[], Iterable[TextBlock]],
    ) -> None:
        self._form, self._test_pane = form, test_pane
        self._sidebar, self._message = sidebar, message
        self._about_file = about_file
        self._message_text = ""
        self._message_at: str | None = None
        self._hides_field = False

    def show_message(self, text: str, style: Style = PLAIN, *, at: str | None = None) -> None:
        """Show a message; `at` is the field that gets the focus next."""
        self._message_text, self._message_at = text, at or self._form.current_row.key
        # Texts name the default keys; the admin may have chosen others.
        self._message.show([plain(with_keys(text), style)])

    def withdraw_message(self, text: str) -> None:
        """Clear a message that is no longer true, if it was the last one."""
        if self._message_text == text:
            self.clear_message()

    def clear_message(self) -> None:
        """Clear the message."""
        self._message_at = None
        self.refresh_message()

    def set_field_hidden(self, hides: bool) -> None:
        """Hide the message about a field while the log hides the form."""
        if hides != self._hides_field:
            self._hides_field = hides
            self.refresh_message()

    def jump(self) -> None:
        """Show a letter next to each row; the next key focuses the row with that letter."""
        app, form = self._form.app, self._form
        assert isinstance(app, KeyQueue)  # only the key queue can intercept the next key
        out_of_view = form.show_letters()
        if self._sidebar.size:
            prompt = plain(f"{WHICH_LETTER} Also:" if out_of_view else WHICH_LETTER, STRONG)
            lines = (((letter, FOCUS), (f" {label}", PLAIN)) for letter, label in out_of_view)
            self._sidebar.show([prompt, *(TextBlock(line, gap=False) for line in lines)])
        else:  # they fit on one line, so the layout stays
            listed = ", ".join(f"{letter} {label}" for letter, label in out_of_view)
            self._message.show([plain(f"{WHICH_LETTER} {listed}")])

        def focus_row(key: Key) -> None:
            form.hide_letters()
            self.refresh()
            for row_key, letter in letters().items():
                if letter and (key.character or "").casefold() == letter:
                    form.focus_field(row_key)

        app.take_next_key(focus_row)

    def follow_focus(self) -> None:
        """Show the page of the new focus; clear a message about another field."""
        if self._message_at != self._form.current_row.key or self._is_in_log:
            self._message_at = None
        self.refresh()

    def refresh(self, *, from_top: bool = True) -> None:
        """Show the current page of the focused row or the log."""
        row, pane, is_in_log = self._form.current_row, self._test_pane, self._is_in_log
        if is_in_log:
            blocks = _log_blocks(pane, self._about_file())
        else:
            advice = self._form.advice_on(row.key)
            blocks = _field_blocks(row.key, self._form.draft, row.state, advice, pane.last_test)
        # PgDn scrolls the log while the log has the focus.
        self._sidebar.name_key("" if is_in_log else "PgDn")
        pane.verdict.name_key(key_of("zoom" if is_in_log else "switch"))
        self._sidebar.show(blocks, from_top=from_top)
        self.refresh_message()

    def refresh_message(self) -> None:
        """Show a problem that does not fit in its row; without a sidebar, a summary."""
        if self._message_at is not None:
            return
        row, size = self._form.current_row, self._form.screen.size
        if self._hides_field:
            self._message.show([])
        elif row.hides_problem:
            self._message.show([plain(row.state.problem, BAD)])
        elif lacks_sidebar(size):
            summary = row.state.limit or _summary(row.key)
            spans = [(summary, DIM)]
            if advice := self._form.advice_on(row.key):
                sign, style = SIGNS[advice[0].severity]
                spans = [(f"{sign} ", style), (f"{advice[0].text} ", PLAIN), *spans]
            if row.hides_fault:
                spans.insert(0, (f"! {row.state.fault}  ", BAD))
            self._message.show([TextBlock(tuple(spans))])
        else:
            self._message.show([])

    @property
    def _is_in_log(self) -> bool:
        return isinstance(self._form.screen.focused, LogView)


def _summary(key: str) -> str:
    if key == MORE_LABEL:
        return "Settings that you rarely need; Enter shows them."
    return BY_KEY[key].summary if key in BY_KEY else LOCATION_SUMMARY


def _field_blocks(
    row_key: str,
    draft: SettingsDraft,
    state: RowState,
    advice: Sequence[Advice],
    last: LastTest | None,
) -> list[TextBlock]:
    """Return the blocks about a row, most important first.

    The order: title, problem, advice, description, meaning of the value, provider, rest of the
    page. If a test found something, meaning and finding come before the description.
    """
    if row_key == MORE_LABEL:
        intro = plain("Settings that you rarely need. Enter shows or hides them.")
        folded = [field for field in FIELDS if field.advanced]
        listed = [
            TextBlock(((f"{field.label}: ", STRONG), (field.summary, PLAIN))) for field in folded
        ]
        return [plain("More", STRONG), *_advice_blocks(advice), intro, *listed]
    key = row_key if row_key in BY_KEY else PASSWORD
    (title, *lead), rest = _page(key)
    if row_key != key:
        title, *lead = plain("Kept in", STRONG), plain(LOCATION_SUMMARY)
    note = value_note(key, draft.values())
    now = [labelled("Now", note)] if note else []
    # The finding of a test is more useful than the general description.
    if last and (found := observations_of(key, last.facts, last.verdict)):
        when = "Last test, before your change" if last.is_stale else "Last test"
        what = [*now, labelled(when, found), *lead]
    else:
        what = [*lead, *(replace(block, gap=True) for block in now)]
    wrong = [TextBlock((("! ", BAD), (state.problem, BAD)), rest="  ", gap=False)]
    return [
        title,
        *(wrong if state.problem else ()),
        *_application_blocks(key, draft, state),
        *_advice_blocks(advice, key),
        *what,
        *_provider_blocks(key, draft),
        *rest,
    ]


def _page(key: str) -> tuple[list[TextBlock], list[TextBlock]]:
    """Return a field's page in two parts: title and lead, and all later sections."""
    try:
        lead, mark, rest = explanation(key).partition("\n## ")
    except FileNotFoundError:  # a new field works without a page
        return [plain(BY_KEY[key].label, STRONG), plain(BY_KEY[key].summary)], []
    return parse(lead), parse(f"{mark}{rest}")


def _application_blocks(key: str, draft: SettingsDraft, state: RowState) -> Iterator[TextBlock]:
    """Yield the limits and the default of the file's application."""
    if state.limit:
        yield labelled("Cannot be set here", state.limit)
    elif state.refused:
        yield labelled(f"Not here: {', '.join(state.refused)}", next(iter(state.refused.values())))
    for word, why in state.doubts.items():
        if word != state.chosen:  # else advice says it
            yield labelled(f"Not here: {word}", as_sentence(why))
    raw = draft.assumed(key)
    if raw is not None and draft.raw(key) is None and key != PASSWORD:
        shown = state.chosen or text_of(raw)
        yield plain(f"Not in the file: {draft.application} uses {shown}.", gap=False)


def _advice_blocks(advice: Iterable[Advice], key: str | None = None) -> Iterator[TextBlock]:
    """Yield each advice in full; if it is about another field than `key`, name the field."""
    for item in advice:
        sign, style = SIGNS[item.severity]
        spans = [(item.text, PLAIN)]
        if item.field != key:
            spans.insert(0, (f"{BY_KEY[item.field].label}: ", STRONG))
        if item.more:
            spans.append((f" {item.more}", PLAIN))
        yield TextBlock(((f"{sign} ", style), *spans), rest="  ", gap=False)


def _provider_blocks(key: str, draft: SettingsDraft) -> Iterator[TextBlock]:
    """Yield what the host's provider requires of a field.

    The meaning of the value names the provider and its first note; these blocks add the rest.
    """
    host = draft.text(HOST)
    if not host:
        return
    own_providers = _own_providers(config_folder() / "providers")
    own = next((provider for provider in own_providers if provider.matches(host)), None)
    provider = own or provider_of(host)
    if provider is None:
        return
    blocks: list[TextBlock] = []
    if key == HOST:
        # The meaning of the value has a built-in provider's first note already.
        notes = (*provider.notes[0 if own else 1 :], *provider.limits)
        blocks += (TextBlock(plain(note).spans, "- ", "  ", gap=False) for note in notes)
    elif key == ACCOUNT and provider.user is not UsernameKind.NONE and (own or draft.raw(ACCOUNT)):
        blocks.append(labelled("Username", provider.username_is))
    elif key == PASSWORD and provider.secret is not SecretKind.NONE:
        blocks += [labelled("Password", provider.password_is)] if own else []
        blocks += [labelled("Create it at", provider.page)] if provider.page else []
    if blocks:
        yield plain(f"At {provider.name}", STRONG)
        yield from blocks


@cache
def _own_providers(folder: Path) -> tuple[Provider, ...]:
    """Return the providers from the admin's files, read once."""
    if not folder.is_dir():
        return ()
    presets = presets_with(folder)
    return tuple(provider for provider in presets.providers if provider.id in presets.own)


def _log_blocks(pane: TestPane, file: Iterable[TextBlock]) -> list[TextBlock]:
    """Return the last verdict in full, the DNS report, the keys of the log, and `file`."""
    verdict = pane.verdict_blocks()
    shown = verdict or [plain("No test has finished yet.")]
    shown = [*(replace(block, gap=True) for block in shown), *pane.domain_blocks()]
    keys = [plain("Keys in the log", STRONG)]
    keys += [labelled(names, what) for names, what in log_keys()]
    # Before the first test, the file's format is more useful than the keys.
    rest = [*keys, *file] if verdict else [*file, *keys]
    return [plain("The last test", STRONG), *shown, *rest]


def file_blocks(document: Document, table: str) -> Iterator[TextBlock]:
    """Yield the file's format and why, the remarks, and the key that changes the format."""
    yield plain("The file", STRONG)
    yield plain(f"{escape_controls(str(document.recognition))}.", gap=False)
    yield from (plain(remark, CAUTION, gap=False) for remark in remarks(document, table))
    yield plain(f"{key_of('dialect')} chooses another format.", gap=False)


def remarks(document: Document, table: str) -> tuple[str, ...]:
    """Return sentences on the table: unknown or unclear keys, mail switched off."""
    try:
        return tuple(map(escape_controls, document.remarks(table)))
    except DocumentError:  # opening the table shows the error
        return ()
