"""`check` of several files and of all tables in one."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.cli import edit
from smtp_tui.config.document import Document
from tests.checks.scripted import EHLO, saying
from tests.cli.program import Outcome, environment, run_program

Call = Callable[..., Outcome]
REFUSED = 'host = "127.0.0.1"\nport = 1\nencryption = "none"\n'


def table(port: int, **values: str) -> str:
    lines = [f'host = "127.0.0.1"\nport = {port}\nencryption = "none"']
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in values.items())])


def objects(outcome: Outcome) -> list[dict[str, Any]]:
    return [json.loads(line) for line in outcome.out.splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], str]:
    """Writes a file and returns its path."""

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


File = Callable[[str, str], str]


def test_all_tables_of_a_file(call: Call, file: File) -> None:
    with saying(b"220 hi\r\n", b"250 mail.example\r\n", b"221 bye\r\n") as server:
        good = f"[good]\n{table(server.port)}\n"
        path = file("mail.toml", f"{good}[down]\n{REFUSED}[odd]\n{REFUSED}timeout = 0\n")
        outcome = call("check", "--all", "--json", path)
    assert (outcome.status, outcome.err) == (6, "")
    told = objects(outcome)
    tables = [one["table"] for one in told]
    assert tables == sorted(tables, key=["good", "down", "odd", None].index)
    verdicts = [one for one in told if one["event"] == "verdict"]
    assert [one["cause"] for one in verdicts] == [None, "connection-refused", "settings-invalid"]
    assert {one["file"] for one in told[:-1]} == {path}
    assert told[-1] == {
        "event": "summary",
        "file": None,
        "table": None,
        "ok": False,
        "tables": 3,
        "passed": 1,
        "failed": [
            {"file": path, "table": "down", "stage": "connect", "cause": "connection-refused"},
            {"file": path, "table": "odd", "stage": "settings", "cause": "settings-invalid"},
        ],
        "seconds": told[-1]["seconds"],
    }


def test_several_files_in_words(call: Call, file: File) -> None:
    first, second = file("a.toml", f"[smtp]\n{REFUSED}"), file("b.toml", f"[mail]\n{REFUSED}")
    outcome = call("check", first, "missing.toml", second)
    assert (outcome.status, outcome.err) == (6, "")
    lines = outcome.out.splitlines()
    headings = [line for line in lines if line.startswith(("/", "missing")) and line[-1] == ":"]
    assert headings == [f"{first}: smtp:", "missing.toml:", f"{second}: mail:"]
    assert sum(line.startswith("FAILED at ") for line in lines) == 3
    assert lines[-1].startswith("3 tables in ")
    assert lines[-1].endswith(
        f"0 passed, 3 failed: {first}: smtp (connection refused), "
        f"missing.toml (invalid settings), {second}: mail (connection refused)"
    )


def test_a_file_that_brings_out_a_defect_costs_the_others_nothing(
    call: Call, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = edit.open_file

    def open_file(path: str, **more: Any) -> Document:
        if path.endswith("odd.toml"):
            raise RecursionError("with a password in it")
        return real(path, **more)

    monkeypatch.setattr(edit, "open_file", open_file)
    paths = [file(name, f"[smtp]\n{REFUSED}") for name in ("a.toml", "odd.toml", "b.toml")]
    outcome = call("check", "--json", *paths)
    assert (outcome.status, outcome.err) == (70, "")
    told = objects(outcome)
    causes = [one["cause"] for one in told if one["event"] == "verdict"]
    assert causes == ["connection-refused", "internal-error", "connection-refused"]
    assert (told[-1]["event"], told[-1]["tables"]) == ("summary", 3)
    assert "password in it" not in outcome.out
    nagios = call("check", "--format", "nagios", *paths)
    assert nagios.status == 2  # the two that refuse the connection are worse
    assert "\nUNKNOWN: " in nagios.out


def test_quiet_is_a_line_a_table_and_a_summary(call: Call, file: File) -> None:
    path = file("mail.toml", f"[a]\n{REFUSED}[b]\n{REFUSED}")
    first, second, summary = call("check", "--all", "--quiet", path).out.splitlines()
    assert first.startswith(f"{path}: a: FAILED at connection: ")
    assert second.startswith(f"{path}: b: FAILED at connection: ")
    assert summary.startswith("2 tables in ")
    quiet = objects(call("check", "--all", "--quiet", "--json", path))
    assert [one["event"] for one in quiet] == ["verdict", "verdict", "summary"]


def test_all_of_one_table_has_its_summary(call: Call, file: File) -> None:
    path = file("mail.toml", f"[smtp]\n{REFUSED}")
    assert call("check", "--all", path).out.splitlines()[-1].startswith("1 table in ")


def test_all_that_pass(call: Call, file: File) -> None:
    replies = (b"220 hi\r\n", b"250 mail.example\r\n", b"221 bye\r\n")
    with saying(*replies, connections=2) as server:
        path = file("mail.toml", f"[a]\n{table(server.port)}\n[b]\n{table(server.port)}\n")
        outcome = call("check", "--all", "--jobs", "1", path)
    assert outcome.status == 0
    assert outcome.out.splitlines()[-1].endswith(": 2 passed, none failed")


def test_a_file_without_tables(call: Call, file: File) -> None:
    outcome = call("check", "--all", "--json", file("other.toml", "[tool]\nname = 1\n"))
    assert outcome.status == 3
    assert "has no table smtp" in objects(outcome)[0]["summary"]


def test_several_tables_without_all_are_listed_before_anything_runs(call: Call, file: File) -> None:
    one, two = file("a.toml", f"[smtp]\n{REFUSED}"), file("b.toml", f"[x]\n{REFUSED}[y]\n{REFUSED}")
    outcome = call("check", one, two)
    assert (outcome.status, outcome.out) == (2, "")
    assert "name one of x, y with --table" in outcome.err
    assert call("check", one, two, "--all").status == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--all", "--table", "smtp"), "give only one of them"),
        (("--all", "--jobs", "0"), "--jobs needs a number, 1 to 500"),
        (("--all", "--jobs", "501"), "--jobs needs a number"),
    ],
)
def test_usage(call: Call, words: tuple[str, ...], message: str) -> None:
    outcome = call("check", "a.toml", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err


def test_no_looks_beside_with_all(call: Call, file: File) -> None:
    # A silent port would be asked for TLS on a second connection.
    with saying(b"", connections=1) as server:
        path = file("mail.toml", f"[smtp]\n{table(server.port, timeout='0.2')}")
        outcome = call("check", "--all", "--json", "--extra", "3", path)
    assert objects(outcome)[-2]["cause"] == "greeting-timeout"
    assert '"experiment"' not in outcome.out


def login(name: str, secret: str) -> bytes:
    return b"AUTH PLAIN " + b64encode(f"\0{name}\0{secret}".encode()) + b"\r\n"


@pytest.mark.parametrize("way", ["stdin", "descriptor", "variable"])
def test_a_password_from_the_call_is_for_the_tables_without_one(file: File, way: str) -> None:
    replies = (b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n")
    with saying(*replies, connections=3) as server:
        tables = [
            f"[{name}]\n{table(server.port, username=repr(name), authentication=repr('plain'))}\n"
            for name in ("alice", "bob", "carol")
        ]
        path = file("mail.toml", f"{''.join(tables)}password = 'own'\n")
        words = ("check", "--all", "--jobs", "3" if way == "variable" else "1", "--quiet", path)
        if way == "stdin":
            outcome = run_program(*words, "--password-stdin", stdin=b"shared\n")
        elif way == "variable":
            env = environment(SMTP_TUI_PASSWORD="shared")
            outcome = run_program(*words, env=env)
        else:
            read, write = os.pipe()
            os.write(write, b"shared\n")
            os.close(write)
            outcome = run_program(*words, "--password-fd", str(read), pass_fds=(read,))
            os.close(read)
    assert outcome.status == 0, outcome.out + outcome.err
    logins = {line for line in server.heard if line.startswith(b"AUTH")}
    assert logins == {login("alice", "shared"), login("bob", "shared"), login("carol", "own")}
