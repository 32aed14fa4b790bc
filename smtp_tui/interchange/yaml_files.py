"""YAML as a tree of texts, read from PyYAML's events: no object is made, no file repeats itself.

An alias costs nothing here and a merged mapping what it holds, so neither can blow a file up.
Scalars stay texts: Alertmanager's own library takes an unquoted `012345` for the text that it is
where a text is wanted, and nothing here wants more than a text or a switch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.results import InterchangeError, MissingLibraryError, text

DEEPEST = 32
MOST_MERGED = 100_000
"""Keys that mappings may take over from others, in the whole file."""

_CORE = "tag:yaml.org,2002:"
_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge"})
_NULLS = ("", "~", "null", "Null", "NULL")


class Table(dict[str, Any]):
    """A mapping that knows on which line each of its keys stands."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[str, int] = {}

    def line(self, key: str) -> int | None:
        """Return a key's line; one that was merged in has none."""
        return self._lines.get(key)

    def put(self, key: str, value: Any, line: int) -> None:
        """Set a key that stands on this line."""
        self[key] = value
        self._lines[key] = line


def load(content: str) -> Table:
    """Return what a file holds; InterchangeError where it is no YAML, or no settings."""
    try:
        import yaml
    except ImportError:
        raise MissingLibraryError(text("no-yaml")) from None
    try:
        data = _Tree(yaml, content).document()
    except (yaml.YAMLError, ValueError, TypeError, IndexError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "it"
        raise InterchangeError(text("not-yaml", where=where)) from None
    if not isinstance(data, Table):
        raise InterchangeError(text("no-smarthost"))
    return data


class _Tree:
    """Builds the first document from the parser's events."""

    def __init__(self, yaml: Any, content: str) -> None:
        self._yaml = yaml
        # libyaml's parser yields the same events, ten times as fast; not every PyYAML has it.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._events: Iterator[Any] = iter(yaml.parse(content, Loader=loader))
        self._anchors: dict[str, Any] = {}
        self._merged = 0

    def document(self) -> Any:
        """Return it; None where there is none, and what comes after it is not looked at."""
        for event in self._events:
            if isinstance(event, self._yaml.DocumentStartEvent):
                return self._node(next(self._events), 0)
        return None

    def _node(self, event: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise InterchangeError(text("too-deep"))
        if isinstance(event, self._yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise ValueError("an alias without its anchor")
            return self._anchors[event.anchor]
        if event.tag is not None and event.tag.removeprefix(_CORE) not in (*_TAGS, "!"):
            raise ValueError("a tag that asks for more than data")
        if isinstance(event, self._yaml.ScalarEvent):
            is_null = event.implicit[0] and event.value in _NULLS
            found: Any = None if is_null and not event.style else event.value
            self._keep(event, found)
            return found
        found = Table() if isinstance(event, self._yaml.MappingStartEvent) else []
        self._keep(event, found)
        if isinstance(found, Table):
            self._fill_table(found, depth)
        else:
            self._fill_list(found, depth)
        return found

    def _keep(self, event: Any, found: Any) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = found

    def _fill_list(self, found: list[Any], depth: int) -> None:
        while not isinstance(event := next(self._events), self._yaml.SequenceEndEvent):
            found.append(self._node(event, depth + 1))

    def _fill_table(self, table: Table, depth: int) -> None:
        merged: list[Any] = []
        while not isinstance(event := next(self._events), self._yaml.MappingEndEvent):
            is_merge = getattr(event, "value", None) == "<<" and not event.style
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if is_merge:
                merged += value if isinstance(value, list) else [value]
            elif isinstance(key, str):
                table.put(key, value, event.start_mark.line + 1)
        for one in merged:
            if not isinstance(one, Table):
                raise ValueError("a merge of what is no mapping")
            self._merged += len(one)
            if self._merged > MOST_MERGED:
                raise InterchangeError(text("too-deep"))
            for key, value in one.items():
                table.setdefault(key, value)
