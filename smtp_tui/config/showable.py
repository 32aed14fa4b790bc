"""A TOML text so that it can be shown: without its secrets, and line for line the same.

What `masking` says of a key and its value holds for each value here. In all other text, comments
too, the password of a URL is hidden, and what stands behind `password=` and the like.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import zip_longest
from typing import Any

from smtp_tui.config.mask import is_secret, without_secrets
from smtp_tui.config.tablepath import get
from smtp_tui.config.toml_edit.edit import same_data
from smtp_tui.config.toml_edit.scan import KeyValue, Statement, scan
from smtp_tui.records import record
from smtp_tui.settings.masking import MASK, mask_secrets

_COMMENT = re.compile(r"#[^\r\n]*")
# A shorter word stands in comments for many things, and hidden there it would show by its absence.
_SHORTEST = 4


@record
class Showable:
    """A valid TOML text on its way to be shown; each value with whether it is a secret."""

    text: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    values: Sequence[tuple[KeyValue, bool]] = field(repr=False)

    @classmethod
    def of(cls, text: str, secret_keys: Collection[str] = ()) -> Showable:
        """Find the values of a text; `secret_keys` hold secrets, whatever their names look like."""
        data = tomllib.loads(text)
        pairs = _leaves(scan(text))
        return cls(text, data, [(pair, is_secret(data, pair.path, secret_keys)) for pair in pairs])

    def secrets(self) -> frozenset[str]:
        """Collect the secrets that are long enough to be known again elsewhere."""
        return frozenset(
            secret
            for pair, hides in self.values
            if hides
            for secret in _texts(get(self.data, pair.path))
            if len(secret) >= _SHORTEST
        )

    def masked(self, known: Iterable[str]) -> str:
        """Return the text without its secrets; its line ends stay.

        What is `known` to be a secret is hidden in comments too.
        """
        words = sorted(known, key=len, reverse=True)
        pieces = []
        position = 0
        for pair, hides in self.values:
            start, end = pair.value
            pieces.append(_without_comments(self.text[position:start], words))
            raw = self.text[start:end]
            value = get(self.data, pair.path)
            pieces.append(_hidden(raw) if hides else _shown(raw, value, pair.keys[-1]))
            position = end
        return "".join((*pieces, _without_comments(self.text[position:], words)))


def _shown(raw: str, value: object, key: str) -> str:
    clean = without_secrets(value, key)
    if same_data(clean, value) and not (isinstance(value, list) and _commented(raw)):
        return raw
    if isinstance(value, str) and raw[1:-1] == value:
        return f"{raw[0]}{clean}{raw[-1]}"
    return _hidden(raw)


def _leaves(found: Iterable[Statement]) -> list[KeyValue]:
    """List the pairs whose values hold no other pairs, in the text's order."""
    pairs = sorted((one for one in found if isinstance(one, KeyValue)), key=lambda one: one.start)
    return [
        one
        for one, after in zip_longest(pairs, pairs[1:])
        if after is None or after.start >= one.end
    ]


def _commented(raw: str) -> bool:
    return _without_comments(raw, ()) != raw


def _without_comments(text: str, words: Iterable[str]) -> str:
    """Hide the secrets in what stands between the values: comments, and keys between quotes."""

    def clean(comment: re.Match[str]) -> str:
        kept = mask_secrets(comment.group())
        for word in words:
            kept = kept.replace(word, MASK)
        return kept

    return _COMMENT.sub(clean, text)


def _hidden(raw: str) -> str:
    """Take a value's place on as many lines as it has."""
    return "\n".join([f'"{MASK}"', *[MASK] * raw.count("\n")])


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
