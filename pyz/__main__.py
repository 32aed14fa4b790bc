"""`python -m pyz [FILE]` puts the program and what it needs into one file that Python runs.

The packages are those of the environment that runs this; what is compiled for one machine is left
out: the keyring on the desktop needs it, and says that there is none.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
START = Path(__file__).with_name("start.py")
# The keyring's way to a desktop, and what only that needs.
LEFT_OUT = frozenset({"secretstorage", "jeepney", "cryptography", "cffi", "pycparser"})

# What an extra adds and any machine can run.
OPTIONAL = ("defusedxml", "pyyaml")

# What does the same without the part of it that is compiled.
FASTER_COMPILED = frozenset({"pyyaml"})

_ON_OLDEST = {"python_version": "3.11", "python_full_version": "3.11.0"}
_COMPILED = (".so", ".pyd", ".dylib")
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same content is the same file
_SHEBANG = b"#!/usr/bin/env python3\n"
_INFO = ("METADATA", "entry_points.txt")


class NotPortableError(Exception):
    """A package is compiled for one machine."""


def build(target: Path) -> None:
    """Write the file, and make it one that can be run."""
    content = dict(sorted(_files()))
    digest = hashlib.sha256()
    for name, data in content.items():
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    start = START.read_text(encoding="utf-8")
    start = start.replace("@CONTENT@", digest.hexdigest()[:32]).replace(
        "LEAST = (3, 11)", f"LEAST = {_least()}"
    )
    packages = io.BytesIO()
    with zipfile.ZipFile(packages, "w") as archive:
        for name, data in content.items():
            _add(archive, name, data, zipfile.ZIP_DEFLATED)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.write(_SHEBANG)
        # Python reads the list of what is packed at each start, so the outer one is short.
        with zipfile.ZipFile(file, "w") as archive:
            _add(archive, "__main__.py", start.encode(), zipfile.ZIP_STORED)
            _add(archive, "packages.zip", packages.getvalue(), zipfile.ZIP_STORED)
    target.chmod(0o755)


def packed() -> list[Distribution]:
    """Return the program's distribution and all that it needs, but what is left out."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(name) for name in ("smtp-tui", *OPTIONAL)]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in LEFT_OUT:
            continue
        here = distribution(name)
        for needed in map(Requirement, here.requires or ()):
            extras = {"", *wanted.extras} if name not in found else wanted.extras
            if any(_is_needed(needed, extra=extra) for extra in extras):
                waiting.append(needed)
        found[name] = here
    return list(found.values())


def _is_needed(requirement: Requirement, **environment: str) -> bool:
    marker = requirement.marker
    return marker is None or marker.evaluate({"extra": "", **environment})


def _files() -> Iterator[tuple[str, bytes]]:
    for package in packed():
        if package.name == "smtp-tui":
            yield from own_files()
            metadata = package.read_text("METADATA")
            assert metadata
            yield f"smtp_tui-{package.version}.dist-info/METADATA", metadata.encode()
            continue
        for file in package.files or ():
            if file.suffix in _COMPILED:
                if canonicalize_name(package.name) in FASTER_COMPILED:
                    continue
                raise NotPortableError(f"{package.name} is compiled: {file}")
            if ".." in file.parts or "__pycache__" in file.parts or file.parts[0] == "bin":
                continue
            if file.parts[0].endswith(".dist-info") and file.name not in _INFO:
                continue
            yield file.as_posix(), Path(str(package.locate_file(file))).read_bytes()


def own_files() -> Iterator[tuple[str, bytes]]:
    """The program's files as they stand in the tree, however it is installed."""
    for path in (ROOT / "smtp_tui").rglob("*"):
        name = path.relative_to(ROOT)
        # What tools and editors leave in the tree is no part of the program.
        is_left = any(part == "__pycache__" or part.startswith(".") for part in name.parts)
        if path.is_file() and not is_left:
            yield name.as_posix(), path.read_bytes()


def _least() -> tuple[int, int]:
    """The oldest Python whose packages are all here: some are needed only by older ones."""
    for package in packed():
        for needed in map(Requirement, package.requires or ()):
            is_left_out = needed.marker is None or needed.name.lower() in LEFT_OUT
            if not is_left_out and _is_needed(needed, **_ON_OLDEST) and not _is_needed(needed):
                return sys.version_info[:2]
    return 3, 11


def _add(archive: zipfile.ZipFile, name: str, data: bytes, compression: int) -> None:
    info = zipfile.ZipInfo(name, _MOMENT)
    info.compress_type = compression
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "smtp-tui.pyz")
