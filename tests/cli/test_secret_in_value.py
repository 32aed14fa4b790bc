"""A password inside another value, a URL as host above all, is shown by no command."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.settings.fields import FIELDS, FieldKind
from tests.checks.scripted import saying
from tests.cli.program import Outcome

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]

SECRET = "S3cr3tw0rd"
URL = f"smtps://alice:{SECRET}@mail.example.org:465"
VALUES = (URL, f"alice:{SECRET}@mail.example.org", f"smtp://mail.example.org?password={SECRET}")
KEYS = tuple(field.key for field in FIELDS if field.kind is not FieldKind.PASSWORD)
# A username or a path may be any word, be it such a pair, and is exported as it is.
WORDS = ("username", "ca_file", "client_certificate", "client_key")
CASES = [(key, value) for key in KEYS for value in VALUES if key not in WORDS or value == URL]


@pytest.fixture
def file(toml: Toml) -> Callable[[str, str], Path]:
    """Writes a file that has the value in that key."""

    def write(key: str, value: str) -> Path:
        values = {"host": "127.0.0.1", "port": 1, "timeout": 2, key: value}
        lines = [f"{name} = {json.dumps(each)}" for name, each in values.items()]
        return toml("\n".join(["[smtp]", *lines, ""]))

    return write


@pytest.mark.parametrize(("key", "value"), CASES)
def test_shown_by_no_command(
    call: Call, file: Callable[[str, str], Path], tmp_path: Path, key: str, value: str
) -> None:
    path = str(file(key, value))
    report, output = tmp_path / "report.md", tmp_path / "smtp.prom"
    calls = [
        ("get", path),
        ("get", path, "--json"),
        ("get", path, key),
        ("get", path, key, "--json"),
        ("check", path, "--no-experiments", "--report", str(report)),
        ("check", path, "--json", "--no-experiments"),
        ("check", path, "--all"),
        ("check", path, "--all", "--json"),
        ("check", path, "--format", "nagios"),
        ("check", path, "--format", "prometheus", "--output", str(output)),
        ("unset", path, key, "--diff"),
        ("set", path, f"{key}=5", "--diff"),
        ("set", path, f"{key}={value}", "--diff"),
        ("export", "url", path),
        ("export", "swaks", path),
        ("get", path, value),
        ("discover", value),
        ("presets", value),
        ("explain", value),
        ("check", path, "--table", value),
    ]
    for words in calls:
        outcome = call(*words)
        assert outcome.status != 70, words
        assert SECRET not in outcome.out + outcome.err, words
    for kept in (report, output):
        assert SECRET not in kept.read_text()


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "xoauth2", "scram-sha-256"])
@pytest.mark.parametrize("has_password", [True, False])
def test_a_pair_as_username_is_shown_by_no_check(
    call: Call, toml: Toml, tmp_path: Path, mechanism: str, has_password: bool
) -> None:
    report = tmp_path / "report.md"
    offer = f"250-hi\r\n250 AUTH {mechanism.upper()}\r\n".encode()
    replies = b"334 aGVsbG8=\r\n", b"535 no\r\n", b"221 bye\r\n"
    for more in ((), ("--json",), ("--format", "nagios"), ("--report", str(report))):
        with saying(b"220 hi\r\n", offer, *replies) as server:
            path = toml(
                f'[smtp]\nhost = "127.0.0.1"\nport = {server.port}\nencryption = "none"\n'
                f'username = "alice:{SECRET}@mail.example.org"\n'
                f'authentication = "{mechanism}"\ntimeout = 5\n'
                + ('password = "another-1-password"\n' if has_password else "")
            )
            outcome = call("check", str(path), *more)
        assert outcome.status != 70
        assert SECRET not in outcome.out + outcome.err, more
    assert SECRET not in report.read_text()


def test_a_url_as_host_is_an_error_that_names_the_mend(
    call: Call, file: Callable[[str, str], Path]
) -> None:
    outcome = call("check", str(file("host", URL)), "--json")
    assert outcome.status == 3
    assert outcome.verdict["cause"] == "settings-invalid"
    for setting in ('host = "mail.example.org"', "port = 465", 'username = "alice"'):
        assert setting in outcome.verdict["summary"]


def test_it_is_masked_in_a_label_and_not_left_out(
    call: Call, file: Callable[[str, str], Path]
) -> None:
    path = str(file("host", URL))
    shown = "smtps://alice:********@mail.example.org:465"
    assert shown in call("check", path, "--format", "prometheus").out
    assert shown in call("check", path, "--format", "nagios").out
    assert call("get", path, "host").out == f"{shown}\n"
    assert call("get", path, "host", "--reveal").out == f"{URL}\n"


def test_what_files_may_be_read_by_whom(
    call: Call, file: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """A collector reads the metrics as another user; a report names people and servers."""
    path = str(file("host", "127.0.0.1"))
    report, output = tmp_path / "report.md", tmp_path / "smtp.prom"
    call("check", path, "--report", str(report), "--no-experiments")
    call("check", path, "--format", "prometheus", "--output", str(output))
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert stat.S_IMODE(output.stat().st_mode) == 0o644


VULS = '[email]\nsmtpAddr = "127.0.0.1"\nsmtpPort = "1"\n'
PLACES = [
    *(("[smtp]\nhost = '127.0.0.1'\nport = 1\n", key) for key in KEYS),
    *((VULS, key) for key in ("smtpAddr", "smtpPort", "tlsMode", "tlsInsecureSkipVerify", "from")),
]


@pytest.mark.parametrize(
    "value", [f'{{ host = "x", password = "{SECRET}" }}', f'["u", "{SECRET}"]']
)
@pytest.mark.parametrize(("text", "key"), PLACES)
def test_a_table_where_a_text_belongs_shows_no_secret(
    call: Call, toml: Toml, text: str, key: str, value: str
) -> None:
    lines = [line for line in text.splitlines() if not line.startswith(f"{key} =")]
    path = str(toml("\n".join([*lines, f"{key} = {value}", ""])))
    calls = [
        ("check", path, "--no-experiments"),
        ("check", path, "--json", "--no-experiments"),
        ("check", path, "--format", "nagios"),
    ]
    for words in calls:
        outcome = call(*words)
        assert SECRET not in outcome.out + outcome.err, words
