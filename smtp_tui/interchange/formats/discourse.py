"""Import and export Discourse's variables, also in the `env` of an app.yml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from smtp_tui.interchange import envfile, yaml_tree
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, WrittenValue
from smtp_tui.interchange.spec import FormatSpec, ImportSource
from smtp_tui.interchange.yaml_tree import YamlMapping, YamlScalar, resolved

_ENV = re.compile(r"^env[ \t]*+:", re.MULTILINE)
# Any YAML reader takes these for texts, without quotes.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_@./+-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the variables."""
    if source.entries is None and is_own_syntax(source.text):
        builder = ImportBuilder(form, (found.entry for found in _all(source.text, form)))
    else:
        builder = envfile.import_env(form, source)
    read_declared(builder)
    return builder


def is_own_syntax(content: str) -> bool:
    """Whether a text is an app.yml and not an `.env` file."""
    return bool(_ENV.search(content))


def written_values(content: str, form: FormatSpec) -> list[WrittenValue]:
    """Return the variables in the `env` of an app.yml, with what follows each name."""
    return [*_all(content, form, exact=True)]


def _all(content: str, form: FormatSpec, *, exact: bool = False) -> Iterator[WrittenValue]:
    for root in yaml_tree.parse(content, form.title, most=1, exact=exact):
        environment = resolved(root.get("env")) if isinstance(root, YamlMapping) else None
        for key, node in environment.pairs if isinstance(environment, YamlMapping) else ():
            value = resolved(node)
            if isinstance(key, YamlScalar):
                word = value.text if isinstance(value, YamlScalar) else None
                entry = Assignment(key.text, word, key.line)
                yield WrittenValue(entry, key.end, max(key.end, node.end), key.start, node.end)


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return what follows a name."""
    del name, form
    word = str(value)
    is_plain = _PLAIN.fullmatch(word) and word.casefold() not in _WORDS
    return f": {word if is_plain else json.dumps(word, ensure_ascii=False)}"


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value."""
    return f"{name}{spelled(name, value, form)}"


def write(out: ExportBuilder) -> str:
    """Export the variables."""
    return envfile.export_env(out, out.pairs())
