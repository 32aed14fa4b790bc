"""Import and export Java's `.properties` files, as java.util.Properties reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.steps import STEPS
from smtp_tui.interchange.formats.tree import encoded, resolve
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import (
    Assignment,
    ImportBuilder,
    UnresolvedVariable,
    WrittenValue,
)
from smtp_tui.interchange.spec import FormatSpec, ImportSource

_BLANK = " \t\f"
_LINE = re.compile(r"([^\r\n]*+)(?:\r\n|\r|\n|\Z)")
_KEY = re.compile(r"(?:[^\\=: \t\f]|\\.)*+")
_SIGN = re.compile(r"[ \t\f]*+[=:]?+[ \t\f]*+")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the properties as the format declares."""
    prefix = form.tree["prefix"][0]
    entries = [each.entry for each in parse(source.text) if each.entry.name.startswith(prefix)]
    known = [replace(each, value=resolve(each.value, form, each.name)) for each in entries]
    builder = ImportBuilder(form, known)
    read_declared(builder, STEPS)
    builder.report_leftovers(prefix)
    return builder


def parse(content: str) -> Iterator[WrittenValue]:
    """Yield the properties; a line that ends in a backslash goes on in the next."""
    body = content.removeprefix("\ufeff")
    lines = enumerate(_LINE.finditer(body), 1)
    at = len(content) - len(body)
    for number, line in lines:
        parts, end = [line[1].lstrip(_BLANK)], line.end(1)
        if not parts[0] or parts[0][0] in "#!":
            continue
        while _goes_on(parts[-1]):
            parts[-1] = parts[-1][:-1]
            _, more = next(lines, (0, None))
            if more is None:
                break
            parts.append(more[1].lstrip(_BLANK))
            end = more.end(1)
        written = "".join(parts)
        key = _KEY.match(written)
        at_sign = key.end() if key else 0
        sign = _SIGN.match(written, at_sign)
        at_value = sign.end() if sign else at_sign
        entry = Assignment(_unescaped(written[:at_sign]), _value(written[at_value:]), number)
        before = at + line.end(1) - len(line[1].lstrip(_BLANK))
        start = min(before + at_value, at + line.end(1))
        yield WrittenValue(entry, start, at + end, before, at + end)


def _goes_on(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _value(written: str) -> str | UnresolvedVariable:
    if re.search(r"(?<!\\)(?:\\\\)*+\\u(?![0-9A-Fa-f]{4})", written):
        return UnresolvedVariable("java-escape")
    return _unescaped(written)


def _unescaped(written: str) -> str:
    def letter(escape: re.Match[str]) -> str:
        code = escape[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else _LETTERS.get(code, code)

    plain = _ESCAPE.sub(letter, written)
    # Two escapes stand for one letter beyond the first 65,536.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def written_values(content: str, form: FormatSpec) -> list[WrittenValue]:
    """Return the settings, the last of each name, with their places."""
    del form
    return [*{written.entry.name: _typed(written) for written in parse(content)}.values()]


def _typed(written: WrittenValue) -> WrittenValue:
    value = {"true": True, "false": False}.get(str(written.entry.value), written.entry.value)
    return replace(written, entry=replace(written.entry, value=value))


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as the file holds it; Java before 9 reads Latin-1, so letters are escaped."""
    value = encoded(name, value, form)
    return str(value).lower() if isinstance(value, bool) else _escaped(str(value))


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value."""
    return f"{name}={spelled(name, value, form)}"


def write(out: ExportBuilder) -> str:
    """Export the properties."""
    lines = [statement(name, value, out.form) for name, value in out.pairs()]
    if out.lacks_secret:
        out.note("password", "becomes-variable", name=out.variable)
        reference: str = out.form.tree["reference"]
        lines.append(f"{out.secret_name}={reference.replace('NAME', out.variable)}")
    return "\n".join([*lines, ""])


def _escaped(value: str) -> str:
    value = re.sub(r"^ |\\", lambda letter: "\\" + letter[0], value)
    units = value.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    return "".join(chr(code) if code < 127 else f"\\u{code:04x}" for code in codes)
