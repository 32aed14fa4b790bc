"""`import`: what is printed, written and refused, and with which exit status."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.config.document import Document
from tests.cli.program import COMMAND, Outcome, environment, run_program
from tests.config.dialect_samples import SAMPLES, Sample

Call = Callable[..., Outcome]

ENV = """\
SECRET_KEY_BASE=other
SMTP_ADDRESS=smtp.example.net
SMTP_PORT=587
SMTP_USERNAME=chat
SMTP_PASSWORD='wonder $land "#1'
SMTP_COLOUR=blue
broken wonderland
"""
TOML = """\
[smtp]
host = "smtp.example.net"
port = 587
domain = "localhost.localdomain"
encryption = "none"
starttls_auto = true
username = "chat"
password = "wonder $land \\"#1"
authentication = "plain"
"""
OLD = '# ours\n[smtp]\nhost = "old.example"   # the old one\nca_file = "ca.pem"\n'


@pytest.fixture
def env(tmp_path: Path) -> Path:
    """A file of Chatwoot's variables."""
    file = tmp_path / "chatwoot.env"
    file.write_text(ENV, encoding="utf-8")
    return file


def test_the_text_is_the_new_file(call: Call, env: Path) -> None:
    outcome = call("import", str(env))
    assert (outcome.status, outcome.out) == (0, TOML)
    assert tomllib.loads(outcome.out)["smtp"]["password"] == 'wonder $land "#1'
    assert "not understood: line 6, SMTP_COLOUR: smtp-tui has no such setting" in outcome.err
    assert "not understood: line 7: this line sets no variable" in outcome.err
    assert "note: authentication: plain is the default of Chatwoot" in outcome.err
    assert "wonder" not in outcome.err


def test_a_table_of_another_name(call: Call, env: Path) -> None:
    outcome = call("import", str(env), "--table", 'accounts."a.b"', "--from", "chatwoot")
    assert outcome.out.startswith('[accounts."a.b"]\nhost = ')


def test_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ENV.encode())))
    outcome = call("import", "-")
    assert (outcome.status, outcome.out) == (0, TOML)
    assert "standard input: not understood: line 6" in outcome.err


def test_into_a_file(call: Call, env: Path) -> None:
    file = env.with_name("mail.toml")
    file.write_text(OLD)
    file.chmod(0o640)
    outcome = call("import", str(env), "--into", str(file))
    assert (outcome.status, outcome.out) == (0, "")
    text = file.read_text()
    assert text.startswith('# ours\n[smtp]\nhost = "smtp.example.net"   # the old one\n')
    assert tomllib.loads(text)["smtp"] == {**tomllib.loads(TOML)["smtp"], "ca_file": "ca.pem"}
    assert f"note: unchanged in {file}: ca_file" in outcome.err
    assert file.stat().st_mode & 0o777 == 0o640
    assert "wonder" not in outcome.err


def test_into_a_new_file(call: Call, env: Path) -> None:
    file = env.with_name("new.toml")
    outcome = call("import", str(env), "--into", str(file))
    assert outcome.status == 3
    assert outcome.err.endswith(f"{file} does not exist; --create creates it\n")
    assert call("import", str(env), "--into", str(file), "--create").status == 0
    assert file.read_text() == TOML
    assert file.stat().st_mode & 0o777 == 0o600


def test_into_a_file_that_others_read(call: Call, env: Path) -> None:
    file = env.with_name("mail.toml")
    file.write_text(OLD)
    file.chmod(0o644)
    for folder in file.parents:
        if folder.owner() == file.owner() and folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o001)
    outcome = call("import", str(env), "--into", str(file))
    assert outcome.status == 0
    assert "warning: every user of this machine can read" in outcome.err


def test_a_difference_shows_no_secret(call: Call, env: Path) -> None:
    file = env.with_name("mail.toml")
    file.write_text(OLD)
    outcome = call("import", str(env), "--into", str(file), "--diff")
    assert outcome.status == 1
    assert '+host = "smtp.example.net"' in outcome.out
    assert "wonder" not in outcome.out + outcome.err
    assert file.read_text() == OLD


def test_a_file_in_another_applications_words(call: Call, env: Path) -> None:
    file = env.with_name("lldap_config.toml")
    file.write_text('[smtp_options]\nserver = "old.example"\nport = 25\n')
    env.write_text("smtps://me:pw@new.example", encoding="utf-8")
    outcome = call("import", str(env), "--into", str(file))
    assert outcome.status == 0
    written = tomllib.loads(file.read_text())["smtp_options"]
    assert (written["server"], written["port"]) == ("new.example", 465)
    assert "user" in written


