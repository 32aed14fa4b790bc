"""What Python source assigns, read and never run; values from the environment are told apart."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Any

from smtp_tui.interchange.entries import Entry, EnvRef, Unresolved
from smtp_tui.interchange.results import InterchangeError, text

_CONVERTERS = frozenset({"str", "int", "bool", "float"})
_DIGITS = 18
# Of `env = environ.Env()` and environs' Env: the calls that return one variable.
_ENV_METHODS = frozenset({"str", "int", "bool", "float", "unicode", "get_value"})
_ENV_CLASSES = frozenset({"Env", "FileAwareEnv"})


class Source:
    """A module's assignments; `environment`, `readers` and `configs` are its own names for those.

    An environment is `os.environ`, a reader django-environ's `env`, a config decouple's function.
    """

    def __init__(self, content: str) -> None:
        self.tree = _parsed(content)
        self._environments = {"environ"}
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
                    case ast.Call(func=ast.Name(id=made) | ast.Attribute(attr=made)) if (
                        made in _ENV_CLASSES
                    ):
                        self._readers.add(name)
            case ast.ImportFrom(module="decouple", names=names):
                self._configs |= {one.asname or one.name for one in names if one.name == "config"}
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                self._configs -= {one.asname or one.name for one in names}
            case ast.FunctionDef(name=name):
                self._configs.discard(name)
                self._readers.discard(name)
            case _:
                pass

    def assigned(
        self, body: list[ast.stmt] | None = None, *, is_sure: bool = True
    ) -> Iterator[tuple[str, ast.expr, int, bool]]:
        """Yield names and what is assigned to them, the line, and whether it always is."""
        for statement in self.tree.body if body is None else body:
            match statement:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        if isinstance(target, ast.Name):
                            yield target.id, value, statement.lineno, is_sure
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    yield name, value, statement.lineno, is_sure
                case ast.If(test=ast.Compare(left=ast.Attribute(attr="VERSION"))):
                    # One of the two is for this Django, and what both say is read by its names.
                    yield from self.assigned(statement.body, is_sure=is_sure)
                    yield from self.assigned(statement.orelse, is_sure=is_sure)
                case ast.If() | ast.Try() | ast.With() | ast.ClassDef():
                    for part in ("body", "orelse", "finalbody"):
                        yield from self.assigned(getattr(statement, part, []), is_sure=False)
                case _:
                    pass

    def value(self, node: ast.expr) -> Any:
        """Return a literal, an EnvRef, or Unresolved."""
        match node:
            case ast.Constant(value=int() as number) if abs(number) >= 10**_DIGITS:
                return Unresolved("no-such-number")
            case ast.Constant(value=None | str() | int() | float() | bool() as value):
                return value
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))) if (
                self._is_environment(owner)
            ):
                return EnvRef(name)
            case ast.BoolOp(op=ast.Or(), values=[first, ast.Constant(value=default)]):
                found = self.value(first)
                is_bare = isinstance(found, EnvRef) and found.default is None
                return EnvRef(found.name, default) if is_bare else Unresolved("computed")
            case ast.Call(func=ast.Name(id=function), args=[argument]) if (
                function in _CONVERTERS and not isinstance(argument, ast.Constant)
            ):
                return self.value(argument)
            case ast.Call():
                return self._call(node)
            case _:
                return Unresolved("computed")

    def _call(self, node: ast.Call) -> Any:
        match node:
            case ast.Call(args=[ast.Constant(value=str(name)), *more], keywords=keywords):
                given = [one.value for one in keywords if one.arg == "default"]
            case _:
                return Unresolved("computed")
        match node.func:
            case ast.Attribute(value=owner, attr="get") if self._is_environment(owner):
                given += more
            case ast.Attribute(value=ast.Name(id="os"), attr="getenv") | ast.Name(id="getenv"):
                given += more
            case ast.Attribute(value=ast.Name(id=owner), attr=method) if (
                owner in self._readers and method in _ENV_METHODS
            ):
                given += more
            case ast.Name(id=function) if function in self._readers:
                pass  # the second value is a type here
            case ast.Name(id=function) if function in self._configs:
                given += more
            case _:
                return Unresolved("computed")
        return EnvRef(name, _literal(given[0]) if given else None)

    def _is_environment(self, node: ast.expr) -> bool:
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ"):
                return True
            case ast.Name(id=name):
                return name in self._environments
            case _:
                return False


def _literal(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=int() as number) if abs(number) >= 10**_DIGITS:
            return None
        case ast.Constant(value=str() | int() | float() | bool() as value):
            return value
        case _:
            return None


def _parsed(content: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # An escape in somebody else's string is none of our business.
            warnings.simplefilter("ignore")
            return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}" if line else "it"
        raise InterchangeError(text("not-python", where=where)) from None


def pairs_of(node: ast.expr) -> dict[str, ast.expr] | None:
    """Return what a literal dictionary with texts for keys holds; None for anything else."""
    match node:
        case ast.Dict(keys=keys, values=values):
            found = {}
            for key, value in zip(keys, values, strict=True):
                if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                    return None
                found[key.value] = value
            return found
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return {one.arg: one.value for one in keywords if one.arg is not None}
        case _:
            return None


def entry(name: str, value: Any, line: int, *, is_sure: bool) -> Entry:
    """Make an entry; a value that is not always assigned is not known."""
    return Entry(name, value if is_sure else Unresolved("under-condition"), line)
