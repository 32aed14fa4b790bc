"""`smtp-tui drift` on real processes, a stand-in for systemctl, and real containers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Outcome, environment, run_program
from tests.places.spaces import Podman
from tests.survey.running_settings import OTHER_SECRET, SECRET, env_text, program

pytestmark = pytest.mark.integration

STAND_IN = Path(__file__).with_name("stand_in_systemctl.py")


def drift(*words: object, **more: str) -> Outcome:
    outcome = run_program("drift", *map(str, words), env=environment(**more))
    for secret in (SECRET, OTHER_SECRET):
        assert secret not in outcome.out + outcome.err
    return outcome


def written(path: Path, variables: Mapping[str, str]) -> Path:
    path.write_text(env_text(variables))
    return path


def findings(path: Path, name: str, **more: str) -> list[dict[str, Any]]:
    """What is found of one holder; the machine may run other programs with mail variables."""
    outcome = drift(path, "--json", **more)
    content = json.loads(outcome.out)
    assert content["drift"] == (outcome.status == 1), outcome
    return [finding for finding in content["findings"] if finding["name"] == name]


def test_a_process_with_another_port(tmp_path: Path, held: dict[str, str]) -> None:
    path = written(tmp_path / "app.env", {**held, "SMTP_PORT": "587"})
    with program(held) as pid:
        (finding,) = findings(path, str(pid))
        outcome = drift(path)
    assert finding["id"] == "drift-value"
    assert finding["fields"] == [{"field": "port", "secret": False, "here": 587, "there": 25}]
    assert outcome.status == 1
    assert f"Process {pid} (sh) has other values than {path}:\n  port: 25; in the" in outcome.out
    assert not outcome.err


def test_a_process_with_the_same_values_is_silent(tmp_path: Path, held: dict[str, str]) -> None:
    path = written(tmp_path / "app.env", held)
    with program(held) as pid:
        outcome = drift(path)
    assert outcome.status == 0
    assert f"process {pid} (sh) has the values of {path}." in outcome.out.casefold().replace(
        str(path).casefold(), str(path)
    )


def test_another_password_is_never_shown(tmp_path: Path, held: dict[str, str]) -> None:
    path = written(tmp_path / "app.env", {**held, "SMTP_PASSWORD": OTHER_SECRET})
    with program(held) as pid:
        (finding,) = findings(path, str(pid))
        assert "  password: differs\n" in drift(path).out
    assert finding["fields"] == [{"field": "password", "secret": True, "here": None, "there": None}]


def test_a_toml_file_and_what_has_its_login(tmp_path: Path, held: dict[str, str]) -> None:
    path = tmp_path / "mail.toml"
    user = held["SMTP_USERNAME"]
    path.write_text(f'[smtp]\nhost = "mail.example.org"\nusername = "{user}"\nport = 587\n')
    with program(held) as pid:
        (finding,) = findings(path, str(pid))
        outcome = drift(path)
    assert outcome.status == 0
    assert (
        f"Process {pid} (sh) has other values than {path}, but perhaps does not use it:\n"
        in outcome.out
    )
    assert (finding["id"], finding["drift"], finding["command"]) == ("drift-seen", False, None)


def test_hostile_processes_neither_stop_nor_slow_it(tmp_path: Path, held: dict[str, str]) -> None:
    path = written(tmp_path / "app.env", {**held, "SMTP_PORT": "587"})
    junk = {name.encode(): value.encode() for name, value in held.items()}
    junk |= {b"SMTP_DOMAIN": b"\x1b[2J\xff\x07", b"A" * 100_000: b"=" * 100, b"SMTP_X": b"\n"}
    huge = {f"JUNK_{number}": "x" * 1_000 for number in range(1_200)}
    with program(junk) as pid, program(huge), program({**huge, **held}):
        (finding,) = findings(path, str(pid))
        outcome = drift(path)
    assert finding["fields"][0]["there"] == 25
    assert outcome.out.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("words", "status"),
    [(("gone.env",), 3), (("notes.txt",), 3), (("a", "b"), 2), (("x.env", "--from", "cobol"), 2)],
)
def test_a_file_or_call_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("buy milk\n")
    outcome = drift(*words)
    assert outcome.status == status
    assert outcome.err.count("\n") == 1
    assert not outcome.out


def test_without_a_file_the_usual_one_is_compared(tmp_path: Path) -> None:
    outcome = run_program("drift", env=environment(XDG_CONFIG_HOME=str(tmp_path)))
    assert outcome.status == 3
    assert outcome.err.startswith("smtp-tui: no FILE was given, and ")
    (tmp_path / "smtp-tui").mkdir()
    (tmp_path / "smtp-tui" / "smtp.toml").write_text(
        '[smtp]\nhost = "nowhere.invalid"\nport = 25\n'
    )
    outcome = run_program("drift", env=environment(XDG_CONFIG_HOME=str(tmp_path)))
    assert outcome.status == 0
    assert "Nothing that runs is known to use" in outcome.out


# A service


@contextmanager
def systemctl(
    folder: Path, monkeypatch: pytest.MonkeyPatch, pid: int, *files: Path
) -> Iterator[None]:
    """Let the stand-in say that a service runs as this process, with these files of variables."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    shutil.copy(STAND_IN, bin_folder / "systemctl")
    (bin_folder / "systemctl").chmod(0o755)
    listed = "".join(f"EnvironmentFiles={path} (ignore_errors=no)\n" for path in files)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
        patch.setenv(
            "STAND_IN_SYSTEMCTL", f"Id=web.service\nMainPID={pid}\n{listed}NeedDaemonReload=no\n"
        )
        yield


