"""Read the SMTP settings in a text of any kind that smtp-tui knows, with nothing read or run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path, PurePath
from typing import Any

from smtp_tui.config import file_reader, tablepath
from smtp_tui.config.dialects.plain import mail_tables
from smtp_tui.config.dialects.spec import PLAIN
from smtp_tui.config.toml_settings import TomlSettings
from smtp_tui.interchange.compose.encode import names
from smtp_tui.interchange.compose.neighbours import overrides_of
from smtp_tui.interchange.compose.recognition import assignments, evidence_of, files_of
from smtp_tui.interchange.compose.services import ComposeFile
from smtp_tui.interchange.import_builder import Assignment
from smtp_tui.interchange.importer import (
    companions,
    evidence_in,
    import_text,
    import_variables,
    recognise_variables,
)
from smtp_tui.interchange.spec import FormatEvidence, Imported, InterchangeError, format_named, text
from smtp_tui.records import record
from smtp_tui.settings.validate import parse_settings

ReadBeside = Callable[[str], str | None]
"""Returns the text of a file that another one names, None if it is not to be read."""


class UnclearError(InterchangeError):
    """The settings may be those of several programs."""


@record(kw_only=True)
class TextSettings:
    """The settings of one table, service, account or environment; `values` are raw, by our keys.

    `format` is the dialect or format; `application` is empty if nothing says whose settings they
    are. `given` are the keys that the text sets, `sources` the other files that do. `is_off`: the
    program sends no mail. `in_container`: paths in the values are those inside a container.
    `imported` is None for a TOML file. `is_unsure`: they may be those of several programs; they
    are only what is the same for all of them, which is never the encryption.
    """

    format: str
    application: str
    values: Mapping[str, Any] = field(repr=False)
    given: frozenset[str]
    name: str = ""
    sources: tuple[str, ...] = ()
    is_off: bool = False
    in_container: bool = False
    is_unsure: bool = False
    imported: Imported | None = field(default=None, repr=False)


def in_toml(content: str, path: Path) -> Iterator[TextSettings]:
    """Yield the SMTP tables of a TOML text; DocumentError if it is not TOML."""
    settings = TomlSettings(content, path)
    tables: Collection[str] = settings.tables()
    if settings.dialect == PLAIN:
        # A table with nothing but a host and a login may be that of a database.
        data = file_reader.parse_toml(content, path)
        sure = {tablepath.spelled(table) for table in mail_tables(data, only_sure=True)}
        tables = [table for table in tables if table in sure]
    for name in tables:
        values = settings.values(name)
        if settings.dialect == PLAIN and parse_settings(values).settings is None:
            continue  # any program may have a key `host`
        yield TextSettings(
            format=settings.dialect,
            application=settings.application or "",
            values=values,
            given=settings.given(name),
            name=name,
            is_off=bool(settings.switches_off(name)),
        )


def in_compose(content: str, path: PurePath, read: ReadBeside) -> Iterator[TextSettings]:
    """Yield the services of a compose file with mail variables.

    UnclearError if programs read those of a service differently; InterchangeError if compose
    rejects the file.
    """
    override = next(((name, more) for name in overrides_of(path) if (more := read(name))), None)
    file = ComposeFile(content, read, override)
    unclear = None
    for name, service in file.services.items():
        evidence = evidence_of(service)
        if len(evidence) != 1:
            try:
                for found in in_variables(assignments(service), service.image, in_container=True):
                    yield replace(found, name=tablepath.spelled(("services", name)))
            except UnclearError as error:
                unclear = error
            continue
        form = format_named(*evidence)
        own = names(form, service.variables)
        used = [variable for name, variable in service.variables.items() if name in own]
        sources, templates = files_of(file, used)
        yield _imported(
            import_variables(assignments(service), form.name),
            name=tablepath.spelled(("services", name)),
            sources=tuple(sorted(sources | templates)),
            in_container=True,
        )
    if unclear:
        raise unclear


def in_variables(
    variables: Iterable[Assignment], image: str = "", *, in_container: bool = False
) -> Iterator[TextSettings]:
    """Yield the settings in the variables of a container or a unit, if they have any.

    UnclearError if several programs read such variables, and differently.
    """
    entries = tuple(variables)
    found = recognise_variables(entries, image)
    every = [import_variables(entries, form) for form in found]
    if _is_certain(found, image):
        yield _imported(every[0], in_container=in_container)
    elif every:
        yield _agreed(every, in_container=in_container)


def in_format(
    content: str, path: PurePath, formats: Collection[str], read: ReadBeside
) -> Iterator[TextSettings]:
    """Yield the settings of a text in one of these formats, account by account.

    UnclearError if formats that it may have read it differently; InterchangeError if it has errors.
    """
    found = {
        name: evidence
        for name, evidence in evidence_in(content, path.name).items()
        if name in formats
    }
    if not found:
        return
    if not _is_certain(found):
        yield _agreed([import_text(content, form, name=path.name) for form in found])
        return
    (form,) = found
    others = companions(content, form, path.name)
    beside = {name: more for name in others if (more := read(name)) is not None}
    spec = format_named(form)
    accounts = spec.code("accounts")(content, spec) if spec.has_accounts else (None,)
    for account in accounts:
        imported = import_text(content, form, name=path.name, beside=beside, account=account)
        name = account if account and account != "default" else ""
        yield _imported(imported, name=name, sources=tuple(beside))


def _is_certain(found: Mapping[str, FormatEvidence], image: str = "") -> bool:
    """Whether there is evidence for one format alone, which is more than a guess."""
    return len(found) == 1 and all(
        evidence.is_sure or format_named(name).runs_in(image) for name, evidence in found.items()
    )


# Where the readings of these differ, nothing of a text is sure.
_CENTRAL = ("host", "port", "username", "password")
# What a program does about encryption is its own matter, whatever its variables are called.
_NOT_SAID_BY_NAMES = ("encryption", "starttls_auto", "openssl_verify_mode")


def _agreed(every: Sequence[Imported], *, in_container: bool = False) -> TextSettings:
    """Return what all of these readings of a text say; UnclearError if that is no server."""
    first, *others = every
    given = first.found.intersection(*(each.found for each in others))
    given = given.difference(_NOT_SAID_BY_NAMES)
    differing = {key for key in given for each in others if each.values[key] != first.values[key]}
    if "host" not in given or not differing.isdisjoint(_CENTRAL):
        raise UnclearError(text("ambiguous", formats=", ".join(each.format for each in every)))
    given -= differing
    values = {key: value for key, value in first.values.items() if key in given}
    return TextSettings(
        format="",
        application="",
        values=values,
        given=given,
        in_container=in_container,
        is_unsure=True,
        imported=Imported(first.format, values, given),
    )


def _imported(
    imported: Imported,
    *,
    name: str = "",
    sources: tuple[str, ...] = (),
    in_container: bool = False,
) -> TextSettings:
    title = format_named(imported.format).title
    off = text("not-enabled", program=title)
    return TextSettings(
        format=imported.format,
        application=title,
        values=imported.values,
        given=imported.found,
        name=name,
        sources=sources,
        is_off=any(note.text == off for note in imported.remarks),
        in_container=in_container,
        imported=imported,
    )
