"""Which container a word names; `docker` and `podman` are stand-ins on PATH."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.places import containers, programs
from smtp_tui.places.cgroup import ControlGroup
from smtp_tui.places.containers import find_container
from smtp_tui.places.errors import NotPermitted, PlaceError
from smtp_tui.places.process import ProcessHandle

SECRET = "correct horse"
STAND_IN = Path(__file__).with_name("stand_in_docker.py")
Engines = Callable[..., None]


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engines:
    """Put stand-ins on PATH that know what the test gives them; no others are installed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(**tables: Any) -> None:
        (folder / "table.json").write_text(json.dumps(tables))
        for name in tables:
            (folder / name).write_text(f"#!{sys.executable} -IS\n{STAND_IN.read_text()}")
            (folder / name).chmod(0o755)

    return install


def own_start() -> str:
    with ProcessHandle(os.getpid()) as process:
        return datetime.fromtimestamp(process.status.started, UTC).isoformat()


def entry(
    name: str, *, pid: int | None = None, started: str = "", labels: Mapping[str, str] | None = None
) -> Any:
    return {
        "Id": f"{name}-id",
        "Name": f"/{name}",
        "State": {
            "Running": pid != 0,
            "Pid": os.getpid() if pid is None else pid,
            "StartedAt": started or own_start(),
        },
        "Config": {"Env": [f"SMTP_PASSWORD={SECRET}"], "Labels": labels or {}},
    }


def test_the_only_engine_that_knows_it(engines: Engines) -> None:
    engines(docker={}, podman={"web": entry("web")})
    found = find_container("web")
    assert (found.engine, found.name, found.pid) == ("podman", "web", os.getpid())
    assert SECRET not in repr(found)


def test_the_engine_that_the_word_names(engines: Engines) -> None:
    other = entry("web") | {"Id": "other"}
    engines(docker={"web": entry("web")}, podman={"web": other})
    assert find_container("docker:web").engine == "docker"
    assert find_container("podman:web").engine == "podman"
    with pytest.raises(PlaceError, match="several containers: docker:web and podman:web"):
        find_container("web")


def test_the_one_that_runs(engines: Engines) -> None:
    engines(docker={"web": entry("web", pid=0)}, podman={"web": entry("web") | {"Id": "other"}})
    assert find_container("web").engine == "podman"


def test_docker_may_be_podman(engines: Engines) -> None:
    engines(docker={"web": entry("web")}, podman={"web": entry("web")})
    assert find_container("web").engine == "podman"


def test_a_service_of_a_compose_file(engines: Engines) -> None:
    labels = {
        "com.docker.compose.service": "web",
        "com.docker.compose.project": "my shop",
        "com.docker.compose.project.config_files": "/srv/a b.yaml",
    }
    engines(docker={"service web": ["x"], "x": entry("shop-web-1", labels=labels)})
    found = find_container("web")
    assert found.restart_command == "docker restart shop-web-1"
    command = "docker compose -f '/srv/a b.yaml' -p 'my shop' up -d web"
    assert found.recreate_command == command
    engines(docker={"service web": ["x", "y"], "x": entry("x"), "y": entry("y")})
    with pytest.raises(PlaceError, match="several containers: docker:x and docker:y"):
        find_container("web")


@pytest.mark.parametrize(
    ("tables", "word", "said"),
    [
        ({}, "web", "docker and podman are not installed"),
        ({}, "docker:web", "docker is not installed"),
        ({"docker": {}}, "nope", "there is no container nope"),
        ({"docker": {}}, "lxc:web", "lxc:web names no engine: write docker:NAME or podman:NAME"),
        ({"docker": {}}, "-x", "-x is not the name of a container"),
        ({"docker": {}}, "docker:--format=x", "docker:--format=x is not the name of a container"),
        ({"docker": {}}, "docker:", "docker: is not the name of a container"),
        ({"docker": {}}, "a\x1b[31m", "there is no container a\\x1b[31m"),
        (
            {"docker": "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."},
            "web",
            "there is no container web; docker failed: Cannot connect to the Docker daemon at "
            "unix:///var/run/docker.sock.",
        ),
        (
            {"docker": {"--output": "junk"}},
            "web",
            "there is no container web; docker inspect answered with something else than JSON",
        ),
        (
            {"docker": {"--output": '[{"State": 5}]'}},
            "web",
            "there is no container web",
        ),
    ],
)
def test_it_is_not_found(engines: Engines, tables: Any, word: str, said: str) -> None:
    engines(**tables)
    with pytest.raises(PlaceError) as refused:
        find_container(word)
    assert str(refused.value) == said


def test_root_sees_no_containers_of_others(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines(podman={})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(PlaceError, match="podman shows root no containers of other users"):
        find_container("web")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PlaceError, match=r"^there is no container web$"):
        find_container("web")


def test_the_engine_does_not_let_us_ask(engines: Engines) -> None:
    engines(docker="permission denied while trying to connect to the Docker daemon socket")
    with pytest.raises(NotPermitted, match="there is no container web; docker failed: permission"):
        find_container("web")


def test_an_engine_that_hangs(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    engines(docker="hangs")

    def run(argv: Any) -> str:
        return programs.run_program(argv, 0.2)

    with pytest.raises(PlaceError, match=r"docker did not answer within 0\.2 s"):
        find_container("web", run)


def test_a_stopped_container(engines: Engines) -> None:
    engines(docker={"my web": entry("my web", pid=0)})
    with pytest.raises(PlaceError, match="container my web does not run") as refused:
        find_container("my web")
    assert refused.value.command == "docker start 'my web'"


def test_a_container_of_another_machine(engines: Engines) -> None:
    """The engine's number of the process is of another machine, where it may be anything here."""
    for moment in ("2020-01-01T00:00:00.123456789Z", "some time ago"):
        engines(docker={"web": entry("web", started=moment)})
        with pytest.raises(
            PlaceError, match="that of container web, which seems to run on another"
        ):
            find_container("web")
    engines(docker={"web": entry("web", pid=4194305)})
    with pytest.raises(PlaceError, match="no process on this machine: it has just ended, or runs"):
        find_container("web")


def test_a_clock_that_was_set_makes_no_other_machine(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control group names the container, whatever the clock said when it started."""
    identifier = "ab" * 32
    old = entry("web", started="1970-01-01T00:00:10Z") | {"Id": identifier}
    engines(docker={"web": old})
    group = ControlGroup(container=identifier)
    monkeypatch.setattr(containers, "control_group_of", lambda _process: group)
    assert find_container("web").pid == os.getpid()
