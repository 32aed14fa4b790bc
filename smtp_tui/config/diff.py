"""What differs between two texts of a TOML file, as `diff -u` tells it, without any secret."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import SequenceMatcher
from enum import StrEnum

from smtp_tui.config import file_reader
from smtp_tui.config.mask import Showable
from smtp_tui.records import record

AROUND = 3
"""Lines of context."""


class DiffMark(StrEnum):
    """What a line of a diff is; the value is the sign it begins with."""

    OLD_FILE = "--- "
    NEW_FILE = "+++ "
    PLACE = "@@ "
    SAME = " "
    GONE = "-"
    ADDED = "+"
    NOTE = "\\ "


@record
class DiffLine:
    """A line of a diff; its text is the file's, unescaped."""

    mark: DiffMark
    text: str

    def __str__(self) -> str:
        """The line with its sign."""
        return f"{self.mark.value}{self.text}"


def diff_lines(
    old: str, new: str, name: str, secret_keys: Collection[str] = ()
) -> tuple[DiffLine, ...]:
    """Compare two valid texts of the file `name`; the same text has no lines at all.

    `secret_keys` are the names of keys that hold a secret, beside those that look it.
    Lines that differ only in their secrets show as gone and added, and look the same.
    """
    if old == new:
        return ()
    return tuple(_told(_split(old), _split(new), _shown(old, new, secret_keys), name))


def _told(
    before: list[str], after: list[str], shown: tuple[list[str], list[str]], name: str
) -> Iterator[DiffLine]:
    yield DiffLine(DiffMark.OLD_FILE, name if before else "/dev/null")
    yield DiffLine(DiffMark.NEW_FILE, name if after else "/dev/null")
    old_shown, new_shown = shown
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(AROUND):
        first, last = group[0], group[-1]
        old_place, new_place = _span(first[1], last[2]), _span(first[3], last[4])
        yield DiffLine(DiffMark.PLACE, f"-{old_place} +{new_place} @@")
        for what, start, end, new_start, new_end in group:
            if what == "equal":
                yield from _marked(DiffMark.SAME, before, new_shown[new_start:], start, end)
                continue
            yield from _marked(DiffMark.GONE, before, old_shown[start:], start, end)
            yield from _marked(DiffMark.ADDED, after, new_shown[new_start:], new_start, new_end)


def _marked(
    mark: DiffMark, raw: list[str], shown: list[str], start: int, end: int
) -> Iterator[DiffLine]:
    for line, text in zip(raw[start:end], shown, strict=False):
        yield DiffLine(mark, text)
        if not line.endswith("\n"):
            yield DiffLine(DiffMark.NOTE, "No newline at end of file")


def _span(start: int, end: int) -> str:
    """Spell a range of lines as `diff -u` does: an empty one stands behind the line before it."""
    length = end - start
    return f"{start + 1}" if length == 1 else f"{start + bool(length)},{length}"


def _split(text: str) -> list[str]:
    """Split into lines at line feeds alone, as TOML does."""
    found = [f"{line}\n" for line in text.split("\n")]
    found[-1] = found[-1].removesuffix("\n")
    return found if found[-1] else found[:-1]


def _shown(old: str, new: str, secret_keys: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the lines of both as they may be shown."""
    before, after = (
        Showable.of(text.removeprefix(file_reader.BOM), secret_keys) for text in (old, new)
    )
    known = before.secrets() | after.secrets()
    # Where both have carriage returns these are no difference, and only in the way.
    end = "\r" if "\r\n" in old and "\r\n" in new else ""
    first, second = (
        [line.removesuffix(end) for line in (_mark(text) + one.masked(known)).split("\n")]
        for text, one in ((old, before), (new, after))
    )
    return first, second


def _mark(text: str) -> str:
    return file_reader.BOM if text.startswith(file_reader.BOM) else ""
