"""Find the log of this machine's mail server, or say what is missing to read it."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
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
_NAME_A_FILE = "If the mail server logs to a file of its own, name it: --log FILE."
# Their members may read logs, and no more.
_READING_GROUPS = ("adm", "systemd-journal")
# Seconds for `postconf` or `exim` to answer.
_LIMIT = 5.0


class LogUnreadableError(Exception):
    """No log can be read: the message says what is missing, `cure` what to do."""

    def __init__(self, text: str, cure: str = "") -> None:
        super().__init__(text)
        self.cure = cure


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
        "this machine has no mail log in a usual place, and no journal", _NAME_A_FILE
    )


def _places_by_server() -> Iterator[list[Path | str]]:
    """Yield where each server may log, the likeliest first."""
    syslog: list[Path | str] = [*_existing_journal(), *_existing(_SYSLOG_FILES)]
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


def _is_readable(file: Path) -> bool:
    try:
        file.open("rb").close()
    except OSError:
        return False
    return True


def _open(place: Path | str) -> LogReader:
    if isinstance(place, Path):
        try:
            return LogFile(place)
        except PermissionError:
            raise _no_permission(place, f"the mail log {one_line(place)}") from None
        except OSError as error:
            why = reason(error) if error.errno else "it is not a regular file"
            raise LogUnreadableError(f"the mail log {one_line(place)}: {why}") from None
    program = shutil.which("journalctl", path=_SEARCH_PATH)
    if program is None:
        raise LogUnreadableError(
            "journalctl, which reads the journal, is not installed", _NAME_A_FILE
        )
    # journalctl itself would show an empty journal to a user who may not read it.
    files = list(_journal_files())
    if not files:
        raise LogUnreadableError("this machine keeps no journal", _NAME_A_FILE)
    if not any(map(_is_readable, files)):
        raise _no_permission(files[0], "the journal", "systemd-journal")
    try:
        return Journal(program)
    except OSError as error:
        raise LogUnreadableError(f"journalctl cannot be run: {reason(error)}") from None


def _no_permission(file: Path, name: str, group: str = "") -> LogUnreadableError:
    """Return the error for a file that this user may not read; the cure is a command."""
    user = _user_name()
    with suppress(OSError, KeyError):
        status = file.stat()
        if not group and status.st_mode & stat.S_IRGRP:
            group = grp.getgrgid(status.st_gid).gr_name
    if group in ("", "root"):
        return LogUnreadableError(f"{user} may not read {name}", "Run the same command with sudo.")
    text = f"{user} may not read {name}, and group {group} may"
    if group not in _READING_GROUPS:
        return LogUnreadableError(text, "Run the same command with sudo.")
    return LogUnreadableError(
        text,
        "Run the same command with sudo. Or join the group, and log in again: "
        f"sudo usermod -aG {group} {user}",
    )


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container's user
        return str(os.geteuid())
