"""Change variables of one service in a compose file, keep every other byte, and verify that.

The text is edited at the places that PyYAML's own parser gives. ruamel.yaml was turned down: of 42
real compose files it wrote none back as it had read it, and a change of one variable touched other
lines in 15 of 27, at the best of its indentations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.toml_edit.layout import Splice, ending, spliced
from smtp_tui.interchange.compose.interpolation import escape
from smtp_tui.interchange.compose.services import (
    ComposeFile,
    ComposeService,
    ComposeVariable,
)
from smtp_tui.interchange.import_builder import EnvRef
from smtp_tui.interchange.spec import text
from smtp_tui.interchange.yaml_tree import (
    YamlAlias,
    YamlMapping,
    YamlNode,
    YamlScalar,
    YamlSequence,
    resolved,
)

VariableChanges = Mapping[str, str | EnvRef | None]
"""New values by name; an EnvRef becomes a variable of docker compose, None removes the name."""

# Any YAML reader takes these for texts, without quotes and wherever they stand.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_@./+-]*")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")  # an anchor, a tag
_LIST_PREFIX = re.compile(r"[ \t]*-[ \t]+")
_SEPARATOR = re.compile(r":[ \t]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def apply_changes(
    file: ComposeFile, service: str, changes: VariableChanges, near: frozenset[str]
) -> str:
    """Return the text of an exact file with the variables of a service changed.

    New variables follow the last of those in `near`. DocumentError if a variable is set where it
    cannot be changed here.
    """
    found = file.services[service]
    editor = _Editor(file.text, found, near)
    splices: list[Splice] = []
    added: dict[str, str | EnvRef] = {}
    for name, value in changes.items():
        variable = found.variables.get(name)
        if variable is None:
            if value is not None:
                added[name] = value
            continue
        _refuse_unchangeable(file, found, variable, removes=value is None)
        splices.append(editor.removed(name) if value is None else editor.replaced(variable, value))
    if added:
        splices.append(editor.added(added))
    new = spliced(file.text, splices)
    _verify(file, file.reread(new, exact=True), service, changes)
    return new


def _refuse(identity: str, variable: ComposeVariable, **names: object) -> None:
    names = {"name": variable.name, "line": variable.line, "file": variable.file, **names}
    raise DocumentError(text(identity, **names))


def _refuse_unchangeable(
    file: ComposeFile, service: ComposeService, variable: ComposeVariable, *, removes: bool
) -> None:
    node = variable.node
    if variable.file:
        _refuse("compose-set-elsewhere", variable)
    elif node is None or variable.is_shared or node.aliases:
        _refuse("compose-shared", variable)
    elif variable.name in service.repeated:
        _refuse("compose-repeated", variable)
    elif removes:
        return
    elif variable.names:
        others = ", ".join(variable.names)
        known = [
            f"{name} at line {line}" for name in variable.names if (line := file.line_of(name))
        ]
        identity = "compose-interpolated" if known else "compose-from-shell"
        _refuse(identity, variable, others=others, places=", ".join(known))
    elif node.style in ("|", ">") or node.tag not in (None, "!", "tag:yaml.org,2002:str"):
        _refuse("compose-block", variable)


class _Editor:
    """Finds the places of changes in a service's environment."""

    def __init__(self, content: str, service: ComposeService, near: frozenset[str]) -> None:
        self._content = content
        self._service = service
        self._near = near
        environment = service.environment
        self._is_list = isinstance(environment, YamlSequence)
        self._is_flow = environment is not None and environment.is_flow
        self._entries = list(_own_entries(environment))

    def replaced(self, variable: ComposeVariable, value: str | EnvRef) -> Splice:
        """Return the edit that gives a variable another value, in the style of the old one."""
        node = variable.node
        if node is None:
            raise AssertionError("refused before")
        raw = self._content[node.start : node.end]
        properties = _PROPERTIES.match(raw)
        kept = properties[0] if properties and node.end > node.start else ""
        new = kept + self._scalar(variable.name, value, node.style)
        # An empty value stands right after the colon.
        is_empty = node.start == node.end
        return (node.start, node.end, f" {new}" if is_empty else new)

    def removed(self, name: str) -> Splice:
        """Return the edit that removes a variable: its lines, or the entry with one comma."""
        index = next(index for index, entry in enumerate(self._entries) if entry[0] == name)
        _, first, last = self._entries[index]
        if len(self._entries) == 1:
            raise DocumentError(text("compose-last", name=name))
        if self._is_flow:
            if index + 1 < len(self._entries):
                return (first.start, self._entries[index + 1][1].start, "")
            return (self._entries[index - 1][2].end, last.end, "")
        start = self._content.rfind("\n", 0, first.start) + 1
        return (start, self._line_end(last), "")

    def added(self, added: Mapping[str, str | EnvRef]) -> Splice:
        """Return the edit that adds variables after the last related one."""
        if not self._entries or self._service.is_shared:
            identity = "compose-shared-environment" if self._entries else "compose-no-environment"
            raise DocumentError(text(identity, service=self._service.name))
        related = [entry for entry in self._entries if entry[0] in self._near]
        name, first, last = (related or self._entries)[-1]
        separator = ": "
        if not self._is_list and (
            match := _SEPARATOR.match(self._content, first.end, max(first.end, last.start))
        ):
            separator = match[0]
        written = [self._entry(name, value, separator) for name, value in added.items()]
        if self._is_flow:
            return (last.end, last.end, "".join(f", {entry}" for entry in written))
        start = self._content.rfind("\n", 0, first.start) + 1
        prefix = self._content[start : first.start]
        if not (_LIST_PREFIX.fullmatch(prefix) if self._is_list else not prefix.strip(" ")):
            raise DocumentError(text("compose-form", name=name))
        end, position = ending(self._content, first.start), self._line_end(last)
        lines = "".join(f"{prefix}{entry}{end}" for entry in written)
        if position == len(self._content) and not self._content.endswith("\n"):
            lines = end + lines.removesuffix(end)
        return (position, position, lines)

    def _entry(self, name: str, value: str | EnvRef, separator: str) -> str:
        scalar = self._scalar(name, value, "")
        return scalar if self._is_list else f"{name}{separator}{scalar}"

    def _scalar(self, name: str, value: str | EnvRef, style: str) -> str:
        written = f"${{{value.name}}}" if isinstance(value, EnvRef) else escape(value)
        is_plain = _PLAIN.fullmatch(written) or _NUMBER.fullmatch(written)
        if self._is_list:
            written = f"{name}={written}"
        elif written.casefold() in _WORDS:
            is_plain = None
        if style == "'" and written.isprintable():
            return "'" + written.replace("'", "''") + "'"
        return written if is_plain and not style else _double_quoted(written)

    def _line_end(self, node: YamlNode) -> int:
        """Return where the line ends that holds the end of a node, with its line end."""
        # A block scalar ends after its last line.
        if node.end > node.start and self._content[node.end - 1] == "\n":
            return node.end
        end = self._content.find("\n", node.end)
        return len(self._content) if end < 0 else end + 1


