"""`unset`, `--diff`, `--private`, and a literal password that `set` takes from a pipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.program import COMMAND, Outcome, environment, run_program
from tests.terminal import on_terminal
from tests.test_floors import loaded, weights

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]

SECRET = "wonder land €"
TEXT = """\
# The mail of a small program.
[smtp]
host = "mail.example"   # ours
port = 587
username = "alice"
password = "wonderland" # not wonderland
[other]
api_key = "sesame seeds"
"""


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_unset(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    assert call("unset", str(file), "port", "password", "timeout") == Outcome(0, "", "")
    assert file.read_text() == (
        TEXT.replace("port = 587\n", "").replace('password = "wonderland" # not wonderland\n', "")
    )


def test_unset_what_is_not_set_writes_nothing(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    before = file.stat()
    assert call("unset", str(file), "timeout") == Outcome(0, "", "")
    assert file.stat() == before


def test_unset_what_is_no_setting(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    outcome = call("unset", str(file), "prot", "port", "colour")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.splitlines() == [
        "smtp-tui: there is no setting 'prot'; did you mean port?",
        "smtp-tui: there is no setting 'colour'; smtp-tui explain lists the settings",
    ]
    assert file.read_text() == TEXT


def test_unset_needs_a_file_and_a_table(call: Call, toml: Toml, tmp_path: Path) -> None:
    outcome = call("unset", str(tmp_path / "none.toml"), "port")
    assert (outcome.status, "--create" in outcome.err) == (3, False)
    assert call("unset", str(toml(TEXT)), "port", "--table", "backup").status == 3


@pytest.mark.parametrize(
    "words", [("set", 'password={env="X"}', "port=1"), ("unset", "password")], ids=["set", "unset"]
)
def test_no_backup_keeps_a_password_that_leaves(
    call: Call, toml: Toml, words: tuple[str, ...]
) -> None:
    file = toml('[smtp]\nhost = "a.example"\npassword = "wonderland"\n')
    deed, *rest = words
    outcome = call(deed, str(file), *rest, "--backup")
    assert outcome.status == 0
    assert outcome.err == (
        "smtp-tui: no backup was made: it would keep the password that leaves the file\n"
    )
    assert "wonderland" not in file.read_text()
    assert [one.name for one in file.parent.iterdir()] == ["mail.toml"]
    assert call("set", str(file), "port=2", "--backup").err == ""
    assert file.with_name("mail.toml~").exists()


def test_unset_overwrites_and_keeps_only_when_told_to(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    assert call("unset", str(file), "port", "--backup").status == 0
    assert file.with_name("mail.toml~").read_text() == TEXT
    file.with_name("other").hardlink_to(file)
    outcome = call("unset", str(file), "host")
    assert (outcome.status, outcome.err.endswith("; --in-place overwrites it\n")) == (
        3,
        True,
    )
    outcome = call("unset", str(file), "host", "--in-place")
    assert outcome.status == 0
    assert "will be overwritten in place, and a crash during that would damage it" in outcome.err


def test_a_diff_shows_and_writes_nothing(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    outcome = call("set", str(file), "port=465", "--diff")
    assert outcome == Outcome(
        1,
        f"--- {file}\n+++ {file}\n@@ -1,7 +1,7 @@\n"
        ' # The mail of a small program.\n [smtp]\n host = "mail.example"   # ours\n'
        '-port = 587\n+port = 465\n username = "alice"\n'
        ' password = "********" # not ********\n [other]\n',
        "",
    )
    assert file.read_text() == TEXT
    assert [one.name for one in file.parent.iterdir()] == ["mail.toml"]


def test_a_diff_without_difference(call: Call, toml: Toml) -> None:
    file = str(toml(TEXT))
    assert call("set", file, "port=587", "--diff") == Outcome(0, "", "")
    assert call("unset", file, "timeout", "--diff") == Outcome(0, "", "")


def test_a_diff_of_a_removed_password(call: Call, toml: Toml) -> None:
    outcome = call("unset", str(toml(TEXT)), "password", "--diff")
    assert outcome.status == 1
    assert '-password = "********" # not ********\n' in outcome.out
    assert ' api_key = "********"\n' in outcome.out
    assert "wonderland" not in outcome.out


def test_a_diff_of_a_new_file(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    outcome = call("set", str(file), "host=a.example", "--create", "--diff")
    assert (
        outcome.out == f'--- /dev/null\n+++ {file}\n@@ -0,0 +1,2 @@\n+[smtp]\n+host = "a.example"\n'
    )
    assert (outcome.status, file.exists()) == (1, False)


def test_a_diff_moves_no_cursor(call: Call, toml: Toml) -> None:
    file = toml(TEXT.replace("# ours", "# \u202e\tours"))
    outcome = call("set", str(file), "port=1", "--diff")
    assert "# \\u202e" in outcome.out
    assert "\t" not in outcome.out


def test_a_password_from_a_pipe(toml: Toml) -> None:
    file = toml(TEXT)
    file.chmod(0o600)
    words = ("set", str(file), "--password-stdin", "port=465")
    assert run_program(*words, stdin=f"{SECRET}\n".encode()) == Outcome(0, "", "")
    assert file.read_text() == TEXT.replace("587", "465").replace('"wonderland" ', f'"{SECRET}" ')


def test_a_password_from_a_pipe_is_hidden_in_a_diff(toml: Toml) -> None:
    words = ("set", str(toml(TEXT)), "--password-stdin", "--diff")
    outcome = run_program(*words, stdin=SECRET.encode())
    assert outcome.status == 1
    assert outcome.out.count('password = "********"') == 2
    assert SECRET not in outcome.out


@pytest.mark.parametrize("stdin", [b"", b"two\nlines\n", b"\xff"])
def test_what_is_no_password_is_not_written(toml: Toml, stdin: bytes) -> None:
    file = toml(TEXT)
    outcome = run_program("set", str(file), "--password-stdin", "port=1", stdin=stdin)
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (4, "", 1)
    assert file.read_text() == TEXT


def test_a_password_goes_one_way(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    outcome = call("set", str(file), 'password={env="X"}', "--password-stdin")
    assert (outcome.status, "give the password once" in outcome.err) == (2, True)
    outcome = call("set", str(file), "password=wonderland")
    assert "use --password-stdin, --password-fd N, --ask-password" in outcome.err
    assert file.read_text() == TEXT


def test_others_who_can_read_it_are_told_of(toml: Toml, public: Path) -> None:
    file = public / "mail.toml"
    file.write_text(TEXT)
    file.chmod(0o644)
    outcome = run_program("set", str(file), "--password-stdin", stdin=SECRET.encode())
    assert outcome.status == 0
    assert outcome.err == (
        f"smtp-tui: warning: every user of this machine can read {file} and the password in it; "
        "with --private only its owner can read it\n"
    )
    words = ("set", str(file), "--password-stdin", "--private")
    assert run_program(*words, stdin=b"other") == Outcome(0, "", "")
    assert mode(file) == 0o600


def test_private_alone(call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    file.chmod(0o644)
    assert call("set", str(file), "--private") == Outcome(0, "", "")
    assert (mode(file), file.read_text()) == (0o600, TEXT)


def test_a_password_typed_twice(toml: Toml) -> None:
    file = toml(TEXT)
    file.chmod(0o600)
    words = ("set", str(file), "--ask-password")
    for second, status in (("other", 4), (SECRET, 0)):
        with on_terminal([*COMMAND, *words], environment(), (120, 24)) as terminal:
            terminal.wait_for("New password:")
            terminal.press(SECRET, "Enter")
            terminal.wait_for("Repeat the password:")
            terminal.press(second, "Enter")
            assert terminal.wait_for_end() == status
            assert SECRET.encode() not in terminal.output
        assert (SECRET in file.read_text()) is (status == 0)
    outcome = run_program(*words, detached=True)
    assert (outcome.status, "needs a terminal to ask" in outcome.err) == (2, True)


def test_a_diff_loads_no_dialogue_and_no_keyring(toml: Toml) -> None:
    file = toml(TEXT)
    for words in (("set", str(file), "port=1", "--diff"), ("unset", str(file), "port", "--diff")):
        modules = loaded(file.parent, *words, status=1)
        assert weights(modules) <= {"tomlkit"}
        assert modules & {"asyncio", "ssl", "smtp_tui.smtp.session"} == set()
