"""What runs first in smtp-tui.pyz: unpacks it once into a private folder, and starts the program.

Styles, texts and providers are files that the program reads by their paths, and modules load
quicker from a folder. Kept to what older Pythons can read, so that they too are told in one line.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

# A hash of all that is packed: the folder's name.
CONTENT = "@CONTENT@"
# The oldest Python that has what it needs; set when it is built.
LEAST = (3, 11)
PACKED = "packages.zip"
COUNT = "COUNT"
# As many as Linux follows in one path.
MOST_LINKS = 40

_OTHERS = 0o077
_OTHERS_WRITE = 0o022


def main() -> None:
    """Start the program from its folder."""
    if sys.version_info < LEAST:
        needed, found = (".".join(map(str, one[:2])) for one in (LEAST, sys.version_info))
        sys.exit(f"smtp-tui: this copy needs Python {needed} or newer, and this is {found}")
    try:
        sys.path[0] = str(folder())
    except KeyboardInterrupt:
        # As an interrupted program ends, so that a shell sees it; what was unpacked is removed.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    # From here to the program's own handler Ctrl+C ends it at once, without a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from smtp_tui.__main__ import run

    run()


def folder() -> Path:
    """Return the folder with the unpacked program; one line where there is no place for it."""
    reasons = []
    for place in places():
        try:
            return unpacked(prepared(place), Path(sys.argv[0]))
        except OSError as error:
            reasons.append(f"{place}: {error.strerror or error}")
    told = "; ".join(reasons)
    sys.exit(f"smtp-tui: no private folder to unpack into ({told}); name one in XDG_CACHE_HOME")


def places() -> Iterator[Path]:
    """Yield where to unpack: the user's cache, else a folder of the user's own among temporary."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    home = Path(os.environ.get("HOME", ""))
    if cache.is_absolute():
        yield cache / "smtp-tui"
    elif home.is_absolute() and home.is_dir():
        yield home / ".cache" / "smtp-tui"
    import tempfile  # seldom needed, and not quick to load

    yield Path(tempfile.gettempdir()) / f"smtp-tui-{os.geteuid()}"


def prepared(place: Path) -> Path:
    """Return the folder, made if need be: the user's own, and no one else can change it.

    Each part of the path is looked at, or made, only when nobody else can change the folder that it
    stands in. So what was seen of it stays true.
    """
    place = Path(os.path.abspath(place))  # noqa: PTH100 - the walk below follows the links
    here = Path(place.anchor)
    waiting = list(reversed(place.parts[1:]))
    links = 0
    while waiting:
        name = waiting.pop()
        if name == "..":  # in the target of a link
            here = here.parent
            continue
        entry = here / name
        with contextlib.suppress(FileExistsError):
            # Another call may be quicker, or another user: what is there then is looked at below.
            if not os.path.lexists(entry):
                entry.mkdir(0o700)
        found = entry.lstat()
        if not stat.S_ISLNK(found.st_mode):
            if waiting:
                refuse_open(entry, found)
            here = entry
            continue
        links += 1
        if not waiting:
            raise OSError(f"{entry} is a symbolic link")
        if found.st_uid not in (0, os.geteuid()) or links > MOST_LINKS:
            raise OSError(f"others can change {entry}")
        target = Path(os.readlink(entry))  # noqa: PTH115 - Path has no readlink in old Pythons
        here = Path(target.anchor) if target.is_absolute() else here
        waiting += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    if found.st_uid != os.geteuid() or found.st_mode & _OTHERS or not stat.S_ISDIR(found.st_mode):
        raise OSError("others can look into it")
    return here


def refuse_open(folder: Path, found: os.stat_result) -> None:
    """OSError where others can rename what stands in a folder, or the folder is none."""
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(f"{folder} is not a folder")
    shared = found.st_mode & _OTHERS_WRITE and not found.st_mode & stat.S_ISVTX
    if shared or found.st_uid not in (0, os.geteuid()):
        raise OSError(f"others can change {folder}")


def unpacked(place: Path, archive: Path) -> Path:
    """Return the program's folder in `place`, unpacked if it is not there yet."""
    target = place / CONTENT
    if is_whole(target):
        return target
    import shutil
    import tempfile
    import zipfile

    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=place))
    fresh = temporary / "new"
    try:
        with zipfile.ZipFile(archive) as outer:
            inner = zipfile.ZipFile(outer.open(PACKED))
            inner.extractall(fresh)
            (fresh / COUNT).write_text(str(len(inner.namelist())))
        if target.is_dir():  # a clean-up took files out of it
            target.rename(temporary / "old")
        try:
            fresh.rename(target)
        except OSError:
            if not is_whole(target):  # else another call was quicker
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def is_whole(target: Path) -> bool:
    """Whether everything is there: what cleans temporary folders takes single files."""
    try:
        wanted = int((target / COUNT).read_text())
    except (OSError, ValueError):
        return False
    # What Python itself adds does not count; COUNT, which it does not name, is one more.
    left = (files for folder, _, files in os.walk(target) if not folder.endswith("__pycache__"))
    return wanted < sum(map(len, left))


if __name__ == "__main__":
    main()