def _double_quoted(value: str) -> str:
    def escaped(letter: str) -> str:
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter.isprintable():
            return letter
        number = ord(letter)
        return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"

    return '"' + "".join(map(escaped, value)) + '"'


def _own_entries(
    environment: YamlMapping | YamlSequence | None,
) -> Iterator[tuple[str, YamlNode, YamlNode]]:
    """Yield the names that stand in an environment itself, with their first and last nodes."""
    if isinstance(environment, YamlMapping):
        for key, value in environment.pairs:
            name = resolved(key)
            yield (name.text if isinstance(name, YamlScalar) else ""), key, value
    elif isinstance(environment, YamlSequence):
        for item in environment.items:
            inner = resolved(item)
            written = inner.text if isinstance(inner, YamlScalar) else ""
            yield written.partition("=")[0], item, item


def _verify(old: ComposeFile, new: ComposeFile, service: str, changes: VariableChanges) -> None:
    """Raise DocumentError unless exactly these variables of the service have changed."""
    before, after = old.services[service], new.services[service]
    for name, value in changes.items():
        found = after.variables.get(name)
        known = new.known(value.name) if isinstance(value, EnvRef) else None
        if (found.value if found else None) != (value if known is None else known):
            raise DocumentError(text("compose-not-as-wanted", name=name))
    if _values(old, service, changes) != _values(new, service, changes):
        raise DocumentError(text("compose-affects"))
    # libyaml's parser checks what PyYAML's own one found.
    first, second = (file.reread(file.text) for file in (old, new))
    shapes = [_shape(file, file.services[service], changes) for file in (old, new, first, second)]
    if any(shape != shapes[0] for shape in shapes):
        raise DocumentError(text("compose-affects"))
    if _other_text(old.text, before, changes) != _other_text(new.text, after, changes):
        raise DocumentError(text("compose-affects"))


def _values(file: ComposeFile, service: str, changes: VariableChanges) -> dict[str, Any]:
    """Return what all services get, without the changed variables."""
    return {
        f"{found.name}.{variable.name}": variable.value
        for found in file.services.values()
        for variable in found.variables.values()
        if found.name != service or variable.name not in changes
    }


def _shape(file: ComposeFile, service: ComposeService, changes: VariableChanges) -> object:
    """Return the file's whole structure, without the changed variables."""
    changed = {
        id(node)
        for name, *nodes in _own_entries(service.environment)
        for node in nodes
        if name in changes
    }

    def shape(node: YamlNode) -> object:
        if isinstance(node, YamlAlias):
            return ("alias", node.anchor)
        own = (node.anchor, node.tag)
        if isinstance(node, YamlScalar):
            return (*own, node.style, node.text)
        if isinstance(node, YamlSequence):
            return (*own, *(shape(item) for item in node.items if id(item) not in changed))
        pairs = node.pairs if isinstance(node, YamlMapping) else []
        return (*own, *((shape(k), shape(v)) for k, v in pairs if id(k) not in changed))

    return shape(file.root)


def _other_text(content: str, service: ComposeService, changes: VariableChanges) -> list[str]:
    """Return the text without the changed variables: without their lines, but for comments."""
    environment = service.environment
    if environment is None:
        return [content]
    pieces = []
    at = 0
    for name, first, last in _own_entries(environment):
        if name not in changes:
            continue
        if environment.is_flow:
            pieces.append(content[at : first.start])
            at = last.end
            continue
        pieces.append(content[at : content.rfind("\n", 0, first.start) + 1])
        after = content.find("\n", last.end)
        after = len(content) if after < 0 else after
        if changes[name] is not None:
            pieces.append(content[last.end : after].rstrip("\r"))
        at = after + 1
    rest = "".join((*pieces, content[at:])).rstrip("\r\n")
    if not environment.is_flow:
        return [rest]
    # Commas and blanks come and go with the entries.
    before, after_it = content[: environment.start], content[environment.end :].rstrip("\r\n")
    inner = rest.removeprefix(before).removesuffix(after_it)
    return [before, re.sub(r"[,\s]+", "", inner), after_it]
