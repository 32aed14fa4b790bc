"""Where things stand in a text, held against what tomllib says they mean."""

import tomllib
from typing import Any

import pytest

from smtp_tui.config.errors import DocumentError
from smtp_tui.config.tablepath import ROOT, TablePath, get
from smtp_tui.config.toml_edit.edit import same_data
from smtp_tui.config.toml_edit.scan import KeyValue, TomlTableHeader, scan
from tests.table import table

EXOTIC = '''\
# [no] header = "here"
"" = "empty key"
'lit.eral' . "quo\\"ted" . bare-key_1 = 0xdead_beef
inf = -inf  # and more
dates = [ 1979-05-27 07:32:00.5-07:00 , 1979-05-27,07:32:00 ]
when = 1979-05-27 # 07:32:00
text = """
[smtp]
host = "x" \\
   """" # """
quotes = """"two"" and \\"""\\" \\\\"""
five = """""five"""""
literal = \'\'\'\'one\' # \\\'\'\'
lines = \'\'\'
\\\'\'\'
nested = [ # [
  [ "]", \'[\', """,]""" ], # ]
  { a.b = { c = [ { d = "}" }, { } ] }, "e f" = 1 }, ]
empty = { }
none = []
\t[ a . "b.c" ] # comment
\tx=1
[[ arr ]]
[[arr.sub]]
x = true
[[arr.sub]]
x = false
[arr.sub.deep]
x = 1
[[arr]]
sub.x = 1
[[arr.\'sub 2\']]
[super.later.first]
[super]
x = 1e+9'''


def leaves(value: Any, path: TablePath = ROOT) -> dict[TablePath, Any]:
    """Every value that is no table, and no array of tables, by its path."""
    if isinstance(value, dict):
        found: dict[TablePath, Any] = {}
        for key, inner in value.items():
            found |= leaves(inner, (*path, key))
        return found
    if isinstance(value, list) and value and all(isinstance(inner, dict) for inner in value):
        return leaves(dict(enumerate(value)), path)
    return {path: value}


@table("eol", ["\n", "\r\n"])
@table("last", ["", "\n", " # end", "\n\n  "])
def test_every_value_is_found_where_it_stands(eol: str, last: str) -> None:
    text = (EXOTIC + last).replace("\n", eol)
    data = tomllib.loads(text)
    pairs = [found for found in scan(text) if isinstance(found, KeyValue)]
    for pair in pairs:
        start, end = pair.value
        assert same_data(tomllib.loads(f"value = {text[start:end]}")["value"], get(data, pair.path))
        key = tomllib.loads(f"{text[pair.start : pair.parts[-1][1]]} = 1")
        assert get(key, pair.keys) == 1
    assert leaves(data).keys() <= {pair.path for pair in pairs}


def test_every_header_is_found_with_its_place_in_arrays() -> None:
    headers = [found for found in scan(EXOTIC) if isinstance(found, TomlTableHeader)]
    assert [header.path for header in headers] == [
        ("a", "b.c"),
        ("arr", 0),
        ("arr", 0, "sub", 0),
        ("arr", 0, "sub", 1),
        ("arr", 0, "sub", 1, "deep"),
        ("arr", 1),
        ("arr", 1, "sub 2", 0),
        ("super", "later", "first"),
        ("super",),
    ]
    assert EXOTIC[headers[0].start : headers[0].end] == '[ a . "b.c" ]'


@pytest.mark.parametrize("text", ["a = 1\n!", "a = \n", "a = ["])
def test_what_is_beyond_us_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(DocumentError, match=r"line \d is written in a form"):
        scan(text)
