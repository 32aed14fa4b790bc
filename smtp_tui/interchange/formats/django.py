"""Django's settings: Python source, read and never run; with a quoting, an `.env` file of them."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.entries import Entry, Unclear, Variable
from smtp_tui.interchange.envfile.exchange import exported, intake
from smtp_tui.interchange.intake import Intake
from smtp_tui.interchange.known import Format
from smtp_tui.interchange.outlet import Outlet
from smtp_tui.interchange.results import Exported, Imported, InterchangeError
from smtp_tui.interchange.source import Source
from smtp_tui.interchange.texts import text
from smtp_tui.settings.sources import File

_BEGINNINGS = ("EMAIL_", "DEFAULT_FROM_EMAIL")
_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
# How settings ask for a variable: os.getenv, os.environ.get, and the usual libraries for it.
_GETTERS = frozenset({"getenv", "get", "env", "str", "int", "bool", "config"})
_CONVERTERS = frozenset({"str", "int", "bool", "float"})


def read(source: Source, form: Format) -> Imported:
    """Read the settings, with what Django takes where they are not set."""
    taken = intake(form, source) if source.quoting else Intake(form, _entries(source.text))
    taken.expect("EMAIL_BACKEND", _BACKEND)
    taken.take("host", "EMAIL_HOST")
    taken.take("port", "EMAIL_PORT")
    taken.default("host", "localhost")
    taken.default("port", 25)
    _link(taken)
    if taken.take("username", "EMAIL_HOST_USER"):
        names = "CRAM-MD5, PLAIN, LOGIN"
        taken.remark("authentication", "own-choice", program="Django", names=names)
    taken.put_password("EMAIL_HOST_PASSWORD")
    taken.take("client_certificate", "EMAIL_SSL_CERTFILE")
    taken.take("client_key", "EMAIL_SSL_KEYFILE")
    taken.put_timeout("EMAIL_TIMEOUT")
    taken.put_sender(taken.text("DEFAULT_FROM_EMAIL"), None, "DEFAULT_FROM_EMAIL")
    taken.default("from", "webmaster@localhost")
    taken.use("EMAIL_SUBJECT_PREFIX", "EMAIL_USE_LOCALTIME", "EMAIL_FILE_PATH")
    taken.leftovers(*_BEGINNINGS)
    return taken.done()


def _link(taken: Intake) -> None:
    starttls = taken.switch("EMAIL_USE_TLS", False)
    ssl = taken.switch("EMAIL_USE_SSL", False)
    if starttls and ssl:
        taken.refuse("EMAIL_USE_TLS", "both-refused", other="EMAIL_USE_SSL")
    taken.put_link("ssl" if ssl else "tls" if starttls else "none")


def _entries(content: str) -> Iterator[Entry]:
    try:
        with warnings.catch_warnings():
            # An escape in somebody else's string is none of our business.
            warnings.simplefilter("ignore")
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}" if line else "it"
        raise InterchangeError(text("not-python", where=where)) from None
    yield from _assigned(tree.body, is_sure=True)


def _assigned(body: list[ast.stmt], *, is_sure: bool) -> Iterator[Entry]:
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name.startswith(_BEGINNINGS):
                found = _value(value) if is_sure else Unclear("under-condition")
                yield Entry(name, found, statement.lineno)
            case ast.If() | ast.Try() | ast.With():
                for part in ("body", "orelse", "finalbody"):
                    yield from _assigned(getattr(statement, part, []), is_sure=False)
            case _:
                pass


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=None | str() | int() | float() | bool() as value):
            return value
        case ast.Subscript(
            value=ast.Attribute(attr="environ") | ast.Name(id="environ"),
            slice=ast.Constant(value=str(name)),
        ):
            return Variable(name)
        case ast.Call(
            func=ast.Name(id=function) | ast.Attribute(attr=function),
            args=[ast.Constant(value=str(name)), *more],
            keywords=keywords,
        ) if function in _GETTERS:
            given = [*more, *(one.value for one in keywords if one.arg == "default")]
            return Variable(name, _default(given[0]) if given else None)
        case ast.Call(func=ast.Name(id=function), args=[argument]) if function in _CONVERTERS:
            return _value(argument)
        case _:
            return Unclear("computed")


def _default(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=str() | int() | float() | bool() as value):
            return value
        case _:
            return None


def write(out: Outlet) -> Exported:
    """Write the settings."""
    link = out.link
    out.note_own_ways()
    timeout = out.whole_seconds
    pairs: list[tuple[str, Any]] = [
        ("EMAIL_HOST", out.host),
        ("EMAIL_PORT", out.settings.port),
        ("EMAIL_USE_TLS", link == "tls"),
        ("EMAIL_USE_SSL", link == "ssl"),
        ("EMAIL_TIMEOUT", None if timeout is None else int(timeout)),
        ("EMAIL_SSL_CERTFILE", out.given("client_certificate")),
        ("EMAIL_SSL_KEYFILE", out.given("client_key")),
        ("DEFAULT_FROM_EMAIL", out.given("from")),
        ("EMAIL_HOST_USER", out.username),
    ]
    if out.quoting:
        texts = [(name, None if value is None else str(value)) for name, value in pairs]
        return exported(out, texts, "EMAIL_HOST_PASSWORD")
    lines = [f'EMAIL_BACKEND = "{_BACKEND}"']
    lines += [f"{name} = {value!r}" for name, value in pairs if value is not None]
    return out.done("\n".join([*_imports(out), *lines, *_password(out), ""]))


def _imports(out: Outlet) -> list[str]:
    return ["import os", ""] if out.wants_secret and out.secret is None else []


def _password(out: Outlet) -> list[str]:
    if not out.wants_secret:
        return []
    if out.secret is not None:
        return [f"EMAIL_HOST_PASSWORD = {out.secret!r}"]
    if isinstance(out.source, File):
        out.note("password", "becomes-variable", name=out.variable)
    return [f"EMAIL_HOST_PASSWORD = os.environ[{out.variable!r}]"]
