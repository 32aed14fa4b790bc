"""Import and export Discourse's variables, also in the `env` of an app.yml, and discourse.conf."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtp_tui.interchange import envfile, yaml_tree
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import (
    Assignment,
    ImportBuilder,
    UnresolvedVariable,
    WrittenValue,
)
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text
from smtp_tui.interchange.yaml_tree import YamlMapping, YamlScalar, resolved

_CONF = "discourse-conf"
_ENV = re.compile(r"^env[ \t]*+:", re.MULTILINE)

# As Discourse's own pattern; it takes the line for a template (ERB) before.
_LINE = re.compile(
    r"""(?P<lead>[ \t]*+(?P<name>[a-z_]+[a-z0-9_]*)[ \t]*+=[ \t]*+)
    (?P<value>"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'|[^#\n]*)""",
    re.VERBOSE,
)
_TEMPLATE = "<%"
# An empty value is no value, which turns this one off.
_OFF_IF_EMPTY = "smtp_enable_start_tls"


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the variables, or the lines of a discourse.conf."""
    if form.name == _CONF:
        entries = (written.entry for written in written_values(source.text))
        builder = ImportBuilder(form, entries)
    elif source.entries is None and _ENV.search(source.text):
        builder = ImportBuilder(form, _of_yaml(source.text, form))
    else:
        builder = envfile.import_env(form, source)
    read_declared(builder)
    return builder


def _of_yaml(content: str, form: FormatSpec) -> Iterator[Assignment]:
    """Yield the variables in the `env` of an app.yml."""
    for root in yaml_tree.parse(content, form.title, most=1):
        for key, value in root.pairs if isinstance(root, YamlMapping) else ():
            environment = resolved(value)
            if not isinstance(key, YamlScalar) or key.text != "env":
                continue
            if isinstance(environment, YamlMapping):
                yield from _variables(environment)


def _variables(environment: YamlMapping) -> Iterator[Assignment]:
    for key, node in environment.pairs:
        value = resolved(node)
        if isinstance(key, YamlScalar):
            word = value.text if isinstance(value, YamlScalar) else None
            yield Assignment(key.text, word, key.line)


def written_values(content: str) -> list[WrittenValue]:
    """Return the settings of a discourse.conf, the last of each name."""
    found: dict[str, WrittenValue] = {}
    at = 0
    for number, line in enumerate(content.split("\n"), 1):
        if match := _LINE.match(line):
            inner = next(
                part
                for part in (match["single"], match["double"], match["value"])
                if part is not None
            )
            value: object = inner.strip()
            if _TEMPLATE in line:
                value = UnresolvedVariable("computed")
            elif not value and match["name"] == _OFF_IF_EMPTY:
                value = "false"
            start, end = at + match.start("value"), at + match.start("value")
            end += len(match["value"].rstrip())
            entry = Assignment(match["name"], value, number)
            found[entry.name] = WrittenValue(entry, start, end, at, end)
        at += len(line) + 1
    return [*found.values()]


def spelled(name: str, value: object) -> str:
    """Return a value as a discourse.conf holds it; InterchangeError if it cannot."""
    word = str(value)
    if word == word.strip() and _TEMPLATE not in word:
        if "#" not in word and word[:1] not in ("'", '"'):
            return word
        for quote in "\"'":
            if quote not in word:
                return f"{quote}{word}{quote}"
    raise InterchangeError(text("conf-quotes", name=name))


def statement(name: str, value: object) -> str:
    """Return the line that sets a value."""
    return f"{name} = {spelled(name, value)}"


def write(out: ExportBuilder) -> str:
    """Export the variables, or the lines of a discourse.conf."""
    pairs = out.pairs()
    if out.form.name != _CONF:
        return envfile.export_env(out, pairs)
    lines = [statement(name, value) for name, value in pairs]
    if out.lacks_secret:
        name = out.secret_name
        out.note("password", "secret-left-out", name=name)
        lines += [f"# {text('secret-place', name=name)}", f"# {name} ="]
    return "\n".join([*lines, ""])
