"""The field table: complete, explained, and each parser takes any value or says no."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtp_tui.settings.fields import (
    BY_KEY,
    FIELDS,
    PLAIN_KEYS,
    PORT_NAMES,
    Field,
    FieldKind,
    Settings,
)
from smtp_tui.settings.schema import explanation
from smtp_tui.settings.validate import defaults, parse_settings
from tests.table import table

ANY_KEY = pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=80)
    | st.sampled_from(["tls", "25", "true", "[::1]", "::1%lo", "xn--a", "1.2", "a.b", "ß.example"])
    | st.sampled_from([date(2026, 1, 2), time(1, 2), datetime(2026, 1, 2, tzinfo=UTC)])
)
# What a TOML file may hold.
TOML_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["keyring", "env", "file", "command", "ask", "x"]), inner, max_size=2
        )
    ),
    max_leaves=5,
)


@ANY_KEY
def test_every_field_is_declared_whole(field: Field) -> None:
    assert field.label
    assert field.summary.endswith(".")
    assert len(field.summary) <= 100
    assert field.summary.isprintable()
    assert bool(field.choices) is (field.kind is FieldKind.CHOICE)
    if defaults({})[field.key] is None:
        assert field.default_text
    if field.choices:
        for choice in field.choices:
            assert field.problem_with(choice) is None


@ANY_KEY
def test_every_field_has_its_page(field: Field) -> None:
    page = explanation(field.key)
    assert page.splitlines()[0] == f"# {field.label}"
    for choice in field.choices:
        assert f"`{choice}`" in page


def test_the_nine_come_first_and_the_rest_is_folded() -> None:
    nine = "host port domain encryption starttls_auto username password authentication"
    assert list(PLAIN_KEYS) == [*nine.split(), "openssl_verify_mode"]
    assert [field.key for field in FIELDS[:9]] == list(PLAIN_KEYS)
    assert len({field.label for field in FIELDS}) == len(FIELDS) == len(BY_KEY)


def test_settings_has_nothing_beside_the_table_but_what_was_given() -> None:
    names = [one.name for one in dataclasses.fields(Settings)]
    assert names == [*(field.attribute for field in FIELDS), "given"]


def test_usual_ports_have_names() -> None:
    assert set(PORT_NAMES) == {25, 465, 587, 2525}


def test_no_page_for_a_field_that_is_not() -> None:
    with pytest.raises(FileNotFoundError):
        explanation("colour")


@settings(max_examples=150)
@given(value=TOML_VALUES)
@table("field", FIELDS)
def test_any_value_is_taken_or_refused(field: Field, value: object) -> None:
    problem = field.problem_with(value)
    assert problem != ""
    if problem is None:
        parsed = field.parse(value)
        text = getattr(parsed, "value", parsed)
        assert not isinstance(text, str) or not set("\r\n\0") & set(text)


@settings(max_examples=200)
@given(values=st.dictionaries(st.sampled_from([*BY_KEY, "other"]), TOML_VALUES, max_size=6))
def test_any_table_is_read(values: dict[str, object]) -> None:
    reading = parse_settings(values)
    assert (reading.settings is None) is bool(reading.problems)
