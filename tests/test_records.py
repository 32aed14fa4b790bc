"""A record is a frozen dataclass to all who ask, and says no where one would."""

import dataclasses
from collections.abc import Callable
from dataclasses import field, fields, replace

import pytest

from smtp_tui.records import OFTEN, record
from tests.table import table


@record
class Point:
    """Two numbers and what nobody should see."""

    x: int
    y: int = 0
    secret: str = field(default="hush", repr=False)


@record(kw_only=True)
class Named:
    """A value by name alone, and one that each record has for itself."""

    name: str
    parts: list[str] = field(default_factory=list)


@record
class Loud:
    """A record that words itself."""

    name: str

    def __repr__(self) -> str:
        return self.name.upper()


def test_values_come_by_place_and_by_name_and_by_default() -> None:
    assert (Point(1).x, Point(1).y, Point(1, y=2).y, Point(x=3).x) == (1, 0, 2, 3)


def test_a_default_that_is_made_is_made_for_each() -> None:
    assert Named(name="a").parts is not Named(name="a").parts


@table(
    "make",
    [
        lambda: Point(),  # type: ignore[call-arg]
        lambda: Point(1, 2, "s", 4),  # type: ignore[call-arg]
        lambda: Point(1, x=1),  # type: ignore[misc]
        lambda: Point(1, z=1),  # type: ignore[call-arg]
        lambda: Named("a"),  # type: ignore[call-arg]
    ],
)
def test_wrong_values_are_a_type_error(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        make()


def test_nothing_is_assigned_added_or_deleted() -> None:
    point = Point(1)
    for name in ("x", "new"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(point, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    assert not hasattr(point, "__dict__")


def test_equal_is_the_same_class_with_the_same_values() -> None:
    assert Point(1) == Point(1, 0)
    assert hash(Point(1)) == hash(Point(1, 0))
    assert Point(1) != Point(1, secret="other")
    other: object = (1, 0, "hush")
    assert Point(1) != other


def test_the_text_names_class_and_values_but_not_what_is_hidden() -> None:
    assert repr(Point(1, 2, "top")) == "Point(x=1, y=2)"
    assert repr(Loud("a")) == "A"


def test_dataclasses_know_it() -> None:
    assert [one.name for one in fields(Point)] == ["x", "y", "secret"]
    assert replace(Point(1), y=5) == Point(1, 5)
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_class_that_is_built_often_stays_the_same() -> None:
    for _ in range(OFTEN + 1):
        test_values_come_by_place_and_by_name_and_by_default()
        test_a_default_that_is_made_is_made_for_each()
    for make in (lambda: Point(1, 2, "s", 4), lambda: Point(1, z=1), lambda: Named("a")):  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            make()
    test_nothing_is_assigned_added_or_deleted()
    test_equal_is_the_same_class_with_the_same_values()
