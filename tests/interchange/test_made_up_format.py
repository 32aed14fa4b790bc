"""A format is added in one place: a made-up one is found wherever formats are."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from docs.tables import formats_table
from smtp_tui.interchange.export_builder import export_text
from smtp_tui.interchange.importer import candidates, import_text, recognise
from smtp_tui.interchange.spec import format_of, formats
from smtp_tui.program import main
from smtp_tui.tui.dialogs.program_text import ExportScreen
from tests.tui.driving import SAMPLE, form_on

ENTRY = """
[frobnicator]
title = "Frobnicator"
about = "`.env`, docker"
module = "variables"
quoting = "docker"
hosts = ["FROB_RELAY"]
own = ["FROB_RELAY", "FROB_PORT", "FROB_SECURITY", "FROB_USER", "FROB_SECRET", "FROB_CHECK"]
expresses = ["host", "port", "username", "password", "from"]
links = { auto = "tls" }
verify = ["peer", "none"]
first = ["link", "own_ways"]

[frobnicator.read]
host = "FROB_RELAY"
port = "FROB_PORT"
link.name = "FROB_SECURITY"
link.default = "tls"
link.words = { off = "none", starttls = "tls", tls = "ssl" }
username = "FROB_USER"
password = "FROB_SECRET"
own_choice = "PLAIN, LOGIN"
from = "FROB_FROM"
defaults = { port = { none = 25, tls = 587, ssl = 465 } }
others = ["FROB_"]

[frobnicator.write]
FROB_RELAY = "host"
FROB_PORT = "port"
FROB_SECURITY = { link = { none = "off", tls = "starttls", ssl = "tls" } }
FROB_CHECK = { verifies = { true = "yes", false = "no" } }
FROB_FROM = "from"
FROB_USER = "username"
FROB_SECRET = "password"
"""
TEXT = "FROB_RELAY=mail.example.net\nFROB_USER=alice\nFROB_SECRET=s3cret\nFROB_COLOUR=blue\n"
VALUES = {"host": "mail.example.net", "encryption": "ssl", "username": "a", "password": "b"}


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, table in tomllib.loads(ENTRY).items():
        monkeypatch.setitem(formats(), name, format_of(name, table))


def test_it_is_recognised_and_read() -> None:
    assert recognise(TEXT)[0].name == "frobnicator"
    assert candidates(TEXT) == {"frobnicator": "it sets FROB_RELAY, FROB_USER, FROB_SECRET"}
    imported = import_text(TEXT)
    assert imported.values == {
        "host": "mail.example.net",
        "port": 587,
        "encryption": "tls",
        "username": "alice",
        "password": "s3cret",
    }
    assert [unread.name for unread in imported.unread] == ["FROB_COLOUR"]
    assert [remark.key for remark in imported.remarks] == ["authentication", "port"]


def test_it_is_written() -> None:
    exported = export_text("frobnicator", {**VALUES, "authentication": "plain"}, with_password=True)
    assert exported.text == (
        "FROB_RELAY=mail.example.net\nFROB_PORT=465\nFROB_SECURITY=tls\nFROB_CHECK=yes\n"
        "FROB_USER=a\nFROB_SECRET=b\n"
    )
    assert [str(note) for note in exported.notes] == [
        "authentication: Frobnicator cannot be set to plain; it chooses the mechanism itself"
    ]


@pytest.mark.parametrize("command", ["import", "export"])
def test_the_command_line_offers_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "Frobnicator" in capsys.readouterr().out


def test_the_command_line_reads_and_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "frob.env"
    file.write_text(TEXT)
    mail = str(tmp_path / "mail.toml")
    assert main(["import", str(file), "--into", mail, "--create"]) == 0
    assert main(["export", "frobnicator", mail]) == 0
    assert "FROB_SECURITY=starttls\n" in capsys.readouterr().out


async def test_the_form_lists_it(tmp_path: Path) -> None:
    async with form_on(SAMPLE, tmp_path) as hand:
        hand.pilot.app.push_screen(ExportScreen(VALUES, tmp_path / "mail.toml", "frobnicator"))
        await hand.until(lambda: "FROB_RELAY=mail.example.net" in hand.screen)


def test_the_readme_has_a_row_for_it() -> None:
    row = "| `frobnicator` | `.env`, docker | none, `tls`, `ssl` | `openssl_verify_mode`, `from` |"
    assert row in formats_table().splitlines()
