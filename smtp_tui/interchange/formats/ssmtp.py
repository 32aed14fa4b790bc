"""Import and export `ssmtp.conf`, as ssmtp 2.64 reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.beside import refuse
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder
from smtp_tui.interchange.spec import FormatSpec, ImportSource, text

# No blank may stand around the sign: a word ends there, and may be empty.
_LINE = re.compile(r"(?P<name>[^= \t]++)[= \t](?P<rest>.*+)")
_WORD = re.compile(r"[^= \t:]*+")
_LONG_WORD = re.compile(r"[^= \t]*+")

_NAMES = frozenset(
    {"mailhub", "hostname", "usetls", "usestarttls", "authuser", "authpass", "authmethod", "root"}
    | {"rewritedomain", "fromlineoverride", "debug", "usetlscert"}
)


def _entries(content: str) -> Iterator[Assignment]:
    for number, line in enumerate(content.split("\n"), 1):
        written = line.rstrip("\r").partition("#")[0]
        match = _LINE.match(written)
        if "=" not in written or match is None:
            continue
        name, rest = match["name"], match["rest"]
        name = name.casefold() if name.casefold() in _NAMES else name
        found = (_LONG_WORD if name == "authpass" else _WORD).match(rest)
        word = found[0] if found else ""
        yield Assignment(name, word, number)
        after = rest[len(word) :]
        if name == "mailhub" and after.startswith(":") and (port := _WORD.match(after, 1)):
            yield Assignment("port", port[0], number)


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
    refuse(out, "host", out.settings.host, "#=:")
    refuse(out, "username", out.username, "#=: \t")
    refuse(out, "password", out.secret if out.wants_secret else None, "#= \t")
    refuse(out, "domain", out.given("domain"), "#=:")
    lines = [f"{name}={value}" for name, value in out.pairs()]
    if out.lacks_secret:
        out.note("password", "secret-left-out", name=out.secret_name)
        lines += [f"# {text('secret-place', name=out.secret_name)}", f"# {out.secret_name}="]
    return "\n".join([*lines, ""])
