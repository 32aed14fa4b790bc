"""Find every SMTP setting on this machine: in files, in unit files and in running containers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from smtp_tui.config.errors import DocumentError, one_line
from smtp_tui.interchange.import_builder import Assignment
from smtp_tui.interchange.importer import is_compose
from smtp_tui.interchange.inplace.syntax import syntax_of
from smtp_tui.interchange.spec import InterchangeError, MissingLibraryError, format_named
from smtp_tui.places.containers import ENGINES, running_containers
from smtp_tui.places.programs import ProgramError, ProgramMissing
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.survey import settings_text, usual_names
from smtp_tui.survey.settings_text import TextSettings, UnclearError
from smtp_tui.survey.tree import FileTree, Skipped, SkipReason, TreeFile, TreeLimits
from smtp_tui.survey.unit_files import UnitFile, is_unit_file, units

USUAL_FOLDERS = ("/etc", "/opt", "/srv", "/home", "/root", "/var/www", "/usr/local/etc")
_UNIT_FOLDERS = ("/usr/lib/systemd/system", "/usr/local/lib/systemd/system", "/run/systemd/system")


class ScanPlaceKind(StrEnum):
    """What holds the settings."""

    FILE = "file"
    UNIT = "unit"
    CONTAINER = "container"


@record
class ScanPlace:
    """A file, unit or container that holds settings; `table` is the part of a file.

    `is_document`: smtp-tui can change the file.
    """

    kind: ScanPlaceKind
    name: str
    table: str = ""
    is_document: bool = False

    def __str__(self) -> str:
        shown = one_line(
            self.name if self.kind is ScanPlaceKind.FILE else f"{self.kind} {self.name}"
        )
        return f"{shown}: {one_line(self.table, 80)}" if self.table not in ("", ".") else shown


@record(kw_only=True)
class FoundSettings:
    """SMTP settings that stand in one place, or, with the same values, in several.

    `found` are the settings as they were read. `origins` are the files that they come from, the
    first of them the one that relative paths start from; none for a container.
    """

    found: TextSettings
    places: tuple[ScanPlace, ...]
    origins: tuple[Path, ...] = ()

    @property
    def settings(self) -> Settings | None:
        """The settings, None if a value is not valid."""
        return parse_settings(self.found.values).settings

    @property
    def values(self) -> Mapping[str, Any]:
        """The values to show: valid ones with their program's defaults, else as they are."""
        settings, raw = self.settings, self.found.values
        if settings is None or self.found.is_unsure:
            return {key: raw.get(key) for key in _SHOWN}
        return {
            "host": settings.host,
            "port": settings.port,
            "encryption": str(settings.encryption),
            "starttls_auto": settings.starttls_auto,
            "username": settings.username,
        }

    @property
    def key(self) -> str:
        """What is alike in the places that are one row."""
        values = [f"{name}={value!r}" for name, value in self.values.items()]
        return " ".join((self.found.format, *values))

    @property
    def document(self) -> ScanPlace | None:
        """The place that smtp-tui can change, if any."""
        return next((place for place in self.places if place.is_document), None)

    @property
    def password(self) -> str:
        """`none`, `set` if the password itself is there, or the kind of its source."""
        match self.found.values.get("password"):
            case None | "":
                return "none"
            case {**source} if source:
                return str(next(iter(source)))
            case _:
                return "set"


_SHOWN = ("host", "port", "encryption", "starttls_auto", "username")


@record(kw_only=True)
class ScanResult:
    """All that was found; `problems` are sentences on what could not be asked."""

    found: tuple[FoundSettings, ...]
    skipped: Skipped = field(repr=False)
    problems: tuple[str, ...] = ()
    seconds: float = 0.0


def usual_folders() -> tuple[Path, ...]:
    """Return the folders that programs have their settings in, and this user's home."""
    home = os.environ.get("HOME", "")
    own = (home,) if home.startswith("/") and home != "/" else ()
    return tuple(map(Path, (*USUAL_FOLDERS, *own, *_UNIT_FOLDERS)))


def scan_machine(
    folders: Sequence[Path] = (),
    limits: TreeLimits | None = None,
    engines: Sequence[str] = ENGINES,
) -> ScanResult:
    """Search the usual folders and the running containers, or only these folders."""
    started = time.monotonic()
    skipped = Skipped()
    tree = FileTree(folders or usual_folders(), skipped, limits, trusts=bool(folders))
    machine = _Machine(tree, skipped)
    machine.search_files()
    if not folders:
        for engine in engines:
            machine.search_containers(engine)
    return ScanResult(
        found=tuple(_merged(machine.found)),
        skipped=skipped,
        problems=tuple(machine.problems),
        seconds=time.monotonic() - started,
    )


