"""systemd's `EnvironmentFile=` (systemd.exec(5)): shell-like quotes, and no variables."""

from __future__ import annotations

import re

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.envfile.interpolation import PLAIN, unreadable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPED = '"\\`$'
_BLANK = " \t\n\r"


def entries(content: str) -> list[Entry]:
    """Return the names and values of the assignments."""
    reader = _Reader()
    for letter in f"{content}\n":
        reader.step(letter)
    reader.end()
    return reader.found


def quoted(value: str) -> str:
    """Quote a value so that systemd, and a shell that sources the file, read it back."""
    if PLAIN.fullmatch(value) or not value:
        return value
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


class _Reader:
    """The states that systemd's own reader goes through, a letter at a time."""

    def __init__(self) -> None:
        self.found: list[Entry] = []
        self._state = self._before_name
        self._line = 1
        self._begin()

    def _begin(self) -> None:
        self._name: list[str] = []
        self._value: list[str] = []
        self._kept = 0  # letters of the value that the cut of white space spares
        self._start = self._line
        self._state = self._before_name

    def step(self, letter: str) -> None:
        """Take one letter."""
        self._state(letter)
        self._line += letter == "\n"

    def end(self) -> None:
        """Take what an unclosed quote holds."""
        if self._state in (self._in_single, self._in_double, self._in_double_escaped):
            self.found.append(unreadable(self._start, "more-lines"))

    def _push(self) -> None:
        name = "".join(self._name).rstrip(_BLANK)
        if _NAME.fullmatch(name):
            kept, rest = self._value[: self._kept], self._value[self._kept :]
            value = "".join(kept) + "".join(rest).rstrip(_BLANK)
            self.found.append(Entry(name, value, self._start))
        else:
            self.found.append(unreadable(self._start, "no-assignment"))
        self._begin()

    def _keep(self, letters: str) -> None:
        self._value.append(letters)
        self._kept = len(self._value)

    def _before_name(self, letter: str) -> None:
        if letter in "#;":
            self._state = self._in_comment
        elif letter not in _BLANK:
            self._start = self._line
            self._name.append(letter)
            self._state = self._in_name

    def _in_name(self, letter: str) -> None:
        if letter in "\r\n":
            self.found.append(unreadable(self._start, "no-assignment"))
            self._begin()
        elif letter == "=":
            self._state = self._before_value
        else:
            self._name.append(letter)

    def _before_value(self, letter: str) -> None:
        openers = {"'": self._in_single, '"': self._in_double, "\\": self._in_escaped}
        if letter in "\r\n":
            self._push()
        elif letter in openers:
            self._state = openers[letter]
        elif letter not in _BLANK:
            self._value.append(letter)
            self._state = self._in_value

    def _in_value(self, letter: str) -> None:
        if letter in "\r\n":
            self._push()
        elif letter == "\\":
            self._state = self._in_escaped
        else:
            self._value.append(letter)

    def _in_escaped(self, letter: str) -> None:
        self._keep("" if letter in "\r\n" else letter)
        self._state = self._in_value

    def _in_single(self, letter: str) -> None:
        if letter == "'":
            self._state = self._before_value
        else:
            self._keep(letter)

    def _in_double(self, letter: str) -> None:
        if letter == '"':
            self._state = self._before_value
        elif letter == "\\":
            self._state = self._in_double_escaped
        else:
            self._keep(letter)

    def _in_double_escaped(self, letter: str) -> None:
        if letter != "\n":
            self._keep(letter if letter in _ESCAPED else f"\\{letter}")
        self._state = self._in_double

    def _in_comment(self, letter: str) -> None:
        if letter == "\n":
            self._begin()
