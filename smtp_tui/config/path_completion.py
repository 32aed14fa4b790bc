"""Complete a half-typed path from the folders of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import takewhile
from pathlib import Path
from time import monotonic

from smtp_tui.config.paths import expand, is_folder
from smtp_tui.records import record
from smtp_tui.threads import in_daemon_thread

# The longest time that Tab may take, in seconds: a network file system may not answer.
PATIENCE = 0.3
MOST_NAMES = 200
# Names of folders that no folder lists.
_FOLDERS = ("~", "..")


@record
class PathCompletion:
    """A text completed as far as is certain, and what may follow: the first names, and how many."""

    text: str
    names: tuple[str, ...] = ()
    count: int = 0


async def complete_path(text: str, base: Path) -> PathCompletion | None:
    """Complete a path that may be relative to `base`; None if nothing matches or time is up."""
    with suppress(TimeoutError, OSError, ValueError):
        return await in_daemon_thread(partial(completion_of, text, base), PATIENCE)
    return None


def completion_of(text: str, base: Path) -> PathCompletion | None:
    """Complete a path that may be relative to `base`; None if it is a file, or nothing matches."""
    folder, slash, start = text.rpartition("/")
    # A path keeps its spelling: `~` and relative folders stay as they were typed.
    folder += slash
    if start in _FOLDERS and is_folder(expand(text, base)):
        return PathCompletion(f"{text}/")
    names: list[str] = []
    count, common, deadline = 0, "", monotonic() + PATIENCE
    for entry in _entries(expand(folder, base) if folder else base, start):
        if monotonic() > deadline:
            return None
        name = entry.name
        # A folder may have millions of names; only those that show are looked at.
        if count < MOST_NAMES:
            name += "/" if _is_folder(entry) else ""
            names.append(name)
        common = _shared_start(common, name) if count else name
        count += 1
    if not count or start in names:
        return None
    return PathCompletion(folder + common, tuple(sorted(names)), count)


def _entries(folder: Path, start: str) -> Iterator[os.DirEntry[str]]:
    """Yield the files and folders whose name begins with `start`; hidden ones need its dot."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            is_hidden = name.startswith(".") and not start
            # A setting holds no control characters, and no bytes that are not UTF-8.
            if name.startswith(start) and not is_hidden and name.isprintable():
                yield entry


def _shared_start(name: str, other: str) -> str:
    pairs = zip(name, other, strict=False)
    return "".join(letter for letter, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        return entry.is_dir()
    return False
