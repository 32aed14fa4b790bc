"""Import and export Java's `.properties` files, as java.util.Properties reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.steps import STEPS
from smtp_tui.interchange.formats.tree import resolve
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, UnresolvedVariable
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

_BLANK = " \t\f"
_KEY = re.compile(r"(?:[^\\=: \t\f]|\\.)*+")
_SIGN = re.compile(r"[ \t\f]*+[=:]?+[ \t\f]*+")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the properties as the format declares."""
    prefix = form.tree["prefix"][0]
    entries = [entry for entry in parse(source.text) if entry.name.startswith(prefix)]
    known = [Assignment(each.name, resolve(each.value, form), each.line) for each in entries]
    builder = ImportBuilder(form, known)
    read_declared(builder, STEPS)
    builder.report_leftovers(prefix)
    return builder


def parse(content: str) -> Iterator[Assignment]:
    """Yield the properties; a line that ends in a backslash goes on in the next."""
    lines = enumerate(re.split(r"\r\n|\r|\n", content.removeprefix("\ufeff")), 1)
    for number, line in lines:
        written = line.lstrip(_BLANK)
        if not written or written[0] in "#!":
            continue
        while _goes_on(written):
            _, more = next(lines, (0, ""))
            written = written[:-1] + more.lstrip(_BLANK)
        key = _KEY.match(written)
        at = key.end() if key else 0
        sign = _SIGN.match(written, at)
        yield Assignment(
            _unescaped(written[:at]), _value(written[sign.end() if sign else at :]), number
        )


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


def write(out: ExportBuilder) -> str:
    """Export the properties; Java before 9 reads such files as Latin-1, so letters are escaped."""
    lines = []
    for name, value in out.pairs():
        if isinstance(value, str) and resolve(value, out.form) != value:
            raise InterchangeError(text("replaced", name=name, program=out.form.title))
        written = str(value).lower() if isinstance(value, bool) else _escaped(str(value))
        lines.append(f"{name}={written}")
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
