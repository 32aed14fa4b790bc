"""Completion: the shells ask the program, and it answers what the tables say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.cli.cause_page import cause_labels
from smtp_tui.cli.commands import COMMANDS, FORM, OPTIONS
from smtp_tui.cli.complete import SHELLS, answer, script
from smtp_tui.config.dialects.detect import all_headers, user_dialects_folder
from smtp_tui.interchange.spec import QUOTINGS, formats
from smtp_tui.providers import providers
from smtp_tui.settings.fields import FIELDS
from smtp_tui.settings.schema import TOPICS
from tests.cli.program import Outcome
from tests.table import table
from tests.terminal import on_terminal

Call = Callable[..., Outcome]
KEYS = [one.key for one in FIELDS]
DIALECTS = [header.name for header in all_headers(user_dialects_folder())[0]]
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


# The scripts call smtp-tui by its name.
PROGRAM = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def run(command: list[str], text: str, folder: Path) -> str:
    finished = subprocess.run(
        command,
        input=text,
        cwd=folder,
        env={**os.environ, "PATH": PROGRAM},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
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
        env={**os.environ, "PATH": PROGRAM, "COMP_LINE": asked, "BREAKS": breaks},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "syntax error" not in finished.stderr
    return [one for one in finished.stdout.splitlines() if one]


@pytest.mark.integration
@pytest.mark.parametrize(("line", "words"), EXPECTED)
def test_bash(folder: Path, line: str, words: list[str]) -> None:
    files = [] if line else ["sub", "mail.toml"]  # a file alone opens the form
    assert sorted(in_bash(line, folder)) == sorted([*words, *files])


@pytest.mark.integration
@pytest.mark.parametrize(("line", "words"), WITH_EQUALS)
def test_bash_parts_words_at_the_equals_sign(folder: Path, line: str, words: list[str]) -> None:
    assert in_bash(line, folder) == words
    # Where it does not, what is before the sign must stand in the answer.
    start, sign, _ = line.split()[-1].rpartition("=")
    assert in_bash(line, folder, " \t\n") == [f"{start}{sign}{one}" for one in words]


@pytest.mark.integration
def test_bash_offers_settings_files_first(folder: Path) -> None:
    assert in_bash("check ", folder) == ["sub", "mail.toml"]
    assert in_bash("check n", folder) == ["notes.txt"]
    assert sorted(in_bash("check --report ", folder)) == ["mail.toml", "notes.txt", "sub"]
    assert sorted(in_bash("get mail.toml ", folder)) == sorted(KEYS)
    assert in_bash("get mail.toml host ", folder) == []


@pytest.mark.integration
def test_bash_completes_a_line_as_it_is_typed(folder: Path) -> None:
    (folder / "script").write_text(script("bash"))
    program = [shell("bash"), "--norc", "--noprofile", "-i"]
    environment = {
        **os.environ,
        "PATH": PROGRAM,
        "PS1": "$ ",
        "TERM": "xterm",
        "INPUTRC": "/dev/null",
    }
    with on_terminal(program, environment) as terminal:
        terminal.press(f"cd {folder}; . ./script; clear; PS1='ready> '", "Enter")
        terminal.wait_until(lambda: terminal.text.startswith("ready>"), "prompt")
        terminal.press("echo; smtp-tui check --format=nag\t--quie\tx")
        terminal.wait_for("smtp-tui check --format=nagios --quiet x")


@pytest.mark.integration
@pytest.mark.parametrize(("line", "words"), EXPECTED)
def test_fish(folder: Path, line: str, words: list[str]) -> None:
    (folder / "script").write_text(script("fish"))
    text = f"source script; complete -C'smtp-tui {line}'"
    told = run([shell("fish"), "--no-config", "-c", text], "", folder)
    found = {one.partition("\t")[0] for one in told.splitlines()}
    files = set() if line else {"mail.toml", "notes.txt", "script", "sub/"}
    assert found == set(words) | files


@pytest.mark.integration
def test_fish_offers_settings_files_first(folder: Path) -> None:
    (folder / "script").write_text(script("fish"))
    text = "source script; complete -C'smtp-tui check '"
    told = run([shell("fish"), "--no-config", "-c", text], "", folder).splitlines()
    assert told[0].partition("\t")[0] == "mail.toml"
    assert len(told) == 4


@pytest.mark.integration
def test_fish_knows_files_and_assignments(folder: Path) -> None:
    (folder / "script").write_text(script("fish"))
    text = "source script; complete -C'smtp-tui check ma'; complete -C'smtp-tui set x encryption='"
    told = run([shell("fish"), "--no-config", "-c", text], "", folder)
    values = [f"encryption={one}\tEncryption Type" for one in ("none", "ssl", "tls")]
    assert [one.rstrip() for one in told.splitlines()] == ["mail.toml", *values]


@pytest.mark.integration
def test_zsh(folder: Path) -> None:
    (folder / "script").write_text(script("zsh"))
    load = "autoload -Uz compinit; compinit -D -u; source ./script"
    told = run([shell("zsh"), "-f", "-c", f"{load}; print $_comps[smtp-tui]"], "", folder)
    assert told == "_smtp_tui\n"
    environment = {**os.environ, "PATH": PROGRAM, "PS1": "$ ", "TERM": "xterm"}
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
def test_the_script_is_printed(call: Call, name: str) -> None:
    outcome = call("completion", name)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == script(name)


def test_no_such_shell(call: Call) -> None:
    outcome = call("completion", "csh")
    assert (outcome.status, outcome.out) == (2, "")
    assert "completion needs bash, zsh or fish" in outcome.err


def offered(line: str) -> list[str]:
    """What is offered at the end of a line."""
    words = line.split(" ")
    _, candidates = answer(words, len(words))
    return list(candidates)


def kind(line: str) -> str:
    words = line.split(" ")
    return answer(words, len(words))[0]


def test_every_command_and_option_is_offered() -> None:
    assert offered("") == NAMES
    for command in (FORM, *COMMANDS):
        flags = [option.flag for option in OPTIONS if option.name in command.options]
        assert offered(f"{command.name} -".lstrip()) == [*flags, "--help"]
    _, candidates = answer(["check", "-"], 2, with_short=True)
    assert {"-H", "-t", "-w", "-c"} < candidates.keys()
    assert candidates["--set"].startswith("use VALUE instead of the file's KEY")


@table(
    ("line", "words"),
    [
        ("get mail.toml ", KEYS),
        ("unset mail.toml host ", KEYS),
        ("explain ", [*KEYS, *TOPICS, *cause_labels()]),
        ("set mail.toml port=25 ", [f"{key}=" for key in KEYS]),
        ("set mail.toml password=", []),
        (
            "check --dialect ",
            [*(header.name for header in all_headers(user_dialects_folder())[0]), "plain"],
        ),
        ("presets ", [provider.id for provider in providers()]),
        ("export ", sorted(formats())),
        ("import --from ", sorted(formats())),
        ("check --from ", []),
        ("export --quoting ", list(QUOTINGS)),
        ("--theme ", ["dark", "light"]),
        ("password set --keep-in ", ["keyring", "keyring=", "file=", "env=", "literal", "ask"]),
        ("discover ", []),
        ("check --jobs ", []),
        ("demo ", []),
        ("mail.toml ", []),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert offered(line) == words


@table(
    ("line", "expected"),
    [
        ("", "toml"),
        ("check ", "toml"),
        ("check a.toml ", "toml"),
        ("send ", "toml"),
        ("send a.toml ", "words"),
        ("get ", "toml"),
        ("import ", "files"),
        ("scan ", "files"),
        ("import --into ", "files"),
        ("check --report ", "files"),
        ("check --output=", "files"),
        ("set a.toml enc", "nospace"),
        ("check --set=enc", "nospace"),
        ("discover ", "words"),
    ],
)
def test_what_the_shell_adds(line: str, expected: str) -> None:
    assert kind(line) == expected


TABLES = """\
[smtp]
host = "a.example"
[[ relays ]]
[[relays]]
  [accounts."main"] # x
