"""A dialect is added in one place: one TOML file in the folder is known everywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from smtp_tui.config.dialects import detect
from smtp_tui.config.document import Document
from smtp_tui.program import main
from tests.tui.driving import form_on

DIALECT = """\
name = "carrier-pigeon"
application = "Carrier Pigeon"
source = ["https://pigeon.example/config"]
files = ["pigeon.toml"]
tables = ["loft.mail"]
keys = ["roost"]
known = ["roost", "perch", "feather"]

[fields]
host = "roost"
port = "perch"
password = "feather"
"""
FILE = '# the loft\n[loft.mail]\nroost = "mail.example"  # ours\nperch = 2525\n'


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the dialect ship with the program."""
    folder = tmp_path / "dialects"
    folder.mkdir()
    for file in detect._SHIPPED.glob("*.toml"):
        shutil.copy(file, folder)
    (folder / "carrier-pigeon.toml").write_text(DIALECT)
    monkeypatch.setattr(detect, "_SHIPPED", folder)


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "app.toml"
    path.write_text(FILE)
    return Document.open(path)


def test_its_file_is_recognised_and_changed_in_its_words(document: Document) -> None:
    assert str(document.recognition) == "Read as Carrier Pigeon: [loft.mail] holds roost"
    assert document.default_table() == "loft.mail"
    assert document.values("loft.mail") == {"host": "mail.example", "port": 2525}
    document.save("loft.mail", {"host": "mx.example", "password": "coo"})
    assert document.text == FILE.replace("mail.example", "mx.example") + 'feather = "coo"\n'
    assert document.secret_keys == {"feather"}
    assert document.limits["username"] == "Carrier Pigeon has no setting for it."


def test_the_command_line_lists_completes_and_takes_it(
    document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*arguments: str) -> str:
        main(arguments)
        return capsys.readouterr().out

    assert "Carrier Pigeon" in call("dialects")
    listed = json.loads(call("dialects", "--json"))
    assert "carrier-pigeon" in {head["name"] for head in listed}
    assert call("get", str(document.path), "port") == "2525\n"
    assert call("get", str(document.path), "--dialect", "carrier-pigeon", "port") == "2525\n"


async def test_the_form_reads_it_and_offers_it(tmp_path: Path) -> None:
    async with form_on(FILE, tmp_path, size=(80, 40), table="loft.mail") as hand:
        assert "Carrier Pigeon" in hand.lines[0]
        await hand.press("alt+a")
        await hand.until(lambda: "Which program does the settings file belong to?" in hand.screen)
        assert any("Carrier Pigeon" in line for line in hand.lines[1:])
