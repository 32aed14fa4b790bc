"""The row of a choice: its words in one line, the current one marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, Key
from textual.geometry import Offset
from textual.message import Message

from smtp_tui.tui.form.rows import Row, RowEvent
from smtp_tui.tui.model.row_state import DEFAULT
from smtp_tui.tui.style import DIM, PLAIN, STRONG, Span

MORE = "…"


def cells_of(words: Sequence[str], start: int, end: int) -> int:
    """Return the cells of a range of words, with the mark of the current one and signs of more."""
    # A blank between two words, and the current one's mark.
    size = sum(map(len, words[start:end])) + (end - start - 1) + 2
    return size + ((start > 0) + (end < len(words))) * (len(MORE) + 1)


def window(words: Sequence[str], current: int, width: int) -> tuple[int, int]:
    """Return the range with the most words around the current one that fits.

    A sign stands for the words before or after it; of ranges with equally many words, it is the one
    with fewer signs, then the one further to the right.
    """
    best, rank = (current, current + 1), (0, 0)
    for start in range(current + 1):
        for end in range(current + 1, len(words) + 1):
            signs = (start > 0) + (end < len(words))
            fits = cells_of(words, start, end) <= width
            if fits and (end - start, -signs) >= rank:
                best, rank = (start, end), (end - start, -signs)
    return best


class ChoiceRow(Row):
    """A row of words; the current one is marked `‹word›`, or `(word)` if it is the default."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
        Binding("space", "list", show=False),
        Binding("delete,backspace", "reset", show=False),
    ]

    edits_sideways = True

    class Chosen(RowEvent):
        """A word was chosen; None resets the field to its default."""

        def __init__(self, row: ChoiceRow, word: str | None) -> None:
            super().__init__(row)
            self.word = word

    class Rejected(Message):
        """The admin tried a word that cannot be chosen here; `why` is the reason."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(
        self, key: str, label: str, words: tuple[str, ...], *, classes: str | None = None
    ) -> None:
        super().__init__(key, label, classes=classes)
        self.words = words

    @property
    def current(self) -> int:
        """The index of the current word; -1 if the value is none of the words."""
        return self.words.index(self.state.chosen) if self.state.chosen in self.words else -1

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the words that fit, with the current one marked, and their width."""
        start, end = self._visible(width)
        spans: list[Span] = [(f"{MORE} ", DIM)] if start else []
        for index in range(start, end):
            if index > start:
                spans.append((" ", PLAIN))
            spans.append(self._word_span(index))
        if end < len(self.words):
            spans.append((f" {MORE}", DIM))
        return spans, sum(len(text) for text, _ in spans)

    @property
    def note(self) -> str:
        """The note behind the words; parentheses already mark a default."""
        return "" if self.state.note == DEFAULT else self.state.note

    @property
    def wanted_cells(self) -> tuple[int, ...]:
        """The widths of all words, of the current one with a neighbour, and of it alone."""
        words, at = self.words, max(self.current, 0)
        pairs = [(max(at - 1, 0), at + 1), (at, min(at + 2, len(words)))]
        two = min(cells_of(words, *pair) for pair in pairs if pair[1] - pair[0] == 2)
        return cells_of(words, 0, len(words)), two, cells_of(words, at, at + 1)

    def cursor_at(self) -> Offset:
        """Return the place of the current word, behind its mark."""
        start, _ = self._visible(self.value_room(self.size.width))
        before = sum(len(word) + 1 for word in self.words[start : max(self.current, 0)])
        lead = len(MORE) + 1 if start else 0
        return Offset(self.value_at + lead + before + (self.current >= 0), 0)

    def on_key(self, event: Key) -> None:
        """Choose the next word that begins with the typed character."""
        character = event.character
        # Alt with a letter is a command's key.
        if character is None or not character.isalnum() or event.key.startswith("alt+"):
            return
        event.stop()
        self._choose_next(character.casefold())

    async def on_click(self, event: Click) -> None:
        """Choose the clicked word; list all of them at the sign of more."""
        start, end = self._visible(self.value_room(self.size.width))
        right = self.value_at
        for index in range(start - 1 if start else 0, min(end + 1, len(self.words))):
            is_word = start <= index < end
            left, right = right, right + len(self._word_span(index)[0] if is_word else MORE) + 1
            if not left <= event.x < right - 1 or index == self.current:
                continue
            if is_word:
                self._choose(index)
            else:
                await self.action_list()

    def action_step(self, by: int) -> None:
        """Choose the next word in direction `by`."""
        index = self.current + by
        # Skip words that cannot be chosen, but never past the ends.
        while 0 < index < len(self.words) - 1 and self.words[index] in self.state.refused:
            index += by
        self._choose(min(max(index, 0), len(self.words) - 1))

    async def action_list(self) -> None:
        """List all words; with two of them, choose the other."""
        if len(self.words) == 2:
            self._choose_next("")
        elif not self.state.is_fixed:
            await self.run_action("screen.list_choices")

    def choose(self, word: str) -> None:
        """Choose a word."""
        self._choose(self.words.index(word))

    def action_reset(self) -> None:
        """Reset to the default: the key becomes absent."""
        if not self.state.is_fixed:
            self.post_message(self.Chosen(self, None))

    def _choose_next(self, prefix: str) -> None:
        count, words = len(self.words), self.words
        others = [(self.current + step) % count for step in range(1, count + 1)]
        matching = [index for index in others if words[index].startswith(prefix)]
        # Take the first word that can be chosen; if none can, the first shows why.
        matching.sort(key=lambda index: words[index] in self.state.refused)
        if matching:
            self._choose(matching[0])

    def _choose(self, index: int) -> None:
        if self.state.is_fixed:
            return
        if why := self.state.refused.get(self.words[index]):
            self.post_message(self.Rejected(f"{self.words[index]} cannot be chosen here: {why}"))
            return
        if index != self.current or self.state.is_default:
            self.post_message(self.Chosen(self, self.words[index]))

    def _visible(self, width: int) -> tuple[int, int]:
        """Return the range of the words that fit around the current one."""
        return window(self.words, max(self.current, 0), width)

    def _word_span(self, index: int) -> Span:
        word, unusable = self.words[index], {**self.state.refused, **self.state.doubts}
        if index != self.current:
            # When some words cannot be used, the others stand out.
            return word, PLAIN if unusable and word not in unusable else DIM
        return (f"({word})", PLAIN) if self.state.is_default else (f"‹{word}›", STRONG)
