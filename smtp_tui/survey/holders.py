"""Group processes that have the same mail variables by container, service or ancestor."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from enum import StrEnum

from smtp_tui.places.containers import Container
from smtp_tui.places.units import RunningUnit
from smtp_tui.records import record
from smtp_tui.survey.processes import FileUse, RunningProcess, is_mail_variable

_SHORT_ID = 12  # characters, as docker and podman show an ID


class HolderKind(StrEnum):
    """What runs with the settings; the value is its name in sentences and JSON."""

    CONTAINER = "container"
    SERVICE = "service"
    PROCESS = "process"


@record(kw_only=True)
class SettingsHolder:
    """Processes of one container, service or ancestor that have the same mail variables.

    `variables` are None if they may not be read. `total` is the number of processes there that
    have mail variables, these or others. `user` is the user whose own systemd runs the service.
    `sees_old_mount`: the file that is looked for was replaced after the container had mounted it.
    """

    kind: HolderKind
    name: str
    started: float
    pids: tuple[int, ...]
    command: str = ""
    total: int = 1
    variables: Mapping[str, str] | None = field(default=None, repr=False)
    is_damaged: bool = False
    uses: frozenset[FileUse] = frozenset()
    container: Container | None = None
    unit: RunningUnit | None = None
    user: int | None = None
    sees_old_mount: bool = False


def group_holders(
    processes: Iterable[RunningProcess],
    containers: Iterable[Container],
    units: Mapping[tuple[str, int | None], RunningUnit],
) -> tuple[SettingsHolder, ...]:
    """Return the holders of mail settings; `units` are by name and user."""
    by_pid = {process.pid: process for process in processes}
    of_main_process = {unit.main_pid: key for key, unit in units.items()}
    by_id = {container.id: container for container in containers}
    found: dict[tuple[HolderKind, str, int | None], list[RunningProcess]] = {}
    for process in by_pid.values():
        group = process.group
        unit = (group.unit, group.user) if group.unit else of_main_process.get(process.pid)
        key: tuple[HolderKind, str, int | None]
        if group.container:
            key = (HolderKind.CONTAINER, group.container, group.user)
        elif unit:
            key = (HolderKind.SERVICE, *unit)
        else:
            key = (HolderKind.PROCESS, str(_ancestor(process, by_pid)), None)
        if unit or group.container or process.variables is not None:
            found.setdefault(key, []).append(process)
    holders: list[SettingsHolder] = []
    for (kind, name, user), members in found.items():
        for holder in _parted(members):
            if kind is HolderKind.CONTAINER:
                # A user may give a group the ID of a container that is not theirs.
                is_theirs = user in (None, os.geteuid())
                known = by_id.get(name) if is_theirs else None
                holders.append(_in_container(holder, name, known))
            elif kind is HolderKind.SERVICE:
                unit_found = units.get((name, user))
                holders.append(replace(holder, kind=kind, name=name, unit=unit_found, user=user))
            else:
                holders.append(holder)
    seen = {holder.container.id for holder in holders if holder.container}
    holders += [_of_engine(container) for container in by_id.values() if container.id not in seen]
    return tuple(holders)


def _ancestor(process: RunningProcess, by_pid: Mapping[int, RunningProcess]) -> int:
    """Return the topmost process that has the same variables."""
    known = {process.pid}
    while True:
        parent = by_pid.get(process.status.parent)
        if parent is None or parent.pid in known or parent.variables != process.variables:
            return process.pid
        known.add(parent.pid)
        process = parent


def _parted(members: list[RunningProcess]) -> Iterator[SettingsHolder]:
    """Yield a holder for each set of variables: some workers may be older than others."""
    parts: dict[object, list[RunningProcess]] = {}
    for process in sorted(members, key=lambda process: process.pid):
        variables = process.variables
        key = None if variables is None else (frozenset(variables.items()), process.is_damaged)
        parts.setdefault(key, []).append(process)
    for same in parts.values():
        first = same[0]
        yield SettingsHolder(
            kind=HolderKind.PROCESS,
            name=str(first.pid),
            started=min(process.status.started for process in same),
            pids=tuple(process.pid for process in same),
            command=first.status.command,
            total=len(members),
            variables=first.variables,
            is_damaged=first.is_damaged,
            uses=frozenset().union(*(process.uses for process in same)),
        )


def _in_container(holder: SettingsHolder, id: str, known: Container | None) -> SettingsHolder:
    if known is None:  # of another user's engine
        return replace(holder, kind=HolderKind.CONTAINER, name=id[:_SHORT_ID])
    variables = _mail_variables(known) if holder.variables is None else holder.variables
    return replace(
        holder,
        kind=HolderKind.CONTAINER,
        name=known.name,
        variables=variables,
        container=known,
    )


def _of_engine(container: Container) -> SettingsHolder:
    """Return the holder of a container whose processes have no mail variables, or are hidden."""
    return SettingsHolder(
        kind=HolderKind.CONTAINER,
        name=container.name,
        started=container.started,
        pids=(container.pid,),
        variables=_mail_variables(container),
        container=container,
    )


def _mail_variables(container: Container) -> dict[str, str]:
    return {name: value for name, value in container.variables.items() if is_mail_variable(name)}
