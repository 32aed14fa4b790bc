"""Where to keep a password on a machine without a usable keyring."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_SYSTEMD = Path("/run/systemd/system")


def instead_of_keyring(environ: Mapping[str, str] = os.environ) -> str:
    """Name the other places in the order in which they would work here."""
    places = []
    credentials = '{ file = "$CREDENTIALS_DIRECTORY/NAME" } with a systemd credential'
    if environ.get("CREDENTIALS_DIRECTORY"):
        places.append(credentials)
    if _has_pass(environ):
        places.append('{ command = ["pass", "show", "NAME"] }')
    places += ['{ env = "NAME" }', '{ file = "PATH" } with mode 0600']
    if _SYSTEMD.is_dir() and credentials not in places:
        places.append(f"{credentials} (LoadCredential= in the unit)")
    return f"keep the password elsewhere: {', '.join(places[:-1])} or {places[-1]}"


def _has_pass(environ: Mapping[str, str]) -> bool:
    store = environ.get("PASSWORD_STORE_DIR") or f"{environ.get('HOME', '')}/.password-store"
    if not Path(store).is_dir():
        return False
    import shutil  # brings all its archivers, which no check needs

    return shutil.which("pass", path=environ.get("PATH")) is not None
