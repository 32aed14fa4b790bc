"""Import and export `ssmtp.conf`, as ssmtp 2.64 reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, WrittenValue
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

# No blank may stand around the sign: a word ends there, and may be empty.
_LINE = re.compile(r"(?P<name>[^= \t]++)[= \t](?P<rest>.*+)")
_WORD = re.compile(r"[^= \t:]*+")
_LONG_WORD = re.compile(r"[^= \t]*+")

_NAMES = frozenset(
    {"mailhub", "hostname", "usetls", "usestarttls", "authuser", "authpass", "authmethod", "root"}
    | {"rewritedomain", "fromlineoverride", "debug", "usetlscert"}
)


def written_values(content: str, form: FormatSpec) -> list[WrittenValue]:
    """Return the settings, the last of each name, with their places."""
    written = {name.casefold(): name for name in form.write}
    found: dict[str, WrittenValue] = {}
    at = 0
    for number, line in enumerate(content.split("\n"), 1):
        for name, word, start in _words(line):
            end = at + start + len(word)
            entry = Assignment(written.get(name, name), word, number)
            found[entry.name] = WrittenValue(
                entry, at + start, end, at, at + len(line.rstrip("\r"))
            )
        at += len(line) + 1
    return [*found.values()]


def spelled(name: str, value: object, form: FormatSpec) -> str:
    """Return a value as the file holds it; InterchangeError if it would end before its end."""
    signs = "#=:" if name in ("AuthUser", "hostname") else "#="
    if re.search(rf"[{signs} \t]", str(value)) or (name == "mailhub" and str(value).count(":") > 1):
        raise InterchangeError(text("mta-sign", key=name, program=form.title, signs="# = : blank"))
    return str(value)


def statement(name: str, value: object, form: FormatSpec) -> str:
    """Return the line that sets a value."""
    return f"{name}={spelled(name, value, form)}"


def _words(line: str) -> Iterator[tuple[str, str, int]]:
    """Yield a line's name and value, as far as ssmtp reads it, and where the value begins."""
    written = line.rstrip("\r").partition("#")[0]
    match = _LINE.match(written)
    if "=" in written and match:
        name, rest = match["name"], match["rest"]
        name = name.casefold() if name.casefold() in _NAMES else name
        is_long = name in ("authpass", "mailhub")
        found = (_LONG_WORD if is_long else _WORD).match(rest)
        yield name, found[0] if found else "", match.start("rest")


def _entries(content: str) -> Iterator[Assignment]:
    for number, line in enumerate(content.split("\n"), 1):
        for name, word, _ in _words(line):
            host, _, port = word.partition(":") if name == "mailhub" else (word, "", "")
            yield Assignment(name, host, number)
            if port:
                yield Assignment("port", port.partition(":")[0], number)


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the settings, with ssmtp's defaults."""
    builder = ImportBuilder(form, _entries(source.text))
    builder.take_each(host="mailhub", port="port", domain="hostname")
    # STARTTLS brings TLS with it.
    starttls, tls = builder.switch("usestarttls", False), builder.switch("usetls", False)
    link = "tls" if starttls else "ssl" if tls else "none"
    builder.put_link(link)
    if link != "none":
        builder.values["openssl_verify_mode"] = "none"
        builder.remark("openssl_verify_mode", "never-verifies")
    if builder.take("username", "authuser"):
        builder.put_password("authpass")
        word = (builder.text("authmethod") or "").casefold()
        mechanism = "cram-md5" if word == "cram-md5" else "login"
        if word:
            builder.put("authentication", mechanism, "authmethod")
        else:
            builder.default("authentication", mechanism)
    else:
        builder.use("authpass", "authmethod")
    builder.default("host", "mailhub")
    builder.default("port", 25)
    builder.report_leftovers("")
    return builder


def write(out: ExportBuilder) -> str:
    """Export the settings."""
    lines = [statement(name, value, out.form) for name, value in out.pairs()]
    if out.lacks_secret:
        out.note("password", "secret-left-out", name=out.secret_name)
        lines += [f"# {text('secret-place', name=out.secret_name)}", f"# {out.secret_name}="]
    return "\n".join([*lines, ""])
