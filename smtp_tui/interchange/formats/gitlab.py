"""Import and export `gitlab.rb`: assignments of literals, never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.rails import literals, quoted
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import (
    Assignment,
    EnvRef,
    ImportBuilder,
    UnresolvedVariable,
    WrittenValue,
)
from smtp_tui.interchange.spec import FormatSpec, ImportSource, text

_KEY = r"""gitlab_rails\[[ \t]*+(?P<quote>['"])(?P<name>\w++)(?P=quote)[ \t]*+\][ \t]*+"""
_STATEMENT = re.compile(rf"{_KEY}=(?![=>~])[ \t]*+")
# What comes before a statement on its line: nothing, or other statements.
_BLOCK_START = re.compile(r"(?:if|unless|case|while|until|def|begin|class|module)\b")
_BLOCK_END = re.compile(r"end\b")
_BEHIND = re.compile(r"[ \t]*+(?:;|#[^\n]*+|(?=\n)|\r(?=\n)|\Z)")
_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"")
_WORD = re.compile(r"[^\s;#'\"]++")


SEPARATOR = "; "
CAN_REFER = True


def written_values(content: str, form: FormatSpec | None = None) -> list[WrittenValue]:
    """Return the settings of gitlab_rails in a text, the last of each name."""
    del form
    found: dict[str, WrittenValue] = {}
    for written in _statements(content):
        found[written.entry.name] = written
    return [*found.values()]


def _statements(content: str) -> Iterator[WrittenValue]:
    at = depth = 0
    is_comment = False
    for number, line in enumerate(content.split("\n"), 1):
        stripped = line.strip()
        if stripped.startswith(("=begin", "=end")):
            is_comment = stripped.startswith("=begin")
        elif stripped == "__END__":
            return
        elif not is_comment and not stripped.startswith("#"):
            depth += bool(_BLOCK_START.match(stripped))
            depth -= bool(depth and _BLOCK_END.match(stripped))
            yield from _in_line(content, at, at + len(line), number, depth)
        at += len(line) + 1


def _in_line(content: str, at: int, end: int, number: int, depth: int) -> Iterator[WrittenValue]:
    """Yield the statements that begin on a line."""
    while at < end:
        if match := _STATEMENT.match(content, at):
            value, after = _value(content, match.end())
            value = UnresolvedVariable("under-condition") if depth else value
            entry = Assignment(match["name"], value, number)
            yield WrittenValue(entry, match.end(), after, at, after)
            at = max(after, match.end())
        elif other := _STRING.match(content, at) or _WORD.match(content, at):
            at = other.end()
        elif content[at] in "#'\"":
            return  # a comment, or a text that goes on
        else:
            at += 1


def _value(content: str, at: int) -> tuple[object, int]:
    for value, end in literals(content, at):
        if _BEHIND.match(content, end):
            return value, end
    end = content.find("\n", at)
    return UnresolvedVariable("computed"), len(content) if end < 0 else end


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the settings, with GitLab's defaults."""
    found = [written.entry for written in written_values(source.text)]
    for entry in source.entries or ():
        if entry.name == form.carrier and isinstance(entry.value, str):
            # Its lines are not those of the file that the variable stands in.
            inner = (written.entry for written in written_values(entry.value))
            found = [replace(one, line=None) for one in inner]
    builder = ImportBuilder(form, found)
    if builder.switch("smtp_enable", False) is False:
        builder.remark("", "gitlab-sendmail")
    read_declared(builder)
    for name in ("smtp_ca_path",):
        if name in builder:
            builder.reject(name, "folder-of-authorities")
    return builder


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as Ruby spells it."""
    del name, form
    if isinstance(value, EnvRef):
        return f"ENV[{quoted(value.name)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else quoted(str(value))


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value."""
    return f"gitlab_rails['{name}'] = {spelled(name, value, form)}"


def write(out: ExportBuilder) -> str:
    """Write the settings."""
    lines = [statement(name, value, out.form) for name, value in out.pairs()]
    if out.lacks_secret:
        name = out.secret_name
        out.note("password", "secret-left-out", name=name)
        lines += [f"# {text('secret-place', name=name)}", f"# gitlab_rails['{name}'] = ''"]
    return "\n".join([*lines, ""])
