"""`check`: with and without a file, in words and as JSON, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checks.scripted import EHLO, saying
from tests.cli.program import Outcome, environment, run_program

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]

REFUSING = ("--set", "host=127.0.0.1", "--set", "port=1", "--set", "domain=client.example")
PLAIN = ("--set", "host=127.0.0.1", "--set", "domain=client.example", "--set", "encryption=none")


def test_in_words(call: Call) -> None:
    outcome = call("check", *REFUSING)
    assert (outcome.status, outcome.err) == (6, "")
    lines = outcome.out.splitlines()
    assert "connecting to 127.0.0.1 port 1" in lines[0]
    assert "experiment: port 587 with encryption tls: " in outcome.out
    what, why, to_do = lines[-3:]
    assert what.startswith("FAILED at connection: Nothing is listening on")
    assert why.startswith("  Why: ")
    assert to_do.startswith("  To do: ")


def test_quiet_tells_the_verdict_alone(call: Call) -> None:
    assert call("check", "--quiet", *REFUSING).out.startswith("FAILED at connection: ")
    outcome = call("check", "--quiet", "--json", *REFUSING)
    assert outcome.out.count("\n") == 1
    assert outcome.verdict["stage"] == "connect"


def test_as_json(call: Call) -> None:
    outcome = call("check", "--json", "--no-experiments", *REFUSING)
    assert outcome.status == 6
    events = [json.loads(line) for line in outcome.out.splitlines()]
    assert [event["event"] for event in events] == ["resolved", "connecting", "note", "verdict"]
    assert {(event["file"], event["table"]) for event in events} == {(None, "smtp")}
    assert outcome.out.isascii()


def test_a_file(call: Call, toml: Toml) -> None:
    file = toml('[mail]\nhost = "127.0.0.1"\nport = 1\n')
    outcome = call("check", str(file), "--json")
    assert outcome.status == 6
    assert (outcome.verdict["file"], outcome.verdict["table"]) == (str(file), "mail")


def test_options_go_over_the_file(call: Call, toml: Toml) -> None:
    file = toml('[smtp]\nhost = "127.0.0.1"\nport = "x"\n[other]\nhost = "a b"\nport = 1\n')
    assert call("check", str(file)).status == 3
    assert call("check", str(file), "--set", "port=1").status == 6
    outcome = call("check", str(file), "--table", "other", "--json")
    assert (outcome.status, outcome.verdict["table"]) == (3, "other")


def test_the_usual_file(
    call: Call, toml: Toml, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = call("check")
    assert outcome.status == 3
    assert "no FILE was given" in outcome.err
    assert "smtp-tui check --set host=HOST" in outcome.err
    folder = tmp_path / "config" / "smtp-tui"
    folder.mkdir(parents=True)
    text = '[smtp]\nhost = "127.0.0.1"\nport = 1\n'
    (folder / "smtp.toml").write_text(text)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert call("check", "--json").verdict["file"] == str(folder / "smtp.toml")
    monkeypatch.setenv("SMTP_TUI_CONFIG", str(toml(text)))
    assert call("check", "--json").verdict["file"] == str(tmp_path / "mail.toml")


def test_a_file_that_is_not_there_has_a_verdict_too(call: Call) -> None:
    outcome = call("check", "absent.toml", "--json")
    assert outcome.status == 3
    assert (outcome.verdict["cause"], outcome.verdict["file"]) == (
        "settings-invalid",
        "absent.toml",
    )
    assert "absent.toml does not exist" in outcome.verdict["summary"]
    assert outcome.err.count("\n") == 1


def test_every_wrong_setting_is_told_with_what_is_allowed(call: Call) -> None:
    wrong = ("--set", "port=0", "--set", "encryption=tsl", "--set", "tls_minimum=2")
    outcome = call("check", *REFUSING, *wrong)
    assert (outcome.status, outcome.err) == (3, "")
    assert outcome.out.splitlines()[:4] == [
        "FAILED at settings: smtp-tui cannot use 3 settings:",
        "  SMTP Port (port): '0' is not a port; use a number from 1 to 65535.",
        "  Encryption Type (encryption): 'tsl' is not allowed; use one of none, tls, ssl.",
        "  TLS Minimum (tls_minimum): '2' is not allowed; use one of 1.0, 1.1, 1.2, 1.3.",
    ]
    # What is wrong was told; a fix tells what the field is for.
    assert "  Fix port=…: The TCP port: 587 for STARTTLS, 465 for implicit TLS" in outcome.out
    verdict = call("check", "--json", *REFUSING, *wrong).verdict
    for key in ("(port)", "(encryption)", "(tls_minimum)"):
        assert key in verdict["summary"]


def test_one_wrong_setting_is_told_in_the_first_line(call: Call) -> None:
    first = call("check", *REFUSING, "--set", "port=0").out.splitlines()[0]
    assert first == (
        "FAILED at settings: The settings cannot be used: "
        "SMTP Port (port): '0' is not a port; use a number from 1 to 65535."
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--timeout", "soon"), "--timeout needs a number of seconds, above 0 and at most 86400"),
        (("--timeout", "0"), "--timeout needs a number of seconds"),
        (("--extra", "-1"), "--extra needs a number of seconds, 0 to 3600"),
        (("--extra", "nan"), "--extra needs a number of seconds"),
        (("--table", "smtp"), "--table needs a FILE"),
        (("--set", "password=wonderland"), "shows in the process list"),
        (("--set", "prot=1", "--set", "colour"), "did you mean port?; setting number 5"),
        (("--password-stdin", "--password-fd", "3"), "use only one of --password-stdin"),
        (("--password-stdin", "--ask-password"), "use only one of --password-stdin"),
        (("--password-fd", "1000"), "file descriptor 1000 is not open"),
    ],
)
def test_usage(call: Call, words: tuple[str, ...], message: str) -> None:
    outcome = call("check", *REFUSING, *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert "wonderland" not in outcome.err


def test_timeout_and_extra_reach_the_check(call: Call) -> None:
    with saying(b"", connections=2) as server:
        words = (*PLAIN, "--set", f"port={server.port}", "--timeout", "0.2", "--json")
        outcome = call("check", *words, "--no-experiments")
    assert outcome.verdict["cause"] == "greeting-timeout"
    assert outcome.verdict["seconds"] < 5
    assert '"experiment"' not in outcome.out
    assert outcome.status == 7


def test_a_password_on_an_open_link_needs_a_yes(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_TUI_PASSWORD", "wonderland")
    auto = ("--set", "username=alice", "--set", "authentication=auto")
    with saying(b"220 hi\r\n", EHLO, b"221 bye\r\n") as server:
        words = (*PLAIN, *auto, "--set", f"port={server.port}", "--json")
        outcome = call("check", *words, "--no-experiments")
    assert (outcome.status, outcome.verdict["cause"]) == (9, "auth-needs-encryption")
    with saying(b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n") as server:
        words = (*PLAIN, *auto, "--set", f"port={server.port}", "--quiet")
        outcome = call("check", *words, "--allow-clear-password")
    assert outcome.status == 0
    first, *rest = outcome.out.splitlines()
    assert first.startswith("PASSED in ")
    assert any(line.startswith("  Warning: The password went") for line in rest)


def test_what_a_server_says_is_safe_in_every_locale() -> None:
    hostile = "220 gr\xfcn \u20ac \x1b[2J\u202e\r\n".encode() + b""
    broken = b"554 5.7.1 \xff\xfe \x07 no\r\n"
    for encoding in ("ascii", "latin-1", "utf-8"):
        with saying(hostile, broken, b"221 bye\r\n") as server:
            words = ("check", *PLAIN, "--no-experiments", "--set", f"port={server.port}")
            env = environment(LC_ALL="C", PYTHONIOENCODING=encoding)
            outcome = run_program(*words, env=env)
        assert (outcome.status, outcome.err) == (7, "")
        assert "\\x1b[2J\\u202e" in outcome.out
        assert "5.7.1 \\xff\\xfe \\x07 no" in outcome.out
        assert not set(outcome.out) & set("\x1b\x07\u202e")
        if encoding == "ascii":
            assert outcome.out.isascii()


def test_names_that_no_locale_can_show(tmp_path: Path) -> None:
    name = b"gr\xc3\xbcn\xff.toml"
    env = environment(LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    for more in ((), ("--json",)):
        outcome = run_program("check", name.decode("utf-8", "surrogateescape"), *more, env=env)
        assert outcome.status == 3
        assert "does not exist" in outcome.err
        assert "Traceback" not in outcome.err


def test_help_in_ascii() -> None:
    outcome = run_program("--help", env=environment(PYTHONIOENCODING="ascii"))
    assert (outcome.status, outcome.err) == (0, "")
    assert "  set FILE KEY=VALUE..." in outcome.out
