"""`check --watch`: the whole way, with the file and the password's place as they change."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.checks import batch
from smtp_tui.checks.batch import Clock
from smtp_tui.cli import watch as watch_command
from smtp_tui.cli.check import check_request
from smtp_tui.cli.parser import UsageError, parse_arguments
from smtp_tui.cli.watch import attempt_of, pause_reason, watch_interval
from tests.checks.scripted import EHLO, saying
from tests.cli.program import COMMAND, Outcome

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]
GOOD = (b"220 hi\r\n", b"250 mail.example\r\n", b"221 bye\r\n")
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d  "


def table(port: int, more: str = "") -> str:
    return f'[smtp]\nhost = "127.0.0.1"\nport = {port}\nencryption = "none"\n{more}'


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Does one thing after the other in place of waiting, then presses Ctrl+C."""

    def script(*deeds: Callable[[], object]) -> None:
        left = list(deeds)

        class QuickClock(Clock):
            async def sleep(self, seconds: float) -> None:
                if not left:
                    raise KeyboardInterrupt
                left.pop(0)()

        monkeypatch.setattr(watch_command, "Clock", QuickClock)

    return script


Between = Callable[..., None]


@pytest.mark.parametrize("seconds", ["5", "60", "86400", "7.5"])
def test_seconds(seconds: str) -> None:
    assert watch_interval(parse_arguments(["check", "--watch", seconds])) == float(seconds)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--watch", "4.9"), "--watch needs a number of seconds, 5 to 86400"),
        (("--watch", "86401"), "--watch needs a number of seconds"),
        (("--watch", "nan"), "--watch needs a number of seconds"),
        (("--watch", "often"), "--watch needs a number of seconds"),
        (("--watch", "60", "--all"), "--watch checks one table"),
        (("--watch", "60", "a.toml", "b.toml"), "--watch checks one table"),
        (("--watch", "60", "--report", "x.md"), "--watch and --report cannot be used together"),
        (("--watch", "60", "--domain-check"), "--watch and --domain-check cannot be used"),
    ],
)
def test_refused(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        watch_interval(parse_arguments(["check", *words]))


def test_changes_of_the_file_are_seen(call: Call, toml: Toml, between: Between) -> None:
    with saying(*GOOD, connections=2) as server:
        file = toml(table(server.port))
        between(
            lambda: None, lambda: file.write_text(table(1)), lambda: file.write_text("[smtp]\n!")
        )
        outcome = call("check", str(file), "--watch", "5")
    assert (outcome.status, outcome.err) == (130, "")
    lines = outcome.out.splitlines()
    heads = [line for line in lines if re.match(TIME, line)]
    assert [re.sub(TIME, "", line)[:22] for line in heads] == [
        heads[0][27:49],
        "FAILED at connection: ",
        "FAILED at settings: Th",
    ]
    assert heads[0][27:].startswith("PASSED in ")
    assert any(line.endswith("250 mail.example") for line in lines)
    assert any(line.startswith("  To do: ") for line in lines)
    assert re.fullmatch(
        r"4 checks in \d+ s: 2 passed, 2 failed, 2 changes of the verdict", lines[-1]
    )


def test_quiet_is_a_line_a_change(call: Call, toml: Toml, between: Between) -> None:
    file = toml(table(1))
    between(lambda: None)
    lines = call("check", str(file), "--watch", "5", "--quiet").out.splitlines()
    assert len(lines) == 2
    assert re.match(f"{TIME}FAILED at connection: ", lines[0])
    assert lines[1].startswith("2 checks in ")


def test_json(call: Call, toml: Toml, between: Between) -> None:
    with saying(*GOOD) as server:
        file = toml(table(server.port))
        between(lambda: file.write_text(table(1)))
        outcome = call("check", str(file), "--watch", "5", "--json")
    told = [json.loads(line) for line in outcome.out.splitlines()]
    assert {(one["file"], one["table"]) for one in told} == {(str(file), "smtp")}
    first, second = [one for one in told if one["event"] == "change"]
    assert (first["ok"], first["was"], first["check"]) == (True, None, 1)
    assert second["was"] == {"ok": True, "stage": "ehlo", "cause": None}
    assert re.fullmatch(r"[-\dT:]{19}[+-]\d\d:\d\d", second["time"])
    assert [one["event"] for one in told].count("verdict") == 2
    last = told[-1]
    assert (last["event"], last["checks"], last["passed"], last["changes"]) == ("watched", 2, 1, 1)


LOGIN = 'username = "alice"\nauthentication = "plain"\npassword = { file = "secret" }\n'


def test_a_refused_password_waits_for_another(
    call: Call, toml: Toml, between: Between, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    replies = (b"220 hi\r\n", EHLO, b"535 5.7.8 no\r\n", b"221 bye\r\n")
    with saying(*replies, connections=2) as server:
        file = toml(table(server.port, LOGIN))
        between(
            lambda: None,
            lambda: os.utime(secret),
            lambda: file.write_text(f"# a remark\n{file.read_text()}"),
            lambda: secret.write_text("other\n"),
            lambda: None,
        )
        outcome = call("check", str(file), "--watch", "5", "--quiet")
    assert outcome.status == 130
    assert len([line for line in server.heard if line.startswith(b"AUTH")]) == 2
    waits = (
        f"The server rejected the password. smtp-tui sends it again when {file} or secret changes."
    )
    told = [re.sub(TIME, "", line) for line in outcome.out.splitlines()]
    assert told[0].startswith("FAILED at login: ")
    assert told[1:3] == [waits, waits]
    assert told[3].startswith("2 checks in ")


def test_it_ends_where_nothing_can_change(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_TUI_PASSWORD", "wonderland")
    with saying(b"220 hi\r\n", EHLO, b"535 5.7.8 no\r\n", b"221 bye\r\n") as server:
        words = ["host=127.0.0.1", f"port={server.port}", "encryption=none"]
        words += ["username=alice", "authentication=plain"]
        settings = [part for word in words for part in ("--set", word)]
        outcome = call("check", *settings, "--watch", "5", "--quiet")
    assert outcome.status == 9
    assert "no file of this call can change; smtp-tui stops." in outcome.out
    assert outcome.out.splitlines()[-1].startswith("1 check in ")


@pytest.mark.parametrize(
    ("password", "changes", "said"),
    [
        ('{ keyring = "mail" }', True, "After you change the password, run: touch"),
        ('{ command = ["pass", "mail"] }', True, "After you change the password, run: touch"),
        (
            '{ oauth = "support" }\nauthentication = "xoauth2"',
            True,
            "After you sign in again, run: touch",
        ),
        ('"literal"', False, "mail.toml changes."),
        ('{ env = "NAME" }', False, "mail.toml changes."),
    ],
)
def test_what_a_touched_file_means(toml: Toml, password: str, changes: bool, said: str) -> None:
    file = toml(table(1, f'username = "a"\npassword = {password}\n'))
    call = parse_arguments(["check", str(file)])
    request = check_request(call)
    before = attempt_of(call, request)
    os.utime(file, (1, 1))
    after = attempt_of(call, request)
    assert (before.mark != after.mark) is changes
    assert said in pause_reason(before)
    file.write_text(file.read_text().replace('"a"', '"b"'))
    assert attempt_of(call, request).mark != after.mark


def test_no_secret_in_an_attempt(toml: Toml, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("wonderland")
    for more in (LOGIN, 'username = "a"\npassword = "wonderland"\n'):
        call = parse_arguments(["check", str(toml(table(1, more)))])
        attempt = attempt_of(call, check_request(call))
        assert "wonderland" not in repr(attempt)
        assert "wonderland" not in pause_reason(attempt)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_a_summary(toml: Toml, number: signal.Signals, status: int) -> None:
    file = toml(table(1))
    with subprocess.Popen(
        [*COMMAND, "check", str(file), "--watch", "3600", "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout
            assert "FAILED at connection: " in program.stdout.readline()
            program.send_signal(number)
            out, err = program.communicate(timeout=30)
        finally:
            program.kill()  # where the signal is ignored, a watch never ends
    assert (program.returncode, err) == (status, "")
    assert out.startswith("1 check in ")


def test_the_machine_has_a_clock() -> None:
    clock = batch.Clock()
    assert clock.moment().utcoffset() is not None
    assert clock.now() <= clock.now()
