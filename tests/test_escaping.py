"""Nothing that a server sends can move a cursor, colour a line or hide in it."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from smtp_tui.safe_text import escape_controls
from tests.table import table

UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@table(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\r\nb\tc", r"a\x0d\x0ab\x09c"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("pass\u200bword", r"pass\u200bword"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("soft\xadhyphen", r"soft\xadhyphen"),
    ],
)
def test_escapes(text: str, shown: str) -> None:
    assert escape_controls(text) == shown


@table("text", ["Grüße, 世界! 👍", "[red]not markup[/red] [/] [link=x]", r"\x1b \[b]", "a b\xa0c"])
def test_the_rest_stays(text: str) -> None:
    assert escape_controls(text) == text


def test_every_character_comes_out_safe() -> None:
    shown = set(escape_controls("".join(map(chr, range(sys.maxunicode + 1)))))
    assert not [letter for letter in shown if unicodedata.category(letter) in UNSAFE]


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Cc", "Cf", "Cs", "Z"])))
def test_any_text_comes_out_as_one_safe_line(text: str) -> None:
    shown = escape_controls(text)
    assert not {unicodedata.category(letter) for letter in shown} & UNSAFE
    assert len((shown + "x").splitlines()) == 1
    assert escape_controls(shown) == shown
