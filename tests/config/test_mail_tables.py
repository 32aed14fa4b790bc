"""Which tables of a plain file are offered: those of mail that is sent, and no others."""

from __future__ import annotations

import tomllib

import pytest

from smtp_tui.config.mail_tables import mail_tables
from smtp_tui.config.tablepath import spelled


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("", []),
        ("[smtp]", ["smtp"]),
        ("[smtp]\nhost='a'\n[db]\nhost='b'\nport=1", ["smtp"]),
        (
            "[a.smtp]\nhost='a'\nport=1\n[smtp]\nport=2\n[smtp_old]\nhost='a'\nport=1\n"
            "[smtp.b]\nhost='b'\nport=3\n[db]\nhost='b'\nport=1",
            ["smtp", "a.smtp", "smtp.b", "smtp_old"],
        ),
        ("[db]\nhost='b'", []),
        ("[db]\nhost='b'\nport=1", []),
        ("[work]\nhost='b'\nport=1", ["work"]),
        ("host='b'\nport=1\n[x]\nhost='b'\nport=1", [".", "x"]),
        ("[[smtp]]\n[[smtp]]\nhost='a'", ["smtp[0]", "smtp[1]"]),
        ("smtp='on'\n[a.'b.c']\nhost='b'\ndomain='x'", ['a."b.c"']),
        ("[[a.b]]\nname='x'\n[[a.b]]\nsmtp={host='b',username='x'}", ["a.b[1].smtp"]),
        ("[smtp.z]\nhost='b'\nport=1\n[smtp.a]\nhost='b'\nport=1", ["smtp.z", "smtp.a"]),
        ("[smtp.password]\nenv='X'", ["smtp"]),
    ],
)
def test_smtp_tables_are_listed_in_the_files_order_smtp_first(text: str, tables: list[str]) -> None:
    assert list(map(spelled, mail_tables(tomllib.loads(text)))) == tables
