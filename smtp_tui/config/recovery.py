"""Save unsaved changes of a form that ended unexpectedly, and load them at the next start.

No secrets are saved: a value that holds a password, such as a URL as host, is left out. Each form's
changes are in a private file in the user's state folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from smtp_tui.config.atomic_write import create
from smtp_tui.config.paths import state_folder
from smtp_tui.records import record
from smtp_tui.settings.masking import mask_credentials

_LONGEST = 100_000
_HOME = 4  # levels above `unsaved`; a missing home, such as a service's, is not created
_OLD = 90 * 24 * 3600
_VALUES = (str, bool, int, float, type(None))


@record(kw_only=True)
class RecoveredChanges:
    """Unsaved changes of a form to one table of its file."""

    file: str
    table: str
    moment: float  # seconds since 1970
    values: Mapping[str, object]  # raw, None for a removed key
    place: Mapping[str, object] | None = None  # the password source, if that was changed
    had_secret: bool = False  # a password was typed, which is not saved


def save_recovery(unsaved: RecoveredChanges, environ: Mapping[str, str] = os.environ) -> bool:
    """Save the changes; False if that fails."""
    content = {name: getattr(unsaved, name) for name in RecoveredChanges.__dataclass_fields__}
    # A password may have been typed into another field.
    content["values"] = {
        key: raw
        for key, raw in unsaved.values.items()
        if not isinstance(raw, str) or mask_credentials(raw) == raw
    }
    folder = state_folder(environ) / "unsaved"
    name = f"{int(unsaved.moment)}-{os.getpid()}-{time.monotonic_ns()}.json"
    try:
        if not [*folder.parents][:_HOME][-1].is_dir():
            return False
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return create(folder / name, json.dumps(content).encode("ascii"))
    except OSError:
        return False


def load_recovery(
    file: str, table: str, environ: Mapping[str, str] = os.environ
) -> RecoveredChanges | None:
    """Return the last saved changes of a file's table, or None."""
    found = [saved for _, saved in _saved(environ) if (saved.file, saved.table) == (file, table)]
    return max(found, key=lambda saved: saved.moment, default=None)


def discard_recovery(file: str, table: str, environ: Mapping[str, str] = os.environ) -> None:
    """Delete the saved changes of a file's table, and old ones of files that no longer exist."""
    for path, saved in _saved(environ):
        is_stale = time.time() - saved.moment > _OLD and not Path(saved.file).exists()
        if (saved.file, saved.table) == (file, table) or is_stale:
            with contextlib.suppress(OSError):
                path.unlink()


def _saved(environ: Mapping[str, str]) -> Iterator[tuple[Path, RecoveredChanges]]:
    with contextlib.suppress(OSError):
        for path in sorted((state_folder(environ) / "unsaved").iterdir()):
            # Skip files that are damaged or not ours.
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                yield path, _read(path)


def _read(path: Path) -> RecoveredChanges:
    # Never follow a symbolic link or wait for a pipe that another user made.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise OSError
        content = json.loads(file.read(_LONGEST))
    values, place = content["values"], content["place"]
    return RecoveredChanges(
        file=str(content["file"]),
        table=str(content["table"]),
        moment=float(content["moment"]),
        values={str(key): raw for key, raw in values.items() if isinstance(raw, _VALUES)},
        place=place if isinstance(place, dict) else None,
        had_secret=bool(content["had_secret"]),
    )
