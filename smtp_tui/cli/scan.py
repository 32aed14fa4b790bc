"""`smtp-tui scan`: list the SMTP settings on this machine, and check them."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from smtp_tui.checks.each_once import OnceResult, OnceTarget, check_each_once
from smtp_tui.checks.exit_status import NEGATIVE, PASSED, exit_status, verdict_lines
from smtp_tui.checks.request import CheckRequest
from smtp_tui.cli.check import JOBS, MOST_JOBS
from smtp_tui.cli.commands import Invocation, resume_collection
from smtp_tui.cli.parser import UsageError, number_within, refuse_options, timeout_of
from smtp_tui.cli.terminal import print_error, print_line, wrapped
from smtp_tui.config.errors import one_line
from smtp_tui.config.file_access import other_writer
from smtp_tui.config.paths import is_folder
from smtp_tui.safe_text import mask_credentials
from smtp_tui.survey.scan import FoundSettings, ScanPlaceKind, ScanResult, scan_machine
from smtp_tui.survey.tree import SkipReason
from smtp_tui.survey.usual_names import skipped_texts

_WIDTH = 80
# Seconds for a check unless the call says more: many servers are tried, and some are long gone.
_TIMEOUT = 10.0
_CELL = 32
_COLUMNS = ("APPLICATION", "HOST", "PORT", "ENCRYPTION", "LOGIN", "PLACE")
# What the admin can do something about; the places of the others are only in the JSON.
_WITH_EXAMPLES = frozenset(SkipReason) - {
    SkipReason.LINK,
    SkipReason.SPECIAL,
    SkipReason.NO_SETTINGS,
    SkipReason.EXAMPLE,
    SkipReason.NO_TEXT,
    SkipReason.FILESYSTEM,
}


def scan(call: Invocation) -> int:
    """List the settings that are found; return 1 if there are none."""
    options = call.options
    folders = list(map(Path, call.words))
    for folder in folders:
        if not is_folder(folder):
            raise UsageError(f"{one_line(folder)} is not a folder")
    timeout = timeout_of(options)
    if not options.check:
        refuse_options(call, ("timeout", "jobs"), "{} needs --check")
    requested = JOBS if options.jobs is None else options.jobs
    jobs = int(number_within(requested, 1, MOST_JOBS, "--jobs needs a number"))
    result = scan_machine(folders)
    for problem in result.problems:
        print_error(f"not searched: {problem}")
    report = _JsonReport(result) if options.json else _TextReport(result)
    status = PASSED if result.found else NEGATIVE
    if options.check and result.found:
        targets = [_target(row, float(timeout or _TIMEOUT)) for row in result.found]
        resume_collection()
        status = asyncio.run(_check(targets, jobs, report))
    else:
        for index in range(len(result.found)):
            report.add(index, OnceResult())
    report.finish()
    return status


async def _check(targets: Sequence[OnceTarget], jobs: int, report: _Report) -> int:
    """Check each target, report them in their order, and return the highest exit status."""
    results: dict[int, OnceResult] = {}
    reported = 0
    async with aclosing(check_each_once(targets, jobs)) as found:
        async for index, result in found:
            results[index] = result
            while reported in results:
                report.add(reported, results[reported])
                reported += 1
    verdicts = [result.verdict for result in results.values() if result.verdict]
    return max(map(exit_status, verdicts), default=PASSED)


def _target(row: FoundSettings, timeout: float) -> OnceTarget:
    found = row.found
    origin = row.origins[0] if row.origins else None
    request = CheckRequest(
        values={**found.values, "timeout": timeout},
        base=origin.parent if origin else Path("/"),
        file=str(origin) if origin else None,
        table=found.name,
        assumed=frozenset(found.values) - found.given,
        origin=origin,
        extra=0.0,
    )
    return OnceTarget(
        label=str(row.places[0]), request=request, why_not=_why_not(row), no_login=_no_login(row)
    )


def _why_not(row: FoundSettings) -> str:
    """Return why settings are not checked at all."""
    found = row.found
    if found.is_off:
        return "not checked: mail is switched off there"
    if found.is_unsure:
        return "not checked: the program is not known, so its encryption is not known either"
    files = [key for key in ("ca_file", "client_certificate") if found.values.get(key)]
    if found.in_container and files:
        return f"not checked: its {files[0]} is inside the container; use check --in"
    return ""


def _no_login(row: FoundSettings) -> str:
    """Return why the login is not tried: only a password of the program itself is ever sent."""
    # Variables of this process and commands are not the program's; whoever wrote the file
    # would choose which of this user's secrets goes to a server.
    kind = row.password
    is_from_files = row.places[0].kind is not ScanPlaceKind.CONTAINER
    is_joined = kind == "set" and is_from_files and _have_other_writers(row.origins)
    if kind in ("none", "set") and not is_joined:
        return ""
    if is_joined or (kind == "file" and not row.found.in_container):
        writers = filter(None, map(other_writer, row.origins))
        return next((f"login not tried: {writer}" for writer in writers), "")
    places = {
        "env": "the password is in a variable of the program",
        "file": "the password is in a file inside the container",
        "command": "a command prints the password",
        "keyring": "the password is in a keyring",
        "ask": "the password is asked for",
    }
    return f"login not tried: {places.get(kind, 'the password is elsewhere')}"


def _have_other_writers(files: Sequence[Path]) -> bool:
    """Whether one file can be written by others than another one.

    Then its author could choose the server that gets a password from the other file.
    """
    rights = set()
    for file in files:
        try:
            found = file.stat()
        except OSError:
            return True
        group = found.st_gid if found.st_mode & stat.S_IWGRP else None
        rights.add((found.st_uid, group, found.st_mode & stat.S_IWOTH))
    return len(rights) > 1


class _Report:
    def __init__(self, result: ScanResult) -> None:
        self.result = result

    def add(self, index: int, result: OnceResult) -> None:
        """Report a row."""
        raise NotImplementedError

    def finish(self) -> None:
        """Report what was not read."""
        raise NotImplementedError


class _TextReport(_Report):
    """Prints a table, with verdicts below the rows, and what was skipped."""

    def __init__(self, result: ScanResult) -> None:
        super().__init__(result)
        self._cells = [_cells(row) for row in result.found]
        rows = [_COLUMNS, *self._cells]
        self._widths = [max(len(row[column]) for row in rows) for column in range(5)]
        if result.found:
            print_line(self._line(_COLUMNS))

    def _line(self, cells: Sequence[str]) -> str:
        padded = [cell.ljust(width) for cell, width in zip(cells, self._widths, strict=False)]
        return "  ".join([*padded, cells[-1]])

    def add(self, index: int, result: OnceResult) -> None:
        """Print the line of a row, its other places and its verdict."""
        first, *others = map(str, self.result.found[index].places)
        print_line(self._line((*self._cells[index][:-1], first)))
        indent = " " * (sum(self._widths) + 2 * len(self._widths))
        for place in others:
            print_line(f"{indent}{place}")
        if result.verdict:
            lines = [next(verdict_lines(result.verdict))]
            if cure := result.verdict.cure:
                lines.append(f"To do: {cure}")
            for text in lines:
                for line in wrapped(text, _WIDTH, "    ", "      ", break_long_words=False):
                    print_line(line)
        if result.note:
            print_line(f"    {result.note}")

    def finish(self) -> None:
        """Print how much was found, and what was not read."""
        count = len(self.result.found)
        found = f"{count} {'setting' if count == 1 else 'settings'}" if count else "no settings"
        if count:
            print_line("")
        if any(row.found.is_unsure for row in self.result.found):
            print_line(
                "?  several programs may read these variables; smtp-tui lists what is certain"
            )
        print_line(f"Found {found} in {self.result.seconds:.1f} s.")
        skipped, texts = self.result.skipped, skipped_texts()
        if skipped.counts:
            print_line("Left out:")
        for reason in SkipReason:
            if number := skipped.counts[reason]:
                examples = skipped.examples[reason] if reason in _WITH_EXAMPLES else []
                places = [one_line(example, 100) for example in examples]
                places += ["…"] if len(examples) < number else []
                listed = f" ({', '.join(places)})" if examples else ""
                text = f"{texts[reason]}: {number}{listed}"
                for line in wrapped(text, _WIDTH, "  ", "    ", break_long_words=False):
                    print_line(line)


def _cells(row: FoundSettings) -> tuple[str, ...]:
    values = row.values
    host = _cell(values["host"])
    if "host" not in row.found.given:
        host = f"({host})"  # the program's default
    encryption = _cell(values["encryption"])
    if values["starttls_auto"]:
        encryption = "if offered"
    application = row.found.application or "-"
    if row.found.is_unsure:
        application = encryption = "?"
    if row.found.is_off:
        application += " (off)"
    login = _cell(values["username"])
    return (application, host, _cell(values["port"]), encryption, login, str(row.places[0]))


def _cell(value: object) -> str:
    return "-" if value in (None, "") else one_line(mask_credentials(str(value)), _CELL)


def _plain(value: object) -> object:
    """Return a value as JSON shows it; what stands there by mistake may hold a password."""
    if isinstance(value, str):
        return mask_credentials(value)
    return value if isinstance(value, int) else None


class _JsonReport(_Report):
    """Prints an object for each row, and a summary."""

    def add(self, index: int, result: OnceResult) -> None:
        """Print the object of a row."""
        print_line(json.dumps(_as_object(self.result.found[index], result)))

    def finish(self) -> None:
        """Print the summary."""
        skipped = self.result.skipped
        content = {
            "event": "scanned",
            "found": len(self.result.found),
            "skipped": {
                str(reason): {"count": count, "examples": skipped.examples[reason]}
                for reason, count in sorted(skipped.counts.items())
            },
            "problems": list(self.result.problems),
            "seconds": round(self.result.seconds, 6),
        }
        print_line(json.dumps(content))


def _as_object(row: FoundSettings, result: OnceResult) -> dict[str, Any]:
    found, verdict = row.found, result.verdict
    values = {name: _plain(value) for name, value in row.values.items()}
    files = [place.name for place in row.places if place.kind is ScanPlaceKind.FILE]
    return {
        "event": "settings",
        "application": found.application or None,
        "format": found.format or None,
        "file": files[0] if files else None,
        "table": found.name or None,
        "places": [
            {"kind": str(place.kind), "name": place.name, "table": place.table or None}
            for place in row.places
        ],
        "host": values["host"],
        "host_is_default": "host" not in found.given,
        "port": values["port"],
        "encryption": values["encryption"],
        "starttls_auto": values["starttls_auto"],
        "username": values["username"],
        "password": row.password,
        "enabled": not found.is_off,
        "verdict": verdict
        and {
            "ok": verdict.ok,
            "stage": str(verdict.stage),
            "cause": verdict.cause,
            "summary": verdict.summary,
            "to_do": verdict.cure or None,
        },
        "note": result.note or None,
    }
