"""One line of text under the hand: what it holds and where the cursor stands. No widget.

Textual's own `Input` repaints its whole line for each key, shows control characters raw, and puts
what is typed into the reprs of its messages, passwords included; so the form's rows edit with this.
"""

from __future__ import annotations


class LineBuffer:
    """A text and a cursor in it, 0 to its length."""

    __slots__ = ("cursor", "text")

    def __init__(self, text: str = "", cursor: int = 0) -> None:
        self.text = text
        self.cursor = cursor

    def replace(self, text: str) -> None:
        """Hold another text, the cursor at its end."""
        self.text, self.cursor = text, len(text)

    def insert(self, text: str) -> None:
        """Put text in at the cursor."""
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def move(self, by: int) -> None:
        """Move the cursor by so many characters, as far as there are any."""
        self.cursor = min(max(self.cursor + by, 0), len(self.text))

    def home(self) -> None:
        """Move to the first character."""
        self.cursor = 0

    def end(self) -> None:
        """Move behind the last character."""
        self.cursor = len(self.text)

    def word_left(self) -> None:
        """Move to the beginning of the word at the left."""
        self.cursor = self._word_start()

    def word_right(self) -> None:
        """Move behind the word at the right."""
        here = self.cursor
        while here < len(self.text) and not self.text[here].isalnum():
            here += 1
        while here < len(self.text) and self.text[here].isalnum():
            here += 1
        self.cursor = here

    def delete_left(self) -> None:
        """Remove the character at the left."""
        self._cut(max(self.cursor - 1, 0), self.cursor)

    def delete_right(self) -> None:
        """Remove the character under the cursor."""
        self._cut(self.cursor, self.cursor + 1)

    def delete_word(self) -> None:
        """Remove the word at the left."""
        self._cut(self._word_start(), self.cursor)

    def delete_to_start(self) -> None:
        """Remove all at the left."""
        self._cut(0, self.cursor)

    def delete_to_end(self) -> None:
        """Remove all from the cursor on."""
        self._cut(self.cursor, len(self.text))

    def _word_start(self) -> int:
        here = self.cursor
        while here > 0 and not self.text[here - 1].isalnum():
            here -= 1
        while here > 0 and self.text[here - 1].isalnum():
            here -= 1
        return here

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start
