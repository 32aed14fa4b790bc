"""An admin's own dialects: as good as those that ship, and harmless where they are faulty."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtp_tui.config.dialects.detect import all_headers, dialect_problems
from smtp_tui.config.dialects.spec import InvalidDialectError, dialect_at
from smtp_tui.config.document import Document

OWN = """\
name = "ticketbox"
application = "Ticketbox"
tables = ["mailer.*"]
keys = ["relay"]

[compound]
key = "relay"
form = "host-port"

[fields]
host = ":host"
port = ":port"
username = "login"
password = [{ key = "secret-file", as = "file" }, "secret"]
starttls_auto = { key = "clear", words = { true = "false", false = "true" } }

[defaults]
encryption = "none"
port = 2525

[limits]
encryption = "Ticketbox knows no TLS of its own."
"""
FILE = '[mailer.main]\nrelay = "a.example:26"  # ours\nlogin="u"\nclear = true\n'


@pytest.fixture
def folder(private_home: Path) -> Path:
    made = private_home / ".config" / "smtp-tui" / "dialects"
    made.mkdir(parents=True)
    return made


def test_it_is_recognised_read_and_written(folder: Path, tmp_path: Path) -> None:
    (folder / "ticketbox.toml").write_text(OWN)
    path = tmp_path / "app.toml"
    path.write_text(FILE)
    document = Document.open(path)
    assert (document.dialect, document.application) == ("ticketbox", "Ticketbox")
    assert document.limits["encryption"] == "Ticketbox knows no TLS of its own."
    assert document.values("mailer.main") == {
        "host": "a.example",
        "port": 26,
        "username": "u",
        "starttls_auto": False,
        "encryption": "none",
    }
    changes = {"port": 27, "password": "x", "starttls_auto": True}
    document.save(document.default_table(), changes)
    assert document.text == (
        '[mailer.main]\nrelay = "a.example:27"  # ours\nlogin="u"\nclear = false\nsecret = "x"\n'
    )


def test_it_goes_before_one_that_ships(folder: Path, tmp_path: Path) -> None:
    text = OWN.replace("ticketbox", "lldap").replace("mailer.*", "smtp_options")
    (folder / "a.toml").write_text(text.replace('"relay"', '"server"'))
    path = tmp_path / "app.toml"
    path.write_text('[smtp_options]\nserver = "a.example:26"\n')
    assert Document.open(path).application == "Ticketbox"
    assert [head.name for head in all_headers(folder)[0]].count("lldap") == 1


def test_a_faulty_one_is_told_and_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.toml").write_text("name = ")
    (folder / "ticketbox.toml").write_text(OWN)
    (folder / "twice.toml").write_text(OWN)
    (folder / "no-dialect.txt").write_text("x")
    path = tmp_path / "app.toml"
    path.write_text(FILE)
    assert Document.open(path).dialect == "ticketbox"
    bad, twice = dialect_problems()
    assert bad.startswith(f"{folder}/bad.toml is ignored: it is not valid TOML: ")
    assert twice == (
        f"{folder}/twice.toml is ignored: another file there already has the name ticketbox"
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('name = "ticketbox"\n', "", "name is missing or not text"),
        ('"ticketbox"', '"Ticket Box"', "name must be of lower-case letters"),
        ('"ticketbox"', '"plain"', "must not be plain"),
        ('application = "Ticketbox"', "application = 1", "application is missing or not text"),
        ('tables = ["mailer.*"]', "", "tables is missing; list the tables that hold the settings"),
        ('keys = ["relay"]', 'keys = "relay"', "keys is not a list of texts"),
        ("[limits]", "[limit]", "limit is not a key of a dialect"),
        ('host = ":host"\n', "", "fields has no host"),
        ("username =", "user =", "fields names user, which is not a setting"),
        ('as = "file"', 'as = "path"', "fields.password has as = path, which is not one of"),
        ('as = "file"', 'kind = "file"', "fields.password has kind, which has no meaning"),
        ('key = "secret-file", ', "", "'key' is missing"),
        ('"login"', "7", "has the wrong form"),
        ('"login"', "[]", "fields.username has no key"),
        ('"login"', '":"', "':' is not a key"),
        ('"login"', '"x.*"', "a key with * needs variants"),
        ('form = "host-port"', 'form = "hostport"', "neither url nor host-port"),
        ('form = "host-port"', 'form = "url"', "compound.schemes must list all schemes"),
        ('[compound]\nkey = "relay"\nform = "host-port"\n', "", "but there is no compound"),
        ('encryption = "none"', 'encryption = "maybe"', "'maybe' is not allowed"),
        ('true = "false"', 'true = "perhaps"', "is neither true nor false"),
        ("port = 2525", "port = 0", "0 is not a port"),
        ('encryption = "Ticketbox knows no TLS of its own."', "encryption = 1", "holds a value"),
        ("[limits]\n", "[[modes]]\nours = { port = 1 }\n\n[limits]\n", "'when' is missing"),
        ("[limits]\n", "[notes]\nx = 'y'\n\n[limits]\n", "notes names x, which is not a setting"),
    ],
)
def test_every_fault_is_one_line(folder: Path, old: str, new: str, fault: str) -> None:
    assert old in OWN
    place = folder / "own.toml"
    place.write_text(OWN.replace(old, new, 1))
    with pytest.raises(InvalidDialectError) as caught:
        dialect_at(place, own=True)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
    (line,) = dialect_problems()
    assert line.startswith(f"{place} is ignored: ")


def test_a_file_that_cannot_be_read_is_a_faulty_one(folder: Path) -> None:
    (folder / "a.toml").mkdir()
    (folder / "b.toml").write_bytes(b"\xff")
    (folder / "c.toml").symlink_to("nowhere")
    assert [line.partition(" is ignored: ")[2] for line in dialect_problems()] == [
        "is a folder; name the TOML file in it",
        "line 1 is not UTF-8; save it as UTF-8",
        "it does not exist",
    ]


def test_one_that_others_can_write_is_left_out(folder: Path) -> None:
    """It could name the host that gets the password of a file."""
    place = folder / "ticketbox.toml"
    place.write_text(OWN, encoding="utf-8")
    place.chmod(0o666)
    assert dialect_problems() == (f"{place} is ignored: every user can write {place}",)
    assert all(head.application != "Ticketbox" for head in all_headers(folder)[0])
