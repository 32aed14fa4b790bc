"""Keep unsaved changes of a form that ended unexpectedly in a file, for the next start.

No secrets are saved: a value that holds a password, such as a URL as host, is left out. Each form's
changes are in a private file in the user's state folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from smtp_tui.config.atomic_write import create
from smtp_tui.config.paths import real, unsaved_folder
from smtp_tui.records import record
from smtp_tui.safe_text import mask_credentials
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.password_sources import KeyringSource, own_entry
from smtp_tui.tui.model.draft import HOST, PASSWORD, SettingsDraft
from smtp_tui.tui.model.password import location_of, source_of, typed_text
from smtp_tui.tui.model.row_state import KEPT
from smtp_tui.tui.model.undo import UndoStack

DISCARD = "Discard the kept changes for good? There is no other copy."
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
    folder = unsaved_folder(environ)
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
        for path in sorted((unsaved_folder(environ)).iterdir()):
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


def keep_changes(draft: SettingsDraft, file: Path, table: str) -> bool:
    """Keep a draft's changes, if any, for the next session; return whether they were kept."""
    unsaved = _unsaved_changes(draft, file, table)
    return unsaved is not None and save_recovery(unsaved)


def kept_changes(
    file: Path, table: str, new_draft: Callable[[], SettingsDraft]
) -> RecoveredChanges | None:
    """Return the last saved changes that the file does not have yet; discard others."""
    name = str(real(file))
    recovered = load_recovery(name, table)
    if recovered is None or _has_news(recovered, new_draft()):
        return recovered
    # Somebody has made them in the file since then: there is nothing to ask.
    discard_recovery(name, table)
    return None


def _unsaved_changes(draft: SettingsDraft, file: Path, table: str) -> RecoveredChanges | None:
    """Return a draft's changes, without secrets; None if there are none."""
    if not draft.changed:
        return None
    password = draft.password
    changed = {key: draft.raw(key) for key in draft.changed if key != PASSWORD}
    # A URL may contain a password, which must not go into another file.
    values = {key: raw for key, raw in changed.items() if mask_credentials(str(raw)) == str(raw)}
    # Keep the password's location, never what was typed.
    place = draft.raw(PASSWORD) if password.changed else None
    is_typed = password.is_masked and bool(password.text)
    return RecoveredChanges(
        file=str(real(file)),
        table=table,
        moment=time.time(),
        values=values,
        place=place if isinstance(place, dict) else None,
        had_secret=is_typed or values.keys() != changed.keys(),
    )


def _has_news(recovered: RecoveredChanges, draft: SettingsDraft) -> bool:
    """Whether the changes differ from the file, of which `draft` is a new draft."""
    draft.restore(_fields(recovered))
    _place_password(draft, recovered)
    return bool(draft.changed)


def restore_changes(recovered: RecoveredChanges, draft: SettingsDraft, history: UndoStack) -> str:
    """Apply the changes to a draft, and return a message about them."""
    if recovered.place:
        history.apply(draft, {}, lambda: _place_password(draft, recovered), at=KEPT)
    history.apply(draft, _fields(recovered))
    labels = ", ".join(BY_KEY[key].label for key in draft.changed)
    again = " The password that you typed was not kept; type it again."
    again = again if recovered.had_secret else ""
    return f"Restored, not saved yet: {labels}.{again}"


def recovery_question(recovered: RecoveredChanges, now: float) -> str:
    """Return the text that says when the changes were made, and to which fields."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(recovered.moment))
    if when.startswith(time.strftime("%Y-%m-%d ", time.localtime(now))):
        when = when.partition(" ")[2]
    keys = [*_fields(recovered), *([PASSWORD] if recovered.place else ())]
    labels = ", ".join(BY_KEY[key].label for key in keys)
    return f"There are unsaved changes from {when}: {labels}."


def _fields(recovered: RecoveredChanges) -> dict[str, object | None]:
    """Return the recovered values of known fields, except the password."""
    return {key: raw for key, raw in recovered.values.items() if key in BY_KEY and key != PASSWORD}


def _place_password(draft: SettingsDraft, recovered: RecoveredChanges) -> None:
    """Choose the recovered location of the password."""
    source = source_of(dict(recovered.place)) if recovered.place else None
    own = own_entry(str(recovered.values.get(HOST) or draft.text(HOST)))
    if isinstance(source, KeyringSource) and source != own:
        draft.password.use_entry(source.service)
    elif source is not None:
        draft.password.move_to(location_of(source))
        if name := typed_text(source):
            draft.password.type(name)
