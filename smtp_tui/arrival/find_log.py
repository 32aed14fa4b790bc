"""Find the log of this machine's mail server, or say what is missing to read it."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

from smtp_tui.arrival.log_reader import Journal, LogFile, LogReader
from smtp_tui.config.errors import one_line, reason
from smtp_tui.places.programs import ProgramError, run_program

JOURNAL = "journal"
"""What `--log` names systemd's journal by."""

# Mail servers live where an ordinary user's PATH does not look.
_SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
_SYSLOG_FILES = (Path("/var/log/mail.log"), Path("/var/log/maillog"))
_EXIM_FILES = (Path("/var/log/exim4/mainlog"), Path("/var/log/exim/main.log"))
_JOURNALS = (Path("/var/log/journal"), Path("/run/log/journal"))
# Seconds for `postconf` or `exim` to answer.
_LIMIT = 5.0


class LogUnreadableError(Exception):
    """No log can be read; the message is one line: what is missing, and what to do."""


def open_logs(named: str | None) -> list[LogReader]:
    """Open the named log, or those of the mail servers that are installed; it may wait.

    Raise LogUnreadableError if none can be read. The logs are read from now on, so this comes
    before the message is sent.
    """
    if named is not None:
        return [_open(JOURNAL if named == JOURNAL else Path(named).expanduser())]
    problems: list[LogUnreadableError] = []
    opened: dict[object, LogReader] = {}
    for places in _places_by_server():
        for place in places:
            if place in opened:
                break
            try:
                opened[place] = _open(place)
                break
            except LogUnreadableError as error:
                problems.append(error)
    if opened:
        return list(opened.values())
    if problems:
        raise problems[0]
    raise LogUnreadableError(
        "smtp-tui found no mail log on this machine. Name it with --log FILE, or --log journal"
    )


def _places_by_server() -> Iterator[list[Path | str]]:
    """Yield where each server may log, the likeliest first."""
    syslog = [*_existing_journal(), *_existing(_SYSLOG_FILES)]
    if program := shutil.which("postconf", path=_SEARCH_PATH):
        named = _answer(program, "-h", "maillog_file")
        yield [Path(named)] if named else syslog
    for name in ("exim4", "exim"):
        if program := shutil.which(name, path=_SEARCH_PATH):
            pattern = _answer(program, "-bP", "log_file_path").partition("=")[2]
            files = [Path(part.strip().replace("%s", "main")) for part in pattern.split(":")]
            files = [file for file in files if file.is_absolute()]
            yield [*(files or _existing(_EXIM_FILES)), *syslog]
            break
    yield syslog


def _answer(*argv: str) -> str:
    try:
        return run_program(argv, _LIMIT).strip()
    except ProgramError:  # it is installed, but not configured
        return ""


def _existing(files: tuple[Path, ...]) -> list[Path]:
    return [file for file in files if file.exists()]


def _existing_journal() -> list[str]:
    has_program = shutil.which("journalctl", path=_SEARCH_PATH)
    return [JOURNAL] if has_program and any(_journal_files()) else []


def _journal_files() -> Iterator[Path]:
    for folder in _JOURNALS:
        yield from folder.glob("*/system.journal")


def _open(place: Path | str) -> LogReader:
    if isinstance(place, Path):
        try:
            return LogFile(place)
        except PermissionError:
            raise LogUnreadableError(_who_may_read(place)) from None
        except OSError as error:
            why = reason(error) if error.errno else "it is not a regular file"
            raise LogUnreadableError(
                f"smtp-tui cannot read the mail log {one_line(place)}: {why}. "
                "Name another one with --log FILE, or --log journal"
            ) from None
    program = shutil.which("journalctl", path=_SEARCH_PATH)
    if program is None:
        raise LogUnreadableError(
            "journalctl is not installed, so smtp-tui cannot read the journal. "
            "Name the mail log with --log FILE"
        )
    # journalctl itself would show an empty journal to a user who may not read it.
    files = list(_journal_files())
    if files and not any(os.access(file, os.R_OK) for file in files):
        raise LogUnreadableError(_who_may_read(files[0], "the journal", "systemd-journal"))
    try:
        return Journal(program)
    except OSError as error:
        raise LogUnreadableError(f"journalctl cannot be run: {reason(error)}") from None


def _who_may_read(file: Path, name: str = "", group: str = "") -> str:
    """Return who reads a file that this user may not read, with the command to type."""
    user = pwd.getpwuid(os.geteuid()).pw_name if _has_name() else str(os.geteuid())
    try:
        status = file.stat()
        if not group and status.st_mode & 0o040:
            group = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        pass
    name = name or f"the mail log {one_line(file)}"
    text = f"{user} may not read {name}"
    if group and group != "root":
        return (
            f"{text}; group {group} may. Run the same command with sudo, or join the group: "
            f"sudo usermod -aG {group} {user}, then log in again"
        )
    return f"{text}. Run the same command with sudo"


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:  # a container's user
        return False
    return True