def test_the_logins_beside_a_main_cf(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "main.cf"
    file.write_text(
        "relayhost = [a.example]:587\nsmtp_sasl_auth_enable = yes\n"
        "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\n"
        "smtp_sasl_security_options = noanonymous\nsmtp_tls_security_level = secure\n"
    )
    outcome = call("import", str(file))
    assert "put that file next to this one" in outcome.err
    assert "password" not in tomllib.loads(outcome.out)["smtp"]
    (tmp_path / "sasl_passwd").write_text("[a.example]:587 me:wonderland\n")
    outcome = call("import", str(file))
    assert tomllib.loads(outcome.out)["smtp"]["password"] == "wonderland"
    assert outcome.err == (
        f"smtp-tui: {file}: read as Postfix: it sets relayhost; --from FORMAT changes that\n"
    )


def test_the_format_and_the_reason_are_told(call: Call, env: Path) -> None:
    outcome = call("import", str(env))
    assert "read as Chatwoot: it sets SMTP_ADDRESS; --from" in outcome.err
    outcome = call("import", str(env), "--from", "chatwoot")
    assert "read as Chatwoot: you chose it; --from" in outcome.err


def test_json(call: Call, env: Path) -> None:
    outcome = call("import", str(env), "--json")
    assert outcome.status == 0
    told = json.loads(outcome.out)
    assert (told["format"], told["title"]) == ("chatwoot", "Chatwoot")
    assert told["why"] == "it sets SMTP_ADDRESS"
    assert told["values"]["password"] == "********"
    assert told["found"] == ["host", "port", "username", "password"]
    assert told["unread"][0] == {
        "name": "SMTP_COLOUR", "line": 6, "why": "smtp-tui has no such setting",
    }  # fmt: skip
    assert {"key", "text"} == told["remarks"][0].keys()
    assert "wonder" not in outcome.out + outcome.err
    told = json.loads(call("import", str(env), "--json", "--reveal").out)
    assert told["values"]["password"] == 'wonder $land "#1'


def test_a_folder_where_a_table_of_logins_should_be(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "main.cf"
    file.write_text(
        "relayhost = [a.example]:587\nsmtp_sasl_auth_enable = yes\n"
        "smtp_sasl_password_maps = hash:/etc/postfix/\n"
    )
    outcome = call("import", str(file))
    assert outcome.status == 0
    assert "put that file next to this one" in outcome.err


def test_an_account_is_chosen(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "msmtprc"
    file.write_text("account a\nhost a.example\naccount b\nhost b.example\naccount default : b\n")
    assert 'host = "b.example"' in call("import", str(file)).out
    assert 'host = "a.example"' in call("import", str(file), "--account", "a").out
    outcome = call("import", str(file), "--account", "c")
    assert outcome.status == 2
    assert outcome.err.endswith("the file has no account 'c'; it has default, a, b\n")
    file.write_text("relayhost = a\n")
    outcome = call("import", str(file), "--account", "a")
    assert (outcome.status, outcome.err) == (
        2,
        "smtp-tui: --account chooses one of several accounts, and Postfix has none\n",
    )


VAULTWARDEN = """\
SMTP_HOST=smtp.example.net
SMTP_SECURITY=starttls
SMTP_USERNAME=me
SMTP_PASSWORD=wonderland
SMTP_TIMEOUT=15
SMTP_FROM=me@example.net
HELO_NAME=me.example.net
SMTP_ACCEPT_INVALID_CERTS=true
"""


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{one.dialect}-{one.table}" for one in SAMPLES])
def test_what_an_application_cannot_say_is_left_out(
    call: Call, tmp_path: Path, sample: Sample
) -> None:
    env = tmp_path / ".env"
    env.write_text(VAULTWARDEN)
    file = tmp_path / sample.name
    file.write_text(sample.text, encoding="utf-8")
    document = Document.open(file, sample.dialect)
    words = ("--into", str(file), "--dialect", sample.dialect, "--table", sample.table)
    outcome = call("import", str(env), "--from", "vaultwarden", *words)
    assert outcome.status == 0, outcome.err
    now = Document.open(file, sample.dialect).values(sample.table)
    assert now["host"] == "smtp.example.net"
    left_out = [line for line in outcome.err.splitlines() if "left out: " in line]
    assert all("wonderland" not in line for line in left_out)
    if "timeout" in document.limits:
        assert any("(timeout)" in line for line in left_out)
    if now.get("openssl_verify_mode", "peer") != "none":
        assert any("warning: left out: " in line for line in left_out)


def test_where_not_even_the_host_fits_nothing_is_written(call: Call, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("SMTP_ADDRESS=a.example\nSMTP_PASSWORD=x\n")
    file = tmp_path / "x.toml"
    file.write_text("[smtp]\nhost = 1\n")
    before = file.read_text()
    assert call("import", str(env), "--into", str(file), "--dialect", "nosuch").status != 0
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("text", "words", "status", "said"),
    [
        ("hello wonderland\n", [], 1, "does not recognise this format"),
        ("FOO=wonderland\n", ["--from", "mastodon"], 1, "no usable SMTP settings found"),
        ("smtp://u:wonder@land@a", ["--from", "url"], 1, "the URL is broken"),
        (
            "x: 1\n",
            ["--from", "nosuch"],
            2,
            "'nosuch' is not a format; smtp-tui import --help lists them",
        ),
        ("x", ["--from", "url", "--quoting", "perl"], 2, "'perl' is not a quoting"),
        ("x", ["--from", "url", "--quoting", "ruby"], 2, "--quoting is for .env files"),
        ("x", ["--create"], 2, "--create needs --into"),
        ("x", ["--diff"], 2, "--diff needs --into"),
        ("x", ["--reveal"], 2, "--reveal needs --json"),
        ("x", ["--json", "--into", "y"], 2, "give only one of them"),
        ("x", ["--to", "a@b.example"], 2, "the command import has no option --to"),
        (None, [], 3, "does not exist"),
        (b"\xff\xfe", [], 3, "line 1 is not UTF-8"),
    ],
)
def test_refused(
    call: Call, tmp_path: Path, text: str | bytes | None, words: list[str], status: int, said: str
) -> None:
    file = tmp_path / "settings"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    outcome = call("import", str(file), *words)
    assert (outcome.status, outcome.out) == (status, "")
    assert said in outcome.err
    assert "wonder" not in outcome.err.replace(str(file), "FILE")
    assert all(line.startswith("smtp-tui: ") for line in outcome.err.splitlines())


def test_what_has_no_host_is_printed_and_told(call: Call, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SMTP_SERVER=$(hostname)\nSMTP_LOGIN=me\n")
    outcome = call("import", str(file))
    assert outcome.status == 0
    assert "host" not in tomllib.loads(outcome.out)["smtp"]
    assert "line 1, SMTP_SERVER: its value is the output of a command" in outcome.err
    assert "note: host: not found" in outcome.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_a_text(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*COMMAND, "import", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin
    # More than a pipe holds: once it is written, it is being read.
    process.stdin.write(b"SMTP_HOST=wonderland\n" * 20_000)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (128 + number, b"", b"")


def test_a_password_file_named_without_quotes(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(
        "global:\n  smtp_smarthost: mail.example:587\n  smtp_from: a@example.org\n"
        "  smtp_auth_username: a\n  smtp_auth_password_file: /run/password\n"
        "route: {receiver: a}\n"
    )
    outcome = call("import", str(file))
    assert outcome.status == 0
    assert 'password = { file = "/run/password" }' in outcome.out


def test_without_pyyaml(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text("global: {smtp_smarthost: 'a:25'}\n")
    (tmp_path / "yaml.py").write_text("raise ImportError\n")
    path = str(tmp_path)
    outcome = run_program(
        "import", "--from", "alertmanager", str(file), env={"PYTHONPATH": path, "PATH": "/bin"}
    )
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == (
        "smtp-tui: Alertmanager's YAML needs PyYAML: install smtp-tui with the extra interchange\n"
    )


def test_a_url_is_not_taken_from_the_command_line(call: Call) -> None:
    outcome = call("import", "smtp://me:wonderland@a.example")
    assert (outcome.status, outcome.out) == (2, "")
    assert "smtp-tui import -" in outcome.err
    assert "wonderland" not in outcome.err


def test_help_lists_the_formats(call: Call) -> None:
    for command in ("import", "export"):
        outcome = call(command, "--help")
        assert "FORMAT is one of:\n  alertmanager  " in outcome.out
        assert "  ghost-json         Ghost: mail of config.production.json; " in outcome.out
        assert "  swaks " in outcome.out