def test_a_service_is_named_with_its_restart(
    tmp_path: Path, held: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "app.env", {**held, "SMTP_PORT": "587"})
    with program(held) as pid, systemctl(tmp_path, monkeypatch, pid, path):
        (finding,) = findings(path, "web.service")
    assert finding["command"] == "systemctl restart web.service"
    assert (finding["kind"], finding["pids"]) == ("service", [pid])


def test_a_service_without_any_of_the_variables(
    tmp_path: Path, held: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "app.env", held)
    with program({"PATH": "/bin"}) as pid, systemctl(tmp_path, monkeypatch, pid, path):
        (finding,) = findings(path, "web.service")
    assert {"field": "port", "secret": False, "here": 25, "there": 587} in finding["fields"]


# Containers


def options(variables: Mapping[str, str]) -> list[str]:
    return [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]


def test_a_container_of_compose(tmp_path: Path, held: dict[str, str], podman: Podman) -> None:
    path = tmp_path / "compose.yaml"
    lines = "".join(f"      {name}: '{value}'\n" for name, value in held.items())
    lines = lines.replace("'25'", "'587'").replace(SECRET, SECRET.replace("$", "$$"))
    path.write_text(f"services:\n  web:\n    environment:\n{lines}")
    labels = {"service": "web", "project": "shop", "project.config_files": str(path)}
    words = [f"--label=com.docker.compose.{name}={value}" for name, value in labels.items()]
    name = f"web-{held['SMTP_USERNAME'][:8]}"
    with podman.container(name, *words, *options(held)):
        (finding,) = findings(path, name)
    assert [found["field"] for found in finding["fields"]] == ["port"]
    assert (finding["kind"], finding["engine"]) == ("container", "podman")
    assert finding["command"] == f"podman compose -f {path} -p shop up -d web"
    assert finding["table"] == "services.web"


def test_a_container_with_the_file_of_variables(
    tmp_path: Path, held: dict[str, str], podman: Podman
) -> None:
    path = written(tmp_path / "app.env", held)
    name = f"app-{held['SMTP_USERNAME'][:8]}"
    with podman.container(name, f"--env-file={path}"):
        assert not findings(path, name)
        written(path, {**held, "SMTP_PORT": "587", "SMTP_PASSWORD": OTHER_SECRET})
        (finding,) = findings(path, name)
    assert [found["field"] for found in finding["fields"]] == ["port", "password"]
    assert "restarting a container keeps its variables" in finding["to_do"]


def test_a_container_that_sees_a_replaced_file(
    tmp_path: Path, held: dict[str, str], podman: Podman
) -> None:
    path = tmp_path / "mail.toml"
    path.write_text('[smtp]\nhost = "mail.example.org"\nport = 25\n')
    name = f"old-{held['SMTP_USERNAME'][:8]}"
    os.utime(path, (0, 0))  # the container's process is younger
    with podman.container(name, f"--volume={path}:/etc/mail.toml"):
        assert not findings(path, name)
        assert run_program("set", str(path), "port=587").status == 0
        (finding,) = findings(path, name)
    assert (finding["id"], finding["command"]) == ("drift-old-file", f"podman restart {name}")
