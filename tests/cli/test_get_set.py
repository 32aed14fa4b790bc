"""`get` and `set`: what they print, change and refuse, and with which exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.program import Outcome

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]

TEXT = """\
# The mail of a small program.
[smtp]
host = "mail.example"   # ours
port = 587
username = "alice"
password = "wonderland"
colour = "blue"
"""
TWO = '[one]\nhost = "a.example"\nport = 1\n[two]\nhost = "b.example"\nport = 2\n'

UNKNOWN = "smtp-tui: note: Unknown keys in [smtp]: colour.\n"


def test_a_shell_script_that_is_toml_too_stays_as_it_is(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "update-exim4.conf.conf"
    content = "dc_eximconfig_configtype='smarthost'\ndc_smarthost='mail.example.net::587'\n"
    file.write_text(content)
    message = f"{file} holds settings of Exim (Debian), not TOML; smtp-tui import {file} reads them"
    for command in (("get", str(file)), ("set", str(file), "port=25", "--create")):
        assert call(*command) == Outcome(3, "", f"smtp-tui: {message}\n")
    assert file.read_text() == content


def test_get_all(call: Call, toml: Toml) -> None:
    outcome = call("get", str(toml(TEXT)))
    assert outcome == Outcome(
        0,
        'host = "mail.example"\nport = 587\nusername = "alice"\npassword = "********"\n',
        UNKNOWN,
    )


def test_another_programs_settings_are_named(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text("EMAIL_HOST = 'mail.example'\nEMAIL_USE_TLS = True\nEMAIL_PORT = 587\n")
    message = (
        f"smtp-tui: {file} holds settings of Django, not TOML; smtp-tui import {file} reads them\n"
    )
    for command in (("get", str(file)), ("set", str(file), "port=25")):
        assert call(*command) == Outcome(3, "", message)
    checked = call("check", str(file))
    assert (checked.status, message in checked.err) == (3, True)


def test_get_as_json(call: Call, toml: Toml) -> None:
    file = str(toml(TEXT))
    assert json.loads(call("get", file, "--json").out)["password"] == "********"
    assert call("get", file, "port", "--json").out == "587\n"
    assert json.loads(call("get", file, "--json", "--reveal").out)["password"] == "wonderland"


@pytest.mark.parametrize(
    ("key", "value"), [("host", "mail.example"), ("port", "587"), ("password", "********")]
)
def test_get_one(call: Call, toml: Toml, key: str, value: str) -> None:
    assert call("get", str(toml(TEXT)), key) == Outcome(0, f"{value}\n", UNKNOWN)


def test_get_one_that_is_absent(call: Call, toml: Toml) -> None:
    assert call("get", str(toml(TEXT)), "domain") == Outcome(1, "", UNKNOWN)


def test_get_one_that_is_no_setting(call: Call, toml: Toml) -> None:
    outcome = call("get", str(toml(TEXT)), "colour")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1


def test_reveal(call: Call, toml: Toml) -> None:
    assert call("get", str(toml(TEXT)), "password", "--reveal").out == "wonderland\n"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ('{ env = "SMTP_PASSWORD" }', '{ env = "SMTP_PASSWORD" }'),
        ('{ command = ["pass", "mail"] }', '{ command = ["pass", "mail"] }'),
        ("918273645", '"********"'),
        ('["wonderland"]', '"********"'),
        ('{ secret = "wonderland" }', '"********"'),
    ],
)
def test_a_place_shows_and_a_password_does_not(
    call: Call, toml: Toml, raw: str, shown: str
) -> None:
    file = toml(f'[smtp]\nhost = "a"\nport = 1\npassword = {raw}\n')
    assert call("get", str(file)).out.splitlines()[-1] == f"password = {shown}"


def test_what_is_no_setting_shows_as_it_stands(call: Call, toml: Toml) -> None:
    file = str(toml("[smtp]\nhost = 2026-01-02\nport = 25\nusername = 'a\tb'\n"))
    assert call("get", file).out == 'host = 2026-01-02\nport = 25\nusername = "a\\tb"\n'
    assert json.loads(call("get", file, "--json").out)["host"] == "2026-01-02"
    assert call("get", file, "username").out == "a\\x09b\n"


@pytest.mark.parametrize("words", [("get",), ("check",), ("set", "port=1")])
def test_several_tables_are_listed(call: Call, toml: Toml, words: tuple[str, ...]) -> None:
    command, *rest = words
    file = toml(TWO)
    outcome = call(command, str(file), *rest)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err == (
        f"smtp-tui: {file} has several SMTP tables; name one of one, two with --table\n"
    )
    assert call("get", str(file), "host", "--table", "two").out == "b.example\n"


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        (None, (), "does not exist"),
        (b"[smtp\n", (), "is not valid TOML"),
        (b"\xff\n", (), "is not UTF-8"),
        (b"x = 1\n", (), "has no table smtp"),
        (TEXT.encode(), ("--table", "other"), "there is no table other"),
        (TEXT.encode(), ("--table", "a..b"), "is not the path of a table"),
    ],
)
@pytest.mark.parametrize("command", ["get", "check", "set"])
def test_a_file_that_will_not_do(
    call: Call,
    tmp_path: Path,
    command: str,
    content: bytes | None,
    more: tuple[str, ...],
    words: str,
) -> None:
    file = tmp_path / "mail.toml"
    if content is not None:
        file.write_bytes(content)
    rest = ("port=1",) if command == "set" else ()
    outcome = call(command, str(file), *rest, *more)
    assert (outcome.status, outcome.out) == (3, "")
    assert words in outcome.err
    assert outcome.err.count("\n") == 1
    assert file.read_bytes() == content if content else not file.exists()


def test_set(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    outcome = call(
        *("set", str(file), "port=465", "encryption=SMTPS", "starttls_auto=no", "timeout=2.5"),
        *("domain='host.example'", 'password={env="SMTP_PASSWORD"}', "tls_minimum=1.3"),
    )
    assert outcome == Outcome(0, "", UNKNOWN)
    assert file.read_text() == (
        '# The mail of a small program.\n[smtp]\nhost = "mail.example"   # ours\nport = 465\n'
        'domain = "host.example"\nencryption = "ssl"\nstarttls_auto = false\n'
        'username = "alice"\npassword = { env = "SMTP_PASSWORD" }\n'
        'timeout = 2.5\ntls_minimum = "1.3"\ncolour = "blue"\n'
    )


def test_set_to_the_same_rewrites_nothing(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    before = file.stat()
    assert call("set", str(file), "port=587", "host=mail.example").status == 0
    assert file.read_text() == TEXT
    assert file.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize(
    ("pairs", "status", "words"),
    [
        (["colour=red"], 2, ["there is no setting 'colour'"]),
        (["port"], 2, ["port has no =VALUE"]),
        (["password=wonderland"], 2, ["shows in the process list"]),
        (["port=0"], 3, ["SMTP Port (port): '0' is not a port; use a number from 1 to 65535"]),
        (["encryption=tsl"], 3, ["use one of none, tls, ssl"]),
        (["password={vault=1}"], 3, ["SMTP Password (password): is neither a password"]),
        (["host="], 3, ["SMTP Host (host)"]),
        (["port=0", "encryption=tsl"], 3, ["(port)", "(encryption)"]),
        (["colour=red", "port=0", "host"], 2, ["colour", "host has no", "(port)"]),
    ],
)
def test_set_refuses_and_changes_nothing(
    call: Call, toml: Toml, pairs: list[str], status: int, words: list[str]
) -> None:
    file = toml(TEXT)
    outcome = call("set", str(file), "domain=host.example", *pairs)
    assert (outcome.status, outcome.out) == (status, "")
    lines = outcome.err.splitlines()
    assert len(lines) == len(words)
    for line, wanted in zip(lines, words, strict=True):
        assert wanted in line
        assert line.startswith("smtp-tui: ")
    assert "wonderland" not in outcome.err
    assert file.read_text() == TEXT


def test_set_makes_a_file_only_when_told_to(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    outcome = call("set", str(file), "host=mail.example")
    assert (outcome.status, file.exists()) == (3, False)
    assert outcome.err == f"smtp-tui: {file} does not exist; --create creates it\n"
    assert call("set", str(file), "--create", "host=mail.example").status == 0
    assert file.read_text() == '[smtp]\nhost = "mail.example"\n'
    assert file.stat().st_mode & 0o777 == 0o600


def test_set_makes_a_table_only_when_told_to(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    outcome = call("set", str(file), "--table", "backup", "host=b.example")
    assert outcome.status == 3
    assert "there is no table backup; --create creates it" in outcome.err
    assert file.read_text() == TEXT
    assert call("set", str(file), "--create", "--table", "backup", "host=b.example").status == 0
    assert file.read_text() == f'{TEXT}\n[backup]\nhost = "b.example"\n'


def test_set_overwrites_only_when_told_to(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    other = file.with_name("other name")
    other.hardlink_to(file)
    outcome = call("set", str(file), "port=465")
    assert outcome.status == 3
    assert outcome.err.endswith("; --in-place overwrites it\n")
    assert other.read_text() == TEXT
    assert call("set", str(file), "port=465", "--in-place").status == 0
    assert other.read_text() == TEXT.replace("587", "465")


def test_set_keeps_the_old_file_when_told_to(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    assert call("set", str(file), "port=465").status == 0
    assert [path.name for path in file.parent.iterdir()] == ["mail.toml"]
    assert call("set", str(file), "port=587", "--backup").status == 0
    assert (file.parent / "mail.toml~").read_text() == TEXT.replace("587", "465")


def test_set_takes_a_file_without_any_table(call: Call, toml: Toml) -> None:
    file = toml("x = 1\n")
    assert call("set", str(file), "host=a.example").status == 3
    assert call("set", str(file), "--create", "host=a.example").status == 0
    assert file.read_text() == 'x = 1\n\n[smtp]\nhost = "a.example"\n'
