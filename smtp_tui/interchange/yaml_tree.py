"""Parse YAML into nodes that know their places in the text; all scalars stay text.

PyYAML's constructors would read 22:22 as 1342 and 0755 as 493. Its events keep the text, the quotes
and the tags, so a program's own rules can be applied to them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from smtp_tui.interchange.import_builder import Assignment, UnresolvedVariable
from smtp_tui.interchange.spec import InterchangeError, MissingLibraryError, text

DEEPEST = 32
# A few lines of nested merges can have more keys than fit into memory.
MOST_MERGED = 100_000
"""Keys that mappings may merge from others, in the whole file."""

_MOST_MERGES = 100  # of one mapping; each level of them takes a level of calls

_CORE = "tag:yaml.org,2002:"
_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "!"})
_NULLS = ("", "~", "null", "Null", "NULL")

NUMBER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)"
    r"|[-+]?\.?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?"
)
"""Plain scalars that Go's YAML takes for numbers or dates."""


class YamlNode:
    """A part of the text, from `start` to `end`; its anchor and tag are included.

    `aliases` counts the places that name the node by its anchor.
    """

    def __init__(self, event: Any) -> None:
        self.start: int = event.start_mark.index
        self.end: int = event.end_mark.index
        self.line: int = event.start_mark.line + 1
        self.anchor: str | None = event.anchor
        self.tag: str | None = getattr(event, "tag", None)
        self.aliases = 0


class YamlScalar(YamlNode):
    """A text; `style` is its first quote or its block sign, and empty for a plain scalar."""

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.text: str = event.value
        self.style: str = event.style or ""

    @property
    def is_plain(self) -> bool:
        """Whether it has neither quotes nor a tag, so that its text decides about its type."""
        return not self.style and self.tag is None

    @property
    def is_null(self) -> bool:
        """Whether it is no value at all."""
        return self.is_plain and self.text in _NULLS

    @property
    def is_merge(self) -> bool:
        """Whether, as a key, it merges other mappings."""
        return self.is_plain and self.text == "<<"


class YamlSequence(YamlNode):
    """A list."""

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.is_flow = bool(event.flow_style)
        self.items: list[YamlNode] = []


class YamlMapping(YamlNode):
    """Keys and values in the text's order, merges and repeated keys included."""

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.is_flow = bool(event.flow_style)
        self.pairs: list[tuple[YamlNode, YamlNode]] = []

    def get(self, name: str) -> YamlNode | None:
        """Return the value of a key, or None; merged keys are left out."""
        for key, value in self.pairs:
            if isinstance(key, YamlScalar) and key.text == name and not key.is_merge:
                return value
        return None


class YamlAlias(YamlNode):
    """A name for another node."""

    def __init__(self, event: Any, target: YamlNode) -> None:
        super().__init__(event)
        self.target = target


def resolved(node: YamlNode | None) -> YamlNode | None:
    """Return the node that an alias names; any other node is returned as it is."""
    return node.target if isinstance(node, YamlAlias) else node


def entries(node: YamlNode | None) -> Iterator[tuple[YamlScalar, YamlNode, bool]]:
    """Yield a mapping's keys and values, those that it merges last, and whether they are merged.

    InterchangeError if a key stands twice, or stands for several values.
    """
    seen: dict[str, int] = {}
    for key, value, is_merged in _entries(resolved(node), set()):
        if key.text not in seen:
            seen[key.text] = key.start
            yield key, value, is_merged
        elif not is_merged:
            raise InterchangeError(text("compose-twice", line=key.line, name=key.text))


def _entries(node: YamlNode | None, done: set[int]) -> Iterator[tuple[YamlScalar, YamlNode, bool]]:
    # A mapping that is merged twice adds nothing the second time, and may be its own part.
    if not isinstance(node, YamlMapping) or id(node) in done:
        return
    is_merged = bool(done)
    done.add(id(node))
    if len(done) > _MOST_MERGES:
        raise InterchangeError(text("too-deep"))
    merges = []
    for key, value in node.pairs:
        name = resolved(key)
        if not isinstance(name, YamlScalar):
            continue
        if name.is_merge:
            merges.append(value)
        else:
            yield name, value, is_merged
    for merge in merges:
        other = resolved(merge)
        for part in other.items if isinstance(other, YamlSequence) else [other]:
            yield from _entries(resolved(part), done)


def find(node: YamlNode | None, name: str) -> tuple[YamlNode | None, bool]:
    """Return the value of a mapping's key, or None, and whether it is merged from elsewhere."""
    for key, value, is_merged in entries(node):
        if key.text == name:
            return value, is_merged
    return None, False


