"""Detect, parse and write `.env` files in the six quotings of their readers.

A line reader returns the name and value, or None for a line that sets nothing, and raises
ValueError with a text's id if it cannot parse the line. A writer returns the quoted value, or
raises ValueError with a text's id if the quoting cannot express it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from smtp_tui.interchange.environment_file import quote_systemd, read_systemd
from smtp_tui.interchange.export_builder import ExportBuilder, unquoted
from smtp_tui.interchange.import_builder import (
    Assignment,
    ImportBuilder,
    Pieces,
    UnresolvedVariable,
    VariableUse,
    resolve_pieces,
)
from smtp_tui.interchange.spec import QUOTINGS, FormatSpec, ImportSource, InterchangeError, text

Line = tuple[str, str | Pieces | UnresolvedVariable] | None

_BOM = "\ufeff"
_LINE = re.compile(r"(?P<export>export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=(?P<value>.*)")
# Values that every reader of `.env` files takes literally.
_PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./-]*")
# docker run reads these literally; docker compose strips quotes and expands variables.
_READ_TWICE = frozenset("'\"$#\\`")
_EXPANDED = re.compile(r"\$\{?[A-Za-z_]")


def is_env(content: str) -> bool:
    """Whether every line is a shell assignment, and at least one is not Python.

    An unquoted hostname is not Python here, although it parses as names.
    """
    lines = [line.strip() for line in content.removeprefix(_BOM).splitlines()]
    found = [_LINE.fullmatch(line) for line in lines if line and not line.startswith("#")]
    return all(found) and any(match is not None and _is_bare(match) for match in found)


def _is_bare(line: re.Match[str]) -> bool:
    try:
        value = ast.parse(line["value"].strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return bool(line["export"]) or isinstance(value, ast.Name | ast.Attribute | ast.BinOp)


def import_env(form: FormatSpec, source: ImportSource) -> ImportBuilder:
    """Parse an `.env` file."""
    # The default reader is docker, which undoes no quoting.
    quoting = source.quoting or form.quoting or "docker"
    is_text = source.entries is None
    entries = read(source.text, quoting) if source.entries is None else source.entries
    convert = _CONVERTED.get(form.values)
    builder = ImportBuilder(form, map(convert, entries) if convert else entries)
    if (prefix := form.outer_prefix) and any(name.startswith(prefix) for name in builder.entries):
        builder.entries |= {
            name.removeprefix(prefix): entry for name, entry in builder.entries.items()
        }
    if is_text and quoting == "docker":
        for entry in builder.entries.values():
            if type(entry.value) is str and re.fullmatch(r"(?s)(['\"]).*\1", entry.value):
                builder.remark("", "docker-quotes", name=entry.name)
    return builder


def of_json(entry: Assignment) -> Assignment:
    """Return a variable as a program gets it that parses values as JSON where it can."""
    try:
        value = json.loads(entry.value, parse_constant=str)
    except (TypeError, ValueError, RecursionError):
        return entry
    # A number or a switch is read from its text.
    is_text = isinstance(value, bool | int | float)
    return entry if is_text else Assignment(entry.name, value, entry.line, entry.borrowed)


def _unquoted(entry: Assignment) -> Assignment:
    """Return a variable as a program gets it that strips blanks and a pair of quotes."""
    value = entry.value
    return replace(entry, value=unquoted(value)) if type(value) is str else entry


# The program's own reading of a variable's value, by `values`.
_CONVERTED: dict[str, Callable[[Assignment], Assignment]] = {
    "json": of_json,
    "json-twice": lambda entry: of_json(of_json(entry)),
    "quotes": _unquoted,
}


def export_env(out: ExportBuilder, pairs: list[tuple[str, Any]]) -> str:
    """Return a file's text; a comment stands in for a password that is left out."""
    quoting = out.quoting or out.form.quoting or "docker"
    comment = []
    if out.lacks_secret:
        name = out.form.variable_of(out.secret_name)
        out.note("password", "secret-left-out", name=name)
        comment = [f"# {text('secret-place', name=name)}", f"# {name}="]
    written = [(out.form.variable_of(name), str(value)) for name, value in pairs]
    for name, value in written:
        if quoting == "docker" and (value != value.strip() or not _READ_TWICE.isdisjoint(value)):
            out.note("", "docker-raw", name=name)
        if quoting == "node" and _EXPANDED.search(value):
            out.note("", "node-expand", name=name)
    return "\n".join([*write(written, quoting), *comment, ""])


