"""Read the SMTP settings in a file of any kind that smtp-tui knows, without running anything."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any

from smtp_tui.config import tablepath
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError, NoTableError, NotTomlError, one_line, reason
from smtp_tui.config.paths import absolute
from smtp_tui.interchange import envfile
from smtp_tui.interchange.compose.neighbours import Neighbours
from smtp_tui.interchange.compose.recognition import assignments, evidence_of, files_of
from smtp_tui.interchange.compose.services import ComposeFile
from smtp_tui.interchange.import_builder import Assignment
from smtp_tui.interchange.importer import (
    import_text,
    import_variables,
    is_compose,
    read_file,
    recognise,
)
from smtp_tui.interchange.spec import QUOTINGS, FormatSpec, InterchangeError, format_named
from smtp_tui.records import record

COMPOSE = "compose"
"""The reading of a compose file's services."""

YAML = (".yaml", ".yml")
Variables = Mapping[str, str | None]
"""Values by name; None where the value depends on what is not in the file."""


@record
class SettingsGroup:
    """The settings of one table, service or environment; `values` are raw, by our keys.

    `application` is the program whose settings they are; empty if nothing says so. `service` is
    that of a compose file. `readings` are the variables of an `.env` file as each quoting reads
    them, or of a service; `sources` are the other files that set them, `templates` those with the
    variables that the values use.
    """

    name: str
    application: str
    values: Mapping[str, Any] = field(repr=False)
    format: FormatSpec | None = None
    service: str = ""
    readings: Mapping[str, Variables] = field(default_factory=dict, repr=False)
    sources: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()


@record
class SettingsFile:
    """A file with SMTP settings; `written` and `changed` are seconds since the epoch.

    `written` is when its content was written, `changed` includes its name, owner and mode.
    """

    path: Path
    groups: tuple[SettingsGroup, ...]
    written: float = 0.0
    changed: float = 0.0

    @property
    def names(self) -> frozenset[str]:
        """Its absolute path, with and without links."""
        return frozenset((os.path.normpath(absolute(self.path)), os.path.realpath(self.path)))

    @property
    def is_environment(self) -> bool:
        """Whether it holds variables, which a program gets when it starts."""
        return any(group.readings for group in self.groups)


def read_settings(
    path: Path, *, format: str | None = None, dialect: str | None = None, table: str | None = None
) -> SettingsFile:
    """Read the settings of a file, or of one of its tables; DocumentError if there are none."""
    try:
        found = path.stat()
    except OSError as error:
        raise DocumentError(f"{one_line(path)} cannot be read: {reason(error)}") from None
    groups = tuple(_groups(path, format, dialect, table))
    if not groups:
        raise NoTableError(f"{one_line(path)} has no SMTP settings that smtp-tui knows")
    return SettingsFile(path, groups, found.st_mtime, found.st_ctime)


def _groups(
    path: Path, format: str | None, dialect: str | None, table: str | None
) -> Iterator[SettingsGroup]:
    if path.suffix.casefold() == ".toml" or (dialect and path.suffix.casefold() not in YAML):
        yield from _tables(Document.open(path, dialect), table)
        return
    source = read_file(path, format)
    try:
        if is_compose(source.content, source.name):
            yield from _services(path, source.content, format or dialect, table)
            return
        form = format_named(format) if format else recognise(source.content, source.name)[0]
        read = import_text(source.content, form.name, name=source.name, beside=source.beside)
        yield SettingsGroup("", form.title, read.values, form, "", _readings(source.content, form))
    except InterchangeError as unknown:
        if not format:
            # A TOML file may have any name.
            with suppress(NotTomlError):
                yield from _tables(Document.open(path, dialect), table)
                return
        raise DocumentError(f"{one_line(path)}: {unknown}") from None


def _tables(document: Document, table: str | None) -> Iterator[SettingsGroup]:
    application = document.application or ""
    for name in (table,) if table else document.tables() or (document.default_table(),):
        yield SettingsGroup(name, application, document.values(name))


def _readings(content: str, form: FormatSpec) -> dict[str, Variables]:
    """Return the variables as each quoting reads them, the program's own quoting first."""
    if not form.takes_quoting or (form.prefixes and not form.has_variables(content)):
        return {}
    own = form.quoting or ("docker" if form.prefixes else "python")
    return {
        quoting: _known(envfile.read(content, quoting))
        for quoting in dict.fromkeys((own, *QUOTINGS))
    }


def _known(entries: Iterable[Assignment]) -> Variables:
    return {
        entry.name: entry.value if isinstance(entry.value, str) else None
        for entry in entries
        if entry.name
    }


def _services(
    path: Path, content: str, format: str | None, table: str | None
) -> Iterator[SettingsGroup]:
    """Yield the services of a compose file that have mail variables of one known program."""
    near = Neighbours(path)
    file = ComposeFile(content, near.read, near.override)
    for name, service in file.services.items():
        evidence = evidence_of(service)
        known = [format] if format in evidence else [] if format else [*evidence]
        shown = tablepath.spelled(("services", name))
        if len(known) == 1 and table in (None, name, shown):
            form = format_named(str(known[0]))
            entries = assignments(service)
            values = import_variables(entries, form.name).values
            folder = absolute(path).parent
            sources, templates = (
                frozenset(os.path.normpath(folder / name) for name in names)
                for names in files_of(file, service.variables.values())
            )
            readings = {COMPOSE: _known(entries)}
            yield SettingsGroup(shown, form.title, values, form, name, readings, sources, templates)
