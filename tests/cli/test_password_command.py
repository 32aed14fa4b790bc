"""`password set|test|forget`: to its place, to another place, and away."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import keyring.core
import pytest
from keyring.backend import KeyringBackend

from tests.cli.program import COMMAND, Outcome, environment, run_program
from tests.terminal import on_terminal

Call = Callable[..., Outcome]
Toml = Callable[[str], Path]

SECRET, OLD = "wonder land €", "looking glass"
TEXT = '# ours\n[smtp]\nhost = "mail.example"\nusername = "alice"\n'
WHOSE = "the password of alice at mail.example"


class MemoryKeyring(KeyringBackend):
    """Keeps passwords as long as it lives."""

    priority = -1  # the library chooses among all classes; never this one

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """A keyring in place of the user's."""
    backend = MemoryKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any."""
    backend = keyring.core.load_keyring("keyring.backends.fail.Keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)


@pytest.fixture
def mail(toml: Toml) -> Callable[[str], Path]:
    """Writes a file whose password is spelled so, for its owner alone."""

    def write(password: str) -> Path:
        file = toml(f"{TEXT}password = {password}  # kept\n")
        file.chmod(0o600)
        return file

    return write


@pytest.fixture
def given(call: Call) -> Call:
    """A call that is handed a password."""

    def run(*words: str, secret: str = SECRET) -> Outcome:
        outcome = call("password", *words, "--password-stdin", stdin=secret.encode())
        assert secret not in outcome.out + outcome.err
        return outcome

    return run


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_literal_goes_into_the_file(given: Call, mail: Toml) -> None:
    file = mail(f'"{OLD}"')
    outcome = given("set", str(file))
    assert outcome == Outcome(0, f"stored: {WHOSE} in {file}\n", "")
    assert file.read_text() == f'{TEXT}password = "{SECRET}"  # kept\n'
    assert [one.name for one in file.parent.iterdir()] == ["mail.toml"]


def test_a_file_is_made_for_its_owner_alone(given: Call, call: Call, mail: Toml) -> None:
    file = mail('{ file = "secrets/mail" }')
    kept = file.with_name("secrets") / "mail"
    assert given("set", str(file)) == Outcome(0, f"stored: {WHOSE} in the file {kept}\n", "")
    assert (kept.read_text(), mode(kept), mode(kept.parent)) == (f"{SECRET}\n", 0o600, 0o700)
    assert call("password", "test", str(file)).status == 0
    assert call("password", "forget", str(file)).status == 0
    assert not kept.exists()
    outcome = call("password", "forget", str(file))
    assert (outcome.status, "does not exist" in outcome.err) == (4, True)


@pytest.mark.parametrize(("before", "after"), [(0o640, 0o640), (0o644, 0o600)])
def test_a_file_that_is_there_stays_its_groups_and_no_others(
    given: Call, mail: Toml, before: int, after: int
) -> None:
    file = mail('{ file = "kept" }')
    kept = file.with_name("kept")
    kept.write_text(OLD)
    kept.chmod(before)
    assert given("set", str(file)).status == 0
    assert (kept.read_text(), mode(kept)) == (f"{SECRET}\n", after)


@pytest.mark.parametrize("place", ["file=kept", "keyring"])
def test_nothing_is_stored_where_the_settings_file_cannot_name_the_place(
    call: Call, mail: Toml, memory: MemoryKeyring, place: str
) -> None:
    file = mail(f'"{OLD}"')
    text = file.read_text()
    file.with_name("other").hardlink_to(file)
    outcome = call("password", "set", str(file), "--keep-in", place)
    assert (outcome.status, outcome.out) == (3, "")
    assert "it has other hard links" in outcome.err
    assert "--in-place" in outcome.err
    assert memory.entries == {}
    assert file.read_text() == text
    assert {one.name for one in file.parent.iterdir()} == {"mail.toml", "other"}
    assert call("password", "set", str(file), "--keep-in", place, "--in-place").status == 0
    assert OLD not in file.read_text()


def test_a_file_that_holds_more_is_not_touched(given: Call, call: Call, mail: Toml) -> None:
    file = mail('{ file = "users" }')
    users = file.with_name("users")
    users.write_text("root:x:0\ndaemon:x:1\n")
    for outcome in (given("set", str(file)), call("password", "forget", str(file))):
        assert outcome.status == 4
        assert "contains more than a password; name another file" in outcome.err
    assert users.read_text().startswith("root")


def test_the_keyring_has_it_before_it_is_said(
    call: Call, mail: Toml, memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = mail('{ keyring = "mail" }')
    text = file.read_text()
    memory.entries["mail", "alice"] = OLD
    place = "the keyring's entry mail of alice"
    assert (
        call("password", "test", str(file)).out
        == f"found the password of alice at mail.example in {place}\n"
    )
    assert call("password", "forget", str(file)).out == f"removed: {WHOSE} from {place}\n"
    assert memory.entries == {}
    outcome = call("password", "test", str(file))
    assert (outcome.status, outcome.out) == (4, "")
    assert "does not exist" in outcome.err
    assert file.read_text() == text


def test_a_move_to_the_keyring_takes_it_out_of_the_file(
    call: Call, mail: Toml, memory: MemoryKeyring
) -> None:
    file = mail(f'"{OLD}"')
    outcome = call("password", "set", str(file), "--keep-in", "keyring")
    service = "smtp-tui mail.example"
    assert outcome == Outcome(0, f"stored: {WHOSE} in the keyring's entry {service} of alice\n", "")
    assert memory.entries == {(service, "alice"): OLD}
    assert file.read_text() == f'{TEXT}password = {{ keyring = "{service}" }}  # kept\n'
    assert [one.name for one in file.parent.iterdir()] == ["mail.toml"]


def test_a_move_tells_where_it_still_stands(call: Call, mail: Toml, memory: MemoryKeyring) -> None:
    file = mail(f'"{OLD}"')
    backup = file.with_name("mail.toml~")
    backup.write_text(file.read_text())
    outcome = call("password", "set", str(file), "--keep-in", "keyring=a")
    assert f"the backup {backup} contains the password too; remove it" in outcome.err
    backup.unlink()
    outcome = call("password", "set", str(file), "--keep-in", "file=kept")
    assert outcome.status == 0
    assert outcome.err == (
        "smtp-tui: note: the keyring's entry a of alice still holds the old password; "
        "remove it if nothing else uses it\n"
    )
    assert file.with_name("kept").read_text() == f"{OLD}\n"
    assert call("password", "set", str(file), "--keep-in", "literal").status == 0
    assert file.read_text() == f'{TEXT}password = "{OLD}"  # kept\n'


def test_a_new_one_for_a_new_place(given: Call, mail: Toml) -> None:
    file = mail(f'"{OLD}"')
    assert given("set", str(file), "--keep-in", "file=kept").status == 0
    assert file.with_name("kept").read_text() == f"{SECRET}\n"
    assert OLD not in file.read_text()


def test_no_place_is_named_by_the_settings(given: Call, call: Call, toml: Toml) -> None:
    file = toml(TEXT)
    outcome = given("set", str(file))
    assert (outcome.status, "name a place with --keep-in" in outcome.err) == (2, True)
    for deed in ("test", "forget"):
        assert call("password", deed, str(file)).status == 4
    assert given("set", str(file), "--keep-in", "literal").status == 0
    assert SECRET in file.read_text()


@pytest.mark.usefixtures("no_keyring")
def test_without_a_keyring_it_says_what_was_looked_for_and_what_works(
    call: Call, mail: Toml
) -> None:
    file = mail(f'"{OLD}"')
    text = file.read_text()
    outcome = call("password", "set", str(file), "--keep-in", "keyring")
    assert (outcome.status, outcome.out) == (4, "")
    first, second, *ways = outcome.err.splitlines()
    assert "was not stored: no keyring service is running" in first
    assert "tried: " in second
    assert "DBUS_SESSION_BUS_ADDRESS" in second
    call_of = f"smtp-tui: this works here: smtp-tui password set {file} --keep-in"
    assert ways[:2] == [f"{call_of} env=NAME", f"{call_of} file=PATH"]
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('{ env = "MAIL" }', "put the password into MAIL where the application starts"),
        ('{ command = ["pass", "show", "mail"] }', "pass insert mail"),
        ('{ command = ["vault", "get"] }', "store it where vault get reads it"),
        ('{ file = "$CREDENTIALS_DIRECTORY/mail" }', "systemd fills that folder"),
        ("{ ask = true }", "so it is stored nowhere"),
    ],
)
def test_a_place_that_is_not_ours_to_fill(
    given: Call, call: Call, mail: Toml, source: str, words: str
) -> None:
    file = mail(source)
    text = file.read_text()
    for outcome in (given("set", str(file)), call("password", "forget", str(file))):
        assert (outcome.status, outcome.out) == (4, "")
        assert words in outcome.err
    assert file.read_text() == text
    assert [one.name for one in file.parent.iterdir()] == ["mail.toml"]


def test_the_settings_name_the_environment_once_it_is_there(
    given: Call, call: Call, mail: Toml
) -> None:
    file = mail(f'"{OLD}"')
    words = ("password", "set", str(file), "--keep-in", "env=MAIL")
    outcome = call(*words)
    assert outcome.status == 4
    assert "nothing was changed, because the password is not there yet" in outcome.err
    assert OLD in file.read_text()
    outcome = call(*words, env={"MAIL": OLD})
    assert (outcome.status, outcome.err) == (0, "")
    assert file.read_text() == f'{TEXT}password = {{ env = "MAIL" }}  # kept\n'
    outcome = given("set", str(file), "--keep-in", "env=OTHER")
    assert outcome.status == 4


def test_from_now_on_it_is_asked_for(call: Call, mail: Toml) -> None:
    file = mail(f'"{OLD}"')
    assert call("password", "set", str(file), "--keep-in", "ask").status == 0
    assert file.read_text() == f"{TEXT}password = {{ ask = true }}  # kept\n"


def test_a_literal_is_forgotten_without_a_trace(call: Call, mail: Toml) -> None:
    file = mail(f'"{OLD}"')
    assert call("password", "test", str(file)).out.endswith(" in the settings file\n")
    assert call("password", "forget", str(file)).status == 0
    assert file.read_text() == TEXT
    assert [one.name for one in file.parent.iterdir()] == ["mail.toml"]


@pytest.mark.parametrize(
    "words",
    [
        ("set", "--keep-in", "cloud"),
        ("set", "--keep-in", "keyring="),
        ("set", "--keep-in", "env=A=B"),
        ("set", "--keep-in", "literal=x"),
        ("set", "--keep-in", "{vault=1}"),
        ("test", "--keep-in", "keyring"),
        ("forget", "--password-stdin"),
        ("change",),
    ],
)
def test_a_call_that_is_off(call: Call, mail: Toml, words: tuple[str, ...]) -> None:
    file = mail(f'"{OLD}"')
    deed, *options = words
    outcome = call("password", deed, str(file), *options)
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert OLD in file.read_text()


def test_a_source_that_is_none(call: Call, mail: Toml) -> None:
    outcome = call("password", "test", str(mail("918273645")))
    assert (outcome.status, "918273645" in outcome.err) == (3, False)


def test_asked_twice_on_the_terminal(mail: Toml) -> None:
    file = mail(f'"{OLD}"')
    command = [*COMMAND, "password", "set", str(file)]
    with on_terminal(command, environment(), (120, 24)) as terminal:
        terminal.wait_for("New password of alice at mail.example:")
        terminal.press(SECRET, "Enter")
        terminal.wait_for("Repeat the password:")
        terminal.press(SECRET, "Enter")
        terminal.wait_for("stored:")
        assert terminal.wait_for_end() == 0
        assert SECRET.encode() not in terminal.output
    assert SECRET in file.read_text()
    assert run_program("password", "set", str(file), detached=True).status == 2
