"""Where to keep a password on a machine without a usable keyring."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_SYSTEMD = Path("/run/systemd/system")
_RUNTIME = Path("/run/user")


def instead_of_keyring(environ: Mapping[str, str] = os.environ) -> str:
    """Name the other places, with the kind of each, in the order in which they would work here."""
    places = [place for place, _ in _places(environ)]
    return f"keep the password elsewhere: in {', '.join(places[:-1])} or {places[-1]}"


def ways(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """List what `--keep-in` takes in their stead, in the order in which it would work here."""
    return tuple(option for _, option in _places(environ))


def looked_for(environ: Mapping[str, str] = os.environ) -> str:
    """Say in which keyrings a password could be kept, and why they are not to be had."""
    if named := environ.get("PYTHON_KEYRING_BACKEND"):
        return f"looked for: the backend {named}, which PYTHON_KEYRING_BACKEND names"
    if sys.platform != "linux":
        return "looked for: the keyring of this system"
    what = "looked for: a Secret Service (GNOME Keyring, KeePassXC) or KWallet on the D-Bus session"
    if environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return f"{what}; none answers there: install and unlock one, like gnome-keyring"
    folder = environ.get("XDG_RUNTIME_DIR") or str(_RUNTIME / str(os.getuid()))
    bus = Path(folder) / "bus"
    if bus.exists():
        return f"{what}; there is one: export DBUS_SESSION_BUS_ADDRESS=unix:path={bus}"
    return f"{what}; there is none: DBUS_SESSION_BUS_ADDRESS is not set, and {bus} is not there"


def _places(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each place in words, and as `--keep-in` takes it in a shell."""
    credential = "a systemd credential (file)"
    as_option = "'file=$CREDENTIALS_DIRECTORY/NAME'"
    if environ.get("CREDENTIALS_DIRECTORY"):
        yield credential, as_option
    if _has_pass(environ):
        yield (
            "the password store (command, with pass show NAME)",
            '\'{command=["pass","show","NAME"]}\'',
        )
    yield "an environment variable (env)", "env=NAME"
    yield "a file with mode 0600 (file)", "file=PATH"
    if _SYSTEMD.is_dir() and not environ.get("CREDENTIALS_DIRECTORY"):
        yield "a systemd credential (file, with LoadCredential= in the unit)", as_option


def _has_pass(environ: Mapping[str, str]) -> bool:
    store = environ.get("PASSWORD_STORE_DIR") or f"{environ.get('HOME', '')}/.password-store"
    if not Path(store).is_dir():
        return False
    import shutil  # brings all its archivers, which no check needs

    return shutil.which("pass", path=environ.get("PATH")) is not None
