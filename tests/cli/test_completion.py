"""Completion: the scripts load in their shells, and complete what the tables say."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.cli.commands import COMMANDS
from smtp_tui.cli.completion.printing import SHELLS, script
from smtp_tui.cli.completion.slots import Slot, WordKind, positions, value_of
from smtp_tui.cli.options import OPTIONS
from smtp_tui.settings.fields import FIELDS
from tests.cli.program import Outcome
from tests.terminal import on_terminal

Call = Callable[..., Outcome]
KEYS = [one.key for one in FIELDS]
NAMES = [one.name for one in COMMANDS]

EXPECTED = [
    ("", NAMES),
    ("che", ["check"]),
    ("check --form", ["--format"]),
    ("check --format ", ["text", "json", "nagios", "prometheus"]),
    ("check --warning-days 5 --format n", ["nagios"]),
    ("--table smtp check --wat", ["--watch"]),
    ("completion ", ["bash", "zsh", "fish"]),
    ("explain open", ["openssl_verify_mode"]),
    ("explain --er", ["--error"]),
    ("password ", ["set", "test", "forget"]),
    ("check --keep", []),
    ("check --certificate-w", ["--certificate-warning"]),
    ("check --json-", ["--json-schema"]),
    ("check -w 10 -H get --hostn", ["--hostname"]),
    ("-t 5 check --form", ["--format"]),
    ("-H check --ti", []),
    ("password set --keep", ["--keep-in"]),
    ("password set --diff", []),
    ("get mail.toml host ", []),
    ("check --format text --set port=25 --for", ["--format"]),
    ("presets gmai", ["gmail"]),
    ("export ma", ["mastodon"]),
]
WITH_EQUALS = [
    ("check --format=p", ["prometheus"]),
    ("set a.toml enc", ["encryption="]),
    ("set a.toml port=25 encryption=s", ["ssl"]),
    ("check --set starttls_auto=t", ["true"]),
    ("check --set=openssl_verify_mode=p", ["peer"]),
]


def shell(name: str) -> str:
    """The path of a shell; the test is skipped where it is not installed."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def run(command: list[str], text: str, folder: Path) -> str:
    finished = subprocess.run(
        command, input=text, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert (finished.returncode, finished.stderr) == (0, ""), finished.stderr
    return finished.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files to complete, and no other."""
    for name in ("mail.toml", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    return tmp_path


def in_bash(line: str, folder: Path, breaks: str = " \t\n\"'><=;|&(:") -> list[str]:
    """What bash is given for a line."""
    asked = f"smtp-tui {line}"
    call = "COMP_POINT=${#COMP_LINE}; _smtp_tui; printf '%s\\n' \"${COMPREPLY[@]}\""
    # No line is being typed, of which `compopt` complains, and does no harm.
    finished = subprocess.run(
        [shell("bash"), "--norc", "-c", f"{script('bash')}\nCOMP_WORDBREAKS=$BREAKS\n{call}"],
        cwd=folder,
        env={**os.environ, "COMP_LINE": asked, "BREAKS": breaks},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "syntax error" not in finished.stderr
    return [one for one in finished.stdout.splitlines() if one]


@pytest.mark.parametrize(("line", "words"), EXPECTED)
def test_bash(folder: Path, line: str, words: list[str]) -> None:
    files = [] if line else ["sub", "mail.toml"]  # a file alone opens the form
    assert sorted(in_bash(line, folder)) == sorted([*words, *files])


@pytest.mark.parametrize(("line", "words"), WITH_EQUALS)
def test_bash_parts_words_at_the_equals_sign(folder: Path, line: str, words: list[str]) -> None:
    assert in_bash(line, folder) == words
    # Where it does not, what is before the sign must stand in the answer, or be taken off by us.
    start = line.split()[-1].removeprefix("--set=").removeprefix("--format=").rpartition("=")[0]
    assert in_bash(line, folder, " \t\n") == [f"{start}={one}" if start else one for one in words]


def test_bash_offers_settings_files_first(folder: Path) -> None:
    assert in_bash("check ", folder) == ["sub", "mail.toml"]
    assert in_bash("check n", folder) == ["notes.txt"]
    assert sorted(in_bash("check --report ", folder)) == ["mail.toml", "notes.txt", "sub"]
    assert sorted(in_bash("get mail.toml ", folder)) == sorted(KEYS)
    assert in_bash("get mail.toml host ", folder) == []


def test_bash_completes_a_line_as_it_is_typed(folder: Path) -> None:
    (folder / "script").write_text(script("bash"))
    program = [shell("bash"), "--norc", "--noprofile", "-i"]
    environment = {**os.environ, "PS1": "$ ", "TERM": "xterm", "INPUTRC": "/dev/null"}
    with on_terminal(program, environment) as terminal:
        terminal.press(f"cd {folder}; . ./script; clear; PS1='ready> '", "Enter")
        terminal.wait_until(lambda: terminal.text.startswith("ready>"), "prompt")
        terminal.press("echo; smtp-tui check --format=nag\t--quie\tx")
        terminal.wait_for("smtp-tui check --format=nagios --quiet x")


@pytest.mark.parametrize(("line", "words"), EXPECTED)
def test_fish(folder: Path, line: str, words: list[str]) -> None:
    (folder / "script").write_text(script("fish"))
    text = f"source script; complete -C'smtp-tui {line}'"
    told = run([shell("fish"), "--no-config", "-c", text], "", folder)
    found = {one.partition("\t")[0] for one in told.splitlines()}
    files = set() if line else {"mail.toml", "notes.txt", "script", "sub/"}
    assert found == set(words) | files


def test_fish_offers_settings_files_first(folder: Path) -> None:
    (folder / "script").write_text(script("fish"))
    text = "source script; complete -C'smtp-tui check '"
    told = run([shell("fish"), "--no-config", "-c", text], "", folder).splitlines()
    assert told[0].partition("\t")[0] == "mail.toml"
    assert len(told) == 4


def test_fish_knows_files_and_assignments(folder: Path) -> None:
    (folder / "script").write_text(script("fish"))
    text = "source script; complete -C'smtp-tui check ma'; complete -C'smtp-tui set x encryption='"
    told = run([shell("fish"), "--no-config", "-c", text], "", folder)
    values = [f"encryption={one}\tEncryption Type" for one in ("none", "ssl", "tls")]
    assert [one.rstrip() for one in told.splitlines()] == ["mail.toml", *values]


def test_zsh(folder: Path) -> None:
    (folder / "script").write_text(script("zsh"))
    load = "autoload -Uz compinit; compinit -D -u; source ./script"
    told = run([shell("zsh"), "-f", "-c", f"{load}; print $_comps[smtp-tui]"], "", folder)
    assert told == "_smtp_tui\n"
    environment = {**os.environ, "PS1": "$ ", "TERM": "xterm"}
    with on_terminal([shell("zsh"), "-f"], environment, (120, 40)) as terminal:
        terminal.press(f"cd {folder}; {load}; clear; PS1='ready> '", "Enter")
        terminal.wait_until(lambda: terminal.text.startswith("ready>"), "prompt")
        terminal.press("smtp-tui che\t--form\tnag\t--set=encr\tss\tmai\tx")
        terminal.wait_for("smtp-tui check --format nagios --set=encryption=ssl mail.toml x")


@pytest.mark.parametrize("name", SHELLS)
def test_syntax(name: str, folder: Path) -> None:
    (folder / "script").write_text(script(name))
    run([shell(name), "-n", "script"], "", folder)


@pytest.mark.parametrize("name", SHELLS)
def test_every_command_and_option_is_in_it(call: Call, name: str) -> None:
    outcome = call("completion", name)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == script(name)
    for one in COMMANDS:
        assert one.name in outcome.out
    for option in OPTIONS:
        assert option.flags[0].removeprefix("--") in outcome.out
    assert not any(f"@{part}@" in outcome.out for part in ("KEYS", "VALUES", "OPTIONS", "COMMANDS"))


def test_no_such_shell(call: Call) -> None:
    outcome = call("completion", "csh")
    assert (outcome.status, outcome.out) == (2, "")
    assert "completion needs bash, zsh or fish" in outcome.err


def test_positions_are_read_off_the_call() -> None:
    found = {one.name: positions(one) for one in COMMANDS}
    toml, keys = Slot(things=WordKind.TOML), found["explain"][0]
    assert found["check"] == [Slot(things=WordKind.TOML, repeats=True)]
    assert found["send"] == [toml]
    assert found["get"] == [toml, keys]
    assert list(keys.words) == KEYS
    assert found["set"] == [toml, Slot(things=WordKind.ASSIGNMENTS, repeats=True)]
    assert found["demo"] == []
    assert all(
        slot.words or slot.things for name in ("password", "completion") for slot in found[name]
    )


def test_an_option_that_takes_a_file_takes_any() -> None:
    slots = {one.name: value_of(one) for one in OPTIONS}
    assert slots["report"] == slots["output"] == Slot(things=WordKind.FILES)
    assert slots["all"] is None
    assert slots["as_unit"] == Slot(things=WordKind.UNITS)
