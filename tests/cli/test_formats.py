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
from tests.smtp import pki

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]
GOOD = (b"220 hi\r\n", b"250 mail.example\r\n", b"221 bye\r\n")
OPEN = 'host = "127.0.0.1"\nencryption = "none"\n'
REFUSED = f"[smtp]\n{OPEN}port = 1\n"


def metrics(text: str) -> dict[str, float]:
    return {
        f"{one.name} {one.labels.get('table', '')}".strip(): one.value
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
    assert re.match(r"SMTP CRITICAL - [^|]+ \| time=", failed.out)


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
            f"[a]\n{OPEN}port = {server.port}\n[b]\n{OPEN}port = 1\n"
            '[c]\nhost = 1\nport = 2\nencryption = "none"\n'
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
        (("--warning-days", "soon"), "--warning-days needs a number"),
        (("--warning-days", "5", "--critical-days", "6"), "must not be above its warning"),
        (("--certificate-warning=10%", "--certificate-critical=20%"), "must not be above its"),
        (("--warning-days", "-1"), "--warning-days needs days, 0 to 36500\n"),
        (
            ("--certificate-warning", "120%"),
            "--certificate-warning needs days, 0 to 36500 or a sh",
        ),
        (("--certificate-warning", "0.25"), "--certificate-warning needs days, 0 to 36500 or a sh"),
        (("--certificate-critical", "a week"), "--certificate-critical needs days, 0 to 36500 or"),
        (("--certificate-critical", "5", "--critical-days", "5"), "give only one of them"),
        (
            ("-w", "5:3"),
            "--warning needs a range of seconds: its start must not be above its end\n",
        ),
        (("-c", "fast"), "--critical needs a range of seconds: write it as 10, 10:, ~:10, 10:20 "),
        (("-w",), "--warning needs a value"),
        (("-t", "0"), "--timeout needs a number of seconds"),
        (("--report", "x.md"), "--report needs --format text or json"),
        (("--watch", "60"), "--watch needs --format text or json"),
        (("--domain-check",), "--domain-check needs --format text or json"),
        (("--output", "x.prom"), "--output needs --format prometheus"),
        (("--json",), "--json means --format json"),
        (("--table", "other"), "SMTP UNKNOWN - "),
        (("missing.toml", "--table", "x"), "UNKNOWN: missing.toml"),
        (("--set", "username=a"), "SMTP UNKNOWN - "),
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
    assert outcome == Outcome(3, "SMTP UNKNOWN - the command get has no option --format\n", "")
    assert call("check", "--format", "xml").err.endswith("text, json, nagios or prometheus\n")


def test_no_looks_beside(call: Call) -> None:
    # A silent port would be asked for TLS on a second connection.
    with saying(b"", connections=2) as server:
        words = ("--set", "host=127.0.0.1", "--set", f"port={server.port}", "--timeout", "0.2")
        outcome = call("check", *words, "--format", "nagios", "--extra", "3")
    assert outcome.out.startswith("SMTP CRITICAL - ")
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
        assert found["smtp_tui_cause b"] == 1


def test_prometheus_without_a_file(call: Call, tmp_path: Path) -> None:
    place = tmp_path / "smtp.prom"
    words = ("--format", "prometheus", "--output", str(place))
    outcome = call("check", "missing.toml", *words)
    assert (outcome.status, outcome.out) == (3, "")
    assert "missing.toml" in outcome.err
    assert metrics(place.read_text())["smtp_tui_up"] == 0


def test_metrics_that_cannot_be_written(call: Call, toml: Toml) -> None:
    file = toml(REFUSED)
    outcome = call("check", str(file), "--format", "prometheus", "--output", str(file))
    assert (outcome.status, outcome.out) == (74, "")
    assert "is not a metrics file" in outcome.err
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
    assert outcome.out.startswith("SMTP WARNING - ")
    assert outcome.out.count("; ") == 1


@pytest.fixture(scope="session")
def authority() -> pki.Issued:
    return pki.issue("Authority", is_authority=True, lasts=(-1000, 1000))


@pytest.mark.parametrize(
    ("lifetime", "left", "status", "words"),
    [
        # Renewed in time: at half of a lifetime of six days, at a third of a longer one.
        (6, 5.9, 0, ()),
        (6, 3.01, 0, ()),
        (6, 1.6, 0, ()),
        (45, 15.1, 0, ()),
        (64, 21.4, 0, ()),
        (90, 30.1, 0, ()),
        (825, 31, 0, ()),
        # Not renewed.
        (6, 1.4, 1, ()),
        (6, 0.7, 2, ()),
        (45, 11, 1, ()),
        (45, 5.5, 2, ()),
        (64, 15.9, 1, ()),
        (64, 7.9, 2, ()),
        (90, 22, 1, ()),
        (90, 11, 2, ()),
        (825, 29, 1, ()),
        (825, 13, 2, ()),
        # Own thresholds.
        (6, 3.01, 1, ("--certificate-warning", "60%")),
        (6, 3.01, 2, ("--certificate-warning", "75%", "--certificate-critical=60%")),
        (90, 29, 1, ("--warning-days", "30")),
        (90, 29, 2, ("--critical-days", "30")),
        (90, 11, 0, ("--warning-days", "5")),
        (90, 4.5, 2, ("--certificate-warning", "5")),
        (90, 11, 1, ("--critical-days", "3")),
        (90, 4.5, 0, ("--certificate-warning", "4", "--certificate-critical", "0")),
        (400, 41, 0, ("--certificate-warning", "10%", "--certificate-critical", "3")),
    ],
)
def test_real_certificates_of_each_lifetime(
    call: Call,
    tmp_path: Path,
    authority: pki.Issued,
    lifetime: float,
    left: float,
    status: int,
    words: tuple[str, ...],
) -> None:
    name = "127.0.0.1"
    leaf = pki.issue(name, name, issuer=authority, lasts=(left - lifetime, left))
    trusted = tmp_path / "authority.pem"
    trusted.write_bytes(authority.pem)
    context = pki.server_context(tmp_path, leaf)
    with saying(*GOOD, tls=context, connections=2) as server:
        given: tuple[str, ...] = (
            "-H",
            name,
            "--set",
            f"port={server.port}",
            "--set",
            "encryption=ssl",
        )
        given += ("--set", f"ca_file={trusted}")
        monitored = call("check", *given, "--format", "nagios", *words)
        told = call("check", *given, "--json")
    first, *others = monitored.out.splitlines()
    assert monitored.status == status, first
    assert (" left | " in first) is (status > 0)
    found = re.search(r" certificate_days=([0-9.]+);[0-9.]+:;[0-9.]+:$", first)
    assert found
    assert left - 0.02 < float(found[1]) <= left
    is_soon = left < min(lifetime / 4, 30)
    assert ("certificate-expires-soon" in told.verdict["warnings"]) is is_soon
    assert any("certificate expires" in line for line in others) is is_soon


def test_versions_and_help_of_a_plugin(call: Call) -> None:
    for words in (("-V",), ("--version",), ("check", "-h")):
        assert call(*words).status == 0
        outcome = call(*words, "--format", "nagios")
        assert (outcome.status, outcome.err) == (3, "")  # nothing was checked
    assert call("-V").out == call("--version").out
    assert call("-V").out.startswith("smtp-tui ")


def test_a_host_and_its_seconds_without_a_file(call: Call) -> None:
    with saying(*GOOD, connections=4) as server:
        words: tuple[str, ...] = (
            "check",
            "-H",
            "127.0.0.1",
            "--set",
            f"port={server.port}",
            "-t",
            "20",
        )
        words += ("--set", "encryption=none", "--format", "nagios")
        fine = call(*words, "-w", "19", "-c", "~:20")
        assert fine.status == 0
        assert fine.out.startswith("SMTP OK - smtp (127.0.0.1): ")
        assert re.search(r" \| time=0\.\d{3}s;19;~:20;0;20$", fine.out.splitlines()[0])
        slow = call(*words, "-w", "@0:19", "--critical", "19")
        assert (slow.status, slow.out.split()[1]) == (1, "WARNING")
        assert re.search(r"; the check took \d\.\d\d s \(WARNING range @0:19\) \| ", slow.out)
        assert call(*words, "-c", "10:").status == 2
        assert call(*words, "-c", "10:20", "-w", "0").out.startswith("SMTP CRITICAL - ")


def test_a_host_in_place_of_the_file_s(call: Call, toml: Toml) -> None:
    with saying(*GOOD) as server:
        file = toml(f"[smtp]\n{OPEN.replace('127.0.0.1', 'no.example')}port = {server.port}\n")
        assert call("check", str(file), "--hostname", "127.0.0.1").status == 0
    outcome = call("check", "-H", "a.example", "--set", "host=b.example")
    assert (outcome.status, outcome.out) == (2, "")
    assert "give only one of them" in outcome.err


def test_a_real_certificate(call: Call, mail_servers: MailServers) -> None:
    port = mail_servers.ports[Listener.STARTTLS_OFFERED]
    words = ["--set", f"host={mail_servers.host}", "--set", f"port={port}"]
    words += ["--set", f"ca_file={mail_servers.authority_file}", "--timeout", "20"]
    outcome = call("check", *words, "--format", "nagios", "--warning-days", "1")
    assert outcome.status == 0, outcome.out
    assert re.search(r" certificate_days=\d+(\.\d+)?;1:;1:$", outcome.out.splitlines()[0])