def read(content: str, quoting: str) -> list[Assignment]:
    """Parse a file; a line that cannot be parsed becomes an entry without a name."""
    _check(quoting)
    content = content.removeprefix(_BOM)
    if quoting == "systemd":
        return read_systemd(f"{content}\n")
    found: list[Assignment] = []
    known: dict[str, str] = {}
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            read = _READERS[quoting](line.removesuffix("\r"))
        except ValueError as error:
            found.append(Assignment("", UnresolvedVariable(str(error)), number))
            continue
        if read is None:
            continue
        name, value = read
        entry = Assignment(name, value, number)
        if isinstance(value, list):
            entry = resolve_pieces(name, number, value, known)
        if isinstance(entry.value, str):
            known[entry.name] = entry.value
        found.append(entry)
    return found


def write(pairs: Iterable[tuple[str, str]], quoting: str) -> list[str]:
    """Return a file's lines; InterchangeError if the quoting cannot express a value."""
    _check(quoting)
    is_raw = quoting in ("docker", "python")  # these have their own rules for plain values
    lines = []
    for name, value in pairs:
        is_plain = not is_raw and _PLAIN.fullmatch(value)
        try:
            lines.append(f"{name}={value if is_plain else _WRITERS[quoting](value)}")
        except ValueError as error:
            why = text(str(error))
            message = text("does-not-fit", name=name, quoting=quoting, why=why)
            raise InterchangeError(message) from None
    return lines


def _check(quoting: str) -> None:
    if quoting not in QUOTINGS:
        listed = ", ".join(QUOTINGS)
        raise InterchangeError(text("no-such-quoting", name=repr(quoting[:40]), quotings=listed))


def _split_at(value: str, found: Iterable[tuple[re.Match[str], str | VariableUse]]) -> Pieces:
    """Split a value at its matches, and replace each with its piece."""
    pieces: Pieces = []
    at = 0
    for match, piece in found:
        pieces += [value[at : match.start()], piece]
        at = match.end()
    return [*pieces, value[at:]]


def _read_docker(line: str) -> Line:
    """`docker run --env-file`: the value is all after the equals sign, including quotes."""
    name, sign, value = line.lstrip().partition("=")
    if not name or any(letter.isspace() for letter in name):
        raise ValueError("no-assignment")
    return (name, value) if sign else None  # a bare name copies docker's variable


