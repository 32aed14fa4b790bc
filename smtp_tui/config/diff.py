"""Compare two texts of a settings file, or an open document with the disk, with secrets masked.

Values are masked as `mask` does. In all other text, comments included, the passwords of URLs and
whatever follows `password=` and the like are masked. The number of lines stays the same.

`changes_on_disk` shows what another program changed in an open document's file. Call
`document.reload()` to accept that; to keep our changes too, save those of `merged_with_disk` after
the reload. If the file `is_gone`, call `document.recreate()` so that saving creates it again.
"""

from __future__ import annotations

import contextlib
import copy
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Protocol

from smtp_tui.config import file_reader
from smtp_tui.config.document import Document
from smtp_tui.config.errors import NoFileError, NoTableError, one_line
from smtp_tui.config.mask import is_secret, masked_value, without_secrets
from smtp_tui.config.tablepath import Changes, Table, get
from smtp_tui.config.toml_edit.edit import same_data
from smtp_tui.config.toml_edit.scan import KeyValue, scan
from smtp_tui.config.toml_edit.values import toml_value
from smtp_tui.records import record
from smtp_tui.safe_text import MASK, mask_secrets
from smtp_tui.settings.password_sources import describe_source, parse_source
from smtp_tui.settings.validate import equivalent

AROUND = 3  # lines of context
# A shorter secret may also be a common word; masking it in comments would reveal it.
_SHORTEST = 4


class DiffMark(StrEnum):
    """The kind of a diff line; the value is its prefix."""

    OLD_FILE = "--- "
    NEW_FILE = "+++ "
    PLACE = "@@ "
    SAME = " "
    GONE = "-"
    ADDED = "+"
    NOTE = "\\ "


@record
class DiffLine:
    """A line of a diff; `text` is not escaped."""

    mark: DiffMark
    text: str

    def __str__(self) -> str:
        """Return the line with its prefix."""
        return f"{self.mark.value}{self.text}"


class TextForDisplay(Protocol):
    """A text to be shown with its secrets masked; `secrets` are those to mask in comments too."""

    text: str
    secrets: frozenset[str]

    def masked(self, known: Iterable[str]) -> str:
        """Return the text with its secrets masked, `known` ones in comments too."""


Display = Callable[[str, Collection[str]], TextForDisplay]
"""Makes it of a text and of the names of keys that hold secrets."""


def diff_lines(
    old: str,
    new: str,
    name: str,
    secret_keys: Collection[str] = (),
    display: Display | None = None,
) -> tuple[DiffLine, ...]:
    """Compare two valid texts of the file `name`; no lines if they are equal."""
    # `secret_keys` are names of keys that hold a secret, besides those that look like one.
    # Lines that differ only in their secrets are shown as removed and added, with the same text.
    if old == new:
        return ()
    texts = [text.removeprefix(file_reader.BOM) for text in (old, new)]
    shown = [(display or TomlForDisplay)(text, secret_keys) for text in texts]
    return tuple(_diff(old, new, name, shown))


def document_diff(document: Document, new: str, name: str = "") -> tuple[DiffLine, ...]:
    """Compare an open document with another text of its file."""
    name = name or one_line(document.path)
    return diff_lines(document.text, new, name, document.secret_keys, document.display)


def _diff(old: str, new: str, name: str, texts: list[TextForDisplay]) -> Iterator[DiffLine]:
    # As in TOML, only a line feed ends a line.
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (old, new))
    old_shown, new_shown = _shown_lines(old, new, texts)
    yield DiffLine(DiffMark.OLD_FILE, name if before else "/dev/null")
    yield DiffLine(DiffMark.NEW_FILE, name if after else "/dev/null")
    # Compare the raw lines: after masking, a changed password would not show.
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(AROUND):
        first, last = group[0], group[-1]
        old_place, new_place = _span(first[1], last[2]), _span(first[3], last[4])
        yield DiffLine(DiffMark.PLACE, f"-{old_place} +{new_place} @@")
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
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
    """Format a line range as `diff -u` does; an empty range names the line before it."""
    length = end - start
    return f"{start + 1}" if length == 1 else f"{start + bool(length)},{length}"


def _shown_lines(old: str, new: str, texts: list[TextForDisplay]) -> list[list[str]]:
    """Return the masked lines of both texts."""
    known = texts[0].secrets | texts[1].secrets
    # Carriage returns in both texts are no difference, so they are left out.
    end = "\r" if "\r\n" in old and "\r\n" in new else ""
    return [
        [
            line.removesuffix(end)
            for line in (raw.removesuffix(shown.text) + shown.masked(known)).split("\n")
        ]
        for raw, shown in zip((old, new), texts, strict=True)
    ]


class TomlForDisplay:
    """A valid TOML text to be shown with its secrets masked.

    `secret_keys` hold secrets, whatever their names look like; `secrets` are the text's secrets
    that are long enough to be recognised in comments.
    """

    def __init__(self, text: str, secret_keys: Collection[str] = ()) -> None:
        self.text = text
        data = tomllib.loads(text)
        pairs = [found for found in scan(text) if isinstance(found, KeyValue)]
        pairs.sort(key=lambda pair: pair.start)
        # Skip a pair whose value holds other pairs: those are masked one by one.
        self._values = [
            (pair, get(data, pair.path), is_secret(data, pair.path, secret_keys))
            for pair, after in zip(pairs, [*pairs[1:], None], strict=False)
            if after is None or after.start >= pair.end
        ]
        hidden = [text for _, value, masks in self._values if masks for text in _texts(value)]
        self.secrets = frozenset(text for text in hidden if len(text) >= _SHORTEST)

    def masked(self, known: Iterable[str]) -> str:
        """Return the text with secrets masked and its line ends kept."""
        # The secrets in `known` are masked in comments too.
        secrets = sorted(known, key=len, reverse=True)
        pieces = []
        position = 0
        for pair, value, masks in self._values:
            start, end = pair.value
            pieces.append(_mask_comments(self.text[position:start], secrets))
            pieces.append(_masked_value(self.text[start:end], value, pair.keys[-1], masks))
            position = end
        return "".join((*pieces, _mask_comments(self.text[position:], secrets)))


