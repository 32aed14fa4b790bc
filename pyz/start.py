"""Start smtp-tui.pyz: unpack it once into a private folder and run the program.

The program reads styles, texts and providers by path, and modules load faster from a folder. The
syntax is that of Python 3.6 (Red Hat Enterprise Linux 8), which must get as far as one line.
"""

import contextlib
import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

# A hash of the packed files: the folder's name.
CONTENT = "@CONTENT@"
# The oldest Python that can run it; set when it is built.
LEAST = (3, 11)
PACKED = "packages.zip"
COUNT = "COUNT"
# Linux's limit for one path.
MOST_LINKS = 40

_OTHERS = 0o077
_OTHERS_WRITE = 0o022

# Before the functions: an older Python fails on the types that they return.
if sys.version_info < LEAST:
    _needed, _found = (".".join(map(str, version[:2])) for version in (LEAST, sys.version_info))
    sys.exit(f"smtp-tui: this copy needs Python {_needed} or newer, and this is {_found}")


def main() -> None:
    """Start the program from its folder."""
    try:
        sys.path[0] = str(folder())
    except KeyboardInterrupt:
        # Die of the signal, so that a shell sees it; unpacked files are removed by now.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    # Until the program sets its own handler, Ctrl+C ends it without a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from smtp_tui.__main__ import run

    run()


def folder() -> Path:
    """Return the unpacked program's folder; exit with one line if there is no place for it."""
    reasons = []
    for place in places():
        try:
            return unpacked(prepared(place), Path(sys.argv[0]))
        except OSError as error:
            reasons.append(f"{place}: {error.strerror or error}")
    details = "; ".join(reasons)
    sys.exit(f"smtp-tui: no private folder to unpack into ({details}); name one in XDG_CACHE_HOME")


def places() -> Iterator[Path]:
    """Yield folders to unpack into: in the user's cache, then in the temporary folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    home = Path(os.environ.get("HOME", ""))
    if cache.is_absolute():
        yield cache / "smtp-tui"
    elif home.is_absolute() and home.is_dir():
        yield home / ".cache" / "smtp-tui"
    import tempfile  # rarely needed, and slow to load

    yield Path(tempfile.gettempdir()) / f"smtp-tui-{os.geteuid()}"


def prepared(place: Path) -> Path:
    """Return the folder, created if missing; OSError unless it is the user's and private.

    Each part of the path is checked or created only when nobody else can change its parent folder,
    so that the result of a check stays true.
    """
    place = Path(os.path.abspath(place))  # noqa: PTH100 - the walk below follows the links
    current = Path(place.anchor)
    pending = list(reversed(place.parts[1:]))
    links = 0
    while pending:
        name = pending.pop()
        if name == "..":  # in the target of a link
            current = current.parent
            continue
        entry = current / name
        with contextlib.suppress(FileExistsError):
            # Another call or user may create it first: the result is checked below.
            if not os.path.lexists(entry):
                entry.mkdir(0o700)
        info = entry.lstat()
        if not stat.S_ISLNK(info.st_mode):
            if pending:
                refuse_open(entry, info)
            current = entry
            continue
        links += 1
        if not pending:
            raise OSError(f"{entry} is a symbolic link")
        if info.st_uid not in (0, os.geteuid()) or links > MOST_LINKS:
            raise OSError(f"others can change {entry}")
        target = Path(os.readlink(entry))  # noqa: PTH115 - Path has no readlink in old Pythons
        current = Path(target.anchor) if target.is_absolute() else current
        pending += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    if info.st_uid != os.geteuid() or info.st_mode & _OTHERS or not stat.S_ISDIR(info.st_mode):
        raise OSError("others can look into it")
    return current


def refuse_open(folder: Path, info: os.stat_result) -> None:
    """Raise OSError if others can rename a folder's entries, or it is no folder."""
    if not stat.S_ISDIR(info.st_mode):
        raise OSError(f"{folder} is not a folder")
    shared = info.st_mode & _OTHERS_WRITE and not info.st_mode & stat.S_ISVTX
    if shared or info.st_uid not in (0, os.geteuid()):
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
        if target.is_dir():  # a clean-up deleted some files
            target.rename(temporary / "old")
        try:
            fresh.rename(target)
        except OSError:
            if not is_whole(target):  # else another call was faster
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def is_whole(target: Path) -> bool:
    """Whether no file is missing: temporary-file cleaners delete single files."""
    try:
        packed_count = int((target / COUNT).read_text())
    except (OSError, ValueError):
        return False
    # Python's bytecode does not count; the file COUNT, not counted in itself, is one more.
    left = (files for folder, _, files in os.walk(target) if not folder.endswith("__pycache__"))
    return packed_count < sum(map(len, left))


if __name__ == "__main__":
    main()
