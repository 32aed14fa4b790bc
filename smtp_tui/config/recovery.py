"""Changes of a form that ended without being asked: kept for the next time, never a secret.

A value that holds a password, such as a URL as host, is left out. Each stands in a private file of
its own in the user's state folder.
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
_HOME = 4  # folders up, in `.local/state`; a service's home that is not there is not made
_OLD = 90 * 24 * 3600
_VALUES = (str, bool, int, float, type(None))


@record(kw_only=True)
class RecoveredChanges:
    """What a form said otherwise than its file."""

    file: str
    table: str
    moment: float  # seconds since 1970
    values: Mapping[str, object]  # raw, None for a key taken away
    place: Mapping[str, object] | None = None  # where the password is kept, if that was changed
    had_secret: bool = False  # one was typed, which is not kept


def save_recovery(unsaved: RecoveredChanges, environ: Mapping[str, str] = os.environ) -> bool:
    """Write it down; False where that is impossible."""
    content = {name: getattr(unsaved, name) for name in RecoveredChanges.__dataclass_fields__}
    # A password may have been typed into a field that is for something else.
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
    """Return what was kept last of a file's table."""
    found = [kept for _, kept in _kept(environ) if (kept.file, kept.table) == (file, table)]
    return max(found, key=lambda kept: kept.moment, default=None)


def discard_recovery(file: str, table: str, environ: Mapping[str, str] = os.environ) -> None:
    """Forget all that was kept of a file's table, and what is old and of files that are gone."""
    for path, kept in _kept(environ):
        is_stale = time.time() - kept.moment > _OLD and not Path(kept.file).exists()
        if (kept.file, kept.table) == (file, table) or is_stale:
            with contextlib.suppress(OSError):
                path.unlink()


def _kept(environ: Mapping[str, str]) -> Iterator[tuple[Path, RecoveredChanges]]:
    with contextlib.suppress(OSError):
        for path in sorted((state_folder(environ) / "unsaved").iterdir()):
            # What is none of ours, or damaged, is passed over.
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                yield path, _read(path)


def _read(path: Path) -> RecoveredChanges:
    # Neither a link nor a pipe of another user's making is followed or waited for.
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
