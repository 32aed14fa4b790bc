"""The list of the running containers, from a stand-in for the engine's command line."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from smtp_tui.places.containers import running_containers
from smtp_tui.places.process import ProcessHandle
from smtp_tui.places.programs import ProgramError

SECRET = "correct horse"


def own_start() -> str:
    """When this process began, as the engines write it."""
    with ProcessHandle(os.getpid()) as process:
        return datetime.fromtimestamp(process.status.started, UTC).isoformat()


def entry(name: str, **config: object) -> dict[str, object]:
    return {
        "Id": name * 8,
        "Name": f"/{name}",
        "State": {"Pid": os.getpid(), "StartedAt": own_start()},
        "Config": {"Env": ["SMTP_PORT=25", f"SMTP_PASSWORD={SECRET}", "junk"], **config},
        "Mounts": [
            {"Type": "bind", "Source": "/srv/mail.toml", "Destination": "/etc/mail.toml"},
            {"Type": "volume", "Source": "/var/lib/x", "Destination": "/data"},
            "junk",
        ],
    }


class StandInEngine:
    """Answers as `ps` and `inspect` do; `fails` is how often `inspect` does."""

    def __init__(self, entries: object, fails: int = 0) -> None:
        self.entries, self.fails = entries, fails

    def __call__(self, argv: Sequence[str]) -> str:
        if argv[1] == "ps":
            return "a\nb\n" if self.entries else ""
        self.fails -= 1
        if self.fails >= 0:
            raise ProgramError("docker failed: no such container")
        return json.dumps(self.entries)


def test_a_container_has_its_variables_mounts_and_compose_files() -> None:
    labels = {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "web",
        "com.docker.compose.project.config_files": "/srv/compose.yaml,/srv/compose.override.yaml",
    }
    (found,) = running_containers("docker", StandInEngine([entry("web", Labels=labels)]))
    assert found.variables == {"SMTP_PORT": "25", "SMTP_PASSWORD": SECRET}
    assert found.mounts == {"/etc/mail.toml": "/srv/mail.toml"}
    assert found.recreate_command == (
        "docker compose -f /srv/compose.yaml -f /srv/compose.override.yaml -p shop up -d web"
    )
    assert SECRET not in repr(found)


def test_none_that_runs_is_no_error() -> None:
    assert running_containers("podman", StandInEngine([])) == ()


def test_a_container_that_ends_meanwhile_is_asked_for_once_more() -> None:
    entries = [entry("web")]
    assert len(running_containers("podman", StandInEngine(entries, fails=1))) == 1
    with pytest.raises(ProgramError):
        running_containers("podman", StandInEngine(entries, fails=2))


def test_a_stopped_one_is_left_out() -> None:
    stopped = {**entry("old"), "State": {"Pid": 0}}
    assert [found.name for found in running_containers("docker", StandInEngine([stopped]))] == []


@pytest.mark.parametrize("hostile", [{"Config": []}, {"Mounts": "x", "Config": {"Env": 7}}])
def test_an_answer_of_another_shape_is_no_crash(hostile: dict[str, object]) -> None:
    (found,) = running_containers("docker", StandInEngine([{**entry("web"), **hostile}]))
    assert not found.variables