class _Machine:
    def __init__(self, tree: FileTree, skipped: Skipped) -> None:
        self.found: list[FoundSettings] = []
        self.problems: dict[str, None] = {}
        self._tree, self._skipped = tree, skipped

    def search_files(self) -> None:
        """Find the settings in files, then those of units, which several files may make up."""
        unit_files = []
        for path in self._tree.files(usual_names.is_usual):
            if self._is_example(path):
                self._skipped.add(SkipReason.EXAMPLE, path)
                continue
            file = self._tree.read(path)
            if file is None:
                continue
            if is_unit_file(path):
                unit_files.append(UnitFile(path, file.content, _Beside(self._tree, file)))
                continue
            is_first = True
            for found in self._guarded(path, self._in_file(file)):
                self._add(
                    found,
                    ScanPlace(
                        ScanPlaceKind.FILE,
                        str(path),
                        found.name,
                        _can_change(found, file, is_first=is_first),
                    ),
                    [path, *(path.parent / source for source in found.sources)],
                )
                is_first = False
        for unit in units(unit_files):
            found_in = settings_text.in_variables(
                unit.variables, unit.image, in_container=bool(unit.image)
            )
            for found in self._guarded(f"unit {unit.unit}", found_in):
                self._add(found, ScanPlace(ScanPlaceKind.UNIT, unit.unit), unit.files)

    def search_containers(self, engine: str) -> None:
        """Find the settings in the variables of an engine's running containers."""
        try:
            containers = running_containers(engine)
        except ProgramMissing:
            return
        except ProgramError as error:
            self.problems[str(error)] = None
            return
        for container in containers:
            entries = [Assignment(*pair) for pair in container.variables.items()]
            found_in = settings_text.in_variables(entries, container.image, in_container=True)
            place = ScanPlace(ScanPlaceKind.CONTAINER, container.name)
            for found in self._guarded(place, found_in):
                self._add(found, place, container.compose_files)

    def _is_example(self, path: Path) -> bool:
        root = next(root for root in self._tree.roots if path.is_relative_to(root))
        return usual_names.is_example(path, root)

    def _in_file(self, file: TreeFile) -> Iterator[TextSettings]:
        kinds = usual_names.kinds_of(file.path)
        content, path = file.content, file.path
        if not usual_names.may_have_mail(content, kinds):
            return
        read = _Beside(self._tree, file)
        if usual_names.TOML in kinds:
            yield from settings_text.in_toml(content, path)
        elif usual_names.COMPOSE in kinds and is_compose(content, path.name):
            yield from settings_text.in_compose(content, path, read)
        elif formats := usual_names.formats_of(kinds):
            yield from settings_text.in_format(content, path, formats, read)

    def _guarded(self, place: object, found: Iterable[TextSettings]) -> Iterator[TextSettings]:
        """Yield what is found, and count what cannot be read."""
        try:
            yield from found
        except UnclearError:
            self._skipped.add(SkipReason.UNCLEAR, place)
        except MissingLibraryError as error:
            self.problems[str(error)] = None
        except (DocumentError, InterchangeError):
            self._skipped.add(SkipReason.INVALID, place)
        except Exception:  # a bug that one file triggers must not hide the others
            self._skipped.add(SkipReason.DEFECT, place)

    def _add(self, found: TextSettings, place: ScanPlace, files: Iterable[str | Path]) -> None:
        if not found.values.get("host"):
            self._skipped.add(SkipReason.NO_HOST, place)
            return
        origins = tuple(Path(os.path.normpath(file)) for file in files)
        self.found.append(FoundSettings(found=found, places=(place,), origins=origins))


def _can_change(found: TextSettings, file: TreeFile, *, is_first: bool) -> bool:
    """Whether smtp-tui can change the settings in their file; of several accounts only the first.

    Of other files only the settings are known, not how to change them.
    """
    if found.imported is None or found.is_unsure or found.in_container:
        return not found.is_unsure
    return is_first and syntax_of(format_named(found.format), file.content) is not None


class _Beside:
    """Reads the files that a file names."""

    def __init__(self, tree: FileTree, file: TreeFile) -> None:
        self._tree, self._file = tree, file

    def __call__(self, name: str) -> str | None:
        """Return the text of a file, None if it does not exist or must not be read."""
        found = self._tree.read_named(name, self._file)
        return found.content if found else None


def _merged(found: Iterable[FoundSettings]) -> Iterator[FoundSettings]:
    """Join what a file, a service that reads it, and its container say alike."""
    rows: list[FoundSettings] = []
    known: dict[tuple[str, Path], int] = {}
    for entry in found:
        names = [(entry.key, file) for file in entry.origins]
        index = next((known[name] for name in names if name in known), len(rows))
        if index == len(rows):
            rows.append(entry)
        else:
            rows[index] = replace(rows[index], places=(*rows[index].places, *entry.places))
        known |= dict.fromkeys(names, index)
    yield from rows
