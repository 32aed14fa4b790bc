"""Where the settings stand in a YAML or JSON text, so that they can be changed in place.

Every value of the text is listed, so that a change that affects another one is noticed. Those that
are no settings have their whole path as a name, after a slash.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from smtp_tui.interchange import yaml_tree
from smtp_tui.interchange.formats.helm import spelling_of
from smtp_tui.interchange.import_builder import Assignment, WrittenValue
from smtp_tui.interchange.spec import FormatSpec, InterchangeError, text
from smtp_tui.interchange.yaml_tree import (
    YamlAlias,
    YamlMapping,
    YamlNode,
    YamlScalar,
    YamlSequence,
    resolved,
)
from smtp_tui.records import record

_MOST = 64
_BOOLEANS = {"true": True, "false": False}
Path = tuple[str, ...]


@record
class _Leaf:
    """A scalar, or an alias of one, with the keys above it and the place of its own key.

    `twice` is the line of a mapping that has one of the keys more than once, if there is one.
    """

    path: Path
    node: YamlNode
    value: Any
    before: int
    twice: int = 0


def written_leaves(content: str, form: FormatSpec, *, fold: Any) -> list[WrittenValue]:
    """Return the values of a text with their places; `fold` makes names alike."""
    tags = form.tree.get("tags", ())
    roots = yaml_tree.parse(content, form.title, most=_MOST, tags=tags, exact=True)
    leaves = [
        leaf for number, root in enumerate(roots) for leaf in _leaves(root, (str(number),), 0, 0)
    ]
    ours = _ours(leaves, form, fold)
    if older := sorted({*ours.values()} & {*form.tree.get("older", ())}):
        raise InterchangeError(text("older-keys", names=", ".join(older), program=form.title))
    found = {}
    for leaf in leaves:
        if leaf.twice and leaf.path in ours:
            raise InterchangeError(text("twice", line=leaf.twice))
        name = ours.get(leaf.path) or "/" + "/".join(leaf.path)
        spelling = spelling_of(name, form) if isinstance(leaf.value, str) else None
        value = spelling.read(leaf.value) if spelling else leaf.value
        entry = Assignment(name, value if isinstance(value, str) else leaf.value)
        found[name] = _written(content, entry, leaf)
    return [*found.values()]


def _leaves(node: YamlNode, path: Path, before: int, depth: int) -> Iterator[_Leaf]:
    target = resolved(node)
    if isinstance(target, YamlScalar):
        value = None if target.is_null else target.text
        is_bool = target.is_plain and target.text in _BOOLEANS
        yield _Leaf(path, node, _BOOLEANS[target.text] if is_bool else value, before)
    elif isinstance(node, YamlAlias) or depth > yaml_tree.DEEPEST:
        return  # shared with another place
    elif isinstance(node, YamlSequence):
        for number, item in enumerate(node.items):
            yield from _leaves(item, (*path, str(number)), item.start, depth + 1)
    elif isinstance(node, YamlMapping):
        names = Counter(key.text for key, _ in node.pairs if isinstance(key, YamlScalar))
        if names.total() < len(node.pairs):
            raise InterchangeError(text("twice", line=node.line))
        seen: Counter[str] = Counter()
        for key, inner in node.pairs:
            if not isinstance(key, YamlScalar) or key.is_merge:
                continue
            seen[key.text] += 1
            # The last of a name counts; the others keep a path of their own.
            is_last = seen[key.text] == names[key.text]
            name = key.text if is_last else f"{key.text} {seen[key.text]}"
            for leaf in _leaves(inner, (*path, name), key.start, depth + 1):
                is_once = names[key.text] == 1
                yield leaf if is_once else replace(leaf, twice=leaf.twice or node.line)


def _ours(leaves: list[_Leaf], form: FormatSpec, fold: Any) -> dict[Path, str]:
    """Return the names of the settings by their paths: those of the first place with any."""
    tree = form.tree
    prefixes = tuple(tree["prefix"])
    written = {fold(name): name for name in form.write}
    strip = tree.get("strip", "")
    for pattern in tree.get("at", ("",)):
        steps = pattern.split(".") if pattern else []
        places: dict[Path, dict[Path, _Leaf]] = {}
        for leaf in leaves:
            place, rest = leaf.path[: len(steps) + 1], leaf.path[len(steps) + 1 :]
            matches = (step in ("*", here) for step, here in zip(steps, place[1:], strict=False))
            if rest and len(place) == len(steps) + 1 and all(matches):
                places.setdefault(place, {})[rest] = leaf
        for inside in places.values():
            item = {rest[0]: leaf.value for rest, leaf in inside.items() if len(rest) == 1}
            names = {
                leaf.path: name
                for rest, leaf in inside.items()
                if (name := ".".join(map(fold, rest))).startswith(prefixes)
            }
            has_value = any(
                leaf.value is not None for leaf in inside.values() if leaf.path in names
            )
            if has_value and all(item.get(k) == v for k, v in tree.get("item", {}).items()):
                return {
                    path: written.get(name.removeprefix(strip), written.get(name, name))
                    for path, name in names.items()
                }
    return {}


def _written(content: str, entry: Assignment, leaf: _Leaf) -> WrittenValue:
    start, end = leaf.node.start, leaf.node.end
    # A block of lines ends after its last line end.
    end = start + len(content[start:end].rstrip("\r\n"))
    if start == end and content[end : end + 1] == " ":
        start = end = end + 1
    return WrittenValue(entry, start, end, leaf.before, end)


def spelled_value(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as the file holds it."""
    if name.rpartition(".")[2] in form.tree.get("plain", ()):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
