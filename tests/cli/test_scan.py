"""smtp-tui scan as a process: its table, its JSON, its exit status and its checks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.cli.program import Outcome
from tests.places.conftest import podman as podman
from tests.places.conftest import podman_store as podman_store
from tests.places.spaces import Podman
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.survey.box import make_box, write

SECRET = "abcdefgh-12345"
CHAT = (
    "SMTP_ADDRESS=127.0.0.1\nSMTP_PORT=1\nSMTP_USERNAME=chat\n"
    f"SMTP_PASSWORD={SECRET}\nSMTP_AUTHENTICATION=plain\n"
)


def objects(done: Outcome) -> list[dict[str, Any]]:
    assert SECRET not in done.out + done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_table_for_people(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "chat.env", CHAT)
    write(tmp_path / "app.ini", "[mailer]\nENABLED=false\nSMTP_ADDR=a.example\nSMTP_PORT=465\n")
    write(tmp_path / "smtp.toml", '[smtp]\nhost = "b.example"\nencryption = "none"\n')
    (tmp_path / "link.env").symlink_to("chat.env")
    write(tmp_path / "broken.toml", "[smtp]\nhost =\n")
    done = call("scan", str(tmp_path))
    assert (done.status, done.err) == (0, "")
    head, first, second, third, blank, count, *skipped = done.out.splitlines()
    assert head.split() == ["APPLICATION", "HOST", "PORT", "ENCRYPTION", "LOGIN", "PLACE"]
    assert first.split() == [
        "Gitea",
        "(off)",
        "a.example",
        "465",
        "ssl",
        "-",
        f"{tmp_path}/app.ini",
    ]
    place = f"{tmp_path}/chat.env"
    assert second.split() == ["Chatwoot", "127.0.0.1", "1", "if", "offered", "chat", place]
    assert third.split() == ["-", "b.example", "25", "none", "-", f"{tmp_path}/smtp.toml:", "smtp"]
    assert blank == ""
    assert count.startswith("Found 3 settings in ")
    assert skipped[:2] == ["Left out:", "  symbolic links: 1"]
    assert "files with mail settings that have errors: 1" in skipped[2]
    assert f"({tmp_path}/broken.toml)" in " ".join(skipped)


def test_json_for_scripts(call: Call, tmp_path: Path) -> None:
    expected = make_box(tmp_path)
    *rows, summary = objects(call("scan", "--json", str(tmp_path)))
    assert len(rows) == len(expected) == summary["found"]
    assert {row["event"] for row in rows} == {"settings"}
    gitea = next(row for row in rows if row["format"] == "gitea")
    assert gitea == {
        "event": "settings",
        "application": "Gitea",
        "format": "gitea",
        "file": f"{tmp_path}/etc/gitea/app.ini",
        "table": None,
        "places": [{"kind": "file", "name": f"{tmp_path}/etc/gitea/app.ini", "table": None}],
        "host": "smtp.example.net",
        "host_is_default": False,
        "port": 587,
        "encryption": "none",
        "starttls_auto": True,
        "username": "gitea@example.net",
        "password": "set",
        "enabled": True,
        "verdict": None,
        "note": None,
    }
    assert summary["event"] == "scanned"
    assert summary["skipped"]["example"]["count"] == 3


def test_variables_of_an_unknown_program_are_not_checked(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "mail.env", "SMTP_HOST=127.0.0.1\nSMTP_PORT=1\n")
    done = call("scan", "--check", str(tmp_path))
    assert (done.status, done.err) == (0, "")
    _, row, note, *_ = done.out.splitlines()
    assert row.split() == ["?", "127.0.0.1", "1", "?", "-", f"{tmp_path}/mail.env"]
    assert note.strip().startswith("not checked: the program is not known")
    assert "\n?  several programs may read" in done.out
    (found, _) = objects(call("scan", "--json", str(tmp_path)))
    known = [found[key] for key in ("application", "format", "encryption", "starttls_auto")]
    assert known == [None] * 4


def test_a_failed_check_says_what_to_do(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "chat.env", CHAT)
    done = call("scan", "--check", str(tmp_path))
    assert "    FAILED at connection: " in done.out
    assert "\n    To do: " in done.out


def test_nothing_found_is_a_negative_answer(call: Call, tmp_path: Path) -> None:
    done = call("scan", str(tmp_path))
    assert (done.status, done.err) == (1, "")
    assert done.out.startswith("Found no settings in ")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["/nowhere"], "/nowhere is not a folder"),
        (["--jobs", "3"], "--jobs needs --check"),
        (["--check", "--jobs", "0"], "--jobs needs a number"),
    ],
)
def test_what_is_refused(call: Call, words: list[str], problem: str) -> None:
    done = call("scan", *words)
    assert done.status == 2
    assert problem in done.err


def test_what_may_leave_this_machine_with_check(call: Call, tmp_path: Path) -> None:
    """Neither this user's variables nor a command go to a server that a file names."""
    write(
        tmp_path / "compose.yaml",
        "services:\n  a:\n    environment:\n"
        + "".join(f"      {line.replace('=', ': ', 1)}\n" for line in CHAT.splitlines()).replace(
            SECRET, "${SMTP_TUI_PASSWORD}"
        ),
    )
    command = f'{{ command = ["touch", "{tmp_path}/ran"] }}'
    write(
        tmp_path / "m.toml", f'[smtp]\nhost="127.0.0.1"\nport=1\nusername="x"\npassword={command}\n'
    )
    done = call("scan", "--check", "--json", str(tmp_path), env={"SMTP_TUI_PASSWORD": SECRET})
    assert done.status == 6
    first, second, _ = objects(done)
    assert first["note"] == "login not tried: the password is in a variable of the program"
    assert second["note"] == "login not tried: a command prints the password"
    assert first["verdict"]["cause"] == "connection-refused"
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make files of other users")
def test_a_user_s_file_names_no_private_file_of_root(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "secret", SECRET)
    (tmp_path / "secret").chmod(0o600)
    text = CHAT.replace("SMTP_ADDRESS", "SMTP_HOST").replace(f"SMTP_PASSWORD={SECRET}\n", "")
    write(tmp_path / "unit.env", f"{text}SMTP_SECURITY=off\nSMTP_PASSWORD_FILE={tmp_path}/secret\n")
    os.chown(tmp_path / "unit.env", 65534, 65534)
    write(tmp_path / "a.service", f"[Service]\nEnvironmentFile={tmp_path}/unit.env\n")
    (row, _) = objects(call("scan", "--check", "--json", str(tmp_path)))
    assert row["password"] == "file"
    assert row["note"].startswith("login not tried: ")
    assert "unit.env" in row["note"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make files of other users")
@pytest.mark.parametrize("owner", [0, 65534])
def test_a_password_goes_to_no_server_that_another_user_chose(
    call: Call, tmp_path: Path, owner: int
) -> None:
    """The unit has the password, and a file that it names has the server."""
    host, *rest = CHAT.splitlines()
    write(tmp_path / "app.env", f"{host}\n")
    os.chown(tmp_path / "app.env", owner, owner)
    own = "".join(f"Environment={line}\n" for line in rest)
    write(tmp_path / "a.service", f"[Service]\n{own}EnvironmentFile={tmp_path}/app.env\n")
    *rows, _ = objects(call("scan", "--check", "--json", str(tmp_path)))
    (row,) = (row for row in rows if row["places"][0]["name"] == "a.service")
    assert row["password"] == "set"
    assert (row["note"] or "").startswith("login not tried: ") == (owner != 0)


def test_what_stands_in_a_wrong_place_shows_no_password(call: Call, tmp_path: Path) -> None:
    url = f"smtp://me:{SECRET}@mail.example.org"
    write(
        tmp_path / "a.toml", f'[smtp]\nhost = "{url}"\nport = "{url}"\nusername = "me:{SECRET}@x"\n'
    )
    write(tmp_path / "b.env", f"SMTP_ADDRESS={url}\nSMTP_USERNAME={url}\n")
    for words in ([], ["--json"], ["--check"]):
        done = call("scan", str(tmp_path), *words)
        assert SECRET not in done.out + done.err


@pytest.mark.integration
def test_each_login_is_checked_once_at_a_real_server(
    call: Call, mail_servers: MailServers, tmp_path: Path
) -> None:
    user, port = mail_servers.user, mail_servers.ports[Listener.STARTTLS_REQUIRED]
    common = (
        f'[smtp]\nhost = "{mail_servers.host}"\nport = {port}\nusername = "{user.name}"\n'
        f'ca_file = "{mail_servers.authority_file}"\n'
    )
    for name, secret in (("a", user.password), ("b", user.password), ("c", "never-the-right-one")):
        write(tmp_path / f"{name}.toml", f"{common}password = {json.dumps(secret)}\n")
    before = mail_servers.log.count(f"sasl_username={user.name}")
    done = call("scan", "--check", "--json", str(tmp_path))
    first, second, third, _ = (json.loads(line) for line in done.out.splitlines())
    assert done.status == 0
    assert [row["verdict"]["ok"] for row in (first, second, third)] == [True, True, True]
    assert first["note"] is None
    assert second["note"] == f"checked with {tmp_path}/a.toml: smtp"
    assert third["note"].startswith(f"login not tried: {tmp_path}/a.toml: smtp has the same server")
    assert mail_servers.log.count(f"sasl_username={user.name}") <= before + 1
    assert user.password not in done.out + done.err


@pytest.mark.integration
def test_running_containers_are_found(call: Call, podman: Podman, tmp_path: Path) -> None:
    variables = [word for line in CHAT.splitlines() for word in ("-e", line)]
    label = f"com.docker.compose.project.config_files={tmp_path}/compose.yaml"
    with podman.container("chat", *variables), podman.container("db", "-e", "A=mail"):
        env = {"HOME": str(tmp_path)}
        *rows, _ = objects(call("scan", "--json", env=env))
        (row,) = (row for row in rows if row["places"][0]["name"] == "chat")
        assert (row["application"], row["host"], row["username"]) == (
            "Chatwoot",
            "127.0.0.1",
            "chat",
        )
        assert row["file"] is None
    # A container that compose made from a file with the same settings is in the file's row.
    environment_of = "".join(f"      - {line}\n" for line in CHAT.splitlines())
    write(tmp_path / "compose.yaml", f"services:\n  a:\n    environment:\n{environment_of}")
    with podman.container("chat", *variables, "--label", label):
        *rows, _ = objects(call("scan", "--json", env=env))
        (row,) = (row for row in rows if row["places"][-1]["name"] == "chat")
        assert [place["kind"] for place in row["places"]] == ["file", "container"]
