"""Import and export the ini sections of Gitea, Forgejo and Grafana, as Go's ini.v1 reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from smtp_tui.interchange.envfile import export_env
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.variables import read_declared
from smtp_tui.interchange.import_builder import (
    Assignment,
    EnvRef,
    FileRef,
    ImportBuilder,
    UnresolvedVariable,
    WrittenValue,
)
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text
from smtp_tui.settings.password_sources import FileSource

# The library ends a bare value at # and ;, and strips quotes: quote all else.
_SAFE = re.compile(r"[A-Za-z0-9_@+.,/-]+(?::[0-9]+)?")
_INSERT = re.compile(r"%\((?:(?!%\()[^)])*\)s")


_SECTIONS = {"gitea": "mailer", "grafana": "smtp"}


def _entries(source: ImportSource, form: FormatSpec) -> Iterator[Assignment]:
    """Yield a section's entries, or those of the variables that override them."""
    if source.entries is not None:
        yield from map(_of_file, source.entries)
        return
    yield from (written.entry for written in _written(source.text, form))


def _written(content: str, form: FormatSpec) -> Iterator[WrittenValue]:
    here, at = "", 0
    for number, line in enumerate(content.split("\n"), 1):
        stripped = line.strip("\ufeff \t\r\v\f")
        if stripped[:1] == "[":
            here = stripped[1:].partition("]")[0].strip()
        elif stripped and stripped[0] not in "#;" and here == _SECTIONS[form.name]:
            yield _written_in(line, at, number)
        at += len(line) + 1


def _written_in(line: str, at: int, number: int) -> WrittenValue:
    match = re.match(r"\s*+\"?([^=:\"]+)\"?\s*[=:][ \t]*+(.*)", line)
    if match is None:
        entry = Assignment("", UnresolvedVariable("no-assignment"), number)
        return WrittenValue(entry, at, at, at, at)
    written = match[2].strip()
    entry = Assignment(match[1].strip(), _unquoted(written), number)
    # What _unquoted leaves out is a comment.
    quote = next((quote for quote in ('"""', "`") if written.startswith(quote)), "")
    closed = written.rfind(quote, len(quote)) + len(quote) if quote else 0
    shown = written[:closed] if closed > len(quote) else re.split("[#;]", written)[0].rstrip()
    start = at + match.start(2)
    return WrittenValue(entry, start, start + len(shown), at, at + len(line.rstrip("\r")))


def written_values(content: str, form: FormatSpec) -> list[WrittenValue]:
    """Return the settings of the program's section, the last of each name."""
    found = (written for written in _written(content, form) if written.entry.name)
    return [*{written.entry.name: written for written in found}.values()]


def place_for_new(content: str, form: FormatSpec) -> int:
    """Return where the line with the section's name ends."""
    match = _section(content, form)
    return match.end() if match else len(content)


def opening(content: str, form: FormatSpec) -> list[str]:
    """Return the lines that begin the section, if the file lacks it."""
    return [] if _section(content, form) else ["", f"[{_SECTIONS[form.name]}]"]


def _section(content: str, form: FormatSpec) -> re.Match[str] | None:
    pattern = rf"^\ufeff?+[ \t]*+\[{_SECTIONS[form.name]}\][^\n]*+\n?"
    return re.search(pattern, content, re.MULTILINE)


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as the program's library reads it."""
    return statement(name, value, form).removeprefix(f"{name} = ")


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value."""
    if form.name == "gitea":
        return _line(name, str(value), "`")
    if _provider(str(value)):
        raise InterchangeError(text("grafana-provided", name=name))
    return _line(name, str(value), _LONG_QUOTE)


def _of_file(entry: Assignment) -> Assignment:
    """Return a variable; one that ends in __FILE names the file with the value."""
    key = re.sub("__file$", "", entry.name, flags=re.IGNORECASE)
    is_path = key != entry.name and isinstance(entry.value, str)
    return Assignment(key, FileRef(entry.value), entry.line) if is_path else entry


def read_variable(entry: Assignment) -> Assignment:
    """Return a variable as Grafana reads it."""
    return entry


def read_variable_gitea(entry: Assignment) -> Assignment:
    """Return a variable as Gitea reads it from the file into which it was put."""
    is_text = isinstance(entry.value, str) and not entry.name.casefold().endswith("__file")
    return replace(entry, value=after_environment(entry.value)) if is_text else entry


def spelled_in_variable(value: str) -> str:
    """Return a value as Grafana reads it from a variable."""
    return value


def spelled_in_variable_gitea(value: str) -> str:
    """Return a value that environment-to-ini puts into Gitea's file so that it arrives."""
    if after_environment(value) == value:
        return value
    quoted = f"{_LONG_QUOTE}{value}{_LONG_QUOTE}"
    if after_environment(quoted) != value:
        raise InterchangeError(text("environment-to-ini"))
    return quoted


