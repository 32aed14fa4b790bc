"""Import and export Django's settings: Python source, never run, or an `.env` file.

Django 6.1 has them in MAILERS, and does not start if EMAIL_* is set too; 7.0 drops EMAIL_*.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.envfile import export_env, import_env
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import (
    Assignment,
    EnvRef,
    ImportBuilder,
    UnresolvedVariable,
)
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text
from smtp_tui.settings.password_sources import FileSource

_CONVERTERS = frozenset({"str", "int", "bool", "float"})
_DIGITS = 18
# Methods of django-environ's and environs' Env that return one variable.
_ENV_METHODS = frozenset({"str", "int", "bool", "float", "unicode", "get_value"})
_ENV_CLASSES = frozenset({"Env", "FileAwareEnv"})

PythonAssignment = tuple[str, ast.expr, int, bool]
"""A name, its value, the line, and whether it is unconditional."""


class _PythonSource:
    """A module's assignments, and its names for environments, readers and configs.

    An environment is `os.environ`, a reader django-environ's `env`, a config decouple's function.
    """

    def __init__(self, content: str) -> None:
        try:
            with warnings.catch_warnings():
                # Invalid escapes in the file's strings do not matter.
                warnings.simplefilter("ignore")
                self.tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None)
            where = f"line {line}" if line else "it"
            raise InterchangeError(text("not-python", where=where)) from None
        self._environments = {"environ", "os.environ"}
        self._readers = {"env"}
        self._configs = {"config"}
        for statement in self.tree.body:
            self._learn(statement)

    def _learn(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                for names in (self._environments, self._readers, self._configs):
                    names.discard(name)
                match value:
                    case ast.Attribute(attr="environ") | ast.Name(id="environ"):
                        self._environments.add(name)
                    case ast.Call(
                        func=ast.Name(id=class_name) | ast.Attribute(attr=class_name)
                    ) if class_name in _ENV_CLASSES:
                        self._readers.add(name)
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                is_decouple = getattr(statement, "module", None) == "decouple"
                for alias in names:
                    name = alias.asname or alias.name
                    if not is_decouple:
                        self._configs.discard(name)
                    elif alias.name == "config":
                        self._configs.add(name)
            case ast.FunctionDef(name=name):
                self._configs.discard(name)
                self._readers.discard(name)
            case _:
                pass

    def assigned(self, body: list[ast.stmt], *, is_sure: bool = True) -> Iterator[PythonAssignment]:
        """Yield the assignments in statements."""
        for statement in body:
            match statement:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        if isinstance(target, ast.Name):
                            yield target.id, value, statement.lineno, is_sure
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    yield name, value, statement.lineno, is_sure
                case ast.If(test=ast.Compare(left=ast.Attribute(attr="VERSION"))):
                    # One branch is for this Django; names tell the two branches apart.
                    both = [*statement.body, *statement.orelse]
                    yield from self.assigned(both, is_sure=is_sure)
                case ast.If() | ast.Try() | ast.With() | ast.ClassDef():
                    for part in ("body", "orelse", "finalbody"):
                        yield from self.assigned(getattr(statement, part, []), is_sure=False)
                case _:
                    pass

    def entry(self, name: str, node: ast.expr, line: int, *, is_sure: bool) -> Assignment:
        """Return an entry; a conditional assignment's value is unknown."""
        return Assignment(
            name, self.value(node) if is_sure else UnresolvedVariable("under-condition"), line
        )

    def value(self, node: ast.expr) -> Any:
        """Return a literal, an EnvRef, or UnresolvedVariable."""
        match node:
            case ast.Constant(value=int() as number) if abs(number) >= 10**_DIGITS:
                return UnresolvedVariable("no-such-number")
            case ast.Constant(value=None | str() | int() | float() | bool() as value):
                return value
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))) if (
                _dotted(owner) in self._environments
            ):
                return EnvRef(name)
            case ast.BoolOp(op=ast.Or(), values=[first, ast.Constant(value=default)]):
                found = self.value(first)
                is_bare = isinstance(found, EnvRef) and found.default is None
                return EnvRef(found.name, default) if is_bare else UnresolvedVariable("computed")
            case ast.Call(func=ast.Name(id=function), args=[argument]) if (
                function in _CONVERTERS and not isinstance(argument, ast.Constant)
            ):
                return self.value(argument)
            case ast.Call(args=[ast.Constant(value=str(name)), *more]):
                function = _dotted(node.func)
                defaults = [keyword.value for keyword in node.keywords if keyword.arg == "default"]
                if function not in self._readers:  # whose second value is a type
                    defaults += more
                if not self._returns_variable(function):
                    return UnresolvedVariable("computed")
                is_literal = bool(defaults) and isinstance(defaults[0], ast.Constant)
                default = self.value(defaults[0]) if is_literal else None
                return EnvRef(name, None if isinstance(default, UnresolvedVariable) else default)
            case _:
                return UnresolvedVariable("computed")

    def _returns_variable(self, function: str) -> bool:
        owner, _, method = function.rpartition(".")
        return (
            (owner in self._environments and method == "get")
            or (owner in self._readers and method in _ENV_METHODS)
            or function in ("os.getenv", "getenv", *self._readers, *self._configs)
        )


