"""Django's settings: Python source, read and never run; with a quoting, an `.env` file of them.

Django 6.1 has them in MAILERS, and refuses to start where EMAIL_* stands beside it; 7.0 ends those.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.entries import Entry, Unresolved
from smtp_tui.interchange.envfile.env_format import exported, intake
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.python_source import Source as PythonSource
from smtp_tui.interchange.formats.python_source import entry, pairs_of
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported
from smtp_tui.interchange.spec import FormatSpec, Source
from smtp_tui.settings.password_sources import File

_BEGINNINGS = ("EMAIL_", "DEFAULT_FROM_EMAIL")
_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
_MAILERS = "MAILERS"
_URL = "EMAIL_URL"
_URL_CALLS = ("email", "email_url")
# The options of a mailer, each with the older setting that it stands for.
_OPTIONS = {
    "host": "EMAIL_HOST",
    "port": "EMAIL_PORT",
    "use_tls": "EMAIL_USE_TLS",
    "use_ssl": "EMAIL_USE_SSL",
    "timeout": "EMAIL_TIMEOUT",
    "ssl_certfile": "EMAIL_SSL_CERTFILE",
    "ssl_keyfile": "EMAIL_SSL_KEYFILE",
    "username": "EMAIL_HOST_USER",
    "password": "EMAIL_HOST_PASSWORD",
}
_ASIDE = ("EMAIL_SUBJECT_PREFIX", "EMAIL_USE_LOCALTIME", "EMAIL_FILE_PATH", "EMAIL_BACKEND")


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the settings, with what Django takes where they are not set."""
    taken = intake(form, source) if source.quoting else ImportBuilder(form, _entries(source.text))
    has_mailers = any(name.startswith(f"{_MAILERS}.") for name in taken.names())
    names = {
        option: f"{_MAILERS}.{option}" if has_mailers else setting
        for option, setting in _OPTIONS.items()
    }
    taken.expect(f"{_MAILERS}.BACKEND" if has_mailers else "EMAIL_BACKEND", _BACKEND)
    taken.take("host", names["host"])
    taken.take("port", names["port"])
    link = _link(taken, names)
    if taken.get(_URL) is not None:
        taken.refuse(_URL, "url-beside")
    if has_mailers:
        taken.default("port", {"ssl": 465, "tls": 587, "none": 25}[link])
    elif _URL not in taken and _MAILERS not in taken:
        taken.default("host", "localhost")
        taken.default("port", 25)
    if taken.take("username", names["username"]):
        own = "CRAM-MD5, PLAIN, LOGIN"
        taken.remark("authentication", "own-choice", program="Django", names=own)
    taken.put_password(names["password"])
    taken.take("client_certificate", names["ssl_certfile"])
    taken.take("client_key", names["ssl_keyfile"])
    taken.put_timeout(names["timeout"])
    taken.put_sender(taken.text("DEFAULT_FROM_EMAIL"), None, "DEFAULT_FROM_EMAIL")
    taken.default("from", "webmaster@localhost")
    taken.use(*_ASIDE, *_OPTIONS.values() if has_mailers else ())
    taken.leftovers(*_BEGINNINGS, _MAILERS)
    return taken.done()


def _link(taken: ImportBuilder, names: dict[str, str]) -> str:
    starttls = taken.switch(names["use_tls"], False)
    ssl = taken.switch(names["use_ssl"], False)
    if starttls and ssl:
        taken.refuse(names["use_tls"], "both-refused", other=names["use_ssl"])
    link = "ssl" if ssl else "tls" if starttls else "none"
    if link != "none" or not (_URL in taken or _MAILERS in taken):
        taken.put_link(link)
    return link


def _entries(content: str) -> Iterator[Entry]:
    source = PythonSource(content)
    for name, node, line, is_sure in source.assigned():
        if name == _MAILERS:
            yield from _mailers(source, node, line, is_sure=is_sure)
        elif name.startswith(_BEGINNINGS) and not _is_url(node):
            yield entry(name, source.value(node), line, is_sure=is_sure)
    for part in ast.walk(source.tree):
        if isinstance(part, ast.Call) and _is_url(part):
            yield Entry(_URL, Unresolved("email-url"), part.lineno)


def _is_url(node: ast.expr) -> bool:
    """Whether a call takes all settings from one URL, as django-environ and dj-email-url do."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="env"), attr=function)):
            return function in _URL_CALLS
        case ast.Call(func=ast.Attribute(value=ast.Name(id="dj_email_url"))):
            return True
        case _:
            return False


def _mailers(source: PythonSource, node: ast.expr, line: int, *, is_sure: bool) -> Iterator[Entry]:
    """Yield the options of the default mailer, under names that begin with MAILERS."""
    mailer = (pairs_of(node) or {}).get("default")
    parts = pairs_of(mailer) if mailer is not None else None
    options = pairs_of(parts["OPTIONS"]) if parts and "OPTIONS" in parts else {}
    if parts is None or options is None:
        yield Entry(_MAILERS, Unresolved("computed"), line)
        return
    if "BACKEND" in parts:
        options = {**options, "BACKEND": parts["BACKEND"]}
    for name, value in options.items():
        yield entry(f"{_MAILERS}.{name}", source.value(value), value.lineno, is_sure=is_sure)


def write(out: ExportBuilder) -> Exported:
    """Write the settings for Django 6.1 and later, and for those before it."""
    link = out.link
    out.note_own_ways()
    timeout = out.whole_seconds
    options: dict[str, Any] = {
        "host": out.host,
        "port": out.settings.port,
        "use_tls": link == "tls",
        "use_ssl": link == "ssl",
        "timeout": None if timeout is None else int(timeout),
        "ssl_certfile": out.given("client_certificate"),
        "ssl_keyfile": out.given("client_key"),
        "username": out.username,
    }
    sender = out.sender
    if out.quoting:
        pairs = [
            (_OPTIONS[name], None if one is None else str(one)) for name, one in options.items()
        ]
        return exported(out, [*pairs, ("DEFAULT_FROM_EMAIL", sender)], "EMAIL_HOST_PASSWORD")
    written = {name: repr(value) for name, value in options.items() if value is not None}
    if password := _password(out):
        written["password"] = password
    needs_os = out.wants_secret and out.secret is None
    lines = [*(["import os", ""] if needs_os else []), "import django", ""]
    lines += ["if django.VERSION >= (6, 1):", f"    {_MAILERS} = {{", '        "default": {']
    lines += [f'            "BACKEND": "{_BACKEND}",', '            "OPTIONS": {']
    lines += [f'                "{name}": {value},' for name, value in written.items()]
    lines += ["            },", "        }", "    }", "else:", f'    EMAIL_BACKEND = "{_BACKEND}"']
    lines += [f"    {_OPTIONS[name]} = {value}" for name, value in written.items()]
    lines += [f"DEFAULT_FROM_EMAIL = {sender!r}"] if sender else []
    return out.done("\n".join([*lines, ""]))


def _password(out: ExportBuilder) -> str | None:
    if not out.wants_secret:
        return None
    if out.secret is not None:
        return repr(out.secret)
    if isinstance(out.source, File):
        out.note("password", "becomes-variable", program=out.form.title, name=out.variable)
    return f"os.environ[{out.variable!r}]"
