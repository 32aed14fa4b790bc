"""The settings in a compose file: a table for each service with variables of a known program."""

from __future__ import annotations

import copy
from functools import cached_property
from pathlib import Path
from typing import Any

from smtp_tui.config import tablepath
from smtp_tui.config.dialects.spec import DialectRecognition
from smtp_tui.config.document import Document
from smtp_tui.config.errors import (
    DocumentError,
    NoTableError,
    NotExpressibleError,
    SeveralTablesError,
    one_line,
)
from smtp_tui.config.tablepath import Changes
from smtp_tui.interchange.compose import encode
from smtp_tui.interchange.compose.display import ComposeForDisplay
from smtp_tui.interchange.compose.edit import apply_changes
from smtp_tui.interchange.compose.neighbours import Neighbours
from smtp_tui.interchange.compose.recognition import (
    assignments,
    evidence_of,
    name_of_guess,
    unclear,
)
from smtp_tui.interchange.compose.services import PROGRAM, ComposeFile, ComposeService
from smtp_tui.interchange.export_builder import EXPORTED_TOGETHER
from smtp_tui.interchange.import_builder import EnvRef, UnresolvedVariable
from smtp_tui.interchange.importer import LARGEST, import_variables
from smtp_tui.interchange.spec import (
    FormatSpec,
    Imported,
    InterchangeError,
    format_named,
    formats,
    text,
)
from smtp_tui.safe_text import abridged
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.validate import equivalent

_SERVICES = "services"
_ENCRYPTION = ("encryption", "starttls_auto")
_SHOWN = 3


def open_compose(path: Path, dialect: str | None = None) -> Document:
    """Open a compose file; `dialect` is the format of its variables."""
    return Document.open(path, dialect, ComposeSettings)