def _dotted(node: ast.expr) -> str:
    """Return a dotted name, as `os.environ.get`; empty text for any other expression."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def _pairs_of(node: ast.expr | None) -> dict[str, ast.expr] | None:
    """Return the items of a literal dictionary with string keys; None for anything else."""
    match node:
        case ast.Dict(keys=keys, values=values):
            names = [getattr(key, "value", None) for key in keys]
            are_texts = all(isinstance(name, str) for name in names)
            return dict(zip(map(str, names), values, strict=True)) if are_texts else None
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return {item.arg: item.value for item in keywords if item.arg is not None}
        case _:
            return None


_PREFIXES = ("EMAIL_", "DEFAULT_FROM_EMAIL")
_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
_MAILERS = "MAILERS"
_URL = "EMAIL_URL"
# A mailer's options, each with the older setting that it replaces.
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


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the settings, with Django's defaults."""
    builder = (
        import_env(form, source) if source.quoting else ImportBuilder(form, _entries(source.text))
    )
    has_mailers = any(name.startswith(f"{_MAILERS}.") for name in builder.entries)
    names = {
        option: f"{_MAILERS}.{option}" if has_mailers else setting
        for option, setting in _OPTIONS.items()
    }
    builder.expect(f"{_MAILERS}.BACKEND" if has_mailers else "EMAIL_BACKEND", _BACKEND)
    builder.take_each(host=names["host"], port=names["port"])
    link = _link(builder, names)
    if builder.get(_URL) is not None:
        builder.reject(_URL, "url-beside")
    if has_mailers:
        builder.default("port", {"ssl": 465, "tls": 587, "none": 25}[link])
    elif _URL not in builder and _MAILERS not in builder:
        builder.default("host", "localhost")
        builder.default("port", 25)
    builder.take("username", names["username"])
    builder.remark_own_choice("CRAM-MD5, PLAIN, LOGIN")
    builder.put_password(names["password"])
    builder.take_each(client_certificate=names["ssl_certfile"], client_key=names["ssl_keyfile"])
    builder.put_timeout(names["timeout"])
    builder.take_sender("DEFAULT_FROM_EMAIL")
    builder.default("from", "webmaster@localhost")
    builder.use(*_OPTIONS.values() if has_mailers else ())
    builder.report_leftovers(*_PREFIXES, _MAILERS)
    return builder


def _link(builder: ImportBuilder, names: dict[str, str]) -> str:
    starttls = builder.switch(names["use_tls"], False)
    ssl = builder.switch(names["use_ssl"], False)
    if starttls and ssl:
        builder.reject(names["use_tls"], "both-refused", other=names["use_ssl"])
    link = "ssl" if ssl else "tls" if starttls else "none"
    if link != "none" or not (_URL in builder or _MAILERS in builder):
        builder.put_link(link)
    return link


def _entries(content: str) -> Iterator[Assignment]:
    source = _PythonSource(content)
    for name, node, line, is_sure in source.assigned(source.tree.body):
        if name == _MAILERS:
            yield from _mailers(source, node, line, is_sure=is_sure)
        elif name.startswith(_PREFIXES) and not _is_url(node):
            yield source.entry(name, node, line, is_sure=is_sure)
    for part in ast.walk(source.tree):
        if _is_url(part):
            yield Assignment(_URL, UnresolvedVariable("email-url"), getattr(part, "lineno", None))


def _is_url(node: ast.AST) -> bool:
    """Whether a call reads all settings from one URL, as django-environ and dj-email-url do."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="env"), attr="email" | "email_url")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="dj_email_url"))):
            return True
        case _:
            return False


def _mailers(
    source: _PythonSource, node: ast.expr, line: int, *, is_sure: bool
) -> Iterator[Assignment]:
    """Yield the default mailer's options, with names that begin with MAILERS."""
    parts = _pairs_of((_pairs_of(node) or {}).get("default"))
    options = _pairs_of(parts["OPTIONS"]) if parts and "OPTIONS" in parts else {}
    if parts is None or options is None:
        yield Assignment(_MAILERS, UnresolvedVariable("computed"), line)
        return
    options |= {"BACKEND": parts["BACKEND"]} if "BACKEND" in parts else {}
    for name, value in options.items():
        yield source.entry(f"{_MAILERS}.{name}", value, value.lineno, is_sure=is_sure)


def write(out: ExportBuilder) -> str:
    """Export the settings for Django 6.1 and later, and for older versions."""
    pairs = out.pairs()
    if out.quoting:
        return export_env(out, pairs)
    settings = {name: repr(value) for name, value in pairs}
    sender = settings.pop("DEFAULT_FROM_EMAIL", None)
    if out.lacks_secret:
        if isinstance(out.source, FileSource):
            out.note("password", "becomes-variable", name=out.variable)
        settings[out.secret_name] = f"os.environ[{out.variable!r}]"
    lines = [*(["import os", ""] if out.lacks_secret else []), "import django", ""]
    lines += ["if django.VERSION >= (6, 1):", f"    {_MAILERS} = {{", '        "default": {']
    lines += [f'            "BACKEND": "{_BACKEND}",', '            "OPTIONS": {']
    for option, name in _OPTIONS.items():
        if name in settings:
            lines.append(f'                "{option}": {settings[name]},')
    lines += ["            },", "        }", "    }", "else:", f'    EMAIL_BACKEND = "{_BACKEND}"']
    lines += [f"    {name} = {value}" for name, value in settings.items()]
    lines += [f"DEFAULT_FROM_EMAIL = {sender}"] if sender else []
    return "\n".join([*lines, ""])
