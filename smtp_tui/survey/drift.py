"""Find what runs with other settings than a file has, and how to make it read the file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from smtp_tui.config.errors import DocumentError
from smtp_tui.interchange import envfile
from smtp_tui.interchange.importer import read_file
from smtp_tui.interchange.spec import InterchangeError
from smtp_tui.records import record
from smtp_tui.survey.belonging import ComposeFiles, Relation, relation
from smtp_tui.survey.compare import DifferingField, DifferingSettings, compare
from smtp_tui.survey.holders import HolderKind, SettingsHolder
from smtp_tui.survey.processes import FileUse, SurveyLimits
from smtp_tui.survey.running import Running, find_running
from smtp_tui.survey.settings_file import COMPOSE, SettingsFile, SettingsGroup, read_settings

_SUREST = [*Relation]
# Each has other variables; comparing one takes 1 ms.
_MOST_HOLDERS = 1_000
# Seconds by which the start of a process may be wrong: the kernel tells the boot in whole seconds.
_MARGIN = 1.0


class DriftId(StrEnum):
    """What was found."""

    OTHER_VALUES = "drift-value"
    SET_ELSEWHERE = "drift-set-elsewhere"
    OTHER_FILE = "drift-other-file"
    OVERRIDES = "drift-override"
    OLD_FILE = "drift-old-file"
    STARTED_BEFORE = "drift-started-before"
    UNIT_CHANGED = "drift-unit-changed"
    SEEN = "drift-seen"


@record(kw_only=True)
class DriftFinding:
    """One holder whose settings differ from the file's, or are older.

    `command` is for a shell, and empty where no command is known to help. `files` are the other
    files that set the values.
    """

    id: DriftId
    holder: SettingsHolder
    related: Relation
    group: SettingsGroup
    fields: tuple[DifferingField, ...] = ()
    files: tuple[str, ...] = ()
    command: str = ""

    @property
    def is_drift(self) -> bool:
        """Whether it counts as drift; else it is only worth knowing."""
        if self.id is DriftId.STARTED_BEFORE:
            # A process that only names the file may be an editor.
            return self.related.is_certain and self.holder.kind is not HolderKind.PROCESS
        return self.id not in (DriftId.SEEN, DriftId.OTHER_FILE)


@record(kw_only=True)
class DriftReport:
    """The findings on a file, and what `running` could be read.

    `equal` holders have its values. `newer` ones use it, and began after it was changed.
    """

    file: SettingsFile
    findings: tuple[DriftFinding, ...]
    equal: tuple[SettingsHolder, ...]
    newer: tuple[SettingsHolder, ...]
    running: Running

    @property
    def has_drift(self) -> bool:
        """Whether something that runs holds other values, or may."""
        return any(finding.is_drift for finding in self.findings)


def drift_of(
    path: Path,
    *,
    format: str | None = None,
    dialect: str | None = None,
    table: str | None = None,
    limits: SurveyLimits | None = None,
) -> DriftReport:
    """Compare a file, or one of its tables, with what runs; DocumentError if it has no settings."""
    file = read_settings(path, format=format, dialect=dialect, table=table)
    return find_drift(file, find_running(file.names, limits))


def find_drift(file: SettingsFile, running: Running) -> DriftReport:
    """Compare a file with what runs; reads other files of variables, and nothing else."""
    compose = ComposeFiles()
    findings: list[DriftFinding] = []
    equal: list[SettingsHolder] = []
    newer: list[SettingsHolder] = []
    order = [*HolderKind]
    holders = sorted(running.holders, key=lambda holder: order.index(holder.kind))
    running = replace(running, left_out=running.left_out + len(holders[_MOST_HOLDERS:]))
    for holder in holders[:_MOST_HOLDERS]:
        related = [
            (found, group)
            for group in file.groups
            if (found := relation(file, group, holder, compose))
        ]
        if not related:
            continue
        # Of several tables, only the one that fits best says something about a holder.
        best, group = min(related, key=lambda pair: _SUREST.index(pair[0]))
        comparison = compare(group, holder, best)
        finding = _Judge(file, group, holder, best, compose).finding(comparison)
        if finding is not None:
            findings.append(finding)
        elif group.readings and comparison is not None and best.is_likely:
            equal.append(holder)
        elif best.is_certain:
            newer.append(holder)
    findings.sort(key=lambda finding: not finding.is_drift)
    return DriftReport(
        file=file, findings=tuple(findings), equal=tuple(equal), newer=tuple(newer), running=running
    )


class _Judge:
    """Judges one holder that is related to a file."""

    def __init__(
        self,
        file: SettingsFile,
        group: SettingsGroup,
        holder: SettingsHolder,
        related: Relation,
        compose: ComposeFiles,
    ) -> None:
        self._file, self._group = file, group
        self._holder, self._related = holder, related
        self._compose = compose

    def finding(self, comparison: DifferingSettings | None) -> DriftFinding | None:
        """Return what differs; None if nothing does, as far as smtp-tui knows."""
        if comparison is not None and comparison.fields:
            return self._on_values(comparison)
        if self._sees_old_file:
            return self._found(DriftId.OLD_FILE, command=self._restart)
        unit = self._holder.unit
        if unit and unit.needs_reload and self._related.is_certain:
            return self._found(DriftId.UNIT_CHANGED, command=self._restart)
        is_compared = comparison is not None and bool(self._group.readings)
        uses_file = self._related.is_certain or self._related is Relation.MOUNTED_FOLDER
        if uses_file and not is_compared and self._holder.started < self._file.written - _MARGIN:
            command = self._recreate if self._related.gives_variables else self._restart
            return self._found(DriftId.STARTED_BEFORE, command=command)
        return None

    def _on_values(self, comparison: DifferingSettings) -> DriftFinding:
        fields = comparison.fields
        if not self._related.is_likely:
            others = self._other_files()
            return self._found(DriftId.OTHER_FILE if others else DriftId.SEEN, fields, others)
        if not self._group.readings and self._group.format is None:
            return self._found(DriftId.SEEN, fields, self._other_files())
        reads_file = self._related.is_certain and not self._related.gives_variables
        if reads_file or not self._group.readings:
            return self._found(DriftId.OVERRIDES, fields)
        setting = self._files_that_set(comparison)
        if setting and setting.keys() >= comparison.names:
            files = tuple(dict.fromkeys(setting.values()))
            return self._found(DriftId.SET_ELSEWHERE, fields, files)
        if self._holder.started > self._file.changed + _MARGIN:
            is_certain = self._related.is_certain
            return self._found(DriftId.SET_ELSEWHERE if is_certain else DriftId.SEEN, fields)
        if not self._related.is_certain and (from_others := self._other_files()):
            return self._found(DriftId.OTHER_FILE, fields, from_others)
        return self._found(DriftId.OTHER_VALUES, fields, command=self._recreate)

    def _found(
        self,
        identity: DriftId,
        fields: tuple[DifferingField, ...] = (),
        files: tuple[str, ...] = (),
        command: str = "",
    ) -> DriftFinding:
        finding = DriftFinding(
            id=identity,
            holder=self._holder,
            related=self._related,
            group=self._group,
            fields=fields,
            files=files,
            command=command,
        )
        # Nobody is told to restart what may not read the file at all.
        return finding if finding.is_drift else replace(finding, command="")

    @property
    def _sees_old_file(self) -> bool:
        return FileUse.OPEN_OLD in self._holder.uses or self._holder.sees_old_mount

    def _other_files(self) -> tuple[str, ...]:
        """Return the files that the holder is known to have its variables from."""
        if self._holder.unit:
            return self._holder.unit.environment_files
        return self._holder.container.compose_files if self._holder.container else ()

    def _files_that_set(self, comparison: DifferingSettings) -> dict[str, str]:
        """Return, by variable, the files that go before this one and set what the holder has."""
        held = self._holder.variables or {}
        found: dict[str, str] = {}
        for path, variables in self._files_before():
            for name in comparison.names:
                if name in held and variables.get(name) == held[name]:
                    found[name] = path
        return found

    def _files_before(self) -> Iterator[tuple[str, Mapping[str, str | None]]]:
        if unit := self._holder.unit:
            paths = unit.environment_files
            own = [
                number
                for number, path in enumerate(paths)
                if os.path.realpath(path) in self._file.names
            ]
            for path in paths[max(own, default=len(paths)) + 1 :]:
                with suppress(DocumentError, InterchangeError):
                    entries = envfile.read(read_file(Path(path)).content, "systemd")
                    yield path, {entry.name: entry.value for entry in entries}
        elif container := self._holder.container:
            for path in container.compose_files:
                group = self._compose.group(path, container.service)
                if group and path not in self._file.names:
                    yield path, group.readings.get(COMPOSE, {})

    @property
    def _restart(self) -> str:
        """The command after which the holder reads its files again."""
        holder = self._holder
        if holder.container:
            if holder.container.unit:
                return f"systemctl restart {shlex.quote(holder.container.unit)}"
            return holder.container.restart_command
        if holder.kind is not HolderKind.SERVICE:
            return ""
        manager = ""
        if holder.user is not None:
            is_own = holder.user == os.geteuid()
            manager = " --user" if is_own else f" --user -M {holder.user}@"
        restart = f"systemctl{manager} restart {shlex.quote(holder.name)}"
        if holder.unit and holder.unit.needs_reload:
            return f"systemctl{manager} daemon-reload && {restart}"
        return restart

    @property
    def _recreate(self) -> str:
        """The command after which the holder has new variables; a container must be made again."""
        container = self._holder.container
        if container and not container.unit:
            return container.recreate_command
        return self._restart
