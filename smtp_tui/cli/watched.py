"""What a watch checks each time: the file as it stands now, and what marks its password."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from smtp_tui.checks.run import Request
from smtp_tui.checks.secrets import Given
from smtp_tui.checks.watching import Attempt
from smtp_tui.cli.calls import Call
from smtp_tui.cli.requests import read_again
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.paths import expand
from smtp_tui.config.wording import one_line
from smtp_tui.settings.reading import read
from smtp_tui.settings.sources import Command, File, Keyring

_LARGEST = 64 * 1024
_KEY = os.urandom(32)


def attempt_of(call: Call, first: Request) -> Attempt:
    """Put together the next check; a password that the call handed over stays what it was."""
    try:
        request = read_again(call, first)
    except DocumentError as error:
        return Attempt(request=None, refusal=str(error))
    except Exception as error:  # a defect that today's file brings out does not end the watch
        return Attempt(request=None, defect=error)
    source = _source(request)
    return Attempt(
        request=request,
        mark=(dict(request.values), _mark(source, request)),
        can_change=request.file is not None or isinstance(source, File),
    )


def waits_for(attempt: Attempt) -> str:
    """Say what must change before a password that was refused is sent again."""
    request = attempt.request
    assert request is not None
    if not attempt.can_change:
        return (
            "The server rejected the password, and no file of this call can change; smtp-tui stops."
        )
    file = one_line(request.file or "")
    source = _source(request)
    match source:
        case File(path=path):
            until = " or ".join(filter(None, (file, one_line(path))))
            rest = ""
        case Keyring() | Command():
            until = file
            rest = f" After you change the password, run: touch {file}"
        case _ if request.given is not None:
            until = file
            rest = " To use another password, start smtp-tui again."
        case _:
            until, rest = file, ""
    return f"The server rejected the password. smtp-tui sends it again when {until} changes.{rest}"


def _source(request: Request) -> Given | None:
    if request.given is not None:
        return request.given
    settings = read(request.values).settings
    return settings.password if settings else None


def _mark(source: Given | None, request: Request) -> object:
    """Return what is another when the source has another password, as far as can be seen."""
    match source:
        case File(path=path):
            return _content(expand(path, request.base))
        case Keyring() | Command() if request.file is not None:
            # To ask them each time might open a window, or unlock something, each time.
            with suppress(OSError):
                return Path(request.file).stat().st_mtime_ns
            return None
        case _:
            return None


def _content(path: Path) -> bytes | None:
    """Return a hash of a file, which tells nothing of the password in it; None for a pipe."""
    with suppress(OSError):
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return hashlib.blake2b(file.read(_LARGEST), key=_KEY).digest()
    return None