def parse(
    content: str,
    program: str,
    *,
    most: int = 1,
    tags: Collection[str] = (),
    exact: bool = False,
) -> list[YamlNode]:
    """Return the roots of the first documents, `most` of them; InterchangeError if it is no YAML.

    `program` is the one whose file it is, `tags` are those that it allows besides YAML's own. The
    places of the nodes are right only if `exact`.
    """
    try:
        import yaml  # optional, and 17 ms that an export does not need
    except ImportError:
        raise MissingLibraryError(text("no-yaml", program=program)) from None
    try:
        return _YamlParser(yaml, content, tags, exact=exact).documents(most)
    except (yaml.YAMLError, ValueError, TypeError, IndexError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "it"
        raise InterchangeError(text("not-yaml", where=where, program=program)) from None


class _YamlParser:
    """Builds the nodes from the parser's events."""

    def __init__(self, yaml: Any, content: str, tags: Collection[str], *, exact: bool) -> None:
        self._yaml = yaml
        # libyaml's parser yields the same events, ten times as fast, but not every PyYAML has it,
        # and its marks are off by one after a byte order mark and end one short elsewhere.
        loader = yaml.SafeLoader if exact else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._events: Iterator[Any] = iter(yaml.parse(content, Loader=loader))
        self._tags = {*_TAGS, *tags}
        self._anchors: dict[str, YamlNode] = {}

    def documents(self, most: int) -> list[YamlNode]:
        """Return the roots of the first documents, and ignore what comes after them."""
        roots: list[YamlNode] = []
        for event in self._events:
            if isinstance(event, self._yaml.DocumentStartEvent):
                self._anchors = {}
                roots.append(self._node(next(self._events), 0))
            if len(roots) == most:
                break
        return roots

    def _node(self, event: Any, depth: int) -> YamlNode:
        if depth > DEEPEST:
            raise InterchangeError(text("too-deep"))
        if isinstance(event, self._yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise ValueError("an alias without its anchor")
            target = self._anchors[event.anchor]
            target.aliases += 1
            return YamlAlias(event, target)
        if event.tag is not None and event.tag.removeprefix(_CORE) not in self._tags:
            raise ValueError("a tag that asks for more than data")
        if isinstance(event, self._yaml.ScalarEvent):
            return self._known(YamlScalar(event))
        node = self._known(
            YamlMapping(event)
            if isinstance(event, self._yaml.MappingStartEvent)
            else YamlSequence(event)
        )
        ends = (self._yaml.MappingEndEvent, self._yaml.SequenceEndEvent)
        while not isinstance(event := next(self._events), ends):
            part = self._node(event, depth + 1)
            if isinstance(node, YamlMapping):
                node.pairs.append((part, self._node(next(self._events), depth + 1)))
            elif isinstance(node, YamlSequence):
                node.items.append(part)
        node.end = event.end_mark.index
        return node

    def _known(self, node: YamlNode) -> YamlNode:
        # Before the parts are read: an alias inside may name the whole.
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        return node


class PlainText(str):
    """The text of a scalar without quotes, which a program may take for a number or a switch."""

    __slots__ = ()


class YamlTable(dict[str, Any]):
    """A mapping of YAML or JSON as plain data, the last value of each key.

    It knows the line of each key of YAML, except for merged ones, and which keys stand twice.
    """

    def __init__(self, pairs: Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}
        self.repeated: set[str] = set()
        for name, value in pairs:
            self.put(name, value)

    def put(self, name: str, value: Any) -> None:
        """Set a key that the file sets."""
        if name in self:
            self.repeated.add(name)
        self[name] = value

    def entries(self) -> list[Assignment]:
        """Return the pairs."""
        return [
            Assignment(
                name, value, self.lines.get(name), repeated=name if name in self.repeated else ""
            )
            for name, value in self.items()
        ]


def plain_data(root: YamlNode) -> Any:
    """Return a document as texts, lists and YamlTables, with aliases and merges resolved.

    A value with a tag of the program's own is an UnresolvedVariable.
    """
    return _PlainData().value(root)


class _PlainData:
    def __init__(self) -> None:
        self._done: dict[int, Any] = {}
        self._merged = 0

    def value(self, node: YamlNode) -> Any:
        if isinstance(node, YamlAlias):
            node = node.target
        if id(node) in self._done:
            return self._done[id(node)]
        if isinstance(node, YamlScalar):
            if node.tag is not None and node.tag.removeprefix(_CORE) not in _TAGS:
                return UnresolvedVariable("tagged", {"tag": node.tag})
            if node.is_null:
                return None
            return PlainText(node.text) if node.is_plain else node.text
        found: Any = YamlTable() if isinstance(node, YamlMapping) else []
        self._done[id(node)] = found
        if isinstance(node, YamlSequence):
            found += map(self.value, node.items)
        elif isinstance(node, YamlMapping):
            self._fill(found, node)
        return found

    def _fill(self, table: YamlTable, node: YamlMapping) -> None:
        merged: list[Any] = []
        for key, inner in node.pairs:
            name, value = self.value(key), self.value(inner)
            if isinstance(key, YamlScalar) and key.is_merge:
                merged += value if isinstance(value, list) else [value]
            elif isinstance(name, str):
                table.put(name, value)
                table.lines[name] = key.line
        for other in merged:
            if not isinstance(other, YamlTable):
                raise InterchangeError(text("not-merged", line=node.line))
            self._merged += len(other)
            if self._merged > MOST_MERGED:
                raise InterchangeError(text("too-deep"))
            for name, value in other.items():
                table.setdefault(name, value)
