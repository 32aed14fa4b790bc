"""`smtp-tui check --in CONTAINER` and `--as-pid PID`: check from where the application runs."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from smtp_tui.checks.equivalents import quoted
from smtp_tui.checks.place_settings import NoSettingsError, notes_on, settings_of
from smtp_tui.checks.request import CheckRequest, CheckTarget
from smtp_tui.cli.check import (
    check_request,
    print_refusal,
    reporters_of,
    template_of,
    with_typed_password,
)
from smtp_tui.cli.commands import Invocation, flag_of
from smtp_tui.cli.parser import UsageError, refuse_options
from smtp_tui.cli.reporters import run_checks
from smtp_tui.config.errors import DocumentError, SeveralTablesError
from smtp_tui.config.paths import absolute
from smtp_tui.lazy import load
from smtp_tui.places.errors import NotPermitted, PlaceError
from smtp_tui.places.place import Place, PlaceKind, open_place

# Debian's secure_path and Red Hat's have these folders in common.
_FOUND_BY_SUDO = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
_PLACES = ("in", "as_pid", "as_unit")
# Options for several checks, or for one from this machine.
_EXCLUDED = ("all", "jobs", "watch", "domain_check")


def check_from_place(call: Invocation, format_: str) -> int:
    """Run the check from a container or a process, and return the exit status."""
    refuse_with_place(call)
    options = vars(call.options)
    kind, word = PlaceKind.CONTAINER, options["in"]
    if word is None:
        kind, word = PlaceKind.PROCESS, str(options["as_pid"])
    reporters = reporters_of(call, format_)
    try:
        with open_place(kind, word) as place:
            target = _target(call, place)
            if call.options.record is not None:
                target = load("cli.recording:with_redactors")(target)
            status = run_checks([target], 1, reporters)
    except NotPermitted as error:
        line = " ".join(map(quoted, ["sudo", *own_program(), *sys.argv[1:]]))
        raise UsageError(f"{_text_of(error)}; run: {line}") from None
    except PlaceError as error:
        run = f"; run: {error.command}" if error.command else ""
        raise UsageError(f"{_text_of(error)}{run}") from None
    print_refusal(target)
    return status


def own_program() -> list[str]:
    """Return the words that start this program again, under sudo and in the same folder."""
    path = absolute(Path(sys.argv[0]))
    if path.name == "__main__.py":
        # Without -P, a folder smtp_tui in the current one would be run.
        return [sys.executable, "-P", "-m", "smtp_tui"]
    if not os.access(path, os.X_OK):
        return [sys.executable, str(path)]
    return [path.name if str(path.parent) in _FOUND_BY_SUDO else str(path)]


def _text_of(error: PlaceError) -> str:
    """Return the text for a line that begins with the program's name."""
    return str(error).removeprefix("smtp-tui ")


def refuse_with_place(call: Invocation) -> None:
    """Raise UsageError for what cannot be combined with a choice of place."""
    given = [flag_of(name) for name in _PLACES if name in call.given]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} choose two places: give only one of them")
    refuse_options(call, _EXCLUDED, f"{{}} cannot be used with {given[0]}")
    if len(call.words) > 1:
        raise UsageError(f"{given[0]} checks one table: name one FILE")


def _target(call: Invocation, place: Place) -> CheckTarget:
    try:
        request = replace(_request(call, place), place=place)
    except SeveralTablesError:
        raise
    except (DocumentError, NoSettingsError) as error:
        file = call.words[0] if call.words else None
        return CheckTarget(file=file, table=call.options.table, refusal=str(error))
    return CheckTarget(file=request.file, table=request.table, request=request)


def _request(call: Invocation, place: Place) -> CheckRequest:
    """Return the request for a FILE or a host of the call; else for the place's variables."""
    template = template_of(call)
    if call.words or "host" in template.values:
        return check_request(call)
    if call.options.table:
        raise UsageError("--table needs a FILE")
    imported = settings_of(place, call.options.dialect)
    request = replace(
        template,
        values={**imported.values, **template.values},
        # Relative paths are those of the application.
        base=Path(place.process.folder),
        settings_from=place.title,
        notes=tuple(notes_on(place, imported)),
    )
    return with_typed_password(request, ask=call.options.ask_password)
