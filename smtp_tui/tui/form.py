"""The form: a row a field, made from the one field table, over the values being edited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.timer import Timer

from smtp_tui.settings.fields import BY_KEY, FIELDS, Field, Kind
from smtp_tui.tui.choice import ChoiceRow
from smtp_tui.tui.kept import Kept
from smtp_tui.tui.looks import choices_of, kept_look, looks, raw_of
from smtp_tui.tui.model import PASSWORD, Draft
from smtp_tui.tui.more import MoreRow
from smtp_tui.tui.rows import Row
from smtp_tui.tui.text_row import TextRow

KEPT = "kept"
REST = 0.6


class Form(VerticalScroll, can_focus=False):
    """All rows; passes what the hand does on to the draft, and the draft's looks to the rows."""

    DEFAULT_CSS = """
    Form {
        height: auto;
        scrollbar-size: 0 0;
        .folded { display: none; }
        &.-unfolded .folded { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,shift+tab", "move(-1)", show=False),
        Binding("down,tab,enter", "move(1)", show=False),
    ]

    @dataclass
    class Visited(Message):
        """The focus came to a row, or what there is to say about it changed."""

        row: Row

    class Changed(Message):
        """A value changed."""

    class Rested(Message):
        """The hand rests, or left the field it was typing in."""

    @dataclass
    class KeptElsewhere(Message):
        """Another place was chosen for the password."""

        place: Kept

    def __init__(self, draft: Draft, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.draft = draft
        self._typing: str | None = None
        self._rest: Timer | None = None
        self._last: Row | None = None

    def compose(self) -> ComposeResult:
        """Make the rows."""
        folded = [field for field in FIELDS if field.folded]
        for field in FIELDS:
            if field.folded:
                continue
            yield _row(field)
            if field.key == PASSWORD:
                yield ChoiceRow(KEPT, "  Kept in", tuple(Kept))
        yield MoreRow()
        for field in folded:
            yield _row(field, classes="folded")

    def on_mount(self) -> None:
        """Fill the rows and begin at the first."""
        self.reload()
        self._go_to(self.here)

    @property
    def line_count(self) -> int:
        """How many rows there are to see."""
        return sum(1 for _ in self.rows())

    @property
    def here(self) -> Row:
        """The row under the cursor, or the one that was."""
        focused = self.screen.focused
        # While the log has the whole screen Textual looks for another place for the focus.
        if isinstance(focused, Row) and focused in self.children and self.region:
            self._last = focused
        return self._last or next(self.rows())

    def focus_last(self) -> None:
        """Bring the focus back to where it was."""
        self._go_to(self.here)

    def rows(self, *, all_of_them: bool = False) -> Iterator[Row]:
        """Yield the rows that are in sight, from the top."""
        for row in self.query_children(Row):
            if all_of_them or row.display:
                yield row

    def row(self, topic: str) -> Row:
        """Return the row of a topic, in sight or not."""
        return next(row for row in self.rows(all_of_them=True) if row.topic == topic)

    def reload(self) -> None:
        """Show the draft as it is now, whatever was typed."""
        self._typing = None
        for row in self.rows(all_of_them=True):
            if isinstance(row, TextRow):
                row.load(self._text(row.topic))
        self.refresh_looks()

    def refresh_looks(self) -> None:
        """Give every row its look; a problem is told when the hand rests."""
        everything = looks(self.draft)
        everything[KEPT] = kept_look(self.draft)
        for row in self.rows(all_of_them=True):
            look = everything.get(row.topic)
            if look is not None:
                row.show(replace(look, problem="") if row.topic == self._typing else look)
        self._count_folded()

    def visit(self, key: str) -> None:
        """Put the focus on a field, unfolding where it must."""
        row = self.row(key)
        if BY_KEY[key].folded:
            self.unfold()
            # Its place is known only when the unfolded rows are laid out.
            self.call_after_refresh(self.scroll_to_widget, row, animate=False)
        self.settle()
        self._go_to(row)

    def unfold(self, wanted: bool = True) -> None:
        """Show or hide the folded fields."""
        self.set_class(wanted, "-unfolded")
        self.query_exactly_one(MoreRow).open(wanted)

    def settle(self) -> None:
        """Tell the problem of the field that was typed in."""
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        if self._typing is not None:
            self._typing = None
            self.refresh_looks()
        self.post_message(self.Rested())

    def action_move(self, by: int) -> None:
        """Go to the next row, or the one before; after the last comes the first."""
        rows = list(self.rows())
        self._go_to(rows[(rows.index(self.here) + by) % len(rows)])

    def on_row_entered(self, event: Row.Entered) -> None:
        """Tell which row is visited."""
        event.stop()
        self.post_message(self.Visited(event.row))

    def on_row_left(self, event: Row.Left) -> None:
        """Take what was typed as meant."""
        event.stop()
        if self._typing == event.row.topic:
            self.settle()

    def on_text_row_edited(self, event: TextRow.Edited) -> None:
        """Take what is typed."""
        event.stop()
        if event.row.topic == PASSWORD:
            self.draft.password.type(event.row.text)
        else:
            self.draft.edit(event.row.topic, event.row.text)
        self._typing = event.row.topic
        self._await_rest()
        self._changed()

    def on_text_row_emptied(self, event: TextRow.Emptied) -> None:
        """Forget the password that the file holds."""
        event.stop()
        if event.row.topic == PASSWORD and self.draft.password.is_masked:
            self.draft.password.erase()
            self._changed()

    def on_choice_row_chosen(self, event: ChoiceRow.Chosen) -> None:
        """Take a choice."""
        event.stop()
        if event.row.topic == KEPT:
            self._keep(event.word)
        else:
            field = BY_KEY[event.row.topic]
            raw = None if event.word is None else raw_of(field, event.word)
            self.draft.edit(field.key, raw)
            self._changed()
        self._await_rest()

    def on_more_row_unfolded(self) -> None:
        """Show the folded fields, and as many of them as there is room for."""
        self.unfold()
        more = self.query_exactly_one(MoreRow)
        self.call_after_refresh(self.scroll_to_widget, more, animate=False, top=True)

    def on_more_row_folded(self) -> None:
        """Hide them again."""
        self.unfold(False)

    def _go_to(self, row: Row) -> None:
        """Move the focus at once: `Widget.focus` waits, and keys typed ahead would go astray."""
        self._last = row
        self.screen.set_focus(row)

    def _keep(self, word: str | None) -> None:
        password = self.draft.password
        if word is None:
            password.reset()
        else:
            password.keep(Kept(word))
        row = self.row(PASSWORD)
        if isinstance(row, TextRow):
            row.load(password.text)
        self._changed()
        # Last, for what is said of the new place would be wiped out by the change.
        if word is not None:
            self.post_message(self.KeptElsewhere(password.kept))

    def _text(self, topic: str) -> str:
        return self.draft.password.text if topic == PASSWORD else self.draft.text(topic)

    def _changed(self) -> None:
        self.refresh_looks()
        self.post_message(self.Changed())

    def _await_rest(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self.settle)

    def _count_folded(self) -> None:
        """Say on the row that unfolds them how many of the folded fields are set."""
        count = sum(self.draft.raw(field.key) is not None for field in FIELDS if field.folded)
        more = self.query_exactly_one(MoreRow)
        more.show(replace(more.look, note=f"{count} set" if count else ""))


def _row(field: Field, *, classes: str | None = None) -> Row:
    if field.kind in (Kind.CHOICE, Kind.SWITCH):
        return ChoiceRow(field.key, field.label, choices_of(field), classes=classes)
    return TextRow(field.key, field.label, classes=classes)
