"""A row whose value is one of a few words, all in sight where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message

from smtp_tui.tui.form.row import Row
from smtp_tui.tui.ink import CURSOR, DIM, PLAIN, STRONG, Span
from smtp_tui.tui.keys.keymap import with_alt

MORE = "…"


def window(words: Sequence[str], current: int, width: int) -> tuple[int, int]:
    """Return the range of words round the current one that fits, signs for the rest included."""
    start, end = current, current + 1

    def fits(start: int, end: int) -> bool:
        size = sum(map(len, words[start:end])) + (end - start - 1)
        size += 2 if start <= current < end else 0
        size += (2 if start > 0 else 0) + (2 if end < len(words) else 0)
        return size <= width

    while True:
        if end < len(words) and fits(start, end + 1):
            end += 1
        if start > 0 and fits(start - 1, end):
            start -= 1
        elif end == len(words) or not fits(start, end + 1):
            return start, end


class ChoiceRow(Row):
    """Words beside each other, the one in force between `‹` and `›`, or `(` and `)` by default."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
        Binding("space", "cycle", show=False),
        Binding("delete,backspace", "reset", show=False),
    ]

    class Chosen(Message):
        """Another word was chosen; None is the default."""

        def __init__(self, row: ChoiceRow, word: str | None) -> None:
            super().__init__()
            self.row = row
            self.word = word

    class Refused(Message):
        """A word was wanted that cannot be chosen here, and why that is so."""

        def __init__(self, row: ChoiceRow, why: str) -> None:
            super().__init__()
            self.row = row
            self.why = why

    def __init__(
        self, topic: str, label: str, words: tuple[str, ...], *, classes: str | None = None
    ) -> None:
        super().__init__(topic, label, classes=classes)
        self.words = words

    @property
    def current(self) -> int:
        """The place of the word in force; -1 where the value is none of them."""
        return self.words.index(self.look.chosen) if self.look.chosen in self.words else -1

    def value_spans(self, width: int) -> tuple[list[Span], int]:
        """Return the words that fit, the current one marked."""
        room = width
        if self.look.note and self._total() > width:
            room = max(width - len(self.look.note) - 2, width // 2)
        current = max(self.current, 0)
        start, end = window(self.words, current, room)
        spans: list[Span] = [(f"{MORE} ", DIM)] if start else []
        for number in range(start, end):
            spans.append((" ", PLAIN)) if number > start else None
            spans.append(self._word_span(number))
        if end < len(self.words):
            spans.append((f" {MORE}", DIM))
        return spans, sum(len(text) for text, _ in spans)

    def on_key(self, event: Key) -> None:
        """Choose the next word that begins with the letter typed."""
        character = event.character
        if character is None or not character.isalnum() or with_alt(event.key):
            return
        event.stop()
        count = len(self.words)
        numbers = [(self.current + step) % count for step in range(1, count + 1)]
        meant = [one for one in numbers if self.words[one].startswith(character.casefold())]
        # The first that can be chosen; where none can, the first tells why.
        for number in sorted(meant, key=lambda one: self.words[one] in self.look.refused)[:1]:
            self._choose(number)

    def action_step(self, by: int) -> None:
        """Choose the neighbour."""
        number = self.current + by
        while 0 < number < len(self.words) - 1 and self.words[number] in self.look.refused:
            number += by
        self._choose(min(max(number, 0), len(self.words) - 1))

    def action_cycle(self) -> None:
        """Choose the next word, after the last the first."""
        count = len(self.words)
        numbers = [(self.current + step) % count for step in range(1, count + 1)]
        allowed = [one for one in numbers if self.words[one] not in self.look.refused]
        self._choose((allowed or numbers)[0])

    def action_reset(self) -> None:
        """Go back to the default: the key becomes absent."""
        if self.look.is_fixed:
            return
        self.post_message(self.Chosen(self, None))

    def _choose(self, number: int) -> None:
        if self.look.is_fixed:
            return
        if why := self.look.refused.get(self.words[number]):
            told = f"{self.words[number]} cannot be chosen here: {why}"
            self.post_message(self.Refused(self, told))
            return
        if number != self.current or self.look.is_default:
            self.post_message(self.Chosen(self, self.words[number]))

    def _total(self) -> int:
        return sum(map(len, self.words)) + len(self.words) + 1

    def _word_span(self, number: int) -> Span:
        word = self.words[number]
        if number != self.current:
            is_free = self.look.refused and word not in self.look.refused
            return word, PLAIN if is_free else DIM
        shown, style = (f"({word})", PLAIN) if self.look.is_default else (f"‹{word}›", STRONG)
        return shown, CURSOR if self.has_focus else style
