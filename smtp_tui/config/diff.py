"""What differs between two texts of a TOML file, as `diff -u` shows it, without any secret.

What `mask` says of a key and its value holds for each value here. In all other text, comments too,
the password of a URL is hidden, and what stands behind `password=` and the like. The lines stay.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from difflib import SequenceMatcher
from enum import StrEnum

from smtp_tui.config import file_reader
from smtp_tui.config.mask import is_secret, without_secrets
from smtp_tui.config.tablepath import get
from smtp_tui.config.toml_edit.edit import same_data
from smtp_tui.config.toml_edit.scan import KeyValue, scan
from smtp_tui.records import record
from smtp_tui.settings.masking import MASK, mask_secrets

AROUND = 3
"""Lines of context."""

# A shorter word stands in comments for many things, and hidden there it would show by its absence.
_SHORTEST = 4


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
    return tuple(_diff(old, new, name, secret_keys)) if old != new else ()


def _diff(old: str, new: str, name: str, secret_keys: Collection[str]) -> Iterator[DiffLine]:
    before, after = _split(old), _split(new)
    old_shown, new_shown = _shown(old, new, secret_keys)
    yield DiffLine(DiffMark.OLD_FILE, name if before else "/dev/null")
    yield DiffLine(DiffMark.NEW_FILE, name if after else "/dev/null")
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(AROUND):
        first, last = group[0], group[-1]
        old_place, new_place = _span(first[1], last[2]), _span(first[3], last[4])
        yield DiffLine(DiffMark.PLACE, f"-{old_place} +{new_place} @@")
        for what, start, end, new_start, new_end in group:
            if what == "equal":
                yield from _marked(DiffMark.SAME, before[start:end], new_shown[new_start:])
                continue
            yield from _marked(DiffMark.GONE, before[start:end], old_shown[start:])
            yield from _marked(DiffMark.ADDED, after[new_start:new_end], new_shown[new_start:])


def _marked(mark: DiffMark, raw: list[str], shown: list[str]) -> Iterator[DiffLine]:
    for line, text in zip(raw, shown, strict=False):
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


def _shown(old: str, new: str, secret_keys: Collection[str]) -> list[list[str]]:
    """Return the lines of both as they may be shown."""
    texts = [Showable(text.removeprefix(file_reader.BOM), secret_keys) for text in (old, new)]
    known = texts[0].secrets | texts[1].secrets
    # Where both have carriage returns these are no difference, and only in the way.
    end = "\r" if "\r\n" in old and "\r\n" in new else ""
    return [
        [
            line.removesuffix(end)
            for line in (raw.removesuffix(shown.text) + shown.masked(known)).split("\n")
        ]
        for raw, shown in zip((old, new), texts, strict=True)
    ]


class Showable:
    """A valid TOML text on its way to be shown.

    `secret_keys` hold secrets, whatever their names look like; `secrets` are those of the text
    that are long enough to be known again elsewhere.
    """

    def __init__(self, text: str, secret_keys: Collection[str] = ()) -> None:
        self.text = text
        data = tomllib.loads(text)
        pairs = sorted(
            (found for found in scan(text) if isinstance(found, KeyValue)),
            key=lambda pair: pair.start,
        )
        # A pair whose value holds other pairs is shown by these.
        self._values = [
            (pair, get(data, pair.path), is_secret(data, pair.path, secret_keys))
            for pair, after in zip(pairs, [*pairs[1:], None], strict=False)
            if after is None or after.start >= pair.end
        ]
        self.secrets = frozenset(
            secret
            for _, value, hides in self._values
            if hides
            for secret in _texts(value)
            if len(secret) >= _SHORTEST
        )

    def masked(self, known: Iterable[str]) -> str:
        """Return the text without its secrets; its line ends stay.

        What is `known` to be a secret is hidden in comments too.
        """
        words = sorted(known, key=len, reverse=True)
        pieces = []
        position = 0
        for pair, value, hides in self._values:
            start, end = pair.value
            pieces.append(_clean_comments(self.text[position:start], words))
            pieces.append(_masked_value(self.text[start:end], value, pair.keys[-1], hides))
            position = end
        return "".join((*pieces, _clean_comments(self.text[position:], words)))


def _masked_value(raw: str, value: object, key: str, hides: bool) -> str:
    clean = without_secrets(value, key)
    has_comment = isinstance(value, list) and _clean_comments(raw, ()) != raw
    if not hides and same_data(clean, value) and not has_comment:
        return raw
    if not hides and isinstance(value, str) and raw[1:-1] == value:
        return f"{raw[0]}{clean}{raw[-1]}"
    # What stands in its place has as many lines.
    return "\n".join([f'"{MASK}"', *[MASK] * raw.count("\n")])


def _clean_comments(text: str, words: Iterable[str]) -> str:
    """Hide the secrets in what stands between the values: comments, and keys between quotes."""

    def clean(comment: re.Match[str]) -> str:
        kept = mask_secrets(comment.group())
        for word in words:
            kept = kept.replace(word, MASK)
        return kept

    return re.sub(r"#[^\r\n]*", clean, text)


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
            yield from value.split("\n")
        case list():
            for element in value:
                yield from _texts(element)
        case int() | float():
            yield str(value)
        case _:  # a date is no secret, and a table has been taken apart
            pass
