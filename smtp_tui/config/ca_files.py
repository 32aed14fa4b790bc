"""A certificate to trust, as a file beside the settings."""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path

from smtp_tui.config.atomic_write import create
from smtp_tui.config.errors import DocumentError, one_line, reason

_LONGEST = 40


def free_path(folder: Path, host: str, subject: str, pem: str) -> Path:
    """Return where a certificate can be put: a path where nothing is, or this very certificate."""
    common = re.search(r"CN=([^,]+)", subject)
    # A server may have chosen both, so little but letters and digits is left of them.
    parts = [
        re.sub(r"[^a-z0-9.-]+", "-", text.casefold())[:_LONGEST].strip("-.")
        for text in (host, common[1] if common else subject)
    ]
    stem = "-".join(dict.fromkeys(filter(None, parts))).removesuffix("-ca") or "server"
    names = (f"{stem}-ca{f'-{number}' if number > 1 else ''}.pem" for number in count(1))
    return next(path for name in names if _is_free(path := folder / name, pem))


def save_authority(path: Path, pem: str) -> None:
    """Write a certificate for everybody to read (mode 0644); DocumentError where it cannot be."""
    # What is there already stays as it is: this very certificate will do, else it is not touched.
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
