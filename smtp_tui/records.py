"""Define frozen dataclasses quickly, with one set of methods that all classes share.

`fields`, `replace` and `match` treat them as any dataclass.
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
from functools import partial
from typing import Any, ClassVar, Never, TypeVar, dataclass_transform, overload

# Only a thousand checks, or a long watch, create so many instances of a class.
OFTEN = 150
_built: dict[type[Any], int] = {}

Class = TypeVar("Class", bound=type[Any])


@overload
def record(cls: Class, /) -> Class: ...
@overload
def record(*, kw_only: bool) -> Callable[[Class], Class]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[Any] | None = None, /, *, kw_only: bool = False) -> Any:
    """Make a class a frozen dataclass with slots; `kw_only` allows keyword arguments only."""
    if cls is None:
        return partial(record, kw_only=kw_only)
    # `dataclasses` would generate and compile six methods a class, in half a millisecond, and a
    # check loads fifty such classes: `python -m tests.benchmarks records` shows the difference.
    for name, method in _SHARED.items():
        if name not in cls.__dict__:
            setattr(cls, name, method)
    # It would also search each annotation's text for a ClassVar, which no record has.
    annotations = cls.__annotations__
    cls.__annotations__ = dict.fromkeys(annotations, object)
    made = dataclass(cls, init=False, repr=False, eq=False, slots=True, kw_only=kw_only)
    made.__annotations__ = annotations
    return made


class _Record:
    """The shared methods; not a base class, so a record inherits only what it names."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    __match_args__: ClassVar[tuple[str, ...]]

    def __init__(self, *values: object, **named: object) -> None:
        cls = type(self)
        _built[cls] = _built.get(cls, 0) + 1
        if _built[cls] == OFTEN:
            _compile_init(cls)
        if values:
            names = self.__match_args__
            if len(values) > len(names) or not named.keys().isdisjoint(names[: len(values)]):
                raise TypeError(f"{cls.__name__} takes {', '.join(names) or 'no'} values")
            named |= zip(names, values, strict=False)
        for name, declared in self.__dataclass_fields__.items():
            if name in named:
                value = named.pop(name)
            elif declared.default is not MISSING:
                value = declared.default
            elif declared.default_factory is not MISSING:
                value = declared.default_factory()
            else:
                raise TypeError(f"{cls.__name__} lacks {name}")
            object.__setattr__(self, name, value)
        if named:
            raise TypeError(f"{cls.__name__} has no {', '.join(named)}")

    def __repr__(self) -> str:
        shown = [field.name for field in fields(self) if field.repr]
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({values})"

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
    name: vars(_Record)[name]
    for name in ("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__")
}


def _compile_init(cls: Any) -> None:
    """Give a class with many instances its own `__init__`, which is twice as fast."""
    specs: list[Any] = []
    for declared in fields(cls):
        if declared.default_factory is MISSING:
            spec = field(default=declared.default, kw_only=declared.kw_only is True)
        else:
            spec = field(default_factory=declared.default_factory, kw_only=declared.kw_only is True)
        specs.append((declared.name, Any, spec))
    compiled: Any = make_dataclass(cls.__name__, specs, frozen=True)
    cls.__init__ = compiled.__init__


def _values(record: Any) -> tuple[object, ...]:
    return tuple(getattr(record, name) for name in record.__dataclass_fields__)