class ComposeSettings:
    """The services of a compose file by our own keys; a chosen format applies to each service."""

    display = ComposeForDisplay

    def __init__(self, content: str, path: Path, chosen: str | None = None) -> None:
        self.text, self._path = content, path
        try:
            self._chosen = format_named(chosen) if chosen else None
            if self._chosen and not self._chosen.takes_variables:
                raise InterchangeError(text("no-variables", format=self._chosen.title))
            if len(content) > LARGEST:
                raise InterchangeError(text("too-large", limit=LARGEST >> 20))
            self._neighbours = near = Neighbours(path)
            self._file = ComposeFile(content, near.read, near.override)
        except InterchangeError as error:
            raise DocumentError(f"{one_line(path)}: {error}") from None

    @cached_property
    def _exact(self) -> ComposeFile:
        """The file with the places of its parts, which take PyYAML's own slow parser."""
        return self._file.reread(self.text, exact=True)

    @cached_property
    def _formats(self) -> dict[str, tuple[FormatSpec, str]]:
        """The format of each service that has one, and why."""
        found = {}
        for name, service in self._file.services.items():
            evidence = evidence_of(service)
            if self._chosen:
                if self._chosen.name in evidence or not evidence:
                    found[name] = (self._chosen, text("format-named"))
            elif len(evidence) == 1:
                ((form, why),) = evidence.items()
                found[name] = (format_named(form), why)
        return found

    @property
    def _forms(self) -> dict[str, FormatSpec]:
        return {form.name: form for form, _ in self._formats.values()}

    @property
    def dialect(self) -> str:
        """The name of the services' format, or `compose` if they have several."""
        return next(iter(self._forms)) if len(self._forms) == 1 else "compose"

    @property
    def application(self) -> str | None:
        """The program of the services, or docker compose if they have several."""
        forms = [*self._forms.values()]
        return forms[0].title if len(forms) == 1 else PROGRAM

    @property
    def recognition(self) -> DialectRecognition:
        """The format, and why the services have it."""
        reason = text("compose-file")
        if len(self._forms) == 1:
            services = dict[str, list[str]]()
            for name, (_, why) in self._formats.items():
                services.setdefault(why, []).append(name)
            reason = "; ".join(
                text("compose-service", service=names[0], why=why)
                if len(names) == 1
                else text("compose-several", services=abridged(names, _SHOWN), why=why)
                for why, names in services.items()
            )
        return DialectRecognition(self.dialect, self.application, reason, is_inside=True)

    @property
    def limits(self) -> dict[str, str]:
        """The reasons why no service's program can express some settings, by key."""
        forms = [*self._forms.values()]
        title = self.application
        return {
            key: f"{title} has no such setting."
            for key in BY_KEY
            if forms and not any(key in form.expresses | EXPORTED_TOGETHER for form in forms)
        }

    @property
    def secret_keys(self) -> frozenset[str]:
        """The names of the variables with passwords; others look secret anyway."""
        return frozenset(
            form.carrier or form.variable_of(encode.secret_name(form), prefix)
            for form in self._forms.values()
            for prefix in form.prefixes or (form.outer_prefix,)
        )

    def dialects(self) -> dict[str, str]:
        """List the formats that a service's variables can have, with their titles."""
        return {form.name: form.title for form in formats().values() if form.takes_variables}

    def tables(self) -> tuple[str, ...]:
        """List the services with mail variables, like `services.web`."""
        found = [name for name in self._formats if not self._chosen or self._has_evidence(name)]
        return tuple(map(_table_of, found))

    def _has_evidence(self, name: str) -> bool:
        service = self._file.services[name]
        return bool(evidence_of(service)) or name_of_guess(service) in self._forms

    def default_table(self) -> str:
        """Return the only service with mail variables; NoTableError or SeveralTablesError."""
        tables = self.tables()
        if len(tables) == 1:
            return tables[0]
        shown = one_line(self._path)
        if tables:
            listed = one_line(", ".join(tables))
            raise SeveralTablesError(
                f"{shown} has several services with mail settings; name one of {listed}", tables
            )
        for name, service in self._file.services.items():
            if several := evidence_of(service):
                raise NoTableError(f"{shown}: {unclear(name, several)}")
        raise NoTableError(f"{shown}: {text('compose-no-service')}")

    def new_table(self) -> str:
        """Raise NoTableError: a compose file is written by other means."""
        raise NoTableError(f"{one_line(self._path)}: {text('compose-no-service')}")

    def lacks(self, table: str) -> bool:
        """Return False: no service is ever created."""
        del table
        return False

    def unknown_keys(self, table: str) -> tuple[str, ...]:
        """List the mail variables that were not understood."""
        return tuple(unread.name for unread in self._imported(table).unread if unread.name)

    def misspelled_keys(self, table: str) -> dict[str, tuple[str, str]]:
        """Return nothing: a service also has the variables of everything else in it."""
        del table
        return {}

    def remarks(self, table: str) -> tuple[str, ...]:
        """Return remarks on the service's variables, and on other files that set them."""
        service = self._service(table)
        imported = self._imported(table)
        lines = [*self._neighbours.problems, *service.remarks]
        form, why = self._format(table)
        names = encode.names(form, service.variables)
        if len(self._forms) > 1:
            lines.append(text("compose-read-as", service=service.name, program=form.title, why=why))
        for variable in service.variables.values():
            if variable.name not in names:
                continue
            if variable.file:
                place = {"line": variable.line, "file": variable.file}
                lines.append(text("compose-elsewhere", name=variable.name, **place))
            elif variable.names:
                others = ", ".join(variable.names)
                is_known = all(self._file.line_of(name) for name in variable.names)
                identity = "compose-variable" if is_known else "compose-default"
                if not isinstance(variable.value, EnvRef | UnresolvedVariable):
                    lines.append(text(identity, name=variable.name, others=others))
        # What the program has by default shows in the values.
        on_link = [note for note in imported.remarks if note.key in ("", *_ENCRYPTION)]
        # A sentence that begins with a variable's name keeps its letters.
        own = [
            line if "_" in line.partition(" ")[0] else f"{line[:1].upper()}{line[1:]}"
            for line in lines
        ]
        return tuple(f"{line}." for line in (*own, *imported.unread, *on_link))

    def values(self, table: str) -> dict[str, Any]:
        """Return a service's raw values by our keys; NoTableError if it has none."""
        return dict(self._imported(table).values)

    def given(self, table: str) -> frozenset[str]:
        """Return which of our keys the service itself sets; NoTableError if it has none."""
        imported, service = self._imported(table), self._service(table)
        form, _ = self._format(table)
        plain = import_variables(
            [entry for entry in assignments(service) if entry.name in form.hosts],
            form.name,
        ).values
        is_set = {
            key
            for key in EXPORTED_TOGETHER
            if key in imported.values and imported.values[key] != plain.get(key)
        }
        if encode.decides_link(form, service.variables):
            is_set |= {key for key in _ENCRYPTION if key in imported.values}
        return imported.found | is_set

    def can_express(self, table: str, key: str, value: object) -> bool:
        """Return whether the service's program can express this one value."""
        changes = {key: value}
        if key == "password":
            # The form sets both, and a password alone counts for nothing.
            changes.setdefault("username", self.values(table).get("username") or "user")
        try:
            self.changed(table, changes, create=False)
        except NotExpressibleError as error:
            return error.key != key
        except DocumentError:
            return True
        return True

    def changed(self, table: str, changes: Changes, *, create: bool) -> ComposeSettings:
        """Return the settings of the text with `changes` made, and everything else unchanged."""
        del create  # no service is ever created
        old, given = self.values(table), self.given(table)
        wanted = {
            key: value
            for key, value in changes.items()
            if not equivalent(key, old.get(key), value) and (value is not None or key in given)
        }
        if not wanted:
            return self
        service, (form, _) = self._service(table), self._format(table)
        shown = one_line(self._path)
        if form.carrier:
            why = text("compose-carrier", name=form.carrier, program=form.title)
            raise NotExpressibleError(f"{shown}: {why}", next(iter(wanted)))
        try:
            variables, notes = encode.wanted_variables(form, service.variables, old, wanted)
        except NotExpressibleError as error:
            raise NotExpressibleError(f"{shown}: {error}", error.key) from None
        try:
            new = apply_changes(
                self._exact, service.name, variables, encode.names(form, service.variables)
            )
        except (DocumentError, InterchangeError) as error:
            raise DocumentError(f"{shown} was not changed: {error}") from None
        other = copy.copy(self)
        for cached in ("_formats", "_exact"):
            other.__dict__.pop(cached, None)
        other.text, other._file = new, self._file.reread(new)
        try:
            encode.check(form, old, given, other.values(table), wanted, notes)
        except NotExpressibleError as error:
            raise NotExpressibleError(f"{shown}: {error}", error.key) from None
        return other

    def _service(self, table: str) -> ComposeService:
        path = tablepath.parse_path(table)
        match path:
            case (str(top), str(name)) if top == _SERVICES and name in self._file.services:
                return self._file.services[name]
            case (str(name),) if name in self._file.services:
                return self._file.services[name]
        known = ", ".join(self.tables())
        raise NoTableError(
            f"{one_line(self._path)} has no service {one_line(table)}"
            + (f"; it has {one_line(known)}" if known else "")
        )

    def _format(self, table: str) -> tuple[FormatSpec, str]:
        service = self._service(table)
        if service.name in self._formats:
            return self._formats[service.name]
        problem = unclear(service.name, evidence_of(service))
        raise NoTableError(f"{one_line(self._path)}: {problem}")

    def _imported(self, table: str) -> Imported:
        form, _ = self._format(table)
        return import_variables(assignments(self._service(table)), form.name)


def _table_of(name: str) -> str:
    return tablepath.spelled((_SERVICES, name))
