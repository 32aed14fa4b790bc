"""Find a running container by its name, through the command line of docker and podman."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from datetime import datetime
from typing import Any

from smtp_tui.config.errors import one_line
from smtp_tui.places.cgroup import control_group_of
from smtp_tui.places.errors import NotPermitted, PlaceError
from smtp_tui.places.process import ProcessHandle
from smtp_tui.places.programs import ProgramError, ProgramMissing, Run, run_program
from smtp_tui.records import record

ENGINES = ("docker", "podman")
_COMPOSE = "com.docker.compose"
COMPOSE_SERVICE = f"{_COMPOSE}.service"
MOST_CONTAINERS = 200
# Seconds between the engine's time of a container's start and that of its process in /proc.
_CLOCK_DIFFERENCE = 2.0
# What the engines say of a name that they do not know.
_UNKNOWN = re.compile("no such (container|object)", re.IGNORECASE)


@record(kw_only=True)
class Container:
    """A running container: its engine, its name, its first process, and its compose service.

    `variables` are those that the engine gives it, `mounts` the paths of this machine by their
    paths inside, `compose_files` the files that compose made it from, `arguments` podman's command
    that made it, and `unit` the systemd service that runs it. `started` is when its first process
    began, in seconds since the epoch.
    """

    engine: str
    name: str
    pid: int
    service: str = ""
    project: str = ""
    id: str = ""
    image: str = ""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    mounts: Mapping[str, str] = field(default_factory=dict)
    compose_files: tuple[str, ...] = ()
    arguments: tuple[str, ...] = field(default=(), repr=False)
    unit: str = ""
    started: float = 0.0

    @property
    def restart_command(self) -> str:
        """The command that restarts it, with the variables it has."""
        return f"{self.engine} restart {shlex.quote(self.name)}"

    @property
    def recreate_command(self) -> str:
        """The command that gives it the variables of its compose file; empty without one."""
        if not self.service:
            return ""
        files = "".join(f" -f {shlex.quote(file)}" for file in self.compose_files)
        project = f" -p {shlex.quote(self.project)}" if self.project else ""
        return f"{self.engine} compose{files}{project} up -d {shlex.quote(self.service)}"


def find_container(word: str, run: Run = run_program) -> Container:
    """Return the running container of a name, an ID or a compose service; PlaceError if none.

    `docker:web` or `podman:web` names the engine; `run` returns a program's output.
    """
    prefix, colon, name = word.partition(":")
    engines: tuple[str, ...] = ENGINES
    if not colon:
        name = word
    elif prefix in ENGINES:
        engines = (prefix,)
    else:
        raise PlaceError(f"{one_line(word)} names no engine: write docker:NAME or podman:NAME")
    if not name or name.startswith("-"):
        shown = one_line(word) or "''"
        raise PlaceError(f"{shown} is not the name of a container")
    found: dict[str, Mapping[str, Any]] = {}
    failures: list[ProgramError] = []
    for engine in engines:
        try:
            for entry in _inspect(engine, name, run):
                # `docker` may be podman's, which then finds the same container.
                found[str(entry.get("Id"))] = {**entry, "engine": engine}
        except ProgramError as error:
            failures.append(error)
    if not found:
        raise _not_found(name, engines, failures)
    running = [entry for entry in found.values() if entry["State"].get("Running")]
    if len(running or found) > 1:
        spellings = [f"{entry['engine']}:{_name(entry)}" for entry in running or found.values()]
        names = one_line(" and ".join(spellings))
        raise PlaceError(f"{one_line(name)} is the name of several containers: {names}")
    return _running((running or [*found.values()])[0])


def running_containers(engine: str, run: Run = run_program) -> tuple[Container, ...]:
    """Return the containers of an engine that run on this machine; ProgramError if it fails."""
    for is_last in (False, True):
        ids = run([engine, "ps", "--quiet", "--no-trunc"]).split()[:MOST_CONTAINERS]
        if not ids:
            break
        try:
            entries = _entries(engine, run([engine, "inspect", "--type=container", "--", *ids]))
        except ProgramError:
            # One of them may have ended in between.
            if is_last:
                raise
            continue
        found = []
        for entry in entries:
            with suppress(PlaceError):
                found.append(_running({**entry, "engine": engine}))
        return tuple(found)
    return ()


def _inspect(engine: str, name: str, run: Run) -> list[Mapping[str, Any]]:
    try:
        return _entries(engine, run([engine, "inspect", "--type=container", "--", name]))
    except ProgramMissing:
        raise
    except ProgramError as unknown:
        # It may be the name of a service in a compose file.
        label = f"--filter=label={COMPOSE_SERVICE}={name}"
        ids = run([engine, "ps", "--quiet", "--no-trunc", label]).split()
        if not ids:
            raise unknown from None
        return _entries(engine, run([engine, "inspect", "--type=container", "--", *ids]))


def _entries(engine: str, output: str) -> list[Mapping[str, Any]]:
    try:
        entries = json.loads(output)
        return [entry for entry in entries if isinstance(entry["State"], dict)]
    except (ValueError, TypeError, KeyError):
        raise ProgramError(f"{engine} inspect answered with something else than JSON") from None


def _not_found(name: str, engines: Sequence[str], failures: Sequence[ProgramError]) -> PlaceError:
    present = [failure for failure in failures if not isinstance(failure, ProgramMissing)]
    if not present and len(failures) == len(engines):
        missing = " and ".join(engines)
        return PlaceError(f"{missing} {'are' if len(engines) > 1 else 'is'} not installed")
    reasons = [str(failure) for failure in present if not _UNKNOWN.search(str(failure))]
    text = "; ".join([f"there is no container {one_line(name)}", *dict.fromkeys(reasons)])
    if any("permission denied" in reason.lower() for reason in reasons):
        return NotPermitted(text)
    if os.geteuid() == 0 and any("podman" in str(failure) for failure in present):
        text += "; podman shows root no containers of other users: run smtp-tui as their user"
    return PlaceError(text)


def _running(entry: Mapping[str, Any]) -> Container:
    engine, name, state = str(entry["engine"]), _name(entry), entry["State"]
    pid = state.get("Pid")
    if not isinstance(pid, int) or pid <= 0:
        start = f"{engine} start {shlex.quote(name)}"
        raise PlaceError(f"container {one_line(name)} does not run", start)
    identifier = str(entry.get("Id") or "")
    started = _local_start(name, pid, identifier, state.get("StartedAt"))
    config = _mapping(entry.get("Config"))
    labels = _mapping(config.get("Labels"))
    files = str(labels.get(f"{_COMPOSE}.project.config_files", ""))
    return Container(
        engine=engine,
        name=name,
        pid=pid,
        service=str(labels.get(COMPOSE_SERVICE, "")),
        project=str(labels.get(f"{_COMPOSE}.project", "")),
        id=identifier,
        image=str(config.get("Image") or entry.get("ImageName") or ""),
        variables=dict(pair.split("=", 1) for pair in _texts(config.get("Env")) if "=" in pair),
        mounts=_mounts(entry.get("Mounts")),
        compose_files=tuple(file for file in files.split(",") if file.startswith("/")),
        arguments=_texts(config.get("CreateCommand")),
        unit=str(labels.get("PODMAN_SYSTEMD_UNIT", "")),
        started=started,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _mounts(value: object) -> dict[str, str]:
    found = {}
    for mount in value if isinstance(value, list) else ():
        known = _mapping(mount)
        if known.get("Type") == "bind" and known.get("Source") and known.get("Destination"):
            found[str(known["Destination"])] = str(known["Source"])
    return found


def _local_start(name: str, pid: int, identifier: str, started_at: object) -> float:
    """Return when the container's process began; PlaceError if it is not of this machine.

    The engine may run elsewhere, and its process may have the number of another one here.
    """
    try:
        with ProcessHandle(pid) as process:
            begun = process.status.started
            if identifier and control_group_of(process).container == identifier:
                return begun
    except PlaceError:
        raise PlaceError(
            f"container {one_line(name)} has no process on this machine: it has just ended, or "
            "runs on another machine; run smtp-tui there"
        ) from None
    # Not each engine names the control group after the container.
    try:
        moment = datetime.fromisoformat(str(started_at).replace("Z", "+00:00")).timestamp()
    except ValueError:
        moment = 0.0
    if abs(moment - begun) > _CLOCK_DIFFERENCE:
        raise PlaceError(
            f"process {pid} of this machine is not that of container {one_line(name)}, which seems "
            "to run on another one; run smtp-tui there"
        )
    return begun


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("Name") or entry.get("Id") or "").removeprefix("/")
