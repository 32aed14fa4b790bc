"""Where to keep a password on a machine without a usable keyring."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from smtp_tui.config.paths import is_folder, is_there

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
        return f"tried: the backend {named} that PYTHON_KEYRING_BACKEND names"
    if sys.platform != "linux":
        return "tried: the keyring of this system"
    what = "tried: a Secret Service (GNOME Keyring, KeePassXC) and KWallet on the D-Bus session bus"
    if environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return f"{what}; none answers: install and unlock one, such as gnome-keyring"
    folder = environ.get("XDG_RUNTIME_DIR") or str(_RUNTIME / str(os.getuid()))
    bus = Path(folder) / "bus"
    if is_there(bus):
        return f"{what}; the bus exists: export DBUS_SESSION_BUS_ADDRESS=unix:path={bus}"
    return f"{what}; there is no bus: DBUS_SESSION_BUS_ADDRESS is not set, and {bus} does not exist"


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
    if not is_folder(Path(store)):
        return False
    import shutil  # brings all its archivers, which no check needs

    return shutil.which("pass", path=environ.get("PATH")) is not None
