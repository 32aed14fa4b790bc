"""Decide how surely what runs has its settings from a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from smtp_tui.config.errors import DocumentError
from smtp_tui.interchange.import_builder import Assignment
from smtp_tui.interchange.importer import import_variables, recognise_variables
from smtp_tui.interchange.spec import Imported, InterchangeError
from smtp_tui.settings.validate import equivalent
from smtp_tui.survey.holders import SettingsHolder
from smtp_tui.survey.processes import FileUse
from smtp_tui.survey.settings_file import SettingsFile, SettingsGroup, read_settings

# Compose files of other containers that are read to find out which variables' files they name.
_MOST_COMPOSE_FILES = 16


class Relation(StrEnum):
    """How a holder of settings is related to a file, from the surest down."""

    UNIT_READS = "unit-reads"
    COMPOSE_SERVICE = "compose-service"
    ENV_FILE = "env-file"
    TEMPLATE = "template"
    MOUNT = "mount"
    ARGUMENT = "argument"
    VARIABLE = "variable"
    OPEN = "open"
    MOUNTED_FOLDER = "mounted-folder"
    FOLDER = "folder"
    SAME_LOGIN = "same-login"
    SAME_APPLICATION = "same-application"
    SAME_SERVER = "same-server"

    @property
    def hands_over(self) -> bool:
        """Whether what starts the holder gives it the file's variables."""
        return self in (Relation.UNIT_READS, Relation.COMPOSE_SERVICE, Relation.ENV_FILE)

    @property
    def gives_variables(self) -> bool:
        """Whether the holder has variables that are made from the file's."""
        return self.hands_over or self is Relation.TEMPLATE

    @property
    def is_certain(self) -> bool:
        """Whether the holder is seen to use this very file."""
        named = (Relation.MOUNT, Relation.ARGUMENT, Relation.VARIABLE, Relation.OPEN)
        return self.gives_variables or self in named

    @property
    def is_likely(self) -> bool:
        """Whether the holder's settings are more than those of the same program or server."""
        return self.is_certain or self in (Relation.FOLDER, Relation.SAME_LOGIN)


class ComposeFiles:
    """Reads the compose files that containers were made from, each once."""

    def __init__(self) -> None:
        self._groups: dict[str, tuple[SettingsGroup, ...]] = {}

    def group(self, file: str, service: str) -> SettingsGroup | None:
        """Return a service's settings; None if the file cannot be read."""
        if file not in self._groups and len(self._groups) < _MOST_COMPOSE_FILES:
            self._groups[file] = ()
            with suppress(DocumentError):
                self._groups[file] = read_settings(Path(file)).groups
        groups = self._groups.get(file, ())
        return next((group for group in groups if group.service == service), None)


def relation(
    file: SettingsFile, group: SettingsGroup, holder: SettingsHolder, compose: ComposeFiles
) -> Relation | None:
    """Return how a holder is related to the settings of a file; None if nothing was seen."""
    names = file.names
    if holder.unit and any(_is(path, names) for path in holder.unit.environment_files):
        return Relation.UNIT_READS
    if container := holder.container:
        if any(_is(path, names) for path in container.compose_files):
            is_same = not group.service or group.service == container.service
            return Relation.COMPOSE_SERVICE if is_same else None
        if any(_is(path, names) for path in _env_files(container.arguments)):
            return Relation.ENV_FILE
        for path in container.compose_files:
            service = compose.group(path, container.service)
            if service and not names.isdisjoint(service.sources):
                return Relation.ENV_FILE
            if service and not names.isdisjoint(service.templates):
                return Relation.TEMPLATE
        if any(_is(source, names) for source in container.mounts.values()):
            return Relation.MOUNT
    elif FileUse.ARGUMENT in holder.uses:
        return Relation.ARGUMENT
    elif FileUse.VARIABLE in holder.uses:
        return Relation.VARIABLE
    elif not holder.uses.isdisjoint((FileUse.OPEN, FileUse.OPEN_OLD)):
        return Relation.OPEN
    found = _by_variables(file, group, holder) if holder.variables else None
    return found or (Relation.MOUNTED_FOLDER if _mounts_folder(holder, names) else None)


def _mounts_folder(holder: SettingsHolder, names: frozenset[str]) -> bool:
    """Whether a container has the file's folder mounted, unless that is one like /etc."""
    folders = {name.rpartition("/")[0] for name in names}
    specific = {folder for folder in folders if folder.count("/") > 1}
    mounts = holder.container.mounts if holder.container else {}
    return any(_is(source, frozenset(specific)) for source in mounts.values())


def _is(path: str, names: frozenset[str]) -> bool:
    return os.path.normpath(path) in names or os.path.realpath(path) in names


def _env_files(arguments: tuple[str, ...]) -> list[str]:
    """Return the absolute paths of `--env-file` in podman's command."""
    found: list[str] = []
    for number, word in enumerate(arguments, 1):
        name, sign, path = word.partition("=")
        if name == "--env-file":
            found += [path] if sign else arguments[number : number + 1]
    return [path for path in found if path.startswith("/")]


def _by_variables(
    file: SettingsFile, group: SettingsGroup, holder: SettingsHolder
) -> Relation | None:
    imported = import_held(group, holder.variables or {})
    if imported is None:
        return None
    held, values = imported.values, group.values

    def agree(key: str) -> bool:
        return bool(values.get(key)) and equivalent(key, values.get(key), held.get(key))

    # Two programs may send by the same server, or have a user of the same name.
    has_login = bool(values.get("username") or held.get("username"))
    others = ("host", "from", "password") if has_login else ("from", "domain")
    is_same = agree("username" if has_login else "host") and any(map(agree, others))
    if group.format is None:
        return Relation.SAME_SERVER if is_same and agree("host") else None
    is_dotenv = file.path.name.startswith(".env") and not holder.container
    if is_dotenv and FileUse.IN_ITS_FOLDER in holder.uses:
        return Relation.FOLDER
    # Only the engine of containers gives the variables of a compose file to anything.
    return Relation.SAME_LOGIN if is_same and not group.service else Relation.SAME_APPLICATION


def import_held(group: SettingsGroup, variables: Mapping[str, str]) -> Imported | None:
    """Import variables of the group's program, or of any if it has none; None without such."""
    found = recognise_variables([Assignment(name, value) for name, value in variables.items()])
    if group.format is not None:
        names = [group.format.name] if group.format.name in found else []
    else:
        names = [name for name, evidence in found.items() if evidence.is_sure]
    if len(names) != 1:
        return None
    try:
        return import_variables(variables, names[0])
    except InterchangeError:
        return None