"""


def test_tables_of_the_file_in_the_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mail.toml").write_text(TABLES)
    tables = ["smtp", "relays[0]", "relays[1]", 'accounts."main"']
    monkeypatch.chdir(folder)
    assert offered("check mail.toml --table ") == tables
    assert list(answer(["get", "--table", "", "mail.toml"], 3)[1]) == tables
    monkeypatch.setenv("HOME", str(folder))
    assert offered("check ~/mail.toml --table ") == tables
    assert offered("check nothing.toml --table ") == []
    monkeypatch.setenv("SMTP_TUI_CONFIG", str(folder / "mail.toml"))
    assert offered("check --table ") == tables
    assert "smtp" in in_bash("check mail.toml --table s", folder)


def test_units(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "systemctl"
    program.write_text(
        "#!/bin/sh\necho 'app.service enabled enabled'\necho 'b@.service static -'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert offered("check --as-unit ") == ["app.service", "b@.service"]
    program.unlink()
    monkeypatch.setenv("PATH", str(folder))
    assert offered("check --as-unit ") == []


def test_containers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "podman"
    program.write_text("#!/bin/sh\nprintf 'web\\nmail-db\\n'\n")
    program.chmod(0o755)
    # No other engine is on this path.
    monkeypatch.setenv("PATH", str(folder))
    (folder / "sh").symlink_to("/bin/sh")
    assert offered("check --in ") == ["web", "mail-db"]
    program.unlink()
    assert offered("check --in ") == []


def test_the_command_is_hidden(call: Call) -> None:
    assert "__complete" not in call("--help").out
    assert "__complete" not in offered("")
    assert call("__complete", "bash", "1", "che") == Outcome(0, "toml\ncheck\n", "")
