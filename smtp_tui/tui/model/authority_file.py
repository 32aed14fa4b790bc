"""Save a CA certificate that the admin trusts as a PEM file, never over another file."""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path

from smtp_tui.config.atomic_write import create
from smtp_tui.config.errors import DocumentError, one_line, reason

_LONGEST = 40


def free_path(folder: Path, host: str, subject: str, pem: str) -> Path:
    """Return the first path that does not exist yet or already holds this certificate."""
    common = re.search(r"CN=([^,]+)", subject)
    # The server may have chosen both, so only letters, digits, dots and hyphens are kept.
    parts = [
        re.sub(r"[^a-z0-9.-]+", "-", text.casefold())[:_LONGEST].strip("-.")
        for text in (host, common[1] if common else subject)
    ]
    stem = "-".join(dict.fromkeys(filter(None, parts))).removesuffix("-ca") or "server"
    names = (f"{stem}-ca{f'-{number}' if number > 1 else ''}.pem" for number in count(1))
    return next(path for name in names if _is_free(path := folder / name, pem))


def save_authority(path: Path, pem: str) -> None:
    """Write a certificate with mode 0644; DocumentError if that fails or the path is taken."""
    # An existing file is never changed; one that holds this certificate is good as it is.
    try:
        if not _is_free(path, pem):
            raise DocumentError(f"{one_line(path)} already exists and contains something else")
        if not os.path.lexists(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            create(path, pem.encode("ascii"), 0o644)
    except OSError as error:
        raise DocumentError(f"{one_line(path)} cannot be written: {reason(error)}") from None


def _is_free(path: Path, pem: str) -> bool:
    if not os.path.lexists(path):
        return True
    try:
        return path.is_file() and path.read_bytes() == pem.encode("ascii")
    except OSError:
        return False
