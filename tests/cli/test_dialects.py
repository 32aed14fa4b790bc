"""`dialects`, `--dialect`, and the other commands on the files of other applications."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.cli import edit
from smtp_tui.config.dialects import detect
from tests.cli.program import Outcome

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]

VULS = """\
[servers.web]
host = "192.0.2.7"
port = 22
username = "scanner"

[email]
smtpAddr = "127.0.0.1"   # the relay
smtpPort = "1"
password = "wonderland"
"""

READ_AS = "smtp-tui: note: Read as Vuls: [email] holds smtpAddr.\n"


def own_dialects(home: Path) -> Path:
    folder = home / ".config" / "smtp-tui" / "dialects"
    folder.mkdir(parents=True)
    return folder


def test_they_are_listed(call: Call) -> None:
    outcome = call("dialects")
    assert (outcome.status, outcome.err) == (0, "")
    lines = {line.split()[0]: line for line in outcome.out.splitlines()}
    folder = Path(detect.__file__).parent
    files = sorted(path.name for path in folder.glob("*.toml"))
    assert [f"{name}.toml" for name in lines] == files
    lldap = ["lldap", "lldap", "lldap_config.toml:", "[smtp_options]", "shipped"]
    assert lines["lldap"].split() == lldap
    assert "the top of the file" in lines["kanidm"]


def test_they_are_listed_as_json(call: Call) -> None:
    listed = json.loads(call("dialects", "--json").out)
    lldap = next(one for one in listed if one["name"] == "lldap")
    assert lldap["application"] == "lldap"
    assert lldap["own"] is False
    assert lldap["tables"] == ["smtp_options"]
    assert Path(lldap["file"]).is_file()
    assert all(one["source"] for one in listed)


def test_an_own_one_is_listed_as_such(call: Call, private_home: Path) -> None:
    folder = own_dialects(private_home)
    text = 'name = "x"\napplication = "X\\u001b"\ntables = ["x"]\n[fields]\nhost = "h"\n'
    (folder / "x.toml").write_text(text)
    first = call("dialects").out.splitlines()[0]
    assert first.split() == ["x", "X\\x1b", "[x]", "your", "own,", *first.split()[5:]]
    assert first.endswith("~/.config/smtp-tui/dialects/x.toml")
    assert json.loads(call("dialects", "--json").out)[0]["own"] is True


def test_a_faulty_one_is_told_in_one_line(call: Call, toml: Toml, private_home: Path) -> None:
    folder = own_dialects(private_home)
    (folder / "bad.toml").write_text("name = 1\n")
    line = f"smtp-tui: {folder}/bad.toml is ignored: name is missing or not text\n"
    outcome = call("dialects")
    assert (outcome.status, outcome.err) == (3, line)
    assert len(outcome.out.splitlines()) == 19
    edit._print_error_once.cache_clear()
    outcome = call("get", str(toml(VULS)), "host")
    assert outcome == Outcome(0, "127.0.0.1\n", line + READ_AS)


def test_get_prints_our_names(call: Call, toml: Toml) -> None:
    file = str(toml(VULS))
    assert call("get", file).out == ('host = "127.0.0.1"\nport = "1"\npassword = "********"\n')
    assert call("get", file, "password", "--reveal").out == "wonderland\n"
    # The application's own defaults are no settings of the file.
    assert call("get", file, "domain") == Outcome(1, "", READ_AS)
    assert call("get", file, "host", "--table", "servers.web").out == "192.0.2.7\n"


def test_set_writes_theirs(call: Call, toml: Toml) -> None:
    file = toml(VULS)
    assert call("set", str(file), "port=465", "encryption=ssl", "from=a@b.example").status == 0
    assert file.read_text() == VULS.replace('"1"', '"465"') + 'from = "a@b.example"\n'
    assert call("set", str(file), "encryption=tls").status == 0
    assert file.read_text().endswith('tlsMode = "STARTTLS"\n')


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (
            "domain=h.example",
            "Domain (domain) cannot have this value in a file of Vuls: Vuls always uses",
        ),
        ('password={env="X"}', "password accepts the password itself, not a place"),
        ("tls_minimum=1.3", "Vuls has no setting for it"),
    ],
)
def test_what_cannot_be_said_ends_with_3(call: Call, toml: Toml, pair: str, words: str) -> None:
    file = toml(VULS)
    outcome = call("set", str(file), "port=465", pair)
    assert (outcome.status, outcome.out) == (3, "")
    assert words in outcome.err
    assert outcome.err.removeprefix(READ_AS).count("\n") == 1
    assert file.read_text() == VULS


def test_a_check_tests_what_the_application_would_do(call: Call, toml: Toml) -> None:
    outcome = call("check", str(toml(VULS)), "--json")
    assert outcome.status == 6
    verdict = outcome.verdict
    assert (verdict["table"], verdict["cause"]) == ("email", "connection-refused")


def test_a_check_tells_an_unknown_word_at_its_field(call: Call, toml: Toml) -> None:
    outcome = call("check", str(toml(VULS + 'tlsMode = "tls"\n')), "--json")
    assert outcome.status == 3
    assert outcome.verdict["cause"] == "settings-invalid"
    assert (
        'Encryption Type (encryption): tlsMode "tls" is not known to Vuls'
        in outcome.verdict["summary"]
    )


def test_all_takes_the_applications_tables(call: Call, toml: Toml) -> None:
    text = '[profiles.{}]\nhost = "127.0.0.1"\nport = 1\nlogin = ""\nssl = false\n'
    file = toml(text.format("a") + text.format("b"))
    outcome = call("check", "--all", str(file), "--json")
    tables = {json.loads(line)["table"] for line in outcome.out.splitlines()[:-1]}
    assert tables == {"profiles.a", "profiles.b"}
    assert call("get", str(file)).status == 2


def test_the_dialect_can_be_named(call: Call, toml: Toml) -> None:
    file = toml('[mail]\nserver = "a.example"\nsmtp_encryption = "TLS"\n')
    words = ("--table", "mail", "--dialect", "LLDAP")
    assert call("get", str(file), "encryption", *words).out == "ssl\n"
    assert call("set", str(file), "encryption=none", *words).status == 0
    assert 'smtp_encryption = "NONE"' in file.read_text()
    assert call("get", str(file), "--dialect", "lldap").status == 3
    vuls = toml(VULS)
    plain = call("get", str(vuls), "host", "--dialect", "plain")
    assert (plain.status, plain.out) == (3, "")
    assert "no table smtp" in plain.err


def test_a_file_can_be_made_in_a_dialect(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    words = ("--create", "--dialect", "tuwunel")
    assert call("set", str(file), "host=a.example", "port=465", *words).status == 0
    assert file.read_text() == '[global.smtp]\nconnection_uri = "smtps://a.example:465"\n'
    outcome = call("set", str(tmp_path / "x.toml"), "host=a", "--create", "--dialect", "smtpc")
    assert outcome.status == 3
    assert "smtpc has no fixed table for it; name one like profiles.*" in outcome.err


@pytest.mark.parametrize(
    "words",
    [
        ("get", "FILE"),
        ("get", "FILE", "host"),
        ("set", "FILE", "port=25", "--diff"),
        ("unset", "FILE", "port", "--diff"),
        ("export", "msmtp", "FILE"),
        ("password", "test", "FILE"),
        ("import", "MSMTPRC", "--into", "FILE", "--diff"),
    ],
)
def test_every_command_names_the_application_and_why(
    call: Call, toml: Toml, words: tuple[str, ...]
) -> None:
    file = toml(VULS)
    (file.parent / "msmtprc").write_text("account default\nhost relay.example\n")
    files = {"FILE": str(file), "MSMTPRC": str(file.parent / "msmtprc")}
    outcome = call(*(files.get(word, word) for word in words))
    assert READ_AS in outcome.err
    assert "Read as" not in outcome.out


def test_a_check_names_the_application_and_why(call: Call, toml: Toml) -> None:
    file = str(toml(VULS + "colour = 1\nenabled = false\n"))
    first, second, *_ = call("check", file).out.splitlines()
    assert "Read as Vuls: [email] holds smtpAddr." in first
    assert "Unknown keys in [email]: colour, enabled." in second
    outcome = call("check", file, "--json")
    assert outcome.verdict["application"] == {
        "dialect": "vuls",
        "name": "Vuls",
        "why": "[email] holds smtpAddr",
    }
    assert json.loads(outcome.out.splitlines()[0])["event"] == "note"
    chosen = call("check", file, "--json", "--dialect", "plain", "--table", "email")
    assert chosen.verdict["application"] == {
        "dialect": "plain",
        "name": None,
        "why": "you chose it",
    }
    assert (
        call("check", "--set", "host=127.0.0.1", "--set", "port=1", "--json").verdict["application"]
        is None
    )


def test_a_plain_file_is_named_in_json_only(call: Call, toml: Toml) -> None:
    file = str(toml('[smtp]\nhost = "127.0.0.1"\nport = 1\n'))
    assert call("get", file, "host") == Outcome(0, "127.0.0.1\n", "")
    assert "Read as" not in call("check", file).out
    why = "nothing in the file points to a known application"
    assert call("check", file, "--json").verdict["application"] == {
        "dialect": "plain",
        "name": None,
        "why": why,
    }


def test_several_tables_name_their_application(call: Call, toml: Toml) -> None:
    outcome = call("check", "--all", str(toml(VULS)), "--json")
    verdicts = [one for one in map(json.loads, outcome.out.splitlines()) if "cause" in one]
    assert [one["application"]["dialect"] for one in verdicts] == ["vuls"]


def test_create_in_an_applications_file_writes_its_words(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "tuwunel.toml"
    text = "[global]\nserver_name = 'x'\n\n#[global.smtp]\n\n#connection_uri =\n#sender =\n"
    file.write_text(text)
    refused = call("set", str(file), "host=a.example")
    assert refused.status == 3
    assert "no mail settings yet in [global.smtp]" in refused.err
    assert refused.err.endswith("--create creates it\n")
    words = ("set", str(file), "host=a.example", "encryption=ssl", "from=a@b.example", "--create")
    assert call(*words).status == 0
    assert file.read_text() == (
        "[global]\nserver_name = 'x'\n\n#[global.smtp]\n[global.smtp]\n\n#connection_uri =\n"
        'connection_uri = "smtps://a.example"\n#sender =\nsender = "a@b.example"\n'
    )


def test_an_unknown_name_is_told(call: Call, toml: Toml) -> None:
    outcome = call("check", str(toml(VULS)), "--dialect", "x\x1b")
    assert outcome.status == 3
    assert outcome.err == (
        "smtp-tui: there is no dialect 'x\\\\x1b'; smtp-tui dialects lists them\n"
    )
    assert call("check", "--set", "host=a", "--dialect", "lldap").status == 2
    assert call("explain", "--dialect", "lldap").status == 2
