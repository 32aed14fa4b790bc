"""Whether a settings file may have this user fetch the password that it names.

Whoever can change the file chooses the command that runs, and the server that gets what a file or a
keyring holds. So where somebody besides root and this user can change it, no command is run, no
password file is read that only these two can read, and no keyring entry is sent to a host that it
is not named for: one that names no host may be the password of anything. An environment variable
was put there by whoever started this program: it counts as handed over.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from smtp_tui.config.file_access import is_private, other_writer
from smtp_tui.config.paths import absolute, expand
from smtp_tui.config.wording import one_line, shown_command
from smtp_tui.records import record
from smtp_tui.settings.keyring_names import is_named_for
from smtp_tui.settings.sources import Command, File, Keyring, PasswordSource


@record
class Distrust:
    """Why a source is not used: `act` is what it would do, `writer` who could have asked for it.

    Both are clauses: "run the command pass show mail", "the user bob can write /srv/app".
    """

    act: str
    writer: str

    def __str__(self) -> str:
        """Say it as the reason of a failed check."""
        return (
            f"smtp-tui did not {self.act}, as the settings file says: {self.writer}. Let only "
            "you and root write the file and the folders above it, or use --ask-password or "
            "--password-stdin"
        )


def distrust(
    source: PasswordSource | None,
    file: Path,
    *,
    host: str,
    environ: Mapping[str, str] = os.environ,
) -> Distrust | None:
    """Say why the source that a settings file names should not be used; None if it may be."""
    act = _act(source, file, host, environ)
    if act is None:
        return None
    writer = other_writer(file)
    return Distrust(act, writer) if writer else None


def _act(
    source: PasswordSource | None, file: Path, host: str, environ: Mapping[str, str]
) -> str | None:
    """Name what a source does that only its own user should be able to ask for."""
    match source:
        case Command(argv):
            return f"run the command {shown_command(argv)}"
        case File(path):
            found = expand(path, absolute(file).parent, environ)
            return f"use the password file {one_line(found)}" if is_private(found) else None
        case Keyring(service) if not is_named_for(service, host):
            return f"send the keyring entry {one_line(service, 80)} to {one_line(host, 80)}"
        case _:
            return None
