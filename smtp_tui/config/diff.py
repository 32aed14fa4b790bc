"""What differs between two texts of a TOML file, without any secret, and between it and the disk.

What `mask` says of a key and its value holds for each value here. In all other text, comments too,
the password of a URL is hidden, and what stands behind `password=` and the like. The lines stay.

Where another program has written an open document's file `changes_on_disk` shows what. To take
theirs, `document.reload()`; to keep ours as well, save the changes of `merged_with_disk` after a
reload. Where the file `is_gone`, `document.recreate()` has saving make it, with all that it held.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from smtp_tui.config import file_reader
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoTableError, one_line
from smtp_tui.config.mask import is_secret, masked_value, without_secrets
from smtp_tui.config.tablepath import Changes, Table, get
from smtp_tui.config.toml_edit.edit import same_data
from smtp_tui.config.toml_edit.scan import KeyValue, scan
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.records import record
from smtp_tui.settings.masking import MASK, mask_secrets
from smtp_tui.settings.validate import equivalent

AROUND = 3  # lines of context
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
    """Compare two valid texts of the file `name`; the same text has no lines at all."""
    # `secret_keys` are the names of keys that hold a secret, beside those that look it.
    # Lines that differ only in their secrets show as gone and added, and look the same.
    return tuple(_diff(old, new, name, secret_keys)) if old != new else ()


def _diff(old: str, new: str, name: str, secret_keys: Collection[str]) -> Iterator[DiffLine]:
    # Lines end at line feeds alone, as TOML's do.
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (old, new))
    old_shown, new_shown = _shown_lines(old, new, secret_keys)
    yield DiffLine(DiffMark.OLD_FILE, name if before else "/dev/null")
    yield DiffLine(DiffMark.NEW_FILE, name if after else "/dev/null")
    # The raw lines are compared: with hidden secrets a changed password would not show.
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


def _shown_lines(old: str, new: str, secret_keys: Collection[str]) -> list[list[str]]:
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
        pairs = [found for found in scan(text) if isinstance(found, KeyValue)]
        pairs.sort(key=lambda pair: pair.start)
        # A pair whose value holds other pairs is shown by these.
        self._values = [
            (pair, get(data, pair.path), is_secret(data, pair.path, secret_keys))
            for pair, after in zip(pairs, [*pairs[1:], None], strict=False)
            if after is None or after.start >= pair.end
        ]
        hidden = [text for _, value, hides in self._values if hides for text in _texts(value)]
        self.secrets = frozenset(text for text in hidden if len(text) >= _SHORTEST)

    def masked(self, known: Iterable[str]) -> str:
        """Return the text without its secrets; its line ends stay."""
        # What is `known` to be a secret is hidden in comments too.
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
    # A date is no secret, and a table has been taken apart.
    if isinstance(value, str):
        yield from (value, *value.split("\n"))
    elif isinstance(value, list):
        for element in value:
            yield from _texts(element)
    elif isinstance(value, int | float):
        yield str(value)


@record
class Conflict:
    """A key that was changed here and there, each time to something else; None is absent."""

    key: str
    base: object = field(repr=False)
    ours: object = field(repr=False)
    theirs: object = field(repr=False)

    def __str__(self) -> str:
        """Tell it in one line, secrets hidden."""
        values = (self.base, self.ours, self.theirs)
        base, ours, theirs = (_shown(self.key, value) for value in values)
        if ours == theirs:  # hidden, they look the same
            return f"{self.key} was {base}, and was changed both in the file and here"
        return f"{self.key} was {base}, is {theirs} in the file now, and {ours} here"


@record
class MergeResult:
    """What is to be changed in the file as it is now, and what somebody must decide."""

    changes: Changes = field(repr=False)
    conflicts: tuple[Conflict, ...] = ()

    def resolved(self, ours: Collection[str]) -> dict[str, object]:
        """Return all changes: of the keys in conflict those named keep our value."""
        decided = {one.key: one.ours for one in self.conflicts if one.key in ours}
        return {**self.changes, **decided}


def merge_changes(base: Table, theirs: Table, ours: Changes) -> MergeResult:
    """Compare a table as it was read with what it holds now, and with the changes `ours`."""
    # What was changed there to the same meaning is done; what was left alone there takes our
    # change.
    changes, conflicts = {}, []
    for key, wanted in ours.items():
        before, now = base.get(key), theirs.get(key)
        if equivalent(key, now, wanted):
            continue
        if equivalent(key, before, now):
            changes[key] = wanted
        else:
            conflicts.append(Conflict(key, before, wanted, now))
    return MergeResult(changes, tuple(conflicts))


def _shown(key: str, value: object) -> str:
    if value is None:
        return "not set"
    shown = masked_value(key, value)
    try:
        return one_line(toml_value(shown), 80)
    except TypeError:  # a date, which no setting is
        return one_line(shown, 80)


def is_stale(document: Document) -> bool:
    """Tell whether the file was changed, made or removed since; DocumentError if unreadable."""
    try:
        found = file_reader.decode_text(file_reader.read_document(document.path), document.path)
    except NoFileError:
        return document.exists
    return not document.exists or found != document.text


def is_gone(document: Document) -> bool:
    """Tell whether the file was removed since it was read."""
    try:
        document.path.stat()
    except FileNotFoundError:
        return document.exists
    except OSError:  # it may be there; to read it will tell what is wrong
        return False
    return False


def changes_on_disk(document: Document) -> tuple[DiffLine, ...]:
    """Compare the file as it was read with the file as it is, without secrets; DocumentError."""
    return diff_lines(
        document.text, fresh(document).text, one_line(document.path), document.secret_keys
    )


def merged_with_disk(document: Document, table: str, changes: Changes) -> MergeResult:
    """Bring changes of a table onto the file as it is now; the document stays as it is."""
    # DocumentError where the file, or the table that was in it, is gone or can no longer be read.
    now = fresh(document)
    theirs = _values(now, table) if document.lacks(table) else now.values(table)
    return merge_changes(_values(document, table), theirs, changes)


def fresh(document: Document) -> Document:
    """Read the document's file into another document; DocumentError if that is impossible."""
    other = copy.copy(document)
    other.reload()
    return other


def _values(document: Document, table: str) -> dict[str, Any]:
    try:
        return document.values(table)
    except NoTableError:  # it was to be made
        return {}