def _masked_value(raw: str, value: object, key: str, masks: bool) -> str:
    clean = without_secrets(value, key)
    has_comment = isinstance(value, list) and _mask_comments(raw, ()) != raw
    if not masks and same_data(clean, value) and not has_comment:
        return raw
    if not masks and isinstance(value, str) and raw[1:-1] == value:
        return f"{raw[0]}{clean}{raw[-1]}"
    # The mask has as many lines as the value.
    return "\n".join([f'"{MASK}"', *[MASK] * raw.count("\n")])


def _mask_comments(text: str, secrets: Iterable[str]) -> str:
    """Mask secrets in the text between the values: comments, and quoted keys from a # on."""

    def mask(comment: re.Match[str]) -> str:
        masked = mask_secrets(comment.group())
        for secret in secrets:
            masked = masked.replace(secret, MASK)
        return masked

    return re.sub(r"#[^\r\n]*", mask, text)


def _texts(value: object) -> Iterator[str]:
    # Dates are not secret, and the values of a table are pairs of their own.
    if isinstance(value, str):
        yield from (value, *value.split("\n"))
    elif isinstance(value, list):
        for element in value:
            yield from _texts(element)
    elif isinstance(value, int | float):
        yield str(value)


@record
class MergeConflict:
    """A key changed differently here and on disk; None means that the key is absent."""

    key: str
    base: object = field(repr=False)
    ours: object = field(repr=False)
    theirs: object = field(repr=False)

    @property
    def shown(self) -> tuple[str, str, str]:
        """The values when it was read, in the file and here, with secrets masked."""
        base, theirs, ours = (
            _shown(self.key, value) for value in (self.base, self.theirs, self.ours)
        )
        return base, theirs, ours

    def __str__(self) -> str:
        """Describe the conflict in one line, with secrets masked."""
        base, theirs, ours = self.shown
        if ours == theirs:  # they look the same when masked
            return f"{self.key} was {base}, and was changed both in the file and here"
        return f"{self.key} was {base}, is {theirs} in the file now, and {ours} here"


@record
class MergeResult:
    """The changes to make in the file on disk, and the conflicts to resolve first."""

    changes: Changes = field(repr=False)
    conflicts: tuple[MergeConflict, ...] = ()

    def resolved(self, ours: Collection[str]) -> dict[str, object]:
        """Return all changes, with our value for each conflicting key in `ours`."""
        decided = {found.key: found.ours for found in self.conflicts if found.key in ours}
        return {**self.changes, **decided}


def merge_changes(base: Table, theirs: Table, ours: Changes) -> MergeResult:
    """Merge the changes `ours` into a table read as `base` that now holds `theirs`."""
    # A key already changed on disk to the same meaning is done; one unchanged there gets our value.
    changes, conflicts = {}, []
    for key, wanted in ours.items():
        before, now = base.get(key), theirs.get(key)
        if equivalent(key, now, wanted):
            continue
        if equivalent(key, before, now):
            changes[key] = wanted
        else:
            conflicts.append(MergeConflict(key, before, wanted, now))
    return MergeResult(changes, tuple(conflicts))


def _shown(key: str, value: object) -> str:
    if value is None:
        return "not set"
    shown = masked_value(key, value)
    if isinstance(shown, Mapping):  # the place of a password, shown in words
        with contextlib.suppress(ValueError):
            return one_line(describe_source(parse_source(shown)), 80)
    try:
        return one_line(toml_value(shown), 80)
    except TypeError:  # a date, which no setting accepts
        return one_line(shown, 80)


def is_stale(document: Document) -> bool:
    """Return whether the file was changed, created or removed since; DocumentError."""
    try:
        found = file_reader.decode_text(file_reader.read_document(document.path), document.path)
    except NoFileError:
        return document.exists
    return not document.exists or found != document.text


def is_gone(document: Document) -> bool:
    """Return whether the file was removed since it was read."""
    try:
        document.path.stat()
    except FileNotFoundError:
        return document.exists
    except OSError:  # the file may exist; reading it reports what is wrong
        return False
    return False


def changes_on_disk(document: Document) -> tuple[DiffLine, ...]:
    """Compare the file as read with the file on disk, with secrets masked; DocumentError."""
    return document_diff(document, fresh(document).text)


def merged_with_disk(document: Document, table: str, changes: Changes) -> MergeResult:
    """Merge changes of a table with the file on disk; the document is not changed."""
    # DocumentError where the file or its table is gone or can no longer be read.
    now = fresh(document)
    theirs = _values(now, table) if document.lacks(table) else now.values(table)
    return merge_changes(_values(document, table), theirs, changes)


def fresh(document: Document) -> Document:
    """Read the document's file into a new document; DocumentError if that fails."""
    other = copy.copy(document)
    other.reload()
    return other


def _values(document: Document, table: str) -> dict[str, Any]:
    try:
        return document.values(table)
    except NoTableError:  # saving would have created it
        return {}
