"""Find a running container by its name, through the command line of docker and podman."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from smtp_tui.config.errors import one_line
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.process import ProcessHandle
from smtp_tui.places.programs import ProgramError, ProgramMissing, run_program
from smtp_tui.records import record

ENGINES = ("docker", "podman")
COMPOSE_SERVICE = "com.docker.compose.service"
# Seconds between the engine's time of a container's start and that of its process in /proc.
_CLOCK_DIFFERENCE = 2.0

Run = Callable[[Sequence[str]], str]


@record(kw_only=True)
class Container:
    """A running container: its engine, its name, its first process, and its compose service."""

    engine: str
    name: str
    pid: int
    service: str = ""
    project: str = ""

    @property
    def restart_command(self) -> str:
        """The command that restarts it, with the variables it has."""
        return f"{self.engine} restart {shlex.quote(self.name)}"

    @property
    def recreate_command(self) -> str:
        """The command that gives it the variables of its compose file; empty without one."""
        if not self.service:
            return ""
        project = f" -p {shlex.quote(self.project)}" if self.project else ""
        return f"{self.engine} compose{project} up -d {shlex.quote(self.service)}"


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
        raise PlaceError(f"{one_line(word)} is no name of a container")
    found: list[Mapping[str, Any]] = []
    failures: list[ProgramError] = []
    for engine in engines:
        try:
            found += [{**entry, "engine": engine} for entry in _inspect(engine, name, run)]
        except ProgramError as error:
            failures.append(error)
    if not found:
        raise _not_found(name, engines, failures)
    if len(found) > 1:
        names = " and ".join(f"{entry['engine']}:{_name(entry)}" for entry in found)
        raise PlaceError(f"{one_line(name)} is the name of several containers: {one_line(names)}")
    return _running(found[0])


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
    if not present:
        return PlaceError(
            f"neither {' nor '.join(engines)} is installed"
            if len(engines) > 1
            else f"{engines[0]} is not installed"
        )
    reasons = "; ".join(dict.fromkeys(map(str, present)))
    return PlaceError(f"there is no container {one_line(name)}: {reasons}")


def _running(entry: Mapping[str, Any]) -> Container:
    engine, name, state = str(entry["engine"]), _name(entry), entry["State"]
    pid = state.get("Pid")
    if not isinstance(pid, int) or pid <= 0:
        start = f"{engine} start {shlex.quote(name)}"
        raise PlaceError(f"container {one_line(name)} does not run", start)
    _require_local(name, pid, state.get("StartedAt"))
    labels = (entry.get("Config") or {}).get("Labels") or {}
    return Container(
        engine=engine,
        name=name,
        pid=pid,
        service=str(labels.get(COMPOSE_SERVICE, "")),
        project=str(labels.get("com.docker.compose.project", "")),
    )


def _require_local(name: str, pid: int, started_at: object) -> None:
    """Raise PlaceError if the container's process is not of this machine: engines may be remote."""
    elsewhere = PlaceError(
        f"container {one_line(name)} runs on another machine; run smtp-tui there"
    )
    try:
        with ProcessHandle(pid) as process:
            begun = process.status.started
    except PlaceError:
        raise elsewhere from None
    try:
        # Nanoseconds are more than Python before 3.11 reads; the seconds are enough.
        moment = datetime.fromisoformat(str(started_at).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return
    if abs(moment - begun) > _CLOCK_DIFFERENCE:
        raise elsewhere


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("Name") or entry.get("Id") or "").removeprefix("/")
