"""`check --format`: what monitoring systems get, whatever becomes of a call."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.checks.scripted import EHLO, saying
from tests.cli.program import DEFECT, Outcome, environment, run_program
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]
GOOD = (b"220 hi\r\n", b"250 mail.example\r\n", b"221 bye\r\n")
OPEN = 'host = "127.0.0.1"\nencryption = "none"\n'
REFUSED = f"[smtp]\n{OPEN}port = 1\n"


def metrics(text: str) -> dict[str, float]:
    return {
        f"{one.name} {one.labels['table']}": one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_json_is_a_format(call: Call, toml: Toml) -> None:
    file = str(toml(REFUSED))
    told = [
        [json.loads(line)["event"] for line in call("check", file, *words).out.splitlines()]
        for words in (("--json",), ("--format", "json"), ("--json", "--format", "json"))
    ]
    assert told[0] == told[1] == told[2]
    assert call("check", file, "--format", "text").out.startswith(" ")


def test_nagios(call: Call, toml: Toml) -> None:
    with saying(*GOOD) as server:
        file = toml(f"[smtp]\n{OPEN}port = {server.port}\n")
        outcome = call("check", "--format", "nagios", str(file))
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith(f"SMTP OK - {file}: smtp (127.0.0.1): ")
    assert outcome.out.count("\n") == 1
    failed = call("check", "--format=nagios", str(toml(REFUSED)))
    assert failed.status == 2
    assert failed.out.splitlines()[0].endswith("s;;;0;30")
    assert ": connection-refused: Nothing takes" in failed.out


def test_a_server_cannot_speak_to_nagios(call: Call) -> None:
    with saying(b"554 go away | time=0s\x1b[2J\xe2\x80\xae<b>\r\n") as server:
        words = ("--set", "host=127.0.0.1", "--set", f"port={server.port}")
        outcome = call("check", "--format", "nagios", *words)
    assert outcome.status == 2
    first, *others = outcome.out.splitlines()
    assert r"go away / time=0s\x1b[2J\u202e(b)" in first
    assert first.count("|") == 1
    assert "|" not in "".join(others)


def test_nagios_of_all_tables(call: Call, toml: Toml) -> None:
    with saying(*GOOD) as server:
        file = toml(
            f"[a]\n{OPEN}port = {server.port}\n[b]\n{OPEN}port = 1\n[c]\nhost = 1\nport = 2\n"
        )
        outcome = call("check", "--all", "--format", "nagios", str(file))
    assert outcome.status == 2
    first, *others = outcome.out.splitlines()
    assert first.startswith("SMTP CRITICAL - 3 tables: 1 CRITICAL, 1 UNKNOWN, 1 OK; ")
    assert [line.partition(":")[0] for line in others] == ["OK", "CRITICAL", "UNKNOWN"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--colour",), "there is no option --colour"),
        (("--warning-days", "soon"), "--warning-days: takes a number"),
        (("--warning-days", "5", "--critical-days", "6"), "of critical no more than of warning"),
        (("--warning-days", "-1"), "take days"),
        (("--report", "x.md"), "--report goes with --format text or json"),
        (("--watch", "60"), "--watch goes with --format text or json"),
        (("--domain-check",), "--domain-check goes with --format text or json"),
        (("--output", "x.prom"), "--output goes with --format prometheus"),
        (("--json",), "--json means --format json"),
        (("--table", "other"), "settings-invalid: "),
        (("missing.toml", "--table", "x"), "UNKNOWN: missing.toml"),
        (("--set", "username=a"), "password-missing: "),
    ],
)
@pytest.mark.parametrize("spelling", [("--format", "nagios"), ("--format=nagios",)])
def test_unknown(
    call: Call, toml: Toml, spelling: tuple[str, ...], words: tuple[str, ...], said: str
) -> None:
    outcome = call("check", str(toml(REFUSED)), *words, *spelling)
    assert outcome.status == 3 if "missing.toml" not in words else 2
    assert outcome.out.startswith("SMTP ")
    assert said in outcome.out
    assert outcome.err == ""


def test_a_defect_is_unknown_and_tells_no_secret(tmp_path: Path) -> None:
    program = tmp_path / "defect.py"
    program.write_text(DEFECT, encoding="utf-8")
    words = ("check", "--set", "host=127.0.0.1", "--set", "username=a", "--format", "nagios")
    finished = subprocess.run(
        [sys.executable, str(program), *words],
        env=environment(SMTP_TUI_PASSWORD="wonderland"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 3
    assert finished.stdout.startswith("SMTP UNKNOWN - ")
    assert "RuntimeError at defect.py:7." in finished.stdout
    assert "wonderland" not in finished.stdout + finished.stderr


def test_other_commands_have_no_format(call: Call) -> None:
    outcome = call("get", "--format", "nagios", "mail.toml")
    assert outcome == Outcome(3, "SMTP UNKNOWN - --format does not go with the command get\n", "")
    assert call("check", "--format", "xml").err.endswith("text, json, nagios or prometheus\n")


def test_no_looks_beside(call: Call) -> None:
    # A silent port would be asked for TLS on a second connection.
    with saying(b"", connections=2) as server:
        words = ("--set", "host=127.0.0.1", "--set", f"port={server.port}", "--timeout", "0.2")
        outcome = call("check", *words, "--format", "nagios", "--extra", "3")
    assert "greeting-timeout" in outcome.out
    assert server.heard == []


def test_prometheus(call: Call, toml: Toml, tmp_path: Path) -> None:
    place = tmp_path / "smtp.prom"
    with saying(*GOOD, connections=2) as server:
        file = toml(f"[a]\n{OPEN}port = {server.port}\n[b]\n{OPEN}port = 1\n")
        printed = call("check", "--all", "--format", "prometheus", str(file))
        words = ("--format", "prometheus", "--output", str(place))
        written = call("check", "--all", *words, str(file))
    assert (printed.status, printed.err) == (6, "")
    assert written == Outcome(6, "", "")
    for text in (printed.out, place.read_text(encoding="utf-8")):
        found = metrics(text)
        assert (found["smtp_tui_up a"], found["smtp_tui_up b"]) == (1, 0)
        assert found["smtp_tui_cause_info b"] == 1


def test_prometheus_without_a_file(call: Call, tmp_path: Path) -> None:
    place = tmp_path / "smtp.prom"
    words = ("--format", "prometheus", "--output", str(place))
    outcome = call("check", "missing.toml", *words)
    assert (outcome.status, outcome.out) == (3, "")
    assert "missing.toml" in outcome.err
    assert metrics(place.read_text())["smtp_tui_up "] == 0


def test_metrics_that_cannot_be_written(call: Call, toml: Toml) -> None:
    file = toml(REFUSED)
    outcome = call("check", str(file), "--format", "prometheus", "--output", str(file))
    assert (outcome.status, outcome.out) == (74, "")
    assert "it is no metrics file" in outcome.err
    assert file.read_text() == REFUSED


def test_metrics_are_utf8_in_any_locale(toml: Toml) -> None:
    file = toml(f"[bücher]\n{OPEN}port = 1\n")
    latin = environment(PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    words = ("check", "--table", "bücher", "--format", "prometheus", str(file))
    outcome = run_program(*words, env=latin)
    assert metrics(outcome.out)["smtp_tui_up bücher"] == 0


def test_a_password_from_a_pipe_is_used(toml: Toml) -> None:
    with saying(b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n") as server:
        login = 'username = "alice"\nauthentication = "plain"\n'
        file = toml(f"[smtp]\n{OPEN}{login}port = {server.port}\n")
        words = ("check", str(file), "--password-stdin", "--format", "nagios")
        outcome = run_program(*words, stdin=b"wonderland\n")
    assert outcome.status == 1
    assert "; password-in-clear: " in outcome.out


def test_a_real_certificate(call: Call, mail_servers: MailServers) -> None:
    port = mail_servers.ports[Listener.STARTTLS_OFFERED]
    words = ["--set", f"host={mail_servers.host}", "--set", f"port={port}"]
    words += ["--set", f"ca_file={mail_servers.authority_file}", "--timeout", "20"]
    outcome = call("check", *words, "--format", "nagios", "--warning-days", "1")
    assert outcome.status == 0, outcome.out
    assert re.search(r" certificate_days=\d+;1:;1:$", outcome.out.splitlines()[0])