# Ruby's dotenv: single quotes are literal; elsewhere `$NAME` and `$(command)` are expanded.
_RUBY_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[\w.]+)(?:\s*=\s*|:\s+)
    (?P<value>'(?:\\'|[^'])*'|"(?:\\"|[^"])*"|[^#]+)?\s*(?:\#.*)?""",
    re.VERBOSE,
)
_RUBY_DOLLAR = re.compile(r"(?P<escape>\\)?\$(?:(?P<command>\()|\{?(?P<name>[A-Za-z0-9_]+)?\}?)")


def _read_ruby(line: str) -> Line:
    match = _RUBY_LINE.fullmatch(line)
    if match is None or _opens_quote(match["value"] or ""):
        raise ValueError("more-lines" if _opens_quote(line) else "no-assignment")
    written = (match["value"] or "").strip()
    quote = written[0] if re.fullmatch(r"(['\"]).*\1", written) else ""
    value = written[1:-1] if quote else written
    if quote == "'":
        return match["name"], value
    if re.search(r"\\[nr]" if quote else r"\\", value):
        return match["name"], UnresolvedVariable("ruby-backslashes")
    value = re.sub(r"\\([^$])", r"\1", value, flags=re.DOTALL)
    closed = value.rfind(")")
    found: list[tuple[re.Match[str], str | VariableUse]] = []
    for use in _RUBY_DOLLAR.finditer(value):
        is_command = use["command"] and use.end() <= closed
        if use["escape"] or not (is_command or use["name"]):
            found.append((use, use[0].removeprefix("\\")))
        elif is_command:
            return match["name"], UnresolvedVariable("from-command")
        else:
            found.append((use, VariableUse(use["name"])))
    return match["name"], _split_at(value, found)


def _opens_quote(text: str) -> bool:
    """Whether the line opens a quote and does not close it."""
    value = text.partition("=")[2] if "=" in text.partition("'")[0].partition('"')[0] else text
    value = value.strip()
    return value[:1] in ("'", '"') and value.count(value[0]) == 1


def _quote_ruby(value: str) -> str:
    """Quote a value for every dotenv version."""
    if "'" not in value and not value.endswith("\\"):
        return f"'{value}'"
    # In double quotes some versions turn these into line ends, escaped or not, and keep the
    # backslash of an escaped `$(` if no command follows.
    if re.search(r"\\[nr]", value):
        raise ValueError("ruby-backslash")
    if "$(" in value:
        raise ValueError("ruby-dollar")
    return '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"'


# python-dotenv: unquoted values are nearly raw; `${NAME}` is expanded in all quotes.
_PYTHON_LINE = re.compile(
    r"""\s*(?:export[ \t]+)?(?:'(?P<quoted>[^']+)'|(?P<name>[^=\#\s]+))[ \t]*
    (?P<sign>=(?P<blank>[ \t]*+)(?:
        '(?P<single>(?:\\'|[^'])*+)'[ \t]*(?:\#.*)?
        |"(?P<double>(?:\\"|[^"])*+)"[ \t]*(?:\#.*)?
        |(?!['"])(?P<bare>.*)
    ))?\s*""",
    re.VERBOSE,
)
# The bound on names keeps a line of nothing but `${` from taking quadratic time.
_PYTHON_USE = re.compile(r"\$\{(?P<name>[^}:]{0,256})(?::-(?P<default>[^}]*))?\}")
_LETTERS = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip


def _read_python(line: str) -> Line:
    match = _PYTHON_LINE.fullmatch(line)
    if match is None:
        raise ValueError("no-assignment")
    if not match["sign"]:
        return None
    if match["bare"] is not None:
        value = re.split(r"\s#", match["blank"] + match["bare"], maxsplit=1)[0].strip()
    else:
        is_single = match["single"] is not None
        known = r"\\([\\'])" if is_single else r"\\([\\'\"abfnrtv])"
        inner = match["single"] if is_single else match["double"]
        value = re.sub(known, lambda escape: _LETTERS.get(escape[1], escape[1]), inner)
    uses = _PYTHON_USE.finditer(value, 0, value.rfind("}") + 1)
    return match["quoted"] or match["name"], _split_at(
        value, ((use, VariableUse(use["name"], use["default"])) for use in uses)
    )


def _quote_python(value: str) -> str:
    if _PYTHON_USE.search(value):
        raise ValueError("python-dollar")
    is_raw = value == value.strip() and value[:1] not in ("'", '"') and not re.search(r"\s#", value)
    if is_raw:
        return value
    if value.endswith("\\"):
        raise ValueError("python-backslash")
    return "'" + re.sub(r"([\\'])", r"\\\1", value) + "'"


# Laravel's phpdotenv: double quotes can express any value; `${NAME}` is expanded.
_LARAVEL_NAME = re.compile(r"(?:export\s+)?(?P<quote>['\"]?)(?P<name>[\w.]+)(?P=quote)")
_LARAVEL_USE = re.compile(r"\$\{(?P<name>[A-Za-z0-9_.]+)\}")
_LARAVEL_QUOTED = re.compile(r"""'(?P<single>[^']*+)|"(?P<double>(?:[^"\\]|\\.)*+)""")
_LARAVEL_PART = re.compile(rf"\\(?P<escape>.)|{_LARAVEL_USE.pattern}")


def _read_laravel(line: str) -> Line:
    name, sign, value = line.strip().partition("=")
    match = _LARAVEL_NAME.fullmatch(name.strip())
    if match is None or not sign:
        if re.fullmatch(r"[\w.]+", line.strip()):
            return None
        raise ValueError("no-assignment")
    value = value.strip()
    if value[:1] in ("'", '"'):
        return match["name"], _quoted_laravel(value)
    word = value.partition("#")[0].rstrip()
    if re.search(r"\s", word):
        raise ValueError("space-in-value")
    uses = _LARAVEL_USE.finditer(word)
    return match["name"], _split_at(word, ((use, VariableUse(use["name"])) for use in uses))


def _quoted_laravel(written: str) -> Pieces:
    """Unquote a value; ValueError where phpdotenv would stop the program."""
    match = _LARAVEL_QUOTED.match(written)
    if match is None:
        raise AssertionError("only what begins with a quote comes here")
    inner, rest = match["double"] or match["single"] or "", written[match.end() :]
    found: list[tuple[re.Match[str], str | VariableUse]] = []
    for part in _LARAVEL_PART.finditer(inner) if written[0] == '"' else ():
        letter = part["escape"]
        if letter and letter not in '"\\$fnrtv':
            raise ValueError("bad-escape")
        found.append((part, _LETTERS.get(letter, letter) if letter else VariableUse(part["name"])))
    if rest[:1] != written[0]:
        raise ValueError("bad-escape" if rest else "more-lines")
    rest = rest[1:].strip()
    if rest and not rest.startswith("#"):
        raise ValueError("space-in-value")
    return _split_at(inner, found)


# Node's dotenv and --env-file: three kinds of quotes; double ones have the escapes \n and \r.
_NODE_LINE = re.compile(r"\s*+(?:export\s++)?+(?P<name>[\w.-]++)\s*+(?:=|:\s)(?P<rest>.*)")
_NODE_QUOTES = "'\"`"


def _read_node(line: str) -> Line:
    match = _NODE_LINE.fullmatch(line)
    if match is None:
        raise ValueError("no-assignment")
    written = match["rest"].strip()
    quote = written[:1]
    if not quote or quote not in _NODE_QUOTES:
        return match["name"], written.partition("#")[0].rstrip()
    end = written.find(quote, 1)
    if end < 0:
        raise ValueError("more-lines")
    inner, rest = written[1:end], written[end + 1 :].lstrip()
    # The two readers differ on these.
    if inner.endswith("\\") or (rest and not rest.startswith("#")):
        raise ValueError("quote-and-more")
    if quote == '"':
        inner = inner.replace("\\n", "\n").replace("\\r", "\r")
    return match["name"], inner


def _quote_node(value: str) -> str:
    # One of the two readers treats a backslash before the closing quote as an escape.
    if not value.endswith("\\"):
        is_read_in_double = not re.search(r"\\[nr]", value)
        for quote in _NODE_QUOTES:
            if quote not in value and (quote != '"' or is_read_in_double):
                return f"{quote}{value}{quote}"
    if value[0] not in _NODE_QUOTES and "#" not in value and value == value.strip():
        return value
    raise ValueError("node-quotes")


_READERS: dict[str, Callable[[str], Line]] = {
    "docker": _read_docker,
    "ruby": _read_ruby,
    "python": _read_python,
    "laravel": _read_laravel,
    "node": _read_node,
}
_WRITERS: dict[str, Callable[[str], str]] = {
    "docker": str,
    "systemd": quote_systemd,
    "ruby": _quote_ruby,
    "python": _quote_python,
    "laravel": lambda value: '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"',
    "node": _quote_node,
}
