"""Variables in values: what docker compose makes of them, and what it makes of ours."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.interchange.compose.interpolation import (
    InterpolationError,
    escape,
    interpolate,
    only_variable,
)
from tests.interchange.awkward import passwords
from tests.table import table

KNOWN = {"A": "alpha", "EMPTY": ""}


# Each is what docker compose 2.26.1 made of it; `test_docker_compose.py` asks it again.
VALUES = [
    ("plain", "plain"),
    ("pa$$word", "pa$word"),
    ("$", "$"),
    ("a$ b", "a$ b"),
    ("$5", "$5"),
    ("$$A", "$A"),
    ("$$$A", "$alpha"),
    ("$A-$A", "alpha-alpha"),
    ("${A}b", "alphab"),
    ("${A:-no}", "alpha"),
    ("${EMPTY:-yes}", "yes"),
    ("${EMPTY-no}", ""),
    ("${NONE-yes}", "yes"),
    ("${NONE:-${A}}", "alpha"),
    ("${NONE:-${OTHER:-deep}}", "deep"),
    ("${NONE:-a$$b}", "a$b"),
    ("${A:+set}", "set"),
    ("${EMPTY:+set}", ""),
    ("${EMPTY+set}", "set"),
    ("${NONE+set}", ""),
    ("${A:?why}", "alpha"),
    ("${NONE:-x} and ${A}", "x and alpha"),
    ("${NONE}", ""),
]


@table(("template", "value"), VALUES)
def test_values(template: str, value: str) -> None:
    assert interpolate(template, KNOWN.get).value == value


@table("template", ["${", "${}", "${A", "${1}", "a${A:-", "${A b}", "${A!}"])
def test_what_docker_compose_rejects(template: str) -> None:
    with pytest.raises(InterpolationError):
        interpolate(template, KNOWN.get)


def test_which_variables_a_value_has() -> None:
    found = interpolate("$A ${NONE} ${OTHER:-x} ${MUST:?}", KNOWN.get)
    assert (found.known, found.missing) == (("A",), ("NONE",))
    assert (found.replaced, found.required) == (("OTHER",), ("MUST",))
    assert found.names == ("A", "NONE", "OTHER", "MUST")


@table(("template", "name"), [("$A", "A"), ("${A}", "A"), ("${A:-x}", None), ("${A}b", None)])
def test_a_variable_alone(template: str, name: str | None) -> None:
    assert only_variable(template) == name


def test_a_value_that_grows_or_nests_without_end_is_rejected() -> None:
    with pytest.raises(InterpolationError):
        interpolate("$A" * 40_000, {"A": "aaaa"}.get)
    with pytest.raises(InterpolationError):
        interpolate("${N:-" * 40 + "}" * 40, KNOWN.get)


@given(passwords)
def test_what_is_escaped_comes_back(password: str) -> None:
    found = interpolate(escape(password), KNOWN.get)
    assert (found.value, found.names) == (password, ())


@given(st.text("$A{}:-?+ \n#", max_size=30))
def test_no_text_fails_otherwise(template: str) -> None:
    with suppress(InterpolationError):
        interpolate(template, KNOWN.get)
