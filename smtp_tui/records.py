"""Frozen dataclasses that are quick to define.

`dataclasses` writes and compiles six methods a class, half a millisecond each time, and a check
loads fifty such classes: as long as the rest of its start takes. What `record` makes is a dataclass
for everybody who asks (`fields`, `replace`, `match`), with one set of methods that all share.
`python -m tests.benchmarks records` shows the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import (
    MISSING,
    Field,
    FrozenInstanceError,
    dataclass,
    field,
    fields,
    make_dataclass,
)
from typing import Any, ClassVar, Never, TypeVar, dataclass_transform, overload

# A class that was built so often is built by a thousand checks, or by a long watch.
OFTEN = 500
_built: dict[type[Any], int] = {}

Class = TypeVar("Class", bound=type[Any])


@overload
def record(cls: Class, /) -> Class: ...
@overload
def record(*, kw_only: bool) -> Callable[[Class], Class]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[Any] | None = None, /, *, kw_only: bool = False) -> Any:
    """Make a class a frozen dataclass with slots; `kw_only` takes values by name alone."""
    if cls is None:
        return lambda one: _made(one, kw_only=kw_only)
    return _made(cls, kw_only=kw_only)


def _made(cls: type[Any], *, kw_only: bool) -> type[Any]:
    for name, method in _SHARED.items():
        if name not in cls.__dict__:
            setattr(cls, name, method)
    return dataclass(cls, init=False, repr=False, eq=False, slots=True, kw_only=kw_only)


class _Record:
    """The methods; never an ancestor, so that a record inherits nothing but what it names."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    __match_args__: ClassVar[tuple[str, ...]]

    def __init__(self, *values: object, **named: object) -> None:
        cls = type(self)
        _built[cls] = _built.get(cls, 0) + 1
        if _built[cls] == OFTEN:
            _quicken(cls)
        if values:
            named = _with_positional(self, values, named)
        for name, declared in self.__dataclass_fields__.items():
            if name in named:
                value = named.pop(name)
            elif declared.default is not MISSING:
                value = declared.default
            elif declared.default_factory is not MISSING:
                value = declared.default_factory()
            else:
                raise TypeError(f"{type(self).__name__} lacks {name}")
            object.__setattr__(self, name, value)
        if named:
            raise TypeError(f"{type(self).__name__} has no {', '.join(named)}")

    def __repr__(self) -> str:
        shown = [f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr]
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash(_values(self))

    def __setattr__(self, name: str, value: object) -> Never:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> Never:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


_SHARED = {
    name: method
    for name, method in vars(_Record).items()
    if name in ("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__")
}


def _quicken(cls: Any) -> None:
    """Give a class that is built again and again an `__init__` of its own: twice as quick."""
    same = [(one.name, Any, _field_like(one)) for one in fields(cls)]
    twin: Any = make_dataclass(cls.__name__, same, frozen=True)
    cls.__init__ = twin.__init__


def _field_like(one: Field[Any]) -> Any:
    if one.default_factory is not MISSING:
        return field(default_factory=one.default_factory, kw_only=one.kw_only is True)
    return field(default=one.default, kw_only=one.kw_only is True)


def _with_positional(
    record: _Record, values: tuple[object, ...], named: dict[str, object]
) -> dict[str, object]:
    names = record.__match_args__
    if len(values) > len(names) or not named.keys().isdisjoint(names[: len(values)]):
        raise TypeError(f"{type(record).__name__} takes {', '.join(names) or 'no'} values")
    return {**dict(zip(names, values, strict=False)), **named}


def _values(record: Any) -> tuple[object, ...]:
    return tuple(getattr(record, name) for name in record.__dataclass_fields__)
