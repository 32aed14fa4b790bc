"""`python -m pyz [FILE]`: pack the program and its dependencies into one file for Python.

The packages come from the current environment. Those compiled for one machine are left out: only
the desktop keyring needs them, and it reports that there is none.
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
# The desktop keyring's backend and its dependencies.
LEFT_OUT = frozenset({"secretstorage", "jeepney", "cryptography", "cffi", "pycparser"})

# Extras' dependencies that run anywhere.
OPTIONAL = ("defusedxml", "pyyaml", "dkimpy", "qrcode")

# Packages that also work without their compiled part.
FASTER_COMPILED = frozenset({"pyyaml"})

_ON_OLDEST = {"python_version": "3.11", "python_full_version": "3.11.0"}
_COMPILED = (".so", ".pyd", ".dylib")
_MOMENT = (1980, 1, 1, 0, 0, 0)  # for reproducible builds
_SHEBANG = b"#!/usr/bin/env python3\n"
_INFO = ("METADATA", "entry_points.txt")


class NotPortableError(Exception):
    """A package is compiled for one machine."""


def build(target: Path) -> None:
    """Write the file and make it executable."""
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
        # Python reads the outer archive's directory at each start, so it is short.
        with zipfile.ZipFile(file, "w") as archive:
            _add(archive, "__main__.py", start.encode(), zipfile.ZIP_STORED)
            _add(archive, "packages.zip", packages.getvalue(), zipfile.ZIP_STORED)
    target.chmod(0o755)


def packed() -> list[Distribution]:
    """Return the program's distribution and its dependencies, without LEFT_OUT."""
    found: dict[str, Distribution] = {}
    pending = [Requirement(name) for name in ("smtp-tui", *OPTIONAL)]
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        if name in LEFT_OUT:
            continue
        package = distribution(name)
        for dependency in map(Requirement, package.requires or ()):
            extras = {"", *requirement.extras} if name not in found else requirement.extras
            if any(_is_needed(dependency, extra=extra) for extra in extras):
                pending.append(dependency)
        found[name] = package
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
    """Yield the program's files in the tree, however it is installed."""
    for path in (ROOT / "smtp_tui").rglob("*"):
        name = path.relative_to(ROOT)
        # Files that tools and editors leave in the tree are not packed.
        is_leftover = any(part == "__pycache__" or part.startswith(".") for part in name.parts)
        if path.is_file() and not is_leftover:
            yield name.as_posix(), path.read_bytes()


def _least() -> tuple[int, int]:
    """Return the oldest Python that these packages suffice for: older ones may need more."""
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
