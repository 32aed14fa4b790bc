"""Paths to tables, as they are typed and as they are listed."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.config.errors import DocumentError, NoTableError
from smtp_tui.config.tablepath import ROOT, TablePath, parse_path, resolve, spelled, spelled_key
from tests.table import table

ARRAY = {"smtp": [{"name": "x", "on": True}, {"name": "y z"}, {"name": "x]"}]}


@table(
    ("text", "path"),
    [
        ("smtp", ("smtp",)),
        ('accounts."a.b".smtp', ("accounts", "a.b", "smtp")),
        ("accounts.'a.b'", ("accounts", "a.b")),
        (' a . "\\u00e9" ', ("a", "é")),
        ("smtp[0]", ("smtp", 0)),
        ("a[1].b[2][3]", ("a", 1, "b", 2, 3)),
        (".", ROOT),
    ],
)
def test_a_path_is_read_as_toml_reads_keys(text: str, path: TablePath) -> None:
    assert parse_path(text) == path


@table("text", ["", "..", "a.", ".a", "a b", "a[", "a[x]", "[0]", 'a."b', 'a."\\q"', "a[0]b", "é"])
def test_what_is_no_path_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(DocumentError, match=r"write it like smtp"):
        parse_path(text)


@table(
    ("text", "index"),
    [
        ("smtp[name=x]", 0),
        ('smtp[name="y z"]', 1),
        ("smtp[name=y z]", 1),
        ("smtp[ 'name' = 'x]' ]", 2),
        ("smtp[on=true]", 0),
    ],
)
def test_a_table_of_an_array_is_found_by_what_it_holds(text: str, index: int) -> None:
    assert resolve(ARRAY, parse_path(text)) == ("smtp", index)


@table(
    ("text", "message"),
    [
        ("mail", "there is no table mail"),
        ("smtp[3]", r"there is no table smtp\[3\]"),
        ("smtp[name=q].x", r"there is no table smtp\[name=q\]"),
        ("smtp", r"smtp is not a table; name one of its tables, like \[0\]"),
        ("smtp[0].name", r"smtp\[0\]\.name is not a table"),
        ("smtp[0].name.x", "there is no table"),
        ("smtp.x", "there is no table"),
    ],
)
def test_a_table_that_is_not_there_is_named(text: str, message: str) -> None:
    with pytest.raises(NoTableError, match=message):
        resolve(ARRAY, parse_path(text))


def test_a_name_that_several_tables_have_decides_nothing() -> None:
    data = {"smtp": [{"name": "x"}, {}, {"name": "x"}]}
    with pytest.raises(NoTableError, match=r"several tables have name = x.*\[0\], \[2\]"):
        resolve(data, parse_path("smtp[name=x]"))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(0, 99), max_size=4))
def test_a_path_is_read_back_as_it_was_spelled(steps: list[str | int]) -> None:
    path = ("smtp", *steps)
    assert parse_path(spelled(path)) == path


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_key_is_spelled_as_toml_reads_it(name: str) -> None:
    assert tomllib.loads(f"{spelled_key(name)} = 1") == {name: 1}