def _unquoted(written: str) -> str | UnresolvedVariable:
    for quote in ('"""', "`"):
        if written.startswith(quote) and (quote == "`" or len(written) > len(quote)):
            end = written.rfind(quote, len(quote))
            if end < 0:
                return UnresolvedVariable("more-lines")
            word = written[len(quote) : end]
            break
    else:
        # A # or ; ends the value, even without a blank before it, and even in quotes.
        word = re.split("[#;]", written, maxsplit=1)[0].strip()
        if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"":
            word = word[1:-1]
    return UnresolvedVariable("ini-insert") if _INSERT.search(word) else word


def _line(name: str, value: str, quote: str) -> str:
    """Return a line; InterchangeError if the library would interpolate the value."""
    if _INSERT.search(value):
        raise InterchangeError(text("ini-percent", name=name))
    return f"{name} = {value if _SAFE.fullmatch(value) else f'{quote}{value}{quote}'}"


_PROTOCOLS = {
    "smtp": "none",
    "smtp+unix": "none",
    "smtps": "ssl",
    "smtp+starttls": "auto",
    "smtp+startls": "auto",
}
_ELSEWHERE = ("sendmail", "dummy")
_SOCKET = "smtp+unix"


def read_gitea(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the section, with Gitea's defaults."""
    builder = ImportBuilder(form, _entries(source, form))
    take_gitea(builder, form.read)
    return builder


def take_gitea(builder: ImportBuilder, declared: Mapping[str, Any]) -> None:
    """Take the entries of the section, with the steps that the format `declared`."""
    if builder.switch("ENABLED", False) is False:
        builder.remark("", "not-enabled")
    name = "PROTOCOL" if "PROTOCOL" in builder else "MAILER_TYPE"
    if (builder.text(name) or "").casefold() in _ELSEWHERE:
        # Whatever else is set, no mail goes to a server by SMTP.
        builder.reject(name, "not-smtp")
        return
    if (builder.text(name) or "").casefold() == _SOCKET and (path := builder.text("SMTP_ADDR")):
        builder.put("host", f"unix:{path}", "SMTP_ADDR")
    # Versions before 1.19 had one key for host and port.
    elif not builder.take("host", "SMTP_ADDR") and (written := builder.text("HOST")):
        builder.put_host_and_port(written, "HOST")
    builder.take("port", "SMTP_PORT")
    link = _gitea_link(builder)
    builder.put_link(link, builder.form.goes_on)
    if builder.switch("ENABLE_HELO", True):
        builder.take("domain", "HELO_HOSTNAME")
    read_declared(builder, table=declared)
    # An empty PROTOCOL is none: then there is no default port.
    if builder.text("PROTOCOL") or "IS_TLS_ENABLED" in builder:
        builder.default("port", {"none": 25, "ssl": 465, "auto": 587}[link])
    elif "port" not in builder.values:
        builder.remark("port", "gitea-no-port")
    builder.report_leftovers("")


def _gitea_link(builder: ImportBuilder) -> str:
    protocol = (builder.text("PROTOCOL") or "").casefold()
    if protocol in _PROTOCOLS:
        return _PROTOCOLS[protocol]
    if protocol:
        builder.reject("PROTOCOL", "not-smtp")
    if "IS_TLS_ENABLED" in builder:
        return "ssl" if builder.switch("IS_TLS_ENABLED", False) else "auto"
    # Without a protocol the port decides; any other port, or none, means smtps.
    return {25: "none", 587: "auto"}.get(builder.values.get("port", 0), "ssl")


def write_gitea(out: ExportBuilder) -> str:
    """Write the section."""
    pairs = dict(out.pairs())
    if out.socket:
        pairs |= {"PROTOCOL": _SOCKET, "SMTP_ADDR": out.socket}
    if out.quoting:
        return export_env(out, [*pairs.items()])
    lines = [statement(name, value, out.form) for name, value in pairs.items()]
    if out.lacks_secret:
        key = out.secret_name
        out.note("password", "secret-left-out", name=key)
        lines += [f"; {text('secret-or-variable', name=f'GITEA__mailer__{key}')}", f"; {key} ="]
    return "\n".join(["[mailer]", *lines, ""])


# Grafana expands $__env{NAME}, ${NAME}, $__file{PATH}, $__vault{…}.
_LONG_QUOTE = '"""'
_PROVIDED = re.compile(r"\$(__\w+)?\{([^}]+)\}")


_SENDER = {"from_address": "admin@grafana.localhost", "from_name": "Grafana"}


def read_grafana(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the section, with Grafana's defaults."""
    entries = _entries(source, form)
    builder = ImportBuilder(form, (replace(one, value=_provided(one.value)) for one in entries))
    take_grafana(builder, form.read)
    return builder


def take_grafana(builder: ImportBuilder, declared: Mapping[str, Any]) -> None:
    """Take the entries of the section, with the steps that the format `declared`."""
    if builder.switch("enabled", False) is False:
        builder.remark("", "not-enabled")
    builder.put_host_and_port(builder.text("host") or "localhost:25", "host")
    # An empty value leaves that of conf/defaults.ini.
    for name, default in _SENDER.items():
        if builder.get(*_SENDER) and not builder.is_unknown(name) and not builder.text(name):
            builder.entries[name] = Assignment(name, default)
            builder.remark("from", "default-of", name=name, value=default)
    read_declared(builder, table=declared)


def _provided(value: Any) -> Any:
    if not isinstance(value, str) or not (match := _provider(value)):
        return value
    if match[0] == value and match[1] in (None, "__env"):
        return EnvRef(match[2])
    if match[0] == value and match[1] == "__file":
        return FileRef(match[2])
    return UnresolvedVariable("computed")


def ini_value(written: str) -> object:
    """Return what Grafana reads from a bare value of its file."""
    return _provided(_unquoted(written.strip()))


def ini_text(value: str) -> str:
    """Return a value with the quotes that Grafana's file needs."""
    return value if _SAFE.fullmatch(value) else f"{_LONG_QUOTE}{value}{_LONG_QUOTE}"


def after_environment(written: str) -> object:
    """Return what Gitea reads after environment-to-ini has put a value into its file.

    The program quotes where it must, but does not see that quotes around a value get lost.
    """
    word = written.strip()
    if _INSERT.search(word):
        return UnresolvedVariable("ini-insert")
    if "`" in word or re.search("[#;]", word):
        return UnresolvedVariable("computed") if _LONG_QUOTE in word else word
    return _unquoted(word)


def _provider(value: str) -> re.Match[str] | None:
    # Search only up to the last brace: each unclosed opening would scan to the end.
    return _PROVIDED.search(value, 0, value.rfind("}") + 1)


def write_grafana(out: ExportBuilder) -> str:
    """Write the section."""
    pairs = out.pairs()
    if dict(pairs).keys() & _SENDER.keys() == {"from_address"}:
        out.note("from", "adds-name", name=_SENDER["from_name"])
    lines = [statement(name, value, out.form) for name, value in pairs]
    if out.quoting:
        return export_env(out, pairs)
    if out.lacks_secret:
        if isinstance(out.source, FileSource):
            lines.append(f"password = $__file{{{out.source.path}}}")
        else:
            out.note("password", "becomes-variable", name=out.variable)
            lines.append(f"password = $__env{{{out.variable}}}")
    return "\n".join(["[smtp]", *lines, ""])
