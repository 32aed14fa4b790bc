"""Tell which program's mail variables a service has, and import them as a text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from smtp_tui.interchange.compose.services import (
    DOT_ENV,
    ComposeFile,
    ComposeService,
    ComposeVariable,
)
from smtp_tui.interchange.import_builder import Assignment
from smtp_tui.interchange.importer import import_variables, recognise_variables
from smtp_tui.interchange.spec import (
    ImportAccountError,
    Imported,
    ImportNote,
    InterchangeError,
    format_named,
    formats,
    text,
)


def assignments(service: ComposeService) -> list[Assignment]:
    """Return the variables of a service."""
    return [variable.assignment for variable in service.variables.values()]


def evidence_of(service: ComposeService) -> dict[str, str]:
    """Return the formats that a service's variables may have, and why."""
    found = recognise_variables(assignments(service), service.image)
    is_alone = len(found) == 1
    return {
        name: evidence.words
        for name, evidence in found.items()
        if evidence.is_sure or not is_alone or format_named(name).runs_in(service.image)
    }


def files_of(
    file: ComposeFile, variables: Collection[ComposeVariable]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the other files that set variables, and those whose variables are in the values."""
    sources = frozenset(variable.file for variable in variables if variable.file)
    used = {name for variable in variables for name in variable.names}
    return sources, frozenset([DOT_ENV] if any(map(file.line_of, used)) else [])


def name_of_guess(service: ComposeService) -> str:
    """Return the only format that a service's variables fit, even if they fit any program."""
    found = [*recognise_variables(assignments(service), service.image)]
    return found[0] if len(found) == 1 else ""


def unclear(service: str, several: Iterable[str]) -> str:
    """Return why a service with variables of several formats, or of none, is not read."""
    if names := ", ".join(several):
        return text("compose-ambiguous", service=service, formats=names)
    return text("compose-no-variables", service=service, formats=", ".join(formats()))


def companions(content: str) -> list[str]:
    """Return the paths of the files that compose reads with this one."""
    names: list[str] = []
    with suppress(InterchangeError):
        ComposeFile(content, names.append)
    return names


def import_service(
    content: str, format: str | None, service: str | None, beside: Mapping[str, str]
) -> Imported:
    """Import the variables of a service, or of the only one with mail variables.

    ImportAccountError if there is no such service, or if there are several and none is named.
    """
    services = ComposeFile(content, beside.get).services
    found = {name: evidence_of(inner) for name, inner in services.items()}
    usable = [name for name, formats in found.items() if formats and format in (None, *formats)]
    names = ", ".join(usable or services)
    if service is None and len(usable) == 1:
        service = usable[0]
    if service is None or service not in services:
        if not usable:
            raise InterchangeError(text("compose-no-service"))
        raise ImportAccountError(text("compose-services", names=names))
    known = [format] if format else [*found[service]]
    if len(known) != 1:
        identity = "compose-ambiguous" if known else "compose-no-variables"
        raise InterchangeError(
            text(identity, service=service, formats=", ".join(known or formats()))
        )
    why = found[service].get(known[0], text("format-named"))
    imported = import_variables(assignments(services[service]), format_named(known[0]).name)
    remarks = (*(ImportNote("", remark) for remark in services[service].remarks), *imported.remarks)
    why = text("compose-service", service=service, why=why)
    return replace(imported, why=why, remarks=remarks)
